/* SPDX-License-Identifier: ISC */
/*
 * Reading an envelope with expat. Runs in xmpp-sce and xmpp-agent-parser, which
 * hold one decrypted message and no key; trusts nothing in it: no document type, no entities but
 * XML's own five, nothing deep, nothing twice.
 */
#include <expat.h>
#include <string.h>

#include "../../ipc/err.h"
#include "../../ipc/frame.h"
#include "sce.h"

#define SEPARATOR   '\1' /* between namespace and name; in no XML document */
#define IN(ns)	    ns "\1"
#define SCE(name)   IN("urn:xmpp:sce:1") name
#define TRUST(name) IN("urn:xmpp:tm:1") name
#define STATE(name) IN("http://jabber.org/protocol/chatstates") name

/* What surrounds the octets that are read now. */
enum place {
	PLACE_NONE,
	PLACE_ENVELOPE,
	PLACE_CONTENT,
	PLACE_BODY,
	PLACE_OPT_OUT,
	PLACE_REASON,
	PLACE_TRUST,
	PLACE_OWNER,
	PLACE_KEY,
	PLACE_OTHER, /* and all that is inside */
};

struct parsing {
	XML_Parser parser;
	struct sce *out;
	enum place place[SCE_DEPTH + 1];
	unsigned depth, elements;
	unsigned seen;	  /* rows of known[] */
	enum place makes; /* what the element that begins is */
	const char *why;
	int err;
};

struct known {
	enum place in, makes;
	const char *name;
	void (*begin)(struct parsing *, const char **attributes);
};

static void
refuse(struct parsing *p, int err, const char *why)
{
	if (p->err != 0)
		return;
	p->err = err;
	p->why = why;
	XML_StopParser(p->parser, XML_FALSE);
}

static void
take(struct parsing *p, const char **attributes, const char *name, char *out,
    size_t max, const char *why)
{
	size_t len;

	for (; attributes[0] != NULL; attributes += 2) {
		if (strcmp(attributes[0], name) != 0)
			continue;
		len = strlen(attributes[1]);
		if (len == 0 || len > max)
			break;
		memcpy(out, attributes[1], len + 1);
		return;
	}
	refuse(p, ERR_BAD_MESSAGE, why);
}

static void
take_jid(struct parsing *p, const char **attributes, char out[LIMIT_JID + 1])
{
	take(p, attributes, "jid", out, LIMIT_JID,
	    "its envelope names no valid address");
}

static void
take_id(
    struct parsing *p, const char **attributes, char out[LIMIT_STANZA_ID + 1])
{
	take(p, attributes, "id", out, LIMIT_STANZA_ID,
	    "its envelope names no valid id");
}

static void
begin_from(struct parsing *p, const char **attributes)
{
	take_jid(p, attributes, p->out->from);
}

static void
begin_to(struct parsing *p, const char **attributes)
{
	take_jid(p, attributes, p->out->to);
}

static void
begin_body(struct parsing *p, const char **attributes)
{
	(void)attributes;
	p->out->has_body = 1;
}

static void
begin_opt_out(struct parsing *p, const char **attributes)
{
	(void)attributes;
	p->out->opt_out = 1;
}

static void
begin_replace(struct parsing *p, const char **attributes)
{
	take_id(p, attributes, p->out->replaces);
}

static void
begin_reply(struct parsing *p, const char **attributes)
{
	take_id(p, attributes, p->out->reply_to);
}

static void
begin_received(struct parsing *p, const char **attributes)
{
	take_id(p, attributes, p->out->received);
}

static void
begin_request(struct parsing *p, const char **attributes)
{
	(void)attributes;
	p->out->asks = 1;
}

#define BEGIN_STATE(name, value)                                               \
	static void begin_##name(struct parsing *p, const char **attributes)   \
	{                                                                      \
		(void)attributes;                                              \
		p->out->state = (value);                                       \
	}
BEGIN_STATE(active, TYPING_ACTIVE)
BEGIN_STATE(composing, TYPING_COMPOSING)
BEGIN_STATE(paused, TYPING_PAUSED)
BEGIN_STATE(inactive, TYPING_INACTIVE)
BEGIN_STATE(gone, TYPING_GONE)

static void
begin_time(struct parsing *p, const char **attributes)
{
	(void)attributes;
	p->out->has_time = 1;
}

