/* SPDX-License-Identifier: ISC */
/*
 * Maxima of agent/limits.h that no other test passes by one: connections,
 * unanswered requests, names, bundles, waiting handles, work, device ids given
 * up, remembered ratchet keys, reasons, slots.
 */
#include "../../agent/bundles.h"
#include "../../agent/readers.h"
#include "../../agent/renew.h"
#include "../../agent/sessions.h"
#include "../../agent/slots.h"
#include "../../agent/work.h"
#include "check.h"
#include "keeper_flow.h"

/* --- connections ------------------------------------------------------------ */

static void
test_clients(void **state)
{
	struct loop *loop = loop_new();
	struct user *all[LIMIT_CLIENTS], *more;
	struct world *w;
	size_t i;

	(void)state;
	assert_non_null(loop);
	w = world_new(loop);
	for (i = 0; i < LIMIT_CLIENTS; i++) {
		all[i] = user_new(w);
		assert_int_equal(user_hello(all[i]), 0);
	}
	assert_int_equal(w->k->nclients, LIMIT_CLIENTS);
	more = user_new(w);
	while (more->c != NULL && more->nevents == 0) {
		more->waiting = 1;
		world_turn(w); /* told why, or closed */
	}
	user_free(more);
	assert_int_equal(w->k->nclients, LIMIT_CLIENTS);
	for (i = 0; i < LIMIT_CLIENTS; i++) /* the others have not suffered */
		assert_int_equal(user_call(all[i], M_STATUS, NULL), 0);
	user_free(all[7]);
	assert_int_equal(user_call(all[0], M_STATUS, NULL), 0);
	all[7] = user_new(w); /* one has gone: there is room */
	assert_int_equal(user_hello(all[7]), 0);
	for (i = 0; i < LIMIT_CLIENTS; i++)
		user_free(all[i]);
	world_free(w);
	loop_free(loop);
	free(w);
}

struct sample { /* of a keeper, after each turn */
	struct keeper *k;
	uint32_t most;
};

static void
sample_pending(void *arg)
{
	struct sample *m = arg;
	struct client *c;

	if (m->k == NULL)
		return;
	TAILQ_FOREACH(c, &m->k->clients, entry)
		if (c->pending > m->most)
			m->most = c->pending;
}

/* All are answered, and no more than the maximum wait inside at any time. */
static void
test_pipeline(void **state)
{
	const uint32_t count = 3 * LIMIT_PIPELINE;
	struct sample m = { 0 };
	struct stage s;
	struct user *u;
	struct buffer b;
	uint32_t i;

	(void)state;
	stage_open(&s);
	u = s.juliet.front;
	m.k = s.juliet.w->k;
	assert_int_equal(loop_after(s.loop, sample_pending, &m), 0);
	for (i = 0; i < count; i++) { /* each waits for its commit */
		body(&b, "ss1s41s", JULIET, ROMEO, KIND_CHAT, "m", 1U,
		    FORMAT_BODY, "one of many");
		assert_int_equal(connection_send(u->c, M_COMPOSE, u->id + 1 + i,
				     b.data, b.len),
		    0);
		buffer_free(&b);
	}
	while (u->answered != u->id + count) {
		world_turn(s.juliet.w);
		assert_non_null(u->c);
	}
	u->id += count;
	m.k = NULL;
	assert_int_equal(u->type, M_REPLY);
	assert_int_equal(m.most, LIMIT_PIPELINE);
	assert_int_equal(user_call(u, M_STATUS, NULL), 0);
	stage_close(&s);
}

/* --- names ------------------------------------------------------------------ */

