/* SPDX-License-Identifier: ISC */
/*
 * All of xmpp-net but its stream, for tests of what it makes of a server's
 * stanzas: what it would send is kept (login_send is wrapped at link time),
 * and this process holds the other ends of its links to keeper and front.
 */
#ifndef TESTS_UNIT_NET_WORLD_H
#define TESTS_UNIT_NET_WORLD_H

#include <sys/socket.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../client/net/net.h"
#include "../../client/net/room.h"
#include "../../client/net/stanza.h"
#include "../../ipc/frame.h"
#include "check.h"

#define OWN  "juliet@capulet.lit"
#define FULL OWN "/balcony"
#define SENT 512

static struct net net;

static struct {
	int keeper, front;
	struct buffer in; /* from the net to the keeper, not yet looked at */
	size_t n;
	char *sent[SENT]; /* what it has sent, as XML */
} world;

void __wrap_login_send(struct net *, xmpp_stanza_t *);
/* A net's process just ends: what it had is no leak. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

void
__wrap_login_send(struct net *n, xmpp_stanza_t *stanza)
{
	char *text;
	size_t len;

	assert_true(world.n < SENT);
	assert_int_equal(xmpp_stanza_to_text(stanza, &text, &len), 0);
	world.sent[world.n++] = strdup(text);
	xmpp_free(n->ctx, text);
	xmpp_stanza_release(stanza);
}

static void
world_stop(void *arg)
{
	loop_stop(arg, 0);
}

/* Let it do what there is to do. */
static void
turn(void)
{
	assert_non_null(loop_timer(net.loop, 1, world_stop, net.loop));
	loop_run(net.loop);
}

static void
world_new(int quiet)
{
	int keeper[2], front[2];

	memset(&net, 0, sizeof(net));
	memset(&world, 0, sizeof(world));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, keeper), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, front), 0);
	world.keeper = keeper[1];
	world.front = front[1];
	fcntl(world.keeper, F_SETFL, O_NONBLOCK);
	fcntl(world.front, F_SETFL, O_NONBLOCK);
	buffer_init(&world.in, 4 * FRAME_MAX);
	net.account = OWN;
	net.quiet = quiet;
	strcpy(net.own, OWN);
	strcpy(net.domain, "capulet.lit");
	net.device = net.ours.ids[0] = 31415;
	net.ours.n = 1;
	net.stanza_max = NET_STANZA;
	net.ctx = xmpp_ctx_new(NULL, NULL);
	net.loop = loop_new();
	assert_int_equal(front_attach(&net, front[0]), 0);
	assert_int_equal(keeper_attach(&net, keeper[0]), 0);
	assert_int_equal(iqs_new(&net), 0);
	assert_int_equal(acks_new(&net), 0);
	assert_int_equal(inbox_new(&net), 0);
	assert_int_equal(outgoing_new(&net), 0);
	assert_int_equal(work_new(&net), 0);
	assert_int_equal(rooms_new(&net), 0);
	net.archive = calloc(1, sizeof(*net.archive));
	assert_int_equal(archive_init(net.archive, &net, net.own, 0), 0);
	net.archive->running = 0; /* it has been read */
	net.bound = net.attached = net.online = 1;
}

/* Nothing else is freed: a net's process just ends. */
static void
world_free(void)
{
	while (world.n > 0)
		free(world.sent[--world.n]);
	buffer_free(&world.in);
	close(world.keeper);
	close(world.front);
}

/* --- the server --------------------------------------------------------------------- */

/* A stanza from the server. */
static void
comes(const char *text)
{
	xmpp_stanza_t *s = xmpp_stanza_new_from_string(net.ctx, text);
	const char *name;

	assert_non_null(s);
	name = xmpp_stanza_get_name(s);
	if (strcmp(name, "presence") == 0)
		room_presence(&net, s);
	else if (strcmp(name, "iq") == 0)
		iq_receive(&net, s);
	else
		inbox_receive(&net, s);
	xmpp_stanza_release(s);
	turn();
}

/* The oldest stanza that it has sent and that has all these words, taken out;
 * NULL: there is none. Freed by the caller. */
