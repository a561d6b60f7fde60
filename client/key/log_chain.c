/* SPDX-License-Identifier: ISC */
/*
 * The chain of the agent's log, computed. Runs in xmpp-key; holds nothing
 * secret; trusts the keeper for the last digest, and for no other.
 */
#include "log_chain.h"

#include <sha2.h>
#include <string.h>

#include "../../ipc/err.h"

#define ROWS_MAX 4096 /* of one reply */

struct page { /* a reply's head */
	uint64_t first, last, next;
	uint8_t anchor[32], head[32];
	uint32_t n;
};

static void
breaks(struct log_chain *c, uint64_t seq, const char *why)
{
	if (c->why != NULL)
		return;
	c->broken = seq;
	c->why = why;
}

/* digest = SHA-256(digest, octets) */
static void
digest_next(uint8_t digest[32], const uint8_t *p, size_t len)
{
	SHA2_CTX x;

	SHA256Init(&x);
	SHA256Update(&x, digest, 32);
	SHA256Update(&x, p, len);
	SHA256Final(digest, &x);
}

static void
read_head(struct reader *r, struct page *p)
{
	p->first = reader_u64(r);
	p->last = reader_u64(r);
	p->next = reader_u64(r);
	reader_fixed(r, p->anchor, sizeof(p->anchor));
	reader_fixed(r, p->head, sizeof(p->head));
	p->n = reader_count(r, ROWS_MAX);
}

static void
begin(struct log_chain *c, const struct page *p)
{
	if (!c->begun) {
		c->begun = 1;
		c->seq = c->next > p->first ? c->next - 1 : p->first - 1;
		memcpy(c->digest, p->anchor, sizeof(c->digest));
	} else if (memcmp(c->digest, p->anchor, sizeof(c->digest)) != 0)
		breaks(c, c->seq, "what follows is chained to another entry");
}

static int
read_row(struct log_chain *c, struct reader *r, struct log_row *row)
{
	const uint8_t *at = r->p;

	row->seq = reader_u64(r);
	row->time = reader_u64(r);
	row->act = reader_u8(r);
	row->count = reader_u32(r);
	row->pid = reader_u32(r);
	reader_cstring(r, row->account, sizeof(row->account));
	reader_cstring(r, row->client, sizeof(row->client));
	reader_cstring(r, row->detail, sizeof(row->detail));
	if (r->err != 0)
		return r->err;
	if (row->seq != c->seq + 1)
		breaks(c, c->seq + 1, "it is missing");
	c->seq = row->seq;
	if (c->n++ == 0)
		c->since = row->time;
	digest_next(c->digest, at, (size_t)(r->p - at));
	return 0;
}

int
log_chain_page(struct log_chain *c, struct reader *reply,
    void (*fn)(void *arg, const struct log_row *), void *arg)
{
	struct log_row row;
	struct page p;
	int err = 0;

	read_head(reply, &p);
	if (reply->err != 0 || p.first == 0 ||
	    (p.next != 0 && p.next <= c->next))
		return ERR_MALFORMED;
	begin(c, &p);
	for (; err == 0 && p.n > 0; p.n--) {
		if ((err = read_row(c, reply, &row)) != 0)
			break;
		memcpy(row.digest, c->digest, sizeof(row.digest));
		fn(arg, &row);
	}
	if (err == 0)
		err = reader_end(reply);
	if (err != 0)
		return err;
	c->next = p.next;
	if (p.next != 0)
		return 1;
	if (c->seq != p.last)
		breaks(c, c->seq + 1, "it is missing");
	else if (memcmp(c->digest, p.head, sizeof(c->digest)) != 0)
		breaks(c, p.last, "the entries are not what was chained");
	return 0;
}
