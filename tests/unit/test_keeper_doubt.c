/* SPDX-License-Identifier: ISC */
/*
 * A state that may be an old one or a copy: noticed by the place of the
 * database and by the own bundle on the server; then no session is used until
 * the user says what it is, and after that messages flow both ways.
 */
#include "check.h"
/* cmocka first */
#include "keeper_flow.h"

/* --- the disk at another time ---------------------------------------------------- */

struct snapshot {
	struct stored *rows;
	size_t n;
};

static void
snapshot(struct world *w, struct snapshot *s)
{
	s->n = w->nrows;
	s->rows = calloc(s->n, sizeof *s->rows);
	must(s->rows != NULL);
	for (size_t i = 0; i < s->n; i++) {
		s->rows[i] = w->rows[i];
		s->rows[i].value = copy_of(w->rows[i].value, w->rows[i].len);
	}
}

static void
restore(struct world *w, struct snapshot *s)
{
	for (size_t i = 0; i < w->nrows; i++)
		free(w->rows[i].value);
	free(w->rows);
	w->rows = s->rows;
	w->nrows = s->n;
}

static unsigned
status_doubt(struct side *s)
{
	struct reader *r = &s->admin->r;

	assert_int_equal(user_call(s->admin, M_STATUS, NULL), 0);
	(void)reader_u8(r);
	(void)reader_u8(r);
	return reader_u8(r);
}

static int
adopt(struct side *s, int how)
{
	struct buffer b;

	assert_int_equal(
	    user_call(s->admin, M_ELEVATE,
		body(&b, "41s", RIGHT_ADMIN, SECRET_PASSPHRASE, PASSPHRASE)),
	    0);
	return user_call(s->admin, M_ADOPT, body(&b, "1", how));
}

/* Nothing that uses a session is answered; what is there can be read. */
static void
expect_refused(struct side *s, const uint8_t *handle)
{
	struct buffer b;
	uint8_t any[HANDLE_SIZE];

	assert_int_equal(try_compose(s, ROMEO, "new", "no", any), ERR_DOUBT);
	if (s->net != NULL) {
		assert_int_equal(try_encrypt(s, handle), ERR_DOUBT);
		assert_int_equal(
		    user_call(s->net, M_WORK, body(&b, "s", s->jid)),
		    ERR_DOUBT);
	}
	assert_int_equal(
	    user_call(s->front, M_OUTBOX, body(&b, "s", s->jid)), 0);
	assert_int_equal(
	    user_call(s->front, M_WAITING, body(&b, "s", s->jid)), 0);
}

static void
front_alone(struct side *s)
{
	s->front = user_attached(s->w, 0, "front", s->jid);
	s->net = NULL;
}

static int
try_attach_net(struct side *s)
{
	struct user *u = user_new(s->w);
	struct buffer b;
	int err;

	assert_int_equal(user_hello(u), 0);
	assert_int_equal(
	    user_call(u, M_RESTRICT,
		body(&b, "4s4", RIGHT_INFO | RIGHT_NETWORK, "n", (uint32_t)0)),
	    0);
	err = user_call(u, M_ATTACH_NET, body(&b, "s", s->jid));
	user_free(u);
	return err;
}

/* --- what the server has ------------------------------------------------------------- */

