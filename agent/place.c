/* SPDX-License-Identifier: ISC */
/*
 * The agent's socket and directories. Runs in the outer process before any
 * role exists; holds nothing; trusts the user's environment.
 */
#include "place.h"

#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#define LISTEN_FIRST 3	/* sd_listen_fds(3) */
#define LISTEN_MOST  16 /* sockets that a service manager may pass */
#define LISTEN_NAME  "agent"
#define BACKLOG	     64 /* connections that wait while a role starts anew */
#define LOCK_TRIES   100
#define LOCK_WAIT_MS 20

static void path_print(char *path, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
path_print(char *path, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(path, size, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= size)
		errx(1, "%.60s...: path too long", path);
}

/* A directory of ours that nobody else can enter. */
static void
directory_private(const char *path)
{
	struct stat st;

	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		err(1, "%s", path);
	if (lstat(path, &st) == -1)
		err(1, "%s", path);
	if (!S_ISDIR(st.st_mode))
		errx(1, "%s: not a directory", path);
	if (st.st_uid != geteuid())
		errx(1, "%s: belongs to uid %u, not to you", path, st.st_uid);
	if ((st.st_mode & 077) != 0)
		errx(1, "%s: others can enter it (chmod 700)", path);
}

void
place_socket(const char *option, char *path, size_t size)
{
	const char *dir;

	if (option == NULL)
		option = getenv("XMPP_AGENT_SOCK");
	if (option != NULL && *option != '\0') {
		path_print(path, size, "%s", option);
		return;
	}
	dir = getenv("XDG_RUNTIME_DIR");
	if (dir == NULL || *dir != '/')
		errx(1,
		    "no place for the socket: XDG_RUNTIME_DIR is not set"
		    " (give -a or set XMPP_AGENT_SOCK)");
	path_print(path, size, "%s/xmpp-agent", dir);
	directory_private(path);
	path_print(path, size, "%s/xmpp-agent/agent.sock", dir);
}

/* mkdir -p for what leads to the state directory. */
static void
directories_above(char *path)
{
	for (char *p = path + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		if (mkdir(path, 0700) == -1 && errno != EEXIST)
			err(1, "%s", path);
		*p = '/';
	}
}

void
place_state(char *path, size_t size)
{
	const char *dir = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (dir != NULL && *dir == '/')
		path_print(path, size, "%s/xmpp-agent", dir);
	else if (home != NULL && *home == '/')
		path_print(path, size, "%s/.local/state/xmpp-agent", home);
	else
		errx(1, "no place for the state: HOME is not set");
	directories_above(path);
	directory_private(path);
}

/* The directory that a path lies in. */
static void
path_above(const char *path, char *dir, size_t size)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		path_print(dir, size, ".");
	else
		path_print(dir, size, "%.*s",
		    slash == path ? 1 : (int)(slash - path), path);
}

/* FNV-1a: one anchor for each state directory, by its name. */
static uint64_t
name_of(const char *path)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *path != '\0'; path++)
		h = (h ^ (uint8_t)*path) * UINT64_C(0x100000001b3);
	return h;
}

int
place_anchor(const char *state, const char *socket)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char dir[PATH_MAX], path[PATH_MAX];

	if (runtime != NULL && *runtime == '/') {
		path_print(dir, sizeof(dir), "%s/xmpp-agent", runtime);
		if (mkdir(dir, 0700) == -1 && errno != EEXIST)
			return -1;
	} else
		path_above(socket, dir, sizeof(dir));
	path_print(
	    path, sizeof(path), "%s/anchor-%016" PRIx64, dir, name_of(state));
	return open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* Does somebody answer there? One that is too busy to is alive. */
static int
socket_alive(const struct sockaddr_un *sun)
{
	int fd, alive;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		err(1, "socket");
	alive = connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0 ||
	    errno == EAGAIN;
	if (!alive && errno != ECONNREFUSED && errno != ENOENT)
		err(1, "%s", sun->sun_path);
	(void)close(fd);
	return alive;
}

