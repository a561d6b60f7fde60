/* SPDX-License-Identifier: ISC */
/*
 * Two of our own devices in both versions: order, loss, duplicates, limits,
 * archived states, and what an attacker may change (nothing). The session is
 * packed and unpacked round every step (omemo_device.h), which also checks
 * that a refused message leaves session and blocks as they were.
 */
#include "../../agent/omemo/internal.h"
#include "check.h"
#include "omemo_device.h"

static size_t heap_before; /* OpenSSL's own generators use some */

struct pair {
	struct device *a, *b;
	struct omemo_result r;
	uint32_t n; /* numbers the plaintexts */
};

static struct pair
pair_new(int version)
{
	const struct omemo_profile *profile = &omemo_profiles[version];

	memset(&draws, 0, sizeof draws);
	draws.state = 7 + (uint64_t)version;
	return (struct pair){ .a = device_new(profile, 31415),
		.b = device_new(profile, 27183) };
}

static void
pair_free(struct pair *p)
{
	device_free(p->a);
	device_free(p->b);
}

static struct wire
pair_send(struct pair *p, struct device *from)
{
	uint8_t plain[48] = { 0 };
	struct wire w;

	plain[0] = (uint8_t)(p->n >> 8);
	plain[1] = (uint8_t)p->n++;
	assert_int_equal(device_send(from, plain, sizeof plain, &w), 0);
	return w;
}

static void
reads(struct pair *p, struct device *to, const struct wire *w)
{
	assert_int_equal(device_receive(to, w, &p->r), 0);
	assert_int_equal(p->r.plainlen, w->plainlen);
	assert_memory_equal(p->r.plain, w->plain, w->plainlen);
}

static void
refuses(struct pair *p, struct device *to, const struct wire *w, int err)
{
	assert_int_equal(device_receive(to, w, &p->r), err);
}

/* One message each way: no key exchange is left. */
static void
pair_meet(struct pair *p)
{
	struct wire w;

	assert_int_equal(device_begin(p->a, p->b, 0), 0);
	w = pair_send(p, p->a);
	reads(p, p->b, &w);
	assert_int_equal(p->r.new_session, 1);
	assert_int_equal(p->r.prekey, 1);
	assert_int_equal(p->r.signed_prekey, 9);
	assert_int_equal(p->r.answered, 0);
	assert_memory_equal(p->r.peer, p->a->id.u, 32);
	w = pair_send(p, p->b);
	assert_int_equal(w.kex, 0);
	reads(p, p->a, &w);
	assert_int_equal(p->r.answered, 1);
	assert_int_equal(p->r.new_session, 0);
}

static void
run_both(void (*test)(int version))
{
	test(OMEMO_LEGACY);
	test(OMEMO_2);
	/* all wiped and freed */
	assert_int_equal(secret_heap_used(), heap_before);
}

/* --- order ------------------------------------------------------------------ */

static void
order(int version)
{
	struct pair p = pair_new(version);
	struct wire w[40];
	struct device *from, *to;

	assert_int_equal(device_begin(p.a, p.b, 3), 0);
	for (int turn = 0; turn < 12; turn++) {
		size_t n = 1 + draw_below(40), left = n;

		from = turn % 2 == 0 ? p.a : p.b;
		to = turn % 2 == 0 ? p.b : p.a;
		for (size_t i = 0; i < n; i++) {
			w[i] = pair_send(&p, from);
			assert_int_equal(w[i].kex, turn == 0);
		}
		while (left > 0) { /* any order; each is read once */
			size_t i = draw_below((uint32_t)left);

			if (left == 1 && turn > 6)
				break; /* one is lost */
			reads(&p, to, &w[i]);
			refuses(&p, to, &w[i], ERR_DUPLICATE);
			w[i] = w[--left];
		}
	}
	assert_true(device_kept(p.a) + device_kept(p.b) > 0);
	pair_free(&p);
}

static void
test_order(void **state)
{
	(void)state;
	run_both(order);
}

/* Late messages of chains that have ended, also beyond the five kept
 * (LIMIT_CHAINS). */
