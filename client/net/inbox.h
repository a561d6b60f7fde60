/* SPDX-License-Identifier: ISC */
/* Between the two halves of the inbox: reading (incoming.c), order (inbox.c). */
#ifndef CLIENT_NET_INBOX_H
#define CLIENT_NET_INBOX_H

#include "../../ipc/buffer.h"
#include "net.h"
#include "origin.h"

/*
 * Queue a DECRYPT body without account and archive (taken over; empty: there
 * is nothing to decrypt, the cursor passes it).
 */
void inbox_put(struct net *, const struct origin *, struct buffer *body);

#endif
