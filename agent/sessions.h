/* SPDX-License-Identifier: ISC */
/*
 * Sessions as records, and what the engine asks for, over one transaction.
 * Runs in the keeper; opened sessions are in the secure heap.
 */
#ifndef AGENT_SESSIONS_H
#define AGENT_SESSIONS_H

#include "peer.h"
#include "prekeys.h"

struct session_key { /* which session */
	const char *account, *peer;
	uint8_t ns;
	uint32_t device;
	uint32_t self; /* our own device id: another has other sessions */
};

/*
 * The name of its records: u32 self, u8 ns, u32 device, peer, and for a block
 * of kept keys its id (NULL: none). Returns its length.
 */
#define SESSION_NAME	  (4 + 1 + 4 + LIMIT_JID + SESSION_BLOCK)
#define SESSION_NAME_PEER (4 + 1 + 4)
#define SESSION_BLOCK	  16
size_t
session_name(const struct session_key *, const uint8_t *block, uint8_t *name);

/* An empty session if there is none. 0 or an error. */
int session_open(
    struct txn *, const struct session_key *, struct omemo_session **out);
int session_put(
    struct txn *, const struct session_key *, const struct omemo_session *);
/* A device's sessions in all namespaces, kept keys and ratchet keys too. */
int session_delete_all(struct keeper *, struct txn *, struct account *,
    const char *peer, const struct device *);

/* Some of the records of sessions that device ids of ours had which are gone
 * (neither ours nor retired): all of them after enough calls. */
int session_delete_former(struct keeper *, struct txn *, struct account *);

struct session_ops {
	struct omemo_ops ops; /* what goes to the engine; arg is this */
	struct txn *txn;
	struct session_key key;
	struct prekeys *prekeys; /* opened when asked for */
	struct account *account;
	int64_t kept; /* change in kept message keys */
	int64_t most; /* of them in the account: CROWDED above */
	int err;      /* a record's error, over what the engine says */
};

void session_ops_init(struct session_ops *, struct txn *, struct account *,
    const char *peer, uint8_t ns, uint32_t device);
/* As another device of ours: the present one, or a retired one. */
void session_ops_as(struct session_ops *, uint32_t self);
void session_ops_end(struct session_ops *);

#endif
