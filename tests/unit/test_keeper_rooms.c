/* SPDX-License-Identifier: ISC */
/*
 * Rooms in the keeper: who reads there, who is announced first, what is
 * refused, and what a list of members that lies comes to.
 */
#include "keeper_rooms.h"

/* --- there and back ------------------------------------------------------------------ */

static void
there_and_back(int both)
{
	uint8_t handle[HANDLE_SIZE], got[HANDLE_SIZE], shown;
	char conversation[256], sender[256];
	struct reader *r;
	struct fixed f, g;
	struct party p;
	size_t len;

	party_open(&p, both);
	say(p.j, "m1", handle);
	/* nothing before the net has said who is there */
	assert_int_equal(try_encrypt(p.j, handle), ENCRYPT_MEMBERS);
	assert_int_equal(
	    hand_members(p.j, ROOM_LISTED, JULIET " " ROMEO " " MERCUTIO), 0);
	encrypt_shown(&p, p.j, handle, &f);
	assert_int_equal(keys_for(&f, &p.s.romeo), 1);
	assert_int_equal(keys_for(&f, &p.mercutio), 1);
	assert_int_equal(keys_for(&f, p.j), 0);
	/* not in a room that this net has not handed in */
	assert_int_equal(
	    deliver_in(p.j, &p.s.romeo, &f, "m1", "r1", got), ERR_ROOM);
	assert_int_equal(hand_members(&p.s.romeo, ROOM_LISTED,
			     JULIET " " ROMEO " " MERCUTIO),
	    0);
	assert_int_equal(
	    deliver_in(p.j, &p.s.romeo, &f, "m1", "r1", got), VERDICT_NEW);
	/* who wrote is new in the room, and its key is new */
	assert_int_equal(writer_why(&p.s.romeo, got, &shown), WHY_NEW_MEMBER);
	assert_int_equal(shown, 0);
	assert_int_equal(try_open(&p.s.romeo, got), ERR_UNACKNOWLEDGED);
	/* the key alone does not do */
	assert_int_equal(
	    acknowledge(&p.s.romeo, JULIET, p.j->u, ROLE_WRITER), 0);
	assert_int_equal(try_open(&p.s.romeo, got), ERR_UNACKNOWLEDGED);
	assert_int_equal(
	    acknowledge_in(&p.s.romeo, JULIET, p.j->u, ROLE_WRITER), 0);
	assert_int_equal(try_open(&p.s.romeo, got), 0);
	r = &p.s.romeo.front->r;
	assert_int_equal(
	    reader_u8(r), both ? FORMAT_SCE_ENVELOPE : FORMAT_BODY);
	if (both) {
		const uint8_t *text = reader_string(r, &len, LIMIT_ENVELOPE);

		assert_non_null(memmem(text, len, "<to jid='" ROOM "'/>",
		    strlen("<to jid='" ROOM "'/>")));
	} else
		(void)reader_string(r, &len, LIMIT_ENVELOPE);
	reader_cstring(r, sender, sizeof sender);
	reader_cstring(r, conversation, sizeof conversation);
	assert_string_equal(sender, JULIET);
	assert_string_equal(conversation, ROOM);
	assert_int_equal(reader_u8(r), KIND_ROOM);
	/* again: known; its archive was read up to there */
	assert_int_equal(
	    deliver_in(p.j, &p.s.romeo, &f, "m1", "r2", got), VERDICT_KNOWN);
	assert_int_equal(hand_members(&p.s.romeo, ROOM_LISTED,
			     JULIET " " ROMEO " " MERCUTIO),
	    0);
	reader_cstring(&p.s.romeo.net->r, sender, sizeof sender);
	assert_string_equal(sender, "r2");
	/* the other way, in the session that there is */
	say(&p.s.romeo, "m2", handle);
	encrypt_shown(&p, &p.s.romeo, handle, &g);
	assert_int_equal(
	    deliver_in(&p.s.romeo, p.j, &g, "m2", "r3", got), VERDICT_NEW);
	/* its key was shown to her as a reader there: it is no news who */
	assert_int_equal(writer_why(p.j, got, &shown), WHY_FIRST_MESSAGE);
	free(f.p);
	free(g.p);
	party_close(&p);
}

static void
test_there_and_back(void **state)
{
	(void)state;
	there_and_back(0);
	there_and_back(1);
}

