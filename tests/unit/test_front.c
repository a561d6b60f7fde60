/* SPDX-License-Identifier: ISC */
/*
 * The front between a scripted agent and a scripted net: what it asks, in
 * which order, and that nothing is opened or sent before the key was shown.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../client/front/front.h"
#include "../../client/front/private.h"
#include "../../client/front/starter.h"
#include "../../ipc/err.h"
#include "../../ipc/frame.h"
#include "check.h"

#define ACCOUNT "juliet@capulet.lit"
#define PEER	"romeo@montague.lit"
#define ROOM	"lounge@rooms.montague.lit"

/* --- the scripted agent and net: a child process -------------------------- */

struct script {
	int agent, link, sce;
	uint32_t id; /* of the last request */
	uint32_t sce_id;
	int old;      /* the next message is of 1970 */
	uint8_t asks; /* the next envelope, for a receipt */
	struct buffer in;
	struct reader body;
};

static void
script_fail(const char *why)
{
	fprintf(stderr, "script: %s\n", why);
	_exit(1);
}

/* Read one frame from the front; it must be of this type. */
static void
expect(struct script *s, uint8_t type)
{
	struct frame f;
	size_t used;
	uint8_t *p;

	buffer_clear(&s->in);
	do {
		p = buffer_extend(&s->in, 1);
		if (p == NULL || read(s->agent, p, 1) != 1)
			script_fail("the front has gone");
	} while (frame_parse(s->in.data, s->in.len, &f, &used) == 0);
	if (f.type != type) {
		fprintf(stderr, "script: wanted %u, got %u\n", type, f.type);
		_exit(1);
	}
	s->id = f.id;
	s->body = f.body;
}

static void
put_frame(int fd, uint8_t type, uint32_t id, const struct buffer *body)
{
	struct buffer out;
	size_t at;

	buffer_init(&out, FRAME_MAX);
	at = frame_begin(&out, type, id);
	if (body != NULL)
		buffer_put(&out, body->data, body->len);
	if (frame_end(&out, at) != 0 ||
	    write(fd, out.data, out.len) != (ssize_t)out.len)
		script_fail("cannot write");
	buffer_free(&out);
}

static void
answer(struct script *s, struct buffer *body)
{
	put_frame(s->agent, M_REPLY, s->id, body);
	if (body != NULL)
		buffer_free(body);
}

static void
answer_error(struct script *s, int err)
{
	struct buffer b;

	buffer_init(&b, 256);
	buffer_put_u32(&b, (uint32_t)-err);
	buffer_put_cstring(&b, "");
	put_frame(s->agent, M_ERROR, s->id, &b);
	buffer_free(&b);
}

static void
put_fixed(struct buffer *b, int fill, size_t n)
{
	uint8_t octets[32];

	memset(octets, fill, sizeof(octets));
	buffer_put(b, octets, n);
}

static void
agent_event(struct script *s, uint8_t type, int handle)
{
	struct buffer b;

	buffer_init(&b, 1024);
	buffer_put_cstring(&b, ACCOUNT);
	put_fixed(&b, handle, HANDLE_SIZE);
	if (type == M_EVENT_SENT)
		buffer_put_cstring(&b, "any");
	if (type == M_EVENT_FAILED) {
		buffer_put_cstring(&b, "any");
		buffer_put_u32(&b, (uint32_t)-ERR_UNTRUSTED);
		buffer_put_cstring(&b, "no key");
	}
	put_frame(s->agent, type, 0, &b);
	buffer_free(&b);
}

static void
greet(struct script *s, int locked)
{
	struct buffer b;

	expect(s, M_HELLO);
	buffer_init(&b, 1024);
	buffer_put_u32(&b, PROTOCOL_VERSION);
	buffer_put_cstring(&b, "script");
	buffer_put_u32(&b, 0);
	buffer_put_u32(&b, RIGHTS_INITIAL);
	buffer_put_u8(&b, (uint8_t)locked);
	answer(s, &b);
	expect(s, M_RESTRICT);
	if (reader_u32(&s->body) != (RIGHT_INFO | RIGHT_TEXT))
		script_fail("a front gives up all but info and text");
	buffer_init(&b, 16);
	buffer_put_u32(&b, RIGHT_INFO | RIGHT_TEXT);
	answer(s, &b);
}

static void
attach(struct script *s, int waiting)
{
	struct buffer b;

	expect(s, M_ATTACH_FRONT);
	buffer_init(&b, 64);
	buffer_put_u32(&b, 1);
	put_fixed(&b, 9, 32);
	answer(s, &b);
	expect(s, M_WAITING);
	buffer_init(&b, 4096);
	buffer_put_u32(&b, (uint32_t)waiting);
	for (int i = 1; i <= waiting; i++)
		put_fixed(&b, i, HANDLE_SIZE);
	answer(s, &b);
}

static void
writer(struct script *s, int shown)
{
	struct buffer b;

	expect(s, M_WRITER);
	buffer_init(&b, 1024);
	buffer_put_cstring(&b, PEER);
	buffer_put_u32(&b, 7);
	put_fixed(&b, 0xab, 32);
	buffer_put_u8(&b, TRUST_BLIND);
	buffer_put_u8(&b, WHY_NEW_KEY);
	buffer_put_u8(&b, (uint8_t)shown);
	buffer_put_cstring(&b, "");
	answer(s, &b);
}

