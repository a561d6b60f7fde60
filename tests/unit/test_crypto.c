/* SPDX-License-Identifier: ISC */
/*
 * agent/crypto against the RFCs' vectors, and against its known traps.
 */
#include "../../agent/crypto/crypto.h"
#include "../../agent/crypto/secret.h"
#include "../../ipc/err.h"
#include "check.h"
#include "hex.h"

/* The last few values written in hexadecimal. */
static const uint8_t *
hex(const char *s)
{
	static uint8_t ring[8][256];
	static unsigned next;
	uint8_t *out = ring[next++ % 8];

	unhex(s, out, 256);
	return out;
}

static void
equal(const uint8_t *got, const char *want)
{
	assert_memory_equal(got, hex(want), strlen(want) / 2);
}

/* --- curves ----------------------------------------------------------------- */

#define ALICE "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
#define ALICE_PUB                                                              \
	"8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
#define SHARED                                                                 \
	"4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"

/* RFC 7748, sections 5.2 and 6.1 */
static void
test_x25519(void **state)
{
	uint8_t a[32], priv[32], pub[32], out[32], k[32], u[32], n[32];

	(void)state;
	unhex(
	    "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
	    a, 32);
	unhex(
	    "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
	    u, 32);
	assert_int_equal(crypto_x25519(a, NULL, u, out), 0);
	equal(out,
	    "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
	memset(k, 0, 32);
	k[0] = 9; /* the iterated test, 1,000 times */
	memcpy(u, k, 32);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(crypto_x25519(k, NULL, u, n), 0);
		memcpy(u, k, 32);
		u[31] &= 0x7f; /* as decodeUCoordinate does */
		memcpy(k, n, 32);
	}
	equal(k,
	    "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
	memcpy(priv, hex(ALICE), 32);
	assert_int_equal(crypto_x25519_public(priv, pub), 0);
	equal(pub, ALICE_PUB);
	unhex(
	    "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
	    u, 32);
	assert_int_equal(crypto_x25519(priv, pub, u, out), 0);
	equal(out, SHARED);
	assert_int_equal(crypto_x25519(priv, NULL, u, out), 0);
	equal(out, SHARED);
}

static void
test_x25519_refuses(void **state)
{
	static const char *const bad[] = {
		/* small order */
		"0000000000000000000000000000000000000000000000000000000000000"
		"000",
		"0100000000000000000000000000000000000000000000000000000000000"
		"000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b"
		"800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1"
		"157",
		"ecfffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"f7f",
		/* not canonical: p, p + 1, 2^255 - 1; bit 255 */
		"edfffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"f7f",
		"eefffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"f7f",
		"fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"f7f",
		"8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4"
		"eea",
	};
	uint8_t priv[32], out[32], zero[32] = { 0 };

	(void)state;
	memcpy(priv, hex(ALICE), 32);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		memset(out, 1, 32);
		assert_int_equal(
		    crypto_x25519(priv, NULL, hex(bad[i]), out), ERR_BAD_KEY);
		if (i < 5) /* wiped */
			assert_memory_equal(out, zero, 32);
		assert_int_equal(crypto_key_check(hex(bad[i])), ERR_BAD_KEY);
	}
	assert_int_equal(crypto_key_check(hex(ALICE_PUB)), 0);
}

/* RFC 8032, section 7.1, tests 1 to 3 */
static void
test_ed25519(void **state)
{
	static const struct {
		const char *seed, *pub, *m, *sig;
	} v[] = {
		{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031ca"
		  "e7f60",
		    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f"
		    "707511a",
		    "",
		    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e0652"
		    "24901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe2465"
		    "5141438e7a100b" },
		{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb"
		  "8a6fb",
		    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12"
		    "af4660c",
		    "72",
		    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223e"
		    "bdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb0"
		    "0d291612bb0c00" },
		{ "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4"
		  "458f7",
		    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb91154"
		    "8908025",
		    "af82",
		    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7d"
		    "b5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc0"
		    "27beceea1ec40a" },
	};

	uint8_t sig[64], pub[32], priv[32], u[32], mapped[32];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const uint8_t *seed = hex(v[i].seed), *m = hex(v[i].m);
		size_t len = strlen(v[i].m) / 2;

		assert_int_equal(crypto_ed25519_public(seed, pub), 0);
		equal(pub, v[i].pub);
		assert_int_equal(
		    crypto_ed25519_sign(seed, NULL, m, len, sig), 0);
		equal(sig, v[i].sig);
		assert_int_equal(
		    crypto_ed25519_sign(seed, pub, m, len, sig), 0);
		equal(sig, v[i].sig);
		assert_int_equal(crypto_ed25519_verify(pub, m, len, sig), 0);
		sig[5] ^= 4;
		assert_int_equal(
		    crypto_ed25519_verify(pub, m, len, sig), ERR_BAD_SIGNATURE);
		/* the X25519 half belongs to the mapped public key */
		assert_int_equal(crypto_ed25519_scalar(seed, priv), 0);
		assert_int_equal(crypto_x25519_public(priv, u), 0);
		assert_int_equal(crypto_ed_to_mont(pub, mapped), 0);
		assert_memory_equal(mapped, u, 32);
		assert_int_equal(crypto_mont_to_ed(u, pub[31] >> 7, mapped), 0);
		assert_memory_equal(mapped, pub, 32);
	}
}

