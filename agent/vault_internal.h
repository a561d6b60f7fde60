/* SPDX-License-Identifier: ISC */
/*
 * What vault.c (trying secrets) and vault_slots.c (making slots) share.
 */
#ifndef AGENT_VAULT_INTERNAL_H
#define AGENT_VAULT_INTERNAL_H

#include "crypto/crypto.h"
#include "slots.h"
#include "vault.h"

enum attempt {
	ATTEMPT_NONE,
	ATTEMPT_UNLOCK,
	ATTEMPT_CHECK,
	ATTEMPT_CREATE,
	ATTEMPT_CHANGE,
	ATTEMPT_OTHER
};

struct vault {
	struct loop *loop;
	struct records *records;
	struct connection *derive;
	struct secret master;
	int open;
	unsigned cost;
	vault_log *log; /* NULL: none */
	/* the attempt that runs */
	enum attempt attempt;
	uint32_t id; /* of its DERIVE */
	int asked;   /* derive owes an answer to it: one */
	struct slot slot;
	vault_done *done;
	void *arg;
	struct secret given;  /* what is tried, slot after slot */
	size_t next_slot;     /* index of the next to be tried */
	char *recovery;	      /* CREATE, CHANGE: the caller's */
	struct slots other;   /* OTHER: instead of ours */
	struct secret *found; /* OTHER: the caller's */
	/* guessing */
	unsigned wrong;
	uint64_t until; /* loop_now's ms: nobody may try before */
};

/* 0: v->done will be called, once. Otherwise done has been called. */
int attempt_begin(struct vault *, enum attempt, vault_done *, void *arg);
/* Right or wrong; calls done. */
void attempt_end(struct vault *, int err);
/* Ask for the key of v->slot. 0 or an error. */
int derive_send(struct vault *, const void *secret, size_t len);
int slots_load(const struct vault *, struct slots *);
/* derive's key for v->slot of CREATE or CHANGE; ends the attempt. */
void vault_wrap(struct vault *, const uint8_t key[SLOT_KEY]);

#endif
