/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key adopt: the user says whether a state that is in doubt was moved
 * (and goes on) or is a copy (and becomes a device of its own).
 */
#include <stdio.h>

#include "../common/json.h"
#include "../common/text.h"
#include "key.h"

static void
print_account(const struct key *key, const char *jid, uint32_t device)
{
	if (key->options.json) {
		json_line(json_pack("{s:o, s:I}", "jid", json_cstring(jid),
		    "device", (json_int_t)device));
		return;
	}
	text_print(stdout, jid);
	printf(": device %u\n", device);
}

int
key_adopt(struct key *key)
{
	char jid[JID_SIZE];
	struct buffer b;
	struct reader r;
	uint32_t n, device;
	int code;

	if (key->options.adopt == -1)
		return fail_usage("adopt",
		    "--moved (this is the state's only copy) or --copied "
		    "(another lives on, or this one is old)");
	if ((code = key_elevate(key, RIGHT_ADMIN)) != DONE)
		return code;
	buffer_init(&b, FRAME_MAX);
	buffer_put_u8(&b, (uint8_t)key->options.adopt);
	if ((code = key_call(key, M_ADOPT, &b, &r, "adopt")) != DONE)
		return code;
	n = reader_count(&r, LIMIT_ACCOUNTS);
	if (n == 0 && !key->options.json)
		puts("nothing was in doubt");
	for (uint32_t i = 0; i < n && r.err == 0; i++) {
		reader_cstring(&r, jid, sizeof(jid));
		device = reader_u32(&r);
		if (r.err == 0)
			print_account(key, jid, device);
	}
	return reader_end(&r) == 0 ? DONE
				   : fail_agent("adopt", ERR_MALFORMED, "");
}
