/* SPDX-License-Identifier: ISC */
/*
 * One-time and signed prekeys of an account. Runs in the keeper; holds their
 * private halves in the secure heap while a request needs them.
 */
#include "prekeys.h"

#include <string.h>

#include "crypto/crypto.h"

#define DAY 86400

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

static int
add_signed(struct prekeys *k)
{
	int err;

	k->previous = k->current;
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
	err = add_signed(k);
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

/* The record's name: none for the first namespace, else its number. */
static size_t
name_len(uint8_t ns)
{
	return ns == 0 ? 0 : 1;
}

int
prekeys_put(
    struct txn *t, const char *account, uint8_t ns, const struct prekeys *k)
{
	struct secret s = { 0 };
	struct buffer b;
	size_t i;
	int err;

	if ((err = secret_new(&s, sizeof *k)) != 0)
		return err;
	buffer_over(&b, &s);
	buffer_put_u8(&b, 1);
	buffer_put_u32(&b, k->next);
	buffer_put_u32(&b, k->next_signed);
	put_key(&b, &k->current.key, k->current.made);
	put_key(&b, &k->previous.key, k->previous.made);
	buffer_put_u32(&b, (uint32_t)k->n);
	for (i = 0; i < k->n; i++)
		put_key(&b, &k->v[i].key, k->v[i].used);
	err = b.err != 0 ? b.err
			 : txn_put(t, RECORD_PREKEYS, account, &ns,
			       name_len(ns), b.data, b.len);
	secret_free(&s);
	return err;
}

int
prekeys_open(
    struct txn *t, const char *account, uint8_t ns, struct prekeys **out)
{
	struct secret s = { 0 };
	struct prekeys *k;
	struct reader r;
	size_t i;
	int err;

	*out = NULL;
	err = txn_get(t, RECORD_PREKEYS, account, &ns, name_len(ns), &s);
	if (err != 0)
		return err;
	if ((k = secret_alloc(sizeof *k)) == NULL) {
		secret_free(&s);
		return ERR_BUSY;
	}
	reader_init(&r, s.data, s.len);
	if (reader_u8(&r) != 1)
		r.err = ERR_MALFORMED;
	k->next = reader_u32(&r);
	k->next_signed = reader_u32(&r);
	k->current.made = get_key(&r, &k->current.key);
	k->previous.made = get_key(&r, &k->previous.key);
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
	return k->previous.key.id == id ? &k->previous : NULL;
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

int
prekeys_use(struct prekeys *k, uint32_t id)
{
	struct prekey *p = prekeys_find(k, id);

	if (p == NULL || p->used != 0)
		return 0;
	p->used = clock_real();
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
	err = add_signed(k);
	for (i = 0; i < LIMIT_PREKEYS && err == 0; i++)
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
prekeys_pass(struct txn *t, const char *account)
{
	struct prekeys *p;
	uint8_t ns;
	int err = 0;

	for (ns = 0; ns < NAMESPACES && err == 0; ns++) {
		if ((err = prekeys_open(t, account, ns, &p)) == 0)
			err = prekeys_skip(p);
		if (err == 0)
			err = prekeys_put(t, account, ns, p);
		prekeys_release(p);
		if (err == ERR_NOT_FOUND && ns > 0)
			err = 0; /* prekeys_rotate makes them */
	}
	return err;
}

int
prekeys_purge(struct txn *t, const char *account, uint64_t before)
{
	struct prekeys *p;
	uint8_t ns;
	int err = 0;

	for (ns = 0; ns < NAMESPACES && err == 0; ns++) {
		err = prekeys_open(t, account, ns, &p);
		if (err == 0 && prekeys_forget(p, before) > 0)
			err = prekeys_put(t, account, ns, p);
		prekeys_release(p);
		if (err == ERR_NOT_FOUND && ns > 0)
			err = 0;
	}
	return err;
}

/* --- key exchanges ------------------------------------------------------------ */

#define KEX_NAME 5

/* u32 id, and the number of any namespace but the first. */
static size_t
kex_name(uint8_t ns, uint32_t spk_id, uint8_t name[static KEX_NAME])
{
	name[0] = (uint8_t)(spk_id >> 24);
	name[1] = (uint8_t)(spk_id >> 16);
	name[2] = (uint8_t)(spk_id >> 8);
	name[3] = (uint8_t)spk_id;
	name[4] = ns;
	return 4 + name_len(ns);
}

static int
kex_open(struct txn *t, const char *account, uint8_t ns, uint32_t spk_id,
    struct secret *out)
{
	uint8_t name[KEX_NAME];
	size_t len = kex_name(ns, spk_id, name);
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
	uint8_t name[KEX_NAME];
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
		len = kex_name(ns, spk_id, name);
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

static int
rotate(struct txn *t, const char *account, uint8_t ns, struct prekeys *p)
{
	uint8_t name[KEX_NAME];
	uint32_t gone = p->previous.key.id;
	size_t len = kex_name(ns, gone, name);
	int err;

	if ((err = add_signed(p)) != 0 ||
	    (err = prekeys_put(t, account, ns, p)) != 0)
		return err;
	if (gone != 0 && txn_has(t, RECORD_KEX, account, name, len))
		err = txn_delete(t, RECORD_KEX, account, name, len);
	return err;
}

/* An account from before a version was spoken gets its prekeys. */
static int
add_namespace(struct txn *t, const char *account, uint8_t ns, uint8_t *due)
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
	*due |= DUE_IN(ns);
	return err;
}

int
prekeys_rotate(struct keeper *k, struct txn *t, struct account *a)
{
	struct prekeys *p;
	uint8_t ns, due = 0;
	int err = 0;

	for (ns = 0; ns < NAMESPACES && err == 0; ns++) {
		err = prekeys_open(t, a->jid, ns, &p);
		if (err == ERR_NOT_FOUND && ns > 0) {
			err = add_namespace(t, a->jid, ns, &due);
			continue;
		}
		if (err != 0)
			break;
		if (is_time(t, a->jid, ns, &p->current)) {
			err = rotate(t, a->jid, ns, p);
			due |= (uint8_t)(DUE_BUNDLE & DUE_IN(ns));
		}
		prekeys_release(p);
	}
	if (err == 0 && due != 0)
		err = account_set_due(k, t, a, due);
	return err;
}
