/* SPDX-License-Identifier: ISC */
/*
 * What a person has decided here about keys, told to other devices whose keys
 * are verified (XEP-0450). Runs in the keeper, which writes these messages
 * itself, from fingerprints: no client has a part in what they say.
 */
#ifndef AGENT_TELL_H
#define AGENT_TELL_H

#include "peer.h"

struct tell_word {
	uint8_t u[32];
	uint8_t trust; /* verified or distrusted */
};

/*
 * These keys of p were decided about, and were not so before. Staged as work;
 * what does not fit LIMIT_WORK is not told. 0 or an error.
 */
int tell_decided(struct keeper *, struct txn *, struct account *,
    const struct peer *p, const struct tell_word *, size_t n);

#define TELL_KEY_TEXT 44 /* base64 of a key */
/* As trust messages have them. */
void tell_key_text(const uint8_t key[32], char text[TELL_KEY_TEXT + 1]);

#endif
