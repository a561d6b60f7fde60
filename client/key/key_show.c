/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key show: what is known of one account.
 */
#include <stdio.h>
#include <string.h>

#include "../common/json.h"
#include "key.h"

struct withdrawals {
	const char *jid;
	json_t *list;
};

static const char *
due_words(uint8_t due)
{
	static const char *const words[] = { "no", "device list", "bundle",
		"device list and bundle" };

	return words[(due | due >> 2) & 3]; /* in either version */
}

static void
print_duty(void *arg, const struct key_duty *d)
{
	char words[DUTY_WORDS];

	if (strcmp(d->jid, arg) == 0)
		printf("withdrawal of device %u: waits for the server (%s)\n",
		    d->device, duty_words(d->left, words));
}

static void
pack_duty(void *arg, const struct key_duty *d)
{
	const struct withdrawals *w = arg;

	if (strcmp(d->jid, w->jid) == 0)
		json_array_append_new(
		    w->list, json_integer((json_int_t)d->device));
}

int
key_show(struct key *key)
{
	struct key_account a;
	char text[FINGERPRINT_TEXT];
	int code = key_find_account(key, &a);

	if (code != DONE)
		return code;
	fingerprint_print(a.fingerprint, text);
	if (key->options.json) {
		struct withdrawals w = { key->jid, json_array() };

		code = key_each_duty(key, pack_duty, &w);
		json_line(json_pack("{s:s, s:s, s:I, s:b, s:I, s:I, s:o, s:o}",
		    "jid", a.jid, "fingerprint", text, "device",
		    (json_int_t)a.device, "due", a.due != 0, "nets",
		    (json_int_t)a.nets, "window", (json_int_t)a.window,
		    "constraints", key_constraints_json(&a), "withdrawals",
		    w.list));
		return code;
	}
	printf("account: %s\ndevice: %u\nto be published: %s\n"
	       "connections: %u\n",
	    key->jid, a.device, due_words(a.due), a.nets);
	key_constraints_print(&a);
	puts("fingerprint:");
	fingerprint_show(stdout, a.fingerprint);
	putchar('\n');
	return key_each_duty(key, print_duty, key->jid);
}
