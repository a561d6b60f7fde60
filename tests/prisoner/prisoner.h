/* SPDX-License-Identifier: ISC */
/*
 * A prisoner: a program of ours, as it is installed, with one thing linked in
 * that makes any system call it is told to, from within the role. Test
 * builds only (tests/prisoner/prisoner.mk); never installed.
 */
#ifndef TESTS_PRISONER_H
#define TESTS_PRISONER_H

#include <stdint.h>

#include "../../sandbox/sandbox.h"

#define CELL "/tmp/prisoner" /* of the test's world; what is asked lies here */

/* By which door: another table of calls is another way round the filter. */
enum door { DOOR_NATIVE, DOOR_32BIT, DOOR_X32 };

/* The call, with no library in between: -errno, or what it returns. */
long prisoner_call(enum door, long number, const uint64_t args[6]);
/* Make every call in a copy of this process that has entered the role, and
 * write to CELL/ROLE.all what differs from the table, and the sum. */
void prisoner_try_all(enum sandbox_role, const struct sandbox_paths *);
/* From now on each SIGUSR2 makes the call that a line of CELL/ROLE.in says;
 * what it returned goes to CELL/ROLE.out. 1, or 0: these are not there. */
int prisoner_listen(enum sandbox_role);
/* The real ones, behind the linker's --wrap. */
int __real_sandbox_enter(enum sandbox_role, const struct sandbox_paths *);

#endif
