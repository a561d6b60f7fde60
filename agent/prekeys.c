/* SPDX-License-Identifier: ISC */
/*
 * One-time and signed prekeys of an account. Runs in the keeper; holds their
 * private halves in the secure heap while a request needs them.
 */
#include "prekeys.h"

#include <string.h>

#include "crypto/crypto.h"

static int
add_one(struct prekeys *k)
{
	struct prekey *p = &k->v[k->n];
	int err;

	if (k->next > PREKEY_LAST)
		return ERR_FULL;
	if ((err = crypto_x25519_generate(p->key.priv, p->key.pub)) != 0)
		return err;
	p->key.id = k->next++;
	p->used = 0;
	k->n++;
	return 0;
}

int
prekeys_add_signed(struct prekeys *k)
{
	int err;

	memmove(&k->previous[1], &k->previous[0],
	    (SIGNED_KEPT - 1) * sizeof k->previous[0]);
	k->previous[0] = k->current;
	err = crypto_x25519_generate(k->current.key.priv, k->current.key.pub);
	k->current.key.id = k->next_signed++;
	k->current.made = clock_real();
	return err;
}

int
prekeys_create(struct prekeys **out)
{
	struct prekeys *k = secret_alloc(sizeof *k);
	int err;

	*out = NULL;
	if (k == NULL)
		return ERR_BUSY;
	k->next = k->next_signed = 1;
	err = prekeys_add_signed(k);
	while (err == 0 && k->n < LIMIT_PREKEYS)
		err = add_one(k);
	if (err != 0)
		prekeys_release(k);
	else
		*out = k;
	return err;
}

void
prekeys_release(struct prekeys *k)
{
	if (k != NULL)
		secret_release(k, sizeof *k);
}

/* --- record ----------------------------------------------------------------- */

static void
put_key(struct buffer *b, const struct omemo_key *k, uint64_t time)
{
	buffer_put_u32(b, k->id);
	buffer_put(b, k->priv, 32);
	buffer_put(b, k->pub, 32);
	buffer_put_u64(b, time);
}

static uint64_t
get_key(struct reader *r, struct omemo_key *k)
{
	k->id = reader_u32(r);
	reader_fixed(r, k->priv, 32);
	reader_fixed(r, k->pub, 32);
	return reader_u64(r);
}

/* A record's name: the id, if it is not 0, then the number of any namespace but
 * the first. */
size_t
prekeys_name(uint32_t id, uint8_t ns, uint8_t name[static PREKEYS_NAME])
{
	size_t n = 0;

	if (id != 0)
		for (; n < 4; n++)
			name[n] = (uint8_t)(id >> (24 - 8 * n));
	if (ns != 0)
		name[n++] = ns;
	return n;
}

int
prekeys_put_retired(struct txn *t, const char *account, uint32_t device,
    uint8_t ns, const struct prekeys *k)
{
	struct secret s = { 0 };
	struct buffer b;
	uint8_t name[PREKEYS_NAME];
	size_t i, len;
	int err;

	if ((err = secret_new(&s, sizeof *k)) != 0)
		return err;
	buffer_over(&b, &s);
	buffer_put_u8(&b, 2);
	buffer_put_u32(&b, k->next);
	buffer_put_u32(&b, k->next_signed);
	put_key(&b, &k->current.key, k->current.made);
	for (i = 0; i < SIGNED_KEPT; i++)
		put_key(&b, &k->previous[i].key, k->previous[i].made);
	buffer_put_u32(&b, (uint32_t)k->n);
	for (i = 0; i < k->n; i++)
		put_key(&b, &k->v[i].key, k->v[i].used);
	len = prekeys_name(device, ns, name);
	err = b.err != 0
	    ? b.err
	    : txn_put(t, RECORD_PREKEYS, account, name, len, b.data, b.len);
	secret_free(&s);
	return err;
}

int
prekeys_put(
    struct txn *t, const char *account, uint8_t ns, const struct prekeys *k)
{
	return prekeys_put_retired(t, account, 0, ns, k);
}

int
prekeys_open_retired(struct txn *t, const char *account, uint32_t device,
    uint8_t ns, struct prekeys **out)
{
	struct secret s = { 0 };
	struct prekeys *k;
	struct reader r;
	size_t i, former, len;
	uint8_t format, name[PREKEYS_NAME];
	int err;

	*out = NULL;
	len = prekeys_name(device, ns, name);
	err = txn_get(t, RECORD_PREKEYS, account, name, len, &s);
	if (err != 0)
		return err;
	if ((k = secret_alloc(sizeof *k)) == NULL) {
		secret_free(&s);
		return ERR_BUSY;
	}
	reader_init(&r, s.data, s.len);
	format = reader_u8(&r); /* 1: with one former signed prekey */
	if (format != 1 && format != 2)
		r.err = ERR_MALFORMED;
	former = format == 1 ? 1 : SIGNED_KEPT;
	k->next = reader_u32(&r);
	k->next_signed = reader_u32(&r);
	k->current.made = get_key(&r, &k->current.key);
	for (i = 0; i < former; i++)
		k->previous[i].made = get_key(&r, &k->previous[i].key);
	k->n = reader_count(&r, LIMIT_PREKEYS + PREKEYS_USED);
	for (i = 0; i < k->n && r.err == 0; i++)
		k->v[i].used = get_key(&r, &k->v[i].key);
	err = reader_end(&r) != 0 ? ERR_CORRUPT : 0;
	secret_free(&s);
	if (err != 0)
		prekeys_release(k);
	else
		*out = k;
	return err;
}