/* Ours as we made it; none; one of before; somebody else's. */
static void
test_own_bundle(void **state)
{
	struct stage s;
	struct item item;
	struct buffer old;
	uint8_t handle[HANDLE_SIZE];

	(void)state;
	stage_open(&s);
	assert_int_equal(
	    hand_own_bundle(&s.romeo, BUNDLE_HERE, &s.romeo.bundle), 0);
	assert_int_equal(due_of(&s.romeo), 0);
	buffer_init(&old, FRAME_MAX);
	buffer_put(&old, s.romeo.bundle.data, s.romeo.bundle.len);
	send_text(&s.juliet, &s.romeo, "m1", "one", handle);
	assert_int_equal(next_work(&s.romeo, &item), WORK_BUNDLE);
	work_is_done(&s.romeo, item.item, WORK_OK);
	assert_int_equal(
	    hand_own_bundle(&s.romeo, BUNDLE_HERE, &s.romeo.bundle), 0);
	assert_int_equal(due_of(&s.romeo), 0);
	/* the server has an older one again, none, or Juliet's */
	assert_int_equal(hand_own_bundle(&s.romeo, BUNDLE_HERE, &old), 0);
	assert_int_equal(due_of(&s.romeo), DUE_ONE(DUE_BUNDLE));
	assert_int_equal(next_work(&s.romeo, &item), WORK_BUNDLE);
	work_is_done(&s.romeo, item.item, WORK_OK);
	assert_int_equal(hand_own_bundle(&s.romeo, BUNDLE_ABSENT, NULL), 0);
	assert_int_equal(next_work(&s.romeo, &item), WORK_BUNDLE);
	work_is_done(&s.romeo, item.item, WORK_OK);
	assert_int_equal(
	    hand_own_bundle(&s.romeo, BUNDLE_HERE, &s.juliet.bundle), 0);
	assert_int_equal(due_of(&s.romeo), DUE_ONE(DUE_BUNDLE));
	assert_int_equal(
	    hand_own_bundle(&s.romeo, BUNDLE_UNREACHABLE, NULL), 0);
	assert_int_equal(status_doubt(&s.romeo), 0);
	buffer_free(&old);
	stage_close(&s);
}

/* After a restart it comes first, of ENCRYPT and of WORK. */
static void
test_compared_first(void **state)
{
	struct stage s;
	struct item item;
	uint8_t handle[HANDLE_SIZE];
	struct reader *r;
	char jid[256];

	(void)state;
	stage_open(&s);
	send_text(&s.juliet, &s.romeo, "m1", "one", handle);
	restart_alone(&s.juliet);
	attach(&s.juliet);
	compose(&s.juliet, ROMEO, "m2", "two", handle);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_NEED);
	r = &s.juliet.net->r;
	assert_true(reader_u32(r) > 0);
	reader_cstring(r, jid, sizeof jid);
	assert_string_equal(jid, JULIET);
	assert_int_equal(reader_u8(r), NS_LEGACY);
	assert_int_equal(reader_u32(r), s.juliet.device);
	assert_int_equal(next_work(&s.juliet, &item), WORK_FETCH_BUNDLE);
	assert_string_equal(item.to, JULIET);
	assert_int_equal(
	    hand_own_bundle(&s.juliet, BUNDLE_HERE, &s.juliet.bundle), 0);
	work_is_done(&s.juliet, item.item, WORK_OK);
	assert_int_equal(
	    hand_list(&s.juliet, JULIET, LIST_READ, &s.juliet.device, 1), 0);
	assert_int_equal(next_work(&s.juliet, NULL), WORK_NONE);
	send_text(&s.juliet, &s.romeo, "m3", "three", handle);
	stage_close(&s);
}

/* Romeo's state goes back to before his prekey was used. */
static void
roll_back(struct stage *s, uint8_t handle[HANDLE_SIZE])
{
	struct snapshot then;
	struct item item;
	struct buffer bundle;

	compose(&s->romeo, JULIET, "early", "not sent", handle);
	snapshot(s->romeo.w, &then);
	send_text(&s->juliet, &s->romeo, "m1", "one", handle);
	assert_int_equal(next_work(&s->romeo, &item), WORK_BUNDLE);
	work_is_done(&s->romeo, item.item, WORK_OK);
	restore(s->romeo.w, &then);
	/* restart, as nets do it: the own bundle is the first thing */
	buffer_init(&bundle, FRAME_MAX);
	buffer_put(&bundle, s->romeo.bundle.data, s->romeo.bundle.len);
	restart_alone(&s->romeo);
	attach(&s->romeo);
	assert_int_equal(status_doubt(&s->romeo), 0);
	assert_int_equal(
	    hand_own_bundle(&s->romeo, BUNDLE_HERE, &bundle), ERR_DOUBT);
	buffer_free(&bundle);
}

