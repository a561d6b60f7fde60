/* SPDX-License-Identifier: ISC */
/*
 * The first steps of every program, and the order in which a role's walls go
 * up. Runs in all of them; holds a note of what is in force.
 */
#include <sys/prctl.h>
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../ipc/err.h"
#include "policy.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE		 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

/* Facts about this very process, set on the way in and never again. */
static struct {
	int early;
	int started_closed;
	char walls[160];
} here;

void
sandbox_note(const char *wall)
{
	size_t n = strlen(here.walls);

	snprintf(here.walls + n, sizeof(here.walls) - n, "%s%s",
	    n > 0 ? " " : "", wall);
}

static int
early_fail(const char *what)
{
	fprintf(stderr, "sandbox: %s: %s\n", what, strerror(errno));
	return ERR_CONTAINED;
}

void
sandbox_stdio(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int
sandbox_early(void)
{
	const struct rlimit none = { 0, 0 };

	if (!here.early) {
		here.early = 1;
		here.started_closed = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 1;
		sandbox_stdio();
	}
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return early_fail("not dumpable");
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return early_fail("no core");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return early_fail("no new privileges");
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

int
sandbox_started_closed(void)
{
	return here.started_closed;
}

int
sandbox_die_with(int parent_pid)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		return early_fail("die with the parent");
	if (getppid() == parent_pid)
		return 0;
	errno = ESRCH; /* it died before we asked */
	return early_fail("parent");
}

int
sandbox_enter(enum sandbox_role role, const struct sandbox_paths *paths)
{
	static const struct sandbox_paths none;
	const struct policy_role *p = &policy_roles[role];
	int err;

	if (paths == NULL)
		paths = &none;
	if (p->second)
		return sandbox_seccomp(role);
	err = sandbox_early();
	if (err != 0)
		return err;
	sandbox_note("no-new-privs not-dumpable");
	sandbox_note(here.started_closed ? "started-closed" : "STARTED-OPEN");
	if (p->otherwise == POLICY_KILL &&
	    prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == 0)
		sandbox_note("mdwe");
	err = sandbox_landlock(p, paths, sandbox_landlock_abi());
	if (err == 0) /* only now: Landlock opens paths */
		err = sandbox_rlimits(p);
	return err == 0 ? sandbox_seccomp(role) : err;
}

const char *
sandbox_in_force(void)
{
	return here.walls;
}

int
sandbox_role_find(const char *name, enum sandbox_role *role)
{
	for (int i = 0; i < SANDBOX_ROLES; i++) {
		if (strcmp(policy_roles[i].name, name) == 0) {
			*role = (enum sandbox_role)i;
			return 0;
		}
	}
	return ERR_ARGUMENT;
}

const char *
sandbox_role_name(enum sandbox_role role)
{
	return policy_roles[role].name;
}
