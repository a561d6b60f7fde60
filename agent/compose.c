/* SPDX-License-Identifier: ISC */
/*
 * COMPOSE, OUTBOX, DISCARD: what a front has its user's text sent by. Runs in
 * the keeper; a front with the text right is trusted with text, for its
 * accounts alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "crypto/crypto.h"
#include "envelope.h"
#include "handlers.h"
#include "outbox.h"
#include "peer.h"
#include "text.h"

struct composed { /* the request's fields */
	char jid[LIMIT_JID + 1];
	struct outbox o; /* record empty; text borrowed from the request */
	uint32_t parts;
	size_t len;
};

static int
read_composed(struct reader *b, struct composed *c)
{
	reader_cstring(b, c->jid, sizeof c->jid);
	reader_cstring(b, c->o.conversation, sizeof c->o.conversation);
	c->o.kind = reader_u8(b);
	reader_cstring(b, c->o.id, sizeof c->o.id);
	c->parts = reader_count(b, 1);
	if (c->parts == 1) {
		c->o.format = reader_u8(b);
		c->o.text = reader_string(b, &c->len, LIMIT_TEXT);
	}
	return reader_end(b);
}

/*
 * A trust message is our device's word: the keeper's alone. The name of its
 * element stands in any such XML as it is, since no name can be escaped.
 */
static int
has_trust_message(const uint8_t *text, size_t len)
{
	static const char name[] = "trust-message";
	const uint8_t *p = text, *end = text + len;

	while (
	    (p = memmem(p, (size_t)(end - p), name, sizeof name - 1)) != NULL) {
		if (p > text && (p[-1] == '<' || p[-1] == ':'))
			return 1;
		p++;
	}
	return 0;
}

static int
check_composed(struct composed *c)
{
	if (c->parts == 0 || !text_is_bare_jid(c->o.conversation) ||
	    !text_is_plain(c->o.id))
		return ERR_ARGUMENT;
	if (c->o.kind > KIND_ROOM || c->o.format > FORMAT_SCE_CONTENT)
		return ERR_UNSUPPORTED;
	if (c->len == 0 || !text_is_utf8(c->o.text, c->len))
		return ERR_ARGUMENT;
	if (c->o.format == FORMAT_SCE_CONTENT) {
		if (!envelope_is_xml(c->o.text, c->len) ||
		    has_trust_message(c->o.text, c->len))
			return ERR_ARGUMENT;
	} else if (envelope_escaped(c->o.text, c->len) > LIMIT_TEXT)
		return ERR_TOO_LONG; /* some of its readers would not get it */
	c->o.entry.len = (uint32_t)c->len;
	return 0;
}

/* The contact's record says from now on that we have written to it. */
static int
note_written(
    struct keeper *k, struct txn *t, struct account *a, const char *jid)
{
	struct peer_counts counts;
	struct peer p;
	int err = peer_open(t, a->jid, jid, &p);

	if (err == ERR_NOT_FOUND) {
		if ((err = peer_count(k, a->jid, &counts)) != 0)
			return err;
		if (counts.peers >= LIMIT_PEERS)
			return ERR_FULL;
	} else if (err != 0 || p.written)
		return err;
	p.written = 1;
	return peer_put(t, a->jid, &p);
}

int
outbox_name(struct txn *t, struct account *a, struct outbox *o)
{
	struct account_record *rec;
	struct iovec_const v[] = {
		{ o->client, strlen(o->client) },
		{ o->id, strlen(o->id) },
	};
	int err;

	if ((err = account_open(t, a->jid, &rec)) != 0)
		return err;
	err = account_handle(rec, "composed", v, 2, o->handle);
	account_release(rec);
	memcpy(o->entry.handle, o->handle, HANDLE_SIZE);
	return err;
}

/* The same id again must be the same message. */
static int
compare(struct txn *t, struct account *a, const struct outbox *o)
{
	struct outbox *was;
	int err;

	if ((err = outbox_open(t, a, o->handle, &was)) != 0)
		return err;
	if (was->entry.len != o->entry.len ||
	    !secret_equal(was->text, o->text, o->entry.len) ||
	    strcmp(was->conversation, o->conversation) != 0 ||
	    was->kind != o->kind)
		err = ERR_EXISTS;
	outbox_release(was);
	return err;
}

static int
keep(struct request *r, struct txn *t, struct account *a, struct outbox *o)
{
	int err;

	if (a->outbox.n >= LIMIT_OUTBOX)
		return ERR_FULL;
	if ((err = index_reserve(&a->outbox)) != 0)
		return err;
	o->entry.seq = account_seq(r->keeper);
	o->entry.time = clock_real();
	if (o->kind == KIND_CHAT) /* a room's members: ENCRYPT */
		err = note_written(r->keeper, t, a, o->conversation);
	if (err != 0 || (err = outbox_put(t, a, o)) != 0)
		return err;
	index_add(&a->outbox, &o->entry);
	return 0;
}

