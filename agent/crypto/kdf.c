/* SPDX-License-Identifier: ISC */
/*
 * Hashes and key derivation. Runs in the keeper (scrypt: in derive). HMAC and
 * HKDF are made by hand over one fetched SHA-256 context: ten times as fast
 * as EVP_KDF. The context is begun anew after each use, which wipes it.
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "../../ipc/err.h"
#include "crypto.h"
#include "internal.h"
#include "secret.h"

#define BLOCK 64 /* of SHA-256 */
#define HASH  32

/* Wipes what was put before. Once is enough: it costs as much as a block. */
static int
hash_begin(void)
{
	struct crypto_state *c = &crypto_state;

	if (c->hash_begun)
		return 0;
	if (c->hash == NULL && (c->hash = EVP_MD_CTX_new()) == NULL)
		return ERR_MEMORY;
	c->hash_begun = EVP_DigestInit_ex2(c->hash, c->sha256, NULL) == 1;
	return c->hash_begun ? 0 : ERR_CRYPTO;
}

static int
hash_end(uint8_t out[HASH])
{
	unsigned len = HASH;

	crypto_state.hash_begun = 0;
	if (EVP_DigestFinal_ex(crypto_state.hash, out, &len) != 1)
		return ERR_CRYPTO;
	return hash_begin();
}

static int
hash_put(const void *p, size_t len)
{
	crypto_state.hash_begun = 0;
	return EVP_DigestUpdate(crypto_state.hash, p, len) == 1 ? 0
								: ERR_CRYPTO;
}

static int
hash_put_all(const struct iovec_const *v, size_t n)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < n; i++)
		if (v[i].len > 0)
			err = hash_put(v[i].p, v[i].len);
	return err;
}

int
crypto_sha256(const struct iovec_const *v, size_t n, uint8_t out[32])
{
	int err;

	if ((err = hash_begin()) == 0 && (err = hash_put_all(v, n)) == 0)
		err = hash_end(out);
	return err;
}

/* One of HMAC's two passes, with the key's block turned by pad. */
static int
hmac_pass(uint8_t key[BLOCK], uint8_t pad, const struct iovec_const *v,
    size_t n, uint8_t out[HASH])
{
	int err;

	for (size_t i = 0; i < BLOCK; i++)
		key[i] ^= pad;
	if ((err = hash_begin()) == 0 && (err = hash_put(key, BLOCK)) == 0 &&
	    (err = hash_put_all(v, n)) == 0)
		err = hash_end(out);
	return err;
}

int
crypto_hmac(const uint8_t *key, size_t keylen, const struct iovec_const *v,
    size_t n, uint8_t out[32])
{
	uint8_t block[BLOCK] = { 0 }, inner[HASH];
	struct iovec_const long_key = { key, keylen };
	struct iovec_const digest = { inner, HASH };
	int err = 0;

	if (keylen > BLOCK)
		err = crypto_sha256(&long_key, 1, block);
	else if (keylen > 0)
		memcpy(block, key, keylen);
	if (err == 0 && (err = hmac_pass(block, 0x36, v, n, inner)) == 0)
		err = hmac_pass(block, 0x36 ^ 0x5c, &digest, 1, out);
	secret_wipe(block, sizeof block);
	secret_wipe(inner, sizeof inner);
	return err;
}

int
crypto_hkdf_any(const uint8_t *ikm, size_t ikmlen, const uint8_t *salt,
    size_t saltlen, const void *info, size_t infolen, uint8_t *out,
    size_t outlen)
{
	struct iovec_const in = { ikm, ikmlen };
	uint8_t prk[HASH], t[HASH], count = 0;
	size_t have = 0;
	int err;

	if (outlen > (size_t)255 * HASH)
		return ERR_ARGUMENT;
	err = crypto_hmac(salt, saltlen, &in, 1, prk);
	while (err == 0 && outlen > 0) {
		size_t n = outlen < HASH ? outlen : HASH;
		struct iovec_const v[3] = { { t, have }, { info, infolen },
			{ &count, 1 } };

		count++;
		if ((err = crypto_hmac(prk, HASH, v, 3, t)) != 0)
			break;
		memcpy(out, t, n);
		have = HASH;
		out += n;
		outlen -= n;
	}
	secret_wipe(prk, sizeof prk);
	secret_wipe(t, sizeof t);
	return err;
}

int
crypto_hkdf(const uint8_t *ikm, size_t ikmlen, const uint8_t salt[32],
    const char *info, uint8_t *out, size_t outlen)
{
	/* no salt is 32 zero octets, and these are HMAC's empty key */
	return crypto_hkdf_any(ikm, ikmlen, salt, salt == NULL ? 0 : HASH, info,
	    strlen(info), out, outlen);
}

int
crypto_scrypt(const void *pass, size_t passlen, const void *salt,
    size_t saltlen, unsigned log2n, uint32_t r, uint32_t p, uint8_t out[32])
{
	union {
		const void *c;
		void *p;
	} secret = { pass }, salty = { salt }; /* OSSL_PARAM takes no const */

	uint64_t n = 1, maxmem;
	OSSL_PARAM params[7];
	EVP_KDF_CTX *ctx;
	int err = ERR_CRYPTO;

	if (log2n < 1 || log2n > 30 || r < 1 || r > 64 || p < 1 || p > 64)
		return ERR_ARGUMENT;
	n <<= log2n;
	maxmem = 128 * (uint64_t)r * (n + p + 2) + (1 << 20);
	params[0] = OSSL_PARAM_construct_octet_string(
	    OSSL_KDF_PARAM_PASSWORD, secret.p, passlen);
	params[1] = OSSL_PARAM_construct_octet_string(
	    OSSL_KDF_PARAM_SALT, salty.p, saltlen);
	params[2] = OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n);
	params[3] = OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r);
	params[4] = OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p);
	params[5] =
	    OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &maxmem);
	params[6] = OSSL_PARAM_construct_end();
	if ((ctx = EVP_KDF_CTX_new(crypto_state.scrypt)) == NULL)
		return ERR_MEMORY;
	if (EVP_KDF_derive(ctx, out, 32, params) == 1)
		err = 0;
	EVP_KDF_CTX_free(ctx); /* wipes the passphrase's copy */
	return err;
}
