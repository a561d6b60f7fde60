/* SPDX-License-Identifier: ISC */
/*
 * UTF-8 and vis. Runs in every command, on octets that nobody vouches for.
 *
 * vis(3) itself is called for one octet at a time: strnvis has two orders of
 * its arguments, and neither knows which characters beyond ASCII are safe.
 */
#include <stdlib.h>
#include <string.h>

#define LIBBSD_OPENBSD_VIS
#include <bsd/vis.h>

#include "text.h"

size_t
text_next(const void *p, size_t n, uint32_t *cp)
{
	static const struct {
		uint8_t mask, lead;
		uint32_t least; /* smaller: an overlong form */
	} forms[] = {
		{ 0x80, 0x00, 0 },
		{ 0xe0, 0xc0, 0x80 },
		{ 0xf0, 0xe0, 0x800 },
		{ 0xf8, 0xf0, 0x10000 },
	};

	const uint8_t *s = p;
	uint32_t c;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if ((s[0] & forms[i].mask) != forms[i].lead)
			continue;
		if (i >= n)
			return 0;
		c = s[0] & (uint8_t)~forms[i].mask;
		for (size_t k = 1; k <= i; k++) {
			if ((s[k] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (s[k] & 0x3f);
		}
		if (c < forms[i].least || c > 0x10ffff ||
		    (c >= 0xd800 && c <= 0xdfff))
			return 0;
		*cp = c;
		return i + 1;
	}
	return 0;
}

int
text_valid(const void *p, size_t n)
{
	const uint8_t *s = p;
	uint32_t cp;
	size_t used;

	for (; n > 0; s += used, n -= used) {
		used = text_next(s, n, &cp);
		if (used == 0 || cp == 0)
			return 0;
	}
	return 1;
}

int
text_only_prints(uint32_t cp)
{
	static const struct {
		uint32_t first, last;
	} unsafe[] = {
		{ 0x00, 0x1f },	      /* controls */
		{ 0x7f, 0x9f },	      /* DEL and C1 */
		{ 0x61c, 0x61c },     /* Arabic letter mark */
		{ 0x200b, 0x200b },   /* zero width space */
		{ 0x200e, 0x200f },   /* direction marks */
		{ 0x2028, 0x202e },   /* separators, embeddings, overrides */
		{ 0x2060, 0x206f },   /* invisible, isolates */
		{ 0xfeff, 0xfeff },   /* byte order mark */
		{ 0xfff0, 0xfffb },   /* interlinear marks */
		{ 0xfffe, 0xffff },   /* no characters */
		{ 0xe0000, 0xe0fff }, /* tags, invisible */
	};

	for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++)
		if (cp >= unsafe[i].first && cp <= unsafe[i].last)
			return 0;
	return 1;
}

size_t
text_vis(char *dst, size_t size, const void *p, size_t n)
{
	const uint8_t *s = p;
	char piece[16];
	size_t at = 0, used, len;
	uint32_t cp;

	if (size == 0)
		return 0;
	for (; n > 0; s += used, n -= used) {
		used = text_next(s, n, &cp);
		if (used > 0 && text_only_prints(cp)) {
			memcpy(piece, s, used);
			len = used;
		} else {
			used = 1;
			len = (size_t)(vis(piece, s[0],
					   VIS_CSTYLE | VIS_OCTAL | VIS_NL |
					       VIS_TAB | VIS_NOLOCALE,
					   n > 1 ? s[1] : 0) -
			    piece);
		}
		if (at + len >= size)
			break;
		memcpy(dst + at, piece, len);
		at += len;
	}
	dst[at] = '\0';
	return at;
}

/* Print p[0..n) in pieces that a small buffer holds, never split inside a
 * character. */
static void
print(FILE *f, const uint8_t *p, size_t n)
{
	char out[1024];
	size_t chunk, used;
	uint32_t cp;

	while (n > 0) {
		for (chunk = 0; chunk < n && chunk < 240; chunk += used) {
			used = text_next(p + chunk, n - chunk, &cp);
			used = used == 0 ? 1 : used;
		}
		text_vis(out, sizeof(out), p, chunk);
		fputs(out, f);
		p += chunk;
		n -= chunk;
	}
}

void
text_print(FILE *f, const char *s)
{
	print(f, (const uint8_t *)s, strlen(s));
}

void
text_print_body(FILE *f, const void *p, size_t n, const char *indent)
{
	const uint8_t *s = p, *nl;
	size_t len;

	for (;;) {
		nl = n > 0 ? memchr(s, '\n', n) : NULL;
		len = nl != NULL ? (size_t)(nl - s) : n;
		if (nl != NULL && len > 0 && s[len - 1] == '\r')
			print(f, s, len - 1);
		else
			print(f, s, len);
		if (nl == NULL)
			return;
		fprintf(f, "\n%s", indent);
		s += len + 1;
		n -= len + 1;
	}
}
