/* SPDX-License-Identifier: ISC */
/*
 * Lines from stdin when it is not a terminal (or in JSON mode).
 */
#ifndef CLIENT_CHAT_INPUT_H
#define CLIENT_CHAT_INPUT_H

#include <stddef.h>

#include "../../ipc/loop.h"

/* 64 KiB of text, each octet escaped as \u00xx, and what is round it. */
#define INPUT_LINE_MAX (6 * 64 * 1024 + 8192)

struct input;

struct input_handler {
	/* One line without its end. */
	void (*line)(void *arg, const char *line, size_t len);
	/* A line over INPUT_LINE_MAX was dropped. */
	void (*too_long)(void *arg);
	/* Nothing more comes. partial: a last line had no end and was handed
	 * to line() all the same. */
	void (*end)(void *arg);
};

/* NULL: out of memory. */
struct input *
input_new(struct loop *, int fd, const struct input_handler *, void *arg);
void input_free(struct input *);
/* Stop or resume; lines read already wait. May be called in line(). */
void input_pause(struct input *, int paused);

#endif
