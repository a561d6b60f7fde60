/* SPDX-License-Identifier: ISC */
/*
 * Attachments: which front or net serves which account, and what a net has
 * handed in on this connection. Runs in the keeper.
 */
#ifndef AGENT_ATTACH_H
#define AGENT_ATTACH_H

#include "account.h"

#define WRITTEN_BACK 8

/* The own list as it was given out to be published, until it has come back;
 * raced: another one came first, and was overwritten by it. */
struct written {
	uint32_t *ids; /* ascending; NULL: none */
	size_t n;
	uint64_t until; /* loop_now(): it does not come back any more */
	uint8_t raced;

	/* digests of the last ones that have come back: ejabberd tells of each
	 * twice, and of the second time when more may have happened */
	struct {
		uint64_t name, until;
	} back[WRITTEN_BACK];

	size_t nback;
};

/* What an own list that has come is. */
enum own_list {
	OWN_NEWS,	 /* as it is now */
	OWN_OVERWRITTEN, /* what this net has written, over one that came after
			    WORK had built it */
	OWN_ECHO, /* what this net had written, once more; or, if another came
		     between, somebody has put it back: it is read anew */
};

struct net {
	struct account *account; /* NULL: gone, duties are left */
	int caught_up;		 /* the archive was read to its end */

	/* the own list as read on this connection, per namespace */
	struct {
		int known;
		uint32_t *ids;
		size_t n;
	} own[OMEMO_PROFILES];

	struct written written[OMEMO_PROFILES];

	/* digests of (namespace, peer) whose list was handed in */
	uint64_t *fresh;
	size_t nfresh;
};

int attach_is_net(const struct client *, const char *account);
void attach_forget(struct keeper *); /* all attachments end (lock) */
void attach_drop(struct keeper *, const struct account *);
/* Their connections end: what they were told of the account is over. */
void attach_end_nets(struct keeper *, const struct account *);
/* Fronts and nets of a name: their connections end; but's attachment alone. */
void attach_end_clients(
    struct keeper *, const char *account, const struct client *but);
unsigned attach_count_nets(struct keeper *, const char *account);
/* Every attached net has read its archive to the end. */
int attach_all_caught_up(struct keeper *, const char *account);

/* Was this list handed in on this connection? note, forget it. */
int net_is_fresh(const struct net *, uint8_t ns, const char *peer);
int net_set_fresh(struct net *, uint8_t ns, const char *peer);
void net_unset_fresh(struct net *, uint8_t ns, const char *peer);
/* An own list, ids ascending, is given out to be published. 0 or an error. */
int net_set_written(struct net *, uint8_t ns, const uint32_t *ids, size_t n);
enum own_list
net_own_list(struct net *, uint8_t ns, const uint32_t *ids, size_t n);
/* Is this the own list as it was kept last? */
int net_own_is(const struct net *, uint8_t ns, const uint32_t *ids, size_t n);
/* Keep the own list; takes ids over. */
void net_keep_own(struct net *, uint8_t ns, uint32_t *ids, size_t n);

#endif
