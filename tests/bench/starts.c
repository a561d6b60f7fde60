/* SPDX-License-Identifier: ISC */
/*
 * starts xmpp|ssh SOCKET N COMMAND [ARG ...]: how long it takes from the start
 * of an agent to its first answer (HELLO; the list of identities): the median
 * of N starts, printed in seconds. Ends each before the next.
 */
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 20.0

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
nap(void)
{
	(void)nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
}

/* 1: it has answered. */
static int
ask(const char *path, const uint8_t *question, size_t n)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = (time_t)PATIENCE };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), good;
	uint8_t answer[4096];

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	(void)setsockopt(
	    fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	good = fd != -1 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
	    write(fd, question, n) == (ssize_t)n &&
	    read(fd, answer, sizeof(answer)) > 4;
	(void)close(fd);
	return good;
}

static double
start(const char *path, const uint8_t *question, size_t n, char **command)
{
	double began = seconds(), took;
	pid_t pid = fork();
	int null;

	if (pid == 0) {
		null = open("/dev/null", O_RDWR);
		(void)dup2(null, 0);
		(void)dup2(null, 1);
		execv(command[0], command);
		err(1, "%s", command[0]);
	}
	while (!ask(path, question, n)) {
		if (seconds() - began > PATIENCE)
			errx(1, "%s: no answer", command[0]);
		nap();
	}
	took = seconds() - began;
	(void)kill(pid, SIGTERM);
	(void)waitpid(pid, NULL, 0);
	(void)unlink(path);
	return took;
}

int
main(int argc, char *argv[])
{
	static const uint8_t hello[] = { 0, 0, 0, 13, 1, 0, 0, 0, 1, 0, 0, 0, 1,
		0, 0, 0, 0 };
	static const uint8_t list[] = { 0, 0, 0, 1, 11 };
	int ours = argc > 1 && strcmp(argv[1], "xmpp") == 0, n, j;
	double times[100], t;

	if (argc < 5 || (n = atoi(argv[3])) < 1 || n > 100)
		errx(64, "usage: starts xmpp|ssh SOCKET N COMMAND [ARG ...]");
	for (int i = 0; i < n; i++) {
		t = start(argv[2], ours ? hello : list,
		    ours ? sizeof(hello) : sizeof(list), argv + 4);
		for (j = i; j > 0 && times[j - 1] > t; j--)
			times[j] = times[j - 1];
		times[j] = t;
	}
	printf("start seconds\t%.6g\n", times[n / 2]);
	return 0;
}
