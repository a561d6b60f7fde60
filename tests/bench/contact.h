/* SPDX-License-Identifier: ISC */
/*
 * The other side of the bench's messages: contacts whose devices are the
 * engine itself, with keys in memory, and what the client hands to the agent
 * of them. None of their work is timed.
 */
#ifndef BENCH_CONTACT_H
#define BENCH_CONTACT_H

#include "client.h"

#define TEXT 48 /* octets of a text */

struct device; /* tests/unit/omemo_device.h */

struct contact {
	char jid[64];
	uint32_t first; /* device id of devices[0] */
	size_t n;
	struct device **devices;
	/* the message that the agent composes for it now */
	uint8_t handle[HANDLE_SIZE];
	int done; /* encrypted */
	struct buffer elements;
};

struct cast { /* all of them */
	struct client *client;
	size_t n;
	struct contact *v;
	unsigned composed;	   /* ids are counted */
	double bundles, encrypted; /* seconds of the last BUNDLEs, ENCRYPTs */
	double composing;
};

/* n contacts of so many devices each; same: all have one device's keys, and
 * cannot read (sessions in great number). */
struct cast *cast_new(
    struct client *, size_t n, const char *prefix, size_t devices, int same);

/* Compose a text to each. */
void cast_compose(struct cast *);
/* ENCRYPT until all are done: lists, bundles, readers as they are needed. */
void cast_encrypt(struct cast *, size_t flight);
void cast_sent(struct cast *);
/* The contacts' devices read what was encrypted. */
void cast_read(struct cast *);
/* They answer; DECRYPT of it all. How long that took. */
double cast_answer(struct cast *, size_t flight);

/* One device writes with its session: a DECRYPT for the agent. */
void contact_write(struct contact *, size_t device, struct client *,
    struct buffer *decrypt, const char *archive);
/* It begins a session from the own bundle of the client, with prekey i. */
void contact_begin(struct contact *, struct client *, size_t i);

#endif
