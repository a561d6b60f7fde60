/* SPDX-License-Identifier: ISC */
/*
 * Where a message comes from: the outer stanza's word is believed only where
 * the server vouches for it. Carbons and archive results count only from the
 * own bare JID (else anyone could put words into anyone's mouth).
 */
#ifndef CLIENT_NET_ORIGIN_H
#define CLIENT_NET_ORIGIN_H

#include <stdint.h>

#include <strophe.h>

#include "../../agent/limits.h"
#include "../../ipc/messages.h"

enum origin_kind {
	ORIGIN_DROP,	/* not for us, or nothing to see */
	ORIGIN_FORGED,	/* a wrapper from someone who may not send it */
	ORIGIN_ERROR,	/* a bounce: type='error' */
	ORIGIN_EVENT,	/* a PEP notification */
	ORIGIN_MESSAGE, /* a message, with its path */
};

struct archive;
struct room;

struct origin {
	enum origin_kind kind;
	enum path path;
	xmpp_stanza_t *message;		  /* the inner one; borrowed */
	char sender[LIMIT_JID + 1];	  /* bare JID of who wrote it */
	char conversation[LIMIT_JID + 1]; /* bare JID of the other side */
	char id[LIMIT_STANZA_ID + 1];	  /* the message's id, or "" */
	char
	    archive[LIMIT_STANZA_ID + 1]; /* its id in the own archive, or "" */
	uint64_t time;			  /* s since 1970; 0: now */
	const char *why;		  /* ORIGIN_FORGED: what was wrong */
	struct room *room;		  /* it was said in; NULL: a chat */
	struct archive *of; /* that archive is in; NULL: the own one */
	int archived;	    /* it came out of it, not live */
};

/*
 * own: bare JID; queryid: of the archive query that runs, or "". trust_sid:
 * the server says that it checks <stanza-id/>.
 */
void origin_of(xmpp_stanza_t *stanza, const char *own, const char *queryid,
    int trust_sid, struct origin *);
/* The message and the time inside a <forwarded>; NULL: there is none. */
xmpp_stanza_t *origin_forwarded(xmpp_stanza_t *wrapper, struct origin *);
/* The id that by (the own account, a room) gave it in its archive. */
void origin_stanza_id(xmpp_stanza_t *message, const char *by, struct origin *);
/* A time stamp of XEP-0082 in seconds since 1970; 0: it is none. */
uint64_t origin_stamp(const char *stamp);

#endif
