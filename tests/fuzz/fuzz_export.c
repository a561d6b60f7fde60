/* SPDX-License-Identifier: ISC */
/*
 * What is read of somebody's export: u8 0 and a head, or another number and
 * the opened items of a part, as import_take goes through them. What is let
 * through can be packed, read and packed again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/crypto/crypto.h"
#include "../../agent/export.h"
#include "leaks.h"

#define JULIET "juliet@capulet.lit"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
init(void)
{
	leaks_off();
	if (secret_heap_init(SECURE_HEAP) != 0 || crypto_init() != 0)
		abort();
	leaks_on();
	return 1;
}

static void
read_head(const uint8_t *p, size_t len)
{
	static const uint8_t key[EXPORT_KEY];
	struct export_head h;
	struct buffer row;
	const uint8_t *was;
	struct reader in;
	size_t n;

	(void)export_head_check(key, p, len);
	if (export_head_read(&h, p, len) != 0)
		return;
	buffer_init(&row, EXPORT_HEAD_MAX);
	slots_write(&h.slots, &row);
	reader_init(&in, p, len);
	if (reader_u32(&in) != EXPORT_VERSION)
		abort();
	was = reader_string(&in, &n, EXPORT_HEAD_MAX);
	if (n != row.len || memcmp(row.data, was, n) != 0)
		abort();
	buffer_free(&row);
}

/* Read, and packed again. 0 or an error. */
static int
pack_peer(const struct export_item *item, struct buffer *b)
{
	struct peer p;
	int err = export_peer_read(item, JULIET, &p);

	if (err == 0)
		peer_pack(&p, b);
	return err;
}

static int
pack_account(const struct export_item *item, struct buffer *b)
{
	struct account_record *rec = secret_alloc(sizeof *rec);
	int err;

	if (rec == NULL)
		abort();
	if ((err = export_account_read(item, rec)) == 0)
		account_pack(rec, b);
	account_release(rec);
	return err;
}

static void
read_item(const struct export_item *item)
{
	int (*pack)(const struct export_item *, struct buffer *) =
	    item->kind == EXPORT_PEER ? pack_peer : pack_account;
	struct export_item again = *item;
	struct buffer first, second;

	buffer_init(&first, RECORD_MAX);
	buffer_init(&second, RECORD_MAX);
	if (pack(item, &first) == 0) {
		again.octets = first.data;
		again.len = first.len;
		if (first.err != 0 || pack(&again, &second) != 0 ||
		    first.len != second.len ||
		    memcmp(first.data, second.data, first.len) != 0)
			abort();
	}
	buffer_free(&first);
	buffer_free(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int ready;
	struct export_item item;
	struct reader in;

	if (!ready)
		ready = init();
	if (size < 1)
		return 0;
	if (data[0] == 0) {
		read_head(data + 1, size - 1);
		return 0;
	}
	reader_init(&in, data + 1, size - 1);
	while (export_item_read(&in, &item) == 1)
		read_item(&item);
	return 0;
}
