/* SPDX-License-Identifier: ISC */
/*
 * The launcher: makes the socketpairs and the pipe, starts keeper and store, and
 * when the keeper serves derive and parser, with exactly the descriptors that
 * are theirs, and ends when one of them ends. It runs askpass and the
 * passphrase source when the keeper asks. Holds nothing that lasts; reads
 * nothing but the keeper's requests.
 */
#include "launcher.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>
#include <bsd/unistd.h>

#include "../ipc/connection.h"
#include "../ipc/err.h"
#include "../ipc/messages.h"
#include "../sandbox/sandbox.h"
#include "derive.h"
#include "keeper.h"

#define PROMPT_MAX 512
#define HIGH_FD	   64 /* where they wait while 3 to 9 are filled */
#define STORE	   "xmpp-agent-store"
#define PARSER	   "xmpp-agent-parser"
#define GRACE_MS   1000 /* for the other roles, once one has ended */

enum { KEEPER, DERIVE, STORE_ROLE, PARSER_ROLE, ROLES };

static const char *const role_names[ROLES] = { "keeper", "derive", "store",
	"parser" };

struct launcher {
	const struct agent_options *options;
	struct loop *loop;
	struct connection *keeper;
	pid_t roles[ROLES]; /* 0: not started yet, or ended */
	int derive;	    /* its end of its socketpair, -1: it has it */
	int parser;	    /* the same */
	int ended;	    /* how many roles have */
	pid_t asking;	    /* the child that answers an ASK, 0: none */
	uint32_t ask_id;    /* of that request */
	uint32_t ending;    /* the one that the keeper has taken back */
	struct timer *killing;
	int answer; /* write end of the keeper's pipe */
	int ready;  /* to the outer process, -1: said */
	int status; /* enum agent_exit, when it ends */
};

/* --- starting the roles ------------------------------------------------------ */

/* A role has the locale and what tests and sanitizers need, nothing else. */
static char **
role_environment(void)
{
	static const char *const kept[] = { "XA_TEST_SEED", "ASAN_OPTIONS",
		"UBSAN_OPTIONS", "LSAN_OPTIONS" };
	static char *env[sizeof(kept) / sizeof(kept[0]) + 1];
	const char *v;
	size_t n = 0;

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if ((v = getenv(kept[i])) == NULL)
			continue;
		if (asprintf(&env[n], "%s=%s", kept[i], v) == -1)
			errx(AGENT_EXIT_AGAIN, "out of memory");
		n++;
	}
	env[n] = NULL;
	return env;
}

/* Where errors go may be the user's terminal: to write to, not to read. */
static void
stderr_write_only(void)
{
	int fd, flags = fcntl(STDERR_FILENO, F_GETFL);

	if (flags == -1 || (flags & O_ACCMODE) == O_WRONLY)
		return;
	fd =
	    open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC);
	if (fd == -1) /* a socket, or after su(1) another user's terminal */
		return;
	(void)dup2(fd, STDERR_FILENO);
	(void)close(fd);
}

/* fds[i] becomes descriptor 3 + i; everything above is closed. Of the user's
 * own a role has only where its errors go. */
static pid_t
role_start(const char *path, const char *const argv[], const int fds[], int n)
{
	pid_t pid = fork();
	int i, null;

	if (pid == -1)
		err(AGENT_EXIT_AGAIN, "fork");
	if (pid != 0)
		return pid;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(null, STDOUT_FILENO) == -1)
		err(AGENT_EXIT_AGAIN, "/dev/null");
	stderr_write_only();
	for (i = 0; i < n; i++)
		if (dup2(fds[i], HIGH_FD + i) == -1)
			err(AGENT_EXIT_AGAIN, "dup2");
	for (i = 0; i < n; i++)
		if (dup2(HIGH_FD + i, 3 + i) == -1)
			err(AGENT_EXIT_AGAIN, "dup2");
	closefrom(3 + n);
	/* argv is not changed by execve(2); its type is older than const */
	execve(path, (char *const *)(uintptr_t)argv, role_environment());
	err(AGENT_EXIT_FOR_GOOD, "%s", path);
}

/* Store and parser lie beside this program, or where they were installed. */
static void
program_path(const char *name, char *path, size_t size)
{
	size_t room = size - 32; /* for the longer name */
	ssize_t n = readlink("/proc/self/exe", path, room);
	char *slash;

	if (n > 0 && (size_t)n < room) {
		path[n] = '\0';
		slash = strrchr(path, '/');
		if (slash != NULL) {
			(void)strlcpy(
			    slash + 1, name, size - (size_t)(slash + 1 - path));
			if (access(path, X_OK) == 0)
				return;
		}
	}
	(void)snprintf(path, size, LIBEXECDIR "/%s", name);
}

