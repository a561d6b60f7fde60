/* SPDX-License-Identifier: ISC */
/*
 * Sealed records (ARCHITECTURE, section 2). Runs in the keeper. All sealed
 * octets lie in memory and in the store; a record is opened into the secure
 * heap only for the one request that needs it.
 *
 * A record is (kind, account, name) -> octets. Its row's key is
 * HMAC(names key, kind, account, name); the row's value is
 *   u8 format, u8 kind, u32 epoch, u64 nonce, u64 version, AES-256-GCM(…)
 * with kind, key and version as associated data, and account and name sealed
 * at the head of the plaintext, so that records of a kind can be enumerated.
 *
 * Three rows are not records: the slots, the wrapped epoch keys, the root
 * (keys 0…01, 0…02, 0…03).
 */
#ifndef AGENT_RECORDS_H
#define AGENT_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include "../ipc/buffer.h"
#include "crypto/secret.h"

enum record_kind {
	RECORD_ACCOUNT = 1, /* identity, device id, settings */
	RECORD_PREKEYS,	    /* one-time and signed prekeys of an account */
	RECORD_PEER,	    /* devices, trust, policy of one contact */
	RECORD_SESSION,	    /* one (contact, namespace, device) */
	RECORD_SKIPPED,	    /* 16 kept message keys */
	RECORD_RATCHETS,    /* remote ratchet keys that a session has seen */
	RECORD_KEX,	    /* digests of key exchanges by signed prekey */
	RECORD_OUTBOX,	    /* a composed message and its fixed octets */
	RECORD_MESSAGE,	    /* a received message for the clients */
	RECORD_CLIENT,	    /* what a named client was offered and has shown */
	RECORD_WORK,	    /* a work item with fixed octets */
	RECORD_CURSOR,	    /* the archive cursor */
	RECORD_LOG,
	RECORD_RETIRED, /* identity of a device of ours that was replaced */
	RECORD_DUTY,	/* a device that the server still has to drop */
	RECORD_ROOM,	/* who may be in a room, and who was shown so */
	RECORD_TOLD,	/* a trust message that waits for its sender's key */
	RECORD_KINDS
};

struct records;
struct txn;
struct connection;

/* What the vault hands over at unlock; derived keys live in the secure heap. */
struct records *records_new(void);
void records_free(struct records *);

/* --- start: rows as the store sends them; ERR_CORRUPT on a malformed one */
int records_load(
    struct records *, const uint8_t key[32], const uint8_t *value, size_t len);
/* How rows leave: PUT and COMMIT on the store link. done() must be called
 * once for each commit by records_committed. */
void records_set_store(struct records *, struct connection *store);

/*
 * What the store says of its file, and the anchor that lay beside (len 0:
 * none). Before records_unlock; records_doubt is judged by it.
 */
struct place {
	uint8_t boot[16];      /* digest of the kernel's boot id */
	uint64_t inode, birth; /* of the database; birth in ns, 0: unknown */
};

void records_found(
    struct records *, const struct place *, const void *anchor, size_t len);
/* Why the whole state may be old or a copy (enum doubt); kept in the root
 * record until records_believe, which the next commit makes durable. */
uint8_t records_doubt(const struct records *);
void records_believe(struct records *);

/*
 * Derive keys from the master key, open epochs and root, check every row
 * against the root's multiset hash, begin a new epoch (a commit).
 * ERR_CORRUPT: rows old, mixed, swapped or missing; nothing is usable then.
 */
int records_unlock(struct records *, const struct secret *master);
/* First start: an empty root. */
int records_create(struct records *, const struct secret *master);
/* Forget all keys. Only when records_idle(). Sealed octets stay. */
void records_lock(struct records *);
int records_locked(const struct records *);
/* No commit in flight and none gathered. */
int records_idle(const struct records *);
uint64_t records_count(const struct records *);

/* The raw rows of the vault: slots. Put within the next commit. */
int
records_raw_get(struct records *, unsigned row, const uint8_t **p, size_t *len);
int records_raw_put(struct records *, unsigned row, const void *p, size_t len);
#define RAW_SLOTS 1

/*
 * The end of the log's chain (log.h), kept in the root record: it changes
 * with the transaction that adds to the log, and is refused with it.
 */
struct chain {
	uint64_t last;	  /* number of the newest entry; 0: none */
	uint8_t head[32]; /* digest over it and all before it */
};

/* --- transactions: all or nothing; one at a time, inside one handler ------ */
struct txn *txn_begin(struct records *);
/* This one may have TXN_LARGE octets of rows (other devices): memory for them once
 * more, and everybody's commits wait for it. */
void txn_large(struct txn *);
#define TXN_LARGE                                                              \
	(40 * 1024 *                                                           \
	    1024) /* 4,096 contacts of 32 devices, with names of      \
			      LIMIT_JID, and LIMIT_WORK: 36 MiB */
/* Octets that may wait for the store: a batch, and such a transaction. */
#define STORE_OUT_MAX (TXN_LARGE + 2 * 1024 * 1024)
/*
 * Open a record (as changed in this transaction) into out, a secret buffer
 * that is freed first. 0, ERR_NOT_FOUND, ERR_CORRUPT, ERR_BUSY (heap full).
 */
int txn_get(struct txn *, enum record_kind, const char *account,
    const void *name, size_t namelen, struct secret *out);
int txn_has(struct txn *, enum record_kind, const char *account,
    const void *name, size_t namelen);
/* Seal and stage; p stays the caller's. ERR_FULL over RECORD_MAX. */
int txn_put(struct txn *, enum record_kind, const char *account,
    const void *name, size_t namelen, const void *p, size_t len);
int txn_delete(struct txn *, enum record_kind, const char *account,
    const void *name, size_t namelen);
/* A raw row, within this transaction; what it replaces leaves the disk. */
int txn_raw_put(struct txn *, unsigned row, const void *p, size_t len);
/* The chain as this transaction sees it, to be changed by it. */
struct chain *txn_chain(struct txn *);
/*
 * Delete up to n records of an account, its identity and prekeys first; all
 * but its duties and the log. *left: how many there are beyond. 0 or an error.
 */
int txn_forget(struct txn *, const char *account, size_t n, size_t *left);
/* Join the batch that gathers. After this txn is gone. */
void txn_commit(struct txn *);
void txn_abort(struct txn *); /* NULL allowed */

/*
 * Call done(arg, 0) once everything committed so far is durable (at once when
 * it is), or done(arg, ERR_RETRY) when its commit was refused. Never called
 * from inside records_after's caller unless already durable.
 */
void
records_after(struct records *, void (*done)(void *arg, int err), void *arg);
/* The store answered: 0 or an error. Unknown outcomes end the keeper. */
void records_committed(struct records *, int err);
/* A frame of the store link, after the load; non-zero: outcome unknown. */
struct frame;
int records_frame(struct records *, struct frame *);
/* Send the gathered batch if none is in flight; the loop's after-hook. */
void records_flush(struct records *);

/*
 * Each record of a kind and account (NULL: all accounts), opened one after
 * the other; name and octets are valid for the call only. fn returns non-zero
 * to stop; that is returned. fn must not begin a transaction.
 */
int records_each(struct records *, enum record_kind, const char *account,
    int (*fn)(void *arg, const char *account, const uint8_t *name,
	size_t namelen, const uint8_t *p, size_t len),
    void *arg);
/* What is sealed from now on is under a new epoch key, so that re-sealing
 * ends every key of before. 0 or an error. */
int records_end_epochs(struct records *);
/* Re-seal up to n records of older epochs; returns how many are left. */
size_t records_reseal(struct records *, size_t n);

#endif
