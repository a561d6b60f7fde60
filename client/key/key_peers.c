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

#define ROWS_MAX 65536

struct row {
	char peer[JID_SIZE];
	uint8_t fingerprint[FINGERPRINT_SIZE];
	uint32_t device;
	uint8_t policy, require, trust, listed, reader, shown;
};

static void
read_row(struct reader *r, struct row *row)
{
	reader_cstring(r, row->peer, sizeof(row->peer));
	row->policy = reader_u8(r);
	row->require = reader_u8(r);
	row->device = reader_u32(r);
	reader_fixed(r, row->fingerprint, sizeof(row->fingerprint));
	row->trust = reader_u8(r);
	row->listed = reader_u8(r);
	row->reader = reader_u8(r);
	row->shown = reader_u8(r);
}

static void
print_json(const struct row *row)
{
	json_line(json_pack("{s:o, s:I, s:o, s:s, s:b, s:b, s:s, s:b}", "peer",
	    json_cstring(row->peer), "device", (json_int_t)row->device,
	    "fingerprint", json_fingerprint(row->fingerprint), "trust",
	    words_trust(row->trust), "reader", row->reader != 0, "listed",
	    row->listed != 0, "policy", words_policy(row->policy), "require",
	    row->require != 0));
}

/* One heading per contact, then two lines per key. */
static void
print(const struct row *row, char last[static JID_SIZE])
{
	char text[FINGERPRINT_TEXT];

	if (strcmp(row->peer, last) != 0) {
		text_print(stdout, row->peer);
		printf(" (new keys: %s%s)\n", words_policy(row->policy),
		    row->require ? "; encryption required" : "");
		memcpy(last, row->peer, JID_SIZE);
	}
	fingerprint_print(row->fingerprint, text);
	printf("device %u: %s, %s%s\n%s\n", row->device,
	    words_trust(row->trust), row->reader ? "reader" : "no reader",
	    row->listed ? "" : ", not on the list now", text);
}

int
key_peers(struct key *key)
{
	char last[JID_SIZE] = "";
	struct row row;
	struct buffer b;
	struct reader r;
	uint32_t n;
	int code;

	key_body(key, &b);
	buffer_put_cstring(&b, key->peer);
	code = key_call(key, M_PEERS, &b, &r, key->jid);
	if (code != DONE)
		return code;
	n = reader_count(&r, ROWS_MAX);
	for (uint32_t i = 0; i < n; i++) {
		read_row(&r, &row);
		if (r.err != 0)
			break;
		if (key->options.json)
			print_json(&row);
		else
			print(&row, last);
	}
	if (reader_end(&r) != 0)
		return fail_agent("peers", ERR_MALFORMED, "");
	return DONE;
}