static void
late(int version)
{
	struct pair p = pair_new(version);
	struct wire last[9], first[9], w;

	pair_meet(&p);
	for (int i = 0; i < 9; i++) {
		first[i] = pair_send(&p, p.a);
		w = pair_send(&p, p.a);
		last[i] = pair_send(&p, p.a); /* the last of its chain */
		reads(&p, p.b, &w);
		w = pair_send(&p, p.b);
		reads(&p, p.a, &w);
	}
	for (int i = 0; i < 9; i++) {
		reads(&p, p.b, &last[i]);
		reads(&p, p.b, &first[i]);
		refuses(&p, p.b, &last[i], ERR_DUPLICATE);
		refuses(&p, p.b, &first[i], ERR_DUPLICATE);
	}
	/* a block emptied is deleted; one extra key for the first chains */
	assert_in_range(device_kept(p.b), 0, DOUBTS_MAX);
	pair_free(&p);
}

static void
test_late(void **state)
{
	(void)state;
	run_both(late);
}

/* A talk in which nothing is lost leaves few keys behind, however long. */
static void
turns(int version)
{
	struct pair p = pair_new(version);
	struct wire w;

	pair_meet(&p);
	for (int i = 0; i < 100; i++) {
		w = pair_send(&p, p.a);
		reads(&p, p.b, &w);
		w = pair_send(&p, p.b);
		reads(&p, p.a, &w);
	}
	assert_in_range(device_kept(p.a), 0, DOUBTS_MAX);
	assert_in_range(device_kept(p.b), 0, DOUBTS_MAX);
	pair_free(&p);
}

static void
test_turns(void **state)
{
	(void)state;
	run_both(turns);
}

/* libsignal's previous counter is one less: the last of a chain, late. */
static void
last_late(int version)
{
	struct pair p = pair_new(version);
	struct wire last[24], w;

	pair_meet(&p);
	for (int i = 0; i < 24; i++) {
		w = pair_send(&p, p.a);
		reads(&p, p.b, &w);
		last[i] = pair_send(&p, p.a);
		if (i == 3) /* a chain that was read to its end: it shows */
			reads(&p, p.b, &last[i]);
		w = pair_send(&p, p.b);
		reads(&p, p.a, &w);
		p.a->session->states[0]->send_previous--;
	}
	for (int i = 0; i < 24; i++) {
		if (i != 3)
			reads(&p, p.b, &last[i]);
		refuses(&p, p.b, &last[i], ERR_DUPLICATE);
	}
	assert_in_range(device_kept(p.b), 0, 1);
	pair_free(&p);
}

static void
test_last_late(void **state)
{
	(void)state;
	run_both(last_late);
}

/* --- both begin at once ----------------------------------------------------- */

static void
both_begin(int version)
{
	struct pair p = pair_new(version);
	struct wire a, b;

	assert_int_equal(device_begin(p.a, p.b, 0), 0);
	assert_int_equal(device_begin(p.b, p.a, 0), 0);
	a = pair_send(&p, p.a);
	b = pair_send(&p, p.b);
	reads(&p, p.b, &a);
	assert_int_equal(p.r.new_session, 1);
	reads(&p, p.a, &b);
	assert_int_equal(p.r.new_session, 1);
	for (int i = 0; i < 20; i++) { /* crossing all the time */
		a = pair_send(&p, p.a);
		b = pair_send(&p, p.b);
		reads(&p, p.b, &a);
		reads(&p, p.a, &b);
	}
	a = pair_send(&p, p.a);
	reads(&p, p.b, &a);
	b = pair_send(&p, p.b);
	reads(&p, p.a, &b);
	a = pair_send(&p, p.a);
	assert_int_equal(a.kex, 0);
	reads(&p, p.b, &a);
	pair_free(&p);
}

static void
test_both_begin(void **state)
{
	(void)state;
	run_both(both_begin);
}

/* --- limits ----------------------------------------------------------------- */

