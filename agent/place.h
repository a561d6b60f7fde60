/* SPDX-License-Identifier: ISC */
/*
 * Where the agent's socket and state are (ARCHITECTURE, the commands). Runs
 * in the outer process, before any role exists. All of these print what is
 * wrong in one line and exit.
 */
#ifndef AGENT_PLACE_H
#define AGENT_PLACE_H

#include <sys/types.h>

#include <stddef.h>

/*
 * The socket's path: option, else $XMPP_AGENT_SOCK, else
 * $XDG_RUNTIME_DIR/xmpp-agent/agent.sock (the directory is made, 0700).
 */
void place_socket(const char *option, char *path, size_t size);
/* ${XDG_STATE_HOME:-~/.local/state}/xmpp-agent, made with mode 0700. */
void place_state(char *path, size_t size);
/*
 * The anchor of the state directory's database (anchor.h): a file in
 * $XDG_RUNTIME_DIR/xmpp-agent, else beside the socket, that outlives the
 * agent but not, as a rule, the boot. A descriptor, or -1: it cannot be had.
 */
int place_anchor(const char *state, const char *socket);
/*
 * A listening, non-blocking socket there; one left behind by an agent that
 * died is replaced, one that answers is not. Or the one that a service
 * manager passed (LISTEN_FDS), whose variables are then removed.
 */
int place_listen(const char *path, ino_t *which);
/* Take it away at the end, if it is that one still. */
void place_unlisten(const char *path, ino_t which);
/* -1: none was passed; else path is its. */
int place_passed(char *path, size_t size);

#endif
