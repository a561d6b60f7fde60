/* SPDX-License-Identifier: ISC */
/*
 * For the engine's tests: hexadecimal, a seeded generator in the place of the
 * random source, and a device with its keys and an in-memory store of what
 * the engine asks its caller for.
 */
#ifndef TESTS_OMEMO_DEVICE_H
#define TESTS_OMEMO_DEVICE_H

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/crypto/crypto.h"
#include "../../agent/crypto/secret.h"
#include "../../agent/omemo/omemo.h"
#include "../../ipc/err.h"
#include "hex.h"

#define UNUSED __attribute__((unused))

/* --- randomness: given draws first, then a seeded sequence ------------------ */
struct draws {
	uint8_t given[64][32]; /* handed out in order, 32 octets each */
	size_t ngiven, used;
	uint64_t state;
};
static struct draws draws = { .state = 1 };

static uint64_t
draw(void)
{
	uint64_t z = (draws.state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static UNUSED uint32_t
draw_below(uint32_t n)
{
	return (uint32_t)(draw() % n);
}

int
random_public(void *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)p)[i] = (uint8_t)draw();
	return 0;
}

int
random_secret(void *p, size_t len)
{
	if (draws.used < draws.ngiven) {
		assert(len == 32);
		memcpy(p, draws.given[draws.used++], 32);
		return 0;
	}
	return random_public(p, len);
}

/* --- a device --------------------------------------------------------------- */
#define PREKEYS 16

struct device {
	const struct omemo_profile *profile;
	struct omemo_identity id;
	uint32_t number;
	struct omemo_key spk, pk[PREKEYS];
	struct omemo_session *session;

	struct {
		uint8_t id[16];
		struct omemo_block block;
	} blocks[LIMIT_SKIP + 1];

	size_t nblocks;
	uint8_t ratchets[4096][32];
	size_t nratchets;
	uint8_t digests[64][16];
	size_t ndigests;
	unsigned changes; /* puts, deletes and adds since cleared */
	int fail;	  /* what the next put answers */
};

static int
device_prekey(void *arg, uint32_t id, struct omemo_key *out)
{
	struct device *d = arg;

	for (size_t i = 0; i < PREKEYS; i++)
		if (d->pk[i].id == id && id != 0) {
			*out = d->pk[i];
			return 0;
		}
	return ERR_UNKNOWN_PREKEY;
}

static int
device_signed_prekey(void *arg, uint32_t id, struct omemo_key *out)
{
	struct device *d = arg;

	if (id != d->spk.id)
		return ERR_UNKNOWN_PREKEY;
	*out = d->spk;
	return 0;
}

static int
device_kex_seen(void *arg, uint32_t spk, const uint8_t digest[16])
{
	struct device *d = arg;

	(void)spk;
	for (size_t i = 0; i < d->ndigests; i++)
		if (memcmp(d->digests[i], digest, 16) == 0)
			return 1;
	return 0;
}

static size_t
device_find_block(struct device *d, const uint8_t id[16])
{
	size_t i = 0;

	while (i < d->nblocks && memcmp(d->blocks[i].id, id, 16) != 0)
		i++;
	return i;
}

static int
device_block_get(void *arg, const uint8_t id[16], struct omemo_block *b)
{
	struct device *d = arg;
	size_t i = device_find_block(d, id);

	if (i == d->nblocks)
		return ERR_NOT_FOUND;
	*b = d->blocks[i].block;
	return 0;
}

static int
device_block_put(void *arg, const uint8_t id[16], const struct omemo_block *b)
{
	struct device *d = arg;
	size_t i = device_find_block(d, id);

	if (d->fail != 0)
		return d->fail;
	assert(i < LIMIT_SKIP + 1);
	memcpy(d->blocks[i].id, id, 16);
	d->blocks[i].block = *b;
	if (i == d->nblocks)
		d->nblocks++;
	d->changes++;
	return 0;
}

static int
device_block_delete(void *arg, const uint8_t id[16])
{
	struct device *d = arg;
	size_t i = device_find_block(d, id);

	if (i == d->nblocks)
		return ERR_NOT_FOUND;
	d->blocks[i] = d->blocks[--d->nblocks];
	d->changes++;
	return 0;
}

static int
device_ratchet_seen(void *arg, const uint8_t pub[32])
{
	struct device *d = arg;

	for (size_t i = 0; i < d->nratchets; i++)
		if (memcmp(d->ratchets[i], pub, 32) == 0)
			return 1;
	return 0;
}

static int
device_ratchet_add(void *arg, const uint8_t pub[32])
{
	struct device *d = arg;

	assert(!device_ratchet_seen(d, pub));
	memcpy(d->ratchets[d->nratchets++ % 4096], pub, 32);
	d->changes++;
	return 0;
}

