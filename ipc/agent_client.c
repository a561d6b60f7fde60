/* SPDX-License-Identifier: ISC */
/*
 * The client library. Runs in fronts, nets and xmpp-key; holds requests and
 * replies, which may carry text, and wipes them. It trusts the agent, but
 * checks the layout of all that comes.
 */
#include "agent_client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#include <bsd/sys/queue.h>

#include "connection.h"
#include "err.h"

#define AGENT_QUEUE_MAX (1024 * 1024) /* octets of events kept while we wait */
#define AGENT_ERROR_MAX 1024	      /* octets of an error's text */

struct pending { /* a request without an answer */
	TAILQ_ENTRY(pending) entry;
	uint32_t id;
	const struct message *message;
	void (*done)(void *arg, int err, struct reader *reply);
	void *arg;
};

struct agent {
	int fd; /* -1 once the connection owns it */
	uint32_t last_id;
	int locked;
	char error[AGENT_ERROR_MAX + 1];
	struct buffer in; /* agent_call: one frame */
	struct buffer
	    events; /* whole frames, to be delivered by agent_attach */
	/* with a loop */
	struct connection *conn;
	struct loop *loop;
	struct timer *deliver; /* hands over the queued events */
	const struct agent_handler *handler;
	void *arg;
	TAILQ_HEAD(, pending) pending;
	int busy, dead; /* a callback runs; agent_free was called in it */
};

int
agent_socket_path(const char *option, char *path, size_t size)
{
	const char *dir;
	int n;

	if (option == NULL || *option == '\0')
		option = getenv("XMPP_AGENT_SOCK");
	if (option == NULL || *option == '\0') {
		dir = getenv("XDG_RUNTIME_DIR");
		if (dir == NULL || *dir == '\0')
			return ERR_NOT_FOUND;
		n = snprintf(path, size, "%s/xmpp-agent/agent.sock", dir);
	} else
		n = snprintf(path, size, "%s", option);
	return n < 0 || (size_t)n >= size ? ERR_TOO_LONG : 0;
}

/*
 * Who listens there may have come after the agent had ended: passphrases and
 * texts are for our own user's (or root's, who could have them anyway).
 */
static int
agent_is_ours(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return 0;
	if (peer.uid == geteuid() || peer.uid == 0)
		return 1;
	errno = EPERM;
	return 0;
}

int
agent_connect(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t n = strlen(path);
	int fd, saved;

	if (n >= sizeof(un.sun_path)) {
		errno = ENAMETOOLONG;
		return ERR_SYSTEM;
	}
	memcpy(un.sun_path, path, n);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR_SYSTEM;
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0 &&
	    agent_is_ours(fd))
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return ERR_SYSTEM;
}

static void
agent_release_memory(struct agent *a)
{
	struct pending *p;

	while ((p = TAILQ_FIRST(&a->pending)) != NULL) {
		TAILQ_REMOVE(&a->pending, p, entry);
		free(p);
	}
	buffer_free(&a->in);
	buffer_free(&a->events);
	explicit_bzero(a->error, sizeof(a->error));
	free(a);
}

void
agent_free(struct agent *a)
{
	if (a == NULL || a->dead)
		return;
	a->dead = 1;
	connection_free(a->conn);
	a->conn = NULL;
	timer_cancel(a->deliver);
	a->deliver = NULL;
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
	if (!a->busy)
		agent_release_memory(a);
}

int
agent_release(struct agent *a)
{
	int fd = a->fd;

	a->fd = -1;
	agent_free(a);
	return fd;
}

int
agent_fd(const struct agent *a)
{
	return a->conn != NULL ? connection_fd(a->conn) : a->fd;
}

int
agent_is_locked(const struct agent *a)
{
	return a->locked;
}

const char *
agent_error(const struct agent *a)
{
	return a->error;
}

/* --- frames from the agent --------------------------------------------------- */

/*
 * An ERROR reply's body: remember its text, *err gets its code. Not 0: the
 * agent does not speak the protocol.
 */
