/* SPDX-License-Identifier: ISC */
/*
 * An identity is destroyed: records, sessions, messages, and the keys of all
 * epochs that could open what the disk still has; what the server has of it
 * is remembered until it was read back as gone. A full disk, a lock and a
 * crash in the middle. Another device of the account is given up.
 */
#include "check.h"
#include "keeper_flow.h"
/* after it */
#include "../../agent/duties.h"
#include "../../agent/renew.h"
#include "../../agent/revoke.h"

static int
ask_revoke(struct side *s, uint32_t device)
{
	struct buffer b;

	return user_call(s->admin, M_REVOKE, body(&b, "s4", s->jid, device));
}

/* Records of an account that are still there; of all kinds but duties. */
static int
count_one(void *arg, const char *account, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	size_t *n = arg;

	(void)account;
	(void)name;
	(void)namelen;
	(void)p;
	(void)len;
	++*n;
	return 0;
}

static size_t
count_records(struct side *s)
{
	size_t n = 0;

	for (int kind = 1; kind < RECORD_KINDS; kind++)
		if (kind != RECORD_DUTY)
			must(records_each(s->w->k->records,
				 (enum record_kind)kind, s->jid, count_one,
				 &n) == 0);
	return n;
}

struct duty_told { /* the first row of DUTIES */
	uint32_t n, device, nets;
	int left, gone;
};

static struct duty_told
duties(struct side *s)
{
	struct reader *r = &s->admin->r;
	struct duty_told t = { 0 };
	char jid[256];

	assert_int_equal(user_call(s->admin, M_DUTIES, NULL), 0);
	if ((t.n = reader_u32(r)) == 0)
		return t;
	reader_cstring(r, jid, sizeof jid);
	assert_string_equal(jid, s->jid);
	t.device = reader_u32(r);
	t.left = reader_u8(r);
	t.gone = reader_u8(r);
	t.nets = reader_u32(r);
	return t;
}

static void
talk(struct stage *s, const char *id)
{
	uint8_t h[HANDLE_SIZE];

	send_text(&s->juliet, &s->romeo, id, "from juliet", h);
	send_text(&s->romeo, &s->juliet, id, "from romeo", h);
}

/* A net for the name alone. */
static void
duty_net(struct side *s)
{
	struct reader *r;

	user_free(s->net);
	s->net = user_attached(s->w, 1, "front", s->jid);
	r = &s->net->r;
	assert_int_equal(reader_u32(r), 0);
}

static void
hand_bundle_of(struct side *s, uint32_t device, int status)
{
	struct buffer b;

	body(&b, "s1s41", s->jid, NS_LEGACY, s->jid, device, status);
	for (int i = 0; i < 5; i++)
		buffer_put_u32(&b, 0);
	assert_int_equal(user_call(s->net, M_BUNDLE, &b), 0);
}

/* As if the time after which a thing is tried again had passed. */
static void
pass_time(struct side *s)
{
	struct duty *d;

	TAILQ_FOREACH(d, &s->w->k->accounts->duties, entry)
		d->until = 0;
}

/* One epoch is left, and every row is sealed under it. */
static void
only_one_epoch(struct side *s)
{
	struct records *r = s->w->k->records;
	struct entry *e;

	assert_int_equal(r->nepochs, 1);
	for (size_t i = KIND_RAW + 1; i < RECORD_KINDS; i++)
		TAILQ_FOREACH(e, &r->kinds[i], of_kind) {
			assert_non_null(e->durable);
			assert_int_equal(
			    e->durable->epoch, r->epochs[0].number);
		}
	for (size_t i = 0; i < s->w->nrows; i++) /* and so in the store */
		if (s->w->rows[i].key[31] > 3 || s->w->rows[i].key[0] != 0)
			assert_int_equal(
			    s->w->rows[i].value[5], r->epochs[0].number & 0xff);
}

