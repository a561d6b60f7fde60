/* SPDX-License-Identifier: ISC */
/*
 * AES: GCM for records and for payloads of OMEMO 0.3.0, CBC for ratchet
 * messages and for payloads of OMEMO 2. Runs in the keeper. A context is made
 * for each operation and freed, hence wiped, at its end: 0.2 us are a small
 * price for no key left behind. Only struct crypto_aead stays keyed.
 */
#include <limits.h>
#include <string.h>

#include "../../ipc/err.h"
#include "crypto.h"
#include "internal.h"
#include "secret.h"

#define TAG 16

struct crypto_aead {
	EVP_CIPHER_CTX *ctx; /* AES-256-GCM, keyed once */
};

static int
gcm_init(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, const uint8_t *key,
    const uint8_t *iv, size_t ivlen, int encrypt)
{
	if (ivlen < 1 || ivlen > 64)
		return ERR_ARGUMENT;
	if (EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, encrypt, NULL) != 1 ||
	    EVP_CIPHER_CTX_ctrl(
		ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)ivlen, NULL) != 1 ||
	    EVP_CipherInit_ex2(ctx, NULL, key, iv, encrypt, NULL) != 1)
		return ERR_CRYPTO;
	return 0;
}

static int
gcm_update(EVP_CIPHER_CTX *ctx, const void *aad, size_t aadlen,
    const uint8_t *in, size_t len, uint8_t *out)
{
	int n;

	if (len > INT_MAX || aadlen > INT_MAX)
		return ERR_TOO_LONG;
	if (aadlen > 0 &&
	    EVP_CipherUpdate(ctx, NULL, &n, aad, (int)aadlen) != 1)
		return ERR_CRYPTO;
	if (len > 0 && EVP_CipherUpdate(ctx, out, &n, in, (int)len) != 1)
		return ERR_CRYPTO;
	return 0;
}

static int
gcm_seal_end(EVP_CIPHER_CTX *ctx, uint8_t tag[TAG])
{
	uint8_t none[16];
	int n;

	if (EVP_CipherFinal_ex(ctx, none, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, tag) != 1)
		return ERR_CRYPTO;
	return 0;
}

static int
gcm_open_end(EVP_CIPHER_CTX *ctx, const uint8_t tag[TAG])
{
	uint8_t copy[TAG], none[16];
	int n;

	memcpy(copy, tag, TAG);
	if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, copy) != 1)
		return ERR_CRYPTO;
	return EVP_CipherFinal_ex(ctx, none, &n) == 1 ? 0 : ERR_BAD_MAC;
}

static const EVP_CIPHER *
gcm_cipher(size_t keylen)
{
	if (keylen == 16)
		return crypto_state.gcm128;
	return keylen == 32 ? crypto_state.gcm256 : NULL;
}

int
crypto_gcm_seal(const uint8_t *key, size_t keylen, const uint8_t *iv,
    size_t ivlen, const void *aad, size_t aadlen, const uint8_t *in, size_t len,
    uint8_t *out, uint8_t tag[16])
{
	const EVP_CIPHER *cipher = gcm_cipher(keylen);
	EVP_CIPHER_CTX *ctx;
	int err;

	if (cipher == NULL)
		return ERR_ARGUMENT;
	if ((ctx = EVP_CIPHER_CTX_new()) == NULL)
		return ERR_MEMORY;
	if ((err = gcm_init(ctx, cipher, key, iv, ivlen, 1)) == 0 &&
	    (err = gcm_update(ctx, aad, aadlen, in, len, out)) == 0)
		err = gcm_seal_end(ctx, tag);
	EVP_CIPHER_CTX_free(ctx);
	return err;
}

