/* SPDX-License-Identifier: ISC */
/*
 * The starter: the first of a front's two processes. It parses nothing that
 * comes from the network or from the agent's clients; it holds net's end of
 * the front link and, in locked memory, the account's password; it starts the
 * front once, and one xmpp-net and one xmpp-sce after another, which it never
 * listens to. Trusts its user's options,
 * accounts file and password command, and the keeper's word that the vault is
 * locked or not.
 */
#include "starter.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "../../ipc/err.h"
#include "../../sandbox/sandbox.h"
#include "../common/fail.h"
#include "../common/reach.h"
#include "nets.h"
#include "parsers.h"
#include "spawn.h"

#define AGAIN_QUICK_MS 5000 /* a front that lost the agent sooner … */
#define AGAIN_QUICK    5    /* … so many times in a row: give up */
#define FRONT_END_MS   5000 /* a front that outlives the agent is killed */

struct state {
	struct starter *config;
	struct password password;
	struct loop *loop;
	struct agent *agent; /* says LOCKED and UNLOCKED; NULL: gone */
	struct nets *nets;
	struct parsers *parsers; /* NULL: the front does not read */
	int link[2];		 /* 0: the front's end, 1: net's */
	int sce[2];		 /* 0: the front's end, 1: the parser's */
	pid_t front;
	int status; /* of the front */
};

int
starter_is_front(int *argc, char **argv)
{
	if (*argc < 3 || strcmp(argv[1], "-x") != 0 ||
	    strcmp(argv[2], "front") != 0)
		return 0;
	memmove(argv + 1, argv + 3, (size_t)(*argc - 2) * sizeof(argv[0]));
	*argc -= 2;
	return 1;
}

static int
start_front(struct state *s)
{
	const struct starter *config = s->config;
	const char **argv = calloc((size_t)config->argc + 5, sizeof(*argv));
	int fds[3 + STARTER_MORE] = { s->link[0], reach_socket(), s->sce[0] };
	int count = config->reads ? 3 : 2, more = 0;
	size_t n = 0;

	if (argv == NULL || fds[1] == -1) {
		free(argv);
		return NO_AGENT;
	}
	if (config->more != NULL &&
	    (more = config->more(config, fds + count)) < 0) {
		free(argv);
		close(fds[1]);
		return REFUSED;
	}
	argv[n++] = config->argv[0];
	argv[n++] = "-x";
	argv[n++] = "front";
	/* the front does not read the accounts file */
	if (config->options->no_receipts && config->reads)
		argv[n++] = "--no-receipts";
	if (config->options->no_typing && config->reads)
		argv[n++] = "--no-typing";
	for (int i = 1; i < config->argc; i++)
		argv[n++] = config->argv[i];
	count += more;
	s->front = spawn("/proc/self/exe", argv, fds, (size_t)count, 0);
	free(argv);
	close(fds[1]);
	for (int i = count - more; i < count; i++)
		close(fds[i]);
	close(s->link[0]);
	s->link[0] = -1;
	if (s->sce[0] != -1)
		close(s->sce[0]);
	s->sce[0] = -1;
	return s->front == -1 ? REFUSED : DONE;
}

static void
on_child(void *arg, int signo)
{
	struct state *s = arg;
	int status;
	pid_t pid;

	(void)signo;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->front) {
			s->front = 0;
			s->status = status;
			loop_stop(s->loop, 0);
			return;
		}
		if (!nets_reap(s->nets, pid, status))
			parsers_reap(s->parsers, pid, status);
	}
}

/* The terminal's signals reach the front by themselves; it decides. */
static void
on_signal(void *arg, int signo)
{
	struct state *s = arg;

	if (signo == SIGTERM && s->front > 0)
		kill(s->front, SIGTERM);
}

static void
kill_front(void *arg)
{
	struct state *s = arg;

	if (s->front > 0)
		kill(s->front, SIGKILL);
}

static void
on_event(void *arg, uint8_t type, struct reader *body)
{
	struct state *s = arg;

	(void)body;
	if (type == M_EVENT_LOCKED || type == M_EVENT_UNLOCKED)
		nets_set_locked(s->nets, type == M_EVENT_LOCKED);
}

static void
on_agent_closed(void *arg, int err)
{
	struct state *s = arg;

	(void)err;
	agent_free(s->agent);
	s->agent = NULL;
	nets_set_locked(s->nets, 1);
	/* The front's own connection is gone as well, and it will end. */
	loop_timer(s->loop, FRONT_END_MS, kill_front, s);
}

static void
on_stopped(void *arg, const char *reason)
{
	struct state *s = arg;

	if (reason != NULL)
		spawn_report_offline(s->link[1], reason, 1);
}

