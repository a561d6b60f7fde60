/* SPDX-License-Identifier: ISC */
/*
 * PEERS, read. Runs in xmpp-key.
 */
#include "key.h"

#define ROWS_MAX 65536

static void
read_row(struct reader *r, struct key_row *row)
{
	reader_cstring(r, row->peer, sizeof(row->peer));
	row->policy = reader_u8(r);
	row->require = reader_u8(r);
	row->device = reader_u32(r);
	reader_fixed(r, row->fingerprint, sizeof(row->fingerprint));
	row->trust = reader_u8(r);
	row->listed = reader_u8(r);
	row->reader = reader_u8(r);
	row->shown = reader_u8(r);
	row->retired = reader_u8(r);
	row->stale = reader_u8(r);
	row->told = reader_u8(r);
}

int
key_each_row(struct key *key, const char *peer,
    void (*fn)(void *arg, const struct key_row *), void *arg)
{
	struct key_row row;
	struct buffer b;
	struct reader r;
	uint32_t n;
	int code;

	key_body(key, &b);
	buffer_put_cstring(&b, peer);
	code = key_call(key, M_PEERS, &b, &r, key->jid);
	if (code != DONE)
		return code;
	n = reader_count(&r, ROWS_MAX);
	for (uint32_t i = 0; i < n; i++) {
		read_row(&r, &row);
		if (r.err != 0)
			break;
		fn(arg, &row);
	}
	return reader_end(&r) == 0 ? DONE
				   : fail_agent("peers", ERR_MALFORMED, "");
}
