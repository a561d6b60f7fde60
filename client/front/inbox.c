/* SPDX-License-Identifier: ISC */
/*
 * What is shown: one message after the other, in the keeper's order. For each
 * WRITER, then (a key not shown yet) show it and ACKNOWLEDGE, then OPEN, show,
 * SHOWN. What comes in an envelope is read by the parser before it is shown.
 * Runs in the front; holds the text of one message.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../ipc/err.h"
#include "../common/fail.h"
#include "private.h"

static void next(struct front *);

void
inbox_init(struct front *front)
{
	memset(&front->inbox, 0, sizeof(front->inbox));
	STAILQ_INIT(&front->inbox.queue);
}

static void
drop_first(struct inbox *in)
{
	struct incoming *first = STAILQ_FIRST(&in->queue);

	STAILQ_REMOVE_HEAD(&in->queue, entry);
	in->count--;
	in->tries = 0;
	free(first);
}

void
inbox_clear(struct front *front)
{
	struct inbox *in = &front->inbox;

	while (!STAILQ_EMPTY(&in->queue))
		drop_first(in);
	timer_cancel(in->timer);
	in->timer = NULL;
	in->overflow = 0;
	in->asked = 0;
}

static void
on_timer(void *arg)
{
	struct front *front = arg;

	front->inbox.timer = NULL;
	next(front);
}

/*
 * The request about the first of the queue has failed: wait and try again, or
 * leave it (it stays in the keeper, and waits for the next run).
 */
static void
failed(struct front *front, int err)
{
	struct inbox *in = &front->inbox;

	if (STAILQ_EMPTY(&in->queue) || err == ERR_EOF || err == ERR_LOCKED)
		return;
	/* a limit of the identity's (xmpp-key constrain): it says when */
	if (err == ERR_BUSY && in->tries >= RETRY_TIMES) {
		if (in->tries++ == RETRY_TIMES)
			front->handler->notice(front->arg,
			    front->config.account,
			    fail_words(err, agent_error(front->agent)));
		in->timer = loop_timer(front->loop, BUSY_MS, on_timer, front);
		return;
	}
	if ((front_is_passing(err) || err == ERR_UNACKNOWLEDGED) &&
	    in->tries++ < RETRY_TIMES) {
		in->timer = loop_timer(front->loop, RETRY_MS, on_timer, front);
		return;
	}
	if (err != ERR_NOT_FOUND) /* expired, or discarded elsewhere */
		front->handler->notice(front->arg, front->config.account,
		    fail_words(err, agent_error(front->agent)));
	drop_first(in);
	next(front);
}

/* Is this reply still about the first of the queue? */
static int
resume(struct front *front)
{
	struct incoming *first;

	front->inbox.active = 0;
	first = STAILQ_FIRST(&front->inbox.queue);
	if (first != NULL && front->attached &&
	    memcmp(first->handle, front->inbox.current, HANDLE_SIZE) == 0)
		return 1;
	next(front);
	return 0;
}

static void
on_shown(void *arg, int err, struct reader *reply)
{
	struct front *front = arg;

	(void)reply;
	if (!resume(front))
		return;
	/* It is on the screen; if SHOWN was refused it is offered again. */
	if (front_is_passing(err) && front->inbox.tries++ < RETRY_TIMES) {
		failed(front, err);
		return;
	}
	drop_first(&front->inbox);
	next(front);
}

static void
shown(struct front *front)
{
	struct buffer b;

	front_body(front, &b, STAILQ_FIRST(&front->inbox.queue)->handle);
	front->inbox.active = 1;
	front_request(front, M_SHOWN, &b, on_shown, front);
}

static void
on_opened(void *arg, int err, struct reader *r)
{
	struct front *front = arg;
	struct front_message m = { 0 };

	if (!resume(front))
		return;
	if (err != 0) {
		failed(front, err);
		return;
	}
	m.format = reader_u8(r);
	m.text = reader_string(r, &m.len, LIMIT_ENVELOPE);
	reader_cstring(r, m.sender, sizeof(m.sender));
	reader_cstring(r, m.conversation, sizeof(m.conversation));
	m.kind = reader_u8(r);
	m.device = reader_u32(r);
	reader_fixed(r, m.fingerprint, sizeof(m.fingerprint));
	m.trust = reader_u8(r);
	m.bound = reader_u8(r);
	m.copy = reader_u8(r);
	m.ns = reader_u8(r);
	m.time = reader_u64(r);
	reader_cstring(r, m.id, sizeof(m.id));
	m.again = reader_u8(r);
	if (reader_end(r) != 0) {
		failed(front, ERR_MALFORMED);
		return;
	}
	if (m.format != FORMAT_BODY) {
		front->inbox.active = 1;
		front->inbox.opened = m;
		envelope_read(front, &m);
		return;
	}
	front->handler->show_message(front->arg, &m);
	shown(front);
}

/* Some servers keep a typing state for those who are away all the same. */
static int
is_just_now(uint64_t then)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return then + TYPING_S > (uint64_t)now.tv_sec;
}

/*
 * A receipt or a typing state: no message of its own, so it counts only where
 * a text of that key would be shown without a warning, and only when new.
 */
