/* SPDX-License-Identifier: ISC */
/*
 * A store in memory, at the other end of a socketpair on the same loop: for
 * the tests of records and vault. It can refuse a commit, hold its answer,
 * and remembers every octet that it was ever given.
 */
#ifndef TESTS_FAKE_STORE_H
#define TESTS_FAKE_STORE_H

#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>

#include "../../agent/crypto/crypto.h"
#include "../../agent/records_internal.h"
#include "../../ipc/connection.h"
#include "../../ipc/err.h"
#include "../../ipc/messages.h"
#include "check.h"

#define FAKE_ROWS 8192

struct row {
	uint8_t key[ROW_KEY];
	uint8_t *value;
	size_t len;
};

struct fake {
	struct loop *loop;
	struct records *records;
	struct connection *ours, *theirs; /* keeper's end, store's end */
	struct row rows[FAKE_ROWS], puts[FAKE_ROWS];
	size_t nrows, nputs;
	int refuse, hold;
	uint32_t held; /* id of the commit that is held */
	unsigned commits, purges;
	uint8_t anchor[64], coming[64]; /* the file outside, and its next */
	size_t anchorlen, cominglen;
	struct place place; /* of the database */
	struct buffer seen; /* every row's octets ever */
	uint64_t (*nonces)[2];
	size_t nnonces;
	struct timer *bound;
};

static void
row_set(struct row *r, const uint8_t *key, const uint8_t *value, size_t len)
{
	free(r->value);
	memcpy(r->key, key, ROW_KEY);
	r->value = malloc(len > 0 ? len : 1);
	assert_non_null(r->value);
	memcpy(r->value, value, len);
	r->len = len;
}

static struct row *
fake_find(struct fake *f, const uint8_t *key)
{
	for (size_t i = 0; i < f->nrows; i++)
		if (memcmp(f->rows[i].key, key, ROW_KEY) == 0)
			return &f->rows[i];
	return NULL;
}

static void
fake_remove(struct fake *f, struct row *r)
{
	free(r->value);
	*r = f->rows[--f->nrows];
	f->rows[f->nrows] = (struct row){ 0 };
}

static void
fake_apply(struct fake *f)
{
	for (size_t i = 0; i < f->nputs; i++) {
		struct row *p = &f->puts[i], *r = fake_find(f, p->key);
		if (p->len == 0) {
			if (r != NULL)
				fake_remove(f, r);
			continue;
		}
		if (r == NULL) {
			assert_true(f->nrows < FAKE_ROWS);
			r = &f->rows[f->nrows++];
		}
		row_set(r, p->key, p->value, p->len);
	}
}

static void
fake_answer(struct fake *f)
{
	struct buffer b;

	if (!f->refuse) {
		fake_apply(f);
		memcpy(f->anchor, f->coming, f->cominglen);
		f->anchorlen = f->cominglen;
		(void)connection_send(f->theirs, M_REPLY, f->held, NULL, 0);
	} else {
		buffer_init(&b, 256);
		buffer_put_u32(&b, (uint32_t)-ERR_FULL);
		buffer_put_cstring(&b, "database or disk is full");
		(void)connection_send(
		    f->theirs, M_ERROR, f->held, b.data, b.len);
		buffer_free(&b);
	}
	f->nputs = 0;
	f->held = 0;
}

/* No nonce twice under one epoch, committed or not. */
static void
fake_nonce(struct fake *f, const uint8_t *value, size_t len)
{
	uint64_t pair[2];
	struct reader in;

	reader_init(&in, value, len);
	(void)reader_u8(&in);
	(void)reader_u8(&in);
	pair[0] = reader_u32(&in);
	pair[1] = reader_u64(&in);
	for (size_t i = 0; i < f->nnonces; i++)
		assert_false(
		    f->nonces[i][0] == pair[0] && f->nonces[i][1] == pair[1]);
	f->nonces = reallocarray(f->nonces, f->nnonces + 1, sizeof(*f->nonces));
	assert_non_null(f->nonces);
	memcpy(f->nonces[f->nnonces++], pair, sizeof(pair));
}

