/* SPDX-License-Identifier: ISC */
/*
 * The table of rows: every row of the store, sealed, by key and by kind. Runs
 * in the keeper; what it holds can be opened only with seal.c's keys. Rows
 * come from the store, which is not trusted: their form is checked here, that
 * they are the right ones in root.c.
 */
#include "records.h"

#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "../ipc/err.h"
#include "records_internal.h"

#define BUCKETS_FIRST 1024

void
raw_key(unsigned row, uint8_t key[ROW_KEY])
{
	memset(key, 0, ROW_KEY);
	key[ROW_KEY - 1] = (uint8_t)row;
}

/* --- the table -------------------------------------------------------------- */

/* Keys are an HMAC's octets: any of them are a hash. */
static struct bucket *
bucket_of(struct bucket *buckets, size_t n, const uint8_t key[ROW_KEY])
{
	uint64_t h;

	memcpy(&h, key, sizeof(h));
	return &buckets[h & (n - 1)];
}

static int
table_grow(struct records *r)
{
	size_t n = r->nbuckets > 0 ? r->nbuckets * 2 : BUCKETS_FIRST;
	struct bucket *v;
	struct entry *e;

	if (r->nentries < r->nbuckets)
		return 0;
	if ((v = calloc(n, sizeof(*v))) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < r->nbuckets; i++)
		while ((e = LIST_FIRST(&r->buckets[i])) != NULL) {
			LIST_REMOVE(e, hash);
			LIST_INSERT_HEAD(bucket_of(v, n, e->key), e, hash);
		}
	free(r->buckets);
	r->buckets = v;
	r->nbuckets = n;
	return 0;
}

struct entry *
entry_find(struct records *r, const uint8_t key[ROW_KEY])
{
	struct entry *e;

	if (r->nbuckets == 0)
		return NULL;
	LIST_FOREACH(e, bucket_of(r->buckets, r->nbuckets, key), hash)
		if (memcmp(e->key, key, ROW_KEY) == 0)
			return e;
	return NULL;
}

struct entry *
entry_make(struct records *r, const uint8_t key[ROW_KEY], uint8_t kind)
{
	struct entry *e = entry_find(r, key);

	if (e != NULL)
		return e;
	if (table_grow(r) != 0 || (e = calloc(1, sizeof(*e))) == NULL)
		return NULL;
	memcpy(e->key, key, ROW_KEY);
	e->kind = kind;
	LIST_INSERT_HEAD(bucket_of(r->buckets, r->nbuckets, key), e, hash);
	TAILQ_INSERT_TAIL(&r->kinds[kind], e, of_kind);
	r->nentries++;
	return e;
}

void
entry_release(struct records *r, struct entry *e)
{
	if (e->users > 0 || e->durable != NULL || e->newest != NULL)
		return;
	LIST_REMOVE(e, hash);
	TAILQ_REMOVE(&r->kinds[e->kind], e, of_kind);
	r->nentries--;
	free(e);
}

void
sealed_set(struct records *r, struct sealed **slot, struct sealed *s)
{
	sealed_free(r, *slot);
	*slot = s;
}

struct records *
records_new(void)
{
	struct records *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	for (size_t i = 0; i < RECORD_KINDS; i++)
		TAILQ_INIT(&r->kinds[i]);
	TAILQ_INIT(&r->batches);
	TAILQ_INIT(&r->txn.changes);
	r->txn.r = r;
	r->epoch_seals = EPOCH_SEALS;
	return r;
}

void
records_free(struct records *r)
{
	struct entry *e, *next;

	if (r == NULL)
		return;
	/* Waiters hear that nothing more will become durable. */
	while (!TAILQ_EMPTY(&r->batches))
		records_committed(r, ERR_STORE);
	keys_forget(r);
	for (size_t i = 0; i < RECORD_KINDS; i++)
		TAILQ_FOREACH_SAFE(e, &r->kinds[i], of_kind, next) {
			free(e->durable == e->newest ? NULL : e->durable);
			free(e->newest);
			free(e);
		}
	free(r->root);
	free(r->spare);
	free(r->buckets);
	free(r);
}

/* --- loading ---------------------------------------------------------------- */

