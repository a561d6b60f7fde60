/* SPDX-License-Identifier: ISC */
/*
 * Become an ordinary uid when started as root: what a wall refuses, root's
 * capabilities often allow.
 */
#ifndef TESTS_ORDINARY_H
#define TESTS_ORDINARY_H

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ORDINARY_UID 61234

static inline void
ordinary_become(void)
{
	if (geteuid() != 0)
		return;
	if (setgroups(0, NULL) != 0 ||
	    setresgid(ORDINARY_UID, ORDINARY_UID, ORDINARY_UID) != 0 ||
	    setresuid(ORDINARY_UID, ORDINARY_UID, ORDINARY_UID) != 0) {
		perror("become an ordinary uid");
		exit(1);
	}
}

#endif
