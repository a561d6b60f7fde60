/* SPDX-License-Identifier: ISC */
/*
 * The link to the front, as far as it is about rooms. Runs in xmpp-net; the
 * front is trusted to name the rooms that its user wants to be in.
 */
#include <string.h>

#include "../common/jid.h"
#include "room.h"

void
front_on_room(struct net *net, uint8_t type, struct reader *r)
{
	char what[LIMIT_JID + 1], nick[ROOM_NICK_MAX + 1] = "";
	char room[LIMIT_JID + 1];

	reader_cstring(r, what, sizeof(what));
	if (type == M_FRONT_JOIN)
		reader_cstring(r, nick, sizeof(nick));
	if (reader_end(r) != 0 || !net->online)
		return;
	if (type == M_FRONT_SERVICE)
		room_service_ask(net, what);
	else if (jid_read(what, room, NULL) != 0)
		front_left(net, what, ROOM_REFUSED, "that is no room");
	else if (type == M_FRONT_JOIN)
		room_join(net, room, nick);
	else
		room_leave(net, room);
}

/* Send what was put into body, and free it. */
static void
say(struct net *net, uint8_t type, struct buffer *body)
{
	if (net->front != NULL && body->err == 0)
		(void)connection_send(
		    net->front, type, 0, body->data, body->len);
	buffer_free(body);
}

void
front_joined(
    struct net *net, const char *room, const char *nick, uint32_t members)
{
	struct buffer body;

	buffer_init(&body, FRAME_MAX);
	buffer_put_cstring(&body, room);
	buffer_put_cstring(&body, nick);
	buffer_put_u32(&body, members);
	say(net, M_NET_JOINED, &body);
}

void
front_left(struct net *net, const char *room, enum room_status status,
    const char *reason)
{
	struct buffer body;

	buffer_init(&body, FRAME_MAX);
	buffer_put_cstring(&body, room);
	buffer_put_u8(&body, (uint8_t)status);
	buffer_put_cstring(&body, reason);
	say(net, M_NET_LEFT, &body);
}

void
front_member(struct net *net, const char *room, const char *jid,
    enum member_change change)
{
	struct buffer body;

	buffer_init(&body, FRAME_MAX);
	buffer_put_cstring(&body, room);
	buffer_put_cstring(&body, jid);
	buffer_put_u8(&body, (uint8_t)change);
	say(net, M_NET_MEMBER, &body);
}

void
front_service(struct net *net, const char *domain, int rooms)
{
	struct buffer body;

	buffer_init(&body, FRAME_MAX);
	buffer_put_cstring(&body, domain);
	buffer_put_u8(&body, rooms != 0);
	say(net, M_NET_SERVICE, &body);
}
