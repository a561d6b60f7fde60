/* SPDX-License-Identifier: ISC */
/*
 * What comes from a room: presence of its occupants, texts live and from its
 * archive, changes. Runs in xmpp-net. A stanza counts only if its sender is a
 * room that this connection is in; who wrote a text is who the room shows
 * behind the nickname, and where it shows nobody the text is refused.
 */
#include <string.h>

#include <bsd/string.h>

#include "pep.h"
#include "room.h"
#include "stanza.h"

/* --- what was written --------------------------------------------------------------- */

static void
dropped(struct room *room, const char *why)
{
	front_notice(room->net, room->jid, "a message was dropped: %s", why);
}

static void
origin_in_room(struct room *room, xmpp_stanza_t *message, const char *sender,
    struct origin *o)
{
	const char *id = xmpp_stanza_get_id(message);

	o->kind = ORIGIN_MESSAGE;
	o->path = PATH_ROOM;
	o->message = message;
	o->room = room;
	o->of = &room->archive;
	strlcpy(o->sender, sender, sizeof(o->sender));
	strlcpy(o->conversation, room->jid, sizeof(o->conversation));
	if (id != NULL && strlen(id) <= LIMIT_STANZA_ID)
		strlcpy(o->id, id, sizeof(o->id));
}

/* A text that has just been said. History is read from the archive. */
static void
room_said(struct room *room, xmpp_stanza_t *message, const char *nick)
{
	const char *sender = occupants_find(&room->occupants, nick);
	struct origin o = { 0 };

	if (room->state < ROOM_CHECKING ||
	    el_child(message, "delay", NS_DELAY) != NULL)
		return;
	/* a front that only sends waits for what it has sent */
	if (room->net->quiet && strcmp(nick, room->nick) != 0)
		return;
	if (el_child(message, "body", XMPP_NS_CLIENT) == NULL &&
	    el_child(message, "subject", XMPP_NS_CLIENT) != NULL)
		return; /* in clear, and not shown */
	if (sender == NULL) {
		dropped(room, "the room does not show who wrote it");
		return;
	}
	origin_in_room(room, message, sender, &o);
	if (room->info.sid)
		origin_stanza_id(message, room->jid, &o);
	receive_message(room->net, &o);
}

/* One that its archive gives; whose it was the room has written into it. */
static void
room_archived(struct room *room, xmpp_stanza_t *stanza, xmpp_stanza_t *result)
{
	const char *from = xmpp_stanza_get_from(stanza);
	const char *queryid = archive_queryid(&room->archive), *type;
	struct origin o = { 0 };
	struct muc_user user;
	struct buffer none;

	if (strcmp(from, room->jid) != 0 || *queryid == '\0' ||
	    strcmp(el_get(result, "queryid"), queryid) != 0)
		return; /* too late, or not the room's */
	o.message = origin_forwarded(result, &o);
	if (strlen(el_get(result, "id")) <= LIMIT_STANZA_ID)
		strlcpy(o.archive, el_get(result, "id"), sizeof(o.archive));
	if (o.message == NULL)
		return;
	o.archived = 1;
	type = xmpp_stanza_get_type(o.message);
	from = xmpp_stanza_get_from(o.message);
	if (type == NULL || strcmp(type, "groupchat") != 0 ||
	    room_find(room->net, from) != room || strchr(from, '/') == NULL)
		return; /* nothing that was said in it */
	if (muc_user_parse(o.message, &user) != 0 || user.item.jid[0] == '\0') {
		dropped(room, "its archive does not show who wrote it");
		origin_in_room(room, o.message, "", &o);
		buffer_init(&none, 0);
		inbox_put(room->net, &o, &none);
		return;
	}
	origin_in_room(room, o.message, user.item.jid, &o);
	receive_message(room->net, &o);
}

/* From the room itself: its configuration, or a list, is another now. */
static void
room_said_itself(struct room *room, xmpp_stanza_t *message)
{
	struct muc_user user;

	if (room->state < ROOM_ENTERING || muc_user_parse(message, &user) != 0)
		return;
	if (user.codes & ROOM_CODE_HIDES)
		room_end(room, ROOM_ANONYMOUS,
		    "the room hides addresses (anonymous) from now on: "
		    "nothing can be encrypted there");
	else if (user.item.jid[0] != '\0')
		room_changed(room, user.item.jid, user.item.affiliation);
	else if ((user.codes & ROOM_CODE_CHANGED || user.items > 0) &&
	    room->state >= ROOM_CHECKING)
		room_check(room);
}

/* A text of ours came back; that we are not there any more we may learn by it
 * alone, if the room has lost us. */
static void
room_bounced(struct room *room, xmpp_stanza_t *message)
{
	if (outgoing_bounced(room->net, message) &&
	    strcmp(iq_condition(message), "not-acceptable") == 0)
		room_end(room, ROOM_REFUSED, "the room knows us no more");
}

