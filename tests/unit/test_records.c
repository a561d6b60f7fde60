/* SPDX-License-Identifier: ISC */
/*
 * Sealed records against a store in memory that lies: all or nothing, refused
 * commits, old, swapped, missing and altered rows, the end of an epoch.
 */
#include <stdio.h>

#include "fake_store.h"

#define JULIET "juliet@capulet.lit"

static struct secret master;

static int
setup(void **state)
{
	struct fake *f = fake_new();

	*state = f;
	assert_int_equal(secret_new(&master, 32), 0);
	memset(master.data, 7, 32);
	assert_int_equal(records_create(f->records, &master), 0);
	assert_int_equal(records_raw_put(f->records, RAW_SLOTS, "slots", 5), 0);
	assert_int_equal(settle(f), 0);
	return 0;
}

static int
teardown(void **state)
{
	fake_free(*state);
	secret_free(&master);
	return 0;
}

static int
stage(struct txn *t, const char *name, const char *value)
{
	return txn_put(
	    t, RECORD_PEER, JULIET, name, strlen(name), value, strlen(value));
}

static void
put(struct fake *f, const char *name, const char *value)
{
	struct txn *t = txn_begin(f->records);

	assert_int_equal(stage(t, name, value), 0);
	txn_commit(t);
}

/* value NULL: there must be none. */
static void
expect(struct fake *f, const char *name, const char *value)
{
	struct txn *t = txn_begin(f->records);
	struct secret s = { 0 };
	int err = txn_get(t, RECORD_PEER, JULIET, name, strlen(name), &s);

	if (value == NULL) {
		assert_int_equal(err, ERR_NOT_FOUND);
	} else {
		assert_int_equal(err, 0);
		assert_int_equal(s.len, strlen(value));
		assert_memory_equal(s.data, value, s.len);
	}
	secret_free(&s);
	txn_abort(t);
}

static void
unlock_again(struct fake *f)
{
	assert_int_equal(reload(f), 0);
	assert_int_equal(records_unlock(f->records, &master), 0);
	assert_int_equal(settle(f), 0);
}

/* --- transactions ----------------------------------------------------------- */

static void
test_all_or_nothing(void **state)
{
	struct fake *f = *state;
	struct txn *t = txn_begin(f->records);

	assert_int_equal(stage(t, "a", "one"), 0);
	assert_int_equal(stage(t, "b", "two"), 0);
	assert_true(txn_has(t, RECORD_PEER, JULIET, "a", 1));
	txn_abort(t);
	expect(f, "a", NULL);
	put(f, "a", "one");
	put(f, "a", "two");
	expect(f, "a", "two"); /* reads see the newest */
	assert_int_equal(records_count(f->records), 1);
	t = txn_begin(f->records);
	assert_int_equal(txn_delete(t, RECORD_PEER, JULIET, "a", 1), 0);
	assert_false(txn_has(t, RECORD_PEER, JULIET, "a", 1));
	assert_int_equal(
	    txn_delete(t, RECORD_PEER, JULIET, "x", 1), ERR_NOT_FOUND);
	txn_abort(t);
	expect(f, "a", "two");
	t = txn_begin(f->records);
	assert_int_equal(txn_delete(t, RECORD_PEER, JULIET, "a", 1), 0);
	assert_int_equal(stage(t, "c", ""), 0);
	txn_commit(t);
	assert_int_equal(settle(f), 0);
	expect(f, "a", NULL);
	expect(f, "c", "");
	unlock_again(f);
	expect(f, "a", NULL);
	expect(f, "c", "");
	assert_int_equal(records_count(f->records), 1);
}

