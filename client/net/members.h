/* SPDX-License-Identifier: ISC */
/* A set of bare addresses, of at most LIMIT_ROOM_MEMBERS. */
#ifndef CLIENT_NET_MEMBERS_H
#define CLIENT_NET_MEMBERS_H

#include <stddef.h>

#include "../../agent/limits.h"

struct members {
	size_t n;
	char *v[LIMIT_ROOM_MEMBERS]; /* owned */
};

int members_has(const struct members *, const char *jid);
/* 0 (also if it is there already), or ERR_FULL. */
int members_add(struct members *, const char *jid);
/* 1: it was there. */
int members_remove(struct members *, const char *jid);
void members_clear(struct members *);
/* to becomes what from was, and from empty. */
void members_move(struct members *to, struct members *from);

#endif
