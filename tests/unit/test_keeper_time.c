/* SPDX-License-Identifier: ISC */
/*
 * What time alone does: work that is not done goes to another net; the private
 * half of a used prekey goes after a day, or with the archive's end. The clock
 * of this program jumps.
 */
#include <sys/syscall.h>

#include <time.h>

#include "check.h"
#include "keeper_flow.h"
/* after it */
#include "../../agent/peer.h"
#include "../../agent/prekeys.h"
#include "../../agent/purge.h"
#include "../../agent/work.h"

static time_t jump; /* seconds */

/* In the place of libc's. */
int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int r = (int)syscall(SYS_clock_gettime, id, ts);

	ts->tv_sec += jump;
	return r;
}

static void
stop(void *arg)
{
	loop_stop(arg, 0);
}

/* What is due is done. */
static void
pass(struct stage *s, time_t seconds)
{
	int i;

	jump += seconds;
	for (i = 0; i < 4; i++) {
		must(loop_timer(s->loop, 1, stop, s->loop) != NULL);
		(void)loop_run(s->loop);
	}
}

static struct user *
second_net(struct side *s)
{
	struct user *u = user_attached(s->w, 1, "other", s->jid);
	struct buffer b;

	/* it has read the own list as well */
	assert_int_equal(user_call(u, M_DEVICES,
			     body(&b, "s1s144", s->jid, NS_LEGACY, s->jid,
				 LIST_READ, 1U, s->device)),
	    0);
	user_forget_events(u);
	return u;
}

static uint64_t
asks(struct user *u, const char *jid)
{
	struct buffer b;

	assert_int_equal(user_call(u, M_WORK, body(&b, "s", jid)), 0);
	return reader_u64(&u->r);
}

/* The bundle: a net that took it and does nothing has it for 15 s. */
static void
test_publication_is_handed_on(void **state)
{
	struct item item;
	struct user *other;
	struct stage s;

	(void)state;
	stage_open(&s);
	other = second_net(&s.juliet);
	publish_again(&s.juliet);
	assert_int_equal(next_work(&s.juliet, &item), WORK_BUNDLE);
	assert_int_equal(next_work(&s.juliet, NULL), WORK_DEVICES);
	assert_int_equal(asks(other, JULIET), 0);
	user_forget_events(other);
	pass(&s, WORK_HAND_ON_MS / 1000 - 2);
	assert_int_equal(other->nevents, 0);
	assert_int_equal(asks(other, JULIET), 0);
	pass(&s, 3);
	user_event(other, M_EVENT_WORK, NULL);
	assert_int_equal(asks(other, JULIET), item.item); /* the same */
	/* the first one wakes up, late: done is done */
	work_is_done(&s.juliet, item.item, WORK_OK);
	assert_int_equal(due_of(&s.juliet), DUE_ONE(DUE_DEVICES));
	user_free(other);
	stage_close(&s);
}

/* An empty message: another net sends the same octets. */
static void
test_empty_is_handed_on(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct item item, again;
	struct user *other, *first;
	struct buffer b;
	struct stage s;

	(void)state;
	stage_open(&s);
	/* Romeo has written to her; her key exchange is answered */
	compose(&s.romeo, JULIET, "m0", "known", handle);
	send_text(&s.juliet, &s.romeo, "m1", "one", handle);
	expect_message(&s.romeo, handle, "one", JULIET, 1);
	other = second_net(&s.romeo);
	assert_int_equal(next_work(&s.romeo, &item), WORK_BUNDLE);
	work_is_done(&s.romeo, item.item, WORK_OK);
	caught_up(&s.romeo);
	assert_int_equal(
	    user_call(other, M_CURSOR, body(&b, "ss1s", ROMEO, "", 1, "")), 0);
	assert_int_equal(next_work(&s.romeo, &item), WORK_EMPTY);
	assert_int_equal(asks(other, ROMEO), 0);
	user_forget_events(other);
	pass(&s, WORK_HAND_ON_MS / 1000 + 1);
	user_event(other, M_EVENT_WORK, NULL);
	first = s.romeo.net;
	s.romeo.net = other;
	assert_int_equal(next_work(&s.romeo, &again), WORK_EMPTY);
	assert_int_equal(again.item, item.item);
	assert_string_equal(again.id, item.id);
	assert_int_equal(again.elementslen, item.elementslen);
	assert_memory_equal(again.elements, item.elements, item.elementslen);
	work_is_done(&s.romeo, again.item, WORK_OK);
	assert_int_equal(next_work(&s.romeo, NULL), WORK_NONE);
	s.romeo.net = first;
	assert_int_equal(asks(first, ROMEO), 0); /* once */
	free(item.elements);
	free(again.elements);
	user_free(other);
	stage_close(&s);
}

/* --- used prekeys ------------------------------------------------------------- */

static unsigned
used(struct side *s)
{
	struct txn *t = txn_begin(s->w->k->records);
	struct prekeys *p;
	unsigned n = 0;
	size_t i;

	must(prekeys_open(t, s->jid, NS_LEGACY, &p) == 0);
	for (i = 0; i < p->n; i++)
		n += p->v[i].used != 0;
	prekeys_release(p);
	txn_abort(t);
	return n;
}

