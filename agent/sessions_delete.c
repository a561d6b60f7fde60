/* SPDX-License-Identifier: ISC */
/*
 * Sessions that go: a device's with its row, and all that a device id of ours
 * had that we gave up. A session is three kinds of records: itself, the
 * ratchet keys it has seen, blocks of kept message keys. Runs in the keeper;
 * holds names of records for the call.
 */
#include <stdlib.h>
#include <string.h>

#include "retired.h"
#include "sessions.h"

#define FORMER_MOST 48 /* names at once, the longest of which fit */

struct names { /* of records, one after the other, with lengths */
	struct buffer b;
	size_t n, most;
	const uint8_t *head; /* what they begin with */
	size_t headlen;
	const struct account *account; /* of whose devices they are */
};

/* Blocks of one session; their ids are kept, which is all that differs. */
static int
collect_blocks(void *arg, const char *account, const uint8_t *name,
    size_t namelen, const uint8_t *p, size_t len)
{
	struct names *n = arg;

	(void)account;
	(void)p;
	(void)len;
	if (namelen != n->headlen + SESSION_BLOCK ||
	    memcmp(name, n->head, n->headlen) != 0)
		return 0;
	buffer_put(&n->b, name + n->headlen, SESSION_BLOCK);
	return n->b.err;
}

/* Whatever belongs to a device id of ours that is gone. */
static int
collect_former(void *arg, const char *account, const uint8_t *name,
    size_t namelen, const uint8_t *p, size_t len)
{
	struct names *n = arg;
	struct reader r;
	uint32_t self;

	(void)account;
	(void)p;
	(void)len;
	reader_init(&r, name, namelen);
	self = reader_u32(&r);
	if (n->n == n->most ||
	    (r.err == 0 &&
		(self == n->account->device || is_retired(n->account, self))))
		return 0;
	buffer_put_string(&n->b, name, namelen);
	n->n++;
	return n->b.err;
}

/* The kept keys of a block leave the account's count. */
static int
count_out(struct txn *t, struct account *a, const uint8_t *name, size_t len)
{
	struct secret s = { 0 };
	int err = txn_get(t, RECORD_SKIPPED, a->jid, name, len, &s);

	if (err == 0 && s.len >= 6)
		a->kept -= (uint64_t)__builtin_popcount(
		    (unsigned)(s.data[4] << 8 | s.data[5]));
	secret_free(&s);
	return err;
}

/* The blocks of kept keys of the session whose records are called name. */
static int
delete_blocks(struct keeper *k, struct txn *t, struct account *a,
    const uint8_t *head, size_t headlen)
{
	struct names n = { .head = head, .headlen = headlen };
	uint8_t name[SESSION_NAME];
	struct reader r;
	int err;

	buffer_init(&n.b, RECORD_MAX);
	err = records_each(
	    k->records, RECORD_SKIPPED, a->jid, collect_blocks, &n);
	reader_init(&r, n.b.data, n.b.len);
	memcpy(name, head, headlen);
	while (err == 0 && r.left > 0) {
		reader_fixed(&r, name + headlen, SESSION_BLOCK);
		headlen += SESSION_BLOCK;
		err = count_out(t, a, name, headlen);
		if (err == 0)
			err = txn_delete(
			    t, RECORD_SKIPPED, a->jid, name, headlen);
		headlen -= SESSION_BLOCK;
	}
	buffer_free(&n.b);
	return err;
}

/* txn_delete, where there may be nothing. */
static int
delete_if(struct txn *t, enum record_kind kind, const char *account,
    const uint8_t *name, size_t len)
{
	return txn_has(t, kind, account, name, len)
	    ? txn_delete(t, kind, account, name, len)
	    : 0;
}

int
session_delete_all(struct keeper *k, struct txn *t, struct account *a,
    const char *peer, const struct device *d)
{
	struct session_key key = { a->jid, peer, 0, d->id, a->device };
	uint8_t name[SESSION_NAME];
	size_t len;
	int err = 0;

	if (d->id == 0 || d->sessions == 0)
		return 0;
	for (; key.ns < OMEMO_PROFILES && err == 0; key.ns++) {
		len = session_name(&key, NULL, name);
		err = delete_blocks(k, t, a, name, len);
		if (err == 0)
			err = delete_if(t, RECORD_SESSION, a->jid, name, len);
		if (err == 0)
			err = delete_if(t, RECORD_RATCHETS, a->jid, name, len);
	}
	return err;
}

static int
delete_former(struct keeper *k, struct txn *t, struct account *a,
    enum record_kind kind, struct names *n)
{
	const uint8_t *name;
	struct reader r;
	size_t len;
	int err;

	buffer_init(&n->b, RECORD_MAX);
	err = records_each(k->records, kind, a->jid, collect_former, n);
	reader_init(&r, n->b.data, n->b.len);
	while (err == 0 && r.left > 0) {
		if ((name = reader_string(&r, &len, r.left)) == NULL)
			break;
		if (kind == RECORD_SKIPPED)
			err = count_out(t, a, name, len);
		if (err == 0)
			err = txn_delete(t, kind, a->jid, name, len);
	}
	buffer_free(&n->b);
	return err;
}

int
session_delete_former(struct keeper *k, struct txn *t, struct account *a)
{
	static const enum record_kind kinds[] = { RECORD_SKIPPED,
		RECORD_RATCHETS, RECORD_SESSION };
	struct names n = { .most = FORMER_MOST, .account = a };
	int err = 0;

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && err == 0; i++)
		err = delete_former(k, t, a, kinds[i], &n);
	return err;
}