static int
prepare(struct state *s)
{
	static const int signals[] = { SIGINT, SIGQUIT, SIGTERM };
	struct nets_config config = {
		.account = s->config->account,
		.options = s->config->options,
		.password = &s->password,
		.presence = s->config->presence,
		.stopped = on_stopped,
		.arg = s,
	};

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s->link) ==
	    -1)
		return fail("socketpair", "%s", strerror(errno));
	if (s->config->reads &&
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s->sce) == -1)
		return fail("socketpair", "%s", strerror(errno));
	s->loop = loop_new();
	config.link = s->link[1];
	s->nets = s->loop != NULL ? nets_new(s->loop, &config) : NULL;
	if (s->nets == NULL || loop_signal(s->loop, SIGCHLD, on_child, s) != 0)
		return fail("starter", "out of memory");
	if (s->config->reads &&
	    (s->parsers = parsers_new(s->loop, s->sce[1])) == NULL)
		return REFUSED;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (loop_signal(s->loop, signals[i], on_signal, s) != 0)
			return fail("starter", "%s", strerror(errno));
	return DONE;
}

static int
front_code(const struct state *s)
{
	if (WIFEXITED(s->status))
		return WEXITSTATUS(s->status);
	if (WTERMSIG(s->status) == SIGKILL && s->agent == NULL)
		return FRONT_AGENT_GONE;
	return fail("front", "ended by signal %d", WTERMSIG(s->status));
}

/* One life of the connection to the agent, from its start to its end. */
static int
run_once(struct state *s)
{
	static const struct agent_handler handler = {
		.event = on_event,
		.closed = on_agent_closed,
	};
	int code = prepare(s);

	if (code == DONE)
		s->agent = reach_agent(RIGHT_INFO, s->config->options->name,
		    s->config->account, &code);
	if (s->agent != NULL && (code = start_front(s)) == DONE) {
		int locked = agent_is_locked(s->agent);

		code = agent_attach(s->agent, s->loop, &handler, s);
		if (code == 0) {
			nets_set_locked(s->nets, locked);
			loop_run(s->loop);
			code = front_code(s);
		}
	}
	nets_free(s->nets);
	parsers_free(s->parsers);
	agent_free(s->agent);
	loop_free(s->loop);
	for (size_t i = 0; i < 2; i++) {
		if (s->link[i] != -1)
			close(s->link[i]);
		if (s->sce[i] != -1)
			close(s->sce[i]);
	}
	return code;
}

/* The terminal as it was before any front. */
struct terminal {
	int is_tty;
	struct termios saved;
};

static void
terminal_restore(const struct terminal *t)
{
	if (t->is_tty && tcgetpgrp(STDIN_FILENO) == getpgrp())
		tcsetattr(STDIN_FILENO, TCSANOW, &t->saved);
}

static int
agent_is_there(void)
{
	char path[PATH_MAX];
	int fd = -1;

	if (agent_socket_path(NULL, path, sizeof(path)) == 0)
		fd = agent_connect(path);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/*
 * Until somebody has started the agent again: 0. -1: the user, or the end of
 * the input, does not want to wait for it. The loop's signals are blocked.
 */
static int
wait_for_agent(const struct terminal *terminal)
{
	const struct timespec second = { .tv_sec = 1 };
	struct pollfd in = { .fd = STDIN_FILENO };
	sigset_t ends;

	if (agent_is_there())
		return 0;
	terminal_restore(terminal);
	warnx("the agent is gone: waiting until it is there again");
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGQUIT);
	sigaddset(&ends, SIGTERM);
	do {
		if (sigtimedwait(&ends, NULL, &second) > 0)
			return -1;
		in.revents = 0;
		if (poll(&in, 1, 0) == 1)
			return -1; /* no events wanted: nobody writes to us */
	} while (!agent_is_there());
	return 0;
}

static int
run(struct starter *config, const struct password *password,
    const struct terminal *terminal)
{
	unsigned quick = 0;
	uint64_t began;
	int code;

	do {
		struct state s = {
			.config = config,
			.password = *password,
			.link = { -1, -1 },
			.sce = { -1, -1 },
		};

		began = loop_now();
		code = run_once(&s);
		quick = loop_now() - began < AGAIN_QUICK_MS ? quick + 1 : 0;
	} while (code == FRONT_AGENT_GONE && config->again &&
	    quick < AGAIN_QUICK && wait_for_agent(terminal) == 0);
	return code == FRONT_AGENT_GONE ? NO_AGENT : code;
}

int
starter_main(struct starter *config)
{
	struct password password = { 0 };
	struct terminal terminal;
	struct agent *agent;
	int code;

	/* Is there an agent at all, before anybody types a password? */
	agent = reach_agent(RIGHT_INFO, config->options->name, NULL, &code);
	if (agent == NULL)
		return code;
	agent_free(agent);
	if (options_account(config->options, config->account) != 0 ||
	    options_password(config->options, config->account, &password) != 0)
		return REFUSED;
	terminal.is_tty = tcgetattr(STDIN_FILENO, &terminal.saved) == 0;
	code = run(config, &password, &terminal);
	password_free(&password);
	terminal_restore(&terminal); /* whatever became of the front */
	return code;
}
