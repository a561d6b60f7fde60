/* SPDX-License-Identifier: ISC */
/*
 * X25519 (RFC 7748). Runs in the keeper. Private keys are imported for one
 * operation; OpenSSL holds its copy in the secure heap and wipes it.
 */
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