static void
open_as(struct script *s, const char *body, uint8_t format, uint8_t ns)
{
	struct buffer b;

	expect(s, M_OPEN);
	buffer_init(&b, 4096);
	buffer_put_u8(&b, format);
	buffer_put_cstring(&b, body);
	buffer_put_cstring(&b, PEER);
	buffer_put_cstring(&b, PEER);
	buffer_put_u8(&b, KIND_CHAT);
	buffer_put_u32(&b, 7);
	put_fixed(&b, 0xab, 32);
	buffer_put_u8(&b, TRUST_BLIND);
	buffer_put_u8(&b, ns == NS_LEGACY ? BOUND_NONE : BOUND_SENDER);
	buffer_put_u8(&b, COPY_NONE);
	buffer_put_u8(&b, ns);
	buffer_put_u64(&b, s->old ? 1 : (uint64_t)time(NULL));
	buffer_put_cstring(&b, "id");
	buffer_put_u8(&b, 0);
	answer(s, &b);
}

static void
text(struct script *s, const char *body)
{
	open_as(s, body, FORMAT_BODY, NS_LEGACY);
}

/* --- and the scripted parser ---------------------------------------------- */

/* The parser is asked for just these octets. */
static void
asked_to_read(struct script *s, const char *octets)
{
	uint8_t packet[512];
	ssize_t n = read(s->sce, packet, sizeof(packet));
	struct frame f;
	size_t used, len;
	const uint8_t *p;

	if (n <= 0 || frame_parse(packet, (size_t)n, &f, &used) != 1 ||
	    f.type != M_SCE_READ)
		script_fail("the parser is asked for something else");
	p = reader_string(&f.body, &len, sizeof(packet));
	if (len != strlen(octets) || memcmp(p, octets, len) != 0)
		script_fail("the parser is given something else");
	s->sce_id = f.id;
}

static void
has_read(struct script *s, const char *from, const char *to, const char *body,
    const char *opt_out)
{
	struct buffer b;

	buffer_init(&b, 1024);
	buffer_put_cstring(&b, from);
	buffer_put_cstring(&b, to);
	buffer_put_u8(&b, body != NULL);
	buffer_put_cstring(&b, body != NULL ? body : "");
	buffer_put_u8(&b, opt_out != NULL);
	buffer_put_cstring(&b, opt_out != NULL ? opt_out : "");
	for (int i = 0; i < 3; i++)
		buffer_put_cstring(&b, "");
	buffer_put_u8(&b, TYPING_NONE);
	buffer_put_u8(&b, s->asks);
	put_frame(s->sce, M_REPLY, s->sce_id, &b);
	buffer_free(&b);
}

/* A message about others, or a sign of life. */
static void
has_read_about(struct script *s, const char *body, const char *replaces,
    const char *reply_to, const char *received, uint8_t state)
{
	struct buffer b;

	buffer_init(&b, 1024);
	buffer_put_cstring(&b, PEER);
	buffer_put_cstring(&b, ACCOUNT);
	buffer_put_u8(&b, body != NULL);
	buffer_put_cstring(&b, body != NULL ? body : "");
	buffer_put_u8(&b, 0);
	buffer_put_cstring(&b, "");
	buffer_put_cstring(&b, replaces);
	buffer_put_cstring(&b, reply_to);
	buffer_put_cstring(&b, received);
	buffer_put_u8(&b, state);
	buffer_put_u8(&b, s->asks);
	put_frame(s->sce, M_REPLY, s->sce_id, &b);
	buffer_free(&b);
}

static void
cannot_read(struct script *s, const char *why)
{
	struct buffer b;

	buffer_init(&b, 256);
	buffer_put_u32(&b, (uint32_t)-ERR_BAD_MESSAGE);
	buffer_put_cstring(&b, why);
	put_frame(s->sce, M_ERROR, s->sce_id, &b);
	buffer_free(&b);
}

static void
is_shown(struct script *s)
{
	expect(s, M_SHOWN);
	answer(s, NULL);
}

static void
opens(struct script *s)
{
	writer(s, 1);
	open_as(s, "<e/>", FORMAT_SCE_ENVELOPE, NS_OMEMO2);
	asked_to_read(s, "<e/>");
}

