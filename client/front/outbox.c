/* SPDX-License-Identifier: ISC */
/*
 * What is sent: composed at the keeper, handed to the net as a handle, known
 * here until the server has acknowledged it. Runs in the front; holds the
 * text until the keeper has it.
 */
#include <sys/random.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "../../ipc/err.h"
#include "../common/fail.h"
#include "private.h"

#define READERS_MAX 4096 /* rows of one READERS reply */

static void compose_some(struct front *);

void
outbox_init(struct front *front)
{
	memset(&front->outbox, 0, sizeof(front->outbox));
	TAILQ_INIT(&front->outbox.list);
}

static void
drop(struct front *front, struct outgoing *out)
{
	TAILQ_REMOVE(&front->outbox.list, out, entry);
	front->outbox.count--;
	buffer_free(&out->body);
	free(out->to);
	free(out);
}

void
outbox_free(struct front *front)
{
	struct outgoing *out;

	while ((out = TAILQ_FIRST(&front->outbox.list)) != NULL)
		drop(front, out);
	timer_cancel(front->outbox.timer);
	front->outbox.timer = NULL;
}

static struct outgoing *
find(struct front *front, const uint8_t handle[HANDLE_SIZE])
{
	struct outgoing *out;

	TAILQ_FOREACH(out, &front->outbox.list, entry)
		if (out->state == OUT_COMPOSED &&
		    memcmp(out->handle, handle, HANDLE_SIZE) == 0)
			return out;
	return NULL;
}

static void
on_discarded(void *arg, int err, struct reader *reply)
{
	struct front *front = arg;

	(void)err; /* NOT_FOUND: it went with its failure */
	(void)reply;
	front->outbox.discarding--;
	front->handler->progress(front->arg);
}

static void
discard(struct front *front, const uint8_t handle[HANDLE_SIZE])
{
	struct buffer b;

	front_body(front, &b, handle);
	front->outbox.discarding++;
	front_request(front, M_DISCARD, &b, on_discarded, front);
}

/* It will not be sent. */
static void
give_up(struct front *front, struct outgoing *out, const char *reason)
{
	if (out->state == OUT_COMPOSED)
		discard(front, out->handle);
	front->handler->failed(front->arg, out->id, reason);
	if (out->state == OUT_COMPOSING)
		out->dropped = 1; /* on_composed still has it */
	else
		drop(front, out);
}

static void
hand_to_net(struct front *front, const struct outgoing *out)
{
	if (front->online && front->link != NULL && out->state == OUT_COMPOSED)
		connection_send(
		    front->link, M_FRONT_SEND, 0, out->handle, HANDLE_SIZE);
}

/* --- composing ------------------------------------------------------------ */

static void
on_timer(void *arg)
{
	struct front *front = arg;

	front->outbox.timer = NULL;
	compose_some(front);
}

static void
compose_later(struct front *front)
{
	if (front->outbox.timer == NULL)
		front->outbox.timer =
		    loop_timer(front->loop, RETRY_MS, on_timer, front);
}

static void
on_compose_error(struct front *front, struct outgoing *out, int err)
{
	if (err == ERR_EOF)
		return;	       /* gone() reports all that is left */
	if (err == ERR_LOCKED) /* compose_some begins again when unlocked */
		return;
	if (front_is_passing(err) && out->tries++ < RETRY_TIMES) {
		compose_later(front);
		return;
	}
	give_up(front, out, fail_words(err, agent_error(front->agent)));
}

static void
on_composed(void *arg, int err, struct reader *reply)
{
	struct outgoing *out = arg;
	struct front *front = out->front;

	front->outbox.composing--;
	out->state = OUT_QUEUED;
	if (err == 0) {
		reader_fixed(reply, out->handle, sizeof(out->handle));
		out->state = OUT_COMPOSED;
		buffer_free(&out->body);
	}
	if (out->dropped) {
		if (err == 0)
			discard(front, out->handle);
		drop(front, out);
	} else if (err != 0) {
		on_compose_error(front, out, err);
	} else
		hand_to_net(front, out);
	if (err == 0)
		compose_some(front);
	front->handler->progress(front->arg);
}

