/* SPDX-License-Identifier: ISC */
/*
 * durable ACCOUNT DIR: how many messages a second become durable through the
 * agent's socket, alone (each waits for the last one's answer) and with 64 in
 * flight, beside bare SQLite commits of as many octets in DIR. A front of the
 * bench's own name; what it composes it discards.
 */
#include <err.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../ipc/agent_client.h"
#include "../../ipc/err.h"

#define MESSAGES  960 /* of one measurement; the outbox holds 1,024 */
#define IN_FLIGHT 64
#define TEXT	  200  /* octets of a message */
#define ROW	  1024 /* octets that a sealed one takes, and more */

struct bench {
	const char *account;
	struct agent *agent;
	struct loop *loop;
	unsigned asked, answered;
	uint8_t handles[MESSAGES][HANDLE_SIZE];
};

static uint64_t
nanoseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Messages a second since began. */
static void
report(const char *what, uint64_t began)
{
	printf("%-52s %8.0f /s\n", what,
	    1e9 * MESSAGES / (double)(nanoseconds() - began));
}

/* COMPOSE of message n. */
static void
composed(
    const struct bench *bench, const char *run, unsigned n, struct buffer *b)
{
	char id[32], text[TEXT];

	snprintf(id, sizeof(id), "%s-%u", run, n);
	memset(text, 'x', sizeof(text));
	buffer_init(b, FRAME_MAX);
	buffer_put_cstring(b, bench->account);
	buffer_put_cstring(b, "bench@example.org");
	buffer_put_u8(b, KIND_CHAT);
	buffer_put_cstring(b, id);
	buffer_put_u32(b, 1);
	buffer_put_u8(b, FORMAT_BODY);
	buffer_put_string(b, text, sizeof(text));
}

static void
check(const struct bench *bench, int error, const char *what)
{
	if (error != 0)
		errx(1, "%s: %s: %s", what, err_text(error),
		    agent_error(bench->agent));
}

static void
open_agent(struct bench *bench)
{
	char path[PATH_MAX];
	int fd, error;

	if (agent_socket_path(NULL, path, sizeof(path)) != 0 ||
	    (fd = agent_connect(path)) < 0)
		errx(1, "no agent");
	if ((bench->agent = agent_new(fd, &error)) == NULL)
		errx(1, "%s", err_text(error));
	check(bench,
	    agent_restrict(
		bench->agent, RIGHT_INFO | RIGHT_TEXT, "bench", bench->account),
	    "restrict");
}

static void
discard_all(struct bench *bench)
{
	struct reader reply;
	struct buffer b;

	for (unsigned i = 0; i < MESSAGES; i++) {
		buffer_init(&b, FRAME_MAX);
		buffer_put_cstring(&b, bench->account);
		buffer_put(&b, bench->handles[i], HANDLE_SIZE);
		check(bench, agent_call(bench->agent, M_DISCARD, &b, &reply),
		    "discard");
		buffer_free(&b);
	}
}

static void
alone(struct bench *bench)
{
	uint64_t began = nanoseconds();
	struct reader reply;
	struct buffer b;

	for (unsigned i = 0; i < MESSAGES; i++) {
		composed(bench, "alone", i, &b);
		check(bench, agent_call(bench->agent, M_COMPOSE, &b, &reply),
		    "compose");
		reader_fixed(&reply, bench->handles[i], HANDLE_SIZE);
		buffer_free(&b);
	}
	report("agent, one after the other", began);
	discard_all(bench);
}

static void ask(struct bench *);

static void
on_answer(void *arg, int error, struct reader *reply)
{
	struct bench *bench = arg;

	check(bench, error, "compose");
	/* answers come in the order of the requests */
	reader_fixed(reply, bench->handles[bench->answered++], HANDLE_SIZE);
	if (bench->answered == MESSAGES)
		loop_stop(bench->loop, 0);
	else
		ask(bench);
}

static void
ask(struct bench *bench)
{
	struct buffer b;

	if (bench->asked == MESSAGES)
		return;
	composed(bench, "flight", bench->asked++, &b);
	check(bench,
	    agent_request(bench->agent, M_COMPOSE, &b, on_answer, bench),
	    "compose");
	buffer_free(&b);
}

static void
on_event(void *arg, uint8_t type, struct reader *body)
{
	(void)arg;
	(void)type;
	(void)body;
}

static void
on_closed(void *arg, int error)
{
	(void)arg;
	errx(1, "the agent is gone: %s", err_text(error));
}

static void
in_flight(struct bench *bench)
{
	static const struct agent_handler handler = {
		.event = on_event,
		.closed = on_closed,
	};
	uint64_t began;

	if ((bench->loop = loop_new()) == NULL)
		errx(1, "out of memory");
	check(bench, agent_attach(bench->agent, bench->loop, &handler, bench),
	    "attach");
	began = nanoseconds();
	for (unsigned i = 0; i < IN_FLIGHT; i++)
		ask(bench);
	if (loop_run(bench->loop) != 0)
		errx(1, "the loop has ended");
	report("agent, 64 in flight", began);
	agent_free(bench->agent);
	loop_free(bench->loop);
	open_agent(bench);
	discard_all(bench);
	agent_free(bench->agent);
}

/* --- SQLite alone, with the store's settings -------------------------------- */

static void
sql(sqlite3 *db, const char *text)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		errx(1, "%s: %s", text, sqlite3_errmsg(db));
}

static void
bare(const char *dir, unsigned group, const char *what)
{
	char path[PATH_MAX], row[ROW];
	uint64_t began;
	sqlite3_stmt *put;
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/bare-%u.db", dir, group);
	if (sqlite3_open(path, &db) != SQLITE_OK)
		errx(1, "%s: %s", path, sqlite3_errmsg(db));
	sql(db,
	    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
	    "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
	    "CREATE TABLE r (k INTEGER PRIMARY KEY, v BLOB)");
	if (sqlite3_prepare_v2(db, "INSERT INTO r (v) VALUES (?)", -1, &put,
		NULL) != SQLITE_OK)
		errx(1, "%s", sqlite3_errmsg(db));
	memset(row, 'x', sizeof(row));
	began = nanoseconds();
	for (unsigned i = 0; i < MESSAGES; i++) {
		if (i % group == 0)
			sql(db, "BEGIN");
		sqlite3_bind_blob(put, 1, row, sizeof(row), SQLITE_STATIC);
		if (sqlite3_step(put) != SQLITE_DONE)
			errx(1, "%s", sqlite3_errmsg(db));
		sqlite3_reset(put);
		if (i % group == group - 1)
			sql(db, "COMMIT");
	}
	report(what, began);
	sqlite3_finalize(put);
	sqlite3_close(db);
}

int
main(int argc, char *argv[])
{
	struct bench bench = { 0 };

	if (argc != 3)
		errx(64, "usage: durable ACCOUNT DIR");
	bench.account = argv[1];
	open_agent(&bench);
	alone(&bench);
	in_flight(&bench);
	bare(argv[2], 1, "bare SQLite, a row of 1 KiB a commit");
	bare(argv[2], IN_FLIGHT, "bare SQLite, 64 rows of 1 KiB a commit");
	return 0;
}
