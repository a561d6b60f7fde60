/* SPDX-License-Identifier: ISC */
/*
 * The ppoll loop. Linked into every process that waits for more than one
 * thing; holds nothing. A watch that is freed inside a callback is only
 * marked, and swept at the end of the turn.
 */
#include "loop.h"

#include <sys/types.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include <bsd/stdlib.h>
#include <bsd/sys/queue.h>

#include "err.h"

/*
 * ppoll waits on a clock that stands still during a suspend, the timers' does
 * not: while a timer runs, never sleep longer than this before looking at the
 * clock again. A connection that died in the sleep is noticed so much later.
 */
#define LOOP_SLEEP_MAX_MS 10000
#define LOOP_IDLE_MS	  3600000

struct watch {
	TAILQ_ENTRY(watch) entry;
	struct loop *loop;
	int fd;
	int events; /* asked for */
	int woken;  /* watch_wake */
	int dead;   /* freed, waits for the sweep */
	void (*fn)(void *arg, int events);
	void *arg;
};

TAILQ_HEAD(watches, watch);

struct timer {
	TAILQ_ENTRY(timer) entry;
	struct loop *loop;
	uint64_t due;  /* loop_now's milliseconds */
	uint64_t turn; /* the turn in which it was made */
	void (*fn)(void *arg);
	void *arg;
};

TAILQ_HEAD(timers, timer);

struct after {
	STAILQ_ENTRY(after) entry;
	void (*fn)(void *arg);
	void *arg;
};

struct loop {
	struct watches watches;
	size_t nwatches; /* dead ones included */
	int swept;	 /* no watch is dead */
	struct pollfd *pollfds;
	struct watch **polled; /* the watch of each pollfd */
	size_t room;	       /* of both arrays, >= nwatches */
	struct timers timers;  /* earliest first */
	STAILQ_HEAD(, after) afters;
	TAILQ_HEAD(, loop_deferred) deferred;
	uint64_t turn;
	int stopped, value;
	sigset_t mask; /* during ppoll */

	struct {
		void (*fn)(void *arg, int signo);
		void *arg;
	} signals[NSIG];
};

static volatile sig_atomic_t caught[NSIG]; /* set by the handler alone */

uint64_t
loop_now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_BOOTTIME, &ts) != 0)
		abort(); /* cannot fail on a kernel with this clock */
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

struct loop *
loop_new(void)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	TAILQ_INIT(&l->watches);
	TAILQ_INIT(&l->timers);
	STAILQ_INIT(&l->afters);
	TAILQ_INIT(&l->deferred);
	l->swept = 1;
	sigprocmask(SIG_BLOCK, NULL, &l->mask);
	signal(SIGPIPE, SIG_IGN); /* a peer that is gone is an errno */
	return l;
}

static void
loop_sweep(struct loop *l)
{
	struct watch *w, *next;

	if (l->swept)
		return;
	TAILQ_FOREACH_SAFE(w, &l->watches, entry, next) {
		if (!w->dead)
			continue;
		TAILQ_REMOVE(&l->watches, w, entry);
		l->nwatches--;
		free(w);
	}
	l->swept = 1;
}

void
loop_free(struct loop *l)
{
	struct watch *w;
	struct timer *t;
	struct after *a;

	if (l == NULL)
		return;
	TAILQ_FOREACH(w, &l->watches, entry)
		w->dead = 1;
	l->swept = 0;
	loop_sweep(l);
	while ((t = TAILQ_FIRST(&l->timers)) != NULL)
		timer_cancel(t);
	while ((a = STAILQ_FIRST(&l->afters)) != NULL) {
		STAILQ_REMOVE_HEAD(&l->afters, entry);
		free(a);
	}
	free(l->pollfds);
	free(l->polled);
	free(l);
}