static void
test_destroyed(void **state)
{
	struct stage s;
	struct side *j = &s.juliet;
	struct duty_told t;
	uint32_t epoch, device;
	struct buffer b;

	(void)state;
	stage_open(&s);
	talk(&s, "1");
	device = j->device;
	epoch = j->w->k->records->epochs[0].number;
	assert_true(count_records(j) > 5);
	assert_int_equal(ask_revoke(j, 0), 0);
	assert_int_equal(reader_u32(&j->admin->r), device);
	/* the answer comes when it is so */
	assert_int_equal(count_records(j), 0);
	only_one_epoch(j);
	assert_true(j->w->k->records->epochs[0].number > epoch);
	/* front and net were sent away */
	assert_int_equal(
	    user_call(j->front, M_WAITING, body(&b, "s", j->jid)), ERR_EOF);
	assert_int_equal(
	    user_call(j->net, M_WORK, body(&b, "s", j->jid)), ERR_EOF);
	t = duties(j);
	assert_int_equal(t.n, 1);
	assert_int_equal(t.device, device);
	assert_int_equal(t.left, DUTY_LIST | DUTY_BUNDLE | DUTY_READ);
	assert_int_equal(t.gone, 1);
	assert_int_equal(ask_revoke(j, 0), ERR_NOT_FOUND);
	restart_alone(j);
	assert_int_equal(duties(j).n, 1);
	assert_int_equal(count_records(j), 0);
	j->front = user_new(j->w); /* for the end */
	j->net = user_new(j->w);
	stage_close(&s);
}

static void
test_withdrawn(void **state)
{
	struct stage s;
	struct side *j = &s.juliet;
	uint32_t with[2], without[1] = { 77 };
	struct duty_told t;
	struct item i;
	struct buffer b;

	(void)state;
	stage_open(&s);
	talk(&s, "1");
	with[0] = 77;
	with[1] = j->device;
	assert_int_equal(ask_revoke(j, 0), 0);
	duty_net(j);
	assert_int_equal(duties(j).nets, 1);
	/* nothing is for it but this */
	assert_int_equal(
	    user_call(j->net, M_CURSOR, body(&b, "ss1s", j->jid, "", 1, "")),
	    ERR_NOT_FOUND);
	assert_int_equal(
	    hand_list(j, ROMEO, LIST_READ, with, 1), ERR_NOT_FOUND);
	assert_int_equal(next_work(j, &i), WORK_NONE);
	/* the list as it is, without ours */
	assert_int_equal(hand_list(j, j->jid, LIST_READ, with, 2), 0);
	assert_int_equal(next_work(j, &i), WORK_DEVICES);
	assert_int_equal(i.devices, 1);
	assert_int_equal(i.first_device, 77);
	work_is_done(j, i.item, WORK_OK);
	assert_int_equal(hand_list(j, j->jid, LIST_READ, without, 1), 0);
	assert_int_equal(next_work(j, &i), WORK_WITHDRAW);
	work_is_done(j, i.item, WORK_OK);
	assert_int_equal(next_work(j, &i), WORK_VERIFY);
	/* a net that goes in the middle */
	duty_net(j);
	assert_int_equal(next_work(j, &i), WORK_VERIFY);
	assert_int_equal(hand_list(j, j->jid, LIST_READ, without, 1), 0);
	hand_bundle_of(j, with[1], BUNDLE_ABSENT);
	assert_int_equal(duties(j).n, 1); /* not before it says so */
	/* nor before its records are gone: it is what names them after a crash */
	j->w->k->accounts->ending = (struct ending *)&s;
	work_is_done(j, i.item, WORK_OK);
	assert_int_equal(duties(j).n, 1);
	j->w->k->accounts->ending = NULL;
	TAILQ_FIRST(&j->w->k->accounts->duties)->until = 0;
	assert_int_equal(next_work(j, &i), WORK_VERIFY);
	assert_int_equal(hand_list(j, j->jid, LIST_READ, without, 1), 0);
	hand_bundle_of(j, with[1], BUNDLE_ABSENT);
	work_is_done(j, i.item, WORK_OK);
	/* and the same in the other version */
	assert_int_equal(next_work(j, &i), WORK_NONE);
	t = duties(j);
	assert_int_equal(t.n, 1);
	assert_int_equal(t.left, DUTY_LIST | DUTY_BUNDLE | DUTY_READ);
	assert_int_equal(
	    hand_list_in(j, NS_OMEMO2, j->jid, LIST_READ, with, 2), 0);
	assert_int_equal(next_work_of_any(j, &i), WORK_DEVICES);
	assert_int_equal(i.ns, NS_OMEMO2);
	assert_int_equal(i.devices, 1);
	assert_int_equal(i.first_device, 77);
	work_is_done(j, i.item, WORK_OK);
	assert_int_equal(next_work_of_any(j, &i), WORK_WITHDRAW);
	assert_int_equal(i.ns, NS_OMEMO2);
	assert_int_equal(i.device, with[1]);
	work_is_done(j, i.item, WORK_OK);
	assert_int_equal(next_work_of_any(j, &i), WORK_VERIFY);
	assert_int_equal(i.ns, NS_OMEMO2);
	/* what was read in the one says nothing of the other */
	assert_int_equal(hand_list(j, j->jid, LIST_READ, without, 1), 0);
	hand_bundle_of(j, with[1], BUNDLE_ABSENT);
	work_is_done(j, i.item, WORK_OK);
	assert_int_equal(duties(j).n, 1);
	pass_time(j);
	assert_int_equal(next_work_of_any(j, &i), WORK_VERIFY);
	hand_nothing2(j, with[1]);
	assert_int_equal(duties(j).n, 1);
	work_is_done(j, i.item, WORK_OK);
	assert_int_equal(duties(j).n, 0);
	restart_alone(j);
	assert_int_equal(duties(j).n, 0);
	j->front = user_new(j->w);
	j->net = user_new(j->w);
	stage_close(&s);
}

