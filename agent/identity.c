/* SPDX-License-Identifier: ISC */
/*
 * CREATE, LIST, PUBLISH: the identities. Runs in the keeper; a new seed is
 * drawn into the secure heap, sealed, and wiped.
 */
#include <string.h>

#include "attach.h"
#include "crypto/crypto.h"
#include "devices.h"
#include "duties.h"
#include "handlers.h"
#include "peer.h"
#include "prekeys.h"
#include "revoke.h"
#include "text.h"
#include "work.h"

int
device_id_draw(uint32_t *id)
{
	int err;

	do {
		if ((err = random_public(id, sizeof *id)) != 0)
			return err;
		*id &= 0x7fffffff;
	} while (*id == 0);
	return 0;
}

/* Identity, prekeys and the account's own row of contacts, staged. */
static int
make(struct keeper *k, struct txn *t, const char *jid, uint8_t others,
    struct account_record *rec)
{
	struct peer own;
	int err;

	if ((err = omemo_identity_create(&rec->identity)) != 0 ||
	    (err = random_secret(rec->handle_key, 32)) != 0 ||
	    (err = device_id_draw(&rec->device)) != 0)
		return err;
	rec->created = clock_real();
	rec->others = others;
	rec->window = WINDOW_DEFAULT;
	rec->limits.stale = STALE_DEFAULT;
	rec->due = DUE_DEVICES | DUE_BUNDLE;
	duties_withdraw(k, jid, rec);
	err = account_put(t, jid, rec);
	if (err == 0)
		err = prekeys_create_all(t, jid);
	if (err == 0 && peer_open(t, jid, jid, &own) == ERR_NOT_FOUND)
		err = peer_put(t, jid, &own);
	return err;
}

static void
create(struct request *r, const char *jid, uint8_t others)
{
	struct keeper *k = r->keeper;
	struct account_record *rec = secret_alloc(sizeof *rec);
	struct account *a = NULL;
	struct txn *t = txn_begin(k->records);
	int err = rec == NULL ? ERR_BUSY : make(k, t, jid, others, rec);

	if (err == 0)
		err = request_log(
		    r, t, ACT_CREATE, jid, "device %u", rec->device);
	if (err == 0 && (a = account_add(k, jid)) == NULL)
		err = ERR_MEMORY;
	if (err != 0) {
		request_abort(r, t, err, "create");
	} else {
		a->device = rec->device;
		a->created = rec->created;
		a->window = rec->window;
		a->limits.stale = rec->limits.stale;
		account_note_withdrawn(a, rec);
		attach_end_clients(k, jid, r->client);
		a->compared = COMPARED_ALL; /* nothing of ours is published */
		memcpy(a->u, rec->identity.u, sizeof a->u);
		account_note_due(k, a, rec->due);
		buffer_put(&r->reply, a->u, FINGERPRINT_SIZE);
		buffer_put_u32(&r->reply, a->device);
		request_commit(r, t);
	}
	account_release(rec);
}

void
identity_create(struct request *r)
{
	char jid[LIMIT_JID + 1];
	uint8_t others;
	int err;

	reader_cstring(&r->body, jid, sizeof jid);
	others = reader_u8(&r->body);
	if ((err = reader_end(&r->body)) != 0)
		request_fail(r, err, "create");
	else if (!text_is_bare_jid(jid) || others > OTHERS_TRUST)
		request_fail(r, ERR_ARGUMENT, "create");
	else if (!client_has_account(r->client, jid))
		request_fail(r, ERR_ACCOUNT, "%.200s", jid);
	else if (account_find(r->keeper, jid) != NULL)
		request_fail(r, ERR_EXISTS, "%.200s", jid);
	else if (r->keeper->accounts->stale || revoke_runs(r->keeper))
		request_fail(r, ERR_BUSY, "create");
	else if (r->keeper->accounts->nduties >= LIMIT_DUTIES)
		request_fail(
		    r, ERR_FULL, "%d devices to be withdrawn", LIMIT_DUTIES);
	else if (r->keeper->accounts->n >= LIMIT_ACCOUNTS)
		request_fail(r, ERR_FULL, "%d accounts", LIMIT_ACCOUNTS);
	else
		create(r, jid, others);
}

static void
put_limits(struct buffer *b, const struct account *a)
{
	uint64_t now = loop_now();
	const struct rate *rate = a->limits.rate;

	buffer_put_u32(b, a->limits.lifetime);
	buffer_put_u32(
	    b, a->until > now ? (uint32_t)((a->until - now + 999) / 1000) : 0);
	buffer_put_u8(b, (uint8_t)use_is_over(a));
	buffer_put_u8(b, a->limits.confirm);
	for (int i = 0; i < RATES; i++) {
		buffer_put_u32(b, rate[i].uses);
		buffer_put_u32(b, rate[i].seconds);
	}
	buffer_put_u32(b, a->limits.stale);
}

void
identity_list(struct request *r)
{
	struct keeper *k = r->keeper;
	struct buffer *b = &r->reply;
	struct account *a;
	size_t at = b->len;
	uint32_t n = 0;

	(void)account_find(k, ""); /* reads again what is stale */
	buffer_put_u32(b, 0);
	TAILQ_FOREACH(a, &k->accounts->list, entry) {
		if (!client_has_account(r->client, a->jid))
			continue;
		buffer_put_cstring(b, a->jid);
		buffer_put(b, a->u, FINGERPRINT_SIZE);
		buffer_put_u32(b, a->device);
		buffer_put_u8(b, a->due);
		buffer_put_u32(b, attach_count_nets(k, a->jid));
		buffer_put_u32(b, a->window);
		put_limits(b, a);
		buffer_put_u8(b, !a->silent);
		n++;
	}
	buffer_patch_u32(b, at, n);
	request_durable(r);
}

void
identity_publish(struct request *r)
{
	char jid[LIMIT_JID + 1];
	struct account *a;
	struct txn *t;
	int err;

	reader_cstring(&r->body, jid, sizeof jid);
	if ((err = reader_end(&r->body)) != 0) {
		request_fail(r, err, "publish");
		return;
	}
	if ((a = request_account(r, jid)) == NULL)
		return;
	t = txn_begin(r->keeper->records);
	err = account_set_due(r->keeper, t, a, DUE_DEVICES | DUE_BUNDLE);
	if (err != 0) {
		request_abort(r, t, err, "publish");
		return;
	}
	work_announce(r->keeper, a);
	request_commit(r, t);
}
