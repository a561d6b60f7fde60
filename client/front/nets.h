/* SPDX-License-Identifier: ISC */
/*
 * One xmpp-net after another, with back-off. Used by the starter of a front
 * and by xmpp-key publish and doctor.
 */
#ifndef CLIENT_FRONT_NETS_H
#define CLIENT_FRONT_NETS_H

#include "../../ipc/loop.h"
#include "../common/options.h"
#include "../common/password.h"

struct nets_config {
	const char *account;
	const struct options *options;	 /* name, host, port, ca_file */
	const struct password *password; /* borrowed; may come to be empty */
	int link;     /* net's end of the front link; not owned */
	int presence; /* 0: tell net to send none */
	int looks;    /* net is to look at the server for the front, no more */
	/* No more nets will be started: trying again cannot help. */
	void (*stopped)(void *arg, const char *reason);
	void *arg;
};

/* How xmpp-net ends (exit codes). */
enum net_exit {
	NET_QUIT = 0,	/* asked to */
	NET_LOST = 1,	/* lost or failed: try again */
	NET_FATAL = 2,	/* password, certificate: trying again cannot help */
	NET_LOCKED = 3, /* the keeper is locked or gone */
};

struct nets;

struct nets *nets_new(struct loop *, const struct nets_config *);
void nets_free(struct nets *);
/* The vault is locked: start none until it is not. Starts when unlocked. */
void nets_set_locked(struct nets *, int locked);
/* Call it for every child that has ended; 1: it was a net. */
int nets_reap(struct nets *, int pid, int status);
/*
 * Start no more and end the one that runs: it has NETS_END_MS to close its
 * stream in good order, then it is killed. Blocks for that long at most.
 */
void nets_end(struct nets *);

#define NETS_END_MS    3000
#define NETS_STEADY_MS 60000 /* a net that lived so long resets the back-off */

#endif
