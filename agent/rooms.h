/* SPDX-License-Identifier: ISC */
/*
 * Rooms (XEP-0045): who may be in one, as a net has handed it in, and which of
 * them the user was shown. One record each. Runs in the keeper. What a room is
 * now (or why nothing is sent there) is a net's word, and holds for its
 * connection only.
 */
#ifndef AGENT_ROOMS_H
#define AGENT_ROOMS_H

#include "attach.h"
#include "peer.h"

enum member_shown {
	MEMBER_UNSHOWN = 0,
	MEMBER_READS,  /* that it is there */
	MEMBER_ABSENT, /* that it is there and has no key that may read */
};

struct member {
	char *jid;
	uint8_t listed; /* 0: it wrote there and is no member */
	uint8_t shown;	/* enum member_shown */
};

#define ROOM_PEOPLE (LIMIT_ROOM_MEMBERS + LIMIT_ROOM_OTHERS)

struct room {
	char cursor[LIMIT_STANZA_ID + 1]; /* of the room's own archive */
	uint64_t since, used;		  /* real time, seconds */
	size_t n;
	struct member v[ROOM_PEOPLE];
};

/* On the ordinary heap; room_release. ERR_NOT_FOUND. */
int room_open(
    struct txn *, const char *account, const char *jid, struct room **out);
int room_put(
    struct txn *, const char *account, const char *jid, const struct room *);
void room_release(struct room *); /* NULL allowed */
struct member *room_member(struct room *, const char *jid);

/* guests.c. Staged: its members as contacts, so that their devices are kept.
 * 1: any was new; 0; ERR_FULL, or another error. */
int room_know_members(
    struct keeper *, struct txn *, const struct account *, struct room *);
/* Staged: the user was shown that this one is in the room (enum
 * member_shown). writes: it need not be a member, nor the room be known any
 * more. */
int room_show(struct keeper *, struct txn *, const char *account,
    const char *jid, const char *member, int writes, uint8_t shown);
/* Was it? Of a room that is not known any more: no, since a net could bring
 * that about by naming others. Or an error. */
int room_is_shown(
    struct txn *, const char *account, const char *jid, const char *member);
/* Is any known of this account? Or an error. */
int room_any(struct keeper *, const char *account);
/* Their archives are read from now on only. Staged. */
int rooms_begin_anew(struct keeper *, struct txn *, const char *account);
/* archive "": leaves it as it is. Staged. */
int room_cursor_put(
    struct txn *, const char *account, const char *jid, const char *archive);

/* What this net has handed in of a room: enum room_status, or -1. */
int net_room(const struct net *, const char *jid);
void net_unset_room(struct net *, const char *jid);
/* For a person; of a room that is not ROOM_LISTED. */
const char *room_why(int status);

#endif
