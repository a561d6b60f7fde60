/* SPDX-License-Identifier: ISC */
/*
 * What a room is and who may be in it, asked of it and handed to the keeper:
 * after entering, and again whenever it says that something has changed. Runs
 * in xmpp-net; the room's word is all that there is, and the keeper announces
 * each name in it before anything is encrypted to it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disco.h"
#include "room.h"
#include "stanza.h"

struct asked { /* a question, and the stay in the room that it belongs to */
	struct room *room;
	int life;
	enum affiliation list;
};

static struct asked *
asked_new(struct room *room, enum affiliation list)
{
	struct asked *q = malloc(sizeof(*q));

	if (q == NULL)
		abort();
	*q = (struct asked){ room, room->life, list };
	return q;
}

/* The room that this answers, or NULL: it comes too late. */
static struct room *
asked_end(void *arg)
{
	struct asked *q = arg;
	struct room *room =
	    q->life == q->room->life && !q->room->net->exiting ? q->room : NULL;

	free(q);
	return room;
}

/* --- the keeper ------------------------------------------------------------------- */

static void room_hand_in(struct room *);

static void
on_again(void *arg)
{
	struct room *room = arg;

	room->timer = NULL;
	room_hand_in(room);
}

/* The first time: where the room's archive is read on. */
static void
room_begin(struct room *room, struct reader *reply)
{
	char cursor[LIMIT_STANZA_ID + 1];
	struct reader r = *reply;
	uint64_t since;

	reader_cstring(&r, cursor, sizeof(cursor));
	since = reader_u64(&r);
	room->state = ROOM_IN;
	front_joined(
	    room->net, room->jid, room->nick, (uint32_t)room->members.n);
	if (room->net->quiet || r.err != 0)
		return;
	room->archive.has = room->info.archive;
	archive_from(&room->archive, cursor, since);
	archive_start(&room->archive);
}

static void
on_handed_in(void *arg, int err, struct reader *reply)
{
	struct room *room = asked_end(arg);

	if (room == NULL)
		return;
	if (err != 0 && keeper_may_retry(err) && err != ERR_FULL) {
		if (room->timer == NULL)
			room->timer =
			    loop_timer(room->net->loop, 1000, on_again, room);
		return;
	}
	if (err != 0) {
		room_end(room, ROOM_REFUSED, "the agent refuses it: %s",
		    err == ERR_TOO_LONG ? "its members' names are too long"
					: keeper_why(room->net, err));
		return;
	}
	if (room->state == ROOM_CHECKING)
		room_begin(room, reply);
	outgoing_room(room->net, room);
}

static void
room_hand_in(struct room *room)
{
	struct buffer *b = keeper_body(room->net);

	buffer_put_cstring(b, room->jid);
	buffer_put_u8(b, ROOM_LISTED);
	buffer_put_u32(b, (uint32_t)room->members.n);
	for (size_t i = 0; i < room->members.n; i++)
		buffer_put_cstring(b, room->members.v[i]);
	keeper_request(room->net, M_MEMBERS, on_handed_in,
	    asked_new(room, AFFILIATION_NONE));
}

/* --- the answers ------------------------------------------------------------------ */

static void __attribute__((format(printf, 3, 4)))
room_fault(struct room *room, enum room_status status, const char *fmt, ...)
{
	va_list ap;

	if (room->status != ROOM_LISTED)
		return; /* the first reason counts */
	room->status = status;
	va_start(ap, fmt);
	vsnprintf(room->why, sizeof(room->why), fmt, ap);
	va_end(ap);
}

/* Tell the front what differs, and take over what was found. */
static void
room_compare(struct room *room)
{
	struct members *was = &room->members, *is = &room->found;
	int first = room->state == ROOM_CHECKING;

	for (size_t i = 0; i < was->n; i++)
		if (!members_has(is, was->v[i]))
			front_member(
			    room->net, room->jid, was->v[i], MEMBER_WENT);
	for (size_t i = 0; i < is->n; i++)
		if (!members_has(was, is->v[i]))
			front_member(room->net, room->jid, is->v[i],
			    first ? MEMBER_HERE : MEMBER_CAME);
	members_move(was, is);
}

