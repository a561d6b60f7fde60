/* SPDX-License-Identifier: ISC */
#ifndef AGENT_DEVICES_H
#define AGENT_DEVICES_H

#include "account.h"

/* A random device id, 1..2^31-1. 0 or ERR_CRYPTO. */
int device_id_draw(uint32_t *id);

struct handed_in { /* BUNDLE's fields; they point into the request */
	char jid[LIMIT_JID + 1], peer[LIMIT_JID + 1];
	uint8_t ns, status;
	uint32_t device, spk_id;
	const uint8_t *identity, *spk, *signature;
	size_t identitylen, spklen, signaturelen;
	uint32_t prekeys;   /* how many */
	struct reader list; /* them */
};

/*
 * own_bundle.c: the server's copy of our own bundle, handed in before anything
 * is sent. Answers r: DOUBT when this state cannot have made it. Where it is
 * older than ours, or not ours, ours is published again.
 */
void own_bundle(struct request *, struct account *, struct handed_in *);

#endif
