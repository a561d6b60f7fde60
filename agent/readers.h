/* SPDX-License-Identifier: ISC */
/*
 * Who reads a composed message: the conversation's devices and our own other
 * ones. Runs in the keeper, which alone decides it.
 */
#ifndef AGENT_READERS_H
#define AGENT_READERS_H

#include "outbox.h"
#include "peer.h"

struct readers {
	size_t n;	      /* 1 when the account writes to itself */
	struct peer peers[2]; /* the conversation, the own account */
	int changed[2];
};

/* On the ordinary heap; free(). 0 or an error. */
int readers_open(struct txn *, const struct account *, const char *conversation,
    struct readers **out);
/* The newest namespace that a device is listed in; -1: none. */
int device_namespace(const struct device *);
/* How many keys have to be shown first. */
size_t readers_unshown(const struct readers *);
/* Remember that a handle waits; the fronts are told. */
int readers_wait(struct keeper *, struct account *, const uint8_t *handle);
/* Something was shown or decided: nets are told of handles that wait no more. */
void readers_recheck(struct keeper *, struct txn *, struct account *);

#endif
