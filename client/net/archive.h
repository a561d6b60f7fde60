/* SPDX-License-Identifier: ISC */
/*
 * An archive that is read from a cursor of the keeper's: the account's own,
 * and one for each room.
 */
#ifndef CLIENT_NET_ARCHIVE_H
#define CLIENT_NET_ARCHIVE_H

#include "net.h"

struct archive {
	struct net *net;
	const char *jid; /* whose it is: the own account's, or a room's */
	int is_room;
	int has; /* there is one, and its ids move the cursor */
	char queryid[40];
	char after[LIMIT_STANZA_ID + 1]; /* read up to here; "": from since */
	uint64_t since;
	struct timer *timer;
	int running;	/* live messages are held */
	int again;	/* a live message was left to the archive */
	int complete;	/* the page that is being answered is the last */
	int restarted;	/* the server did not know the cursor */
	int unanswered; /* times that this page was asked for in vain */
	int life; /* of this reading: what comes for an older one is late */
	/* inbox.c's */
	unsigned queued; /* its messages that the keeper has not answered */
	int draining;
	char cursor[LIMIT_STANZA_ID + 1]; /* answered so far; to be told */
};

/* Live messages are held from now on, until the archive has been read. */
int archive_init(struct archive *, struct net *, const char *jid, int is_room);
/* Where the keeper has said that it is read on. */
void archive_from(struct archive *, const char *cursor, uint64_t since);
/* Read; without an archive: tell its end. */
void archive_start(struct archive *);
/* No page is asked for any more, and what comes is late. */
void archive_stop(struct archive *);
const char *archive_queryid(const struct archive *); /* "" when none runs */
int archive_running(const struct archive *);
void archive_again(struct archive *); /* a held message was dropped: read on */
void archive_drained(struct archive *);

/* --- inbox.c --- */
/* The catch-up has ended: what was held goes on. */
void inbox_release(struct archive *);
/* Call archive_drained once all of it that is queued has been answered. */
void inbox_drain(struct archive *);
/* Forget what is held of it: it was left. */
void inbox_forget(struct archive *);

#endif
