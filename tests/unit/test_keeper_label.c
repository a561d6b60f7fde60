/* SPDX-License-Identifier: ISC */
/*
 * What a device calls itself: signed by the key that signs prekeys, and so
 * never of a length that a prekey has; and the names that others have.
 */
#include "check.h"
#include "keeper_flow.h"
/* after it */
#include "../../agent/crypto/crypto.h"
#include "../../agent/peer.h"

static int
set(struct side *s, const char *label)
{
	struct buffer b;

	return user_call(s->admin, M_LABEL, body(&b, "ss", s->jid, label));
}

/* The next publication of OMEMO 2's list. */
static void
list_item(struct side *s, struct item *out)
{
	while (
	    next_work_of_any(s, out) != WORK_DEVICES || out->ns != NS_OMEMO2) {
		assert_int_not_equal(out->work, WORK_NONE);
		assert_string_equal(out->label, ""); /* 0.3.0, or no list */
		work_is_done(s, out->item, WORK_OK);
	}
}

static void
ed_of(struct side *s, uint8_t ed[32])
{
	struct keeper *k = s->w->k;
	struct txn *t = txn_begin(k->records);
	struct account_record *rec;

	assert_int_equal(account_open(t, s->jid, &rec), 0);
	memcpy(ed, rec->identity.ed, 32);
	account_release(rec);
	txn_abort(t);
}

/* Published, under the signature of the identity; taken away; kept. */
static void
test_published(void **state)
{
	struct stage s;
	struct item item, again;
	struct buffer b;
	uint8_t ed[32];

	(void)state;
	stage_open(&s);
	ed_of(&s.juliet, ed);
	assert_int_equal(due_in_any(&s.juliet), 0);
	assert_int_equal(set(&s.juliet, "the d\xc3\xa9sk <1>"), 0);
	assert_int_equal(
	    due_in_any(&s.juliet), DUE_DEVICES & DUE_IN(NS_OMEMO2));
	user_event(s.juliet.net, M_EVENT_WORK, NULL);
	list_item(&s.juliet, &item);
	assert_string_equal(item.label, "the d\xc3\xa9sk <1>");
	assert_int_equal(item.siglen, 64);
	assert_int_equal(
	    crypto_ed25519_verify(ed, item.label, strlen(item.label), item.sig),
	    0);
	/* the octets of an item do not change, and outlive the keeper */
	restart(&s.juliet);
	list_item(&s.juliet, &again);
	assert_string_equal(again.label, item.label);
	assert_memory_equal(again.sig, item.sig, 64);
	work_is_done(&s.juliet, again.item, WORK_OK);
	assert_int_equal(set(&s.juliet, ""), ERR_RIGHT);
	assert_int_equal(user_call(s.juliet.admin, M_ELEVATE,
			     body(&b, "41s", (uint32_t)RIGHT_ADMIN,
				 SECRET_PASSPHRASE, PASSPHRASE)),
	    0);
	assert_int_equal(set(&s.juliet, ""), 0);
	list_item(&s.juliet, &item);
	assert_string_equal(item.label, "");
	assert_int_equal(item.siglen, 0);
	stage_close(&s);
}

/* By length: what a key is as long as, and the longest. */
static void
test_lengths(void **state)
{
	static const struct {
		size_t len;
		int err;
	} cases[] = {
		{ 1, 0 },
		{ 31, 0 },
		{ 32, ERR_ARGUMENT },
		{ 33, ERR_ARGUMENT },
		{ 34, 0 },
		{ LIMIT_LABEL, 0 },
		{ LIMIT_LABEL + 1, ERR_TOO_LONG }, /* 53 */
		{ LIMIT_LABEL + 2, ERR_TOO_LONG },
	};
	struct omemo_identity *id = secret_alloc(sizeof *id);
	char label[LIMIT_LABEL + 3], wide[64];
	uint8_t sig[64];
	struct stage s;
	int signs;

	(void)state;
	must(id != NULL && omemo_identity_create(id) == 0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		signs = omemo_label_sign(id, label, cases[i].len, sig);
		assert_int_equal(signs, cases[i].err);
	}
	assert_int_equal(omemo_label_sign(id, label, 0, sig), ERR_ARGUMENT);
	secret_release(id, sizeof *id);
	stage_open(&s);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		memset(label, 'x', cases[i].len);
		label[cases[i].len] = '\0';
		assert_int_equal(set(&s.juliet, label), cases[i].err);
	}
	/* octets count, not characters: 16 of two are 32 */
	memset(wide, 0, sizeof wide);
	for (int i = 0; i < 16; i++)
		memcpy(wide + 2 * i, "\xc3\xa4", 2);
	assert_int_equal(set(&s.juliet, wide), ERR_ARGUMENT);
	wide[30] = '\0';
	assert_int_equal(set(&s.juliet, wide), 0);
	/* one that begins as 0.3.0's keys do is no exception */
	memset(wide, 'x', 33);
	wide[0] = 5;
	wide[33] = '\0';
	assert_int_equal(set(&s.juliet, wide), ERR_ARGUMENT);
	stage_close(&s);
}

