/* SPDX-License-Identifier: ISC */
/*
 * A role's rows of the table, for a person: xmpp-agent --policy ROLE. Holds
 * nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "policy.h"

static void
print_limit(FILE *f, const char *name, uint64_t value)
{
	if (value != LIMIT_KEEP)
		fprintf(f, " %s=%" PRIu64, name, value);
}

static void
print_role(const struct policy_role *p, FILE *f)
{
	static const char *const files[] = {
		[FILES_NONE] = "none",
		[FILES_GIVEN] = "those it is given at its start",
		[FILES_ANY] = "any",
		[FILES_KEPT] = "as the stage before",
	};

	fprintf(f, "%s: %s\n", p->name, p->what);
	fprintf(f, "  files: %s\n", files[p->files]);
	fprintf(f, "  TCP: %s\n",
	    p->tcp ? "connect to the server's port and to a resolver" : "none");
	fprintf(f, "  limits: core=0");
	print_limit(f, "nofile", p->nofile);
	print_limit(f, "nproc", p->nproc);
	print_limit(f, "fsize", p->fsize);
	print_limit(f, "data", p->data);
	fprintf(f, "\n  note: %s\n", p->why);
	fprintf(f, "  a call that is not listed: %s\n",
	    p->otherwise == POLICY_KILL ? "kills the process" : "passes");
#ifdef SANDBOX_LOG
	fprintf(f, "  THIS BUILD only logs what it should kill\n");
#endif
}

static void
print_call(const struct policy_call *c, FILE *f)
{
	char action[64], when[160] = "";
	size_t n = 0;

	if (c->action == POLICY_FAIL)
		snprintf(action, sizeof(action), "fails: %s",
		    strerrorname_np(c->err));
	else
		snprintf(action, sizeof(action), "%s",
		    c->action == POLICY_ALLOW ? "passes" : "kills");
	for (int i = 0; i < 2 && c->when[i].compare != WHEN_ALWAYS; i++)
		n += (size_t)snprintf(when + n, sizeof(when) - n,
		    "%sargument %u: %s", i > 0 ? ", " : "", c->when[i].argument,
		    c->when[i].text);
	fprintf(f, "  %-17s %-19s %s%s%s\n", c->name, action, when,
	    when[0] != '\0' ? "; " : "", c->why);
}

void
sandbox_print(enum sandbox_role role, FILE *f)
{
	print_role(&policy_roles[role], f);
	for (size_t i = 0; i < policy_calls_count; i++)
		if (policy_calls[i].roles & ROLE_BIT(role))
			print_call(&policy_calls[i], f);
}