/* Room for one more watch, so that a turn never has to allocate. */
static int
loop_reserve(struct loop *l)
{
	size_t room = l->room > 0 ? l->room * 2 : 8;
	struct pollfd *p;
	struct watch **w;

	if (l->nwatches < l->room)
		return 0;
	p = reallocarray(l->pollfds, room, sizeof(*p));
	if (p == NULL)
		return ERR_MEMORY;
	l->pollfds = p;
	w = reallocarray(l->polled, room, sizeof(struct watch *));
	if (w == NULL)
		return ERR_MEMORY;
	l->polled = w;
	l->room = room;
	return 0;
}

struct watch *
loop_watch(struct loop *l, int fd, int events,
    void (*fn)(void *arg, int events), void *arg)
{
	struct watch *w;

	if (loop_reserve(l) != 0 || (w = calloc(1, sizeof(*w))) == NULL)
		return NULL;
	w->loop = l;
	w->fd = fd;
	w->events = events;
	w->fn = fn;
	w->arg = arg;
	TAILQ_INSERT_TAIL(&l->watches, w, entry);
	l->nwatches++;
	return w;
}

void
watch_set(struct watch *w, int events)
{
	w->events = events;
}

void
watch_wake(struct watch *w)
{
	w->woken = 1;
}

void
watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	w->dead = 1;
	w->loop->swept = 0;
}

struct timer *
loop_timer(struct loop *l, uint64_t ms, void (*fn)(void *arg), void *arg)
{
	struct timer *t = calloc(1, sizeof(*t)), *before;
	uint64_t now = loop_now();

	if (t == NULL)
		return NULL;
	t->loop = l;
	t->due = ms > UINT64_MAX - now ? UINT64_MAX : now + ms;
	t->turn = l->turn;
	t->fn = fn;
	t->arg = arg;
	TAILQ_FOREACH_REVERSE(before, &l->timers, timers, entry)
	{
		if (before->due <= t->due) {
			TAILQ_INSERT_AFTER(&l->timers, before, t, entry);
			return t;
		}
	}
	TAILQ_INSERT_HEAD(&l->timers, t, entry);
	return t;
}

void
timer_cancel(struct timer *t)
{
	if (t == NULL)
		return;
	TAILQ_REMOVE(&t->loop->timers, t, entry);
	free(t);
}

static void
signal_catch(int signo)
{
	caught[signo] = 1;
}

int
loop_signal(
    struct loop *l, int signo, void (*fn)(void *arg, int signo), void *arg)
{
	struct sigaction sa = { .sa_handler = signal_catch };
	sigset_t one;

	if (signo <= 0 || signo >= NSIG)
		return ERR_ARGUMENT;
	sigemptyset(&one);
	sigaddset(&one, signo);
	if (sigprocmask(SIG_BLOCK, &one, NULL) != 0)
		return ERR_SYSTEM;
	caught[signo] = 0;
	sigfillset(&sa.sa_mask);
	if (sigaction(signo, &sa, NULL) != 0)
		return ERR_SYSTEM;
	sigdelset(&l->mask, signo);
	l->signals[signo].fn = fn;
	l->signals[signo].arg = arg;
	return 0;
}

int
loop_after(struct loop *l, void (*fn)(void *arg), void *arg)
{
	struct after *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return ERR_MEMORY;
	a->fn = fn;
	a->arg = arg;
	STAILQ_INSERT_TAIL(&l->afters, a, entry);
	return 0;
}

void
loop_defer(struct loop *l, struct loop_deferred *d)
{
	if (d->queued)
		return;
	d->queued = 1;
	TAILQ_INSERT_TAIL(&l->deferred, d, entry);
}

void
loop_undefer(struct loop *l, struct loop_deferred *d)
{
	if (!d->queued)
		return;
	d->queued = 0;
	TAILQ_REMOVE(&l->deferred, d, entry);
}

void
loop_stop(struct loop *l, int value)
{
	l->stopped = 1;
	l->value = value;
}

