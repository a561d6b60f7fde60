/* SPDX-License-Identifier: ISC */
/*
 * The stream: connect, STARTTLS with the certificate verified, SASL, bind,
 * and libstrophe's turns on our loop. Runs in xmpp-net; holds the password
 * until the stream is bound. libstrophe does not check the server's SCRAM
 * signature and falls back to PLAIN: the certificate is the only proof of
 * the server, so there is no way round it here.
 */
#include <sys/socket.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../sandbox/sandbox.h"
#include "limits.h"
#include "net.h"
#include "room.h"
#include "stanza.h"

#define TURNS 64 /* xmpp_run_once per wake-up; each reads 4,096 octets */
#define DRAIN 5	 /* turns for what TLS has already read: 16 KiB a record */

/*
 * Two of libstrophe's callbacks carry no argument of ours; this process has
 * one connection, so one pointer, set once.
 */
static struct net *the_net;

static void pump(struct net *);

/* --- what libstrophe says ------------------------------------------------------ */

static void say_why(struct net *net, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
say_why(struct net *net, const char *fmt, ...)
{
	va_list ap;

	if (net->why[0] != '\0')
		return; /* the first reason is the cause */
	va_start(ap, fmt);
	vsnprintf(net->why, sizeof(net->why), fmt, ap);
	va_end(ap);
}

/* Errors of libstrophe that say why a login failed. Lower levels carry whole
 * stanzas, <auth/> among them: of those, features that came alone are read. */
static void
on_log(void *arg, xmpp_log_level_t level, const char *area, const char *msg)
{
	struct net *net = arg;

	(void)area;
	if (net->bound)
		return;
	if (level == XMPP_LEVEL_DEBUG)
		limits_log(net, msg);
	if (level < XMPP_LEVEL_ERROR)
		return;
	if (strstr(msg, "Cannot authenticate") != NULL) {
		say_why(
		    net, "%s: the server refuses the password", net->account);
		net->fatal = 1;
	} else if (strstr(msg, "TLS is not supported") != NULL) {
		say_why(net, "%s: the server offers no TLS", net->domain);
		net->fatal = 1;
	} else if (strstr(msg, "SSL_CTX_load_verify_locations") != NULL) {
		say_why(
		    net, "%s: cannot be read as CA certificates", net->ca_file);
		net->fatal = 1;
	} else if (strncmp(msg, "Binding failed", 14) == 0)
		say_why(net, "%s: the server refuses to bind", net->domain);
}

static int
on_certificate(const xmpp_tlscert_t *cert, const char *const error)
{
	struct net *net = the_net;
	const char *why = error != NULL ? error : "unknown reason";

	(void)cert;
	if (strstr(why, "self") != NULL && strstr(why, "signed") != NULL)
		why = "self-signed";
	say_why(net, "%s: certificate not trusted: %s%s", net->domain, why,
	    net->ca_file == NULL ? " (give --ca-file)" : "");
	net->fatal = 1;
	return 0; /* never */
}

/* Its small writes are not to wait for the server's delayed acknowledgement
 * of the one before (40 ms): a message and what asks for its receipt, a stanza
 * in two TLS records. */
static int
on_socket(xmpp_conn_t *conn, void *sock)
{
	static const int on = 1;

	(void)conn;
	the_net->sock = *(int *)sock;
	setsockopt(the_net->sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return 0;
}

static int
on_message(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *arg)
{
	struct net *net = arg;

	(void)conn;
	if (!net->exiting && !net->looks)
		inbox_receive(net, stanza);
	return 1;
}

static int
on_presence(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *arg)
{
	struct net *net = arg;

	(void)conn;
	if (!net->exiting && !net->looks)
		room_presence(net, stanza);
	return 1;
}

static int
on_iq(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *arg)
{
	struct net *net = arg;

	(void)conn;
	if (!net->exiting)
		iq_receive(net, stanza);
	return 1;
}

static int
on_sm(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *arg)
{
	struct net *net = arg;
	const char *ns = xmpp_stanza_get_ns(stanza);

	(void)conn;
	/* libstrophe also hands in any stanza with a child of this namespace */
	if (ns != NULL && strcmp(ns, XMPP_NS_SM) == 0)
		acks_receive(net, stanza);
	return 1;
}

/* --- the stream's life ------------------------------------------------------------ */

/* SCRAM leaves salted keys on the stack that is below us now. */
static __attribute__((noinline)) void
wipe_stack(void)
{
	char below[64 * 1024];

	explicit_bzero(below, sizeof(below));
}

static void
on_bound(struct net *net)
{
	int err;

	xmpp_conn_set_pass(net->conn, ""); /* the old one is wiped: memory.c */
	wipe_stack();
	if ((err = sandbox_enter(ROLE_NET_ONLINE, NULL)) != 0) {
		net_leave(net, NET_EXIT_FATAL, "%s", err_text(err));
		return;
	}
	if (!jid_bare(xmpp_conn_get_bound_jid(net->conn), net->own,
		sizeof(net->own))) {
		net_leave(net, NET_EXIT_LOST, "the server bound no JID");
		return;
	}
	/* "own" decides whose carbons, archive and lists are believed */
	if (strcmp(net->own, net->account) != 0) {
		net_leave(net, NET_EXIT_FATAL,
		    "%s: the server gave it another address: %s", net->account,
		    net->own);
		return;
	}
	net->bound = 1;
	net_logged_in();
	xmpp_handler_add(net->conn, on_message, NULL, "message", NULL, net);
	xmpp_handler_add(net->conn, on_iq, NULL, "iq", NULL, net);
	xmpp_handler_add(net->conn, on_presence, NULL, "presence", NULL, net);
	xmpp_handler_add(net->conn, on_sm, XMPP_NS_SM, NULL, NULL, net);
	session_start(net);
}

static void
on_lost(struct net *net, int error, xmpp_stream_error_t *stream)
{
	watch_free(net->watch); /* its descriptor is closed already */
	net->watch = NULL;
	if (stream != NULL)
		say_why(net, "%s: stream error%s%s", net->domain,
		    stream->text != NULL ? ": " : "",
		    stream->text != NULL ? stream->text : "");
	if (net->bound && !net->exiting &&
	    (stream == NULL || stream->type == XMPP_SE_POLICY_VIOLATION))
		outgoing_refused(net, stream != NULL);
	if (net->bound)
		say_why(net, "%s: the connection was lost", net->domain);
	say_why(net, "%s: cannot connect%s%s", net->domain,
	    error > 0 ? ": " : "", error > 0 ? strerror(error) : "");
	net_leave(
	    net, net->fatal ? NET_EXIT_FATAL : NET_EXIT_LOST, "%s", net->why);
	loop_timer(net->loop, 1, net_stop, net);
}

static void
on_connection(xmpp_conn_t *conn, xmpp_conn_event_t event, int error,
    xmpp_stream_error_t *stream, void *arg)
{
	struct net *net = arg;

	(void)conn;
	if (event == XMPP_CONN_CONNECT)
		on_bound(net);
	else if (event == XMPP_CONN_DISCONNECT || event == XMPP_CONN_FAIL)
		on_lost(net, error, stream);
}

/* --- turns -------------------------------------------------------------------------- */

static int
is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

int
login_is_behind(const struct net *net)
{
	return net->watch != NULL && is_readable(net->sock);
}

static void
on_tick(void *arg)
{
	struct net *net = arg;

	net->tick = NULL;
	pump(net);
}

/* libstrophe's own timers want a turn every second until it is bound; a
 * long burst goes on in the next turn, after everyone else's. */
static void
pump_again(struct net *net, int more)
{
	if (net->watch == NULL)
		return;
	watch_set(net->watch,
	    LOOP_READ |
		(!xmpp_conn_is_connected(net->conn) ||
			    xmpp_conn_send_queue_len(net->conn) > 0
			? LOOP_WRITE
			: 0));
	if (more || !net->bound) {
		timer_cancel(net->tick);
		net->tick =
		    loop_timer(net->loop, more ? 1 : 1000, on_tick, net);
	}
}

/*
 * A server that gathers what it sends (Nagle's algorithm) sends the next
 * stanza when this one is acknowledged, which the kernel would put off by
 * 40 ms. The option does not last: it is set anew after each read.
 */
static void
acknowledge_now(int sock)
{
	int on = 1;

	(void)setsockopt(sock, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

static void
pump(struct net *net)
{
	int turn, drained = 0;

	if (net->pumping)
		return;
	net->pumping = 1;
	for (turn = 0; turn < TURNS && drained < DRAIN; turn++) {
		if (net->watch == NULL)
			break;
		drained = is_readable(net->sock) ? 0 : drained + 1;
		xmpp_run_once(net->ctx, 0);
	}
	if (net->watch != NULL)
		acknowledge_now(net->sock);
	net->pumping = 0;
	pump_again(net, drained < DRAIN);
}

static void
on_ready(void *arg, int events)
{
	(void)events;
	pump(arg);
}

static void
on_deferred(void *arg)
{
	pump(arg);
}

void
login_send(struct net *net, xmpp_stanza_t *stanza)
{
	if (net->conn != NULL && xmpp_conn_is_connected(net->conn)) {
		xmpp_send(net->conn, stanza);
		acks_count(net);
		loop_defer(net->loop, &net->flush);
	}
	xmpp_stanza_release(stanza);
}

void
login_close(struct net *net)
{
	if (net->conn == NULL || net->watch == NULL) {
		loop_timer(net->loop, 1, net_stop, net);
		return;
	}
	xmpp_disconnect(net->conn);
	loop_timer(net->loop, NET_CLOSE_MS, net_stop, net);
	loop_defer(net->loop, &net->flush);
}

static void
on_over(void *arg, const char *what)
{
	struct net *net = arg;

	net_die(net, "%s: the server sent %s", net->domain, what);
}

int
login_start(struct net *net, const char *address, char *password)
{
	int rc;

	the_net = net;
	net->flush.fn = on_deferred;
	net->flush.arg = net;
	net->log = (xmpp_log_t){ .handler = on_log, .userdata = net };
	memory_init(&net->memory, &net->mem, on_over, net);
	if ((net->ctx = xmpp_ctx_new(&net->mem, &net->log)) == NULL ||
	    (net->conn = xmpp_conn_new(net->ctx)) == NULL)
		return ERR_MEMORY;
	xmpp_conn_set_flags(net->conn, XMPP_CONN_FLAG_MANDATORY_TLS);
	xmpp_conn_set_jid(net->conn, net->account);
	xmpp_conn_set_pass(net->conn, password);
	explicit_bzero(password, strlen(password));
	if (net->ca_file != NULL)
		xmpp_conn_set_cafile(net->conn, net->ca_file);
	xmpp_conn_set_certfail_handler(net->conn, on_certificate);
	xmpp_conn_set_sockopt_callback(net->conn, on_socket);
	rc = xmpp_connect_client(
	    net->conn, address, net->port, on_connection, net);
	if (rc != XMPP_EOK)
		return ERR_SYSTEM;
	net->watch = loop_watch(
	    net->loop, net->sock, LOOP_READ | LOOP_WRITE, on_ready, net);
	if (net->watch == NULL)
		return ERR_MEMORY;
	pump(net);
	return 0;
}
