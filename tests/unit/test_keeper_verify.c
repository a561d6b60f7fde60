/* SPDX-License-Identifier: ISC */
/*
 * What verification changes in the keeper: several keys at once or none, what
 * a person is told of a key that stops a message, and a policy without a key.
 */
#include <stdlib.h>

#include "check.h"
#include "keeper_flow.h"

#define MERCUTIO "mercutio@montague.lit"

static void
put_key(struct buffer *b, const uint8_t u[32], int trust)
{
	buffer_put(b, u, 32);
	buffer_put_u8(b, (uint8_t)trust);
}

/* PEERS of romeo, the row of this device: its trust, or -1. */
static int
trust_of(struct side *s, uint32_t device, uint8_t *policy)
{
	struct reader *r = &s->admin->r;
	struct buffer b;
	char peer[256];
	uint8_t u[32], p, trust;
	uint32_t id;
	int found = -1;

	assert_int_equal(
	    user_call(s->admin, M_PEERS, body(&b, "ss", s->jid, ROMEO)), 0);
	for (uint32_t n = reader_u32(r); n > 0; n--) {
		reader_cstring(r, peer, sizeof peer);
		p = reader_u8(r);
		(void)reader_u8(r);
		id = reader_u32(r);
		reader_fixed(r, u, sizeof u);
		trust = reader_u8(r);
		(void)reader_u8(r);
		(void)reader_u8(r);
		(void)reader_u8(r);
		if (reader_u8(r)) /* retired */
			trust = 100;
		(void)reader_u8(r); /* stale */
		(void)reader_u8(r); /* told */
		if (policy != NULL)
			*policy = p;
		if (id == device && trust != 100)
			found = trust;
	}
	assert_int_equal(reader_end(r), 0);
	return found;
}

/* TRUST, all or none. */
static void
test_all_or_none(void **state)
{
	struct stage s;
	struct buffer b;
	uint8_t handle[HANDLE_SIZE], unknown[32] = { 1 }, policy;
	uint32_t d;

	(void)state;
	stage_open(&s);
	send_text(&s.juliet, &s.romeo, "m1", "one", handle);
	d = s.romeo.device;
	assert_int_equal(trust_of(&s.juliet, d, &policy), TRUST_BLIND);
	assert_int_equal(policy, POLICY_BLIND);
	/* one of two is not known: nothing of it */
	body(&b, "ss4", JULIET, ROMEO, 2);
	put_key(&b, s.romeo.u, TRUST_VERIFIED);
	put_key(&b, unknown, TRUST_VERIFIED);
	assert_int_equal(user_call(s.juliet.admin, M_TRUST, &b), ERR_NOT_FOUND);
	assert_int_equal(trust_of(&s.juliet, d, &policy), TRUST_BLIND);
	assert_int_equal(policy, POLICY_BLIND);
	/* nor if one word is none */
	body(&b, "ss4", JULIET, ROMEO, 2);
	put_key(&b, s.romeo.u, TRUST_VERIFIED);
	put_key(&b, s.romeo.u, TRUST_BLIND);
	assert_int_equal(user_call(s.juliet.admin, M_TRUST, &b), ERR_ARGUMENT);
	assert_int_equal(trust_of(&s.juliet, d, NULL), TRUST_BLIND);
	/* none at all decides nothing */
	assert_int_equal(user_call(s.juliet.admin, M_TRUST,
			     body(&b, "ss4", JULIET, ROMEO, 0)),
	    ERR_ARGUMENT);
	/* as many as a contact can have; one more */
	body(&b, "ss4", JULIET, ROMEO, LIMIT_DEVICES);
	for (int i = 0; i < LIMIT_DEVICES; i++)
		put_key(&b, s.romeo.u, TRUST_VERIFIED);
	assert_int_equal(user_call(s.juliet.admin, M_TRUST, &b), 0);
	assert_int_equal(trust_of(&s.juliet, d, &policy), TRUST_VERIFIED);
	assert_int_equal(policy, POLICY_MANUAL);
	body(&b, "ss4", JULIET, ROMEO, LIMIT_DEVICES + 1);
	for (int i = 0; i <= LIMIT_DEVICES; i++)
		put_key(&b, s.romeo.u, TRUST_DISTRUSTED);
	assert_int_equal(user_call(s.juliet.admin, M_TRUST, &b), ERR_TOO_LONG);
	assert_int_equal(trust_of(&s.juliet, d, NULL), TRUST_VERIFIED);
	stage_close(&s);
}

