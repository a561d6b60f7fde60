/* SPDX-License-Identifier: ISC */
/*
 * xmpp-send --file: a file becomes a link.
 */
#ifndef CLIENT_SEND_UPLOAD_H
#define CLIENT_SEND_UPLOAD_H

#include "../front/front.h"
#include "../front/starter.h"

struct upload;

struct upload_handler {
	void (*progress)(void *arg); /* something has happened */
	/* The file lies there; the link is what is to be sent. */
	void (*ready)(void *arg, const char *link);
	void (*failed)(void *arg, const char *reason);
};

/* In the starter: starter.more. Opens the file, starts what sends it. */
int upload_start(const struct starter *, int fds[static STARTER_MORE]);

/* In the front. path is how the file is called in what is printed. NULL: out
 * of memory. */
struct upload *upload_new(
    struct loop *, const char *path, const struct upload_handler *, void *arg);
void upload_free(struct upload *);
/* The front is online: ask for a place, if there is none yet. */
void upload_online(struct upload *, struct front *);
void upload_slot(struct upload *, const struct front_slot *);

#endif