/* What a parser says is held against what the keeper said. */
static void
script_envelopes(struct script *s)
{
	struct buffer none;

	greet(s, 0);
	attach(s, 15);
	expect(s, M_OUTBOX);
	buffer_init(&none, 8);
	buffer_put_u32(&none, 0);
	answer(s, &none);
	opens(s);
	has_read(s, "Romeo@MONTAGUE.lit", ACCOUNT, "both", NULL);
	is_shown(s);
	opens(s);
	has_read(s, "", ACCOUNT, "no sender", NULL);
	is_shown(s);
	opens(s);
	has_read(s, "tybalt@capulet.lit", ACCOUNT, "forged", NULL);
	is_shown(s);
	opens(s);
	has_read(s, PEER, "tybalt@capulet.lit", "moved", NULL);
	is_shown(s);
	opens(s);
	cannot_read(s, "no padding");
	is_shown(s);
	/* one parser dies of it, the next does not */
	opens(s);
	put_frame(s->sce, M_SCE_GONE, 0, NULL);
	asked_to_read(s, "<e/>");
	s->sce_id--; /* what the dead one had written comes late */
	has_read(s, PEER, ACCOUNT, "late", NULL);
	s->sce_id++;
	has_read(s, PEER, ACCOUNT, "again", NULL);
	is_shown(s);
	/* another one kills whoever reads it */
	opens(s);
	put_frame(s->sce, M_SCE_GONE, 0, NULL);
	asked_to_read(s, "<e/>");
	put_frame(s->sce, M_SCE_GONE, 0, NULL);
	is_shown(s);
	put_frame(s->sce, M_SCE_GONE, 0, NULL); /* at nobody's request */
	opens(s);
	has_read(s, PEER, ACCOUNT, NULL, "goodbye");
	is_shown(s);
	opens(s); /* a parser that says what is none of its layout */
	put_frame(s->sce, M_REPLY, s->sce_id, NULL);
	is_shown(s);
	opens(s);
	has_read_about(s, "better", "id-1", "", "", TYPING_ACTIVE);
	is_shown(s);
	opens(s);
	has_read_about(s, "yes", "", "id-2", "", TYPING_NONE);
	is_shown(s);
	opens(s); /* a receipt for what was never sent to this contact */
	has_read_about(s, NULL, "", "", "id-3", TYPING_COMPOSING);
	is_shown(s);
	s->old = 1; /* a server has kept it */
	opens(s);
	has_read_about(s, NULL, "", "", "", TYPING_PAUSED);
	is_shown(s);
	s->old = 0;
	opens(s); /* a state that there is not */
	has_read_about(s, NULL, "", "", "", TYPING_GONE + 1);
	is_shown(s);
	/* a sibling's, as it was composed */
	writer(s, 1);
	open_as(s, "<x/>", FORMAT_SCE_CONTENT, NS_OMEMO2);
	asked_to_read(s,
	    "<envelope xmlns='urn:xmpp:sce:1'><content><x/></content>"
	    "<rpad/></envelope>");
	has_read(s, "", "", NULL, NULL);
	is_shown(s);
}

/* A message that asks is answered once it is shown, before SHOWN; nothing else
 * is, and a refusal is nobody's business. Online, what was left is handed on. */
static void
script_receipts(struct script *s)
{
	struct buffer b;
	uint8_t packet[256];
	char id[64], text[256];
	const uint8_t *content;
	size_t len;

	greet(s, 0);
	attach(s, 4);
	expect(s, M_OUTBOX);
	buffer_init(&b, 8);
	buffer_put_u32(&b, 0);
	answer(s, &b);
	s->asks = 1;
	opens(s);
	has_read(s, PEER, ACCOUNT, "one", NULL);
	expect(s, M_SIGNAL);
	reader_cstring(&s->body, text, sizeof(text));
	reader_cstring(&s->body, text, sizeof(text));
	if (strcmp(text, PEER) != 0 || reader_u8(&s->body) != KIND_RECEIPT)
		script_fail("no receipt for the sender");
	reader_fixed(&s->body, packet, HANDLE_SIZE);
	reader_cstring(&s->body, id, sizeof(id));
	content = reader_string(&s->body, &len, LIMIT_SIGNAL);
	snprintf(text, sizeof(text), "%.*s", (int)len, content);
	if (packet[0] != 1 || strlen(id) != FRONT_ID - 1 ||
	    strcmp(text, "<received xmlns='urn:xmpp:receipts' id='id'/>") != 0)
		script_fail(text);
	answer_error(s, ERR_UNTRUSTED);
	is_shown(s);
	opens(s); /* a receipt, though it asks for one */
	has_read_about(s, NULL, "", "", "id-3", TYPING_NONE);
	is_shown(s);
	s->asks = 0;
	opens(s);
	has_read(s, PEER, ACCOUNT, "asks for none", NULL);
	is_shown(s);
	expect(s, M_WRITER); /* of the fourth: it waits */
	buffer_init(&b, 256);
	buffer_put_cstring(&b, ACCOUNT "/x");
	put_frame(s->link, M_NET_ONLINE, 0, &b);
	buffer_free(&b);
	expect(s, M_OUTBOX);
	buffer_init(&b, 1024);
	buffer_put_u32(&b, 3);
	for (int kind = KIND_TYPING; kind >= 0; kind--) {
		if (kind == KIND_ROOM)
			continue;
		put_fixed(&b, 0x40 + kind, HANDLE_SIZE);
		buffer_put_cstring(&b, PEER);
		buffer_put_u8(&b, (uint8_t)kind);
		buffer_put_cstring(&b, "left");
		buffer_put_u8(&b, 0);
	}
	answer(s, &b);
	expect(s, M_DISCARD);
	reader_cstring(&s->body, text, sizeof(text));
	reader_fixed(&s->body, packet, HANDLE_SIZE);
	if (packet[0] != 0x40 + KIND_TYPING)
		script_fail("what is discarded is no typing state");
	answer(s, NULL);
	if (read(s->link, packet, sizeof(packet)) !=
		FRAME_HEADER + HANDLE_SIZE ||
	    packet[4] != M_FRONT_SEND ||
	    packet[FRAME_HEADER] != 0x40 + KIND_RECEIPT)
		script_fail("the receipt is not handed on");
	close(s->agent);
}