int
room_message(struct net *net, xmpp_stanza_t *message)
{
	struct room *room = room_find(net, xmpp_stanza_get_from(message));
	const char *type = xmpp_stanza_get_type(message);
	xmpp_stanza_t *result;
	char nick[ROOM_NICK_MAX + 1];
	int in_person;

	if (room == NULL)
		return 0;
	in_person = strchr(xmpp_stanza_get_from(message), '/') == NULL;
	occupant_nick(xmpp_stanza_get_from(message), nick);
	if (type != NULL && strcmp(type, "error") == 0) {
		if (in_person) /* an occupant could say anything */
			room_bounced(room, message);
	} else if ((result = el_child(message, "result", NS_MAM)) != NULL) {
		room_archived(room, message, result);
	} else if (in_person) {
		room_said_itself(room, message);
	} else if (type == NULL || strcmp(type, "groupchat") != 0) {
		if (room->state == ROOM_IN && !net->quiet)
			dropped(
			    room, "it was sent past the room, to you alone");
	} else
		room_said(room, message, nick);
	return 1;
}

/* --- who is there ------------------------------------------------------------------- */

/* Our own presence says that we are not there any more. */
static void
room_thrown(struct room *room, const struct muc_user *user)
{
	static const struct {
		unsigned code;
		const char *words;
	} table[] = {
		{ ROOM_CODE_BANNED, "this account was banned from it" },
		{ ROOM_CODE_LOST, "this account is no member any more" },
		{ ROOM_CODE_CLOSED,
		    "it is for members now, and this account is none" },
		{ ROOM_CODE_KICKED, "this account was put out of it" },
		{ ROOM_CODE_SHUTDOWN, "the service of rooms ends" },
	};

	const char *words = "the room has ended the stay";

	if (user->destroyed)
		words = "the room was destroyed";
	for (size_t i = sizeof(table) / sizeof(table[0]); i-- > 0;)
		if (user->codes & table[i].code)
			words = table[i].words;
	room->state = ROOM_LOOKING; /* there is nothing to leave */
	room_end(room, ROOM_REFUSED, "%s", words);
}

static void
room_gone(struct room *room, const char *nick, const struct muc_user *user)
{
	int own = strcmp(nick, room->nick) == 0 &&
	    (user->codes & ROOM_CODE_SELF || room->state == ROOM_IN);

	occupants_remove(&room->occupants, nick);
	if (user->codes & ROOM_CODE_RENAMED) {
		if (own && user->item.nick[0] != '\0')
			strlcpy(
			    room->nick, user->item.nick, sizeof(room->nick));
	} else if (own)
		room_thrown(room, user);
	else if (user->item.jid[0] != '\0' &&
	    user->item.affiliation < AFFILIATION_MEMBER)
		room_changed(room, user->item.jid, user->item.affiliation);
}

/* A new client of a member may be a new device; only contacts' lists come by
 * themselves. */
static void
on_fetched(struct net *net, void *arg)
{
	(void)net;
	(void)arg;
}

static void
room_here(struct room *room, const char *nick, const struct muc_user *user)
{
	int own = user->codes & ROOM_CODE_SELF;
	int is_new;

	if (user->item.jid[0] == '\0') { /* not shown */
		occupants_remove(&room->occupants, nick);
	} else {
		is_new = occupants_set(&room->occupants, nick, user->item.jid);
		if (is_new && room->state == ROOM_IN && !room->net->quiet)
			for (uint8_t ns = 0; ns < DIALECTS; ns++)
				pep_fetch_list(room->net, ns, user->item.jid,
				    on_fetched, NULL);
		if (room->state >= ROOM_CHECKING)
			room_changed(
			    room, user->item.jid, user->item.affiliation);
	}
	if (!own || room->state != ROOM_ENTERING)
		return;
	if (user->codes & ROOM_CODE_CREATED)
		room_end(room, ROOM_REFUSED, "there is no such room");
	else
		room_entered(room, nick);
}

void
room_presence(struct net *net, xmpp_stanza_t *presence)
{
	const char *type = xmpp_stanza_get_type(presence);
	const char *from = xmpp_stanza_get_from(presence);
	struct room *room = room_find(net, from);
	char nick[ROOM_NICK_MAX + 1];
	struct muc_user user;

	if (room == NULL || room->state < ROOM_ENTERING)
		return;
	occupant_nick(from, nick);
	if (type != NULL && strcmp(type, "error") == 0) {
		if (room->state == ROOM_ENTERING &&
		    (nick[0] == '\0' || strcmp(nick, room->nick) == 0))
			room_refused(room, presence);
		return;
	}
	if (nick[0] == '\0')
		return;
	if (muc_user_parse(presence, &user) != 0)
		occupants_remove(&room->occupants, nick);
	else if (type == NULL)
		room_here(room, nick, &user);
	else if (strcmp(type, "unavailable") == 0)
		room_gone(room, nick, &user);
}
