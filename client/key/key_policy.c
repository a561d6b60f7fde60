/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key policy: what becomes of a contact's new keys.
 */
#include <string.h>

#include "../common/words.h"
#include "key.h"

int
key_policy(struct key *key)
{
	struct buffer b;
	uint8_t policy, require = 0;
	int code;

	if (words_read_policy(key->argv[2], &policy) != 0)
		return fail_usage(
		    key->argv[2], "a policy is blind, first-use or manual");
	if (key->argc == 4) {
		if (strcmp(key->argv[3], "require") != 0 &&
		    strcmp(key->argv[3], "optional") != 0)
			return fail_usage(
			    key->argv[3], "require or optional is wanted");
		require = key->argv[3][0] == 'r';
	}
	code = key_elevate(key, RIGHT_TRUST);
	if (code != DONE)
		return code;
	key_body(key, &b);
	buffer_put_cstring(&b, key->peer);
	buffer_put_u8(&b, policy);
	buffer_put_u8(&b, require);
	return key_call(key, M_POLICY, &b, NULL, key->peer);
}