/* A name is bound to its kind and account. */
static void
test_names_are_apart(void **state)
{
	struct fake *f = *state;
	struct txn *t = txn_begin(f->records);
	struct secret s = { 0 };

	assert_int_equal(txn_put(t, RECORD_PEER, "ab", "c", 1, "1", 1), 0);
	assert_int_equal(txn_put(t, RECORD_PEER, "a", "bc", 2, "2", 1), 0);
	assert_int_equal(txn_put(t, RECORD_WORK, "ab", "c", 1, "3", 1), 0);
	assert_int_equal(txn_get(t, RECORD_PEER, "ab", "c", 1, &s), 0);
	assert_memory_equal(s.data, "1", 1);
	assert_int_equal(txn_get(t, RECORD_WORK, "ab", "c", 1, &s), 0);
	assert_memory_equal(s.data, "3", 1);
	secret_free(&s);
	txn_commit(t);
	assert_int_equal(records_count(f->records), 3);
	assert_int_equal(settle(f), 0);
}

static void
test_group_commit(void **state)
{
	struct fake *f = *state;
	unsigned before = f->commits;
	char name[16];

	for (int i = 0; i < 64; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i % 40);
		put(f, name, "value");
	}
	assert_int_equal(settle(f), 0);
	assert_int_equal(f->commits, before + 1);
	f->hold = 1;
	put(f, "x", "1");
	turns(f);
	put(f, "y", "2");
	put(f, "z", "3");
	turns(f);
	assert_int_equal(f->commits, before + 2); /* one in flight */
	f->hold = 0;
	fake_answer(f);
	assert_int_equal(settle(f), 0);
	assert_int_equal(f->commits, before + 3);
	unlock_again(f);
	expect(f, "z", "3");
}

struct answers {
	int n, err[4];
};

static void
answered(void *arg, int err)
{
	struct answers *a = arg;

	assert_true(a->n < 4);
	a->err[a->n++] = err;
}

static void
test_answers_wait_for_the_disk(void **state)
{
	struct fake *f = *state;
	struct answers a = { 0 };

	records_after(f->records, answered, &a);
	assert_int_equal(a.n, 1); /* at once: all is durable */
	f->hold = 1;
	put(f, "a", "one");
	records_after(f->records, answered, &a);
	turns(f);
	records_after(f->records, answered, &a); /* a reader of "a" */
	turns(f);
	assert_int_equal(a.n, 1);
	assert_false(records_idle(f->records));
	f->hold = 0;
	fake_answer(f);
	assert_int_equal(settle(f), 0);
	assert_int_equal(a.n, 3);
	assert_int_equal(a.err[1] | a.err[2], 0);
}

/* A refused commit with a batch gathered on top: both are gone, both are told. */
static void
test_refused_batch_on_top(void **state)
{
	struct fake *f = *state;
	struct answers a = { 0 };
	struct txn *t;

	put(f, "a", "old");
	put(f, "gone", "still");
	assert_int_equal(settle(f), 0);
	f->hold = 1;
	put(f, "a", "new");
	records_after(f->records, answered, &a);
	turns(f);
	put(f, "a", "newer"); /* gathered on top */
	put(f, "b", "other");
	t = txn_begin(f->records);
	assert_int_equal(txn_delete(t, RECORD_PEER, JULIET, "gone", 4), 0);
	txn_commit(t);
	records_after(f->records, answered, &a);
	expect(f, "a", "newer");
	expect(f, "gone", NULL);
	f->refuse = 1;
	fake_answer(f);
	assert_int_equal(settle(f), ERR_RETRY);
	assert_int_equal(a.n, 2);
	assert_int_equal(a.err[0], ERR_RETRY);
	assert_int_equal(a.err[1], ERR_RETRY);
	expect(f, "a", "old");
	expect(f, "b", NULL);
	expect(f, "gone", "still");
	assert_int_equal(records_count(f->records), 2);
	assert_true(records_idle(f->records));
	f->refuse = f->hold = 0;
	put(f, "b", "again");
	assert_int_equal(settle(f), 0);
	unlock_again(f);
	expect(f, "a", "old");
	expect(f, "b", "again");
	expect(f, "gone", "still");
}

