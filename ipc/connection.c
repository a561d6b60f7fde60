/* SPDX-License-Identifier: ISC */
/*
 * One framed peer on a loop. Runs in every process; holds what has been read
 * and not handled, and what has been answered and not written, and wipes both
 * as soon as they are. Trusts the peer in nothing: a frame costs memory only
 * as far as it has been announced, a peer that does not read is not served.
 */
#include "connection.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "err.h"

#define IN_FIRST 4096	     /* octets of an idle connection's input buffer */
#define IN_READS 16	     /* reads in one turn: others want their turn too */
#define OUT_KEEP (64 * 1024) /* a larger empty output buffer is released */

struct connection {
	struct loop *loop;
	struct watch *watch;
	struct loop_deferred deferred; /* connection_finish at the turn's end */
	int fd;			       /* -1 once closed */
	int packets;		       /* SOCK_SEQPACKET */
	int paused;
	int blocked; /* the last write did not take everything */
	int shut;    /* the peer reads no more: output is dropped */
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
	int dead = c->dead;

	c->busy = 0;
	if (dead)
		connection_release(c);
	return dead;
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
	return !c->paused && c->failed == 0 &&
	    c->out.len <= CONNECTION_OUT_HIGH;
}

static void
connection_arm(struct connection *c)
{
	watch_set(c->watch,
	    (connection_may_read(c) ? LOOP_READ : 0) |
		(c->blocked ? LOOP_WRITE : 0));
}

/* Give the input buffer cap octets, or with cap 0 release it. */
static int
connection_resize(struct connection *c, size_t cap)
{
	uint8_t *p = NULL;

	if (cap == c->incap)
		return 0;
	if (cap > 0 && (p = malloc(cap)) == NULL)
		return ERR_MEMORY;
	if (c->inlen > 0)
		memcpy(p, c->in, c->inlen);
	freezero(c->in, c->incap);
	c->in = p;
	c->incap = cap;
	return 0;
}

/* Handle the whole frames that wait, as long as their answers have room. */
static int
connection_handle(struct connection *c)
{
	struct frame f;
	size_t off = 0, used;
	int r = 0;

	while (off < c->inlen && !c->dead && connection_may_read(c)) {
		r = frame_parse(c->in + off, c->inlen - off, &f, &used);
		if (c->packets && (r != 1 || used != c->inlen)) {
			off = c->inlen; /* not one frame: drop the packet */
			r = 0;
		}
		if (r <= 0)
			break;
		off += used;
		r = c->handler->frame(c->arg, &f);
		if (r != 0)
			break;
	}
	if (off > 0) {
		c->inlen -= off;
		memmove(c->in, c->in + off, c->inlen);
		explicit_bzero(c->in + c->inlen, off);
	}
	return r;
}

/* Make room to read into: as much as the frame begun has announced. */
static int
connection_room(struct connection *c)
{
	struct reader r;

	if (c->packets)
		return connection_resize(c, CONNECTION_PACKET_MAX + 1);
	if (c->incap == 0)
		return connection_resize(c, IN_FIRST);
	if (c->inlen < c->incap)
		return 0;
	/* full of one frame, whose length frame_parse has found good */
	reader_init(&r, c->in, c->inlen);
	return connection_resize(c, (size_t)reader_u32(&r) + 4);
}

/* read(2) says 0 for an empty packet as well as for the end. */
static int
connection_is_over(const struct connection *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLRDHUP };

	return !c->packets || poll(&p, 1, 0) != 0;
}

static int
connection_read(struct connection *c)
{
	size_t room;
	ssize_t n;
	int err;

	for (int i = 0; i < IN_READS; i++) {
		err = connection_handle(c);
		if (err != 0 || c->dead || !connection_may_read(c))
			return err;
		err = connection_room(c);
		if (err != 0)
			return err;
		room = c->incap - c->inlen;
		n = read(c->fd, c->in + c->inlen, room);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n == 0 && !connection_is_over(c))
			continue;
		if (n <= 0)
			return n == 0 || errno == ECONNRESET ? ERR_EOF
							     : ERR_SYSTEM;
		c->inlen += (size_t)n;
		if ((size_t)n < room && !c->packets)
			break; /* that was all */
	}
	err = connection_handle(c);
	if (err == 0 && c->inlen == 0 && c->incap > IN_FIRST && !c->packets)
		err = connection_resize(c, 0);
	return err;
}

