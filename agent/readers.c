/* SPDX-License-Identifier: ISC */
/*
 * READERS, and handles that wait for their readers to be shown. Runs in the
 * keeper. Nothing is encrypted to a key that no front has shown: a server or
 * a taken-over net can add a reader, but not silently; nor a member of a room.
 */
#include "readers.h"

#include <stdlib.h>
#include <string.h>

#include "handlers.h"
#include "methods.h"

void
readers_free(struct readers *rs)
{
	if (rs == NULL)
		return;
	room_release(rs->room);
	free(rs);
}

static struct readers *
readers_new(size_t n)
{
	return calloc(1, sizeof(struct readers) + n * sizeof(struct reading));
}

/* Has this member a key at all, and one that the user has not refused? */
static void
judge_member(struct reading *v)
{
	const struct device *d;
	size_t keys = 0, refused = 0;

	if (v->member == NULL)
		return;
	for (d = v->peer.v; d < v->peer.v + v->peer.n; d++)
		if (d->has_key && device_namespace(d) >= 0) {
			keys++;
			refused += d->trust == TRUST_DISTRUSTED;
		}
	v->absent = keys == 0;
	v->barred = keys > 0 && keys == refused;
}

static int
add_peer(struct readers *rs, struct txn *t, const struct account *a,
    const char *jid, struct member *m)
{
	struct reading *v = &rs->v[rs->n];
	int err = peer_open(t, a->jid, jid, &v->peer);

	if (err != 0 && err != ERR_NOT_FOUND)
		return err;
	rs->n++;
	v->member = m;
	judge_member(v);
	return 0;
}

static int
open_room(struct txn *t, const struct account *a, const char *jid,
    struct readers **out)
{
	struct readers *rs;
	struct room *room;
	int err = room_open(t, a->jid, jid, &room);

	if (err != 0)
		return err;
	if ((rs = readers_new(room->n + 1)) == NULL) {
		room_release(room);
		return ERR_MEMORY;
	}
	*out = rs;
	rs->room = room;
	for (size_t i = 0; i < room->n && err == 0; i++)
		if (room->v[i].listed)
			err = add_peer(rs, t, a, room->v[i].jid, &room->v[i]);
	rs->to = rs->n;
	return err != 0 ? err : add_peer(rs, t, a, a->jid, NULL);
}

int
readers_open(struct txn *t, const struct account *a, const char *conversation,
    uint8_t kind, struct readers **out)
{
	int err;

	*out = NULL;
	if (kind == KIND_ROOM) {
		err = open_room(t, a, conversation, out);
	} else if ((*out = readers_new(2)) == NULL) {
		err = ERR_MEMORY;
	} else {
		(*out)->to = 1;
		err = add_peer(*out, t, a, conversation, NULL);
		if (err == 0 && !(*out)->v[0].peer.own)
			err = add_peer(*out, t, a, a->jid, NULL);
	}
	if (err != 0) {
		readers_free(*out);
		*out = NULL;
	}
	return err;
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

/* Is it news that this member is in the room, or that it cannot read there? Of
 * one that is barred ENCRYPT says it. */
static int
member_is_news(const struct reading *v)
{
	return v->member != NULL && !v->barred &&
	    v->member->shown != (v->absent ? MEMBER_ABSENT : MEMBER_READS);
}

size_t
readers_unshown(const struct readers *rs)
{
	size_t i, j, n = 0;

	for (i = 0; i < rs->n; i++) {
		n += (size_t)member_is_news(&rs->v[i]);
		for (j = 0; j < rs->v[i].peer.n; j++)
			n += (size_t)must_show(&rs->v[i].peer.v[j]);
	}
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
	if (readers_open(t, a, o->conversation, o->kind, &rs) == 0) {
		left = readers_unshown(rs);
		readers_free(rs);
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

static void
put_row(struct buffer *b, const char *jid, const struct device *d, uint8_t why)
{
	buffer_put_cstring(b, jid);
	buffer_put_u32(b, d->id);
	buffer_put(b, d->u, FINGERPRINT_SIZE);
	buffer_put_u8(b, d->trust);
	buffer_put_u8(b, why);
}

/* A new member is shown by all its keys, or by none: it cannot read. */
static uint32_t
put_rows(struct buffer *b, const struct reading *v)
{
	static const struct device none;
	int news = member_is_news(v);
	const struct device *d;
	uint32_t n = 0;
	size_t i;

	if (news && v->absent) {
		put_row(b, v->peer.jid, &none, WHY_NEW_MEMBER);
		n++;
	}
	for (i = 0; i < v->peer.n; i++) {
		d = &v->peer.v[i];
		if (!must_show(d) &&
		    (!news || v->absent || device_namespace(d) < 0 ||
			!d->has_key || d->trust == TRUST_DISTRUSTED))
			continue;
		put_row(b, v->peer.jid, d,
		    news && d->why != WHY_STALE ? WHY_NEW_MEMBER : d->why);
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
		err = readers_open(t, a, o->conversation, o->kind, &rs);
	outbox_release(o);
	txn_abort(t);
	if (err != 0) {
		request_fail(r, err, "readers");
		return;
	}
	at = r->reply.len;
	buffer_put_u32(&r->reply, 0);
	for (i = 0; i < rs->n; i++)
		n += put_rows(&r->reply, &rs->v[i]);
	buffer_patch_u32(&r->reply, at, n);
	readers_free(rs);
	request_durable(r);
}
