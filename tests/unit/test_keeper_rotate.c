/* SPDX-License-Identifier: ISC */
/*
 * Another identity in the place of this one: what was written to the old
 * device is read, nothing is sent from it, the server drops it, and a crash
 * or a full disk leaves the old device or the new one.
 */
#include "check.h"
#include "keeper_flow.h"
/* after it */
#include "../../agent/duties.h"
#include "../../agent/prekeys.h"
#include "../../agent/retired.h"

#define DAY 86400

static struct account *
account_of(struct side *s)
{
	struct account *a = account_find(s->w->k, s->jid);

	assert_non_null(a);
	return a;
}

/* ROTATE: the device that it answers, or the error. */
static int64_t
ask_rotate(struct side *s, int identity)
{
	struct buffer b;
	int err =
	    user_call(s->admin, M_ROTATE, body(&b, "s1", s->jid, identity));

	if (err == ERR_RIGHT) { /* the admin's connection is another one */
		must(user_call(s->admin, M_ELEVATE,
			 body(&b, "41s", RIGHT_ADMIN, SECRET_PASSPHRASE,
			     PASSPHRASE)) == 0);
		err = user_call(
		    s->admin, M_ROTATE, body(&b, "s1", s->jid, identity));
	}
	return err != 0 ? err : (int64_t)reader_u32(&s->admin->r);
}

/* The net was sent away: another one, which learns of n retired devices. */
static void
net_again(struct side *s, uint32_t retired)
{
	struct reader *r;

	user_free(s->net);
	s->net = user_attached(s->w, 1, "front", s->jid);
	r = &s->net->r;
	s->device = reader_u32(r);
	reader_cstring(r, s->cursor, sizeof s->cursor);
	(void)reader_u64(r);
	assert_int_equal(reader_u32(r), retired);
}

static void
rotate_identity(struct side *s, uint32_t retired)
{
	uint32_t was = s->device;

	assert_true(ask_rotate(s, 1) > 0);
	net_again(s, retired);
	assert_int_not_equal(s->device, was);
}

/* List and bundle of the new device are published. */
static void
publish_new(struct side *s, uint32_t old)
{
	struct item i;
	uint32_t ids[] = { old };

	assert_int_equal(hand_list(s, s->jid, LIST_READ, ids, 1), 0);
	assert_int_equal(
	    hand_list_in(s, NS_OMEMO2, s->jid, LIST_READ, ids, 1), 0);
	assert_int_equal(next_work(s, &i), WORK_BUNDLE);
	assert_int_equal(i.prekeys, LIMIT_PREKEYS);
	work_is_done(s, i.item, WORK_OK);
	assert_int_equal(next_work(s, &i), WORK_DEVICES);
	assert_int_equal(i.devices, 1); /* not the old one */
	assert_int_equal(i.first_device, s->device);
	work_is_done(s, i.item, WORK_OK);
}

/* DUTIES: how many; the first one's left. */
static uint32_t
duties(struct side *s, int *left)
{
	struct reader *r = &s->admin->r;
	char jid[256];
	uint32_t n;

	assert_int_equal(user_call(s->admin, M_DUTIES, NULL), 0);
	if ((n = reader_u32(r)) == 0)
		return 0;
	reader_cstring(r, jid, sizeof jid);
	(void)reader_u32(r);
	*left = reader_u8(r);
	return n;
}

static uint32_t
sid_of(const struct fixed *f)
{
	struct reader r;

	reader_init(&r, f->p, f->len);
	(void)reader_u32(&r);
	(void)reader_u8(&r);
	return reader_u32(&r);
}

/* Both have written once. */
static void
acquaint(struct stage *s)
{
	uint8_t h[HANDLE_SIZE];

	send_text(&s->juliet, &s->romeo, "1", "from juliet", h);
	expect_message(&s->romeo, h, "from juliet", JULIET, 1);
	send_text(&s->romeo, &s->juliet, "1", "from romeo", h);
	expect_message(&s->juliet, h, "from romeo", ROMEO, 1);
}

/* deliver() picks the keys of to->device: as the old one. */
static int
deliver_to(struct side *from, struct side *to, uint32_t device,
    const struct fixed *f, uint8_t *handle)
{
	uint32_t now = to->device;
	int verdict;

	to->device = device;
	verdict = deliver(from, to, f->p, f->len, "", handle);
	to->device = now;
	return verdict;
}