/* A policy is there, and seen, before any key is. */
static void
test_policy_alone(void **state)
{
	struct stage s;
	struct buffer b;
	struct reader *r;
	char peer[256];
	uint8_t u[32], zero[32] = { 0 };

	(void)state;
	stage_open(&s);
	r = &s.juliet.admin->r;
	assert_int_equal(user_call(s.juliet.admin, M_POLICY,
			     body(&b, "ss11", JULIET, ROMEO, POLICY_BLIND, 0)),
	    0);
	assert_int_equal(
	    user_call(s.juliet.admin, M_PEERS, body(&b, "ss", JULIET, ROMEO)),
	    0);
	assert_int_equal(reader_u32(r), 0); /* as if nothing had been said */
	assert_int_equal(user_call(s.juliet.admin, M_POLICY,
			     body(&b, "ss11", JULIET, ROMEO, POLICY_BLIND, 1)),
	    0);
	/* the front may ask, too */
	assert_int_equal(
	    user_call(s.juliet.front, M_PEERS, body(&b, "ss", JULIET, ROMEO)),
	    0);
	r = &s.juliet.front->r;
	assert_int_equal(reader_u32(r), 1);
	reader_cstring(r, peer, sizeof peer);
	assert_string_equal(peer, ROMEO);
	assert_int_equal(reader_u8(r), POLICY_BLIND);
	assert_int_equal(reader_u8(r), 1); /* require */
	assert_int_equal(reader_u32(r), 0);
	reader_fixed(r, u, sizeof u);
	assert_memory_equal(u, zero, sizeof u);
	for (int i = 0; i < 7; i++)
		assert_int_equal(reader_u8(r), 0);
	assert_int_equal(reader_end(r), 0);
	stage_close(&s);
}

/* --- what a person is told -------------------------------------------------- */

static void
says(const char *text, const char *words, uint32_t device, const char *command,
    const uint8_t u[32])
{
	char whole[1024];
	size_t at;

	at = (size_t)snprintf(whole, sizeof whole,
	    "%s device %u: %s: xmpp-key %s %s %s", ROMEO, device, words,
	    command, JULIET, ROMEO);
	for (size_t i = 0; i < 32; i++)
		at += (size_t)snprintf(whole + at, sizeof whole - at, "%s%02x",
		    i % 4 == 0 ? " " : "", u[i]);
	assert_string_equal(text, whole);
}

/* ENCRYPT is refused, and the front is told the same. */
static void
refused(struct side *s, const uint8_t *handle, int err, const char *words,
    uint32_t device, const char *command, const uint8_t u[32])
{
	struct buffer b;
	struct reader r;
	char text[1024];
	uint8_t h[HANDLE_SIZE];

	assert_int_equal(try_encrypt(s, handle), err);
	says(s->net->text, words, device, command, u);
	user_event(s->front, M_EVENT_FAILED, &b);
	reader_init(&r, b.data, b.len);
	reader_cstring(&r, text, sizeof text);
	assert_string_equal(text, JULIET);
	reader_fixed(&r, h, sizeof h);
	assert_memory_equal(h, handle, HANDLE_SIZE);
	reader_cstring(&r, text, sizeof text);
	assert_int_equal(reader_u32(&r), -err);
	reader_cstring(&r, text, sizeof text);
	assert_int_equal(reader_end(&r), 0);
	says(text, words, device, command, u);
	buffer_free(&b);
}

static void
hand_lists(struct side *s, const struct side *peer)
{
	assert_int_equal(hand_list(s, s->jid, LIST_READ, &s->device, 1), 0);
	assert_int_equal(
	    hand_list(s, peer->jid, LIST_READ, &peer->device, 1), 0);
}

static void
decide(struct side *s, const uint8_t u[32], int trust)
{
	struct buffer b;

	assert_int_equal(user_call(s->admin, M_TRUST,
			     body(&b, "ss4k1", s->jid, ROMEO, 1, u, trust)),
	    0);
}

