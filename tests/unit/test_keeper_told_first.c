/* SPDX-License-Identifier: ISC */
/*
 * Trust messages where there is much of something, or nothing yet: two who
 * meet for the first time, a newcomer who is told of many, a contact whose key
 * nobody has looked at here, more owners than there may be contacts.
 */
#include "check.h"
/* cmocka first */
#include "keeper_flow.h"
/* after it */
#include "../../agent/log.h"
#include "../../agent/peer.h"
#include "../../agent/tell.h"
#include "../../agent/work.h"

struct play {
	struct stage s;
	struct side *juliet, *romeo;
	struct side second, other; /* of Juliet, of Romeo */
	struct world *w[2];
};

/* --- what a keeper knows ------------------------------------------------------------ */

static void
known(struct side *s, const char *jid, struct peer *p)
{
	struct txn *t = txn_begin(s->w->k->records);
	int err = peer_open(t, s->jid, jid, p);

	assert_true(err == 0 || err == ERR_NOT_FOUND);
	txn_abort(t);
}

/* The trust in a side's key, -1: it was not seen. */
static int
trust_in(struct side *s, const struct side *of)
{
	struct peer p;

	known(s, of->jid, &p);
	for (size_t i = 0; i < p.n; i++)
		if (p.v[i].has_key && memcmp(p.v[i].u, of->u, 32) == 0)
			return p.v[i].trust;
	return -1;
}

static size_t
waits(struct side *s)
{
	return account_find(s->w->k, s->jid)->ntold;
}

/* Until the parser owes no answer. */
static void
settle(struct side *s)
{
	while (s->w->k->told.seq != 0 && s->w->parse_id == 0)
		assert_int_equal(user_call(s->admin, M_STATUS, NULL), 0);
}

static void
decide(struct side *s, const struct side *of, int trust)
{
	struct buffer b;

	assert_int_equal(
	    user_call(s->admin, M_TRUST,
		body(&b, "ss4k1", s->jid, of->jid, 1U, of->u, trust)),
	    0);
	settle(s);
}

/* s finds this device on the list of its account, and gets its bundle. */
static void
learn(struct side *s, const struct side *first, const struct side *of)
{
	uint32_t ids[2] = { first->device, of->device };

	assert_int_equal(
	    hand_list_in(s, NS_OMEMO2, of->jid, LIST_READ, ids, 2), 0);
	assert_int_equal(hand_bundle_in(s, NS_OMEMO2, of), 0);
}

static void
play_open(struct play *p)
{
	uint8_t handle[HANDLE_SIZE];

	memset(p, 0, sizeof *p);
	stage_open(&p->s);
	p->juliet = &p->s.juliet;
	p->romeo = &p->s.romeo;
	p->juliet->both = p->romeo->both = 1;
	side_open(&p->second, p->s.loop, JULIET);
	side_open(&p->other, p->s.loop, ROMEO);
	p->w[0] = p->second.w;
	p->w[1] = p->other.w;
	send_text(p->romeo, p->juliet, "m1", "one", handle);
	send_text(p->juliet, p->romeo, "m2", "two", handle);
	caught_up(p->juliet);
	caught_up(p->romeo);
	learn(p->juliet, p->romeo, &p->other);
	learn(p->juliet, p->juliet, &p->second);
}

static void
play_close(struct play *p)
{
	side_close(&p->second);
	side_close(&p->other);
	stage_close(&p->s);
	free(p->w[0]);
	free(p->w[1]);
}

/* --- messages ------------------------------------------------------------------------ */

/* The next empty message of a side, to a device of another, is delivered. */
static void
deliver_work(struct side *from, struct side *to)
{
	struct item i;

	assert_int_equal(next_work(from, &i), WORK_EMPTY);
	assert_string_equal(i.to, to->jid);
	assert_int_equal(i.device, to->device);
	assert_int_equal(deliver(from, to, i.elements, i.elementslen, "", NULL),
	    VERDICT_NEW);
	work_is_done(from, i.item, WORK_OK);
	free(i.elements);
	settle(to);
}

