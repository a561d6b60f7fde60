/* SPDX-License-Identifier: ISC */
/*
 * Another device in the place of this one, and ids that leave the list.
 */
#ifndef AGENT_RENEW_H
#define AGENT_RENEW_H

#include "account.h"

/*
 * A new device id with new prekeys, and with identity a new identity key;
 * contacts, decisions and messages stay, sessions and empty messages do not.
 * The old id leaves the list as kind says; list and bundle become due. Staged;
 * rec is the caller's open record, which it puts. 0 or an error.
 */
int account_renew(struct keeper *, struct txn *, struct account *,
    struct account_record *rec, int identity, enum withdraw kind);
/* An id of ours leaves the list; the oldest is forgotten over
 * LIMIT_WITHDRAWN. In the record, which the caller puts. */
void withdraw(struct account_record *, uint32_t id, enum withdraw kind);
/* The list without them has been published: those of ONCE are forgotten.
 * Was there one? */
int withdraw_done(struct account_record *);
int is_withdrawn(const struct account *, uint32_t id);

#endif
