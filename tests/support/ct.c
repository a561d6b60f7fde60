/* SPDX-License-Identifier: ISC */
/*
 * ct [-c]: the ratchet and the comparisons, with every secret marked as
 * undefined, to be run under valgrind's memcheck: a jump or an address that
 * depends on a secret is an error there. Secrets are what random_secret draws,
 * and all that is computed from it; made public again is, at the functions
 * wrapped below, what the protocol itself publishes.
 * -c: the control: a comparison that stops at the first difference.
 */
#include <valgrind/memcheck.h>

#include "../../agent/crypto/internal.h"
#include "../unit/omemo_device.h"

#define MESSAGES 12

int __real_random_secret(void *p, size_t len);
int __wrap_random_secret(void *p, size_t len);
int __real_secret_equal(const void *a, const void *b, size_t len);
int __wrap_secret_equal(const void *a, const void *b, size_t len);
int __real_crypto_import_public(
    EVP_PKEY_CTX *, const uint8_t priv[32], uint8_t pub[32]);
int __wrap_crypto_import_public(
    EVP_PKEY_CTX *, const uint8_t priv[32], uint8_t pub[32]);
int __real_crypto_ed25519_sign(const uint8_t seed[32], const uint8_t *pub,
    const void *m, size_t len, uint8_t sig[64]);
int __wrap_crypto_ed25519_sign(const uint8_t seed[32], const uint8_t *pub,
    const void *m, size_t len, uint8_t sig[64]);

int __real_crypto_x25519(const uint8_t priv[32], const uint8_t *pub,
    const uint8_t peer[32], uint8_t out[32]);
int __wrap_crypto_x25519(const uint8_t priv[32], const uint8_t *pub,
    const uint8_t peer[32], uint8_t out[32]);
int __real_crypto_cbc_decrypt(const uint8_t key[32], const uint8_t iv[16],
    const uint8_t *in, size_t len, uint8_t *out, size_t *outlen);
int __wrap_crypto_cbc_decrypt(const uint8_t key[32], const uint8_t iv[16],
    const uint8_t *in, size_t len, uint8_t *out, size_t *outlen);

static void
publish(void *p, size_t len)
{
	(void)VALGRIND_MAKE_MEM_DEFINED(p, len);
}

int
__wrap_random_secret(void *p, size_t len)
{
	int err = __real_random_secret(p, len);

	(void)VALGRIND_MAKE_MEM_UNDEFINED(p, len);
	return err;
}

/* Whether it is equal is what the other side sees. */
int
__wrap_secret_equal(const void *a, const void *b, size_t len)
{
	int equal = __real_secret_equal(a, b, len);

	publish(&equal, sizeof equal);
	return equal;
}

int
__wrap_crypto_import_public(
    EVP_PKEY_CTX *ctx, const uint8_t priv[32], uint8_t pub[32])
{
	int err = __real_crypto_import_public(ctx, priv, pub);

	publish(pub, 32);
	return err;
}

int
__wrap_crypto_ed25519_sign(const uint8_t seed[32], const uint8_t *pub,
    const void *m, size_t len, uint8_t sig[64])
{
	int err = __real_crypto_ed25519_sign(seed, pub, m, len, sig);

	publish(sig, 64);
	return err;
}

/* Whether the result is zero is the peer's point's doing, which is public. */
int
__wrap_crypto_x25519(const uint8_t priv[32], const uint8_t *pub,
    const uint8_t peer[32], uint8_t out[32])
{
	int err = __real_crypto_x25519(priv, pub, peer, out);

	publish(&err, sizeof err);
	return err;
}

/* Only what has a good MAC comes here: the padding is who wrote it's. */
int
__wrap_crypto_cbc_decrypt(const uint8_t key[32], const uint8_t iv[16],
    const uint8_t *in, size_t len, uint8_t *out, size_t *outlen)
{
	int err = __real_crypto_cbc_decrypt(key, iv, in, len, out, outlen);

	publish(&err, sizeof err);
	publish(outlen, sizeof *outlen);
	return err;
}

