/* SPDX-License-Identifier: ISC */
#ifndef AGENT_STRANGERS_H
#define AGENT_STRANGERS_H

#include "account.h"

/* Forget the one unheard for longest, if it is time. now: real time, seconds.
 * 0 or an error. */
int
strangers_purge(struct keeper *, struct txn *, struct account *, uint64_t now);

#endif
