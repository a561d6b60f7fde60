/* SPDX-License-Identifier: ISC */
/*
 * Every system call, by every door, from within a role: a copy of the process
 * as it stands before its walls goes through the very function that puts them
 * up, makes one call, and how it ends must be what the table says. The copy
 * has the role's own descriptors and memory.
 */
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <seccomp.h>

#include "../support/policy_table.h"
#include "prisoner.h"

#define CALLS	 480 /* x86_64 of Linux 6.12 ends at 466 */
#define AT_ONCE	 8
#define LATER_S	 5  /* a call that waits has passed */
#define ENTERED	 10 /* exit status: the call returned */
#define REFUSED	 11 /* … with the error that the table says */
#define FAILED	 12 /* … with another one */
#define NO_ENTRY 13

struct act {
	enum door door;
	long number;
	uint64_t args[6];
	uint32_t want;
	pid_t pid;
};

struct trial {
	enum sandbox_role role;
	const struct sandbox_paths *paths;
	FILE *out;
	struct act acts[AT_ONCE];
	unsigned passed, refused, killed, differ;
	int has_32bit; /* this kernel has that door at all */
};

/* --- in the copy -------------------------------------------------------------- */

static int
enter(const struct trial *t)
{
	const struct itimerval later = { .it_value.tv_sec = LATER_S };
	sigset_t none;

	(void)signal(SIGALRM, SIG_DFL);
	(void)signal(SIGSYS, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setitimer(ITIMER_REAL, &later, NULL);
	if (t->role == ROLE_NET_ONLINE &&
	    __real_sandbox_enter(ROLE_NET_CONNECT, t->paths) != 0)
		return -1;
	return __real_sandbox_enter(t->role, t->paths);
}

static _Noreturn void
copy_acts(const struct trial *t, const struct act *a)
{
	uint32_t err = a->want & SECCOMP_RET_DATA;
	long ret;

	if (enter(t) != 0)
		_exit(NO_ENTRY);
	ret = prisoner_call(a->door, a->number, a->args);
	if ((a->want & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO &&
	    ret == -(long)err)
		_exit(REFUSED);
	_exit(ret < 0 && ret > -4096 ? FAILED : ENTERED);
}

/*
 * Linux from 6.11 on asks no filter about these two: they are for code that
 * the kernel itself has put into a process that is being traced. From
 * anywhere else the one is a SIGILL and the other an error.
 */
static int
is_unfiltered(const struct act *a, int status)
{
	return a->door == DOOR_NATIVE &&
	    ((a->number == 335 && WIFSIGNALED(status) &&
		 WTERMSIG(status) == SIGILL) ||
		(a->number == 336 && WIFEXITED(status) &&
		    WEXITSTATUS(status) == FAILED));
}

/* --- how it ended --------------------------------------------------------------- */

static int
is_as_said(struct trial *t, const struct act *a, int status)
{
	int sys = WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	switch (a->want & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_KILL_PROCESS:
		t->killed++;
		return sys || is_unfiltered(a, status);
	case SECCOMP_RET_ERRNO:
		t->refused++;
		return code == REFUSED;
	default:
		t->passed++;
		/* exit(2) has 0; rt_sigreturn faults; what waits is stopped */
		return !sys && code != NO_ENTRY && code != REFUSED;
	}
}

static void
act_reap(struct trial *t)
{
	int status, i = 0;
	pid_t pid = wait(&status);

	while (i < AT_ONCE && t->acts[i].pid != pid)
		i++;
	if (pid == -1 || i == AT_ONCE)
		return; /* not one of these */
	if (!is_as_said(t, &t->acts[i], status)) {
		t->differ++;
		fprintf(t->out,
		    "%s: door %d, call %ld (%#lx %#lx %#lx ...): status %x, "
		    "the table says %x\n",
		    sandbox_role_name(t->role), t->acts[i].door,
		    t->acts[i].number, t->acts[i].args[0], t->acts[i].args[1],
		    t->acts[i].args[2], (unsigned)status, t->acts[i].want);
	}
	t->acts[i].pid = 0;
}

static void
act_start(struct trial *t, struct act a)
{
	int i = 0;

	for (;;) {
		for (i = 0; i < AT_ONCE && t->acts[i].pid != 0; i++)
			;
		if (i < AT_ONCE)
			break;
		act_reap(t);
	}
	(void)fflush(t->out);
	a.pid = fork();
	if (a.pid == 0)
		copy_acts(t, &a);
	t->acts[i] = a;
	if (a.pid == -1) {
		t->acts[i].pid = 0;
		t->differ++;
	}
}

/* --- what is tried ---------------------------------------------------------------- */

static void
try_number(struct trial *t, long number, const uint64_t args[6])
{
	char *name =
	    seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)number);
	struct act a = { .door = DOOR_NATIVE, .number = number };

	memcpy(a.args, args, sizeof(a.args));
	a.want = table_says(t->role, name, args);
	act_start(t, a);
	free(name);
}

