/* SPDX-License-Identifier: ISC */
/*
 * ROOM records and MEMBERS. Runs in the keeper. A list of members is a
 * server's word, brought by a net: it can name readers, but each is announced
 * before anything is encrypted to it, and it changes no contact's standing.
 */
#include "rooms.h"

#include <stdlib.h>
#include <string.h>

#include "handlers.h"
#include "readers.h"
#include "text.h"

/* In place of a namespace, among what a net has handed in. */
#define FRESH_ROOM ((uint8_t)OMEMO_PROFILES)

static const char *const words[] = {
	[ROOM_ANONYMOUS] = "the room hides addresses (anonymous): nothing can "
			   "be encrypted there",
	[ROOM_OPEN] = "the room is open to everybody (not members-only): "
		      "nothing can be encrypted there",
	[ROOM_REFUSED] = "the room does not let this account in",
	[ROOM_LEFT] = "the room was left",
};

const char *
room_why(int status)
{
	return status > ROOM_LISTED && status <= ROOM_LEFT ? words[status] : "";
}

/* --- the record --------------------------------------------------------------- */

void
room_release(struct room *room)
{
	if (room == NULL)
		return;
	while (room->n > 0)
		free(room->v[--room->n].jid);
	free(room);
}

static int
add_member(struct room *room, const char *jid, uint8_t listed, uint8_t shown)
{
	struct member *m = &room->v[room->n];

	if (room->n == ROOM_PEOPLE)
		return ERR_FULL;
	if ((m->jid = strdup(jid)) == NULL)
		return ERR_MEMORY;
	m->listed = listed;
	m->shown = shown;
	room->n++;
	return 0;
}

static void
remove_member(struct room *room, size_t i)
{
	free(room->v[i].jid);
	memmove(
	    &room->v[i], &room->v[i + 1], (--room->n - i) * sizeof room->v[0]);
}

struct member *
room_member(struct room *room, const char *jid)
{
	for (size_t i = 0; i < room->n; i++)
		if (strcmp(room->v[i].jid, jid) == 0)
			return &room->v[i];
	return NULL;
}

static int
unpack(struct room *room, const uint8_t *p, size_t len)
{
	char jid[LIMIT_JID + 1];
	uint8_t listed, shown;
	struct reader r;
	uint32_t n;
	int err = 0;

	reader_init(&r, p, len);
	if (reader_u8(&r) != 1)
		return ERR_CORRUPT;
	reader_cstring(&r, room->cursor, sizeof room->cursor);
	room->since = reader_u64(&r);
	room->used = reader_u64(&r);
	for (n = reader_count(&r, ROOM_PEOPLE); n > 0 && err == 0; n--) {
		reader_cstring(&r, jid, sizeof jid);
		listed = reader_u8(&r);
		shown = reader_u8(&r);
		if (r.err != 0)
			break;
		err = add_member(room, jid, listed, shown);
	}
	if (err == 0 && reader_end(&r) != 0)
		err = ERR_CORRUPT;
	return err;
}

int
room_open(
    struct txn *t, const char *account, const char *jid, struct room **out)
{
	struct room *room = calloc(1, sizeof *room);
	struct secret s = { 0 };
	int err;

	*out = NULL;
	if (room == NULL)
		return ERR_MEMORY;
	err = txn_get(t, RECORD_ROOM, account, jid, strlen(jid), &s);
	if (err == 0)
		err = unpack(room, s.data, s.len);
	secret_free(&s);
	if (err != 0)
		room_release(room);
	else
		*out = room;
	return err;
}

int
room_put(struct txn *t, const char *account, const char *jid,
    const struct room *room)
{
	struct buffer b;
	int err;

	buffer_init(&b, RECORD_MAX);
	buffer_put_u8(&b, 1);
	buffer_put_cstring(&b, room->cursor);
	buffer_put_u64(&b, room->since);
	buffer_put_u64(&b, room->used);
	buffer_put_u32(&b, (uint32_t)room->n);
	for (size_t i = 0; i < room->n; i++) {
		buffer_put_cstring(&b, room->v[i].jid);
		buffer_put_u8(&b, room->v[i].listed);
		buffer_put_u8(&b, room->v[i].shown);
	}
	err = b.err != 0
	    ? b.err
	    : txn_put(t, RECORD_ROOM, account, jid, strlen(jid), b.data, b.len);
	buffer_free(&b);
	return err;
}

/* --- how many ------------------------------------------------------------------ */

struct oldest {
	char jid[LIMIT_JID + 1];
	uint64_t used;
	size_t n;
};

