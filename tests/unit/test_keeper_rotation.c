/* SPDX-License-Identifier: ISC */
/*
 * The signed prekey becomes another with time, and when its memory of key
 * exchanges fills, while the account's net stays where it is.
 */
#include "check.h"
#include "keeper_flow.h"
/* after it */
#include "../../agent/prekeys.h"
#include "../../agent/purge.h"

static uint32_t
current_id(struct side *s)
{
	struct txn *t = txn_begin(s->w->k->records);
	struct prekeys *p;
	uint32_t id;

	must(prekeys_open(t, s->jid, NS_LEGACY, &p) == 0);
	id = p->current.key.id;
	prekeys_release(p);
	txn_abort(t);
	return id;
}

/* As if it had been made so many days ago. */
static void
make_old(struct side *s, unsigned days)
{
	struct txn *t = txn_begin(s->w->k->records);
	struct prekeys *p;

	must(prekeys_open(t, s->jid, NS_LEGACY, &p) == 0);
	p->current.made -= days * 86400;
	must(prekeys_put(t, s->jid, NS_LEGACY, p) == 0);
	prekeys_release(p);
	txn_commit(t);
}

static void
fill_memory(struct side *s, uint32_t spk, unsigned n)
{
	uint8_t digest[16] = { 0 };
	struct txn *t;

	for (; n > 0; n--) {
		memcpy(digest, &n, sizeof n);
		t = txn_begin(s->w->k->records);
		must(kex_add(t, s->jid, NS_LEGACY, spk, digest) == 0);
		txn_commit(t);
		if (n % 64 == 0) /* what waits for the disk is bounded */
			assert_int_equal(due_of(s), 0);
	}
}

/* The purge comes round; then the net hears of work. */
static void
goes_round(struct side *s)
{
	user_forget_events(s->net);
	purge_start(s->w->k);
	user_event(s->net, M_EVENT_WORK, NULL);
}

static void
test_rotation(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s);
	make_old(&s.juliet, 6);
	assert_int_equal(due_of(&s.juliet), 0);
	assert_int_equal(current_id(&s.juliet), 1);
	make_old(&s.juliet, 1);
	goes_round(&s.juliet);
	assert_int_equal(current_id(&s.juliet), 2);
	assert_int_equal(due_of(&s.juliet), DUE_ONE(DUE_BUNDLE));
	stage_close(&s);
}

static void
test_full(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s);
	fill_memory(&s.juliet, 1, LIMIT_KEX_DIGESTS * 3 / 4);
	goes_round(&s.juliet);
	assert_int_equal(current_id(&s.juliet), 2);
	stage_close(&s);
}

/* Can a key exchange with this signed prekey be answered? */
static int
is_kept(struct side *s, uint32_t id)
{
	struct txn *t = txn_begin(s->w->k->records);
	struct prekeys *p;
	int found;

	must(prekeys_open(t, s->jid, NS_LEGACY, &p) == 0);
	found = prekeys_find_signed(p, id) != NULL;
	prekeys_release(p);
	txn_abort(t);
	return found;
}

static void
by_hand(struct side *s)
{
	struct buffer b;

	assert_int_equal(
	    user_call(s->admin, M_ROTATE, body(&b, "s1", s->jid, 0)), 0);
	assert_int_equal(reader_u32(&s->admin->r), s->device);
}

/* By hand; a bundle that was fetched before can still be used, for a period,
 * and the one-time prekey that it names is replaced. */
static void
test_by_hand(void **state)
{
	uint8_t composed[HANDLE_SIZE];
	struct fixed flying = { 0 };
	struct stage s;
	struct item i;

	(void)state;
	stage_open(&s);
	compose(&s.romeo, JULIET, "1", "with the old bundle", composed);
	encrypt_until_done(&s.romeo, &s.juliet, composed, &flying);
	by_hand(&s.juliet);
	assert_int_equal(current_id(&s.juliet), 2);
	assert_int_equal(due_of(&s.juliet), DUE_ONE(DUE_BUNDLE));
	by_hand(&s.juliet); /* at once again: both are kept */
	assert_true(is_kept(&s.juliet, 1));
	assert_true(is_kept(&s.juliet, 2));
	assert_int_equal(
	    deliver(&s.romeo, &s.juliet, flying.p, flying.len, "", NULL),
	    VERDICT_NEW);
	free(flying.p);
	assert_int_equal(next_work(&s.juliet, &i), WORK_BUNDLE);
	assert_int_equal(i.prekeys, LIMIT_PREKEYS);
	assert_int_equal(i.last_prekey, LIMIT_PREKEYS + 1);
	work_is_done(&s.juliet, i.item, WORK_OK);
	/* a period later the third follows, and the first two have had theirs */
	make_old(&s.juliet, SIGNED_DAYS);
	goes_round(&s.juliet);
	assert_int_equal(current_id(&s.juliet), 4);
	assert_true(is_kept(&s.juliet, 3));
	assert_false(is_kept(&s.juliet, 1));
	stage_close(&s);
}

static void
test_by_hand_often(void **state)
{
	struct stage s;
	uint32_t n;

	(void)state;
	stage_open(&s);
	for (n = 1; n <= SIGNED_KEPT; n++)
		by_hand(&s.juliet);
	assert_true(is_kept(&s.juliet, 1));
	by_hand(&s.juliet);
	assert_false(is_kept(&s.juliet, 1)); /* over the maximum */
	for (n = 2; n <= SIGNED_KEPT + 2; n++)
		assert_true(is_kept(&s.juliet, n));
	stage_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_by_hand_often),
	};

	world_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
