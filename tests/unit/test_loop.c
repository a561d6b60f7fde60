/* SPDX-License-Identifier: ISC */
/* The loop: order, removal inside callbacks, timers, signals, hooks. */
#include <sys/socket.h>
#include <sys/syscall.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../ipc/err.h"
#include "../../ipc/loop.h"
#include "check.h"

static struct {
	struct loop *loop;
	struct watch *w[3];
	struct timer *t[3];
	char log[256];
	int turns, fds[2];
} at;

static _Atomic time_t jump; /* seconds that the clock has jumped by */

/* In the place of libc's: the clock of a machine that has slept. */
int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int r = (int)syscall(SYS_clock_gettime, id, ts);

	ts->tv_sec += jump;
	return r;
}

static void
note(const char *s)
{
	strncat(at.log, s, sizeof(at.log) - strlen(at.log) - 1);
}

static void
too_late(void *arg)
{
	(void)arg;
	loop_stop(at.loop, -99);
}

/* Every test ends within ten seconds, or fails. */
static int
set_up(void **state)
{
	(void)state;
	memset(&at, 0, sizeof(at));
	at.loop = loop_new();
	if (at.loop == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, at.fds) != 0)
		return -1;
	return loop_timer(at.loop, 10000, too_late, NULL) == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	loop_free(at.loop);
	close(at.fds[0]);
	close(at.fds[1]);
	return 0;
}

static void
on_timer(void *arg)
{
	note(arg);
	if (strcmp(arg, "c") == 0)
		loop_stop(at.loop, 7);
}

static char a[] = "a", b[] = "b", c[] = "c", d[] = "d";

static void
test_timer_order(void **state)
{
	uint64_t start = loop_now();

	(void)state;
	loop_timer(at.loop, 30, on_timer, c);
	loop_timer(at.loop, 10, on_timer, a);
	loop_timer(at.loop, 20, on_timer, b);
	loop_timer(at.loop, UINT64_MAX, on_timer, d); /* never */
	timer_cancel(loop_timer(at.loop, 0, on_timer, d));
	timer_cancel(NULL);
	assert_int_equal(loop_run(at.loop), 7);
	assert_string_equal(at.log, "abc");
	assert_true(loop_now() - start >= 30);
}

static void
cancel_next(void *arg)
{
	note(arg);
	timer_cancel(at.t[1]); /* due too, not fired */
}

/* A timer cancels another that is due in the same turn. */
static void
test_timer_cancel_due(void **state)
{
	(void)state;
	at.t[0] = loop_timer(at.loop, 0, cancel_next, a);
	at.t[1] = loop_timer(at.loop, 0, on_timer, b);
	at.t[2] = loop_timer(at.loop, 1, on_timer, c);
	assert_int_equal(loop_run(at.loop), 7);
	assert_string_equal(at.log, "ac");
}

static void
again(void *arg)
{
	(void)arg;
	if (at.turns++ < 1000)
		loop_timer(at.loop, 0, again, NULL);
}

static void
readable(void *arg, int events)
{
	(void)arg;
	assert_true(events & LOOP_READ);
	note("r");
	loop_stop(at.loop, 1);
}

/* Timers that make timers of 0 ms do not starve descriptors. */
static void
test_timer_endless(void **state)
{
	(void)state;
	loop_timer(at.loop, 0, again, NULL);
	assert_non_null(
	    loop_watch(at.loop, at.fds[0], LOOP_READ, readable, NULL));
	assert_int_equal(write(at.fds[1], "x", 1), 1);
	assert_int_equal(loop_run(at.loop), 1);
	assert_string_equal(at.log, "r");
	assert_true(at.turns <= 2);
}

static void
free_all(void *arg, int events)
{
	(void)events;
	note(arg);
	for (int i = 0; i < 3; i++)
		watch_free(at.w[i]);
	loop_timer(at.loop, 5, on_timer, c);
}

/* The first of three ready watches frees all three, itself included. */
static void
test_watch_removal(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		at.w[i] =
		    loop_watch(at.loop, at.fds[0], LOOP_READ, free_all, a);
	watch_free(NULL);
	assert_int_equal(write(at.fds[1], "x", 1), 1);
	assert_int_equal(loop_run(at.loop), 7);
	assert_string_equal(at.log, "ac");
}

static void
silence_others(void *arg, int events)
{
	(void)events;
	note(arg);
	for (int i = 0; i < 3; i++)
		watch_set(at.w[i], 0);
	loop_timer(at.loop, 5, on_timer, c);
}

/* What is switched off inside a turn is not called in it any more. */
static void
test_watch_set(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		at.w[i] = loop_watch(
		    at.loop, at.fds[0], LOOP_READ, silence_others, a);
	assert_int_equal(write(at.fds[1], "x", 1), 1);
	assert_int_equal(loop_run(at.loop), 7);
	assert_string_equal(at.log, "ac");
}

static void
on_hup(void *arg, int events)
{
	(void)arg;
	loop_stop(at.loop, events);
}