/*
 * EVP_DigestSignInit on a used context keeps the old key and says 1. Ours
 * must sign with the key that it is given, whatever went before.
 */
static void
test_one_context_per_key(void **state)
{
	uint8_t seed[2][32] = { { 1 }, { 2 } }, pub[2][32], sig[64], mac[2][32];
	const struct iovec_const v = { "m", 1 };

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(crypto_ed25519_public(seed[i], pub[i]), 0);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(
		    crypto_ed25519_sign(seed[i % 2], NULL, "m", 1, sig), 0);
		assert_int_equal(
		    crypto_ed25519_verify(pub[i % 2], "m", 1, sig), 0);
		assert_int_equal(
		    crypto_ed25519_verify(pub[(i + 1) % 2], "m", 1, sig),
		    ERR_BAD_SIGNATURE);
	}
	assert_int_equal(crypto_hmac(seed[0], 32, &v, 1, mac[0]), 0);
	assert_int_equal(crypto_hmac(seed[1], 32, &v, 1, mac[1]), 0);
	assert_memory_not_equal(mac[0], mac[1], 32);
	crypto_forget(); /* and nothing is lost by it */
	assert_int_equal(crypto_hmac(seed[0], 32, &v, 1, mac[1]), 0);
	assert_memory_equal(mac[0], mac[1], 32);
}

static void
test_maps(void **state)
{
	uint8_t in[32] = { 0 }, out[32], back[32];

	(void)state;
	in[0] = 1; /* y = 1: no u */
	assert_int_equal(crypto_ed_to_mont(in, out), ERR_BAD_KEY);
	memset(in, 0xff, 32);
	in[31] = 0x7f;
	in[0] = 0xec; /* u = -1: no y */
	assert_int_equal(crypto_mont_to_ed(in, 0, out), ERR_BAD_KEY);
	in[0] = 0xed; /* p */
	assert_int_equal(crypto_mont_to_ed(in, 0, out), ERR_BAD_KEY);
	assert_int_equal(crypto_ed_to_mont(in, out), ERR_BAD_KEY);
	memcpy(in, hex(ALICE_PUB), 32);
	in[31] |= 0x80; /* u has no sign */
	assert_int_equal(crypto_mont_to_ed(in, 0, out), ERR_BAD_KEY);
	in[31] &= 0x7f;
	for (int sign = 0; sign < 2; sign++) {
		assert_int_equal(crypto_mont_to_ed(in, sign, out), 0);
		assert_int_equal(out[31] >> 7, sign);
		assert_int_equal(crypto_ed_to_mont(out, back), 0);
		assert_memory_equal(back, in, 32);
	}
}

/* --- hashes ----------------------------------------------------------------- */

