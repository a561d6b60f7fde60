/* SPDX-License-Identifier: ISC */
/*
 * Receiving: which state a message belongs to, a new state from a key
 * exchange, and the double ratchet's receiving half. Runs in the keeper, on
 * octets from the network. Everything is tried on a copy of a state; puts and
 * deletions follow only when MAC and padding were right.
 */
#include <string.h>

#include "../../ipc/err.h"
#include "internal.h"

struct receive { /* one call of omemo_decrypt */
	struct omemo_session *s;
	const struct omemo_identity *self;
	const struct omemo_ops *ops;
	const struct wire_message *m;
	struct omemo_result *result;
	struct state *copy; /* of the state that is tried */
};

/* A key kept for this very message. ERR_NOT_FOUND: none is. */
static int
open_kept(struct receive *r)
{
	struct kept *k;
	struct omemo_block *block;
	const uint8_t *mk;
	int err;

	k = kept_find(r->s, r->copy, r->m->ratchet, r->m->counter);
	if (k == NULL)
		return ERR_NOT_FOUND;
	if ((block = secret_alloc(sizeof *block)) == NULL)
		return ERR_BUSY;
	if ((err = kept_get(r->ops, k, r->m->counter, block, &mk)) == 0 &&
	    (err = ratchet_open(
		 r->s->profile, r->copy, r->self, mk, r->m, r->result)) == 0)
		err = kept_remove(r->s, r->ops, k, r->m->counter, block);
	secret_release(block, sizeof *block);
	return err;
}

/*
 * Open the message with its chain, which stays as it is: walk a copy of its
 * key up to the message.
 */
static int
open_with_chain(struct receive *r, const struct chain *c)
{
	uint8_t key[32], mk[32];
	int err = 0;

	if (r->m->counter - c->next > LIMIT_SKIP)
		return ERR_TOO_FAR;
	memcpy(key, c->key, 32);
	for (uint32_t i = c->next; err == 0 && i < r->m->counter; i++)
		err = ratchet_chain(key, NULL);
	if (err == 0 && (err = ratchet_chain(key, mk)) == 0)
		err = ratchet_open(
		    r->s->profile, r->copy, r->self, mk, r->m, r->result);
	secret_wipe(key, sizeof key);
	secret_wipe(mk, sizeof mk);
	return err;
}

/* The message was right: keep what was skipped, go past it. */
static int
pass_message(struct receive *r, struct chain *c)
{
	int err;

	if ((err = kept_advance(r->s, r->ops, r->copy, c, r->m->counter)) ==
		0 &&
	    (err = ratchet_chain(c->key, NULL)) == 0)
		c->next++;
	return err;
}

/* A message under a ratchet key that the state knows. */
static int
open_known(struct receive *r)
{
	struct chain *c = ratchet_find(r->copy, r->m->ratchet);
	int err;

	if (c == NULL || r->m->counter < c->next) {
		err = open_kept(r);
		return err == ERR_NOT_FOUND ? ERR_DUPLICATE : err;
	}
	if ((err = open_with_chain(r, c)) == 0)
		err = pass_message(r, c);
	return err;
}

/*
 * Keep the last keys of the chain that ends. The previous counter is the
 * count of its messages; libsignal writes one less, which shows as soon as it
 * is less than we have read. Until then the key in doubt is kept, but not for
 * ever: an honest peer's every turn would leave one that nobody asks for.
 * (The chain itself stays for some turns and opens that message too.) When
 * these and those skipped in the new chain are together over the limit
 * nothing is kept.
 */
static int
end_chain(struct receive *r, struct chain *c)
{
	struct state *st = r->copy;
	uint64_t count = r->m->previous;

	if (count < c->next)
		st->one_less = 1;
	if (st->one_less)
		count++;
	else if (st->doubts < DOUBTS_MAX) {
		st->doubts++;
		count++;
	}
	if (count < c->next || count - c->next + r->m->counter > LIMIT_SKIP ||
	    count >= COUNTER_MAX)
		return 0;
	return kept_advance(r->s, r->ops, st, c, (uint32_t)count);
}

/* Make c the newest chain; the oldest beyond the limit is wiped. */
static struct chain *
add_chain(struct state *st, const struct chain *c)
{
	if (st->nchains == LIMIT_CHAINS) {
		memmove(&st->chains[0], &st->chains[1],
		    (LIMIT_CHAINS - 1) * sizeof st->chains[0]);
		st->nchains--;
	}
	st->chains[st->nchains] = *c;
	return &st->chains[st->nchains++];
}