static void
test_in_flight(void **state)
{
	uint8_t composed[HANDLE_SIZE], h[HANDLE_SIZE];
	struct fixed flying, mine;
	struct item i;
	struct stage s;
	uint32_t old;

	(void)state;
	stage_open(&s);
	acquaint(&s);
	old = s.juliet.device;
	compose(&s.romeo, JULIET, "2", "in flight", composed);
	encrypt_until_done(&s.romeo, &s.juliet, composed, &flying);
	rotate_identity(&s.juliet, 1);
	publish_new(&s.juliet, old);
	/* read by the old device's session; again it is known */
	assert_int_equal(
	    deliver_to(&s.romeo, &s.juliet, old, &flying, h), VERDICT_NEW);
	expect_message(&s.juliet, h, "in flight", ROMEO, 0);
	assert_int_equal(
	    deliver_to(&s.romeo, &s.juliet, old, &flying, h), VERDICT_KNOWN);
	forget_messages(&s.juliet);
	assert_int_equal(deliver_to(&s.romeo, &s.juliet, old, &flying, NULL),
	    VERDICT_DUPLICATE);
	free(flying.p);
	/* he is told by an empty message of the new device */
	caught_up(&s.juliet);
	assert_int_equal(
	    hand_list(&s.juliet, ROMEO, LIST_READ, &s.romeo.device, 1), 0);
	assert_int_equal(next_work(&s.juliet, &i), WORK_FETCH_BUNDLE);
	assert_int_equal(hand_bundle(&s.juliet, &s.romeo), 0);
	assert_int_equal(next_work(&s.juliet, &i), WORK_EMPTY);
	mine.p = i.elements;
	mine.len = i.elementslen;
	assert_int_equal(sid_of(&mine), s.juliet.device);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, mine.p, mine.len, "", NULL),
	    VERDICT_EMPTY);
	free(mine.p);
	work_is_done(&s.juliet, i.item, WORK_OK);
	/* and what is sent comes from it */
	compose(&s.juliet, ROMEO, "3", "from the new one", composed);
	encrypt_until_done(&s.juliet, &s.romeo, composed, &mine);
	assert_int_equal(sid_of(&mine), s.juliet.device);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, mine.p, mine.len, "", h), VERDICT_NEW);
	free(mine.p);
	stage_close(&s);
}

/* A first message, a key exchange with the old device's prekeys. */
static void
test_exchange_in_flight(void **state)
{
	uint8_t composed[HANDLE_SIZE], h[HANDLE_SIZE];
	struct fixed flying;
	struct stage s;
	uint32_t old;

	(void)state;
	stage_open(&s);
	old = s.juliet.device;
	compose(&s.romeo, JULIET, "1", "who are you", composed);
	encrypt_until_done(&s.romeo, &s.juliet, composed, &flying);
	rotate_identity(&s.juliet, 1);
	publish_new(&s.juliet, old);
	assert_int_equal(
	    deliver_to(&s.romeo, &s.juliet, old, &flying, h), VERDICT_NEW);
	/* no prekey of ours was used */
	assert_int_equal(due_of(&s.juliet), 0);
	expect_message(&s.juliet, h, "who are you", ROMEO, 1);
	/* over a restart too */
	restart(&s.juliet);
	assert_int_equal(
	    deliver_to(&s.romeo, &s.juliet, old, &flying, h), VERDICT_KNOWN);
	forget_messages(&s.juliet);
	assert_int_equal(deliver_to(&s.romeo, &s.juliet, old, &flying, NULL),
	    VERDICT_DUPLICATE);
	free(flying.p);
	stage_close(&s);
}