/* Three waiting: a new writer, one that is busy and then gone, a known one. */
static void
script_receive(struct script *s)
{
	struct buffer none;

	greet(s, 0);
	attach(s, 3);
	expect(s, M_OUTBOX);
	buffer_init(&none, 8);
	buffer_put_u32(&none, 0);
	answer(s, &none);
	writer(s, 0);
	expect(s, M_ACKNOWLEDGE); /* before OPEN */
	answer(s, NULL);
	text(s, "one");
	expect(s, M_SHOWN);
	answer(s, NULL);
	expect(s, M_WRITER);
	answer_error(s, ERR_BUSY);
	expect(s, M_WRITER); /* the same again, a moment later */
	answer_error(s, ERR_NOT_FOUND);
	writer(s, 1);
	text(s, "three");
	expect(s, M_SHOWN);
	answer(s, NULL);
}

/* Locked at first; a message is composed, its reader shown, then sent. */
static void
script_send(struct script *s)
{
	struct buffer b;
	uint8_t packet[256];

	greet(s, 1);
	put_frame(s->agent, M_EVENT_UNLOCKED, 0, NULL);
	expect(s, M_ATTACH_FRONT);
	buffer_init(&b, 64);
	buffer_put_u32(&b, 1);
	put_fixed(&b, 9, 32);
	answer(s, &b);
	expect(s, M_COMPOSE);
	answer_error(s, ERR_RETRY);
	expect(s, M_COMPOSE); /* the same again */
	buffer_init(&b, 64);
	put_fixed(&b, 5, HANDLE_SIZE);
	answer(s, &b);
	buffer_init(&b, 256);
	buffer_put_cstring(&b, ACCOUNT "/x");
	put_frame(s->link, M_NET_ONLINE, 0, &b);
	buffer_free(&b);
	if (read(s->link, packet, sizeof(packet)) !=
		FRAME_HEADER + HANDLE_SIZE ||
	    packet[4] != M_FRONT_SEND)
		script_fail("no FRONT_SEND");
	put_frame(s->link, M_NET_DELIVERED, 0, NULL); /* ill: is ignored */
	put_frame(s->link, M_FRONT_SEND, 0, NULL);
	agent_event(s, M_EVENT_SENT, 6); /* another front's */
	agent_event(s, M_EVENT_READERS, 5);
	expect(s, M_READERS);
	buffer_init(&b, 1024);
	buffer_put_u32(&b, 1);
	buffer_put_cstring(&b, PEER);
	buffer_put_u32(&b, 7);
	put_fixed(&b, 0xcd, 32);
	buffer_put_u8(&b, TRUST_BLIND);
	buffer_put_u8(&b, WHY_NEW_KEY);
	answer(s, &b);
	expect(s, M_ACKNOWLEDGE);
	answer(s, NULL);
	agent_event(s, M_EVENT_SENT, 5);
}

/* A message that the keeper refuses is discarded. */
static void
script_refuse(struct script *s)
{
	struct buffer b;

	greet(s, 0);
	expect(s, M_ATTACH_FRONT);
	buffer_init(&b, 64);
	buffer_put_u32(&b, 1);
	put_fixed(&b, 9, 32);
	answer(s, &b);
	expect(s, M_COMPOSE);
	buffer_init(&b, 64);
	put_fixed(&b, 5, HANDLE_SIZE);
	answer(s, &b);
	agent_event(s, M_EVENT_FAILED, 5);
	expect(s, M_DISCARD);
	answer(s, NULL);
}

static void
too_big(struct script *s, int handle)
{
	struct buffer b;

	buffer_init(&b, 64);
	put_fixed(&b, handle, HANDLE_SIZE);
	buffer_put_u64(&b, 123456);
	put_frame(s->link, M_NET_TOO_BIG, 0, &b);
	buffer_free(&b);
}

/* A message that may have cost a connection is sent again, and once. */
static void
script_too_big(struct script *s)
{
	uint8_t packet[256];
	struct buffer b;

	greet(s, 0);
	expect(s, M_ATTACH_FRONT);
	buffer_init(&b, 64);
	buffer_put_u32(&b, 1);
	put_fixed(&b, 9, 32);
	answer(s, &b);
	expect(s, M_COMPOSE);
	buffer_init(&b, 64);
	put_fixed(&b, 5, HANDLE_SIZE);
	answer(s, &b);
	for (int i = 0; i < 2; i++) {
		buffer_init(&b, 256);
		buffer_put_cstring(&b, ACCOUNT "/x");
		put_frame(s->link, M_NET_ONLINE, 0, &b);
		buffer_free(&b);
		if (read(s->link, packet, sizeof(packet)) !=
			FRAME_HEADER + HANDLE_SIZE ||
		    packet[4] != M_FRONT_SEND)
			script_fail("no FRONT_SEND");
		too_big(s, 6); /* of which this front knows nothing */
		put_frame(s->link, M_NET_TOO_BIG, 0, NULL); /* ill */
		too_big(s, 5);
	}
	expect(s, M_DISCARD);
	answer(s, NULL);
}

static void
net_slot(struct script *s, const char *put, const char *get, uint32_t headers)
{
	struct buffer b;

	buffer_init(&b, 4096);
	buffer_put_cstring(&b, put);
	buffer_put_cstring(&b, get);
	buffer_put_u32(&b, headers);
	for (uint32_t i = 0; i < headers; i++) {
		buffer_put_cstring(&b, "Cookie");
		buffer_put_cstring(&b, i == 0 ? "a" : "b");
	}
	put_frame(s->link, M_NET_SLOT, 0, &b);
	buffer_free(&b);
}

