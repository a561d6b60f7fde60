/* SPDX-License-Identifier: ISC */
/* An xmpp-net of xmpp-key's own, and the link to it. */
#ifndef CLIENT_KEY_KEY_NET_H
#define CLIENT_KEY_KEY_NET_H

#include "../../ipc/connection.h"
#include "../front/nets.h"
#include "key.h"

struct key_net {
	/* the caller's */
	struct key *key;
	struct loop *loop;
	int looks; /* it is to look at the server and do no more */
	/* An event of the net, its layout checked. */
	void (*event)(void *arg, uint8_t type, struct reader *body);
	/* No more nets will be started; reason NULL: the net has said why. */
	void (*stopped)(void *arg, const char *reason);
	void *arg;
	/* key_net.c's */
	struct nets *nets;
	struct connection *link;
	int theirs; /* the link's other end */
};

/* Start it. 0, or the exit code after an error line. */
int key_net_start(struct key_net *);
/* To the net. */
void key_net_send(struct key_net *, uint8_t type, const struct buffer *body);
/* The end of the link: the net says good-bye. Started or not. */
void key_net_end(struct key_net *);
/* A line for a person at a terminal. */
void key_progress(const char *text);

#endif
