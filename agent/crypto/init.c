/* SPDX-License-Identifier: ISC */
/*
 * Fetches every algorithm once and uses each once, so that inside the sandbox
 * OpenSSL needs neither a file nor any system call but getpid, getrandom and
 * memory. Runs in the keeper and in derive, before their sandbox. Holds no
 * key.
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "../../ipc/err.h"
#include "crypto.h"
#include "internal.h"
#include "secret.h"

struct crypto_state crypto_state;

EVP_PKEY *
crypto_import(EVP_PKEY_CTX *ctx, const uint8_t *priv, const uint8_t *pub)
{
	union {
		const uint8_t *c;
		void *p;
	} half[2] = { { priv }, { pub } }; /* OSSL_PARAM takes no const */

	OSSL_PARAM params[3], *p = params;
	EVP_PKEY *key = NULL;

	if (priv != NULL)
		*p++ = OSSL_PARAM_construct_octet_string(
		    OSSL_PKEY_PARAM_PRIV_KEY, half[0].p, 32);
	if (pub != NULL)
		*p++ = OSSL_PARAM_construct_octet_string(
		    OSSL_PKEY_PARAM_PUB_KEY, half[1].p, 32);
	*p = OSSL_PARAM_construct_end();
	if (EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key,
		priv != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
		params) != 1) {
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

int
crypto_import_public(EVP_PKEY_CTX *ctx, const uint8_t priv[32], uint8_t pub[32])
{
	EVP_PKEY *key = crypto_import(ctx, priv, NULL);
	size_t len = 32;
	int err = ERR_BUSY;

	if (key != NULL)
		err = EVP_PKEY_get_raw_public_key(key, pub, &len) == 1 &&
			len == 32
		    ? 0
		    : ERR_CRYPTO;
	EVP_PKEY_free(key);
	return err;
}

static int
fetch(struct crypto_state *c)
{
	c->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	c->sha512 = EVP_MD_fetch(NULL, "SHA2-512", NULL);
	c->cbc256 = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	c->gcm128 = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	c->gcm256 = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	c->scrypt = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
	c->x25519 = EVP_PKEY_CTX_new_from_name(NULL, "X25519", NULL);
	c->ed25519 = EVP_PKEY_CTX_new_from_name(NULL, "ED25519", NULL);
	if (c->sha256 == NULL || c->sha512 == NULL || c->cbc256 == NULL ||
	    c->gcm128 == NULL || c->gcm256 == NULL || c->scrypt == NULL ||
	    c->x25519 == NULL || c->ed25519 == NULL)
		return ERR_CRYPTO;
	return 0;
}

/* Symmetric algorithms, once each. */
static int
warm_symmetric(void)
{
	static const uint8_t key[32], iv[16];
	uint8_t out[32], tag[16];
	size_t len = sizeof out;
	int err;

	if ((err = crypto_hkdf(key, 32, NULL, "warm", out, 32)) != 0 ||
	    (err = crypto_scrypt("", 0, "", 0, 4, 1, 1, out)) != 0 ||
	    (err = crypto_gcm_seal(
		 key, 16, iv, 12, NULL, 0, key, 16, out, tag)) != 0 ||
	    (err = crypto_gcm_open(
		 key, 16, iv, 12, NULL, 0, out, 16, tag, out)) != 0 ||
	    (err = crypto_gcm_seal(
		 key, 32, iv, 12, NULL, 0, key, 16, out, tag)) != 0 ||
	    (err = crypto_gcm_open(
		 key, 32, iv, 12, NULL, 0, out, 16, tag, out)) != 0 ||
	    (err = crypto_cbc_encrypt(key, iv, key, 8, out, &len)) != 0)
		return err;
	return crypto_cbc_decrypt(key, iv, out, len, out, &len);
}

/* Curves and both random generators, once each. */
static int
warm_asymmetric(void)
{
	static const uint8_t key[32] = { 9 };
	uint8_t pub[32], out[32], sig[64];
	int err;

	if ((err = crypto_x25519_public(key, pub)) != 0 ||
	    (err = crypto_x25519(key, NULL, pub, out)) != 0 ||
	    (err = crypto_ed25519_public(key, pub)) != 0 ||
	    (err = crypto_ed25519_sign(key, pub, "warm", 4, sig)) != 0 ||
	    (err = crypto_ed25519_verify(pub, "warm", 4, sig)) != 0 ||
	    (err = crypto_ed25519_scalar(key, out)) != 0 ||
	    (err = crypto_ed_to_mont(pub, out)) != 0 ||
	    (err = crypto_mont_to_ed(out, 0, out)) != 0)
		return err;
	sig[0] ^= 1; /* what a failure needs, errors' text among it */
	if (crypto_ed25519_verify(pub, "warm", 4, sig) != ERR_BAD_SIGNATURE)
		return ERR_CRYPTO;
	/* not by random_*: a test's known draws begin after us */
	if (RAND_priv_bytes(out, 32) != 1 || RAND_bytes(out, 32) != 1)
		return ERR_CRYPTO;
	secret_wipe(out, sizeof out);
	return 0;
}

int
crypto_init(void)
{
	int err;

	if (OPENSSL_init_crypto(
		OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
		NULL) != 1)
		return ERR_CRYPTO;
	if ((err = fetch(&crypto_state)) == 0 && (err = warm_symmetric()) == 0)
		err = warm_asymmetric();
	return err;
}

void
crypto_forget(void)
{
	EVP_MD_CTX_free(crypto_state.hash);
	crypto_state.hash = NULL;
	crypto_state.hash_begun = 0;
	secret_burn_stack();
}
