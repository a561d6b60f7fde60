/* SPDX-License-Identifier: ISC */
/*
 * Slots, unlock and guessing: the real vault and records, a store in memory,
 * scrypt at the floor computed in place of derive.
 */
#include <stdio.h>

#include "../../agent/slots.h"
#include "../../agent/vault.h"
#include "fake_store.h"

#define RIGHT "correct horse battery"

struct world {
	struct fake *fake;
	struct vault *vault;
	struct connection *ours, *theirs; /* the derive link */
	int hold_derive;
	unsigned derived;
	char code[64];
	size_t heap;
	int answers, err; /* of vault_done */
	int until;
};

static int
derive_asked(void *arg, struct frame *f)
{
	struct world *w = arg;
	const uint8_t *pass, *salt;
	size_t passlen, saltlen;
	uint32_t log2n, r, p;
	uint8_t key[32];

	assert_int_equal(f->type, M_DERIVE);
	assert_int_equal(
	    message_check(message_find(LINK_DERIVE, M_DERIVE)->request,
		f->body.p, f->body.left),
	    0);
	pass = reader_string(&f->body, &passlen, LIMIT_PASSPHRASE);
	salt = reader_string(&f->body, &saltlen, 64);
	log2n = reader_u32(&f->body);
	r = reader_u32(&f->body);
	p = reader_u32(&f->body);
	assert_int_equal(reader_end(&f->body), 0);
	w->derived++;
	assert_int_equal(
	    crypto_scrypt(pass, passlen, salt, saltlen, log2n, r, p, key), 0);
	if (!w->hold_derive)
		(void)connection_send(w->theirs, M_REPLY, f->id, key, 32);
	return 0;
}

static int
derive_answered(void *arg, struct frame *f)
{
	struct world *w = arg;

	return vault_frame(w->vault, f);
}

static const struct connection_handler asked_handler = { derive_asked,
	fake_closed };
static const struct connection_handler answered_handler = { derive_answered,
	fake_closed };

static void
vault_make(struct world *w)
{
	w->vault = vault_new(w->fake->loop, w->fake->records);
	assert_non_null(w->vault);
	vault_set_derive(w->vault, w->ours);
	vault_set_cost(w->vault, LIMIT_SCRYPT_LOG2N_MIN);
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	int sv[2];

	assert_non_null(w);
	*state = w;
	w->fake = fake_new();
	/* what OpenSSL's random generators keep there */
	assert_int_equal(random_secret(w->code, 1), 0);
	assert_int_equal(random_public(w->code, 1), 0);
	w->heap = secret_heap_used();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	w->ours = connection_new(w->fake->loop, sv[0], &answered_handler, w);
	w->theirs = connection_new(w->fake->loop, sv[1], &asked_handler, w);
	vault_make(w);
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	vault_free(w->vault);
	connection_free(w->ours);
	connection_free(w->theirs);
	fake_free(w->fake);
	free(w);
	return 0;
}

static void
done(void *arg, int err)
{
	struct world *w = arg;

	w->answers++;
	w->err = err;
	if (w->answers == w->until)
		loop_stop(w->fake->loop, 0);
}

/* Wait for the n-th answer of all; its error. */
static int
wait_for(struct world *w, int n)
{
	w->until = n;
	if (w->answers < n)
		run(w->fake);
	assert_int_equal(w->answers, n);
	return w->err;
}

static int
create(struct world *w)
{
	int n = w->answers + 1;

	vault_create(
	    w->vault, RIGHT, strlen(RIGHT), w->code, sizeof(w->code), done, w);
	return wait_for(w, n);
}

static int
unlock(struct world *w, int recovery, const char *secret)
{
	int n = w->answers + 1;

	vault_unlock(w->vault, recovery, secret, strlen(secret), done, w);
	return wait_for(w, n);
}

static int
check(struct world *w, int recovery, const char *secret)
{
	int n = w->answers + 1;

	vault_check(w->vault, recovery, secret, strlen(secret), done, w);
	return wait_for(w, n);
}

