/* SPDX-License-Identifier: ISC */
/*
 * Links to encrypted files. Runs in xmpp-get and the fronts; a link comes
 * from a contact, and what does not have the form exactly is refused: half a
 * key is no key.
 */
#include "aesgcm.h"

#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "../../ipc/err.h"
#include "text.h"

#define SCHEME "aesgcm://"
#define HTTPS  "https://"

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* 2 * n digits at p, which has them or ends before. */
static int
hex_read(const char *p, uint8_t *out, size_t n)
{
	int high, low;

	for (size_t i = 0; i < n; i++) {
		high = hex_digit(p[2 * i]);
		low = high < 0 ? -1 : hex_digit(p[2 * i + 1]);
		if (low < 0)
			return ERR_ARGUMENT;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

/* What is behind the '#'. */
static int
read_secret(const char *p, struct aesgcm *link)
{
	size_t n = strlen(p);

	if (n == 2 * (AESGCM_IV + AESGCM_KEY))
		link->ivlen = AESGCM_IV;
	else if (n == 2 * (AESGCM_IV_MAX + AESGCM_KEY))
		link->ivlen = AESGCM_IV_MAX;
	else
		return ERR_ARGUMENT;
	if (hex_read(p, link->iv, link->ivlen) != 0)
		return ERR_ARGUMENT;
	return hex_read(p + 2 * link->ivlen, link->key, AESGCM_KEY);
}

int
aesgcm_read(const char *text, struct aesgcm *link, const char **why)
{
	char https[URL_SIZE];
	const char *hash = strchr(text, '#');
	size_t n;

	memset(link, 0, sizeof(*link));
	*why = NULL;
	if (strncmp(text, SCHEME, strlen(SCHEME)) != 0) {
		*why = "it is no aesgcm:// link";
		return ERR_ARGUMENT;
	}
	text += strlen(SCHEME);
	n = hash != NULL ? (size_t)(hash - text) : 0;
	if (hash == NULL)
		*why = "the link has no key";
	else if (n + sizeof(HTTPS) > sizeof(https))
		*why = "the address is too long";
	else if (read_secret(hash + 1, link) != 0)
		*why = "the link's key is not 88 or 96 hexadecimal digits";
	if (*why == NULL) {
		snprintf(https, sizeof(https), "%s%.*s", HTTPS, (int)n, text);
		(void)url_read(https, &link->url, why);
	}
	if (*why == NULL)
		return 0;
	explicit_bzero(link, sizeof(*link));
	return ERR_ARGUMENT;
}

static char *
hex_write(char *to, const uint8_t *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*to++ = digits[p[i] >> 4];
		*to++ = digits[p[i] & 15];
	}
	return to;
}

void
aesgcm_write(const struct url *url, const uint8_t iv[static AESGCM_IV],
    const uint8_t key[static AESGCM_KEY], char text[static AESGCM_SIZE])
{
	size_t n = (size_t)snprintf(
	    text, AESGCM_SIZE, "%s%s#", SCHEME, url->text + strlen(HTTPS));
	char *end = hex_write(text + n, iv, AESGCM_IV);

	*hex_write(end, key, AESGCM_KEY) = '\0';
}

int
aesgcm_is_body(const uint8_t *body, size_t len)
{
	static const char thumbnail[] = "\ndata:image/";
	const uint8_t *end = memchr(body, '\n', len);
	size_t n = end != NULL ? (size_t)(end - body) : len;
	char text[AESGCM_SIZE];
	struct aesgcm link;
	const char *why;
	int is;

	if (n >= sizeof(text) || memchr(body, '\0', n) != NULL)
		return 0;
	if (len - n > 0 &&
	    (len - n < strlen(thumbnail) ||
		memcmp(end, thumbnail, strlen(thumbnail)) != 0))
		return 0;
	memcpy(text, body, n);
	text[n] = '\0';
	is = aesgcm_read(text, &link, &why) == 0;
	explicit_bzero(&link, sizeof(link));
	explicit_bzero(text, sizeof(text));
	return is;
}

/* --- a file's name -------------------------------------------------------- */

/* The last part of the path, percent signs undone; its octets in out. */
static size_t
last_part(const char *url, uint8_t out[static URL_SIZE])
{
	const char *end, *p;
	size_t n = 0;

	url += strlen(HTTPS);
	end = url + strcspn(url, "?");
	for (p = end; p[-1] != '/'; p--)
		;
	while (p < end) {
		if (*p == '%' && hex_read(p + 1, out + n, 1) == 0)
			p += 3;
		else
			out[n] = (uint8_t)*p++;
		n++;
	}
	return n;
}

static int
may_be_in_name(uint32_t cp, size_t at)
{
	if (cp == '/' || cp == '\\' || !text_only_prints(cp))
		return 0;
	return at > 0 || (cp != '.' && cp != '-' && cp != ' ');
}

void
aesgcm_name(const struct url *url, char name[static AESGCM_NAME])
{
	uint8_t part[URL_SIZE];
	size_t n = last_part(url->text, part), at = 0, used;
	uint32_t cp;

	for (size_t i = 0; i < n; i += used) {
		used = text_next(part + i, n - i, &cp);
		if (at + (used > 0 ? used : 1) >= AESGCM_NAME)
			break;
		if (used > 0 && may_be_in_name(cp, at)) {
			memcpy(name + at, part + i, used);
			at += used;
		} else {
			name[at++] = '_';
			used = used > 0 ? used : 1;
		}
	}
	name[at] = '\0';
	if (at == 0)
		strlcpy(name, "file", AESGCM_NAME);
}
