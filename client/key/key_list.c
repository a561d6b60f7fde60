/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key list.
 */
#include <stdio.h>

#include "../common/json.h"
#include "../common/text.h"
#include "key.h"

static void
print(void *arg, const struct key_account *a)
{
	(void)arg;
	text_print(stdout, a->jid);
	printf(" (device %u)\n", a->device);
	fingerprint_show(stdout, a->fingerprint);
	putchar('\n');
}

static void
print_json(void *arg, const struct key_account *a)
{
	(void)arg;
	json_line(json_pack("{s:o, s:o, s:I, s:o}", "jid", json_cstring(a->jid),
	    "fingerprint", json_fingerprint(a->fingerprint), "device",
	    (json_int_t)a->device, "constraints", key_constraints_json(a)));
}

int
key_list(struct key *key)
{
	return key_each_account(
	    key, key->options.json ? print_json : print, NULL);
}
