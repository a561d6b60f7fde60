/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key show: what is known of one account.
 */
#include <stdio.h>

#include "../../ipc/duration.h"
#include "../common/json.h"
#include "key.h"

static const char *
due_words(uint8_t due)
{
	static const char *const words[] = { "no", "device list", "bundle",
		"device list and bundle" };

	return words[(due | due >> 2) & 3]; /* in either version */
}

int
key_show(struct key *key)
{
	struct key_account a;
	char text[FINGERPRINT_TEXT], window[DURATION_TEXT];
	int code = key_find_account(key, &a);

	if (code != DONE)
		return code;
	fingerprint_print(a.fingerprint, text);
	if (key->options.json) {
		json_line(json_pack("{s:s, s:s, s:I, s:b, s:I, s:I}", "jid",
		    a.jid, "fingerprint", text, "device", (json_int_t)a.device,
		    "due", a.due != 0, "nets", (json_int_t)a.nets, "window",
		    (json_int_t)a.window));
		return DONE;
	}
	duration_text(a.window, window, sizeof(window));
	printf("account: %s\ndevice: %u\nto be published: %s\n"
	       "connections: %u\nmessages stay: %s\nfingerprint:\n%s\n",
	    key->jid, a.device, due_words(a.due), a.nets,
	    a.window == 0 ? "until one client has opened them" : window, text);
	return DONE;
}
