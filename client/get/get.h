/* SPDX-License-Identifier: ISC */
/*
 * xmpp-get: a link, and the file that becomes of it.
 */
#ifndef CLIENT_GET_GET_H
#define CLIENT_GET_GET_H

#include "../../ipc/loop.h"
#include "../common/aesgcm.h"

/* A file in the making: it has no name yet, or one that says so. */
struct place {
	int dir; /* borrowed */
	int fd;
	char made[32]; /* "": it has no name at all */
};

#define PLACE_NAME (AESGCM_NAME + 8) /* a name, and what makes it another */

/* A file without a name in the directory. 0, or ERR_SYSTEM and errno. */
int place_new(int dir, struct place *);
/* The same where the file system has no O_TMPFILE. */
int place_new_named(int dir, struct place *);
/*
 * All of it is on the disk, then it gets the name, or that with a number if
 * there is such a file: none is ever replaced. name gets what it is called.
 * 0, or ERR_SYSTEM and errno; the place is still to be ended then.
 */
int
place_keep(struct place *, const char *wanted, char name[static PLACE_NAME]);
/* Close it; what has not been kept is gone. */
void place_end(struct place *);

struct get {
	struct loop *loop;     /* while one is fetched */
	const char *directory; /* as the user wrote it */
	int dir;
	const char *ca_file;
	uint64_t max; /* octets of a file */
	int stopped;  /* by a signal: no more links */
};

/* Fetch one; prints its path, or why not. The exit code. */
int get_file(struct get *, const struct aesgcm *link);
/* Read links from standard input, one a line, and fetch each. */
int get_all(struct get *);

#endif