static void
lock(struct world *w)
{
	assert_int_equal(settle(w->fake), 0);
	vault_lock(w->vault);
	assert_true(vault_locked(w->vault));
}

/* The end of a penalty, by the clock that counts it. */
static void
wait_ms(struct world *w, uint64_t ms)
{
	assert_non_null(loop_timer(w->fake->loop, ms, stop_idle, w->fake));
	run(w->fake);
}

static void
restart(struct world *w)
{
	vault_free(w->vault);
	assert_int_equal(reload(w->fake), 0);
	vault_make(w);
}

static void
test_create_lock_unlock(void **state)
{
	struct world *w = *state;

	assert_false(vault_exists(w->vault));
	assert_int_equal(unlock(w, 0, RIGHT), ERR_NO_VAULT);
	assert_int_equal(create(w), 0);
	assert_true(vault_exists(w->vault));
	assert_false(vault_locked(w->vault));
	assert_int_equal(create(w), ERR_EXISTS);
	assert_int_equal(check(w, 0, RIGHT), 0);
	lock(w);
	assert_int_equal(secret_heap_used(), w->heap);
	assert_int_equal(check(w, 0, RIGHT), ERR_LOCKED);
	assert_int_equal(create(w), ERR_EXISTS);
	assert_int_equal(unlock(w, 0, RIGHT), 0);
	assert_int_equal(unlock(w, 0, "anything"), 0); /* it is open */
	lock(w);
	restart(w);
	assert_true(vault_exists(w->vault));
	assert_true(vault_locked(w->vault));
	assert_int_equal(unlock(w, 0, RIGHT), 0);
	lock(w);
	assert_int_equal(secret_heap_used(), w->heap);
}

static void
test_guessing(void **state)
{
	struct world *w = *state;
	unsigned derived;
	uint64_t t;

	assert_int_equal(create(w), 0);
	lock(w);
	assert_int_equal(unlock(w, 0, "wrong"), ERR_PASSPHRASE);
	derived = w->derived;
	assert_int_equal(unlock(w, 0, RIGHT), ERR_BUSY); /* of anyone */
	assert_int_equal(unlock(w, 1, w->code), ERR_BUSY);
	assert_int_equal(w->derived, derived); /* and at no cost */
	wait_ms(w, 1005);
	assert_int_equal(unlock(w, 0, "wrong"), ERR_PASSPHRASE);
	t = loop_now();
	wait_ms(w, 1005);
	assert_int_equal(unlock(w, 0, RIGHT), ERR_BUSY); /* now it is two */
	while (unlock(w, 0, RIGHT) == ERR_BUSY)
		wait_ms(w, 50);
	assert_int_equal(w->err, 0);
	assert_true(loop_now() - t >= 1900);
	lock(w);
	assert_int_equal(unlock(w, 0, RIGHT), 0); /* forgotten */
	assert_int_equal(check(w, 0, "wrong"), ERR_PASSPHRASE);
	assert_int_equal(check(w, 0, RIGHT), ERR_BUSY);
}

static void
test_penalty(void **state)
{
	unsigned longest = 0, i;

	(void)state;
	for (i = 0; i < 100; i++) {
		assert_true(vault_penalty(i) >= longest);
		longest = vault_penalty(i);
	}
	assert_int_equal(vault_penalty(0), 1);
	assert_int_equal(vault_penalty(3), 8);
	assert_int_equal(longest, LIMIT_PENALTY_S);
}

static void
test_one_at_a_time(void **state)
{
	struct world *w = *state;
	int n;

	assert_int_equal(create(w), 0);
	lock(w);
	n = w->answers;
	vault_unlock(w->vault, 0, RIGHT, strlen(RIGHT), done, w);
	assert_int_equal(w->answers, n);
	vault_unlock(w->vault, 0, RIGHT, strlen(RIGHT), done, w);
	assert_int_equal(w->answers, n + 1);
	assert_int_equal(w->err, ERR_BUSY);
	assert_int_equal(wait_for(w, n + 2), 0);
}

