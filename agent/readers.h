/* SPDX-License-Identifier: ISC */
/*
 * Who reads a composed message: the devices of the conversation, or of all
 * members of a room, and our own other ones. Runs in the keeper, which alone decides it.
 */
#ifndef AGENT_READERS_H
#define AGENT_READERS_H

#include "outbox.h"
#include "peer.h"
#include "rooms.h"

/* One of them, with all its devices. */
struct reading {
	struct peer peer;      /* first: the peer is also the reading */
	int changed;	       /* the peer is to be put */
	struct member *member; /* in the room; NULL: a chat, or ourselves */
	int absent; /* a member without a key: shown so, and left out */
	int barred; /* one whose keys the user refused: stops the message */
	uint8_t skipped[LIMIT_DEVICES]; /* gets nothing, whatever it reads */
	int ns[LIMIT_DEVICES]; /* what each device is written to in, or -1 */
	/* encrypt.c: is there a session? 0: not asked */
	uint8_t has[OMEMO_PROFILES][LIMIT_DEVICES];
};

struct readers {
	struct room *room; /* NULL: a chat */
	size_t to;	   /* so many, from the first, it is addressed to */
	size_t n;	   /* and the own account, if it is not one of them */
	struct reading v[];
};

/* On the ordinary heap; readers_free. kind: enum conversation_kind. A room
 * that nothing is known of: ERR_NOT_FOUND. 0 or an error. */
int readers_open(struct txn *, const struct account *, const char *conversation,
    uint8_t kind, struct readers **out);
void readers_free(struct readers *); /* NULL allowed */
/* The newest namespace that a device is listed in; -1: none. */
int device_namespace(const struct device *);
/* How many keys, and members of the room, have to be shown first. */
size_t readers_unshown(const struct readers *);
/* Remember that a handle waits; the fronts are told. */
int readers_wait(struct keeper *, struct account *, const uint8_t *handle);
/* Something was shown or decided: nets are told of handles that wait no more. */
void readers_recheck(struct keeper *, struct txn *, struct account *);

#endif
