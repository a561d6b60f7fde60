/* SPDX-License-Identifier: ISC */
/*
 * agent/crypto/random.c for the memory hunt: the n-th 32 octets drawn are
 * SHA-256(seed, label, n), the seed from XA_TEST_SEED, so that the hunter
 * (hunt.c) knows every secret the agent will ever have. Linked into test
 * builds of the keeper only; a build with it keeps no secret.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/crypto/crypto.h"
#include "../../agent/crypto/secret.h"
#include "../../ipc/err.h"

static int
draw(const char *label, uint64_t *n, void *p, size_t len)
{
	const char *seed = getenv("XA_TEST_SEED");
	uint8_t block[32], *out = p;

	if (seed == NULL)
		return ERR_CRYPTO;
	while (len > 0) {
		uint64_t count = (*n)++;
		size_t part = len < sizeof(block) ? len : sizeof(block);
		struct iovec_const v[] = {
			{ seed, strlen(seed) },
			{ label, strlen(label) },
			{ &count, sizeof(count) },
		};
		int err = crypto_sha256(v, 3, block);

		if (err != 0)
			return err;
		memcpy(out, block, part);
		out += part;
		len -= part;
	}
	secret_wipe(block, sizeof(block));
	return 0;
}

int
random_secret(void *p, size_t len)
{
	static uint64_t n;

	return draw("secret", &n, p, len);
}

int
random_public(void *p, size_t len)
{
	static uint64_t n;

	return draw("public", &n, p, len);
}