/* All empty messages that wait are sent and lost. */
static void
flush_work(struct side *s)
{
	struct item i;

	while (next_work(s, &i) != WORK_NONE) {
		work_is_done(s, i.item, WORK_OK);
		free(i.elements);
	}
}

/* Empty messages are lost, the trust message is delivered. */
static void
flush_but_last(struct side *from, struct side *to)
{
	struct item i;

	while (from->w->k->accounts != NULL &&
	    account_find(from->w->k, from->jid)->nwork > 1) {
		assert_int_not_equal(next_work(from, &i), WORK_NONE);
		work_is_done(from, i.item, WORK_OK);
		free(i.elements);
	}
	deliver_work(from, to);
}

/* --- two who meet --------------------------------------------------------------------- */

/*
 * XEP-0450's own example: he scans her code before she has scanned his, and
 * before either has written a word. What he says then is not said again.
 */
static void
test_first_contact(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct fixed f;
	struct play p;

	(void)state;
	memset(&p, 0, sizeof p);
	stage_open(&p.s);
	p.juliet = &p.s.juliet;
	p.romeo = &p.s.romeo;
	p.juliet->both = p.romeo->both = 1;
	side_open(&p.second, p.s.loop, JULIET);
	side_open(&p.other, p.s.loop, ROMEO);
	p.w[0] = p.second.w;
	p.w[1] = p.other.w;
	compose(p.romeo, JULIET, "m1", "not sent", handle);
	encrypt_until_done(p.romeo, p.juliet, handle, &f);
	free(f.p);
	caught_up(p.romeo);
	learn(p.romeo, p.romeo, &p.other);
	decide(p.romeo, &p.other, TRUST_VERIFIED);
	flush_work(p.romeo);
	decide(p.romeo, p.juliet, TRUST_VERIFIED);
	flush_but_last(p.romeo, p.juliet);
	assert_int_equal(waits(p.juliet), 1);
	assert_int_equal(p.juliet->w->parsed, 0);
	learn(p.juliet, p.romeo, &p.other);
	decide(p.juliet, p.romeo, TRUST_VERIFIED);
	assert_int_equal(trust_in(p.juliet, &p.other), TRUST_VERIFIED);
	play_close(&p);
}

static void
keep(struct side *s, const char *sender, uint8_t key, uint8_t is_stranger)
{
	const uint8_t u[32] = { key };
	const struct told_from from = { sender, s->jid, 1, u, is_stranger };
	struct keeper *k = s->w->k;
	struct txn *t = txn_begin(k->records);

	assert_int_equal(told_keep(k, t, account_find(k, s->jid), &from,
			     (const uint8_t *)"text", 4),
	    0);
	keeper_commit(k, t);
	assert_int_equal(user_call(s->admin, M_STATUS, NULL), 0);
}

static size_t
waits_of(struct side *s, const char *sender)
{
	struct told_item *i;
	size_t n = 0;

	TAILQ_FOREACH(i, &account_find(s->w->k, s->jid)->told, entry)
		n += strcmp(i->sender, sender) == 0;
	return n;
}

