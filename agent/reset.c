/* SPDX-License-Identifier: ISC */
/*
 * RESET: new sessions with a device, because the user asks for them. Runs in
 * the keeper, which never does so by itself: whoever can spoil a message could
 * else make it begin anew at will. What is on its way in the old sessions can
 * still be read.
 */
#include <string.h>

#include "handlers.h"
#include "peer.h"
#include "readers.h"
#include "text.h"
#include "work.h"

/* The namespaces of its sessions; where there is none, the newest. */
static uint8_t
namespaces(const struct device *d)
{
	uint8_t bits = d->sessions & d->listed;
	int ns = device_namespace(d);

	return bits != 0 || ns < 0 ? bits : (uint8_t)NAMESPACE(ns);
}

static int
reset(struct request *r, struct txn *t, struct account *a, const char *peer,
    const uint8_t u[FINGERPRINT_SIZE])
{
	const struct device *d;
	struct peer p;
	uint8_t ns;
	size_t i;
	int err, n = 0;

	if ((err = peer_open(t, a->jid, peer, &p)) != 0)
		return err;
	for (i = 0; i < p.n; i++) {
		d = &p.v[i];
		if (!d->has_key || memcmp(d->u, u, FINGERPRINT_SIZE) != 0)
			continue;
		if (!device_is_reader(d) || device_is_unshown(d))
			return ERR_UNTRUSTED;
		for (ns = 0; ns < NAMESPACES && err == 0; ns++) {
			if (!(namespaces(d) & NAMESPACE(ns)))
				continue;
			err = work_add_fresh(r->keeper, t, a, peer, d->id, ns);
			n++;
		}
	}
	if (err != 0)
		return err;
	return n > 0 ? 0 : ERR_NOT_FOUND;
}

void
session_reset(struct request *r)
{
	char jid[LIMIT_JID + 1], peer[LIMIT_JID + 1];
	uint8_t u[FINGERPRINT_SIZE];
	struct account *a;
	struct txn *t;
	int err;

	reader_cstring(&r->body, jid, sizeof jid);
	reader_cstring(&r->body, peer, sizeof peer);
	reader_fixed(&r->body, u, sizeof u);
	if ((err = reader_end(&r->body)) != 0) {
		request_fail(r, err, "reset");
		return;
	}
	if (!text_is_bare_jid(peer)) {
		request_fail(r, ERR_ARGUMENT, "reset");
		return;
	}
	if ((a = request_account_sure(r, jid)) == NULL)
		return;
	t = txn_begin(r->keeper->records);
	if ((err = reset(r, t, a, peer, u)) == 0)
		err = request_log(r, t, ACT_RESET, jid, "%s", peer);
	if (err != 0) {
		r->keeper->accounts->stale = 1;
		request_abort(r, t, err, peer);
		return;
	}
	work_announce(r->keeper, a);
	request_commit(r, t);
}
