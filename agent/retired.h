/* SPDX-License-Identifier: ISC */
/*
 * Devices of ours that were replaced by ROTATE: identity, prekeys and sessions
 * stay for a time, for receiving alone.
 */
#ifndef AGENT_RETIRED_H
#define AGENT_RETIRED_H

#include "account.h"

#define RETIRED_S      (7 * 86400) /* then it goes, once the archive was read */
#define RETIRED_MOST_S (31 * 86400) /* then it goes */

/*
 * The device that rec says becomes a retired one, with its prekeys; its
 * sessions are found by its id. Over LIMIT_RETIRED the oldest goes. Before
 * account_renew. Staged; 0 or an error.
 */
int
retired_keep(struct txn *, struct account *, const struct account_record *rec);
/* For accounts_load. */
int retired_load(struct account *, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len);
int is_retired(const struct account *, uint32_t id);
/* Is it the identity key of one of them? */
int is_retired_key(const struct account *, const uint8_t u[32]);
/* Its identity, in the secure heap: retired_release. 0 or an error. */
int retired_identity(struct txn *, const struct account *, uint32_t id,
    struct omemo_identity **out);
void retired_release(struct omemo_identity *);
/* Those whose time is over; staged, sessions by session_delete_former. */
int
retired_purge(struct keeper *, struct txn *, struct account *, uint64_t now);

#endif
