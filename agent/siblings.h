/* SPDX-License-Identifier: ISC */
/*
 * What the clients of one identity see of each other, and how much of it is
 * kept. Runs in the keeper.
 */
#ifndef AGENT_SIBLINGS_H
#define AGENT_SIBLINGS_H

#include "message.h"
#include "outbox.h"

/*
 * Room for one more message of len octets: what some client has shown goes
 * first, oldest first. 0, or ERR_FULL when nothing more may go (what nobody
 * has seen never goes). On any error after this the index is stale.
 */
int siblings_make_room(struct txn *, struct account *, size_t len);
/*
 * A message that the server has now: kept for the account's other clients, as
 * shown by the one that wrote it. 1: kept and in the index; 0: there is no
 * room, which is no reason to fail; or an error (the index is then stale).
 */
int siblings_keep(
    struct keeper *, struct txn *, struct account *, const struct outbox *);

#endif
