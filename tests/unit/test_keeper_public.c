/* SPDX-License-Identifier: ISC */
/*
 * OWN_BUNDLE: the same octets that are published, in doubt too, and nothing
 * that is secret.
 */
#include "check.h"
#include "keeper_flow.h"
/* after it */
#include "../../agent/prekeys.h"

struct own { /* its reply */
	uint32_t device;
	uint64_t made;
	uint32_t nwithdrawn, withdrawn, ndevices, other;
	uint8_t known;
	uint64_t heard;
	struct buffer keys; /* identity to prekeys */
};

static int
ask_own(struct user *u, const char *jid, int ns)
{
	struct buffer b;

	return user_call(u, M_OWN_BUNDLE, body(&b, "s1", jid, ns));
}

static void
read_own(struct side *s, struct own *own)
{
	struct reader *r = &s->admin->r;
	const uint8_t *from;
	size_t len;

	memset(own, 0, sizeof *own);
	assert_int_equal(ask_own(s->admin, s->jid, NS_LEGACY), 0);
	own->device = reader_u32(r);
	from = r->p;
	(void)reader_string(r, &len, 64);
	(void)reader_u32(r);
	(void)reader_string(r, &len, 64);
	(void)reader_string(r, &len, 64);
	for (uint32_t n = reader_u32(r); n > 0; n--) {
		(void)reader_u32(r);
		(void)reader_string(r, &len, 64);
	}
	buffer_init(&own->keys, FRAME_MAX);
	buffer_put(&own->keys, from, (size_t)(r->p - from));
	own->made = reader_u64(r);
	own->nwithdrawn = reader_u32(r);
	for (uint32_t i = 0; i < own->nwithdrawn; i++)
		own->withdrawn = reader_u32(r);
	own->ndevices = reader_u32(r);
	for (uint32_t i = 0; i < own->ndevices; i++) {
		own->other = reader_u32(r);
		own->known = reader_u8(r);
		own->heard = reader_u64(r);
		(void)reader_u8(r); /* stale: test_keeper_stale.c */
	}
	(void)reader_string(r, &len, LIMIT_LABEL);
	assert_int_equal(reader_end(r), 0);
}

static void
assert_as_published(struct side *s)
{
	struct own own;

	read_own(s, &own);
	assert_int_equal(own.device, s->device);
	assert_int_equal(own.keys.len, s->bundle.len);
	assert_memory_equal(own.keys.data, s->bundle.data, own.keys.len);
	assert_true(own.made > 0 && own.made <= clock_real());
	buffer_free(&own.keys);
}

/* What is answered is what WORK gave out, before and after a prekey's use. */
static void
test_same(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct stage s;
	struct item item;

	(void)state;
	stage_open(&s);
	assert_as_published(&s.juliet);
	send_text(&s.romeo, &s.juliet, "m1", "one", handle);
	assert_int_equal(due_of(&s.juliet), DUE_ONE(DUE_BUNDLE));
	assert_int_equal(next_work(&s.juliet, &item), WORK_BUNDLE);
	assert_as_published(&s.juliet);
	assert_as_published(&s.romeo);
	stage_close(&s);
}

static void
test_devices(void **state)
{
	uint32_t ids[2] = { 4242, 0 };
	struct stage s;
	struct own own;

	(void)state;
	stage_open(&s);
	read_own(&s.juliet, &own);
	assert_int_equal(own.ndevices, 0);
	assert_int_equal(own.nwithdrawn, 0);
	buffer_free(&own.keys);
	ids[1] = s.juliet.device;
	assert_int_equal(hand_list(&s.juliet, JULIET, LIST_READ, ids, 2), 0);
	read_own(&s.juliet, &own);
	assert_int_equal(own.ndevices, 1);
	assert_int_equal(own.other, 4242);
	assert_int_equal(own.known, 0);
	assert_int_equal(own.heard, 0);
	buffer_free(&own.keys);
	stage_close(&s);
}