static void
test_jid(void **state)
{
	/* 1023 octets each; its domain in labels of 63 */
	char jid[LIMIT_JID + 2], *p = jid;
	struct loop *loop = loop_new();
	struct world *w;
	struct user *u;

	(void)state;
	assert_non_null(loop);
	w = world_new(loop);
	u = user_creator(w);
	memset(jid, 'd', sizeof jid);
	memset(p, 'l', 1023);
	p[1023] = '@';
	jid[2047] = '\0'; /* localpart, mark, domain */
	assert_int_equal(user_create(u, jid, OTHERS_IGNORE), 0);
	jid[2047] = 'd';
	jid[2048] = '\0'; /* its domain is one too long, or the whole is */
	memset(jid, 'l', LIMIT_JID + 1);
	jid[LIMIT_JID + 1] = '\0';
	jid[1] = '@';
	assert_true(user_create(u, jid, OTHERS_IGNORE) < 0);
	assert_int_equal(w->k->accounts->n, 1);
	user_free(u);
	world_free(w);
	loop_free(loop);
	free(w);
}

/* --- what an account keeps -------------------------------------------------- */

static void
number(uint8_t handle[HANDLE_SIZE], uint32_t i)
{
	memset(handle, 0, HANDLE_SIZE);
	memcpy(handle, &i, sizeof i);
}

static void
test_bundles(void **state)
{
	struct bundles *all = bundles_new();
	uint32_t i;

	(void)state;
	assert_non_null(all);
	for (i = 1; i <= LIMIT_BUNDLES; i++) {
		struct bundle *b =
		    bundles_make(all, JULIET, ROMEO, NS_LEGACY, i);
		assert_non_null(b);
		b->state = BUNDLE_GOOD;
	}
	assert_non_null(bundles_find(all, JULIET, ROMEO, NS_LEGACY, 1));
	assert_non_null(bundles_make(all, JULIET, ROMEO, NS_LEGACY, i));
	assert_null(bundles_find(all, JULIET, ROMEO, NS_LEGACY, 1));
	for (i = 2; i <= LIMIT_BUNDLES; i++)
		assert_non_null(bundles_find(all, JULIET, ROMEO, NS_LEGACY, i));
	bundles_free(all);
}

static void
test_waits(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct account *a;
	struct stage s;
	struct txn *t;
	uint32_t i;

	(void)state;
	stage_open(&s);
	a = account_find(s.juliet.w->k, JULIET);
	for (i = 0; i < LIMIT_WAITS; i++) {
		number(handle, i);
		assert_int_equal(readers_wait(s.juliet.w->k, a, handle), 0);
		assert_int_equal(readers_wait(s.juliet.w->k, a, handle), 0);
	}
	assert_int_equal(a->nwaits, LIMIT_WAITS);
	number(handle, i);
	assert_int_equal(readers_wait(s.juliet.w->k, a, handle), ERR_FULL);
	/* none of them is composed: all are over */
	t = txn_begin(s.juliet.w->k->records);
	readers_recheck(s.juliet.w->k, t, a);
	txn_abort(t);
	assert_int_equal(a->nwaits, 0);
	assert_int_equal(readers_wait(s.juliet.w->k, a, handle), 0);
	stage_close(&s);
}

/* Beyond the maximum an empty message is left to the next occasion. */
static void
test_work(void **state)
{
	struct account *a;
	struct keeper *k;
	struct stage s;
	struct txn *t;
	uint32_t i;

	(void)state;
	stage_open(&s);
	k = s.juliet.w->k;
	a = account_find(k, JULIET);
	for (i = 1; i <= LIMIT_WORK + 1; i++) {
		assert_non_null(t = txn_begin(k->records));
		assert_int_equal(
		    work_add_empty(k, t, a, ROMEO, i, NS_LEGACY), 0);
		txn_commit(t);
	}
	assert_int_equal(a->nwork, LIMIT_WORK);
	assert_int_equal(user_call(s.juliet.front, M_LIST, NULL), 0);
	restart_alone(&s.juliet);
	a = account_find(s.juliet.w->k, JULIET);
	assert_int_equal(a->nwork, LIMIT_WORK);
	attach(&s.juliet);
	stage_close(&s);
}

