/* SPDX-License-Identifier: ISC */
/*
 * An xmpp-net for one verb, started as a front's starter starts it. Runs in
 * xmpp-key; holds the account's password (locked memory, struct key's), and
 * believes of the net what the verb believes.
 */
#include "key_net.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
key_progress(const char *text)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "%s\n", text);
}

static int
on_packet(void *arg, struct frame *f)
{
	struct key_net *net = arg;
	const struct message *m = message_find(LINK_FRONT, f->type);

	if (m != NULL &&
	    message_check(m->request, f->body.p, f->body.left) == 0)
		net->event(net->arg, f->type, &f->body);
	return 0;
}

static void
on_closed(void *arg, int err)
{
	struct key_net *net = arg;

	(void)err;
	net->link = NULL;
}

static void
on_child(void *arg, int signo)
{
	struct key_net *net = arg;
	int status;
	pid_t pid;

	(void)signo;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		nets_reap(net->nets, pid, status);
}

/* Asked for once, whatever the verb does with it. */
static int
get_password(struct key *key)
{
	if (options_account(&key->options, key->jid) != 0)
		return REFUSED;
	if (key->password.text == NULL &&
	    options_password(&key->options, key->jid, &key->password) != 0)
		return REFUSED;
	return DONE;
}

int
key_net_start(struct key_net *net)
{
	static const struct connection_handler handler = {
		.frame = on_packet,
		.closed = on_closed,
	};
	struct key *key = net->key;
	struct nets_config config = {
		.account = key->jid,
		.options = &key->options,
		.password = &key->password,
		.looks = net->looks,
		.stopped = net->stopped,
		.arg = net->arg,
	};
	int link[2];

	net->theirs = -1;
	if (get_password(key) != DONE)
		return REFUSED;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, link) == -1)
		return fail("socketpair", "%s", strerror(errno));
	net->link = connection_new_packets(net->loop, link[0], &handler, net);
	config.link = net->theirs = link[1];
	net->nets = nets_new(net->loop, &config);
	if (net->link == NULL || net->nets == NULL ||
	    loop_signal(net->loop, SIGCHLD, on_child, net) != 0)
		return fail(NULL, "out of memory");
	key_progress("connecting");
	nets_set_locked(net->nets, 0);
	return DONE;
}

void
key_net_send(struct key_net *net, uint8_t type, const struct buffer *body)
{
	if (net->link != NULL && body->err == 0)
		(void)connection_send(
		    net->link, type, 0, body->data, body->len);
}

void
key_net_end(struct key_net *net)
{
	connection_free(net->link);
	nets_free(net->nets);
	if (net->nets != NULL && net->theirs != -1)
		close(net->theirs);
	net->link = NULL;
	net->nets = NULL;
	net->theirs = -1;
}
