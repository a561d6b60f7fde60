/* SPDX-License-Identifier: ISC */
/*
 * What a room's record outlives and what it does not: the place that others
 * take, a revoked account, a new identity. And what its server can do with
 * texts that it has: say them again, elsewhere, or as another's.
 */
#include "keeper_rooms.h"

#define OTHER_ROOM "hall@rooms.capulet.lit"

/* Shown as the writer by its key, as in a chat. */
static void
know(struct side *s, struct side *of)
{
	uint8_t handle[HANDLE_SIZE];

	send_text(of, s, "chat", "hello", handle);
	expect_message(s, handle, "hello", of->jid, 1);
}

static void
write_in_room(struct party *p, struct side *from, const char *id,
    uint8_t handle[HANDLE_SIZE], struct fixed *f)
{
	assert_int_equal(
	    hand_members(from, ROOM_LISTED, JULIET " " ROMEO " " MERCUTIO), 0);
	say(from, id, handle);
	encrypt_shown(p, from, handle, f);
}

/* --- the record ------------------------------------------------------------------- */

/* Its turn to go for another one. */
static void
make_oldest(struct side *s)
{
	struct txn *t = txn_begin(s->w->k->records);
	struct room *room;

	assert_int_equal(room_open(t, s->jid, ROOM, &room), 0);
	room->used = 1;
	assert_int_equal(room_put(t, s->jid, ROOM, room), 0);
	room_release(room);
	txn_commit(t);
}

static void
name_others(struct side *s)
{
	struct buffer b;
	char room[64];

	make_oldest(s);
	for (unsigned i = 0; i < LIMIT_ROOMS; i++) {
		snprintf(room, sizeof room, "r%u@rooms.lit", i);
		assert_int_equal(
		    user_call(s->net, M_MEMBERS,
			body(&b, "ss14", s->jid, room, ROOM_LISTED, 0U)),
		    0);
	}
}

static unsigned
rooms_kept(struct side *s)
{
	unsigned n = 0;
	struct entry *e;

	TAILQ_FOREACH(e, &s->w->k->records->kinds[RECORD_ROOM], of_kind)
		n += e->newest != NULL;
	return n;
}

/* A net that names other rooms until this one is forgotten has not shown who
 * wrote there. */
static void
test_forgotten(void **state)
{
	uint8_t handle[HANDLE_SIZE], got[HANDLE_SIZE], shown;
	struct fixed f;
	struct party p;
	struct buffer b;

	(void)state;
	party_open(&p, 0);
	know(p.j, &p.s.romeo);
	assert_int_equal(hand_members(p.j, ROOM_LISTED, MERCUTIO), 0);
	write_in_room(&p, &p.s.romeo, "m1", handle, &f);
	assert_int_equal(
	    deliver_in(&p.s.romeo, p.j, &f, "m1", "a1", got), VERDICT_NEW);
	name_others(p.j);
	assert_int_equal(rooms_kept(p.j), LIMIT_ROOMS);
	assert_int_equal(writer_why(p.j, got, &shown), WHY_NEW_MEMBER);
	assert_int_equal(shown, 0);
	assert_int_equal(try_open(p.j, got), ERR_UNACKNOWLEDGED);
	/* it is asked for again, whatever this net has said of it before */
	assert_int_equal(
	    deliver_in(&p.s.romeo, p.j, &f, "m1", "a2", got), ERR_ROOM);
	assert_int_equal(user_call(p.j->net, M_CURSOR,
			     body(&b, "ss1s", JULIET, "a2", 0, ROOM)),
	    ERR_ROOM);
	say(p.j, "m2", handle);
	assert_int_equal(try_encrypt(p.j, handle), ENCRYPT_MEMBERS);
	/* what waits can be read all the same, and the maximum holds */
	assert_int_equal(acknowledge_in(p.j, ROMEO, p.s.romeo.u, ROLE_READER),
	    ERR_NOT_FOUND);
	assert_int_equal(
	    acknowledge_in(p.j, ROMEO, p.s.romeo.u, ROLE_WRITER), 0);
	assert_int_equal(try_open(p.j, got), 0);
	assert_int_equal(rooms_kept(p.j), LIMIT_ROOMS);
	free(f.p);
	party_close(&p);
}

