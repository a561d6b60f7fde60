/* SPDX-License-Identifier: ISC */
/*
 * Ed25519 (RFC 8032) for the identity, whose seed also gives its X25519 half.
 * Runs in the keeper. Each signature has an EVP_MD_CTX of its own:
 * EVP_DigestSignInit on a used one returns 1 and keeps the old key.
 */
#include <string.h>

#include "../../ipc/err.h"
#include "crypto.h"
#include "internal.h"
#include "secret.h"

int
crypto_ed25519_public(const uint8_t seed[32], uint8_t pub[32])
{
	return crypto_import_public(crypto_state.ed25519, seed, pub);
}

int
crypto_ed25519_sign(const uint8_t seed[32], const uint8_t *pub, const void *m,
    size_t len, uint8_t sig[64])
{
	EVP_PKEY *key = crypto_import(crypto_state.ed25519, seed, pub);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t siglen = 64;
	int err = ERR_CRYPTO;

	if (key == NULL || ctx == NULL)
		err = ERR_BUSY;
	else if (EVP_DigestSignInit_ex(
		     ctx, NULL, NULL, NULL, NULL, key, NULL) == 1 &&
	    EVP_DigestSign(ctx, sig, &siglen, m, len) == 1 && siglen == 64)
		err = 0;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return err;
}

int
crypto_ed25519_verify(
    const uint8_t pub[32], const void *m, size_t len, const uint8_t sig[64])
{
	EVP_PKEY *key = crypto_import(crypto_state.ed25519, NULL, pub);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int err = ERR_BAD_SIGNATURE;

	if (key == NULL || ctx == NULL)
		err = ERR_BUSY;
	else if (EVP_DigestVerifyInit_ex(
		     ctx, NULL, NULL, NULL, NULL, key, NULL) != 1)
		err = ERR_CRYPTO;
	else if (EVP_DigestVerify(ctx, sig, 64, m, len) == 1)
		err = 0;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return err;
}

int
crypto_ed25519_scalar(const uint8_t seed[32], uint8_t priv[32])
{
	uint8_t h[64];
	unsigned len = sizeof h;
	int err = 0;

	if (EVP_Digest(seed, 32, h, &len, crypto_state.sha512, NULL) != 1)
		err = ERR_CRYPTO;
	else {
		memcpy(priv, h, 32);
		priv[0] &= 0xf8;
		priv[31] = (uint8_t)((priv[31] & 0x7f) | 0x40);
	}
	secret_wipe(h, sizeof h);
	return err;
}
