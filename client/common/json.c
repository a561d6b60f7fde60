/* SPDX-License-Identifier: ISC */
/*
 * JSON lines. Runs in every command; wipes nothing: the text is on its way to
 * the screen or to the program that asked for it.
 */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fingerprint.h"
#include "text.h"

int
json_line(json_t *object)
{
	size_t flags = JSON_COMPACT;
	int bad;

	if (isatty(STDOUT_FILENO))
		flags |= JSON_ENSURE_ASCII;
	bad = object == NULL || json_dumpf(object, stdout, flags) != 0;
	json_decref(object);
	return bad || putchar('\n') == EOF || fflush(stdout) == EOF ? -1 : 0;
}

json_t *
json_text(const void *p, size_t n)
{
	static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
	const uint8_t *s = p;
	json_t *text = json_stringn(n > 0 ? p : "", n);
	char *copy;
	size_t at = 0, used;
	uint32_t cp;

	if (text != NULL)
		return text;
	copy = malloc(n * 3 + 1);
	if (copy == NULL)
		return NULL;
	for (; n > 0; s += used, n -= used) {
		used = text_next(s, n, &cp);
		if (used > 0) {
			memcpy(copy + at, s, used);
			at += used;
		} else {
			memcpy(copy + at, replacement, 3);
			at += 3;
			used = 1;
		}
	}
	text = json_stringn(copy, at);
	free(copy);
	return text;
}

json_t *
json_cstring(const char *s)
{
	return json_text(s, strlen(s));
}

json_t *
json_fingerprint(const uint8_t fp[static FINGERPRINT_SIZE])
{
	char text[FINGERPRINT_TEXT];

	fingerprint_print(fp, text);
	return json_string(text);
}
