/* SPDX-License-Identifier: ISC */
/*
 * The outer process of xmpp-agent: keeps the listening socket, so that
 * clients that connect while the roles start anew just wait, and starts one
 * launcher after another. Holds nothing, reads nothing from anyone.
 * It takes the launcher's walls before it forks the first one, so that no
 * process of the agent is without.
 */
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "../ipc/loop.h"
#include "../sandbox/sandbox.h"
#include "launcher.h"
#include "place.h"

#define BACKOFF_FIRST_MS 1000 /* after a launcher that never served */
#define BACKOFF_LAST_MS	 30000
#define QUICK_MS	 5000 /* one that served and ended sooner … */
#define QUICK_MOST	 5    /* … so many times in a row counts as not */
#define AGAIN_MOST                                                             \
	5 /* times "for good" is tried again once it has served:
			    * a store killed in an fsync holds its lock on */

struct supervisor {
	const struct agent_options *options;
	struct loop *loop;
	pid_t launcher; /* 0: none runs */
	struct watch *ready_watch;
	int ready;  /* read end of the launcher's pipe, -1: closed */
	int served; /* this launcher's keeper has served */
	int ending;
	int has_served; /* any launcher's */
	unsigned quick, again;
	uint64_t began; /* loop_now(), of this launcher */
	uint64_t backoff;
	void (*serving)(void *arg);
	void *arg;
};

static void launcher_start(void *arg);

static void
ready_close(struct supervisor *s)
{
	watch_free(s->ready_watch);
	s->ready_watch = NULL;
	if (s->ready != -1)
		(void)close(s->ready);
	s->ready = -1;
}

static void
ready_event(void *arg, int events)
{
	struct supervisor *s = arg;
	char octet;

	(void)events;
	if (read(s->ready, &octet, 1) == 1) {
		s->served = s->has_served = 1;
		s->again = 0;
		if (s->serving != NULL)
			s->serving(s->arg);
		s->serving = NULL;
	}
	ready_close(s);
}

static void
launcher_start(void *arg)
{
	struct supervisor *s = arg;
	pid_t self = getpid();
	int p[2];

	if (s->ending)
		return;
	if (pipe2(p, O_CLOEXEC) == -1)
		err(1, "pipe");
	s->served = 0;
	s->began = loop_now();
	s->launcher = fork();
	if (s->launcher == -1)
		err(1, "fork");
	if (s->launcher == 0) {
		(void)close(p[0]);
		launcher_run(s->options, self, p[1]);
	}
	(void)close(p[1]);
	s->ready = p[0];
	s->ready_watch = loop_watch(s->loop, p[0], LOOP_READ, ready_event, s);
	if (s->ready_watch == NULL)
		errx(1, "out of memory");
}

/* The launcher has ended: start the next, or end as well. */
static void
launcher_ended(struct supervisor *s, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : AGENT_EXIT_AGAIN;

	s->launcher = 0;
	if (s->ready != -1)
		ready_event(s, LOOP_READ); /* it may have served just so */
	if (s->ending || code == AGENT_EXIT_QUIT) {
		loop_stop(s->loop, 0);
		return;
	}
	if (code == AGENT_EXIT_FOR_GOOD &&
	    (!s->has_served || s->again++ == AGAIN_MOST)) {
		loop_stop(s->loop, 1);
		return;
	}
	s->quick = loop_now() - s->began < QUICK_MS ? s->quick + 1 : 0;
	if (s->served && s->quick < QUICK_MOST)
		s->backoff = 0;
	else
		s->backoff = s->backoff == 0	       ? BACKOFF_FIRST_MS
		    : s->backoff * 2 > BACKOFF_LAST_MS ? BACKOFF_LAST_MS
						       : s->backoff * 2;
	if (loop_timer(s->loop, s->backoff, launcher_start, s) == NULL)
		errx(1, "out of memory");
}

static void
on_signal(void *arg, int signo)
{
	struct supervisor *s = arg;
	int status;
	pid_t pid;

	if (signo == SIGCHLD) {
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			if (pid == s->launcher)
				launcher_ended(s, status);
		return;
	}
	if (s->launcher == 0) {
		if (signo != SIGUSR1)
			loop_stop(s->loop, 0);
		return;
	}
	if (signo != SIGUSR1)
		s->ending = 1;
	(void)kill(s->launcher, signo == SIGUSR1 ? SIGUSR1 : SIGTERM);
}

int
supervisor_run(
    const struct agent_options *options, void (*serving)(void *arg), void *arg)
{
	static const int signals[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP,
		SIGUSR1 };
	struct supervisor s = {
		.options = options, .ready = -1, .serving = serving, .arg = arg
	};
	int status;

	if (sandbox_early() != 0)
		errx(1, "cannot close itself");
	if ((s.loop = loop_new()) == NULL)
		errx(1, "out of memory");
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (loop_signal(s.loop, signals[i], on_signal, &s) != 0)
			err(1, "signal");
	if (sandbox_enter(ROLE_LAUNCHER, NULL) != 0)
		errx(
		    1, "cannot contain itself"); /* what it forks inherits it */
	launcher_start(&s);
	status = loop_run(s.loop);
	ready_close(&s);
	loop_free(s.loop);
	if (options->socket != NULL)
		place_unlisten(options->socket, options->socket_inode);
	if (options->forward != NULL)
		place_unlisten(options->forward_socket, options->forward_inode);
	return status == 0 ? 0 : 1;
}
