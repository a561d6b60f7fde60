/* SPDX-License-Identifier: ISC */
/*
 * What verify, trust and distrust share: which keys are meant, whether they
 * are the ones known here, and the one request that decides about all.
 */
#ifndef CLIENT_KEY_DECIDE_H
#define CLIENT_KEY_DECIDE_H

#include "../common/uri.h"
#include "key.h"

struct decided { /* a key and what becomes of it */
	uint32_t device;
	uint8_t fingerprint[FINGERPRINT_SIZE];
	uint8_t trust; /* enum trust */
};

struct decisions { /* about key->peer's keys */
	size_t n;
	struct decided v[URI_KEYS];
};

/*
 * The operands from the second on: [PEER] URI, [PEER] - (an address or a
 * fingerprint from standard input), PEER FINGERPRINT in any spacing. Sets
 * key->peer. *given is 0 if there was no more than PEER. The exit code.
 */
int decide_read(struct key *, struct uri *, int *given);
/*
 * Are all of them known here, as they were given? Then each is to become
 * trust, or distrusted where the address says so. The exit code, after an
 * error line that names what differs; then nothing is to be changed.
 */
int decide_match(
    struct key *, const struct uri *, uint8_t trust, struct decisions *);
/* ELEVATE and TRUST: all or none; and say it. The exit code. */
int decide_all(struct key *, const struct decisions *);

#endif
