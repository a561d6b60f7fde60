/* SPDX-License-Identifier: ISC */
/*
 * The root record: the commit counter, where the database lies, whether that
 * is in doubt, the end of the log's chain, and a keyed multiset hash of all rows, the sum mod 2^256 of HMAC(set key, row key, row). Runs in the keeper. A
 * store that gives back old, mixed, swapped, altered or missing rows is found
 * here, at unlock, before anything is used. A whole older database, root and
 * all, is consistent in itself: anchor.c notices it.
 */
#include <stdlib.h>
#include <string.h>

#include "../ipc/err.h"
#include "anchor.h"

#define PLACE_SIZE (16 + 8 + 8)
#define ROOT_SIZE  (8 + 8 + SET_SIZE + PLACE_SIZE + 1 + 8 + 32)

void
set_add(uint8_t set[SET_SIZE], const uint8_t element[SET_SIZE])
{
	unsigned carry = 0;

	for (size_t i = SET_SIZE; i-- > 0; carry >>= 8) {
		carry += (unsigned)set[i] + element[i];
		set[i] = (uint8_t)carry;
	}
}

void
set_subtract(uint8_t set[SET_SIZE], const uint8_t element[SET_SIZE])
{
	int borrow = 0, d;

	for (size_t i = SET_SIZE; i-- > 0;) {
		d = set[i] - element[i] - borrow;
		borrow = d < 0;
		set[i] = (uint8_t)(d & 0xff);
	}
}

int
root_seal(struct records *r, const struct batch *b, struct sealed **out)
{
	uint8_t key[ROW_KEY];
	struct iovec_const v;
	struct buffer body;
	int err;

	raw_key(RAW_ROOT, key);
	buffer_init(&body, ROOT_SIZE);
	buffer_put_u64(&body, b->counter);
	buffer_put_u64(&body, r->version);
	buffer_put(&body, b->set, SET_SIZE);
	buffer_put(&body, r->place.boot, sizeof(r->place.boot));
	buffer_put_u64(&body, r->place.inode);
	buffer_put_u64(&body, r->place.birth);
	buffer_put_u8(&body, b->doubt);
	buffer_put_u64(&body, b->chain.last);
	buffer_put(&body, b->chain.head, sizeof(b->chain.head));
	v = (struct iovec_const){ body.data, body.len };
	err = body.err != 0 ? body.err : seal(r, KIND_ROOT, key, &v, 1, out);
	buffer_free(&body);
	return err;
}

static int
root_open(struct records *r)
{
	struct secret plain = { 0 };
	uint8_t key[ROW_KEY];
	struct place then;
	struct reader in;
	int err;

	if (r->root == NULL)
		return ERR_CORRUPT;
	raw_key(RAW_ROOT, key);
	if ((err = unseal(r, key, r->root, &plain)) != 0)
		return err;
	reader_init(&in, plain.data, plain.len);
	r->counter = r->durable_counter = reader_u64(&in);
	r->version = reader_u64(&in);
	reader_fixed(&in, r->durable_set, SET_SIZE);
	reader_fixed(&in, then.boot, sizeof(then.boot));
	then.inode = reader_u64(&in);
	then.birth = reader_u64(&in);
	r->durable_doubt = reader_u8(&in);
	r->durable_chain.last = reader_u64(&in);
	reader_fixed(&in, r->durable_chain.head, sizeof(r->durable_chain.head));
	err = reader_end(&in) != 0 ? ERR_CORRUPT : 0;
	r->chain = r->durable_chain;
	if (err == 0) /* the first commit makes it durable, and the place */
		r->doubt = r->durable_doubt | anchor_judge(r, &then);
	secret_free(&plain);
	return err;
}

/* Every row counts, also those that are no records (but not the root). */
static int
rows_check(struct records *r)
{
	uint8_t sum[SET_SIZE] = { 0 };
	struct epoch *epoch;
	struct entry *e;
	int err;

	for (size_t i = 0; i < RECORD_KINDS; i++)
		TAILQ_FOREACH(e, &r->kinds[i], of_kind) {
			err = seal_element(r, e->key, e->newest);
			if (err != 0)
				return err;
			set_add(sum, e->newest->element);
			if (i == KIND_RAW)
				continue;
			epoch = epoch_find(r, e->newest->epoch);
			if (epoch == NULL)
				return ERR_CORRUPT;
			epoch->live++;
		}
	if ((epoch = epoch_find(r, r->root->epoch)) != NULL)
		epoch->live++;
	memcpy(r->set, sum, SET_SIZE);
	return secret_equal(sum, r->durable_set, SET_SIZE) ? 0 : ERR_CORRUPT;
}