static void
test_hup(void **state)
{
	(void)state;
	at.w[0] = loop_watch(at.loop, at.fds[0], 0, on_hup, NULL);
	close(at.fds[1]);
	loop_timer(at.loop, 5, on_timer, c);
	assert_int_equal(loop_run(at.loop), 7); /* not polled: no busy loop */
	watch_set(at.w[0], LOOP_WRITE);
	assert_true(loop_run(at.loop) & LOOP_HUP);
	at.fds[1] = dup(at.fds[0]);
}

static void
on_wake(void *arg, int events)
{
	(void)arg;
	assert_int_equal(events, LOOP_READ);
	note("w");
	loop_stop(at.loop, 3);
}

static void
test_wake(void **state)
{
	(void)state;
	at.w[0] = loop_watch(at.loop, at.fds[0], 0, on_wake, NULL);
	watch_wake(at.w[0]);
	assert_int_equal(loop_run(at.loop), 3);
	loop_timer(at.loop, 5, on_timer, c);
	assert_int_equal(loop_run(at.loop), 7); /* once only */
	assert_string_equal(at.log, "wc");
}

static struct loop_deferred late = { .fn = on_timer, .arg = d };

static void
hook(void *arg)
{
	note(arg);
	if (strcmp(arg, "2") == 0)
		loop_defer(at.loop, &late);
}

/* Hooks in their order, after callbacks; deferred calls after hooks, once. */
static void
test_hooks(void **state)
{
	static char one[] = "1", two[] = "2";

	(void)state;
	assert_int_equal(loop_after(at.loop, hook, one), 0);
	assert_int_equal(loop_after(at.loop, hook, two), 0);
	loop_timer(at.loop, 0, on_timer, c);
	loop_defer(at.loop, &late);
	loop_defer(at.loop, &late);
	assert_int_equal(loop_run(at.loop), 7);
	assert_string_equal(at.log, "12dc12d");
	loop_defer(at.loop, &late);
	loop_undefer(at.loop, &late);
	loop_undefer(at.loop, &late);
}

static void
on_signal(void *arg, int signo)
{
	(void)arg;
	note(signo == SIGUSR1 ? "1" : "2");
	if (signo == SIGUSR2)
		loop_stop(at.loop, 5);
}

static void
raise_both(void *arg)
{
	(void)arg;
	raise(SIGUSR1);
	note("raised"); /* blocked: not handled here */
	raise(SIGUSR2);
}

static void
test_signals(void **state)
{
	(void)state;
	assert_int_equal(loop_signal(at.loop, SIGUSR1, on_signal, NULL), 0);
	assert_int_equal(loop_signal(at.loop, SIGUSR2, on_signal, NULL), 0);
	assert_int_equal(
	    loop_signal(at.loop, 0, on_signal, NULL), ERR_ARGUMENT);
	assert_int_equal(
	    loop_signal(at.loop, NSIG, on_signal, NULL), ERR_ARGUMENT);
	loop_timer(at.loop, 0, raise_both, NULL);
	assert_int_equal(loop_run(at.loop), 5);
	assert_string_equal(at.log, "raised12");
}

static void
on_many(void *arg, int events)
{
	(void)arg;
	(void)events;
	if (++at.turns == 200)
		loop_stop(at.loop, 2);
}

/* More watches than the first array has room for; all are called. */
static void
test_many(void **state)
{
	struct watch *w[200];

	(void)state;
	for (int i = 0; i < 200; i++)
		assert_non_null(w[i] = loop_watch(at.loop, at.fds[0],
				    LOOP_WRITE, on_many, NULL));
	assert_int_equal(loop_run(at.loop), 2);
	assert_int_equal(at.turns, 200);
	for (int i = 0; i < 200; i += 2)
		watch_free(w[i]);
}

static void *
sleep_well(void *arg)
{
	usleep(300000); /* until the loop waits */
	jump = 100;
	return arg;
}

/* A suspend: what fell due in it is done soon after, not a minute later. */
static void
test_suspend(void **state)
{
	struct loop *l = loop_new();
	struct timespec began, ended;
	pthread_t thread;

	(void)state;
	assert_non_null(l);
	at.loop = l;
	(void)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &began);
	assert_non_null(loop_timer(l, 60000, on_timer, c));
	assert_int_equal(pthread_create(&thread, NULL, sleep_well, NULL), 0);
	assert_int_equal(loop_run(l), 7);
	assert_int_equal(pthread_join(thread, NULL), 0);
	(void)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ended);
	assert_true(ended.tv_sec - began.tv_sec <= 12);
	jump = 0;
	loop_free(l);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_timer_order),
		TEST(test_timer_cancel_due),
		TEST(test_timer_endless),
		TEST(test_watch_removal),
		TEST(test_watch_set),
		TEST(test_hup),
		TEST(test_wake),
		TEST(test_hooks),
		TEST(test_signals),
		TEST(test_many),
		cmocka_unit_test(test_suspend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
