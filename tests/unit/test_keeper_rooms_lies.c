/* SPDX-License-Identifier: ISC */
/*
 * What a taken-over net or a room's server gains with lists of members and
 * with what it delivers there: nothing that stays, nobody unannounced.
 */
#include "keeper_rooms.h"

/* A list of n names, each of so many octets or as short as it can be. */
static int
hand_names(struct side *s, const char *prefix, unsigned n, size_t octets)
{
	char jid[LIMIT_JID + 1], tail[64];
	struct buffer b;
	size_t len;

	body(&b, "ss14", s->jid, ROOM, ROOM_LISTED, n);
	for (unsigned i = 0; i < n; i++) {
		snprintf(tail, sizeof tail, "%s%u@verona.lit", prefix, i);
		len = strlen(tail) < octets ? octets - strlen(tail) : 0;
		memset(jid, 'a', len);
		memcpy(jid + len, tail, strlen(tail) + 1);
		buffer_put_cstring(&b, jid);
	}
	return user_call(s->net, M_MEMBERS, &b);
}

static size_t
contacts_of(struct side *s)
{
	struct peer_counts c;

	assert_int_equal(peer_count(s->w->k, s->jid, &c), 0);
	return c.peers;
}

/* Its record: -1: there is none; or has the user written to it? */
static int
written_to(struct side *s, const char *jid)
{
	struct txn *t = txn_begin(s->w->k->records);
	struct peer p;
	int err = peer_open(t, s->jid, jid, &p);

	txn_abort(t);
	return err == 0 ? p.written : -1;
}

/* --- contacts --------------------------------------------------------------------- */

/* LIMIT_ROOM_GUESTS. One message waits for a room; its net hands in list after
 * list. Whoever the user has to do with stays, and he can write to others. */
static void
test_lists_fill_nothing(void **state)
{
	uint8_t handle[HANDLE_SIZE], other[HANDLE_SIZE];
	const unsigned lists = LIMIT_ROOM_GUESTS / LIMIT_ROOM_MEMBERS;
	struct buffer b;
	char prefix[16];
	struct party p;

	(void)state;
	party_open(&p, 0);
	send_text(p.j, &p.s.romeo, "chat", "hello", handle);
	assert_int_equal(
	    user_call(p.j->admin, M_POLICY,
		body(&b, "ss11", JULIET, MERCUTIO, POLICY_MANUAL, 0)),
	    0);
	say(p.j, "m1", handle);
	for (unsigned i = 0; i < 3 * lists; i++) {
		snprintf(prefix, sizeof prefix, "l%u-", i);
		assert_int_equal(
		    hand_names(p.j, prefix, LIMIT_ROOM_MEMBERS, 0), 0);
		assert_int_equal(try_encrypt(p.j, handle), ENCRYPT_NEED);
		if (i + 1 == lists)
			assert_int_equal(
			    contacts_of(p.j), 2 + LIMIT_ROOM_GUESTS);
		assert_true(contacts_of(p.j) <= 2 + LIMIT_ROOM_GUESTS);
	}
	assert_int_equal(written_to(p.j, "l0-0@verona.lit"), -1);
	assert_int_equal(written_to(p.j, ROMEO), 1);
	assert_int_equal(written_to(p.j, MERCUTIO), 0);
	assert_int_equal(
	    try_compose(p.j, "new@verona.lit", "c1", "hello", other), 0);
	party_close(&p);
}

/* A member that made room, and is one again: its lists are asked for anew, as
 * if it had never been there. */
static void
test_guest_comes_back(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct row rows[4];
	struct fixed f;
	struct party p;
	char prefix[16];

	(void)state;
	party_open(&p, 1);
	assert_int_equal(hand_members(p.j, ROOM_LISTED, ROMEO), 0);
	say(p.j, "m1", handle);
	assert_int_equal(encrypt_on(&p, p.j, handle), ENCRYPT_WAIT);
	for (unsigned i = 0; written_to(p.j, ROMEO) == 0; i++) {
		snprintf(prefix, sizeof prefix, "l%u-", i);
		assert_true(i < LIMIT_PEERS / LIMIT_ROOM_MEMBERS);
		assert_int_equal(
		    hand_names(p.j, prefix, LIMIT_ROOM_MEMBERS, 0), 0);
		assert_int_equal(try_encrypt(p.j, handle), ENCRYPT_NEED);
	}
	assert_int_equal(hand_members(p.j, ROOM_LISTED, ROMEO), 0);
	assert_int_equal(encrypt_on(&p, p.j, handle), ENCRYPT_WAIT);
	assert_int_equal(readers(p.j, handle, rows, 4), 1);
	assert_string_equal(rows[0].peer, ROMEO);
	assert_memory_equal(rows[0].u, p.s.romeo.u, 32);
	encrypt_shown(&p, p.j, handle, &f);
	assert_int_equal(keys_for(&f, &p.s.romeo), 1);
	free(f.p);
	party_close(&p);
}