/* The end of a turn: hooks, then what they and the callbacks deferred. */
static void
loop_end_turn(struct loop *l)
{
	struct after *a;
	struct loop_deferred *d;

	STAILQ_FOREACH(a, &l->afters, entry)
	a->fn(a->arg);
	while ((d = TAILQ_FIRST(&l->deferred)) != NULL) {
		loop_undefer(l, d);
		d->fn(d->arg);
	}
	loop_sweep(l);
}

/* Fill the array for ppoll. Returns 1 when somebody must not be kept waiting. */
static int
loop_prepare(struct loop *l, nfds_t *n)
{
	struct watch *w;
	int hurry = 0;

	*n = 0;
	TAILQ_FOREACH(w, &l->watches, entry) {
		if (w->events == 0 && !w->woken)
			continue;
		l->pollfds[*n] = (struct pollfd){
			.fd = w->events != 0 ? w->fd : -1,
			.events = (short)((w->events & LOOP_READ ? POLLIN : 0) |
			    (w->events & LOOP_WRITE ? POLLOUT : 0)),
		};
		l->polled[(*n)++] = w;
		hurry |= w->woken;
	}
	return hurry;
}

static struct timespec
loop_timeout(struct loop *l, int hurry)
{
	struct timer *t = TAILQ_FIRST(&l->timers);
	uint64_t ms = hurry ? 0 : t != NULL ? LOOP_SLEEP_MAX_MS : LOOP_IDLE_MS;
	uint64_t now;

	if (t != NULL && ms > 0) {
		now = loop_now();
		if (t->due <= now)
			ms = 0;
		else if (t->due - now < ms)
			ms = t->due - now;
	}
	return (struct timespec){ .tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000 };
}

static void
loop_call_watches(struct loop *l, nfds_t n)
{
	struct watch *w;
	int events, re;

	for (nfds_t i = 0; i < n; i++) {
		w = l->polled[i];
		re = l->pollfds[i].revents;
		if (w->dead)
			continue;
		events = (re & POLLIN ? LOOP_READ : 0) |
		    (re & POLLOUT ? LOOP_WRITE : 0);
		events &= w->events; /* as it is now */
		if (w->events != 0 && (re & (POLLHUP | POLLERR | POLLNVAL)))
			events |= LOOP_HUP;
		if (w->woken)
			events |= LOOP_READ;
		w->woken = 0;
		if (events != 0)
			w->fn(w->arg, events);
	}
}

/* Timers that are due, but none made in this very turn: no endless turn. */
static void
loop_call_timers(struct loop *l)
{
	struct timer *t;
	uint64_t now = loop_now();

	do {
		TAILQ_FOREACH(t, &l->timers, entry)
			if (t->due > now || t->turn != l->turn)
				break;
		if (t == NULL || t->due > now)
			return;
		void (*fn)(void *) = t->fn;
		void *arg = t->arg;
		timer_cancel(t);
		fn(arg);
	} while (1);
}

static void
loop_call_signals(struct loop *l)
{
	for (int s = 1; s < NSIG; s++) {
		if (!caught[s] || l->signals[s].fn == NULL)
			continue;
		caught[s] = 0;
		l->signals[s].fn(l->signals[s].arg, s);
	}
}

int
loop_run(struct loop *l)
{
	struct timespec timeout;
	nfds_t n;
	int ready, hurry;

	l->stopped = 0;
	loop_end_turn(l); /* of what was done before */
	while (!l->stopped) {
		hurry = loop_prepare(l, &n);
		timeout = loop_timeout(l, hurry);
		ready = ppoll(l->pollfds, n, &timeout, &l->mask);
		if (ready < 0 && errno != EINTR)
			return ERR_SYSTEM;
		l->turn++;
		loop_call_signals(l);
		if (ready > 0 || (ready == 0 && hurry))
			loop_call_watches(l, n); /* else revents say nothing */
		loop_call_timers(l);
		loop_end_turn(l);
	}
	return l->value;
}
