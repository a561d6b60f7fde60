/* SPDX-License-Identifier: ISC */
/*
 * A composed message that waits for its readers to be shown goes out when
 * they are, whatever comes in meanwhile: what nobody can read, and a disk
 * that was full for a moment.
 */
#include "check.h"
#include "keeper_flow.h"

/* ENCRYPT until it answers WAIT; the front has been told. */
static void
until_wait(struct side *s, struct side *peer, const uint8_t *handle)
{
	int i, status = ENCRYPT_NEED;

	for (i = 0; i < 4 && status == ENCRYPT_NEED; i++)
		if ((status = try_encrypt(s, handle)) == ENCRYPT_NEED)
			answer_needs(s, peer);
	assert_int_equal(status, ENCRYPT_WAIT);
	user_event(s->front, M_EVENT_READERS, NULL);
}

static void
goes_out(struct side *s, struct side *peer, const uint8_t *handle)
{
	struct fixed f;

	assert_true(show_readers(s, handle) > 0);
	user_event(s->net, M_EVENT_READY, NULL);
	encrypt_until_done(s, peer, handle, &f);
	free(f.p);
}

/* An element that nobody can read. */
static int
deliver_garbage(struct side *to, const char *from)
{
	struct buffer b;

	return user_call(to->net, M_DECRYPT,
	    body(&b, "s1s41s1s841ff1fs", to->jid, NS_LEGACY, from, 77U,
		PATH_DIRECT, from, KIND_CHAT, "stanza", (uint64_t)0, 1U, 0,
		"\x33garbage", (size_t)8, "twelve octet", (size_t)12, 1,
		"payload", (size_t)7, ""));
}

static void
test_garbage(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct stage s;

	(void)state;
	stage_open(&s);
	compose(&s.juliet, ROMEO, "one", "hello", handle);
	until_wait(&s.juliet, &s.romeo, handle);
	assert_true(deliver_garbage(&s.juliet, "mallory@evil.example") < 0);
	assert_int_equal(s.juliet.w->k->accounts->stale, 0);
	goes_out(&s.juliet, &s.romeo, handle);
	stage_close(&s);
}

static void
test_refused(void **state)
{
	uint8_t handle[HANDLE_SIZE], other[HANDLE_SIZE];
	struct stage s;

	(void)state;
	stage_open(&s);
	compose(&s.juliet, ROMEO, "one", "hello", handle);
	until_wait(&s.juliet, &s.romeo, handle);
	s.juliet.w->refuse = 1;
	assert_int_equal(
	    try_compose(&s.juliet, ROMEO, "two", "again", other), ERR_RETRY);
	goes_out(&s.juliet, &s.romeo, handle);
	stage_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_refused),
	};

	world_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
