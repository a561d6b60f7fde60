/* SPDX-License-Identifier: ISC */
/*
 * Taking an export in. Runs in the keeper. Identity, decisions and settings
 * are those of the export; the device is another, with an id and prekeys of
 * its own, because the machine that was left may live on and two must never
 * go on from one ratchet. The old id leaves the list once, so that contacts
 * write to this device; if the other machine does live on, it comes back.
 */
#include <string.h>

#include "attach.h"
#include "crypto/crypto.h"
#include "devices.h"
#include "duties.h"
#include "move.h"
#include "prekeys.h"
#include "readers.h"
#include "renew.h"
#include "work.h"

struct taking {
	struct keeper *keeper;
	struct client *client;
	struct txn *t;
	struct account *a; /* once its item has been read */
	size_t peers;
};

/* Another device with the same identity, as of now. Those that were destroyed
 * here do not come back with it. */
static int
become_device(struct keeper *k, const char *jid, struct account_record *rec)
{
	uint32_t old = rec->device;
	int err;

	withdraw(rec, old, WITHDRAW_ONCE);
	duties_withdraw(k, jid, rec);
	do
		err = device_id_draw(&rec->device);
	while (err == 0 && rec->device == old);
	if (err == 0)
		err = random_secret(rec->handle_key, sizeof rec->handle_key);
	rec->created = clock_real(); /* the archive begins here */
	rec->due = DUE_DEVICES | DUE_BUNDLE;
	rec->doubt = rec->ours = 0;
	return err;
}

static int
may_take(const struct taking *w, const char *jid)
{
	if (!client_has_account(w->client, jid))
		return ERR_ACCOUNT;
	if (account_find(w->keeper, jid) != NULL)
		return ERR_EXISTS;
	return w->keeper->accounts->n >= LIMIT_ACCOUNTS ||
		w->keeper->accounts->nduties >= LIMIT_DUTIES
	    ? ERR_FULL
	    : 0;
}

static int
take_account(struct taking *w, const struct export_item *item)
{
	struct account_record *rec;
	int err;

	if (w->a != NULL)
		return ERR_CORRUPT;
	if ((err = may_take(w, item->name)) != 0)
		return err;
	if ((rec = secret_alloc(sizeof *rec)) == NULL)
		return ERR_BUSY;
	if ((err = export_account_read(item, rec)) == 0 &&
	    (err = become_device(w->keeper, item->name, rec)) == 0 &&
	    (err = account_put(w->t, item->name, rec)) == 0 &&
	    (w->a = account_add(w->keeper, item->name)) == NULL)
		err = ERR_MEMORY;
	if (err == 0) {
		account_note(w->keeper, w->a, rec);
		account_note_due(w->keeper, w->a, rec->due);
		err = prekeys_create_all(w->t, w->a->jid);
	}
	account_release(rec);
	return err;
}

/*
 * A key exchange with what we are now for whoever had a session with what we
 * were: some clients make one with a contact's new device only so. Its mark
 * stays until then, as account_renew leaves it; no other does.
 */
static int
introduce(struct taking *w, struct peer *p)
{
	struct device *d;
	int err = 0, ns;

	for (size_t i = 0; i < p->n && err == 0; i++) {
		d = &p->v[i];
		d->beat = 0;
		ns = device_namespace(d);
		if (ns < 0 || !policy_may_answer(p, d))
			d->sessions = 0;
		else if (d->sessions & (1U << ns))
			err = work_add_empty(
			    w->keeper, w->t, w->a, p->jid, d->id, (uint8_t)ns);
	}
	return err;
}

static int
take_peer(struct taking *w, const struct export_item *item)
{
	struct peer p;
	int err;

	if (w->a == NULL)
		return ERR_CORRUPT; /* whose? */
	if ((err = export_peer_read(item, w->a->jid, &p)) != 0)
		return err;
	if (txn_has(w->t, RECORD_PEER, w->a->jid, p.jid, strlen(p.jid)))
		return ERR_CORRUPT; /* twice */
	if (!p.own && w->peers++ >= LIMIT_PEERS)
		return ERR_FULL;
	if ((err = introduce(w, &p)) != 0)
		return err;
	return peer_put(w->t, w->a->jid, &p);
}

static int
take_part(struct taking *w, const struct secret *plain)
{
	struct export_item item;
	struct reader in;
	int found, err = 0;

	reader_init(&in, plain->data, plain->len);
	while (err == 0 && (found = export_item_read(&in, &item)) != 0) {
		if (found < 0)
			return found;
		err = item.kind == EXPORT_ACCOUNT ? take_account(w, &item)
						  : take_peer(w, &item);
	}
	return err;
}

/* The account's own row of contacts is always there. */
static int
take_end(struct taking *w)
{
	struct peer own;
	int err;

	if (w->a == NULL)
		return ERR_CORRUPT;
	err = peer_open(w->t, w->a->jid, w->a->jid, &own);
	if (err == ERR_NOT_FOUND)
		err = peer_put(w->t, w->a->jid, &own);
	return err;
}

int
import_take(struct keeper *k, struct client *c, struct txn *t,
    const struct move *m, struct account **a)
{
	struct taking w = { .keeper = k, .client = c, .t = t };
	struct secret plain = { 0 };
	int err = 0;

	for (uint32_t i = 0; i < m->n && err == 0; i++) {
		err = export_open(m->key.data, i + 1, i + 1 == m->n,
		    m->parts[i]->data, m->parts[i]->len, &plain);
		if (err == 0)
			err = take_part(&w, &plain);
		secret_free(&plain);
	}
	if (err == 0)
		err = take_end(&w);
	*a = w.a;
	return err;
}