int
crypto_gcm_open(const uint8_t *key, size_t keylen, const uint8_t *iv,
    size_t ivlen, const void *aad, size_t aadlen, const uint8_t *in, size_t len,
    const uint8_t tag[16], uint8_t *out)
{
	const EVP_CIPHER *cipher = gcm_cipher(keylen);
	EVP_CIPHER_CTX *ctx;
	int err;

	if (cipher == NULL)
		return ERR_ARGUMENT;
	if ((ctx = EVP_CIPHER_CTX_new()) == NULL)
		return ERR_MEMORY;
	if ((err = gcm_init(ctx, cipher, key, iv, ivlen, 0)) == 0 &&
	    (err = gcm_update(ctx, aad, aadlen, in, len, out)) == 0)
		err = gcm_open_end(ctx, tag);
	if (err != 0)
		secret_wipe(out, len);
	EVP_CIPHER_CTX_free(ctx);
	return err;
}

/* *outlen: room, then octets written. */
static int
cbc(int encrypt, const uint8_t key[32], const uint8_t iv[16], const uint8_t *in,
    size_t len, uint8_t *out, size_t *outlen)
{
	EVP_CIPHER_CTX *ctx;
	int n = 0, last = 0, err = ERR_CRYPTO;

	if (len > INT_MAX - 32 || *outlen < len + (encrypt ? 16 - len % 16 : 0))
		return ERR_TOO_LONG;
	*outlen = 0;
	if (!encrypt && (len == 0 || len % 16 != 0))
		return ERR_BAD_MESSAGE;
	if ((ctx = EVP_CIPHER_CTX_new()) == NULL)
		return ERR_MEMORY;
	if (EVP_CipherInit_ex2(
		ctx, crypto_state.cbc256, key, iv, encrypt, NULL) == 1 &&
	    (len == 0 || EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1)) {
		if (EVP_CipherFinal_ex(ctx, out + n, &last) == 1) {
			*outlen = (size_t)n + (size_t)last;
			err = 0;
		} else if (!encrypt)
			err = ERR_BAD_MESSAGE;
	}
	if (err != 0)
		secret_wipe(out, len);
	EVP_CIPHER_CTX_free(ctx);
	return err;
}

int
crypto_cbc_encrypt(const uint8_t key[32], const uint8_t iv[16],
    const uint8_t *in, size_t len, uint8_t *out, size_t *outlen)
{
	return cbc(1, key, iv, in, len, out, outlen);
}

int
crypto_cbc_decrypt(const uint8_t key[32], const uint8_t iv[16],
    const uint8_t *in, size_t len, uint8_t *out, size_t *outlen)
{
	return cbc(0, key, iv, in, len, out, outlen);
}

struct crypto_aead *
crypto_aead_new(const uint8_t key[32])
{
	static const uint8_t iv[12];
	struct crypto_aead *a = OPENSSL_zalloc(sizeof *a);

	if (a == NULL)
		return NULL;
	if ((a->ctx = EVP_CIPHER_CTX_new()) == NULL ||
	    gcm_init(a->ctx, crypto_state.gcm256, key, iv, sizeof iv, 1) != 0) {
		crypto_aead_free(a);
		return NULL;
	}
	return a;
}

void
crypto_aead_free(struct crypto_aead *a)
{
	if (a == NULL)
		return;
	EVP_CIPHER_CTX_free(a->ctx);
	OPENSSL_free(a);
}

int
crypto_aead_seal(struct crypto_aead *a, const uint8_t iv[12], const void *aad,
    size_t aadlen, const uint8_t *in, size_t len, uint8_t *out, uint8_t tag[16])
{
	int err;

	if (EVP_CipherInit_ex2(a->ctx, NULL, NULL, iv, 1, NULL) != 1)
		return ERR_CRYPTO;
	if ((err = gcm_update(a->ctx, aad, aadlen, in, len, out)) == 0)
		err = gcm_seal_end(a->ctx, tag);
	return err;
}

int
crypto_aead_open(struct crypto_aead *a, const uint8_t iv[12], const void *aad,
    size_t aadlen, const uint8_t *in, size_t len, const uint8_t tag[16],
    uint8_t *out)
{
	int err;

	if (EVP_CipherInit_ex2(a->ctx, NULL, NULL, iv, 0, NULL) != 1)
		return ERR_CRYPTO;
	if ((err = gcm_update(a->ctx, aad, aadlen, in, len, out)) == 0)
		err = gcm_open_end(a->ctx, tag);
	if (err != 0)
		secret_wipe(out, len);
	return err;
}
