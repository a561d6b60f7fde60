/* SPDX-License-Identifier: ISC */
/*
 * Message keys that were skipped, kept in blocks of 16 that the caller
 * stores. Runs in the keeper. The session holds the blocks' names, oldest
 * first; at most LIMIT_SKIP keys, the oldest block goes first.
 */
#include <stdlib.h>
#include <string.h>

#include "../../ipc/err.h"
#include "internal.h"

/* A block's name: hashed, so that it says nothing and is of one length. */
static int
block_id(const struct state *st, const uint8_t pub[32], uint32_t counter,
    uint8_t id[16])
{
	uint32_t base = counter / OMEMO_BLOCK;
	const uint8_t number[] = { (uint8_t)(base >> 24), (uint8_t)(base >> 16),
		(uint8_t)(base >> 8), (uint8_t)base };
	const struct iovec_const v[] = { { st->base, 32 }, { pub, 32 },
		{ number, sizeof number } };
	uint8_t digest[32];
	int err;

	if ((err = crypto_sha256(v, 3, digest)) == 0)
		memcpy(id, digest, 16);
	return err;
}

static struct kept *
find_id(struct omemo_session *s, const struct state *st, const uint8_t id[16])
{
	for (size_t i = s->nkept; i-- > 0;)
		if (s->kept[i].serial == st->serial &&
		    memcmp(s->kept[i].id, id, 16) == 0)
			return &s->kept[i];
	return NULL;
}

struct kept *
kept_find(struct omemo_session *s, const struct state *st,
    const uint8_t pub[32], uint32_t counter)
{
	uint8_t id[16];

	if (s->nkept == 0 || block_id(st, pub, counter, id) != 0)
		return NULL;
	return find_id(s, st, id);
}

int
kept_get(const struct omemo_ops *ops, const struct kept *k, uint32_t counter,
    struct omemo_block *block, const uint8_t **mk)
{
	unsigned i = counter % OMEMO_BLOCK;
	int err;

	if ((err = ops->block_get(ops->arg, k->id, block)) != 0)
		return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
	if (block->base != counter - i)
		return ERR_CORRUPT;
	if ((block->present >> i & 1) == 0)
		return ERR_DUPLICATE;
	*mk = block->keys[i];
	return 0;
}

static void
forget(struct omemo_session *s, struct kept *k)
{
	size_t after = (size_t)(s->kept + s->nkept - (k + 1));

	memmove(k, k + 1, after * sizeof *k);
	s->nkept--;
}

int
kept_remove(struct omemo_session *s, const struct omemo_ops *ops,
    struct kept *k, uint32_t counter, struct omemo_block *block)
{
	unsigned i = counter % OMEMO_BLOCK;
	int err;

	secret_wipe(block->keys[i], 32);
	block->present &= (uint16_t) ~(1u << i);
	if (block->present != 0) {
		k->count--;
		return ops->block_put(ops->arg, k->id, block);
	}
	if ((err = ops->block_delete(ops->arg, k->id)) == 0)
		forget(s, k);
	return err;
}

/* Drop the oldest blocks, but not the last, until there is room for n. */
static int
make_room(struct omemo_session *s, const struct omemo_ops *ops, unsigned n)
{
	size_t total = n;
	int err;

	for (size_t i = 0; i < s->nkept; i++)
		total += s->kept[i].count;
	while (total > LIMIT_SKIP && s->nkept > 0) {
		total -= s->kept[0].count;
		if ((err = ops->block_delete(ops->arg, s->kept[0].id)) != 0)
			return err;
		forget(s, &s->kept[0]);
	}
	return 0;
}

/*
 * Keep the keys from the chain's place to end, all of one block. The block
 * may be there from before; it is then taken out and put in anew as youngest.
 */
static int
keep_block(struct omemo_session *s, const struct omemo_ops *ops,
    const struct state *st, struct chain *c, uint32_t end,
    struct omemo_block *block)
{
	struct kept entry = { .serial = st->serial }, *old;
	int err;

	secret_wipe(block, sizeof *block);
	block->base = c->next - c->next % OMEMO_BLOCK;
	if ((err = block_id(st, c->pub, c->next, entry.id)) != 0)
		return err;
	if ((old = find_id(s, st, entry.id)) != NULL) {
		if ((err = ops->block_get(ops->arg, entry.id, block)) != 0)
			return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
		entry.count = old->count;
		forget(s, old);
	}
	for (; c->next < end; c->next++) {
		unsigned i = c->next % OMEMO_BLOCK;

		if ((err = ratchet_chain(c->key, block->keys[i])) != 0)
			return err;
		block->present |= (uint16_t)(1u << i);
		entry.count++;
	}
	if ((err = make_room(s, ops, entry.count)) != 0 ||
	    (err = ops->block_put(ops->arg, entry.id, block)) != 0)
		return err;
	s->kept[s->nkept++] = entry;
	return 0;
}

int
kept_advance(struct omemo_session *s, const struct omemo_ops *ops,
    const struct state *st, struct chain *c, uint32_t counter)
{
	struct omemo_block *block;
	int err = 0;

	if (c->next >= counter)
		return 0;
	if (s->kept == NULL &&
	    (s->kept = calloc(LIMIT_SKIP, sizeof *s->kept)) == NULL)
		return ERR_MEMORY;
	if ((block = secret_alloc(sizeof *block)) == NULL)
		return ERR_BUSY;
	while (err == 0 && c->next < counter) {
		uint32_t end = c->next - c->next % OMEMO_BLOCK + OMEMO_BLOCK;

		err = keep_block(
		    s, ops, st, c, end < counter ? end : counter, block);
	}
	secret_release(block, sizeof *block);
	return err;
}

int
kept_sweep(struct omemo_session *s, const struct omemo_ops *ops)
{
	int err;

	for (size_t i = s->nkept; i-- > 0;) {
		size_t j = 0;

		while (
		    j < s->nstates && s->states[j]->serial != s->kept[i].serial)
			j++;
		if (j < s->nstates)
			continue;
		if ((err = ops->block_delete(ops->arg, s->kept[i].id)) != 0)
			return err;
		forget(s, &s->kept[i]);
	}
	return 0;
}
