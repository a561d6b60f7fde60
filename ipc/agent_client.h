/* SPDX-License-Identifier: ISC */
/*
 * The client library: HELLO, RESTRICT, requests and events over the agent's
 * socket. Runs in fronts, nets and xmpp-key. Two manners of use, of one
 * object: agent_call waits for its reply (events are queued meanwhile);
 * agent_request is asynchronous and needs a loop.
 */
#ifndef IPC_AGENT_CLIENT_H
#define IPC_AGENT_CLIENT_H

#include "frame.h"
#include "loop.h"
#include "messages.h"

struct agent;

/* $XMPP_AGENT_SOCK, else $XDG_RUNTIME_DIR/xmpp-agent/agent.sock, to path.
 * ERR_NOT_FOUND: neither is set. */
int agent_socket_path(const char *option, char *path, size_t size);
/* Connect (blocking). fd or ERR_SYSTEM with errno; EPERM: who listens there
 * is neither this user nor root. */
int agent_connect(const char *path);
/* Takes fd over and says HELLO (waits). NULL: *err says why. */
struct agent *agent_new(int fd, int *err);
/*
 * The same for a connection on which another process has said HELLO and
 * RESTRICT (xmpp-net's): says nothing. Whether the vault is locked is known
 * once an answer or event has said so.
 */
struct agent *agent_new_greeted(int fd, int *err);
void agent_free(struct agent *);
/* Free all but the descriptor, for another process to go on with; not after
 * agent_attach. Nothing is read ahead, so nothing is lost but queued events:
 * ask agent_is_locked before. */
int agent_release(struct agent *);
int agent_fd(const struct agent *);
int agent_is_locked(const struct agent *); /* as HELLO and events said */
/* The text of the last ERROR reply ("" if none); valid until the next call. */
const char *agent_error(const struct agent *);

int agent_restrict(
    struct agent *, uint32_t rights, const char *name, const char *account);
/*
 * Send one request and wait for its reply. body NULL: empty. On 0 *reply reads
 * the reply's body, already checked against its layout, valid until the next
 * call. An ERROR reply returns its negative code; ERR_EOF: the agent is gone.
 */
int agent_call(struct agent *, uint8_t type, const struct buffer *body,
    struct reader *reply);

/* --- with a loop ------------------------------------------------------------- */
struct agent_handler {
	void (*event)(void *arg, uint8_t type, struct reader *body);
	void (*closed)(void *arg, int err); /* once; then agent_free */
};

/* Attach to a loop; agent_call must not be used after. Queued events come. */
int agent_attach(
    struct agent *, struct loop *, const struct agent_handler *, void *arg);
/*
 * done gets err 0 and the reply's body, or the error (reply NULL; agent_error
 * has the text). Every request is answered or closed() is called. ERR_BUSY:
 * too much waits to be written, nothing was sent, ask again after an answer.
 */
int agent_request(struct agent *, uint8_t type, const struct buffer *body,
    void (*done)(void *arg, int err, struct reader *reply), void *arg);

#endif