/* A message under a new ratchet key: a step of the root, if it opens. */
static int
open_new(struct receive *r)
{
	const struct omemo_profile *profile = r->s->profile;
	struct state *st = r->copy;
	struct chain c = { .next = 0 };
	int first = st->nchains == 0, err;

	memcpy(c.pub, r->m->ratchet, 32);
	if ((err = ratchet_step_root(profile, st, c.pub, c.key)) != 0 ||
	    (err = open_with_chain(r, &c)) != 0)
		goto out;
	if (!first && (err = end_chain(r, &st->chains[st->nchains - 1])) != 0)
		goto out;
	if ((err = pass_message(r, add_chain(st, &c))) != 0 ||
	    (err = ratchet_turn(profile, st, c.pub)) != 0 ||
	    (err = r->ops->ratchet_add(r->ops->arg, c.pub)) != 0)
		goto out;
	r->result->new_chain = 1;
	if (!first)
		st->answered = 1;
out:
	secret_wipe(&c, sizeof c);
	return err;
}

/* The message was opened with the copy of a state: what follows from it. */
static void
opened(struct receive *r)
{
	struct state *st = r->copy;

	if (st->initiator) { /* nobody else has our secret */
		st->pending = 0;
		st->answered = 1;
	}
	memcpy(r->result->peer, st->peer.u, 32);
	r->result->counter = r->m->counter;
	r->result->answered = st->answered;
}

static int
knows(struct omemo_session *s, struct state *st, const struct wire_message *m)
{
	return ratchet_find(st, m->ratchet) != NULL ||
	    kept_find(s, st, m->ratchet, m->counter) != NULL;
}

/* Try one state; on success it is replaced and promoted. */
static int
try_state(struct receive *r, size_t i, int known)
{
	int err;

	*r->copy = *r->s->states[i];
	err = known ? open_known(r) : open_new(r);
	if (err != 0)
		return err;
	opened(r);
	*r->s->states[i] = *r->copy;
	session_promote(r->s, i);
	return kept_sweep(r->s, r->ops);
}

/* Not a ratchet key that was used before, its chain long gone? */
static int
check_ratchet(const struct receive *r)
{
	int seen = r->ops->ratchet_seen(r->ops->arg, r->m->ratchet);

	return seen > 0 ? ERR_DUPLICATE : seen;
}

/* Only state i may open it. */
static int
receive_in_state(struct receive *r, size_t i)
{
	int err;

	if (knows(r->s, r->s->states[i], r->m))
		return try_state(r, i, 1);
	if ((err = check_ratchet(r)) != 0)
		return err;
	return try_state(r, i, 0);
}

/*
 * States that know the ratchet key, else all of them, current first. The
 * first error is told: it is the current state's.
 */
static int
receive_in_any(struct receive *r)
{
	int first = 0, err;

	for (int known = 1; known >= 0 && first == 0; known--) {
		if (!known && (err = check_ratchet(r)) != 0)
			return err;
		for (size_t i = 0; i < r->s->nstates; i++) {
			if (known && !knows(r->s, r->s->states[i], r->m))
				continue;
			if ((err = try_state(r, i, known)) == 0)
				return 0;
			if (first == 0 || err == ERR_DUPLICATE)
				first = err;
		}
	}
	return first != 0 ? first : ERR_NO_SESSION;
}

/* --- key exchanges ---------------------------------------------------------- */

/* The state that this key exchange has made, or nstates. */
static size_t
find_base(const struct omemo_session *s, const uint8_t base[32])
{
	size_t i = 0;

	while (i < s->nstates &&
	    (s->states[i]->initiator ||
		memcmp(s->states[i]->base, base, 32) != 0))
		i++;
	return i;
}

static size_t
find_digest(const struct omemo_session *s, const uint8_t digest[16])
{
	size_t i = 0;

	while (i < s->nstates &&
	    (s->states[i]->initiator ||
		!secret_equal(s->states[i]->digest, digest, 16)))
		i++;
	return i;
}

