/* SPDX-License-Identifier: ISC */
/*
 * xmpp-agent: options, and which of its processes this one is. The outer
 * process lives here and in supervisor.c; a role comes by -x.
 */
#include <sys/prctl.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#define LIBBSD_OPENBSD_VIS
#include <bsd/vis.h>

#include "../ipc/agent_client.h"
#include "../ipc/duration.h"
#include "../ipc/err.h"
#include "../sandbox/sandbox.h"
#include "derive.h"
#include "forward.h"
#include "keeper.h"
#include "launcher.h"
#include "place.h"

#define EXIT_NO_AGENT 2
#define EXIT_USAGE    64 /* sysexits(3) */
#define PATH_SIZE     4096

enum shell { SHELL_SH = 's', SHELL_CSH = 'c', SHELL_FISH = 'f' };

struct settings {
	struct agent_options options;
	int foreground, kill;
	enum shell shell;
	const char *socket; /* -a */
	char **command;	    /* NULL: none */
	char socket_path[PATH_SIZE], state_path[PATH_SIZE];
	char forward_path[PATH_SIZE];
	int told; /* write end of the pipe to the waiting parent, -1: none */
};

static void
usage(FILE *f)
{
	(void)fprintf(f,
	    "usage: xmpp-agent [-D] [-a socket] [-s | -c | -f] [-t life] [-i idle]\n"
	    "                  [-A rights[:jid[,jid ...]]]\n"
	    "                  [--passphrase-file F | --passphrase-command C]"
	    " [command [arg ...]]\n"
	    "       xmpp-agent [-a socket] -k\n"
	    "       xmpp-agent --policy role\n");
}

static int
policy_print(const char *name)
{
	enum sandbox_role role;

	if (sandbox_role_find(name, &role) != 0)
		errx(EXIT_USAGE, "--policy %s: no such role", name);
	sandbox_print(role, stdout);
	return fflush(stdout) == 0 ? 0 : 1;
}

/* xmpp-agent -x role: started by the launcher, never by hand. */
static int
role_main(int argc, char *argv[])
{
	const char *why = "missing";
	long long life, idle;

	if ((argc == 5 || argc == 6) && strcmp(argv[2], "keeper") == 0) {
		life = strtonum(argv[3], 0, INT64_MAX, &why);
		idle = why == NULL ? strtonum(argv[4], 0, INT64_MAX, &why) : 0;
		if (why == NULL)
			return keeper_main((uint64_t)life, (uint64_t)idle,
			    argc == 6 ? argv[5] : NULL);
	}
	if (argc == 3 && strcmp(argv[2], "derive") == 0)
		return derive_main();
	errx(EXIT_USAGE, "-x is for xmpp-agent itself");
}

static void
environment_print(const struct settings *s)
{
	static const struct {
		enum shell shell;
		const char *before, *after;
	} forms[] = {
		{ SHELL_SH, "XMPP_AGENT_SOCK='", "'; export XMPP_AGENT_SOCK;" },
		{ SHELL_CSH, "setenv XMPP_AGENT_SOCK '", "';" },
		{ SHELL_FISH, "set -gx XMPP_AGENT_SOCK '", "';" },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].shell == s->shell)
			(void)printf("%s%s%s\n", forms[i].before,
			    s->socket_path, forms[i].after);
	(void)fflush(stdout);
}

/* -k: ask over the socket; no pid is ever believed. */
static int
agent_quit(const char *socket)
{
	char path[PATH_SIZE], why[512 * 4 + 1];
	struct reader reply;
	struct agent *a;
	int error, fd;

	if (agent_socket_path(socket, path, sizeof(path)) != 0)
		errx(EXIT_NO_AGENT, "no agent: XMPP_AGENT_SOCK is not set");
	if ((fd = agent_connect(path)) < 0)
		err(EXIT_NO_AGENT, "%s: no agent", path);
	if ((a = agent_new(fd, &error)) == NULL)
		errx(EXIT_NO_AGENT, "%s: %s", path, err_text(error));
	error = agent_call(a, M_QUIT, NULL, &reply);
	(void)strvisx(why, agent_error(a),
	    strnlen(agent_error(a), (sizeof(why) - 1) / 4),
	    VIS_CSTYLE | VIS_OCTAL | VIS_NL | VIS_TAB);
	if (error != 0)
		errx(1, "%s: %s%s%s", path, err_text(error),
		    *why != '\0' ? ": " : "", why);
	agent_free(a);
	return 0;
}

/* /dev/null for descriptors 0 to last. */
static void
descriptors_drop(int last)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null != -1 && fd <= last; fd++)
		(void)dup2(null, fd);
	if (null > last)
		(void)close(null);
}

static void
serving(void *arg)
{
	struct settings *s = arg;

	if (s->told == -1) {
		environment_print(s);
		return;
	}
	if (write(s->told, "", 1) != 1)
		warn("telling the waiting parent");
	(void)close(s->told);
	s->told = -1;
	if (s->command == NULL)
		descriptors_drop(2);
}

