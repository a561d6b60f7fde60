/* SPDX-License-Identifier: ISC */
/*
 * TRUST, POLICY, ACKNOWLEDGE: what the user decides about keys and was shown
 * of them. Runs in the keeper. Only these change trust, and what devices whose
 * keys were verified here say of others' (told.h).
 */
#include <stdio.h>
#include <string.h>

#include "handlers.h"
#include "peer.h"
#include "readers.h"
#include "tell.h"
#include "text.h"
#include "told.h"
#include "work.h"

struct key_word { /* a key, and what is said of it: trust, or a role */
	uint8_t fingerprint[FINGERPRINT_SIZE];
	uint8_t word;
};

struct decision { /* a request's fields */
	char jid[LIMIT_JID + 1], peer[LIMIT_JID + 1];
	struct key_word keys[LIMIT_DEVICES];
	size_t n;
	uint8_t policy, require;
	char room[LIMIT_JID + 1]; /* ACKNOWLEDGE: shown as there, or "" */
};

/* Do something to the rows with this key; how many. One that was given up and
 * replaced is none of them: to say that it is good would change nothing. */
static size_t
each_with_key(struct peer *p, const struct key_word *key,
    void (*fn)(struct device *, uint8_t word))
{
	size_t i, n = 0;

	for (i = 0; i < p->n; i++) {
		if (!p->v[i].has_key || p->v[i].retired ||
		    memcmp(p->v[i].u, key->fingerprint, FINGERPRINT_SIZE) != 0)
			continue;
		fn(&p->v[i], key->word);
		n++;
	}
	return n;
}

static void
decide(struct device *row, uint8_t trust)
{
	row->trust = trust;
	row->told = 0;
	row->shown_reader = row->shown_writer = 1; /* whoever decides saw it */
}

static void
show(struct device *row, uint8_t role)
{
	if (role == ROLE_READER)
		row->shown_reader = 1;
	else
		row->shown_writer = 1;
}

static int
log_decision(struct request *r, struct txn *t, const struct decision *d,
    const struct key_word *key)
{
	static const char *const words[] = { "undecided", "blind", "trusted",
		"verified", "distrusted" };
	char hex[2 * FINGERPRINT_SIZE + 1] = "";
	size_t i;

	for (i = 0; i < FINGERPRINT_SIZE; i++)
		snprintf(hex + 2 * i, 3, "%02x", key->fingerprint[i]);
	return request_log(r, t, ACT_TRUST, d->jid, "%s %s %s",
	    words[key->word], hex, d->peer);
}

/* The three requests: change the contact's record by fn. */
static void
change_peer(struct request *r, const struct decision *d,
    int (*fn)(
	struct request *, struct txn *, struct peer *, const struct decision *))
{
	struct keeper *k = r->keeper;
	struct account *a = request_account(r, d->jid);
	struct peer p;
	struct txn *t;
	int err;

	if (a == NULL)
		return;
	t = txn_begin(r->keeper->records);
	err = peer_open(t, d->jid, d->peer, &p);
	if (err == 0)
		err = fn(r, t, &p, d);
	if (err == 0)
		err = peer_put(t, d->jid, &p);
	if (err != 0) {
		request_abort(r, t, err, d->peer);
		return;
	}
	readers_recheck(k, t, a);
	request_commit(r, t);
	work_announce(k, a);
	told_run(k); /* what its key has said before may count now */
}

/* Is this another decision than there is, and one that others are told? */
static int
is_news(const struct peer *p, const struct key_word *key)
{
	size_t i;

	for (i = 0; i < p->n && key->word != TRUST_TRUSTED; i++)
		if (p->v[i].has_key && !p->v[i].retired &&
		    p->v[i].trust != key->word &&
		    memcmp(p->v[i].u, key->fingerprint, FINGERPRINT_SIZE) == 0)
			return 1;
	return 0;
}

/* All of them or, if one is not known, none. */
static int
apply_trust(
    struct request *r, struct txn *t, struct peer *p, const struct decision *d)
{
	struct tell_word news[LIMIT_DEVICES];
	size_t i, n = 0;
	int err;

	for (i = 0; i < d->n; i++) {
		if (is_news(p, &d->keys[i])) {
			memcpy(news[n].u, d->keys[i].fingerprint, 32);
			news[n++].trust = d->keys[i].word;
		}
		if (each_with_key(p, &d->keys[i], decide) == 0)
			return ERR_NOT_FOUND;
		if (d->keys[i].word == TRUST_VERIFIED &&
		    p->policy == POLICY_BLIND)
			p->policy = POLICY_MANUAL; /* for keys that are new */
		if ((err = log_decision(r, t, d, &d->keys[i])) != 0)
			return err;
	}
	p->written = 1;
	return tell_decided(
	    r->keeper, t, account_find(r->keeper, d->jid), p, news, n);
}

