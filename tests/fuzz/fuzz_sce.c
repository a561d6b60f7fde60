/* SPDX-License-Identifier: ISC */
/*
 * A decrypted envelope, as a contact may have written it. What is read keeps
 * its limits, and an error has its words; what it says of keys has the layout
 * that the keeper is given.
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

/* The rows of a trust message. */
static void
check_words(const struct sce_words *w)
{
	char owner[LIMIT_JID + 1];
	struct reader r;
	uint8_t trust;

	check(w->n <= LIMIT_TOLD_KEYS);
	reader_init(&r, w->rows.data, w->rows.len);
	for (uint32_t i = 0; i < w->n; i++) {
		reader_cstring(&r, owner, sizeof(owner));
		trust = reader_u8(&r);
		(void)reader_bytes(&r, 32);
		check(r.err == 0 && owner[0] != '\0');
		check(trust == TRUST_VERIFIED || trust == TRUST_DISTRUSTED);
	}
	check(reader_end(&r) == 0);
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
	check_words(&s.words);
	if (err == 0)
		check(s.has_body || s.body.len == 0);
	sce_free(&s);
	return 0;
}
