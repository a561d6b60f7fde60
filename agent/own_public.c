/* SPDX-License-Identifier: ISC */
/*
 * OWN_BUNDLE: what is public of an account, for a client that compares it
 * with what the server has. Runs in the keeper; nothing secret is answered,
 * and nothing is decided here.
 */
#include "handlers.h"
#include "peer.h"
#include "prekeys.h"
#include "work.h"

static void
put_withdrawn(struct buffer *b, const struct account_record *rec)
{
	buffer_put_u32(b, rec->nwithdrawn);
	for (uint32_t i = 0; i < rec->nwithdrawn; i++)
		buffer_put_u32(b, rec->withdrawn[i].id);
}

/* The account's other devices, as far as a list or a message named them. */
static int
put_devices(struct buffer *b, struct txn *t, const char *jid, uint32_t stale)
{
	struct peer own;
	size_t at = b->len;
	uint32_t n = 0;
	int err = peer_open(t, jid, jid, &own);

	if (err != 0 && err != ERR_NOT_FOUND)
		return err;
	buffer_put_u32(b, 0);
	for (size_t i = 0; i < own.n; i++) {
		if (own.v[i].retired)
			continue;
		buffer_put_u32(b, own.v[i].id);
		buffer_put_u8(b, own.v[i].has_key);
		buffer_put_u64(b, own.v[i].heard);
		buffer_put_u8(b,
		    (uint8_t)device_is_stale(
			&own, &own.v[i], clock_real(), stale));
		n++;
	}
	buffer_patch_u32(b, at, n);
	return b->err;
}

static int
put_public(struct buffer *b, struct txn *t, const char *jid, uint8_t ns)
{
	struct account_record *rec = NULL;
	struct prekeys *p = NULL;
	int err;

	if ((err = account_open(t, jid, &rec)) == 0 &&
	    (err = prekeys_open(t, jid, ns, &p)) == 0) {
		buffer_put_u32(b, rec->device);
		err = work_put_keys(b, ns, rec, p);
	}
	if (err == 0) {
		buffer_put_u64(b, p->current.made);
		put_withdrawn(b, rec);
		err = put_devices(b, t, jid, rec->limits.stale);
		buffer_put_cstring(b, rec->label);
	}
	prekeys_release(p);
	account_release(rec);
	return err;
}

void
own_public(struct request *r)
{
	char jid[LIMIT_JID + 1];
	struct account *a;
	struct txn *t;
	uint8_t ns;
	int err;

	reader_cstring(&r->body, jid, sizeof jid);
	ns = reader_u8(&r->body);
	if ((err = reader_end(&r->body)) == 0 && ns >= OMEMO_PROFILES)
		err = ERR_ARGUMENT;
	if (err != 0) {
		request_fail(r, err, "own bundle");
		return;
	}
	if ((a = request_account(r, jid)) == NULL)
		return;
	t = txn_begin(r->keeper->records);
	err = put_public(&r->reply, t, a->jid, ns);
	txn_abort(t); /* nothing was changed */
	if (err == 0)
		request_durable(r);
	else {
		buffer_clear(&r->reply);
		request_fail(r, err, "own bundle");
	}
}
