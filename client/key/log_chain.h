/* SPDX-License-Identifier: ISC */
/*
 * The agent's log, page by page, and its chain: each entry's digest is
 * SHA-256 over the one before and the entry's octets. Computed here, not in
 * the keeper, which only vouches for the last one: so a digest that was
 * noted elsewhere can be found again, or not.
 */
#ifndef CLIENT_KEY_LOG_CHAIN_H
#define CLIENT_KEY_LOG_CHAIN_H

#include <stdint.h>

#include "../../agent/limits.h"
#include "../../ipc/buffer.h"

struct log_row {
	uint64_t seq, time; /* seconds since 1970 */
	uint8_t act;	    /* enum act */
	uint32_t count, pid;
	char account[LIMIT_JID + 1], client[LIMIT_CLIENT_NAME + 1];
	char detail[LIMIT_LOG_DETAIL + 1];
	uint8_t digest[32]; /* of it and all before */
};

/* All zero to begin with. */
struct log_chain {
	uint64_t next;	/* LOG's from */
	uint64_t seq;	/* of the newest row read; 0: none */
	uint64_t n;	/* rows read */
	uint64_t since; /* time of the first */
	uint8_t digest[32];
	int begun;
	const char *why; /* the chain breaks; NULL: whole so far */
	uint64_t broken; /* at this entry; 0: before the first */
};

/*
 * Read one reply of LOG, row by row. 1: ask again, from chain->next; 0: that
 * was all; or an error of the reply's form.
 */
int log_chain_page(struct log_chain *, struct reader *reply,
    void (*row)(void *arg, const struct log_row *), void *arg);

#endif
