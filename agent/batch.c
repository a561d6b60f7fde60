/* SPDX-License-Identifier: ISC */
/*
 * Group commit. Runs in the keeper. A transaction joins the batch that
 * gathers; one batch is in flight to the store, the
 * others wait behind it. The store says durable or refused: a refused batch
 * takes all that was gathered on top of it with it, and everybody who waits
 * for any of them hears RETRY. An unknown outcome is keeper.c's: it exits.
 */
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "../ipc/connection.h"
#include "../ipc/err.h"
#include "../ipc/messages.h"
#include "anchor.h"

/* --- batches ---------------------------------------------------------------- */

/* The batch that gathers; there is always a spare while a txn is open. */
static struct batch *
batch_gathering(struct records *r)
{
	struct batch *b = TAILQ_LAST(&r->batches, batches);

	if (b != NULL && !b->sent && b->octets < BATCH_OCTETS)
		return b;
	/* what an older one has gathered is not to be replaced any more */
	if (b != NULL && !b->sent)
		for (struct change *c = TAILQ_FIRST(&b->changes); c != NULL;
		     c = TAILQ_NEXT(c, next))
			c->entry->gathered = NULL;
	b = r->spare;
	r->spare = NULL;
	TAILQ_INIT(&b->changes);
	TAILQ_INIT(&b->waiters);
	b->counter = ++r->counter;
	TAILQ_INSERT_TAIL(&r->batches, b, next);
	return b;
}

/* What a row becomes now counts as newest. */
static void
entry_advance(struct records *r, struct entry *e, struct sealed *s)
{
	if (e->newest != NULL)
		set_subtract(r->set, e->newest->element);
	if (s != NULL)
		set_add(r->set, s->element);
	if (e->kind != KIND_RAW) {
		r->count -= e->newest != NULL;
		r->count += s != NULL;
	}
	sealed_set(r, &e->newest, sealed_ref(s));
}

void
txn_commit(struct txn *t)
{
	struct records *r = t->r;
	struct change *c, *old;
	struct batch *b;

	t->open = 0;
	if (TAILQ_EMPTY(&t->changes))
		return;
	b = batch_gathering(r);
	while ((c = TAILQ_FIRST(&t->changes)) != NULL) {
		TAILQ_REMOVE(&t->changes, c, next);
		c->entry->staged = NULL;
		entry_advance(r, c->entry, c->sealed);
		TAILQ_INSERT_TAIL(&b->changes, c, next);
		old = c->entry->gathered;
		c->entry->gathered = c;
		if (old != NULL)
			change_free(r, &b->changes, old);
	}
	b->octets += t->octets;
	b->purge |= t->purge;
	b->ends_epoch |= t->ends_epoch;
	b->doubt = r->doubt;
	b->chain = r->chain = t->chain;
	r->queued += t->octets;
	memcpy(b->set, r->set, SET_SIZE);
}

int
records_idle(const struct records *r)
{
	return TAILQ_EMPTY(&r->batches);
}

void
records_after(struct records *r, void (*done)(void *arg, int err), void *arg)
{
	struct batch *b = TAILQ_LAST(&r->batches, batches);
	struct waiter *w;

	if (b == NULL) {
		done(arg, 0);
		return;
	}
	if ((w = malloc(sizeof(*w))) == NULL)
		abort(); /* an answer that would never come */
	*w = (struct waiter){ .done = done, .arg = arg };
	TAILQ_INSERT_TAIL(&b->waiters, w, next);
}

/* --- the store -------------------------------------------------------------- */

void
records_set_store(struct records *r, struct connection *store)
{
	r->store = store;
}

/* PUT frames, each as full as a frame may be. */
struct rows {
	struct buffer *out;
	size_t at, count_at;
	uint32_t n;
	int err;
};

static void
rows_end(struct rows *w)
{
	if (w->n == 0)
		return;
	buffer_patch_u32(w->out, w->count_at, w->n);
	if (frame_end(w->out, w->at) != 0)
		w->err = ERR_MEMORY;
	w->n = 0;
}

static void
rows_put(struct rows *w, const uint8_t key[ROW_KEY], const struct sealed *s)
{
	size_t len = s != NULL ? s->len : 0;

	if (w->n > 0 && w->out->len - w->at + ROW_OVERHEAD + len > FRAME_MAX)
		rows_end(w);
	if (w->n++ == 0) {
		w->at = frame_begin(w->out, M_PUT, 0);
		w->count_at = w->out->len;
		buffer_put_u32(w->out, 0);
	}
	buffer_put(w->out, key, ROW_KEY);
	buffer_put_string(w->out, s != NULL ? s->octets : NULL, len);
}

