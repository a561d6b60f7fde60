/* SPDX-License-Identifier: ISC */
/*
 * Several clients of one identity: what one sends the others can read, once
 * each; what was never read never goes; what was read makes room.
 */
#include "check.h"
/* cmocka first */
#include "keeper_flow.h"
/* after it */
#include "../../agent/purge.h"

/* OPEN by a client of its own: the error, or `again`. */
static int
open_by(struct user *u, const char *jid, const uint8_t *handle,
    const char *text, const char *sender, int copy)
{
	struct reader *r = &u->r;
	const uint8_t *p;
	char from[256], to[256], id[64];
	struct buffer b;
	size_t len;
	int err;

	if ((err = user_call(u, M_OPEN, body(&b, "sh", jid, handle))) != 0)
		return err;
	assert_int_equal(reader_u8(r), FORMAT_BODY);
	p = reader_string(r, &len, LIMIT_TEXT);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(p, text, len);
	reader_cstring(r, from, sizeof from);
	assert_string_equal(from, sender);
	reader_cstring(r, to, sizeof to);
	(void)reader_u8(r);
	(void)reader_u32(r);
	(void)reader_bytes(r, FINGERPRINT_SIZE);
	(void)reader_u8(r);
	(void)reader_u8(r);
	assert_int_equal(reader_u8(r), copy);
	(void)reader_u8(r);
	(void)reader_u64(r);
	reader_cstring(r, id, sizeof id);
	return reader_u8(r);
}

static uint32_t
waiting_for(struct user *u, const char *jid)
{
	struct buffer b;

	assert_int_equal(user_call(u, M_WAITING, body(&b, "s", jid)), 0);
	return reader_u32(&u->r);
}

static int
shown_by(struct user *u, const char *jid, const uint8_t *handle)
{
	struct buffer b;

	return user_call(u, M_SHOWN, body(&b, "sh", jid, handle));
}

static void
test_what_a_sibling_sent(void **state)
{
	struct stage s;
	struct user *second, *late;
	uint8_t handle[HANDLE_SIZE], received[HANDLE_SIZE];
	struct fixed f;

	(void)state;
	stage_open(&s);
	second = user_attached(s.juliet.w, 0, "second", JULIET);
	compose(&s.juliet, ROMEO, "m1", "one", handle);
	encrypt_until_done(&s.juliet, &s.romeo, handle, &f);
	/* nothing is told before the server has it */
	assert_int_equal(waiting_for(second, JULIET), 0);
	assert_int_equal(deliver(&s.juliet, &s.romeo, f.p, f.len, "", received),
	    VERDICT_NEW);
	sent(&s.juliet, handle);
	user_event(second, M_EVENT_MESSAGE, NULL);
	assert_int_equal(
	    open_by(second, JULIET, handle, "one", JULIET, COPY_SIBLING), 0);
	/* offered, not yet shown: again; shown: no more */
	assert_int_equal(
	    open_by(second, JULIET, handle, "one", JULIET, COPY_SIBLING), 1);
	assert_int_equal(shown_by(second, JULIET, handle), 0);
	assert_int_equal(
	    open_by(second, JULIET, handle, "", "", 0), ERR_NOT_FOUND);
	assert_int_equal(waiting_for(second, JULIET), 0);
	/* never back to the one who wrote it */
	assert_int_equal(waiting(&s.juliet), 0);
	assert_int_equal(try_open(&s.juliet, handle), ERR_NOT_FOUND);
	/* one that comes later, also after a restart of the agent */
	user_free(second);
	restart(&s.juliet);
	late = user_attached(s.juliet.w, 0, "late", JULIET);
	assert_int_equal(waiting_for(late, JULIET), 1);
	assert_int_equal(
	    open_by(late, JULIET, handle, "one", JULIET, COPY_SIBLING), 0);
	assert_int_equal(waiting(&s.juliet), 0);
	/* the server's copy of it, as an archive has it, is no second one */
	assert_int_equal(
	    deliver(&s.juliet, &s.juliet, f.p, f.len, "a1", received),
	    VERDICT_OWN);
	assert_int_equal(waiting_for(late, JULIET), 1);
	user_free(late);
	free(f.p);
	stage_close(&s);
}

static void
test_composed_again_after_sent(void **state)
{
	struct stage s;
	uint8_t handle[HANDLE_SIZE], again[HANDLE_SIZE];
	struct fixed f;

	(void)state;
	stage_open(&s);
	compose(&s.juliet, ROMEO, "m1", "one", handle);
	encrypt_until_done(&s.juliet, &s.romeo, handle, &f);
	sent(&s.juliet, handle);
	compose(&s.juliet, ROMEO, "m1", "one", again);
	assert_memory_equal(again, handle, HANDLE_SIZE);
	assert_int_equal(outbox_rows(&s.juliet), 0);
	free(f.p);
	stage_close(&s);
}

static void
test_each_name_once(void **state)
{
	struct stage s;
	struct user *second;
	uint8_t handle[HANDLE_SIZE];

	(void)state;
	stage_open(&s);
	second = user_attached(s.romeo.w, 0, "second", ROMEO);
	send_text(&s.juliet, &s.romeo, "m1", "one", handle);
	user_event(second, M_EVENT_MESSAGE, NULL);
	expect_message(&s.romeo, handle, "one", JULIET, 1);
	assert_int_equal(waiting(&s.romeo), 0);
	assert_int_equal(waiting_for(second, ROMEO), 1);
	assert_int_equal(
	    open_by(second, ROMEO, handle, "one", JULIET, COPY_NONE), 0);
	assert_int_equal(shown_by(second, ROMEO, handle), 0);
	assert_int_equal(waiting_for(second, ROMEO), 0);
	user_free(second);
	stage_close(&s);
}

