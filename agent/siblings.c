/* SPDX-License-Identifier: ISC */
/*
 * Siblings: several clients of one identity. Runs in the keeper. The sender's
 * own device is no reader of what it encrypts, so that a carbon or the
 * archive is of no use to a sibling: the keeper itself has the text and keeps
 * it as a message (copy "sibling") once the server has it.
 */
#include "siblings.h"

#include <stdlib.h>
#include <string.h>

int
siblings_make_room(struct txn *t, struct account *a, size_t len)
{
	struct index *x = &a->messages;
	size_t i = 0;
	int err;

	while (x->n >= LIMIT_WAITING || x->octets + len > LIMIT_WAITING_BYTES) {
		while (i < x->n && !x->v[i].fixed)
			i++;
		if (i == x->n)
			return ERR_FULL;
		err = txn_delete(
		    t, RECORD_MESSAGE, a->jid, x->v[i].handle, HANDLE_SIZE);
		if (err != 0)
			return err;
		index_remove(x, x->v[i].handle);
	}
	return index_reserve(x);
}

static void
copy_of_sent(struct keeper *k, const struct account *a, const struct outbox *o,
    struct message_record *m)
{
	memcpy(m->entry.handle, o->handle, HANDLE_SIZE);
	m->entry.seq = account_seq(k);
	m->entry.time = m->stamp = clock_real();
	m->entry.len = o->entry.len;
	m->entry.fixed = SEEN; /* by its writer */
	memcpy(m->sender, a->jid, strlen(a->jid) + 1);
	memcpy(m->conversation, o->conversation, sizeof m->conversation);
	memcpy(m->id, o->id, sizeof m->id);
	m->kind = o->kind;
	m->format = o->format;
	m->trust = TRUST_VERIFIED; /* it never left the keeper */
	m->bound = BOUND_CONVERSATION;
	m->copy = COPY_SIBLING;
	m->ns = o->elements[4]; /* of the first element, after their count */
	m->device = a->device;
	memcpy(m->fingerprint, a->u, FINGERPRINT_SIZE);
	m->text = o->text;
}

static int
shown_by_writer(struct keeper *k, struct txn *t, struct account *a,
    const struct outbox *o, const struct indexed *e)
{
	struct offers *offers;
	int err = offers_open(k, t, a, o->client, &offers);

	if (err == ERR_FULL)
		return 0; /* a name that cannot ask for messages either */
	if (err != 0)
		return err;
	offers_set(offers, a, e, SHOWN);
	err = offers_put(t, a, o->client, offers);
	free(offers);
	return err;
}

int
siblings_keep(
    struct keeper *k, struct txn *t, struct account *a, const struct outbox *o)
{
	struct message_record *m;
	int err = siblings_make_room(t, a, o->entry.len);

	if (err == ERR_FULL || o->elementslen < 5 ||
	    index_find(&a->messages, o->handle) != NULL)
		return 0;
	if (err != 0)
		return err;
	if ((m = calloc(1, sizeof *m)) == NULL)
		return ERR_MEMORY;
	copy_of_sent(k, a, o, m);
	if ((err = message_record_put(t, a, m)) == 0) {
		index_add(&a->messages, &m->entry);
		err = shown_by_writer(k, t, a, o, &m->entry);
	}
	message_record_release(m);
	return err != 0 ? err : 1;
}
