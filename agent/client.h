/* SPDX-License-Identifier: ISC */
/*
 * Connections and requests of the keeper (client.c, request.c), as keeper.c
 * uses them.
 */
#ifndef AGENT_CLIENT_H
#define AGENT_CLIENT_H

#include "keeper.h"

TAILQ_HEAD(requests, request);

/* Accept what waits on a listening socket: the ordinary or k->forward's. */
void clients_accept(struct keeper *, int listen);
/* Close, and drop what was to be answered. */
void client_close(struct client *);
/* Close when what has been said is written, at the end of the turn. */
void client_end(struct client *);
/* Lock: wipe unsent text and close its connections; tell the others. */
void clients_lock(struct keeper *, int was_open);
void clients_event(struct keeper *, uint8_t type);

/* A new request on its client's list; NULL: out of memory. */
struct request *request_new(struct client *, const struct frame *);
/* Its client is going: the answer will be dropped. */
void request_orphan(struct request *);

/* confirm.c: the client has gone; ask the next question. */
void confirm_withdraw(struct request *);
void confirm_next(struct keeper *);

/* ask.c */
struct ask *ask_new(struct keeper *, int fd);
void ask_free(struct ask *);
/* The launcher's answer; non-zero: that link is broken. */
int ask_frame(struct ask *, struct frame *);

#endif
