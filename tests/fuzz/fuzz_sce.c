/* SPDX-License-Identifier: ISC */
/*
 * A decrypted envelope, as a contact may have written it. What is read keeps
 * its limits, and an error has its words.
 */
#include <stdlib.h>
#include <string.h>

#include "../../client/sce/sce.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int ok)
{
	if (!ok)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *why;
	struct sce s;
	int err = sce_parse(data, size, &s, &why);

	check((err == 0) == (*why == '\0'));
	check(strlen(s.from) <= LIMIT_JID && strlen(s.to) <= LIMIT_JID);
	check(strlen(s.replaces) <= LIMIT_STANZA_ID &&
	    strlen(s.reply_to) <= LIMIT_STANZA_ID &&
	    strlen(s.received) <= LIMIT_STANZA_ID && s.state <= TYPING_GONE);
	check(s.body.len <= LIMIT_TEXT && s.reason.len <= LIMIT_REASON);
	if (err == 0)
		check(s.has_body || s.body.len == 0);
	sce_free(&s);
	return 0;
}
