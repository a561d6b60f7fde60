/* SPDX-License-Identifier: ISC */
/*
 * From a handle to a stanza that the server has. Runs in xmpp-net; holds
 * ciphertext. The keeper says which lists and bundles it needs; all are
 * fetched at once, handed in, and ENCRYPT asked again. What it then gives is
 * always the same octets, so sending again is always safe.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "message.h"
#include "net.h"
#include "omemo_xml.h"
#include "pep.h"
#include "recent.h"
#include "room.h"
#include "stanza.h"

struct out {
	TAILQ_ENTRY(out) entry;
	struct net *net;
	uint8_t handle[HANDLE_SIZE];
	unsigned rounds;	 /* times that NEED was answered */
	unsigned pending;	 /* fetches on their way */
	int busy;		 /* a request or a fetch is on its way */
	uint64_t sent_at;	 /* loop_now() */
	size_t octets;		 /* of the stanza, once it was sent */
	const struct room *room; /* waited for; or, sent, for its reflection */
	int sent;
	struct timer *timer;
};

TAILQ_HEAD(outs, out);

struct outgoing_list {
	struct outs queue;
	unsigned n;
	struct recent recent;
};

static void out_encrypt(struct out *);

int
outgoing_new(struct net *net)
{
	if ((net->outgoing = calloc(1, sizeof(*net->outgoing))) == NULL)
		return ERR_MEMORY;
	TAILQ_INIT(&net->outgoing->queue);
	return 0;
}

static void
out_free(struct out *o)
{
	TAILQ_REMOVE(&o->net->outgoing->queue, o, entry);
	o->net->outgoing->n--;
	timer_cancel(o->timer);
	free(o);
}

/* --- the server has it ------------------------------------------------------------- */

static void
on_noted(void *arg, int err, struct reader *reply)
{
	(void)arg; /* not noted: it is sent again, the same octets */
	(void)err;
	(void)reply;
}

static void
on_ack(struct net *net, void *arg, int err)
{
	struct out *o = arg;

	if (err == 0) {
		buffer_put(keeper_body(net), o->handle, HANDLE_SIZE);
		keeper_request(net, M_SENT, on_noted, NULL);
	}
	out_free(o);
}

static void
out_fail(struct net *net, const uint8_t handle[HANDLE_SIZE], const char *reason,
    keeper_done *done, void *arg)
{
	struct buffer *b = keeper_body(net);

	buffer_put(b, handle, HANDLE_SIZE);
	buffer_put_cstring(b, reason);
	keeper_request(net, M_FAILED, done, arg);
}

/* --- ENCRYPT ------------------------------------------------------------------------- */

static void
on_retry(void *arg)
{
	struct out *o = arg;

	o->timer = NULL;
	out_encrypt(o);
}

static void
out_fetched(struct net *net, void *arg)
{
	struct out *o = arg;

	if (--o->pending > 0 || net->exiting)
		return;
	o->busy = 0;
	if (++o->rounds > NET_ROUNDS) {
		out_fail(net, o->handle,
		    "the keys of this contact cannot be had", on_noted, NULL);
		out_free(o);
		return;
	}
	out_encrypt(o);
}

/*
 * A room's message, whose room is not known to the keeper or not entered in
 * this connection: enter it. outgoing_room goes on. 0: it is so.
 */
static int
out_enter(struct out *o, const char *to)
{
	struct room *room = room_find(o->net, to);

	if (room != NULL && room->state == ROOM_IN)
		return 0;
	o->busy = 1;
	if (room == NULL || (room->state == ROOM_IDLE && !room->tried)) {
		room_join(o->net, to, "");
		room = room_find(o->net, to);
	} else if (room->state == ROOM_IDLE)
		room = NULL; /* it was left, or has refused us */
	if (room == NULL) {
		out_fail(o->net, o->handle, "the room is not joined", on_noted,
		    NULL);
		out_free(o);
	} else
		o->room = room;
	return 1;
}

void
outgoing_room(struct net *net, const struct room *room)
{
	struct out *o, *next;

	TAILQ_FOREACH_SAFE(o, &net->outgoing->queue, entry, next)
		if (o->room == room && (!o->sent || room->state == ROOM_IDLE)) {
			o->room = NULL;
			o->busy = o->sent = 0;
			out_encrypt(o);
		}
}

