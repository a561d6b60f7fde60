/* SPDX-License-Identifier: ISC */
/*
 * The allocator under libstrophe and expat (memory.h has the reasons). Runs
 * in xmpp-net; holds what they hold, for a while the password; trusts no
 * one. A block is preceded by its size.
 */
#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

union head {
	size_t size;
	max_align_t align;
};

static int
memory_allows(struct memory *m, size_t size)
{
	if (size > m->max_block)
		m->over(m->arg, "a text that is too long");
	else if (m->bytes + size > m->max_bytes)
		m->over(m->arg, "a stanza that is too long");
	else if (m->blocks >= m->max_blocks)
		m->over(m->arg, "a stanza of too many elements");
	else
		return 1;
	return 0;
}

static void *
memory_alloc(size_t size, void *arg)
{
	struct memory *m = arg;
	union head *h;

	if (!memory_allows(m, size))
		return NULL;
	if ((h = malloc(sizeof(*h) + size)) == NULL)
		return NULL;
	h->size = size;
	m->bytes += size;
	m->blocks++;
	return h + 1;
}

static void
memory_free(void *p, void *arg)
{
	struct memory *m = arg;
	union head *h;

	if (p == NULL)
		return;
	h = (union head *)p - 1;
	m->bytes -= h->size;
	m->blocks--;
	explicit_bzero(h, sizeof(*h) + h->size);
	free(h);
}

static void *
memory_realloc(void *p, size_t size, void *arg)
{
	union head *h;
	void *n;

	if (p == NULL)
		return memory_alloc(size, arg);
	if ((n = memory_alloc(size, arg)) == NULL)
		return NULL;
	h = (union head *)p - 1;
	memcpy(n, p, h->size < size ? h->size : size);
	memory_free(p, arg);
	return n;
}

void
memory_init(struct memory *m, xmpp_mem_t *mem,
    void (*over)(void *, const char *), void *arg)
{
	*m = (struct memory){ .max_block = MEMORY_BLOCK,
		.max_bytes = MEMORY_BYTES,
		.max_blocks = MEMORY_BLOCKS,
		.over = over,
		.arg = arg };
	*mem = (xmpp_mem_t){ .alloc = memory_alloc,
		.free = memory_free,
		.realloc = memory_realloc,
		.userdata = m };
}
