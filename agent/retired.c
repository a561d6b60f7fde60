/* SPDX-License-Identifier: ISC */
/*
 * Devices of ours that were replaced. Runs in the keeper; their private keys
 * are sealed records, open in the secure heap while a message is tried with
 * them. What is for them was written by someone who had not heard of the
 * change, or lies in the archive; the time for that is bounded.
 */
#include "retired.h"

#include <string.h>

#include "attach.h"
#include "crypto/secret.h"
#include "prekeys.h"

static void
name_of(uint32_t id, uint8_t name[4])
{
	for (int i = 3; i >= 0; i--, id >>= 8)
		name[i] = (uint8_t)id;
}

int
is_retired(const struct account *a, uint32_t id)
{
	for (uint32_t i = 0; i < a->nretired; i++)
		if (a->retired[i].id == id)
			return 1;
	return 0;
}

int
is_retired_key(const struct account *a, const uint8_t u[32])
{
	for (uint32_t i = 0; i < a->nretired; i++)
		if (memcmp(a->retired[i].u, u, 32) == 0)
			return 1;
	return 0;
}

/* In order of time; there is room. */
static void
insert(struct account *a, const struct retired *new)
{
	uint32_t at = a->nretired++;

	for (; at > 0 && a->retired[at - 1].since > new->since; at--)
		a->retired[at] = a->retired[at - 1];
	a->retired[at] = *new;
}

/* --- the record --------------------------------------------------------------- */

static int
put(struct txn *t, const char *account, const struct omemo_identity *identity,
    const struct retired *it)
{
	struct secret s = { 0 };
	struct buffer b;
	uint8_t name[4];
	int err;

	if ((err = secret_new(&s, 256)) != 0)
		return err;
	name_of(it->id, name);
	buffer_over(&b, &s);
	buffer_put_u8(&b, 1);
	buffer_put(&b, identity->seed, 32);
	buffer_put(&b, identity->ed, 32);
	buffer_put(&b, identity->priv, 32);
	buffer_put(&b, identity->u, 32);
	buffer_put_u64(&b, it->since);
	err = b.err != 0 ? b.err
			 : txn_put(t, RECORD_RETIRED, account, name,
			       sizeof name, b.data, b.len);
	secret_free(&s);
	return err;
}

static int
unpack(const uint8_t *p, size_t len, struct omemo_identity *identity,
    uint64_t *since)
{
	struct reader r;

	reader_init(&r, p, len);
	if (reader_u8(&r) != 1)
		return ERR_CORRUPT;
	reader_fixed(&r, identity->seed, 32);
	reader_fixed(&r, identity->ed, 32);
	reader_fixed(&r, identity->priv, 32);
	reader_fixed(&r, identity->u, 32);
	*since = reader_u64(&r);
	return reader_end(&r) != 0 ? ERR_CORRUPT : 0;
}

int
retired_load(struct account *a, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	struct omemo_identity *identity;
	struct retired it = { .id = 0 };
	struct reader n;
	int err;

	reader_init(&n, name, namelen);
	it.id = reader_u32(&n);
	if (reader_end(&n) != 0 || a->nretired == LIMIT_RETIRED)
		return ERR_CORRUPT;
	if ((identity = secret_alloc(sizeof *identity)) == NULL)
		return ERR_BUSY;
	if ((err = unpack(p, len, identity, &it.since)) == 0) {
		memcpy(it.u, identity->u, sizeof it.u);
		insert(a, &it);
	}
	retired_release(identity);
	return err;
}

int
retired_identity(struct txn *t, const struct account *a, uint32_t id,
    struct omemo_identity **out)
{
	struct secret s = { 0 };
	uint64_t since;
	uint8_t name[4];
	int err;

	*out = NULL;
	name_of(id, name);
	err = txn_get(t, RECORD_RETIRED, a->jid, name, sizeof name, &s);
	if (err != 0)
		return err;
	*out = secret_alloc(sizeof **out);
	err = *out == NULL ? ERR_BUSY : unpack(s.data, s.len, *out, &since);
	secret_free(&s);
	if (err != 0) {
		retired_release(*out);
		*out = NULL;
	}
	return err;
}

void
retired_release(struct omemo_identity *identity)
{
	if (identity != NULL)
		secret_release(identity, sizeof *identity);
}

/* --- beginning and end ---------------------------------------------------------- */

static int
end_oldest(struct txn *t, struct account *a)
{
	uint8_t name[4];
	int err;

	name_of(a->retired[0].id, name);
	err = txn_delete(t, RECORD_RETIRED, a->jid, name, sizeof name);
	if (err == 0)
		err = prekeys_delete_retired(t, a->jid, a->retired[0].id);
	if (err != 0)
		return err;
	a->nretired--;
	memmove(a->retired, a->retired + 1, a->nretired * sizeof a->retired[0]);
	return 0;
}

int
retired_keep(struct txn *t, struct account *a, const struct account_record *rec)
{
	struct retired it = { .id = rec->device, .since = clock_real() };
	struct prekeys *p = NULL;
	int err = 0;

	memcpy(it.u, rec->identity.u, sizeof it.u);
	if (a->nretired == LIMIT_RETIRED)
		err = end_oldest(t, a);
	if (err == 0)
		err = put(t, a->jid, &rec->identity, &it);
	for (uint8_t ns = 0; ns < NAMESPACES && err == 0; ns++) {
		if ((err = prekeys_open(t, a->jid, ns, &p)) == 0)
			err = prekeys_put_retired(t, a->jid, it.id, ns, p);
		prekeys_release(p);
		if (err == ERR_NOT_FOUND && ns > 0)
			err = 0; /* it has none there yet */
	}
	if (err == 0)
		insert(a, &it);
	return err;
}

/* Nobody can have written to it for so long, or the server kept it. */
static int
is_over(struct keeper *k, const struct account *a, uint64_t age)
{
	return age >= RETIRED_MOST_S ||
	    (age >= RETIRED_S && attach_count_nets(k, a->jid) > 0 &&
		attach_all_caught_up(k, a->jid));
}

int
retired_purge(struct keeper *k, struct txn *t, struct account *a, uint64_t now)
{
	int err = 0;

	while (err == 0 && a->nretired > 0 && now > a->retired[0].since &&
	    is_over(k, a, now - a->retired[0].since))
		err = end_oldest(t, a);
	return err;
}
