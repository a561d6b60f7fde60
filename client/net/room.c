/* SPDX-License-Identifier: ISC */
/*
 * A room's life in this connection: look at it, enter, be in it, leave. Runs
 * in xmpp-net. A room that hides addresses or that anybody may enter is not
 * entered; one that turns into such is left. Each end is told to the keeper,
 * which then gives nothing out for it, and to the front.
 */
#include "room.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "stanza.h"

struct rooms {
	size_t n;
	struct room *v[NET_ROOMS];
};

int
rooms_new(struct net *net)
{
	net->rooms = calloc(1, sizeof(*net->rooms));
	return net->rooms != NULL ? 0 : ERR_MEMORY;
}

struct archive *
rooms_archive(struct net *net, size_t *i)
{
	struct rooms *rooms = net->rooms;

	while (*i < rooms->n)
		if (rooms->v[(*i)++]->archive.net != NULL)
			return &rooms->v[*i - 1]->archive;
	return NULL;
}

struct room *
room_find(struct net *net, const char *jid)
{
	char bare[LIMIT_JID + 1];

	if (!jid_bare(jid, bare, sizeof(bare)))
		return NULL;
	for (size_t i = 0; i < net->rooms->n; i++)
		if (strcmp(net->rooms->v[i]->jid, bare) == 0)
			return net->rooms->v[i];
	return NULL;
}

static struct room *
room_new(struct net *net, const char *jid)
{
	struct rooms *rooms = net->rooms;
	struct room *room;

	if (rooms->n == NET_ROOMS)
		return NULL;
	if ((room = calloc(1, sizeof(*room))) == NULL)
		abort();
	room->net = net;
	strlcpy(room->jid, jid, sizeof(room->jid));
	/* the account's own name, until the front says another */
	strlcpy(room->nick, net->account, sizeof(room->nick));
	room->nick[strcspn(room->nick, "@")] = '\0';
	rooms->v[rooms->n++] = room;
	return room;
}

/* --- the end --------------------------------------------------------------------- */

static void
on_told(void *arg, int err, struct reader *reply)
{
	struct room *room = arg;

	(void)err; /* not told: it then knows nothing, and gives nothing out */
	(void)reply;
	if (!room->net->exiting)
		outgoing_room(room->net, room);
}

static void
tell_end(struct room *room, enum room_status status)
{
	struct buffer *b = keeper_body(room->net);

	buffer_put_cstring(b, room->jid);
	buffer_put_u8(b, (uint8_t)status);
	buffer_put_u32(b, 0);
	keeper_request(room->net, M_MEMBERS, on_told, room);
}

static xmpp_stanza_t *
presence_to(struct room *room, const char *type)
{
	xmpp_stanza_t *presence = xmpp_presence_new(room->net->ctx);
	char to[LIMIT_JID + ROOM_NICK_MAX + 2];

	snprintf(to, sizeof(to), "%s/%s", room->jid, room->nick);
	el_set(presence, "to", to);
	if (type != NULL)
		el_set(presence, "type", type);
	return presence;
}

void
room_end(struct room *room, enum room_status status, const char *fmt, ...)
{
	char why[LIMIT_REASON + 1];
	va_list ap;

	if (room->state == ROOM_IDLE)
		return;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (room->state >= ROOM_ENTERING)
		login_send(room->net, presence_to(room, "unavailable"));
	room->state = ROOM_IDLE;
	room->tried = 1;
	room->life++;
	room->checks = 0;
	timer_cancel(room->timer);
	room->timer = NULL;
	if (room->archive.net != NULL) {
		archive_stop(&room->archive);
		inbox_forget(&room->archive);
	}
	occupants_clear(&room->occupants);
	members_clear(&room->members);
	members_clear(&room->found);
	front_left(room->net, room->jid, status, why);
	tell_end(room, status);
}

/* --- entering ----------------------------------------------------------------------- */

static void
on_no_answer(void *arg)
{
	struct room *room = arg;

	room->timer = NULL;
	room_end(room, ROOM_REFUSED, "it does not answer");
}