/* RFC 4231, cases 1, 2 and 6 (a key longer than a block); RFC 5869, A.1, A.3 */
static void
test_kdf(void **state)
{
	uint8_t key[131], out[82];
	struct iovec_const v[2] = { { "Hi ", 3 }, { "There", 5 } };

	(void)state;
	memset(key, 0x0b, 20);
	assert_int_equal(crypto_hmac(key, 20, v, 2, out), 0);
	equal(out,
	    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	v[0] = (struct iovec_const){ "what do ya want for nothing?", 28 };
	assert_int_equal(crypto_hmac((const uint8_t *)"Jefe", 4, v, 1, out), 0);
	equal(out,
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, 131);
	v[0] = (struct iovec_const){
		"Test Using Larger Than Block-Size Key - Hash Key First", 54
	};
	assert_int_equal(crypto_hmac(key, 131, v, 1, out), 0);
	equal(out,
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	memset(key, 0x0b, 22);
	assert_int_equal(
	    crypto_hkdf_any(key, 22, hex("000102030405060708090a0b0c"), 13,
		hex("f0f1f2f3f4f5f6f7f8f9"), 10, out, 42),
	    0);
	equal(out,
	    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc"
	    "4c5bf34007208d5b887185865");
	assert_int_equal(crypto_hkdf(key, 22, NULL, "", out, 42), 0);
	equal(out,
	    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c7"
	    "38d2d9d201395faa4b61a96c8");
	assert_int_equal(
	    crypto_hkdf(key, 22, NULL, "", out, 255 * 32 + 1), ERR_ARGUMENT);
}

/* RFC 7914, section 12 */
static void
test_scrypt(void **state)
{
	uint8_t out[32];

	(void)state;
	assert_int_equal(
	    crypto_scrypt("password", 8, "NaCl", 4, 10, 8, 16, out), 0);
	equal(out,
	    "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162");
	assert_int_equal(crypto_scrypt("pleaseletmein", 13, "SodiumChloride",
			     14, 14, 8, 1, out),
	    0);
	equal(out,
	    "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2");
	assert_int_equal(
	    crypto_scrypt("", 0, "", 0, 31, 8, 1, out), ERR_ARGUMENT);
}

/* --- ciphers ---------------------------------------------------------------- */

/* One kept context, both directions, many IVs, a failure between. */
static void
test_aead(void **state)
{
	uint8_t key[32] = { 7 }, iv[12] = { 0 }, in[100], out[100], tag[16];
	uint8_t other[100], tag2[16];
	struct crypto_aead *a = crypto_aead_new(key);

	(void)state;
	assert_non_null(a);
	for (uint8_t i = 0; i < 100; i++) {
		iv[3] = i;
		memset(in, i, sizeof in);
		assert_int_equal(
		    crypto_aead_seal(a, iv, "ad", 2, in, i, out, tag), 0);
		assert_int_equal(crypto_gcm_seal(key, 32, iv, 12, "ad", 2, in,
				     i, other, tag2),
		    0);
		assert_memory_equal(tag, tag2, 16);
		if (i > 0)
			assert_memory_equal(out, other, i);
		tag[2] ^= 1;
		assert_int_equal(
		    crypto_aead_open(a, iv, "ad", 2, out, i, tag, other),
		    ERR_BAD_MAC);
		tag[2] ^= 1;
		assert_int_equal(
		    crypto_aead_open(a, iv, "aD", 2, out, i, tag, other),
		    ERR_BAD_MAC);
		for (size_t j = 0; j < i; j++)
			assert_int_equal(other[j], 0); /* wiped */
		assert_int_equal(
		    crypto_aead_open(a, iv, "ad", 2, out, i, tag, out), 0);
		if (i > 0)
			assert_memory_equal(out, in, i); /* in place */
	}
	crypto_aead_free(a);
	crypto_aead_free(NULL);
	assert_int_equal(
	    crypto_gcm_seal(key, 24, iv, 12, NULL, 0, in, 1, out, tag),
	    ERR_ARGUMENT);
}

/* --- secrets ---------------------------------------------------------------- */

static void
test_secret_heap(void **state)
{
	struct secret s = { NULL, 0 }, big = { NULL, 0 };
	size_t before = secret_heap_used();

	(void)state;
	assert_int_equal(secret_copy(&s, "secret", 6), 0);
	assert_true(secret_heap_used() > before);
	assert_int_equal(secret_equal(s.data, "secret", 6), 1);
	assert_int_equal(secret_equal(s.data, "secreT", 6), 0);
	/* full: an error, never ordinary memory */
	assert_int_equal(secret_new(&big, 1 << 20), ERR_BUSY);
	assert_null(big.data);
	secret_free(&s);
	secret_free(&s);
	assert_null(s.data);
	assert_int_equal(secret_new(&s, 0), 0);
	secret_free(&s);
	assert_int_equal(secret_heap_used(), before);
	secret_burn_stack();
}

static void
test_random(void **state)
{
	uint8_t a[32], b[32];

	(void)state;
	assert_int_equal(random_secret(a, 32), 0);
	assert_int_equal(random_public(b, 32), 0);
	assert_memory_not_equal(a, b, 32);
	assert_int_equal(random_secret(a, (size_t)1 << 40), ERR_CRYPTO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_x25519),
		cmocka_unit_test(test_x25519_refuses),
		cmocka_unit_test(test_ed25519),
		cmocka_unit_test(test_one_context_per_key),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_kdf),
		cmocka_unit_test(test_scrypt),
		cmocka_unit_test(test_aead),
		cmocka_unit_test(test_secret_heap),
		cmocka_unit_test(test_random),
	};

	if (secret_heap_init(1 << 18) != 0 || crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
