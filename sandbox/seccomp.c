/* SPDX-License-Identifier: ISC */
/*
 * Turns the table of policy.c into a filter, loads it, exports it for the
 * tests, and prints it. Runs in each role as its last step on the way in.
 * Calls are resolved by name; one that an architecture does not have is
 * passed over. A call by another architecture's table (32-bit, x32) kills.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <seccomp.h>

#include "../ipc/err.h"
#include "policy.h"

#ifdef SANDBOX_LOG
#define ACTION_KILL SCMP_ACT_LOG
#else
#define ACTION_KILL SCMP_ACT_KILL_PROCESS
#endif

static uint32_t
filter_action(enum policy_action action, int err)
{
	switch (action) {
	case POLICY_ALLOW:
		return SCMP_ACT_ALLOW;
	case POLICY_FAIL:
		return SCMP_ACT_ERRNO((uint32_t)err);
	case POLICY_KILL:
		break;
	}
	return ACTION_KILL;
}

static struct scmp_arg_cmp
filter_compare(const struct policy_when *w)
{
	struct scmp_arg_cmp c = { .arg = w->argument, .datum_a = w->value };

	switch (w->compare) {
	case WHEN_EQUAL:
		c.op = SCMP_CMP_EQ;
		break;
	case WHEN_CLEAR: /* (argument & datum_a) == datum_b */
		c.op = SCMP_CMP_MASKED_EQ;
		break;
	case WHEN_BELOW:
		c.op = SCMP_CMP_LT;
		break;
	case WHEN_ABOVE:
		c.op = SCMP_CMP_GT;
		break;
	case WHEN_ALWAYS:
		break;
	}
	return c;
}

static int
filter_add(
    scmp_filter_ctx ctx, const struct policy_call *call, uint32_t otherwise)
{
	struct scmp_arg_cmp compare[2];
	unsigned n = 0;
	uint32_t action = filter_action(call->action, call->err);
	int nr = seccomp_syscall_resolve_name(call->name);

	/* an action that is the default anyway is refused by libseccomp */
	if (nr == __NR_SCMP_ERROR || nr < 0 || action == otherwise)
		return nr == __NR_SCMP_ERROR ? -EINVAL : 0;
	for (; n < 2 && call->when[n].compare != WHEN_ALWAYS; n++)
		compare[n] = filter_compare(&call->when[n]);
	return seccomp_rule_add_array(ctx, action, nr, n, compare);
}

/* The role's filter for one architecture; SCMP_ARCH_NATIVE: this one. */
static scmp_filter_ctx
filter_make(enum sandbox_role role, uint32_t arch)
{
	uint32_t otherwise = filter_action(policy_roles[role].otherwise, 0);
	scmp_filter_ctx ctx = seccomp_init(otherwise);
	int err = ctx == NULL ? -ENOMEM : 0;

	if (err == 0 && arch != SCMP_ARCH_NATIVE &&
	    arch != seccomp_arch_native()) {
		err = seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE);
		if (err == 0)
			err = seccomp_arch_add(ctx, arch);
	}
	if (err == 0)
		err =
		    seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, ACTION_KILL);
	for (size_t i = 0; i < policy_calls_count && err == 0; i++) {
		if (!(policy_calls[i].roles & ROLE_BIT(role)))
			continue;
		err = filter_add(ctx, &policy_calls[i], otherwise);
		if (err != 0)
			fprintf(stderr, "sandbox: filter: %s: %s\n",
			    policy_calls[i].name, strerror(-err));
	}
	if (err == 0)
		return ctx;
	seccomp_release(ctx);
	return NULL;
}

int
sandbox_seccomp(enum sandbox_role role)
{
	scmp_filter_ctx ctx = filter_make(role, SCMP_ARCH_NATIVE);
	char note[48];
	int err;

	if (ctx == NULL)
		return ERR_CONTAINED;
	err = seccomp_load(ctx);
	seccomp_release(ctx);
	if (err != 0) {
		fprintf(stderr, "sandbox: seccomp: %s\n", strerror(-err));
		return ERR_CONTAINED;
	}
	snprintf(note, sizeof(note), "seccomp:%s", policy_roles[role].name);
	sandbox_note(note);
	return 0;
}

int
sandbox_export(enum sandbox_role role, uint32_t arch, int fd)
{
	scmp_filter_ctx ctx = filter_make(role, arch);
	int err;

	if (ctx == NULL)
		return ERR_CONTAINED;
	err = seccomp_export_bpf(ctx, fd);
	seccomp_release(ctx);
	return err == 0 ? 0 : ERR_CONTAINED;
}
