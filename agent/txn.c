/* SPDX-License-Identifier: ISC */
/*
 * Transactions: records opened, changed and staged by one handler, all or
 * nothing. Runs in the keeper; a record is open in the secure heap only
 * between txn_get and its secret_free. batch.c makes them durable.
 */
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "../ipc/err.h"
#include "records_internal.h"

struct txn *
txn_begin(struct records *r)
{
	struct txn *t = &r->txn;

	if (t->open)
		abort(); /* one at a time, inside one handler */
	*t = (struct txn){
		.r = r, .open = 1, .chain = r->chain, .most = TXN_OCTETS
	};
	TAILQ_INIT(&t->changes);
	if (r->spare == NULL)
		r->spare = calloc(1, sizeof(*r->spare));
	if (r->spare == NULL)
		t->err = ERR_MEMORY;
	else if (r->queued > QUEUE_OCTETS)
		t->err = ERR_BUSY;
	return t;
}

void
txn_large(struct txn *t)
{
	t->most = TXN_LARGE;
}

int
txn_stage(struct txn *t, struct entry *e, struct sealed *s)
{
	struct change *c = e->staged;
	size_t len = ROW_OVERHEAD + (s != NULL ? s->len : 0);
	int err = t->err;

	if (err == 0 && len > t->most - t->octets)
		err = ERR_FULL;
	if (err == 0 && c == NULL && (c = calloc(1, sizeof(*c))) == NULL)
		err = ERR_MEMORY;
	if (err != 0) {
		sealed_free(t->r, s);
		entry_release(t->r, e);
		return err;
	}
	if (e->staged == NULL) {
		c->entry = e;
		e->staged = c;
		e->users++;
		TAILQ_INSERT_TAIL(&t->changes, c, next);
	}
	sealed_set(t->r, &c->sealed, s);
	t->octets += len;
	return 0;
}

int
txn_stage_epochs(struct txn *t)
{
	struct records *r = t->r;
	uint8_t key[ROW_KEY];
	struct sealed *s;
	struct entry *e;
	int err;

	if (!r->epochs_dirty)
		return 0;
	raw_key(RAW_EPOCHS, key);
	if ((err = epochs_wrap(r, &s)) != 0)
		return err;
	if ((e = entry_make(r, key, KIND_RAW)) == NULL) {
		sealed_free(r, s);
		return ERR_MEMORY;
	}
	if ((err = txn_stage(t, e, s)) == 0)
		r->epochs_dirty = 0;
	return err;
}

/* The octets of a row as this transaction sees it, or NULL. */
static struct sealed *
txn_look(struct txn *t, enum record_kind kind, const char *account,
    const void *name, size_t namelen, uint8_t key[ROW_KEY], int *err)
{
	struct entry *e;

	*err = record_key(t->r, kind, account, name, namelen, key);
	if (*err != 0)
		return NULL;
	e = entry_find(t->r, key);
	*err = ERR_NOT_FOUND;
	if (e == NULL)
		return NULL;
	return e->staged != NULL ? e->staged->sealed : e->newest;
}

int
txn_get(struct txn *t, enum record_kind kind, const char *account,
    const void *name, size_t namelen, struct secret *out)
{
	uint8_t key[ROW_KEY];
	struct sealed *s;
	struct reader in;
	size_t n;
	int err;

	secret_free(out);
	s = txn_look(t, kind, account, name, namelen, key, &err);
	if (s == NULL)
		return err;
	if ((err = unseal(t->r, key, s, out)) != 0)
		return err;
	reader_init(&in, out->data, out->len);
	(void)reader_string(&in, &n, LIMIT_JID);
	(void)reader_string(&in, &n, RECORD_MAX);
	if (in.err != 0) {
		secret_free(out);
		return ERR_CORRUPT;
	}
	n = in.left;
	memmove(out->data, in.p, n);
	secret_wipe(out->data + n, out->len - n);
	out->len = n;
	return 0;
}

int
txn_has(struct txn *t, enum record_kind kind, const char *account,
    const void *name, size_t namelen)
{
	uint8_t key[ROW_KEY];
	int err;

	return txn_look(t, kind, account, name, namelen, key, &err) != NULL;
}

static void
put_length(uint8_t p[4], size_t n)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(n >> (24 - 8 * i));
}

int
txn_put(struct txn *t, enum record_kind kind, const char *account,
    const void *name, size_t namelen, const void *p, size_t len)
{
	uint8_t key[ROW_KEY], alen[4], nlen[4];
	const struct iovec_const v[] = { { alen, 4 },
		{ account, strlen(account) }, { nlen, 4 }, { name, namelen },
		{ p, len } };
	struct sealed *s;
	struct entry *e;
	int err = t->err;

	if (len > RECORD_MAX || namelen > RECORD_MAX)
		return ERR_FULL;
	put_length(alen, v[1].len);
	put_length(nlen, namelen);
	if (err == 0)
		err = record_key(t->r, kind, account, name, namelen, key);
	if (err == 0)
		err = seal(t->r, (uint8_t)kind, key, v, 5, &s);
	if (err != 0)
		return err;
	if ((e = entry_make(t->r, key, (uint8_t)kind)) == NULL) {
		sealed_free(t->r, s);
		return ERR_MEMORY;
	}
	err = txn_stage(t, e, s);
	return err != 0 ? err : txn_stage_epochs(t);
}

int
txn_delete(struct txn *t, enum record_kind kind, const char *account,
    const void *name, size_t namelen)
{
	uint8_t key[ROW_KEY];
	int err = t->err;

	if (err != 0)
		return err;
	if (txn_look(t, kind, account, name, namelen, key, &err) == NULL)
		return err;
	err = txn_stage(t, entry_find(t->r, key), NULL);
	return err != 0 ? err : txn_stage_epochs(t);
}

int
txn_raw_put(struct txn *t, unsigned row, const void *p, size_t len)
{
	uint8_t key[ROW_KEY];
	struct sealed *s;
	struct entry *e;
	int err;

	if (!t->r->unlocked)
		return ERR_LOCKED;
	raw_key(row, key);
	if ((s = sealed_new(len)) == NULL)
		return ERR_MEMORY;
	memcpy(s->octets, p, len);
	if ((err = seal_element(t->r, key, s)) != 0) {
		sealed_free(t->r, s);
		return err;
	}
	if ((e = entry_make(t->r, key, KIND_RAW)) == NULL) {
		sealed_free(t->r, s);
		return ERR_MEMORY;
	}
	t->purge = 1; /* an older one is to leave the disk */
	return txn_stage(t, e, s);
}

struct chain *
txn_chain(struct txn *t)
{
	return &t->chain;
}

void
change_free(struct records *r, struct changes *list, struct change *c)
{
	struct entry *e = c->entry;

	TAILQ_REMOVE(list, c, next);
	if (e->staged == c)
		e->staged = NULL;
	if (e->gathered == c)
		e->gathered = NULL;
	sealed_free(r, c->sealed);
	free(c);
	e->users--;
	entry_release(r, e);
}

void
txn_abort(struct txn *t)
{
	struct change *c;
	uint8_t key[ROW_KEY];

	if (t == NULL || !t->open)
		return;
	raw_key(RAW_EPOCHS, key);
	while ((c = TAILQ_FIRST(&t->changes)) != NULL) {
		if (memcmp(c->entry->key, key, ROW_KEY) == 0)
			t->r->epochs_dirty = 1;
		change_free(t->r, &t->changes, c);
	}
	t->open = 0;
}
