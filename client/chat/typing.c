/* SPDX-License-Identifier: ISC */
/*
 * When a contact is told that its user types. Runs in the front; holds the
 * contact's address, nothing of what is typed.
 */
#include "typing.h"

#include <string.h>

#include <bsd/string.h>

void
typing_init(struct typist *t, struct loop *loop, typing_say *say, void *arg)
{
	memset(t, 0, sizeof(*t));
	t->loop = loop;
	t->say = say;
	t->arg = arg;
}

void
typing_end(struct typist *t)
{
	timer_cancel(t->timer);
	t->timer = NULL;
	t->told = 0;
}

static void
pause_now(struct typist *t)
{
	int told = t->told;

	typing_end(t);
	if (told)
		t->say(t->arg, t->to, "paused");
}

static void
on_pause(void *arg)
{
	struct typist *t = arg;

	t->timer = NULL;
	pause_now(t);
}

void
typing_typed(struct typist *t, const char *to, const char *line, size_t len)
{
	int types = len > 0 && line[0] != '/' && to[0] != '\0';

	if (t->told && (!types || strcmp(t->to, to) != 0))
		pause_now(t);
	if (!types)
		return;
	timer_cancel(t->timer);
	t->timer = loop_timer(t->loop, TYPING_PAUSE_MS, on_pause, t);
	if (t->told)
		return;
	t->told = 1;
	strlcpy(t->to, to, sizeof(t->to));
	t->say(t->arg, to, "composing");
}

void
typing_sent(struct typist *t, const char *to)
{
	if (t->told && strcmp(t->to, to) == 0)
		typing_end(t);
}