static void
room_checked(struct room *room)
{
	if (--room->checks > 0)
		return;
	if (room->status != ROOM_LISTED) {
		room_end(room, room->status, "%s", room->why);
	} else if (room->again) {
		room_check(room);
	} else {
		room_compare(room);
		room_hand_in(room);
	}
}

static void
on_list(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	enum affiliation list = ((struct asked *)arg)->list;
	struct room *room = asked_end(arg);
	const char *why;

	(void)net;
	if (room == NULL)
		return;
	if (iq_is_error(answer))
		room_fault(room, ROOM_REFUSED,
		    "it does not say who its %ss are: %s",
		    affiliation_word(list), iq_condition(answer));
	else if (affiliations_parse(answer, list, &room->found, &why) != 0)
		room_fault(room, ROOM_REFUSED, "%s", why);
	room_checked(room);
}

enum room_status
room_judge(const struct room_info *info, const char **why)
{
	*why = "";
	if (!info->shows) {
		*why = "the room hides addresses (anonymous): nothing can be "
		       "encrypted there";
		return ROOM_ANONYMOUS;
	}
	if (!info->closed) {
		*why = "the room is open to everybody (not members-only): "
		       "nothing can be encrypted there";
		return ROOM_OPEN;
	}
	return ROOM_LISTED;
}

static void
on_info(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	struct room *room = asked_end(arg);
	enum room_status status;
	const char *why;

	(void)net;
	if (room == NULL)
		return;
	if (room_info_parse(answer, &room->info) != 0)
		room_fault(room, ROOM_REFUSED, "it does not say what it is: %s",
		    iq_is_error(answer) ? iq_condition(answer) : "no room");
	else if ((status = room_judge(&room->info, &why)) != ROOM_LISTED)
		room_fault(room, status, "%s", why);
	room_checked(room);
}

/* --- the questions ------------------------------------------------------------------ */

static void
ask_list(struct room *room, enum affiliation list)
{
	xmpp_stanza_t *iq = xmpp_iq_new(room->net->ctx, "get", NULL), *el;

	el_set(iq, "to", room->jid);
	el = el_add(el_add(iq, "query", NS_MUC_ADMIN), "item", NULL);
	el_set(el, "affiliation", affiliation_word(list));
	iq_send(room->net, iq, on_list, asked_new(room, list));
}

void
room_check(struct room *room)
{
	xmpp_stanza_t *iq;

	room->again = room->checks > 0;
	if (room->again)
		return;
	members_clear(&room->found);
	room->status = ROOM_LISTED;
	room->checks = 4;
	iq = xmpp_iq_new(room->net->ctx, "get", NULL);
	el_set(iq, "to", room->jid);
	el_add(iq, "query", XMPP_NS_DISCO_INFO);
	iq_send(room->net, iq, on_info, asked_new(room, AFFILIATION_NONE));
	ask_list(room, AFFILIATION_MEMBER);
	ask_list(room, AFFILIATION_ADMIN);
	ask_list(room, AFFILIATION_OWNER);
}

void
room_changed(struct room *room, const char *jid, enum affiliation a)
{
	int is = a >= AFFILIATION_MEMBER; /* who comes is in the lists then */

	if (room->state != ROOM_IN) { /* the lists may be older than this */
		room->again = room->checks > 0;
		return;
	}
	if (is == members_has(&room->members, jid))
		return;
	if (members_remove(&room->members, jid)) {
		/* at once, before anything more is encrypted to him */
		front_member(room->net, room->jid, jid, MEMBER_WENT);
		room_hand_in(room);
	}
	room_check(room);
}
