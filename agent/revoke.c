/* SPDX-License-Identifier: ISC */
/*
 * REVOKE: this device of an account is destroyed, or another one leaves the
 * list for good. Runs in the keeper; believes nobody but the user, who needs
 * the admin right.
 *
 * Destroyed means: its records are deleted (one transaction, the identity
 * first), all that is left is sealed under a new epoch's key, and the keys of
 * every epoch before leave the disk: what the disk still holds of the old
 * rows opens with no passphrase. Only then is the request answered. What the
 * server has of the device is a duty (duties.h), which stays until it is done.
 */
#include "revoke.h"

#include <stdlib.h>
#include <string.h>

#include "attach.h"
#include "client.h"
#include "duties.h"
#include "handlers.h"
#include "peer.h"
#include "readers.h"
#include "renew.h"
#include "retired.h"
#include "sessions.h"
#include "tell.h"
#include "work.h"

#define FORGET_STEP 8192 /* records deleted in one transaction */
#define RESEAL_STEP 512	 /* records sealed anew in one turn */
#define TURN_MS	    1
#define WAIT_MS	    250 /* when a turn got nowhere */
#define TRIES	    40	/* turns that got nowhere; then it is told */
#define BUSY_MS	    5	/* while others commit */
#define BUSY_MOST   1000

struct ending { /* what goes on after the first commit */
	struct keeper *keeper;
	struct request *r; /* NULL: a crash came between */
	struct timer *timer;
	char *jid; /* NULL: its records are gone */
	int begun; /* the new epoch */
	size_t left;
	unsigned tries, busy;
};

static void turn(void *arg);

int
revoke_runs(const struct keeper *k)
{
	return k->accounts != NULL && k->accounts->ending != NULL;
}

/* --- what goes on ----------------------------------------------------------------- */

static void
finish(struct ending *e, int err, const char *what)
{
	e->keeper->accounts->ending = NULL;
	timer_cancel(e->timer);
	if (e->r != NULL && err == 0)
		request_done(e->r);
	else if (e->r != NULL)
		request_fail(e->r, err, "%s", what);
	free(e->jid);
	free(e);
}

void
revoke_forget(struct keeper *k)
{
	if (revoke_runs(k))
		finish(k->accounts->ending, ERR_LOCKED, "revoke");
}

static void
again(struct ending *e, int progress)
{
	e->tries = progress ? 0 : e->tries + 1;
	if (e->tries < TRIES)
		e->timer = loop_timer(
		    e->keeper->loop, progress ? TURN_MS : WAIT_MS, turn, e);
	if (e->timer == NULL)
		finish(e, ERR_STORE,
		    "its records are deleted; old octets of them are still on "
		    "the disk until the agent can write again");
}

/* Records beyond those of the first transaction. It is over when none is there
 * in a later turn: a commit may be refused. */
static int
forget_more(struct ending *e)
{
	struct keeper *k = e->keeper;
	struct txn *t = txn_begin(k->records);
	size_t left, beyond;
	int progress, err = txn_forget(t, e->jid, 0, &left);

	if (err == 0 && left > 0)
		err = txn_forget(t, e->jid, FORGET_STEP, &beyond);
	if (err != 0) {
		txn_abort(t);
		return 0;
	}
	keeper_commit(k, t);
	progress = left < e->left;
	e->left = left;
	if (left == 0 && records_idle(k->records)) {
		free(e->jid);
		e->jid = NULL;
	}
	return progress;
}

static int
end_epochs(struct ending *e)
{
	struct keeper *k = e->keeper;
	size_t left;
	int progress;

	if (!e->begun) {
		e->begun = records_end_epochs(k->records) == 0;
		e->left = SIZE_MAX;
		return e->begun;
	}
	left = records_reseal(k->records, RESEAL_STEP);
	progress = left < e->left;
	e->left = left;
	return progress;
}

/* One step a turn, each when the one before is durable. */
static void
turn(void *arg)
{
	struct ending *e = arg;
	struct keeper *k = e->keeper;

	e->timer = NULL;
	if (!records_idle(k->records) && e->busy++ < BUSY_MOST &&
	    (e->timer = loop_timer(k->loop, BUSY_MS, turn, e)) != NULL)
		return;
	e->busy = 0;
	if (e->jid != NULL)
		again(e, forget_more(e));
	else if (!e->begun || e->left > 0)
		again(e, end_epochs(e));
	else
		finish(e, 0, "");
}

static int
go_on(struct keeper *k, struct request *r, const char *jid)
{
	struct ending *e = calloc(1, sizeof *e);

	if (e == NULL || (e->jid = strdup(jid)) == NULL ||
	    (e->timer = loop_timer(k->loop, TURN_MS, turn, e)) == NULL) {
		if (e != NULL)
			free(e->jid);
		free(e);
		return ERR_MEMORY;
	}
	e->keeper = k;
	e->r = r;
	e->left = SIZE_MAX;
	k->accounts->ending = e;
	return 0;
}