static int
theirs_frame(void *arg, struct frame *frame)
{
	static const uint8_t zero[ROW_KEY - 1];
	struct fake *f = arg;
	const uint8_t *key, *value;
	uint32_t n;
	size_t len;

	if (frame->type == M_COMMIT) {
		f->commits++;
		f->purges += reader_u8(&frame->body);
		value = reader_string(
		    &frame->body, &f->cominglen, sizeof(f->coming));
		assert_int_equal(reader_end(&frame->body), 0);
		memcpy(f->coming, value, f->cominglen);
		f->held = frame->id;
		if (!f->hold)
			fake_answer(f);
		return 0;
	}
	assert_int_equal(frame->type, M_PUT);
	assert_int_equal(message_check(message_find(LINK_STORE, M_PUT)->request,
			     frame->body.p, frame->body.left),
	    0);
	for (n = reader_u32(&frame->body); n > 0; n--) {
		key = reader_bytes(&frame->body, ROW_KEY);
		value = reader_string(&frame->body, &len, FRAME_MAX);
		assert_true(f->nputs < FAKE_ROWS);
		row_set(&f->puts[f->nputs++], key, value, len);
		buffer_put(&f->seen, key, ROW_KEY);
		buffer_put(&f->seen, value, len);
		assert_int_equal(f->seen.err, 0);
		if (len > 0 &&
		    (memcmp(key, zero, sizeof(zero)) != 0 ||
			key[ROW_KEY - 1] == RAW_ROOT))
			fake_nonce(f, value, len);
	}
	return 0;
}

static int
ours_frame(void *arg, struct frame *frame)
{
	struct fake *f = arg;

	return records_frame(f->records, frame);
}

static void
fake_closed(void *arg, int err)
{
	(void)arg;
	(void)err;
	fail_msg("the store link closed");
}

static const struct connection_handler ours_handler = { ours_frame,
	fake_closed };
static const struct connection_handler theirs_handler = { theirs_frame,
	fake_closed };

static void
fake_flush(void *arg)
{
	struct fake *f = arg;

	if (f->records != NULL)
		records_flush(f->records);
}

static struct fake *
fake_new(void)
{
	struct fake *f = calloc(1, sizeof(*f));
	int sv[2];

	assert_non_null(f);
	f->loop = loop_new();
	assert_non_null(f->loop);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	f->ours = connection_new(f->loop, sv[0], &ours_handler, f);
	f->theirs = connection_new(f->loop, sv[1], &theirs_handler, f);
	assert_non_null(f->ours);
	assert_non_null(f->theirs);
	assert_int_equal(loop_after(f->loop, fake_flush, f), 0);
	f->records = records_new();
	assert_non_null(f->records);
	records_set_store(f->records, f->ours);
	f->place = (struct place){ { 1 }, 100, 1000 };
	records_found(f->records, &f->place, NULL, 0);
	buffer_init(&f->seen, 256 * 1024 * 1024);
	return f;
}

static void
fake_free(struct fake *f)
{
	records_free(f->records);
	connection_free(f->ours);
	connection_free(f->theirs);
	loop_free(f->loop);
	for (size_t i = 0; i < FAKE_ROWS; i++) {
		free(f->rows[i].value);
		free(f->puts[i].value);
	}
	buffer_free(&f->seen);
	free(f->nonces);
	free(f);
}

/* --- running the loop until something happens ------------------------------- */

static void
bound_reached(void *arg)
{
	(void)arg;
	fail_msg("nothing happened in 10 seconds");
}

static void
run(struct fake *f)
{
	f->bound = loop_timer(f->loop, 10000, bound_reached, f);
	assert_non_null(f->bound);
	(void)loop_run(f->loop);
	timer_cancel(f->bound);
}

static void
stop_loop(void *arg, int err)
{
	struct fake *f = arg;

	loop_stop(f->loop, err);
}

static void
stop_idle(void *arg)
{
	struct fake *f = arg;

	loop_stop(f->loop, 0);
}

/* Until all that was committed is durable or refused; the answer. */
static inline int
settle(struct fake *f)
{
	int err;

	if (records_idle(f->records))
		return 0;
	records_after(f->records, stop_loop, f);
	f->bound = loop_timer(f->loop, 10000, bound_reached, f);
	err = loop_run(f->loop);
	timer_cancel(f->bound);
	return err;
}

/* A few turns, with nothing to wait for. */
static inline void
turns(struct fake *f)
{
	for (int i = 0; i < 4; i++) {
		assert_non_null(loop_timer(f->loop, 1, stop_idle, f));
		run(f);
	}
}

/* What a restart finds, whatever was under way. */
static inline int
fake_restart(struct fake *f)
{
	int err = 0;

	records_free(f->records);
	f->records = records_new();
	assert_non_null(f->records);
	records_set_store(f->records, f->ours);
	records_found(f->records, &f->place, f->anchor, f->anchorlen);
	for (size_t i = 0; i < f->nrows && err == 0; i++)
		err = records_load(f->records, f->rows[i].key, f->rows[i].value,
		    f->rows[i].len);
	return err;
}

static inline int
reload(struct fake *f)
{
	assert_true(records_idle(f->records));
	return fake_restart(f);
}

static inline int
crypto_setup(void **state)
{
	(void)state;
	return secret_heap_init(SECURE_HEAP) != 0 || crypto_init() != 0;
}

#endif