static void
compose(struct front *front, struct outgoing *out)
{
	int err;

	out->state = OUT_COMPOSING;
	front->outbox.composing++;
	err = agent_request(
	    front->agent, M_COMPOSE, &out->body, on_composed, out);
	if (err == 0)
		return;
	front->outbox.composing--;
	out->state = OUT_QUEUED;
	if (front_is_passing(err))
		compose_later(front);
	else if (err != ERR_EOF)
		give_up(front, out, err_text(err));
}

static void
compose_some(struct front *front)
{
	struct outgoing *out, *after;

	TAILQ_FOREACH_SAFE(out, &front->outbox.list, entry, after) {
		if (!front->attached || front->agent == NULL ||
		    front->outbox.composing >= COMPOSE_MAX ||
		    front->outbox.timer != NULL)
			break;
		if (out->state == OUT_QUEUED && !out->unknown)
			compose(front, out);
	}
}

static struct outgoing *
add(struct front *front, const char *to)
{
	struct outgoing *out;

	if (front->outbox.count >= OUTBOX_MAX)
		return NULL;
	out = calloc(1, sizeof(*out));
	if (out == NULL || (out->to = strdup(to)) == NULL) {
		free(out);
		return NULL;
	}
	out->front = front;
	buffer_init(&out->body, FRAME_MAX);
	TAILQ_INSERT_TAIL(&front->outbox.list, out, entry);
	front->outbox.count++;
	return out;
}

static void
remember(struct front *front, const char *id, const char *to)
{
	struct outbox *box = &front->outbox;
	struct recent *recent = &box->recent[box->recent_at];

	strlcpy(recent->id, id, sizeof(recent->id));
	strlcpy(recent->to, to, sizeof(recent->to));
	box->recent_at = (box->recent_at + 1) % RECENT_MAX;
}

int
outbox_is_recent(const struct front *front, const char *id, const char *to)
{
	const struct recent *recent = front->outbox.recent;

	for (size_t i = 0; i < RECENT_MAX; i++)
		if (recent[i].id[0] != '\0' && strcmp(recent[i].id, id) == 0 &&
		    strcmp(recent[i].to, to) == 0)
			return 1;
	return 0;
}

/* The body of a COMPOSE up to its kind, which may not be known yet. */
static void
put_conversation(struct front *front, struct outgoing *out)
{
	enum front_kind kind = front_kind(front, out->to);

	buffer_put_cstring(&out->body, front->config.account);
	buffer_put_cstring(&out->body, out->to);
	out->kind_at = out->body.len;
	out->unknown = kind == FRONT_UNKNOWN;
	buffer_put_u8(&out->body, kind == FRONT_ROOM ? KIND_ROOM : KIND_CHAT);
}

void
outbox_known(struct front *front)
{
	struct outgoing *out;
	enum front_kind kind;

	TAILQ_FOREACH(out, &front->outbox.list, entry) {
		if (!out->unknown)
			continue;
		kind = front_kind(front, out->to);
		out->unknown = kind == FRONT_UNKNOWN;
		out->body.data[out->kind_at] =
		    kind == FRONT_ROOM ? KIND_ROOM : KIND_CHAT;
	}
	compose_some(front);
}

int
outbox_draw_id(char id[static FRONT_ID])
{
	uint8_t random[(FRONT_ID - 1) / 2];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return ERR_SYSTEM;
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(id + 2 * i, 3, "%02x", random[i]);
	return 0;
}

