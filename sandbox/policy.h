/* SPDX-License-Identifier: ISC */
/*
 * What a row of the one table in policy.c is, and what the files of this
 * folder share. Nobody outside sandbox/ and its tests includes this.
 */
#ifndef SANDBOX_POLICY_H
#define SANDBOX_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "sandbox.h"

#define ROLE_BIT(role) (1u << (role))

enum policy_action {
	POLICY_ALLOW,
	POLICY_FAIL, /* the call returns policy_call.err */
	POLICY_KILL, /* for the role whose default is to allow */
};

enum policy_compare {
	WHEN_ALWAYS,
	WHEN_EQUAL, /* argument == value */
	WHEN_CLEAR, /* (argument & value) == 0 */
	WHEN_BELOW, /* argument < value */
	WHEN_ABOVE, /* argument > value */
};

/* One condition on one argument, compared in all 64 bits. */
struct policy_when {
	enum policy_compare compare;
	unsigned argument; /* 0 to 5 */
	uint64_t value;
	const char *text; /* as a person reads it */
};

struct policy_call {
	uint32_t roles; /* ROLE_BITs */
	const char
	    *name; /* of the system call; skipped where it does not exist */
	enum policy_action action;
	int err;		    /* POLICY_FAIL's */
	struct policy_when when[2]; /* all must hold */
	const char *why;
};

enum policy_files {
	FILES_NONE,  /* Landlock: no path at all */
	FILES_GIVEN, /* those of struct sandbox_paths */
	FILES_ANY,   /* no Landlock */
	FILES_KEPT,  /* a second stage: Landlock stays as it is */
};

#define LIMIT_KEEP UINT64_MAX /* a limit that is left as it is */

struct policy_role {
	const char *name;
	const char *what;
	enum policy_action otherwise; /* for all other calls: KILL or ALLOW */
	enum policy_files files;
	int tcp;    /* may connect to the given port, and to a resolver's */
	int second; /* entered from another role: only the filter is new */
	uint64_t nofile, nproc, fsize, data; /* rlimits; core is always 0 */
	const char *why;		     /* of what is unusual here */
};

extern const struct policy_role policy_roles[SANDBOX_ROLES];
extern const struct policy_call policy_calls[];
extern const size_t policy_calls_count;

/* The Landlock ABI of this kernel; 0: none. */
int sandbox_landlock_abi(void);
/*
 * Restrict this process as the role says. abi: what the kernel has, or less
 * (the tests pretend). 0, or ERR_CONTAINED after saying why on stderr.
 */
int sandbox_landlock(
    const struct policy_role *, const struct sandbox_paths *, int abi);
/* 0 or ERR_CONTAINED. */
int sandbox_rlimits(const struct policy_role *);
/* Load the filter; the last step. 0 or ERR_CONTAINED. */
int sandbox_seccomp(enum sandbox_role);
/* Note a wall that is in force, for sandbox_in_force. */
void sandbox_note(const char *wall);

#endif
