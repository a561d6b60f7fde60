/* SPDX-License-Identifier: ISC */
/*
 * Starting xmpp-cipher and xmpp-transfer. Runs in xmpp-send's starter and in
 * xmpp-get, which open what the two must have and can open nothing of.
 */
#include "start.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../../ipc/err.h"
#include "../../ipc/messages.h"
#include "../../ipc/sync.h"
#include "../common/aesgcm.h"
#include "../common/fail.h"
#include "../front/spawn.h"

static void
close_pair(int fds[2])
{
	for (size_t i = 0; i < 2; i++)
		if (fds[i] != -1)
			close(fds[i]);
	fds[0] = fds[1] = -1;
}

static pid_t
start_cipher(int link, int in, int out)
{
	const char *argv[] = { "xmpp-cipher", NULL };
	const int fds[] = { link, in, out };
	char path[PATH_MAX];

	if (spawn_find(argv[0], path, sizeof(path)) != 0)
		return -1;
	return spawn(path, argv, fds, 3, SPAWN_APART);
}

static pid_t
start_transfer(int link, int data, const char *ca_file)
{
	const char *argv[] = { "xmpp-transfer", "--ca-file", ca_file, NULL };
	const int fds[] = { link, data };
	char path[PATH_MAX];

	if (ca_file == NULL)
		argv[1] = NULL;
	if (spawn_find(argv[0], path, sizeof(path)) != 0)
		return -1;
	return spawn(path, argv, fds, 2, SPAWN_APART);
}

/* In the cipher's place, before it is there: how large the file is. */
static int
tell_size(int link, uint64_t size)
{
	struct buffer b;
	size_t at;
	int err;

	buffer_init(&b, FRAME_MAX);
	at = frame_begin(&b, M_FILE_PROGRESS, 0);
	buffer_put_u64(&b, size);
	buffer_put_u64(&b, 0);
	err = frame_end(&b, at);
	if (err == 0)
		err = sync_write(link, &b);
	buffer_free(&b);
	return err;
}

int
files_start(int file, const uint64_t *size, const char *ca_file,
    struct files_started *s)
{
	int cipher[2] = { -1, -1 }, transfer[2] = { -1, -1 };
	int data[2] = { -1, -1 };

	s->cipher = s->transfer = -1;
	s->pids[0] = s->pids[1] = -1;
	if (pipe2(data, O_CLOEXEC) != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, cipher) != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, transfer) != 0) {
		fail("pipe", "%s", strerror(errno));
	} else if (size == NULL || tell_size(cipher[1], *size) == 0) {
		s->pids[0] =
		    start_cipher(cipher[1], size != NULL ? file : data[0],
			size != NULL ? data[1] : file);
		if (s->pids[0] != -1)
			s->pids[1] = start_transfer(transfer[1],
			    size != NULL ? data[0] : data[1], ca_file);
	}
	close_pair(data);
	if (s->pids[1] != -1) {
		close(cipher[1]);
		close(transfer[1]);
		s->cipher = cipher[0];
		s->transfer = transfer[0];
		return 0;
	}
	if (s->pids[0] != -1) {
		kill(s->pids[0], SIGKILL);
		waitpid(s->pids[0], NULL, 0);
	}
	close_pair(cipher);
	close_pair(transfer);
	return ERR_SYSTEM;
}

int
files_open(const char *path, uint64_t *size)
{
	struct stat st;
	/* a FIFO would make us wait for its writer */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1 || fstat(fd, &st) != 0)
		fail(path, "%s", strerror(errno));
	else if (!S_ISREG(st.st_mode))
		fail(path,
		    "only a regular file can be sent: its size must be "
		    "known");
	else if ((uint64_t)st.st_size > AESGCM_MAX)
		fail(path, "longer than AES-GCM can encrypt");
	else {
		*size = (uint64_t)st.st_size;
		return fd;
	}
	if (fd != -1)
		close(fd);
	return -1;
}
