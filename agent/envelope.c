/* SPDX-License-Identifier: ISC */
/*
 * Writing envelopes. Runs in the keeper, which alone says from whom, to whom
 * and when; the text is the front's. Holds the text, in the secure heap.
 */
#include "envelope.h"

#include <stdio.h>
#include <string.h>

#include "../ipc/err.h"
#include "../ipc/messages.h"
#include "account.h"
#include "crypto/crypto.h"
#include "limits.h"

#define CONTENT_MIN 256 /* octets: a shorter content is padded to it */
#define PAD_RANDOM  200 /* and so many more at most, drawn (XEP-0420) */
#define MARKUP	    512 /* more than all our own elements take */

/* --- text as XML ---------------------------------------------------------------- */

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* What stands for the character at p: NULL: itself. *used: its octets. */
static const char *
escape(const uint8_t *p, size_t left, size_t *used)
{
	*used = 1;
	switch (*p) {
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
	default:
		break;
	}
	if (*p < 0x20)
		return REPLACEMENT;
	if (left >= 3 && p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe) {
		*used = 3; /* U+FFFE, U+FFFF */
		return REPLACEMENT;
	}
	return NULL;
}

size_t
envelope_escaped(const uint8_t *text, size_t len)
{
	size_t i, used, total = 0;
	const char *with;

	for (i = 0; i < len; i += used) {
		with = escape(text + i, len - i, &used);
		total += with != NULL ? strlen(with) : used;
	}
	return total;
}

int
envelope_is_xml(const uint8_t *text, size_t len)
{
	size_t i, used;
	const char *with;

	for (i = 0; i < len; i += used) {
		with = escape(text + i, len - i, &used);
		if (with != NULL && strcmp(with, REPLACEMENT) == 0)
			return 0;
	}
	return 1;
}

void
envelope_put_escaped(struct buffer *b, const uint8_t *text, size_t len)
{
	size_t i, used;
	const char *with;

	for (i = 0; i < len; i += used) {
		with = escape(text + i, len - i, &used);
		if (with != NULL)
			buffer_put(b, with, strlen(with));
		else
			buffer_put(b, text + i, used);
	}
}

static void
put(struct buffer *b, const char *markup)
{
	buffer_put(b, markup, strlen(markup));
}

static void
put_jid(struct buffer *b, const char *name, const char *jid)
{
	put(b, "<");
	put(b, name);
	put(b, " jid='");
	envelope_put_escaped(b, (const uint8_t *)jid, strlen(jid));
	put(b, "'/>");
}

/* --- affixes ---------------------------------------------------------------------- */

/* XEP-0082, UTC; without libc, which would want to look at a file. */
static void
put_time(struct buffer *b, uint64_t seconds)
{
	uint64_t days = seconds / 86400, rest = seconds % 86400;
	/* days since 1 March 0000, in eras of 400 years */
	uint64_t z = days + 719468, era = z / 146097, doe = z % 146097;
	uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	uint64_t mp = (5 * doy + 2) / 153, month = mp < 10 ? mp + 3 : mp - 9;
	uint64_t year = yoe + era * 400 + (month <= 2);
	char text[64];

	snprintf(text, sizeof text,
	    "<time stamp='%04u-%02u-%02uT%02u:%02u:%02uZ'/>",
	    (unsigned)year % 10000, (unsigned)month,
	    (unsigned)(doy - (153 * mp + 2) / 5 + 1), (unsigned)(rest / 3600),
	    (unsigned)(rest / 60 % 60), (unsigned)(rest % 60));
	put(b, text);
}

/* The length of a text shows in that of its ciphertext. */
static int
put_padding(struct buffer *b, size_t content)
{
	static const char alphabet[64] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t draw[CONTENT_MIN + PAD_RANDOM];
	uint32_t extra;
	size_t n = content < CONTENT_MIN ? CONTENT_MIN - content : 0;
	int err;

	if ((err = random_public(&extra, sizeof extra)) != 0 ||
	    (err = random_public(draw, sizeof draw)) != 0)
		return err;
	n += extra % (PAD_RANDOM + 1); /* the bias is below 2^-24 */
	put(b, "<rpad>");
	for (size_t i = 0; i < n; i++)
		buffer_put(b, &alphabet[draw[i] % 64], 1);
	put(b, "</rpad>");
	return b->err;
}

static int
write_all(const struct envelope *e, struct buffer *b)
{
	int err;

	put(b, "<envelope xmlns='urn:xmpp:sce:1'><content>");
	if (e->format == FORMAT_BODY) {
		put(b, "<body xmlns='jabber:client'>");
		envelope_put_escaped(b, e->text, e->len);
		put(b, "</body><request xmlns='urn:xmpp:receipts'/>");
	} else
		buffer_put(b, e->text, e->len);
	put(b, "</content>");
	if ((err = put_padding(b, b->len)) != 0)
		return err;
	put_jid(b, "from", e->from);
	put_jid(b, "to", e->to);
	put_time(b, e->time);
	put(b, "</envelope>");
	return b->err;
}

int
envelope_write(const struct envelope *e, struct secret *out, size_t *len)
{
	size_t room = envelope_escaped(e->text, e->len) +
	    envelope_escaped((const uint8_t *)e->from, strlen(e->from)) +
	    envelope_escaped((const uint8_t *)e->to, strlen(e->to)) + MARKUP +
	    CONTENT_MIN + PAD_RANDOM;
	struct buffer b;
	int err;

	if ((err = secret_new(out, room)) != 0)
		return err;
	buffer_over(&b, out);
	err = write_all(e, &b);
	*len = b.len;
	if (err == 0 && b.len > LIMIT_ENVELOPE)
		err = ERR_TOO_LONG;
	if (err != 0)
		secret_free(out);
	return err;
}
