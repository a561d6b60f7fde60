/* SPDX-License-Identifier: ISC */
/*
 * Two agents exchange messages through the request interface alone: what a
 * front and a net ask, in their order, without XMPP. Also what is told again
 * after a restart, and what a second copy of a message is.
 */
#include "check.h"
/* cmocka first */
#include "keeper_flow.h"

/* --- the tests -------------------------------------------------------------------- */

static void
test_first_message(void **state)
{
	struct stage s;
	uint8_t handle[HANDLE_SIZE];

	(void)state;
	stage_open(&s);
	send_text(&s.juliet, &s.romeo, "m1", "Wherefore art thou?", handle);
	expect_message(&s.romeo, handle, "Wherefore art thou?", JULIET, 1);
	/* one way is a key exchange; the answer completes it */
	send_text(&s.romeo, &s.juliet, "m2", "Shall I hear more?", handle);
	expect_message(&s.juliet, handle, "Shall I hear more?", ROMEO, 1);
	send_text(&s.juliet, &s.romeo, "m3", "Deny thy father", handle);
	expect_message(&s.romeo, handle, "Deny thy father", JULIET, 0);
	stage_close(&s);
}

static void
test_publication(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s);
	/* stage_open published both; nothing is due */
	assert_int_equal(due_of(&s.juliet), 0);
	assert_int_equal(next_work(&s.juliet, NULL), WORK_NONE);
	stage_close(&s);
}

static void
test_completion_and_prekey(void **state)
{
	struct stage s;
	struct item item;
	uint8_t handle[HANDLE_SIZE];

	(void)state;
	stage_open(&s);
	send_text(&s.juliet, &s.romeo, "m1", "one", handle);
	expect_message(&s.romeo, handle, "one", JULIET, 1);
	/* the used prekey is replaced: the bundle is due, with a hundred */
	assert_int_equal(due_of(&s.romeo), DUE_ONE(DUE_BUNDLE));
	assert_int_equal(next_work(&s.romeo, &item), WORK_BUNDLE);
	assert_int_equal(item.prekeys, LIMIT_PREKEYS);
	assert_int_equal(item.last_prekey, LIMIT_PREKEYS + 1);
	work_is_done(&s.romeo, item.item, WORK_OK);
	assert_int_equal(due_of(&s.romeo), 0);
	/* Juliet is a stranger to Romeo: no empty message answers her */
	assert_int_equal(next_work(&s.romeo, NULL), WORK_NONE);
	/* written to, her next key exchange is answered */
	send_text(&s.romeo, &s.juliet, "m2", "two", handle);
	expect_message(&s.juliet, handle, "two", ROMEO, 1);
	stage_close(&s);
}

static void
test_answers_contacts(void **state)
{
	struct stage s;
	struct item item;
	uint8_t handle[HANDLE_SIZE];

	(void)state;
	stage_open(&s);
	compose(&s.romeo, JULIET, "early", "not sent", handle);
	send_text(&s.juliet, &s.romeo, "m1", "one", handle);
	assert_int_equal(next_work(&s.romeo, &item), WORK_BUNDLE);
	work_is_done(&s.romeo, item.item, WORK_OK);
	/* not before the archive has been read */
	assert_int_equal(next_work(&s.romeo, NULL), WORK_NONE);
	caught_up(&s.romeo);
	assert_int_equal(next_work(&s.romeo, &item), WORK_EMPTY);
	assert_string_equal(item.to, JULIET);
	/* the same octets when it is handed out again after a restart */
	again_after_restart(&s.romeo, &item);
	assert_int_equal(deliver(&s.romeo, &s.juliet, item.elements,
			     item.elementslen, "", NULL),
	    VERDICT_EMPTY);
	work_is_done(&s.romeo, item.item, WORK_OK);
	free(item.elements);
	assert_int_equal(next_work(&s.romeo, NULL), WORK_NONE);
	stage_close(&s);
}

static void
test_copies(void **state)
{
	struct stage s;
	uint8_t handle[HANDLE_SIZE], first[HANDLE_SIZE];
	struct fixed f;

	(void)state;
	stage_open(&s);
	compose(&s.juliet, ROMEO, "m1", "one", handle);
	encrypt_until_done(&s.juliet, &s.romeo, handle, &f);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "a1", first), VERDICT_NEW);
	/* a second copy has the same handle, also after a restart */
	assert_int_equal(deliver(&s.juliet, &s.romeo, f.p, f.len, "a2", handle),
	    VERDICT_KNOWN);
	assert_memory_equal(handle, first, HANDLE_SIZE);
	restart(&s.romeo);
	assert_string_equal(s.romeo.cursor, "a2");
	assert_int_equal(deliver(&s.juliet, &s.romeo, f.p, f.len, "a3", handle),
	    VERDICT_KNOWN);
	/* and after the message has gone: the ratchet remembers */
	forget_messages(&s.romeo);
	assert_int_equal(deliver(&s.juliet, &s.romeo, f.p, f.len, "a4", handle),
	    VERDICT_DUPLICATE);
	/* what we sent ourselves is never decrypted */
	assert_int_equal(
	    deliver(&s.juliet, &s.juliet, f.p, f.len, "a5", handle),
	    VERDICT_OWN);
	free(f.p);
	stage_close(&s);
}