#define UNDECIDED  "its key is undecided; compare it, then"
#define DISTRUSTED "its key is distrusted; if that was wrong"
#define CHANGED                                                                \
	"it shows another identity key than the one known here; if the "       \
	"contact says that this is right, give the known one up"
#define RETURNED "it shows again a key that you distrusted; to use neither"

/*
 * What a first key becomes under each policy, and a second that comes after
 * the first was shown; and whether a message then goes out.
 */
static void
policy_is(int policy, int first, int second)
{
	struct stage s;
	struct side other;
	struct world *w;
	struct buffer b;
	uint8_t handle[HANDLE_SIZE];
	uint32_t both[2];

	stage_open(&s);
	side_open(&other, s.loop, MERCUTIO);
	w = other.w;
	other.jid = ROMEO;
	both[0] = s.romeo.device;
	both[1] = other.device;
	assert_int_equal(user_call(s.juliet.admin, M_POLICY,
			     body(&b, "ss11", JULIET, ROMEO, policy, 0)),
	    0);
	compose(&s.juliet, ROMEO, "m1", "one", handle);
	hand_lists(&s.juliet, &s.romeo);
	assert_int_equal(hand_bundle(&s.juliet, &s.romeo), 0);
	assert_int_equal(trust_of(&s.juliet, both[0], NULL), first);
	assert_int_equal(show_readers(&s.juliet, handle), 1);
	if (first == TRUST_UNDECIDED)
		refused(&s.juliet, handle, ERR_UNTRUSTED, UNDECIDED, both[0],
		    "verify", s.romeo.u);
	else
		assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_DONE);
	/* a message goes to all or to none: the second key counts as well */
	decide(&s.juliet, s.romeo.u, TRUST_TRUSTED);
	compose(&s.juliet, ROMEO, "m2", "two", handle);
	assert_int_equal(
	    hand_list(&s.juliet, JULIET, LIST_READ, &s.juliet.device, 1), 0);
	assert_int_equal(hand_list(&s.juliet, ROMEO, LIST_READ, both, 2), 0);
	assert_int_equal(hand_bundle(&s.juliet, &other), 0);
	assert_int_equal(trust_of(&s.juliet, both[1], NULL), second);
	assert_int_equal(show_readers(&s.juliet, handle), 1);
	if (second == TRUST_UNDECIDED)
		refused(&s.juliet, handle, ERR_UNTRUSTED, UNDECIDED, both[1],
		    "verify", other.u);
	else
		assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_DONE);
	other.jid = MERCUTIO;
	side_close(&other);
	stage_close(&s);
	free(w);
}

static void
test_policies(void **state)
{
	(void)state;
	policy_is(POLICY_BLIND, TRUST_BLIND, TRUST_BLIND);
	policy_is(POLICY_FIRST_USE, TRUST_BLIND, TRUST_UNDECIDED);
	policy_is(POLICY_MANUAL, TRUST_UNDECIDED, TRUST_UNDECIDED);
}