/* A place for a file: a taken-over net's are dropped if they are ill. */
static void
script_slots(struct script *s)
{
	static const char good[] = "https://h/f";
	struct buffer b;

	greet(s, 0);
	expect(s, M_ATTACH_FRONT);
	buffer_init(&b, 64);
	buffer_put_u32(&b, 1);
	put_fixed(&b, 9, 32);
	answer(s, &b);
	expect(s, M_COMPOSE);
	put_frame(s->link, M_NET_SLOT, 0, NULL);
	net_slot(s, "http://h/f", good, 0);
	net_slot(s, good, "file:///f", 0);
	net_slot(s, good, good, URL_HEADERS + 1);
	net_slot(s, good, good, 2);
	buffer_init(&b, 64);
	buffer_put_cstring(&b, "too large");
	put_frame(s->link, M_NET_NO_SLOT, 0, &b);
	buffer_clear(&b);
	put_fixed(&b, 5, HANDLE_SIZE);
	answer(s, &b);
	agent_event(s, M_EVENT_FAILED, 5);
	expect(s, M_DISCARD);
	answer(s, NULL);
}

/* Messages in clear: the keeper says what the user wants of their senders. */
static void
script_clear(struct script *s)
{
	struct buffer b;

	greet(s, 0);
	expect(s, M_ATTACH_FRONT);
	buffer_init(&b, 64);
	buffer_put_u32(&b, 1);
	put_fixed(&b, 9, 32);
	answer(s, &b);
	expect(s, M_COMPOSE);
	buffer_init(&b, 64);
	put_fixed(&b, 5, HANDLE_SIZE);
	answer(s, &b);
	for (int i = 0; i < 4; i++) {
		buffer_init(&b, 256);
		buffer_put_cstring(&b, PEER);
		buffer_put_cstring(&b, "");
		put_frame(s->link, M_NET_UNENCRYPTED, 0, &b);
		buffer_free(&b);
		expect(s, M_PEERS);
		if (i == 0) {
			answer_error(s, ERR_STORE);
			continue;
		}
		buffer_init(&b, 256);
		buffer_put_u32(&b, i > 1); /* 1: nothing is known */
		if (i > 1) {
			buffer_put_cstring(&b, PEER);
			buffer_put_u8(&b, POLICY_MANUAL);
			buffer_put_u8(&b, i == 3);
			buffer_put_u32(&b, 0);
			put_fixed(&b, 0, 32);
			buffer_put_u32(
			    &b, 0);	      /* trust, listed, reader, shown */
			buffer_put_u8(&b, 0); /* retired */
			buffer_put_u8(&b, 0); /* stale */
			buffer_put_u8(&b, 0); /* told */
		}
		answer(s, &b);
	}
	agent_event(s, M_EVENT_FAILED, 5);
	expect(s, M_DISCARD);
	answer(s, NULL);
}

/* --- rooms ---------------------------------------------------------------- */

/* The next packet to the net: a type, and its strings. */
static void
net_gets(struct script *s, uint8_t type, const char *a, const char *b)
{
	uint8_t packet[8192];
	ssize_t n = read(s->link, packet, sizeof(packet));
	char text[JID_SIZE] = "";
	struct frame f;
	size_t used;

	if (n <= 0 || frame_parse(packet, (size_t)n, &f, &used) != 1 ||
	    f.type != type)
		script_fail("the net is told something else");
	if (a != NULL)
		reader_cstring(&f.body, text, sizeof(text));
	if (a != NULL && strcmp(text, a) != 0)
		script_fail(text);
	if (b != NULL)
		reader_cstring(&f.body, text, sizeof(text));
	if (b != NULL && (strcmp(text, b) != 0 || reader_end(&f.body) != 0))
		script_fail(text);
}

/* The net says: a string, then one more or a number, or both. */
static void
net_says(struct script *s, uint8_t type, const char *a, const char *b, int n)
{
	struct buffer body;

	buffer_init(&body, 8192);
	buffer_put_cstring(&body, a);
	if (type == M_NET_LEFT)
		buffer_put_u8(&body, (uint8_t)n);
	if (b != NULL)
		buffer_put_cstring(&body, b);
	if (type == M_NET_JOINED)
		buffer_put_u32(&body, (uint32_t)n);
	if (type == M_NET_MEMBER || type == M_NET_SERVICE)
		buffer_put_u8(&body, (uint8_t)n);
	put_frame(s->link, type, 0, &body);
	buffer_free(&body);
}

static void
put_reader(struct buffer *b, const char *peer, uint32_t device, int why)
{
	buffer_put_cstring(b, peer);
	buffer_put_u32(b, device);
	put_fixed(b, device != 0 ? 0xab : 0, 32);
	buffer_put_u8(b, TRUST_BLIND);
	buffer_put_u8(b, (uint8_t)why);
}

static void
acknowledged(struct script *s, const char *peer, const char *room)
{
	char text[JID_SIZE];
	uint8_t fingerprint[32];

	expect(s, M_ACKNOWLEDGE);
	reader_cstring(&s->body, text, sizeof(text));
	reader_cstring(&s->body, text, sizeof(text));
	if (strcmp(text, peer) != 0)
		script_fail(text);
	reader_fixed(&s->body, fingerprint, sizeof(fingerprint));
	reader_u8(&s->body);
	reader_cstring(&s->body, text, sizeof(text));
	if (strcmp(text, room) != 0 || reader_end(&s->body) != 0)
		script_fail(text);
	answer(s, NULL);
}

