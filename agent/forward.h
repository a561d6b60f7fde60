/* SPDX-License-Identifier: ISC */
/*
 * The second listening socket, to be handed on by ssh -R and the like: with
 * what its connections begin, and what they never get beyond.
 */
#ifndef AGENT_FORWARD_H
#define AGENT_FORWARD_H

#include <stddef.h>
#include <stdint.h>

#include "limits.h"

struct watch;

struct forward {
	struct watch *watch; /* NULL: there is no such socket */
	int fd;
	uint32_t rights;
	char (*accounts)[LIMIT_JID + 1]; /* NULL: all */
	size_t naccounts;
};

/*
 * "info,text" or "info,network:juliet@capulet.lit,romeo@montague.lit": rights
 * of which neither is trust nor admin, and accounts. 0 or ERR_ARGUMENT,
 * ERR_MEMORY.
 */
int forward_parse(const char *, struct forward *);
void forward_free(struct forward *);

#endif