/* Octets that are fixed do not change; what is not yet comes from the new. */
static void
test_outbox(void **state)
{
	uint8_t first[HANDLE_SIZE], second[HANDLE_SIZE], h[HANDLE_SIZE];
	struct fixed was, is;
	struct stage s;
	uint32_t old;

	(void)state;
	stage_open(&s);
	acquaint(&s);
	old = s.juliet.device;
	compose(&s.juliet, ROMEO, "2", "fixed", first);
	encrypt_until_done(&s.juliet, &s.romeo, first, &was);
	compose(&s.juliet, ROMEO, "3", "not yet", second);
	rotate_identity(&s.juliet, 1);
	assert_int_equal(try_encrypt(&s.juliet, first), ENCRYPT_DONE);
	take_elements(&s.juliet, &is);
	assert_int_equal(is.len, was.len);
	assert_memory_equal(is.p, was.p, was.len);
	assert_int_equal(sid_of(&is), old);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, is.p, is.len, "", h), VERDICT_NEW);
	free(is.p);
	free(was.p);
	publish_new(&s.juliet, old);
	encrypt_until_done(&s.juliet, &s.romeo, second, &is);
	assert_int_equal(sid_of(&is), s.juliet.device);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, is.p, is.len, "", h), VERDICT_NEW);
	free(is.p);
	stage_close(&s);
}

/* --- the end of the old device ---------------------------------------------------- */

static void
purge_at(struct side *s, uint64_t after)
{
	struct keeper *k = s->w->k;
	struct txn *t = txn_begin(k->records);

	must(retired_purge(k, t, account_of(s), clock_real() + after) == 0);
	txn_commit(t);
}

static void
test_end(void **state)
{
	uint8_t composed[HANDLE_SIZE];
	struct fixed flying;
	struct stage s;
	uint32_t old;

	(void)state;
	stage_open(&s);
	acquaint(&s);
	old = s.juliet.device;
	compose(&s.romeo, JULIET, "2", "late", composed);
	encrypt_until_done(&s.romeo, &s.juliet, composed, &flying);
	rotate_identity(&s.juliet, 1);
	purge_at(&s.juliet, RETIRED_S - 60);
	assert_int_equal(account_of(&s.juliet)->nretired, 1);
	/* a week, but the archive has not been read since */
	purge_at(&s.juliet, RETIRED_S + 60);
	assert_int_equal(account_of(&s.juliet)->nretired, 1);
	purge_at(&s.juliet, RETIRED_MOST_S + 60);
	assert_int_equal(account_of(&s.juliet)->nretired, 0);
	assert_true(deliver_to(&s.romeo, &s.juliet, old, &flying, NULL) < 0);
	restart(&s.juliet);
	assert_true(deliver_to(&s.romeo, &s.juliet, old, &flying, NULL) < 0);
	rotate_identity(&s.juliet, 1);
	caught_up(&s.juliet);
	purge_at(&s.juliet, RETIRED_S + 60);
	assert_int_equal(account_of(&s.juliet)->nretired, 0);
	free(flying.p);
	stage_close(&s);
}

static void
test_limits(void **state)
{
	struct stage s;
	uint32_t device, first;
	unsigned n;
	int left;

	(void)state;
	stage_open(&s);
	first = s.juliet.device;
	for (n = 1; n <= LIMIT_RETIRED; n++) {
		assert_true(ask_rotate(&s.juliet, 1) > 0);
		net_again(&s.juliet, n);
		assert_true(is_retired(account_of(&s.juliet), first));
	}
	assert_true(ask_rotate(&s.juliet, 1) > 0); /* the oldest goes */
	net_again(&s.juliet, LIMIT_RETIRED);
	assert_false(is_retired(account_of(&s.juliet), first));
	for (n = LIMIT_RETIRED + 2; n <= LIMIT_DUTIES; n++)
		assert_true(ask_rotate(&s.juliet, 1) > 0);
	net_again(&s.juliet, LIMIT_RETIRED);
	device = s.juliet.device;
	assert_int_equal(duties(&s.juliet, &left), LIMIT_DUTIES);
	assert_int_equal(ask_rotate(&s.juliet, 1), ERR_FULL);
	assert_int_equal(
	    user_create(s.juliet.admin, "nurse@capulet.lit", 0), ERR_FULL);
	net_again(&s.juliet, LIMIT_RETIRED);
	assert_int_equal(s.juliet.device, device);
	assert_true(ask_rotate(&s.juliet, 0) > 0); /* needs no server */
	restart(&s.juliet);
	assert_int_equal(account_of(&s.juliet)->nretired, LIMIT_RETIRED);
	assert_int_equal(duties(&s.juliet, &left), LIMIT_DUTIES);
	stage_close(&s);
}

/* --- the server drops it ------------------------------------------------------------- */

