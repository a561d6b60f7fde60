/* SPDX-License-Identifier: ISC */
/*
 * What records.c (table), seal.c, epochs.c (keys), txn.c, batch.c (group
 * commit) and root.c (unlock, root record) share. Tests may look here.
 */
#ifndef AGENT_RECORDS_INTERNAL_H
#define AGENT_RECORDS_INTERNAL_H

#include <bsd/sys/queue.h>

#include "crypto/crypto.h"
#include "limits.h"
#include "records.h"

#define ROW_KEY	     32
#define RAW_EPOCHS   2
#define RAW_ROOT     3
#define KIND_RAW     0	 /* list of the rows that are no records */
#define KIND_ROOT    255 /* in a root row's header */
#define SEAL_FORMAT  1
#define SEAL_HEADER  22 /* format, kind, epoch, nonce, version */
#define SEAL_TAG     16
#define SEAL_MIN     (SEAL_HEADER + SEAL_TAG)
#define EPOCHS_MAX   1024 /* kept until their records are re-sealed */
#define SET_SIZE     32
#define ANCHOR_MAX   64		   /* octets of what the store says is one */
#define ROW_OVERHEAD (ROW_KEY + 4) /* in a PUT frame */
#define BATCH_OCTETS (1024 * 1024) /* then the next batch begins */
#ifndef TXN_OCTETS
#define TXN_OCTETS (768 * 1024) /* one transaction's rows */
#endif
#define QUEUE_OCTETS (16 * 1024 * 1024) /* committed, not durable: BUSY above */

/* The sealed octets of one version of one row; counted by its users. */
struct sealed {
	unsigned refs;
	uint32_t epoch;		   /* 0: not under an epoch key */
	uint8_t element[SET_SIZE]; /* its part of the multiset hash */
	size_t len;
	uint8_t octets[];
};

struct entry {
	LIST_ENTRY(entry) hash;
	TAILQ_ENTRY(entry) of_kind;
	uint8_t key[ROW_KEY];
	uint8_t kind;
	unsigned users;		 /* changes that point here */
	struct sealed *durable;	 /* NULL: no such row on the disk */
	struct sealed *newest;	 /* NULL: deleted */
	struct change *staged;	 /* by the open transaction */
	struct change *gathered; /* in the batch that still gathers */
};

LIST_HEAD(bucket, entry);
TAILQ_HEAD(entries, entry);

struct change {
	TAILQ_ENTRY(change) next;
	struct entry *entry;
	struct sealed *sealed; /* NULL: delete */
};

TAILQ_HEAD(changes, change);

struct waiter {
	TAILQ_ENTRY(waiter) next;
	void (*done)(void *arg, int err);
	void *arg;
};

TAILQ_HEAD(waiters, waiter);

struct batch {
	TAILQ_ENTRY(batch) next;
	struct changes changes;
	struct waiters waiters;
	uint8_t set[SET_SIZE]; /* the multiset hash with this batch in it */
	struct chain chain;    /* the same */
	uint64_t counter;
	uint8_t doubt;
	size_t octets;
	int purge;	/* the log is to be emptied: something was destroyed */
	int ends_epoch; /* an epoch's key was */
	int sent;
	struct sealed *root; /* while sent */
};

TAILQ_HEAD(batches, batch);

struct txn {
	struct records *r;
	struct changes changes;
	struct chain chain;
	size_t octets, most;
	int open;
	int purge;	/* the log is to be emptied: something was destroyed */
	int ends_epoch; /* an epoch's key was */
	int err;	/* what every put of it answers */
};

struct epoch {
	uint32_t number;
	int ending;	/* not in the newest epochs row */
	uint64_t nonce; /* the next, of the current epoch */
	uint64_t live;	/* sealed octets in memory under it */
	struct secret key;
	struct crypto_aead *aead;
};

struct records {
	/* records.c */
	struct bucket *buckets;
	size_t nbuckets, nentries;
	struct entries kinds[RECORD_KINDS];
	struct sealed *root; /* durable */
	uint64_t count;	     /* records, newest */
	/* seal.c */
	int unlocked;
	struct secret k_names, k_set, k_wrap, k_anchor;
	struct epoch *epochs; /* the last is the current one */
	size_t nepochs;
	uint64_t epoch_seals; /* EPOCH_SEALS, fewer in a test */
	uint64_t version;     /* of the record sealed last */
	int epochs_dirty;     /* the epochs row must be in the next batch */
	/* batch.c */
	struct connection *store;
	struct batches batches; /* the first may be in flight */
	struct batch *spare;
	struct txn txn;
	size_t queued;	       /* octets of all batches */
	uint32_t commit_id;    /* on the store link */
	uint8_t set[SET_SIZE]; /* newest */
	uint8_t durable_set[SET_SIZE];
	uint64_t counter, durable_counter; /* commits */
	struct chain chain, durable_chain;
	/* anchor.c, root.c */
	struct place place; /* of the database, now */
	uint8_t anchor[ANCHOR_MAX];
	size_t anchorlen;
	uint8_t doubt, durable_doubt;
};

/* --- records.c --- */
void raw_key(unsigned row, uint8_t key[ROW_KEY]);
struct entry *entry_find(struct records *, const uint8_t key[ROW_KEY]);
/* Find or make. NULL: out of memory. */
struct entry *
entry_make(struct records *, const uint8_t key[ROW_KEY], uint8_t kind);
/* Free it if nothing is left of it. */
void entry_release(struct records *, struct entry *);
/* Replace *slot; takes the reference over. */
void sealed_set(struct records *, struct sealed **slot, struct sealed *);

/* --- seal.c --- */
struct sealed *sealed_new(size_t len);
struct sealed *sealed_ref(struct sealed *);
void sealed_free(struct records *, struct sealed *);
/* Seal the plaintext v[0..n) for a row; also computes its set element. */
int seal(struct records *, uint8_t kind, const uint8_t key[ROW_KEY],
    const struct iovec_const *v, size_t n, struct sealed **);
/* Open into an empty secret. ERR_CORRUPT, ERR_BUSY. */
int unseal(struct records *, const uint8_t key[ROW_KEY], const struct sealed *,
    struct secret *);
int seal_element(struct records *, const uint8_t key[ROW_KEY], struct sealed *);
int record_key(struct records *, enum record_kind, const char *account,
    const void *name, size_t namelen, uint8_t key[ROW_KEY]);

/* --- epochs.c --- */
struct epoch *epoch_find(struct records *, uint32_t number);
/* A fresh key becomes the current epoch's; marks the epochs row dirty. */
int epoch_begin(struct records *);
void epochs_free(struct records *);
/* The row of wrapped epoch keys, without those that are ending. */
int epochs_wrap(struct records *, struct sealed **);
int epochs_unwrap(struct records *, const struct sealed *);
/* Free those that are ending (dropped on the disk), or keep them after all. */
void epochs_ended(struct records *, int dropped);
int keys_derive(struct records *, const struct secret *master);
void keys_forget(struct records *);

/* --- txn.c --- */
/* Take one change off its list and free it. */
void change_free(struct records *, struct changes *, struct change *);
/* Stage octets (NULL: delete) for an entry; takes sealed over, in any case. */
int txn_stage(struct txn *, struct entry *, struct sealed *);
/* The epochs row into this transaction, if it is dirty. */
int txn_stage_epochs(struct txn *);

/* --- root.c --- */
void set_add(uint8_t set[SET_SIZE], const uint8_t element[SET_SIZE]);
void set_subtract(uint8_t set[SET_SIZE], const uint8_t element[SET_SIZE]);
int root_seal(struct records *, const struct batch *, struct sealed **);

#endif
