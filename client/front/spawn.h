/* SPDX-License-Identifier: ISC */
/*
 * Starting a program with descriptors at fixed numbers.
 */
#ifndef CLIENT_FRONT_SPAWN_H
#define CLIENT_FRONT_SPAWN_H

#include <stddef.h>

#define SPAWN_FIRST_FD 3  /* fds[0] becomes this, fds[1] the next … */
#define SPAWN_FDS      16 /* above all fixed numbers */

enum spawn_flags {
	/* What its starter has is not for it: a session of its own (no
	 * terminal's signals), /dev/null for 0, 1 and 2, and of the environment
	 * only what says where certificates are. */
	SPAWN_APART = 1,
};

/*
 * The path of a helper: beside the running program, else in LIBEXECDIR. 0 or
 * an error that has been printed.
 */
int spawn_find(const char *name, char *path, size_t size);
/*
 * fork and exec: 0, 1, 2 as flags say, fds[0..n) at 3 and up, nothing else;
 * signals as at login; killed when its parent ends. The child's pid, or -1
 * after an error line; exit status 127: it could not be executed.
 */
int spawn(const char *path, const char *const argv[], const int fds[], size_t n,
    int flags);
/* Tell the front, in a net's place, that there is no connection. link is the
 * net's end of the front link. */
void spawn_report_offline(int link, const char *reason, int fatal);

#endif