/* The contact has made its device anew under the same id. */
static void
test_regenerated(void **state)
{
	struct stage s;
	struct side again;
	struct world *w;
	struct buffer b;
	uint8_t handle[HANDLE_SIZE];
	uint32_t d;

	(void)state;
	stage_open(&s);
	d = s.romeo.device;
	side_open(&again, s.loop, MERCUTIO);
	w = again.w;
	/* manual: a new key waits for a decision */
	assert_int_equal(user_call(s.juliet.admin, M_POLICY,
			     body(&b, "ss11", JULIET, ROMEO, POLICY_MANUAL, 0)),
	    0);
	compose(&s.juliet, ROMEO, "m1", "one", handle);
	hand_lists(&s.juliet, &s.romeo);
	assert_int_equal(hand_bundle(&s.juliet, &s.romeo), 0);
	assert_int_equal(show_readers(&s.juliet, handle), 1);
	refused(&s.juliet, handle, ERR_UNTRUSTED, UNDECIDED, d, "verify",
	    s.romeo.u);
	/* verified; but then the server has another key for it */
	decide(&s.juliet, s.romeo.u, TRUST_VERIFIED);
	again.jid = ROMEO;
	again.device = d;
	hand_lists(&s.juliet, &s.romeo);
	/* (the good one that was handed in is not used: another came) */
	assert_int_equal(hand_bundle(&s.juliet, &again), ERR_KEY_CHANGED);
	refused(&s.juliet, handle, ERR_KEY_CHANGED, CHANGED, d, "distrust",
	    s.romeo.u);
	/* given up, as it said: the new one is shown, and waits */
	decide(&s.juliet, s.romeo.u, TRUST_DISTRUSTED);
	hand_lists(&s.juliet, &s.romeo);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_NEED);
	assert_int_equal(hand_bundle(&s.juliet, &again), 0);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_WAIT);
	assert_int_equal(show_readers(&s.juliet, handle), 1);
	refused(
	    &s.juliet, handle, ERR_UNTRUSTED, UNDECIDED, d, "verify", again.u);
	decide(&s.juliet, again.u, TRUST_VERIFIED);
	/* nobody can verify the old one back in by mistake */
	assert_int_equal(
	    user_call(s.juliet.admin, M_TRUST,
		body(&b, "ss4k1", JULIET, ROMEO, 1, s.romeo.u, TRUST_VERIFIED)),
	    ERR_NOT_FOUND);
	assert_int_equal(trust_of(&s.juliet, d, NULL), TRUST_VERIFIED);
	/* the old one again: it does not come back */
	hand_lists(&s.juliet, &s.romeo);
	assert_int_equal(hand_bundle(&s.juliet, &s.romeo), ERR_KEY_CHANGED);
	refused(&s.juliet, handle, ERR_KEY_CHANGED, RETURNED, d, "distrust",
	    again.u);
	hand_lists(&s.juliet, &s.romeo);
	assert_int_equal(hand_bundle(&s.juliet, &again), 0);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_DONE);
	/* all of his keys are refused: the message goes to nobody */
	decide(&s.juliet, again.u, TRUST_DISTRUSTED);
	compose(&s.juliet, ROMEO, "m2", "two", handle);
	/* though there is a session: is it still that key? It is */
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_NEED);
	assert_int_equal(hand_bundle(&s.juliet, &again), 0);
	refused(
	    &s.juliet, handle, ERR_UNTRUSTED, DISTRUSTED, d, "trust", again.u);
	again.jid = MERCUTIO;
	side_close(&again);
	stage_close(&s);
	free(w);
}

/* What a device made anew writes is refused with the same words. */
static void
test_regenerated_writes(void **state)
{
	struct stage s;
	struct side again;
	struct world *w;
	struct fixed f;
	uint8_t handle[HANDLE_SIZE], first[4];
	uint32_t d;

	(void)state;
	stage_open(&s);
	d = s.romeo.device;
	send_text(&s.romeo, &s.juliet, "m1", "one", handle);
	side_open(&again, s.loop, MERCUTIO);
	w = again.w;
	compose(&again, JULIET, "m1", "is it you", handle);
	encrypt_until_done(&again, &s.juliet, handle, &f);
	/* as romeo's: his address, his device id */
	again.jid = ROMEO;
	for (int i = 0; i < 4; i++)
		first[i] = (uint8_t)(d >> (24 - 8 * i));
	memcpy(f.p + 5, first, 4); /* count, namespace, then sid */
	assert_int_equal(
	    deliver(&again, &s.juliet, f.p, f.len, "", NULL), ERR_KEY_CHANGED);
	says(s.juliet.net->text, CHANGED, d, "distrust", s.romeo.u);
	decide(&s.juliet, s.romeo.u, TRUST_DISTRUSTED);
	assert_int_equal(
	    deliver(&again, &s.juliet, f.p, f.len, "", NULL), VERDICT_NEW);
	free(f.p);
	again.jid = MERCUTIO;
	side_close(&again);
	stage_close(&s);
	free(w);
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
		cmocka_unit_test(test_all_or_none),
		cmocka_unit_test(test_policy_alone),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_regenerated),
		cmocka_unit_test(test_regenerated_writes),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