static int
look_oldest(void *arg, const char *account, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	struct oldest *o = arg;
	char cursor[LIMIT_STANZA_ID + 1];
	struct reader r;
	uint64_t used;

	(void)account;
	reader_init(&r, p, len);
	(void)reader_u8(&r);
	reader_cstring(&r, cursor, sizeof cursor);
	(void)reader_u64(&r);
	used = reader_u64(&r);
	if (o->n++ == 0 || used < o->used) {
		memcpy(o->jid, name, namelen);
		o->jid[namelen] = '\0';
		o->used = used;
	}
	return r.err;
}

/* Room for one more. What goes is asked for, and its people shown, again. */
static int
make_room(struct keeper *k, struct txn *t, const char *account)
{
	struct oldest o = { .n = 0 };
	struct client *c;
	int err =
	    records_each(k->records, RECORD_ROOM, account, look_oldest, &o);

	if (err != 0 || o.n < LIMIT_ROOMS)
		return err;
	TAILQ_FOREACH(c, &k->clients, entry)
		if (attach_is_net(c, account))
			net_unset_room(c->net, o.jid);
	return txn_delete(t, RECORD_ROOM, account, o.jid, strlen(o.jid));
}

static int
is_one(void *arg, const char *account, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	(void)arg;
	(void)account;
	(void)name;
	(void)namelen;
	(void)p;
	(void)len;
	return 1;
}

int
room_any(struct keeper *k, const char *account)
{
	return records_each(k->records, RECORD_ROOM, account, is_one, NULL);
}

/* --- who was shown ------------------------------------------------------------ */

/* Somebody who is no member; the one who wrote longest ago makes room. */
static int
add_other(struct room *room, const char *jid, uint8_t shown)
{
	size_t i, others = 0, oldest = 0;

	for (i = room->n; i-- > 0;)
		if (!room->v[i].listed) {
			others++;
			oldest = i;
		}
	if (others == LIMIT_ROOM_OTHERS)
		remove_member(room, oldest);
	return add_member(room, jid, 0, shown);
}

/* A text may wait longer than its room is remembered. */
static int
open_anew(
    struct keeper *k, struct txn *t, const char *account, struct room **out)
{
	int err = make_room(k, t, account);

	if (err != 0)
		return err;
	if ((*out = calloc(1, sizeof **out)) == NULL)
		return ERR_MEMORY;
	(*out)->since = (*out)->used = clock_real();
	return 0;
}

int
room_show(struct keeper *k, struct txn *t, const char *account, const char *jid,
    const char *member, int writes, uint8_t shown)
{
	struct room *room;
	struct member *m;
	int err = room_open(t, account, jid, &room);

	if (err == ERR_NOT_FOUND && writes)
		err = open_anew(k, t, account, &room);
	if (err != 0)
		return err;
	if ((m = room_member(room, member)) != NULL)
		m->shown = shown;
	else
		err = writes ? add_other(room, member, shown) : ERR_NOT_FOUND;
	if (err == 0)
		err = room_put(t, account, jid, room);
	room_release(room);
	return err;
}

int
room_is_shown(
    struct txn *t, const char *account, const char *jid, const char *member)
{
	struct room *room;
	struct member *m;
	int shown, err = room_open(t, account, jid, &room);

	if (err != 0)
		return err == ERR_NOT_FOUND ? 0 : err;
	m = room_member(room, member);
	shown = m != NULL && m->shown != MEMBER_UNSHOWN;
	room_release(room);
	return shown;
}

int
room_cursor_put(
    struct txn *t, const char *account, const char *jid, const char *archive)
{
	struct room *room;
	int err;

	if (archive[0] == '\0')
		return 0;
	if ((err = room_open(t, account, jid, &room)) != 0)
		return err;
	memcpy(room->cursor, archive, strlen(archive) + 1);
	err = room_put(t, account, jid, room);
	room_release(room);
	return err;
}

static int
begin_anew(void *arg, const char *account, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	char jid[LIMIT_JID + 1] = "";
	struct room *room;
	int err;

	(void)p;
	(void)len;
	memcpy(jid, name, namelen);
	if ((err = room_open(arg, account, jid, &room)) != 0)
		return err;
	room->cursor[0] = '\0';
	room->since = clock_real();
	err = room_put(arg, account, jid, room);
	room_release(room);
	return err;
}

int
rooms_begin_anew(struct keeper *k, struct txn *t, const char *account)
{
	return records_each(k->records, RECORD_ROOM, account, begin_anew, t);
}

