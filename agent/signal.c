/* SPDX-License-Identifier: ISC */
/*
 * SIGNAL: a receipt (XEP-0184) or a typing state (XEP-0085). Runs in the
 * keeper, which alone decides who may learn by it that somebody is there:
 * contacts that were written to or decided about, by keys that were shown. The
 * content is the front's. What cannot be sent is dropped without a word.
 */
#include "signal.h"

#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "envelope.h"
#include "handlers.h"
#include "message.h"
#include "sessions.h"
#include "text.h"

struct asked { /* the request's fields */
	char jid[LIMIT_JID + 1];
	struct outbox o; /* record empty; text borrowed from the request */
	uint8_t about[HANDLE_SIZE];
};

int
signal_is(uint8_t kind)
{
	return kind == KIND_RECEIPT || kind == KIND_TYPING;
}

/* --- SIGNAL ------------------------------------------------------------------- */

static int
read_asked(struct reader *b, struct asked *q)
{
	size_t len;

	reader_cstring(b, q->jid, sizeof q->jid);
	reader_cstring(b, q->o.conversation, sizeof q->o.conversation);
	q->o.kind = reader_u8(b);
	reader_fixed(b, q->about, sizeof q->about);
	reader_cstring(b, q->o.id, sizeof q->o.id);
	q->o.text = reader_string(b, &len, LIMIT_SIGNAL);
	q->o.entry.len = (uint32_t)len;
	q->o.format = FORMAT_SCE_CONTENT;
	return reader_end(b);
}

static int
check_asked(const struct asked *q)
{
	const struct outbox *o = &q->o;

	if (!signal_is(o->kind))
		return ERR_UNSUPPORTED;
	if (!text_is_bare_jid(o->conversation) || !text_is_plain(o->id) ||
	    o->entry.len == 0 || !text_is_utf8(o->text, o->entry.len) ||
	    !envelope_is_xml(o->text, o->entry.len))
		return ERR_ARGUMENT;
	return 0;
}

/* Once for a message, whoever of its readers asks and however often it comes;
 * the mark goes with the receipt into one commit. */
static int
mark_receipt(
    struct txn *t, struct account *a, struct peer *p, const struct asked *q)
{
	struct indexed *e = index_find(&a->messages, q->about);
	struct message_record *m;
	const struct device *row;
	int err;

	if (e == NULL)
		return ERR_NOT_FOUND;
	if ((err = message_record_open(t, a, q->about, &m)) != 0)
		return err;
	row = peer_find_key(p, m->device, m->fingerprint);
	if (m->kind != KIND_CHAT || m->ns != NS_OMEMO2 ||
	    strcmp(m->sender, p->jid) != 0)
		err = ERR_ARGUMENT;
	else if (row == NULL || !device_is_reader(row))
		err = ERR_UNTRUSTED;
	else if (m->entry.fixed & RECEIPTED)
		err = ERR_EXISTS;
	if (err == 0) {
		m->entry.fixed |= SEEN | RECEIPTED;
		err = message_record_put(t, a, m);
	}
	if (err == 0)
		e->fixed = m->entry.fixed;
	message_record_release(m);
	return err;
}

static int
keep(struct request *r, struct txn *t, struct account *a, struct asked *q)
{
	struct outbox *o = &q->o;
	struct peer p;
	int err;

	if (a->outbox.n >= LIMIT_SIGNALS)
		return ERR_FULL;
	if (confirm_is_wanted(r, a))
		return ERR_CANCELLED; /* no question for this */
	if ((err = peer_open(t, a->jid, o->conversation, &p)) != 0)
		return err;
	if (p.own || !p.written)
		return ERR_UNTRUSTED;
	if ((err = outbox_name(t, a, o)) != 0 ||
	    (err = index_reserve(&a->outbox)) != 0)
		return err;
	if (index_find(&a->outbox, o->handle) != NULL)
		return ERR_EXISTS;
	o->entry.seq = account_seq(r->keeper);
	o->entry.time = clock_real();
	if ((err = outbox_put(t, a, o)) != 0)
		return err;
	if (o->kind == KIND_RECEIPT && (err = mark_receipt(t, a, &p, q)) != 0)
		return err;
	index_add(&a->outbox, &o->entry);
	return 0;
}

void
signal_message(struct request *r)
{
	struct asked *q = calloc(1, sizeof *q);
	struct account *a;
	struct txn *t;
	int err;

	if (q == NULL)
		err = ERR_MEMORY;
	else if ((err = read_asked(&r->body, q)) == 0)
		err = check_asked(q);
	if (err != 0) {
		request_fail(r, err, "signal");
	} else if ((a = request_account_sure(r, q->jid)) != NULL) {
		strlcpy(q->o.client, r->client->name, sizeof q->o.client);
		t = txn_begin(r->keeper->records);
		if ((err = keep(r, t, a, q)) != 0) {
			request_abort(r, t, err, "signal");
		} else {
			buffer_put(&r->reply, q->o.handle, HANDLE_SIZE);
			request_commit(r, t);
		}
	}
	free(q);
}

/* --- ENCRYPT ------------------------------------------------------------------ */

/* 1: it gets it; 0; or an error. */
static int
gets(struct txn *t, const struct account *a, const struct outbox *o,
    const struct peer *p, const struct device *d)
{
	struct session_key key = { a->jid, p->jid, NS_OMEMO2, d->id,
		a->device };
	struct omemo_session *s;
	int err;

	if (device_namespace(d) != NS_OMEMO2 || !device_is_reader(d) ||
	    device_is_unshown(d) || d->why == WHY_STALE ||
	    !(d->sessions & NAMESPACE(NS_OMEMO2)))
		return 0;
	if ((err = session_open(t, &key, &s)) != 0)
		return err;
	err = omemo_session_ready(s) &&
	    memcmp(omemo_session_peer(s), d->u, 32) == 0 &&
	    (o->kind == KIND_RECEIPT ||
		(d->heard != 0 &&
		    omemo_session_unanswered(s) < LIMIT_TYPING_CHAIN));
	omemo_session_free(s);
	return err;
}

int
signal_readers(struct txn *t, const struct account *a, const struct outbox *o,
    struct readers *rs)
{
	struct reading *v = &rs->v[0];
	uint64_t now = clock_real();
	size_t i, n = 0;
	int got;

	if (o->kind == KIND_TYPING &&
	    (now < o->entry.time || now - o->entry.time > LIMIT_TYPING_AGE))
		return ERR_NOT_FOUND;
	rs->n = 1; /* not the account's own */
	for (i = 0; i < v->peer.n; i++) {
		if ((got = gets(t, a, o, &v->peer, &v->peer.v[i])) < 0)
			return got;
		v->skipped[i] = !got;
		n += (size_t)got;
	}
	return n > 0 ? 0 : ERR_UNTRUSTED;
}

void
signal_drop(struct keeper *k, struct account *a, const uint8_t *handle)
{
	struct txn *t = txn_begin(k->records);

	if (txn_delete(t, RECORD_OUTBOX, a->jid, handle, HANDLE_SIZE) != 0) {
		txn_abort(t);
		return;
	}
	index_remove(&a->outbox, handle);
	keeper_commit(k, t);
}
