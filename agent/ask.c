/* SPDX-License-Identifier: ISC */
/*
 * One question at a time, put by the launcher: the passphrase source, askpass
 * for a passphrase, askpass for a yes. Runs in the keeper; the answer comes
 * on a pipe that only the launcher's children write to, into the secure heap.
 * Trusts the launcher with who answered, not with how much: it is bounded.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "crypto/secret.h"

#define ANSWER_ROOM (LIMIT_PASSPHRASE + 2) /* a line's end */
#define NO_MS	    30000 /* a prompt that was cancelled is a no for so long */

struct ask {
	struct keeper *keeper;
	struct watch *watch;
	int fd;
	int kind;
	uint32_t id;
	struct secret answer; /* room; len octets of it are ANSWER_ROOM */
	size_t n;	      /* octets read, counted up to one too many */
	uint64_t no_until;    /* loop_now(): a person is not asked before */
	struct timer *late;   /* nobody answers */
	int withdrawn;	      /* nobody waits for it: its end is no no */
	int was_late,
	    absent;	/* the last one: nobody has, there is no askpass */
	ask_done *done; /* NULL: no question is open */
	void *arg;
};

/* What is in the pipe; without a question it is nobody's answer. */
static void
ask_read(struct ask *a)
{
	uint8_t rest[256], *at;
	size_t room;
	ssize_t n;

	for (;;) {
		at = rest;
		room = sizeof(rest);
		if (a->answer.data != NULL && a->n < a->answer.len) {
			at = a->answer.data + a->n;
			room = a->answer.len - a->n;
		}
		n = read(a->fd, at, room);
		if (n <= 0)
			break;
		if (at == rest)
			a->n = ANSWER_ROOM + 1;
		else
			a->n += (size_t)n;
	}
	secret_wipe(rest, sizeof(rest));
}

static void
ask_ready(void *arg, int events)
{
	struct ask *a = arg;

	if (events & LOOP_HUP)
		watch_set(a->watch, 0);
	ask_read(a);
}

struct ask *
ask_new(struct keeper *k, int fd)
{
	struct ask *a = calloc(1, sizeof(*a));
	int flags = fcntl(fd, F_GETFL);

	if (a == NULL || flags == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    (a->watch = loop_watch(k->loop, fd, 0, ask_ready, a)) == NULL) {
		free(a);
		return NULL;
	}
	a->keeper = k;
	a->fd = fd;
	return a;
}

void
ask_free(struct ask *a)
{
	if (a == NULL)
		return;
	watch_free(a->watch);
	timer_cancel(a->late);
	secret_free(&a->answer);
	free(a);
}

/* Octets of the answer's first line; what else was said is not meant. */
static size_t
ask_line(const struct secret *answer, size_t n)
{
	const uint8_t *end;

	if (answer->data == NULL || n == 0)
		return 0;
	end = memchr(answer->data, '\n', n < answer->len ? n : answer->len);
	if (end == NULL)
		return n;
	n = (size_t)(end - answer->data);
	return n > 0 && answer->data[n - 1] == '\r' ? n - 1 : n;
}

static void
ask_end(struct ask *a, int err)
{
	ask_done *done = a->done;
	struct secret answer = a->answer;
	size_t n = ask_line(&answer, a->n);

	if (err == ERR_CANCELLED && a->kind != ASK_SOURCE && !a->withdrawn &&
	    !a->absent)
		a->no_until = loop_now() + NO_MS;
	timer_cancel(a->late);
	a->late = NULL;
	a->done = NULL;
	a->answer = (struct secret){ 0 };
	a->n = 0;
	watch_set(a->watch, 0);
	if (n > LIMIT_PASSPHRASE && err == 0)
		err = ERR_TOO_LONG;
	done(a->arg, err, err == 0 ? (const char *)answer.data : NULL,
	    err == 0 ? n : 0);
	secret_free(&answer);
	confirm_next(a->keeper);
}

/* Askpass is asked to end; the launcher's reply is what ends the question. */
static void
ask_stop(struct ask *a)
{
	struct buffer body;

	buffer_init(&body, 64);
	buffer_put_u32(&body, a->id);
	(void)connection_send(
	    a->keeper->launcher, M_ASK_END, 0, body.data, body.len);
	buffer_free(&body);
}

static void
ask_late(void *arg)
{
	struct ask *a = arg;

	a->late = NULL;
	a->was_late = 1;
	ask_stop(a);
}

void
ask_question(struct keeper *k, int kind, uint32_t pid, const char *prompt,
    ask_done *done, void *arg)
{
	struct ask *a = k->ask;
	struct buffer body;
	int err = 0;

	if (a->done != NULL) {
		done(arg, ERR_BUSY, NULL, 0);
		return;
	}
	if (kind != ASK_SOURCE && loop_now() < a->no_until) {
		done(arg, ERR_CANCELLED, NULL, 0);
		return;
	}
	ask_read(a); /* what a dead child left behind */
	a->n = 0;
	a->withdrawn = a->was_late = a->absent = 0;
	buffer_init(&body, 4096);
	buffer_put_u8(&body, (uint8_t)kind);
	buffer_put_u32(&body, pid);
	buffer_put_cstring(&body, prompt);
	if ((err = body.err) == 0)
		err = secret_new(&a->answer, ANSWER_ROOM);
	if (++a->id == 0)
		a->id = 1;
	if (err == 0 && kind != ASK_SOURCE) {
		a->late = loop_timer(k->loop, ASK_MS, ask_late, a);
		err = a->late == NULL ? ERR_MEMORY : 0;
	}
	if (err == 0)
		err = connection_send(
		    k->launcher, M_ASK, a->id, body.data, body.len);
	buffer_free(&body);
	if (err != 0) {
		timer_cancel(a->late);
		a->late = NULL;
		secret_free(&a->answer);
		done(arg, err, NULL, 0);
		return;
	}
	a->kind = kind;
	a->done = done;
	a->arg = arg;
	watch_set(a->watch, LOOP_READ);
}

int
ask_is_open(const struct keeper *k)
{
	return k->ask->done != NULL;
}

void
ask_end_now(struct keeper *k)
{
	k->ask->withdrawn = 1;
	ask_stop(k->ask);
}

const char *
ask_why(const struct keeper *k, int err, const char *otherwise)
{
	return err == ERR_CANCELLED && k->ask->absent
	    ? "the agent has no askpass (XMPP_AGENT_ASKPASS or SSH_ASKPASS, "
	      "where it is started)"
	    : err == ERR_CANCELLED && k->ask->was_late
	    ? "nobody has answered the agent's question"
	    : err == ERR_CANCELLED ? ""
				   : otherwise;
}

void
ask_again(struct keeper *k)
{
	k->ask->no_until = 0;
}

int
ask_frame(struct ask *a, struct frame *f)
{
	int status = 1, err = 0;

	if (a->done == NULL || f->id != a->id)
		return ERR_UNKNOWN_MESSAGE;
	if (f->type == M_REPLY) {
		status = reader_u8(&f->body);
		err = reader_end(&f->body);
	} else if (f->type != M_ERROR)
		err = ERR_UNKNOWN_MESSAGE;
	if (err != 0)
		return err;
	ask_read(a);
	a->absent = status == ASK_ABSENT;
	ask_end(a, status == 0 && !a->was_late ? 0 : ERR_CANCELLED);
	return 0;
}