/* The commit of an unlock is refused; the next one brings the epoch along. */
static void
test_refused_epoch(void **state)
{
	struct fake *f = *state;

	put(f, "a", "old");
	assert_int_equal(settle(f), 0);
	assert_int_equal(reload(f), 0);
	f->refuse = 1;
	assert_int_equal(records_unlock(f->records, &master), 0);
	assert_int_equal(settle(f), ERR_RETRY);
	expect(f, "a", "old");
	f->refuse = 0;
	put(f, "a", "new");
	assert_int_equal(settle(f), 0);
	unlock_again(f);
	expect(f, "a", "new");
}

static void
test_maxima(void **state)
{
	struct fake *f = *state;
	static uint8_t big[RECORD_MAX + 1];
	struct txn *t = txn_begin(f->records);
	int err = 0, n;

	assert_int_equal(
	    txn_put(t, RECORD_PEER, JULIET, "n", 1, big, RECORD_MAX + 1),
	    ERR_FULL);
	for (n = 0; n < 20 && err == 0; n++)
		err =
		    txn_put(t, RECORD_PEER, JULIET, &n, sizeof(n), big, 180000);
	assert_int_equal(err, ERR_FULL);
	txn_abort(t);
	f->hold = 1;
	for (n = 0, err = 0; n < 200 && err == 0; n++) {
		t = txn_begin(f->records);
		err =
		    txn_put(t, RECORD_PEER, JULIET, &n, sizeof(n), big, 180000);
		if (err == 0)
			txn_commit(t);
		else
			txn_abort(t);
		if (n == 0)
			turns(f);
	}
	assert_int_equal(err, ERR_BUSY);
	f->hold = 0;
	fake_answer(f);
	assert_int_equal(settle(f), 0);
	unlock_again(f);
}

/* --- a store that lies ------------------------------------------------------ */

static void
must_be_refused(struct fake *f, const char *what)
{
	int err = reload(f);

	if (err == 0)
		err = records_unlock(f->records, &master);
	if (err != ERR_CORRUPT)
		fail_msg("%s: %s", what, err_text(err));
	assert_true(records_locked(f->records));
}

static struct row
row_copy(const struct row *r)
{
	struct row c = { 0 };

	row_set(&c, r->key, r->value, r->len);
	return c;
}

static void
test_altered_and_missing(void **state)
{
	struct fake *f = *state;
	struct row saved, *r;
	uint8_t mark[ROW_KEY] = { 1 };

	put(f, "a", "one");
	put(f, "b", "two");
	assert_int_equal(settle(f), 0);
	for (size_t i = 0; i < f->nrows; i++) {
		r = &f->rows[i];
		for (size_t at = 0; at < r->len; at++) {
			r->value[at] ^= 1;
			must_be_refused(f, "one bit");
			r->value[at] ^= 1;
		}
		r->len--;
		must_be_refused(f, "cut");
		r->len++;
		saved = row_copy(r);
		fake_remove(f, r);
		must_be_refused(f, "missing");
		row_set(
		    &f->rows[f->nrows++], saved.key, saved.value, saved.len);
		free(saved.value);
		/* the last one took its place: back, so that each is visited */
		saved = f->rows[i];
		f->rows[i] = f->rows[f->nrows - 1];
		f->rows[f->nrows - 1] = saved;
	}
	r = &f->rows[0];
	row_set(&f->rows[f->nrows++], mark, r->value, r->len);
	must_be_refused(f, "one more");
	fake_remove(f, &f->rows[f->nrows - 1]);
	unlock_again(f);
	expect(f, "a", "one");
}

