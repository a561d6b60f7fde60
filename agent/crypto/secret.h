/* SPDX-License-Identifier: ISC */
/*
 * Octets in OpenSSL's secure heap: locked, never dumped, wiped when freed.
 * A full heap is an error (ERR_BUSY), never a fall back to ordinary memory.
 */
#ifndef AGENT_CRYPTO_SECRET_H
#define AGENT_CRYPTO_SECRET_H

#include <stddef.h>
#include <stdint.h>

struct secret {
	uint8_t *data;
	size_t len;
};

/* Once, before the sandbox; size is a power of two. 0 or ERR_MEMORY. */
int secret_heap_init(size_t size);
/* len zero octets; *s must be empty. 0 or ERR_BUSY. */
int secret_new(struct secret *s, size_t len);
int secret_copy(struct secret *s, const void *p, size_t len);
void secret_free(struct secret *s); /* wipes; then empty. Idempotent. */
/* Plain allocations of structures in the secure heap. */
void *secret_alloc(size_t len); /* zeroed; NULL when full */
void secret_release(void *p, size_t len);
size_t secret_heap_used(void);
/* Wipe octets that are not in the heap (stack, buffers). */
void secret_wipe(void *p, size_t len);
/* Overwrite the stack below the caller (residue of library calls). */
void secret_burn_stack(void);
/* Constant time: 1 equal, 0 not. */
int secret_equal(const void *a, const void *b, size_t len);

#endif