static void
skipping(int version)
{
	struct pair p = pair_new(version);
	struct wire w[LIMIT_SKIP + 2], one;

	pair_meet(&p);
	one = pair_send(&p, p.a);
	reads(&p, p.b, &one);
	for (int i = 0; i < LIMIT_SKIP + 2; i++)
		w[i] = pair_send(&p, p.a);
	refuses(&p, p.b, &w[LIMIT_SKIP + 1], ERR_TOO_FAR);
	reads(&p, p.b, &w[LIMIT_SKIP]); /* skips 1000 */
	assert_int_equal(device_kept(p.b), LIMIT_SKIP);
	reads(&p, p.b, &w[LIMIT_SKIP + 1]);
	reads(&p, p.b, &w[0]);
	reads(&p, p.b, &w[LIMIT_SKIP - 1]);
	assert_int_equal(device_kept(p.b), LIMIT_SKIP - 2);
	/* three more skipped: the oldest block goes */
	for (int i = 0; i < 3; i++)
		one = pair_send(&p, p.a);
	one = pair_send(&p, p.a);
	reads(&p, p.b, &one);
	assert_in_range(device_kept(p.b), LIMIT_SKIP - 16, LIMIT_SKIP);
	refuses(&p, p.b, &w[1], ERR_DUPLICATE);
	for (int i = 20; i < LIMIT_SKIP - 1; i++)
		reads(&p, p.b, &w[i]);
	pair_free(&p);
}

static void
test_skip(void **state)
{
	(void)state;
	run_both(skipping);
}

/* In a new chain as well; and a store that is full changes nothing for good. */
static void
skip_new_chain(int version)
{
	struct pair p = pair_new(version);
	struct wire w[LIMIT_SKIP + 2], one;

	pair_meet(&p);
	for (int i = 0; i < LIMIT_SKIP + 2; i++)
		w[i] = pair_send(&p, p.a);
	refuses(&p, p.b, &w[LIMIT_SKIP + 1], ERR_TOO_FAR);
	p.b->fail = ERR_FULL;
	refuses(&p, p.b, &w[LIMIT_SKIP], ERR_FULL);
	p.b->fail = 0;
	p.b->nblocks = p.b->changes = 0; /* what the keeper's txn_abort does */
	reads(&p, p.b, &w[LIMIT_SKIP]);
	assert_int_equal(device_kept(p.b), LIMIT_SKIP);
	/* more than 1000 lost at a chain's end: the next chain still opens */
	for (int i = 0; i < LIMIT_SKIP + 10; i++)
		w[0] = pair_send(&p, p.a);
	one = pair_send(&p, p.b);
	reads(&p, p.a, &one);
	one = pair_send(&p, p.a);
	reads(&p, p.b, &one);
	pair_free(&p);
}

static void
test_skip_new_chain(void **state)
{
	(void)state;
	run_both(skip_new_chain);
}

/* A counter never comes near 2^32, where blocks could not be reckoned. */
static void
counter_end(int version)
{
	struct pair p = pair_new(version);
	struct wire w;

	pair_meet(&p);
	w = pair_send(&p, p.a);
	reads(&p, p.b, &w);
	p.a->session->states[0]->send_next = COUNTER_MAX - 1;
	memcpy(p.b->session->states[0]->chains[1].key,
	    p.a->session->states[0]->send_key, 32);
	p.b->session->states[0]->chains[1].next = COUNTER_MAX - 1;
	w = pair_send(&p, p.a);
	reads(&p, p.b, &w);
	assert_int_equal(p.r.counter, COUNTER_MAX - 1);
	assert_int_equal(omemo_session_ready(p.a->session), 0);
	assert_int_equal(
	    device_send(p.a, w.plain, w.plainlen, &w), ERR_NO_SESSION);
	/* skipping up to the very end */
	p.a->session->states[0]->send_next = COUNTER_MAX - 1;
	p.b->session->states[0]->chains[1].next = COUNTER_MAX - 900;
	w = pair_send(&p, p.a);
	refuses(&p, p.b, &w, ERR_BAD_MAC);
	/* the answer carries the counter on as previous */
	w = pair_send(&p, p.b);
	reads(&p, p.a, &w);
	w = pair_send(&p, p.a);
	reads(&p, p.b, &w);
	pair_free(&p);
}

static void
test_counter_end(void **state)
{
	(void)state;
	run_both(counter_end);
}

/* --- archived states -------------------------------------------------------- */