static void
test_same_octets(void **state)
{
	struct stage s;
	uint8_t handle[HANDLE_SIZE], again[HANDLE_SIZE];
	struct fixed f, g;
	struct buffer b;

	(void)state;
	stage_open(&s);
	compose(&s.juliet, ROMEO, "m1", "one", handle);
	compose(&s.juliet, ROMEO, "m1", "one", again);
	assert_memory_equal(handle, again, HANDLE_SIZE);
	assert_int_equal(
	    try_compose(&s.juliet, ROMEO, "m1", "other", again), ERR_EXISTS);
	/* not encrypted yet: it cannot have been sent */
	assert_int_equal(
	    user_call(s.juliet.net, M_SENT, body(&b, "sh", JULIET, handle)),
	    ERR_ARGUMENT);
	encrypt_until_done(&s.juliet, &s.romeo, handle, &f);
	encrypt_until_done(&s.juliet, &s.romeo, handle, &g);
	assert_int_equal(f.len, g.len);
	assert_memory_equal(f.p, g.p, f.len);
	free(g.p);
	restart(&s.juliet);
	assert_int_equal(outbox_rows(&s.juliet), 1);
	encrypt_until_done(&s.juliet, &s.romeo, handle, &g);
	assert_int_equal(f.len, g.len);
	assert_memory_equal(f.p, g.p, f.len);
	free(g.p);
	free(f.p);
	sent(&s.juliet, handle);
	assert_int_equal(outbox_rows(&s.juliet), 0);
	assert_int_equal(
	    user_call(s.juliet.net, M_ENCRYPT, body(&b, "sh", JULIET, handle)),
	    ERR_NOT_FOUND);
	stage_close(&s);
}

static void
test_refused_commit(void **state)
{
	struct stage s;
	uint8_t handle[HANDLE_SIZE];
	struct fixed f;

	(void)state;
	stage_open(&s);
	s.juliet.w->refuse = 1;
	assert_int_equal(
	    try_compose(&s.juliet, ROMEO, "m1", "one", handle), ERR_RETRY);
	assert_int_equal(outbox_rows(&s.juliet), 0);
	compose(&s.juliet, ROMEO, "m1", "one", handle);
	encrypt_until_done(&s.juliet, &s.romeo, handle, &f);
	s.romeo.w->refuse = 1;
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "a1", handle), ERR_RETRY);
	assert_int_equal(waiting(&s.romeo), 0);
	assert_int_equal(deliver(&s.juliet, &s.romeo, f.p, f.len, "a1", handle),
	    VERDICT_NEW);
	expect_message(&s.romeo, handle, "one", JULIET, 1);
	free(f.p);
	stage_close(&s);
}

static void
test_heartbeat(void **state)
{
	struct stage s;
	struct item item;
	uint8_t handle[HANDLE_SIZE];
	char id[16];
	int i;

	(void)state;
	stage_open(&s);
	send_text(&s.juliet, &s.romeo, "a", "one", handle);
	expect_message(&s.romeo, handle, "one", JULIET, 1);
	send_text(&s.romeo, &s.juliet, "b", "two", handle);
	expect_message(&s.juliet, handle, "two", ROMEO, 1);
	assert_int_equal(next_work(&s.romeo, &item), WORK_BUNDLE);
	work_is_done(&s.romeo, item.item, WORK_OK);
	caught_up(&s.romeo);
	for (i = 0; i < 55; i++) {
		snprintf(id, sizeof id, "m%d", i);
		send_text(&s.juliet, &s.romeo, id, "word", handle);
		if (i < 53)
			assert_int_equal(next_work(&s.romeo, NULL), WORK_NONE);
	}
	/* one, though two messages have called for it */
	assert_int_equal(next_work(&s.romeo, &item), WORK_EMPTY);
	assert_int_equal(deliver(&s.romeo, &s.juliet, item.elements,
			     item.elementslen, "", NULL),
	    VERDICT_EMPTY);
	work_is_done(&s.romeo, item.item, WORK_OK);
	free(item.elements);
	assert_int_equal(next_work(&s.romeo, NULL), WORK_NONE);
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
		cmocka_unit_test(test_publication),
		cmocka_unit_test(test_first_message),
		cmocka_unit_test(test_completion_and_prekey),
		cmocka_unit_test(test_answers_contacts),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_same_octets),
		cmocka_unit_test(test_refused_commit),
		cmocka_unit_test(test_heartbeat),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
