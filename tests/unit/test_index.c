/* SPDX-License-Identifier: ISC */
/*
 * The index of messages beside a plain list: entries put at the end and taken
 * from anywhere, mostly the front, are found, in order, and no other is.
 */
#include <stdlib.h>
#include <string.h>

#include "../../agent/account.h"
#include "check.h"

#define STEPS 200000
#define MOST  700 /* entries at once: the index grows, and reuses its room */

static struct indexed plain[MOST];
static size_t nplain;

static struct indexed
entry_of(uint64_t seq)
{
	struct indexed e = { .seq = seq, .len = (uint32_t)(seq % 1000) };
	uint64_t mixed = seq * 0x9e3779b97f4a7c15u;

	memcpy(e.handle, &mixed, sizeof(mixed));
	return e;
}

static void
same(const struct index *x, uint64_t gone)
{
	struct indexed e = entry_of(gone);
	uint64_t octets = 0;

	assert_int_equal(x->n, nplain);
	for (size_t i = 0; i < nplain; i++) {
		assert_int_equal(x->v[i].seq, plain[i].seq);
		assert_ptr_equal(index_find(x, plain[i].handle), &x->v[i]);
		assert_int_equal(index_above(x, plain[i].seq), i + 1);
		octets += plain[i].len;
	}
	assert_int_equal(x->octets, octets);
	assert_null(index_find(x, e.handle));
	assert_true(x->gap + x->n <= x->cap);
}

static void
take(struct index *x, size_t at)
{
	index_remove(x, plain[at].handle);
	nplain--;
	memmove(plain + at, plain + at + 1, (nplain - at) * sizeof(plain[0]));
}

/* In waves, up to MOST and down to nothing. */
static void
test_as_a_list(void **state)
{
	struct index x = { 0 };
	uint64_t seq = 0, gone = 0;
	size_t target = MOST, at;

	(void)state;
	srandom(1);
	for (int i = 0; i < STEPS; i++) {
		if (nplain == 0)
			target = MOST;
		else if (nplain == MOST)
			target = (size_t)random() % 3 * MOST / 3;
		if (nplain < target || random() % 3 == 0) {
			if (nplain == MOST)
				continue;
			assert_int_equal(index_reserve(&x), 0);
			plain[nplain] = entry_of(++seq);
			index_add(&x, &plain[nplain++]);
		} else {
			at = random() % 4 == 0 ? (size_t)random() % nplain : 0;
			gone = plain[at].seq;
			take(&x, at);
		}
		if (i % 97 == 0)
			same(&x, gone);
	}
	while (nplain > 0)
		take(&x, nplain - 1);
	same(&x, seq);
	index_free(&x);
	assert_null(x.v);
}

/* What is always full needs no more room, whatever has gone through it. */
static void
test_room_is_used_again(void **state)
{
	struct index x = { 0 };
	size_t cap;

	(void)state;
	nplain = 0;
	for (uint64_t seq = 1; seq <= 100; seq++) {
		assert_int_equal(index_reserve(&x), 0);
		plain[nplain] = entry_of(seq);
		index_add(&x, &plain[nplain++]);
	}
	cap = x.cap;
	for (uint64_t seq = 101; seq < 20000; seq++) {
		take(&x, 0);
		assert_int_equal(index_reserve(&x), 0);
		plain[nplain] = entry_of(seq);
		index_add(&x, &plain[nplain++]);
	}
	same(&x, 1);
	assert_true(x.cap <= 2 * cap);
	index_free(&x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_a_list),
		cmocka_unit_test(test_room_is_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
