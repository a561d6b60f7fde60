/* SPDX-License-Identifier: ISC */
/*
 * The front's two connections. Runs in the front process of xmpp-chat and
 * xmpp-send, filtered: no exec, no network, no file. Holds the text that its
 * user reads and writes. Trusts the keeper; from its net it takes handles,
 * ids and words, never text or a decision.
 */
#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>

#include "../../ipc/err.h"
#include "../common/fail.h"
#include "private.h"
#include "starter.h"

static void on_event(void *, uint8_t, struct reader *);
static void on_closed(void *, int);
static void attach(struct front *);
static void begin(void *);

void
front_body(const struct front *front, struct buffer *b,
    const uint8_t handle[HANDLE_SIZE])
{
	buffer_init(b, FRAME_MAX);
	buffer_put_cstring(b, front->config.account);
	if (handle != NULL)
		buffer_put(b, handle, HANDLE_SIZE);
}

void
front_request(struct front *front, uint8_t type, struct buffer *b,
    void (*done)(void *arg, int err, struct reader *reply), void *arg)
{
	int err = b->err;

	if (err == 0 && front->agent != NULL)
		err = agent_request(front->agent, type, b, done, arg);
	else if (err == 0)
		err = ERR_EOF;
	buffer_free(b);
	if (err != 0)
		done(arg, err, NULL);
}

void
front_ignore(void *arg, int err, struct reader *reply)
{
	(void)arg;
	(void)err;
	(void)reply;
}

int
front_is_passing(int err)
{
	return err == ERR_BUSY || err == ERR_RETRY;
}

void
front_acknowledge(
    struct front *front, const struct front_key *key, uint8_t role)
{
	struct buffer b;

	front_body(front, &b, NULL);
	buffer_put_cstring(&b, key->peer);
	buffer_put(&b, key->fingerprint, FINGERPRINT_SIZE);
	buffer_put_u8(&b, role);
	buffer_put_cstring(&b, key->room);
	front_request(front, M_ACKNOWLEDGE, &b, front_ignore, NULL);
}

/* --- the agent ------------------------------------------------------------ */

static void
on_attached(void *arg, int err, struct reader *reply)
{
	struct front *front = arg;

	(void)reply;
	if (err == 0) {
		front->attached = 1;
		inbox_ask(front);
		outbox_attached(front);
		if (front->online)
			signals_online(front);
	} else if (err == ERR_NOT_FOUND || err == ERR_ACCOUNT) {
		fail(front->config.account,
		    "no such account in the agent; make it with: xmpp-key "
		    "create %s",
		    front->config.account);
		front->handler->gone(front->arg, REFUSED);
	} else if (err == ERR_LOCKED) { /* UNLOCKED will come */
		front->handler->locked(front->arg, 1);
	} else if (err != ERR_EOF) {
		/* EOF: closed() has been called */
		front->handler->gone(front->arg,
		    fail_agent(
			front->config.account, err, agent_error(front->agent)));
	}
}

static void
attach(struct front *front)
{
	struct buffer b;

	front_body(front, &b, NULL);
	front_request(front, M_ATTACH_FRONT, &b, on_attached, front);
}

static void
set_locked(struct front *front, int locked)
{
	front->attached = 0;
	if (locked)
		inbox_clear(front);
	front->handler->locked(front->arg, locked);
	if (!locked)
		attach(front);
}

static void
on_event(void *arg, uint8_t type, struct reader *body)
{
	struct front *front = arg;
	char account[JID_SIZE];
	uint8_t handle[HANDLE_SIZE];

	if (type == M_EVENT_LOCKED || type == M_EVENT_UNLOCKED) {
		begin(front);
		set_locked(front, type == M_EVENT_LOCKED);
		return;
	}
	if (type != M_EVENT_MESSAGE && type != M_EVENT_READERS &&
	    type != M_EVENT_SENT && type != M_EVENT_FAILED)
		return; /* from a later version */
	reader_cstring(body, account, sizeof(account));
	if (body->err != 0 || strcmp(account, front->config.account) != 0)
		return;
	if (type == M_EVENT_SENT) {
		outbox_sent(front, body);
	} else if (type == M_EVENT_FAILED) {
		outbox_failed(front, body);
	} else {
		reader_fixed(body, handle, sizeof(handle));
		if (reader_end(body) != 0)
			return;
		if (type == M_EVENT_MESSAGE)
			inbox_add(front, handle);
		else
			outbox_readers(front, handle);
	}
}