static char *
sent(const char *a, const char *b)
{
	for (size_t i = 0; i < world.n; i++) {
		char *text = world.sent[i];

		if (strstr(text, a) == NULL || strstr(text, b) == NULL)
			continue;
		memmove(&world.sent[i], &world.sent[i + 1],
		    (--world.n - i) * sizeof(char *));
		return text;
	}
	return NULL;
}

static int
has_sent(const char *a, const char *b)
{
	char *text = sent(a, b);

	free(text);
	return text != NULL;
}

/* Answer the oldest question that has these words; from: whom it asked. */
static void
answer_as(const char *a, const char *b, const char *type, const char *from,
    const char *inside)
{
	char *text = sent(a, b), *id, *answer;
	xmpp_stanza_t *iq;

	if (text == NULL)
		fail_msg("it has not asked: %s %s", a, b);
	iq = xmpp_stanza_new_from_string(net.ctx, text);
	id = strdup(xmpp_stanza_get_id(iq));
	assert_true(asprintf(&answer,
			"<iq xmlns='jabber:client' type='%s' id='%s' "
			"from='%s'>%s</iq>",
			type, id, from, inside) > 0);
	xmpp_stanza_release(iq);
	comes(answer);
	free(answer);
	free(id);
	free(text);
}

/* --- the keeper --------------------------------------------------------------------- */

/* The next request that it asks the keeper, its body in *r; 0: none. */
static uint32_t
asks(uint8_t *type, struct reader *r)
{
	static uint8_t body[FRAME_MAX];
	uint8_t chunk[65536];
	struct frame f;
	size_t used;
	ssize_t n;

	turn();
	while ((n = read(world.keeper, chunk, sizeof(chunk))) > 0)
		buffer_put(&world.in, chunk, (size_t)n);
	if (frame_parse(world.in.data, world.in.len, &f, &used) != 1)
		return 0;
	*type = f.type;
	memcpy(body, f.body.p, f.body.left);
	reader_init(r, body, f.body.left);
	memmove(world.in.data, world.in.data + used, world.in.len - used);
	world.in.len -= used;
	(void)reader_string(r, &used, LIMIT_JID); /* the account */
	return f.id;
}

static uint32_t
asks_for(uint8_t wanted, struct reader *r)
{
	uint8_t type = 0;
	uint32_t id = asks(&type, r);

	assert_int_equal(type, wanted);
	assert_int_not_equal(id, 0);
	return id;
}

static int
asks_nothing(void)
{
	struct reader r;
	uint8_t type;

	return asks(&type, &r) == 0;
}

/* Answer it; body NULL: empty. */
static void
reply(uint32_t id, int err, struct buffer *body)
{
	struct buffer out;
	size_t at;

	buffer_init(&out, FRAME_MAX);
	at = frame_begin(&out, err != 0 ? M_ERROR : M_REPLY, id);
	if (err != 0) {
		buffer_put_u32(&out, (uint32_t)-err);
		buffer_put_cstring(&out, "");
	} else if (body != NULL) {
		buffer_put(&out, body->data, body->len);
		buffer_free(body);
	}
	assert_int_equal(frame_end(&out, at), 0);
	assert_int_equal(write(world.keeper, out.data, out.len), out.len);
	buffer_free(&out);
	turn();
}

/* --- the front ----------------------------------------------------------------------- */

/* The next that it tells the front, its body in *r; 0: nothing. */
static uint8_t
tells(struct reader *r)
{
	static uint8_t packet[FRAME_MAX];
	struct frame f;
	size_t used;
	ssize_t n;

	turn();
	n = read(world.front, packet, sizeof(packet));
	if (n <= 0 || frame_parse(packet, (size_t)n, &f, &used) != 1)
		return 0;
	*r = f.body;
	return f.type;
}

/* The front says: a type, and up to two strings. */
static void
says(uint8_t type, const char *a, const char *b)
{
	struct buffer out;
	size_t at;

	buffer_init(&out, FRAME_MAX);
	at = frame_begin(&out, type, 0);
	buffer_put_cstring(&out, a);
	if (b != NULL)
		buffer_put_cstring(&out, b);
	assert_int_equal(frame_end(&out, at), 0);
	assert_int_equal(write(world.front, out.data, out.len), out.len);
	buffer_free(&out);
	turn();
}

#endif
