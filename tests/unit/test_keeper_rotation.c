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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_full),
	};

	world_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
