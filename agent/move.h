/* SPDX-License-Identifier: ISC */
/*
 * The one EXPORT or IMPORT that goes on: whose it is, and its sealed parts. In
 * the keeper's ordinary memory lie sealed octets only; an import's key is in
 * the secure heap until it is done, its client goes, or lock.
 */
#ifndef AGENT_MOVE_H
#define AGENT_MOVE_H

#include "export.h"

#define MOVE_IDLE_MS 60000 /* whoever stops in the middle keeps nobody out */

struct move {
	struct client *client;
	uint64_t used; /* loop_now() of its last request */
	int is_import;
	struct secret key;  /* import */
	struct buffer head; /* export */
	char jid[LIMIT_JID + 1];
	uint32_t n; /* parts */
	struct buffer *parts[LIMIT_EXPORT_PARTS];
};

/* Begin anew for this client. ERR_BUSY: another client's goes on, which has
 * not stood still and may not less than this one. */
int move_begin(struct client *, int is_import, struct move **);
/* What this client has begun, or NULL. */
struct move *move_of(const struct client *, int is_import);
/* Room for another part of len octets. NULL: LIMIT_EXPORT_PARTS or memory. */
uint8_t *move_add(struct move *, size_t len);
void move_forget(struct keeper *);
void move_gone(struct client *);

/* import_take.c: all of it, staged; *a gets the account. 0 or an error, after
 * which the caller aborts and reads the accounts again. */
int import_take(struct keeper *, struct client *, struct txn *,
    const struct move *, struct account **a);

#endif
