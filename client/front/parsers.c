/* SPDX-License-Identifier: ISC */
/*
 * Parsers, one after another. Runs in the starter; reads nothing from any of
 * them. One that a message has killed is told of to the front in its place,
 * and the next one is started on the same socket.
 */
#include "parsers.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <limits.h>
#include <signal.h>
#include <stdlib.h>

#include "../../ipc/frame.h"
#include "../../ipc/messages.h"
#include "../common/fail.h"
#include "spawn.h"

#define QUICK_MS 1000 /* one that lived less long: wait before the next */

struct parsers {
	struct loop *loop;
	struct timer *timer;
	int fd;
	int pid; /* 0: none runs */
	uint64_t started;
	char path[PATH_MAX];
};

static void
start(void *arg)
{
	static const char *const argv[] = { "xmpp-sce", NULL };
	struct parsers *p = arg;

	p->timer = NULL;
	p->started = loop_now();
	p->pid = spawn(p->path, argv, &p->fd, 1, SPAWN_APART);
	if (p->pid <= 0) {
		p->pid = 0;
		p->timer = loop_timer(p->loop, QUICK_MS, start, p);
	}
}

struct parsers *
parsers_new(struct loop *loop, int fd)
{
	struct parsers *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		fail("xmpp-sce", "out of memory");
		return NULL;
	}
	if (spawn_find("xmpp-sce", p->path, sizeof(p->path)) != 0) {
		free(p);
		return NULL;
	}
	p->loop = loop;
	p->fd = fd;
	start(p);
	return p;
}

static void
say_gone(const struct parsers *p)
{
	struct buffer b;
	size_t at;

	buffer_init(&b, 64);
	at = frame_begin(&b, M_SCE_GONE, 0);
	if (frame_end(&b, at) == 0)
		send(p->fd, b.data, b.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	buffer_free(&b);
}

/*
 * One that could not begin has killed no message: the front is not told, what
 * it has asked waits in the socket for one that can.
 */
int
parsers_reap(struct parsers *p, int pid, int status)
{
	int quick;

	if (p == NULL || pid == 0 || p->pid != pid)
		return 0;
	p->pid = 0;
	quick = loop_now() - p->started < QUICK_MS;
	if (WIFSIGNALED(status) || !quick)
		say_gone(p);
	p->timer = loop_timer(p->loop, quick ? QUICK_MS : 0, start, p);
	return 1;
}

void
parsers_free(struct parsers *p)
{
	if (p == NULL)
		return;
	timer_cancel(p->timer);
	if (p->pid > 0) {
		kill(p->pid, SIGKILL); /* it holds nothing */
		waitpid(p->pid, NULL, 0);
	}
	free(p);
}
