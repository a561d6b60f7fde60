/* SPDX-License-Identifier: ISC */
/*
 * Fingerprints as text. Runs in every command; holds nothing.
 */
#include "fingerprint.h"

#include <string.h>

#include "../../ipc/err.h"
#include "colour.h"

void
fingerprint_print(const uint8_t fp[static FINGERPRINT_SIZE],
    char text[static FINGERPRINT_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < FINGERPRINT_SIZE; i++) {
		if (i > 0 && i % 4 == 0)
			*text++ = ' ';
		*text++ = digits[fp[i] >> 4];
		*text++ = digits[fp[i] & 15];
	}
	*text = '\0';
}

void
fingerprint_show(FILE *f, const uint8_t fp[static FINGERPRINT_SIZE])
{
	enum colour_mode mode = colour_mode(f);
	char text[FINGERPRINT_TEXT], *group = text;

	fingerprint_print(fp, text);
	for (size_t i = 0; i < 8; i++, group += 9) {
		group[8] = '\0';
		if (i > 0)
			putc(' ', f);
		colour_print(f, mode, group);
	}
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
fingerprint_read(const char *text, uint8_t fp[static FINGERPRINT_SIZE])
{
	size_t digits = 0;
	int v;

	memset(fp, 0, FINGERPRINT_SIZE);
	for (; *text != '\0'; text++) {
		if (strchr(" \t\r\n:", *text) != NULL)
			continue;
		v = hex(*text);
		if (v < 0 || digits == 2 * FINGERPRINT_SIZE)
			goto bad;
		fp[digits / 2] = (uint8_t)(fp[digits / 2] << 4 | v);
		digits++;
	}
	if (digits == 2 * FINGERPRINT_SIZE)
		return 0;
bad:
	memset(fp, 0, FINGERPRINT_SIZE);
	return ERR_ARGUMENT;
}
