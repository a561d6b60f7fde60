/* SPDX-License-Identifier: ISC */
/*
 * The twelve transcripts of tests/vectors/omemo_kat.json, made with
 * libomemo-c: what we send is equal to the octet, what we receive is read.
 */
#include <jansson.h>

#include "check.h"
#include "omemo_device.h"

#define VECTORS	     "tests/vectors/omemo_kat.json"
#define MAX_MESSAGES 64

static const char *
text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	assert_non_null(s);
	return s;
}

static uint32_t
number(const json_t *v)
{
	if (json_is_string(v))
		return (uint32_t)strtoul(json_string_value(v), NULL, 10);
	assert_true(json_is_integer(v));
	return (uint32_t)json_integer_value(v);
}

static void
take(const json_t *o, const char *key, uint8_t out[32])
{
	assert_int_equal(unhex(text(o, key), out, 32), 32);
}

static void
load_draws(const json_t *list)
{
	size_t i;
	json_t *v;

	memset(&draws, 0, sizeof draws);
	json_array_foreach(list, i, v)
	    unhex(json_string_value(v), draws.given[i], 32);
	draws.ngiven = json_array_size(list);
}

static struct device *
load_us(const struct omemo_profile *profile, json_t *us)
{
	struct device *d = device_empty(profile);
	uint8_t seed[32], want[64], sig[64];
	size_t n = 0;
	const char *id;
	json_t *v;

	take(us, "ed25519_seed", seed);
	assert_int_equal(omemo_identity_from_seed(&d->id, seed), 0);
	take(us, "ed25519_pub", want);
	assert_memory_equal(d->id.ed, want, 32);
	take(us, "x25519_pub", want);
	assert_memory_equal(d->id.u, want, 32);
	take(us, "x25519_priv", want);
	assert_memory_equal(d->id.priv, want, 32);
	d->number = 77;
	d->spk.id = number(json_object_get(us, "spk_id"));
	take(us, "spk_priv", d->spk.priv);
	crypto_x25519_public(d->spk.priv, d->spk.pub);
	json_object_foreach(json_object_get(us, "pk_priv"), id, v)
	{
		d->pk[n].id = (uint32_t)strtoul(id, NULL, 10);
		unhex(json_string_value(v), d->pk[n].priv, 32);
		crypto_x25519_public(d->pk[n].priv, d->pk[n].pub);
		n++;
	}
	assert_int_equal(
	    omemo_bundle_sign(profile, &d->id, d->spk.pub, sig), 0);
	unhex(text(us, "bundle_sig"), want, 64);
	assert_memory_equal(sig, want, 64);
	return d;
}

static void
begin(struct device *d, const json_t *them)
{
	int legacy = d->profile->version == 3;
	struct omemo_peer peer;
	uint8_t ik[33], spk[33], sig[64], pub[32], opk_priv[32], opk[32];
	size_t iklen, spklen;

	iklen = unhex(text(them, legacy ? "ik_mont" : "ik_ed"), ik, sizeof ik);
	spklen = unhex(text(them, "spk") + (legacy ? 0 : 2), spk, sizeof spk);
	unhex(text(them, legacy ? "spk_sig" : "spk_sig_omemo"), sig, 64);
	assert_int_equal(omemo_bundle_check(d->profile, ik, iklen, spk, spklen,
			     sig, 64, &peer, pub),
	    0);
	sig[10] ^= 1;
	assert_int_equal(omemo_bundle_check(d->profile, ik, iklen, spk, spklen,
			     sig, 64, &peer, pub),
	    ERR_BAD_SIGNATURE);
	unhex(text(them, "ik_mont") + 2, opk, 32);
	assert_memory_equal(peer.u, opk, 32);
	unhex(text(json_object_get(them, "pk_priv"), "101"), opk_priv, 32);
	crypto_x25519_public(opk_priv, opk);
	sig[10] ^= 1;
	assert_int_equal(omemo_bundle_check(d->profile, ik, iklen, spk, spklen,
			     sig, 64, &peer, pub),
	    0);
	assert_int_equal(
	    omemo_session_initiate(d->session, &d->id, d->number, &peer,
		number(json_object_get(them, "spk_id")), pub, 101, opk),
	    0);
	device_repack(d);
}

struct counts {
	unsigned sent, read;
};

static void
replay_event(struct device *d, const json_t *event, struct wire *wires,
    struct counts *counts)
{
	uint32_t id = number(json_object_get(event, "id"));
	int us = strcmp(text(event, "by"), "us") == 0;
	struct wire *w = &wires[id], mine;
	struct omemo_result r;

	assert_true(id < MAX_MESSAGES);
	if (strcmp(text(event, "op"), "send") == 0) {
		w->len = unhex(text(event, "wire"), w->p, sizeof w->p);
		w->kex = strcmp(text(event, "kind"), "prekey") == 0;
		w->plainlen = unhex(text(event, "plain"), w->plain, 64);
		if (!us)
			return;
		assert_int_equal(
		    device_send(d, w->plain, w->plainlen, &mine), 0);
		assert_int_equal(mine.kex, w->kex);
		assert_int_equal(mine.len, w->len);
		assert_memory_equal(mine.p, w->p, w->len);
		counts->sent++;
	} else if (us) {
		assert_int_equal(device_receive(d, w, &r), 0);
		assert_int_equal(r.plainlen, w->plainlen);
		assert_memory_equal(r.plain, w->plain, w->plainlen);
		counts->read++;
		assert_int_equal(device_receive(d, w, &r), ERR_DUPLICATE);
	}
}

static struct counts
replay(const json_t *kat)
{
	int version = (int)number(json_object_get(kat, "version"));
	const struct omemo_profile *profile =
	    &omemo_profiles[version == 3 ? OMEMO_LEGACY : OMEMO_2];
	struct wire *wires = calloc(MAX_MESSAGES, sizeof *wires);
	struct device *d = load_us(profile, json_object_get(kat, "us"));
	struct counts counts = { 0, 0 };
	size_t i;
	json_t *event;

	load_draws(json_object_get(kat, "draws"));
	if (strcmp(text(kat, "initiator"), "us") == 0)
		begin(d, json_object_get(kat, "them"));
	json_array_foreach(json_object_get(kat, "transcript"), i, event)
	    replay_event(d, event, wires, &counts);
	assert_int_equal(draws.used, draws.ngiven); /* no more and no fewer */
	device_free(d);
	free(wires);
	return counts;
}

static void
test_transcripts(void **state)
{
	json_t *all = json_load_file(VECTORS, 0, NULL), *kat;
	struct counts total = { 0, 0 }, one;
	unsigned version[2] = { 0, 0 };
	size_t i;

	(void)state;
	assert_non_null(all);
	json_array_foreach(all, i, kat)
	{
		one = replay(kat);
		total.sent += one.sent;
		total.read += one.read;
		version[number(json_object_get(kat, "version")) - 3]++;
	}
	json_decref(all);
	print_message("%u transcripts of version 3, %u of version 4: %u wires "
		      "equal, %u messages read\n",
	    version[0], version[1], total.sent, total.read);
	assert_int_equal(version[0], 6);
	assert_int_equal(version[1], 6);
	assert_int_equal(total.sent, 144);
	assert_int_equal(total.read, 144);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
	    test_transcripts) };

	if (secret_heap_init(1 << 20) != 0 || crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