static int
send_part(struct front *front, const char *to, uint8_t format, const void *text,
    size_t len, char id[static FRONT_ID])
{
	struct outgoing *out;
	int err;

	if (len > LIMIT_TEXT)
		return ERR_TOO_LONG;
	if ((err = outbox_draw_id(id)) != 0)
		return err;
	out = add(front, to);
	if (out == NULL)
		return ERR_FULL;
	memcpy(out->id, id, FRONT_ID);
	put_conversation(front, out);
	buffer_put_cstring(&out->body, id);
	buffer_put_u32(&out->body, 1);
	buffer_put_u8(&out->body, format);
	buffer_put_string(&out->body, text, len);
	err = out->body.err;
	if (err != 0)
		drop(front, out);
	else {
		remember(front, id, to);
		compose_some(front);
	}
	return err;
}

int
front_send(struct front *front, const char *to, const void *text, size_t len,
    char id[static FRONT_ID])
{
	return send_part(front, to, FORMAT_BODY, text, len, id);
}

int
front_send_about(struct front *front, const char *to, enum front_about about,
    const char *that, const void *text, size_t len, char id[static FRONT_ID])
{
	struct buffer b;
	int err;

	buffer_init(&b, LIMIT_TEXT);
	content_write(&b, about, that, text, len);
	err = b.err != 0
	    ? ERR_TOO_LONG
	    : send_part(front, to, FORMAT_SCE_CONTENT, b.data, b.len, id);
	buffer_free(&b);
	return err;
}

/* --- what the keeper says ------------------------------------------------- */

static int
is_known(struct front *front, const char *id)
{
	struct outgoing *out;

	TAILQ_FOREACH(out, &front->outbox.list, entry)
		if (strcmp(out->id, id) == 0)
			return 1;
	return 0;
}

static void
on_outbox(void *arg, int err, struct reader *r)
{
	struct front *front = arg;
	struct outgoing *out;
	uint8_t handle[HANDLE_SIZE];
	char id[LIMIT_STANZA_ID + 1], to[JID_SIZE];
	uint32_t n = err == 0 ? reader_count(r, LIMIT_OUTBOX) : 0;

	for (uint32_t i = 0; i < n && r->err == 0; i++) {
		uint8_t kind;

		reader_fixed(r, handle, sizeof(handle));
		reader_cstring(r, to, sizeof(to));
		kind = reader_u8(r);
		reader_cstring(r, id, sizeof(id));
		reader_u8(r); /* fixed */
		if (r->err != 0 || is_known(front, id) ||
		    kind == KIND_RECEIPT || kind == KIND_TYPING)
			continue; /* those are signal.c's */
		out = add(front, to);
		if (out == NULL)
			break;
		memcpy(out->id, id, sizeof(id));
		memcpy(out->handle, handle, sizeof(handle));
		out->state = OUT_COMPOSED;
		hand_to_net(front, out);
	}
	front->handler->progress(front->arg);
}

/* What an earlier run has left; a message whose COMPOSE was answered just now
 * is in the list already. */
static void
ask_outbox(struct front *front)
{
	struct buffer b;

	if (!front->config.resumes || front->outbox.composing > 0)
		return;
	front_body(front, &b, NULL);
	front_request(front, M_OUTBOX, &b, on_outbox, front);
}

void
outbox_attached(struct front *front)
{
	ask_outbox(front);
	compose_some(front);
}

void
outbox_online(struct front *front)
{
	struct outgoing *out;

	TAILQ_FOREACH(out, &front->outbox.list, entry)
		hand_to_net(front, out);
}

static void
show_readers(struct front *front, const char *to, struct reader *r)
{
	struct front_key key;
	uint32_t n = reader_count(r, READERS_MAX);

	for (uint32_t i = 0; i < n; i++) {
		reader_cstring(r, key.peer, sizeof(key.peer));
		key.device = reader_u32(r);
		reader_fixed(r, key.fingerprint, sizeof(key.fingerprint));
		key.trust = reader_u8(r);
		key.why = reader_u8(r);
		if (r->err != 0)
			return;
		strlcpy(key.room, key.why == WHY_NEW_MEMBER ? to : "",
		    sizeof(key.room));
		front->handler->show_reader(front->arg, &key);
		front_acknowledge(front, &key, ROLE_READER);
	}
}