/* need:[ jid:s namespace:u8 device:u32 ], status NEED or not. */
static void
out_need(struct out *o, struct reader *r, int fetch)
{
	uint32_t n = reader_count(r, FRAME_MAX), device;
	char jid[LIMIT_JID + 1];
	uint8_t ns;

	o->pending = 1;
	o->busy = 1;
	for (; n > 0; n--) {
		reader_cstring(r, jid, sizeof(jid));
		ns = reader_u8(r);
		device = reader_u32(r);
		if (r->err != 0 || !fetch || ns >= DIALECTS)
			continue;
		o->pending++;
		if (device == 0)
			pep_fetch_list(o->net, ns, jid, out_fetched, o);
		else
			pep_fetch_bundle(
			    o->net, ns, jid, device, out_fetched, o);
	}
}

/* The server would close the stream at it. */
static void
out_too_big(struct out *o)
{
	char reason[LIMIT_REASON];

	snprintf(reason, sizeof(reason),
	    "too long: it takes %zu octets for all of its readers, and the "
	    "server takes no more than %zu",
	    o->octets, o->net->stanza_max);
	out_fail(o->net, o->handle, reason, on_noted, NULL);
	out_free(o);
}

static enum message_kind
shape_of(uint8_t kind)
{
	if (kind == KIND_TYPING)
		return MESSAGE_TYPING;
	if (kind == KIND_ROOM)
		return MESSAGE_ROOM;
	return kind == KIND_RECEIPT ? MESSAGE_EMPTY : MESSAGE_CHAT;
}

/* to:s kind:u8 id:s elements */
static void
out_done(struct out *o, struct reader *r)
{
	char to[LIMIT_JID + 1], id[LIMIT_STANZA_ID + 1];
	enum message_kind shape;
	xmpp_stanza_t *message;
	uint8_t kind;

	reader_cstring(r, to, sizeof(to));
	kind = reader_u8(r);
	shape = shape_of(kind);
	reader_cstring(r, id, sizeof(id));
	if (r->err == 0 && kind == KIND_ROOM && out_enter(o, to))
		return;
	if (r->err != 0 ||
	    (message = message_build(o->net, to, id, shape, r)) == NULL) {
		out_fail(
		    o->net, o->handle, "it cannot be built", on_noted, NULL);
		out_free(o);
		return;
	}
	o->octets = limits_measure(o->net, message);
	if (o->octets > o->net->stanza_max) {
		xmpp_stanza_release(message);
		out_too_big(o);
		return;
	}
	o->sent_at = loop_now();
	if (shape == MESSAGE_CHAT || shape == MESSAGE_ROOM)
		/* nobody is told of a signal's bounce */
		recent_add(&o->net->outgoing->recent, id, to, o->handle);
	if (kind == KIND_ROOM) { /* the room has it when it sends it back */
		o->busy = o->sent = 1;
		o->room = room_find(o->net, to);
		login_send(o->net, message);
	} else
		ack_send(o->net, message, on_ack, o);
}

/* to:s, and what follows of no use. */
static void
out_members(struct out *o, struct reader *r)
{
	char to[LIMIT_JID + 1];
	struct room *room;

	reader_cstring(r, to, sizeof(to));
	if (r->err != 0) {
		out_free(o);
	} else if (++o->rounds > NET_ROUNDS) {
		out_fail(o->net, o->handle, "the room cannot be had", on_noted,
		    NULL);
		out_free(o);
	} else if (!out_enter(o, to)) { /* the keeper wants it once more */
		room = room_find(o->net, to);
		o->busy = 1;
		o->room = room;
		room_check(room);
	}
}