/* The same name again: not the old device, which it must not take for a
 * sibling either. */
static void
test_again(void **state)
{
	struct stage s;
	struct side *j = &s.juliet;
	uint32_t old;
	struct item i;

	(void)state;
	stage_open(&s);
	old = j->device;
	assert_int_equal(ask_revoke(j, 0), 0);
	duty_net(j);
	assert_int_equal(user_create(j->admin, j->jid, OTHERS_TRUST), 0);
	user_free(j->front);
	user_free(j->net);
	attach(j);
	assert_int_not_equal(j->device, old);
	assert_int_equal(hand_list(j, j->jid, LIST_READ, &old, 1), 0);
	assert_int_equal(
	    hand_list_in(j, NS_OMEMO2, j->jid, LIST_READ, &old, 1), 0);
	assert_int_equal(next_work(j, &i), WORK_BUNDLE);
	work_is_done(j, i.item, WORK_OK);
	assert_int_equal(next_work(j, &i), WORK_DEVICES);
	assert_int_equal(i.devices, 1);
	assert_int_equal(i.first_device, j->device);
	work_is_done(j, i.item, WORK_OK);
	assert_int_equal(next_work(j, &i), WORK_WITHDRAW);
	stage_close(&s);
}

/* --- a full disk, a lock, a crash ------------------------------------------------------ */

static void
test_refused(void **state)
{
	struct stage s;
	struct side *j = &s.juliet;
	size_t records;
	uint32_t device;

	(void)state;
	stage_open(&s);
	talk(&s, "1");
	device = j->device;
	records = count_records(j);
	j->w->refuse = 1;
	assert_int_equal(ask_revoke(j, 0), ERR_RETRY);
	assert_int_equal(duties(j).n, 0);
	assert_int_equal(count_records(j), records);
	user_free(j->front);
	user_free(j->net);
	attach(j);
	assert_int_equal(j->device, device);
	assert_int_equal(hand_list(j, j->jid, LIST_READ, &device, 1), 0);
	assert_int_equal(hand_own_bundle(j, BUNDLE_HERE, &j->bundle), 0);
	assert_int_equal(
	    hand_own_bundle_in(j, NS_OMEMO2, BUNDLE_HERE, &j->bundle2), 0);
	talk(&s, "2");
	stage_close(&s);
}

/* A crash between the two halves of a large account, in which records of an
 * identity that is gone are left. */
static void
test_orphans(void **state)
{
	struct stage s;
	struct side *j = &s.juliet;
	struct keeper *k;
	struct txn *t;
	size_t left = 0;

	(void)state;
	stage_open(&s);
	talk(&s, "1");
	k = j->w->k;
	t = txn_begin(k->records);
	assert_int_equal(duty_add(k, t, j->jid, j->device), 0);
	/* identity and prekeys, not the rest */
	assert_int_equal(txn_forget(t, j->jid, 2, &left), 0);
	assert_true(left > 3);
	txn_commit(t);
	assert_int_equal(duties(j).n, 1); /* durable */
	restart_alone(j);
	assert_int_equal(user_create(j->admin, j->jid, 0), ERR_RIGHT);
	while (revoke_runs(j->w->k))
		assert_int_equal(duties(j).n, 1);
	assert_int_equal(count_records(j), 0);
	only_one_epoch(j);
	j->front = user_new(j->w);
	j->net = user_new(j->w);
	stage_close(&s);
}

