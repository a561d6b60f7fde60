/* SPDX-License-Identifier: ISC */
/*
 * What goes into an envelope when a text is about an earlier message, and what
 * is no text at all. Runs in the front; holds its user's text, and makes XML of it: the keeper adds who
 * writes to whom, and when.
 */
#include <string.h>

#include "private.h"

static const char *
escape(uint8_t c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '\'':
		return "&apos;";
	case '\r': /* a parser would make a line feed of it */
		return "&#13;";
	case '\t':
	case '\n':
		return NULL;
	default: /* XML has no word for the other controls */
		return c < 0x20 ? "\xef\xbf\xbd" : NULL;
	}
}

static void
put_escaped(struct buffer *b, const uint8_t *text, size_t len)
{
	const char *with;

	for (size_t i = 0; i < len; i++)
		if (len - i >= 3 && text[i] == 0xef && text[i + 1] == 0xbf &&
		    text[i + 2] >= 0xbe) {
			buffer_put(b, "\xef\xbf\xbd", 3); /* no characters */
			i += 2;
		} else if ((with = escape(text[i])) != NULL)
			buffer_put(b, with, strlen(with));
		else
			buffer_put_u8(b, text[i]);
}

static void
put(struct buffer *b, const char *text)
{
	buffer_put(b, text, strlen(text));
}

void
content_write(struct buffer *b, enum front_about about, const char *that,
    const uint8_t *text, size_t len)
{
	static const char *const begin[] = {
		[ABOUT_CORRECTION] =
		    "<replace xmlns='urn:xmpp:message-correct:0' id='",
		[ABOUT_REPLY] = "<reply xmlns='urn:xmpp:reply:0' id='",
	};

	put(b, "<body xmlns='jabber:client'>");
	put_escaped(b, text, len);
	put(b, "</body>");
	put(b, begin[about]);
	put_escaped(b, (const uint8_t *)that, strlen(that));
	put(b, "'/><request xmlns='urn:xmpp:receipts'/>");
}

void
content_receipt(struct buffer *b, const char *that)
{
	put(b, "<received xmlns='urn:xmpp:receipts' id='");
	put_escaped(b, (const uint8_t *)that, strlen(that));
	put(b, "'/>");
}

void
content_typing(struct buffer *b, const char *state)
{
	put(b, "<");
	put(b, state);
	put(b, " xmlns='http://jabber.org/protocol/chatstates'/>");
}
