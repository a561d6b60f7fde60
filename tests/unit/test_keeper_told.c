/* SPDX-License-Identifier: ISC */
/*
 * Trust messages in the keeper: whose word counts and whose does not, what a
 * parser that was taken over can say, what waits and how much of it, and what
 * is told to whom. (Reading them: test_sce.)
 */
#include "check.h"
/* cmocka first */
#include "keeper_flow.h"
/* after it */
#include "../../agent/log.h"
#include "../../agent/peer.h"
#include "../../agent/tell.h"
#include "../../agent/work.h"

#define MERCUTIO "mercutio@verona.lit"

/* Juliet's device; another of hers; two of Romeo's. */
struct play {
	struct stage s;
	struct side *juliet, *romeo;
	struct side second, other; /* of Juliet, of Romeo */
	struct world *w[2];
};

static const uint8_t stranger[32] = { 9 }; /* a key that nobody has */

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

/* Entries of the log that are of this act. */
static unsigned
logged(struct side *s, int act, char detail[LIMIT_LOG_DETAIL + 1])
{
	struct txn *t = txn_begin(s->w->k->records);
	uint64_t last = txn_chain(t)->last;
	struct secret block = { 0 };
	struct log_entry e;
	struct reader in;
	uint8_t before[32];
	unsigned n = 0;

	for (uint64_t at = 1; at <= last; at += LOG_BLOCK) {
		assert_int_equal(log_block(t, at, &block, before, &in), 0);
		while (in.left > 0) {
			struct reader r = in;
			size_t len;

			assert_int_equal(log_read(&in, &e), 0);
			if (e.act != act)
				continue;
			n++;
			(void)reader_bytes(&r, 8 + 8 + 1 + 4 + 4);
			(void)reader_string(&r, &len, LIMIT_JID);
			(void)reader_string(&r, &len, LIMIT_CLIENT_NAME);
			if (detail != NULL)
				reader_cstring(
				    &r, detail, LIMIT_LOG_DETAIL + 1);
			assert_int_equal(r.err, 0);
		}
		secret_free(&block);
	}
	txn_abort(t);
	return n;
}