static void
test_old_and_swapped(void **state)
{
	struct fake *f = *state;
	struct row old[FAKE_ROWS / 64], swap;
	size_t n, i, j;

	put(f, "a", "one");
	put(f, "b", "two");
	assert_int_equal(settle(f), 0);
	n = f->nrows;
	assert_true(n < FAKE_ROWS / 64);
	for (i = 0; i < n; i++)
		old[i] = row_copy(&f->rows[i]);
	unlock_again(f); /* a new epoch, so epochs row and root are new */
	put(f, "a", "three");
	put(f, "b", "four");
	assert_int_equal(records_raw_put(f->records, RAW_SLOTS, "other", 5), 0);
	assert_int_equal(settle(f), 0);
	for (i = 0; i < n; i++) {
		struct row *r = fake_find(f, old[i].key);
		struct row now = row_copy(r);
		assert_true(r->len != old[i].len ||
		    memcmp(r->value, old[i].value, r->len) != 0);
		row_set(r, old[i].key, old[i].value, old[i].len);
		must_be_refused(f, "old");
		row_set(r, now.key, now.value, now.len);
		free(now.value);
	}
	for (i = 0; i < f->nrows; i++)
		for (j = i + 1; j < f->nrows; j++) {
			for (int back = 0; back < 2; back++) {
				swap = f->rows[i];
				f->rows[i].value = f->rows[j].value;
				f->rows[i].len = f->rows[j].len;
				f->rows[j].value = swap.value;
				f->rows[j].len = swap.len;
				if (!back)
					must_be_refused(f, "swapped");
			}
		}
	for (i = 0; i < n; i++)
		free(old[i].value);
	unlock_again(f);
	expect(f, "a", "three");
}

static void
test_wrong_master(void **state)
{
	struct fake *f = *state;

	put(f, "a", "one");
	assert_int_equal(settle(f), 0);
	master.data[0] ^= 1;
	must_be_refused(f, "wrong master");
	master.data[0] ^= 1;
	unlock_again(f);
}

static void
test_locked(void **state)
{
	struct fake *f = *state;
	struct secret s = { 0 };
	struct txn *t;
	size_t before;

	put(f, "a", "one");
	assert_int_equal(settle(f), 0);
	records_lock(f->records);
	before = secret_heap_used();
	t = txn_begin(f->records);
	assert_int_equal(
	    txn_get(t, RECORD_PEER, JULIET, "a", 1, &s), ERR_LOCKED);
	assert_int_equal(stage(t, "a", "two"), ERR_LOCKED);
	txn_abort(t);
	assert_int_equal(secret_heap_used(), before);
	assert_int_equal(records_unlock(f->records, &master), 0);
	expect(f, "a", "one");
	assert_int_equal(settle(f), 0);
	records_lock(f->records);
	assert_int_equal(secret_heap_used(), before);
	assert_int_equal(records_unlock(f->records, &master), 0);
	assert_int_equal(settle(f), 0);
}

/* --- epochs ----------------------------------------------------------------- */

static uint32_t
row_epoch(const struct row *r)
{
	struct reader in;

	reader_init(&in, r->value + 2, 4);
	return reader_u32(&in);
}

static int
is_raw(const struct row *r)
{
	static const uint8_t zero[ROW_KEY - 1];

	return memcmp(r->key, zero, sizeof(zero)) == 0;
}

static void
test_epoch_ends(void **state)
{
	struct fake *f = *state;
	uint8_t key[ROW_KEY];
	char name[16];
	size_t one, left, i;
	struct row old = { 0 };
	unsigned purges;

	raw_key(RAW_EPOCHS, key);
	one = fake_find(f, key)->len;
	for (i = 0; i < 600; i++) {
		(void)snprintf(name, sizeof(name), "n%zu", i);
		put(f, name, "value");
	}
	assert_int_equal(settle(f), 0);
	for (i = 0; is_raw(&f->rows[i]); i++)
		;
	old = row_copy(&f->rows[i]);
	unlock_again(f);
	assert_true(fake_find(f, key)->len > one);
	purges = f->purges;
	for (i = 0; i < 20; i++) {
		left = records_reseal(f->records, 256);
		assert_int_equal(settle(f), 0);
		if (left == 0)
			break;
	}
	assert_int_equal(records_reseal(f->records, 256), 0);
	assert_true(i >= 3);
	assert_int_equal(f->purges, purges + 1);
	assert_int_equal(fake_find(f, key)->len, one);
	for (i = 0; i < f->nrows; i++)
		if (!is_raw(&f->rows[i]))
			assert_true(row_epoch(&f->rows[i]) > row_epoch(&old));
	expect(f, "n599", "value");
	row_set(fake_find(f, old.key), old.key, old.value, old.len);
	must_be_refused(f, "under an ended epoch");
	free(old.value);
}