static void
test_used_prekey_goes_after_a_day(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct stage s;

	(void)state;
	stage_open(&s);
	send_text(&s.juliet, &s.romeo, "m1", "one", handle);
	assert_int_equal(used(&s.romeo), 1);
	purge_start(s.romeo.w->k);
	pass(&s, 86400 - 60);
	assert_int_equal(used(&s.romeo), 1);
	purge_start(s.romeo.w->k);
	pass(&s, 120);
	assert_int_equal(used(&s.romeo), 0);
	stage_close(&s);
}

/* With two nets, when both have read to the end. */
static void
test_used_prekey_goes_with_the_archives_end(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct user *other;
	struct buffer b;
	struct stage s;

	(void)state;
	stage_open(&s);
	other = second_net(&s.romeo);
	send_text(&s.juliet, &s.romeo, "m1", "one", handle);
	caught_up(&s.romeo);
	assert_int_equal(used(&s.romeo), 1);
	assert_int_equal(
	    user_call(other, M_CURSOR, body(&b, "ss1s", ROMEO, "", 1, "")), 0);
	assert_int_equal(used(&s.romeo), 0);
	user_free(other);
	stage_close(&s);
}

/* --- strangers ---------------------------------------------------------------- */

/* So many, the first heard of first, a second after one another. */
static void
fill_strangers(struct side *s, size_t count, uint64_t from)
{
	struct txn *t = txn_begin(s->w->k->records);
	struct peer p;
	char jid[64];
	size_t i;

	for (i = 0; i < count; i++) {
		snprintf(jid, sizeof jid, "n%zu@crowd.lit", i);
		assert_int_equal(peer_open(t, s->jid, jid, &p), ERR_NOT_FOUND);
		p.n = 1;
		p.v[0].id = 1;
		p.v[0].sessions = 1;
		p.v[0].heard = from + i;
		assert_int_equal(peer_put(t, s->jid, &p), 0);
	}
	txn_commit(t);
}

static size_t
strangers(struct side *s)
{
	struct peer_counts c;

	assert_int_equal(user_call(s->front, M_LIST, NULL), 0);
	assert_int_equal(peer_count(s->w->k, s->jid, &c), 0);
	return c.strangers;
}

static void
test_strangers_go(void **state)
{
	uint64_t now = (uint64_t)time(NULL) + (uint64_t)jump;
	struct stage s;
	struct peer p;
	struct txn *t;

	(void)state;
	stage_open(&s);
	fill_strangers(&s.romeo, LIMIT_STRANGERS * 3 / 4, now - 10 * 86400);
	assert_int_equal(strangers(&s.romeo), LIMIT_STRANGERS * 3 / 4);
	purge_start(s.romeo.w->k);
	pass(&s, 1); /* many: the first of them */
	assert_int_equal(strangers(&s.romeo), LIMIT_STRANGERS * 3 / 4 - 1);
	t = txn_begin(s.romeo.w->k->records);
	assert_int_equal(
	    peer_open(t, ROMEO, "n0@crowd.lit", &p), ERR_NOT_FOUND);
	assert_int_equal(peer_open(t, ROMEO, "n1@crowd.lit", &p), 0);
	txn_abort(t);
	purge_start(s.romeo.w->k);
	pass(&s, 1); /* not so many: not before a month */
	assert_int_equal(strangers(&s.romeo), LIMIT_STRANGERS * 3 / 4 - 1);
	purge_start(s.romeo.w->k);
	pass(&s, 21 * 86400);
	assert_int_equal(strangers(&s.romeo), LIMIT_STRANGERS * 3 / 4 - 2);
	stage_close(&s);
}

/* A contact stays, however long ago; and what a stranger wrote is readable. */
static void
test_contacts_stay(void **state)
{
	uint8_t handle[HANDLE_SIZE], sent[HANDLE_SIZE];
	struct stage s;

	(void)state;
	stage_open(&s);
	send_text(&s.juliet, &s.romeo, "m1", "one", handle);
	assert_int_equal(strangers(&s.romeo), 1);
	purge_start(s.romeo.w->k);
	pass(&s, 31 * 86400);
	assert_int_equal(strangers(&s.romeo), 0);
	expect_message(&s.romeo, handle, "one", JULIET, 1);
	/* Juliet wrote to Romeo: he is her contact, and his session stays */
	purge_start(s.juliet.w->k);
	pass(&s, 31 * 86400);
	assert_int_equal(strangers(&s.juliet), 0);
	compose(&s.juliet, ROMEO, "m2", "two", sent);
	assert_true(try_encrypt(&s.juliet, sent) >= 0);
	stage_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_publication_is_handed_on),
		cmocka_unit_test(test_empty_is_handed_on),
		cmocka_unit_test(test_used_prekey_goes_after_a_day),
		cmocka_unit_test(test_used_prekey_goes_with_the_archives_end),
		cmocka_unit_test(test_strangers_go),
		cmocka_unit_test(test_contacts_stay),
	};

	world_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
