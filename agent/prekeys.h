/* SPDX-License-Identifier: ISC */
/*
 * Our own prekeys, a set for each version of OMEMO (no key is used in two):
 * always LIMIT_PREKEYS published one-time prekeys with ascending ids that are
 * never used again, and a signed prekey with those before it, each for a
 * period more. A used one is hidden at once; its private half goes when the
 * archive has been read to its end, or after a day. Runs in the keeper; opened
 * in the secure heap.
 */
#ifndef AGENT_PREKEYS_H
#define AGENT_PREKEYS_H

#include "account.h"

#define PREKEYS_USED 128 /* hidden ones kept; then the oldest goes */
#define PREKEY_LAST  0xFFFFFEU
#define PREKEYS_SKIP 65536 /* more than a lost state has given out */
#define SIGNED_SKIP  256   /* the same, of signed ones */
#define SIGNED_DAYS  7	   /* a period: then a new signed prekey */
#define SIGNED_KEPT  4 /* former ones, each for a period; then the oldest goes */

#define PREKEYS_NAME 5
/* Of a record: RECORD_PREKEYS by device, RECORD_KEX by signed prekey. */
size_t prekeys_name(uint32_t id, uint8_t ns, uint8_t name[static PREKEYS_NAME]);

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
	struct signed_prekey current;
	struct signed_prekey previous[SIGNED_KEPT]; /* newest first */
	size_t n;
	struct prekey v[LIMIT_PREKEYS + PREKEYS_USED];
};

/* A new set. *out is prekeys_release'd by the caller. 0 or an error. */
int prekeys_create(struct prekeys **out);
int prekeys_open(
    struct txn *, const char *account, uint8_t ns, struct prekeys **out);
int prekeys_put(
    struct txn *, const char *account, uint8_t ns, const struct prekeys *);
/* The same of a retired device, which has records of its own (retired.c);
 * device 0: of the living one. */
int prekeys_open_retired(struct txn *, const char *account, uint32_t device,
    uint8_t ns, struct prekeys **out);
int prekeys_put_retired(struct txn *, const char *account, uint32_t device,
    uint8_t ns, const struct prekeys *);
/* In all namespaces, with the key exchanges that its signed prekeys have seen.
 */
int prekeys_delete_retired(struct txn *, const char *account, uint32_t device);
void prekeys_release(struct prekeys *);

struct prekey *prekeys_find(struct prekeys *, uint32_t id);
struct signed_prekey *prekeys_find_signed(struct prekeys *, uint32_t id);
/* Hide a used one and make another. */
int prekeys_use(struct prekeys *, uint32_t id);
/* Hide a used one of a device that publishes nothing any more. */
void prekeys_hide(struct prekeys *, uint32_t id);
/* Delete used ones' private halves: those used before a time. How many. */
size_t prekeys_forget(struct prekeys *, uint64_t before);
/* New ones throughout, their ids beyond any that a later state that was lost
 * can have given out; what is published is kept as used. 0 or an error. */
int prekeys_skip(struct prekeys *);
/* Another set for another identity, none of the old; ids go on ascending, so
 * that what is remembered by their ids stays one device's. 0 or an error. */
int prekeys_begin_anew(struct prekeys *);
/* A new set in each namespace, staged. */
int prekeys_create_all(struct txn *, const char *account);
/* One of these of an account in all namespaces, staged. */
int prekeys_renew(struct txn *, const char *account, int identity);
/* Forget those used before a time, in all namespaces, staged; of a retired
 * device, or 0. */
int prekeys_purge(
    struct txn *, const char *account, uint32_t retired, uint64_t before);
/* Another signed prekey; the oldest former one may go for it. */
int prekeys_add_signed(struct prekeys *);
/* signed_prekeys.c, in all namespaces. A new signed prekey when it is time, or
 * now; those whose period is over go, and with each the key exchanges that it
 * has seen. Stages what changes. */
int prekeys_rotate(struct keeper *, struct txn *, struct account *);
int prekeys_rotate_now(struct keeper *, struct txn *, struct account *);

/* Key exchanges that a signed prekey has seen (RECORD_KEX). */
int kex_seen(struct txn *, const char *account, uint8_t ns, uint32_t spk_id,
    const uint8_t digest[16]);
/* ERR_CROWDED: LIMIT_KEX_DIGESTS. */
int kex_add(struct txn *, const char *account, uint8_t ns, uint32_t spk_id,
    const uint8_t digest[16]);

#endif