static void
on_closed(void *arg, int err)
{
	struct front *front = arg;
	struct agent *agent = front->agent;

	(void)err;
	front->agent = NULL;
	front->attached = 0;
	inbox_clear(front);
	outbox_gone(front);
	agent_free(agent);
	front->handler->gone(front->arg, FRONT_AGENT_GONE);
}

/* --- the net -------------------------------------------------------------- */

static void
on_offline(struct front *front, struct reader *body)
{
	char reason[1024];
	int fatal;

	reader_cstring(body, reason, sizeof(reason));
	fatal = reader_u8(body);
	if (reader_end(body) != 0)
		return;
	front->online = 0;
	front->handler->offline(front->arg, reason, fatal != 0);
}

static void
on_words(struct front *front, uint8_t type, struct reader *body)
{
	char from[JID_SIZE], text[JID_SIZE] = "";

	reader_cstring(body, from, sizeof(from));
	if (type == M_NET_NOTICE || type == M_NET_UNENCRYPTED)
		reader_cstring(body, text, sizeof(text));
	if (reader_end(body) != 0)
		return;
	if (type == M_NET_ONLINE) {
		front->online = 1;
		front->handler->online(front->arg, from);
		rooms_online(front);
		outbox_online(front);
		signals_online(front);
	} else if (type == M_NET_DELIVERED) {
		front->handler->delivered(front->arg, from);
	} else if (type == M_NET_UNENCRYPTED) {
		clear_came(front, from, text);
	} else
		front->handler->notice(front->arg, from, text);
}

/* An ill slot is dropped like an ill packet; what is in a good one is checked
 * once more where it is used. */
static void
on_slot(struct front *front, struct reader *body)
{
	char values[CONNECTION_PACKET_MAX], *value = values;
	struct front_slot slot = { 0 };
	char put[URL_SIZE], get[URL_SIZE];
	const char *why;

	reader_cstring(body, put, sizeof(put));
	reader_cstring(body, get, sizeof(get));
	slot.headers.n = reader_count(body, URL_HEADERS);
	for (size_t i = 0; i < slot.headers.n && body->err == 0; i++) {
		reader_cstring(body, slot.headers.v[i].name,
		    sizeof(slot.headers.v[i].name));
		reader_cstring(
		    body, value, sizeof(values) - (size_t)(value - values));
		slot.headers.v[i].value = value;
		value += strlen(value) + 1;
	}
	if (reader_end(body) == 0 && url_read(put, &slot.put, &why) == 0 &&
	    url_read(get, &slot.get, &why) == 0 && front->handler->slot != NULL)
		front->handler->slot(front->arg, &slot);
}

static void
on_no_slot(struct front *front, struct reader *body)
{
	char reason[1024];

	reader_cstring(body, reason, sizeof(reason));
	if (reader_end(body) == 0 && front->handler->no_slot != NULL)
		front->handler->no_slot(front->arg, reason);
}

void
front_slot_ask(struct front *front, const char *name, uint64_t size)
{
	struct buffer b;

	buffer_init(&b, FRAME_MAX);
	buffer_put_cstring(&b, name);
	buffer_put_u64(&b, size);
	if (front->link != NULL && b.err == 0)
		connection_send(front->link, M_FRONT_SLOT, 0, b.data, b.len);
	buffer_free(&b);
}

static void
on_caught_up(struct front *front, struct reader *body)
{
	char room[JID_SIZE];

	reader_cstring(body, room, sizeof(room));
	if (reader_end(body) != 0)
		return;
	if (room[0] == '\0')
		front->handler->caught_up(front->arg);
	else if (front->handler->rooms != NULL)
		front->handler->rooms->caught_up(front->arg, room);
}