/*
 * The agent goes into a child; this process waits until it serves, then
 * prints the environment, or becomes the command.
 */
static int
go_behind(struct settings *s)
{
	int p[2];
	char octet;
	pid_t pid, self = getpid();

	if (pipe2(p, O_CLOEXEC) == -1)
		err(1, "pipe");
	(void)fflush(stdout);
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		(void)close(p[0]);
		s->told = p[1];
		/* nor do the roles hold the pipe that $(...) reads to its end */
		descriptors_drop(1);
		(void)setsid();
		if (s->command != NULL &&
		    (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) == -1 ||
			getppid() != self))
			errx(1, "the command is gone already");
		return supervisor_run(&s->options, serving, s);
	}
	(void)close(p[1]);
	if (read(p[0], &octet, 1) != 1)
		return 1; /* the child has said why */
	(void)close(p[0]);
	if (s->command == NULL) {
		environment_print(s);
		return 0;
	}
	(void)close(s->options.listen);
	(void)setenv("XMPP_AGENT_SOCK", s->socket_path, 1);
	execvp(s->command[0], s->command);
	err(errno == ENOENT ? 127 : 126, "%s", s->command[0]);
}

static uint64_t
time_parse(char option, const char *text)
{
	uint64_t seconds;

	if (duration_read(text, &seconds) != 0 || seconds == 0)
		errx(EXIT_USAGE, "-%c %s: not a time (90s, 15m, 8h, 2d)",
		    option, text);
	return seconds;
}

static const char *
forward_check(const char *text)
{
	struct forward f;

	if (forward_parse(text, &f) != 0)
		errx(EXIT_USAGE,
		    "-A %s: wanted: rights out of info, network and text, "
		    "then bare JIDs (info,text:juliet@capulet.lit)",
		    text);
	forward_free(&f);
	return text;
}

/* Beside the other, so that nobody must be told where it is. */
static void
forward_open(struct settings *s)
{
	int n = snprintf(s->forward_path, sizeof(s->forward_path), "%s.forward",
	    s->socket_path);

	if (n < 0 || (size_t)n >= sizeof(s->forward_path))
		errx(1, "-A: path too long");
	s->options.forward_listen =
	    place_listen(s->forward_path, &s->options.forward_inode);
	s->options.forward_socket = s->forward_path;
}

static void
options_parse(struct settings *s, int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "passphrase-file", required_argument, NULL, 'F' },
		{ "passphrase-command", required_argument, NULL, 'C' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "+Da:A:scfkt:i:", longs, NULL)) !=
	    -1) {
		switch (c) {
		case 'D':
			s->foreground = 1;
			break;
		case 'a':
			s->socket = optarg;
			break;
		case 'A':
			s->options.forward = forward_check(optarg);
			break;
		case SHELL_SH:
		case SHELL_CSH:
		case SHELL_FISH:
			s->shell = (enum shell)c;
			break;
		case 'k':
			s->kill = 1;
			break;
		case 't':
			s->options.life = time_parse('t', optarg);
			break;
		case 'i':
			s->options.idle = time_parse('i', optarg);
			break;
		case 'F':
			s->options.pass_file = optarg;
			break;
		case 'C':
			s->options.pass_command = optarg;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		case 'v':
			(void)printf("xmpp-agent %s\n", VERSION);
			exit(0);
		default:
			usage(stderr);
			exit(EXIT_USAGE);
		}
	}
	if (optind < argc)
		s->command = argv + optind;
	if ((s->foreground && s->command != NULL) ||
	    (s->options.pass_file != NULL && s->options.pass_command != NULL)) {
		usage(stderr);
		exit(EXIT_USAGE);
	}
}

int
main(int argc, char *argv[])
{
	struct settings s = { .shell = SHELL_SH, .told = -1 };

	sandbox_stdio();
	if (argc > 1 && strcmp(argv[1], "-x") == 0)
		return role_main(argc, argv);
	if (argc == 3 && strcmp(argv[1], "--policy") == 0)
		return policy_print(argv[2]);
	options_parse(&s, argc, argv);
	if (s.kill)
		return agent_quit(s.socket);
	s.options.listen = place_passed(s.socket_path, sizeof(s.socket_path));
	if (s.options.listen == -1)
		place_socket(s.socket, s.socket_path, sizeof(s.socket_path));
	if (strchr(s.socket_path, '\'') != NULL)
		errx(EXIT_USAGE, "%s: a quote in the socket's path",
		    s.socket_path);
	place_state(s.state_path, sizeof(s.state_path));
	s.options.state = s.state_path;
	if (s.options.listen == -1) {
		s.options.listen =
		    place_listen(s.socket_path, &s.options.socket_inode);
		s.options.socket = s.socket_path;
	}
	if (s.options.forward != NULL)
		forward_open(&s);
	s.options.anchor = place_anchor(s.state_path, s.socket_path);
	if (s.foreground)
		return supervisor_run(&s.options, serving, &s);
	return go_behind(&s);
}
