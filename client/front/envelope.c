/* SPDX-License-Identifier: ISC */
/*
 * Messages of OMEMO 2 come in an envelope that a contact has written. Runs in
 * the front, which does not parse it: its parser (xmpp-sce) does, and what
 * that says is held against what the keeper has recorded. Holds one envelope
 * until it is read.
 */
#include <string.h>
#include <strings.h>

#include "../../ipc/err.h"
#include "private.h"

#define DEATHS_MAX 2 /* of parsers, at one envelope: then it is given up */

static void
ask(struct front *front)
{
	struct envelopes *all = &front->envelopes;

	if (++all->last == 0)
		all->last = 1;
	all->asked = all->last;
	connection_send(all->link, M_SCE_READ, all->asked, all->request.data,
	    all->request.len);
}

void
envelope_read(struct front *front, const struct front_message *m)
{
	static const char begin[] =
	    "<envelope xmlns='urn:xmpp:sce:1'><content>";
	static const char end[] = "</content><rpad/></envelope>";
	struct envelopes *all = &front->envelopes;
	struct buffer *b = &all->request;
	int bare = m->format == FORMAT_SCE_CONTENT;

	all->deaths = 0;
	buffer_free(b);
	buffer_init(b, FRAME_MAX);
	buffer_put_u32(b, 0);
	if (bare) /* a sibling's, which the keeper has as it was composed */
		buffer_put(b, begin, sizeof(begin) - 1);
	buffer_put(b, m->text, m->len);
	if (bare)
		buffer_put(b, end, sizeof(end) - 1);
	buffer_patch_u32(b, 0, (uint32_t)(b->len - 4));
	if (b->err != 0 || all->link == NULL)
		inbox_envelope(front, NULL, err_text(ERR_UNSUPPORTED));
	else
		ask(front);
}

/* The answer has come, or none will. */
static void
finish(struct front *front, const struct front_envelope *e, const char *why)
{
	front->envelopes.asked = 0;
	buffer_free(&front->envelopes.request);
	inbox_envelope(front, e, why);
}

static void
on_reply(struct front *front, struct reader *r)
{
	struct front_envelope e;
	uint8_t has_body, opt_out, asks;

	memset(&e, 0, sizeof(e));
	reader_cstring(r, e.from, sizeof(e.from));
	reader_cstring(r, e.to, sizeof(e.to));
	has_body = reader_u8(r);
	e.body = reader_string(r, &e.len, LIMIT_TEXT);
	opt_out = reader_u8(r);
	reader_cstring(r, e.reason, sizeof(e.reason));
	reader_cstring(r, e.replaces, sizeof(e.replaces));
	reader_cstring(r, e.reply_to, sizeof(e.reply_to));
	reader_cstring(r, e.received, sizeof(e.received));
	e.state = reader_u8(r);
	asks = reader_u8(r);
	e.asks = asks != 0;
	e.has_body = has_body != 0;
	e.opt_out = opt_out != 0;
	if (reader_end(r) == 0)
		finish(front, &e, NULL);
	else /* a parser that was taken over can say what it likes */
		finish(front, NULL, err_text(ERR_MALFORMED));
}

static void
on_error(struct front *front, struct reader *r)
{
	char why[LIMIT_REASON + 1];

	(void)reader_u32(r);
	reader_cstring(r, why, sizeof(why));
	finish(front, NULL, r->err == 0 ? why : err_text(ERR_BAD_MESSAGE));
}

static void
on_gone(struct front *front)
{
	struct envelopes *all = &front->envelopes;

	if (all->asked == 0)
		return; /* it had done its work */
	if (++all->deaths < DEATHS_MAX)
		ask(front); /* the next one reads it */
	else
		finish(front, NULL, "its envelope ends its parser");
}

static int
on_packet(void *arg, struct frame *f)
{
	struct front *front = arg;

	if (f->type == M_SCE_GONE && f->id == 0)
		on_gone(front);
	else if (f->id == 0 || f->id != front->envelopes.asked)
		return 0; /* late */
	else if (f->type == M_REPLY)
		on_reply(front, &f->body);
	else
		on_error(front, &f->body);
	return 0;
}

static void
on_closed(void *arg, int err)
{
	struct front *front = arg;

	(void)err; /* the starter has gone, and the front link says so */
	front->envelopes.link = NULL;
}

int
envelopes_open(struct front *front, int fd)
{
	static const struct connection_handler handler = {
		.frame = on_packet,
		.closed = on_closed,
	};

	front->envelopes.link =
	    connection_new_packets(front->loop, fd, &handler, front);
	return front->envelopes.link != NULL ? 0 : ERR_MEMORY;
}

void
envelopes_free(struct front *front)
{
	connection_free(front->envelopes.link);
	buffer_free(&front->envelopes.request);
}

/* What differs in ASCII's case alone is one JID (RFC 7622). */
static int
is_other(const char *said, const char *recorded)
{
	return said[0] != '\0' && strcasecmp(said, recorded) != 0;
}

const char *
envelope_check(const struct front *front, const struct front_envelope *e,
    struct front_message *m)
{
	const char *account = front->config.account;
	int own = strcmp(m->sender, account) == 0;
	const char *to =
	    own || m->kind == KIND_ROOM ? m->conversation : account;

	if (m->format == FORMAT_SCE_CONTENT)
		return NULL; /* our own words: the keeper knows all of it */
	if (is_other(e->from, m->sender))
		return "its envelope names another sender";
	if (is_other(e->to, to))
		return "its envelope names another recipient";
	if (e->from[0] != '\0' && e->to[0] != '\0' && m->bound == BOUND_SENDER)
		m->bound = BOUND_CONVERSATION;
	return NULL;
}
