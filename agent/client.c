/* SPDX-License-Identifier: ISC */
/*
 * The clients' connections: accepted from our own uid alone, bounded in
 * number and in unanswered requests, closed when they cannot frame a message.
 * Runs in the keeper; what waits to be written may be text and is wiped by
 * the connection. Trusts no client with anything but its own requests.
 */
#include "client.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#define ACCEPTS	       16  /* in one turn: clients want their turn too */
#define ACCEPT_WAIT_MS 100 /* after a failure (no descriptor, no memory) */

/* --- one client ------------------------------------------------------------- */

void
client_close(struct client *c)
{
	struct keeper *k = c->keeper;
	struct request *r;

	TAILQ_REMOVE(&k->clients, c, entry);
	k->nclients--;
	while ((r = TAILQ_FIRST(c->requests)) != NULL)
		request_orphan(r);
	client_gone(c);
	loop_undefer(k->loop, &c->end);
	connection_free(c->conn);
	free(c->attached);
	free(c->confirmed);
	free(c->accounts);
	free(c->requests);
	freezero(c, sizeof(*c));
}

static void
client_ended(void *arg)
{
	client_close(arg);
}

void
client_end(struct client *c)
{
	if (c->closing)
		return;
	c->closing = 1;
	connection_pause(c->conn, 1);
	connection_flush(c->conn); /* queued first: it writes, then we close */
	loop_defer(c->keeper->loop, &c->end);
}

static int
client_frame(void *arg, struct frame *f)
{
	struct client *c = arg;
	struct request *r;

	if (c->closing)
		return 0;
	if ((r = request_new(c, f)) == NULL)
		return ERR_MEMORY;
	c->keeper->handled = 1;
	if (f->id == 0)
		request_fail(r, ERR_MALFORMED, "id 0 is an event's");
	else if (!c->hello && f->type != M_HELLO)
		request_fail(r, ERR_HELLO_FIRST, "HELLO comes first");
	else
		dispatch(r);
	return 0;
}

static void
client_closed(void *arg, int err)
{
	struct client *c = arg;

	(void)err;
	client_close(c);
}

static const struct connection_handler client_handler = { client_frame,
	client_closed };

/* --- accepting -------------------------------------------------------------- */

/* Whoever is at the other end of a forwarded socket has what the user gave to
 * it, for good, as after RESTRICT. 0 or ERR_MEMORY. */
static int
client_forwarded(struct client *c, const struct forward *f)
{
	c->rights = c->ceiling = f->rights;
	c->forwarded = c->restricted = 1;
	if (f->naccounts == 0)
		return 0;
	c->accounts = calloc(f->naccounts, sizeof(c->accounts[0]));
	if (c->accounts == NULL)
		return ERR_MEMORY;
	memcpy(c->accounts, f->accounts, f->naccounts * sizeof(c->accounts[0]));
	c->naccounts = f->naccounts;
	return 0;
}

static void
client_new(
    struct keeper *k, int fd, const struct ucred *peer, const struct forward *f)
{
	struct client *c = calloc(1, sizeof(*c));
	struct requests *requests = calloc(1, sizeof(*requests));

	if (c == NULL || requests == NULL ||
	    (f != NULL && client_forwarded(c, f) != 0)) {
		free(c);
		free(requests);
		close(fd);
		return;
	}
	TAILQ_INIT(requests);
	c->keeper = k;
	c->requests = requests;
	c->pid = (uint32_t)peer->pid;
	c->uid = peer->uid;
	if (f == NULL) {
		c->rights = RIGHTS_INITIAL;
		c->ceiling = RIGHTS_ALL;
	}
	c->end.fn = client_ended;
	c->end.arg = c;
	c->conn = connection_new(k->loop, fd, &client_handler, c);
	if (c->conn == NULL) {
		free(requests);
		free(c->accounts);
		free(c);
		return;
	}
	TAILQ_INSERT_TAIL(&k->clients, c, entry);
	k->nclients++;
}