/* Lock while derive computes: its late answer opens nothing. */
static void
test_lock_during_attempt(void **state)
{
	struct world *w = *state;
	int n;

	assert_int_equal(create(w), 0);
	lock(w);
	n = w->answers;
	vault_unlock(w->vault, 0, RIGHT, strlen(RIGHT), done, w);
	vault_lock(w->vault);
	assert_int_equal(w->answers, n + 1);
	assert_int_equal(w->err, ERR_LOCKED);
	wait_ms(w, 500);
	assert_int_equal(w->answers, n + 1);
	assert_true(vault_locked(w->vault));
	assert_true(records_locked(w->fake->records));
	assert_int_equal(unlock(w, 0, RIGHT), 0);
}

/* --- slots -------------------------------------------------------------------- */

static int
change(struct world *w, uint8_t replace, unsigned kind, const char *secret,
    struct vault_made *made)
{
	int n = w->answers + 1;

	memset(made, 0, sizeof(*made));
	vault_change(
	    w->vault, replace, kind, secret, strlen(secret), made, done, w);
	return wait_for(w, n);
}

static int
take_away(struct world *w, uint8_t id)
{
	int n = w->answers + 1;

	vault_remove(w->vault, id, done, w);
	return wait_for(w, n);
}

/* After a lock: what opens it, and what does not. The penalty is waited for. */
static int
opens(struct world *w, int recovery, const char *secret)
{
	int err;

	lock(w);
	while ((err = unlock(w, recovery, secret)) == ERR_BUSY)
		wait_ms(w, 50);
	return err;
}

#define LONG "a key file of more than thirty-two octets"

static void
test_slots_add(void **state)
{
	struct world *w = *state;
	struct vault_made made, code;
	struct slots slots;

	assert_int_equal(create(w), 0);
	assert_int_equal(change(w, 0, SLOT_PASSPHRASE, "second", &made), 0);
	assert_int_equal(made.id, 3);
	assert_int_equal(change(w, 0, SLOT_KEY_FILE, LONG, &made), 0);
	assert_int_equal(made.id, 4);
	assert_int_equal(
	    change(w, 0, SLOT_KEY_FILE, "too short", &made), ERR_ARGUMENT);
	assert_int_equal(change(w, 0, SLOT_RECOVERY, "", &code), 0);
	assert_int_equal(strlen(code.recovery), RECOVERY_TEXT - 1);
	assert_string_not_equal(code.recovery, w->code);
	assert_int_equal(vault_list(w->vault, &slots), 0);
	assert_int_equal(slots.n, 5);
	/* each of them, and after a restart */
	assert_int_equal(opens(w, 0, RIGHT), 0);
	assert_int_equal(opens(w, 0, "second"), 0);
	assert_int_equal(opens(w, 0, LONG), 0);
	assert_int_equal(opens(w, 1, w->code), 0);
	assert_int_equal(opens(w, 1, code.recovery), 0);
	lock(w);
	restart(w);
	assert_int_equal(unlock(w, 0, LONG), 0);
	assert_int_equal(check(w, 0, "second"), 0);
	assert_int_equal(opens(w, 1, LONG), ERR_PASSPHRASE);
	assert_int_equal(opens(w, 0, "third"), ERR_PASSPHRASE);
	assert_int_equal(opens(w, 0, RIGHT), 0);
	lock(w);
	assert_int_equal(secret_heap_used(), w->heap);
}

