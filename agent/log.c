/* SPDX-License-Identifier: ISC */
/*
 * Adding to the log, and reading a block of it. Runs in the keeper. A block
 * is a record: u8 format, the digest before its first entry, entries. What a
 * store does to a block is found by the seal and the root record; the chain
 * is for what has the vault's key.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "account.h"
#include "crypto/crypto.h"

#define FORMAT 1
#define HEADER (1 + 32)
#define ENTRY_MAX                                                              \
	(8 + 8 + 1 + 4 + 4 + 3 * 4 + LIMIT_JID + LIMIT_CLIENT_NAME +           \
	    LIMIT_LOG_DETAIL)

_Static_assert(HEADER + LOG_BLOCK * ENTRY_MAX < RECORD_MAX, "a block fits");

uint64_t
log_first(uint64_t last)
{
	return last > LIMIT_LOG ? last - LIMIT_LOG + 1 : 1;
}

/* The name of the record with entry seq: the number of the block. */
static void
block_name(uint64_t seq, uint8_t name[8])
{
	uint64_t block = (seq - 1) / LOG_BLOCK;

	for (int i = 0; i < 8; i++)
		name[i] = (uint8_t)(block >> (56 - 8 * i));
}

int
log_link(uint8_t digest[32], const void *entry, size_t len)
{
	const struct iovec_const v[] = { { digest, 32 }, { entry, len } };

	return crypto_sha256(v, 2, digest);
}

int
log_block(struct txn *t, uint64_t seq, struct secret *block, uint8_t before[32],
    struct reader *in)
{
	uint8_t name[8];
	int err;

	block_name(seq, name);
	err = txn_get(t, RECORD_LOG, "", name, sizeof name, block);
	if (err != 0)
		return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
	reader_init(in, block->data, block->len);
	if (reader_u8(in) != FORMAT)
		return ERR_CORRUPT;
	reader_fixed(in, before, 32);
	return in->err != 0 ? ERR_CORRUPT : 0;
}

int
log_read(struct reader *in, struct log_entry *e)
{
	size_t len;

	*e = (struct log_entry){ .seq = reader_u64(in) };
	e->time = reader_u64(in);
	e->act = reader_u8(in);
	e->count = reader_u32(in);
	e->pid = reader_u32(in);
	e->owner = reader_string(in, &e->ownerlen, LIMIT_JID);
	(void)reader_string(in, &len, LIMIT_CLIENT_NAME);
	(void)reader_string(in, &len, LIMIT_LOG_DETAIL);
	return in->err != 0 ? ERR_CORRUPT : 0;
}

/* --- adding ----------------------------------------------------------------- */

/* The block that entry seq goes to, with room for len octets more. */
static int
block_extend(struct txn *t, const struct chain *c, const struct buffer *entry,
    struct secret *out)
{
	struct secret old = { 0 };
	uint8_t before[32];
	struct reader in;
	struct buffer b;
	int err, fresh = c->last % LOG_BLOCK == 0;

	err = fresh ? 0 : log_block(t, c->last, &old, before, &in);
	if (err == 0)
		err = secret_new(out, (fresh ? HEADER : old.len) + entry->len);
	if (err == 0) {
		buffer_over(&b, out);
		if (fresh) {
			buffer_put_u8(&b, FORMAT);
			buffer_put(&b, c->head, sizeof c->head);
		} else
			buffer_put(&b, old.data, old.len);
		buffer_put(&b, entry->data, entry->len);
		err = b.err;
	}
	secret_free(&old);
	return err;
}

/* A block of which nothing is kept any more goes. */
static int
drop_oldest(struct txn *t, uint64_t last)
{
	uint64_t first = log_first(last);
	uint8_t name[8];
	int err;

	if (first == 1 || (first - 1) % LOG_BLOCK != 0)
		return 0;
	block_name(first - 1, name);
	err = txn_delete(t, RECORD_LOG, "", name, sizeof name);
	return err == ERR_NOT_FOUND ? 0 : err;
}

int
keeper_log(struct txn *t, struct log_entry *e)
{
	struct chain *c = txn_chain(t);
	struct secret block = { 0 };
	struct buffer b;
	uint8_t name[8];
	int err;

	e->seq = c->last + 1;
	e->time = clock_real();
	buffer_init(&b, ENTRY_MAX);
	buffer_put_u64(&b, e->seq);
	buffer_put_u64(&b, e->time);
	buffer_put_u8(&b, e->act);
	buffer_put_u32(&b, e->count);
	buffer_put_u32(&b, e->pid);
	buffer_put_cstring(&b, e->account);
	buffer_put_cstring(&b, e->client);
	buffer_put_cstring(&b, e->detail);
	block_name(e->seq, name);
	if ((err = b.err) == 0)
		err = block_extend(t, c, &b, &block);
	if (err == 0)
		err = txn_put(t, RECORD_LOG, "", name, sizeof name, block.data,
		    block.len);
	if (err == 0)
		err = drop_oldest(t, e->seq);
	if (err == 0)
		err = log_link(c->head, b.data, b.len);
	if (err == 0)
		c->last = e->seq;
	secret_free(&block);
	buffer_free(&b);
	return err;
}

int
request_log(struct request *r, struct txn *t, enum act act, const char *account,
    const char *fmt, ...)
{
	char detail[LIMIT_LOG_DETAIL + 1];
	struct log_entry e = { .act = (uint8_t)act,
		.count = 1,
		.pid = r->pid,
		.account = account,
		.client = r->client != NULL ? r->client->name : "",
		.detail = detail };
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(detail, sizeof detail, fmt, ap);
	va_end(ap);
	return keeper_log(t, &e);
}