/* A role that is a program of its own, with one socketpair and perhaps more. */
static pid_t
program_start(const char *name, const char *arg, const int fds[], int n)
{
	const char *const argv[] = { name, arg, NULL };
	char path[4096];

	program_path(name, path, sizeof(path));
	return role_start(path, argv, fds, n);
}

static void
pair(int sv[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == -1)
		err(AGENT_EXIT_AGAIN, "socketpair");
}

/* What the first answer does not wait for: what they are asked meanwhile waits
 * in their socketpairs. */
static void
rest_start(struct launcher *l)
{
	const char *const derive_argv[] = { "xmpp-agent", "-x", "derive",
		NULL };

	if (l->derive == -1 || l->ended > 0)
		return;
	l->roles[DERIVE] =
	    role_start("/proc/self/exe", derive_argv, &l->derive, 1);
	l->roles[PARSER_ROLE] = program_start(PARSER, NULL, &l->parser, 1);
	(void)close(l->derive);
	(void)close(l->parser);
	l->derive = l->parser = -1;
}

/* Keeper and store; returns our end of the keeper's socketpair. */
static int
roles_start(struct launcher *l)
{
	int store[2], derive[2], launcher[2], parser[2], answer[2];
	char life[32], idle[32];
	const char *const keeper_argv[] = { "xmpp-agent", "-x", "keeper", life,
		idle, l->options->forward, NULL };

	pair(store);
	pair(derive);
	pair(launcher);
	pair(parser);
	if (pipe2(answer, O_CLOEXEC) == -1)
		err(AGENT_EXIT_AGAIN, "pipe");
	(void)snprintf(life, sizeof(life), "%" PRIu64, l->options->life);
	(void)snprintf(idle, sizeof(idle), "%" PRIu64, l->options->idle);
	const int keeper_fds[] = { l->options->listen, store[0], derive[0],
		launcher[0], answer[0], parser[0], l->options->forward_listen };

	const int store_fds[] = { store[1], l->options->anchor };
	const int store_n = l->options->anchor == -1 ? 1 : 2;

	l->roles[STORE_ROLE] =
	    program_start(STORE, l->options->state, store_fds, store_n);
	l->roles[KEEPER] = role_start("/proc/self/exe", keeper_argv, keeper_fds,
	    l->options->forward != NULL ? 7 : 6);
	(void)close(store[0]);
	(void)close(store[1]);
	(void)close(derive[0]);
	(void)close(launcher[0]);
	(void)close(parser[0]);
	(void)close(answer[0]);
	l->derive = derive[1];
	l->parser = parser[1];
	l->answer = answer[1];
	return launcher[1];
}

/* --- the keeper's requests ----------------------------------------------------- */

static void
ask_answer(struct launcher *l, uint8_t status)
{
	(void)connection_send(l->keeper, M_REPLY, l->ask_id, &status, 1);
	l->asking = 0;
}

static void
ask_kill(void *arg)
{
	struct launcher *l = arg;

	l->killing = NULL;
	if (l->asking != 0 && l->ask_id == l->ending)
		(void)kill(l->asking, SIGKILL);
}

/* An askpass that does not end when it is asked to is killed. */
static void
ask_stop(struct launcher *l, uint32_t id)
{
	if (l->asking == 0 || l->ask_id != id)
		return;
	(void)kill(l->asking, SIGTERM);
	l->ending = id;
	if (l->killing == NULL)
		l->killing = loop_timer(l->loop, GRACE_MS, ask_kill, l);
}

static int
on_frame(void *arg, struct frame *f)
{
	struct launcher *l = arg;
	const struct message *m = message_find(LINK_LAUNCHER, f->type);
	char prompt[PROMPT_MAX];
	uint32_t pid;
	pid_t child;
	int kind, error;

	if (m == NULL)
		return ERR_UNKNOWN_MESSAGE;
	if ((error = message_check(m->request, f->body.p, f->body.left)) != 0)
		return error;
	if (f->type == M_SERVING) {
		rest_start(l);
		if (l->ready != -1 && write(l->ready, "", 1) == 1) {
			(void)close(l->ready);
			l->ready = -1;
		}
		return 0;
	}
	if (f->type == M_ASK_END) {
		ask_stop(l, reader_u32(&f->body));
		return 0;
	}
	if (f->type != M_ASK || l->asking != 0)
		return ERR_UNKNOWN_MESSAGE;
	kind = reader_u8(&f->body);
	pid = reader_u32(&f->body);
	reader_cstring(&f->body, prompt, sizeof(prompt));
	if ((error = reader_end(&f->body)) != 0)
		return error;
	l->ask_id = f->id;
	child = launcher_ask(l->options, kind, pid, prompt, l->answer);
	if (child == -1)
		ask_answer(l, ASK_ABSENT);
	else
		l->asking = child;
	return 0;
}

