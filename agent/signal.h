/* SPDX-License-Identifier: ISC */
/*
 * Signals: receipts and typing states, of which nobody is told that they were
 * sent, or not.
 */
#ifndef AGENT_SIGNAL_H
#define AGENT_SIGNAL_H

#include "readers.h"

int signal_is(uint8_t kind);
/*
 * Whom it goes to: devices of the conversation alone that would get it in
 * OMEMO 2 now, with no key to be shown, fetched or decided about, and no session
 * to be made. ERR_UNTRUSTED: none; ERR_NOT_FOUND: it is old.
 */
int signal_readers(struct txn *, const struct account *, const struct outbox *,
    struct readers *);
/* It will not be sent: forget it. */
void signal_drop(struct keeper *, struct account *, const uint8_t *handle);

#endif
