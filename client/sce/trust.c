/* SPDX-License-Identifier: ISC */
/*
 * The keys of a trust message (XEP-0434). Runs where parse.c does; what it
 * reads was written by a contact's device. A key of another form than 32
 * octets in base64 is passed over: other methods have others.
 */
#include <string.h>

#include "../../ipc/err.h"
#include "sce.h"

#define USAGE	   "urn:xmpp:atm:1"
#define ENCRYPTION "urn:xmpp:omemo:2"

int
sce_words_wanted(const char **attributes)
{
	int usage = 0, encryption = 0;

	for (; attributes[0] != NULL; attributes += 2) {
		if (strcmp(attributes[0], "usage") == 0)
			usage = strcmp(attributes[1], USAGE) == 0;
		if (strcmp(attributes[0], "encryption") == 0)
			encryption = strcmp(attributes[1], ENCRYPTION) == 0;
	}
	return usage && encryption;
}

static int
digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* 43 digits and a pad, of which the last two bits are zero. */
static int
decode(const char *text, size_t len, uint8_t key[32])
{
	uint32_t bits = 0;
	size_t n = 0;
	int have = 0, d;

	if (len != SCE_KEY_TEXT || text[SCE_KEY_TEXT - 1] != '=')
		return ERR_BAD_MESSAGE;
	for (size_t i = 0; i < SCE_KEY_TEXT - 1; i++) {
		if ((d = digit(text[i])) < 0)
			return ERR_BAD_MESSAGE;
		bits = bits << 6 | (uint32_t)d;
		if ((have += 6) < 8)
			continue;
		have -= 8;
		key[n++] = (uint8_t)(bits >> have);
		bits &= (1U << have) - 1;
	}
	return n == 32 && bits == 0 ? 0 : ERR_BAD_MESSAGE;
}

int
sce_words_add(struct sce_words *w)
{
	uint8_t key[32];

	if (decode(w->text, w->len, key) != 0)
		return 0;
	if (w->n == LIMIT_TOLD_KEYS)
		return ERR_TOO_LONG;
	w->n++;
	buffer_put_cstring(&w->rows, w->owner);
	buffer_put_u8(&w->rows, w->trust);
	buffer_put(&w->rows, key, sizeof(key));
	return w->rows.err;
}