static struct omemo_ops
device_ops(struct device *d)
{
	return (struct omemo_ops){ d, device_prekey, device_signed_prekey,
		device_kex_seen, device_block_get, device_block_put,
		device_block_delete, device_ratchet_seen, device_ratchet_add };
}

static size_t UNUSED
device_kept(const struct device *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->nblocks; i++)
		n += (size_t)__builtin_popcount(d->blocks[i].block.present);
	return n;
}

static struct device *
device_empty(const struct omemo_profile *profile)
{
	struct device *d = calloc(1, sizeof *d);

	assert(d != NULL);
	d->profile = profile;
	d->session = omemo_session_new(profile);
	return d;
}

static UNUSED struct device *
device_new(const struct omemo_profile *profile, uint32_t number)
{
	struct device *d = device_empty(profile);

	d->number = number;
	assert(omemo_identity_create(&d->id) == 0);
	d->spk.id = 9;
	crypto_x25519_generate(d->spk.priv, d->spk.pub);
	for (size_t i = 0; i < PREKEYS; i++) {
		d->pk[i].id = (uint32_t)i + 1;
		crypto_x25519_generate(d->pk[i].priv, d->pk[i].pub);
	}
	return d;
}

static UNUSED void
device_free(struct device *d)
{
	omemo_session_free(d->session);
	free(d);
}

/* Store and load the session, as the keeper does round every request. */
static void
device_repack(struct device *d)
{
	struct buffer b;
	int err;

	buffer_init(&b, 1 << 20);
	err = omemo_session_pack(d->session, &b);
	assert(err == 0);
	omemo_session_free(d->session);
	err = omemo_session_unpack(d->profile, b.data, b.len, &d->session);
	assert(err == 0);
	(void)err;
	buffer_free(&b);
}

/* from starts a session with to, by its one-time prekey i. */
static UNUSED int
device_begin(struct device *from, const struct device *to, size_t i)
{
	struct omemo_peer peer;
	struct buffer spk, ik;
	uint8_t sig[64], pub[32];
	int err;

	buffer_init(&spk, 64);
	buffer_init(&ik, 64);
	omemo_key_encode(to->profile, to->spk.pub, &spk);
	omemo_identity_encode(to->profile, &to->id, &ik);
	if ((err = omemo_bundle_sign(to->profile, &to->id, to->spk.pub, sig)) ==
		0 &&
	    (err = omemo_bundle_check(to->profile, ik.data, ik.len, spk.data,
		 spk.len, sig, sizeof sig, &peer, pub)) == 0)
		err = omemo_session_initiate(from->session, &from->id,
		    from->number, &peer, to->spk.id, pub, to->pk[i].id,
		    to->pk[i].pub);
	buffer_free(&spk);
	buffer_free(&ik);
	device_repack(from);
	return err;
}

struct wire {
	uint8_t p[512];
	size_t len;
	int kex;
	uint8_t plain[64];
	size_t plainlen;
};

static UNUSED int
device_send(struct device *d, const uint8_t *plain, size_t len, struct wire *w)
{
	struct buffer b;
	int err;

	buffer_init(&b, sizeof w->p);
	if ((err = omemo_encrypt(
		 d->session, &d->id, plain, len, &b, &w->kex)) == 0) {
		memcpy(w->p, b.data, b.len);
		w->len = b.len;
		memcpy(w->plain, plain, len);
		w->plainlen = len;
	}
	buffer_free(&b);
	device_repack(d);
	return err;
}

/* As the keeper does: a failed session is loaded anew. */
static UNUSED int
device_receive(struct device *d, const struct wire *w, struct omemo_result *r)
{
	struct omemo_ops ops = device_ops(d);
	struct buffer before, after;
	int err;

	buffer_init(&before, 1 << 20);
	buffer_init(&after, 1 << 20);
	assert(omemo_session_pack(d->session, &before) == 0);
	d->changes = 0;
	err = omemo_decrypt(
	    d->session, &d->id, &ops, NULL, w->kex, w->p, w->len, r);
	if (err != 0 && d->fail == 0) { /* nothing at all has changed */
		assert(omemo_session_pack(d->session, &after) == 0);
		if (after.len != before.len ||
		    memcmp(after.data, before.data, after.len) != 0 ||
		    d->changes != 0)
			abort();
	}
	if (err != 0) {
		omemo_session_free(d->session);
		if (omemo_session_unpack(
			d->profile, before.data, before.len, &d->session) != 0)
			abort();
	} else if (r->new_session)
		memcpy(d->digests[d->ndigests++ % 64], r->kex_digest, 16);
	buffer_free(&before);
	buffer_free(&after);
	device_repack(d);
	return err;
}

#endif
