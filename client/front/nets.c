/* SPDX-License-Identifier: ISC */
/*
 * Nets, one after another. Runs in the starter and in xmpp-key publish; holds
 * the account's password (locked memory); reads nothing from any net: a net
 * speaks to the front, over the link whose other end the front has.
 */
#include "nets.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../ipc/err.h"
#include "../../ipc/messages.h"
#include "../../sandbox/sandbox.h"
#include "../common/fail.h"
#include "../common/reach.h"
#include "spawn.h"

#define BACKOFF_FIRST_S 1
#define BACKOFF_LAST_S	60
#define EXIT_NO_EXEC	127

struct nets {
	struct loop *loop;
	struct nets_config config;
	struct timer *timer; /* the next start */
	pid_t pid;	     /* 0: none runs */
	uint64_t started;    /* loop_now() */
	unsigned backoff;    /* seconds */
	int locked, stopped;
};

static void start(void *arg);

static void
start_later(struct nets *nets)
{
	if (nets->timer != NULL || nets->stopped || nets->locked)
		return;
	nets->timer =
	    loop_timer(nets->loop, nets->backoff * 1000ULL, start, nets);
	nets->backoff = nets->backoff * 2 > BACKOFF_LAST_S ? BACKOFF_LAST_S
							   : nets->backoff * 2;
}

static void
stop(struct nets *nets, const char *reason)
{
	nets->stopped = 1;
	timer_cancel(nets->timer);
	nets->timer = NULL;
	nets->config.stopped(nets->config.arg, reason);
}

/* A connection to the keeper, restricted for a net, as a bare descriptor. */
static int
keeper_connection(const struct nets *nets)
{
	struct agent *agent;
	int code;

	agent = reach_agent(RIGHT_INFO | RIGHT_NETWORK,
	    nets->config.options->name, nets->config.account, &code);
	if (agent != NULL && nets->config.looks &&
	    agent_restrict(agent, 0, nets->config.options->name,
		nets->config.account) != 0) {
		agent_free(agent);
		return -1;
	}
	return agent != NULL ? agent_release(agent) : -1;
}

/* A pipe that holds the password and nothing else; its read end or -1. */
static int
password_pipe(const struct password *password)
{
	int fds[2], whole;

	if (pipe2(fds, O_CLOEXEC) == -1)
		return -1;
	/* Shorter than PIPE_BUF: written at once or not at all. */
	whole = password->len == 0 ||
	    write(fds[1], password->text, password->len) ==
		(ssize_t)password->len;
	close(fds[1]);
	if (!whole) {
		close(fds[0]);
		return -1;
	}
	return fds[0];
}

static size_t
net_arguments(const struct nets *nets, char *port, size_t size,
    const char *argv[static 12])
{
	const struct options *o = nets->config.options;
	size_t n = 0;

	argv[n++] = "xmpp-net";
	argv[n++] = "--account";
	argv[n++] = nets->config.account;
	if (o->host != NULL) {
		argv[n++] = "--host";
		argv[n++] = o->host;
	}
	if (o->port != 0) {
		snprintf(port, size, "%u", o->port);
		argv[n++] = "--port";
		argv[n++] = port;
	}
	if (o->ca_file != NULL) {
		argv[n++] = "--ca-file";
		argv[n++] = o->ca_file;
	}
	if (nets->config.looks)
		argv[n++] = "--inspect";
	else if (!nets->config.presence)
		argv[n++] = "--no-presence";
	argv[n] = NULL;
	return n;
}

static void
start(void *arg)
{
	struct nets *nets = arg;
	const char *argv[12];
	char port[8], path[PATH_MAX];
	int fds[3] = { nets->config.link, -1, -1 };

	nets->timer = NULL;
	if (nets->pid != 0 || nets->locked || nets->stopped)
		return;
	fds[1] = keeper_connection(nets);
	fds[2] = password_pipe(nets->config.password);
	net_arguments(nets, port, sizeof(port), argv);
	if (fds[1] != -1 && fds[2] != -1 &&
	    spawn_find("xmpp-net", path, sizeof(path)) == 0)
		nets->pid = spawn(path, argv, fds, 3, SPAWN_APART);
	for (size_t i = 1; i < 3; i++)
		if (fds[i] != -1)
			close(fds[i]);
	nets->started = loop_now();
	if (nets->pid <= 0) {
		nets->pid = 0;
		start_later(nets);
	}
}

struct nets *
nets_new(struct loop *loop, const struct nets_config *config)
{
	struct nets *nets = calloc(1, sizeof(*nets));

	if (nets == NULL)
		return NULL;
	nets->loop = loop;
	nets->config = *config;
	nets->backoff = BACKOFF_FIRST_S;
	nets->locked = 1; /* until told otherwise */
	return nets;
}

void
nets_free(struct nets *nets)
{
	if (nets == NULL)
		return;
	nets_end(nets);
	timer_cancel(nets->timer);
	free(nets);
}

void
nets_set_locked(struct nets *nets, int locked)
{
	nets->locked = locked;
	if (locked) {
		timer_cancel(nets->timer);
		nets->timer = NULL;
		return;
	}
	nets->backoff = BACKOFF_FIRST_S;
	timer_cancel(nets->timer); /* what it waited for may be over */
	nets->timer = NULL;
	if (nets->pid == 0 && !nets->stopped)
		start(nets);
}

int
nets_reap(struct nets *nets, int pid, int status)
{
	char why[64];

	if (pid == 0 || nets->pid != pid)
		return 0;
	nets->pid = 0;
	if (loop_now() - nets->started >= NETS_STEADY_MS)
		nets->backoff = BACKOFF_FIRST_S;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_EXEC) {
		stop(nets, "xmpp-net could not be started");
	} else if (WIFEXITED(status) && WEXITSTATUS(status) == NET_FATAL) {
		stop(nets, NULL); /* net has told the front why */
	} else if (WIFSIGNALED(status)) {
		snprintf(why, sizeof(why), "xmpp-net was ended by signal %d",
		    WTERMSIG(status));
		spawn_report_offline(nets->config.link, why, 0);
		start_later(nets);
	} else
		start_later(nets);
	return 1;
}

void
nets_end(struct nets *nets)
{
	uint64_t until = loop_now() + NETS_END_MS;
	int asked = 0;

	nets->stopped = 1;
	while (nets->pid != 0) {
		if (waitpid(nets->pid, NULL, WNOHANG) == nets->pid)
			break;
		if (loop_now() >= until) {
			kill(nets->pid, SIGKILL);
			waitpid(nets->pid, NULL, 0);
			break;
		}
		/* Half of the time for the front's QUIT or its end of the
		 * link to be noticed, then a signal. */
		if (!asked && loop_now() + NETS_END_MS / 2 >= until) {
			kill(nets->pid, SIGTERM);
			asked = 1;
		}
		poll(NULL, 0, 10);
	}
	nets->pid = 0;
}
