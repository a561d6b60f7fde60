/* SPDX-License-Identifier: ISC */
/*
 * libstrophe's and expat's allocator. libstrophe's parser has no limits and
 * gives no hook before it; but it, and the expat in it, take every octet from
 * the allocator that its user gives. So the limits on a stanza are here: one
 * block too large (a long text or attribute), too many octets (a long
 * stanza), too many blocks (many elements, or deep ones). Over a limit the
 * process says so and ends: nothing in it is worth more.
 *
 * The limits are above all that a contact can have a server deliver (512 KiB
 * a stanza between servers): such a stanza may cost seconds, since libstrophe
 * walks all siblings to add one, but it must be passed, or it would end every
 * next connection too, out of the archive. Only the own server can exceed
 * them.
 *
 * Every block is wiped when it is freed: the password is among them.
 */
#ifndef CLIENT_NET_MEMORY_H
#define CLIENT_NET_MEMORY_H

#include <stddef.h>

#include <strophe.h>

#define MEMORY_BLOCK  (2 * 1024 * 1024)	  /* octets of one text or attribute */
#define MEMORY_BYTES  (160 * 1024 * 1024) /* octets in use */
#define MEMORY_BLOCKS 1300000		  /* 512 KiB of the smallest elements */
#define MEMORY_STACK  (64 * 1024 * 1024)  /* libstrophe frees by recursion */

struct memory {
	size_t bytes, blocks; /* in use */
	size_t max_block, max_bytes, max_blocks;
	/* Over a limit: must not return. */
	void (*over)(void *arg, const char *what);
	void *arg;
};

/* mem is for xmpp_ctx_new; both must outlive the context. */
void memory_init(struct memory *, xmpp_mem_t *mem,
    void (*over)(void *arg, const char *what), void *arg);

#endif
