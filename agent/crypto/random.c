/* SPDX-License-Identifier: ISC */
/*
 * All randomness of the keeper and of derive, in a file of its own: the test
 * build puts another one in its place, whose draws are known to the test.
 */
#include <limits.h>

#include <openssl/rand.h>

#include "../../ipc/err.h"
#include "crypto.h"

int
random_secret(void *p, size_t len)
{
	if (len > INT_MAX || RAND_priv_bytes(p, (int)len) != 1)
		return ERR_CRYPTO;
	return 0;
}

int
random_public(void *p, size_t len)
{
	if (len > INT_MAX || RAND_bytes(p, (int)len) != 1)
		return ERR_CRYPTO;
	return 0;
}
