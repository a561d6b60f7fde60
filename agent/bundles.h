/* SPDX-License-Identifier: ISC */
/*
 * Bundles that nets have handed in and that no session was made of yet: in
 * memory only, bounded, forgotten by lock. Runs in the keeper; public keys,
 * verified when they came in.
 */
#ifndef AGENT_BUNDLES_H
#define AGENT_BUNDLES_H

#include "account.h"

enum bundle_state {
	BUNDLE_GOOD = BUNDLE_HERE,
	BUNDLE_NONE = BUNDLE_ABSENT,
	BUNDLE_NOT_REACHED = BUNDLE_UNREACHABLE,
	BUNDLE_BAD,	/* refused: its keys or signature */
	BUNDLE_CHANGED, /* refused: another identity key is known */
};

struct bundle {
	TAILQ_ENTRY(bundle) entry;
	char *account, *peer;
	uint8_t ns;
	uint32_t device;
	enum bundle_state state;
	uint64_t since; /* loop_now() */
	struct omemo_peer identity;
	uint32_t spk_id, opk_id;
	uint8_t spk[32], opk[32]; /* one, drawn from those it had */
};

struct bundles *bundles_new(void);
void bundles_free(struct bundles *);
/* Current knowledge; answers other than GOOD age. NULL: hand it in. */
struct bundle *bundles_find(struct bundles *, const char *account,
    const char *peer, uint8_t ns, uint32_t device);
/* A new or emptied entry; the oldest goes over LIMIT_BUNDLES. NULL: memory. */
struct bundle *bundles_make(struct bundles *, const char *account,
    const char *peer, uint8_t ns, uint32_t device);
void bundles_drop(struct bundles *, struct bundle *);
/* Forget what failed for a peer, so that the next try asks again. */
void bundles_retry(struct bundles *, const char *account, const char *peer);

#endif