static void
test_withdrawn(void **state)
{
	struct account_record *rec = calloc(1, sizeof *rec);
	uint32_t i;

	(void)state;
	assert_non_null(rec);
	for (i = 1; i <= LIMIT_WITHDRAWN + 1; i++)
		withdraw(rec, i, WITHDRAW_FOR_GOOD);
	assert_int_equal(rec->nwithdrawn, LIMIT_WITHDRAWN);
	assert_int_equal(rec->withdrawn[0].id, 2); /* the oldest went */
	assert_int_equal(
	    rec->withdrawn[LIMIT_WITHDRAWN - 1].id, LIMIT_WITHDRAWN + 1);
	withdraw(rec, 5, WITHDRAW_ONCE); /* once only, now the newest */
	assert_int_equal(rec->nwithdrawn, LIMIT_WITHDRAWN);
	assert_int_equal(rec->withdrawn[0].id, 2);
	assert_int_equal(rec->withdrawn[LIMIT_WITHDRAWN - 1].id, 5);
	assert_int_equal(withdraw_done(rec), 1);
	assert_int_equal(rec->nwithdrawn, LIMIT_WITHDRAWN - 1);
	free(rec);
}

static void
test_ratchet_keys(void **state)
{
	struct session_ops o;
	struct account *a;
	uint8_t pub[32] = { 0 };
	struct stage s;
	struct txn *t;
	uint32_t i;

	(void)state;
	stage_open(&s);
	a = account_find(s.juliet.w->k, JULIET);
	for (i = 0; i <= LIMIT_RATCHET_KEYS; i++) {
		assert_non_null(t = txn_begin(s.juliet.w->k->records));
		session_ops_init(&o, t, a, ROMEO, NS_LEGACY, 7);
		if (i == LIMIT_RATCHET_KEYS) { /* all are still there */
			memset(pub, 0, sizeof pub);
			assert_int_equal(o.ops.ratchet_seen(o.ops.arg, pub), 1);
		}
		memcpy(pub, &i, sizeof i);
		assert_int_equal(o.ops.ratchet_seen(o.ops.arg, pub), 0);
		assert_int_equal(o.ops.ratchet_add(o.ops.arg, pub), 0);
		assert_int_equal(o.err, 0);
		txn_commit(t);
		assert_int_equal(user_call(s.juliet.front, M_LIST, NULL), 0);
	}
	assert_non_null(t = txn_begin(s.juliet.w->k->records));
	session_ops_init(&o, t, a, ROMEO, NS_LEGACY, 7);
	for (i = 0; i <= LIMIT_RATCHET_KEYS; i++) {
		memcpy(pub, &i, sizeof i);
		assert_int_equal(o.ops.ratchet_seen(o.ops.arg, pub), i != 0);
	}
	assert_int_equal(o.err, 0);
	txn_abort(t);
	stage_close(&s);
}

/* Nobody has read any of them: the one beyond waits at the server. */
static void
test_waiting(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct indexed e = { .len = 1 };
	struct account *a;
	struct fixed f;
	struct stage s;
	uint32_t i, had;

	(void)state;
	stage_open(&s);
	compose(&s.romeo, JULIET, "hello", "no stranger", handle);
	send_text(&s.juliet, &s.romeo, "m1", "the first", handle);
	a = account_find(s.romeo.w->k, ROMEO);
	had = (uint32_t)a->messages.n;
	for (i = had; i < LIMIT_WAITING - 1; i++) {
		number(e.handle, i);
		e.seq = account_seq(s.romeo.w->k);
		e.time = a->messages.v[0].time;
		assert_int_equal(index_reserve(&a->messages), 0);
		index_add(&a->messages, &e);
	}
	send_text(&s.juliet, &s.romeo, "m2", "the last", handle);
	assert_int_equal(a->messages.n, LIMIT_WAITING);
	compose(&s.juliet, ROMEO, "m3", "one too many", handle);
	encrypt_until_done(&s.juliet, &s.romeo, handle, &f);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "", NULL), ERR_FULL);
	a = account_find(s.romeo.w->k, ROMEO); /* one of them was read */
	for (i = had; i < LIMIT_WAITING - 1; i++) {
		number(e.handle, i);
		if (index_find(&a->messages, e.handle) != NULL)
			index_remove(&a->messages, e.handle);
	}
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "", handle), VERDICT_NEW);
	free(f.p);
	stage_close(&s);
}

