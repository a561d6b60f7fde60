/* SPDX-License-Identifier: ISC */
/*
 * What other devices say of keys: trust messages (XEP-0434) as Automatic Trust
 * Management (XEP-0450) uses them. Runs in the keeper, which alone decides
 * whose word counts: that of a device whose key is verified here, a device of
 * ours about everybody's keys, a contact's about that contact's alone. The
 * envelope of anybody else waits, sealed and bounded, until its writer's key
 * is verified; no one reads it before. A trust never lifts a distrust: a
 * person does.
 */
#ifndef AGENT_TOLD_H
#define AGENT_TOLD_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/secret.h"

struct account;
struct device;
struct frame;
struct keeper;
struct peer;
struct reader;
struct told_item;
struct txn;
struct word;

/* The one envelope that the parser has been given. */
struct told_asked {
	uint64_t seq; /* its item's, 0: none */
	uint32_t id;  /* of the question, the last */
	struct secret envelope;
};

struct told_from { /* who wrote it */
	const char *sender;
	const char *to; /* who its envelope has to name: us, or for a device of
			 * ours the conversation */
	uint32_t device;
	const uint8_t *u;
	uint8_t stranger; /* the user has not written to it, nor decided */
};

/* May this text be a trust message? One that is missed is not applied. */
int told_is_wanted(
    const struct account *, uint8_t ns, const uint8_t *text, size_t len);
/* It waits, staged. The oldest of the same key goes over LIMIT_TOLD_DEVICE,
 * over LIMIT_TOLD one of whoever has most; strangers have a part of both, and
 * give way to each other alone: two who meet scan each other's codes, one of
 * them first. */
int told_keep(struct keeper *, struct txn *, struct account *,
    const struct told_from *, const uint8_t *text, size_t len);
/* Ask the parser about the next one whose writer's key is verified, if there
 * is one and the parser is free. */
void told_run(struct keeper *);
/* The parser's answer; non-zero: it misbehaves. */
int told_frame(struct keeper *, struct frame *);
/* For accounts_load; for what empties the cache; for lock; for constrain. */
int told_load(struct keeper *, struct account *, const uint8_t *name,
    size_t namelen, const uint8_t *p, size_t len);
void told_forget(struct account *);
void told_stop(struct keeper *);
int told_drop_all(struct txn *, struct account *); /* staged */

/* told_apply.c. Is its writer's key verified, and here still? */
int told_counts(struct txn *, const struct account *, const struct told_item *);
/* What an answer says, as far as it may; staged and logged. */
int told_apply(struct keeper *, struct txn *, struct account *,
    const struct told_item *, const struct secret *envelope, struct reader *);
/* A key was seen of which this had been said (peer_learn): logged. */
int told_log_said(struct txn *, const struct account *, const struct peer *,
    const struct device *, const struct word *);

#endif
