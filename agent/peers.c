/* SPDX-License-Identifier: ISC */
/*
 * PEERS: what is known of contacts' keys. Runs in the keeper.
 */
#include <string.h>

#include "handlers.h"
#include "peer.h"
#include "text.h"

struct listing {
	struct buffer *out;
	uint32_t n;
	const char *account, *only; /* only: this peer, or "" */
	uint64_t now;
	uint32_t stale; /* the account's limit */
};

static void
put_row(const struct listing *l, const struct peer *p, const struct device *d)
{
	struct buffer *b = l->out;
	int stale = device_is_stale(p, d, l->now, l->stale);

	buffer_put_cstring(b, p->jid);
	buffer_put_u8(b, p->policy);
	buffer_put_u8(b, p->require);
	buffer_put_u32(b, d->id);
	buffer_put(b, d->u, FINGERPRINT_SIZE);
	buffer_put_u8(b, d->trust);
	buffer_put_u8(b, d->listed != 0);
	buffer_put_u8(b, device_is_reader(d) && d->listed != 0 && !stale);
	buffer_put_u8(b, d->shown_reader || d->shown_writer);
	buffer_put_u8(b, d->retired);
	buffer_put_u8(b, (uint8_t)stale);
	buffer_put_u8(b, d->told);
}

static int
list_peer(void *arg, const char *account, const uint8_t *name, size_t namelen,
    const uint8_t *data, size_t len)
{
	struct listing *l = arg;
	static const struct device none; /* a policy, and no key yet */
	struct peer p = { .n = 0 };
	uint32_t keys = 0;
	size_t i;

	(void)account;
	if (namelen > LIMIT_JID ||
	    (l->only[0] != '\0' &&
		(namelen != strlen(l->only) ||
		    memcmp(name, l->only, namelen) != 0)))
		return 0;
	if (peer_unpack(data, len, &p) != 0)
		return ERR_CORRUPT;
	memcpy(p.jid, name, namelen);
	p.own = strcmp(p.jid, l->account) == 0;
	for (i = 0; i < p.n; i++) {
		if (!p.v[i].has_key)
			continue;
		put_row(l, &p, &p.v[i]);
		keys++;
	}
	if (keys == 0 && (p.policy != POLICY_BLIND || p.require)) {
		put_row(l, &p, &none);
		keys = 1;
	}
	l->n += keys;
	return l->out->err; /* TOO_LONG: ask peer by peer */
}

void
trust_peers(struct request *r)
{
	char jid[LIMIT_JID + 1], peer[LIMIT_JID + 1];
	struct listing l = { &r->reply, 0, jid, peer, clock_real(), 0 };
	struct account *a;
	size_t at = r->reply.len;
	int err;

	reader_cstring(&r->body, jid, sizeof jid);
	reader_cstring(&r->body, peer, sizeof peer);
	err = reader_end(&r->body);
	if (err == 0 && peer[0] != '\0' && !text_is_bare_jid(peer))
		err = ERR_ARGUMENT;
	if (err != 0) {
		request_fail(r, err, "peers");
		return;
	}
	if ((a = request_account(r, jid)) == NULL)
		return;
	l.stale = a->limits.stale;
	buffer_put_u32(&r->reply, 0);
	err = records_each(r->keeper->records, RECORD_PEER, jid, list_peer, &l);
	if (err != 0) {
		buffer_clear(&r->reply);
		request_fail(r, err, "peers");
		return;
	}
	buffer_patch_u32(&r->reply, at, l.n);
	request_durable(r);
}
