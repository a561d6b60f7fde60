/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key fingerprint: eight groups of eight, alone on a line.
 */
#include <stdio.h>

#include "../common/json.h"
#include "key.h"

int
key_fingerprint(struct key *key)
{
	struct key_account a;
	char text[FINGERPRINT_TEXT];
	int code = key_find_account(key, &a);

	if (code != DONE)
		return code;
	fingerprint_print(a.fingerprint, text);
	if (key->options.json)
		json_line(json_pack(
		    "{s:s, s:s}", "jid", key->jid, "fingerprint", text));
	else
		puts(text);
	return DONE;
}
