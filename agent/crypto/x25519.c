/* SPDX-License-Identifier: ISC */
/*
 * X25519 (RFC 7748). Runs in the keeper. Private keys are imported for one
 * operation; OpenSSL holds its copy in the secure heap and wipes it.
 */
#include <string.h>

#include "../../ipc/err.h"
#include "crypto.h"
#include "internal.h"
#include "secret.h"

int
crypto_x25519_public(const uint8_t priv[32], uint8_t pub[32])
{
	return crypto_import_public(crypto_state.x25519, priv, pub);
}

int
crypto_x25519_generate(uint8_t priv[32], uint8_t pub[32])
{
	int err;

	if ((err = random_secret(priv, 32)) == 0)
		err = crypto_x25519_public(priv, pub);
	if (err != 0)
		secret_wipe(priv, 32);
	return err;
}

int
crypto_x25519(const uint8_t priv[32], const uint8_t *pub,
    const uint8_t peer[32], uint8_t out[32])
{
	EVP_PKEY *mine = NULL, *theirs = NULL;
	EVP_PKEY_CTX *ctx = NULL;
	size_t len = 32;
	int err = ERR_BUSY;

	if (!crypto_canonical(peer))
		return ERR_BAD_KEY;
	mine = crypto_import(crypto_state.x25519, priv, pub);
	theirs = crypto_import(crypto_state.x25519, NULL, peer);
	if (mine == NULL || theirs == NULL)
		goto out;
	err = ERR_CRYPTO;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, mine, NULL);
	if (ctx == NULL || EVP_PKEY_derive_init(ctx) != 1 ||
	    EVP_PKEY_derive_set_peer_ex(ctx, theirs, 0) != 1)
		goto out;
	/* fails when the result is all zero: a point of small order */
	err =
	    EVP_PKEY_derive(ctx, out, &len) == 1 && len == 32 ? 0 : ERR_BAD_KEY;
out:
	if (err != 0)
		secret_wipe(out, 32);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(mine);
	EVP_PKEY_free(theirs);
	return err;
}

int
crypto_key_check(const uint8_t pub[32])
{
	/*
	 * The points of small order (RFC 7748, section 6.1): 0, 1, two of
	 * order 8, -1. The others in the usual lists are not canonical.
	 */
	static const uint8_t small[][32] = {
		{ 0 },
		{ 1 },
		{ 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56,
		    0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb,
		    0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49,
		    0xb8, 0x00 },
		{ 0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0,
		    0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4,
		    0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f,
		    0x11, 0x57 },
		{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		    0xff, 0x7f },
	};

	if (!crypto_canonical(pub))
		return ERR_BAD_KEY;
	for (size_t i = 0; i < sizeof small / sizeof small[0]; i++)
		if (memcmp(pub, small[i], 32) == 0)
			return ERR_BAD_KEY;
	return 0;
}