/* One attempt, however many slots: nobody guesses faster by them. */
static void
test_slots_guessing(void **state)
{
	struct world *w = *state;
	struct vault_made made;

	assert_int_equal(create(w), 0);
	assert_int_equal(change(w, 0, SLOT_PASSPHRASE, "second", &made), 0);
	lock(w);
	assert_int_equal(unlock(w, 0, "wrong"), ERR_PASSPHRASE);
	assert_int_equal(unlock(w, 0, RIGHT), ERR_BUSY);
	wait_ms(w, 1005);
	assert_int_equal(unlock(w, 0, "wrong"), ERR_PASSPHRASE);
	wait_ms(w, 1005);
	assert_int_equal(unlock(w, 0, RIGHT), ERR_BUSY);
}

static void
test_slots_remove(void **state)
{
	struct world *w = *state;
	struct vault_made made;

	assert_int_equal(create(w), 0);
	assert_int_equal(change(w, 0, SLOT_PASSPHRASE, "second", &made), 0);
	assert_int_equal(take_away(w, 9), ERR_NOT_FOUND);
	assert_int_equal(take_away(w, 1), 0);
	assert_int_equal(opens(w, 0, RIGHT), ERR_PASSPHRASE);
	assert_int_equal(opens(w, 0, "second"), 0);
	assert_int_equal(take_away(w, 2), 0); /* the recovery code */
	assert_int_equal(opens(w, 1, w->code), ERR_PASSPHRASE);
	assert_int_equal(opens(w, 0, "second"), 0);
	assert_int_equal(take_away(w, made.id), ERR_ARGUMENT); /* the last */
	assert_int_equal(opens(w, 0, "second"), 0);
	assert_int_equal(change(w, 0, SLOT_PASSPHRASE, "third", &made), 0);
	assert_int_equal(made.id, 1);
}

/* passwd: the slot is another's, no record is touched; a refused commit
 * leaves it as it was. */
static void
test_passwd(void **state)
{
	struct world *w = *state;
	struct vault_made made;
	unsigned commits;

	assert_int_equal(create(w), 0);
	assert_int_equal(
	    change(w, 2, SLOT_PASSPHRASE, "new", &made), ERR_ARGUMENT);
	assert_int_equal(
	    change(w, 7, SLOT_PASSPHRASE, "new", &made), ERR_NOT_FOUND);
	w->fake->refuse = 1;
	assert_true(change(w, 1, SLOT_PASSPHRASE, "new", &made) < 0);
	w->fake->refuse = 0;
	assert_int_equal(opens(w, 0, RIGHT), 0);
	assert_int_equal(settle(w->fake), 0);
	commits = w->fake->commits;
	w->fake->purges = 0;
	w->fake->seen.len = 0;
	assert_int_equal(change(w, 1, SLOT_PASSPHRASE, "new", &made), 0);
	assert_int_equal(made.id, 1);
	assert_int_equal(w->fake->commits, commits + 1);
	assert_int_equal(w->fake->purges, 1); /* the old one leaves the disk */
	/* the slots and the root, nothing else was written */
	assert_in_range(w->fake->seen.len, 1, 2 * ROW_KEY + 2048);
	assert_int_equal(opens(w, 0, RIGHT), ERR_PASSPHRASE);
	assert_int_equal(opens(w, 0, "new"), 0);
	lock(w);
	assert_int_equal(change(w, 1, SLOT_PASSPHRASE, "x", &made), ERR_LOCKED);
	assert_int_equal(take_away(w, 1), ERR_LOCKED);
	restart(w);
	assert_int_equal(unlock(w, 0, "new"), 0);
}

/* All slots used: the next is refused, one in the place of another is not. */
static void
test_slots_full(void **state)
{
	struct world *w = *state;
	struct vault_made made;
	int i;

	assert_int_equal(create(w), 0);
	for (i = 2; i < LIMIT_SLOTS; i++)
		assert_int_equal(change(w, 0, SLOT_RECOVERY, "", &made), 0);
	assert_int_equal(change(w, 0, SLOT_RECOVERY, "", &made), ERR_FULL);
	assert_int_equal(
	    change(w, 0, SLOT_PASSPHRASE, "no room", &made), ERR_FULL);
	assert_int_equal(change(w, 1, SLOT_PASSPHRASE, "new", &made), 0);
	assert_int_equal(change(w, 8, SLOT_RECOVERY, "", &made), 0);
	assert_int_equal(opens(w, 1, made.recovery), 0);
	assert_int_equal(opens(w, 0, "new"), 0);
}

