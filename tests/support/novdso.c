/* SPDX-License-Identifier: ISC */
/*
 * novdso PROGRAM ARG...: run it, and whatever it starts, as on a machine whose
 * kernel has no vdso: of each new program's auxiliary vector the entry that
 * says where it lies is made void, so that libc asks the kernel for the time.
 * As root, for the programs are not readable. Ends when PROGRAM has ended,
 * with its status; all others end with it.
 */
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <elf.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#define WORD sizeof(uint64_t)
#define OPTIONS                                                                \
	(PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |       \
	    PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL)

static uint64_t
peek(pid_t pid, uint64_t at)
{
	long v;

	errno = 0;
	v = ptrace(PTRACE_PEEKDATA, pid, at, 0);
	if (errno != 0)
		err(2, "%d: read", (int)pid);
	return (uint64_t)v;
}

/* argc, argv, 0, environment, 0, and then the pairs. */
static void
void_vdso(pid_t pid)
{
	struct user_regs_struct regs;
	uint64_t at, kind;

	if (ptrace(PTRACE_GETREGS, pid, 0, &regs) != 0)
		err(2, "%d: registers", (int)pid);
	at = regs.rsp + WORD * (peek(pid, regs.rsp) + 2);
	while (peek(pid, at) != 0)
		at += WORD;
	for (at += WORD; (kind = peek(pid, at)) != AT_NULL; at += 2 * WORD)
		if (kind == AT_SYSINFO_EHDR &&
		    ptrace(PTRACE_POKEDATA, pid, at, AT_IGNORE) != 0)
			err(2, "%d: write", (int)pid);
}

/* What a stop passes on: a signal that is the program's own. */
static long
on_stop(pid_t pid, int status)
{
	int signo = WSTOPSIG(status), event = status >> 16;

	if (event == PTRACE_EVENT_EXEC)
		void_vdso(pid);
	if (event != 0 || signo == SIGSTOP)
		return 0;
	return signo;
}

int
main(int argc, char **argv)
{
	int status;
	pid_t first, pid;

	if (argc < 2)
		return 64;
	first = fork();
	if (first == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, 0, 0);
		(void)raise(SIGSTOP);
		execvp(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	if (first == -1 || waitpid(first, &status, 0) != first ||
	    ptrace(PTRACE_SETOPTIONS, first, 0, OPTIONS) != 0 ||
	    ptrace(PTRACE_CONT, first, 0, 0) != 0)
		err(2, "ptrace");
	while ((pid = waitpid(-1, &status, __WALL)) != -1 || errno == EINTR) {
		if (pid == first && !WIFSTOPPED(status))
			return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
		if (pid != -1 && WIFSTOPPED(status))
			(void)ptrace(PTRACE_CONT, pid, 0, on_stop(pid, status));
	}
	return 2;
}
