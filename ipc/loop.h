/* SPDX-License-Identifier: ISC */
/*
 * One ppoll loop per process: descriptors, timers on CLOCK_BOOTTIME, signals.
 * Survives removal of any watch or timer from inside a callback.
 */
#ifndef IPC_LOOP_H
#define IPC_LOOP_H

#include <signal.h>
#include <stdint.h>

struct loop;
struct watch;
struct timer;

#define LOOP_READ  1
#define LOOP_WRITE 2
#define LOOP_HUP   4	/* reported only: the other side is gone, or error */

struct loop *loop_new(void);
void loop_free(struct loop *);
/* Watch fd (not owned) for events; fn gets the events that are ready. */
struct watch *loop_watch(struct loop *, int fd, int events,
    void (*fn)(void *arg, int events), void *arg);
void watch_set(struct watch *, int events);
void watch_free(struct watch *); /* NULL allowed; safe inside any callback */
/* Call fn once in ms milliseconds. Owned by the loop until it has fired. */
struct timer *loop_timer(struct loop *, uint64_t ms, void (*fn)(void *arg),
    void *arg);
void timer_cancel(struct timer *); /* before it has fired; NULL allowed */
/*
 * Signals: those of mask are blocked except inside ppoll; fn is called from
 * the loop, never from the handler.
 */
int loop_signal(struct loop *, int signo, void (*fn)(void *arg, int signo),
    void *arg);
/* Call fn at the end of every turn, after all callbacks (for batching). */
void loop_after(struct loop *, void (*fn)(void *arg), void *arg);
/* Run until loop_stop; returns the value given to it, or ERR_SYSTEM. */
int loop_run(struct loop *);
void loop_stop(struct loop *, int value);
/* Milliseconds of CLOCK_BOOTTIME. */
uint64_t loop_now(void);

#endif