/* A message that is there already was let through then. */
static int
may_compose(struct request *r, struct account *a, const struct outbox *o)
{
	char what[160];

	snprintf(
	    what, sizeof what, "send a message to %.100s", o->conversation);
	return !confirm_use(r, a, what);
}

static void
compose(struct request *r, struct composed *c)
{
	struct keeper *k = r->keeper;
	struct account *a = request_account_sure(r, c->jid);
	struct txn *t;
	int err, sent = 0, taken = 0;

	if (a == NULL)
		return;
	strlcpy(c->o.client, r->client->name, sizeof c->o.client);
	t = txn_begin(r->keeper->records);
	if ((err = outbox_name(t, a, &c->o)) == 0) {
		if (index_find(&a->outbox, c->o.handle) != NULL)
			err = compare(t, a, &c->o);
		else if (index_find(&a->messages, c->o.handle) != NULL)
			sent = 1; /* the answer was lost, the message was not */
		else if (may_compose(r, a, &c->o))
			err = keep(r, t, a, &c->o);
		else
			taken = 1;
	}
	if (taken) {
		txn_abort(t);
		return;
	}
	if (err != 0) {
		request_abort(r, t, err, "compose");
		return;
	}
	buffer_put(&r->reply, c->o.handle, HANDLE_SIZE);
	request_commit(r, t);
	if (sent)
		outbox_event_sent(k, a, &c->o);
}

void
compose_message(struct request *r)
{
	struct composed *c = calloc(1, sizeof *c);
	int err;

	if (c == NULL)
		err = ERR_MEMORY;
	else if ((err = read_composed(&r->body, c)) == 0)
		err = check_composed(c);
	if (err != 0)
		request_fail(r, err, "compose");
	else
		compose(r, c);
	free(c);
}

/* --- OUTBOX, DISCARD ---------------------------------------------------------- */

static int
put_row(struct request *r, struct txn *t, struct account *a,
    const struct indexed *e, uint32_t *rows)
{
	struct buffer *out = &r->reply;
	struct outbox *o;
	int err;

	if ((err = outbox_open(t, a, e->handle, &o)) != 0)
		return err;
	if (strcmp(o->client, r->client->name) == 0) {
		buffer_put(out, o->handle, HANDLE_SIZE);
		buffer_put_cstring(out, o->conversation);
		buffer_put_u8(out, o->kind);
		buffer_put_cstring(out, o->id);
		buffer_put_u8(out, o->entry.fixed);
		(*rows)++;
	}
	outbox_release(o);
	return out->err;
}

void
compose_outbox(struct request *r)
{
	char jid[LIMIT_JID + 1];
	struct account *a;
	struct txn *t;
	uint32_t rows = 0;
	size_t i, at;
	int err;

	reader_cstring(&r->body, jid, sizeof jid);
	if ((err = reader_end(&r->body)) != 0) {
		request_fail(r, err, "outbox");
		return;
	}
	if ((a = request_account(r, jid)) == NULL)
		return;
	t = txn_begin(r->keeper->records);
	at = r->reply.len;
	buffer_put_u32(&r->reply, 0);
	for (i = 0; i < a->outbox.n && err == 0; i++)
		err = put_row(r, t, a, &a->outbox.v[i], &rows);
	if (err != 0) {
		request_abort(r, t, err, "outbox");
		return;
	}
	buffer_patch_u32(&r->reply, at, rows);
	txn_abort(t);
	request_durable(r);
}

void
compose_discard(struct request *r)
{
	char jid[LIMIT_JID + 1];
	uint8_t handle[HANDLE_SIZE];
	struct account *a;
	struct outbox *o;
	struct txn *t;
	int err;

	reader_cstring(&r->body, jid, sizeof jid);
	reader_fixed(&r->body, handle, sizeof handle);
	if ((err = reader_end(&r->body)) != 0) {
		request_fail(r, err, "discard");
		return;
	}
	if ((a = request_account(r, jid)) == NULL)
		return;
	t = txn_begin(r->keeper->records);
	err = outbox_open(t, a, handle, &o);
	if (err == 0 && strcmp(o->client, r->client->name) != 0)
		err = ERR_NOT_FOUND; /* another client's */
	outbox_release(o);
	if (err == 0)
		err = txn_delete(t, RECORD_OUTBOX, jid, handle, sizeof handle);
	if (err != 0) {
		request_abort(r, t, err, "discard");
		return;
	}
	index_remove(&a->outbox, handle);
	request_commit(r, t);
}
