/* SPDX-License-Identifier: ISC */
/*
 * The rooms that the user wants to be in, said to each net anew, those that
 * were left, which are rooms all the same, and which domains have rooms at all. Runs in the front; what a net says of a room is
 * only shown: who reads there the keeper decides, and announces.
 */
#include <string.h>

#include <bsd/string.h>

#include "../../ipc/err.h"
#include "private.h"

/* --- to the net ------------------------------------------------------------------ */

static void
say(struct front *front, uint8_t type, const char *a, const char *b)
{
	struct buffer body;

	if (!front->online || front->link == NULL)
		return;
	buffer_init(&body, FRAME_MAX);
	buffer_put_cstring(&body, a);
	if (b != NULL)
		buffer_put_cstring(&body, b);
	if (body.err == 0)
		connection_send(front->link, type, 0, body.data, body.len);
	buffer_free(&body);
}

static struct wanted *
find(struct front *front, const char *room)
{
	for (size_t i = 0; i < front->rooms.n; i++)
		if (strcmp(front->rooms.v[i].room, room) == 0)
			return &front->rooms.v[i];
	return NULL;
}

/* A row that is free, or of a room that we are not in any more. */
static struct wanted *
new_wanted(struct front_rooms *rooms)
{
	if (rooms->n < ROOMS_MAX)
		return &rooms->v[rooms->n++];
	for (size_t i = 0; i < rooms->n; i++)
		if (rooms->v[i].out)
			return &rooms->v[i];
	return NULL;
}

int
front_join(struct front *front, const char *room, const char *nick)
{
	struct wanted *w = find(front, room);

	if (strlen(nick) > NICK_MAX)
		return ERR_TOO_LONG;
	if (w == NULL && (w = new_wanted(&front->rooms)) == NULL)
		return ERR_FULL;
	w->out = 0;
	strlcpy(w->room, room, sizeof(w->room));
	strlcpy(w->nick, nick, sizeof(w->nick));
	say(front, M_FRONT_JOIN, w->room, w->nick);
	return 0;
}

int
front_leave(struct front *front, const char *room)
{
	struct wanted *w = find(front, room);

	if (w == NULL || w->out)
		return ERR_NOT_FOUND;
	say(front, M_FRONT_LEAVE, room, NULL);
	if (!front->online && front->handler->rooms != NULL)
		front->handler->rooms->left(
		    front->arg, room, ROOM_LEFT, "left");
	w->out = 1;
	return 0;
}

/* --- which address is a room -------------------------------------------------------- */

static const char *
domain_of(const char *jid)
{
	const char *at = strchr(jid, '@');

	return at != NULL ? at + 1 : "";
}

static struct service *
service_find(struct front *front, const char *domain)
{
	for (size_t i = 0; i < front->rooms.nservices; i++)
		if (strcmp(front->rooms.services[i].domain, domain) == 0)
			return &front->rooms.services[i];
	return NULL;
}

void
front_ask(struct front *front, const char *jid)
{
	struct front_rooms *rooms = &front->rooms;
	const char *domain = domain_of(jid);
	struct service *s;

	/* a server's accounts are no rooms */
	if (strcmp(domain, domain_of(front->config.account)) == 0 ||
	    service_find(front, domain) != NULL ||
	    rooms->nservices == ROOMS_MAX)
		return;
	s = &rooms->services[rooms->nservices++];
	strlcpy(s->domain, domain, sizeof(s->domain));
	s->state = SERVICE_ASKED;
	say(front, M_FRONT_SERVICE, s->domain, NULL);
}

enum front_kind
front_kind(struct front *front, const char *jid)
{
	const struct service *s = service_find(front, domain_of(jid));

	if (find(front, jid) != NULL ||
	    (s != NULL && s->state == SERVICE_ROOMS))
		return FRONT_ROOM;
	return s != NULL && s->state == SERVICE_ASKED ? FRONT_UNKNOWN
						      : FRONT_CHAT;
}

/* --- from the net ------------------------------------------------------------------- */

void
rooms_online(struct front *front)
{
	struct front_rooms *rooms = &front->rooms;

	for (size_t i = 0; i < rooms->n; i++)
		if (!rooms->v[i].out)
			say(front, M_FRONT_JOIN, rooms->v[i].room,
			    rooms->v[i].nick);
	for (size_t i = 0; i < rooms->nservices; i++)
		if (rooms->services[i].state == SERVICE_ASKED)
			say(front, M_FRONT_SERVICE, rooms->services[i].domain,
			    NULL);
}

static void
on_service(struct front *front, struct reader *r)
{
	char domain[JID_SIZE];
	struct service *s;
	int is;

	reader_cstring(r, domain, sizeof(domain));
	is = reader_u8(r) != 0;
	if (reader_end(r) != 0 || (s = service_find(front, domain)) == NULL ||
	    s->state != SERVICE_ASKED)
		return;
	s->state = is ? SERVICE_ROOMS : SERVICE_NONE;
	outbox_known(front);
	if (front->handler->rooms != NULL)
		front->handler->rooms->service(front->arg, domain, is);
}

static void
on_joined(struct front *front, const char *room, struct reader *r)
{
	char nick[NICK_MAX + 1];
	uint32_t members;

	reader_cstring(r, nick, sizeof(nick));
	members = reader_u32(r);
	if (reader_end(r) == 0)
		front->handler->rooms->joined(front->arg, room, nick, members);
}

static void
on_left(struct front *front, const char *room, struct reader *r)
{
	char reason[LIMIT_REASON + 1];
	struct wanted *w = find(front, room);
	uint8_t status = reader_u8(r);

	reader_cstring(r, reason, sizeof(reason));
	if (reader_end(r) != 0)
		return;
	if (w != NULL) /* the user may want it again */
		w->out = 1;
	front->handler->rooms->left(front->arg, room, status, reason);
}

static void
on_member(struct front *front, const char *room, struct reader *r)
{
	char jid[JID_SIZE];
	uint8_t change;

	reader_cstring(r, jid, sizeof(jid));
	change = reader_u8(r);
	if (reader_end(r) == 0)
		front->handler->rooms->member(front->arg, room, jid, change);
}

void
rooms_packet(struct front *front, uint8_t type, struct reader *r)
{
	char room[JID_SIZE];

	if (type == M_NET_SERVICE) {
		on_service(front, r);
		return;
	}
	reader_cstring(r, room, sizeof(room));
	if (r->err != 0 || front->handler->rooms == NULL)
		return;
	if (type == M_NET_JOINED)
		on_joined(front, room, r);
	else if (type == M_NET_LEFT)
		on_left(front, room, r);
	else
		on_member(front, room, r);
}
