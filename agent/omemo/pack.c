/* SPDX-License-Identifier: ISC */
/*
 * A session as octets for a record, and back. Runs in the keeper. No
 * structure is copied: each field by itself, and what was read must be what
 * a session can be.
 *
 *   u8 format, u8 profile, u32 next serial, u8 states, state…,
 *   u32 kept blocks, (16 id, u32 serial, u8 count)…
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../ipc/err.h"
#include "internal.h"

#define FORMAT 1
#define HEAD   (1 + 1 + 4 + 1 + 4)
#define STATE  (266 + LIMIT_CHAINS * (32 + 32 + 4))
#define KEPT   (16 + 4 + 1)
static_assert(HEAD + STATES * STATE + LIMIT_SKIP * KEPT <= OMEMO_SESSION_MAX,
    "the largest session fits its record");

static void
pack_state(const struct state *st, struct buffer *out)
{
	buffer_put_u32(out, st->serial);
	buffer_put_u8(out,
	    (uint8_t)(st->initiator | st->pending << 1 | st->answered << 2 |
		st->one_less << 3 | st->doubts << 4));
	buffer_put(out, st->peer.u, 32);
	buffer_put(out, st->peer.ed, 32);
	buffer_put(out, st->base, 32);
	buffer_put_u32(out, st->prekey);
	buffer_put_u32(out, st->signed_prekey);
	buffer_put_u32(out, st->device);
	buffer_put(out, st->digest, 16);
	buffer_put(out, st->root, 32);
	buffer_put(out, st->own_priv, 32);
	buffer_put(out, st->own_pub, 32);
	buffer_put(out, st->send_key, 32);
	buffer_put_u32(out, st->send_next);
	buffer_put_u32(out, st->send_previous);
	buffer_put_u8(out, st->nchains);
	for (size_t i = 0; i < st->nchains; i++) {
		buffer_put(out, st->chains[i].pub, 32);
		buffer_put(out, st->chains[i].key, 32);
		buffer_put_u32(out, st->chains[i].next);
	}
}

static int
unpack_state(struct reader *r, struct state *st)
{
	uint8_t flags;

	st->serial = reader_u32(r);
	flags = reader_u8(r);
	st->initiator = flags & 1;
	st->pending = flags >> 1 & 1;
	st->answered = flags >> 2 & 1;
	st->one_less = flags >> 3 & 1;
	st->doubts = flags >> 4 & DOUBTS_MAX;
	reader_fixed(r, st->peer.u, 32);
	reader_fixed(r, st->peer.ed, 32);
	reader_fixed(r, st->base, 32);
	st->prekey = reader_u32(r);
	st->signed_prekey = reader_u32(r);
	st->device = reader_u32(r);
	reader_fixed(r, st->digest, 16);
	reader_fixed(r, st->root, 32);
	reader_fixed(r, st->own_priv, 32);
	reader_fixed(r, st->own_pub, 32);
	reader_fixed(r, st->send_key, 32);
	st->send_next = reader_u32(r);
	st->send_previous = reader_u32(r);
	st->nchains = reader_u8(r);
	if (st->nchains > LIMIT_CHAINS || flags > 127 ||
	    (st->pending && !st->initiator) ||
	    (st->nchains == 0 && !st->initiator))
		return ERR_CORRUPT;
	for (size_t i = 0; i < st->nchains; i++) {
		reader_fixed(r, st->chains[i].pub, 32);
		reader_fixed(r, st->chains[i].key, 32);
		st->chains[i].next = reader_u32(r);
	}
	return r->err != 0 ? ERR_CORRUPT : 0;
}

int
omemo_session_pack(const struct omemo_session *s, struct buffer *out)
{
	buffer_put_u8(out, FORMAT);
	buffer_put_u8(out, (uint8_t)(s->profile - omemo_profiles));
	buffer_put_u32(out, s->next_serial);
	buffer_put_u8(out, (uint8_t)s->nstates);
	for (size_t i = 0; i < s->nstates; i++)
		pack_state(s->states[i], out);
	buffer_put_u32(out, (uint32_t)s->nkept);
	for (size_t i = 0; i < s->nkept; i++) {
		buffer_put(out, s->kept[i].id, 16);
		buffer_put_u32(out, s->kept[i].serial);
		buffer_put_u8(out, s->kept[i].count);
	}
	return out->err;
}

static int
unpack_states(struct reader *r, struct omemo_session *s)
{
	size_t n = reader_u8(r);
	int err = 0;

	if (n > STATES)
		return ERR_CORRUPT;
	while (err == 0 && s->nstates < n) {
		struct state *st = state_new();

		if (st == NULL)
			return ERR_BUSY;
		s->states[s->nstates++] = st;
		err = unpack_state(r, st);
	}
	return err;
}

static int
unpack_kept(struct reader *r, struct omemo_session *s)
{
	size_t n = reader_count(r, LIMIT_SKIP), total = 0;

	if (n == 0)
		return 0;
	if ((s->kept = calloc(LIMIT_SKIP, sizeof *s->kept)) == NULL)
		return ERR_MEMORY;
	while (s->nkept < n) {
		struct kept *k = &s->kept[s->nkept++];

		reader_fixed(r, k->id, 16);
		k->serial = reader_u32(r);
		k->count = reader_u8(r);
		total += k->count;
		if (k->count < 1 || k->count > OMEMO_BLOCK)
			return ERR_CORRUPT;
	}
	return total > LIMIT_SKIP ? ERR_CORRUPT : 0;
}

int
omemo_session_unpack(const struct omemo_profile *profile, const uint8_t *p,
    size_t len, struct omemo_session **out)
{
	struct omemo_session *s = omemo_session_new(profile);
	struct reader r;
	int err = ERR_CORRUPT;

	*out = NULL;
	if (s == NULL)
		return ERR_MEMORY;
	reader_init(&r, p, len);
	if (reader_u8(&r) != FORMAT ||
	    reader_u8(&r) != profile - omemo_profiles)
		goto out;
	s->next_serial = reader_u32(&r);
	if ((err = unpack_states(&r, s)) != 0 ||
	    (err = unpack_kept(&r, s)) != 0)
		goto out;
	err = ERR_CORRUPT;
	if (reader_end(&r) != 0)
		goto out;
	*out = s;
	s = NULL;
	err = 0;
out:
	omemo_session_free(s);
	return err;
}
