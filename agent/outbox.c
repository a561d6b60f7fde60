/* SPDX-License-Identifier: ISC */
/*
 * OUTBOX records. Runs in the keeper; the text is opened into the secure heap
 * and wiped when the request is over.
 */
#include "outbox.h"

#include <stdlib.h>
#include <string.h>

static int
unpack(struct outbox *o)
{
	struct reader r;
	size_t len;

	reader_init(&r, o->record.data, o->record.len);
	o->entry.seq = reader_u64(&r);
	o->entry.time = reader_u64(&r);
	o->entry.len = reader_u32(&r);
	o->entry.fixed = reader_u8(&r);
	reader_cstring(&r, o->client, sizeof o->client);
	reader_cstring(&r, o->conversation, sizeof o->conversation);
	o->kind = reader_u8(&r);
	reader_cstring(&r, o->id, sizeof o->id);
	o->format = reader_u8(&r);
	o->text = reader_string(&r, &len, LIMIT_TEXT);
	if (len != o->entry.len)
		return ERR_CORRUPT;
	o->elements = reader_string(&r, &o->elementslen, RECORD_MAX);
	return reader_end(&r) != 0 ? ERR_CORRUPT : 0;
}

int
outbox_open(struct txn *t, struct account *a, const uint8_t *handle,
    struct outbox **out)
{
	struct outbox *o;
	int err;

	*out = NULL;
	if ((o = calloc(1, sizeof *o)) == NULL)
		return ERR_MEMORY;
	memcpy(o->handle, handle, HANDLE_SIZE);
	memcpy(o->entry.handle, handle, HANDLE_SIZE);
	err =
	    txn_get(t, RECORD_OUTBOX, a->jid, handle, HANDLE_SIZE, &o->record);
	if (err == 0)
		err = unpack(o);
	if (err != 0)
		outbox_release(o);
	else
		*out = o;
	return err;
}

int
outbox_put(struct txn *t, const struct account *a, const struct outbox *o)
{
	struct buffer b;
	int err;

	buffer_init(&b, RECORD_MAX);
	buffer_put_u64(&b, o->entry.seq);
	buffer_put_u64(&b, o->entry.time);
	buffer_put_u32(&b, o->entry.len);
	buffer_put_u8(&b, o->entry.fixed);
	buffer_put_cstring(&b, o->client);
	buffer_put_cstring(&b, o->conversation);
	buffer_put_u8(&b, o->kind);
	buffer_put_cstring(&b, o->id);
	buffer_put_u8(&b, o->format);
	buffer_put_string(&b, o->text, o->entry.len);
	buffer_put_string(&b, o->elements, o->elementslen);
	err = b.err;
	if (err == 0)
		err = txn_put(t, RECORD_OUTBOX, a->jid, o->handle, HANDLE_SIZE,
		    b.data, b.len);
	buffer_free(&b);
	return err;
}

void
outbox_release(struct outbox *o)
{
	if (o == NULL)
		return;
	secret_free(&o->record);
	free(o);
}

void
outbox_event_failed(struct keeper *k, const struct account *a,
    const struct outbox *o, int code, const char *reason)
{
	struct buffer b;

	buffer_init(&b, 8192);
	buffer_put_cstring(&b, a->jid);
	buffer_put(&b, o->handle, HANDLE_SIZE);
	buffer_put_cstring(&b, o->id);
	buffer_put_u32(&b, (uint32_t)-code);
	buffer_put_cstring(&b, reason);
	event_after(k, TO_FRONTS, a->jid, M_EVENT_FAILED, &b);
	buffer_free(&b);
}
