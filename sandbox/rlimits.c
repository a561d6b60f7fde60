/* SPDX-License-Identifier: ISC */
/*
 * Resource limits of a role. Runs in each role on its way in. RLIMIT_MEMLOCK
 * is left alone: secrets are locked within it.
 */
#include <sys/resource.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "../ipc/err.h"
#include "policy.h"

static int
limit_set(__rlimit_resource_t what, const char *name, uint64_t value)
{
	struct rlimit r;

	if (value == LIMIT_KEEP)
		return 0;
	if (getrlimit(what, &r) != 0)
		goto fail;
	if (r.rlim_max < value) /* lower already */
		value = r.rlim_max;
	r.rlim_cur = r.rlim_max = value;
	if (setrlimit(what, &r) == 0)
		return 0;
fail:
	fprintf(stderr, "sandbox: limit %s: %s\n", name, strerror(errno));
	return ERR_CONTAINED;
}

int
sandbox_rlimits(const struct policy_role *p)
{
	int err = limit_set(RLIMIT_CORE, "core", 0);

	signal(SIGXFSZ, SIG_IGN); /* a log file that is full is an errno */
	if (err == 0)
		err = limit_set(RLIMIT_NOFILE, "nofile", p->nofile);
	if (err == 0)
		err = limit_set(RLIMIT_FSIZE, "fsize", p->fsize);
#ifndef SANDBOX_LOG /* the sanitizers' shadow and leak checker need both */
	if (err == 0)
		err = limit_set(RLIMIT_NPROC, "nproc", p->nproc);
	if (err == 0)
		err = limit_set(RLIMIT_DATA, "data", p->data);
#endif
	if (err == 0)
		sandbox_note("rlimits");
	return err;
}