/* --- announcements -------------------------------------------------------------------- */

/* Every member is shown before anything is encrypted to it: also one whose key
 * is long known from a chat, and one that cannot read. */
static void
test_members_are_shown(void **state)
{
	uint8_t handle[HANDLE_SIZE], zero[32] = { 0 };
	struct row rows[16];
	struct fixed f;
	struct party p;
	int seen = 0;

	(void)state;
	party_open(&p, 0);
	send_text(p.j, &p.s.romeo, "chat", "hello", handle);
	assert_int_equal(
	    hand_members(p.j, ROOM_LISTED, ROMEO " " MERCUTIO " " TYBALT), 0);
	say(p.j, "m1", handle);
	assert_int_equal(encrypt_on(&p, p.j, handle), ENCRYPT_WAIT);
	user_event(p.j->front, M_EVENT_READERS, NULL);
	assert_int_equal(readers(p.j, handle, rows, 16), 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rows[i].why, WHY_NEW_MEMBER);
		if (strcmp(rows[i].peer, TYBALT) == 0) {
			assert_int_equal(rows[i].device, 0);
			assert_memory_equal(rows[i].u, zero, 32);
			seen |= 1;
		} else if (strcmp(rows[i].peer, ROMEO) == 0) {
			assert_memory_equal(rows[i].u, p.s.romeo.u, 32);
			seen |= 2;
		} else {
			assert_memory_equal(rows[i].u, p.mercutio.u, 32);
			seen |= 4;
		}
	}
	assert_int_equal(seen, 7);
	/* two of three are not enough; nor a key without the room */
	assert_int_equal(
	    acknowledge_in(p.j, ROMEO, p.s.romeo.u, ROLE_READER), 0);
	assert_int_equal(acknowledge_in(p.j, TYBALT, zero, ROLE_READER), 0);
	assert_int_equal(
	    acknowledge(p.j, MERCUTIO, p.mercutio.u, ROLE_READER), 0);
	assert_int_equal(try_encrypt(p.j, handle), ENCRYPT_WAIT);
	assert_int_equal(readers(p.j, handle, rows, 16), 1);
	assert_string_equal(rows[0].peer, MERCUTIO);
	assert_int_equal(
	    acknowledge_in(p.j, MERCUTIO, p.mercutio.u, ROLE_READER), 0);
	user_event(p.j->net, M_EVENT_READY, NULL);
	encrypt_shown(&p, p.j, handle, &f);
	free(f.p);
	/* it is remembered; also over a restart */
	restart(p.j);
	assert_int_equal(
	    hand_members(p.j, ROOM_LISTED, ROMEO " " MERCUTIO " " TYBALT), 0);
	say(p.j, "m2", handle);
	assert_int_equal(encrypt_on(&p, p.j, handle), ENCRYPT_DONE);
	party_close(&p);
}

/* One who comes is shown, one who goes gets nothing more, one who comes back
 * is news again. */
static void
test_come_and_go(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct row rows[16];
	struct fixed f;
	struct party p;

	(void)state;
	party_open(&p, 1);
	assert_int_equal(hand_members(p.j, ROOM_LISTED, ROMEO), 0);
	say(p.j, "m1", handle);
	encrypt_shown(&p, p.j, handle, &f);
	assert_int_equal(keys_for(&f, &p.mercutio), 0);
	free(f.p);
	assert_int_equal(hand_members(p.j, ROOM_LISTED, ROMEO " " MERCUTIO), 0);
	say(p.j, "m2", handle);
	assert_int_equal(encrypt_on(&p, p.j, handle), ENCRYPT_WAIT);
	assert_int_equal(readers(p.j, handle, rows, 16), 1);
	assert_string_equal(rows[0].peer, MERCUTIO);
	/* gone before he was shown: the message waits no more */
	assert_int_equal(hand_members(p.j, ROOM_LISTED, ROMEO), 0);
	user_event(p.j->net, M_EVENT_READY, NULL);
	encrypt_shown(&p, p.j, handle, &f);
	assert_int_equal(keys_for(&f, &p.mercutio), 0);
	assert_int_equal(keys_for(&f, &p.s.romeo), 1);
	free(f.p);
	assert_int_equal(hand_members(p.j, ROOM_LISTED, ROMEO " " MERCUTIO), 0);
	say(p.j, "m3", handle);
	encrypt_shown(&p, p.j, handle, &f);
	assert_int_equal(keys_for(&f, &p.mercutio), 1);
	free(f.p);
	assert_int_equal(hand_members(p.j, ROOM_LISTED, MERCUTIO), 0);
	say(p.j, "m4", handle);
	assert_int_equal(encrypt_on(&p, p.j, handle), ENCRYPT_DONE);
	take_elements(p.j, &f);
	assert_int_equal(keys_for(&f, &p.s.romeo), 0);
	free(f.p);
	assert_int_equal(hand_members(p.j, ROOM_LISTED, ROMEO " " MERCUTIO), 0);
	say(p.j, "m5", handle);
	assert_int_equal(encrypt_on(&p, p.j, handle), ENCRYPT_WAIT);
	assert_int_equal(readers(p.j, handle, rows, 16), 1);
	assert_string_equal(rows[0].peer, ROMEO);
	assert_int_equal(rows[0].why, WHY_NEW_MEMBER);
	party_close(&p);
}