static void
begin_trust_message(struct parsing *p, const char **attributes)
{
	if (!sce_words_wanted(attributes))
		p->makes = PLACE_OTHER;
}

static void
begin_owner(struct parsing *p, const char **attributes)
{
	take_jid(p, attributes, p->out->words.owner);
}

static void
begin_key(struct parsing *p, uint8_t trust)
{
	p->out->words.trust = trust;
	p->out->words.len = 0;
}

static void
begin_trust(struct parsing *p, const char **attributes)
{
	(void)attributes;
	begin_key(p, TRUST_VERIFIED);
}

static void
begin_distrust(struct parsing *p, const char **attributes)
{
	(void)attributes;
	begin_key(p, TRUST_DISTRUSTED);
}

static void
begin_nothing(struct parsing *p, const char **attributes)
{
	(void)p;
	(void)attributes;
}

/* Each at most once, but those inside a trust message. */
enum { ROW_ENVELOPE, ROW_CONTENT, ROW_PADDING };

static const struct known known[] = {
	/* clang-format off */
	[ROW_ENVELOPE] = { PLACE_NONE, PLACE_ENVELOPE, SCE("envelope"), begin_nothing },
	[ROW_CONTENT] = { PLACE_ENVELOPE, PLACE_CONTENT, SCE("content"), begin_nothing },
	[ROW_PADDING] = { PLACE_ENVELOPE, PLACE_OTHER, SCE("rpad"), begin_nothing },
	{ PLACE_ENVELOPE, PLACE_OTHER, SCE("from"), begin_from },
	{ PLACE_ENVELOPE, PLACE_OTHER, SCE("to"), begin_to },
	{ PLACE_ENVELOPE, PLACE_OTHER, SCE("time"), begin_time },
	{ PLACE_CONTENT, PLACE_BODY, IN("jabber:client") "body", begin_body },
	{ PLACE_CONTENT, PLACE_OPT_OUT, IN("urn:xmpp:omemo:2") "opt-out", begin_opt_out },
	{ PLACE_CONTENT, PLACE_OTHER, IN("urn:xmpp:message-correct:0") "replace", begin_replace },
	{ PLACE_CONTENT, PLACE_OTHER, IN("urn:xmpp:reply:0") "reply", begin_reply },
	{ PLACE_CONTENT, PLACE_OTHER, IN("urn:xmpp:receipts") "received", begin_received },
	{ PLACE_CONTENT, PLACE_OTHER, IN("urn:xmpp:receipts") "request", begin_request },
	{ PLACE_CONTENT, PLACE_OTHER, STATE("active"), begin_active },
	{ PLACE_CONTENT, PLACE_OTHER, STATE("composing"), begin_composing },
	{ PLACE_CONTENT, PLACE_OTHER, STATE("paused"), begin_paused },
	{ PLACE_CONTENT, PLACE_OTHER, STATE("inactive"), begin_inactive },
	{ PLACE_CONTENT, PLACE_OTHER, STATE("gone"), begin_gone },
	{ PLACE_CONTENT, PLACE_TRUST, TRUST("trust-message"), begin_trust_message },
	{ PLACE_TRUST, PLACE_OWNER, TRUST("key-owner"), begin_owner },
	{ PLACE_OWNER, PLACE_KEY, TRUST("trust"), begin_trust },
	{ PLACE_OWNER, PLACE_KEY, TRUST("distrust"), begin_distrust },
	{ PLACE_OPT_OUT, PLACE_REASON, IN("urn:xmpp:omemo:2") "reason", begin_nothing },
	/* clang-format on */
};
#define KNOWN (sizeof(known) / sizeof(known[0]))

static void
on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct parsing *p = arg;
	enum place in = p->place[p->depth];
	size_t i = 0;

	if (p->err != 0)
		return;
	if (p->depth == SCE_DEPTH || ++p->elements > SCE_ELEMENTS) {
		refuse(p, ERR_BAD_MESSAGE,
		    "its envelope has too many elements, or too deep ones");
		return;
	}
	while (i < KNOWN &&
	    (known[i].in != in || strcmp(known[i].name, name) != 0))
		i++;
	if (in == PLACE_NONE && i != ROW_ENVELOPE) {
		refuse(p, ERR_BAD_MESSAGE, "it has no envelope");
		return;
	}
	if (in == PLACE_BODY || in == PLACE_REASON || in == PLACE_KEY) {
		refuse(p, ERR_BAD_MESSAGE, "its text has elements inside");
		return;
	}
	p->makes = PLACE_OTHER;
	if (i < KNOWN) {
		if ((p->seen & 1U << i) && in != PLACE_TRUST &&
		    in != PLACE_OWNER) {
			refuse(p, ERR_BAD_MESSAGE,
			    "its envelope has an element twice");
			return;
		}
		p->seen |= 1U << i;
		p->makes = known[i].makes;
		known[i].begin(p, attributes);
	}
	p->place[++p->depth] = p->makes;
}