/* In doubt it is answered; what adopt gave up is named. */
static void
test_doubt(void **state)
{
	struct stage s;
	struct buffer b;
	struct own own;
	uint32_t old;

	(void)state;
	stage_open(&s);
	old = s.romeo.device;
	s.romeo.w->place = (struct place){ { 1 }, 2, 3 };
	restart(&s.romeo);
	s.romeo.w->place.birth = 4;
	restart_alone(&s.romeo);
	read_own(&s.romeo, &own);
	assert_int_equal(own.device, old);
	buffer_free(&own.keys);
	assert_int_equal(
	    user_call(s.romeo.admin, M_ELEVATE,
		body(&b, "41s", RIGHT_ADMIN, SECRET_PASSPHRASE, PASSPHRASE)),
	    0);
	assert_int_equal(
	    user_call(s.romeo.admin, M_ADOPT, body(&b, "1", ADOPT_COPIED)), 0);
	read_own(&s.romeo, &own);
	assert_int_not_equal(own.device, old);
	assert_int_equal(own.nwithdrawn, 1);
	assert_int_equal(own.withdrawn, old);
	buffer_free(&own.keys);
	attach(&s.romeo);
	stage_close(&s);
}

static void
assert_without(const struct user *u, const uint8_t *secret, size_t len)
{
	assert_null(memmem(u->reply.data, u->reply.len, secret, len));
}

static void
test_no_secret(void **state)
{
	static uint8_t secrets[4 + LIMIT_PREKEYS][32];
	uint8_t pub[32];
	struct account_record *rec;
	struct prekeys *p;
	struct stage s;
	struct user *u;
	struct txn *t;

	(void)state;
	stage_open(&s);
	u = s.juliet.admin;
	t = txn_begin(s.juliet.w->k->records);
	must(account_open(t, JULIET, &rec) == 0);
	must(prekeys_open(t, JULIET, NS_LEGACY, &p) == 0);
	assert_int_equal(p->n, LIMIT_PREKEYS);
	memcpy(pub, p->current.key.pub, 32);
	memcpy(secrets[0], rec->identity.seed, 32);
	memcpy(secrets[1], rec->identity.priv, 32);
	memcpy(secrets[2], rec->handle_key, 32);
	memcpy(secrets[3], p->current.key.priv, 32);
	for (size_t i = 0; i < p->n; i++)
		memcpy(secrets[4 + i], p->v[i].key.priv, 32);
	prekeys_release(p);
	account_release(rec);
	txn_abort(t);
	assert_int_equal(ask_own(u, JULIET, NS_LEGACY), 0);
	/* the search finds what is there */
	assert_non_null(memmem(u->reply.data, u->reply.len, pub, 32));
	for (size_t i = 0; i < 4 + LIMIT_PREKEYS; i++)
		assert_without(u, secrets[i], 32);
	stage_close(&s);
}

static void
test_refused(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s);
	assert_int_equal(
	    ask_own(s.juliet.admin, JULIET, OMEMO_PROFILES), ERR_ARGUMENT);
	assert_int_equal(ask_own(s.juliet.admin, JULIET, 255), ERR_ARGUMENT);
	assert_int_equal(
	    ask_own(s.juliet.admin, "nobody@capulet.lit", NS_LEGACY),
	    ERR_NOT_FOUND);
	/* the front is restricted to its account, the net has no right to it */
	assert_int_equal(
	    ask_own(s.juliet.front, ROMEO, NS_LEGACY), ERR_ACCOUNT);
	assert_int_equal(ask_own(s.juliet.net, JULIET, NS_LEGACY), ERR_RIGHT);
	assert_int_equal(ask_own(s.juliet.admin, JULIET, NS_OMEMO2), 0);
	stage_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_doubt),
		cmocka_unit_test(test_no_secret),
		cmocka_unit_test(test_refused),
	};

	world_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
