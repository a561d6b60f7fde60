/* SPDX-License-Identifier: ISC */
/*
 * Editing one line of UTF-8: what each key does. Runs in the front; holds the
 * text being typed. Pure, so that it can be tested without a terminal.
 */
#define _XOPEN_SOURCE 700
#include <string.h>
#include <wchar.h>

#include "../common/text.h"
#include "editor.h"

#define ESC 0x1b

static size_t
before(const struct line *l, size_t at)
{
	if (at == 0)
		return 0;
	for (at--; at > 0; at--)
		if (((unsigned char)l->text[at] & 0xc0) != 0x80)
			break;
	return at;
}

static size_t
after(const struct line *l, size_t at)
{
	if (at < l->len)
		at++;
	while (at < l->len && ((unsigned char)l->text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

/* Remove [from, to); the cursor is then at from. */
static void
cut(struct line *l, size_t from, size_t to)
{
	memmove(l->text + from, l->text + to, l->len - to);
	l->len -= to - from;
	explicit_bzero(l->text + l->len, to - from);
	l->at = from;
}

static size_t
word_before(const struct line *l)
{
	size_t at = l->at;

	while (at > 0 && l->text[at - 1] == ' ')
		at--;
	while (at > 0 && l->text[at - 1] != ' ')
		at--;
	return at;
}

/* Insert the whole character that is held, if it does nothing but print. */
static enum line_did
insert_held(struct line *l)
{
	uint32_t cp;
	size_t n = l->nheld, used = text_next(l->held, n, &cp);

	l->nheld = 0;
	if (used != n || !text_only_prints(cp))
		return LINE_BELL;
	if (l->len + n > sizeof(l->text))
		return LINE_BELL;
	memmove(l->text + l->at + n, l->text + l->at, l->len - l->at);
	memcpy(l->text + l->at, l->held, n);
	l->len += n;
	l->at += n;
	return LINE_MORE;
}

static size_t
expected(unsigned char lead)
{
	if (lead >= 0xf0)
		return 4;
	if (lead >= 0xe0)
		return 3;
	return lead >= 0xc0 ? 2 : 1;
}

static enum line_did
feed_utf8(struct line *l, unsigned char c)
{
	l->held[l->nheld++] = (char)c;
	if (l->nheld < expected((unsigned char)l->held[0]))
		return LINE_MORE;
	return insert_held(l);
}

/* Inside ESC [ … final, or ESC O final. */
static enum line_did
feed_escape(struct line *l, unsigned char c)
{
	int first_of_csi = l->nheld == 1 && (c == '[' || c == 'O');
	char parameter = l->nheld > 2 ? l->held[2] : 0;

	if (first_of_csi || (l->nheld >= 2 && c >= 0x20 && c < 0x40)) {
		if (l->nheld < sizeof(l->held))
			l->held[l->nheld++] = (char)c;
		return LINE_MORE;
	}
	if (l->nheld >= 2) {
		if (c == 'D')
			l->at = before(l, l->at);
		else if (c == 'C')
			l->at = after(l, l->at);
		else if (c == 'H' || (c == '~' && parameter == '1'))
			l->at = 0;
		else if (c == 'F' || (c == '~' && parameter == '4'))
			l->at = l->len;
		else if (c == '~' && parameter == '3')
			cut(l, l->at, after(l, l->at));
	}
	l->nheld = 0; /* all other sequences do nothing */
	return LINE_MORE;
}

static enum line_did
feed_control(struct line *l, unsigned char c)
{
	switch (c) {
	case '\r':
	case '\n':
		return LINE_DONE;
	case 0x01: /* ^A */
		l->at = 0;
		break;
	case 0x02: /* ^B */
		l->at = before(l, l->at);
		break;
	case 0x04: /* ^D */
		if (l->len == 0)
			return LINE_END;
		cut(l, l->at, after(l, l->at));
		break;
	case 0x05: /* ^E */
		l->at = l->len;
		break;
	case 0x06: /* ^F */
		l->at = after(l, l->at);
		break;
	case 0x08: /* ^H */
	case 0x7f:
		cut(l, before(l, l->at), l->at);
		break;
	case 0x0b: /* ^K */
		cut(l, l->at, l->len);
		break;
	case 0x0c: /* ^L */
		return LINE_CLEAR;
	case 0x15: /* ^U */
		cut(l, 0, l->at);
		break;
	case 0x17: /* ^W */
		cut(l, word_before(l), l->at);
		break;
	default:
		return LINE_BELL;
	}
	return LINE_MORE;
}

enum line_did
line_feed(struct line *l, unsigned char c)
{
	if (l->nheld > 0 && l->held[0] == ESC)
		return feed_escape(l, c);
	if (l->nheld > 0 && (c & 0xc0) != 0x80) {
		l->nheld = 0; /* a character cut short: forget it */
		return line_feed(l, c);
	}
	if (c == ESC) {
		l->held[l->nheld++] = ESC;
		return LINE_MORE;
	}
	if (c < 0x20 || c == 0x7f)
		return feed_control(l, c);
	if (l->nheld == 0 && (c & 0xc0) == 0x80)
		return LINE_BELL;
	return feed_utf8(l, c);
}

size_t
line_width(const char *p, size_t n)
{
	size_t width = 0, used;
	uint32_t cp;
	int w;

	for (; n > 0; p += used, n -= used) {
		used = text_next(p, n, &cp);
		if (used == 0)
			return width + n;
		w = wcwidth((wchar_t)cp);
		width += w > 0 ? (size_t)w : 0;
	}
	return width;
}