/* Composed only when it is known to be a room; its new members are shown and
 * acknowledged as such; every net is told to enter, until it says that we are
 * out. */
static void
script_rooms(struct script *s)
{
	char text[JID_SIZE], nick[NICK_MAX + 2];
	struct buffer b;

	greet(s, 0);
	expect(s, M_ATTACH_FRONT);
	buffer_init(&b, 64);
	buffer_put_u32(&b, 1);
	put_fixed(&b, 9, 32);
	answer(s, &b);
	net_says(s, M_NET_ONLINE, ACCOUNT "/x", NULL, 0);
	net_gets(s, M_FRONT_SERVICE, "rooms.montague.lit", NULL);
	net_says(s, M_NET_SERVICE, "other.montague.lit", NULL, 1);
	net_says(s, M_NET_SERVICE, "rooms.montague.lit", NULL, 1);
	net_says(s, M_NET_SERVICE, "rooms.montague.lit", NULL, 0);
	expect(s, M_COMPOSE);
	reader_cstring(&s->body, text, sizeof(text));
	reader_cstring(&s->body, text, sizeof(text));
	if (strcmp(text, ROOM) != 0 || reader_u8(&s->body) != KIND_ROOM)
		script_fail("not composed for a room");
	buffer_init(&b, 64);
	put_fixed(&b, 5, HANDLE_SIZE);
	answer(s, &b);
	net_gets(s, M_FRONT_JOIN, ROOM, "nurse");
	net_gets(s, M_FRONT_SEND, NULL, NULL);
	net_says(s, M_NET_MEMBER, ROOM, PEER, MEMBER_HERE);
	memset(nick, 'n', sizeof(nick) - 1);
	nick[sizeof(nick) - 1] = '\0';
	net_says(s, M_NET_JOINED, ROOM, nick, 3); /* too long: dropped */
	net_says(s, M_NET_JOINED, ROOM, "nurse", 3);
	net_says(s, M_NET_CAUGHT_UP, ROOM, NULL, 0);
	net_says(s, M_NET_UNENCRYPTED, PEER, ROOM, 0);
	expect(s, M_PEERS);
	answer_error(s, ERR_STORE);
	agent_event(s, M_EVENT_READERS, 5);
	expect(s, M_READERS);
	buffer_init(&b, 1024);
	buffer_put_u32(&b, 3);
	put_reader(&b, PEER, 7, WHY_NEW_MEMBER);
	put_reader(&b, "tybalt@capulet.lit", 0, WHY_NEW_MEMBER);
	put_reader(&b, ACCOUNT, 8, WHY_NEW_KEY);
	answer(s, &b);
	acknowledged(s, PEER, ROOM);
	acknowledged(s, "tybalt@capulet.lit", ROOM);
	acknowledged(s, ACCOUNT, "");
	net_says(s, M_NET_ONLINE, ACCOUNT "/y", NULL, 0); /* the next net */
	net_gets(s, M_FRONT_JOIN, ROOM, "nurse");
	net_gets(s, M_FRONT_SEND, NULL, NULL);
	net_says(s, M_NET_LEFT, ROOM, "hides", ROOM_ANONYMOUS);
	net_says(s, M_NET_ONLINE, ACCOUNT "/z", NULL, 0);
	net_gets(s, M_FRONT_SEND, NULL, NULL);
	agent_event(s, M_EVENT_SENT, 5);
}

/* The agent ends in the middle. */
static void
script_vanish(struct script *s)
{
	greet(s, 0);
	expect(s, M_ATTACH_FRONT);
	close(s->agent);
}

/* --- the front under test: this process ----------------------------------- */

struct seen {
	struct loop *loop;
	struct front *front;
	char log[2048];
	size_t send; /* end when this many are settled; 0: when all is shown */
	size_t settled;
};

static void
note(struct seen *seen, const char *a, const char *b)
{
	size_t n = strlen(seen->log);

	snprintf(seen->log + n, sizeof(seen->log) - n, "%s(%s) ", a, b);
}

static void
show_reader(void *arg, const struct front_key *key)
{
	note(arg, "reader", key->peer);
	if (key->room[0] != '\0')
		note(arg, key->device != 0 ? "of" : "keyless, of", key->room);
}

static void
show_writer(void *arg, const struct front_key *key)
{
	note(arg, "writer", key->peer);
}

static void
show_message(void *arg, const struct front_message *m)
{
	char body[32];

	if (m->replaces[0] != '\0')
		note(arg, "replaces", m->replaces);
	if (m->reply_to[0] != '\0')
		note(arg, "reply", m->reply_to);
	snprintf(body, sizeof(body), "%.*s", (int)m->len, m->text);
	note(arg,
	    m->bound == BOUND_NONE	   ? "message"
		: m->bound == BOUND_SENDER ? "sender"
					   : "conversation",
	    body);
}

static void
on_opt_out(void *arg, const char *from, const char *reason)
{
	(void)from;
	note(arg, "opt-out", reason);
}

static void
on_typing(void *arg, const char *from, const char *state)
{
	(void)from;
	note(arg, "typing", state);
}

static void
on_sent(void *arg, const char *id)
{
	(void)id;
	note(arg, "sent", "");
	((struct seen *)arg)->settled++;
}

