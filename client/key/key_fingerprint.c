/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key fingerprint: eight groups of eight, alone on a line; or the address
 * that carries it, also as a QR code for the contact's camera.
 */
#include <stdio.h>
#include <string.h>

#include "../common/colour.h"
#include "../common/json.h"
#include "../common/uri.h"
#include "key.h"
#include "qr.h"

/* Other devices of the account, as far as the user has compared them: what
 * is not verified here nobody is told to verify. */
static void
add_row(void *arg, const struct key_row *row)
{
	struct uri *uri = arg;

	if (row->trust != TRUST_VERIFIED || !row->listed || uri->n == URI_KEYS)
		return;
	uri->v[uri->n].device = row->device;
	memcpy(uri->v[uri->n].fingerprint, row->fingerprint, FINGERPRINT_SIZE);
	uri->n++;
}

static int
make_uri(struct key *key, const struct key_account *a, char *text, size_t size)
{
	struct uri uri = { .n = 1 };
	int code;

	memcpy(uri.jid, key->jid, sizeof(uri.jid));
	uri.v[0].device = a->device;
	memcpy(uri.v[0].fingerprint, a->fingerprint, FINGERPRINT_SIZE);
	code = key_each_row(key, key->jid, add_row, &uri);
	if (code == DONE && uri_write(&uri, text, size) != 0)
		return fail(key->jid, "too long for an address with its keys");
	return code;
}

static int
print_qr(const struct key *key, const char *uri)
{
	if (qr_print(stdout, uri, colour_mode(stdout) != COLOUR_NONE) != 0)
		return fail(key->jid, "too much for a QR code");
	puts(uri);
	return DONE;
}

int
key_fingerprint(struct key *key)
{
	const struct options *o = &key->options;
	struct key_account a;
	char uri[4 * URI_TEXT];
	int code;

	if (o->qr && o->json)
		return fail_usage("--qr", "not with --json");
	code = key_find_account(key, &a);
	if (code == DONE)
		code = make_uri(key, &a, uri, sizeof(uri));
	if (code != DONE)
		return code;
	if (o->qr)
		return print_qr(key, uri);
	if (o->json) {
		json_line(json_pack("{s:s, s:o, s:I, s:s}", "jid", key->jid,
		    "fingerprint", json_fingerprint(a.fingerprint), "device",
		    (json_int_t)a.device, "uri", uri));
		return DONE;
	}
	if (o->uri) {
		puts(uri);
		return DONE;
	}
	fingerprint_show(stdout, a.fingerprint);
	putchar('\n');
	return DONE;
}
