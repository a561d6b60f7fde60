/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key constrain: limit what an identity may be used for.
 */
#include "key.h"

int
key_constrain(struct key *key)
{
	struct buffer b;
	int code;

	if (key->options.window == OPTION_UNSET)
		return fail_usage("constrain",
		    "nothing to set (--window T: how long a message stays for "
		    "your other clients, 0 until one has opened it)");
	if (key->options.window > LIMIT_WINDOW)
		return fail_usage(
		    "--window", "at most %d days", LIMIT_WINDOW / 86400);
	if ((code = key_elevate(key, RIGHT_ADMIN)) != DONE)
		return code;
	key_body(key, &b);
	buffer_put_u32(&b, 1);
	buffer_put_u8(&b, CONSTRAIN_WINDOW);
	buffer_put_u64(&b, key->options.window);
	return key_call(key, M_CONSTRAIN, &b, NULL, key->jid);
}
