/* SPDX-License-Identifier: ISC */
/*
 * Checks of strings. Runs in the keeper; holds nothing; trusts nobody: names
 * and reasons come from a client that may be hostile, texts from anybody.
 */
#include "text.h"

#include <stdint.h>
#include <string.h>

/*
 * Length of the UTF-8 sequence at p (n octets are there), 0 if malformed;
 * *c is the code point.
 */
static size_t
utf8_next(const uint8_t *p, size_t n, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len, i;

	if (p[0] < 0x80)
		len = 1, *c = p[0];
	else if ((p[0] & 0xe0) == 0xc0)
		len = 2, *c = p[0] & 0x1fU;
	else if ((p[0] & 0xf0) == 0xe0)
		len = 3, *c = p[0] & 0x0fU;
	else if ((p[0] & 0xf8) == 0xf0)
		len = 4, *c = p[0] & 0x07U;
	else
		return 0;
	if (len > n)
		return 0;
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (p[i] & 0x3fU);
	}
	if (*c < least[len] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000))
		return 0;
	return len;
}

int
text_is_utf8(const void *p, size_t len)
{
	const uint8_t *s = p;
	uint32_t c;
	size_t n;

	while (len > 0) {
		n = utf8_next(s, len, &c);
		if (n == 0 || c == 0)
			return 0;
		s += n;
		len -= n;
	}
	return 1;
}

static int
is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

int
text_is_plain(const char *s)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t len = strlen(s), n;
	uint32_t c;

	if (len == 0)
		return 0;
	while (len > 0) {
		n = utf8_next(p, len, &c);
		if (n == 0 || is_control(c))
			return 0;
		p += n;
		len -= n;
	}
	return 1;
}

int
text_is_bare_jid(const char *s)
{
	const char *at = strchr(s, '@');

	if (!text_is_plain(s) || strpbrk(s, " /\"&'<>") != NULL)
		return 0;
	if (at == NULL)
		return 1;
	return at != s && at[1] != '\0' && strchr(at + 1, '@') == NULL;
}

void
text_soften(const void *p, size_t len, char *out, size_t size)
{
	const uint8_t *s = p;
	size_t n, at = 0;
	uint32_t c;

	while (len > 0) {
		n = utf8_next(s, len, &c);
		if (at + (n > 0 ? n : 1) >= size)
			break;
		if (n == 0 || is_control(c)) {
			out[at++] = '?';
			n = n > 0 ? n : 1;
		} else {
			memcpy(out + at, s, n);
			at += n;
		}
		s += n;
		len -= n;
	}
	out[at] = '\0';
}