static void
test_revoked(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct fixed f;
	struct party p;
	struct buffer b;

	(void)state;
	party_open(&p, 1);
	write_in_room(&p, p.j, "m1", handle, &f);
	assert_int_equal(rooms_kept(p.j), 1);
	assert_int_equal(
	    user_call(p.j->admin, M_REVOKE, body(&b, "s4", JULIET, 0U)), 0);
	assert_int_equal(rooms_kept(p.j), 0);
	free(f.p);
	party_close(&p);
}

/* The room is the account's, not the key's; and what the old key has sent
 * there is still our own. */
static void
test_new_identity(void **state)
{
	uint8_t handle[HANDLE_SIZE], got[HANDLE_SIZE];
	struct row rows[4];
	struct fixed f;
	struct party p;
	struct buffer b;

	(void)state;
	party_open(&p, 1);
	write_in_room(&p, p.j, "m1", handle, &f);
	assert_int_equal(
	    user_call(p.j->admin, M_ROTATE, body(&b, "s1", JULIET, 1)), 0);
	user_free(p.j->net);
	p.j->net = user_attached(p.j->w, 1, "front", JULIET);
	p.j->device = reader_u32(&p.j->net->r);
	assert_int_equal(deliver_in(p.j, p.j, &f, "m1", "a1", got), ERR_ROOM);
	assert_int_equal(hand_members(p.j, ROOM_LISTED, ROMEO " " MERCUTIO), 0);
	assert_int_equal(
	    deliver_in(p.j, p.j, &f, "m1", "a1", got), VERDICT_OWN);
	assert_memory_equal(got, handle, HANDLE_SIZE);
	/* both were shown there before */
	say(p.j, "m2", handle);
	assert_int_equal(readers(p.j, handle, rows, 4), 0);
	free(f.p);
	party_close(&p);
}

/* --- archives --------------------------------------------------------------------- */

static void
cursor_is(struct side *s, const char *own, const char *room)
{
	char cursor[LIMIT_STANZA_ID + 1];
	struct user *net = user_attached(s->w, 1, "other", s->jid);
	struct user *first = s->net;

	(void)reader_u32(&net->r);
	reader_cstring(&net->r, cursor, sizeof cursor);
	assert_string_equal(cursor, own);
	s->net = net;
	assert_int_equal(
	    hand_members(s, ROOM_LISTED, JULIET " " ROMEO " " MERCUTIO), 0);
	reader_cstring(&net->r, cursor, sizeof cursor);
	assert_string_equal(cursor, room);
	user_free(net);
	s->net = first;
}

/* Said again, under another id: nothing new, and each archive is itself. */
static void
test_again(void **state)
{
	uint8_t handle[HANDLE_SIZE], got[HANDLE_SIZE];
	struct side *m;
	struct fixed f;
	struct party p;
	struct buffer b;

	(void)state;
	party_open(&p, 1);
	m = &p.mercutio;
	assert_int_equal(
	    hand_members(p.j, ROOM_LISTED, JULIET " " ROMEO " " MERCUTIO), 0);
	assert_int_equal(user_call(p.j->net, M_CURSOR,
			     body(&b, "ss1s", JULIET, "own", 0, "")),
	    0);
	cursor_is(p.j, "own", "");
	write_in_room(&p, m, "m1", handle, &f);
	assert_int_equal(deliver_in(m, p.j, &f, "m1", "a1", got), VERDICT_NEW);
	cursor_is(p.j, "own", "a1");
	assert_int_equal(deliver_in(m, p.j, &f, "x", "a2", got), VERDICT_KNOWN);
	assert_int_equal(user_call(p.j->net, M_CURSOR,
			     body(&b, "ss1s", JULIET, "a3", 1, ROOM)),
	    0);
	cursor_is(p.j, "own", "a3");
	forget_messages(p.j);
	assert_int_equal(
	    deliver_in(m, p.j, &f, "y", "a4", got), VERDICT_DUPLICATE);
	assert_int_equal(waiting(p.j), 0);
	cursor_is(p.j, "own", "a4");
	/* as a message to her alone, it is the same one */
	assert_int_equal(
	    deliver(m, p.j, f.p, f.len, "b1", got), VERDICT_DUPLICATE);
	cursor_is(p.j, "b1", "a4");
	free(f.p);
	party_close(&p);
}

