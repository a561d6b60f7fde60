/* SPDX-License-Identifier: ISC */
/*
 * One link after another. Runs in xmpp-get, which is not filtered: it starts
 * the two programs that do the work and makes the file. It reads links, by a
 * strict decoder, and nothing from the network; it holds a link's key while
 * its file is on the way. It believes xmpp-cipher that a tag is good.
 */
#include "get.h"

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../ipc/err.h"
#include "../common/fail.h"
#include "../common/text.h"
#include "../files/job.h"
#include "../files/meter.h"
#include "../files/start.h"

struct fetch {
	struct get *get;
	struct place place;
	struct meter meter;
	char name[AESGCM_NAME];
	int code;
};

static void
on_progress(void *arg, uint64_t octets, uint64_t of)
{
	struct fetch *f = arg;

	meter_draw(&f->meter, octets, of);
}

/* Only here does the file get its name. */
static void
keep(struct fetch *f)
{
	char name[PLACE_NAME];

	if (place_keep(&f->place, f->name, name) != 0) {
		f->code = fail(f->name, "%s", strerror(errno));
		return;
	}
	f->code = DONE;
	text_print(stdout, f->get->directory);
	putchar('/');
	text_print(stdout, name);
	putchar('\n');
	if (fflush(stdout) == EOF)
		f->code = fail("stdout", "%s", strerror(errno));
}

static void
on_ended(void *arg, const char *reason)
{
	struct fetch *f = arg;

	meter_clear(&f->meter);
	if (reason != NULL)
		f->code = fail(f->name, "not fetched: %s", reason);
	else
		keep(f);
	loop_stop(f->get->loop, 0);
}

static int
run(struct fetch *f, const struct aesgcm *link)
{
	static const struct job_handler handler = {
		.progress = on_progress,
		.ended = on_ended,
	};
	struct files_started s;
	struct job *job;
	int err;

	if (files_start(f->place.fd, NULL, f->get->ca_file, &s) != 0)
		return REFUSED;
	job = job_new(f->get->loop, s.cipher, s.transfer, &handler, f);
	if (job != NULL) {
		job_get(job, link, f->get->max);
		err = loop_run(f->get->loop);
		job_free(job); /* they see the end of their links */
		if (err < 0)
			f->code = fail("loop", "%s", err_text(err));
		else if (f->get->stopped)
			meter_clear(&f->meter);
	}
	for (size_t i = 0; i < 2; i++) {
		kill(s.pids[i], SIGKILL); /* one that has not ended is stuck */
		waitpid(s.pids[i], NULL, 0);
	}
	return job != NULL ? f->code : fail(NULL, "out of memory");
}

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static void
on_signal(void *arg, int signo)
{
	struct get *get = arg;

	(void)signo;
	get->stopped = 1;
	loop_stop(get->loop, 0);
}

static struct loop *
loop_begin(struct get *get)
{
	struct loop *loop = loop_new();
	int err = loop == NULL;

	for (size_t i = 0; i < SIGNALS && err == 0; i++)
		err = loop_signal(loop, signals[i], on_signal, get);
	if (err == 0)
		return loop;
	loop_free(loop);
	return NULL;
}

/* Between two links there is nothing to be tidied up: a signal ends us. */
static void
loop_end(struct loop *loop)
{
	sigset_t ours;

	loop_free(loop);
	sigemptyset(&ours);
	for (size_t i = 0; i < SIGNALS; i++) {
		signal(signals[i], SIG_DFL);
		sigaddset(&ours, signals[i]);
	}
	sigprocmask(SIG_UNBLOCK, &ours, NULL);
}

int
get_file(struct get *get, const struct aesgcm *link)
{
	struct fetch f = { .get = get, .code = REFUSED };
	int code;

	aesgcm_name(&link->url, f.name);
	f.meter.name = f.name;
	get->loop = loop_begin(get);
	if (get->loop == NULL)
		return fail(NULL, "out of memory");
	if (place_new(get->dir, &f.place) != 0)
		code = fail(get->directory, "%s", strerror(errno));
	else
		code = run(&f, link);
	place_end(&f.place);
	loop_end(get->loop);
	return code;
}

/* One line of the input; DONE also if there is no link in it. */
static int
get_line(struct get *get, char *line, size_t number)
{
	struct aesgcm link;
	const char *why;
	char where[32];
	int code;

	line += strspn(line, " \t");
	line[strcspn(line, " \t\r\n")] = '\0';
	/* the thumbnail that stands below a link is not a link */
	if (*line == '\0' || strncmp(line, "data:", 5) == 0)
		return DONE;
	snprintf(where, sizeof(where), "line %zu", number);
	if (aesgcm_read(line, &link, &why) != 0)
		return fail(where, "%s", why);
	code = get_file(get, &link);
	explicit_bzero(&link, sizeof(link));
	return code;
}

int
get_all(struct get *get)
{
	int ask = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	char *line = NULL;
	size_t size = 0, number = 0;
	int code = DONE;

	for (;;) {
		if (ask)
			fputs("Link: ", stderr);
		if (getline(&line, &size, stdin) == -1)
			break;
		if (get_line(get, line, ++number) != DONE)
			code = REFUSED;
		if (get->stopped)
			break;
	}
	if (ferror(stdin))
		code = fail("stdin", "%s", strerror(errno));
	else if (number == 0)
		code = fail("stdin", "no link");
	if (line != NULL)
		explicit_bzero(line, size);
	free(line);
	return code;
}