/* EPOCH_SEALS seals, then a new key; no nonce comes twice (fake_nonce). */
static void
test_nonces(void **state)
{
	struct fake *f = *state;
	uint32_t first, last = 0;

	f->records->epoch_seals = 10;
	first = f->records->epochs[f->records->nepochs - 1].number;
	for (int i = 0; i < 100; i++) {
		put(f, "a", i & 1 ? "one" : "two");
		if (i == 50)
			f->refuse = 1;
		assert_int_equal(settle(f), i == 50 ? ERR_RETRY : 0);
		f->refuse = 0;
	}
	last = f->records->epochs[f->records->nepochs - 1].number;
	assert_true(last >= first + 10);
	assert_true(f->nnonces >= 200);
	unlock_again(f);
	expect(f, "a", "one");
}

static void
test_names_stay_secret(void **state)
{
	struct fake *f = *state;

	put(f, "romeo@montague.lit", "wherefore art thou");
	assert_int_equal(settle(f), 0);
	unlock_again(f);
	while (records_reseal(f->records, 256) > 0)
		assert_int_equal(settle(f), 0);
	assert_null(memmem(f->seen.data, f->seen.len, "juliet", 6));
	assert_null(memmem(f->seen.data, f->seen.len, "montague", 8));
	assert_null(memmem(f->seen.data, f->seen.len, "wherefore", 9));
	assert_non_null(memmem(f->seen.data, f->seen.len, "slots", 5));
	assert_null(memmem(f->seen.data, f->seen.len, master.data, 32));
}

struct found {
	int n, stop;
};

static int
each(void *arg, const char *account, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	struct found *found = arg;

	assert_int_equal(namelen, 1);
	assert_int_equal(len, 1);
	assert_memory_equal(name, p, 1);
	assert_true(*account == 'j' || *account == 'r');
	return ++found->n == found->stop ? ERR_CANCELLED : 0;
}

static void
test_each(void **state)
{
	struct fake *f = *state;
	struct found found = { 0 };
	struct txn *t = txn_begin(f->records);

	for (const char *p = "abcd"; *p != '\0'; p++) {
		assert_int_equal(txn_put(t, RECORD_WORK, "j", p, 1, p, 1), 0);
		assert_int_equal(txn_put(t, RECORD_WORK, "r", p, 1, p, 1), 0);
		assert_int_equal(txn_put(t, RECORD_LOG, "j", p, 1, p, 1), 0);
	}
	txn_commit(t);
	assert_int_equal(settle(f), 0);
	unlock_again(f);
	assert_int_equal(
	    records_each(f->records, RECORD_WORK, "j", each, &found), 0);
	assert_int_equal(found.n, 4);
	assert_int_equal(
	    records_each(f->records, RECORD_WORK, NULL, each, &found), 0);
	assert_int_equal(found.n, 12);
	found.stop = 14;
	assert_int_equal(
	    records_each(f->records, RECORD_WORK, NULL, each, &found),
	    ERR_CANCELLED);
	assert_int_equal(found.n, 14);
}

/* Answers that nobody asked for, or that say nothing: the keeper must end. */
static void
test_unknown_outcome(void **state)
{
	struct fake *f = *state;
	static const uint8_t zero[8];
	struct frame frame = { .type = M_REPLY, .id = 99 };

	assert_int_not_equal(records_frame(f->records, &frame), 0);
	f->hold = 1;
	put(f, "a", "one");
	turns(f);
	assert_int_not_equal(records_frame(f->records, &frame), 0);
	frame.id = f->held;
	frame.type = M_ERROR;
	assert_int_not_equal(records_frame(f->records, &frame), 0);
	reader_init(&frame.body, zero, sizeof(zero));
	assert_int_not_equal(records_frame(f->records, &frame), 0);
	frame.type = M_REPLY;
	assert_int_not_equal(records_frame(f->records, &frame), 0);
	frame.type = M_ROWS;
	assert_int_not_equal(records_frame(f->records, &frame), 0);
	assert_false(records_idle(f->records));
	fake_answer(f);
	assert_int_equal(settle(f), 0);
}

