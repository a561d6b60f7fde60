/* SPDX-License-Identifier: ISC */
/*
 * Why a key stops a message, in words for a person.
 */
#ifndef AGENT_REFUSAL_H
#define AGENT_REFUSAL_H

#include "peer.h"

#define REFUSAL_TEXT 800 /* three addresses, a fingerprint, the words */

enum refusal {
	REFUSAL_UNDECIDED,
	REFUSAL_DISTRUSTED,
	REFUSAL_CHANGED,
	REFUSAL_RETURNED
};

/* Which key (the row's; for CHANGED the one that was known), and the command
 * that mends it. */
void refusal_words(char text[static REFUSAL_TEXT], enum refusal,
    const char *account, const char *peer, const struct device *);

#endif