static void
on_encrypted(void *arg, int err, struct reader *r)
{
	struct out *o = arg;
	struct reader rest;
	uint8_t status;

	o->busy = 0;
	if (err != 0 && keeper_may_retry(err)) {
		if (!o->net->exiting)
			o->timer = loop_timer(o->net->loop, 1000, on_retry, o);
		return;
	}
	if (err != 0) { /* the keeper has told the fronts why */
		out_free(o);
		return;
	}
	rest = *r; /* fetches reuse what the reply borrows from */
	status = reader_u8(&rest);
	if (status == ENCRYPT_DONE) {
		out_need(o, &rest, 0);
		out_done(o, &rest);
	} else if (status == ENCRYPT_NEED) {
		out_need(o, &rest, 1);
		out_fetched(o->net, o);
	} else if (status == ENCRYPT_MEMBERS) {
		out_need(o, &rest, 0);
		out_members(o, &rest);
	}
	/* ENCRYPT_WAIT: EVENT_READY comes when the readers were shown */
}

static void
out_encrypt(struct out *o)
{
	if (o->net->exiting)
		return;
	o->busy = 1;
	buffer_put(keeper_body(o->net), o->handle, HANDLE_SIZE);
	keeper_request(o->net, M_ENCRYPT, on_encrypted, o);
}

/* --- from outside ---------------------------------------------------------------------- */

static struct out *
outgoing_find(struct net *net, const uint8_t handle[HANDLE_SIZE])
{
	struct out *o;

	TAILQ_FOREACH(o, &net->outgoing->queue, entry)
		if (memcmp(o->handle, handle, HANDLE_SIZE) == 0)
			return o;
	return NULL;
}

void
outgoing_add(struct net *net, const uint8_t handle[HANDLE_SIZE])
{
	struct out *o = outgoing_find(net, handle);

	if (o != NULL) {
		outgoing_ready(net, handle);
		return;
	}
	if (net->outgoing->n == LIMIT_OUTBOX) {
		front_notice(net, "", "too many messages are being sent");
		return;
	}
	if ((o = calloc(1, sizeof(*o))) == NULL)
		abort();
	o->net = net;
	memcpy(o->handle, handle, HANDLE_SIZE);
	TAILQ_INSERT_TAIL(&net->outgoing->queue, o, entry);
	net->outgoing->n++;
	if (net->online)
		out_encrypt(o);
}

void
outgoing_ready(struct net *net, const uint8_t handle[HANDLE_SIZE])
{
	struct out *o = outgoing_find(net, handle);

	if (o != NULL && net->online && !o->busy && o->timer == NULL)
		out_encrypt(o);
}

void
outgoing_online(struct net *net)
{
	struct out *o, *next;

	TAILQ_FOREACH_SAFE(o, &net->outgoing->queue, entry, next)
		if (!o->busy)
			out_encrypt(o);
}

/*
 * A violation of the server's policy is most often a stanza over a limit that
 * it does not announce. Which one it was it does not say: the longest that it
 * has not acknowledged, unless each server must take that. What it says may be
 * lost, since it closes with octets of ours unread.
 */
void
outgoing_refused(struct net *net, int said)
{
	const struct out *o, *longest = NULL;

	TAILQ_FOREACH(o, &net->outgoing->queue, entry)
		if (o->octets > NET_STANZA_SURE &&
		    (said || loop_now() - o->sent_at < NET_STANZA_MS) &&
		    (longest == NULL || o->octets > longest->octets))
			longest = o;
	if (longest != NULL)
		front_too_big(net, longest->handle, longest->octets);
}

int
outgoing_bounced(struct net *net, xmpp_stanza_t *message)
{
	const char *from = xmpp_stanza_get_from(message);
	const char *id = xmpp_stanza_get_id(message);
	const struct recent_row *row;
	struct out *o;

	row = recent_find(&net->outgoing->recent, id, from);
	if (row == NULL)
		return 0;
	out_fail(net, row->handle, iq_condition(message), on_noted, NULL);
	if ((o = outgoing_find(net, row->handle)) != NULL && o->sent)
		out_free(o);
	front_notice(net, row->to, "message %s came back: %s", row->id,
	    iq_condition(message));
	return 1;
}

void
outgoing_reflected(struct net *net, const uint8_t handle[HANDLE_SIZE])
{
	struct out *o = outgoing_find(net, handle);

	buffer_put(keeper_body(net), handle, HANDLE_SIZE);
	keeper_request(net, M_SENT, on_noted, NULL);
	if (o != NULL)
		out_free(o);
}

int
outgoing_is_recent(struct net *net, const char *id, const char *from)
{
	return recent_find(&net->outgoing->recent, id, from) != NULL;
}
