/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key rotate: another signed prekey, or with --identity another identity
 * key and device id.
 */
#include <stdio.h>

#include "../common/json.h"
#include "key.h"

int
key_rotate(struct key *key)
{
	uint8_t fingerprint[FINGERPRINT_SIZE];
	char text[FINGERPRINT_TEXT];
	struct buffer b;
	struct reader r;
	uint32_t device;
	int code = key_elevate(key, RIGHT_ADMIN);

	if (code != DONE)
		return code;
	key_body(key, &b);
	buffer_put_u8(&b, (uint8_t)key->options.identity);
	if ((code = key_call(key, M_ROTATE, &b, &r, key->jid)) != DONE)
		return code;
	device = reader_u32(&r);
	reader_fixed(&r, fingerprint, sizeof(fingerprint));
	if (reader_end(&r) != 0)
		return fail_agent(key->jid, ERR_MALFORMED, "");
	fingerprint_print(fingerprint, text);
	if (key->options.json) {
		json_line(json_pack("{s:s, s:I, s:s, s:b}", "jid", key->jid,
		    "device", (json_int_t)device, "fingerprint", text,
		    "identity", key->options.identity));
		return DONE;
	}
	if (key->options.identity)
		printf("device: %u\nfingerprint: %s\n", device, text);
	printf("published at the next connection, or now: xmpp-key publish "
	       "%s\n",
	    key->jid);
	return DONE;
}