static void
on_delivered(void *arg, const char *id)
{
	note(arg, "delivered", id);
}

static void
on_failed(void *arg, const char *id, const char *reason)
{
	(void)id;
	note(arg, "failed", reason);
	((struct seen *)arg)->settled++;
}

static void
on_online(void *arg, const char *jid)
{
	note(arg, "online", jid);
}

static void
on_offline(void *arg, const char *reason, int fatal)
{
	(void)fatal;
	note(arg, "offline", reason);
}

static void
on_caught_up(void *arg)
{
	note(arg, "caught-up", "");
}

static void
on_locked(void *arg, int locked)
{
	note(arg, locked ? "locked" : "unlocked", "");
}

static void
on_unencrypted(void *arg, const char *from, int require)
{
	note(arg,
	    require == 1       ? "unencrypted, required"
		: require == 0 ? "unencrypted"
			       : "unencrypted, unknown",
	    from);
}

static void
on_notice(void *arg, const char *from, const char *words)
{
	(void)from;
	note(arg, "notice", words);
}

static void
on_progress(void *arg)
{
	struct seen *seen = arg;

	if (seen->front == NULL)
		return;
	if (seen->send > 0
		? seen->settled == seen->send && front_unsent(seen->front) == 0
		: front_shown_all(seen->front))
		loop_stop(seen->loop, 0);
}

static void
on_gone(void *arg, int code)
{
	struct seen *seen = arg;

	note(seen, "gone", code == FRONT_AGENT_GONE ? "agent" : "refused");
	loop_stop(seen->loop, 0);
}

static void
on_slot(void *arg, const struct front_slot *slot)
{
	note(arg, "slot", slot->put.text);
	for (size_t i = 0; i < slot->headers.n; i++)
		note(arg, slot->headers.v[i].name, slot->headers.v[i].value);
}

static void
on_no_slot(void *arg, const char *reason)
{
	note(arg, "no slot", reason);
}

static void
on_joined(void *arg, const char *room, const char *nick, uint32_t members)
{
	(void)room;
	(void)members;
	note(arg, "joined", nick);
}

static void
on_left(void *arg, const char *room, uint8_t status, const char *reason)
{
	(void)room;
	note(arg, status == ROOM_ANONYMOUS ? "anonymous" : "left", reason);
}

static void
on_member(void *arg, const char *room, const char *jid, uint8_t change)
{
	(void)room;
	note(arg, change == MEMBER_HERE ? "member" : "changed", jid);
}

static void
on_room_caught_up(void *arg, const char *room)
{
	note(arg, "room caught-up", room);
}

static void
on_room_unencrypted(void *arg, const char *from, const char *room, int require)
{
	(void)require;
	note(arg, from, room);
}

static void
on_service(void *arg, const char *domain, int is)
{
	struct seen *seen = arg;

	note(arg, is ? "rooms" : "no rooms", domain);
	assert_int_equal(front_join(seen->front, ROOM, "nurse"), 0);
}

static const struct front_room_handler rooms = { on_joined, on_left, on_member,
	on_room_caught_up, on_room_unencrypted, on_service };

static const struct front_handler handler = { show_reader, show_writer,
	show_message, on_opt_out, on_typing, on_sent, on_delivered, on_failed,
	on_online, on_offline, on_caught_up, on_locked, on_unencrypted,
	on_notice, on_progress, on_gone, on_slot, on_no_slot, &rooms };

static void
on_bound(void *arg)
{
	note(arg, "TIMEOUT", "");
	loop_stop(((struct seen *)arg)->loop, 0);
}

static void
move(int *fd, int to)
{
	assert_int_equal(dup2(*fd, to), to);
	close(*fd);
	*fd = to;
}