/* Lock while derive computes a new slot's key: nothing has changed. */
static void
test_lock_during_change(void **state)
{
	struct vault_made made = { 0 };
	struct world *w = *state;
	int n;

	assert_int_equal(create(w), 0);
	n = w->answers;
	vault_change(w->vault, 1, SLOT_PASSPHRASE, "new", 3, &made, done, w);
	vault_lock(w->vault);
	assert_int_equal(w->answers, n + 1);
	assert_int_equal(w->err, ERR_LOCKED);
	wait_ms(w, 500);
	assert_int_equal(unlock(w, 0, RIGHT), 0);
}

static void
test_recovery(void **state)
{
	struct world *w = *state;
	char code[128];
	size_t n = 0;

	assert_int_equal(create(w), 0);
	assert_int_equal(strlen(w->code), RECOVERY_TEXT - 1);
	lock(w);
	/* as people type */
	for (const char *p = w->code; *p != '\0'; p++) {
		if (*p == '-')
			continue;
		code[n++] = *p == '0' ? 'o' : *p == '1' ? 'l' : *p;
		if (code[n - 1] >= 'A' && code[n - 1] <= 'Z' && n % 3 == 0)
			code[n - 1] += 'a' - 'A';
		if (n % 5 == 0)
			code[n++] = ' ';
	}
	code[n] = '\0';
	assert_int_equal(unlock(w, 1, code), 0);
	assert_int_equal(check(w, 1, w->code), 0);
	lock(w);
	for (size_t i = 0; i < sizeof(w->code) && w->code[i] != '\0'; i++) {
		uint8_t out[RECOVERY_DATA];
		memcpy(code, w->code, sizeof(w->code));
		if (code[i] == '-')
			continue;
		code[i] = code[i] == 'X' ? 'Y' : 'X';
		assert_int_equal(
		    recovery_read(code, strlen(code), out), ERR_PASSPHRASE);
		assert_int_equal(
		    recovery_read(w->code, i, out), ERR_PASSPHRASE);
	}
	memcpy(code, w->code, sizeof(w->code));
	code[RECOVERY_TEXT - 1] = '0'; /* one character more */
	code[RECOVERY_TEXT] = '\0';
	assert_int_equal(unlock(w, 1, code), ERR_PASSPHRASE);
}

static void
test_create_refused(void **state)
{
	struct world *w = *state;

	w->fake->refuse = 1;
	assert_int_equal(create(w), ERR_RETRY);
	assert_false(vault_exists(w->vault));
	assert_true(vault_locked(w->vault));
	assert_int_equal(secret_heap_used(), w->heap);
	w->fake->refuse = 0;
	w->fake->nnonces = 0; /* another epoch key, of the same number */
	assert_int_equal(create(w), 0);
	lock(w);
	restart(w);
	assert_int_equal(unlock(w, 0, RIGHT), 0);
}