static void
room_enter(struct room *room)
{
	xmpp_stanza_t *presence = presence_to(room, NULL), *el;

	el = el_add(presence, "x", NS_MUC);
	/* what was said before is in its archive */
	el_set(el_add(el, "history", NULL), "maxstanzas", "0");
	room->state = ROOM_ENTERING;
	if (archive_init(&room->archive, room->net, room->jid, 1) != 0)
		abort();
	timer_cancel(room->timer);
	room->timer =
	    loop_timer(room->net->loop, NET_ENTER_S * 1000, on_no_answer, room);
	login_send(room->net, presence);
}

void
room_entered(struct room *room, const char *nick)
{
	strlcpy(room->nick, nick, sizeof(room->nick));
	timer_cancel(room->timer);
	room->timer = NULL;
	room->state = ROOM_CHECKING;
	room_check(room);
}

void
room_refused(struct room *room, xmpp_stanza_t *presence)
{
	static const struct {
		const char *condition, *words;
	} table[] = {
		{ "registration-required",
		    "it is for members, and this account is none" },
		{ "forbidden", "this account is banned from it" },
		{ "not-authorized", "it wants a password" },
		{ "item-not-found", "there is no such room" },
		{ "not-allowed", "there is no such room" },
		{ "service-unavailable", "it is full" },
		{ "conflict", "the nickname is taken" },
	};

	const char *condition = iq_condition(presence);
	const char *words = condition;

	if (strcmp(condition, "conflict") == 0 &&
	    ++room->nicks < NET_NICK_TRIES &&
	    strlcat(room->nick, "_", sizeof(room->nick)) < sizeof(room->nick)) {
		room_enter(room);
		return;
	}
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(condition, table[i].condition) == 0)
			words = table[i].words;
	room->state = ROOM_LOOKING; /* there is nothing to leave */
	room_end(room, ROOM_REFUSED, "%s", words);
}

struct looked { /* a room, and the stay that was looked at it for */
	struct room *room;
	int life;
};

/* Before anybody sees us there: a room that is none is not made by us. */
static void
on_looked(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	struct room *room = ((struct looked *)arg)->room;
	int late = ((struct looked *)arg)->life != room->life;
	enum room_status status;
	const char *why;

	free(arg);
	if (late || net->exiting)
		return;
	if (iq_is_error(answer))
		room_end(room, ROOM_REFUSED, "%s",
		    strcmp(iq_condition(answer), "item-not-found") == 0
			? "there is no such room"
			: iq_condition(answer));
	else if (room_info_parse(answer, &room->info) != 0)
		room_end(room, ROOM_REFUSED, "that is no room");
	else if ((status = room_judge(&room->info, &why)) != ROOM_LISTED)
		room_end(room, status, "%s", why);
	else
		room_enter(room);
}

void
room_join(struct net *net, const char *jid, const char *nick)
{
	struct room *room = room_find(net, jid);
	struct looked *looked;
	xmpp_stanza_t *iq;

	if (room == NULL && (room = room_new(net, jid)) == NULL) {
		front_left(
		    net, jid, ROOM_REFUSED, "too many rooms in one connection");
		return;
	}
	if (room->state != ROOM_IDLE) {
		if (room->state == ROOM_IN)
			front_joined(net, room->jid, room->nick,
			    (uint32_t)room->members.n);
		return;
	}
	if (*nick != '\0')
		strlcpy(room->nick, nick, sizeof(room->nick));
	room->state = ROOM_LOOKING;
	room->life++;
	room->nicks = 0;
	if ((looked = malloc(sizeof(*looked))) == NULL)
		abort();
	*looked = (struct looked){ room, room->life };
	iq = xmpp_iq_new(net->ctx, "get", NULL);
	el_set(iq, "to", room->jid);
	el_add(iq, "query", XMPP_NS_DISCO_INFO);
	iq_send(net, iq, on_looked, looked);
}

void
room_leave(struct net *net, const char *jid)
{
	struct room *room = room_find(net, jid);

	if (room != NULL && room->state != ROOM_IDLE)
		room_end(room, ROOM_LEFT, "left");
	else
		front_left(net, jid, ROOM_LEFT, "left");
}
