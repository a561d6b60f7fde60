/* SPDX-License-Identifier: ISC */
/*
 * Reaching the agent, with errors that say what a person can do.
 */
#ifndef CLIENT_COMMON_REACH_H
#define CLIENT_COMMON_REACH_H

#include <stdint.h>

#include "../../ipc/agent_client.h"

#define REACH_SECONDS 20 /* longest wait for an answer to HELLO */

/* A connected socket (close-on-exec), or -1 after an error line. */
int reach_socket(void);
/*
 * Connect, HELLO, and RESTRICT to rights, name and account (NULL: all) unless
 * rights is 0. NULL after an error line; *code is then the exit code.
 */
struct agent *
reach_agent(uint32_t rights, const char *name, const char *account, int *code);

#endif