/* One too many: say so, as far as one write goes. */
static void
refuse(int fd)
{
	struct buffer b;
	size_t at;

	buffer_init(&b, 256);
	at = frame_begin(&b, M_ERROR, 0);
	buffer_put_u32(&b, (uint32_t)-ERR_BUSY);
	buffer_put_cstring(&b, "too many clients");
	if (frame_end(&b, at) == 0 && write(fd, b.data, b.len) == -1)
		errno = 0; /* it would not listen either */
	buffer_free(&b);
	close(fd);
}

static void
accept_again(void *arg)
{
	struct keeper *k = arg;

	watch_set(k->listen, LOOP_READ);
	if (k->forward.watch != NULL)
		watch_set(k->forward.watch, LOOP_READ);
}

void
clients_accept(struct keeper *k, int listen)
{
	const struct forward *f =
	    k->forward.watch != NULL && listen == k->forward.fd ? &k->forward
								: NULL;
	struct watch *watch = f != NULL ? f->watch : k->listen;
	struct ucred peer;
	socklen_t len;
	int fd;

	for (int i = 0; i < ACCEPTS; i++) {
		fd = accept4(listen, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd == -1) {
			if (errno == EAGAIN || errno == EINTR ||
			    errno == ECONNABORTED)
				return;
			watch_set(watch, 0);
			if (loop_timer(k->loop, ACCEPT_WAIT_MS, accept_again,
				k) == NULL)
				watch_set(watch, LOOP_READ);
			return;
		}
		len = sizeof(peer);
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) ==
			-1 ||
		    peer.uid != k->uid)
			close(fd);
		else if (k->nclients >= LIMIT_CLIENTS)
			refuse(fd);
		else
			client_new(k, fd, &peer, f);
	}
}

/* --- events ----------------------------------------------------------------- */

int
client_has_account(const struct client *c, const char *account)
{
	if (c->accounts == NULL)
		return 1;
	for (size_t i = 0; i < c->naccounts; i++)
		if (strcmp(c->accounts[i], account) == 0)
			return 1;
	return 0;
}

void
client_event(struct client *c, uint8_t type, const struct buffer *body)
{
	const struct message *m = message_find(LINK_CLIENT, type);

	if (m == NULL || !c->hello || c->closing ||
	    (m->right != 0 && !(c->rights & m->right)) ||
	    (!(m->flags & MESSAGE_LOCKED) && c->attached == NULL))
		return;
	(void)connection_send(c->conn, type, 0,
	    body != NULL ? body->data : NULL, body != NULL ? body->len : 0);
}

int
client_is_attached(const struct client *c, const char *account)
{
	return c->attached != NULL && strcmp(c->attached, account) == 0;
}

void
keeper_event_fronts(struct keeper *k, const char *account, uint8_t type,
    const struct buffer *body)
{
	struct client *c;

	TAILQ_FOREACH(c, &k->clients, entry)
		if (c->is_front && client_is_attached(c, account))
			client_event(c, type, body);
}

void
keeper_event_nets(struct keeper *k, const char *account, uint8_t type,
    const struct buffer *body)
{
	struct client *c;

	TAILQ_FOREACH(c, &k->clients, entry)
		if (c->is_net && client_is_attached(c, account))
			client_event(c, type, body);
}

void
clients_event(struct keeper *k, uint8_t type)
{
	struct client *c;

	TAILQ_FOREACH(c, &k->clients, entry)
		client_event(c, type, NULL);
}

void
clients_lock(struct keeper *k, int was_open)
{
	struct client *c, *next;
	size_t waiting;

	TAILQ_FOREACH_SAFE(c, &k->clients, entry, next) {
		waiting = connection_out(c->conn)->len;
		if ((c->carries_text && waiting > 0) ||
		    waiting > CONNECTION_OUT_HIGH) {
			client_close(c); /* and wipe */
			continue;
		}
		c->carries_text = 0;
		free(c->confirmed);
		c->confirmed = NULL;
		if (was_open)
			client_event(c, M_EVENT_LOCKED, NULL);
	}
}
