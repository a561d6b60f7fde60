/* SPDX-License-Identifier: ISC */
/*
 * Why a key stops a message, in words for a person. Runs in the keeper, which
 * alone knows the key; public keys only.
 */
#include "refusal.h"

#include <stdio.h>

static const struct {
	const char *what, *verb;
} table[] = {
	[REFUSAL_UNDECIDED] = { "its key is undecided; compare it, then",
	    "verify" },
	[REFUSAL_DISTRUSTED] = { "its key is distrusted; if that was wrong",
	    "trust" },
	[REFUSAL_CHANGED] = { "it shows another identity key than the one "
			      "known here; if the contact says that this is "
			      "right, give the known one up",
	    "distrust" },
	[REFUSAL_RETURNED] = { "it shows again a key that you distrusted; to "
			       "use neither",
	    "distrust" },
};

void
refusal_words(char text[static REFUSAL_TEXT], enum refusal why,
    const char *account, const char *peer, const struct device *d)
{
	char digits[2 * FINGERPRINT_SIZE + FINGERPRINT_SIZE / 4] = "";
	size_t i, at = 0;

	for (i = 0; i < FINGERPRINT_SIZE; i++)
		at += (size_t)snprintf(digits + at, sizeof digits - at,
		    "%s%02x", i > 0 && i % 4 == 0 ? " " : "", d->u[i]);
	snprintf(text, REFUSAL_TEXT,
	    "%.150s device %u: %s: xmpp-key %s %.150s %.150s %s", peer, d->id,
	    table[why].what, table[why].verb, account, peer, digits);
}