/* Two drew the same one-time prekey; one of them in a room, whose archive is
 * read after the end of the own. */
static void
test_one_prekey(void **state)
{
	uint8_t handle[HANDLE_SIZE], got[HANDLE_SIZE];
	struct fixed f;
	struct party p;
	size_t at = 4 + 33 + 4 + 4 + 33 + 4 + 64; /* BUNDLE's prekeys */

	(void)state;
	party_open(&p, 0);
	buffer_patch_u32(&p.j->bundle, at, 1);
	p.j->bundle.len = at + 4 + 41;
	write_in_room(&p, &p.mercutio, "m1", handle, &f);
	assert_int_equal(hand_members(p.j, ROOM_LISTED, ROMEO " " MERCUTIO), 0);
	send_text(&p.s.romeo, p.j, "chat", "hello", got);
	caught_up(p.j);
	assert_int_equal(
	    deliver_in(&p.mercutio, p.j, &f, "m1", "a1", got), VERDICT_NEW);
	free(f.p);
	party_close(&p);
}

/* --- elsewhere, and as another's -------------------------------------------------- */

/* OPEN of a message whose writer was shown: conversation and bound. */
static uint8_t
opened(struct side *s, const uint8_t *handle, char conversation[256])
{
	struct reader *r = &s->front->r;
	char sender[256];
	uint8_t u[32];
	size_t len;

	assert_int_equal(try_open(s, handle), 0);
	(void)reader_u8(r);
	(void)reader_string(r, &len, LIMIT_ENVELOPE);
	reader_cstring(r, sender, sizeof sender);
	reader_cstring(r, conversation, 256);
	(void)reader_u8(r);
	(void)reader_u32(r);
	reader_fixed(r, u, sizeof u);
	(void)reader_u8(r);
	return reader_u8(r);
}

/* In a chat, what was said in a room: not as if the room were bound. */
static void
test_elsewhere(void **state)
{
	uint8_t handle[HANDLE_SIZE], got[HANDLE_SIZE];
	char conversation[256];
	struct fixed f;
	struct party p;

	(void)state;
	party_open(&p, 1);
	know(p.j, &p.s.romeo);
	assert_int_equal(hand_members(p.j, ROOM_LISTED, ROMEO), 0);
	write_in_room(&p, &p.s.romeo, "m1", handle, &f);
	assert_int_equal(
	    deliver(&p.s.romeo, p.j, f.p, f.len, "", got), VERDICT_NEW);
	assert_int_equal(opened(p.j, got, conversation), BOUND_SENDER);
	assert_string_equal(conversation, ROMEO);
	/* and it does not count as new in the room after that */
	assert_int_equal(
	    deliver_in(&p.s.romeo, p.j, &f, "m1", "", got), VERDICT_KNOWN);
	free(f.p);
	party_close(&p);
}

/* The room says that another has written it: that one's keys are as they were,
 * and this key is shown as a new one of his before the text. */
