/* SPDX-License-Identifier: ISC */
/*
 * The keeper's only door to OpenSSL (with secret.h). EVP only; algorithms are
 * fetched once by crypto_init, before the sandbox. Keyed contexts are kept
 * and re-keyed; crypto_forget frees them all (lock). All functions return 0
 * or a negative enum err; buffers are the caller's. Not thread safe.
 */
#ifndef AGENT_CRYPTO_CRYPTO_H
#define AGENT_CRYPTO_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

/* Fetch and warm up every algorithm (no configuration file is read). */
int crypto_init(void);
/* Free every context that may hold a key; they are made anew when needed. */
void crypto_forget(void);

/* kdf.c: SHA-256, HMAC-SHA-256 (RFC 2104), HKDF-SHA-256 (RFC 5869), scrypt */
struct iovec_const {
	const void *p;
	size_t len;
};

int crypto_sha256(const struct iovec_const *v, size_t n, uint8_t out[32]);
int crypto_hmac(const uint8_t *key, size_t keylen, const struct iovec_const *v,
    size_t n, uint8_t out[32]);
/* salt NULL: 32 zero octets. outlen <= 255*32. */
int crypto_hkdf(const uint8_t *ikm, size_t ikmlen, const uint8_t salt[32],
    const char *info, uint8_t *out, size_t outlen);
/* The same with any salt and any info. */
int crypto_hkdf_any(const uint8_t *ikm, size_t ikmlen, const uint8_t *salt,
    size_t saltlen, const void *info, size_t infolen, uint8_t *out,
    size_t outlen);
/* RFC 7914; maxmem is set from the parameters. Derive process only. */
int crypto_scrypt(const void *pass, size_t passlen, const void *salt,
    size_t saltlen, unsigned log2n, uint32_t r, uint32_t p, uint8_t out[32]);

/* aead.c. keylen 16 or 32; tag is 16 octets; in and out may be the same. */
int crypto_gcm_seal(const uint8_t *key, size_t keylen, const uint8_t *iv,
    size_t ivlen, const void *aad, size_t aadlen, const uint8_t *in, size_t len,
    uint8_t *out, uint8_t tag[16]);
/* ERR_BAD_MAC when it does not verify; out is then wiped. */
int crypto_gcm_open(const uint8_t *key, size_t keylen, const uint8_t *iv,
    size_t ivlen, const void *aad, size_t aadlen, const uint8_t *in, size_t len,
    const uint8_t tag[16], uint8_t *out);
/* AES-256-CBC, PKCS#7. *outlen: in, room (to encrypt: up to the next
 * multiple of 16 over len; to decrypt: len); out, octets. */
int crypto_cbc_encrypt(const uint8_t key[32], const uint8_t iv[16],
    const uint8_t *in, size_t len, uint8_t *out, size_t *outlen);
/* ERR_BAD_MESSAGE on bad padding. */
int crypto_cbc_decrypt(const uint8_t key[32], const uint8_t iv[16],
    const uint8_t *in, size_t len, uint8_t *out, size_t *outlen);
/* A kept AES-256-GCM key for records (one context, keyed once). */
struct crypto_aead;
struct crypto_aead *crypto_aead_new(const uint8_t key[32]);
void crypto_aead_free(struct crypto_aead *);
int crypto_aead_seal(struct crypto_aead *, const uint8_t iv[12],
    const void *aad, size_t aadlen, const uint8_t *in, size_t len, uint8_t *out,
    uint8_t tag[16]);
int crypto_aead_open(struct crypto_aead *, const uint8_t iv[12],
    const void *aad, size_t aadlen, const uint8_t *in, size_t len,
    const uint8_t tag[16], uint8_t *out);

/* x25519.c: raw little-endian keys (RFC 7748) */
int crypto_x25519_public(const uint8_t priv[32], uint8_t pub[32]);
/* From random_secret. */
int crypto_x25519_generate(uint8_t priv[32], uint8_t pub[32]);
/* pub: own public half, spares a multiplication; NULL: computed.
 * ERR_BAD_KEY: bit 255 set, not canonical, or the result is all zero. */
int crypto_x25519(const uint8_t priv[32], const uint8_t *pub,
    const uint8_t peer[32], uint8_t out[32]);
/* 0, or ERR_BAD_KEY: bit 255 set, not canonical, of small order. */
int crypto_key_check(const uint8_t pub[32]);
/* u = (1+y)/(1-y) and back (sign: bit 255 of the Edwards form). ERR_BAD_KEY */
int crypto_ed_to_mont(const uint8_t ed[32], uint8_t u[32]);
int crypto_mont_to_ed(const uint8_t u[32], int sign, uint8_t ed[32]);

/* ed25519.c (RFC 8032). priv is the seed. */
int crypto_ed25519_public(const uint8_t seed[32], uint8_t pub[32]);
/* pub: the seed's own, from where no one else can put another (a signature
 * with a wrong one gives the key away); it spares a multiplication. NULL:
 * computed. */
int crypto_ed25519_sign(const uint8_t seed[32], const uint8_t *pub,
    const void *m, size_t len, uint8_t sig[64]);
/* 0 or ERR_BAD_SIGNATURE. */
int crypto_ed25519_verify(
    const uint8_t pub[32], const void *m, size_t len, const uint8_t sig[64]);
/* SHA-512(seed)[0..32): the X25519 half of an identity. */
int crypto_ed25519_scalar(const uint8_t seed[32], uint8_t priv[32]);

/* random.c; replaced in the test build by draws from a given seed */
int random_secret(void *p, size_t len); /* keys: the memory test hunts these */
int random_public(void *p, size_t len); /* salts, ids, nonces */

#endif