/* A repeated wrapper says what the first one said, to the bit. */
static int
same_kex(const struct state *st, const struct wire_kex *k)
{
	return st->prekey == k->prekey &&
	    st->signed_prekey == k->signed_prekey &&
	    memcmp(st->peer.u, k->identity.u, 32) == 0 &&
	    memcmp(st->peer.ed, k->identity.ed, 32) == 0;
}

/* Fill r->copy with the responder's first state. */
static int
respond(struct receive *r, const struct wire_kex *k)
{
	struct state *st = r->copy;
	struct omemo_key *keys = secret_alloc(2 * sizeof *keys);
	int err = ERR_BUSY;

	if (keys == NULL)
		return err;
	secret_wipe(st, sizeof *st);
	if ((err = r->ops->signed_prekey(
		 r->ops->arg, k->signed_prekey, &keys[0])) != 0 ||
	    (err = r->ops->prekey(r->ops->arg, k->prekey, &keys[1])) != 0)
		goto out;
	st->peer = k->identity;
	memcpy(st->base, k->base, 32);
	st->prekey = k->prekey;
	st->signed_prekey = k->signed_prekey;
	memcpy(st->own_priv, keys[0].priv, 32);
	memcpy(st->own_pub, keys[0].pub, 32);
	if ((err = x3dh_respond(r->s->profile, r->self, &keys[0], &keys[1],
		 k->identity.u, k->base, st->root)) == 0)
		err = x3dh_digest(st->root, st->digest);
out:
	secret_release(keys, 2 * sizeof *keys);
	return err;
}

/* r->copy has opened the message: it becomes the current state. */
static int
adopt(struct receive *r)
{
	struct state *st = r->copy;

	r->copy = NULL;
	r->s->next_serial++;
	session_add_state(r->s, st);
	r->result->new_session = 1;
	r->result->prekey = st->prekey;
	r->result->signed_prekey = st->signed_prekey;
	memcpy(r->result->kex_digest, st->digest, 16);
	return kept_sweep(r->s, r->ops);
}

static int
receive_kex(struct receive *r, const struct wire_kex *k)
{
	size_t i = find_base(r->s, k->base);
	int seen, err;

	if (i < r->s->nstates) {
		if (!same_kex(r->s->states[i], k))
			return ERR_BAD_MESSAGE;
		return receive_in_state(r, i);
	}
	if ((err = respond(r, k)) != 0)
		return err;
	/*
	 * Eight encodings of an ephemeral key give one secret (the key is
	 * under no MAC): this is the session that we have, or had.
	 */
	i = find_digest(r->s, r->copy->digest);
	if (i < r->s->nstates)
		return same_kex(r->s->states[i], k) ? receive_in_state(r, i)
						    : ERR_BAD_MESSAGE;
	seen = r->ops->kex_seen(r->ops->arg, k->signed_prekey, r->copy->digest);
	if (seen != 0)
		return seen > 0 ? ERR_DUPLICATE : seen;
	r->copy->serial = r->s->next_serial;
	if ((err = check_ratchet(r)) != 0 || (err = open_new(r)) != 0)
		return err;
	opened(r);
	return adopt(r);
}

int
omemo_decrypt(struct omemo_session *s, const struct omemo_identity *self,
    const struct omemo_ops *ops, const uint8_t *expected, int kex,
    const uint8_t *wire, size_t len, struct omemo_result *result)
{
	struct wire_message m;
	struct wire_kex k;
	struct receive r = { s, self, ops, &m, result, NULL };
	int err;

	memset(result, 0, sizeof *result);
	if (kex) {
		if ((err = wire_read_kex(s->profile, wire, len, &k)) != 0)
			return err;
		wire = k.inner;
		len = k.innerlen;
	}
	if ((err = wire_read_message(s->profile, wire, len, &m)) != 0)
		return err;
	if (kex && expected != NULL && memcmp(expected, k.identity.u, 32) != 0)
		return ERR_KEY_CHANGED;
	if (kex && memcmp(self->u, k.identity.u, 32) == 0)
		return ERR_BAD_KEY; /* our own, come back */
	if (!kex && s->nstates == 0)
		return ERR_NO_SESSION;
	if ((r.copy = state_new()) == NULL)
		return ERR_BUSY;
	err = kex ? receive_kex(&r, &k) : receive_in_any(&r);
	if (err != 0)
		secret_wipe(result, sizeof *result);
	state_free(r.copy);
	secret_burn_stack();
	return err;
}
