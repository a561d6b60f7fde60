/* SPDX-License-Identifier: ISC */
/*
 * A device's sessions go with its row: session, ratchet keys, kept message
 * keys. Runs in the keeper; holds names of records for the call.
 */
#include <stdlib.h>
#include <string.h>

#include "sessions.h"

struct names { /* names of records, one after the other, with lengths */
	struct buffer b;
	const char *peer;
	uint32_t device;
};

static int
collect(void *arg, const char *account, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	struct names *n = arg;
	size_t jidlen = strlen(n->peer);
	struct reader r;
	uint8_t ns;

	(void)account;
	(void)p;
	(void)len;
	reader_init(&r, name, namelen);
	ns = reader_u8(&r);
	(void)ns;
	if (reader_u32(&r) != n->device || namelen != 5 + jidlen + 16 ||
	    memcmp(name + 5, n->peer, jidlen) != 0)
		return 0;
	buffer_put_string(&n->b, name, namelen);
	return n->b.err;
}

static int
delete_named(struct txn *t, struct account *a, struct names *n)
{
	struct secret s = { 0 };
	const uint8_t *name;
	struct reader r;
	size_t len;
	int err = 0;

	reader_init(&r, n->b.data, n->b.len);
	while (err == 0 && r.left > 0 && r.err == 0) {
		name = reader_string(&r, &len, r.left);
		if (name == NULL)
			break;
		err = txn_get(t, RECORD_SKIPPED, a->jid, name, len, &s);
		if (err == 0 && s.len >= 6)
			a->kept -= (uint64_t)__builtin_popcount(
			    (unsigned)(s.data[4] << 8 | s.data[5]));
		secret_free(&s);
		if (err == 0)
			err = txn_delete(t, RECORD_SKIPPED, a->jid, name, len);
	}
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
	struct names n = { .peer = peer, .device = d->id };
	uint8_t name[5 + LIMIT_JID];
	size_t len = 5 + strlen(peer);
	uint8_t ns;
	int err;

	if (d->id == 0 || d->sessions == 0)
		return 0;
	buffer_init(&n.b, RECORD_MAX);
	err = records_each(k->records, RECORD_SKIPPED, a->jid, collect, &n);
	if (err == 0)
		err = delete_named(t, a, &n);
	for (ns = 0; ns < OMEMO_PROFILES && err == 0; ns++) {
		name[0] = ns;
		name[1] = (uint8_t)(d->id >> 24);
		name[2] = (uint8_t)(d->id >> 16);
		name[3] = (uint8_t)(d->id >> 8);
		name[4] = (uint8_t)d->id;
		memcpy(name + 5, peer, strlen(peer));
		err = delete_if(t, RECORD_SESSION, a->jid, name, len);
		if (err == 0)
			err = delete_if(t, RECORD_RATCHETS, a->jid, name, len);
	}
	buffer_free(&n.b);
	return err;
}
