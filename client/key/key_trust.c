/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key trust and distrust: keys of a contact, by fingerprint or address.
 */
#include "decide.h"

static int
decide(struct key *key, uint8_t trust)
{
	struct uri uri;
	struct decisions all;
	int given, code = decide_read(key, &uri, &given);

	if (code == DONE && !given)
		return fail_usage(
		    "fingerprint", "64 hex digits are wanted, in any spacing");
	if (code == DONE)
		code = decide_match(key, &uri, trust, &all);
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