static void
decide(struct side *s, const struct side *on, int trust)
{
	struct buffer b;

	assert_int_equal(
	    user_call(s->admin, M_TRUST,
		body(&b, "ss4k1", s->jid, on->jid, 1U, on->u, trust)),
	    0);
}

/* The message stops at this contact, and the front is told so. */
static void
expect_stop(
    struct party *p, const uint8_t *handle, const char *jid, const char *words)
{
	struct buffer event;

	user_forget_events(p->j->front);
	assert_int_equal(encrypt_on(p, p->j, handle), ERR_UNTRUSTED);
	buffer_init(&event, FRAME_MAX);
	user_event(p->j->front, M_EVENT_FAILED, &event);
	assert_non_null(memmem(event.data, event.len, jid, strlen(jid)));
	assert_non_null(memmem(event.data, event.len, words, strlen(words)));
	buffer_free(&event);
}

/* A key that is undecided stops the message, and so does a member all of whose
 * keys were refused: nobody is left out but whoever has no key. */
static void
test_standing(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct buffer b;
	struct fixed f;
	struct party p;

	(void)state;
	party_open(&p, 0);
	assert_int_equal(
	    user_call(p.j->admin, M_POLICY,
		body(&b, "ss11", JULIET, MERCUTIO, POLICY_MANUAL, 0)),
	    0);
	assert_int_equal(hand_members(p.j, ROOM_LISTED, ROMEO " " MERCUTIO), 0);
	say(p.j, "m1", handle);
	assert_int_equal(encrypt_on(&p, p.j, handle), ENCRYPT_WAIT);
	assert_int_equal(show_all(p.j, handle), 2);
	expect_stop(&p, handle, MERCUTIO, "xmpp-key verify");
	decide(p.j, &p.mercutio, TRUST_DISTRUSTED);
	expect_stop(&p, handle, MERCUTIO, "xmpp-key trust");
	/* one who is new is not shown as a reader that he is not */
	decide(p.j, &p.s.romeo, TRUST_DISTRUSTED);
	assert_int_equal(hand_members(p.j, ROOM_LISTED, MERCUTIO), 0);
	assert_int_equal(hand_members(p.j, ROOM_LISTED, ROMEO " " MERCUTIO), 0);
	expect_stop(&p, handle, ROMEO, "xmpp-key trust");
	/* it goes on with the command that was named */
	decide(p.j, &p.s.romeo, TRUST_TRUSTED);
	decide(p.j, &p.mercutio, TRUST_TRUSTED);
	encrypt_shown(&p, p.j, handle, &f);
	assert_int_equal(keys_for(&f, &p.mercutio), 1);
	assert_int_equal(keys_for(&f, &p.s.romeo), 1);
	free(f.p);
	/* nobody is there who could read */
	assert_int_equal(hand_members(p.j, ROOM_LISTED, JULIET), 0);
	say(p.j, "m2", handle);
	expect_stop(&p, handle, ROOM, "nobody there has a key");
	party_close(&p);
}

/* --- what is refused ------------------------------------------------------------------ */

