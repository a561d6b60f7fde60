/* SPDX-License-Identifier: ISC */
/*
 * Contacts that nothing but a room's list has named: their devices are kept to
 * be shown, no more. Its server and a net can name as many as they like, so
 * these fill a part of the contacts at most, and those of other lists make
 * room. One becomes somebody the user has written to with the first text that
 * is encrypted to it. Runs in the keeper.
 */
#include <string.h>

#include "bundles.h"
#include "client.h"
#include "peer.h"
#include "rooms.h"

struct guests {
	struct keeper *keeper;
	struct txn *txn;
	const char *account;
	struct room *room;
	size_t peers, n; /* all contacts; guests among them */
};

/* Without it nothing is lost that is not asked for and shown again. */
static int
is_guest(const struct peer *p)
{
	const struct device *d;

	if (p->written || p->require || p->policy != POLICY_BLIND)
		return 0;
	for (d = p->v; d < p->v + p->n; d++)
		if (d->sessions != 0 || d->heard != 0 || d->shown_reader ||
		    d->shown_writer)
			return 0;
	return 1;
}

static int
count(void *arg, const char *account, const uint8_t *name, size_t namelen,
    const uint8_t *data, size_t len)
{
	struct guests *g = arg;
	struct peer p = { .n = 0 };

	if (peer_unpack(data, len, &p) != 0)
		return ERR_CORRUPT;
	if (namelen == strlen(account) && memcmp(name, account, namelen) == 0)
		return 0;
	g->peers++;
	g->n += (size_t)is_guest(&p);
	return 0;
}

/* Its lists and keys are handed in again if it comes back. */
static void
want_again(const struct guests *g, const char *jid, const struct peer *p)
{
	struct bundles *all = g->keeper->accounts->bundles;
	struct bundle *b;
	struct client *c;

	for (uint8_t ns = 0; ns < NAMESPACES; ns++) {
		TAILQ_FOREACH(c, &g->keeper->clients, entry)
			if (attach_is_net(c, g->account))
				net_unset_fresh(c->net, ns, jid);
		for (size_t i = 0; i < p->n; i++) {
			b = bundles_find(all, g->account, jid, ns, p->v[i].id);
			if (b != NULL)
				bundles_drop(all, b);
		}
	}
}

/* One that is in another room, or in none any more. */
static int
drop(void *arg, const char *account, const uint8_t *name, size_t namelen,
    const uint8_t *data, size_t len)
{
	struct guests *g = arg;
	struct peer p = { .n = 0 };
	char jid[LIMIT_JID + 1] = "";
	const struct member *m;

	if (peer_unpack(data, len, &p) != 0 || namelen > LIMIT_JID)
		return ERR_CORRUPT;
	memcpy(jid, name, namelen);
	m = room_member(g->room, jid);
	if (!is_guest(&p) || (m != NULL && m->listed) ||
	    strcmp(jid, account) == 0)
		return 0;
	g->peers--;
	g->n--;
	want_again(g, jid, &p);
	return txn_delete(g->txn, RECORD_PEER, account, jid, namelen);
}

static int
find_room(struct guests *g, size_t more)
{
	struct records *r = g->keeper->records;
	int err = records_each(r, RECORD_PEER, g->account, count, g);

	if (err == 0 &&
	    (g->n + more > LIMIT_ROOM_GUESTS || g->peers + more > LIMIT_PEERS))
		err = records_each(r, RECORD_PEER, g->account, drop, g);
	if (err == 0 && g->peers + more > LIMIT_PEERS)
		err = ERR_FULL;
	return err;
}

static int
is_new(struct txn *t, const char *account, const struct member *m)
{
	return m->listed &&
	    !txn_has(t, RECORD_PEER, account, m->jid, strlen(m->jid));
}

int
room_know_members(
    struct keeper *k, struct txn *t, const struct account *a, struct room *room)
{
	struct guests g = { k, t, a->jid, room, 0, 0 };
	struct peer p;
	size_t more = 0;
	int err;

	for (size_t i = 0; i < room->n; i++)
		more += (size_t)is_new(t, a->jid, &room->v[i]);
	if (more == 0)
		return 0;
	err = find_room(&g, more);
	for (size_t i = 0; i < room->n && err == 0; i++)
		if (is_new(t, a->jid, &room->v[i])) {
			err = peer_open(t, a->jid, room->v[i].jid, &p);
			if (err == ERR_NOT_FOUND)
				err = peer_put(t, a->jid, &p);
		}
	return err != 0 ? err : 1;
}
