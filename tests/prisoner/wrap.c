/* SPDX-License-Identifier: ISC */
/*
 * Where a prisoner differs from the program that is installed: two functions
 * of sandbox/ that the linker leads here first (--wrap). Everything else is
 * the same object files.
 */
#include <stdio.h>

#include "prisoner.h"

int __real_sandbox_landlock_abi(void);
int __wrap_sandbox_landlock_abi(void);
int __wrap_sandbox_enter(enum sandbox_role, const struct sandbox_paths *);

/* As a kernel with an older Landlock would answer, if CELL/abi says so. */
int
__wrap_sandbox_landlock_abi(void)
{
	int have = __real_sandbox_landlock_abi(), told = have;
	FILE *f = fopen(CELL "/abi", "r");

	if (f != NULL) {
		if (fscanf(f, "%d", &told) != 1)
			told = have;
		(void)fclose(f);
	}
	return told < have ? told : have;
}

int
__wrap_sandbox_enter(enum sandbox_role role, const struct sandbox_paths *paths)
{
	/* the second stage cannot make copies any more: it is tried before */
	if (role != ROLE_NET_ONLINE) {
		prisoner_try_all(role, paths);
		if (role == ROLE_NET_CONNECT)
			prisoner_try_all(ROLE_NET_ONLINE, paths);
		prisoner_listen(role);
	}
	return __real_sandbox_enter(role, paths);
}
