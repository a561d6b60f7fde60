/* SPDX-License-Identifier: ISC */
/*
 * Sealing and epochs. Runs in the keeper; holds the names, set and wrapping
 * keys and the epoch keys, all in the secure heap, from unlock to lock.
 * Trusts no octet that comes from the store: what does not open is corrupt.
 *
 * A sealed row: u8 format, u8 kind, u32 epoch, u64 nonce, u64 version,
 * AES-256-GCM of the plaintext, tag. Header and row key are the associated
 * data. An epoch key is drawn anew at every unlock, so that its nonces can
 * count from 0 whatever became of the last commits before.
 */
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "../ipc/buffer.h"
#include "../ipc/err.h"
#include "records_internal.h"

struct sealed *
sealed_new(size_t len)
{
	struct sealed *s = malloc(sizeof(*s) + len);

	if (s == NULL)
		return NULL;
	*s = (struct sealed){ .refs = 1, .len = len };
	return s;
}

struct sealed *
sealed_ref(struct sealed *s)
{
	if (s != NULL)
		s->refs++;
	return s;
}

void
sealed_free(struct records *r, struct sealed *s)
{
	struct epoch *e;

	if (s == NULL || --s->refs > 0)
		return;
	if (s->epoch != 0 && (e = epoch_find(r, s->epoch)) != NULL)
		e->live--;
	/* Who has a copy of the disk has the epoch's key, or will: of what was
	 * deleted nothing may be found here either. */
	freezero(s, sizeof(*s) + s->len);
}

/* --- names ------------------------------------------------------------------ */

int
record_key(struct records *r, enum record_kind kind, const char *account,
    const void *name, size_t namelen, uint8_t key[ROW_KEY])
{
	uint8_t head[5];
	size_t n = strlen(account);
	struct iovec_const v[] = { { head, sizeof(head) }, { account, n },
		{ name, namelen } };

	if (!r->unlocked)
		return ERR_LOCKED;
	head[0] = (uint8_t)kind;
	for (int i = 0; i < 4; i++)
		head[1 + i] = (uint8_t)(n >> (24 - 8 * i));
	return crypto_hmac(r->k_names.data, r->k_names.len, v, 3, key);
}

int
seal_element(struct records *r, const uint8_t key[ROW_KEY], struct sealed *s)
{
	const struct iovec_const v[] = { { key, ROW_KEY },
		{ s->octets, s->len } };

	return crypto_hmac(r->k_set.data, r->k_set.len, v, 2, s->element);
}

/* --- records ---------------------------------------------------------------- */

static void
put_be(uint8_t *p, uint64_t v, int octets)
{
	for (int i = 0; i < octets; i++)
		p[i] = (uint8_t)(v >> (8 * (octets - 1 - i)));
}

/* The nonce of a header, as GCM's 12 octets. */
static void
seal_iv(const uint8_t *header, uint8_t iv[12])
{
	memset(iv, 0, 4);
	memcpy(iv + 4, header + 6, 8);
}

int
seal(struct records *r, uint8_t kind, const uint8_t key[ROW_KEY],
    const struct iovec_const *v, size_t n, struct sealed **out)
{
	uint8_t aad[SEAL_HEADER + ROW_KEY], iv[12], *at;
	struct epoch *e;
	struct secret plain = { 0 };
	struct sealed *s;
	size_t len = 0;
	int err = 0;

	*out = NULL;
	if (!r->unlocked)
		return ERR_LOCKED;
	e = &r->epochs[r->nepochs - 1];
	if (e->nonce >= r->epoch_seals && kind != KIND_ROOT) {
		if ((err = epoch_begin(r)) != 0)
			return err;
		e = &r->epochs[r->nepochs - 1];
	}
	for (size_t i = 0; i < n; i++)
		len += v[i].len;
	if (len > RECORD_MAX)
		return ERR_FULL;
	if ((err = secret_new(&plain, len)) != 0)
		return err;
	at = plain.data;
	for (size_t i = 0; i < n; at += v[i++].len)
		if (v[i].len > 0)
			memcpy(at, v[i].p, v[i].len);
	if ((s = sealed_new(SEAL_MIN + len)) == NULL) {
		secret_free(&plain);
		return ERR_MEMORY;
	}
	s->octets[0] = SEAL_FORMAT;
	s->octets[1] = kind;
	put_be(s->octets + 2, e->number, 4);
	put_be(s->octets + 6, e->nonce++, 8);
	put_be(s->octets + 14, ++r->version, 8);
	memcpy(aad, s->octets, SEAL_HEADER);
	memcpy(aad + SEAL_HEADER, key, ROW_KEY);
	seal_iv(aad, iv);
	err = crypto_aead_seal(e->aead, iv, aad, sizeof(aad), plain.data, len,
	    s->octets + SEAL_HEADER, s->octets + SEAL_HEADER + len);
	secret_free(&plain);
	if (err == 0)
		err = seal_element(r, key, s);
	if (err != 0) {
		sealed_free(r, s);
		return err;
	}
	s->epoch = e->number;
	e->live++;
	*out = s;
	return 0;
}

int
unseal(struct records *r, const uint8_t key[ROW_KEY], const struct sealed *s,
    struct secret *out)
{
	uint8_t aad[SEAL_HEADER + ROW_KEY], iv[12];
	struct epoch *e;
	int err;

	if (!r->unlocked)
		return ERR_LOCKED;
	if ((e = epoch_find(r, s->epoch)) == NULL || s->len < SEAL_MIN)
		return ERR_CORRUPT;
	if ((err = secret_new(out, s->len - SEAL_MIN)) != 0)
		return err;
	memcpy(aad, s->octets, SEAL_HEADER);
	memcpy(aad + SEAL_HEADER, key, ROW_KEY);
	seal_iv(aad, iv);
	err = crypto_aead_open(e->aead, iv, aad, sizeof(aad),
	    s->octets + SEAL_HEADER, out->len, s->octets + s->len - SEAL_TAG,
	    out->data);
	if (err != 0)
		secret_free(out);
	return err == ERR_BAD_MAC ? ERR_CORRUPT : err;
}