/* The kind of a row, or an error. */
static int
row_kind(const uint8_t key[ROW_KEY], const uint8_t *value, size_t len)
{
	static const uint8_t zero[ROW_KEY - 1];
	uint8_t last = key[ROW_KEY - 1];
	int raw = memcmp(key, zero, sizeof(zero)) == 0;

	if (raw && (last == RAW_SLOTS || last == RAW_EPOCHS) && len > 0)
		return KIND_RAW;
	if (len < SEAL_MIN || len > SEAL_MIN + RECORD_MAX ||
	    value[0] != SEAL_FORMAT)
		return ERR_CORRUPT;
	if (raw)
		return last == RAW_ROOT && value[1] == KIND_ROOT ? KIND_ROOT
								 : ERR_CORRUPT;
	if (value[1] == KIND_RAW || value[1] >= RECORD_KINDS)
		return ERR_CORRUPT;
	return value[1];
}

int
records_load(
    struct records *r, const uint8_t key[32], const uint8_t *value, size_t len)
{
	int kind = row_kind(key, value, len);
	struct sealed *s;
	struct entry *e;

	if (kind < 0)
		return kind;
	if (kind == KIND_ROOT ? r->root != NULL : entry_find(r, key) != NULL)
		return ERR_CORRUPT; /* twice */
	if ((s = sealed_new(len)) == NULL)
		return ERR_MEMORY;
	memcpy(s->octets, value, len);
	if (kind != KIND_RAW)
		s->epoch = (uint32_t)value[2] << 24 | (uint32_t)value[3] << 16 |
		    (uint32_t)value[4] << 8 | value[5];
	if (kind == KIND_ROOT) {
		r->root = s;
		return 0;
	}
	if ((e = entry_make(r, key, (uint8_t)kind)) == NULL) {
		sealed_free(r, s);
		return ERR_MEMORY;
	}
	e->durable = s;
	e->newest = sealed_ref(s);
	r->count += kind != KIND_RAW;
	return 0;
}

uint64_t
records_count(const struct records *r)
{
	return r->count;
}

int
records_locked(const struct records *r)
{
	return !r->unlocked;
}

/* --- raw rows --------------------------------------------------------------- */

int
records_raw_get(struct records *r, unsigned row, const uint8_t **p, size_t *len)
{
	uint8_t key[ROW_KEY];
	struct entry *e;

	raw_key(row, key);
	e = entry_find(r, key);
	*p = NULL;
	*len = 0;
	if (e == NULL || e->newest == NULL)
		return ERR_NOT_FOUND;
	*p = e->newest->octets;
	*len = e->newest->len;
	return 0;
}

int
records_raw_put(struct records *r, unsigned row, const void *p, size_t len)
{
	struct txn *t = txn_begin(r);
	int err = txn_raw_put(t, row, p, len);

	if (err == 0)
		txn_commit(t);
	else
		txn_abort(t);
	return err;
}

/* --- each ------------------------------------------------------------------- */

int
records_each(struct records *r, enum record_kind kind, const char *account,
    int (*fn)(void *arg, const char *account, const uint8_t *name,
	size_t namelen, const uint8_t *p, size_t len),
    void *arg)
{
	struct secret plain = { 0 };
	char owner[LIMIT_JID + 1];
	const uint8_t *name;
	struct reader in;
	struct entry *e;
	size_t namelen;
	int err = 0;

	if (!r->unlocked)
		return ERR_LOCKED;
	TAILQ_FOREACH(e, &r->kinds[kind], of_kind) {
		if (e->newest == NULL)
			continue;
		if ((err = unseal(r, e->key, e->newest, &plain)) != 0)
			break;
		reader_init(&in, plain.data, plain.len);
		reader_cstring(&in, owner, sizeof(owner));
		name = reader_string(&in, &namelen, RECORD_MAX);
		if (in.err != 0)
			err = ERR_CORRUPT;
		else if (account == NULL || strcmp(account, owner) == 0)
			err = fn(arg, owner, name, namelen, in.p, in.left);
		secret_free(&plain);
		if (err != 0)
			break;
	}
	secret_wipe(owner, sizeof(owner));
	return err;
}