static void
expect_refused(struct party *p, int status, const char *id, const char *words)
{
	uint8_t handle[HANDLE_SIZE];
	struct buffer event;

	assert_int_equal(hand_members(p->j, status, ""), 0);
	say(p->j, id, handle);
	user_forget_events(p->j->front);
	assert_int_equal(try_encrypt(p->j, handle), ERR_ROOM);
	buffer_init(&event, FRAME_MAX);
	user_event(p->j->front, M_EVENT_FAILED, &event);
	assert_non_null(memmem(event.data, event.len, words, strlen(words)));
	buffer_free(&event);
	/* it is looked at anew the next time */
	assert_int_equal(try_encrypt(p->j, handle), ENCRYPT_MEMBERS);
}

static void
test_rooms_refused(void **state)
{
	uint8_t handle[HANDLE_SIZE], got[HANDLE_SIZE];
	struct fixed f;
	struct party p;

	(void)state;
	party_open(&p, 0);
	expect_refused(&p, ROOM_ANONYMOUS, "a",
	    "the room hides addresses (anonymous): nothing can be encrypted "
	    "there");
	expect_refused(&p, ROOM_OPEN, "b",
	    "the room is open to everybody (not members-only): nothing can be "
	    "encrypted there");
	expect_refused(
	    &p, ROOM_REFUSED, "c", "the room does not let this account in");
	expect_refused(&p, ROOM_LEFT, "d", "the room was left");
	/* a good one that turns anonymous between two messages */
	assert_int_equal(hand_members(p.j, ROOM_LISTED, ROMEO), 0);
	say(p.j, "m1", handle);
	encrypt_shown(&p, p.j, handle, &f);
	assert_int_equal(hand_members(&p.s.romeo, ROOM_LISTED, JULIET), 0);
	assert_int_equal(hand_members(&p.s.romeo, ROOM_ANONYMOUS, ""), 0);
	assert_int_equal(
	    deliver_in(p.j, &p.s.romeo, &f, "m1", "", got), ERR_ROOM);
	expect_refused(&p, ROOM_ANONYMOUS, "e",
	    "the room hides addresses (anonymous): nothing can be encrypted "
	    "there");
	/* what was encrypted before keeps its octets, sent or not */
	assert_int_equal(try_encrypt(p.j, handle), ENCRYPT_DONE);
	free(f.p);
	party_close(&p);
}

static void
test_malformed(void **state)
{
	uint8_t handle[HANDLE_SIZE], u[32] = { 0 };
	struct buffer b;
	struct party p;

	(void)state;
	party_open(&p, 0);
	assert_int_equal(
	    hand_members(p.j, ROOM_LISTED, ROMEO " " ROMEO), ERR_ARGUMENT);
	assert_int_equal(
	    hand_members(p.j, ROOM_LISTED, ROMEO "/home"), ERR_ARGUMENT);
	assert_int_equal(hand_members(p.j, ROOM_LEFT + 1, ""), ERR_ARGUMENT);
	assert_int_equal(
	    hand_members(p.j, ROOM_ANONYMOUS, ROMEO), ERR_ARGUMENT);
	assert_int_equal(user_call(p.j->net, M_MEMBERS,
			     body(&b, "ss14", JULIET, JULIET, ROOM_LISTED, 0U)),
	    ERR_ARGUMENT);
	assert_int_equal(user_call(p.j->net, M_MEMBERS,
			     body(&b, "ss14", ROMEO, ROOM, ROOM_LISTED, 0U)),
	    ERR_ACCOUNT);
	assert_int_equal(user_call(p.j->front, M_MEMBERS,
			     body(&b, "ss14", JULIET, ROOM, ROOM_LISTED, 0U)),
	    ERR_RIGHT);
	/* of a room that nothing is known of */
	assert_int_equal(
	    acknowledge_in(p.j, ROMEO, u, ROLE_READER), ERR_NOT_FOUND);
	assert_int_equal(user_call(p.j->net, M_CURSOR,
			     body(&b, "ss1s", JULIET, "x", 0, ROOM)),
	    ERR_ROOM);
	assert_int_equal(user_call(p.j->net, M_CURSOR,
			     body(&b, "ss1s", JULIET, "x", 0, ROOM "/x")),
	    ERR_ARGUMENT);
	/* one id, one message: not to a room and to a person */
	say(p.j, "m1", handle);
	assert_int_equal(user_call(p.j->front, M_COMPOSE,
			     body(&b, "ss1s41s", JULIET, ROOM, KIND_CHAT, "m1",
				 1U, FORMAT_BODY, "to all")),
	    ERR_EXISTS);
	assert_int_equal(user_call(p.j->front, M_COMPOSE,
			     body(&b, "ss1s41s", JULIET, ROOM, KIND_ROOM + 1,
				 "m2", 1U, FORMAT_BODY, "to all")),
	    ERR_UNSUPPORTED);
	party_close(&p);
}

