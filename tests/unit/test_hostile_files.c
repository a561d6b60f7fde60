/* SPDX-License-Identifier: ISC */
/*
 * xmpp-cipher and xmpp-transfer taken over, or dead, as xmpp-get and xmpp-send
 * see them (client/files/job.c): neither is believed alone, neither keeps the
 * user waiting when the other has failed, and the transfer is not told the key.
 */
#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../client/files/job.h"
#include "../../ipc/frame.h"
#include "../../ipc/messages.h"
#include "check.h"

#define KEY	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define LINK_TEXT "aesgcm://localhost:1/f#000102030405060708090a0b" KEY
#define BOUND_MS  10000

struct said { /* what one of the two says; type 0: it ends */
	int transfer;
	uint8_t type;
	const char *reason;
};

struct play {
	struct loop *loop;
	struct job *job;
	int ends[2]; /* the lower ends: cipher, transfer */
	unsigned ended;
	char reason[600];
};

static void
on_progress(void *arg, uint64_t octets, uint64_t of)
{
	(void)arg;
	(void)octets;
	(void)of;
}

static void
on_ended(void *arg, const char *reason)
{
	struct play *p = arg;

	p->ended++;
	(void)snprintf(p->reason, sizeof p->reason, "%s",
	    reason != NULL ? reason : "it has arrived");
	loop_stop(p->loop, 0);
}

static void
too_late(void *arg)
{
	struct play *p = arg;

	loop_stop(p->loop, 1);
}

static void
play_begin(struct play *p, struct aesgcm *link)
{
	static const struct job_handler handler = { .progress = on_progress,
		.ended = on_ended };
	int fds[2][2];
	const char *why;

	memset(p, 0, sizeof *p);
	p->loop = loop_new();
	assert_non_null(p->loop);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds[i]),
		    0);
		p->ends[i] = fds[i][1];
	}
	p->job = job_new(p->loop, fds[0][0], fds[1][0], &handler, p);
	assert_non_null(p->job);
	assert_int_equal(aesgcm_read(LINK_TEXT, link, &why), 0);
	job_get(p->job, link, 4096);
}

/* Until the job has ended or the bound is reached: 1. */
static int
play_on(struct play *p)
{
	struct timer *bound = loop_timer(p->loop, BOUND_MS, too_late, p);
	int late = loop_run(p->loop);

	if (!late)
		timer_cancel(bound);
	return late;
}

static void
play_end(struct play *p)
{
	job_free(p->job);
	loop_free(p->loop);
	for (int i = 0; i < 2; i++)
		if (p->ends[i] != -1)
			close(p->ends[i]);
}

static void
say(struct play *p, const struct said *a)
{
	struct buffer b;
	size_t at;

	if (a->type == 0) {
		close(p->ends[a->transfer]);
		p->ends[a->transfer] = -1;
		return;
	}
	buffer_init(&b, FRAME_MAX);
	at = frame_begin(&b, a->type, 0);
	if (a->type == M_FILE_DONE)
		buffer_put_u64(&b, 4096);
	else if (a->reason != NULL)
		buffer_put_cstring(&b, a->reason);
	assert_int_equal(frame_end(&b, at), 0);
	assert_int_equal(
	    write(p->ends[a->transfer], b.data, b.len), (ssize_t)b.len);
	buffer_free(&b);
}

/* Each pair is what one and then the other does; none may be the file's. */
static void
test_lies(void **state)
{
	static const struct {
		struct said acts[3];
		const char *reason;
	} plays[] = {
		/* the transfer says that all is well, and it is not */
		{ { { 1, M_FILE_DONE, NULL }, { 0, M_FILE_FAILED, "no tag" } },
		    "no tag" },
		{ { { 1, M_FILE_DONE, NULL }, { 0, 0, NULL } },
		    "xmpp-cipher has ended unasked" },
		/* twice does not make two */
		{ { { 1, M_FILE_DONE, NULL }, { 1, M_FILE_DONE, NULL },
		      { 0, 0, NULL } },
		    "xmpp-cipher has ended unasked" },
		/* the cipher alone */
		{ { { 0, M_FILE_DONE, NULL }, { 1, 0, NULL } },
		    "xmpp-transfer has ended unasked" },
		{ { { 0, M_FILE_DONE, NULL },
		      { 1, M_FILE_FAILED, "it broke off there" } },
		    "it broke off there" },
		/* well after all is too late */
		{ { { 1, M_FILE_FAILED, "gone" }, { 1, M_FILE_DONE, NULL },
		      { 0, M_FILE_DONE, NULL } },
		    "gone" },
		/* what they may not say */
		{ { { 1, M_FILE_GET, "x" }, { 0, M_FILE_DONE, NULL } },
		    "xmpp-transfer has ended unasked" },
		{ { { 0, M_FILE_OPEN, "x" }, { 1, M_FILE_DONE, NULL } },
		    "xmpp-cipher has ended unasked" },
		{ { { 1, M_REPLY, "x" }, { 0, M_FILE_DONE, NULL } },
		    "xmpp-transfer has ended unasked" },
	};
	struct aesgcm link;
	struct play p;

	(void)state;
	for (size_t i = 0; i < sizeof plays / sizeof *plays; i++) {
		play_begin(&p, &link);
		for (int k = 0; k < 3; k++)
			if (plays[i].acts[k].type != 0 ||
			    (k > 0 && plays[i].acts[k - 1].type != 0))
				say(&p, &plays[i].acts[k]);
		assert_int_equal(play_on(&p), 0);
		assert_string_equal(p.reason, plays[i].reason);
		assert_int_equal(p.ended, 1);
		play_end(&p);
	}
}

/* One is dead and the other says nothing, for ever. */
static void
test_silent(void **state)
{
	struct aesgcm link;
	struct play p;

	(void)state;
	for (int dead = 0; dead < 2; dead++) {
		const struct said end = { dead, 0, NULL };
		const struct said failed = { dead, M_FILE_FAILED, "why" };

		play_begin(&p, &link);
		say(&p, &end);
		assert_int_equal(play_on(&p), 0);
		assert_non_null(strstr(p.reason, " has ended unasked"));
		/* what it says after the end is not heard */
		if (dead == 0)
			say(&p, &(const struct said){ 1, M_FILE_DONE, NULL });
		assert_int_equal(p.ended, 1);
		play_end(&p);
		play_begin(&p, &link);
		say(&p, &failed);
		assert_int_equal(play_on(&p), 0);
		assert_string_equal(p.reason, "why");
		play_end(&p);
	}
}

/* Of the link the transfer gets the address, the cipher the key. */
static void
test_key(void **state)
{
	struct aesgcm link;
	uint8_t octets[8192];
	struct play p;
	ssize_t n;

	(void)state;
	play_begin(&p, &link);
	say(&p, &(const struct said){ 0, 0, NULL });
	assert_int_equal(play_on(&p), 0);
	n = read(p.ends[1], octets, sizeof octets);
	assert_true(n > 0);
	assert_non_null(memmem(octets, (size_t)n, "localhost", 9));
	assert_null(memmem(octets, (size_t)n, link.key, 8));
	assert_null(memmem(octets, (size_t)n, link.iv, 8));
	assert_null(memmem(octets, (size_t)n, KEY, 8));
	assert_null(memmem(octets, (size_t)n, "#", 1));
	play_end(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