static void
archived(int version)
{
	struct pair p = pair_new(version);
	struct device *old[8], *keep = p.a;
	struct wire w;

	/* eight sessions by the same peer, as after eight resets */
	for (size_t i = 0; i < 8; i++) {
		old[i] = device_empty(keep->profile);
		old[i]->id = keep->id;
		old[i]->number = keep->number;
		p.a = old[i];
		assert_int_equal(device_begin(p.a, p.b, i), 0);
		(void)pair_send(&p, p.a); /* two are lost */
		(void)pair_send(&p, p.a);
		w = pair_send(&p, p.a);
		reads(&p, p.b, &w);
		assert_int_equal(p.r.new_session, 1);
	}
	/* the newest six (LIMIT_STATES and one) are there; an archived one that opens is promoted */
	for (size_t i = 2; i < 8; i++) {
		w = pair_send(&p, old[i]);
		reads(&p, p.b, &w);
		assert_int_equal(p.r.new_session, 0);
		w = pair_send(&p, p.b);
		reads(&p, old[i], &w);
		w = pair_send(&p, old[i]);
		assert_int_equal(w.kex, 0);
		reads(&p, p.b, &w);
	}
	/* the two oldest are gone: their key exchanges are known by secret */
	for (size_t i = 0; i < 2; i++) {
		w = pair_send(&p, old[i]);
		refuses(&p, p.b, &w, ERR_DUPLICATE);
	}
	/* and their kept keys were deleted: six states, two skipped each and
	 * one more at the end of the chain */
	assert_int_equal(device_kept(p.b), 6 * 3);
	for (size_t i = 0; i < 8; i++)
		device_free(old[i]);
	p.a = keep;
	pair_free(&p);
}

static void
test_archived(void **state)
{
	(void)state;
	run_both(archived);
}

/* --- tampering -------------------------------------------------------------- */

/* Every truncation and every changed bit; returns how many were read. */
static size_t
tamper(struct pair *p, struct device *to, const struct wire *good, size_t from,
    size_t upto)
{
	size_t accepted = 0;
	struct wire w;

	for (size_t n = 0; n < good->len; n++) {
		w = *good;
		w.len = n;
		assert_int_not_equal(device_receive(to, &w, &p->r), 0);
	}
	for (size_t bit = 0; bit < 8 * good->len; bit++) {
		w = *good;
		w.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (bit / 8 >= from && bit / 8 < upto) {
			accepted++; /* registrationId's value: tested apart */
			continue;
		}
		if (device_receive(to, &w, &p->r) == 0)
			fail_msg("bit %zu of %zu octets was accepted", bit,
			    good->len);
	}
	w = *good;
	w.p[w.len++] = 0;
	assert_int_not_equal(device_receive(to, &w, &p->r), 0);
	return accepted;
}

/*
 * Where registrationId's value lies in a legacy key exchange: behind 28, in
 * front of 30 (signed prekey 9). The one exemption.
 */
static void
find_registration(const struct wire *w, size_t *from, size_t *upto)
{
	*upto = w->len - 2;
	*from = w->len - 3;
	while (w->p[*from - 1] & 0x80)
		(*from)--;
	assert_int_equal(w->p[*from - 1], 0x28);
	assert_int_equal(w->p[*upto], 0x30);
}

static void
tamper_all(int version)
{
	struct pair p = pair_new(version);
	size_t from = 0, upto = 0, exempt;
	struct wire kex, next, w;
	int err;

	assert_int_equal(device_begin(p.a, p.b, 0), 0);
	kex = pair_send(&p, p.a);
	next = pair_send(&p, p.a);
	if (version == OMEMO_LEGACY)
		find_registration(&kex, &from, &upto);
	exempt = tamper(&p, p.b, &kex, from, upto);
	assert_int_equal(exempt, 8 * (upto - from));
	for (size_t bit = 0; bit < exempt; bit++) {
		struct device fresh = *p.b;

		w = kex;
		w.p[from + bit / 8] ^= (uint8_t)(1u << bit % 8);
		fresh.session = omemo_session_new(fresh.profile);
		err = device_receive(&fresh, &w, &p.r);
		assert_true(err == 0 || err == ERR_BAD_MESSAGE);
		omemo_session_free(fresh.session);
	}
	reads(&p, p.b, &kex);
	/* the second of the same exchange, with a state there already */
	tamper(&p, p.b, &next, from, upto);
	reads(&p, p.b, &next);
	w = pair_send(&p, p.b); /* first of a chain */
	tamper(&p, p.a, &w, 0, 0);
	reads(&p, p.a, &w);
	w = pair_send(&p, p.b); /* in a known chain */
	tamper(&p, p.a, &w, 0, 0);
	w = pair_send(&p, p.b);
	reads(&p, p.a, &w);
	w = pair_send(&p, p.b);
	pair_free(&p);
}

