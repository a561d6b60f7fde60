/* SPDX-License-Identifier: ISC */
/*
 * What answers an ASK: the passphrase file or command, or askpass. Runs in a
 * child of the launcher, whose standard output is the pipe to the keeper; the
 * launcher itself never sees the answer.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../ipc/messages.h"
#include "launcher.h"
#include "limits.h"

/* Copy the file's first line to standard output. */
static void
give_file(const char *path)
{
	char line[LIMIT_PASSPHRASE + 1];
	const char *end;
	size_t at = 0, len;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd == -1)
		err(1, "%s", path);
	while (at < sizeof(line)) {
		n = read(fd, line + at, sizeof(line) - at);
		if (n == -1)
			err(1, "%s", path);
		if (n == 0)
			break;
		at += (size_t)n;
	}
	end = memchr(line, '\n', at);
	len = end != NULL ? (size_t)(end - line) : at;
	if (len > LIMIT_PASSPHRASE)
		errx(1, "%s: longer than a passphrase can be", path);
	n = write(STDOUT_FILENO, line, len);
	explicit_bzero(line, sizeof(line));
	_exit(n == (ssize_t)len ? 0 : 1);
}

/*
 * The prompt names the pid as the kernel gave it to the keeper; the name that
 * /proc has for it is what that process says of itself.
 */
static void
run_askpass(const char *program, int kind, uint32_t pid, const char *prompt)
{
	char text[1024], path[64], name[32] = "";
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		n = read(fd, name, sizeof(name) - 1);
		name[n > 0 ? n : 0] = '\0';
		(void)close(fd);
	}
	name[strcspn(name, "\n")] = '\0';
	if (pid != 0)
		(void)snprintf(text, sizeof(text),
		    "%s (Asked by process %u, which calls itself \"%s\".)",
		    prompt, pid, name);
	else
		(void)snprintf(text, sizeof(text), "%s", prompt);
	/* names are chosen by who asks: one line, and no more than it says */
	for (char *p = text; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	if (kind == ASK_CONFIRM)
		(void)setenv("SSH_ASKPASS_PROMPT", "confirm", 1);
	execlp(program, program, text, (char *)NULL);
	err(1, "%s", program);
}

/* The launcher's own are blocked and ignored: it could not be ended. */
static void
signals_as_at_login(void)
{
	sigset_t none;

	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

int
launcher_ask(const struct agent_options *o, int kind, uint32_t pid,
    const char *prompt, int out)
{
	const char *askpass = getenv("XMPP_AGENT_ASKPASS");
	pid_t child;

	if (askpass == NULL)
		askpass = getenv("SSH_ASKPASS");
	if (kind == ASK_SOURCE ? o->pass_file == NULL && o->pass_command == NULL
			       : askpass == NULL || *askpass == '\0')
		return -1;
	child = fork();
	if (child != 0)
		return child;
	signals_as_at_login();
	if (dup2(out, STDOUT_FILENO) == -1)
		err(1, "dup2");
	if (kind != ASK_SOURCE)
		run_askpass(askpass, kind, pid, prompt);
	if (o->pass_file != NULL)
		give_file(o->pass_file);
	execl("/bin/sh", "sh", "-c", o->pass_command, (char *)NULL);
	err(1, "/bin/sh");
}