static void
elevate(struct side *s)
{
	struct buffer b;

	assert_int_equal(user_call(s->admin, M_ELEVATE,
			     body(&b, "41s", RIGHT_TRUST | RIGHT_ADMIN,
				 SECRET_PASSPHRASE, PASSPHRASE)),
	    0);
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

/* What a keeper that was taken over may write, too. */
static void
put_words(
    struct buffer *b, const char *owner, const uint8_t u[32], const char *word)
{
	char key[TELL_KEY_TEXT + 1], text[512];
	uint8_t ed[32];

	assert_int_equal(crypto_mont_to_ed(u, 0, ed), 0);
	tell_key_text(ed, key);
	snprintf(text, sizeof text,
	    "<trust-message xmlns='urn:xmpp:tm:1' usage='urn:xmpp:atm:1' "
	    "encryption='urn:xmpp:omemo:2'><key-owner jid='%s'><%s>%s</%s>"
	    "</key-owner></trust-message>",
	    owner, word, key, word);
	buffer_init(b, 4096);
	buffer_put(b, text, strlen(text));
}

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

static void
no_work(struct side *s)
{
	struct item i;

	while (next_work(s, &i) == WORK_BUNDLE)
		work_is_done(s, i.item, WORK_OK);
	assert_int_equal(i.work, WORK_NONE);
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

/* from says it to the device of to, whose key it has verified. */
static void
say(struct side *from, struct side *to, const char *owner, const uint8_t u[32],
    const char *word)
{
	struct keeper *k = from->w->k;
	struct txn *t = txn_begin(k->records);
	struct account *a = account_find(k, from->jid);
	struct buffer b;

	put_words(&b, owner, u, word);
	assert_int_equal(work_add_tell(k, t, a, to->jid, to->device, &b), 0);
	keeper_commit(k, t);
	buffer_free(&b);
	deliver_work(from, to);
}

/* Romeo's first device can speak to Juliet's; his decision tells nobody else. */
static void
romeo_speaks(struct play *p)
{
	decide(p->romeo, p->juliet, TRUST_VERIFIED);
	flush_work(p->romeo);
}

/* --- a contact's word ----------------------------------------------------------------- */

/* From both sides: without her having verified his key it is nothing, and is
 * not even read; once she has, it counts. */
static void
test_sender_must_be_verified(void **state)
{
	char detail[LIMIT_LOG_DETAIL + 1];
	uint8_t handle[HANDLE_SIZE];
	struct peer before, after;
	struct play p;

	(void)state;
	play_open(&p);
	romeo_speaks(&p);
	known(p.juliet, ROMEO, &before);
	say(p.romeo, p.juliet, ROMEO, p.other.u, "trust");
	known(p.juliet, ROMEO, &after);
	for (size_t i = 0; i < after.n; i++)
		after.v[i].heard = before.v[i].heard;
	assert_memory_equal(&before, &after, sizeof before);
	assert_int_equal(trust_in(p.juliet, &p.other), TRUST_BLIND);
	assert_int_equal(p.juliet->w->parsed, 0);
	assert_int_equal(waits(p.juliet), 1);
	/* nor is it lost, and the session goes on */
	restart(p.juliet);
	elevate(p.juliet);
	caught_up(p.juliet);
	assert_int_equal(waits(p.juliet), 1);
	send_text(p.romeo, p.juliet, "m3", "three", handle);
	/* trusted is not verified */
	decide(p.juliet, p.romeo, TRUST_TRUSTED);
	assert_int_equal(p.juliet->w->parsed, 0);
	decide(p.juliet, p.romeo, TRUST_VERIFIED);
	assert_int_equal(p.juliet->w->parsed, 1);
	assert_int_equal(trust_in(p.juliet, &p.other), TRUST_VERIFIED);
	assert_int_equal(waits(p.juliet), 0);
	assert_int_equal(logged(p.juliet, ACT_TOLD, detail), 1);
	assert_non_null(strstr(detail, "verified "));
	assert_non_null(strstr(detail, ROMEO ", by device "));
	known(p.juliet, ROMEO, &after);
	assert_int_equal(after.policy, POLICY_MANUAL);
	play_close(&p);
}

/* Verified first: at once. Twice: nothing changes. */
static void
test_verified_sender(void **state)
{
	struct peer peer;
	struct play p;

	(void)state;
	play_open(&p);
	romeo_speaks(&p);
	decide(p.juliet, p.romeo, TRUST_VERIFIED);
	say(p.romeo, p.juliet, ROMEO, p.other.u, "trust");
	assert_int_equal(trust_in(p.juliet, &p.other), TRUST_VERIFIED);
	known(p.juliet, ROMEO, &peer);
	for (size_t i = 0; i < peer.n; i++)
		assert_int_equal(
		    peer.v[i].told, memcmp(peer.v[i].u, p.other.u, 32) == 0);
	assert_int_equal(logged(p.juliet, ACT_TOLD, NULL), 1);
	say(p.romeo, p.juliet, ROMEO, p.other.u, "trust");
	assert_int_equal(logged(p.juliet, ACT_TOLD, NULL), 1);
	/* it is a person's now */
	decide(p.juliet, &p.other, TRUST_DISTRUSTED);
	assert_int_equal(trust_in(p.juliet, &p.other), TRUST_DISTRUSTED);
	/* which no word lifts */
	say(p.romeo, p.juliet, ROMEO, p.other.u, "trust");
	assert_int_equal(trust_in(p.juliet, &p.other), TRUST_DISTRUSTED);
	assert_int_equal(logged(p.juliet, ACT_TOLD, NULL), 1);
	play_close(&p);
}

static void
test_distrust(void **state)
{
	char detail[LIMIT_LOG_DETAIL + 1];
	struct play p;

	(void)state;
	play_open(&p);
	romeo_speaks(&p);
	decide(p.juliet, &p.other, TRUST_VERIFIED); /* by hand */
	flush_work(p.juliet);
	say(p.romeo, p.juliet, ROMEO, p.other.u, "distrust");
	assert_int_equal(trust_in(p.juliet, &p.other), TRUST_VERIFIED);
	decide(p.juliet, p.romeo, TRUST_VERIFIED);
	assert_int_equal(trust_in(p.juliet, &p.other), TRUST_DISTRUSTED);
	assert_int_equal(logged(p.juliet, ACT_TOLD, detail), 1);
	assert_non_null(strstr(detail, "distrusted "));
	/* a device that gives itself up: after that its word is none */
	say(p.romeo, p.juliet, ROMEO, p.romeo->u, "distrust");
	assert_int_equal(trust_in(p.juliet, p.romeo), TRUST_DISTRUSTED);
	play_close(&p);
}

/* A contact speaks of its own keys alone; of ours not even a device of ours. */
static void
test_third_parties(void **state)
{
	struct peer peer;
	struct play p;

	(void)state;
	play_open(&p);
	romeo_speaks(&p);
	decide(p.juliet, p.romeo, TRUST_VERIFIED);
	flush_work(p.juliet);
	say(p.romeo, p.juliet, JULIET, p.second.u, "trust");
	assert_int_equal(p.juliet->w->parsed, 1);
	assert_int_equal(trust_in(p.juliet, &p.second), TRUST_UNDECIDED);
	say(p.romeo, p.juliet, JULIET, p.second.u, "distrust");
	assert_int_equal(trust_in(p.juliet, &p.second), TRUST_UNDECIDED);
	say(p.romeo, p.juliet, MERCUTIO, stranger, "trust");
	known(p.juliet, MERCUTIO, &peer);
	assert_int_equal(peer.n + peer.nwords, 0);
	/* our key under his name is not his */
	say(p.romeo, p.juliet, ROMEO, p.juliet->u, "trust");
	say(p.romeo, p.juliet, ROMEO, p.juliet->u, "distrust");
	known(p.juliet, ROMEO, &peer);
	assert_int_equal(peer.nwords, 0);
	assert_int_equal(logged(p.juliet, ACT_TOLD, NULL), 0);
	play_close(&p);
}

/* --- a key that was not seen yet -------------------------------------------------------- */

static void
test_before_the_key(void **state)
{
	char detail[LIMIT_LOG_DETAIL + 1];
	struct peer peer;
	struct side third;
	struct play p;
	struct world *w;

	(void)state;
	play_open(&p);
	side_open(&third, p.s.loop, ROMEO);
	w = third.w;
	romeo_speaks(&p);
	decide(p.juliet, p.romeo, TRUST_VERIFIED);
	say(p.romeo, p.juliet, ROMEO, third.u, "trust");
	known(p.juliet, ROMEO, &peer);
	assert_int_equal(peer.nwords, 1);
	assert_int_equal(logged(p.juliet, ACT_TOLD, NULL), 0);
	restart(p.juliet);
	learn(p.juliet, p.romeo, &third);
	assert_int_equal(trust_in(p.juliet, &third), TRUST_VERIFIED);
	known(p.juliet, ROMEO, &peer);
	assert_int_equal(peer.nwords, 0);
	assert_int_equal(logged(p.juliet, ACT_TOLD, detail), 1);
	assert_non_null(strstr(detail, ROMEO ", by device "));
	side_close(&third);
	play_close(&p);
	free(w);
}

/* LIMIT_WORDS and one: the oldest goes. A distrust is not taken back. */
static void
test_words_bound(void **state)
{
	struct peer p = { .n = 0 };
	struct device *row, gone;
	struct word w = { .trust = TRUST_VERIFIED }, said;
	uint8_t ed[32];

	(void)state;
	for (unsigned i = 0; i <= LIMIT_WORDS; i++) {
		w.key[0] = (uint8_t)(i + 1);
		peer_word_keep(&p, &w);
	}
	assert_int_equal(p.nwords, LIMIT_WORDS);
	assert_int_equal(p.words[0].key[0], 2);
	w.trust = TRUST_DISTRUSTED;
	peer_word_keep(&p, &w);
	w.trust = TRUST_VERIFIED;
	peer_word_keep(&p, &w);
	assert_int_equal(p.nwords, LIMIT_WORDS);
	assert_int_equal(p.words[LIMIT_WORDS - 1].trust, TRUST_DISTRUSTED);
	/* both forms name one key, and its sign does not matter */
	assert_int_equal(crypto_mont_to_ed(stranger, 1, ed), 0);
	memcpy(w.key, ed, 32);
	peer_word_keep(&p, &w);
	memcpy(w.key, stranger, 32);
	w.trust = TRUST_DISTRUSTED;
	peer_word_keep(&p, &w);
	assert_int_equal(
	    peer_learn(&p, 7, stranger, 0, 0, &row, &gone, &said), 0);
	assert_int_equal(row->trust, TRUST_DISTRUSTED);
	assert_int_equal(row->told, 1);
	assert_int_equal(p.nwords, LIMIT_WORDS - 2);
	for (size_t i = 0; i < p.nwords; i++)
		assert_false(key_is(p.words[i].key, stranger));
}

/* --- devices of ours -------------------------------------------------------------------- */

/* What she verifies on one device counts on the other that has verified it:
 * the whole of it, through both keepers. */
static void
test_once_for_all(void **state)
{
	struct peer peer;
	struct play p;

	(void)state;
	play_open(&p);
	learn(&p.second, &p.second, p.juliet);
	caught_up(&p.second);
	assert_int_equal(trust_in(p.juliet, &p.second), TRUST_UNDECIDED);
	decide(p.juliet, &p.second, TRUST_VERIFIED);
	no_work(p.juliet); /* nobody else is verified */
	decide(p.juliet, p.romeo, TRUST_VERIFIED);
	/* before the second has verified the first: it waits */
	deliver_work(p.juliet, &p.second);
	assert_int_equal(waits(&p.second), 1);
	assert_int_equal(p.second.w->parsed, 0);
	known(&p.second, ROMEO, &peer);
	assert_int_equal(peer.nwords, 0);
	/* and Romeo hears which keys are hers */
	deliver_work(p.juliet, p.romeo);
	assert_int_equal(p.romeo->w->parsed, 0);
	no_work(p.juliet);
	decide(&p.second, p.juliet, TRUST_VERIFIED);
	assert_int_equal(p.second.w->parsed, 1);
	learn(&p.second, p.romeo, p.romeo);
	assert_int_equal(trust_in(&p.second, p.romeo), TRUST_VERIFIED);
	assert_int_equal(logged(&p.second, ACT_TOLD, NULL), 1);
	/* Romeo: her word on her second key counts when hers does */
	decide(p.romeo, p.juliet, TRUST_VERIFIED);
	assert_int_equal(p.romeo->w->parsed, 1);
	learn(p.romeo, p.juliet, &p.second);
	assert_int_equal(trust_in(p.romeo, &p.second), TRUST_VERIFIED);
	/* and a distrust goes the same way */
	flush_work(p.juliet);
	decide(p.juliet, p.romeo, TRUST_DISTRUSTED);
	deliver_work(p.juliet, &p.second);
	assert_int_equal(trust_in(&p.second, p.romeo), TRUST_DISTRUSTED);
	no_work(p.juliet); /* not to whom it is about */
	play_close(&p);
}

/* A device of ours that is verified is told of to verified contacts, and hears
 * of them. */
static void
test_newcomer(void **state)
{
	struct play p;

	(void)state;
	play_open(&p);
	learn(&p.second, &p.second, p.juliet);
	caught_up(&p.second);
	romeo_speaks(&p);
	decide(p.romeo, p.juliet, TRUST_VERIFIED);
	decide(p.juliet, p.romeo, TRUST_VERIFIED);
	no_work(p.juliet); /* no other device of hers */
	decide(&p.second, p.juliet, TRUST_VERIFIED);
	decide(p.juliet, &p.second, TRUST_VERIFIED);
	deliver_work(p.juliet, p.romeo);
	deliver_work(p.juliet, &p.second);
	no_work(p.juliet);
	learn(p.romeo, p.juliet, &p.second);
	assert_int_equal(trust_in(p.romeo, &p.second), TRUST_VERIFIED);
	learn(&p.second, p.romeo, p.romeo);
	assert_int_equal(trust_in(&p.second, p.romeo), TRUST_VERIFIED);
	/* to say the same again is no news */
	decide(p.juliet, &p.second, TRUST_VERIFIED);
	no_work(p.juliet);
	/* when it is distrusted, the contact hears of it and it does not */
	decide(p.juliet, &p.second, TRUST_DISTRUSTED);
	deliver_work(p.juliet, p.romeo);
	no_work(p.juliet);
	assert_int_equal(trust_in(p.romeo, &p.second), TRUST_DISTRUSTED);
	play_close(&p);
}

/* A device of ours that is given up for good is distrusted, and so told. */
static void
test_revoked(void **state)
{
	struct item i;
	struct buffer b;
	struct play p;

	(void)state;
	play_open(&p);
	romeo_speaks(&p);
	decide(p.juliet, p.romeo, TRUST_VERIFIED);
	decide(p.juliet, &p.second, TRUST_VERIFIED);
	flush_work(p.juliet);
	assert_int_equal(user_call(p.juliet->admin, M_REVOKE,
			     body(&b, "s4", JULIET, p.second.device)),
	    0);
	learn(p.romeo, p.juliet, &p.second);
	while (next_work(p.juliet, &i) != WORK_EMPTY) {
		assert_int_not_equal(i.work, WORK_NONE);
		work_is_done(p.juliet, i.item, WORK_OK);
	}
	assert_string_equal(i.to, ROMEO);
	assert_int_equal(
	    deliver(p.juliet, p.romeo, i.elements, i.elementslen, "", NULL),
	    VERDICT_NEW);
	free(i.elements);
	settle(p.romeo);
	assert_int_equal(trust_in(p.romeo, &p.second), TRUST_DISTRUSTED);
	play_close(&p);
}

/* What waits to be told is not, to a key that is verified no more. */
static void
test_told_to_verified_alone(void **state)
{
	struct play p;

	(void)state;
	play_open(&p);
	decide(p.juliet, &p.second, TRUST_VERIFIED);
	decide(p.juliet, p.romeo, TRUST_VERIFIED);
	decide(p.juliet, &p.second, TRUST_TRUSTED);
	decide(p.juliet, p.romeo, TRUST_TRUSTED);
	no_work(p.juliet);
	play_close(&p);
}

/* LIMIT_TELL_KEYS in one message, the next one in another. */
static void
test_tell_bound(void **state)
{
	struct account *a;
	struct play p;
	struct txn *t;

	(void)state;
	play_open(&p);
	a = account_find(p.juliet->w->k, JULIET);
	t = txn_begin(p.juliet->w->k->records);
	for (unsigned i = 0; i < 3; i++) {
		struct peer peer = { .n = LIMIT_DEVICES };

		snprintf(peer.jid, sizeof peer.jid, "n%u@verona.lit", i);
		peer.n = i < 2 ? LIMIT_DEVICES : 1;
		for (uint32_t d = 0; d < peer.n; d++) {
			peer.v[d].id = d + 1;
			peer.v[d].has_key = 1;
			peer.v[d].trust = TRUST_VERIFIED;
			peer.v[d].u[0] = (uint8_t)(d + 2);
			peer.v[d].u[1] = (uint8_t)(i + 1);
		}
		assert_int_equal(peer_put(t, JULIET, &peer), 0);
	}
	assert_int_equal(LIMIT_TELL_KEYS, 2 * LIMIT_DEVICES);
	keeper_commit(p.juliet->w->k, t);
	assert_int_equal(user_call(p.juliet->admin, M_STATUS, NULL), 0);
	assert_int_equal(a->nwork, 0);
	decide(p.juliet, &p.second, TRUST_VERIFIED);
	assert_int_equal(a->nwork, 2);
	play_close(&p);
}

/* --- a parser that was taken over ---------------------------------------------------------- */

static void
lie_begin(struct buffer *b, const char *from, const char *to, uint32_t n)
{
	buffer_init(b, FRAME_MAX);
	buffer_put_cstring(b, from);
	buffer_put_cstring(b, to);
	buffer_put_u32(b, n);
}

static void
lie_word(struct buffer *b, const char *owner, int trust, const uint8_t u[32])
{
	uint8_t ed[32];

	assert_int_equal(crypto_mont_to_ed(u, 0, ed), 0);
	buffer_put_cstring(b, owner);
	buffer_put_u8(b, (uint8_t)trust);
	buffer_put(b, ed, 32);
}

/* Romeo says it of his other key; the parser answers this. */
static void
lied_to(struct play *p, struct buffer *lie)
{
	p->juliet->w->parser_lie = lie;
	say(p->romeo, p->juliet, ROMEO, p->other.u, "trust");
	p->juliet->w->parser_lie = NULL;
	buffer_free(lie);
	assert_int_equal(p->juliet->w->k->told.seq, 0);
	assert_int_equal(waits(p->juliet), 0);
}

static void
test_parser_lies(void **state)
{
	static const struct {
		const char *from, *to;
	} bound[] = {
		{ MERCUTIO, JULIET },
		{ JULIET, JULIET },
		{ ROMEO, ROMEO },
		{ "", JULIET },
		{ ROMEO, "" },
		{ "x" ROMEO, JULIET },
		{ ROMEO ".it", JULIET },
	};
	struct buffer b;
	struct peer peer;
	struct play p;
	size_t i;

	(void)state;
	play_open(&p);
	romeo_speaks(&p);
	decide(p.juliet, p.romeo, TRUST_VERIFIED);
	for (i = 0; i < sizeof bound / sizeof bound[0]; i++) {
		lie_begin(&b, bound[i].from, bound[i].to, 1);
		lie_word(&b, ROMEO, TRUST_VERIFIED, p.other.u);
		lied_to(&p, &b);
		assert_int_equal(trust_in(p.juliet, &p.other), TRUST_BLIND);
	}
	/* keys that the message does not name; owners, decisions, our own */
	lie_begin(&b, ROMEO, JULIET, 6);
	lie_word(&b, ROMEO, TRUST_VERIFIED, stranger);
	lie_word(&b, MERCUTIO, TRUST_VERIFIED, p.other.u);
	lie_word(&b, JULIET, TRUST_VERIFIED, p.other.u);
	lie_word(&b, ROMEO, TRUST_TRUSTED, p.other.u);
	lie_word(&b, ROMEO, 200, p.other.u);
	lie_word(&b, "", TRUST_VERIFIED, p.other.u);
	lied_to(&p, &b);
	assert_int_equal(trust_in(p.juliet, &p.other), TRUST_BLIND);
	known(p.juliet, ROMEO, &peer);
	assert_int_equal(peer.nwords, 0);
	assert_int_equal(trust_in(p.juliet, &p.second), TRUST_UNDECIDED);
	/* more than LIMIT_TOLD_KEYS: none of it */
	lie_begin(&b, ROMEO, JULIET, LIMIT_TOLD_KEYS + 1);
	for (i = 0; i <= LIMIT_TOLD_KEYS; i++)
		lie_word(&b, ROMEO, TRUST_VERIFIED, p.other.u);
	lied_to(&p, &b);
	assert_int_equal(trust_in(p.juliet, &p.other), TRUST_BLIND);
	/* just as many; full addresses are as good */
	lie_begin(&b, ROMEO "/orchard", JULIET, LIMIT_TOLD_KEYS);
	for (i = 0; i < LIMIT_TOLD_KEYS; i++)
		lie_word(&b, ROMEO, TRUST_VERIFIED, p.other.u);
	lied_to(&p, &b);
	assert_int_equal(trust_in(p.juliet, &p.other), TRUST_VERIFIED);
	/* what THREATS.md grants it: to turn a word about a named key round */
	lie_begin(&b, ROMEO, JULIET, 1);
	lie_word(&b, ROMEO, TRUST_DISTRUSTED, p.other.u);
	lied_to(&p, &b);
	assert_int_equal(trust_in(p.juliet, &p.other), TRUST_DISTRUSTED);
	play_close(&p);
}

static int
parser_says(struct world *w, uint8_t type, uint32_t id, const struct buffer *b)
{
	struct frame f = { .type = type, .id = id };

	reader_init(&f.body, b->data, b->len);
	return told_frame(w->k, &f);
}

/* Frames of no form end the link; answers that nobody asked for are nothing. */
static void
test_parser_garbage(void **state)
{
	static const uint8_t types[] = { M_HELLO, M_PARSE, M_DERIVE, M_PUT };
	struct buffer b;
	struct world *w;
	struct play p;

	(void)state;
	play_open(&p);
	w = p.juliet->w;
	romeo_speaks(&p);
	decide(p.juliet, p.romeo, TRUST_VERIFIED);
	w->parser_hold = 1;
	say(p.romeo, p.juliet, ROMEO, p.other.u, "trust");
	while (w->parse_id == 0)
		assert_int_equal(user_call(p.juliet->admin, M_STATUS, NULL), 0);
	lie_begin(&b, ROMEO, JULIET, 1);
	for (size_t i = 0; i < sizeof types; i++)
		assert_int_equal(parser_says(w, types[i], w->parse_id, &b),
		    ERR_UNKNOWN_MESSAGE);
	assert_int_equal(/* a word that is not there */
	    parser_says(w, M_REPLY, w->parse_id, &b), ERR_MALFORMED);
	lie_word(&b, ROMEO, TRUST_VERIFIED, p.other.u);
	assert_int_equal(parser_says(w, M_REPLY, w->parse_id + 1, &b), 0);
	assert_int_equal(parser_says(w, M_REPLY, 0, &b), 0);
	assert_int_equal(trust_in(p.juliet, &p.other), TRUST_BLIND);
	buffer_free(&b);
	/* one question at a time, and the next when it is answered */
	say(p.romeo, p.juliet, ROMEO, stranger, "distrust");
	assert_int_equal(w->parsed, 1);
	w->parser_hold = 0;
	world_parse(w);
	settle(p.juliet);
	assert_int_equal(trust_in(p.juliet, &p.other), TRUST_VERIFIED);
	assert_int_equal(w->parsed, 2);
	/* nobody has asked */
	buffer_init(&b, 64);
	lie_begin(&b, ROMEO, JULIET, 0);
	assert_int_equal(parser_says(w, M_REPLY, w->k->told.id, &b), 0);
	buffer_free(&b);
	play_close(&p);
}

/* An envelope that ends the agent is not read by the next one. */
static void
test_once_at_most(void **state)
{
	struct world *w;
	struct play p;

	(void)state;
	play_open(&p);
	w = p.juliet->w;
	romeo_speaks(&p);
	decide(p.juliet, p.romeo, TRUST_VERIFIED);
	w->parser_hold = 1;
	say(p.romeo, p.juliet, ROMEO, p.other.u, "trust");
	while (w->parse_id == 0)
		assert_int_equal(user_call(p.juliet->admin, M_STATUS, NULL), 0);
	w->parser_hold = 0;
	restart(p.juliet);
	assert_int_equal(waits(p.juliet), 0);
	assert_int_equal(w->parsed, 1);
	assert_int_equal(trust_in(p.juliet, &p.other), TRUST_BLIND);
	/* the next one is */
	caught_up(p.juliet);
	say(p.romeo, p.juliet, ROMEO, p.other.u, "trust");
	assert_int_equal(trust_in(p.juliet, &p.other), TRUST_VERIFIED);
	play_close(&p);
}

/* What does not parse: no effect, and it is gone. */
static void
test_not_well_formed(void **state)
{
	struct keeper *k;
	struct buffer b;
	struct play p;
	struct txn *t;

	(void)state;
	play_open(&p);
	romeo_speaks(&p);
	decide(p.juliet, p.romeo, TRUST_VERIFIED);
	k = p.romeo->w->k;
	t = txn_begin(k->records);
	buffer_init(&b, 64);
	buffer_put(&b, "<a xmlns='urn:xmpp:tm:1'>", 25);
	assert_int_equal(work_add_tell(k, t, account_find(k, ROMEO), JULIET,
			     p.juliet->device, &b),
	    0);
	keeper_commit(k, t);
	buffer_free(&b);
	deliver_work(p.romeo, p.juliet);
	assert_int_equal(p.juliet->w->parsed, 1);
	assert_int_equal(waits(p.juliet), 0);
	play_close(&p);
}

/* --- how much waits ------------------------------------------------------------------------ */

static void
keep(struct side *s, const char *sender, const uint8_t u[32])
{
	struct keeper *k = s->w->k;
	struct txn *t = txn_begin(k->records);
	const struct told_from from = { sender, s->jid, 1, u, 0 };

	assert_int_equal(told_keep(k, t, account_find(k, s->jid), &from,
			     (const uint8_t *)"text", 4),
	    0);
	keeper_commit(k, t);
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

static void
test_waiting_bound(void **state)
{
	static uint8_t text[LIMIT_TOLD_ENVELOPE + 1];
	static const char ns[] = "urn:xmpp:tm:1";
	struct account *a;
	struct play p;
	uint8_t u[32] = { 0 };

	(void)state;
	play_open(&p);
	/* of one key LIMIT_TOLD_DEVICE */
	for (unsigned i = 0; i <= LIMIT_TOLD_DEVICE; i++)
		keep(p.juliet, MERCUTIO, u);
	assert_int_equal(waits(p.juliet), LIMIT_TOLD_DEVICE);
	/* of all LIMIT_TOLD; whoever has most gives way, not the other */
	for (unsigned i = 0; i < LIMIT_TOLD; i++) {
		u[0] = (uint8_t)(i + 1);
		keep(p.juliet, ROMEO, u);
	}
	assert_int_equal(waits(p.juliet), LIMIT_TOLD);
	assert_int_equal(waits_of(p.juliet, MERCUTIO), LIMIT_TOLD_DEVICE);
	assert_int_equal(user_call(p.juliet->admin, M_LIST, NULL), 0);
	restart(p.juliet);
	assert_int_equal(waits(p.juliet), LIMIT_TOLD);
	assert_int_equal(waits_of(p.juliet, MERCUTIO), LIMIT_TOLD_DEVICE);
	/* no longer than LIMIT_TOLD_ENVELOPE, of OMEMO 2, and with the name */
	a = account_find(p.juliet->w->k, JULIET);
	memcpy(text, ns, sizeof ns - 1);
	assert_true(told_is_wanted(a, NS_OMEMO2, text, sizeof text - 1));
	assert_false(told_is_wanted(a, NS_OMEMO2, text, sizeof text));
	assert_false(told_is_wanted(a, NS_LEGACY, text, 100));
	assert_false(told_is_wanted(a, NS_OMEMO2, text + 1, 100));
	play_close(&p);
}

/* Of those whom the user has never written to, too: test_keeper_told_first has
 * how many. A text that only speaks of them changes nothing. */
static void
test_strangers(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct stage s;

	(void)state;
	stage_open(&s);
	s.juliet.both = s.romeo.both = 1;
	send_text(&s.romeo, &s.juliet, "m1", "what is urn:xmpp:tm:1?", handle);
	assert_int_equal(waits(&s.juliet), 1);
	send_text(&s.juliet, &s.romeo, "m2", "two", handle);
	send_text(&s.romeo, &s.juliet, "m3", "what is urn:xmpp:tm:1?", handle);
	assert_int_equal(waits(&s.juliet), 2);
	decide(&s.juliet, &s.romeo, TRUST_VERIFIED);
	assert_int_equal(s.juliet.w->parsed, 2);
	assert_int_equal(waits(&s.juliet), 0);
	assert_int_equal(logged(&s.juliet, ACT_TOLD, NULL), 0);
	stage_close(&s);
}

/* --- switched off; clients ------------------------------------------------------------------- */

static void
set(struct side *s, uint64_t on)
{
	struct buffer b;

	assert_int_equal(
	    user_call(s->admin, M_CONSTRAIN,
		body(&b, "s418", s->jid, 1U, CONSTRAIN_TRUST_MESSAGES, on)),
	    0);
}

static void
test_off(void **state)
{
	struct play p;

	(void)state;
	play_open(&p);
	romeo_speaks(&p);
	say(p.romeo, p.juliet, ROMEO, p.other.u, "trust");
	assert_int_equal(waits(p.juliet), 1);
	set(p.juliet, 0); /* what waited is gone */
	assert_int_equal(waits(p.juliet), 0);
	decide(p.juliet, &p.second, TRUST_VERIFIED);
	decide(p.juliet, p.romeo, TRUST_VERIFIED);
	no_work(p.juliet); /* nobody is told */
	say(p.romeo, p.juliet, ROMEO, p.other.u, "trust");
	assert_int_equal(p.juliet->w->parsed, 0);
	assert_int_equal(trust_in(p.juliet, &p.other), TRUST_BLIND);
	restart(p.juliet);
	elevate(p.juliet);
	caught_up(p.juliet);
	say(p.romeo, p.juliet, ROMEO, p.other.u, "trust");
	assert_int_equal(p.juliet->w->parsed, 0);
	set(p.juliet, 1);
	say(p.romeo, p.juliet, ROMEO, p.other.u, "trust");
	assert_int_equal(trust_in(p.juliet, &p.other), TRUST_VERIFIED);
	play_close(&p);
}

/* A front has no say in them: it cannot write one for the keeper to sign. */
static void
test_not_by_a_front(void **state)
{
	static const struct {
		const char *content;
		int err;
	} all[] = {
		{ "<trust-message xmlns='urn:xmpp:tm:1'/>", ERR_ARGUMENT },
		{ "<t:trust-message xmlns:t='urn:xmpp:tm&#58;1'/>",
		    ERR_ARGUMENT },
		{ "<a/><trust-message/>", ERR_ARGUMENT },
		{ "</content><content><trust-message/>", ERR_ARGUMENT },
		{ "<body xmlns='jabber:client'>a trust-message</body>", 0 },
	};

	uint8_t handle[HANDLE_SIZE];
	struct stage s;
	struct buffer b;
	char id[8];

	(void)state;
	stage_open(&s);
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		snprintf(id, sizeof id, "m%zu", i);
		assert_int_equal(
		    user_call(s.juliet.front, M_COMPOSE,
			body(&b, "ss1s41s", JULIET, ROMEO, KIND_CHAT, id, 1U,
			    FORMAT_SCE_CONTENT, all[i].content)),
		    all[i].err);
	}
	/* as a text it is one */
	assert_int_equal(try_compose(&s.juliet, ROMEO, "text",
			     "<trust-message xmlns='urn:xmpp:tm:1'/>", handle),
	    0);
	stage_close(&s);
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
		cmocka_unit_test(test_sender_must_be_verified),
		cmocka_unit_test(test_verified_sender),
		cmocka_unit_test(test_distrust),
		cmocka_unit_test(test_third_parties),
		cmocka_unit_test(test_before_the_key),
		cmocka_unit_test(test_words_bound),
		cmocka_unit_test(test_once_for_all),
		cmocka_unit_test(test_newcomer),
		cmocka_unit_test(test_revoked),
		cmocka_unit_test(test_told_to_verified_alone),
		cmocka_unit_test(test_tell_bound),
		cmocka_unit_test(test_parser_lies),
		cmocka_unit_test(test_parser_garbage),
		cmocka_unit_test(test_once_at_most),
		cmocka_unit_test(test_not_well_formed),
		cmocka_unit_test(test_waiting_bound),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_not_by_a_front),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