/* --- what a net has handed in --------------------------------------------------- */

int
net_room(const struct net *net, const char *jid)
{
	for (int status = ROOM_LISTED; status <= ROOM_LEFT; status++)
		if (net_is_fresh(net, (uint8_t)(FRESH_ROOM + status), jid))
			return status;
	return -1;
}

void
net_unset_room(struct net *net, const char *jid)
{
	for (int status = ROOM_LISTED; status <= ROOM_LEFT; status++)
		net_unset_fresh(net, (uint8_t)(FRESH_ROOM + status), jid);
}

/* --- MEMBERS -------------------------------------------------------------------- */

struct handed { /* the request's fields */
	char jid[LIMIT_JID + 1], room[LIMIT_JID + 1];
	uint8_t status;
	struct room *people; /* all listed and unshown */
};

static int
read_members(struct reader *b, struct handed *h)
{
	char jid[LIMIT_JID + 1];
	uint32_t n;
	int err = 0;

	reader_cstring(b, h->jid, sizeof h->jid);
	reader_cstring(b, h->room, sizeof h->room);
	h->status = reader_u8(b);
	for (n = reader_count(b, LIMIT_ROOM_MEMBERS); n > 0 && err == 0; n--) {
		reader_cstring(b, jid, sizeof jid);
		if (b->err != 0)
			break;
		if (!text_is_bare_jid(jid) ||
		    room_member(h->people, jid) != NULL)
			err = ERR_ARGUMENT;
		else if (strcmp(jid, h->jid) !=
		    0) /* ourselves, with our rest */
			err = add_member(h->people, jid, 1, MEMBER_UNSHOWN);
	}
	if (err == 0)
		err = reader_end(b);
	if (err == 0 &&
	    (h->status > ROOM_LEFT || !text_is_bare_jid(h->room) ||
		strcmp(h->room, h->jid) == 0 ||
		(h->status != ROOM_LISTED && h->people->n > 0)))
		err = ERR_ARGUMENT;
	return err;
}

/* What is known of those who are still there, and of those who only wrote. */
static int
take_over(struct room *is, struct room *was)
{
	struct member *m;
	int err = 0;

	for (size_t i = 0; i < was->n && err == 0; i++) {
		m = room_member(is, was->v[i].jid);
		if (m != NULL && was->v[i].listed)
			m->shown = was->v[i].shown;
		else if (m != NULL) /* it only wrote, and may read now */
			m->shown = MEMBER_UNSHOWN;
		else if (!was->v[i].listed)
			err = add_member(is, was->v[i].jid, 0, was->v[i].shown);
	}
	memcpy(is->cursor, was->cursor, sizeof is->cursor);
	is->since = was->since;
	return err;
}

/* The room as it is now, staged. */
static int
keep(struct request *r, struct txn *t, struct handed *h)
{
	struct room *was;
	int err = room_open(t, h->jid, h->room, &was);

	h->people->since = clock_real();
	if (err == 0)
		err = take_over(h->people, was);
	else if (err == ERR_NOT_FOUND)
		err = make_room(r->keeper, t, h->jid);
	room_release(was);
	h->people->used = clock_real();
	if (err == 0)
		err = room_put(t, h->jid, h->room, h->people);
	return err;
}

static void
hand_in(struct request *r, struct handed *h)
{
	struct account *a = request_net(r, h->jid);
	int err = 0, is_there = h->status == ROOM_LISTED;
	struct net *net;
	struct txn *t;

	if (a == NULL)
		return;
	net = r->client->net;
	t = txn_begin(r->keeper->records);
	if (is_there)
		err = keep(r, t, h);
	net_unset_room(net, h->room);
	if (err == 0)
		err = net_set_fresh(
		    net, (uint8_t)(FRESH_ROOM + h->status), h->room);
	if (err != 0) {
		request_abort(r, t, err, "members");
		return;
	}
	buffer_put_cstring(&r->reply, h->people->cursor);
	buffer_put_u64(&r->reply, h->people->since);
	readers_recheck(r->keeper, t, a);
	request_commit(r, t);
}

void
rooms_members(struct request *r)
{
	struct handed *h = calloc(1, sizeof *h);
	int err = ERR_MEMORY;

	if (h != NULL)
		h->people = calloc(1, sizeof *h->people);
	if (h != NULL && h->people != NULL)
		err = read_members(&r->body, h);
	if (err != 0)
		request_fail(r, err, "members");
	else
		hand_in(r, h);
	if (h != NULL)
		room_release(h->people);
	free(h);
}