static void
test_reason(void **state)
{
	char reason[LIMIT_REASON + 2], jid[256], got[512];
	uint8_t handle[HANDLE_SIZE], h[HANDLE_SIZE];
	struct buffer b, event;
	struct reader r;
	struct stage s;

	(void)state;
	stage_open(&s);
	memset(reason, 'r', sizeof reason);
	reason[LIMIT_REASON + 1] = '\0';
	compose(&s.juliet, ROMEO, "m1", "hello", handle);
	assert_int_equal(user_call(s.juliet.net, M_FAILED,
			     body(&b, "shs", JULIET, handle, reason)),
	    0);
	user_event(s.juliet.front, M_EVENT_FAILED, &event);
	reader_init(&r, event.data, event.len);
	reader_cstring(&r, jid, sizeof jid);
	reader_fixed(&r, h, sizeof h);
	assert_memory_equal(h, handle, sizeof h);
	reader_cstring(&r, got, sizeof got);
	assert_string_equal(got, "m1");
	(void)reader_u32(&r);
	reader_cstring(&r, got, sizeof got);
	assert_int_equal(reader_end(&r), 0);
	assert_int_equal(strlen(got), LIMIT_REASON);
	buffer_free(&event);
	stage_close(&s);
}

/* --- vault ------------------------------------------------------------------ */

static void
test_slots(void **state)
{
	struct slots *in = calloc(1, sizeof *in), *out = calloc(1, sizeof *out);
	struct buffer row;
	size_t i;

	(void)state;
	assert_non_null(in);
	assert_non_null(out);
	in->n = LIMIT_SLOTS;
	for (i = 0; i < in->n; i++) {
		in->v[i].kind = SLOT_PASSPHRASE;
		in->v[i].id = (uint8_t)(i + 1);
		in->v[i].log2n = LIMIT_SCRYPT_LOG2N_MAX;
		in->v[i].r = 8;
		in->v[i].p = 1;
	}
	buffer_init(&row, 4096);
	slots_write(in, &row);
	assert_int_equal(row.err, 0);
	assert_int_equal(slots_read(out, row.data, row.len), 0);
	assert_int_equal(out->n, LIMIT_SLOTS);
	/* one more, as long as it says */
	buffer_put(&row, row.data + 2, (row.len - 2) / LIMIT_SLOTS);
	row.data[1] = LIMIT_SLOTS + 1;
	row.data[row.len - (row.len - 2) / (LIMIT_SLOTS + 1) + 1] = 99;
	assert_int_equal(slots_read(out, row.data, row.len), ERR_CORRUPT);
	/* and a slot that would take more memory than allowed */
	row.data[1] = LIMIT_SLOTS;
	row.data[2 + 10] = LIMIT_SCRYPT_LOG2N_MAX + 1;
	assert_int_equal(slots_read(out, row.data,
			     row.len - (row.len - 2) / (LIMIT_SLOTS + 1)),
	    ERR_CORRUPT);
	buffer_free(&row);
	free(in);
	free(out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clients),
		cmocka_unit_test(test_pipeline),
		cmocka_unit_test(test_jid),
		cmocka_unit_test(test_bundles),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_work),
		cmocka_unit_test(test_withdrawn),
		cmocka_unit_test(test_ratchet_keys),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_reason),
		cmocka_unit_test(test_slots),
	};

	world_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
