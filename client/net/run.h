/* SPDX-License-Identifier: ISC */
/* The net's life from its arguments to its exit code. */
#ifndef CLIENT_NET_RUN_H
#define CLIENT_NET_RUN_H

#include <stdint.h>

struct net_options {
	const char *account; /* bare JID */
	const char *host;    /* NULL: SRV, else the domain */
	const char *ca_file; /* beside the system's; NULL: none */
	uint16_t port;	     /* 0: SRV, else 5222 */
	int quiet;	     /* no presence, no carbons, no archive */
	int looks;	     /* look at the server for the front, no more */
};

/* An enum net_exit. */
int net_run(const struct net_options *);

#endif