static void
tell_signals(struct front *front, const struct front_envelope *e)
{
	static const char *const words[] = {
		[TYPING_ACTIVE] = "active",
		[TYPING_COMPOSING] = "composing",
		[TYPING_PAUSED] = "paused",
		[TYPING_INACTIVE] = "inactive",
		[TYPING_GONE] = "gone",
	};
	const struct front_message *m = &front->inbox.opened;

	if (m->kind != KIND_CHAT || m->trust == TRUST_UNDECIDED ||
	    m->trust == TRUST_DISTRUSTED ||
	    strcmp(m->sender, front->config.account) == 0)
		return;
	if (e->received[0] != '\0' &&
	    outbox_is_recent(front, e->received, m->sender))
		front->handler->delivered(front->arg, e->received);
	if (e->state != TYPING_NONE && !e->has_body && m->copy == COPY_NONE &&
	    is_just_now(m->time) && e->state < sizeof(words) / sizeof(words[0]))
		front->handler->typing(front->arg, m->sender, words[e->state]);
}

void
inbox_envelope(
    struct front *front, const struct front_envelope *e, const char *why)
{
	struct front_message *m = &front->inbox.opened;
	char text[256];

	if (!resume(front))
		return;
	if (why == NULL)
		why = envelope_check(front, e, m);
	if (why != NULL) {
		snprintf(text, sizeof(text), "a message was dropped: %s", why);
		front->handler->notice(front->arg, m->sender, text);
	} else {
		if (e->opt_out)
			front->handler->opt_out(
			    front->arg, m->sender, e->reason);
		m->format = FORMAT_BODY;
		m->text = e->body;
		m->len = e->len;
		memcpy(m->replaces, e->replaces, sizeof(m->replaces));
		memcpy(m->reply_to, e->reply_to, sizeof(m->reply_to));
		tell_signals(front, e);
		if (e->has_body)
			front->handler->show_message(front->arg, m);
		if (e->has_body && e->asks) /* no receipt for a receipt */
			signal_receipt(front,
			    STAILQ_FIRST(&front->inbox.queue)->handle, m);
	}
	m->text = NULL;
	shown(front);
}

static void
on_writer(void *arg, int err, struct reader *r)
{
	struct front *front = arg;
	struct front_key *key = &front->inbox.writer;
	struct buffer b;
	int shown;

	if (!resume(front))
		return;
	if (err != 0) {
		failed(front, err);
		return;
	}
	reader_cstring(r, key->peer, sizeof(key->peer));
	key->device = reader_u32(r);
	reader_fixed(r, key->fingerprint, sizeof(key->fingerprint));
	key->trust = reader_u8(r);
	key->why = reader_u8(r);
	shown = reader_u8(r);
	reader_cstring(r, key->room, sizeof(key->room));
	if (reader_end(r) != 0) {
		failed(front, ERR_MALFORMED);
		return;
	}
	if (!shown) {
		front->handler->show_writer(front->arg, key);
		front_acknowledge(front, key, ROLE_WRITER);
	}
	/* Requests of one connection are handled in their order. */
	front_body(front, &b, STAILQ_FIRST(&front->inbox.queue)->handle);
	front->inbox.active = 1;
	front_request(front, M_OPEN, &b, on_opened, front);
}

static void
on_waiting(void *arg, int err, struct reader *r)
{
	struct front *front = arg;
	uint8_t handle[HANDLE_SIZE];
	uint32_t n;

	if (err != 0) {
		front->inbox.asked = 0;
		front->inbox.overflow = err != ERR_EOF && err != ERR_LOCKED;
		if (front->inbox.overflow && front->inbox.timer == NULL)
			front->inbox.timer =
			    loop_timer(front->loop, RETRY_MS, on_timer, front);
		return;
	}
	front->inbox.asked = 2;
	n = reader_count(r, LIMIT_WAITING);
	for (uint32_t i = 0; i < n && r->err == 0; i++) {
		reader_fixed(r, handle, sizeof(handle));
		if (r->err == 0)
			inbox_add(front, handle);
	}
	front->handler->progress(front->arg);
}

void
inbox_ask(struct front *front)
{
	struct buffer b;

	if (!front->config.reads) {
		front->inbox.asked = 2;
		front->handler->progress(front->arg);
		return;
	}
	front->inbox.asked = 1;
	front_body(front, &b, NULL);
	front_request(front, M_WAITING, &b, on_waiting, front);
}

static void
next(struct front *front)
{
	struct inbox *in = &front->inbox;
	struct incoming *first = STAILQ_FIRST(&in->queue);
	struct buffer b;

	if (in->active || in->timer != NULL || !front->attached)
		return;
	if (first == NULL) {
		if (in->overflow) {
			in->overflow = 0;
			inbox_ask(front);
		}
		front->handler->progress(front->arg);
		return;
	}
	front_body(front, &b, first->handle);
	in->active = 1;
	memcpy(in->current, first->handle, HANDLE_SIZE);
	front_request(front, M_WRITER, &b, on_writer, front);
}

void
inbox_add(struct front *front, const uint8_t handle[HANDLE_SIZE])
{
	struct inbox *in = &front->inbox;
	struct incoming *item;

	if (!front->config.reads)
		return;
	STAILQ_FOREACH(item, &in->queue, entry)
	if (memcmp(item->handle, handle, HANDLE_SIZE) == 0)
		return;
	item = in->count < INBOX_MAX ? calloc(1, sizeof(*item)) : NULL;
	if (item == NULL) {
		in->overflow = 1;
		return;
	}
	memcpy(item->handle, handle, HANDLE_SIZE);
	STAILQ_INSERT_TAIL(&in->queue, item, entry);
	in->count++;
	next(front);
}

int
front_shown_all(const struct front *front)
{
	const struct inbox *in = &front->inbox;

	return front->attached && in->asked == 2 && !in->active &&
	    STAILQ_EMPTY(&in->queue) && !in->overflow;
}
