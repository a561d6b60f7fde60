/* SPDX-License-Identifier: ISC */
/*
 * What sandbox/policy.c says of a call: a reading of the table of the tests'
 * own, not seccomp.c's. For test_policy and the prisoner.
 */
#ifndef TESTS_POLICY_TABLE_H
#define TESTS_POLICY_TABLE_H

#include <stdint.h>
#include <string.h>

#include <linux/seccomp.h>

#include "../../sandbox/policy.h"

#ifdef SANDBOX_LOG
#define TABLE_DEATH SECCOMP_RET_LOG
#else
#define TABLE_DEATH SECCOMP_RET_KILL_PROCESS
#endif

static inline int
table_holds(const struct policy_when *w, const uint64_t *args)
{
	uint64_t a = args[w->argument];

	switch (w->compare) {
	case WHEN_ALWAYS:
		return 1;
	case WHEN_EQUAL:
		return a == w->value;
	case WHEN_CLEAR:
		return (a & w->value) == 0;
	case WHEN_BELOW:
		return a < w->value;
	case WHEN_ABOVE:
		return a > w->value;
	}
	return 0;
}

static inline uint32_t
table_returns(enum policy_action action, int err)
{
	switch (action) {
	case POLICY_ALLOW:
		return SECCOMP_RET_ALLOW;
	case POLICY_FAIL:
		return SECCOMP_RET_ERRNO | (uint32_t)err;
	case POLICY_KILL:
		break;
	}
	return TABLE_DEATH;
}

/* Of a call by its name, or NULL: one that has none. */
static inline uint32_t
table_says(enum sandbox_role role, const char *name, const uint64_t *args)
{
	const struct policy_call *c;

	for (size_t i = 0; name != NULL && i < policy_calls_count; i++) {
		c = &policy_calls[i];
		if ((c->roles & ROLE_BIT(role)) && strcmp(c->name, name) == 0 &&
		    table_holds(&c->when[0], args) &&
		    table_holds(&c->when[1], args))
			return table_returns(c->action, c->err);
	}
	return table_returns(policy_roles[role].otherwise, 0);
}

#endif
