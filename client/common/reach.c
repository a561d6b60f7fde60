/* SPDX-License-Identifier: ISC */
/*
 * Reaching the agent. Runs in the starter and in xmpp-key; trusts the socket's
 * path, which is its user's own.
 */
#include "reach.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../ipc/err.h"
#include "fail.h"

/* How long a blocking read waits; 0: for ever (a person may be asked). */
static void
set_patience(int fd, long seconds)
{
	const struct timeval wait = { .tv_sec = seconds };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
}

int
reach_socket(void)
{
	char path[PATH_MAX];
	int err = agent_socket_path(NULL, path, sizeof(path)), fd;

	if (err == ERR_NOT_FOUND) {
		fail("no agent",
		    "neither XMPP_AGENT_SOCK nor XDG_RUNTIME_DIR "
		    "is set; try: eval \"$(xmpp-agent -s)\"");
		return -1;
	}
	if (err != 0) {
		fail("no agent", "the socket's path: %s", err_text(err));
		return -1;
	}
	fd = agent_connect(path);
	if (fd < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED ||
		    errno == ENOTDIR)
			fail("no agent",
			    "is xmpp-agent running? (nothing listens at "
			    "%s%s)",
			    path,
			    getenv("XMPP_AGENT_SOCK") == NULL
				? "; XMPP_AGENT_SOCK is not set"
				: "");
		else if (errno == EPERM)
			fail("no agent",
			    "who listens at %s is another user: not trusted",
			    path);
		else
			fail("no agent", "%s: %s", path, strerror(errno));
		return -1;
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	set_patience(fd, REACH_SECONDS);
	return fd;
}

struct agent *
reach_agent(uint32_t rights, const char *name, const char *account, int *code)
{
	struct agent *agent;
	int err = 0, fd = reach_socket();

	*code = NO_AGENT;
	if (fd == -1)
		return NULL;
	agent = agent_new(fd, &err);
	if (agent == NULL) {
		fail("agent", "it does not answer: %s", err_text(err));
		return NULL;
	}
	if (rights != 0)
		err = agent_restrict(agent, rights, name, account);
	if (err == 0) {
		set_patience(agent_fd(agent), 0);
		return agent;
	}
	*code = fail_agent(
	    account != NULL ? account : "agent", err, agent_error(agent));
	agent_free(agent);
	return NULL;
}
