/* SPDX-License-Identifier: ISC */
/*
 * One ppoll loop per process: descriptors, timers on CLOCK_BOOTTIME, signals.
 * Survives removal of any watch or timer from inside a callback.
 */
#ifndef IPC_LOOP_H
#define IPC_LOOP_H

#include <signal.h>
#include <stdint.h>

#include <bsd/sys/queue.h>

struct loop;
struct watch;
struct timer;

#define LOOP_READ  1
#define LOOP_WRITE 2
#define LOOP_HUP   4 /* reported only: the other side is gone, or error */

/* Also sets SIGPIPE to be ignored. */
struct loop *loop_new(void);
void loop_free(struct loop *);
/* Watch fd (not owned) for events; fn gets the events that are ready. */
struct watch *loop_watch(struct loop *, int fd, int events,
    void (*fn)(void *arg, int events), void *arg);
/* Events 0: not polled at all, not even for a hang-up. */
void watch_set(struct watch *, int events);
/* Call fn with LOOP_READ in the coming turn whatever the descriptor says. */
void watch_wake(struct watch *);
void watch_free(struct watch *); /* NULL allowed; safe inside any callback */
/* Call fn once in ms milliseconds. Owned by the loop until it has fired. */
struct timer *
loop_timer(struct loop *, uint64_t ms, void (*fn)(void *arg), void *arg);
void timer_cancel(struct timer *); /* before it has fired; NULL allowed */
/*
 * Signals: those of mask are blocked except inside ppoll; fn is called from
 * the loop, never from the handler.
 */
int loop_signal(
    struct loop *, int signo, void (*fn)(void *arg, int signo), void *arg);
/*
 * Call fn at the end of every turn, after all callbacks (for batching). Any
 * number; called in the order they came. 0 or ERR_MEMORY.
 */
int loop_after(struct loop *, void (*fn)(void *arg), void *arg);

/*
 * One call at the end of the turn, after those of loop_after (connections
 * write then). The structure is the caller's, fn and arg filled in, the rest
 * zero; queueing it twice is once.
 */
struct loop_deferred {
	TAILQ_ENTRY(loop_deferred) entry;
	int queued;
	void (*fn)(void *arg);
	void *arg;
};

void loop_defer(struct loop *, struct loop_deferred *);
void loop_undefer(struct loop *, struct loop_deferred *);
/* Run until loop_stop; returns the value given to it, or ERR_SYSTEM. */
int loop_run(struct loop *);
void loop_stop(struct loop *, int value);
/* Milliseconds of CLOCK_BOOTTIME. */
uint64_t loop_now(void);

#endif
