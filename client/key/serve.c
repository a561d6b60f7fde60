/* SPDX-License-Identifier: ISC */
/*
 * Something that needs the server, done by a net that is there, or by one
 * started for it as a front starts it. Runs in xmpp-key; holds the account's
 * password (locked memory) while it waits.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../ipc/connection.h"
#include "../front/nets.h"
#include "key.h"

#define LOOK_MS 200 /* between two looks at what is due */

struct serve {
	struct key *key;
	const struct serve_config *config;
	struct loop *loop;
	struct nets *nets; /* NULL: somebody else's net does it */
	int link[2];	   /* 0: ours, 1: net's */
	struct connection *conn;
	struct password password;
	uint64_t until;
	char reason[512]; /* the last that a net said */
};

static void
progress(const char *text)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "%s\n", text);
}

static void
give_up(struct serve *p, const char *reason)
{
	loop_stop(
	    p->loop, fail(p->key->jid, "%s: %s", p->config->not_yet, reason));
}

static void
look(void *arg)
{
	struct serve *p = arg;
	int left = 0, code = p->config->left(p->key, &left);

	if (code != DONE)
		loop_stop(p->loop, code);
	else if (left == 0)
		loop_stop(p->loop, DONE);
	else if (loop_now() >= p->until)
		give_up(p, p->reason[0] != '\0' ? p->reason : "no answer yet");
	else if (loop_timer(p->loop, LOOK_MS, look, p) == NULL)
		loop_stop(p->loop, fail(NULL, "out of memory"));
}

/* --- our own net ---------------------------------------------------------- */

static int
on_packet(void *arg, struct frame *f)
{
	struct serve *p = arg;
	const struct message *m = message_find(LINK_FRONT, f->type);

	if (m == NULL ||
	    message_check(m->request, f->body.p, f->body.left) != 0)
		return 0;
	if (f->type == M_NET_ONLINE)
		progress("online");
	if (f->type != M_NET_OFFLINE)
		return 0;
	reader_cstring(&f->body, p->reason, sizeof(p->reason));
	if (reader_u8(&f->body))
		give_up(p, p->reason);
	return 0;
}

static void
on_closed(void *arg, int err)
{
	struct serve *p = arg;

	(void)err;
	p->conn = NULL;
}

static void
on_stopped(void *arg, const char *reason)
{
	if (reason != NULL)
		give_up(arg, reason);
}

static void
on_child(void *arg, int signo)
{
	struct serve *p = arg;
	int status;
	pid_t pid;

	(void)signo;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		nets_reap(p->nets, pid, status);
}

static int
start_net(struct serve *p)
{
	static const struct connection_handler handler = {
		.frame = on_packet,
		.closed = on_closed,
	};
	struct key *key = p->key;
	struct nets_config config = {
		.account = key->jid,
		.options = &key->options,
		.password = &p->password,
		.stopped = on_stopped,
		.arg = p,
	};

	if (options_account(&key->options, key->jid) != 0 ||
	    options_password(&key->options, key->jid, &p->password) != 0)
		return REFUSED;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p->link) ==
	    -1)
		return fail("socketpair", "%s", strerror(errno));
	p->conn = connection_new_packets(p->loop, p->link[0], &handler, p);
	config.link = p->link[1];
	p->nets = nets_new(p->loop, &config);
	if (p->conn == NULL || p->nets == NULL ||
	    loop_signal(p->loop, SIGCHLD, on_child, p) != 0)
		return fail(NULL, "out of memory");
	progress("connecting");
	nets_set_locked(p->nets, 0);
	return DONE;
}

static int
run(struct serve *p)
{
	unsigned nets = 0;
	int code = p->config->nets(p->key, &nets);

	if (code == DONE && nets == 0)
		code = start_net(p);
	if (code != DONE)
		return code;
	p->until = loop_now() + (uint64_t)p->key->options.timeout * 1000;
	look(p);
	return loop_run(p->loop);
}

int
key_serve(struct key *key, const struct serve_config *config)
{
	struct serve p = {
		.key = key,
		.config = config,
		.loop = loop_new(),
		.link = { -1, -1 },
	};
	int code;

	if (p.loop == NULL)
		return fail(NULL, "out of memory");
	code = run(&p);
	connection_free(p.conn); /* the end of the link: net says good-bye */
	nets_free(p.nets);
	if (p.link[1] != -1)
		close(p.link[1]);
	password_free(&p.password);
	loop_free(p.loop);
	if (code == DONE)
		progress(config->done);
	return code;
}