struct asking { /* READERS until its answer */
	struct front *front;
	uint8_t handle[HANDLE_SIZE];
	char to[JID_SIZE]; /* "": another front has composed it */
	unsigned tries;
};

static void ask_readers(void *);

static void
on_readers(void *arg, int err, struct reader *reply)
{
	struct asking *asking = arg;
	struct front *front = asking->front;

	if (front_is_passing(err) && asking->tries++ < RETRY_TIMES &&
	    loop_timer(front->loop, RETRY_MS, ask_readers, asking) != NULL)
		return;
	if (err == 0)
		show_readers(front, asking->to, reply);
	else if (err != ERR_NOT_FOUND && err != ERR_EOF && err != ERR_LOCKED)
		front->handler->notice(front->arg, front->config.account,
		    fail_words(err, agent_error(front->agent)));
	free(asking);
	if (err == 0)
		front->handler->progress(front->arg);
}

static void
ask_readers(void *arg)
{
	struct asking *asking = arg;
	struct buffer b;

	front_body(asking->front, &b, asking->handle);
	front_request(asking->front, M_READERS, &b, on_readers, asking);
}

void
outbox_readers(struct front *front, const uint8_t handle[HANDLE_SIZE])
{
	struct asking *asking = calloc(1, sizeof(*asking));
	const struct outgoing *out = find(front, handle);

	if (asking == NULL)
		return;
	if (out != NULL)
		strlcpy(asking->to, out->to, sizeof(asking->to));
	asking->front = front;
	memcpy(asking->handle, handle, HANDLE_SIZE);
	ask_readers(asking);
}

void
outbox_sent(struct front *front, struct reader *r)
{
	uint8_t handle[HANDLE_SIZE];
	struct outgoing *out;

	reader_fixed(r, handle, sizeof(handle));
	out = find(front, handle);
	if (out == NULL) /* another front's */
		return;
	front->handler->sent(front->arg, out->id);
	drop(front, out);
	front->handler->progress(front->arg);
}

void
outbox_failed(struct front *front, struct reader *r)
{
	uint8_t handle[HANDLE_SIZE];
	char id[LIMIT_STANZA_ID + 1], reason[1024];
	struct outgoing *out;
	uint32_t code;

	reader_fixed(r, handle, sizeof(handle));
	reader_cstring(r, id, sizeof(id));
	code = reader_u32(r);
	reader_cstring(r, reason, sizeof(reason));
	if (reader_end(r) != 0)
		return;
	out = find(front, handle);
	if (out == NULL)
		return;
	give_up(front, out, reason[0] != '\0' ? reason : err_text(-(int)code));
	front->handler->progress(front->arg);
}

void
outbox_too_big(struct front *front, struct reader *r)
{
	uint8_t handle[HANDLE_SIZE];
	char reason[160];
	struct outgoing *out;
	uint64_t octets;

	reader_fixed(r, handle, sizeof(handle));
	octets = reader_u64(r);
	out = find(front, handle);
	if (out == NULL || ++out->refusals < REFUSALS)
		return;
	snprintf(reason, sizeof(reason),
	    "too long, as it seems: the server has closed the connection twice "
	    "at this message of %" PRIu64 " octets",
	    octets);
	give_up(front, out, reason);
	front->handler->progress(front->arg);
}

void
front_discard_all(struct front *front, const char *reason)
{
	struct outgoing *out, *after;

	TAILQ_FOREACH_SAFE(out, &front->outbox.list, entry, after)
		if (!out->dropped)
			give_up(front, out, reason);
	/* what was never composed is gone without an answer of the keeper's */
	front->handler->progress(front->arg);
}

void
outbox_gone(struct front *front)
{
	struct outgoing *out, *after;

	TAILQ_FOREACH_SAFE(out, &front->outbox.list, entry, after)
		if (!out->dropped && out->state != OUT_COMPOSED)
			give_up(front, out,
			    "the agent ended before it had the message");
}

size_t
front_unsent(const struct front *front)
{
	return front->outbox.count + front->outbox.discarding;
}
