/* SPDX-License-Identifier: ISC */
/*
 * Signed prekeys with time: the next one, the end of former ones, and what
 * each remembers of key exchanges (RECORD_KEX), which goes with it. Runs in
 * the keeper; private halves are open in the secure heap for a request.
 */
#include <string.h>

#include "prekeys.h"

#define DAY 86400

/* --- key exchanges ------------------------------------------------------------ */

static int
kex_open(struct txn *t, const char *account, uint8_t ns, uint32_t spk_id,
    struct secret *out)
{
	uint8_t name[PREKEYS_NAME];
	size_t len = prekeys_name(spk_id, ns, name);
	int err = txn_get(t, RECORD_KEX, account, name, len, out);

	return err == ERR_NOT_FOUND ? secret_new(out, 0) : err;
}

int
kex_seen(struct txn *t, const char *account, uint8_t ns, uint32_t spk_id,
    const uint8_t digest[16])
{
	struct secret s = { 0 };
	size_t i;
	int found = 0, err;

	if ((err = kex_open(t, account, ns, spk_id, &s)) != 0)
		return err;
	for (i = 0; i + 16 <= s.len && !found; i += 16)
		found = memcmp(s.data + i, digest, 16) == 0;
	secret_free(&s);
	return found;
}

int
kex_add(struct txn *t, const char *account, uint8_t ns, uint32_t spk_id,
    const uint8_t digest[16])
{
	struct secret s = { 0 }, more = { 0 };
	uint8_t name[PREKEYS_NAME];
	size_t len;
	int err;

	if ((err = kex_open(t, account, ns, spk_id, &s)) != 0)
		return err;
	if (s.len / 16 >= LIMIT_KEX_DIGESTS)
		err = ERR_CROWDED;
	else
		err = secret_new(&more, s.len + 16);
	if (err == 0) {
		memcpy(more.data, s.data, s.len);
		memcpy(more.data + s.len, digest, 16);
		len = prekeys_name(spk_id, ns, name);
		err = txn_put(
		    t, RECORD_KEX, account, name, len, more.data, more.len);
	}
	secret_free(&s);
	secret_free(&more);
	return err;
}

/* A full list of key exchanges calls for a new signed prekey as age does. */
static int
is_time(struct txn *t, const char *account, uint8_t ns,
    const struct signed_prekey *s)
{
	struct secret seen = { 0 };
	int full;

	if (s->made + SIGNED_DAYS * DAY <= clock_real())
		return 1;
	if (kex_open(t, account, ns, s->key.id, &seen) != 0)
		return 0;
	full = seen.len / 16 >= LIMIT_KEX_DIGESTS * 3 / 4;
	secret_free(&seen);
	return full;
}

/* What a signed prekey has seen goes with it. */
static int
forget_seen(struct txn *t, const char *account, uint8_t ns, uint32_t spk_id)
{
	uint8_t name[PREKEYS_NAME];
	size_t len = prekeys_name(spk_id, ns, name);

	if (spk_id == 0 || !txn_has(t, RECORD_KEX, account, name, len))
		return 0;
	return txn_delete(t, RECORD_KEX, account, name, len);
}

/* --- with time ------------------------------------------------------------------ */

/* Former ones go a period after their successor was made. How many. */
static int
end_former(struct txn *t, const char *account, uint8_t ns, struct prekeys *p)
{
	const struct signed_prekey *next = &p->current;
	uint64_t now = clock_real();
	int err, n = 0;

	for (size_t i = 0; i < SIGNED_KEPT; next = &p->previous[i++]) {
		struct signed_prekey *s = &p->previous[i];

		if (s->key.id == 0 || next->made + SIGNED_DAYS * DAY > now)
			continue;
		for (size_t j = i; j < SIGNED_KEPT; j++) { /* and older ones */
			err =
			    forget_seen(t, account, ns, p->previous[j].key.id);
			if (err != 0)
				return err;
			n += p->previous[j].key.id != 0;
			secret_wipe(&p->previous[j], sizeof p->previous[j]);
		}
		break;
	}
	return n;
}

/* 1: the bundle is to be published; 0; or an error. */
static int
rotate_in(struct txn *t, const char *account, uint8_t ns, int now)
{
	struct prekeys *p;
	int err, made, gone;

	if ((err = prekeys_open(t, account, ns, &p)) != 0)
		return err;
	if ((made = now || is_time(t, account, ns, &p->current))) {
		err = forget_seen(
		    t, account, ns, p->previous[SIGNED_KEPT - 1].key.id);
		if (err == 0)
			err = prekeys_add_signed(p);
	}
	gone = err == 0 ? end_former(t, account, ns, p) : err;
	err = gone < 0 ? gone : 0;
	if (err == 0 && (made || gone > 0))
		err = prekeys_put(t, account, ns, p);
	prekeys_release(p);
	return err != 0 ? err : made;
}

/* An account from before a version was spoken gets its prekeys. */
static int
add_namespace(struct txn *t, const char *account, uint8_t ns)
{
	struct account_record *rec;
	struct prekeys *p;
	int err = prekeys_create(&p);

	if (err == 0)
		err = prekeys_put(t, account, ns, p);
	prekeys_release(p);
	if (err != 0 || (err = account_open(t, account, &rec)) != 0)
		return err;
	rec->own_read |= NAMESPACE(ns); /* its devices are new to us */
	err = account_put(t, account, rec);
	account_release(rec);
	return err;
}

static int
rotate(struct keeper *k, struct txn *t, struct account *a, int now)
{
	uint8_t ns, due = 0;
	int got;

	for (ns = 0; ns < NAMESPACES; ns++) {
		got = rotate_in(t, a->jid, ns, now);
		if (got == ERR_NOT_FOUND && ns > 0) {
			got = add_namespace(t, a->jid, ns);
			due |= DUE_IN(ns);
		}
		if (got < 0)
			return got;
		if (got > 0)
			due |= (uint8_t)(DUE_BUNDLE & DUE_IN(ns));
	}
	return due != 0 ? account_set_due(k, t, a, due) : 0;
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

static int
delete_in(struct txn *t, const char *account, uint32_t device, uint8_t ns)
{
	struct prekeys *p;
	uint8_t name[PREKEYS_NAME];
	size_t len = prekeys_name(device, ns, name);
	int err = prekeys_open_retired(t, account, device, ns, &p);

	if (err != 0)
		return err;
	err = forget_seen(t, account, ns, p->current.key.id);
	for (size_t i = 0; i < SIGNED_KEPT && err == 0; i++)
		err = forget_seen(t, account, ns, p->previous[i].key.id);
	prekeys_release(p);
	return err != 0 ? err
			: txn_delete(t, RECORD_PREKEYS, account, name, len);
}

int
prekeys_delete_retired(struct txn *t, const char *account, uint32_t device)
{
	uint8_t ns;
	int err = 0;

	for (ns = 0; ns < NAMESPACES && err == 0; ns++) {
		err = delete_in(t, account, device, ns);
		if (err == ERR_NOT_FOUND && ns > 0)
			err = 0; /* it was replaced before it had any */
	}
	return err;
}