static void
test_what_was_read_makes_room(void **state)
{
	struct stage s;
	struct account *a;
	uint8_t first[HANDLE_SIZE], second[HANDLE_SIZE], third[HANDLE_SIZE];

	(void)state;
	stage_open(&s);
	compose(&s.romeo, JULIET, "hello", "no stranger", third);
	send_text(&s.juliet, &s.romeo, "m1", "read by somebody", first);
	expect_message(&s.romeo, first, "read by somebody", JULIET, 1);
	send_text(&s.juliet, &s.romeo, "m2", "read by nobody", second);
	a = account_find(s.romeo.w->k, ROMEO);
	a->messages.octets = LIMIT_WAITING_BYTES; /* as if it were */
	send_text(&s.juliet, &s.romeo, "m3", "new", third);
	assert_int_equal(try_open(&s.romeo, first), ERR_NOT_FOUND);
	assert_int_equal(try_open(&s.romeo, second), 0);
	assert_int_equal(try_open(&s.romeo, third), 0);
	stage_close(&s);
}

static void
test_age_takes_only_what_was_read(void **state)
{
	struct stage s;
	struct account *a;
	struct keeper *k;
	uint8_t first[HANDLE_SIZE], second[HANDLE_SIZE];
	int i;

	(void)state;
	stage_open(&s);
	send_text(&s.juliet, &s.romeo, "m1", "read", first);
	expect_message(&s.romeo, first, "read", JULIET, 1);
	send_text(&s.juliet, &s.romeo, "m2", "not read", second);
	k = s.romeo.w->k;
	a = account_find(k, ROMEO);
	assert_int_equal(a->messages.n, 2);
	a->messages.v[0].time = a->messages.v[1].time = 1;
	purge_start(k);
	for (i = 0; i < 1000 && a->messages.n == 2; i++)
		assert_int_equal(waiting(&s.romeo), 1);
	assert_int_equal(a->messages.n, 1);
	assert_int_equal(try_open(&s.romeo, first), ERR_NOT_FOUND);
	assert_int_equal(try_open(&s.romeo, second), 0);
	stage_close(&s);
}

static int
setup(void **state)
{
	(void)state;
	world_setup();
	return 0;
}

/* The window is the user's: longer, shorter, none; what is unknown, or too
 * long, refuses all of it. */
static void
test_window(void **state)
{
	struct stage s;
	struct buffer b;
	uint8_t first[HANDLE_SIZE], second[HANDLE_SIZE];
	struct account *a;

	(void)state;
	stage_open(&s);
	a = account_find(s.romeo.w->k, ROMEO);
	assert_int_equal(a->window, WINDOW_DEFAULT);
	send_text(&s.juliet, &s.romeo, "m1", "one", first);
	expect_message(&s.romeo, first, "one", JULIET, 1);
	/* nothing, too long, and something beside what is not known */
	assert_int_equal(
	    user_call(s.romeo.admin, M_CONSTRAIN, body(&b, "s4", ROMEO, 0U)),
	    ERR_ARGUMENT);
	assert_int_equal(user_call(s.romeo.admin, M_CONSTRAIN,
			     body(&b, "s418", ROMEO, 1U, CONSTRAIN_WINDOW,
				 (uint64_t)LIMIT_WINDOW + 1)),
	    ERR_ARGUMENT);
	assert_int_equal(user_call(s.romeo.admin, M_CONSTRAIN,
			     body(&b, "s41818", ROMEO, 2U, CONSTRAIN_WINDOW,
				 (uint64_t)0, 99, (uint64_t)1)),
	    ERR_UNSUPPORTED);
	assert_int_equal(a->window, WINDOW_DEFAULT);
	assert_int_equal(
	    user_call(s.romeo.front, M_CONSTRAIN,
		body(&b, "s418", ROMEO, 1U, CONSTRAIN_WINDOW, (uint64_t)0)),
	    ERR_RIGHT);
	/* longer: what is a day old and was read stays */
	assert_int_equal(user_call(s.romeo.admin, M_CONSTRAIN,
			     body(&b, "s418", ROMEO, 1U, CONSTRAIN_WINDOW,
				 (uint64_t)LIMIT_WINDOW)),
	    0);
	a->messages.v[0].time -= 2 * WINDOW_DEFAULT;
	purge_start(s.romeo.w->k);
	send_text(&s.juliet, &s.romeo, "m2", "two", second);
	assert_int_equal(a->messages.n, 2);
	/* none: what was read goes now, the other when one has read it */
	assert_int_equal(
	    user_call(s.romeo.admin, M_CONSTRAIN,
		body(&b, "s418", ROMEO, 1U, CONSTRAIN_WINDOW, (uint64_t)0)),
	    0);
	restart(&s.romeo);
	a = account_find(s.romeo.w->k, ROMEO);
	assert_int_equal(a->window, 0);
	while (a->messages.n > 1)
		assert_int_equal(waiting(&s.romeo), 1);
	expect_message(&s.romeo, second, "two", JULIET, 0);
	assert_int_equal(try_open(&s.romeo, second), ERR_NOT_FOUND);
	assert_int_equal(a->messages.n, 0);
	stage_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_sibling_sent),
		cmocka_unit_test(test_composed_again_after_sent),
		cmocka_unit_test(test_each_name_once),
		cmocka_unit_test(test_what_was_read_makes_room),
		cmocka_unit_test(test_age_takes_only_what_was_read),
		cmocka_unit_test(test_window),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
