/* SPDX-License-Identifier: ISC */
/*
 * The secure heap: locked, excluded from dumps, guarded, wiped on release.
 * Used by every role that holds a secret (keeper, derive). OpenSSL falls back
 * to ordinary memory when its heap was never made; this file does not.
 */
#include "secret.h"

#include <string.h>

#include <openssl/crypto.h>

#include "../../ipc/err.h"

#define BURN                                                                   \
	24576 /* deepest stack that a library call was seen to use, twice */

int
secret_heap_init(size_t size)
{
	/* 2: made, but could not be locked */
	return CRYPTO_secure_malloc_init(size, 32) == 1 ? 0 : ERR_MEMORY;
}

void *
secret_alloc(size_t len)
{
	if (!CRYPTO_secure_malloc_initialized())
		return NULL;
	return OPENSSL_secure_zalloc(len);
}

void
secret_release(void *p, size_t len)
{
	OPENSSL_secure_clear_free(p, len);
}

int
secret_new(struct secret *s, size_t len)
{
	s->len = 0;
	s->data = secret_alloc(len > 0 ? len : 1);
	if (s->data == NULL)
		return ERR_BUSY;
	s->len = len;
	return 0;
}

int
secret_copy(struct secret *s, const void *p, size_t len)
{
	int err = secret_new(s, len);

	if (err == 0 && len > 0)
		memcpy(s->data, p, len);
	return err;
}

void
secret_free(struct secret *s)
{
	if (s->data != NULL)
		secret_release(s->data, s->len > 0 ? s->len : 1);
	s->data = NULL;
	s->len = 0;
}

size_t
secret_heap_used(void)
{
	return CRYPTO_secure_used();
}

void
secret_wipe(void *p, size_t len)
{
	OPENSSL_cleanse(p, len);
}

__attribute__((noinline)) void
secret_burn_stack(void)
{
	/* not twice: compilers are told to begin with zeros */
	uint8_t below[BURN] __attribute__((uninitialized));

	explicit_bzero(below, sizeof below);
}

int
secret_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}
