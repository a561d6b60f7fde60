/* SPDX-License-Identifier: ISC */
/*
 * The bench's client: front and net of one account in one process, each with
 * its connection to a real agent. Requests are prepared first and then run,
 * with so many in flight: what is timed is the run.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include "../../ipc/agent_client.h"
#include "../../ipc/err.h"

#define IN_FLIGHT 64

struct client {
	const char *account;
	uint8_t ns; /* of the contacts' devices */
	uint32_t device;
	struct agent *front, *net;
	struct loop *loop;
	struct buffer
	    bundle; /* the own one: BUNDLE's fields from identity on */
};

struct run;

/* What is asked; then answered. */
struct asked {
	struct run *run;
	struct buffer body;
	struct buffer reply; /* its octets */
	int err;
};

struct run {
	struct client *client;
	uint8_t type;
	size_t n, size, next, answered;
	struct asked *v;
};

double seconds(void);
struct client *client_new(const char *account, uint8_t ns);

void run_init(struct run *, struct client *, uint8_t type);
/* The next request's body; put its fields into it. */
struct buffer *run_add(struct run *);
/* The same, with account and handle in it. */
void run_add_handle(struct run *, const uint8_t handle[HANDLE_SIZE]);
/* Run them all; how long that took. */
double run_all(struct run *, size_t flight);
/* The same, and no answer may be an error. */
double run_good(struct run *, size_t flight);
struct reader run_reply(const struct run *, size_t i);
void run_free(struct run *);

/* Do all that WORK names, as a server would. */
void client_work(struct client *);
/* DEVICES of a peer, in all namespaces: ids in the client's, else none. */
void
client_list(struct client *, const char *peer, const uint32_t *ids, uint32_t n);

#endif