/*
 * A commit of unknown outcome: keeper and store end without an answer to it,
 * with a batch gathered on top. Whether the disk has it, and whether the
 * anchor has heard of it, the restart reads what is true, all or nothing, and
 * has no doubt.
 */
static void
test_unknown_outcome_restart(void **state)
{
	struct fake *f = *state;

	static const struct {
		int applied, anchored;
	} cases[] = { { 0, 0 }, { 1, 0 }, { 1, 1 } };
	struct answers a = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		f->hold = 0;
		put(f, "a", "old");
		put(f, "b", "old");
		assert_int_equal(settle(f), 0);
		f->hold = 1;
		put(f, "a", "new");
		put(f, "b", "new");
		records_after(f->records, answered, &a);
		turns(f);
		put(f, "a", "newer");
		records_after(f->records, answered, &a);
		turns(f);
		assert_int_equal(a.n, 0); /* no answer ran ahead */
		if (cases[i].applied)
			fake_apply(f);
		if (cases[i].anchored) {
			memcpy(f->anchor, f->coming, f->cominglen);
			f->anchorlen = f->cominglen;
		}
		f->nputs = 0;
		f->hold = 0;
		assert_int_equal(fake_restart(f), 0);
		assert_int_equal(records_unlock(f->records, &master), 0);
		assert_int_equal(settle(f), 0);
		assert_int_equal(records_doubt(f->records), 0);
		expect(f, "a", cases[i].applied ? "new" : "old");
		expect(f, "b", cases[i].applied ? "new" : "old");
		/* nobody was told that it is on the disk */
		for (int k = 0; k < a.n; k++)
			assert_int_not_equal(a.err[k], 0);
		memset(&a, 0, sizeof(a));
	}
}

/* However often it is unlocked for a moment, it can be unlocked again. */
static void
test_many_epochs(void **state)
{
	struct fake *f = *state;
	char name[16];

	for (unsigned i = 0; i < EPOCHS_MAX + 100; i++) {
		snprintf(name, sizeof(name), "%u", i);
		put(f, name, "one of its epoch");
		assert_int_equal(settle(f), 0);
		records_lock(f->records);
		assert_int_equal(records_unlock(f->records, &master), 0);
		f->seen.len = 0;
		assert_int_equal(settle(f), 0);
	}
	assert_true(f->records->nepochs < EPOCHS_MAX);
	expect(f, "0", "one of its epoch");
	unlock_again(f);
	expect(f, "0", "one of its epoch");
}

/* --- one writer, and a memory of it ------------------------------------------ */

/* Put back what the store had then. */
struct snapshot {
	struct row rows[64];
	size_t n;
};

static void
snapshot(struct fake *f, struct snapshot *s)
{
	assert_true(f->nrows <= 64);
	memset(s, 0, sizeof(*s));
	for (s->n = 0; s->n < f->nrows; s->n++)
		row_set(&s->rows[s->n], f->rows[s->n].key, f->rows[s->n].value,
		    f->rows[s->n].len);
}

static void
restore(struct fake *f, struct snapshot *s)
{
	while (f->nrows > 0)
		fake_remove(f, &f->rows[0]);
	for (size_t i = 0; i < s->n; i++) {
		row_set(&f->rows[i], s->rows[i].key, s->rows[i].value,
		    s->rows[i].len);
		free(s->rows[i].value);
	}
	f->nrows = s->n;
	f->nnonces = 0; /* the epochs' numbers come again, with other keys */
}