/* What a net reads of the old device's bundle. */
static void
hand_old_bundle(struct side *s, uint32_t old, int status)
{
	struct buffer b;

	body(&b, "s1s41", s->jid, NS_LEGACY, s->jid, old, status);
	for (int i = 0; i < 5; i++)
		buffer_put_u32(&b, 0);
	assert_int_equal(user_call(s->net, M_BUNDLE, &b), 0);
}

/* What is left in 0.3.0. */
static int
left_here(struct side *s)
{
	return TAILQ_FIRST(&s->w->k->accounts->duties)->left[NS_LEGACY];
}

/* As if the time after which a thing is tried again had passed. */
static void
pass_time(struct side *s)
{
	struct duty *d;

	TAILQ_FOREACH(d, &s->w->k->accounts->duties, entry)
		d->until = 0;
	account_of(s)->devices[NS_LEGACY].until = 0;
}

static void
test_withdrawn(void **state)
{
	struct stage s;
	struct side *j = &s.juliet;
	struct item i;
	uint32_t old, both[2];
	int left = 0;

	(void)state;
	stage_open(&s);
	old = j->device;
	rotate_identity(j, 1);
	assert_int_equal(duties(j, &left), 1);
	assert_int_equal(left, DUTY_LIST | DUTY_BUNDLE | DUTY_READ);
	/* first what is there, then what is gone */
	publish_new(j, old);
	assert_int_equal(next_work(j, &i), WORK_WITHDRAW);
	work_is_done(j, i.item, WORK_FAILED);
	assert_int_equal(next_work(j, &i), WORK_NONE);
	restart(j); /* it is not forgotten */
	assert_int_equal(next_work(j, &i), WORK_WITHDRAW);
	work_is_done(j, i.item, WORK_OK);
	/* said to be read back, and was not */
	assert_int_equal(next_work(j, &i), WORK_VERIFY);
	work_is_done(j, i.item, WORK_OK);
	assert_int_equal(duties(j, &left), 1);
	assert_int_equal(left_here(j), DUTY_READ);
	pass_time(j);
	/* the list could be read, the bundle not */
	assert_int_equal(next_work(j, &i), WORK_VERIFY);
	assert_int_equal(hand_list(j, j->jid, LIST_READ, &j->device, 1), 0);
	hand_old_bundle(j, old, BUNDLE_UNREACHABLE);
	work_is_done(j, i.item, WORK_OK);
	assert_int_equal(duties(j, &left), 1);
	pass_time(j);
	/* the bundle is still there */
	assert_int_equal(next_work(j, &i), WORK_VERIFY);
	assert_int_equal(hand_list(j, j->jid, LIST_READ, &j->device, 1), 0);
	hand_old_bundle(j, old, BUNDLE_HERE);
	work_is_done(j, i.item, WORK_OK);
	assert_int_equal(duties(j, &left), 1);
	assert_int_equal(left_here(j), DUTY_BUNDLE | DUTY_READ);
	pass_time(j);
	assert_int_equal(next_work(j, &i), WORK_WITHDRAW);
	work_is_done(j, i.item, WORK_OK);
	/* and somebody lists it again: the list first, then once more */
	both[0] = old < j->device ? old : j->device;
	both[1] = old < j->device ? j->device : old;
	assert_int_equal(hand_list(j, j->jid, LIST_READ, both, 2), 0);
	assert_int_equal(next_work(j, &i), WORK_DEVICES);
	assert_int_equal(i.devices, 1);
	work_is_done(j, i.item, WORK_OK);
	/* a second time at once: later */
	assert_int_equal(hand_list(j, j->jid, LIST_READ, both, 2), 0);
	assert_int_equal(due_of(j), DUE_ONE(DUE_DEVICES));
	assert_int_equal(next_work(j, &i), WORK_NONE);
	pass_time(j);
	assert_int_equal(next_work(j, &i), WORK_DEVICES);
	work_is_done(j, i.item, WORK_OK);
	assert_int_equal(hand_list(j, j->jid, LIST_READ, &j->device, 1), 0);
	pass_time(j);
	assert_int_equal(next_work(j, &i), WORK_VERIFY);
	assert_int_equal(hand_list(j, j->jid, LIST_READ, &j->device, 1), 0);
	hand_old_bundle(j, old, BUNDLE_ABSENT);
	work_is_done(j, i.item, WORK_OK);
	/* the other version's is left */
	assert_int_equal(duties(j, &left), 1);
	assert_int_equal(left_here(j), 0);
	assert_int_equal(next_work_of_any(j, &i), WORK_WITHDRAW);
	assert_int_equal(i.ns, NS_OMEMO2);
	assert_int_equal(i.device, old);
	work_is_done(j, i.item, WORK_OK);
	assert_int_equal(duties(j, &left), 1);
	assert_int_equal(next_work(j, &i), WORK_NONE); /* read back */
	assert_int_equal(duties(j, &left), 0);
	restart(j);
	assert_int_equal(duties(j, &left), 0);
	stage_close(&s);
}

