/* SPDX-License-Identifier: ISC */
/*
 * LABEL, LABELS: what devices call themselves in OMEMO 2's list. Runs in the
 * keeper, which alone signs a name: what it signs is checked here and once more
 * where it is signed. Those of others are judged, not kept; who asks shows them.
 */
#include <string.h>

#include "envelope.h"
#include "handlers.h"
#include "peer.h"
#include "text.h"
#include "work.h"

static int
check(const char *label)
{
	size_t len = strlen(label);

	if (len == 0)
		return 0; /* none */
	if (!text_is_plain(label) ||
	    !envelope_is_xml((const uint8_t *)label, len))
		return ERR_ARGUMENT;
	return omemo_label_check(len);
}

static int
change(struct request *r, struct txn *t, struct account *a, const char *label)
{
	struct account_record *rec;
	int err;

	if ((err = account_open(t, a->jid, &rec)) != 0)
		return err;
	memcpy(rec->label, label, strlen(label) + 1);
	err = account_put(t, a->jid, rec);
	account_release(rec);
	if (err == 0)
		err = account_set_due(
		    r->keeper, t, a, DUE_DEVICES & DUE_IN(NS_OMEMO2));
	return err != 0 ? err
			: request_log(r, t, ACT_LABEL, a->jid, "%s", label);
}

void
label_set(struct request *r)
{
	char jid[LIMIT_JID + 1], label[LIMIT_LABEL + 1];
	struct account *a;
	struct txn *t;
	int err;

	reader_cstring(&r->body, jid, sizeof jid);
	reader_cstring(&r->body, label, sizeof label);
	if ((err = reader_end(&r->body)) != 0 || (err = check(label)) != 0) {
		request_fail(r, err, "label");
		return;
	}
	if ((a = request_account(r, jid)) == NULL)
		return;
	t = txn_begin(r->keeper->records);
	if ((err = change(r, t, a, label)) != 0) {
		r->keeper->accounts->stale = 1;
		request_abort(r, t, err, "label");
		return;
	}
	work_announce(r->keeper, a);
	request_commit(r, t);
}

/* --- those of others ----------------------------------------------------------- */

static uint8_t
verdict(const struct account *a, struct peer *own, struct reader *b)
{
	uint32_t device = reader_u32(b);
	const struct device *d = peer_find(own, device);
	const uint8_t *label, *sig, *u = NULL;
	size_t len, siglen;

	label = reader_string(b, &len, 256);
	sig = reader_string(b, &siglen, 256);
	if (device == a->device)
		u = a->u;
	else if (d != NULL && d->has_key)
		u = d->u;
	if (u == NULL)
		return LABEL_UNKNOWN;
	return b->err == 0 &&
		omemo_label_verify(u, label, len, sig, siglen) == 0
	    ? LABEL_GOOD
	    : LABEL_BAD;
}

void
label_verify(struct request *r)
{
	char jid[LIMIT_JID + 1];
	struct reader *b = &r->body, rows;
	struct account *a;
	struct peer own;
	struct txn *t;
	uint32_t n, i;
	int err;

	reader_cstring(b, jid, sizeof jid);
	n = reader_count(b, LIMIT_LABELS);
	rows = *b;
	for (i = 0; i < n && b->err == 0; i++) {
		size_t len;

		(void)reader_u32(b);
		(void)reader_string(b, &len, 256);
		(void)reader_string(b, &len, 256);
	}
	if ((err = reader_end(b)) != 0) {
		request_fail(r, err, "labels");
		return;
	}
	if ((a = request_account(r, jid)) == NULL)
		return;
	t = txn_begin(r->keeper->records);
	err = peer_open(t, jid, jid, &own);
	txn_abort(t);
	if (err != 0 && err != ERR_NOT_FOUND) {
		request_fail(r, err, "labels");
		return;
	}
	buffer_put_u32(&r->reply, n);
	for (i = 0; i < n; i++) {
		struct reader row = rows;

		buffer_put_u32(&r->reply, reader_u32(&row));
		buffer_put_u8(&r->reply, verdict(a, &own, &rows));
	}
	request_durable(r);
}
