/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key trust, distrust, reset: one key of a contact.
 */
#include <string.h>

#include <bsd/string.h>

#include "key.h"

/* The operands from the third on, as one: a fingerprint may be typed with
 * blanks. */
static int
read_fingerprint(struct key *key, uint8_t fp[static FINGERPRINT_SIZE])
{
	char text[512] = "";

	for (int i = 2; i < key->argc; i++)
		if (strlcat(text, key->argv[i], sizeof(text)) >= sizeof(text))
			return ERR_ARGUMENT;
	return fingerprint_read(text, fp);
}

/* Begin a request about that key. */
static int
begin(struct key *key, struct buffer *b)
{
	uint8_t fp[FINGERPRINT_SIZE];
	int code;

	if (read_fingerprint(key, fp) != 0)
		return fail_usage(
		    "fingerprint", "64 hex digits are wanted, in any spacing");
	code = key_elevate(key, RIGHT_TRUST);
	if (code != DONE)
		return code;
	key_body(key, b);
	buffer_put_cstring(b, key->peer);
	buffer_put(b, fp, sizeof(fp));
	return DONE;
}

static int
decide(struct key *key, uint8_t trust)
{
	struct buffer b;
	int code = begin(key, &b);

	if (code != DONE)
		return code;
	buffer_put_u8(&b, trust);
	return key_call(key, M_TRUST, &b, NULL, key->peer);
}

int
key_trust(struct key *key)
{
	return decide(key, TRUST_TRUSTED);
}

int
key_distrust(struct key *key)
{
	return decide(key, TRUST_DISTRUSTED);
}

int
key_reset(struct key *key)
{
	struct buffer b;
	int code = begin(key, &b);

	return code != DONE ? code
			    : key_call(key, M_RESET, &b, NULL, key->peer);
}
