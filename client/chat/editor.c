/* SPDX-License-Identifier: ISC */
/*
 * The terminal of xmpp-chat: the line being typed stays below what comes in.
 * Runs in the front, filtered (ioctl on the terminal is allowed); holds the
 * line. What is printed from it went through line.c: it only prints.
 */
#include "editor.h"

#include <sys/ioctl.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "../common/text.h"

#define PROMPT_MAX 256
#define READ_SIZE  4096

struct editor {
	struct loop *loop;
	struct watch *watch;
	struct termios saved, raw;
	struct line line;
	char prompt[PROMPT_MAX];
	int hidden, *dead; /* dead: set by editor_free inside a callback */
	const struct editor_handler *handler;
	void *arg;
};

static size_t
columns(void)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == -1 || size.ws_col < 8)
		return 80;
	return size.ws_col;
}

static size_t
next_char(const char *p, size_t n)
{
	uint32_t cp;
	size_t used = text_next(p, n, &cp);

	return used == 0 ? 1 : used;
}

/* Prompt and the part of the line round the cursor that fits in one row. */
static void
draw(struct editor *ed)
{
	const struct line *l = &ed->line;
	size_t cols = columns(), room, from = 0, to, width, used;
	const char *prompt = ed->prompt;

	if (line_width(prompt, strlen(prompt)) > cols / 2)
		prompt = "> ";
	room = cols - line_width(prompt, strlen(prompt)) - 1;
	while ((width = line_width(l->text + from, l->at - from)) > room)
		from += next_char(l->text + from, l->at - from);
	for (to = l->at; to < l->len; to += used) {
		used = next_char(l->text + to, l->len - to);
		if (line_width(l->text + from, to + used - from) > room)
			break;
	}
	printf("\r%s%.*s\033[K\r", prompt, (int)(to - from), l->text + from);
	width += line_width(prompt, strlen(prompt));
	if (width > 0)
		printf("\033[%zuC", width);
	fflush(stdout);
}

void
editor_hide(struct editor *ed)
{
	if (ed == NULL || ed->hidden++ > 0)
		return;
	fputs("\r\033[K", stdout);
}

void
editor_show(struct editor *ed)
{
	if (ed == NULL || --ed->hidden > 0)
		return;
	draw(ed);
}

/* The line is whole: hand it over, with the row it was typed in cleared. */
static void
finish_line(struct editor *ed)
{
	struct line *l = &ed->line;
	size_t len = l->len;
	char *copy = malloc(len + 1);

	if (copy == NULL)
		return;
	memcpy(copy, l->text, len);
	copy[len] = '\0';
	explicit_bzero(l, sizeof(*l));
	editor_hide(ed);
	ed->handler->line(ed->arg, copy, len);
	freezero(copy, len + 1);
}

static void
feed(struct editor *ed, unsigned char c, int *dead)
{
	switch (line_feed(&ed->line, c)) {
	case LINE_DONE:
		finish_line(ed);
		if (!*dead)
			editor_show(ed);
		break;
	case LINE_END:
		ed->handler->end(ed->arg);
		break;
	case LINE_CLEAR:
		fputs("\033[H\033[2J", stdout);
		break;
	case LINE_BELL:
		fputc('\a', stdout);
		break;
	case LINE_MORE:
		break;
	}
}

static void
on_ready(void *arg, int events)
{
	struct editor *ed = arg;
	unsigned char chunk[READ_SIZE];
	int dead = 0;
	ssize_t n;

	(void)events;
	n = read(STDIN_FILENO, chunk, sizeof(chunk));
	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	ed->dead = &dead;
	if (n <= 0) {
		watch_free(ed->watch);
		ed->watch = NULL;
		ed->handler->end(ed->arg);
	}
	for (ssize_t i = 0; i < n && !dead; i++)
		feed(ed, chunk[i], &dead);
	explicit_bzero(chunk, sizeof(chunk));
	if (dead)
		return;
	ed->dead = NULL;
	if (ed->watch != NULL)
		ed->handler->typed(ed->arg, ed->line.text, ed->line.len);
	if (ed->hidden == 0)
		draw(ed);
}

struct editor *
editor_new(struct loop *loop, const struct editor_handler *handler, void *arg)
{
	struct editor *ed = calloc(1, sizeof(*ed));

	if (ed == NULL)
		return NULL;
	ed->loop = loop;
	ed->handler = handler;
	ed->arg = arg;
	if (tcgetattr(STDIN_FILENO, &ed->saved) == -1)
		goto fail;
	ed->raw = ed->saved;
	ed->raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO | IEXTEN);
	ed->raw.c_cc[VMIN] = 1;
	ed->raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &ed->raw) == -1)
		goto fail;
	ed->watch = loop_watch(loop, STDIN_FILENO, LOOP_READ, on_ready, ed);
	if (ed->watch != NULL)
		return ed;
fail:
	free(ed);
	return NULL;
}

void
editor_free(struct editor *ed)
{
	if (ed == NULL)
		return;
	if (ed->hidden == 0)
		fputs("\r\033[K", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &ed->saved);
	watch_free(ed->watch);
	if (ed->dead != NULL)
		*ed->dead = 1;
	explicit_bzero(&ed->line, sizeof(ed->line));
	free(ed);
}

void
editor_prompt(struct editor *ed, const char *prompt)
{
	if (ed == NULL)
		return;
	text_vis(ed->prompt, sizeof(ed->prompt), prompt, strlen(prompt));
	if (ed->hidden == 0)
		draw(ed);
}

void
editor_resume(struct editor *ed)
{
	if (ed == NULL)
		return;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &ed->raw);
	if (ed->hidden == 0)
		draw(ed);
}
