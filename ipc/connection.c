/* SPDX-License-Identifier: ISC */
/*
 * One framed peer on a loop. Runs in every process; holds what has been read
 * and not handled, and what has been answered and not written, and wipes both
 * as soon as they are. Trusts the peer in nothing: a frame costs memory only
 * as far as it has been announced, a peer that does not read is not served.
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "connection.h"
#include "err.h"

#define IN_FIRST  4096	      /* octets of an idle connection's input buffer */
#define IN_READS  16	      /* reads in one turn: others want their turn too */
#define OUT_KEEP  (64 * 1024) /* a larger empty output buffer is released */

struct connection {
	struct loop *loop;
	struct watch *watch;
	struct loop_deferred deferred; /* connection_finish at the turn's end */
	int fd;			       /* -1 once closed */
	int packets;		       /* SOCK_SEQPACKET */
	int paused;
	int blocked; /* the last write did not take everything */
	int failed;  /* closed() is to be called with this error */
	int busy;    /* a callback of ours runs: do not free yet */
	int dead;    /* connection_free was called */
	uint8_t *in; /* in[0..inlen) waits to be handled */
	size_t inlen, incap;
	struct buffer out;
	const struct connection_handler *handler;
	void *arg;
};

static void
connection_release(struct connection *c)
{
	freezero(c->in, c->incap);
	buffer_free(&c->out);
	free(c);
}

void
connection_free(struct connection *c)
{
	if (c == NULL || c->dead)
		return;
	c->dead = 1;
	watch_free(c->watch);
	loop_undefer(c->loop, &c->deferred);
	close(c->fd);
	c->fd = -1;
	if (!c->busy)
		connection_release(c);
}

/* Leave a callback. 1: the connection is gone. */
static int
connection_leave(struct connection *c)
{
	c->busy = 0;
	if (c->dead)
		connection_release(c);
	return c->dead;
}

/* Tell the owner, once, and free. */
static void
connection_fail(struct connection *c, int err)
{
	c->busy = 1;
	c->handler->closed(c->arg, err);
	connection_free(c);
	connection_release(c);
}

/* Reading is armed only while there is room for the answers. */
static int
connection_may_read(const struct connection *c)
{
	return !c->paused && c->failed == 0 && c->out.len <= CONNECTION_OUT_HIGH;
}

static void
connection_arm(struct connection *c)
{
	watch_set(c->watch, (connection_may_read(c) ? LOOP_READ : 0) |
	    (c->blocked ? LOOP_WRITE : 0));
}

/* Give the input buffer cap octets, or with cap 0 release it. */
static int
connection_resize(struct connection *c, size_t cap)
{
	uint8_t *p = NULL;

	if (cap == c->incap)
		return 0;
	if (cap > 0) {
		p = malloc(cap);
		if (p == NULL)
			return ERR_MEMORY;
		memcpy(p, c->in, c->inlen);
	}
	freezero(c->in, c->incap);
	c->in = p;
	c->incap = cap;
	return 0;
}