static void
test_tamper(void **state)
{
	(void)state;
	run_both(tamper_all);
}

/* --- the ephemeral key is under no MAC -------------------------------------- */

/* Where the ephemeral key's 32 octets lie. */
static uint8_t *
find_base(struct wire *w, int version)
{
	size_t i;

	if (version == OMEMO_LEGACY) { /* 33 08 id 12 21 05 … */
		assert_int_equal(w->p[3], 0x12);
		return w->p + 6;
	}
	i = 4 + 34; /* 08 id 10 id 1a 20 ik 22 20 … */
	assert_int_equal(w->p[i], 0x22);
	return w->p + i + 2;
}

/* 1/u = (1 + y)/(1 - y) with y replaced by -y … done by the two maps. */
static void
invert(const uint8_t u[32], uint8_t out[32])
{
	uint8_t y[32];
	unsigned borrow = 0;

	assert_int_equal(crypto_mont_to_ed(u, 0, y), 0);
	for (size_t i = 0; i < 32; i++) { /* p - y */
		unsigned p = i == 0 ? 0xed : i == 31 ? 0x7f : 0xff;
		unsigned v = p - y[i] - borrow;

		borrow = v >> 8 & 1;
		y[i] = (uint8_t)v;
	}
	assert_int_equal(crypto_ed_to_mont(y, out), 0);
}

static void
same_secret(int version)
{
	struct pair p = pair_new(version);
	struct wire kex, second, w;
	uint8_t u[32], *base;

	assert_int_equal(device_begin(p.a, p.b, 0), 0);
	kex = pair_send(&p, p.a);
	second = pair_send(&p, p.a);
	reads(&p, p.b, &kex);
	w = kex;
	find_base(&w, version)[31] |= 0x80;
	refuses(&p, p.b, &w, ERR_BAD_KEY);
	w = kex;
	base = find_base(&w, version);
	invert(base, u);
	assert_memory_not_equal(base, u, 32);
	memcpy(base, u, 32);
	refuses(&p, p.b, &w, ERR_DUPLICATE); /* read, in its only state */
	/* the state long gone, its digest remembered */
	omemo_session_free(p.b->session);
	p.b->session = omemo_session_new(p.b->profile);
	p.b->nratchets = 0;
	refuses(&p, p.b, &w, ERR_DUPLICATE);
	refuses(&p, p.b, &kex, ERR_DUPLICATE);
	/* neither remembered: nothing but the inner message tells */
	p.b->ndigests = 0;
	reads(&p, p.b, &w);
	/* a new message so wrapped is read where it belongs, no session made */
	reads(&p, p.b, &second);
	assert_int_equal(p.r.new_session, 0);
	refuses(&p, p.b, &second, ERR_DUPLICATE);
	pair_free(&p);
}

static void
test_same_secret(void **state)
{
	(void)state;
	run_both(same_secret);
}

/* --- key exchanges of other kinds ------------------------------------------- */

