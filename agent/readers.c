/* SPDX-License-Identifier: ISC */
/*
 * READERS, and handles that wait for their readers to be shown. Runs in the
 * keeper. Nothing is encrypted to a key that no front has shown: a server or
 * a taken-over net can add a reader, but not silently.
 */
#include "readers.h"

#include <stdlib.h>
#include <string.h>

#include "handlers.h"
#include "methods.h"

int
readers_open(struct txn *t, const struct account *a, const char *conversation,
    struct readers **out)
{
	struct readers *rs = calloc(1, sizeof *rs);
	int err;

	*out = NULL;
	if (rs == NULL)
		return ERR_MEMORY;
	rs->n = 1;
	err = peer_open(t, a->jid, conversation, &rs->peers[0]);
	if ((err == 0 || err == ERR_NOT_FOUND) && !rs->peers[0].own) {
		rs->n = 2;
		err = peer_open(t, a->jid, a->jid, &rs->peers[1]);
	}
	if (err != 0 && err != ERR_NOT_FOUND) {
		free(rs);
		return err;
	}
	*out = rs;
	return 0;
}

int
device_namespace(const struct device *d)
{
	int ns;

	if (d->retired)
		return -1;
	for (ns = OMEMO_PROFILES - 1; ns >= 0; ns--)
		if (method_sends((uint8_t)ns) && (d->listed & (1U << ns)))
			return ns;
	return -1;
}

static int
must_show(const struct device *d)
{
	return device_is_unshown(d) && device_namespace(d) >= 0;
}

size_t
readers_unshown(const struct readers *rs)
{
	size_t i, j, n = 0;

	for (i = 0; i < rs->n; i++)
		for (j = 0; j < rs->peers[i].n; j++)
			n += (size_t)must_show(&rs->peers[i].v[j]);
	return n;
}

/* --- waiting ------------------------------------------------------------------ */

int
readers_wait(struct keeper *k, struct account *a, const uint8_t *handle)
{
	struct wait *w;

	TAILQ_FOREACH(w, &a->waits, entry)
		if (memcmp(w->handle, handle, HANDLE_SIZE) == 0)
			break;
	if (w == NULL) {
		if (a->nwaits == LIMIT_WAITS)
			return ERR_FULL;
		if ((w = calloc(1, sizeof *w)) == NULL)
			return ERR_MEMORY;
		memcpy(w->handle, handle, HANDLE_SIZE);
		TAILQ_INSERT_TAIL(&a->waits, w, entry);
		a->nwaits++;
	}
	event_handle(k, TO_FRONTS, a->jid, M_EVENT_READERS, handle);
	return 0;
}

/* It waits no more: shown, or gone. */
static int
is_over(struct txn *t, struct account *a, const uint8_t *handle, int *ready)
{
	struct readers *rs;
	struct outbox *o;
	size_t left = 1;

	*ready = 0;
	if (index_find(&a->outbox, handle) == NULL)
		return 1;
	if (outbox_open(t, a, handle, &o) != 0)
		return 0;
	if (readers_open(t, a, o->conversation, &rs) == 0) {
		left = readers_unshown(rs);
		free(rs);
	}
	outbox_release(o);
	*ready = left == 0;
	return *ready;
}

void
readers_recheck(struct keeper *k, struct txn *t, struct account *a)
{
	struct wait *w = TAILQ_FIRST(&a->waits), *next;
	int ready;

	for (; w != NULL; w = next) {
		next = TAILQ_NEXT(w, entry);
		if (!is_over(t, a, w->handle, &ready))
			continue;
		if (ready)
			event_handle(
			    k, TO_NETS, a->jid, M_EVENT_READY, w->handle);
		TAILQ_REMOVE(&a->waits, w, entry);
		a->nwaits--;
		free(w);
	}
}

/* --- READERS ------------------------------------------------------------------ */

static uint32_t
put_rows(struct buffer *b, const struct peer *p)
{
	const struct device *d;
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < p->n; i++) {
		d = &p->v[i];
		if (!must_show(d))
			continue;
		buffer_put_cstring(b, p->jid);
		buffer_put_u32(b, d->id);
		buffer_put(b, d->u, FINGERPRINT_SIZE);
		buffer_put_u8(b, d->trust);
		buffer_put_u8(b, d->why);
		n++;
	}
	return n;
}

void
readers_list(struct request *r)
{
	char jid[LIMIT_JID + 1];
	uint8_t handle[HANDLE_SIZE];
	struct outbox *o = NULL;
	struct readers *rs;
	struct account *a;
	struct txn *t;
	uint32_t n = 0;
	size_t i, at;
	int err;

	reader_cstring(&r->body, jid, sizeof jid);
	reader_fixed(&r->body, handle, sizeof handle);
	if ((err = reader_end(&r->body)) != 0) {
		request_fail(r, err, "readers");
		return;
	}
	if ((a = request_account(r, jid)) == NULL)
		return;
	t = txn_begin(r->keeper->records);
	err = outbox_open(t, a, handle, &o);
	if (err == 0)
		err = readers_open(t, a, o->conversation, &rs);
	outbox_release(o);
	txn_abort(t);
	if (err != 0) {
		request_fail(r, err, "readers");
		return;
	}
	at = r->reply.len;
	buffer_put_u32(&r->reply, 0);
	for (i = 0; i < rs->n; i++)
		n += put_rows(&r->reply, &rs->peers[i]);
	buffer_patch_u32(&r->reply, at, n);
	free(rs);
	request_durable(r);
}
