/* SPDX-License-Identifier: ISC */
/*
 * Bare JIDs (RFC 7622, as far as it goes without stringprep: what is beyond
 * ASCII passes as it is). Runs in every command; holds nothing.
 */
#include "jid.h"

#include <ctype.h>
#include <string.h>

#include "../../ipc/err.h"
#include "text.h"

#define PART_MAX 1023 /* RFC 7622: octets of a localpart or domainpart */

static const char *
wrong(const char *text)
{
	const char *at = strchr(text, '@');
	size_t len = strlen(text);

	if (len == 0)
		return "it is empty";
	if (at == NULL || at == text)
		return "not of the form user@domain";
	if ((size_t)(at - text) > PART_MAX || strlen(at + 1) > PART_MAX)
		return "too long";
	if (strchr(text, '/') != NULL)
		return "a resource is not wanted here";
	if (at[1] == '\0' || strchr(at + 1, '@') != NULL)
		return "not of the form user@domain";
	if (!text_valid(text, len))
		return "not valid UTF-8";
	for (const char *p = text; *p != '\0';) {
		uint32_t cp = 0;
		size_t n = text_next(p, strlen(p), &cp);

		if (cp <= ' ' || !text_only_prints(cp) || cp == 0xa0)
			return "blank or control character inside";
		if (cp < 0x80 && strchr("\"&'<>", (int)cp) != NULL)
			return "a character that no JID has";
		p += n;
	}
	if (strchr(text, ':') != NULL && strchr(text, ':') < at)
		return "a character that no JID has";
	return NULL;
}

int
jid_read(const char *text, char out[static JID_SIZE], const char **why)
{
	const char *reason = wrong(text);
	size_t i;

	out[0] = '\0';
	if (why != NULL)
		*why = reason;
	if (reason != NULL)
		return ERR_ARGUMENT;
	for (i = 0; text[i] != '\0'; i++)
		out[i] = (unsigned char)text[i] < 0x80
		    ? (char)tolower((unsigned char)text[i])
		    : text[i];
	out[i] = '\0';
	return 0;
}