/* Old epochs that nothing is sealed under any more leave the epochs row. */
static size_t
epochs_drop(struct records *r, struct txn *t)
{
	size_t n = 0;

	for (size_t i = 0; i + 1 < r->nepochs; i++)
		if (r->epochs[i].live == 0 && !r->epochs[i].ending) {
			r->epochs[i].ending = 1;
			r->epochs_dirty = 1;
			t->purge = t->ends_epoch = 1;
			n++;
		}
	return n;
}

static int
epoch_commit(struct records *r)
{
	struct txn *t = txn_begin(r);
	int err = t->err;

	epochs_drop(r, t);
	if (err == 0)
		err = txn_stage_epochs(t);
	if (err == 0)
		txn_commit(t);
	else
		txn_abort(t);
	return err;
}

void
records_found(struct records *r, const struct place *place, const void *anchor,
    size_t len)
{
	r->place = *place;
	r->anchorlen = len <= ANCHOR_MAX ? len : 0;
	if (r->anchorlen > 0)
		memcpy(r->anchor, anchor, r->anchorlen);
}

uint8_t
records_doubt(const struct records *r)
{
	return r->doubt;
}

void
records_believe(struct records *r)
{
	r->doubt = 0;
}

int
records_unlock(struct records *r, const struct secret *master)
{
	uint8_t key[ROW_KEY];
	struct entry *e;
	int err;

	if (r->unlocked)
		return ERR_EXISTS;
	raw_key(RAW_EPOCHS, key);
	e = entry_find(r, key);
	err = keys_derive(r, master);
	if (err == 0)
		err = epochs_unwrap(r, e != NULL ? e->newest : NULL);
	r->unlocked = 1;
	if (err == 0)
		err = root_open(r);
	if (err == 0)
		err = rows_check(r);
	if (err == 0)
		err = epoch_begin(r);
	if (err == 0)
		err = epoch_commit(r);
	if (err != 0)
		keys_forget(r);
	else if (r->nepochs > EPOCHS_MAX / 2)
		/* often unlocked, never long enough for the idle time */
		(void)records_reseal(r, SIZE_MAX);
	return err;
}

int
records_create(struct records *r, const struct secret *master)
{
	int err;

	if (r->nentries > 0 || r->root != NULL)
		return ERR_EXISTS;
	memset(r->set, 0, SET_SIZE);
	memset(r->durable_set, 0, SET_SIZE);
	r->counter = r->durable_counter = r->version = 0;
	r->doubt = r->durable_doubt = 0;
	r->chain = r->durable_chain = (struct chain){ 0 };
	err = keys_derive(r, master);
	r->unlocked = 1;
	if (err == 0)
		err = epoch_begin(r);
	if (err == 0)
		err = epoch_commit(r);
	if (err != 0)
		keys_forget(r);
	return err;
}

void
records_lock(struct records *r)
{
	if (!records_idle(r) || r->txn.open)
		abort(); /* the caller waits for records_idle */
	keys_forget(r);
}

int
records_end_epochs(struct records *r)
{
	return r->unlocked ? epoch_begin(r) : ERR_LOCKED;
}

/* --- re-sealing ------------------------------------------------------------- */

static int
entry_reseal(struct records *r, struct txn *t, struct entry *e)
{
	struct secret plain = { 0 };
	struct iovec_const v;
	struct sealed *s;
	int err = unseal(r, e->key, e->newest, &plain);

	if (err != 0)
		return err;
	v = (struct iovec_const){ plain.data, plain.len };
	err = seal(r, e->kind, e->key, &v, 1, &s);
	secret_free(&plain);
	return err != 0 ? err : txn_stage(t, e, s);
}

size_t
records_reseal(struct records *r, size_t n)
{
	uint32_t current;
	size_t left = 0;
	struct entry *e;
	struct txn *t;
	int err = 0;

	if (!r->unlocked)
		return 0;
	current = r->epochs[r->nepochs - 1].number;
	t = txn_begin(r);
	for (size_t i = KIND_RAW + 1; i < RECORD_KINDS; i++)
		TAILQ_FOREACH(e, &r->kinds[i], of_kind) {
			if (e->newest == NULL || e->newest->epoch == current)
				continue;
			if (n > 0 && err == 0)
				err = entry_reseal(r, t, e);
			if (n == 0 || err != 0)
				left++;
			else
				n--;
		}
	if (left == 0)
		(void)epochs_drop(r, t);
	if (txn_stage_epochs(t) != 0)
		epochs_ended(r, 0); /* not now */
	txn_commit(t);
	for (size_t i = 0; i + 1 < r->nepochs; i++)
		left++;
	return left;
}