/* --- a refused commit, a crash ---------------------------------------------------------- */

/* Messages both ways with this device of Juliet's. */
static void
still_works(struct stage *s, const char *id)
{
	uint8_t h[HANDLE_SIZE];

	send_text(&s->romeo, &s->juliet, id, "still here", h);
	send_text(&s->juliet, &s->romeo, id, "so am I", h);
}

static void
test_refused(void **state)
{
	struct stage s;
	uint32_t old;
	int left;

	(void)state;
	stage_open(&s);
	acquaint(&s);
	old = s.juliet.device;
	s.juliet.w->refuse = 1;
	assert_int_equal(ask_rotate(&s.juliet, 1), ERR_RETRY);
	net_again(&s.juliet, 0);
	assert_int_equal(s.juliet.device, old);
	assert_int_equal(duties(&s.juliet, &left), 0);
	assert_int_equal(hand_list(&s.juliet, JULIET, LIST_READ, &old, 1), 0);
	assert_int_equal(
	    hand_own_bundle(&s.juliet, BUNDLE_HERE, &s.juliet.bundle), 0);
	assert_int_equal(hand_own_bundle_in(&s.juliet, NS_OMEMO2, BUNDLE_HERE,
			     &s.juliet.bundle2),
	    0);
	still_works(&s, "refused");
	s.juliet.w->refuse = 1;
	assert_int_equal(ask_rotate(&s.juliet, 0), ERR_RETRY);
	still_works(&s, "refused, the signed prekey");
	stage_close(&s);
}

static void
stop_loop(void *arg)
{
	loop_stop(arg, 0);
}

/* The agent dies so many turns after it was asked. */
static void
test_killed(void **state)
{
	struct buffer b;
	struct stage s;
	uint32_t old;
	unsigned turns, i, n = 0;
	int left;

	(void)state;
	for (turns = 0; turns < 6; turns++) {
		stage_open(&s);
		acquaint(&s);
		old = s.juliet.device;
		body(&b, "s1", JULIET, 1);
		must(connection_send(s.juliet.admin->c, M_ROTATE,
			 ++s.juliet.admin->id, b.data, b.len) == 0);
		buffer_free(&b);
		for (i = 0; i < turns; i++) {
			must(loop_timer(s.loop, 0, stop_loop, s.loop) != NULL);
			(void)loop_run(s.loop);
		}
		restart_alone(&s.juliet);
		attach(&s.juliet);
		n += s.juliet.device != old;
		assert_int_equal(
		    account_of(&s.juliet)->nretired, s.juliet.device != old);
		assert_int_equal(
		    duties(&s.juliet, &left), s.juliet.device != old);
		if (s.juliet.device != old)
			publish_new(&s.juliet, old);
		else {
			assert_int_equal(
			    hand_list(&s.juliet, JULIET, LIST_READ, &old, 1),
			    0);
			assert_int_equal(hand_own_bundle(&s.juliet, BUNDLE_HERE,
					     &s.juliet.bundle),
			    0);
			assert_int_equal(
			    hand_own_bundle_in(&s.juliet, NS_OMEMO2,
				BUNDLE_HERE, &s.juliet.bundle2),
			    0);
		}
		if (s.juliet.device == old)
			still_works(&s, "after the crash");
		stage_close(&s);
	}
	assert_int_not_equal(n, 0); /* both have been seen */
	assert_int_not_equal(n, turns);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_flight),
		cmocka_unit_test(test_exchange_in_flight),
		cmocka_unit_test(test_outbox),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_withdrawn),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_killed),
	};

	world_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
