/* SPDX-License-Identifier: ISC */
/*
 * What the files of agent/crypto share: OpenSSL objects fetched once, before
 * the sandbox (a fetch for each call costs more than the operation). None of
 * them holds a key, but for the hash context between two lines of kdf.c.
 * They are as global as the library that they belong to.
 */
#ifndef AGENT_CRYPTO_INTERNAL_H
#define AGENT_CRYPTO_INTERNAL_H

#include <openssl/evp.h>
#include <openssl/kdf.h>

struct crypto_state {
	EVP_MD *sha256, *sha512;
	EVP_CIPHER *cbc256, *gcm128, *gcm256;
	EVP_KDF *scrypt;
	EVP_MD_CTX *hash;		/* SHA-256; begun anew after each use */
	int hash_begun;			/* and nothing has been put since */
	EVP_PKEY_CTX *x25519, *ed25519; /* for imports only */
};
extern struct crypto_state crypto_state;

/*
 * A key from raw octets; either half may be NULL. A private key without its
 * public half costs a multiplication. NULL: no memory.
 */
EVP_PKEY *
crypto_import(EVP_PKEY_CTX *, const uint8_t *priv, const uint8_t *pub);
/* The public half of a private key. */
int
crypto_import_public(EVP_PKEY_CTX *, const uint8_t priv[32], uint8_t pub[32]);
/* Below 2^255 - 19, bit 255 clear. Public data. */
int crypto_canonical(const uint8_t p[32]);

#endif
