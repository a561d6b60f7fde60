/* SPDX-License-Identifier: ISC */
/*
 * The payload layer: one encryption of the text for all readers, under a key
 * that the ratchet messages carry. Runs in the keeper.
 *   0.3.0  AES-128-GCM; key(16) ‖ tag(16) in the ratchet message
 *   2      HKDF, AES-256-CBC, HMAC-SHA-256; key(32) ‖ tag(16)
 */
#include <assert.h>
#include <string.h>

#include "../../ipc/err.h"
#include "internal.h"

#define TAG 16

struct payload_keys {
	uint8_t enc[32], auth[32], iv[16];
};

static_assert(sizeof(struct payload_keys) == 80, "HKDF writes it whole");

static int
derive_2(const uint8_t key[32], struct payload_keys *keys)
{
	return crypto_hkdf(
	    key, 32, NULL, "OMEMO Payload", keys->enc, sizeof *keys);
}

static int
tag_2(const struct payload_keys *keys, const uint8_t *p, size_t len,
    uint8_t tag[32])
{
	const struct iovec_const v = { p, len };

	return crypto_hmac(keys->auth, 32, &v, 1, tag);
}

static int
encrypt_2(
    const uint8_t *plain, size_t len, uint8_t *key_and_tag, struct buffer *out)
{
	struct payload_keys keys;
	uint8_t tag[32], *cipher;
	size_t cipherlen = len - len % 16 + 16;
	int err;

	if ((cipher = buffer_extend(out, cipherlen)) == NULL)
		return out->err;
	if ((err = derive_2(key_and_tag, &keys)) == 0 &&
	    (err = crypto_cbc_encrypt(
		 keys.enc, keys.iv, plain, len, cipher, &cipherlen)) == 0 &&
	    (err = tag_2(&keys, cipher, cipherlen, tag)) == 0)
		memcpy(key_and_tag + 32, tag, TAG);
	secret_wipe(&keys, sizeof keys);
	secret_burn_stack();
	return err;
}

int
omemo_payload_encrypt(const struct omemo_profile *profile, const uint8_t *plain,
    size_t len, uint8_t *key_and_tag, size_t *ktlen, uint8_t *iv, size_t *ivlen,
    struct buffer *out)
{
	size_t keylen = profile->payload_key_size;
	uint8_t *cipher;
	int err;

	*ktlen = keylen + TAG;
	*ivlen = keylen == 16 ? 12 : 0;
	if (len > LIMIT_TEXT * 2)
		return ERR_TOO_LONG;
	if ((err = random_secret(key_and_tag, keylen)) != 0)
		return err;
	if (keylen == 32)
		return encrypt_2(plain, len, key_and_tag, out);
	if ((err = random_public(iv, 12)) != 0)
		return err;
	if ((cipher = buffer_extend(out, len)) == NULL && len > 0)
		return out->err;
	err = crypto_gcm_seal(key_and_tag, keylen, iv, 12, NULL, 0, plain, len,
	    cipher, key_and_tag + keylen);
	secret_burn_stack();
	return err;
}

int
omemo_payload_empty(const struct omemo_profile *profile, uint8_t *key_and_tag,
    size_t *ktlen, uint8_t *iv, size_t *ivlen)
{
	int err;

	if (profile->payload_key_size == 32) { /* 32 zero octets, no IV */
		memset(key_and_tag, 0, 32);
		*ktlen = 32;
		*ivlen = 0;
		return 0;
	}
	*ktlen = 16;
	*ivlen = 12;
	if ((err = random_secret(key_and_tag, 16)) != 0)
		return err;
	return random_public(iv, 12);
}

static int
decrypt_2(const uint8_t *key_and_tag, const uint8_t *in, size_t len,
    uint8_t *out, size_t *outlen)
{
	struct payload_keys keys;
	uint8_t tag[32];
	int err;

	if ((err = derive_2(key_and_tag, &keys)) != 0 ||
	    (err = tag_2(&keys, in, len, tag)) != 0)
		goto out;
	err = ERR_BAD_MAC;
	if (!secret_equal(tag, key_and_tag + 32, TAG))
		goto out;
	*outlen = len;
	err = crypto_cbc_decrypt(keys.enc, keys.iv, in, len, out, outlen);
out:
	secret_wipe(&keys, sizeof keys);
	secret_wipe(tag, sizeof tag);
	secret_burn_stack();
	return err;
}

int
omemo_payload_decrypt(const struct omemo_profile *profile,
    const uint8_t *key_and_tag, size_t ktlen, const uint8_t *iv, size_t ivlen,
    const uint8_t *in, size_t len, uint8_t *out, size_t *outlen)
{
	size_t keylen = profile->payload_key_size;
	int err;

	*outlen = 0;
	if (ktlen != keylen + TAG)
		return ERR_BAD_MESSAGE; /* 16: the tag at the payload's end */
	if (keylen == 32)
		return decrypt_2(key_and_tag, in, len, out, outlen);
	if (ivlen != 12 && ivlen != 16) /* 16: old clients */
		return ERR_BAD_MESSAGE;
	err = crypto_gcm_open(key_and_tag, keylen, iv, ivlen, NULL, 0, in, len,
	    key_and_tag + keylen, out);
	secret_burn_stack();
	if (err == 0)
		*outlen = len;
	return err;
}