/* The second half is refused once: it is not taken for done. */
static void
test_refused_later(void **state)
{
	struct stage s;
	struct side *j = &s.juliet;
	struct keeper *k;
	struct txn *t;
	size_t left = 0;

	(void)state;
	stage_open(&s);
	talk(&s, "1");
	k = j->w->k;
	t = txn_begin(k->records);
	assert_int_equal(duty_add(k, t, j->jid, j->device), 0);
	assert_int_equal(txn_forget(t, j->jid, 2, &left), 0);
	account_drop(k, account_find(k, j->jid), NULL);
	txn_commit(t);
	assert_int_equal(duties(j).n, 1); /* durable */
	assert_true(left > 3 && count_records(j) == left);
	k->accounts->orphans = 1;
	revoke_resume(k);
	j->w->refuse = 1;
	while (revoke_runs(k))
		assert_int_equal(user_call(j->admin, M_STATUS, NULL), 0);
	assert_int_equal(j->w->refuse, 0);
	assert_int_equal(count_records(j), 0);
	only_one_epoch(j);
	stage_close(&s);
}

static void
stop_loop(void *arg)
{
	loop_stop(arg, 0);
}

/* The agent dies so many turns after it was asked: all of it, or nothing. */
static void
test_killed(void **state)
{
	unsigned turns, i, gone = 0;
	struct stage s;
	struct side *j = &s.juliet;
	struct buffer b;
	size_t records;

	(void)state;
	for (turns = 0; turns < 8; turns++) {
		stage_open(&s);
		talk(&s, "1");
		records = count_records(j);
		body(&b, "s4", j->jid, 0U);
		must(connection_send(j->admin->c, M_REVOKE, ++j->admin->id,
			 b.data, b.len) == 0);
		buffer_free(&b);
		for (i = 0; i < turns; i++) {
			must(loop_timer(s.loop, 0, stop_loop, s.loop) != NULL);
			(void)loop_run(s.loop);
		}
		restart_alone(j);
		if (duties(j).n == 1) {
			gone++;
			assert_int_equal(count_records(j), 0);
			j->front = user_new(j->w);
			j->net = user_new(j->w);
		} else {
			assert_int_equal(count_records(j), records);
			attach(j);
		}
		stage_close(&s);
	}
	assert_int_not_equal(gone, 0);
	assert_int_not_equal(gone, turns);
}

/* --- another device of the account ------------------------------------------------------- */

static void
test_other(void **state)
{
	struct stage s;
	struct side *j = &s.juliet;
	uint32_t both[2], other;
	struct account *a;
	struct item i;

	(void)state;
	stage_open(&s);
	other = j->device == 77 ? 78 : 77;
	both[0] = other < j->device ? other : j->device;
	both[1] = other < j->device ? j->device : other;
	assert_int_equal(hand_list(j, j->jid, LIST_READ, both, 2), 0);
	assert_int_equal(ask_revoke(j, j->device), ERR_ARGUMENT);
	assert_int_equal(ask_revoke(j, 4711), ERR_NOT_FOUND);
	assert_int_equal(due_of(j), 0);
	assert_int_equal(duties(j).n, 0);
	assert_int_equal(ask_revoke(j, other), 0);
	assert_int_equal(duties(j).device, other);
	assert_int_equal(duties(j).gone, 0);
	assert_int_equal(ask_revoke(j, other), ERR_NOT_FOUND);
	assert_int_equal(next_work(j, &i), WORK_DEVICES);
	assert_int_equal(i.devices, 1);
	assert_int_equal(i.first_device, j->device);
	work_is_done(j, i.item, WORK_OK);
	assert_int_equal(next_work(j, &i), WORK_WITHDRAW);
	work_is_done(j, i.item, WORK_OK);
	/* it puts itself back, again and again: ever more slowly */
	a = account_find(j->w->k, j->jid);
	for (unsigned n = 0; n < 10; n++) {
		assert_int_equal(hand_list(j, j->jid, LIST_READ, both, 2), 0);
		assert_int_equal(due_of(j), DUE_ONE(DUE_DEVICES));
		if (n > 0)
			assert_true(a->devices[NS_LEGACY].until > loop_now());
		a->devices[NS_LEGACY].until = 0; /* that time has passed */
		assert_int_equal(next_work(j, &i), WORK_DEVICES);
		assert_int_equal(i.devices, 1);
		work_is_done(j, i.item, WORK_OK);
		assert_int_equal(
		    hand_list(j, j->jid, LIST_READ, &j->device, 1), 0);
	}
	assert_true(a->returns[NS_LEGACY] <= 8);
	assert_true(is_withdrawn(a, other));
	restart(j);
	assert_true(is_withdrawn(account_find(j->w->k, j->jid), other));
	stage_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_destroyed),
		cmocka_unit_test(test_withdrawn),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_orphans),
		cmocka_unit_test(test_refused_later),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_other),
	};

	world_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