/* Being listed is not being written to: what is answered by itself tells a
 * stranger that the account is there. */
static void
test_listed_is_no_contact(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct fixed f;
	struct party p;

	(void)state;
	party_open(&p, 0);
	assert_int_equal(hand_members(p.j, ROOM_LISTED, ROMEO), 0);
	say(p.j, "m1", handle);
	assert_int_equal(encrypt_on(&p, p.j, handle), ENCRYPT_WAIT);
	assert_int_equal(written_to(p.j, ROMEO), 0);
	assert_int_equal(show_all(p.j, handle), 1);
	assert_int_equal(written_to(p.j, ROMEO), 0);
	encrypt_shown(&p, p.j, handle, &f);
	assert_int_equal(written_to(p.j, ROMEO), 1);
	free(f.p);
	party_close(&p);
}

/* --- names ------------------------------------------------------------------------- */

/* The longest list that fits MEMBERS has room in its record also with the
 * longest names of those who only write, and the longest cursor. */
static void
test_longest_list(void **state)
{
	const size_t fixed = 4 + strlen(JULIET) + 4 + strlen(ROOM) + 1 + 4;
	const size_t most =
	    (message_find(LINK_CLIENT, M_MEMBERS)->max - fixed) /
		LIMIT_ROOM_MEMBERS -
	    4;
	char jid[LIMIT_JID + 1], cursor[LIMIT_STANZA_ID + 1];
	struct buffer b;
	struct party p;
	struct txn *t;

	(void)state;
	party_open(&p, 0);
	assert_int_equal(hand_names(p.j, "p", LIMIT_ROOM_MEMBERS, most), 0);
	for (unsigned i = 0; i < LIMIT_ROOM_OTHERS; i++) {
		memset(jid, 'b', LIMIT_JID);
		snprintf(jid + LIMIT_JID - 8, 9, "@a.lit%02u", i);
		t = txn_begin(p.j->w->k->records);
		assert_int_equal(
		    room_show(p.j->w->k, t, JULIET, ROOM, jid, 1, MEMBER_READS),
		    0);
		txn_commit(t);
	}
	memset(cursor, 'c', LIMIT_STANZA_ID);
	cursor[LIMIT_STANZA_ID] = '\0';
	assert_int_equal(user_call(p.j->net, M_CURSOR,
			     body(&b, "ss1s", JULIET, cursor, 0, ROOM)),
	    0);
	assert_int_equal(hand_names(p.j, "q", LIMIT_ROOM_MEMBERS, most), 0);
	assert_int_equal(
	    hand_names(p.j, "p", LIMIT_ROOM_MEMBERS, most + 1), ERR_TOO_LONG);
	party_close(&p);
}

/* Few members, long names, many devices: more than an answer of READERS. */
static void
test_long_names(void **state)
{
	uint32_t ids[LIMIT_DEVICES], i;
	uint8_t handle[HANDLE_SIZE];
	struct reader rows;
	struct buffer copy;
	struct party p;
	char jid[LIMIT_JID + 1];
	int status;

	(void)state;
	party_open(&p, 0);
	for (i = 0; i < LIMIT_DEVICES; i++)
		ids[i] = 1000 + i;
	assert_int_equal(hand_names(p.j, "p", 2, LIMIT_JID), 0);
	say(p.j, "m1", handle);
	user_forget_events(p.j->front);
	while ((status = try_encrypt(p.j, handle)) == ENCRYPT_NEED) {
		rows = p.j->net->r;
		buffer_init(&copy, FRAME_MAX);
		buffer_put(&copy, rows.p, rows.left);
		reader_init(&rows, copy.data, copy.len);
		for (i = reader_u32(&rows); i > 0; i--) {
			int own;
			uint8_t ns;

			reader_cstring(&rows, jid, sizeof jid);
			own = strcmp(jid, JULIET) == 0;
			ns = reader_u8(&rows);
			assert_int_equal(reader_u32(&rows), 0);
			assert_int_equal(hand_list_in(p.j, ns, jid, LIST_READ,
					     own ? &p.j->device : ids,
					     ns != NS_LEGACY ? 0
						 : own	     ? 1
							     : LIMIT_DEVICES),
			    0);
		}
		buffer_free(&copy);
	}
	assert_int_equal(status, ERR_ROOM);
	buffer_init(&copy, FRAME_MAX);
	user_event(p.j->front, M_EVENT_FAILED, &copy);
	assert_non_null(memmem(copy.data, copy.len, "too long", 8));
	buffer_free(&copy);
	party_close(&p);
}