static void
test_later_bundle(void **state)
{
	struct stage s;
	uint8_t handle[HANDLE_SIZE], u[32];
	struct buffer b;
	uint32_t old;

	(void)state;
	stage_open(&s);
	old = s.romeo.device;
	memcpy(u, s.romeo.u, sizeof u);
	roll_back(&s, handle);
	assert_int_equal(status_doubt(&s.romeo), DOUBT_SERVER);
	expect_refused(&s.romeo, handle);
	assert_int_equal(try_attach_net(&s.romeo), ERR_DOUBT);
	/* also after a restart, and the bundle cannot talk it away */
	restart_alone(&s.romeo);
	front_alone(&s.romeo);
	assert_int_equal(status_doubt(&s.romeo), DOUBT_SERVER);
	expect_refused(&s.romeo, handle);
	assert_int_equal(try_attach_net(&s.romeo), ERR_DOUBT);
	/* the user says so, and must be the user */
	assert_int_equal(
	    user_call(s.romeo.admin, M_ADOPT, body(&b, "1", ADOPT_MOVED)),
	    ERR_RIGHT);
	assert_int_equal(adopt(&s.romeo, 2), ERR_ARGUMENT);
	/* who is wrong about it: it would use keys twice */
	assert_int_equal(adopt(&s.romeo, ADOPT_MOVED), ERR_DOUBT);
	assert_int_equal(status_doubt(&s.romeo), DOUBT_SERVER);
	assert_int_equal(try_attach_net(&s.romeo), ERR_DOUBT);
	assert_int_equal(adopt(&s.romeo, ADOPT_COPIED), 0);
	assert_int_equal(status_doubt(&s.romeo), 0);
	user_free(s.romeo.front);
	attach(&s.romeo);
	assert_int_not_equal(s.romeo.device, old);
	assert_memory_equal(s.romeo.u, u, sizeof u);
	stage_close(&s);
}

/* A copy becomes a device of its own; who it was is left in peace. */
static void
test_copied(void **state)
{
	struct stage s;
	struct item item;
	uint8_t handle[HANDLE_SIZE];
	uint32_t old, both[2];
	uint8_t u[32];

	(void)state;
	stage_open(&s);
	send_text(&s.romeo, &s.juliet, "m0", "zero", handle);
	expect_message(&s.juliet, handle, "zero", ROMEO, 1);
	compose(&s.romeo, JULIET, "early", "not sent", handle);
	old = s.romeo.device;
	memcpy(u, s.romeo.u, sizeof u);
	s.romeo.w->place = (struct place){ { 1 }, 2, 3 };
	restart(&s.romeo);
	s.romeo.w->place.birth = 4;
	restart_alone(&s.romeo);
	front_alone(&s.romeo);
	assert_int_equal(status_doubt(&s.romeo), DOUBT_PLACE);
	assert_int_equal(adopt(&s.romeo, ADOPT_COPIED), 0);
	assert_int_equal(reader_u32(&s.romeo.admin->r), 1);
	user_event(s.romeo.front, M_EVENT_FAILED, NULL);
	assert_int_equal(outbox_rows(&s.romeo), 0);
	user_free(s.romeo.front);
	attach(&s.romeo);
	assert_int_not_equal(s.romeo.device, old);
	assert_memory_equal(s.romeo.u, u, sizeof u);
	assert_string_equal(s.romeo.cursor, "");
	/* the old id leaves the lists once */
	assert_int_equal(
	    hand_list_in(&s.romeo, NS_OMEMO2, ROMEO, LIST_READ, &old, 1), 0);
	assert_int_equal(hand_list(&s.romeo, ROMEO, LIST_READ, &old, 1), 0);
	assert_int_equal(next_work(&s.romeo, &item), WORK_BUNDLE);
	work_is_done(&s.romeo, item.item, WORK_OK);
	assert_int_equal(next_work(&s.romeo, &item), WORK_DEVICES);
	assert_int_equal(item.devices, 1);
	assert_int_equal(item.first_device, s.romeo.device);
	work_is_done(&s.romeo, item.item, WORK_OK);
	assert_int_equal(next_work(&s.romeo, &item), WORK_NONE);
	assert_int_equal(
	    hand_list(&s.romeo, ROMEO, LIST_READ, &s.romeo.device, 1), 0);
	/* and may come back: the other copy lives */
	both[0] = old;
	both[1] = s.romeo.device;
	assert_int_equal(hand_list(&s.romeo, ROMEO, LIST_READ, both, 2), 0);
	assert_int_equal(due_of(&s.romeo), 0);
	assert_int_equal(
	    hand_list(&s.romeo, ROMEO, LIST_READ, &s.romeo.device, 1), 0);
	/* contacts that it had a session with hear of the new device */
	caught_up(&s.romeo);
	assert_int_equal(next_work(&s.romeo, &item), WORK_FETCH_BUNDLE);
	assert_string_equal(item.to, JULIET);
	assert_int_equal(hand_bundle(&s.romeo, &s.juliet), 0);
	work_is_done(&s.romeo, item.item, WORK_OK);
	assert_int_equal(next_work(&s.romeo, &item), WORK_EMPTY);
	assert_string_equal(item.to, JULIET);
	assert_int_equal(
	    hand_list(&s.juliet, ROMEO, LIST_READ, &s.romeo.device, 1), 0);
	assert_int_equal(deliver(&s.romeo, &s.juliet, item.elements,
			     item.elementslen, "", NULL),
	    VERDICT_EMPTY);
	free(item.elements);
	work_is_done(&s.romeo, item.item, WORK_OK);
	assert_int_equal(next_work(&s.romeo, NULL), WORK_NONE);
	/* contacts build sessions by themselves, in both directions */
	send_text(&s.romeo, &s.juliet, "m2", "two", handle);
	expect_message(&s.juliet, handle, "two", ROMEO, 1);
	assert_int_equal(
	    hand_list(&s.juliet, ROMEO, LIST_READ, &s.romeo.device, 1), 0);
	send_text(&s.juliet, &s.romeo, "m3", "three", handle);
	expect_message(&s.romeo, handle, "three", JULIET, 1);
	restart(&s.romeo);
	assert_int_equal(status_doubt(&s.romeo), 0);
	send_text(&s.juliet, &s.romeo, "m4", "four", handle);
	expect_message(&s.romeo, handle, "four", JULIET, 0);
	stage_close(&s);
}