static void
on_end(void *arg, const XML_Char *name)
{
	struct parsing *p = arg;

	(void)name;
	if (p->err != 0 || p->depth == 0)
		return;
	if (p->place[p->depth--] == PLACE_KEY &&
	    sce_words_add(&p->out->words) != 0)
		refuse(p, ERR_TOO_LONG, "it speaks of too many keys");
}

static void
add_key_text(struct sce_words *w, const char *text, size_t len)
{
	if (w->len + len > SCE_KEY_TEXT) {
		w->len = SCE_KEY_TEXT + 1; /* no key of ours */
		return;
	}
	memcpy(w->text + w->len, text, len);
	w->len += len;
}

static void
on_text(void *arg, const XML_Char *text, int len)
{
	struct parsing *p = arg;
	struct buffer *b = NULL;

	if (p->err == 0 && p->place[p->depth] == PLACE_KEY)
		add_key_text(&p->out->words, text, (size_t)len);
	if (p->place[p->depth] == PLACE_BODY)
		b = &p->out->body;
	else if (p->place[p->depth] == PLACE_REASON)
		b = &p->out->reason;
	if (b == NULL || p->err != 0)
		return;
	buffer_put(b, text, (size_t)len);
	if (b->err != 0)
		refuse(p, b->err, "its text is too long");
}

static void
on_doctype(void *arg, const XML_Char *name, const XML_Char *sysid,
    const XML_Char *pubid, int has_subset)
{
	(void)name;
	(void)sysid;
	(void)pubid;
	(void)has_subset;
	refuse(arg, ERR_BAD_MESSAGE, "its envelope has a document type");
}

static void
on_instruction(void *arg, const XML_Char *target, const XML_Char *data)
{
	(void)target;
	(void)data;
	refuse(
	    arg, ERR_BAD_MESSAGE, "its envelope has a processing instruction");
}

/* What must be there. */
static void
check_whole(struct parsing *p)
{
	if (!(p->seen & 1U << ROW_CONTENT))
		refuse(p, ERR_BAD_MESSAGE, "its envelope has no content");
	else if (!(p->seen & 1U << ROW_PADDING))
		refuse(p, ERR_BAD_MESSAGE, "its envelope has no padding");
}

int
sce_parse(const uint8_t *octets, size_t len, struct sce *out, const char **why)
{
	struct parsing p = { .out = out, .why = "" };

	memset(out, 0, sizeof(*out));
	buffer_init(&out->body, LIMIT_TEXT);
	buffer_init(&out->reason, LIMIT_REASON);
	buffer_init(&out->words.rows, FRAME_MAX);
	if (len > LIMIT_ENVELOPE) {
		*why = "its envelope is too long";
		return ERR_TOO_LONG;
	}
	p.parser = XML_ParserCreateNS("UTF-8", SEPARATOR);
	if (p.parser == NULL) {
		*why = "out of memory";
		return ERR_MEMORY;
	}
	XML_SetUserData(p.parser, &p);
	XML_SetElementHandler(p.parser, on_start, on_end);
	XML_SetCharacterDataHandler(p.parser, on_text);
	XML_SetStartDoctypeDeclHandler(p.parser, on_doctype);
	XML_SetProcessingInstructionHandler(p.parser, on_instruction);
	if (XML_Parse(p.parser, (const char *)octets, (int)len, 1) !=
		XML_STATUS_OK &&
	    p.err == 0) {
		p.err = ERR_BAD_MESSAGE;
		p.why = "its envelope is not well-formed";
	}
	if (p.err == 0)
		check_whole(&p);
	XML_ParserFree(p.parser);
	*why = p.why;
	return p.err;
}

void
sce_free(struct sce *s)
{
	buffer_free(&s->body);
	buffer_free(&s->reason);
	buffer_free(&s->words.rows);
}
