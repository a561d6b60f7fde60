/* SPDX-License-Identifier: ISC */
/*
 * plan ROLE: what the table lets that role do, as lines for a live prisoner:
 * "NUMBER A0 … A5 NAME", every other argument -1, so that a call that passes
 * does nothing. Calls that end the process are left out.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <seccomp.h>

#include "../support/policy_table.h"

static int
ends_it(const char *name)
{
	static const char *const names[] = { "exit", "exit_group",
		"rt_sigreturn" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return 1;
	return 0;
}

static void
print_row(const struct policy_call *c)
{
	int nr = seccomp_syscall_resolve_name(c->name);
	int64_t args[6] = { -1, -1, -1, -1, -1, -1 };

	if (nr < 0 || c->action != POLICY_ALLOW || ends_it(c->name))
		return;
	for (int i = 0; i < 2; i++)
		if (c->when[i].compare == WHEN_EQUAL)
			args[c->when[i].argument] = (int64_t)c->when[i].value;
		else if (c->when[i].compare == WHEN_CLEAR)
			args[c->when[i].argument] = 0;
	printf("%d", nr);
	for (int i = 0; i < 6; i++)
		printf(" %" PRId64, args[i]);
	printf(" %s\n", c->name);
}

int
main(int argc, char **argv)
{
	enum sandbox_role role;

	if (argc != 2 || sandbox_role_find(argv[1], &role) != 0)
		return 64;
	for (size_t i = 0; i < policy_calls_count; i++)
		if (policy_calls[i].roles & ROLE_BIT(role))
			print_row(&policy_calls[i]);
	return 0;
}
