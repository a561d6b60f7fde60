/* SPDX-License-Identifier: ISC */
/*
 * fork + exec for the starter and xmpp-key; holds nothing.
 */
#include "spawn.h"

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/unistd.h>

#include "../../ipc/err.h"
#include "../../ipc/frame.h"
#include "../../ipc/messages.h"
#include "../../sandbox/sandbox.h"
#include "../common/fail.h"

int
spawn_find(const char *name, char *path, size_t size)
{
	char self[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		if (slash != NULL) {
			*slash = '\0';
			if ((size_t)snprintf(path, size, "%s/%s", self, name) <
				size &&
			    access(path, X_OK) == 0)
				return 0;
		}
	}
	if ((size_t)snprintf(path, size, "%s/%s", LIBEXECDIR, name) < size &&
	    access(path, X_OK) == 0)
		return 0;
	fail(name, "neither beside this program nor in %s", LIBEXECDIR);
	return ERR_NOT_FOUND;
}

/* Leave in our environment what such a program needs, and no more. */
static void
environment_cut(void)
{
	static const char *const kept[] = { "SSL_CERT_FILE=", "SSL_CERT_DIR=",
		"ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS=" };
	char **from, **to = environ;

	for (from = environ; *from != NULL; from++)
		for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
			if (strncmp(*from, kept[i], strlen(kept[i])) == 0)
				*to++ = *from;
	*to = NULL;
}

/*
 * The text comes in by 0 and goes out by 1, and 2 is the same terminal or may
 * be the same pipe: a net could read the one and forge the other.
 */
static int
set_apart(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), last = STDERR_FILENO;

#ifdef SANDBOX_LOG /* the sanitizers' reports */
	last = STDOUT_FILENO;
#endif
	if (null == -1 || setsid() == -1)
		return -1;
	for (int fd = 0; fd <= last; fd++)
		if (dup2(null, fd) == -1)
			return -1;
	environment_cut();
	return 0;
}

/* In the child. Never returns. */
static void
become(const char *path, const char *const argv[], const int fds[], size_t n,
    int flags, pid_t parent)
{
	int high[SPAWN_FDS - SPAWN_FIRST_FD];
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if ((flags & SPAWN_APART) && set_apart() != 0)
		_exit(127);
	if (sandbox_die_with(parent) != 0)
		_exit(127);
	/* Out of the way first, so that none is overwritten. */
	for (size_t i = 0; i < n; i++) {
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, SPAWN_FDS);
		if (high[i] == -1)
			_exit(127);
	}
	for (size_t i = 0; i < n; i++)
		if (dup2(high[i], SPAWN_FIRST_FD + (int)i) == -1)
			_exit(127);
	closefrom(SPAWN_FIRST_FD + (int)n);
	execv(path, (char *const *)(uintptr_t)argv);
	_exit(127);
}

int
spawn(const char *path, const char *const argv[], const int fds[], size_t n,
    int flags)
{
	pid_t parent = getpid(), pid;

	if (n > SPAWN_FDS - SPAWN_FIRST_FD)
		return -1;
	pid = fork();
	if (pid == -1)
		fail(path, "%s", strerror(errno));
	if (pid == 0)
		become(path, argv, fds, n, flags, parent);
	return pid;
}

void
spawn_report_offline(int link, const char *reason, int fatal)
{
	struct buffer b;
	size_t at;

	buffer_init(&b, FRAME_MAX);
	at = frame_begin(&b, M_NET_OFFLINE, 0);
	buffer_put_cstring(&b, reason);
	buffer_put_u8(&b, fatal != 0);
	if (frame_end(&b, at) == 0)
		send(link, b.data, b.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	buffer_free(&b);
}
