/* SPDX-License-Identifier: ISC */
/*
 * What users and programs type: JSON commands, lines, fingerprints, JIDs, and
 * vis on the same octets.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../client/chat/command.h"
#include "../../client/common/fingerprint.h"
#include "../../client/common/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_command(const struct command *c)
{
	if (c->reason != NULL && c->kind != COMMAND_NONE)
		abort();
	if (c->kind == COMMAND_SEND &&
	    (c->len > LIMIT_TEXT || !text_valid(c->body, c->len)))
		abort();
}

static void
check_strings(const char *text, const uint8_t *data, size_t size)
{
	uint8_t fp[FINGERPRINT_SIZE], again[FINGERPRINT_SIZE];
	char printed[FINGERPRINT_TEXT], jid[JID_SIZE], twice[JID_SIZE];
	char *out = malloc(4 * size + 1);

	if (fingerprint_read(text, fp) == 0) {
		fingerprint_print(fp, printed);
		if (fingerprint_read(printed, again) != 0 ||
		    memcmp(fp, again, sizeof(fp)) != 0)
			abort();
	}
	if (jid_read(text, jid, NULL) == 0 &&
	    (jid_read(jid, twice, NULL) != 0 || strcmp(jid, twice) != 0))
		abort();
	if (out != NULL) {
		size_t n = text_vis(out, 4 * size + 1, data, size);

		if (!text_valid(out, n))
			abort();
		for (size_t i = 0; i < n; i++)
			if ((unsigned char)out[i] < ' ' || out[i] == 0x7f)
				abort();
	}
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct command c;
	char *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	command_read_json(&c, text, size);
	check_command(&c);
	command_free(&c);
	command_read_line(&c, text, size);
	check_command(&c);
	command_free(&c);
	check_strings(text, data, size);
	free(text);
	return 0;
}