/* --- the most ------------------------------------------------------------------------ */

#define CROWD (LIMIT_ROOM_READERS / LIMIT_DEVICES)

/* Every other one has OMEMO 2 alone. */
static uint8_t
of_turn(const char *jid)
{
	return jid[strcspn(jid, "@") - 1] % 2 ? NS_OMEMO2 : NS_LEGACY;
}

/* NEED of a crowd whose members have LIMIT_DEVICES devices each, all
 * of them with one key. */
static void
answer_crowd(struct side *s, const struct side *of)
{
	uint32_t ids[LIMIT_DEVICES], n, i, device;
	struct reader rows = s->net->r;
	struct buffer copy, b;
	char jid[256];
	uint8_t ns;
	int own;

	for (i = 0; i < LIMIT_DEVICES; i++)
		ids[i] = 1000 + i;
	buffer_init(&copy, FRAME_MAX);
	buffer_put(&copy, rows.p, rows.left);
	reader_init(&rows, copy.data, copy.len);
	for (n = reader_u32(&rows); n > 0; n--) {
		reader_cstring(&rows, jid, sizeof jid);
		ns = reader_u8(&rows);
		device = reader_u32(&rows);
		own = strcmp(jid, s->jid) == 0;
		if (device == 0) {
			assert_int_equal(
			    hand_list_in(s, ns, jid, LIST_READ,
				own ? &s->device : ids,
				own			 ? 1
				    : ns == of_turn(jid) ? LIMIT_DEVICES
							 : 0),
			    0);
			continue;
		}
		body(&b, "s1s41", s->jid, ns, jid, device, BUNDLE_HERE);
		buffer_put(&b,
		    ns == NS_LEGACY ? of->bundle.data : of->bundle2.data,
		    ns == NS_LEGACY ? of->bundle.len : of->bundle2.len);
		assert_int_equal(user_call(s->net, M_BUNDLE, &b), 0);
	}
	buffer_free(&copy);
}

static int
encrypt_crowd(struct party *p, const uint8_t *handle)
{
	int status = ENCRYPT_NEED;

	for (int i = 0; i < 8 && status == ENCRYPT_NEED; i++)
		if ((status = try_encrypt(p->j, handle)) == ENCRYPT_NEED)
			answer_crowd(p->j, &p->s.romeo);
	return status;
}

/* To LIMIT_ROOM_READERS devices in both versions a short text gets, and the
 * longest is refused, which the front is told: no net waits with it for ever. */
static void
test_crowd(void **state)
{
	struct row *rows = calloc(LIMIT_ROOM_READERS, sizeof *rows);
	uint8_t handle[HANDLE_SIZE];
	struct buffer event;
	char text[LIMIT_TEXT + 1];
	struct party p;
	uint32_t n;

	(void)state;
	must(rows != NULL);
	party_open(&p, 1);
	assert_int_equal(hand_names(p.j, "p", CROWD, 0), 0);
	say(p.j, "m1", handle);
	assert_int_equal(encrypt_crowd(&p, handle), ENCRYPT_WAIT);
	n = readers(p.j, handle, rows, LIMIT_ROOM_READERS);
	assert_int_equal(n, LIMIT_ROOM_READERS);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(
		    acknowledge_in(p.j, rows[i].peer, rows[i].u, ROLE_READER),
		    0);
	free(rows);
	assert_int_equal(encrypt_crowd(&p, handle), ENCRYPT_DONE);
	memset(text, 'x', LIMIT_TEXT);
	text[LIMIT_TEXT] = '\0';
	assert_int_equal(try_say(p.j, "m2", FORMAT_BODY, text, handle), 0);
	user_forget_events(p.j->front);
	assert_int_equal(encrypt_crowd(&p, handle), ERR_TOO_LONG);
	buffer_init(&event, FRAME_MAX);
	user_event(p.j->front, M_EVENT_FAILED, &event);
	assert_non_null(memmem(event.data, event.len, "too long", 8));
	buffer_free(&event);
	/* no ratchet has moved: the next one is as good */
	say(p.j, "m3", handle);
	assert_int_equal(encrypt_crowd(&p, handle), ENCRYPT_DONE);
	party_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists_fill_nothing),
		cmocka_unit_test(test_guest_comes_back),
		cmocka_unit_test(test_listed_is_no_contact),
		cmocka_unit_test(test_longest_list),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_crowd),
	};

	world_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