void
revoke_resume(struct keeper *k)
{
	struct account *a;
	struct duty *d;

	if (!k->accounts->orphans || k->accounts->ending != NULL)
		return;
	TAILQ_FOREACH(d, &k->accounts->duties, entry) {
		TAILQ_FOREACH(a, &k->accounts->list, entry)
			if (strcmp(a->jid, d->jid) == 0)
				break;
		if (a == NULL) {
			(void)go_on(k, NULL, d->jid);
			return;
		}
	}
}

/* --- this device -------------------------------------------------------------------- */

static void
committed(void *arg, int err)
{
	struct keeper *k = arg;

	if (err != 0 && revoke_runs(k)) {
		k->accounts->stale = 1;
		finish(k->accounts->ending, ERR_RETRY, err_text(ERR_RETRY));
	}
}

static void
destroy(struct request *r, struct account *a)
{
	struct keeper *k = r->keeper;
	struct txn *t;
	size_t left;
	int err = go_on(k, r, a->jid);

	if (err != 0) {
		request_fail(r, err, "revoke");
		return;
	}
	t = txn_begin(k->records);
	buffer_put_u32(&r->reply, a->device);
	/* those that it has replaced have theirs, or were read back as gone */
	if ((err = r->reply.err) == 0)
		err = duty_add(k, t, a->jid, a->device);
	if (err == 0)
		err = txn_forget(t, a->jid, FORGET_STEP, &left);
	if (err == 0)
		err = request_log(r, t, ACT_REVOKE, a->jid,
		    "device %u, this one: destroyed", a->device);
	if (err != 0) {
		k->accounts->stale = 1;
		txn_abort(t);
		buffer_clear(&r->reply);
		finish(k->accounts->ending, err, "revoke");
		return;
	}
	account_drop(k, a, r->client);
	keeper_commit(k, t);
	records_after(k->records, committed, k);
}

/* --- another device of the account ---------------------------------------------------- */

static int
drop_other(struct request *r, struct txn *t, struct account *a, uint32_t device)
{
	struct keeper *k = r->keeper;
	struct account_record *rec;
	struct tell_word word = { .trust = TRUST_DISTRUSTED };
	struct device *d;
	struct peer own;
	size_t news;
	int err;

	if (k->accounts->nduties >= LIMIT_DUTIES)
		return ERR_FULL;
	if ((err = peer_open(t, a->jid, a->jid, &own)) != 0)
		return err;
	if ((d = peer_find(&own, device)) == NULL || is_withdrawn(a, device))
		return ERR_NOT_FOUND;
	if ((err = session_delete_all(k, t, a, a->jid, d)) != 0)
		return err;
	news = d->has_key && d->trust != TRUST_DISTRUSTED;
	memcpy(word.u, d->u, sizeof word.u);
	d->trust = TRUST_DISTRUSTED;
	d->told = 0;
	d->shown_reader = d->shown_writer = 1;
	d->listed = d->sessions = 0;
	if ((err = peer_put(t, a->jid, &own)) != 0 ||
	    (err = tell_decided(k, t, a, &own, &word, news)) != 0 ||
	    (err = account_open(t, a->jid, &rec)) != 0)
		return err;
	withdraw(rec, device, WITHDRAW_FOR_GOOD);
	rec->due |= DUE_DEVICES;
	err = account_put(t, a->jid, rec);
	if (err == 0)
		err = duty_add(k, t, a->jid, device);
	if (err == 0) {
		account_note_withdrawn(a, rec);
		account_note_due(k, a, DUE_DEVICES);
	}
	account_release(rec);
	return err;
}

static void
revoke_other(struct request *r, struct account *a, uint32_t device)
{
	struct keeper *k = r->keeper;
	struct txn *t = txn_begin(k->records);
	int err = drop_other(r, t, a, device);

	if (err == 0)
		err = request_log(
		    r, t, ACT_REVOKE, a->jid, "device %u, another one", device);
	if (err != 0) {
		k->accounts->stale = 1;
		txn_abort(t);
		if (err == ERR_NOT_FOUND)
			request_fail(r, err,
			    "no other device %u is known, or it was given up "
			    "before",
			    device);
		else
			request_fail(r, err, "%s", err_text(err));
		return;
	}
	readers_recheck(k, t, a);
	work_announce(k, a);
	buffer_put_u32(&r->reply, device);
	request_commit(r, t);
}

void
revoke_device(struct request *r)
{
	char jid[LIMIT_JID + 1];
	struct account *a;
	uint32_t device;
	int err;

	reader_cstring(&r->body, jid, sizeof jid);
	device = reader_u32(&r->body);
	if ((err = reader_end(&r->body)) != 0) {
		request_fail(r, err, "revoke");
		return;
	}
	if ((a = request_account(r, jid)) == NULL)
		return;
	if (device == a->device)
		request_fail(r, ERR_ARGUMENT, "device %u is this one", device);
	else if (device != 0 && account_doubt(r->keeper, a) != 0)
		request_fail(r, ERR_DOUBT, "%s", "");
	else if (device != 0)
		revoke_other(r, a, device);
	else if (revoke_runs(r->keeper))
		request_fail(r, ERR_BUSY, "another is being destroyed");
	else
		destroy(r, a);
}
