/* SPDX-License-Identifier: ISC */
/*
 * The rooms that this connection was asked to join, and nothing of any other:
 * life of each (room.c), what comes from it (room_in.c), who is in it
 * (occupants.c), which address is a room at all (room_find.c).
 */
#ifndef CLIENT_NET_ROOM_H
#define CLIENT_NET_ROOM_H

#include "archive.h"
#include "inbox.h"
#include "origin.h"
#include "room_xml.h"

#define NET_ROOMS      64   /* as many as the keeper has for an account */
#define NET_OCCUPANTS  1024 /* of a room; who is over it is not known */
#define NET_NICK_TRIES 4    /* a nickname that is taken gets a mark more */
#define NET_ENTER_S    30   /* s from the presence to our own reflection */

struct occupant {
	char *nick, *jid; /* jid: bare, as the room shows it */
};

struct occupants {
	size_t n;
	struct occupant *v; /* NET_OCCUPANTS, or NULL */
};

/* The address behind a nickname; NULL: it is not known. */
const char *occupants_find(const struct occupants *, const char *nick);
/* 1: nobody of that address was there before. */
int occupants_set(struct occupants *, const char *nick, const char *jid);
void occupants_remove(struct occupants *, const char *nick);
void occupants_clear(struct occupants *);

enum room_state {
	ROOM_IDLE,     /* not in it */
	ROOM_LOOKING,  /* asked what it is */
	ROOM_ENTERING, /* presence was sent */
	ROOM_CHECKING, /* in it; its lists are being read for the first time */
	ROOM_IN,       /* the keeper has its lists */
};

struct room {
	struct net *net;
	char jid[LIMIT_JID + 1];
	char nick[ROOM_NICK_MAX + 1];
	enum room_state state;
	int life;  /* of this stay: answers for an older one are late */
	int tried; /* it was entered, or refused, in this connection */
	unsigned nicks;
	struct timer *timer;
	struct room_info info;
	struct occupants occupants;
	struct members members; /* as the keeper has them */
	/* a look at it and its lists */
	unsigned checks; /* answers that are outstanding */
	int again;	 /* something has changed meanwhile */
	struct members found;
	enum room_status status;
	char why[LIMIT_REASON + 1];
	struct archive archive;
};

/* --- room.c --- */
/* The archive of the i-th room and the following; NULL: that was the last. */
struct archive *rooms_archive(struct net *, size_t *i);
/* nick "": as before, or the account's name. Told by front_joined/front_left. */
void room_join(struct net *, const char *jid, const char *nick);
void room_leave(struct net *, const char *jid);
/* The room of that address, or of an occupant's; NULL: not asked for. */
struct room *room_find(struct net *, const char *jid);
/* The server's answer to our presence, or our own presence in the room. */
void room_entered(struct room *, const char *nick);
void room_refused(struct room *, xmpp_stanza_t *presence);
/* Not in it any more, or not to be trusted with a word: leave, and say why. */
void room_end(struct room *, enum room_status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Look at it and its lists again. */
void room_check(struct room *);
/* One entry of its lists has changed, as the room says. */
void room_changed(struct room *, const char *jid, enum affiliation);

/* What the room is allows to write there: ROOM_LISTED; or why not. */
enum room_status room_judge(const struct room_info *, const char **why);

/* --- room_in.c --- */
/* 1: it is from a room of ours, and all that there is to do is done. */
int room_message(struct net *, xmpp_stanza_t *message);
void room_presence(struct net *, xmpp_stanza_t *presence);
/* incoming.c: what is in a message whose origin is settled. */
void receive_message(struct net *, const struct origin *);

/* --- outgoing.c --- */
/* The keeper knows what may be sent to this room, or that nothing may. */
void outgoing_room(struct net *, const struct room *);
/* The room has sent it back: it has it. */
void outgoing_reflected(struct net *, const uint8_t handle[HANDLE_SIZE]);

/* --- room_find.c --- */
/* Tell the front whether this domain is a service of rooms. */
void room_service_ask(struct net *, const char *domain);

/* --- front_room.c --- */
/* What the front asks about rooms. */
void front_on_room(struct net *, uint8_t type, struct reader *);
void front_joined(
    struct net *, const char *room, const char *nick, uint32_t members);
void front_left(
    struct net *, const char *room, enum room_status, const char *reason);
void front_member(
    struct net *, const char *room, const char *jid, enum member_change);
void front_service(struct net *, const char *domain, int rooms);

#endif
