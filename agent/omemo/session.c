/* SPDX-License-Identifier: ISC */
/*
 * A session with one device: the current state and archived ones, beginning
 * it, and sending. Runs in the keeper. States live in the secure heap; of a
 * session only names are elsewhere.
 */
#include <stdlib.h>
#include <string.h>

#include "../../ipc/err.h"
#include "internal.h"

struct state *
state_new(void)
{
	return secret_alloc(sizeof(struct state));
}

void
state_free(struct state *st)
{
	if (st != NULL)
		secret_release(st, sizeof *st);
}

struct omemo_session *
omemo_session_new(const struct omemo_profile *profile)
{
	struct omemo_session *s = calloc(1, sizeof *s);

	if (s != NULL)
		s->profile = profile;
	return s;
}

void
omemo_session_free(struct omemo_session *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->nstates; i++)
		state_free(s->states[i]);
	free(s->kept);
	free(s);
}

void
session_add_state(struct omemo_session *s, struct state *st)
{
	if (s->nstates == STATES)
		state_free(s->states[--s->nstates]);
	memmove(&s->states[1], &s->states[0], s->nstates * sizeof s->states[0]);
	s->states[0] = st;
	s->nstates++;
}

void
session_promote(struct omemo_session *s, size_t i)
{
	struct state *st = s->states[i];

	memmove(&s->states[1], &s->states[0], i * sizeof s->states[0]);
	s->states[0] = st;
}

int
omemo_session_ready(const struct omemo_session *s)
{
	return s->nstates > 0 && s->states[0]->send_next < COUNTER_MAX;
}

const uint8_t *
omemo_session_peer(const struct omemo_session *s)
{
	return s->nstates > 0 ? s->states[0]->peer.u : NULL;
}

uint32_t
omemo_session_unanswered(const struct omemo_session *s)
{
	return s->nstates > 0 ? s->states[0]->send_next : 0;
}

int
omemo_session_initiate(struct omemo_session *s,
    const struct omemo_identity *self, uint32_t self_device,
    const struct omemo_peer *peer, uint32_t spk_id, const uint8_t spk[32],
    uint32_t opk_id, const uint8_t opk[32])
{
	struct state *st;
	uint8_t base_priv[32];
	int err;

	if (opk_id == 0 && s->profile->prekey_required)
		return ERR_ARGUMENT;
	if (secret_equal(peer->u, self->u, 32))
		return ERR_BAD_KEY; /* ourselves */
	if ((st = state_new()) == NULL)
		return ERR_BUSY;
	st->initiator = st->pending = 1;
	st->peer = *peer;
	st->prekey = opk_id;
	st->signed_prekey = spk_id;
	st->device = self_device;
	if ((err = crypto_x25519_generate(base_priv, st->base)) != 0 ||
	    (err = x3dh_initiate(s->profile, self, base_priv, st->base, peer->u,
		 spk, opk_id != 0 ? opk : NULL, st->root)) != 0 ||
	    (err = x3dh_digest(st->root, st->digest)) != 0 ||
	    (err = ratchet_turn(s->profile, st, spk)) != 0)
		goto out;
	st->serial = s->next_serial++;
	session_add_state(s, st);
	st = NULL;
out:
	secret_wipe(base_priv, sizeof base_priv);
	state_free(st);
	secret_burn_stack();
	return err;
}

int
omemo_encrypt(struct omemo_session *s, const struct omemo_identity *self,
    const uint8_t *plain, size_t len, struct buffer *out, int *kex)
{
	struct state *st;
	uint8_t chain[32], mk[32];
	struct buffer m;
	int err;

	*kex = 0;
	if (!omemo_session_ready(s))
		return ERR_NO_SESSION;
	if (len > PLAIN_MAX)
		return ERR_TOO_LONG;
	st = s->states[0];
	buffer_init(&m, WIRE_MAX);
	memcpy(chain, st->send_key, 32);
	if ((err = ratchet_chain(chain, mk)) != 0 ||
	    (err = ratchet_seal(s->profile, st, self, mk, plain, len, &m)) != 0)
		goto out;
	if (st->pending)
		wire_write_kex(s->profile, st, self, &m, out);
	else
		buffer_put(out, m.data, m.len);
	if ((err = out->err) != 0)
		goto out;
	memcpy(st->send_key, chain, 32);
	st->send_next++;
	*kex = st->pending;
out:
	secret_wipe(chain, sizeof chain);
	secret_wipe(mk, sizeof mk);
	buffer_free(&m);
	secret_burn_stack();
	return err;
}
