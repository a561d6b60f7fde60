/* SPDX-License-Identifier: ISC */
/*
 * Where a prisoner differs from the program that is installed: functions of
 * sandbox/ and libseccomp that the linker leads here first (--wrap), and a
 * clock that can be put forward. Everything else is the same object files.
 */
#include <sys/syscall.h>

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <seccomp.h>

#include "prisoner.h"

#define WITHOUT "/mnt/build/without" /* what make prisoner-needs takes away */

int __real_sandbox_landlock_abi(void);
int __wrap_sandbox_landlock_abi(void);
int __wrap_sandbox_enter(enum sandbox_role, const struct sandbox_paths *);
int __real_seccomp_rule_add_array(
    scmp_filter_ctx, uint32_t, int, unsigned, const struct scmp_arg_cmp *);
int __wrap_seccomp_rule_add_array(
    scmp_filter_ctx, uint32_t, int, unsigned, const struct scmp_arg_cmp *);
int __real_seccomp_load(scmp_filter_ctx);
int __wrap_seccomp_load(scmp_filter_ctx);

static struct {
	unsigned row, without; /* of this role's, from 1 */
	int lives;	       /* its signal's handler has to return */
	time_t later;
	time_t (*real_time)(time_t *);
} wrap;

/* What libcrypto takes for the time, when it asks whether its random numbers
 * are to be seeded anew: CELL/later seconds from now on. */
time_t
time(time_t *at)
{
	time_t now;

	if (wrap.real_time == NULL)
		*(void **)&wrap.real_time = dlsym(RTLD_NEXT, "time");
	now = wrap.real_time(NULL) + wrap.later;
	if (at != NULL)
		*at = now;
	return now;
}

/* WITHOUT says ROLE NUMBER: that row of --policy ROLE is left out. */
static unsigned
read_without(const char *role)
{
	char name[32];
	unsigned n = 0;
	FILE *f = fopen(WITHOUT, "r");

	if (f == NULL)
		return 0;
	if (fscanf(f, "%31s %u", name, &n) != 2 || strcmp(name, role) != 0)
		n = 0;
	(void)fclose(f);
	return n;
}

static time_t
read_later(void)
{
	long n = 0;
	FILE *f = fopen(CELL "/later", "r");

	if (f == NULL)
		return 0;
	if (fscanf(f, "%ld", &n) != 1)
		n = 0;
	(void)fclose(f);
	return n;
}

int
__wrap_seccomp_rule_add_array(scmp_filter_ctx ctx, uint32_t action, int nr,
    unsigned n, const struct scmp_arg_cmp *compare)
{
	if (++wrap.row == wrap.without)
		return 0;
	return __real_seccomp_rule_add_array(ctx, action, nr, n, compare);
}

/* The live prisoner comes back from its signal, which the roles that have no
 * signals may not. */
int
__wrap_seccomp_load(scmp_filter_ctx ctx)
{
	if (wrap.lives)
		(void)__real_seccomp_rule_add_array(
		    ctx, SCMP_ACT_ALLOW, SYS_rt_sigreturn, 0, NULL);
	return __real_seccomp_load(ctx);
}

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
		wrap.lives = prisoner_listen(role);
	}
	wrap.row = 0;
	wrap.without = read_without(sandbox_role_name(role));
	(void)time(NULL); /* what it takes is found before the walls */
	wrap.later = read_later();
	return __real_sandbox_enter(role, paths);
}
