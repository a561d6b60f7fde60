/* SPDX-License-Identifier: ISC */
/*
 * Lines from stdin. Runs in the front; holds what was read and is not handled
 * yet (it may be text: the buffer is wiped).
 */
#include "input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../ipc/buffer.h"

#define READ_SIZE 16384

struct input {
	struct loop *loop;
	struct watch *watch;
	struct timer *timer; /* go on with what was read before */
	int fd, paused, ended, skipping;
	struct buffer buffer;
	const struct input_handler *handler;
	void *arg;
};

/* Hand out whole lines until paused. */
static void
hand_out(struct input *in)
{
	const char *p, *nl;
	size_t len;

	while (!in->paused && in->buffer.len > 0) {
		p = (const char *)in->buffer.data;
		nl = memchr(p, '\n', in->buffer.len);
		if (nl == NULL && !in->ended)
			break;
		len = nl != NULL ? (size_t)(nl - p) : in->buffer.len;
		if (!in->skipping)
			in->handler->line(in->arg, p, len);
		in->skipping = 0;
		buffer_drop(&in->buffer, len + (nl != NULL));
	}
	if (in->ended == 1 && !in->paused && in->buffer.len == 0) {
		in->ended = 2;
		in->handler->end(in->arg);
	}
}

/* No end of line in a full buffer: drop it all, and the rest up to the end. */
static void
drop_long_line(struct input *in)
{
	if (in->buffer.len <= INPUT_LINE_MAX ||
	    memchr(in->buffer.data, '\n', in->buffer.len) != NULL)
		return;
	if (!in->skipping)
		in->handler->too_long(in->arg);
	in->skipping = 1;
	buffer_clear(&in->buffer);
}

static void
on_ready(void *arg, int events)
{
	struct input *in = arg;
	uint8_t chunk[READ_SIZE];
	ssize_t n;

	(void)events;
	n = read(in->fd, chunk, sizeof(chunk));
	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		in->ended = 1;
		watch_free(in->watch);
		in->watch = NULL;
	} else
		buffer_put(&in->buffer, chunk, (size_t)n);
	explicit_bzero(chunk, sizeof(chunk));
	hand_out(in);
	drop_long_line(in);
}

struct input *
input_new(
    struct loop *loop, int fd, const struct input_handler *handler, void *arg)
{
	struct input *in = calloc(1, sizeof(*in));

	if (in == NULL)
		return NULL;
	in->loop = loop;
	in->fd = fd;
	in->handler = handler;
	in->arg = arg;
	buffer_init(&in->buffer, INPUT_LINE_MAX + 2 * READ_SIZE);
	in->watch = loop_watch(loop, fd, LOOP_READ, on_ready, in);
	if (in->watch == NULL) {
		free(in);
		return NULL;
	}
	return in;
}

void
input_free(struct input *in)
{
	if (in == NULL)
		return;
	watch_free(in->watch);
	timer_cancel(in->timer);
	buffer_free(&in->buffer);
	free(in);
}

static void
on_timer(void *arg)
{
	struct input *in = arg;

	in->timer = NULL;
	hand_out(in);
}

void
input_pause(struct input *in, int paused)
{
	if (in->paused == paused)
		return;
	in->paused = paused;
	if (in->watch != NULL)
		watch_set(in->watch, paused ? 0 : LOOP_READ);
	if (!paused && in->timer == NULL)
		in->timer = loop_timer(in->loop, 0, on_timer, in);
}