/* Somebody who is on no list writes: the session may be there, he is shown. */
static void
test_a_list_that_lies(void **state)
{
	uint8_t handle[HANDLE_SIZE], got[HANDLE_SIZE], shown;
	struct fixed f;
	struct party p;

	(void)state;
	party_open(&p, 1);
	assert_int_equal(
	    hand_members(&p.mercutio, ROOM_LISTED, JULIET " " ROMEO), 0);
	say(&p.mercutio, "m1", handle);
	encrypt_shown(&p, &p.mercutio, handle, &f);
	assert_int_equal(hand_members(p.j, ROOM_LISTED, ROMEO), 0);
	assert_int_equal(
	    deliver_in(&p.mercutio, p.j, &f, "m1", "", got), VERDICT_NEW);
	assert_int_equal(writer_why(p.j, got, &shown), WHY_NEW_MEMBER);
	assert_int_equal(shown, 0);
	assert_int_equal(
	    acknowledge_in(p.j, MERCUTIO, p.mercutio.u, ROLE_WRITER), 0);
	assert_int_equal(try_open(p.j, got), 0);
	/* he has written; that makes him no reader */
	say(p.j, "m2", handle);
	free(f.p);
	encrypt_shown(&p, p.j, handle, &f);
	assert_int_equal(keys_for(&f, &p.mercutio), 0);
	free(f.p);
	/* and when he is a member he is news as a reader */
	assert_int_equal(hand_members(p.j, ROOM_LISTED, ROMEO " " MERCUTIO), 0);
	say(p.j, "m3", handle);
	assert_int_equal(encrypt_on(&p, p.j, handle), ENCRYPT_WAIT);
	party_close(&p);
}

/* --- reflections ---------------------------------------------------------------------- */

static void
test_reflected(void **state)
{
	static const uint8_t none[HANDLE_SIZE];
	uint8_t handle[HANDLE_SIZE], got[HANDLE_SIZE];
	struct fixed f;
	struct party p;

	(void)state;
	party_open(&p, 1);
	assert_int_equal(hand_members(p.j, ROOM_LISTED, ROMEO), 0);
	say(p.j, "m1", handle);
	encrypt_shown(&p, p.j, handle, &f);
	assert_int_equal(
	    deliver_in(p.j, p.j, &f, "another", "r1", got), VERDICT_OWN);
	assert_memory_equal(got, none, HANDLE_SIZE);
	assert_int_equal(
	    deliver_in(p.j, p.j, &f, "m1", "r1", got), VERDICT_OWN);
	assert_memory_equal(got, handle, HANDLE_SIZE);
	sent(p.j, handle);
	/* its other clients have the text from the keeper */
	assert_int_equal(waiting(p.j), 0);
	assert_int_equal(
	    deliver_in(p.j, p.j, &f, "m1", "r2", got), VERDICT_OWN);
	assert_memory_equal(got, none, HANDLE_SIZE);
	free(f.p);
	party_close(&p);
}

/* --- maxima --------------------------------------------------------------------------- */

static int
hand_many(struct side *s, const char *room, unsigned n)
{
	struct buffer b;
	char jid[64];

	body(&b, "ss14", s->jid, room, ROOM_LISTED, n);
	for (unsigned i = 0; i < n; i++) {
		snprintf(jid, sizeof jid, "p%u@verona.lit", i);
		buffer_put_cstring(&b, jid);
	}
	return user_call(s->net, M_MEMBERS, &b);
}

static int
count_one(void *arg, const char *account, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	(void)account;
	(void)name;
	(void)namelen;
	(void)p;
	(void)len;
	++*(unsigned *)arg;
	return 0;
}

static unsigned
rooms_of(struct side *s)
{
	unsigned n = 0;

	assert_int_equal(
	    records_each(s->w->k->records, RECORD_ROOM, s->jid, count_one, &n),
	    0);
	return n;
}

