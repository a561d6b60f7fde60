/* SPDX-License-Identifier: ISC */
/*
 * Addresses with fingerprints, as a camera or a clipboard gives them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../client/common/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Accepted: a good JID, keys, each device once; and what is written of it is
 * read as the same. */
static void
check_read(const struct uri *uri)
{
	static char text[4 * URI_TEXT], twice[4 * URI_TEXT];
	static struct uri again;
	char jid[JID_SIZE], why[URI_WHY];
	size_t with_device = 0;

	if (uri->n == 0 || uri->n > URI_KEYS ||
	    jid_read(uri->jid, jid, NULL) != 0 || strcmp(jid, uri->jid) != 0)
		abort();
	for (size_t i = 0; i < uri->n; i++) {
		with_device += uri->v[i].device != 0;
		for (size_t j = 0; j < i; j++)
			if (uri->v[i].device != 0 &&
			    uri->v[i].device == uri->v[j].device)
				abort();
	}
	if (uri_write(uri, text, sizeof(text)) != 0)
		abort();
	if (strlen(text) >= URI_TEXT) /* percent signs made it longer */
		return;
	if ((uri_read(text, &again, why) == 0) != (with_device > 0))
		abort();
	if (with_device == 0)
		return;
	if (again.n != with_device || strcmp(again.jid, uri->jid) != 0 ||
	    uri_write(&again, twice, sizeof(twice)) != 0 ||
	    strcmp(text, twice) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct uri uri;
	char why[URI_WHY], *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (uri_read(text, &uri, why) == 0) {
		if (!uri_is(text))
			abort();
		check_read(&uri);
	} else if (why[0] == '\0' || uri.n != 0)
		abort();
	free(text);
	return 0;
}
