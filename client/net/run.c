/* SPDX-License-Identifier: ISC */
/*
 * The net's life: walls, password, address, stream, loop, end. Runs in
 * xmpp-net. The walls are up before the password is read or anything from
 * outside is looked at.
 */
#include "run.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bsd/unistd.h>
#include <openssl/crypto.h>

#include "../../sandbox/sandbox.h"
#include "net.h"
#include "slot.h"

/* libstrophe waits inside its TLS handshake: a server that says nothing then
 * is met by a clock outside. Ends the process unless it is online. */
static volatile sig_atomic_t logged_in;

static void
on_alarm(int signo)
{
	(void)signo;
	if (!logged_in)
		_exit(NET_EXIT_LOST);
}

void
net_logged_in(void)
{
	logged_in = 1;
}

void
net_stop(void *arg)
{
	struct net *net = arg;

	loop_stop(net->loop, net->code);
}

void
net_leave(struct net *net, int code, const char *fmt, ...)
{
	char reason[512];
	va_list ap;

	if (net->exiting)
		return;
	net->exiting = 1;
	net->code = code;
	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	front_offline(net, reason, code == NET_EXIT_FATAL);
	login_close(net);
}

/* The frame is written past the loop: this turn never ends. */
static _Noreturn void
net_end_now(struct net *net, int code, const char *reason)
{
	struct buffer out;
	size_t at;

	buffer_init(&out, CONNECTION_PACKET_MAX);
	at = frame_begin(&out, M_NET_OFFLINE, 0);
	buffer_put_cstring(&out, reason);
	buffer_put_u8(&out, code == NET_EXIT_FATAL);
	if (frame_end(&out, at) == 0 && net->front != NULL &&
	    write(connection_fd(net->front), out.data, out.len) < 0)
		_exit(code);
	_exit(code);
}

_Noreturn void
net_die(struct net *net, const char *fmt, ...)
{
	char reason[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	net_end_now(net, NET_EXIT_LOST, reason);
}

/* The password up to the end of the pipe or line, into locked memory. */
static int
read_password(char *password, size_t size)
{
	size_t n = 0;
	ssize_t r;

	while (n < size - 1 &&
	    (r = read(NET_FD_PASSWORD, password + n, size - 1 - n)) != 0) {
		if (r > 0)
			n += (size_t)r;
		else if (errno != EINTR)
			return ERR_SYSTEM;
	}
	close(NET_FD_PASSWORD);
	password[n] = '\0';
	password[strcspn(password, "\r\n")] = '\0';
	return *password != '\0' ? 0 : ERR_EOF;
}

/* The stack may grow: libstrophe frees deep stanzas by recursion. */
static void
raise_stack(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_STACK, &r) == 0 && r.rlim_cur < MEMORY_STACK) {
		r.rlim_cur =
		    r.rlim_max < MEMORY_STACK ? r.rlim_max : MEMORY_STACK;
		(void)setrlimit(RLIMIT_STACK, &r);
	}
}

static void
on_term(void *arg, int signo)
{
	(void)signo;
	net_leave(arg, NET_EXIT_QUIT, "asked to end");
}

static int
start_parts(struct net *net)
{
	if ((net->loop = loop_new()) == NULL ||
	    loop_signal(net->loop, SIGTERM, on_term, net) != 0 ||
	    front_attach(net, NET_FD_FRONT) != 0 ||
	    keeper_attach(net, NET_FD_KEEPER) != 0)
		return ERR_MEMORY;
	if (iqs_new(net) != 0 || acks_new(net) != 0 || inbox_new(net) != 0 ||
	    outgoing_new(net) != 0 || work_new(net) != 0 ||
	    inspection_new(net) != 0 || slots_new(net) != 0 ||
	    rooms_new(net) != 0)
		return ERR_MEMORY;
	return 0;
}

static int
enter_walls(const struct net_options *o)
{
	/* those that do not exist here are passed over */
	const char *read[] = { "/etc/ssl", "/usr/lib/ssl",
		"/usr/share/ca-certificates",
		"/usr/local/share/ca-certificates", "/etc/resolv.conf",
		"/run/systemd/resolve", "/run/NetworkManager", "/etc/hosts",
		"/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf",
		o->ca_file, NULL };
	struct sandbox_paths paths = { .read = read,
		.tcp_port = o->port != 0 ? o->port : NET_PORT };

	return sandbox_enter(ROLE_NET_CONNECT, &paths);
}

static int
connect_stream(struct net *net, char *password)
{
	char address[64];

	if (resolve(net->domain, net->host, &net->port, address, net->why,
		sizeof(net->why)) != 0)
		return ERR_NOT_FOUND;
	return login_start(net, address, password);
}

int
net_run(const struct net_options *o)
{
	static char password[NET_PASSWORD_MAX + 1]; /* locked, wiped */
	struct net net = { .account = o->account,
		.host = o->host,
		.port = o->port,
		.ca_file = o->ca_file,
		.quiet = o->quiet,
		.looks = o->looks,
		.code = NET_EXIT_LOST,
		.stanza_max = NET_STANZA,
		.sock = -1 };
	const char *at = strrchr(o->account, '@');
	int err;

	if (at == NULL || strlen(o->account) > LIMIT_JID)
		return 64;
	snprintf(net.domain, sizeof(net.domain), "%s", at + 1);
	if (sandbox_early() != 0)
		return NET_EXIT_FATAL;
	closefrom(NET_FD_PASSWORD + 1);
	/* OpenSSL reads its files and warms up before the walls */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	raise_stack();
	tzset(); /* no time zone is looked for later */
	signal(SIGALRM, on_alarm);
	alarm(NET_LOGIN_S);
	(void)mlock(password, sizeof(password)); /* or it may be swapped out */
	if (start_parts(&net) != 0 || enter_walls(o) != 0)
		net_end_now(&net, NET_EXIT_FATAL,
		    "xmpp-net cannot put up its walls here");
	if (read_password(password, sizeof(password)) != 0)
		net_leave(&net, NET_EXIT_FATAL, "%s: no password", o->account);
	else if ((err = connect_stream(&net, password)) != 0)
		net_leave(&net, net.fatal ? NET_EXIT_FATAL : NET_EXIT_LOST,
		    "%s", net.why[0] != '\0' ? net.why : err_text(err));
	explicit_bzero(password, sizeof(password));
	if (loop_run(net.loop) < 0)
		net.code = NET_EXIT_LOST;
	return net.code; /* nothing is freed: the process ends */
}
