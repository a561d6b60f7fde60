/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key trust and distrust: keys of a contact, by fingerprint or address;
 * reset: the sessions with one.
 */
#include "decide.h"

/* The keys that are meant, all known here. */
static int
match(struct key *key, uint8_t trust, struct decisions *all)
{
	struct uri uri;
	int given, code = decide_read(key, &uri, &given);

	if (code == DONE && !given)
		return fail_usage(
		    "fingerprint", "64 hex digits are wanted, in any spacing");
	return code == DONE ? decide_match(key, &uri, trust, all) : code;
}

static int
decide(struct key *key, uint8_t trust)
{
	struct decisions all = { .n = 0 };
	int code = match(key, trust, &all);

	return code == DONE ? decide_all(key, &all) : code;
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
	struct decisions all = { .n = 0 };
	struct buffer b;
	int code = match(key, TRUST_UNDECIDED, &all);

	if (code == DONE)
		code = key_elevate(key, RIGHT_TRUST);
	for (size_t i = 0; code == DONE && i < all.n; i++) {
		key_body(key, &b);
		buffer_put_cstring(&b, key->peer);
		buffer_put(&b, all.v[i].fingerprint, FINGERPRINT_SIZE);
		code = key_call(key, M_RESET, &b, NULL, key->peer);
	}
	return code;
}
