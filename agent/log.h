/* SPDX-License-Identifier: ISC */
/*
 * The log: what was done to the vault and the identities, when, and by which
 * process. Runs in the keeper. Entries are sealed records, 32 in each, and a
 * chain: the digest of each is over the one before, the last one's is in the
 * root record. An entry is staged in the transaction of the act that it tells
 * of: neither is without the other. No text and no secret is ever in one.
 */
#ifndef AGENT_LOG_H
#define AGENT_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "../ipc/buffer.h"
#include "../ipc/messages.h"
#include "limits.h"
#include "records.h"

#define LOG_BLOCK 32 /* entries of one record */

struct keeper;
struct client;
struct request;

struct log_use { /* of this hour: who has used an identity */
	uint32_t device, pid, right;
	char name[LIMIT_CLIENT_NAME + 1];
};

/* Beside the records; not wiped by lock, gone with the process. */
struct log {
	uint64_t hour;	 /* since 1970: n and uses are of it */
	uint32_t serial; /* another: what clients noted is void */
	unsigned n;	 /* entries that nobody's secret was needed for */
	uint32_t more;	 /* of the same kind, not written */
	struct log_use uses[LIMIT_LOG_HOUR];
	unsigned nuses;
	uint32_t wrong, wrong_pid; /* attempts while there was no key */
	char wrong_name[LIMIT_CLIENT_NAME + 1];
};

/* An entry as it is stored and as LOG gives it, in this order. */
struct log_entry {
	uint64_t seq, time; /* from 1; seconds since 1970 */
	uint8_t act;	    /* enum act */
	uint32_t count;	    /* times that it happened */
	uint32_t pid;	    /* of the asker, as the kernel gave it; 0: none */
	const char *account, *client, *detail; /* NULL when read */
	const uint8_t *owner;		       /* read: account's octets */
	size_t ownerlen;
};

/*
 * Stage an entry. For handlers: request_log, with the asker's pid and name.
 * The detail is cut at LIMIT_LOG_DETAIL. 0 or an error: the act must not be.
 */
int keeper_log(struct txn *, struct log_entry *);
int request_log(struct request *, struct txn *, enum act, const char *account,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* The same in a transaction of their own (log_notes.c). */
int log_unlocked(struct keeper *, const struct request *); /* NULL: at start */
void
log_lock(struct keeper *, uint32_t pid, const char *client, const char *why);
void log_wrong(struct keeper *, const struct request *); /* NULL: at start */
/* The first use of an identity by a client, for texts or for the network, in
 * each hour; 0 or an error. */
int log_use(struct request *);
/* A commit was refused: what was noted may not be there. */
void log_again(struct keeper *);

/* Number of the oldest entry that is kept. */
uint64_t log_first(uint64_t last);
/* A block (the record that holds entry seq), opened; in reads its entries. */
int log_block(struct txn *, uint64_t seq, struct secret *, uint8_t before[32],
    struct reader *in);
/* The next entry of a block. 0 or ERR_CORRUPT. */
int log_read(struct reader *, struct log_entry *);
/* digest = SHA-256(digest, entry) */
int log_link(uint8_t digest[32], const void *entry, size_t len);

#endif
