/* SPDX-License-Identifier: ISC */
/* Base64, strict. Runs in xmpp-net; holds ciphertext and public keys. */
#include "base64.h"

#include <stdlib.h>
#include <string.h>

#include "../../ipc/err.h"

static const char alphabet[65] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

int
base64_decode(const char *text, uint8_t *out, size_t max, size_t *len)
{
	uint32_t bits = 0;
	size_t n = 0, digits = 0, pads = 0;

	*len = 0;
	for (; *text != '\0'; text++) {
		const char *at;

		if (is_blank(*text))
			continue;
		if (*text == '=') {
			pads++;
			continue;
		}
		if (pads > 0 || (at = strchr(alphabet, *text)) == NULL)
			return ERR_BAD_MESSAGE;
		bits = bits << 6 | (uint32_t)(at - alphabet);
		if (digits++ % 4 == 0)
			continue;
		if (n == max)
			return ERR_TOO_LONG;
		out[n++] = (uint8_t)(bits >> (2 * (3 - (digits - 1) % 4)));
	}
	if ((digits + pads) % 4 != 0 || digits % 4 == 1 || pads > 2)
		return ERR_BAD_MESSAGE;
	if (digits % 4 != 0 && (bits & ((1U << (2 * (4 - digits % 4))) - 1)))
		return ERR_BAD_MESSAGE;
	*len = n;
	return 0;
}

char *
base64_encode(const uint8_t *p, size_t len)
{
	char *out, *o;
	size_t i;

	if ((out = o = malloc((len + 2) / 3 * 4 + 1)) == NULL)
		return NULL;
	for (i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16;

		if (i + 1 < len)
			v |= (uint32_t)p[i + 1] << 8;
		if (i + 2 < len)
			v |= p[i + 2];
		*o++ = alphabet[v >> 18];
		*o++ = alphabet[v >> 12 & 63];
		*o++ = i + 1 < len ? alphabet[v >> 6 & 63] : '=';
		*o++ = i + 2 < len ? alphabet[v & 63] : '=';
	}
	*o = '\0';
	return out;
}
