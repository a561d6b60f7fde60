/* SPDX-License-Identifier: ISC */
/*
 * The anchor and the place, compared at unlock. Runs in the keeper; believes
 * the store what it says of its file: a store that lies could as well serve
 * an old database with its old anchor.
 */
#include "anchor.h"

#include <string.h>

#include "../ipc/err.h"
#include "../ipc/messages.h"

static int
anchor_mac(struct records *r, const uint8_t counter[8], uint8_t mac[32])
{
	const struct iovec_const v = { counter, 8 };

	return crypto_hmac(r->k_anchor.data, r->k_anchor.len, &v, 1, mac);
}

int
anchor_make(struct records *r, uint64_t counter, uint8_t out[ANCHOR_SIZE])
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)(counter >> (56 - 8 * i));
	return anchor_mac(r, out, out + 8);
}

/* Has this vault come further than this database knows? */
static int
is_older(struct records *r)
{
	uint8_t mac[32];
	struct reader in;

	if (r->anchorlen != ANCHOR_SIZE || anchor_mac(r, r->anchor, mac) != 0 ||
	    !secret_equal(mac, r->anchor + 8, sizeof(mac)))
		return 0;
	reader_init(&in, r->anchor, 8);
	return reader_u64(&in) > r->durable_counter;
}

/*
 * A copy is another file: born at another time or, where the file system does
 * not tell, with another number. The number alone may change with a boot on
 * some file systems, so beside a birth it counts within one boot only.
 */
static int
is_elsewhere(const struct place *then, const struct place *now)
{
	static const struct place nowhere;

	if (memcmp(then, &nowhere, sizeof(nowhere)) == 0 ||
	    memcmp(now, &nowhere, sizeof(nowhere)) == 0)
		return 0;
	if (then->birth == 0 || now->birth == 0)
		return then->inode != now->inode;
	return then->birth != now->birth ||
	    (then->inode != now->inode &&
		memcmp(then->boot, now->boot, sizeof(now->boot)) == 0);
}

uint8_t
anchor_judge(struct records *r, const struct place *then)
{
	return (uint8_t)((is_older(r) ? DOUBT_OLDER : 0) |
	    (is_elsewhere(then, &r->place) ? DOUBT_PLACE : 0));
}