static int
batch_send(struct records *r, struct batch *b)
{
	struct rows rows = { .out = connection_out(r->store) };
	uint8_t key[ROW_KEY], commit[1 + 4 + ANCHOR_SIZE] = { b->purge != 0 };
	size_t start = rows.out->len;
	struct change *c;
	int err;

	b->sent = 1;
	commit[4] = ANCHOR_SIZE; /* a string's length, below 256 */
	if ((err = root_seal(r, b, &b->root)) != 0 ||
	    (err = anchor_make(r, b->counter, commit + 5)) != 0)
		return err;
	TAILQ_FOREACH(c, &b->changes, next) {
		if (c->entry->gathered == c)
			c->entry->gathered = NULL;
		rows_put(&rows, c->entry->key, c->sealed);
	}
	raw_key(RAW_ROOT, key);
	rows_put(&rows, key, b->root);
	rows_end(&rows);
	if (rows.err != 0) { /* half a batch must never be committed */
		buffer_cut(rows.out, start);
		return rows.err;
	}
	if (++r->commit_id == 0)
		r->commit_id = 1;
	return connection_send(
	    r->store, M_COMMIT, r->commit_id, commit, sizeof(commit));
}

void
records_flush(struct records *r)
{
	struct batch *b = TAILQ_FIRST(&r->batches);

	if (b == NULL || b->sent || r->store == NULL)
		return;
	if (batch_send(r, b) != 0)
		records_committed(r, ERR_STORE); /* not even sent */
}

static void
batch_free(struct records *r, struct batch *b, struct waiters *waiters)
{
	struct change *c;

	while ((c = TAILQ_FIRST(&b->changes)) != NULL)
		change_free(r, &b->changes, c);
	TAILQ_CONCAT(waiters, &b->waiters, next);
	TAILQ_REMOVE(&r->batches, b, next);
	sealed_free(r, b->root);
	r->queued -= b->octets;
	free(b);
}

static void
batch_durable(struct records *r, struct batch *b, struct waiters *waiters)
{
	struct change *c;

	TAILQ_FOREACH(c, &b->changes, next)
		sealed_set(r, &c->entry->durable, sealed_ref(c->sealed));
	sealed_set(r, &r->root, sealed_ref(b->root));
	memcpy(r->durable_set, b->set, SET_SIZE);
	r->durable_counter = b->counter;
	r->durable_doubt = b->doubt;
	r->durable_chain = b->chain;
	if (b->ends_epoch)
		epochs_ended(r, 1);
	batch_free(r, b, waiters);
}

/* Back to what is durable: this batch, and all that lie on top of it. */
static void
batches_refused(struct records *r, struct waiters *waiters)
{
	struct change *c;
	struct batch *b;

	TAILQ_FOREACH(b, &r->batches, next)
		TAILQ_FOREACH(c, &b->changes, next)
			entry_advance(r, c->entry, c->entry->durable);
	while ((b = TAILQ_FIRST(&r->batches)) != NULL)
		batch_free(r, b, waiters);
	r->counter = r->durable_counter;
	r->doubt = r->durable_doubt;
	r->chain = r->durable_chain;
	epochs_ended(r, 0);
	r->epochs_dirty = r->unlocked;
}

void
records_committed(struct records *r, int err)
{
	struct waiters waiters = TAILQ_HEAD_INITIALIZER(waiters);
	struct batch *b = TAILQ_FIRST(&r->batches);
	struct waiter *w;

	if (b == NULL)
		return;
	if (err == 0)
		batch_durable(r, b, &waiters);
	else
		batches_refused(r, &waiters);
	while ((w = TAILQ_FIRST(&waiters)) != NULL) {
		TAILQ_REMOVE(&waiters, w, next);
		w->done(w->arg, err == 0 ? 0 : ERR_RETRY);
		free(w);
	}
}

int
records_frame(struct records *r, struct frame *f)
{
	struct batch *b = TAILQ_FIRST(&r->batches);
	uint32_t code;

	if (b == NULL || !b->sent || f->id != r->commit_id)
		return ERR_UNKNOWN_MESSAGE;
	if (f->type == M_REPLY) {
		if (reader_end(&f->body) != 0)
			return ERR_MALFORMED;
		records_committed(r, 0);
		return 0;
	}
	code = reader_u32(&f->body);
	if (f->type != M_ERROR || f->body.err != 0 || code == 0 ||
	    code >= (uint32_t)-ERR_LAST)
		return ERR_MALFORMED;
	records_committed(r, -(int)code);
	return 0;
}