static void
expect_doubt(struct fake *f, uint8_t doubt)
{
	unlock_again(f);
	assert_int_equal(records_doubt(f->records), doubt);
}

/* A whole older database is consistent in itself: the anchor knows. */
static void
test_older_whole(void **state)
{
	struct fake *f = *state;
	struct snapshot old;

	snapshot(f, &old);
	put(f, "juliet", "since then");
	assert_int_equal(settle(f), 0);
	expect_doubt(f, 0);
	restore(f, &old);
	expect_doubt(f, DOUBT_OLDER);
	expect(f, "juliet", NULL);
	/* its own commits go on from there; the doubt stays */
	put(f, "romeo", "more");
	assert_int_equal(settle(f), 0);
	expect_doubt(f, DOUBT_OLDER);
	f->anchorlen = 0; /* also where nothing reminds of it */
	expect_doubt(f, DOUBT_OLDER);
	/* believed in a commit that is refused: not believed */
	records_believe(f->records);
	put(f, "romeo", "yet more");
	f->refuse = 1;
	assert_int_equal(settle(f), ERR_RETRY);
	f->refuse = 0;
	assert_int_equal(records_doubt(f->records), DOUBT_OLDER);
	expect_doubt(f, DOUBT_OLDER);
	records_believe(f->records);
	put(f, "romeo", "yet more");
	assert_int_equal(settle(f), 0);
	expect_doubt(f, 0);
}

/* Another vault's anchor and a forged one are none. */
static void
test_foreign_anchor(void **state)
{
	struct fake *f = *state;

	memset(f->anchor, 0xff, 8); /* a counter that nobody reached */
	expect_doubt(f, 0);
	for (size_t i = 0; i < f->anchorlen * 8; i++) {
		f->anchor[i / 8] ^= (uint8_t)(1U << (i % 8));
		assert_int_equal(reload(f), 0);
		assert_int_equal(records_unlock(f->records, &master), 0);
		if (records_doubt(f->records))
			fail_msg("case %zu", i);
		records_committed(f->records, ERR_FULL); /* not written over */
		f->anchor[i / 8] ^= (uint8_t)(1U << (i % 8));
		turns(f);
	}
	f->anchorlen--;
	expect_doubt(f, 0);
}

static void
test_place(void **state)
{
	static const struct {
		struct place now;
		uint8_t doubt;
	} cases[] = {
		{ { { 1 }, 100, 1000 }, 0 },
		{ { { 2 }, 100, 1000 }, 0 },	       /* another boot */
		{ { { 3 }, 101, 1000 }, 0 },	       /* numbers anew */
		{ { { 3 }, 102, 1000 }, DOUBT_PLACE }, /* within one boot */
		{ { { 3 }, 102, 1001 }, DOUBT_PLACE }, /* a copy */
		{ { { 3 }, 102, 0 }, 0 },	       /* no births here */
		{ { { 4 }, 103, 0 }, DOUBT_PLACE },
		{ { { 0 }, 0, 0 }, 0 }, /* the store could not say */
		{ { { 5 }, 104, 5 }, 0 },
	};
	struct fake *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f->place = cases[i].now;
		expect_doubt(f, cases[i].doubt);
		records_believe(f->records);
		put(f, "romeo", "any");
		assert_int_equal(settle(f), 0);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_all_or_nothing),
		T(test_names_are_apart),
		T(test_group_commit),
		T(test_answers_wait_for_the_disk),
		T(test_refused_batch_on_top),
		T(test_refused_epoch),
		T(test_maxima),
		T(test_altered_and_missing),
		T(test_old_and_swapped),
		T(test_wrong_master),
		T(test_locked),
		T(test_epoch_ends),
		T(test_nonces),
		T(test_names_stay_secret),
		T(test_each),
		T(test_unknown_outcome),
		T(test_unknown_outcome_restart),
		T(test_many_epochs),
		T(test_older_whole),
		T(test_foreign_anchor),
		T(test_place),
	};

	return cmocka_run_group_tests(tests, crypto_setup, NULL);
}