/* Strangers have their part, of a key and of all, and push out no contact. */
static void
test_strangers_bound(void **state)
{
	const size_t part = LIMIT_TOLD / STRANGERS_SHARE;
	struct side *j;
	struct stage s;
	char jid[64];

	(void)state;
	stage_open(&s);
	j = &s.juliet;
	for (size_t i = 0; i <= LIMIT_TOLD_DEVICE / STRANGERS_SHARE; i++)
		keep(j, "one@verona.lit", 7, 1);
	assert_int_equal(
	    waits_of(j, "one@verona.lit"), LIMIT_TOLD_DEVICE / STRANGERS_SHARE);
	for (size_t i = 0; i < LIMIT_TOLD - part; i++)
		keep(j, ROMEO, (uint8_t)(i / 4 + 1), 0);
	for (size_t i = 0; i < 2 * part; i++) {
		snprintf(jid, sizeof jid, "s%zu@verona.lit", i);
		keep(j, jid, 1, 1);
		assert_in_range(waits(j), 1, LIMIT_TOLD);
		assert_int_equal(waits_of(j, ROMEO), LIMIT_TOLD - part);
	}
	assert_int_equal(waits(j), LIMIT_TOLD);
	/* who had most gave way first, then the oldest */
	assert_int_equal(waits_of(j, "one@verona.lit"), 0);
	restart(j); /* who is one is remembered */
	keep(j, "last@verona.lit", 1, 1);
	assert_int_equal(waits(j), LIMIT_TOLD);
	assert_int_equal(waits_of(j, "last@verona.lit"), 1);
	assert_int_equal(waits_of(j, ROMEO), LIMIT_TOLD - part);
	stage_close(&s);
}

/* --- a newcomer ----------------------------------------------------------------------- */

#define CONTACTS 300

/* All that it is told waits until it has verified who tells. */
static void
test_newcomer_of_many(void **state)
{
	struct keeper *k;
	struct account *a;
	struct peer *peer = calloc(1, sizeof *peer);
	struct play p;
	struct txn *t;
	size_t n = 0;

	(void)state;
	assert_non_null(peer);
	play_open(&p);
	learn(&p.second, &p.second, p.juliet);
	k = p.juliet->w->k;
	a = account_find(k, JULIET);
	t = txn_begin(k->records);
	for (unsigned i = 0; i < CONTACTS; i++) {
		memset(peer, 0, sizeof *peer);
		snprintf(peer->jid, sizeof peer->jid,
		    "a.contact.with.%u@some.server.example", i);
		peer->n = 1;
		peer->v[0].id = 1;
		peer->v[0].has_key = 1;
		peer->v[0].trust = TRUST_VERIFIED;
		peer->v[0].u[0] = (uint8_t)(i % 250 + 2);
		peer->v[0].u[1] = (uint8_t)(i / 250 + 1);
		assert_int_equal(peer_put(t, JULIET, peer), 0);
	}
	keeper_commit(k, t);
	assert_int_equal(user_call(p.juliet->admin, M_STATUS, NULL), 0);
	decide(p.juliet, &p.second, TRUST_VERIFIED);
	assert_in_range(a->nwork, 2, LIMIT_TOLD_DEVICE);
	while (a->nwork > 0)
		deliver_work(p.juliet, &p.second);
	decide(&p.second, p.juliet, TRUST_VERIFIED);
	t = txn_begin(p.second.w->k->records);
	for (unsigned i = 0; i < CONTACTS; i++) {
		char jid[64];

		snprintf(jid, sizeof jid,
		    "a.contact.with.%u@some.server.example", i);
		n += peer_open(t, JULIET, jid, peer) == 0 && peer->nwords == 1;
	}
	txn_abort(t);
	assert_int_equal(n, CONTACTS);
	free(peer);
	play_close(&p);
}

/* --- who is told ------------------------------------------------------------------------ */

/* His key is verified here by a word alone, and no front has shown it; he is
 * told of her new device all the same. */
