/* SPDX-License-Identifier: ISC */
/*
 * Sizes. Runs in xmpp-get, and in xmpp-net on what a server says; holds
 * nothing.
 */
#include "size.h"

#include <string.h>

#include "../../ipc/err.h"

int
size_read(const char *text, uint64_t *octets)
{
	static const char units[] = "KMG";
	const char *unit;
	uint64_t n = 0;

	if (*text == '\0')
		return ERR_ARGUMENT;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (n > (UINT64_MAX - 9) / 10)
			return ERR_ARGUMENT;
		n = n * 10 + (uint64_t)(*text - '0');
	}
	unit = *text != '\0' ? strchr(units, *text) : NULL;
	if (*text != '\0' && (unit == NULL || text[1] != '\0'))
		return ERR_ARGUMENT;
	for (const char *u = units; unit != NULL && u <= unit; u++) {
		if (n > UINT64_MAX / 1024)
			return ERR_ARGUMENT;
		n *= 1024;
	}
	*octets = n;
	return n > 0 ? 0 : ERR_ARGUMENT;
}