static void
on_closed(void *arg, int error)
{
	struct launcher *l = arg;

	(void)error;
	l->keeper = NULL; /* its exit status says more: wait for SIGCHLD */
}

/* --- ending -------------------------------------------------------------------- */

/* Whoever is left is killed; then this process ends with l->status. */
static void
all_end(void *arg)
{
	struct launcher *l = arg;

	for (int i = 0; i < ROLES; i++)
		if (l->roles[i] != 0)
			(void)kill(l->roles[i], SIGKILL);
	if (l->asking != 0)
		(void)kill(l->asking, SIGTERM);
	loop_stop(l->loop, l->status);
}

/*
 * Asked to end, perhaps twice (the terminal's signal and the outer process's):
 * the store sees its link end, writes its log back into the database and
 * follows (role_ended's timer). The others have nothing to put away.
 */
static void
all_quit(struct launcher *l)
{
	l->status = AGENT_EXIT_QUIT;
	for (int i = 0; i < ROLES; i++)
		if (l->roles[i] != 0 && i != STORE_ROLE)
			(void)kill(l->roles[i], SIGKILL);
}

/* It was killed by us, since the agent was asked to end. */
static int
is_quit(const struct launcher *l, int status)
{
	return l->status == AGENT_EXIT_QUIT && WTERMSIG(status) == SIGKILL;
}

/*
 * When one ends all end. The others see their link's end and follow by
 * themselves; which of them is reaped first is chance, so wait for all before
 * saying why: a role's own reason (FOR_GOOD, QUIT) counts, not what follows
 * from it.
 */
static void
role_ended(struct launcher *l, int i, int status)
{
	int left = 0;

	l->roles[i] = 0;
	l->ended++;
	if (WIFSIGNALED(status) && !is_quit(l, status))
		warnx("%s: ended by signal %d (%s)", role_names[i],
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (WIFEXITED(status) &&
	    (WEXITSTATUS(status) == AGENT_EXIT_FOR_GOOD ||
		WEXITSTATUS(status) == AGENT_EXIT_QUIT))
		l->status = WEXITSTATUS(status);
	for (i = 0; i < ROLES; i++)
		left += l->roles[i] != 0;
	if (left == 0 ||
	    (l->ended == 1 &&
		loop_timer(l->loop, GRACE_MS, all_end, l) == NULL))
		all_end(l);
}

static void
on_signal(void *arg, int signo)
{
	struct launcher *l = arg;
	int status;
	pid_t pid;

	if (signo == SIGUSR1) {
		if (l->keeper != NULL)
			(void)connection_send(
			    l->keeper, M_LOCK_NOW, 0, NULL, 0);
		return;
	}
	if (signo != SIGCHLD) {
		all_quit(l);
		return;
	}
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == l->asking && l->keeper != NULL)
			ask_answer(l,
			    WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0
									  : 1);
		for (int i = 0; i < ROLES; i++)
			if (pid == l->roles[i])
				role_ended(l, i, status);
	}
}

void
launcher_run(const struct agent_options *options, int outer, int ready)
{
	static const struct connection_handler link_handler = { on_frame,
		on_closed };
	static const int signals[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP,
		SIGUSR1 };
	struct launcher l = {
		.options = options, .ready = ready, .status = AGENT_EXIT_AGAIN
	};
	int fd;

	if (sandbox_die_with(outer) != 0 || (l.loop = loop_new()) == NULL)
		errx(AGENT_EXIT_AGAIN, "launcher: cannot start");
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (loop_signal(l.loop, signals[i], on_signal, &l) != 0)
			err(AGENT_EXIT_AGAIN, "signal");
	fd = roles_start(&l); /* the walls are the outer process's */
	l.keeper = connection_new(l.loop, fd, &link_handler, &l);
	if (l.keeper == NULL)
		all_end(&l);
	_exit(loop_run(l.loop));
}
