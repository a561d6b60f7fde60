/* SPDX-License-Identifier: ISC */
/*
 * Derive, launcher and store taken over: what each can make the keeper do,
 * and what it cannot. (Rows that the store has altered: test_records; answers
 * of derive that come late or twice: test_vault.)
 */
#include "check.h"
/* cmocka first */
#include "keeper_flow.h"

static int
link_frame(struct world *w, int (*to)(struct world *, struct frame *),
    uint8_t type, uint32_t id, const void *p, size_t len)
{
	struct frame f = { .type = type, .id = id };

	reader_init(&f.body, p, len);
	return to(w, &f);
}

static int
to_vault(struct world *w, struct frame *f)
{
	return vault_frame(w->k->vault, f);
}

static int
to_ask(struct world *w, struct frame *f)
{
	return ask_frame(w->k->ask, f);
}

static int
to_records(struct world *w, struct frame *f)
{
	return records_frame(w->k->records, f);
}

/* Locked, and by whom it will be unlocked. */
static struct user *
locked_user(struct world *w)
{
	struct user *u = user_new(w);

	assert_int_equal(user_hello(u), 0);
	assert_int_equal(user_call(u, M_LOCK, NULL), 0);
	assert_int_equal(user_call(u, M_STATUS, NULL), 0);
	assert_int_equal(reader_u8(&u->r), 1);
	return u;
}

/* --- derive ----------------------------------------------------------------------- */

/* A key of its own choosing opens nothing, and does no harm. */
static void
test_derive_lies(void **state)
{
	static const uint8_t zero[32];
	struct stage s;
	struct user *u;
	uint8_t handle[HANDLE_SIZE];

	(void)state;
	stage_open(&s);
	send_text(&s.romeo, &s.juliet, "one", "hello", handle);
	u = locked_user(s.juliet.w);
	s.juliet.w->lie = zero;
	assert_int_equal(user_unlock(u, PASSPHRASE), ERR_PASSPHRASE);
	assert_true(vault_locked(s.juliet.w->k->vault));
	s.juliet.w->lie = NULL;
	user_free(u);
	/* with the honest one it opens again */
	restart(&s.juliet);
	expect_message(&s.juliet, handle, "hello", ROMEO, 1);
	stage_close(&s);
}

/* What THREATS.md grants it: a derive that made the slot opens it at will. */
static void
test_derive_keeps_the_door(void **state)
{
	static const uint8_t known[32] = "a key that derive has chosen";
	struct loop *loop = loop_new();
	struct world *w;
	struct user *u;

	(void)state;
	must(loop != NULL);
	w = world_new(loop);
	w->lie = known;
	user_free(user_creator(w));
	u = locked_user(w);
	assert_int_equal(user_unlock(u, "any passphrase"), 0);
	user_free(u);
	world_free(w);
	loop_free(loop);
	free(w);
}

/* Frames that nobody asked for, or of no form: the link, and so the agent,
 * ends. None of them unlocks. */
static void
test_derive_garbage(void **state)
{
	static const uint8_t octets[64];
	static const uint8_t types[] = { M_HELLO, M_DERIVE, M_ASK, M_PUT, 200 };
	struct stage s;

	(void)state;
	stage_open(&s);
	user_free(locked_user(s.juliet.w));
	for (size_t i = 0; i < sizeof types; i++)
		assert_int_not_equal(
		    link_frame(s.juliet.w, to_vault, types[i], 1, octets, 32),
		    0);
	for (uint32_t id = 0; id < 50; id++)
		(void)link_frame(s.juliet.w, to_vault, M_REPLY, id, octets, 32);
	assert_true(vault_locked(s.juliet.w->k->vault));
	stage_close(&s);
}

/* --- launcher ----------------------------------------------------------------------- */

/* It runs askpass: a yes of its own is a yes. It cannot say one unasked. */
static void
test_launcher_says_yes(void **state)
{
	static const uint8_t yes[1] = { 0 }, two[2] = { 0, 0 };
	static const uint8_t types[] = { M_SERVING, M_ASK, M_HELLO, M_DERIVE };
	struct world *w;
	struct stage s;
	struct user *u;
	struct buffer b;

	(void)state;
	stage_open(&s);
	w = s.juliet.w;
	for (uint32_t id = 0; id < 50; id++)
		assert_int_equal(link_frame(w, to_ask, M_REPLY, id, yes, 1),
		    ERR_UNKNOWN_MESSAGE);
	u = user_new(w);
	assert_int_equal(user_hello(u), 0);
	assert_int_equal(
	    user_call(u, M_TRUST, body(&b, "ss4", JULIET, ROMEO, 0U)),
	    ERR_RIGHT);
	assert_int_equal(
	    user_call(u, M_ELEVATE,
		body(&b, "41s", (uint32_t)RIGHT_TRUST, SECRET_ASK, "")),
	    0);
	assert_int_equal(reader_u32(&u->r), RIGHTS_INITIAL | RIGHT_TRUST);
	/* while a question is open, only its own answer counts */
	for (size_t i = 0; i < sizeof types; i++)
		assert_int_not_equal(
		    link_frame(w, to_ask, types[i], 1, yes, 1), 0);
	assert_int_not_equal(link_frame(w, to_ask, M_REPLY, 1, two, 2), 0);
	user_free(u);
	stage_close(&s);
}

/* --- store ------------------------------------------------------------------------------ */

/* "It is on the disk" counts for the commit that is on its way, once. */
static void
test_store_answers(void **state)
{
	static const uint8_t octets[16];
	static const uint8_t types[] = { M_REPLY, M_ERROR, M_ROWS, M_PUT,
		M_COMMIT, M_LOAD, M_HELLO, 200 };
	struct stage s;
	uint8_t handle[HANDLE_SIZE];

	(void)state;
	stage_open(&s);
	for (size_t i = 0; i < sizeof types; i++)
		for (uint32_t id = 0; id < 50; id++)
			assert_int_not_equal(
			    link_frame(s.juliet.w, to_records, types[i], id,
				octets, i % 3 * 8),
			    0);
	send_text(&s.romeo, &s.juliet, "one", "still here", handle);
	stage_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_derive_lies),
		cmocka_unit_test(test_derive_keeps_the_door),
		cmocka_unit_test(test_derive_garbage),
		cmocka_unit_test(test_launcher_says_yes),
		cmocka_unit_test(test_store_answers),
	};

	world_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
