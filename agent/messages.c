/* SPDX-License-Identifier: ISC */
/*
 * WRITER, OPEN, SHOWN, WAITING: what a front does with a message. Runs in the
 * keeper. A message of a key that was never shown is not opened: no silent
 * writers. What OPEN says of sender, key, trust and bound is the keeper's own
 * record, never a client's word.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers.h"
#include "message.h"
#include "peer.h"
#include "rooms.h"

struct asked { /* a request about one message */
	struct request *r;
	struct account *account;
	struct txn *txn;
	struct message_record *m;
	struct peer peer;
	struct device *row; /* its key; NULL: it was dropped for others */
	int in_room;	    /* of a room: its writer was shown as there */
};

/* Everybody is in a chat, and we are in our rooms. */
static int
look_in_room(struct asked *q)
{
	q->in_room = q->m->kind != KIND_ROOM ||
		strcmp(q->m->sender, q->account->jid) == 0
	    ? 1
	    : room_is_shown(
		  q->txn, q->account->jid, q->m->conversation, q->m->sender);
	return q->in_room < 0 ? q->in_room : 0;
}

/* Read account and handle, open the message. NULL: r has been answered. */
static struct asked *
ask_about(struct request *r)
{
	struct asked *q = calloc(1, sizeof *q);
	char jid[LIMIT_JID + 1];
	uint8_t handle[HANDLE_SIZE];
	int err;

	reader_cstring(&r->body, jid, sizeof jid);
	reader_fixed(&r->body, handle, sizeof handle);
	err = reader_end(&r->body);
	if (err != 0 || q == NULL) {
		request_fail(r, err != 0 ? err : ERR_MEMORY, "message");
		goto fail;
	}
	q->r = r;
	if ((q->account = request_account(r, jid)) == NULL)
		goto fail;
	q->txn = txn_begin(r->keeper->records);
	err = message_record_open(q->txn, q->account, handle, &q->m);
	if (err == 0) {
		err = peer_open(q->txn, jid, q->m->sender, &q->peer);
		if (err == ERR_NOT_FOUND)
			err = 0;
	}
	if (err == 0)
		err = look_in_room(q);
	if (err != 0) {
		request_abort(r, q->txn, err, "message");
		message_record_release(q->m);
		goto fail;
	}
	q->row = peer_find_key(&q->peer, q->m->device, q->m->fingerprint);
	return q;
fail:
	free(q);
	return NULL;
}

static void
asked_free(struct asked *q)
{
	message_record_release(q->m);
	free(q);
}

/* A row is dropped only after its key was shown (peer.c). */
static int
is_shown(const struct asked *q)
{
	return (q->row == NULL || q->row->shown_writer) && q->in_room;
}

static uint8_t
trust_now(const struct asked *q)
{
	return q->row != NULL ? q->row->trust : q->m->trust;
}

void
message_writer(struct request *r)
{
	struct asked *q = ask_about(r);
	struct buffer *b = &r->reply;

	if (q == NULL)
		return;
	buffer_put_cstring(b, q->m->sender);
	buffer_put_u32(b, q->m->device);
	buffer_put(b, q->m->fingerprint, FINGERPRINT_SIZE);
	buffer_put_u8(b, trust_now(q));
	buffer_put_u8(b, q->in_room ? WHY_FIRST_MESSAGE : WHY_NEW_MEMBER);
	buffer_put_u8(b, (uint8_t)is_shown(q));
	buffer_put_cstring(b, q->in_room ? "" : q->m->conversation);
	txn_abort(q->txn);
	asked_free(q);
	request_durable(r);
}

static void
put_message(struct buffer *b, const struct asked *q, int again)
{
	const struct message_record *m = q->m;

	buffer_put_u8(b, m->format);
	buffer_put_string(b, m->text, m->entry.len);
	buffer_put_cstring(b, m->sender);
	buffer_put_cstring(b, m->conversation);
	buffer_put_u8(b, m->kind);
	buffer_put_u32(b, m->device);
	buffer_put(b, m->fingerprint, FINGERPRINT_SIZE);
	buffer_put_u8(b, trust_now(q));
	buffer_put_u8(b, m->bound);
	buffer_put_u8(b, m->copy);
	buffer_put_u8(b, m->ns);
	buffer_put_u64(b, m->stamp);
	buffer_put_cstring(b, m->id);
	buffer_put_u8(b, (uint8_t)again);
}

