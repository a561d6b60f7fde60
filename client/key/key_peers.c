/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key peers: the keys known of a contact, of the account's own devices,
 * or of everyone.
 */
#include <stdio.h>
#include <string.h>

#include "../common/json.h"
#include "../common/text.h"
#include "../common/words.h"
#include "key.h"

struct listing {
	int json;
	char last[JID_SIZE]; /* whose heading was printed */
};

static void
print_json(const struct key_row *row)
{
	json_t *object = json_pack("{s:o, s:s, s:b}", "peer",
	    json_cstring(row->peer), "policy", words_policy(row->policy),
	    "require", row->require != 0);

	if (object != NULL && row->device != 0) {
		json_object_set_new(
		    object, "device", json_integer(row->device));
		json_object_set_new(
		    object, "fingerprint", json_fingerprint(row->fingerprint));
		json_object_set_new(
		    object, "trust", json_string(words_trust(row->trust)));
		json_object_set_new(object, "told", json_boolean(row->told));
		json_object_set_new(
		    object, "reader", json_boolean(row->reader));
		if (row->stale)
			json_object_set_new(
			    object, "reason", json_string("stale"));
		json_object_set_new(
		    object, "listed", json_boolean(row->listed));
		json_object_set_new(
		    object, "replaced", json_boolean(row->retired));
	}
	json_line(object);
}

/* One heading per contact, then two lines per key. */
static void
print(struct listing *listing, const struct key_row *row)
{
	if (strcmp(row->peer, listing->last) != 0) {
		text_print(stdout, row->peer);
		printf(" (new keys: %s%s)\n", words_policy(row->policy),
		    row->require ? "; encryption required" : "");
		memcpy(listing->last, row->peer, JID_SIZE);
	}
	if (row->device == 0) {
		puts("no key is known yet");
		return;
	}
	printf("device %u: %s%s, %s%s\n", row->device, words_trust(row->trust),
	    row->told ? " (said by another device)" : "",
	    row->reader ? "reader" : "no reader",
	    row->retired      ? ", replaced by another key"
		: row->stale  ? ", not heard from for long"
		: row->listed ? ""
			      : ", not on the list now");
	fingerprint_show(stdout, row->fingerprint);
	putchar('\n');
}

static void
print_row(void *arg, const struct key_row *row)
{
	struct listing *listing = arg;

	if (listing->json)
		print_json(row);
	else
		print(listing, row);
}

int
key_peers(struct key *key)
{
	struct listing listing = { .json = key->options.json };

	return key_each_row(key, key->peer, print_row, &listing);
}