static void
identities(int version)
{
	struct pair p = pair_new(version);
	struct omemo_ops ops = device_ops(p.b);
	struct wire w;

	assert_int_equal(device_begin(p.a, p.b, 0), 0);
	w = pair_send(&p, p.a);
	/* another identity is known for this device */
	assert_int_equal(omemo_decrypt(p.b->session, &p.b->id, &ops, p.b->id.u,
			     w.kex, w.p, w.len, &p.r),
	    ERR_KEY_CHANGED);
	/* our own, sent back to us */
	assert_int_equal(omemo_decrypt(p.b->session, &p.a->id, &ops, NULL,
			     w.kex, w.p, w.len, &p.r),
	    ERR_BAD_KEY);
	/* a message where no session is */
	w = pair_send(&p, p.a);
	p.b->pk[0].id = 0;
	refuses(&p, p.b, &w, ERR_UNKNOWN_PREKEY);
	p.b->pk[0].id = 1;
	w.kex = 0;
	assert_int_not_equal(device_receive(p.b, &w, &p.r), 0);
	assert_int_equal(device_begin(p.a, p.a, 0), ERR_BAD_KEY);
	/* without a one-time prekey: we may begin so in the legacy version
	 * alone, and nobody may with us */
	p.b->pk[1].id = 0;
	assert_int_equal(device_begin(p.a, p.b, 1),
	    version == OMEMO_LEGACY ? 0 : ERR_ARGUMENT);
	if (version == OMEMO_LEGACY) {
		w = pair_send(&p, p.a);
		refuses(&p, p.b, &w, ERR_BAD_MESSAGE);
	}
	pair_free(&p);
}

static void
test_identities(void **state)
{
	(void)state;
	run_both(identities);
}

static void
no_session(int version)
{
	struct pair p = pair_new(version);
	struct wire w;
	uint8_t digest[2][32];

	pair_meet(&p);
	w = pair_send(&p, p.a);
	omemo_session_free(p.b->session);
	p.b->session = omemo_session_new(p.b->profile);
	refuses(&p, p.b, &w, ERR_NO_SESSION);
	assert_int_equal(device_send(p.b, w.plain, 8, &w), ERR_NO_SESSION);
	/* the digest is of the inner message, whatever wraps it */
	assert_int_equal(device_begin(p.a, p.b, 2), 0);
	w = pair_send(&p, p.a);
	assert_int_equal(
	    omemo_message_digest(p.a->profile, 1, w.p, w.len, digest[0]), 0);
	if (version == OMEMO_LEGACY) {
		size_t from, upto;

		find_registration(&w, &from, &upto);
		w.p[from] ^= 1;
	} else
		w.p[1] ^= 2; /* another one-time prekey's id */
	assert_int_equal(
	    omemo_message_digest(p.a->profile, 1, w.p, w.len, digest[1]), 0);
	assert_memory_equal(digest[0], digest[1], 32);
	assert_int_equal(
	    omemo_message_digest(p.a->profile, 0, w.p, w.len, digest[1]),
	    ERR_BAD_MESSAGE);
	pair_free(&p);
}

static void
test_no_session(void **state)
{
	(void)state;
	run_both(no_session);
}

/* --- packing ---------------------------------------------------------------- */

static void
packing(int version)
{
	struct pair p = pair_new(version);
	struct omemo_session *s;
	struct buffer b;

	pair_meet(&p);
	(void)pair_send(&p, p.a);
	buffer_init(&b, 1 << 20);
	assert_int_equal(omemo_session_pack(p.a->session, &b), 0);
	for (size_t n = 0; n < b.len; n++) {
		assert_int_equal(
		    omemo_session_unpack(p.a->profile, b.data, n, &s),
		    ERR_CORRUPT);
		assert_null(s);
	}
	assert_int_equal(
	    omemo_session_unpack(&omemo_profiles[!version], b.data, b.len, &s),
	    ERR_CORRUPT);
	buffer_put_u8(&b, 0);
	assert_int_equal(
	    omemo_session_unpack(p.a->profile, b.data, b.len, &s), ERR_CORRUPT);
	buffer_free(&b);
	pair_free(&p);
}

static void
test_packing(void **state)
{
	(void)state;
	run_both(packing);
}

/* --- payload ---------------------------------------------------------------- */