static void
test_told_of_unshown(void **state)
{
	struct peer peer;
	struct play p;
	struct txn *t;
	struct item i;
	int told = 0;

	(void)state;
	play_open(&p);
	learn(p.juliet, p.romeo, &p.other);
	t = txn_begin(p.juliet->w->k->records);
	assert_int_equal(peer_open(t, JULIET, ROMEO, &peer), 0);
	for (size_t n = 0; n < peer.n; n++)
		if (memcmp(peer.v[n].u, p.other.u, 32) == 0) {
			peer.v[n].trust = TRUST_VERIFIED;
			peer.v[n].told = 1;
			assert_int_equal(peer.v[n].shown_reader, 0);
		}
	assert_int_equal(peer_put(t, JULIET, &peer), 0);
	keeper_commit(p.juliet->w->k, t);
	assert_int_equal(user_call(p.juliet->admin, M_STATUS, NULL), 0);
	decide(p.juliet, &p.second, TRUST_VERIFIED);
	while (next_work(p.juliet, &i) != WORK_NONE) {
		told |= i.work == WORK_EMPTY && i.device == p.other.device;
		work_is_done(p.juliet, i.item, WORK_OK);
		free(i.elements);
	}
	assert_true(told);
	play_close(&p);
}

/* --- owners ------------------------------------------------------------------------------ */

/* A device of hers that names more people than there is room for. */
static void
test_owners_bound(void **state)
{
	struct peer_counts counts;
	struct peer *peer = calloc(1, sizeof *peer);
	struct keeper *k;
	struct account *a;
	struct buffer b;
	struct play p;
	struct txn *t = NULL;
	char text[256], key[TELL_KEY_TEXT + 1];
	uint8_t ed[32], u[32] = { 9 };

	(void)state;
	assert_non_null(peer);
	play_open(&p);
	learn(&p.second, &p.second, p.juliet);
	caught_up(&p.second);
	decide(&p.second, p.juliet, TRUST_VERIFIED);
	flush_work(&p.second);
	decide(p.juliet, &p.second, TRUST_VERIFIED);
	k = p.juliet->w->k;
	for (unsigned i = 1; i < LIMIT_PEERS - 10; i++) {
		if (i % 256 == 1)
			t = txn_begin(k->records);
		memset(peer, 0, sizeof *peer);
		snprintf(peer->jid, sizeof peer->jid, "n%u@verona.lit", i);
		peer->policy = POLICY_MANUAL;
		peer->n = 4;
		for (uint32_t d = 0; d < peer->n; d++)
			peer->v[d].id = d + 1;
		assert_int_equal(peer_put(t, JULIET, peer), 0);
		if (i % 256 == 0 || i == LIMIT_PEERS - 11) {
			keeper_commit(k, t);
			assert_int_equal(
			    user_call(p.juliet->admin, M_STATUS, NULL), 0);
		}
	}
	k = p.second.w->k;
	a = account_find(k, JULIET);
	buffer_init(&b, RECORD_MAX);
	snprintf(text, sizeof text,
	    "<trust-message xmlns='urn:xmpp:tm:1' usage='urn:xmpp:atm:1' "
	    "encryption='urn:xmpp:omemo:2'>");
	buffer_put(&b, text, strlen(text));
	assert_int_equal(crypto_mont_to_ed(u, 0, ed), 0);
	tell_key_text(ed, key);
	for (unsigned i = 0; i < 200; i++) {
		snprintf(text, sizeof text,
		    "<key-owner jid='new%u@verona.lit'><trust>%s</trust>"
		    "</key-owner>",
		    i, key);
		buffer_put(&b, text, strlen(text));
	}
	buffer_put(&b, "</trust-message>", 16);
	t = txn_begin(k->records);
	assert_int_equal(
	    work_add_tell(k, t, a, JULIET, p.juliet->device, &b), 0);
	keeper_commit(k, t);
	buffer_free(&b);
	deliver_work(&p.second, p.juliet);
	assert_int_equal(peer_count(p.juliet->w->k, JULIET, &counts), 0);
	assert_int_equal(counts.peers, LIMIT_PEERS); /* the first that fit */
	free(peer);
	play_close(&p);
}

static int
setup(void **state)
{
	(void)state;
	world_setup();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_contact),
		cmocka_unit_test(test_strangers_bound),
		cmocka_unit_test(test_newcomer_of_many),
		cmocka_unit_test(test_told_of_unshown),
		cmocka_unit_test(test_owners_bound),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