static void
connection_ready(void *arg, int events)
{
	struct connection *c = arg;
	int err = 0;

	c->busy = 1;
	if ((events & (LOOP_READ | LOOP_HUP)) && connection_may_read(c))
		err = connection_read(c);
	if (connection_leave(c))
		return;
	if (err != 0) {
		connection_fail(c, err);
		return;
	}
	if (c->blocked && (events & (LOOP_WRITE | LOOP_HUP))) {
		c->blocked = 0;
		connection_flush(c);
	}
	connection_arm(c);
}

/* Octets that one write should take: all, or one packet. */
static size_t
connection_portion(const struct connection *c)
{
	struct frame f;
	size_t used;

	if (!c->packets)
		return c->out.len;
	(void)frame_parse(c->out.data, c->out.len, &f, &used);
	return used; /* 0 cannot be: we framed it */
}

static int
connection_write(struct connection *c)
{
	ssize_t n;

	while (c->out.len > 0 && !c->shut) {
		n = write(c->fd, c->out.data, connection_portion(c));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			c->blocked = 1;
			return 0;
		}
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			c->shut = 1; /* what it had said before is read yet */
		else if (n < 0)
			return ERR_SYSTEM;
		else
			buffer_drop(&c->out, (size_t)n);
	}
	if (c->out.cap > OUT_KEEP)
		buffer_free(&c->out);
	else
		buffer_clear(&c->out);
	return 0;
}

/* At the end of the turn: write what the turn has gathered. */
static void
connection_finish(void *arg)
{
	struct connection *c = arg;
	int err = c->failed;

	if (err == 0 && !c->blocked)
		err = connection_write(c);
	if (err != 0) {
		connection_fail(c, err);
		return;
	}
	if (c->inlen > 0 && connection_may_read(c))
		watch_wake(c->watch);
	connection_arm(c);
}

static struct connection *
connection_make(struct loop *l, int fd, int packets,
    const struct connection_handler *handler, void *arg)
{
	struct connection *c = calloc(1, sizeof(*c));
	int flags = fcntl(fd, F_GETFL);

	if (c == NULL || flags < 0 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		goto fail;
	*c = (struct connection){ .loop = l,
		.fd = fd,
		.packets = packets,
		.handler = handler,
		.arg = arg };
	buffer_init(&c->out, CONNECTION_OUT_MAX);
	c->deferred.fn = connection_finish;
	c->deferred.arg = c;
	c->watch = loop_watch(l, fd, LOOP_READ, connection_ready, c);
	if (c->watch != NULL)
		return c;
fail:
	free(c);
	close(fd);
	return NULL;
}

struct connection *
connection_new(
    struct loop *l, int fd, const struct connection_handler *handler, void *arg)
{
	return connection_make(l, fd, 0, handler, arg);
}

struct connection *
connection_new_packets(
    struct loop *l, int fd, const struct connection_handler *handler, void *arg)
{
	return connection_make(l, fd, 1, handler, arg);
}

void
connection_allow(struct connection *c, size_t out_max)
{
	c->out.max = out_max;
}

struct buffer *
connection_out(struct connection *c)
{
	return &c->out;
}

void
connection_flush(struct connection *c)
{
	if (!c->dead)
		loop_defer(c->loop, &c->deferred);
}

int
connection_send(struct connection *c, uint8_t type, uint32_t id,
    const void *body, size_t len)
{
	size_t at;
	int err = c->dead ? ERR_EOF : c->failed;

	if (err != 0)
		return err;
	at = frame_begin(&c->out, type, id);
	buffer_put(&c->out, body, len);
	err = frame_end(&c->out, at);
	if (err == 0 && c->packets && c->out.len - at > CONNECTION_PACKET_MAX) {
		buffer_cut(&c->out, at);
		err = ERR_TOO_LONG;
	}
	c->failed = err;
	connection_flush(c);
	return err;
}

void
connection_pause(struct connection *c, int paused)
{
	if (c->dead)
		return;
	c->paused = paused;
	if (c->inlen > 0 && connection_may_read(c))
		watch_wake(c->watch);
	connection_arm(c);
}

int
connection_fd(const struct connection *c)
{
	return c->fd;
}
