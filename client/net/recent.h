/* SPDX-License-Identifier: ISC */
/*
 * The last NET_RECENT messages that were sent: whom a bounce or a receipt may
 * come from. An id that was sent to someone else proves nothing.
 */
#ifndef CLIENT_NET_RECENT_H
#define CLIENT_NET_RECENT_H

#include "net.h"

struct recent_row {
	char *id, *to; /* bare JID */
	uint8_t handle[HANDLE_SIZE];
};

struct recent {
	struct recent_row rows[NET_RECENT];
	unsigned next;
};

void recent_add(struct recent *, const char *id, const char *to,
    const uint8_t handle[HANDLE_SIZE]);
/* from: any JID, NULL allowed as id is; NULL: not one of ours to them. */
const struct recent_row *
recent_find(const struct recent *, const char *id, const char *from);

#endif
