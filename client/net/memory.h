/* SPDX-License-Identifier: ISC */
/*
 * libstrophe's and expat's allocator. libstrophe's parser has no limits and
 * gives no hook before it; but it, and the expat in it, take every octet from
 * the allocator that its user gives. So the limits on a stanza are here: too
 * many octets (a long one), too many blocks (many elements, or deep ones),
 * one block too large (a long text or attribute). Over a limit the process
 * says so and ends: nothing in it is worth more.
 *
 * Every block is wiped when it is freed: the password is among them.
 */
#ifndef CLIENT_NET_MEMORY_H
#define CLIENT_NET_MEMORY_H

#include <stddef.h>

#include <strophe.h>

#define MEMORY_BLOCK  (256 * 1024)	/* octets of one text or stanza */
#define MEMORY_BYTES  (8 * 1024 * 1024) /* octets in use */
#define MEMORY_BLOCKS 160000		/* about 8,192 devices in one list */

struct memory {
	size_t bytes, blocks; /* in use */
	/* Over a limit: must not return. */
	void (*over)(void *arg, const char *what);
	void *arg;
};

/* mem is for xmpp_ctx_new; both must outlive the context. */
void memory_init(struct memory *, xmpp_mem_t *mem,
    void (*over)(void *arg, const char *what), void *arg);

#endif