/* Once somebody has shown it, it may go when there is no room (siblings.c). */
static int
note_seen(struct asked *q)
{
	struct indexed *e =
	    index_find(&q->account->messages, q->m->entry.handle);
	int err;

	if (q->m->entry.fixed || e == NULL)
		return 0;
	q->m->entry.fixed = SEEN;
	if ((err = message_record_put(q->txn, q->account, q->m)) == 0)
		e->fixed = SEEN;
	return err;
}

/* The window is closed with the first who has shown it. */
static int
forget(struct asked *q)
{
	int err = txn_delete(q->txn, RECORD_MESSAGE, q->account->jid,
	    q->m->entry.handle, HANDLE_SIZE);

	if (err == 0)
		index_remove(&q->account->messages, q->m->entry.handle);
	return err;
}

/* Note for this client that the message was offered or shown. */
static int
note(struct asked *q, enum offer state, int *before)
{
	const char *name = q->r->client->name;
	struct offers *o;
	int err;

	err = offers_open(q->r->keeper, q->txn, q->account, name, &o);
	if (err != 0)
		return err;
	*before = offers_state(o, &q->m->entry);
	if (*before == SHOWN && state == OFFERED)
		err = ERR_NOT_FOUND; /* it is done with it */
	if (*before < (int)state) {
		offers_set(o, q->account, &q->m->entry, state);
		err = offers_put(q->txn, q->account, name, o);
	}
	free(o);
	return err;
}

/* 0: r waits for a yes, or was refused one. */
static int
may_open(struct request *r, const struct asked *q)
{
	char what[160];

	snprintf(what, sizeof what, "read a message of %.100s", q->m->sender);
	return !confirm_use(r, q->account, what);
}

void
message_open(struct request *r)
{
	struct asked *q = ask_about(r);
	char why[256] = "open";
	int err, before = 0;

	if (q == NULL)
		return;
	err = is_shown(q) ? note(q, OFFERED, &before) : ERR_UNACKNOWLEDGED;
	if (err == 0)
		err = use_check(q->account, RATE_OPEN, why, sizeof why);
	if (err == 0 && !may_open(r, q)) {
		txn_abort(q->txn);
		asked_free(q);
		return;
	}
	if (err == 0) {
		put_message(&r->reply, q, before == OFFERED);
		err = r->reply.err;
	}
	if (err != 0) {
		request_abort(r, q->txn, err, why);
	} else {
		use_count(q->account, RATE_OPEN);
		r->client->carries_text = 1;
		request_commit(r, q->txn);
	}
	asked_free(q);
}

void
message_shown(struct request *r)
{
	struct asked *q = ask_about(r);
	int err, before;

	if (q == NULL)
		return;
	err = note(q, SHOWN, &before);
	if (err == 0)
		err = q->account->window == 0 ? forget(q) : note_seen(q);
	if (err != 0)
		request_abort(r, q->txn, err, "shown");
	else
		request_commit(r, q->txn);
	asked_free(q);
}

void
message_waiting(struct request *r)
{
	char jid[LIMIT_JID + 1];
	struct account *a;
	struct offers *o = NULL;
	struct txn *t;
	uint32_t n = 0;
	size_t i, at;
	int err;

	reader_cstring(&r->body, jid, sizeof jid);
	if ((err = reader_end(&r->body)) != 0) {
		request_fail(r, err, "waiting");
		return;
	}
	if ((a = request_account(r, jid)) == NULL)
		return;
	t = txn_begin(r->keeper->records);
	err = offers_open(r->keeper, t, a, r->client->name, &o);
	txn_abort(t);
	if (err != 0) {
		request_fail(r, err, "waiting");
		return;
	}
	at = r->reply.len;
	buffer_put_u32(&r->reply, 0);
	for (i = 0; i < a->messages.n; i++) {
		if (offers_state(o, &a->messages.v[i]) == SHOWN)
			continue;
		buffer_put(&r->reply, a->messages.v[i].handle, HANDLE_SIZE);
		n++;
	}
	buffer_patch_u32(&r->reply, at, n);
	free(o);
	request_durable(r);
}