static int
agent_take_error(struct agent *a, struct reader *r, int *err)
{
	uint32_t code = reader_u32(r);

	reader_cstring(r, a->error, sizeof(a->error));
	if (reader_end(r) != 0 || code == 0 || code >= (uint32_t)-ERR_LAST)
		return ERR_MALFORMED;
	*err = -(int)code;
	if (*err == ERR_LOCKED)
		a->locked = 1;
	return 0;
}

/* Check an event; a newer agent's unknown ones are passed over (return 1). */
static int
agent_take_event(struct agent *a, struct frame *f)
{
	const struct message *m = message_find(LINK_CLIENT, f->type);
	int err;

	if (m == NULL || !(m->flags & MESSAGE_EVENT))
		return 1;
	err = message_check(m->request, f->body.p, f->body.left);
	if (err != 0)
		return err;
	if (f->type == M_EVENT_LOCKED)
		a->locked = 1;
	if (f->type == M_EVENT_UNLOCKED)
		a->locked = 0;
	return 0;
}

/*
 * Check a reply to a request of this kind. *err is the request's outcome;
 * the return value is not 0 if the agent does not speak the protocol.
 */
static int
agent_take_reply(
    struct agent *a, const struct message *m, struct frame *f, int *err)
{
	a->error[0] = '\0';
	*err = 0;
	if (f->type == M_ERROR)
		return agent_take_error(a, &f->body, err);
	if (f->type != M_REPLY)
		return ERR_MALFORMED;
	return message_check(m->reply, f->body.p, f->body.left);
}

/* --- one call at a time ------------------------------------------------------ */

