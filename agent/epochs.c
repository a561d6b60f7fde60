/* SPDX-License-Identifier: ISC */
/*
 * Epoch keys and the keys derived from the master key. Runs in the keeper;
 * holds them in the secure heap from unlock to lock. An epoch's key is drawn
 * anew at every unlock (and every EPOCH_SEALS seals), so that its nonces can
 * count from 0 whatever became of the last commits before; when nothing is
 * sealed under an older one any more, it leaves the row of wrapped keys, and
 * what the disk may still hold of it is unreadable for good.
 */
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "../ipc/buffer.h"
#include "../ipc/err.h"
#include "records_internal.h"

struct epoch *
epoch_find(struct records *r, uint32_t number)
{
	for (size_t i = r->nepochs; i > 0; i--)
		if (r->epochs[i - 1].number == number)
			return &r->epochs[i - 1];
	return NULL;
}

static void
epoch_free(struct epoch *e)
{
	crypto_aead_free(e->aead);
	secret_free(&e->key);
	*e = (struct epoch){ 0 };
}

void
epochs_free(struct records *r)
{
	for (size_t i = 0; i < r->nepochs; i++)
		epoch_free(&r->epochs[i]);
	free(r->epochs);
	r->epochs = NULL;
	r->nepochs = 0;
}

/* key NULL: draw one. */
static int
epoch_add(struct records *r, uint32_t number, const uint8_t *key)
{
	struct epoch *v, e = { .number = number };
	int err;

	if (r->nepochs >= EPOCHS_MAX || number == 0)
		return ERR_FULL;
	v = reallocarray(r->epochs, r->nepochs + 1, sizeof(*v));
	if (v == NULL)
		return ERR_MEMORY;
	r->epochs = v;
	err = secret_new(&e.key, 32);
	if (err == 0 && key != NULL)
		memcpy(e.key.data, key, 32);
	else if (err == 0)
		err = random_secret(e.key.data, 32);
	if (err == 0 && (e.aead = crypto_aead_new(e.key.data)) == NULL)
		err = ERR_CRYPTO;
	if (err != 0) {
		epoch_free(&e);
		return err;
	}
	v[r->nepochs++] = e;
	return 0;
}

int
epoch_begin(struct records *r)
{
	uint32_t last = 0;
	int err;

	if (r->nepochs > 0)
		last = r->epochs[r->nepochs - 1].number;
	if (last == UINT32_MAX)
		return ERR_FULL;
	err = epoch_add(r, last + 1, NULL);
	if (err == 0)
		r->epochs_dirty = 1;
	return err;
}

void
epochs_ended(struct records *r, int dropped)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->nepochs; i++) {
		if (dropped && r->epochs[i].ending) {
			epoch_free(&r->epochs[i]);
			continue;
		}
		r->epochs[i].ending = 0;
		r->epochs[kept++] = r->epochs[i];
	}
	r->nepochs = kept;
}

/* The row: u8 format, 12 octets nonce, AES-256-GCM of the list, tag. */
#define WRAP_HEADER 13
#define WRAP_ROW    36 /* u32 number, key */

int
epochs_wrap(struct records *r, struct sealed **out)
{
	uint8_t key[ROW_KEY], *p;
	struct secret list = { 0 };
	struct sealed *s = NULL;
	size_t n = 0;
	int err;

	*out = NULL;
	raw_key(RAW_EPOCHS, key);
	for (size_t i = 0; i < r->nepochs; i++)
		n += !r->epochs[i].ending;
	if ((err = secret_new(&list, n * WRAP_ROW)) != 0)
		return err;
	p = list.data;
	for (size_t i = 0; i < r->nepochs; i++) {
		const struct epoch *e = &r->epochs[i];
		if (e->ending)
			continue;
		for (int j = 0; j < 4; j++)
			*p++ = (uint8_t)(e->number >> (24 - 8 * j));
		memcpy(p, e->key.data, 32);
		p += 32;
	}
	s = sealed_new(WRAP_HEADER + list.len + SEAL_TAG);
	if (s == NULL)
		err = ERR_MEMORY;
	else if ((err = random_public(s->octets + 1, 12)) == 0) {
		s->octets[0] = SEAL_FORMAT;
		err = crypto_gcm_seal(r->k_wrap.data, 32, s->octets + 1, 12,
		    key, sizeof(key), list.data, list.len,
		    s->octets + WRAP_HEADER,
		    s->octets + WRAP_HEADER + list.len);
	}
	secret_free(&list);
	if (err == 0)
		err = seal_element(r, key, s);
	if (err != 0)
		sealed_free(r, s);
	else
		*out = s;
	return err;
}

int
epochs_unwrap(struct records *r, const struct sealed *s)
{
	uint8_t key[ROW_KEY];
	struct secret list = { 0 };
	struct reader in;
	uint32_t number, last = 0;
	const uint8_t *p;
	int err;

	raw_key(RAW_EPOCHS, key);
	if (s == NULL || s->len < WRAP_HEADER + SEAL_TAG ||
	    s->octets[0] != SEAL_FORMAT)
		return ERR_CORRUPT;
	if ((err = secret_new(&list, s->len - WRAP_HEADER - SEAL_TAG)) != 0)
		return err;
	err = crypto_gcm_open(r->k_wrap.data, 32, s->octets + 1, 12, key,
	    sizeof(key), s->octets + WRAP_HEADER, list.len,
	    s->octets + s->len - SEAL_TAG, list.data);
	if (err != 0) {
		secret_free(&list);
		return ERR_CORRUPT;
	}
	reader_init(&in, list.data, list.len);
	while (err == 0 && in.left > 0) {
		number = reader_u32(&in);
		p = reader_bytes(&in, 32);
		if (in.err != 0 || number <= last)
			err = ERR_CORRUPT;
		else
			err = epoch_add(r, number, p);
		last = number;
	}
	secret_free(&list);
	return err;
}

/* --- keys ------------------------------------------------------------------- */

int
keys_derive(struct records *r, const struct secret *master)
{
	const struct {
		struct secret *key;
		const char *info;
	} keys[] = {
		{ &r->k_names, "xmpp-agent 1 names" },
		{ &r->k_set, "xmpp-agent 1 set" },
		{ &r->k_wrap, "xmpp-agent 1 wrap" },
		{ &r->k_anchor, "xmpp-agent 1 anchor" },
	};

	int err = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && err == 0;
	     i++) {
		err = secret_new(keys[i].key, 32);
		if (err == 0)
			err = crypto_hkdf(master->data, master->len, NULL,
			    keys[i].info, keys[i].key->data, 32);
	}
	return err;
}

void
keys_forget(struct records *r)
{
	epochs_free(r);
	secret_free(&r->k_names);
	secret_free(&r->k_set);
	secret_free(&r->k_wrap);
	secret_free(&r->k_anchor);
	r->unlocked = 0;
}