static void
test_limits(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	uint32_t ids[LIMIT_DEVICES], n = 0, i;
	char jid[64];
	struct party p;
	int status;

	(void)state;
	party_open(&p, 0);
	assert_int_equal(
	    hand_many(p.j, ROOM, LIMIT_ROOM_MEMBERS + 1), ERR_TOO_LONG);
	assert_int_equal(hand_many(p.j, ROOM, LIMIT_ROOM_MEMBERS), 0);
	/* LIMIT_ROOMS: one more, and the one used longest ago is forgotten */
	for (i = 1; i < LIMIT_ROOMS; i++) {
		snprintf(jid, sizeof jid, "r%u@rooms.lit", i);
		assert_int_equal(hand_many(p.j, jid, 1), 0);
	}
	assert_int_equal(rooms_of(p.j), LIMIT_ROOMS);
	assert_int_equal(hand_many(p.j, "more@rooms.lit", 1), 0);
	assert_int_equal(rooms_of(p.j), LIMIT_ROOMS);
	/* LIMIT_ROOM_READERS devices, and one */
	assert_int_equal(hand_many(p.j, ROOM, LIMIT_ROOM_READERS / 32 + 1), 0);
	say(p.j, "m1", handle);
	for (i = 0; i < LIMIT_DEVICES; i++)
		ids[i] = 1000 + i;
	while ((status = try_encrypt(p.j, handle)) == ENCRYPT_NEED && n == 0)
		for (; n < LIMIT_ROOM_READERS / 32 + 1; n++) {
			snprintf(jid, sizeof jid, "p%u@verona.lit", n);
			assert_int_equal(
			    hand_list_in(p.j, NS_LEGACY, jid, LIST_READ, ids,
				n < LIMIT_ROOM_READERS / 32 ? 32 : 1),
			    0);
			assert_int_equal(hand_list_in(p.j, NS_OMEMO2, jid,
					     LIST_READ, NULL, 0),
			    0);
		}
	assert_int_equal(status, ERR_ROOM);
	snprintf(jid, sizeof jid, "p%u@verona.lit", n - 1);
	/* one less, and it goes on */
	assert_int_equal(hand_members(p.j, ROOM_LISTED, ""), 0);
	assert_int_equal(hand_many(p.j, ROOM, LIMIT_ROOM_READERS / 32), 0);
	for (i = 0; i < LIMIT_ROOM_READERS / 32; i++) {
		snprintf(jid, sizeof jid, "p%u@verona.lit", i);
		for (int ns = 0; ns < OMEMO_PROFILES; ns++)
			assert_int_equal(
			    hand_list_in(p.j, (uint8_t)ns, jid, LIST_READ, ids,
				ns == NS_LEGACY ? 32 : 0),
			    0);
	}
	assert_int_equal(
	    hand_list_in(p.j, NS_LEGACY, JULIET, LIST_READ, &p.j->device, 1),
	    0);
	assert_int_equal(
	    hand_list_in(p.j, NS_OMEMO2, JULIET, LIST_READ, NULL, 0), 0);
	assert_int_equal(try_encrypt(p.j, handle), ENCRYPT_NEED);
	party_close(&p);
}

/* LIMIT_ROOM_OTHERS who are no members: the one who wrote longest ago goes. */
static void
test_others(void **state)
{
	struct keeper *k;
	struct room *room;
	struct party p;
	struct txn *t;
	char jid[64];

	(void)state;
	party_open(&p, 0);
	assert_int_equal(hand_members(p.j, ROOM_LISTED, ROMEO), 0);
	k = p.j->w->k;
	t = txn_begin(k->records);
	for (unsigned i = 0; i <= LIMIT_ROOM_OTHERS; i++) {
		snprintf(jid, sizeof jid, "o%u@verona.lit", i);
		assert_int_equal(
		    room_show(k, t, JULIET, ROOM, jid, 1, MEMBER_READS), 0);
	}
	assert_int_equal(room_open(t, JULIET, ROOM, &room), 0);
	assert_int_equal(room->n, LIMIT_ROOM_OTHERS + 1);
	assert_null(room_member(room, "o0@verona.lit"));
	assert_non_null(room_member(room, ROMEO));
	room_release(room);
	txn_abort(t);
	party_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_members_are_shown),
		cmocka_unit_test(test_come_and_go),
		cmocka_unit_test(test_standing),
		cmocka_unit_test(test_rooms_refused),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_a_list_that_lies),
		cmocka_unit_test(test_reflected),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_others),
	};

	world_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
