/* SPDX-License-Identifier: ISC */
/*
 * ADOPT, and what doubt means (ARCHITECTURE, "A copy or an old state"). While
 * the state may be an old one or a copy its sessions are not used: going on
 * could use a key twice. The user says which it is. Runs in the keeper;
 * believes nobody but the user, who needs the admin right.
 */
#include "attach.h"
#include "client.h"
#include "handlers.h"
#include "outbox.h"
#include "prekeys.h"
#include "renew.h"
#include "rooms.h"
#include "work.h"

uint8_t
account_doubt(struct keeper *k, const struct account *a)
{
	return a->doubt | records_doubt(k->records);
}

uint8_t
accounts_doubt(struct keeper *k)
{
	const struct account *a;
	uint8_t doubt = 0;

	if (k->accounts == NULL)
		return 0;
	doubt = records_doubt(k->records);
	TAILQ_FOREACH(a, &k->accounts->list, entry)
		doubt |= a->doubt;
	return doubt;
}

/*
 * It was moved: ids of prekeys that a lost later state may have given out are
 * passed over, and ours are published whatever the server has.
 */
static int
go_on(struct keeper *k, struct txn *t, struct account *a,
    struct account_record *rec)
{
	int err = prekeys_renew(t, a->jid, 0);

	rec->ours = 0;
	rec->due |= DUE_DEVICES | DUE_BUNDLE;
	if (err == 0)
		account_note_due(k, a, rec->due);
	return err;
}

/* What was to be sent is the other copy's, or was sent long ago. */
static int
drop_outbox(struct keeper *k, struct txn *t, struct account *a)
{
	struct outbox *o;
	struct indexed *e;
	int err;

	while (a->outbox.n > 0) {
		e = &a->outbox.v[0];
		if ((err = outbox_open(t, a, e->handle, &o)) == 0)
			err = txn_delete(
			    t, RECORD_OUTBOX, a->jid, e->handle, HANDLE_SIZE);
		if (err != 0)
			return err;
		outbox_event_failed(k, a, o, ERR_DOUBT, "");
		index_remove(&a->outbox, o->handle);
		outbox_release(o);
	}
	return 0;
}

/*
 * It is a copy: a device of its own. The archives' messages up to now are for
 * the device that it was; identity, decisions and read messages stay.
 */
static int
become_another(struct keeper *k, struct txn *t, struct account *a,
    struct account_record *rec)
{
	int err = account_renew(k, t, a, rec, 0, WITHDRAW_ONCE);

	if (err == 0)
		err = drop_outbox(k, t, a);
	if (err == 0 && txn_has(t, RECORD_CURSOR, a->jid, "", 0))
		err = txn_delete(t, RECORD_CURSOR, a->jid, "", 0);
	if (err == 0)
		err = rooms_begin_anew(k, t, a->jid);
	rec->created = a->created = clock_real();
	return err;
}

static int
adopt(struct keeper *k, struct txn *t, struct account *a, enum adopt how)
{
	struct account_record *rec;
	int err;

	if ((err = account_open(t, a->jid, &rec)) != 0)
		return err;
	if (how == ADOPT_MOVED)
		err = go_on(k, t, a, rec);
	else
		err = become_another(k, t, a, rec);
	rec->doubt = 0;
	if (err == 0)
		err = account_put(t, a->jid, rec);
	account_release(rec);
	if (err != 0)
		return err;
	a->doubt = 0;
	a->compared = COMPARED_ALL;
	return 0;
}

void
adopt_state(struct request *r)
{
	struct keeper *k = r->keeper;
	uint8_t how = reader_u8(&r->body), doubt;
	struct txn *t = txn_begin(k->records);
	struct account *a;
	uint32_t n = 0;
	size_t at;
	int err = reader_end(&r->body);

	if (err == 0 && how > ADOPT_COPIED)
		err = ERR_ARGUMENT;
	(void)account_find(k, ""); /* reads again what is stale */
	if (err == 0 && k->accounts->stale)
		err = ERR_BUSY;
	/* an older state's sending chains would use keys twice */
	doubt = accounts_doubt(k);
	if (err == 0 && how == ADOPT_MOVED && (doubt & DOUBT_NOT_NEWEST))
		err = ERR_DOUBT;
	at = r->reply.len;
	buffer_put_u32(&r->reply, 0);
	txn_large(t); /* prekeys of all, an empty message to each contact */
	TAILQ_FOREACH(a, &k->accounts->list, entry) {
		/* a copy that nothing shows may be said to be one */
		if (err != 0 || (how == ADOPT_MOVED && doubt == 0))
			break;
		if ((err = adopt(k, t, a, how)) != 0 ||
		    (err = request_log(r, t, ACT_ADOPT, a->jid, "%s, device %u",
			 how == ADOPT_MOVED ? "moved" : "copied", a->device)) !=
			0)
			break;
		buffer_put_cstring(&r->reply, a->jid);
		buffer_put_u32(&r->reply, a->device);
		n++;
	}
	buffer_patch_u32(&r->reply, at, n);
	if (err == 0)
		err = r->reply.err;
	if (err != 0) {
		k->accounts->stale = 1;
		buffer_clear(&r->reply);
		request_abort(r, t, err,
		    err == ERR_DOUBT
			? "this state is not the newest: give --copied"
			: "adopt");
		return;
	}
	records_believe(k->records);
	TAILQ_FOREACH(a, &k->accounts->list, entry)
		attach_end_nets(k, a);	    /* what they know of us is over */
	clients_event(k, M_EVENT_UNLOCKED); /* nets that had given up */
	request_commit(r, t);
}