static int
agent_write_all(int fd, const uint8_t *p, size_t n)
{
	ssize_t w;

	while (n > 0) {
		w = write(fd, p, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return errno == EPIPE ? ERR_EOF : ERR_SYSTEM;
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

static int
agent_read_all(int fd, struct buffer *in, size_t n)
{
	uint8_t *p = buffer_extend(in, n);
	ssize_t r;

	if (p == NULL)
		return in->err;
	while (n > 0) {
		r = read(fd, p, n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r == 0 || errno == ECONNRESET ? ERR_EOF
							     : ERR_SYSTEM;
		p += r;
		n -= (size_t)r;
	}
	return 0;
}

/* Read exactly one frame, nothing ahead. It borrows from a->in. */
static int
agent_read_frame(struct agent *a, struct frame *f)
{
	struct reader r;
	size_t used;
	int err;

	buffer_clear(&a->in);
	err = agent_read_all(a->fd, &a->in, FRAME_HEADER);
	if (err != 0)
		return err;
	err = frame_parse(a->in.data, a->in.len, f, &used);
	if (err != 0)
		return err < 0 ? err : 0; /* 1: the body is empty */
	reader_init(&r, a->in.data, a->in.len);
	err = agent_read_all(a->fd, &a->in, reader_u32(&r) + 4 - FRAME_HEADER);
	if (err != 0)
		return err;
	return frame_parse(a->in.data, a->in.len, f, &used) == 1
	    ? 0
	    : ERR_MALFORMED;
}

static int
agent_queue_event(struct agent *a, struct frame *f)
{
	int err = agent_take_event(a, f);
	size_t at;

	if (err != 0)
		return err < 0 ? err : 0;
	at = frame_begin(&a->events, f->type, f->id);
	buffer_put(&a->events, f->body.p, f->body.left);
	return frame_end(&a->events, at);
}

/* Put a request's frame at the end of out. */
static int
agent_put_request(struct agent *a, const struct message *m,
    const struct buffer *body, struct buffer *out)
{
	const uint8_t *p = body != NULL ? body->data : NULL;
	size_t n = body != NULL ? body->len : 0, at;
	int err;

	if (m == NULL || (m->flags & MESSAGE_EVENT))
		return ERR_UNKNOWN_MESSAGE;
	if (body != NULL && body->err != 0)
		return body->err;
	if (n > m->max)
		return ERR_TOO_LONG;
	err = message_check(m->request, p, n);
	if (err != 0)
		return err;
	if (++a->last_id == 0)
		a->last_id = 1;
	at = frame_begin(out, m->type, a->last_id);
	buffer_put(out, p, n);
	return frame_end(out, at);
}

/* Wait for the reply to the last request. Not 0: the agent is of no use. */
static int
agent_wait(
    struct agent *a, const struct message *m, int *err, struct reader *reply)
{
	struct frame f;
	int broken;

	do {
		broken = agent_read_frame(a, &f);
		if (broken == 0 && f.id == 0)
			broken = agent_queue_event(a, &f);
	} while (broken == 0 && f.id == 0);
	if (broken == 0 && f.id != a->last_id)
		broken = ERR_MALFORMED;
	if (broken == 0)
		broken = agent_take_reply(a, m, &f, err);
	if (broken == 0 && *err == 0)
		*reply = f.body;
	return broken;
}

int
agent_call(struct agent *a, uint8_t type, const struct buffer *body,
    struct reader *reply)
{
	const struct message *m = message_find(LINK_CLIENT, type);
	struct buffer out;
	int broken, err;

	reader_init(reply, NULL, 0);
	a->error[0] = '\0';
	if (a->conn != NULL)
		return ERR_ARGUMENT;
	if (a->fd < 0)
		return ERR_EOF;
	buffer_init(&out, FRAME_MAX);
	err = agent_put_request(a, m, body, &out);
	if (err != 0) {
		buffer_free(&out);
		return err;
	}
	broken = agent_write_all(a->fd, out.data, out.len);
	buffer_free(&out);
	if (broken == 0)
		broken = agent_wait(a, m, &err, reply);
	if (broken == 0)
		return err;
	close(a->fd);
	a->fd = -1;
	return broken;
}

/* --- the beginning ----------------------------------------------------------- */

struct agent *
agent_new_greeted(int fd, int *err)
{
	struct agent *a = calloc(1, sizeof(*a));
	int flags = fcntl(fd, F_GETFL);

	*err = a == NULL ? ERR_MEMORY : 0;
	if (*err == 0 &&
	    (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0))
		*err = ERR_SYSTEM;
	if (*err != 0) {
		free(a);
		close(fd);
		return NULL;
	}
	a->fd = fd;
	buffer_init(&a->in, FRAME_MAX);
	buffer_init(&a->events, AGENT_QUEUE_MAX);
	TAILQ_INIT(&a->pending);
	return a;
}

static int
agent_hello(struct agent *a)
{
	struct buffer body;
	struct reader r;
	size_t len;
	uint32_t n;
	int err;

	buffer_init(&body, 64);
	buffer_put_u32(&body, PROTOCOL_VERSION);
	buffer_put_u32(&body, 0); /* features */
	err = agent_call(a, M_HELLO, &body, &r);
	buffer_free(&body);
	if (err != 0)
		return err;
	if (reader_u32(&r) != PROTOCOL_VERSION)
		return ERR_VERSION;
	(void)reader_string(&r, &len, r.left); /* program */
	for (n = reader_u32(&r); n > 0 && r.err == 0; n--)
		(void)reader_string(&r, &len, r.left);
	(void)reader_u32(&r); /* rights */
	a->locked = reader_u8(&r) != 0;
	return reader_end(&r);
}

struct agent *
agent_new(int fd, int *err)
{
	struct agent *a = agent_new_greeted(fd, err);

	if (a == NULL)
		return NULL;
	*err = agent_hello(a);
	if (*err == 0)
		return a;
	agent_free(a);
	return NULL;
}

int
agent_restrict(
    struct agent *a, uint32_t rights, const char *name, const char *account)
{
	struct buffer body;
	struct reader r;
	int err;

	buffer_init(&body, FRAME_MAX);
	buffer_put_u32(&body, rights);
	buffer_put_cstring(&body, name);
	buffer_put_u32(&body, account != NULL ? 1 : 0);
	if (account != NULL)
		buffer_put_cstring(&body, account);
	err = agent_call(a, M_RESTRICT, &body, &r);
	buffer_free(&body);
	return err;
}

/* --- with a loop ------------------------------------------------------------- */

/* Leave a callback: free what agent_free left. 1: it is gone. */
static int
agent_leave(struct agent *a)
{
	int dead = a->dead;

	a->busy = 0;
	if (dead)
		agent_release_memory(a);
	return dead;
}

/* Hand over the queued events, oldest first. Called with busy set. */
static void
agent_deliver_queue(struct agent *a)
{
	struct frame f;
	size_t off = 0, used;

	while (!a->dead &&
	    frame_parse(a->events.data + off, a->events.len - off, &f, &used) ==
		1) {
		off += used;
		a->handler->event(a->arg, f.type, &f.body);
	}
	if (!a->dead)
		buffer_free(&a->events);
}

static void
agent_deliver(void *arg)
{
	struct agent *a = arg;

	a->deliver = NULL;
	a->busy = 1;
	agent_deliver_queue(a);
	(void)agent_leave(a);
}

static int
agent_on_event(struct agent *a, struct frame *f)
{
	int err = agent_take_event(a, f);

	if (err != 0)
		return err < 0 ? err : 0;
	if (a->events.len > 0) /* those before it go first */
		agent_deliver_queue(a);
	if (!a->dead)
		a->handler->event(a->arg, f->type, &f->body);
	return 0;
}

static int
agent_on_reply(struct agent *a, struct frame *f)
{
	struct pending *p;
	int broken, err;

	TAILQ_FOREACH(p, &a->pending, entry)
		if (p->id == f->id)
			break;
	if (p == NULL)
		return ERR_MALFORMED;
	broken = agent_take_reply(a, p->message, f, &err);
	if (broken != 0)
		return broken;
	TAILQ_REMOVE(&a->pending, p, entry);
	p->done(p->arg, err, err == 0 ? &f->body : NULL);
	free(p);
	return 0;
}

static int
agent_on_frame(void *arg, struct frame *f)
{
	struct agent *a = arg;
	int err;

	a->busy = 1;
	err = f->id == 0 ? agent_on_event(a, f) : agent_on_reply(a, f);
	return agent_leave(a) ? 0 : err;
}

static void
agent_on_closed(void *arg, int err)
{
	struct agent *a = arg;

	a->conn = NULL;
	a->handler->closed(a->arg, err);
}

static const struct connection_handler agent_connection = {
	.frame = agent_on_frame,
	.closed = agent_on_closed,
};

int
agent_attach(struct agent *a, struct loop *l,
    const struct agent_handler *handler, void *arg)
{
	if (a->conn != NULL)
		return ERR_ARGUMENT;
	if (a->fd < 0)
		return ERR_EOF;
	if (a->events.len > 0 &&
	    (a->deliver = loop_timer(l, 0, agent_deliver, a)) == NULL)
		return ERR_MEMORY;
	a->handler = handler;
	a->arg = arg;
	a->conn = connection_new(l, a->fd, &agent_connection, a);
	a->fd = -1;
	buffer_free(&a->in);
	return a->conn != NULL ? 0 : ERR_MEMORY;
}

int
agent_request(struct agent *a, uint8_t type, const struct buffer *body,
    void (*done)(void *arg, int err, struct reader *reply), void *arg)
{
	const struct message *m = message_find(LINK_CLIENT, type);
	struct pending *p;
	struct buffer *out;
	size_t n = FRAME_HEADER + (body != NULL ? body->len : 0);
	int err;

	if (a->conn == NULL)
		return ERR_EOF;
	out = connection_out(a->conn);
	/* Never above: then we always read, and cannot deadlock with the
	 * agent, each waiting for the other to read. */
	if (n > CONNECTION_OUT_HIGH - out->len)
		return ERR_BUSY;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return ERR_MEMORY;
	err = agent_put_request(a, m, body, out);
	if (err != 0) {
		free(p);
		return err;
	}
	*p = (struct pending){
		.id = a->last_id, .message = m, .done = done, .arg = arg
	};
	TAILQ_INSERT_TAIL(&a->pending, p, entry);
	connection_flush(a->conn);
	return 0;
}
