/* SPDX-License-Identifier: ISC */
/*
 * Rooms as XML (XEP-0045): what a room says of itself, of an occupant, of its
 * lists, and whose an archived message was. All of it is the room's word.
 */
#ifndef CLIENT_NET_ROOM_XML_H
#define CLIENT_NET_ROOM_XML_H

#include "members.h"
#include "net.h"

#define NS_MUC	     "http://jabber.org/protocol/muc"
#define NS_MUC_USER  NS_MUC "#user"
#define NS_MUC_ADMIN NS_MUC "#admin"

#define ROOM_NICK_MAX 1023 /* octets: RFC 7622's of a resource */

enum affiliation {
	AFFILIATION_NONE,
	AFFILIATION_OUTCAST,
	AFFILIATION_MEMBER,
	AFFILIATION_ADMIN,
	AFFILIATION_OWNER,
	AFFILIATIONS,
};

/* The word for it, as the protocol has it. */
const char *affiliation_word(enum affiliation);

struct room_info {
	int shows;   /* every occupant sees everyone's address */
	int closed;  /* nobody but members enters */
	int archive; /* it keeps messages (XEP-0313) */
	int sid;     /* it checks <stanza-id/> */
};

/*
 * An answer to disco#info. 0; ERR_NOT_FOUND: it is no room. Of contradictory
 * features the worse one counts.
 */
int room_info_parse(xmpp_stanza_t *answer, struct room_info *);

/* Status codes that mean something here. */
enum room_code {
	ROOM_CODE_SELF = 1 << 0,    /* 110: this is about ourselves */
	ROOM_CODE_CHANGED = 1 << 1, /* 104, 172: look at it again */
	ROOM_CODE_HIDES = 1 << 2,   /* 173, 174: addresses are not shown now */
	ROOM_CODE_CREATED = 1 << 3, /* 201: there was no such room */
	ROOM_CODE_BANNED = 1 << 4,  /* 301 */
	ROOM_CODE_RENAMED = 1 << 5, /* 303: another nickname */
	ROOM_CODE_KICKED = 1 << 6,  /* 307 */
	ROOM_CODE_LOST = 1 << 7,    /* 321: an affiliation is gone */
	ROOM_CODE_CLOSED = 1 << 8,  /* 322: members only now, and we are none */
	ROOM_CODE_SHUTDOWN = 1 << 9, /* 332, 333 */
};

struct muc_item {
	enum affiliation affiliation;
	char jid[LIMIT_JID + 1]; /* bare and valid, or "" */
	char nick[ROOM_NICK_MAX + 1];
};

struct muc_user { /* an <x xmlns='…muc#user'/> */
	unsigned codes;
	unsigned items;
	int destroyed;
	struct muc_item item; /* all of them say the same */
};

/*
 * 0; ERR_NOT_FOUND: there is none; ERR_BAD_MESSAGE: two of them, items of two
 * people, or an affiliation that does not exist.
 */
int muc_user_parse(xmpp_stanza_t *stanza, struct muc_user *);

/*
 * One of the room's lists, added to members. 0, or ERR_BAD_MESSAGE (an error,
 * another list than was asked for, an entry that is no account's address) or
 * ERR_FULL, with *why.
 */
int affiliations_parse(xmpp_stanza_t *answer, enum affiliation asked,
    struct members *, const char **why);

/* A nickname: what is behind the slash of an occupant's address. "" : none,
 * or too long. */
void occupant_nick(const char *from, char nick[static ROOM_NICK_MAX + 1]);

#endif