static void
payload(int version)
{
	const struct omemo_profile *profile = &omemo_profiles[version];
	static const uint8_t text[] = "But, soft! what light through yonder";
	uint8_t kt[48], iv[12], out[128];
	size_t ktlen, ivlen, outlen;
	struct buffer b;

	buffer_init(&b, 1024);
	for (size_t len = 0; len <= sizeof text; len++) {
		buffer_clear(&b);
		assert_int_equal(omemo_payload_encrypt(profile, text, len, kt,
				     &ktlen, iv, &ivlen, &b),
		    0);
		assert_int_equal(ktlen, version == OMEMO_LEGACY ? 32 : 48);
		assert_int_equal(omemo_payload_decrypt(profile, kt, ktlen, iv,
				     ivlen, b.data, b.len, out, &outlen),
		    0);
		assert_int_equal(outlen, len);
		if (len > 0)
			assert_memory_equal(out, text, len);
	}
	for (size_t bit = 0; bit < 8 * (b.len + ktlen); bit++) {
		uint8_t *at =
		    bit / 8 < b.len ? &b.data[bit / 8] : &kt[bit / 8 - b.len];

		*at ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(omemo_payload_decrypt(profile, kt, ktlen, iv,
				     ivlen, b.data, b.len, out, &outlen),
		    ERR_BAD_MAC);
		*at ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(omemo_payload_decrypt(profile, kt, 16, iv, ivlen,
			     b.data, b.len, out, &outlen),
	    ERR_BAD_MESSAGE);
	assert_int_equal(
	    omemo_payload_empty(profile, kt, &ktlen, iv, &ivlen), 0);
	assert_int_equal(ktlen, version == OMEMO_LEGACY ? 16 : 32);
	buffer_free(&b);
}

static void
test_payload(void **state)
{
	(void)state;
	run_both(payload);
}

/* --- bundles ---------------------------------------------------------------- */

static void
bundles(int version)
{
	struct pair p = pair_new(version);
	const struct omemo_profile *profile = p.a->profile;
	struct buffer ik, spk;
	struct omemo_peer peer;
	uint8_t sig[64], pub[32];

	buffer_init(&ik, 64);
	buffer_init(&spk, 64);
	assert_int_equal(p.a->id.ed[31] & 0x80, 0);
	omemo_identity_encode(profile, &p.a->id, &ik);
	omemo_key_encode(profile, p.a->spk.pub, &spk);
	assert_int_equal(
	    omemo_bundle_sign(profile, &p.a->id, p.a->spk.pub, sig), 0);
#define CHECK(il, sl, gl)                                                      \
	omemo_bundle_check(                                                    \
	    profile, ik.data, il, spk.data, sl, sig, gl, &peer, pub)
	assert_int_equal(CHECK(ik.len, spk.len, 64), 0);
	assert_memory_equal(peer.u, p.a->id.u, 32);
	assert_memory_equal(peer.ed, p.a->id.ed, 32);
	assert_int_equal(CHECK(ik.len - 1, spk.len, 64), ERR_BAD_KEY);
	assert_int_equal(CHECK(ik.len, spk.len - 1, 64), ERR_BAD_KEY);
	assert_int_equal(CHECK(ik.len, spk.len, 63), ERR_BAD_SIGNATURE);
	for (size_t bit = 0; bit < 8 * 64; bit++) {
		sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(CHECK(ik.len, spk.len, 64), ERR_BAD_SIGNATURE);
		sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * ik.len; bit++) {
		ik.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(CHECK(ik.len, spk.len, 64), 0);
		ik.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * spk.len; bit++) {
		spk.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(CHECK(ik.len, spk.len, 64), 0);
		spk.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	buffer_free(&ik);
	buffer_free(&spk);
	pair_free(&p);
}

static void
test_bundles(void **state)
{
	(void)state;
	run_both(bundles);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_last_late),
		cmocka_unit_test(test_both_begin),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_skip_new_chain),
		cmocka_unit_test(test_counter_end),
		cmocka_unit_test(test_archived),
		cmocka_unit_test(test_tamper),
		cmocka_unit_test(test_same_secret),
		cmocka_unit_test(test_identities),
		cmocka_unit_test(test_no_session),
		cmocka_unit_test(test_packing),
		cmocka_unit_test(test_payload),
		cmocka_unit_test(test_bundles),
	};

	if (secret_heap_init(1 << 20) != 0 || crypto_init() != 0)
		return 1;
	heap_before = secret_heap_used();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