/* A condition's value and both neighbours; for pairs, each half alone too. */
static void
try_row(struct trial *t, const struct policy_call *c)
{
	int nr = seccomp_syscall_resolve_name(c->name);
	uint64_t args[6];

	if (nr < 0 || c->when[0].compare == WHEN_ALWAYS)
		return;
	for (int d = -1; d <= 1; d++) {
		for (int both = 0; both < 2; both++) {
			memset(args, 0, sizeof(args));
			args[c->when[0].argument] =
			    c->when[0].value + (uint64_t)(int64_t)d;
			if (both && c->when[1].compare != WHEN_ALWAYS)
				args[c->when[1].argument] = c->when[1].value;
			else if (both)
				args[c->when[0].argument] |= UINT64_C(1) << 32;
			try_number(t, nr, args);
		}
	}
}

static void
try_other_doors(struct trial *t, long number)
{
	struct act a = {
		.door = DOOR_X32, .number = number, .want = TABLE_DEATH
	};

	act_start(t, a);
	a.door = DOOR_32BIT;
	if (t->has_32bit)
		act_start(t, a);
}

/* getpid by the 32-bit door: without one it is a fault. Behind the launcher's
 * walls it is closed, and there. */
static int
find_32bit(void)
{
	static const uint64_t none[6];
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(prisoner_call(DOOR_32BIT, 20, none) == getpid() ? 0 : 1);
	return pid != -1 && waitpid(pid, &status, 0) == pid &&
	    (status == 0 ||
		(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS));
}

void
prisoner_try_all(enum sandbox_role role, const struct sandbox_paths *paths)
{
	static const uint64_t none[6];
	struct trial t = { .role = role, .paths = paths };
	char path[64];

	(void)snprintf(
	    path, sizeof(path), CELL "/%s.all", sandbox_role_name(role));
	/* it is there and empty, once, if all is wanted */
	if (access(path, W_OK) != 0 || (t.out = fopen(path, "r+")) == NULL)
		return;
	if (fgetc(t.out) != EOF)
		goto out;
	rewind(t.out);
	t.has_32bit = find_32bit();
	for (long n = 0; n < CALLS; n++) {
		try_number(&t, n, none);
		try_other_doors(&t, n);
	}
	for (size_t i = 0; i < policy_calls_count; i++)
		if (policy_calls[i].roles & ROLE_BIT(role))
			try_row(&t, &policy_calls[i]);
	for (int i = 0; i < AT_ONCE; i++)
		while (t.acts[i].pid != 0)
			act_reap(&t);
	fprintf(t.out, "%s: %u passed, %u refused, %u killed%s; %u differ\n",
	    sandbox_role_name(role), t.passed, t.refused, t.killed,
	    t.has_32bit ? "" : " (no 32-bit door here)", t.differ);
out:
	(void)fclose(t.out);
}