static void
test_anothers(void **state)
{
	uint8_t handle[HANDLE_SIZE], got[HANDLE_SIZE], u[32];
	struct side *m, lie;
	struct reader *r;
	struct fixed f;
	struct party p;
	struct buffer b;
	char jid[256];

	(void)state;
	party_open(&p, 0);
	m = &p.mercutio;
	assert_int_equal(
	    user_call(p.j->admin, M_POLICY,
		body(&b, "ss11", JULIET, ROMEO, POLICY_FIRST_USE, 0)),
	    0);
	know(p.j, &p.s.romeo);
	assert_int_equal(hand_members(p.j, ROOM_LISTED, ROMEO " " MERCUTIO), 0);
	write_in_room(&p, m, "m1", handle, &f);
	lie = *m;
	lie.jid = ROMEO;
	assert_int_equal(deliver_in(&lie, p.j, &f, "m1", "", got), VERDICT_NEW);
	assert_int_equal(
	    user_call(p.j->front, M_WRITER, body(&b, "sh", JULIET, got)), 0);
	r = &p.j->front->r;
	reader_cstring(r, jid, sizeof jid);
	assert_string_equal(jid, ROMEO);
	assert_int_equal(reader_u32(r), m->device);
	reader_fixed(r, u, sizeof u);
	assert_memory_equal(u, m->u, sizeof u);
	assert_int_equal(reader_u8(r), TRUST_UNDECIDED);
	assert_int_equal(reader_u8(r), WHY_NEW_MEMBER);
	assert_int_equal(reader_u8(r), 0);
	assert_int_equal(
	    acknowledge_in(p.j, ROMEO, p.s.romeo.u, ROLE_WRITER), 0);
	assert_int_equal(try_open(p.j, got), ERR_UNACKNOWLEDGED);
	free(f.p);
	party_close(&p);
}

/* --- a list that is refused --------------------------------------------------------- */

static uint64_t
digest_of_store(struct side *s)
{
	uint64_t sum = 0, one;

	for (size_t i = 0; i < s->w->nrows; i++) {
		one = 14695981039346656037U;
		for (size_t j = 0; j < s->w->rows[i].len; j++)
			one = (one ^ s->w->rows[i].value[j]) * 1099511628211U;
		sum += one;
	}
	return sum;
}

static int
hand_one(struct side *s, const char *jid)
{
	struct buffer b;

	return user_call(s->net, M_MEMBERS,
	    body(&b, "ss14ss", s->jid, ROOM, ROOM_LISTED, 2U, ROMEO, jid));
}

static void
test_refused(void **state)
{
	static const char *const none[] = { "", "@verona.lit", "a@", "a@b@c",
		"a b@verona.lit", "a\n@verona.lit", "a\x1b@verona.lit",
		"\xff@verona.lit", "a@verona.lit/x", "/x", ROMEO };
	uint8_t handle[HANDLE_SIZE];
	char longest[LIMIT_JID + 2];
	struct fixed f;
	struct party p;
	uint64_t was;

	(void)state;
	party_open(&p, 1);
	write_in_room(&p, p.j, "m1", handle, &f);
	free(f.p);
	was = digest_of_store(p.j);
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		assert_int_equal(hand_one(p.j, none[i]), ERR_ARGUMENT);
	memset(longest, 'a', sizeof longest);
	longest[LIMIT_JID + 1] = '\0';
	assert_int_equal(hand_one(p.j, longest), ERR_TOO_LONG);
	assert_int_equal(digest_of_store(p.j), was);
	/* and the room is as it was handed in before: no member was lost */
	say(p.j, "m2", handle);
	assert_int_equal(encrypt_on(&p, p.j, handle), ENCRYPT_DONE);
	take_elements(p.j, &f);
	assert_int_equal(keys_for(&f, &p.s.romeo), 1);
	assert_int_equal(keys_for(&f, &p.mercutio), 1);
	free(f.p);
	party_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_revoked),
		cmocka_unit_test(test_new_identity),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_one_prekey),
		cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_anothers),
		cmocka_unit_test(test_refused),
	};

	world_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
