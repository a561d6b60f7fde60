/* SPDX-License-Identifier: ISC */
/*
 * ROTATE: another signed prekey now, or another identity: a new device in the
 * place of this one, which receives for a time and sends nothing any more
 * (retired.c), and which the server is to drop (duties.c). Runs in the keeper;
 * believes nobody but the user, who needs the admin right.
 */
#include <string.h>

#include "attach.h"
#include "client.h"
#include "duties.h"
#include "handlers.h"
#include "prekeys.h"
#include "renew.h"
#include "retired.h"
#include "work.h"

/* One transaction: after a crash there is the old device or the new one. */
static int
rotate_identity(struct keeper *k, struct txn *t, struct account *a)
{
	struct account_record *rec;
	uint32_t old = a->device;
	int err;

	if (k->accounts->nduties >= LIMIT_DUTIES)
		return ERR_FULL;
	if ((err = account_open(t, a->jid, &rec)) != 0)
		return err;
	err = retired_keep(t, a, rec);
	if (err == 0)
		err = account_renew(k, t, a, rec, 1, WITHDRAW_FOR_GOOD);
	if (err == 0)
		err = duty_add(k, t, a->jid, old);
	if (err == 0)
		err = account_put(t, a->jid, rec);
	account_release(rec);
	return err;
}

void
rotate_device(struct request *r)
{
	struct keeper *k = r->keeper;
	char jid[LIMIT_JID + 1];
	struct account *a;
	uint8_t identity;
	struct txn *t;
	int err;

	reader_cstring(&r->body, jid, sizeof jid);
	identity = reader_u8(&r->body);
	if ((err = reader_end(&r->body)) != 0 || identity > 1) {
		request_fail(r, err != 0 ? err : ERR_ARGUMENT, "rotate");
		return;
	}
	if ((a = request_account_sure(r, jid)) == NULL)
		return;
	t = txn_begin(k->records);
	txn_large(t); /* an empty message to each contact */
	err = identity ? rotate_identity(k, t, a) : prekeys_rotate_now(k, t, a);
	if (err == 0)
		err = request_log(r, t, ACT_ROTATE, jid, "%s, device %u",
		    identity ? "identity" : "signed prekey", a->device);
	if (err != 0) {
		k->accounts->stale = 1;
		request_abort(r, t, err, "rotate");
		return;
	}
	buffer_put_u32(&r->reply, a->device);
	buffer_put(&r->reply, a->u, FINGERPRINT_SIZE);
	if (identity)
		attach_end_nets(k, a); /* what they know of us is over */
	else
		work_announce(k, a);
	request_commit(r, t);
}
