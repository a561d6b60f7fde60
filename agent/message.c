/* SPDX-License-Identifier: ISC */
/*
 * MESSAGE records. Runs in the keeper; the text is opened into the secure
 * heap and wiped when the request is over.
 */
#include "message.h"

#include <stdlib.h>
#include <string.h>

static int
unpack(struct message_record *m)
{
	struct reader r;
	size_t len;

	reader_init(&r, m->record.data, m->record.len);
	m->entry.seq = reader_u64(&r);
	m->entry.time = reader_u64(&r);
	m->entry.len = reader_u32(&r);
	m->entry.fixed = reader_u8(&r);
	m->format = reader_u8(&r);
	reader_cstring(&r, m->sender, sizeof m->sender);
	reader_cstring(&r, m->conversation, sizeof m->conversation);
	m->kind = reader_u8(&r);
	m->device = reader_u32(&r);
	reader_fixed(&r, m->fingerprint, sizeof m->fingerprint);
	m->trust = reader_u8(&r);
	m->bound = reader_u8(&r);
	m->copy = reader_u8(&r);
	m->ns = reader_u8(&r);
	m->stamp = reader_u64(&r);
	reader_cstring(&r, m->id, sizeof m->id);
	m->text = reader_string(&r, &len, LIMIT_ENVELOPE);
	return reader_end(&r) != 0 || len != m->entry.len ? ERR_CORRUPT : 0;
}

int
message_record_open(struct txn *t, const struct account *a,
    const uint8_t *handle, struct message_record **out)
{
	struct message_record *m;
	int err;

	*out = NULL;
	if ((m = calloc(1, sizeof *m)) == NULL)
		return ERR_MEMORY;
	memcpy(m->entry.handle, handle, HANDLE_SIZE);
	err =
	    txn_get(t, RECORD_MESSAGE, a->jid, handle, HANDLE_SIZE, &m->record);
	if (err == 0)
		err = unpack(m);
	if (err != 0)
		message_record_release(m);
	else
		*out = m;
	return err;
}

int
message_record_put(
    struct txn *t, const struct account *a, const struct message_record *m)
{
	struct buffer b;
	int err;

	buffer_init(&b, RECORD_MAX);
	buffer_put_u64(&b, m->entry.seq);
	buffer_put_u64(&b, m->entry.time);
	buffer_put_u32(&b, m->entry.len);
	buffer_put_u8(&b, m->entry.fixed);
	buffer_put_u8(&b, m->format);
	buffer_put_cstring(&b, m->sender);
	buffer_put_cstring(&b, m->conversation);
	buffer_put_u8(&b, m->kind);
	buffer_put_u32(&b, m->device);
	buffer_put(&b, m->fingerprint, sizeof m->fingerprint);
	buffer_put_u8(&b, m->trust);
	buffer_put_u8(&b, m->bound);
	buffer_put_u8(&b, m->copy);
	buffer_put_u8(&b, m->ns);
	buffer_put_u64(&b, m->stamp);
	buffer_put_cstring(&b, m->id);
	buffer_put_string(&b, m->text, m->entry.len);
	err = b.err != 0 ? b.err
			 : txn_put(t, RECORD_MESSAGE, a->jid, m->entry.handle,
			       HANDLE_SIZE, b.data, b.len);
	buffer_free(&b);
	return err;
}

void
message_record_release(struct message_record *m)
{
	if (m == NULL)
		return;
	secret_free(&m->record);
	free(m);
}
