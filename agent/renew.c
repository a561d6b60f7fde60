/* SPDX-License-Identifier: ISC */
/*
 * Another device in the place of this one. Runs in the keeper. Sessions carry
 * the device id that they were made for in their records' names, so they are
 * out of reach at once, and purge.c takes them away.
 */
#include "renew.h"

#include <stdlib.h>
#include <string.h>

#include "devices.h"
#include "peer.h"
#include "prekeys.h"
#include "work.h"

int
is_withdrawn(const struct account *a, uint32_t id)
{
	for (uint32_t i = 0; i < a->nwithdrawn; i++)
		if (a->withdrawn[i].id == id)
			return 1;
	return 0;
}

void
withdraw(struct account_record *rec, uint32_t id, enum withdraw kind)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < rec->nwithdrawn; i++)
		if (rec->withdrawn[i].id != id)
			rec->withdrawn[n++] = rec->withdrawn[i];
	if (n == LIMIT_WITHDRAWN) {
		n--;
		memmove(rec->withdrawn, rec->withdrawn + 1,
		    n * sizeof rec->withdrawn[0]);
	}
	rec->withdrawn[n] = (struct withdrawn){ id, (uint8_t)kind };
	rec->nwithdrawn = n + 1;
}

int
withdraw_done(struct account_record *rec)
{
	uint32_t n = 0, had = rec->nwithdrawn;

	for (uint32_t i = 0; i < had; i++)
		if (rec->withdrawn[i].kind != WITHDRAW_ONCE)
			rec->withdrawn[n++] = rec->withdrawn[i];
	rec->nwithdrawn = n;
	return n != had;
}

/* A device that has a session with what we were. */
struct known {
	char jid[LIMIT_JID + 1];
	uint32_t device;
	uint8_t ns;
};

struct all_known {
	struct known *v;
	size_t n;
};

/* The namespace of a listed device's newest session, or -1. */
static int
newest_session(const struct device *d)
{
	int ns = OMEMO_PROFILES - 1;

	while (ns >= 0 && !(d->listed & d->sessions & NAMESPACE(ns)))
		ns--;
	return d->retired ? -1 : ns;
}

static int
collect_known(void *arg, const char *account, const uint8_t *name,
    size_t namelen, const uint8_t *octets, size_t len)
{
	struct all_known *all = arg;
	struct peer *p = calloc(1, sizeof *p);
	struct known *k;
	int err, ns;

	(void)account;
	if (p == NULL)
		return ERR_MEMORY;
	if ((err = peer_unpack(octets, len, p)) != 0 || namelen > LIMIT_JID)
		p->n = 0;
	for (size_t i = 0; i < p->n && all->n < LIMIT_WORK; i++) {
		ns = newest_session(&p->v[i]);
		if (ns < 0 || !policy_may_answer(p, &p->v[i]))
			continue;
		k = &all->v[all->n++];
		memcpy(k->jid, name, namelen);
		k->jid[namelen] = '\0';
		k->device = p->v[i].id;
		k->ns = (uint8_t)ns;
	}
	free(p);
	return err;
}

/*
 * An empty message to each of them: a key exchange with what we are now. Some
 * clients make a session with a new device of a contact only so.
 */
static int
introduce(struct keeper *k, struct txn *t, struct account *a)
{
	struct all_known all = { calloc(LIMIT_WORK, sizeof *all.v), 0 };
	int err;

	if (all.v == NULL)
		return ERR_MEMORY;
	err =
	    records_each(k->records, RECORD_PEER, a->jid, collect_known, &all);
	for (size_t i = 0; i < all.n && err == 0; i++)
		err = work_add_empty(
		    k, t, a, all.v[i].jid, all.v[i].device, all.v[i].ns);
	free(all.v);
	return err;
}

int
account_renew(struct keeper *k, struct txn *t, struct account *a,
    struct account_record *rec, int identity, enum withdraw kind)
{
	uint32_t old = rec->device;
	int err;

	withdraw(rec, old, kind);
	do
		err = device_id_draw(&rec->device);
	while (err == 0 && rec->device == old);
	if (err == 0 && identity)
		err = omemo_identity_create(&rec->identity);
	if (err == 0)
		err = prekeys_renew(t, a->jid, identity);
	if (err == 0)
		err = work_drop_all(t, a);
	if (err == 0)
		err = introduce(k, t, a);
	if (err != 0)
		return err;
	rec->ours = 0;
	rec->due |= DUE_DEVICES | DUE_BUNDLE;
	a->device = rec->device;
	a->compared = COMPARED_ALL;
	memcpy(a->u, rec->identity.u, sizeof a->u);
	account_note_withdrawn(a, rec);
	account_note_due(k, a, rec->due);
	return 0;
}