static void
test_characters(void **state)
{
	static const char *const bad[] = { "a\x01", "a\nb", "a\tb", "\x7f",
		"\xc2\x9b", "\xff", "\xc3", "\xed\xa0\x80", "a\xef\xbf\xbe" };
	struct stage s;
	struct buffer b;

	(void)state;
	stage_open(&s);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(set(&s.juliet, bad[i]), ERR_ARGUMENT);
	assert_int_equal(user_call(s.juliet.admin, M_LABEL,
			     body(&b, "sf", JULIET, "a\0b", (size_t)3)),
	    ERR_MALFORMED);
	assert_int_equal(due_in_any(&s.juliet), 0);
	stage_close(&s);
}

/* LABELS of one: the verdict. */
static int
verdict_on(struct side *s, uint32_t device, const void *label, size_t len,
    const uint8_t *sig, size_t siglen)
{
	struct reader *r = &s->admin->r;
	struct buffer b;

	assert_int_equal(
	    user_call(s->admin, M_LABELS,
		body(&b, "s44ff", s->jid, 1U, device, label, len, sig, siglen)),
	    0);
	assert_int_equal(reader_u32(r), 1);
	assert_int_equal(reader_u32(r), device);
	return reader_u8(r);
}

/* Of another device of the account, whose Edwards key has either sign. */
static void
test_verdict(void **state)
{
	uint8_t seed[32], ed[32], u[32], priv[32], sig[64], spk[32] = { 9 };
	int signs[2] = { 0, 0 };
	struct stage s;
	struct peer own;
	struct txn *t;

	(void)state;
	stage_open(&s);
	for (int i = 0; i < 64 && !(signs[0] && signs[1]); i++) {
		assert_int_equal(random_public(seed, sizeof seed), 0);
		assert_int_equal(crypto_ed25519_public(seed, ed), 0);
		assert_int_equal(crypto_ed25519_scalar(seed, priv), 0);
		assert_int_equal(crypto_ed_to_mont(ed, u), 0);
		signs[ed[31] >> 7] = 1;
		t = txn_begin(s.juliet.w->k->records);
		assert_int_equal(peer_open(t, JULIET, JULIET, &own), 0);
		own.n = 1;
		own.v[0] = (struct device){ .id = 77, .has_key = 1 };
		memcpy(own.v[0].u, u, 32);
		assert_int_equal(peer_put(t, JULIET, &own), 0);
		txn_commit(t);
		assert_int_equal(
		    crypto_ed25519_sign(seed, NULL, "phone", 5, sig), 0);
		assert_int_equal(
		    verdict_on(&s.juliet, 77, "phone", 5, sig, 64), LABEL_GOOD);
		assert_int_equal(
		    verdict_on(&s.juliet, 77, "Phone", 5, sig, 64), LABEL_BAD);
		assert_int_equal(
		    verdict_on(&s.juliet, 77, "phone", 5, sig, 63), LABEL_BAD);
		assert_int_equal(
		    verdict_on(&s.juliet, 77, "phone", 5, sig, 0), LABEL_BAD);
		assert_int_equal(verdict_on(&s.juliet, 78, "phone", 5, sig, 64),
		    LABEL_UNKNOWN);
		assert_int_equal(
		    verdict_on(&s.juliet, s.juliet.device, "phone", 5, sig, 64),
		    LABEL_BAD);
		/* a signed prekey is no name */
		assert_int_equal(
		    crypto_ed25519_sign(seed, NULL, spk, 32, sig), 0);
		assert_int_equal(
		    verdict_on(&s.juliet, 77, spk, 32, sig, 64), LABEL_BAD);
	}
	assert_true(signs[0] && signs[1]);
	stage_close(&s);
}

/* The most that may be handed in at once, by one. */
static void
test_many(void **state)
{
	struct stage s;
	struct buffer b;

	(void)state;
	stage_open(&s);
	for (uint32_t n = LIMIT_LABELS; n <= LIMIT_LABELS + 1; n++) {
		body(&b, "s4", JULIET, n);
		for (uint32_t i = 0; i < n; i++) {
			buffer_put_u32(&b, i + 1);
			buffer_put_cstring(&b, "x");
			buffer_put_cstring(&b, "y");
		}
		assert_int_equal(user_call(s.juliet.admin, M_LABELS, &b) == 0,
		    n == LIMIT_LABELS);
	}
	stage_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_characters),
		cmocka_unit_test(test_verdict),
		cmocka_unit_test(test_many),
	};

	world_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
