/* SPDX-License-Identifier: ISC */
/*
 * C2SP/wycheproof (tests/vectors/wycheproof, Apache-2.0) through our own
 * interface. Cases of other parameters than ours (key sizes, tags cut short)
 * are counted as such; each file must leave a known number of real ones.
 */
#include <jansson.h>

#include "../../agent/crypto/crypto.h"
#include "../../agent/crypto/secret.h"
#include "../../ipc/err.h"
#include "check.h"
#include "hex.h"

#define BIG 16384

struct octets {
	uint8_t p[BIG];
	size_t len;
};

struct counts {
	unsigned valid, refused, foreign;
};

/* One case; its result goes into the counts. */
typedef void replay(const json_t *group, const json_t *test, struct counts *);

static struct octets
take(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	struct octets out;

	assert_non_null(s);
	out.len = unhex(s, out.p, BIG);
	return out;
}

static int
is(const json_t *test, const char *result)
{
	return strcmp(json_string_value(json_object_get(test, "result")),
		   result) == 0;
}

static void
run(const char *file, replay *fn, unsigned valid, unsigned refused)
{
	struct counts c = { 0 };
	char path[256];
	json_t *all, *group, *test;
	size_t i, j;

	snprintf(path, sizeof path, "tests/vectors/wycheproof/%s.json", file);
	all = json_load_file(path, 0, NULL);
	assert_non_null(all);
	json_array_foreach(json_object_get(all, "testGroups"), i, group)
	    json_array_foreach(json_object_get(group, "tests"), j, test)
		fn(group, test, &c);
	assert_int_equal(c.valid + c.refused + c.foreign,
	    json_integer_value(json_object_get(all, "numberOfTests")));
	json_decref(all);
	print_message("%s: %u equal, %u refused, %u of other parameters\n",
	    file, c.valid, c.refused, c.foreign);
	assert_int_equal(c.valid, valid);
	assert_int_equal(c.refused, refused);
}

static void
x25519(const json_t *group, const json_t *test, struct counts *c)
{
	struct octets pub = take(test, "public"), priv = take(test, "private");
	struct octets shared = take(test, "shared");
	uint8_t out[32];
	int err = crypto_x25519(priv.p, NULL, pub.p, out);

	(void)group;
	if (err == 0) {
		assert_memory_equal(out, shared.p, 32);
		c->valid++;
		return;
	}
	/* only what we refuse on purpose: zero results, other encodings */
	assert_int_equal(err, ERR_BAD_KEY);
	assert_true(is(test, "acceptable"));
	c->refused++;
}

static void
ed25519(const json_t *group, const json_t *test, struct counts *c)
{
	struct octets pub = take(json_object_get(group, "publicKey"), "pk");
	struct octets m = take(test, "msg"), sig = take(test, "sig");
	int err;

	if (sig.len != 64) { /* refused by its length, by the caller */
		assert_true(is(test, "invalid"));
		c->foreign++;
		return;
	}
	err = crypto_ed25519_verify(pub.p, m.p, m.len, sig.p);
	assert_int_equal(err, is(test, "valid") ? 0 : ERR_BAD_SIGNATURE);
	if (err == 0)
		c->valid++;
	else
		c->refused++;
}

static void
hmac(const json_t *group, const json_t *test, struct counts *c)
{
	struct octets key = take(test, "key"), m = take(test, "msg");
	struct octets tag = take(test, "tag");
	struct iovec_const v = { m.p, m.len };
	uint8_t out[32];

	(void)group;
	assert_int_equal(crypto_hmac(key.p, key.len, &v, 1, out), 0);
	assert_int_equal(
	    secret_equal(out, tag.p, tag.len), is(test, "valid") ? 1 : 0);
	if (is(test, "valid"))
		c->valid++;
	else
		c->refused++;
}

static void
hkdf(const json_t *group, const json_t *test, struct counts *c)
{
	struct octets ikm = take(test, "ikm"), salt = take(test, "salt");
	struct octets info = take(test, "info"), okm = take(test, "okm");
	size_t size = (size_t)json_integer_value(json_object_get(test, "size"));
	uint8_t out[BIG];
	int err = crypto_hkdf_any(
	    ikm.p, ikm.len, salt.p, salt.len, info.p, info.len, out, size);

	(void)group;
	assert_int_equal(err, is(test, "valid") ? 0 : ERR_ARGUMENT);
	if (err == 0) {
		assert_int_equal(size, okm.len);
		assert_memory_equal(out, okm.p, size);
		c->valid++;
	} else
		c->refused++;
}

static void
gcm(const json_t *group, const json_t *test, struct counts *c)
{
	struct octets key = take(test, "key"), iv = take(test, "iv");
	struct octets aad = take(test, "aad"), m = take(test, "msg");
	struct octets ct = take(test, "ct"), tag = take(test, "tag");
	uint8_t out[BIG], made[16];
	int err;

	(void)group;
	if ((key.len != 16 && key.len != 32) || tag.len != 16) {
		c->foreign++;
		return;
	}
	err = crypto_gcm_open(key.p, key.len, iv.p, iv.len, aad.p, aad.len,
	    ct.p, ct.len, tag.p, out);
	if (!is(test, "valid")) {
		assert_int_not_equal(err, 0);
		c->refused++;
		return;
	}
	if (iv.len > 64) { /* more than we take */
		assert_int_equal(err, ERR_ARGUMENT);
		c->foreign++;
		return;
	}
	assert_int_equal(err, 0);
	if (m.len > 0)
		assert_memory_equal(out, m.p, m.len);
	assert_int_equal(crypto_gcm_seal(key.p, key.len, iv.p, iv.len, aad.p,
			     aad.len, m.p, m.len, out, made),
	    0);
	if (m.len > 0)
		assert_memory_equal(out, ct.p, ct.len);
	assert_memory_equal(made, tag.p, 16);
	c->valid++;
}

static void
cbc(const json_t *group, const json_t *test, struct counts *c)
{
	struct octets key = take(test, "key"), iv = take(test, "iv");
	struct octets m = take(test, "msg"), ct = take(test, "ct");
	uint8_t out[BIG];
	size_t len = sizeof out;
	int err;

	(void)group;
	if (key.len != 32) {
		c->foreign++;
		return;
	}
	err = crypto_cbc_decrypt(key.p, iv.p, ct.p, ct.len, out, &len);
	if (!is(test, "valid")) {
		assert_int_equal(err, ERR_BAD_MESSAGE);
		c->refused++;
		return;
	}
	assert_int_equal(err, 0);
	assert_int_equal(len, m.len);
	if (len > 0)
		assert_memory_equal(out, m.p, len);
	len = m.len - m.len % 16 + 16; /* exactly enough */
	assert_int_equal(
	    crypto_cbc_encrypt(key.p, iv.p, m.p, m.len, out, &len), 0);
	assert_int_equal(len, ct.len);
	assert_memory_equal(out, ct.p, len);
	c->valid++;
}

static void
test_all(void **state)
{
	(void)state;
	run("x25519_test", x25519, 474, 44);
	run("ed25519_test", ed25519, 88, 51);
	run("hmac_sha256_test", hmac, 66, 108);
	run("hkdf_sha256_test", hkdf, 83, 3);
	run("aes_gcm_test", gcm, 151, 58);
	run("aes_cbc_pkcs5_test", cbc, 24, 48);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_all) };

	if (secret_heap_init(1 << 18) != 0 || crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