#define MUST(x)                                                                \
	do {                                                                   \
		if (!(x)) {                                                    \
			fprintf(stderr, "ct: %s:%d: %s\n", __FILE__, __LINE__, \
			    #x);                                               \
			exit(2);                                               \
		}                                                              \
	} while (0)

/* --- the ratchet ------------------------------------------------------------- */

/* One message, its payload too, with what goes over the wire made public. */
static void
message(struct device *from, struct device *to, int lost)
{
	const struct omemo_profile *profile = from->profile;
	uint8_t text[100], kt[48], iv[16], out[128];
	size_t ktlen = sizeof kt, ivlen = sizeof iv, outlen = 0;
	struct omemo_result r;
	struct buffer cipher;
	struct wire w;
	int err;

	MUST(random_secret(text, sizeof text) == 0);
	(void)VALGRIND_MAKE_MEM_UNDEFINED(text, sizeof text);
	buffer_init(&cipher, 4096);
	MUST(omemo_payload_encrypt(profile, text, sizeof text, kt, &ktlen, iv,
		 &ivlen, &cipher) == 0);
	publish(cipher.data, cipher.len);
	MUST(device_send(from, kt, ktlen, &w) == 0);
	publish(w.p, w.len);
	if (!lost) {
		err = device_receive(to, &w, &r);
		publish(r.kex_digest, sizeof r.kex_digest); /* a name */
		publish(to->digests, sizeof to->digests);
		MUST(err == 0);
		MUST(omemo_payload_decrypt(profile, r.plain, r.plainlen, iv,
			 ivlen, cipher.data, cipher.len, out, &outlen) == 0);
		MUST(outlen == sizeof text);
		w.p[w.len - 1] ^= 1; /* a wrong MAC, and once more */
		MUST(device_receive(to, &w, &r) != 0);
	}
	buffer_free(&cipher);
}

static void
ratchet(const struct omemo_profile *profile)
{
	struct device *a = device_new(profile, 1), *b = device_new(profile, 2);

	MUST(device_begin(a, b, 0) == 0);
	for (int i = 0; i < MESSAGES; i++) {
		message(a, b, i % 4 == 2);
		if (i % 3 != 0)
			message(b, a, 0);
	}
	device_free(a);
	device_free(b);
}

/* --- comparisons and keys of the vault ------------------------------------------ */

static void
compare(void)
{
	uint8_t a[32], b[32];

	MUST(__wrap_random_secret(a, sizeof a) == 0);
	memcpy(b, a, sizeof b);
	MUST(__wrap_secret_equal(a, b, sizeof a));
	b[31] ^= 1;
	MUST(!__wrap_secret_equal(a, b, sizeof a));
	b[0] ^= 1;
	MUST(!__wrap_secret_equal(a, b, sizeof a));
}

/* A record sealed under a key from the master key, as seal.c does it. */
static void
seal(void)
{
	static const uint8_t iv[12];
	uint8_t master[32], key[32], text[64], sealed[64], tag[16];
	struct crypto_aead *aead;

	MUST(__wrap_random_secret(master, sizeof master) == 0);
	MUST(__wrap_random_secret(text, sizeof text) == 0);
	MUST(crypto_hkdf(master, 32, NULL, "wrap", key, 32) == 0);
	MUST((aead = crypto_aead_new(key)) != NULL);
	MUST(crypto_aead_seal(
		 aead, iv, "aad", 3, text, sizeof text, sealed, tag) == 0);
	publish(sealed, sizeof sealed);
	publish(tag, sizeof tag);
	MUST(crypto_aead_open(
		 aead, iv, "aad", 3, sealed, sizeof sealed, tag, text) == 0);
	tag[3] ^= 1;
	MUST(crypto_aead_open(
		 aead, iv, "aad", 3, sealed, sizeof sealed, tag, text) != 0);
	crypto_aead_free(aead);
}

static int
leak(void)
{
	volatile uint8_t a[32], b[32];
	int i = 0;

	MUST(__wrap_random_secret((void *)(uintptr_t)a, sizeof a) == 0);
	memset((void *)(uintptr_t)b, 0, sizeof b);
	while (i < 32 && a[i] == b[i])
		i++;
	return i == 32;
}

int
main(int argc, char **argv)
{
	if (!RUNNING_ON_VALGRIND) {
		fprintf(stderr, "ct: not under valgrind: nothing is shown\n");
		return 2;
	}
	MUST(secret_heap_init(1 << 20) == 0 && crypto_init() == 0);
	if (argc == 2 && strcmp(argv[1], "-c") == 0)
		return leak() ? 3 : 0;
	compare();
	seal();
	for (int i = 0; i < OMEMO_PROFILES; i++)
		ratchet(&omemo_profiles[i]);
	printf("ct: %u errors\n", (unsigned)VALGRIND_COUNT_ERRORS);
	return 0;
}
