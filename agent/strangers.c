/* SPDX-License-Identifier: ISC */
/*
 * Sessions with those never written to do not stay for ever: whoever made
 * LIMIT_STRANGERS of them would keep all who are new away from us. The one
 * unheard for longest goes first. Runs in the keeper.
 */
#include "strangers.h"

#include <string.h>

#include "peer.h"
#include "records.h"
#include "sessions.h"

#define UNHEARD_S (30 * 86400) /* then it goes */
#define CROWDED_S 86400	       /* then it goes when there are many */
#define MANY	  (LIMIT_STRANGERS * 3 / 4)

struct search {
	size_t count; /* of sessions with strangers */
	uint64_t heard;
	char jid[LIMIT_JID + 1]; /* the one unheard for longest; "": none */
};

static int
look(void *arg, const char *account, const uint8_t *name, size_t namelen,
    const uint8_t *data, size_t len)
{
	struct search *s = arg;
	struct peer p = { .n = 0 };
	uint64_t heard = 0;
	size_t count = 0;

	if (peer_unpack(data, len, &p) != 0 || namelen > LIMIT_JID)
		return ERR_CORRUPT;
	if (p.written ||
	    (namelen == strlen(account) && memcmp(name, account, namelen) == 0))
		return 0;
	for (size_t i = 0; i < p.n; i++) {
		count += p.v[i].sessions != 0;
		if (p.v[i].heard > heard)
			heard = p.v[i].heard;
	}
	if (count > 0 && (s->jid[0] == '\0' || heard < s->heard)) {
		memcpy(s->jid, name, namelen);
		s->jid[namelen] = '\0';
		s->heard = heard;
	}
	s->count += count;
	return 0;
}

/* What it has written and nobody has read yet still has its writer. */
static int
forget(struct keeper *k, struct txn *t, struct account *a, const char *jid)
{
	struct peer p;
	int err = peer_open(t, a->jid, jid, &p);

	for (size_t i = 0; i < p.n && err == 0; i++) {
		err = session_delete_all(k, t, a, jid, &p.v[i]);
		p.v[i].sessions = 0;
	}
	if (err != 0)
		return err;
	return a->messages.n > 0 ? peer_put(t, a->jid, &p)
				 : txn_delete(t, RECORD_PEER, a->jid,
				       (const uint8_t *)jid, strlen(jid));
}

int
strangers_purge(
    struct keeper *k, struct txn *t, struct account *a, uint64_t now)
{
	struct search s = { .count = 0 };
	int err = records_each(k->records, RECORD_PEER, a->jid, look, &s);

	if (err != 0 || s.jid[0] == '\0' || now - s.heard < CROWDED_S ||
	    (s.count < MANY && now - s.heard < UNHEARD_S))
		return err;
	return forget(k, t, a, s.jid);
}
