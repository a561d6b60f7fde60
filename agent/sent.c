/* SPDX-License-Identifier: ISC */
/*
 * SENT and FAILED: what became of a composed message, as net says. Runs in
 * the keeper; a net that lies here loses or doubles a message of its own
 * account (every ratchet drops the double), which a server could do as well.
 */
#include "attach.h"
#include "handlers.h"
#include "outbox.h"
#include "siblings.h"
#include "signal.h"
#include "text.h"

void
outbox_event_sent(
    struct keeper *k, const struct account *a, const struct outbox *o)
{
	struct buffer b;

	buffer_init(&b, 8192);
	buffer_put_cstring(&b, a->jid);
	buffer_put(&b, o->handle, HANDLE_SIZE);
	buffer_put_cstring(&b, o->id);
	event_after(k, TO_FRONTS, a->jid, M_EVENT_SENT, &b);
	buffer_free(&b);
}

void
outbox_sent(struct request *r)
{
	char jid[LIMIT_JID + 1];
	uint8_t handle[HANDLE_SIZE];
	struct account *a;
	struct outbox *o = NULL;
	struct txn *t;
	int err, kept = 0;

	reader_cstring(&r->body, jid, sizeof jid);
	reader_fixed(&r->body, handle, sizeof handle);
	if ((err = reader_end(&r->body)) != 0) {
		request_fail(r, err, "sent");
		return;
	}
	if ((a = request_net(r, jid)) == NULL)
		return;
	t = txn_begin(r->keeper->records);
	err = outbox_open(t, a, handle, &o);
	if (err == 0 && !o->entry.fixed)
		err = ERR_ARGUMENT; /* it was never encrypted */
	if (err == 0)
		err = txn_delete(t, RECORD_OUTBOX, jid, handle, sizeof handle);
	if (err == 0 && !signal_is(o->kind) &&
	    (kept = siblings_keep(r->keeper, t, a, o)) < 0) {
		err = kept;
		r->keeper->accounts->stale = 1;
	}
	if (err != 0) {
		request_abort(r, t, err, "sent");
	} else {
		index_remove(&a->outbox, handle);
		keeper_commit(r->keeper, t);
		if (!signal_is(o->kind))
			outbox_event_sent(r->keeper, a, o);
		if (kept)
			event_handle(
			    r->keeper, TO_FRONTS, jid, M_EVENT_MESSAGE, handle);
		request_durable(r);
	}
	outbox_release(o);
}

void
outbox_failed(struct request *r)
{
	char jid[LIMIT_JID + 1], reason[LIMIT_REASON + 1];
	uint8_t handle[HANDLE_SIZE];
	const uint8_t *said;
	struct account *a;
	struct outbox *o;
	struct txn *t;
	size_t len;
	int err;

	reader_cstring(&r->body, jid, sizeof jid);
	reader_fixed(&r->body, handle, sizeof handle);
	said = reader_string(&r->body, &len, r->body.left);
	if ((err = reader_end(&r->body)) != 0) {
		request_fail(r, err, "failed");
		return;
	}
	text_soften(said, len, reason, sizeof reason);
	if ((a = request_net(r, jid)) == NULL)
		return;
	t = txn_begin(r->keeper->records);
	err = outbox_open(t, a, handle, &o);
	txn_abort(t);
	if (err != 0) {
		request_fail(r, err, "failed");
		return;
	}
	if (signal_is(o->kind))
		signal_drop(r->keeper, a, handle);
	else
		outbox_event_failed(r->keeper, a, o, 0, reason);
	outbox_release(o);
	request_durable(r);
}