/*
 * The directory of the socket, locked against other agents: between finding
 * a dead one's socket and having our own there, and while taking it away.
 */
static int
directory_lock(const char *path)
{
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd;

	path_above(path, dir, sizeof(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* in a directory of all, another user's lock is not waited for */
	for (int i = 0; fd != -1 && i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			break;
		(void)poll(NULL, 0, LOCK_WAIT_MS);
	}
	return fd; /* -1: bind(2) will say what is wrong there */
}

int
place_listen(const char *path, ino_t *which)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct stat st;
	mode_t mask;
	int fd, lock;

	if (strlen(path) >= sizeof(sun.sun_path))
		errx(1, "%s: longer than a socket's path can be (%zu)", path,
		    sizeof(sun.sun_path) - 1);
	(void)memcpy(sun.sun_path, path, strlen(path) + 1);
	lock = directory_lock(path);
	if (lstat(path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode))
			errx(1, "%s: is there and is not a socket", path);
		if (socket_alive(&sun))
			errx(1, "%s: an agent is already running", path);
		if (unlink(path) == -1)
			err(1, "%s", path);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		err(1, "socket");
	mask = umask(0177);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		err(1, "%s", path);
	(void)umask(mask);
	if (listen(fd, BACKLOG) == -1)
		err(1, "%s: listen", path);
	if (lstat(path, &st) == -1)
		err(1, "%s", path);
	*which = st.st_ino;
	if (lock != -1)
		(void)close(lock);
	return fd;
}

void
place_unlisten(const char *path, ino_t which)
{
	int lock = directory_lock(path);
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_ino == which)
		(void)unlink(path);
	if (lock != -1)
		(void)close(lock);
}

/* The path that a socket was bound to. */
static void
socket_path(int fd, char *path, size_t size)
{
	struct sockaddr_un sun = { 0 };
	socklen_t len = sizeof(sun);

	if (getsockname(fd, (struct sockaddr *)&sun, &len) == -1 ||
	    sun.sun_family != AF_UNIX || sun.sun_path[0] == '\0')
		errx(1, "LISTEN_FDS: descriptor %d is no socket with a path",
		    fd);
	path_print(path, size, "%.*s", (int)sizeof(sun.sun_path), sun.sun_path);
}

/* The descriptor among count that is called "agent"; the others are closed. */
static int
passed_by_name(long long count)
{
	const char *names = getenv("LISTEN_FDNAMES"), *end;
	int found = -1, fd = LISTEN_FIRST;

	for (; names != NULL && fd < LISTEN_FIRST + count; fd++) {
		end = names + strcspn(names, ":");
		if (found == -1 &&
		    (size_t)(end - names) == strlen(LISTEN_NAME) &&
		    strncmp(names, LISTEN_NAME, strlen(LISTEN_NAME)) == 0)
			found = fd;
		names = *end == ':' ? end + 1 : NULL;
	}
	if (found == -1)
		errx(1,
		    "LISTEN_FDS=%lld: one socket is expected, or one with the "
		    "name \"" LISTEN_NAME "\" in LISTEN_FDNAMES",
		    count);
	for (fd = LISTEN_FIRST; fd < LISTEN_FIRST + count; fd++)
		if (fd != found)
			(void)close(fd);
	return found;
}

int
place_passed(char *path, size_t size)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	const char *why;
	int fd = -1, accepting;
	socklen_t len = sizeof(accepting);
	long long count;

	if (pid != NULL && n != NULL &&
	    strtonum(pid, 1, INT32_MAX, &why) == getpid() && why == NULL) {
		count = strtonum(n, 1, LISTEN_MOST, &why);
		if (why != NULL)
			errx(1, "LISTEN_FDS=%s: %s", n, why);
		fd = count == 1 ? LISTEN_FIRST : passed_by_name(count);
		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepting,
			&len) == -1 ||
		    !accepting)
			errx(
			    1, "LISTEN_FDS: descriptor %d does not listen", fd);
		socket_path(fd, path, size);
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 ||
		    fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
			err(1, "descriptor %d", fd);
	}
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	return fd;
}