static void
run_to(void (*play)(struct script *), size_t send, const char *to,
    const char *wanted)
{
	const struct front_config config = {
		.account = ACCOUNT,
		.name = "test",
		.reads = send == 0,
		.resumes = send == 0,
		.receipts = play == script_receipts,
	};
	struct seen seen = { .loop = loop_new(), .send = send };
	int agent[2], link[2], sce[2], status, code;
	char id[FRONT_ID];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, agent), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, link), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sce), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct script s = {
			.agent = agent[1], .link = link[1], .sce = sce[1]
		};

		alarm(20);
		close(agent[0]);
		close(link[0]);
		close(sce[0]);
		buffer_init(&s.in, FRAME_MAX);
		play(&s);
		_exit(0);
	}
	close(agent[1]); /* link[1] is kept, as the starter keeps it */
	loop_timer(seen.loop, 15000, on_bound, &seen);
	/* dup2 upwards, since 3, 4 and 5 may be among the six */
	move(&agent[0], 20);
	move(&link[0], 21);
	move(&link[1], 22);
	move(&sce[0], 23);
	move(&sce[1], 24);
	move(&agent[0], FRONT_FD_AGENT);
	move(&link[0], FRONT_FD_LINK);
	move(&sce[0], FRONT_FD_SCE);
	seen.front = front_new(seen.loop, &config, &handler, &seen, &code);
	assert_non_null(seen.front);
	if (strcmp(to, ROOM) == 0)
		front_ask(seen.front, to);
	for (size_t i = 0; i < send; i++)
		assert_int_equal(front_send(seen.front, to, "hi", 2, id), 0);
	loop_run(seen.loop);
	front_free(seen.front);
	loop_free(seen.loop);
	close(link[1]);
	if (send > 0)
		close(sce[0]);
	close(sce[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_string_equal(seen.log, wanted);
	assert_int_equal(status, 0);
}

static void
run(void (*play)(struct script *), size_t send, const char *wanted)
{
	run_to(play, send, PEER, wanted);
}

static void
test_receive(void **state)
{
	(void)state;
	run(script_receive, 0, "writer(" PEER ") message(one) message(three) ");
}

static void
test_receipts(void **state)
{
	(void)state;
	run(script_receipts, 0,
	    "conversation(one) conversation(asks for none) online(" ACCOUNT
	    "/x) gone(agent) ");
}

static void
test_envelopes(void **state)
{
	(void)state;
	run(script_envelopes, 0,
	    "conversation(both) sender(no sender) "
	    "notice(a message was dropped: its envelope names another sender) "
	    "notice(a message was dropped: its envelope names another "
	    "recipient) "
	    "notice(a message was dropped: no padding) conversation(again) "
	    "notice(a message was dropped: its envelope ends its parser) "
	    "opt-out(goodbye) "
	    "notice(a message was dropped: a message does not have its "
	    "layout) "
	    "replaces(id-1) conversation(better) reply(id-2) "
	    "conversation(yes) typing(composing) ");
}

static void
test_send(void **state)
{
	(void)state;
	run(script_send, 1,
	    "locked() unlocked() online(" ACCOUNT "/x) reader(" PEER
	    ") sent() ");
}

static void
test_refuse(void **state)
{
	(void)state;
	run(script_refuse, 1, "failed(no key) ");
}

static void
test_too_big(void **state)
{
	(void)state;
	run(script_too_big, 1,
	    "online(" ACCOUNT "/x) online(" ACCOUNT
	    "/x) failed(too long, as it seems: the server has closed the "
	    "connection twice at this message of 123456 octets) ");
}

static void
test_clear(void **state)
{
	(void)state;
	run(script_clear, 1,
	    "unencrypted, unknown(" PEER ") unencrypted(" PEER
	    ") unencrypted(" PEER ") unencrypted, required(" PEER
	    ") failed(no key) ");
}

static void
test_slots(void **state)
{
	(void)state;
	run(script_slots, 1,
	    "slot(https://h/f) Cookie(a) Cookie(b) no slot(too large) "
	    "failed(no key) ");
}

static void
test_rooms(void **state)
{
	(void)state;
	run_to(script_rooms, 1, ROOM,
	    "online(" ACCOUNT "/x) rooms(rooms.montague.lit) member(" PEER
	    ") joined(nurse) room caught-up(" ROOM ") " PEER "(" ROOM
	    ") reader(" PEER ") of(" ROOM ") reader(tybalt@capulet.lit) "
	    "keyless, of(" ROOM ") reader(" ACCOUNT ") online(" ACCOUNT
	    "/y) anonymous(hides) online(" ACCOUNT "/z) sent() ");
}

/* ROOMS to be in, and one more; domains that were asked about; of the own
 * domain nothing is asked. */
static void
test_many_rooms(void **state)
{
	static struct front *front; /* nothing of it is used but its rooms */
	char room[64];

	(void)state;
	front = calloc(1, sizeof(*front));
	front->config.account = ACCOUNT;
	front->handler = &(struct front_handler){ 0 };
	for (int i = 0; i < ROOMS_MAX; i++) {
		snprintf(room, sizeof(room), "a@d%d.lit", i);
		assert_int_equal(front_join(front, room, ""), 0);
		snprintf(room, sizeof(room), "a@e%d.lit", i);
		front_ask(front, room);
		assert_int_equal(front_kind(front, room), FRONT_UNKNOWN);
	}
	assert_int_equal(front_join(front, "a@d0.lit", "again"), 0);
	assert_int_equal(front_join(front, "a@b", ""), ERR_FULL);
	assert_int_equal(front_kind(front, "a@d0.lit"), FRONT_ROOM);
	front_ask(front, "a@over.lit"); /* one more: a chat */
	assert_int_equal(front_kind(front, "a@over.lit"), FRONT_CHAT);
	assert_int_equal(front_leave(front, "a@b"), ERR_NOT_FOUND);
	/* one that was left makes room, and is a room until then */
	assert_int_equal(front_leave(front, "a@d7.lit"), 0);
	assert_int_equal(front_leave(front, "a@d7.lit"), ERR_NOT_FOUND);
	assert_int_equal(front_kind(front, "a@d7.lit"), FRONT_ROOM);
	assert_int_equal(front_join(front, "a@b", ""), 0);
	assert_int_equal(front_kind(front, "a@d7.lit"), FRONT_CHAT);
	front->rooms.nservices = 0;
	front_ask(front, "romeo@capulet.lit");
	assert_int_equal(front_kind(front, "romeo@capulet.lit"), FRONT_CHAT);
	free(front);
}

static void
test_vanish(void **state)
{
	(void)state;
	run(script_vanish, 1,
	    "failed(the agent ended before it had the message) gone(agent) ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_receive),
		cmocka_unit_test(test_envelopes),
		cmocka_unit_test(test_receipts),
		cmocka_unit_test(test_send),
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_too_big),
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_rooms),
		cmocka_unit_test(test_many_rooms),
		cmocka_unit_test(test_vanish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
