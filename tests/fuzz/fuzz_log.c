/* SPDX-License-Identifier: ISC */
/*
 * Replies of LOG, as xmpp-key reads them, page after page (each behind its
 * u16 length), and the keeper's reading of a block's entries. A chain that is
 * called whole must end in the digest that the last page gave.
 */
#include <stdlib.h>
#include <string.h>

#include "../../agent/log.h"
#include "../../client/key/log_chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
row(void *arg, const struct log_row *r)
{
	uint64_t *n = arg;

	if (strlen(r->account) > LIMIT_JID ||
	    strlen(r->client) > LIMIT_CLIENT_NAME ||
	    strlen(r->detail) > LIMIT_LOG_DETAIL)
		abort();
	++*n;
}

/* Every entry ends where the next begins, inside the input. */
static void
block(const uint8_t *data, size_t size)
{
	struct log_entry e;
	struct reader in;

	reader_init(&in, data, size);
	while (in.left > 0 && log_read(&in, &e) == 0)
		if (in.p + in.left != data + size || e.ownerlen > LIMIT_JID)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct log_chain chain = { 0 };
	struct reader in;
	uint64_t n = 0;
	size_t len;
	int more = 1;

	block(data, size);
	while (more == 1 && size >= 2) {
		len = (size_t)(data[0] << 8 | data[1]);
		if (len > size - 2)
			len = size - 2;
		reader_init(&in, data + 2, len);
		more = log_chain_page(&chain, &in, row, &n);
		if (more == 0 && chain.why == NULL &&
		    (len < 88 || memcmp(data + 2 + 56, chain.digest, 32) != 0))
			abort();
		data += 2 + len;
		size -= 2 + len;
	}
	if (chain.n != n)
		abort();
	return 0;
}
