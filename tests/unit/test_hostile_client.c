/* SPDX-License-Identifier: ISC */
/*
 * A program of the same user that has come in, and one that is restricted to
 * an account: how far each gets. And what a flood of one does to the others.
 */
#include "check.h"
/* cmocka first */
#include "hostile_body.h"

#define NURSE  "nurse@capulet.lit"
#define SECRET "what the nurse wrote"
#define TURNS  12
#define FLOOD  20000

/* Juliet's agent has two accounts; the nurse's has a text in its outbox. */
struct house {
	struct stage s;
	struct user *nurse; /* a front */
	uint8_t handle[HANDLE_SIZE];
};

static void
house_open(struct house *h)
{
	struct buffer b;

	stage_open(&h->s);
	assert_int_equal(
	    user_create(h->s.juliet.admin, NURSE, OTHERS_IGNORE), 0);
	h->nurse = user_attached(h->s.juliet.w, 0, "nurse", NURSE);
	assert_int_equal(user_call(h->nurse, M_COMPOSE,
			     body(&b, "ss1s41s", NURSE, ROMEO, KIND_CHAT, "n1",
				 1U, FORMAT_BODY, SECRET)),
	    0);
	reader_fixed(&h->nurse->r, h->handle, HANDLE_SIZE);
}

static void
house_close(struct house *h)
{
	user_free(h->nurse);
	stage_close(&h->s);
}

static int
speaks_of_an_account(const struct message *m)
{
	return m->link == LINK_CLIENT && !(m->flags & MESSAGE_EVENT) &&
	    strncmp(m->request, "account:s", 9) == 0;
}

/* --- restricted to another account ------------------------------------------------ */

/* With every right there is, but for Juliet alone. */
static void
test_other_account(void **state)
{
	struct hostile h = { .account = NURSE, .peer = ROMEO, .device = 7 };
	unsigned tried = 0;
	struct house house;
	struct user *u;
	struct buffer b;
	int err;

	(void)state;
	house_open(&house);
	h.handle = house.handle;
	h.key = house.s.romeo.u;
	u = user_new(house.s.juliet.w);
	assert_int_equal(user_hello(u), 0);
	assert_int_equal(
	    user_call(u, M_ELEVATE,
		body(&b, "41s", (uint32_t)(RIGHT_TRUST | RIGHT_ADMIN),
		    SECRET_PASSPHRASE, PASSPHRASE)),
	    0);
	assert_int_equal(user_restrict(u, RIGHTS_ALL, "narrow", JULIET), 0);
	for (h.turn = 0; h.turn < TURNS; h.turn++) {
		for (size_t i = 0; i < messages_count; i++) {
			if (!speaks_of_an_account(&messages[i]))
				continue;
			err = user_call(u, messages[i].type,
			    hostile_body(&h, &messages[i], &b));
			if (err == 0 || err == ERR_RIGHT)
				fail_msg("%s of another account: %s",
				    messages[i].name, err_text(err));
			assert_false(user_heard(u, SECRET, strlen(SECRET)));
			tried += err == ERR_ACCOUNT;
		}
	}
	/* nor does it see that the other is there */
	assert_int_equal(user_call(u, M_LIST, NULL), 0);
	assert_false(user_heard(u, NURSE, strlen(NURSE)));
	assert_int_equal(user_call(u, M_LOG, body(&b, "8", (uint64_t)0)), 0);
	assert_false(user_heard(u, NURSE, strlen(NURSE)));
	assert_true(tried > TURNS * 15);
	print_message("%u requests refused as another's\n", tried);
	/* all of it is as it was */
	assert_int_equal(
	    user_call(house.nurse, M_OUTBOX, body(&b, "s", NURSE)), 0);
	assert_int_equal(reader_u32(&house.nurse->r), 1);
	user_free(u);
	house_close(&house);
}

/* --- let in by nobody --------------------------------------------------------------- */

/* What needs trust or admin, before and after every ELEVATE that fails. */
static void
refused_all(struct house *house, struct user *u)
{
	struct hostile h = { .account = JULIET,
		.peer = ROMEO,
		.handle = house->handle,
		.key = house->s.romeo.u,
		.turn = 1 };
	struct buffer b;

	for (size_t i = 0; i < messages_count; i++)
		if (messages[i].link == LINK_CLIENT &&
		    (messages[i].right & (RIGHT_TRUST | RIGHT_ADMIN)))
			assert_int_equal(
			    user_call(u, messages[i].type,
				hostile_body(&h, &messages[i], &b)),
			    ERR_RIGHT);
}

static void
test_fresh(void **state)
{
	const uint32_t both = RIGHT_TRUST | RIGHT_ADMIN;
	struct house house;
	struct user *u;
	struct buffer b;

	(void)state;
	house_open(&house);
	u = user_new(house.s.juliet.w);
	assert_int_equal(user_hello(u), 0);
	refused_all(&house, u);
	/* no, by who is asked; a wrong guess; rights that there are not */
	house.s.juliet.w->ask_yes = 0;
	assert_int_equal(
	    user_call(u, M_ELEVATE, body(&b, "41s", both, SECRET_ASK, "")),
	    ERR_CANCELLED);
	refused_all(&house, u);
	assert_int_equal(user_call(u, M_ELEVATE,
			     body(&b, "41s", both, SECRET_PASSPHRASE, "guess")),
	    ERR_PASSPHRASE);
	refused_all(&house, u);
	assert_int_equal(
	    user_call(u, M_ELEVATE,
		body(&b, "41s", (uint32_t)RIGHT_TEXT, SECRET_ASK, "")),
	    ERR_ARGUMENT);
	assert_int_equal(
	    user_call(u, M_ELEVATE, body(&b, "41s", ~0U, SECRET_ASK, "")),
	    ERR_ARGUMENT);
	/* nor by saying that it has them */
	assert_int_equal(user_restrict(u, RIGHTS_ALL, "big", NULL), 0);
	assert_int_equal(reader_u32(&u->r), RIGHTS_INITIAL);
	refused_all(&house, u);
	user_free(u);
	house_close(&house);
}

/* --- a flood -------------------------------------------------------------------------- */

/* One net has thousands of requests on their way; another account's front is
 * answered before they are, again and again. */
static void
test_starves_nobody(void **state)
{
	struct house house;
	struct user *u;
	struct buffer b;
	uint32_t last;

	(void)state;
	house_open(&house);
	u = house.s.juliet.net;
	body(&b, "sh", JULIET, house.handle);
	u->answered = u->id;
	last = u->id + FLOOD;
	while (u->id < last)
		assert_int_equal(
		    connection_send(u->c, M_ENCRYPT, ++u->id, b.data, b.len),
		    0);
	buffer_free(&b);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(
		    user_call(house.nurse, M_OUTBOX, body(&b, "s", NURSE)), 0);
		assert_true(u->answered < last);
	}
	print_message("5 answers to the one, %u of %d to the flood\n",
	    u->answered - (last - FLOOD), FLOOD);
	while (u->answered < last)
		world_turn(house.s.juliet.w);
	house_close(&house);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_other_account),
		cmocka_unit_test(test_fresh),
		cmocka_unit_test(test_starves_nobody),
	};

	world_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
