/* SPDX-License-Identifier: ISC */
/*
 * Our own prekeys, a set for each version of OMEMO (no key is used in two):
 * always LIMIT_PREKEYS published one-time prekeys with
 * ascending ids that are never used again, and two signed prekeys. A used one
 * is hidden at once; its private half goes when the archive has been read to
 * its end, or after a day. Runs in the keeper; opened in the secure heap.
 */
#ifndef AGENT_PREKEYS_H
#define AGENT_PREKEYS_H

#include "account.h"

#define PREKEYS_USED 128 /* hidden ones kept; then the oldest goes */
#define PREKEY_LAST  0xFFFFFEU
#define PREKEYS_SKIP 65536 /* more than a lost state has given out */
#define SIGNED_SKIP  256   /* the same, of signed ones */
#define SIGNED_DAYS  7	   /* then a new signed prekey; the last one stays */

struct prekey {
	struct omemo_key key;
	uint64_t used; /* real time; 0: published */
};

struct signed_prekey {
	struct omemo_key key; /* id 0: none */
	uint64_t made;
};

struct prekeys { /* secure heap */
	uint32_t next;
	uint32_t next_signed;
	struct signed_prekey current, previous;
	size_t n;
	struct prekey v[LIMIT_PREKEYS + PREKEYS_USED];
};

/* A new set. *out is prekeys_release'd by the caller. 0 or an error. */
int prekeys_create(struct prekeys **out);
int prekeys_open(
    struct txn *, const char *account, uint8_t ns, struct prekeys **out);
int prekeys_put(
    struct txn *, const char *account, uint8_t ns, const struct prekeys *);
void prekeys_release(struct prekeys *);

struct prekey *prekeys_find(struct prekeys *, uint32_t id);
struct signed_prekey *prekeys_find_signed(struct prekeys *, uint32_t id);
/* Hide a used one and make another. */
int prekeys_use(struct prekeys *, uint32_t id);
/* Delete used ones' private halves: those used before a time. How many. */
size_t prekeys_forget(struct prekeys *, uint64_t before);
/* New ones throughout, their ids beyond any that a later state that was lost
 * can have given out; what is published is kept as used. 0 or an error. */
int prekeys_skip(struct prekeys *);
/* The same of an account in all namespaces, staged. */
int prekeys_pass(struct txn *, const char *account);
/* Forget those used before a time, in all namespaces, staged. */
int prekeys_purge(struct txn *, const char *account, uint64_t before);
/* A new signed prekey when it is time; key exchanges of the old old one are
 * forgotten with it. Stages what changes. */
int prekeys_rotate(struct keeper *, struct txn *, struct account *);

/* Key exchanges that a signed prekey has seen (RECORD_KEX). */
int kex_seen(struct txn *, const char *account, uint8_t ns, uint32_t spk_id,
    const uint8_t digest[16]);
/* ERR_CROWDED: LIMIT_KEX_DIGESTS. */
int kex_add(struct txn *, const char *account, uint8_t ns, uint32_t spk_id,
    const uint8_t digest[16]);

#endif
