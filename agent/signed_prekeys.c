/* SPDX-License-Identifier: ISC */
/*
 * Signed prekeys with time: the next one, the end of former ones, and what
 * each remembers of key exchanges (RECORD_KEX), which goes with it. Runs in
 * the keeper; private halves are open in the secure heap for a request.
 */
#include <string.h>

#include "prekeys.h"

#define DAY 86400

static void
put_u32(uint32_t v, uint8_t name[4])
{
	name[0] = (uint8_t)(v >> 24);
	name[1] = (uint8_t)(v >> 16);
	name[2] = (uint8_t)(v >> 8);
	name[3] = (uint8_t)v;
}

/* --- key exchanges ------------------------------------------------------------ */

static int
kex_open(
    struct txn *t, const char *account, uint32_t spk_id, struct secret *out)
{
	uint8_t name[4];
	int err;

	put_u32(spk_id, name);
	err = txn_get(t, RECORD_KEX, account, name, sizeof name, out);
	return err == ERR_NOT_FOUND ? secret_new(out, 0) : err;
}

int
kex_seen(struct txn *t, const char *account, uint32_t spk_id,
    const uint8_t digest[16])
{
	struct secret s = { 0 };
	size_t i;
	int found = 0, err;

	if ((err = kex_open(t, account, spk_id, &s)) != 0)
		return err;
	for (i = 0; i + 16 <= s.len && !found; i += 16)
		found = memcmp(s.data + i, digest, 16) == 0;
	secret_free(&s);
	return found;
}

int
kex_add(struct txn *t, const char *account, uint32_t spk_id,
    const uint8_t digest[16])
{
	struct secret s = { 0 }, more = { 0 };
	uint8_t name[4];
	int err;

	if ((err = kex_open(t, account, spk_id, &s)) != 0)
		return err;
	if (s.len / 16 >= LIMIT_KEX_DIGESTS)
		err = ERR_CROWDED;
	else
		err = secret_new(&more, s.len + 16);
	if (err == 0) {
		memcpy(more.data, s.data, s.len);
		memcpy(more.data + s.len, digest, 16);
		put_u32(spk_id, name);
		err = txn_put(t, RECORD_KEX, account, name, sizeof name,
		    more.data, more.len);
	}
	secret_free(&s);
	secret_free(&more);
	return err;
}

/* A full list of key exchanges calls for a new signed prekey as age does. */
static int
is_time(struct txn *t, const char *account, const struct signed_prekey *s)
{
	struct secret seen = { 0 };
	int full;

	if (s->made + SIGNED_DAYS * DAY <= clock_real())
		return 1;
	if (kex_open(t, account, s->key.id, &seen) != 0)
		return 0;
	full = seen.len / 16 >= LIMIT_KEX_DIGESTS * 3 / 4;
	secret_free(&seen);
	return full;
}

/* What a signed prekey has seen goes with it. */
static int
forget_seen(struct txn *t, const char *account, uint32_t spk_id)
{
	uint8_t name[4];

	put_u32(spk_id, name);
	if (spk_id == 0 || !txn_has(t, RECORD_KEX, account, name, sizeof name))
		return 0;
	return txn_delete(t, RECORD_KEX, account, name, sizeof name);
}

/* Former ones go a period after their successor was made. How many. */
static int
end_former(struct txn *t, const char *account, struct prekeys *p)
{
	const struct signed_prekey *next = &p->current;
	uint64_t now = clock_real();
	int err, n = 0;

	for (size_t i = 0; i < SIGNED_KEPT; next = &p->previous[i++]) {
		struct signed_prekey *s = &p->previous[i];

		if (s->key.id == 0 || next->made + SIGNED_DAYS * DAY > now)
			continue;
		for (size_t j = i; j < SIGNED_KEPT; j++) { /* and older ones */
			err = forget_seen(t, account, p->previous[j].key.id);
			if (err != 0)
				return err;
			n += p->previous[j].key.id != 0;
			secret_wipe(&p->previous[j], sizeof p->previous[j]);
		}
		break;
	}
	return n;
}

static int
rotate(struct keeper *k, struct txn *t, struct account *a, int now)
{
	struct prekeys *p;
	int err, made, gone;

	if ((err = prekeys_open(t, a->jid, &p)) != 0)
		return err;
	if ((made = now || is_time(t, a->jid, &p->current))) {
		err =
		    forget_seen(t, a->jid, p->previous[SIGNED_KEPT - 1].key.id);
		if (err == 0)
			err = prekeys_add_signed(p);
	}
	gone = err == 0 ? end_former(t, a->jid, p) : err;
	if (gone >= 0 && (made || gone > 0))
		err = prekeys_put(t, a->jid, p);
	prekeys_release(p);
	if (gone < 0 || err != 0)
		return gone < 0 ? gone : err;
	return made ? account_set_due(k, t, a, DUE_BUNDLE) : 0;
}

int
prekeys_rotate(struct keeper *k, struct txn *t, struct account *a)
{
	return rotate(k, t, a, 0);
}

int
prekeys_rotate_now(struct keeper *k, struct txn *t, struct account *a)
{
	return rotate(k, t, a, 1);
}

int
prekeys_delete_retired(struct txn *t, const char *account, uint32_t device)
{
	struct prekeys *p;
	uint8_t name[4];
	int err = prekeys_open_retired(t, account, device, &p);

	if (err != 0)
		return err;
	err = forget_seen(t, account, p->current.key.id);
	for (size_t i = 0; i < SIGNED_KEPT && err == 0; i++)
		err = forget_seen(t, account, p->previous[i].key.id);
	prekeys_release(p);
	put_u32(device, name);
	return err != 0
	    ? err
	    : txn_delete(t, RECORD_PREKEYS, account, name, sizeof name);
}