int
prekeys_open(
    struct txn *t, const char *account, uint8_t ns, struct prekeys **out)
{
	return prekeys_open_retired(t, account, 0, ns, out);
}

/* --- use -------------------------------------------------------------------- */

struct prekey *
prekeys_find(struct prekeys *k, uint32_t id)
{
	size_t i;

	for (i = 0; i < k->n; i++)
		if (k->v[i].key.id == id)
			return &k->v[i];
	return NULL;
}

struct signed_prekey *
prekeys_find_signed(struct prekeys *k, uint32_t id)
{
	if (id == 0)
		return NULL;
	if (k->current.key.id == id)
		return &k->current;
	for (size_t i = 0; i < SIGNED_KEPT; i++)
		if (k->previous[i].key.id == id)
			return &k->previous[i];
	return NULL;
}

static void
remove_at(struct prekeys *k, size_t i)
{
	memmove(&k->v[i], &k->v[i + 1], (k->n - i - 1) * sizeof k->v[0]);
	k->n--;
	secret_wipe(&k->v[k->n], sizeof k->v[0]);
}

static void
remove_oldest_used(struct prekeys *k)
{
	size_t i, at = k->n;

	for (i = 0; i < k->n; i++)
		if (k->v[i].used != 0 &&
		    (at == k->n || k->v[i].used < k->v[at].used))
			at = i;
	if (at < k->n)
		remove_at(k, at);
}

void
prekeys_hide(struct prekeys *k, uint32_t id)
{
	struct prekey *p = prekeys_find(k, id);

	if (p != NULL && p->used == 0)
		p->used = clock_real();
}

int
prekeys_use(struct prekeys *k, uint32_t id)
{
	struct prekey *p = prekeys_find(k, id);

	if (p == NULL || p->used != 0)
		return 0;
	prekeys_hide(k, id);
	if (k->n == LIMIT_PREKEYS + PREKEYS_USED)
		remove_oldest_used(k);
	return add_one(k);
}

int
prekeys_skip(struct prekeys *k)
{
	size_t i;
	int err;

	for (i = 0; i < k->n; i++)
		if (k->v[i].used == 0)
			k->v[i].used = clock_real();
	while (k->n > PREKEYS_USED)
		remove_oldest_used(k);
	if (k->next > PREKEY_LAST - PREKEYS_SKIP - LIMIT_PREKEYS)
		return ERR_FULL;
	k->next += PREKEYS_SKIP;
	k->next_signed += SIGNED_SKIP;
	err = prekeys_add_signed(k);
	for (i = 0; i < LIMIT_PREKEYS && err == 0; i++)
		err = add_one(k);
	return err;
}

int
prekeys_begin_anew(struct prekeys *k)
{
	int err;

	secret_wipe(&k->current, sizeof k->current);
	secret_wipe(k->previous, sizeof k->previous);
	secret_wipe(k->v, sizeof k->v);
	k->n = 0;
	if (k->next > PREKEY_LAST - LIMIT_PREKEYS)
		return ERR_FULL;
	err = prekeys_add_signed(k);
	while (err == 0 && k->n < LIMIT_PREKEYS)
		err = add_one(k);
	return err;
}

size_t
prekeys_forget(struct prekeys *k, uint64_t before)
{
	size_t i = 0, n = 0;

	while (i < k->n) {
		if (k->v[i].used != 0 && k->v[i].used < before) {
			remove_at(k, i);
			n++;
		} else
			i++;
	}
	return n;
}

int
prekeys_create_all(struct txn *t, const char *account)
{
	struct prekeys *p;
	uint8_t ns;
	int err = 0;

	for (ns = 0; ns < NAMESPACES && err == 0; ns++) {
		if ((err = prekeys_create(&p)) == 0)
			err = prekeys_put(t, account, ns, p);
		prekeys_release(p);
	}
	return err;
}

int
prekeys_renew(struct txn *t, const char *account, int identity)
{
	struct prekeys *p;
	uint8_t ns;
	int err = 0;

	for (ns = 0; ns < NAMESPACES && err == 0; ns++) {
		if ((err = prekeys_open(t, account, ns, &p)) == 0)
			err =
			    identity ? prekeys_begin_anew(p) : prekeys_skip(p);
		if (err == 0)
			err = prekeys_put(t, account, ns, p);
		prekeys_release(p);
		if (err == ERR_NOT_FOUND && ns > 0)
			err = 0; /* prekeys_rotate makes them */
	}
	return err;
}

int
prekeys_purge(
    struct txn *t, const char *account, uint32_t retired, uint64_t before)
{
	struct prekeys *p;
	uint8_t ns;
	int err = 0;

	for (ns = 0; ns < NAMESPACES && err == 0; ns++) {
		err = prekeys_open_retired(t, account, retired, ns, &p);
		if (err == 0 && prekeys_forget(p, before) > 0)
			err = prekeys_put_retired(t, account, retired, ns, p);
		prekeys_release(p);
		if (err == ERR_NOT_FOUND && ns > 0)
			err = 0;
	}
	return err;
}
