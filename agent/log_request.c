/* SPDX-License-Identifier: ISC */
/*
 * LOG: the log, a block at a time. Runs in the keeper, which vouches for the
 * chain's end; whoever asks computes the chain. A connection that is
 * restricted to accounts sees only what is theirs, and no digest: those are
 * over what it must not see.
 */
#include <string.h>

#include "crypto/secret.h"
#include "handlers.h"
#include "log.h"

struct page {
	struct request *r;
	uint64_t from;
	uint8_t anchor[32]; /* digest before entry from */
	struct buffer rows;
	uint32_t n;
};

static int
is_visible(const struct client *c, const struct log_entry *e)
{
	char jid[LIMIT_JID + 1];

	if (c->accounts == NULL)
		return 1;
	memcpy(jid, e->owner, e->ownerlen);
	jid[e->ownerlen] = '\0';
	return jid[0] != '\0' && client_has_account(c, jid);
}

/* What the block of entry from has of it and what comes behind. */
static int
read_block(struct txn *t, struct page *p)
{
	struct secret block = { 0 };
	struct log_entry e;
	struct reader in;
	int err = log_block(t, p->from, &block, p->anchor, &in);

	while (err == 0 && in.left > 0) {
		const uint8_t *at = in.p;

		if ((err = log_read(&in, &e)) != 0)
			break;
		if (e.seq < p->from)
			err = log_link(p->anchor, at, (size_t)(in.p - at));
		else if (is_visible(p->r->client, &e)) {
			buffer_put(&p->rows, at, (size_t)(in.p - at));
			p->n++;
		}
	}
	secret_free(&block);
	return err;
}

static void
put_page(struct page *p, const struct chain *c)
{
	struct buffer *b = &p->r->reply;
	uint64_t next = p->from > c->last
	    ? 0
	    : ((p->from - 1) / LOG_BLOCK + 1) * LOG_BLOCK + 1;
	uint8_t head[32] = { 0 };

	if (p->r->client->accounts == NULL)
		memcpy(head, c->head, sizeof head);
	else
		memset(p->anchor, 0, sizeof p->anchor);
	buffer_put_u64(b, log_first(c->last));
	buffer_put_u64(b, c->last);
	buffer_put_u64(b, next <= c->last ? next : 0);
	buffer_put(b, p->anchor, sizeof p->anchor);
	buffer_put(b, head, sizeof head);
	buffer_put_u32(b, p->n);
	buffer_put(b, p->rows.data, p->rows.len);
}

void
log_list(struct request *r)
{
	struct page p = { .r = r, .from = reader_u64(&r->body) };
	struct txn *t = txn_begin(r->keeper->records);
	struct chain c = *txn_chain(t);
	int err = reader_end(&r->body);

	buffer_init(&p.rows, RECORD_MAX);
	if (p.from < log_first(c.last))
		p.from = log_first(c.last);
	if (err == 0 && p.from <= c.last)
		err = read_block(t, &p);
	else
		memcpy(p.anchor, c.head, sizeof p.anchor);
	txn_abort(t);
	if (err == 0) {
		put_page(&p, &c);
		err = p.rows.err;
	}
	buffer_free(&p.rows);
	if (err != 0) {
		buffer_clear(&r->reply);
		request_fail(r, err, "log");
	} else
		request_durable(r);
}