static int
on_packet(void *arg, struct frame *f)
{
	struct front *front = arg;
	const struct message *m = message_find(LINK_FRONT, f->type);

	/* Net has parsed the network: an ill packet is dropped, not followed.
	 * The link itself outlives this net. */
	if (m == NULL ||
	    message_check(m->request, f->body.p, f->body.left) != 0)
		return 0;
	switch (f->type) {
	case M_NET_OFFLINE:
		on_offline(front, &f->body);
		break;
	case M_NET_SLOT:
		on_slot(front, &f->body);
		break;
	case M_NET_NO_SLOT:
		on_no_slot(front, &f->body);
		break;
	case M_NET_TOO_BIG:
		outbox_too_big(front, &f->body);
		break;
	case M_NET_CAUGHT_UP:
		on_caught_up(front, &f->body);
		break;
	case M_NET_JOINED:
	case M_NET_LEFT:
	case M_NET_MEMBER:
	case M_NET_SERVICE:
		rooms_packet(front, f->type, &f->body);
		break;
	case M_NET_ONLINE:
	case M_NET_DELIVERED:
	case M_NET_UNENCRYPTED:
	case M_NET_NOTICE:
		on_words(front, f->type, &f->body);
		break;
	default:
		break;
	}
	return 0;
}

static void
on_link_closed(void *arg, int err)
{
	struct front *front = arg;

	(void)err;
	front->link = NULL; /* the starter has gone */
	front->online = 0;
	front->handler->gone(front->arg, REFUSED);
}

/* --- life ----------------------------------------------------------------- */

static int
open_connections(struct front *front, int *code)
{
	static const struct agent_handler agent_handler = {
		.event = on_event,
		.closed = on_closed,
	};
	static const struct connection_handler link_handler = {
		.frame = on_packet,
		.closed = on_link_closed,
	};
	int err = 0;

	*code = FRONT_AGENT_GONE;
	front->agent = agent_new(FRONT_FD_AGENT, &err);
	if (front->agent == NULL)
		return err;
	err = agent_restrict(front->agent, RIGHT_INFO | RIGHT_TEXT,
	    front->config.name, front->config.account);
	if (err != 0) {
		*code = fail_agent(
		    front->config.account, err, agent_error(front->agent));
		return err;
	}
	*code = REFUSED;
	front->locked_first = agent_is_locked(front->agent);
	front->link = connection_new_packets(
	    front->loop, FRONT_FD_LINK, &link_handler, front);
	if (front->link == NULL ||
	    (front->config.reads && envelopes_open(front, FRONT_FD_SCE) != 0))
		return ERR_MEMORY;
	return agent_attach(front->agent, front->loop, &agent_handler, front);
}

static void
begin(void *arg)
{
	struct front *front = arg;

	if (front->agent == NULL || front->begun)
		return;
	front->begun = 1;
	if (front->locked_first)
		front->handler->locked(front->arg, 1);
	else
		attach(front);
}

struct front *
front_new(struct loop *loop, const struct front_config *config,
    const struct front_handler *handler, void *arg, int *code)
{
	struct front *front = calloc(1, sizeof(*front));

	*code = REFUSED;
	if (front == NULL)
		return NULL;
	front->loop = loop;
	front->config = *config;
	front->handler = handler;
	front->arg = arg;
	inbox_init(front);
	outbox_init(front);
	/* The caller has its own pointer before anything is called back. */
	if (open_connections(front, code) != 0 ||
	    loop_timer(loop, 0, begin, front) == NULL) {
		front_free(front);
		return NULL;
	}
	return front;
}

/* Straight to the socket: the loop may not turn again. */
static void
say_quit(struct front *front)
{
	struct buffer b;
	size_t at;

	buffer_init(&b, FRAME_MAX);
	at = frame_begin(&b, M_FRONT_QUIT, 0);
	if (frame_end(&b, at) == 0)
		send(connection_fd(front->link), b.data, b.len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	buffer_free(&b);
}

void
front_free(struct front *front)
{
	if (front == NULL)
		return;
	inbox_clear(front);
	outbox_free(front);
	if (front->link != NULL) {
		say_quit(front);
		connection_free(front->link);
	}
	envelopes_free(front);
	agent_free(front->agent);
	free(front);
}