static int
is_decision(uint8_t trust)
{
	return trust == TRUST_TRUSTED || trust == TRUST_VERIFIED ||
	    trust == TRUST_DISTRUSTED;
}

void
trust_decide(struct request *r)
{
	struct decision d = { .n = 0 };
	struct reader *b = &r->body;
	size_t i;
	int err, good;

	reader_cstring(b, d.jid, sizeof d.jid);
	reader_cstring(b, d.peer, sizeof d.peer);
	d.n = reader_count(b, LIMIT_DEVICES);
	good = d.n > 0 && text_is_bare_jid(d.peer);
	for (i = 0; i < d.n && b->err == 0; i++) {
		reader_fixed(b, d.keys[i].fingerprint, FINGERPRINT_SIZE);
		d.keys[i].word = reader_u8(b);
		good &= is_decision(d.keys[i].word);
	}
	if ((err = reader_end(b)) != 0)
		request_fail(r, err, "trust");
	else if (!good)
		request_fail(r, ERR_ARGUMENT, "trust");
	else
		change_peer(r, &d, apply_trust);
}

static int
apply_shown(
    struct request *r, struct txn *t, struct peer *p, const struct decision *d)
{
	static const uint8_t no_key[FINGERPRINT_SIZE];
	int has_key = memcmp(d->keys[0].fingerprint, no_key, sizeof no_key);
	int err = 0;

	if (d->room[0] != '\0')
		err = room_show(r->keeper, t, d->jid, d->room, d->peer,
		    d->keys[0].word == ROLE_WRITER,
		    has_key ? MEMBER_READS : MEMBER_ABSENT);
	if (err != 0 || (!has_key && d->room[0] != '\0'))
		return err;
	return each_with_key(p, &d->keys[0], show) == 0 ? ERR_NOT_FOUND : 0;
}

void
trust_acknowledge(struct request *r)
{
	struct decision d = { .n = 1 };
	struct reader *b = &r->body;
	int err;

	reader_cstring(b, d.jid, sizeof d.jid);
	reader_cstring(b, d.peer, sizeof d.peer);
	reader_fixed(b, d.keys[0].fingerprint, FINGERPRINT_SIZE);
	d.keys[0].word = reader_u8(b);
	reader_cstring(b, d.room, sizeof d.room);
	if ((err = reader_end(b)) != 0)
		request_fail(r, err, "acknowledge");
	else if (!text_is_bare_jid(d.peer) || d.keys[0].word > ROLE_WRITER ||
	    (d.room[0] != '\0' && !text_is_bare_jid(d.room)))
		request_fail(r, ERR_ARGUMENT, "acknowledge");
	else
		change_peer(r, &d, apply_shown);
}

/* --- POLICY --------------------------------------------------------------------- */

/* A contact may get a policy before anything is known of it. */
static int
set_policy(struct request *r, struct txn *t, struct account *a,
    const struct decision *d)
{
	static const char *const words[] = { "blind", "first-use", "manual" };
	struct peer_counts counts;
	struct peer p;
	int err = peer_open(t, a->jid, d->peer, &p);

	if (err == ERR_NOT_FOUND) {
		if ((err = peer_count(r->keeper, a->jid, &counts)) != 0)
			return err;
		if (counts.peers >= LIMIT_PEERS)
			return ERR_FULL;
	} else if (err != 0)
		return err;
	p.policy = d->policy;
	p.require = d->require;
	if ((err = peer_put(t, a->jid, &p)) != 0)
		return err;
	return request_log(r, t, ACT_POLICY, a->jid, "%s%s %s",
	    words[d->policy], d->require ? ", required" : "", d->peer);
}

void
trust_policy(struct request *r)
{
	struct decision d = { .n = 0 };
	struct reader *b = &r->body;
	struct account *a;
	struct txn *t;
	int err;

	reader_cstring(b, d.jid, sizeof d.jid);
	reader_cstring(b, d.peer, sizeof d.peer);
	d.policy = reader_u8(b);
	d.require = reader_u8(b);
	if ((err = reader_end(b)) != 0) {
		request_fail(r, err, "policy");
		return;
	}
	/* the own account's keys are never blind: it has no policy */
	if (!text_is_bare_jid(d.peer) || strcmp(d.peer, d.jid) == 0 ||
	    d.policy > POLICY_MANUAL || d.require > 1) {
		request_fail(r, ERR_ARGUMENT, "policy");
		return;
	}
	if ((a = request_account(r, d.jid)) == NULL)
		return;
	t = txn_begin(r->keeper->records);
	if ((err = set_policy(r, t, a, &d)) != 0)
		request_abort(r, t, err, d.peer);
	else
		request_commit(r, t);
}
