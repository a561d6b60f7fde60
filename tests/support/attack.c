/* SPDX-License-Identifier: ISC */
/*
 * attack PID | attack -c: what a program of the same user can do to a process:
 * open and read its memory, trace it, take its descriptors. Prints what was
 * refused and what was not. Exit 0 all refused, 1 something was allowed.
 * -c: the control: the same against a child of its own that lets it; exit 0
 * only if every act succeeds, or a refusal would prove nothing.
 */
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An address in the victim: readable by us only in the control. */
static char landmark[16] = "landmark";

static int
open_memory(pid_t pid, int flags)
{
	char path[64], octet;
	int fd, ok = 1;

	(void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	if ((fd = open(path, flags | O_CLOEXEC)) == -1)
		return 0;
	if (flags == O_RDONLY && pread(fd, &octet, 1, (off_t)landmark) == -1)
		ok = errno != EACCES && errno != EPERM;
	(void)close(fd);
	return ok;
}

static int
read_memory(pid_t pid)
{
	return open_memory(pid, O_RDONLY);
}

static int
write_memory(pid_t pid)
{
	return open_memory(pid, O_RDWR);
}

static int
trace(pid_t pid)
{
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) == -1)
		return 0;
	(void)kill(pid, SIGSTOP);
	(void)waitpid(pid, NULL, __WALL);
	(void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
	(void)kill(pid, SIGCONT);
	return 1;
}

static int
read_vector(pid_t pid)
{
	char octets[8];
	struct iovec ours = { octets, sizeof(octets) };
	struct iovec theirs = { landmark, sizeof(octets) };

	return process_vm_readv(pid, &ours, 1, &theirs, 1, 0) >= 0 ||
	    errno == EFAULT;
}

static int
take_descriptor(pid_t pid)
{
	long pidfd = syscall(SYS_pidfd_open, pid, 0);
	int taken = 0;

	for (int fd = 0; pidfd != -1 && fd < 32 && !taken; fd++)
		taken = syscall(SYS_pidfd_getfd, pidfd, fd, 0) != -1;
	return taken;
}

static int
open_descriptor_folder(pid_t pid)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1)
		(void)close(fd);
	return fd != -1;
}

static int
read_environment(pid_t pid)
{
	char path[64], octet;
	int fd, ok;

	(void)snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return 0;
	ok = read(fd, &octet, 1) >= 0;
	(void)close(fd);
	return ok;
}

static const struct act {
	const char *name;
	int (*try)(pid_t);
} acts[] = {
	{ "mem", read_memory },
	{ "mem for writing", write_memory },
	{ "ptrace", trace },
	{ "process_vm_readv", read_vector },
	{ "pidfd_getfd", take_descriptor },
	{ "fd folder", open_descriptor_folder },
	{ "environ", read_environment },
};

#define ACTS ((int)(sizeof(acts) / sizeof(acts[0])))

/* How many acts were allowed. */
static int
attack(pid_t pid)
{
	int allowed = 0;

	printf("%d:", (int)pid);
	for (int i = 0; i < ACTS; i++) {
		int ok = acts[i].try(pid);

		allowed += ok;
		printf(" %s %s%s", acts[i].name, ok ? "ALLOWED" : "refused",
		    i + 1 < ACTS ? "," : "\n");
	}
	(void)fflush(stdout);
	return allowed;
}

static int
control(void)
{
	pid_t pid = fork();
	int allowed;

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)pause();
	}
	if (pid == -1)
		return 1;
	allowed = attack(pid);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return allowed == ACTS ? 0 : 1;
}

int
main(int argc, char **argv)
{
	char *end;
	long pid;

	if (argc != 2)
		return 64;
	if (strcmp(argv[1], "-c") == 0)
		return control();
	pid = strtol(argv[1], &end, 10);
	if (*end != '\0' || pid <= 0 || kill((pid_t)pid, 0) == -1) {
		fprintf(stderr, "attack: %s: no such process\n", argv[1]);
		return 64;
	}
	return attack((pid_t)pid) == 0 ? 0 : 1;
}