/* What a lying store does to the row that nothing vouches for yet. */
static void
test_slots_row(void **state)
{
	struct world *w = *state;
	struct slots slots;
	uint8_t key[ROW_KEY];
	struct row *r;
	static const size_t log2n_at = 2 + 1 + 1 + 8;

	assert_int_equal(create(w), 0);
	lock(w);
	raw_key(RAW_SLOTS, key);
	r = fake_find(w->fake, key);
	assert_int_equal(r->len, 2 + 2 * SLOT_SIZE);
	assert_int_equal(slots_read(&slots, r->value, r->len), 0);
	assert_int_equal(slots.v[0].log2n, LIMIT_SCRYPT_LOG2N_MIN);
	for (size_t n = 0; n < r->len; n++)
		assert_int_equal(slots_read(&slots, r->value, n), ERR_CORRUPT);
	r->value[log2n_at] = LIMIT_SCRYPT_LOG2N_MIN - 1;
	assert_int_equal(slots_read(&slots, r->value, r->len), ERR_CORRUPT);
	r->value[log2n_at] = LIMIT_SCRYPT_LOG2N_MAX + 1;
	assert_int_equal(slots_read(&slots, r->value, r->len), ERR_CORRUPT);
	/* within the bounds, but another cost than the slot was made with */
	r->value[log2n_at] = LIMIT_SCRYPT_LOG2N_MIN + 1;
	restart(w);
	assert_int_equal(unlock(w, 0, RIGHT), ERR_PASSPHRASE);
	/* the other slot is unharmed, but the root record counts the row */
	wait_ms(w, 1005);
	assert_int_equal(unlock(w, 1, w->code), ERR_CORRUPT);
	assert_true(vault_locked(w->vault));
	assert_int_equal(secret_heap_used(), w->heap);
	r->value[log2n_at] = LIMIT_SCRYPT_LOG2N_MIN;
	restart(w);
	assert_int_equal(unlock(w, 0, RIGHT), 0);
}

static void
test_bad_derive(void **state)
{
	struct world *w = *state;
	struct frame f = { .type = M_REPLY };
	static const uint8_t short_key[31];
	int n;

	assert_int_equal(create(w), 0);
	lock(w);
	w->hold_derive = 1;
	n = w->answers;
	f.type = M_PUT;
	assert_int_not_equal(vault_frame(w->vault, &f), 0);
	f.type = M_REPLY;
	assert_int_equal(vault_frame(w->vault, &f), 0); /* nobody's */
	vault_unlock(w->vault, 0, "", 0, done, w);
	assert_int_equal(w->err, ERR_ARGUMENT);
	vault_unlock(w->vault, 0, RIGHT, strlen(RIGHT), done, w);
	assert_int_equal(w->answers, n + 1);
	for (f.id = 0; f.id < 20; f.id++) {
		reader_init(&f.body, short_key, sizeof(short_key));
		if (vault_frame(w->vault, &f) != 0)
			break;
	}
	assert_true(f.id < 20); /* a short key breaks the link */
	assert_int_equal(w->answers, n + 1);
	f.type = M_ERROR;
	assert_int_equal(vault_frame(w->vault, &f), 0);
	assert_int_equal(w->answers, n + 2);
	assert_int_equal(w->err, ERR_CRYPTO);
}

/* A second answer while the first commit is on its way changes nothing. */
static void
test_answered_twice(void **state)
{
	struct world *w = *state;
	struct frame f = { .type = M_REPLY };
	static const uint8_t key[32] = { 1 };

	w->fake->hold = 1;
	vault_create(
	    w->vault, RIGHT, strlen(RIGHT), w->code, sizeof(w->code), done, w);
	while (w->fake->held == 0)
		turns(w->fake);
	for (f.id = 1; f.id < 20; f.id++) {
		reader_init(&f.body, key, sizeof(key));
		assert_int_equal(vault_frame(w->vault, &f), 0);
	}
	assert_int_equal(w->answers, 0);
	w->fake->hold = 0;
	fake_answer(w->fake);
	assert_int_equal(wait_for(w, 1), 0);
	assert_false(vault_locked(w->vault));
	lock(w);
	assert_int_equal(unlock(w, 0, RIGHT), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_create_lock_unlock),
		T(test_guessing),
		T(test_penalty),
		T(test_one_at_a_time),
		T(test_lock_during_attempt),
		T(test_recovery),
		T(test_slots_add),
		T(test_slots_guessing),
		T(test_slots_remove),
		T(test_passwd),
		T(test_slots_full),
		T(test_lock_during_change),
		T(test_create_refused),
		T(test_slots_row),
		T(test_bad_derive),
		T(test_answered_twice),
	};

	return cmocka_run_group_tests(tests, crypto_setup, NULL);
}