/* --- where the database lies --------------------------------------------------------- */

static void
test_elsewhere(void **state)
{
	struct stage s;
	struct buffer b;
	struct item item;
	uint8_t handle[HANDLE_SIZE];

	(void)state;
	stage_open(&s);
	send_text(&s.juliet, &s.romeo, "m1", "one", handle);
	s.juliet.w->place = (struct place){ { 1 }, 2, 3 };
	restart(&s.juliet); /* from nowhere known: no doubt, remembered */
	assert_int_equal(status_doubt(&s.juliet), 0);
	s.juliet.w->place.birth = 4;
	restart_alone(&s.juliet);
	front_alone(&s.juliet);
	assert_int_equal(status_doubt(&s.juliet), DOUBT_PLACE);
	expect_refused(&s.juliet, handle);
	assert_int_equal(try_attach_net(&s.juliet), ERR_DOUBT);
	/* neither a lock nor a restart makes it true */
	assert_int_equal(user_call(s.juliet.admin, M_LOCK, NULL), 0);
	user_free(s.juliet.front);
	assert_int_equal(user_unlock(s.juliet.admin, PASSPHRASE), 0);
	assert_int_equal(status_doubt(&s.juliet), DOUBT_PLACE);
	assert_int_equal(adopt(&s.juliet, ADOPT_MOVED), 0);
	assert_int_equal(reader_u32(&s.juliet.admin->r), 1);
	assert_int_equal(status_doubt(&s.juliet), 0);
	/* a second time there is nothing to say */
	assert_int_equal(
	    user_call(s.juliet.admin, M_ADOPT, body(&b, "1", ADOPT_MOVED)), 0);
	assert_int_equal(reader_u32(&s.juliet.admin->r), 0);
	attach(&s.juliet);
	assert_int_equal(
	    hand_list(&s.juliet, JULIET, LIST_READ, &s.juliet.device, 1), 0);
	assert_int_equal(next_work(&s.juliet, &item), WORK_BUNDLE);
	/* no id that a lost state could have given out is given again */
	assert_true(item.last_prekey > 60000);
	work_is_done(&s.juliet, item.item, WORK_OK);
	assert_int_equal(next_work(&s.juliet, &item), WORK_DEVICES);
	work_is_done(&s.juliet, item.item, WORK_OK);
	send_text(&s.juliet, &s.romeo, "m2", "two", handle);
	expect_message(&s.romeo, handle, "two", JULIET, 1);
	send_text(&s.romeo, &s.juliet, "m3", "three", handle);
	expect_message(&s.juliet, handle, "three", ROMEO, 1);
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
		cmocka_unit_test(test_own_bundle),
		cmocka_unit_test(test_compared_first),
		cmocka_unit_test(test_later_bundle),
		cmocka_unit_test(test_copied),
		cmocka_unit_test(test_elsewhere),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
