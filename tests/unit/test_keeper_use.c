/* SPDX-License-Identifier: ISC */
/*
 * What CONSTRAIN limits: an identity's life, a person's yes before a use,
 * rates. Nothing is lost by any of it, and nobody else waits. The clock of
 * this program jumps.
 */
#include <sys/syscall.h>

#include <time.h>

#include "check.h"
#include "keeper_flow.h"

static time_t jump; /* seconds */

/* In the place of libc's. */
int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int r = (int)syscall(SYS_clock_gettime, id, ts);

	ts->tv_sec += jump;
	return r;
}

static void
stop(void *arg)
{
	loop_stop(arg, 0);
}

/* What is due is done. */
static void
pass(struct stage *s, time_t seconds)
{
	int i;

	jump += seconds;
	for (i = 0; i < 6; i++) {
		must(loop_timer(s->loop, 1, stop, s->loop) != NULL);
		(void)loop_run(s->loop);
	}
}

static int
constrain_by(struct user *u, const char *jid, int what, uint64_t value)
{
	struct buffer b;

	return user_call(
	    u, M_CONSTRAIN, body(&b, "s418", jid, 1U, what, value));
}

static void
set(struct side *s, int what, uint64_t value)
{
	assert_int_equal(constrain_by(s->admin, s->jid, what, value), 0);
}

static uint64_t
rate(uint64_t uses, uint64_t seconds)
{
	return uses << 32 | seconds;
}

/* LIST's words on the account. */
struct listed {
	uint32_t lifetime, left;
	uint8_t over, confirm;
	uint64_t open, decrypt;
};

static struct listed
list(struct side *s)
{
	struct listed l;
	struct reader *r = &s->admin->r;
	char jid[256];
	uint8_t u[32];

	assert_int_equal(user_call(s->admin, M_LIST, NULL), 0);
	assert_int_equal(reader_u32(r), 1);
	reader_cstring(r, jid, sizeof jid);
	reader_fixed(r, u, sizeof u);
	(void)reader_u32(r);
	(void)reader_u8(r);
	(void)reader_u32(r);
	(void)reader_u32(r);
	l.lifetime = reader_u32(r);
	l.left = reader_u32(r);
	l.over = reader_u8(r);
	l.confirm = reader_u8(r);
	l.open = reader_u64(r);
	l.decrypt = reader_u64(r);
	assert_int_equal(reader_u32(r), STALE_DEFAULT);
	(void)reader_u8(r); /* trust messages */
	assert_int_equal(reader_end(r), 0);
	return l;
}

/* Romeo has one message of hers, whose key he has been shown. */
static void
message_waits(struct stage *s, const char *id, uint8_t handle[HANDLE_SIZE])
{
	uint8_t first[HANDLE_SIZE];

	stage_open(s);
	compose(&s->romeo, JULIET, "m0", "known", first);
	send_text(&s->juliet, &s->romeo, "m1", "one", first);
	expect_message(&s->romeo, first, "one", JULIET, 1);
	send_text(&s->juliet, &s->romeo, id, "two", handle);
}

/* --- what is taken and what is not ------------------------------------------------- */

static void
test_settings(void **state)
{
	static const struct {
		int what, err;
		uint64_t value;
	} all[] = {
		{ CONSTRAIN_LIFETIME, 0, LIMIT_LIFETIME },
		{ CONSTRAIN_LIFETIME, ERR_ARGUMENT, LIMIT_LIFETIME + 1 },
		{ CONSTRAIN_CONFIRM, 0, CONFIRM_ONCE },
		{ CONSTRAIN_CONFIRM, ERR_ARGUMENT, CONFIRM_ONCE + 1 },
		{ CONSTRAIN_OPEN_RATE, 0,
		    (uint64_t)LIMIT_RATE_USES << 32 | LIMIT_RATE_TIME },
		{ CONSTRAIN_OPEN_RATE, ERR_ARGUMENT,
		    (uint64_t)(LIMIT_RATE_USES + 1) << 32 | 1 },
		{ CONSTRAIN_OPEN_RATE, ERR_ARGUMENT,
		    1ULL << 32 | (LIMIT_RATE_TIME + 1) },
		{ CONSTRAIN_DECRYPT_RATE, ERR_ARGUMENT, 1ULL << 32 },
		{ CONSTRAIN_DECRYPT_RATE, ERR_ARGUMENT, 1 },
		{ CONSTRAIN_STALE + 1, ERR_UNSUPPORTED, 1 },
		{ CONSTRAIN_TRUST_MESSAGES + 1, ERR_UNSUPPORTED, 1 },
		{ CONSTRAIN_TRUST_MESSAGES, 0, 1 },
		{ CONSTRAIN_TRUST_MESSAGES, ERR_ARGUMENT, 2 },
		{ 0, ERR_UNSUPPORTED, 0 },
	};
	struct listed l;
	struct stage s;
	struct buffer b;
	size_t i;

	(void)state;
	stage_open(&s);
	for (i = 0; i < sizeof all / sizeof all[0]; i++)
		assert_int_equal(constrain_by(s.romeo.admin, ROMEO, all[i].what,
				     all[i].value),
		    all[i].err);
	/* one that is not known takes the others with it */
	assert_int_equal(user_call(s.romeo.admin, M_CONSTRAIN,
			     body(&b, "s41818", ROMEO, 2U, CONSTRAIN_CONFIRM,
				 (uint64_t)0, 99, (uint64_t)1)),
	    ERR_UNSUPPORTED);
	assert_int_equal(
	    constrain_by(s.romeo.front, ROMEO, CONSTRAIN_CONFIRM, 0),
	    ERR_RIGHT);
	/* what was taken outlives the agent */
	restart(&s.romeo);
	l = list(&s.romeo);
	assert_int_equal(l.lifetime, LIMIT_LIFETIME);
	assert_int_equal(l.confirm, CONFIRM_ONCE);
	assert_int_equal(
	    l.open, (uint64_t)LIMIT_RATE_USES << 32 | LIMIT_RATE_TIME);
	assert_int_equal(l.decrypt, 0);
	/* and a disk that refuses leaves what was */
	s.romeo.w->refuse = 1;
	user_free(s.romeo.admin);
	s.romeo.admin = user_new(s.romeo.w);
	assert_int_equal(user_hello(s.romeo.admin), 0);
	assert_int_equal(user_call(s.romeo.admin, M_ELEVATE,
			     body(&b, "41s", (uint32_t)RIGHT_ADMIN,
				 SECRET_PASSPHRASE, PASSPHRASE)),
	    0);
	assert_int_equal(
	    constrain_by(s.romeo.admin, ROMEO, CONSTRAIN_CONFIRM, 0),
	    ERR_RETRY);
	assert_int_equal(list(&s.romeo).confirm, CONFIRM_ONCE);
	stage_close(&s);
}

/* --- the lifetime -------------------------------------------------------------------- */

static void
test_lifetime(void **state)
{
	uint8_t handle[HANDLE_SIZE], composed[HANDLE_SIZE];
	struct user *starter;
	struct stage s;
	struct fixed f;
	struct buffer b;

	(void)state;
	message_waits(&s, "m2", handle);
	starter = user_new(s.romeo.w);
	assert_int_equal(user_hello(starter), 0);
	assert_int_equal(user_restrict(starter, RIGHT_INFO, "s", ROMEO), 0);
	compose(&s.juliet, ROMEO, "m3", "three", composed);
	encrypt_until_done(&s.juliet, &s.romeo, composed, &f);
	set(&s.romeo, CONSTRAIN_LIFETIME, 600);
	assert_in_range(list(&s.romeo).left, 590, 600);
	pass(&s, 590);
	assert_int_equal(try_open(&s.romeo, handle), 0);
	user_forget_events(s.romeo.front);
	user_forget_events(s.romeo.admin);
	pass(&s, 20);
	/* its clients are told, and refused; the archive still has it */
	user_event(s.romeo.front, M_EVENT_LOCKED, NULL);
	user_event(s.romeo.net, M_EVENT_LOCKED, NULL);
	user_event(starter, M_EVENT_LOCKED, NULL);
	assert_int_equal(s.romeo.admin->nevents, 0);
	assert_int_equal(list(&s.romeo).left, 0);
	assert_int_equal(list(&s.romeo).over, 1);
	assert_int_equal(try_open(&s.romeo, handle), ERR_LOCKED);
	assert_int_equal(
	    try_compose(&s.romeo, JULIET, "m4", "x", composed), ERR_LOCKED);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "", NULL), ERR_LOCKED);
	assert_int_equal(
	    user_call(s.romeo.front, M_ATTACH_FRONT, body(&b, "s", ROMEO)),
	    ERR_LOCKED);
	/* neither more time nor none of it brings it back, a wrong passphrase
	 * neither; the passphrase does */
	set(&s.romeo, CONSTRAIN_LIFETIME, 0);
	assert_int_equal(list(&s.romeo).over, 1);
	assert_int_equal(try_open(&s.romeo, handle), ERR_LOCKED);
	set(&s.romeo, CONSTRAIN_LIFETIME, 600);
	assert_int_equal(try_open(&s.romeo, handle), ERR_LOCKED);
	assert_int_equal(user_unlock(s.romeo.front, "wrong"), ERR_PASSPHRASE);
	assert_int_equal(try_open(&s.romeo, handle), ERR_LOCKED);
	pass(&s, 2);
	assert_int_equal(user_unlock(s.romeo.front, PASSPHRASE), 0);
	user_event(s.romeo.front, M_EVENT_UNLOCKED, NULL);
	assert_int_equal(try_open(&s.romeo, handle), 0);
	assert_int_equal(
	    user_call(s.romeo.net, M_ATTACH_NET, body(&b, "s", ROMEO)), 0);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "", handle), VERDICT_NEW);
	pass(&s, 590);
	assert_int_equal(try_open(&s.romeo, handle), 0);
	pass(&s, 20);
	assert_int_equal(try_open(&s.romeo, handle), ERR_LOCKED);
	user_free(starter);
	/* Juliet's agent has no such limit */
	compose(&s.juliet, ROMEO, "m5", "five", composed);
	free(f.p);
	stage_close(&s);
}

/* An identity beside it lives on, and 0 takes the limit away in time. */
static void
test_lifetime_of_one(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct user *nurse;
	struct stage s;

	(void)state;
	message_waits(&s, "m2", handle);
	assert_int_equal(
	    user_create(s.romeo.admin, "nurse@capulet.lit", OTHERS_IGNORE), 0);
	assert_int_equal(constrain_by(s.romeo.admin, "nurse@capulet.lit",
			     CONSTRAIN_LIFETIME, 60),
	    0);
	nurse = user_attached(s.romeo.w, 0, "n", "nurse@capulet.lit");
	set(&s.romeo, CONSTRAIN_LIFETIME, 60);
	set(&s.romeo, CONSTRAIN_LIFETIME, 0);
	pass(&s, 70);
	user_event(nurse, M_EVENT_LOCKED, NULL);
	assert_int_equal(s.romeo.front->nevents, 0);
	assert_int_equal(try_open(&s.romeo, handle), 0);
	user_free(nurse);
	stage_close(&s);
}

/* --- rates ------------------------------------------------------------------------- */

static void
test_open_rate(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct stage s;
	int i;

	(void)state;
	message_waits(&s, "m2", handle);
	set(&s.romeo, CONSTRAIN_OPEN_RATE, rate(3, 600));
	for (i = 0; i < 3; i++)
		assert_int_equal(try_open(&s.romeo, handle), 0);
	assert_int_equal(try_open(&s.romeo, handle), ERR_BUSY);
	assert_non_null(strstr(s.romeo.front->text,
	    "opened only 3 times in 10m; come again in 3m"));
	assert_int_equal(waiting(&s.romeo), 1);
	pass(&s, 140);
	assert_int_equal(try_open(&s.romeo, handle), ERR_BUSY);
	pass(&s, 61);
	assert_int_equal(try_open(&s.romeo, handle), 0);
	assert_int_equal(try_open(&s.romeo, handle), ERR_BUSY);
	/* all of it after a while, and no more */
	pass(&s, 3600);
	for (i = 0; i < 3; i++)
		assert_int_equal(try_open(&s.romeo, handle), 0);
	assert_int_equal(try_open(&s.romeo, handle), ERR_BUSY);
	set(&s.romeo, CONSTRAIN_OPEN_RATE, 0);
	assert_int_equal(try_open(&s.romeo, handle), 0);
	stage_close(&s);
}

static void
test_decrypt_rate(void **state)
{
	static const char *const archive[] = { "a1", "a2", "a3" };
	uint8_t handle[HANDLE_SIZE], again[HANDLE_SIZE];
	struct fixed f[3];
	struct stage s;
	struct buffer b;
	char id[] = "d0", cursor[64];
	int i;

	(void)state;
	message_waits(&s, "m2", handle);
	for (i = 0; i < 3; i++) {
		id[1]++;
		compose(&s.juliet, ROMEO, id, "text", handle);
		encrypt_until_done(&s.juliet, &s.romeo, handle, &f[i]);
		sent(&s.juliet, handle);
	}
	set(&s.romeo, CONSTRAIN_DECRYPT_RATE, rate(2, 600));
	for (i = 0; i < 2; i++)
		assert_int_equal(deliver(&s.juliet, &s.romeo, f[i].p, f[i].len,
				     archive[i], handle),
		    VERDICT_NEW);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f[2].p, f[2].len, "a3", NULL),
	    ERR_BUSY);
	assert_non_null(strstr(s.romeo.net->text,
	    "decrypted only 2 times in 10m; come again in "));
	/* what is known is no use */
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f[1].p, f[1].len, "", again),
	    VERDICT_KNOWN);
	assert_memory_equal(again, handle, HANDLE_SIZE);
	/* the cursor has stayed before what was not taken */
	user_free(s.romeo.net);
	s.romeo.net = user_attached(s.romeo.w, 1, "again", ROMEO);
	(void)reader_u32(&s.romeo.net->r);
	reader_cstring(&s.romeo.net->r, cursor, sizeof cursor);
	assert_string_equal(cursor, "a2");
	pass(&s, 301);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f[2].p, f[2].len, "a3", handle),
	    VERDICT_NEW);
	assert_int_equal(
	    user_call(s.romeo.front, M_OPEN, body(&b, "sh", ROMEO, handle)), 0);
	for (i = 0; i < 3; i++)
		free(f[i].p);
	stage_close(&s);
}

/* --- a person's yes -------------------------------------------------------------------- */

static void
open_sent(struct side *s, const uint8_t *handle)
{
	struct buffer b;

	user_send(
	    s->front, M_OPEN, ++s->front->id, body(&b, "sh", s->jid, handle));
}

static int
answer_of(struct side *s)
{
	return user_wait(s->front, s->front->id);
}

/* Somebody who asks for nothing else. */
static void
lock_by_another(struct world *w)
{
	struct user *u = user_new(w);

	assert_int_equal(user_hello(u), 0);
	assert_int_equal(user_call(u, M_LOCK, NULL), 0);
	user_free(u);
}

static void
test_confirm_each(void **state)
{
	uint8_t handle[HANDLE_SIZE], composed[HANDLE_SIZE];
	struct world *w;
	struct buffer b;
	struct stage s;
	char text[64];

	(void)state;
	message_waits(&s, "m2", handle);
	w = s.romeo.w;
	set(&s.romeo, CONSTRAIN_CONFIRM, CONFIRM_EACH);
	assert_int_equal(w->asked, 0);
	w->ask_hold = 1;
	open_sent(&s.romeo, handle);
	pass(&s, 0);
	assert_int_equal(w->asked, 1);
	snprintf(text, sizeof text, "Allow process %u to read a message of ",
	    (unsigned)getpid());
	assert_memory_equal(w->prompt, text, strlen(text));
	assert_non_null(strstr(w->prompt, JULIET ", as " ROMEO "? "));
	assert_non_null(strstr(w->prompt, "\"front\", or so it says."));
	/* all others, and what needs none of the same, go on */
	assert_int_equal(
	    user_call(s.romeo.net, M_WORK, body(&b, "s", ROMEO)), 0);
	assert_int_equal(user_call(s.romeo.admin, M_STATUS, NULL), 0);
	world_answer(w, ASK_DONE);
	assert_int_equal(answer_of(&s.romeo), 0);
	/* each one; also to send, once for a message */
	w->ask_hold = 0;
	assert_int_equal(try_open(&s.romeo, handle), 0);
	assert_int_equal(w->asked, 2);
	compose(&s.romeo, JULIET, "c1", "text", composed);
	assert_int_equal(w->asked, 3);
	assert_non_null(strstr(w->prompt, "to send a message to " JULIET));
	compose(&s.romeo, JULIET, "c1", "text", composed);
	assert_int_equal(w->asked, 3);
	stage_close(&s);
}

static void
test_confirm_no(void **state)
{
	uint8_t handle[HANDLE_SIZE], composed[HANDLE_SIZE];
	struct world *w;
	struct stage s;

	(void)state;
	message_waits(&s, "m2", handle);
	w = s.romeo.w;
	set(&s.romeo, CONSTRAIN_CONFIRM, CONFIRM_EACH);
	w->ask_yes = 0;
	assert_int_equal(try_open(&s.romeo, handle), ERR_CANCELLED);
	/* nothing is lost, and for half a minute nobody is asked again */
	assert_int_equal(waiting(&s.romeo), 1);
	w->ask_yes = 1;
	pass(&s, 25);
	assert_int_equal(try_open(&s.romeo, handle), ERR_CANCELLED);
	assert_int_equal(
	    try_compose(&s.romeo, JULIET, "c1", "x", composed), ERR_CANCELLED);
	assert_int_equal(w->asked, 1);
	assert_int_equal(outbox_rows(&s.romeo), 1); /* "known" */
	pass(&s, 6);
	assert_int_equal(try_open(&s.romeo, handle), 0);
	assert_int_equal(reader_u8(&s.romeo.front->r), FORMAT_BODY);
	assert_int_equal(w->asked, 2);
	/* an agent without an askpass says so, and that is no no */
	w->ask_hold = 1;
	open_sent(&s.romeo, handle);
	pass(&s, 0);
	world_answer(w, ASK_ABSENT);
	assert_int_equal(answer_of(&s.romeo), ERR_CANCELLED);
	assert_non_null(strstr(s.romeo.front->text, "no askpass"));
	w->ask_hold = 0;
	assert_int_equal(try_open(&s.romeo, handle), 0);
	stage_close(&s);
}

static void
test_confirm_once(void **state)
{
	uint8_t handle[HANDLE_SIZE], composed[HANDLE_SIZE];
	struct world *w;
	struct stage s;
	struct user *other;
	struct buffer b;

	(void)state;
	message_waits(&s, "m2", handle);
	w = s.romeo.w;
	set(&s.romeo, CONSTRAIN_CONFIRM, CONFIRM_ONCE);
	assert_int_equal(try_open(&s.romeo, handle), 0);
	assert_int_equal(try_open(&s.romeo, handle), 0);
	compose(&s.romeo, JULIET, "c1", "text", composed);
	assert_int_equal(w->asked, 1);
	/* another connection has another yes, whatever name it says */
	other = user_attached(w, 0, "front", ROMEO);
	assert_int_equal(
	    user_call(other, M_OPEN, body(&b, "sh", ROMEO, handle)), 0);
	assert_int_equal(w->asked, 2);
	user_free(other);
	/* lock takes it back */
	lock_by_another(w);
	user_event(s.romeo.net, M_EVENT_LOCKED, NULL);
	assert_int_equal(user_unlock(s.romeo.admin, PASSPHRASE), 0);
	user_free(s.romeo.front);
	s.romeo.front = user_attached(w, 0, "front", ROMEO);
	assert_int_equal(try_open(&s.romeo, handle), 0);
	assert_int_equal(w->asked, 3);
	set(&s.romeo, CONSTRAIN_CONFIRM, CONFIRM_NEVER);
	user_free(s.romeo.front);
	s.romeo.front = user_attached(w, 0, "front", ROMEO);
	assert_int_equal(try_open(&s.romeo, handle), 0);
	assert_int_equal(w->asked, 3);
	stage_close(&s);
}

/* Whoever asked has gone: the prompt goes, too, and that was no no. */
static void
test_confirm_gone(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct user *other;
	struct world *w;
	struct stage s;
	struct buffer b;

	(void)state;
	message_waits(&s, "m2", handle);
	w = s.romeo.w;
	set(&s.romeo, CONSTRAIN_CONFIRM, CONFIRM_EACH);
	w->ask_hold = 1;
	other = user_attached(w, 0, "other", ROMEO);
	user_send(other, M_OPEN, 99, body(&b, "sh", ROMEO, handle));
	pass(&s, 0);
	open_sent(&s.romeo, handle); /* waits its turn */
	pass(&s, 0);
	assert_int_equal(w->asked, 1);
	user_free(other);
	pass(&s, 0);
	assert_int_equal(w->ended, 1);
	assert_int_equal(w->asked, 2);
	assert_int_equal(w->k->accounts->nconfirms, 1);
	world_answer(w, ASK_DONE);
	assert_int_equal(answer_of(&s.romeo), 0);
	/* "other" was offered nothing: it is not "again" for it */
	w->ask_hold = 0;
	other = user_attached(w, 0, "other", ROMEO);
	assert_int_equal(
	    user_call(other, M_OPEN, body(&b, "sh", ROMEO, handle)), 0);
	assert_int_equal(other->reply.data[other->reply.len - 1], 0);
	user_free(other);
	stage_close(&s);
}

/* Nobody answers: a no, and the prompt is taken away. */
static void
test_confirm_late(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct world *w;
	struct stage s;

	(void)state;
	message_waits(&s, "m2", handle);
	w = s.romeo.w;
	set(&s.romeo, CONSTRAIN_CONFIRM, CONFIRM_EACH);
	w->ask_hold = 1;
	open_sent(&s.romeo, handle);
	pass(&s, 0);
	pass(&s, ASK_MS / 1000 - 5);
	assert_int_equal(w->ended, 0);
	pass(&s, 10);
	assert_int_equal(answer_of(&s.romeo), ERR_CANCELLED);
	assert_int_equal(w->ended, 1);
	assert_int_equal(waiting(&s.romeo), 1);
	w->ask_hold = 0;
	assert_int_equal(try_open(&s.romeo, handle), ERR_CANCELLED);
	pass(&s, 31);
	assert_int_equal(try_open(&s.romeo, handle), 0);
	stage_close(&s);
}

/* What waits is refused by lock and by the end of the lifetime. */
static void
test_confirm_lock(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct world *w;
	struct stage s;

	(void)state;
	message_waits(&s, "m2", handle);
	w = s.romeo.w;
	set(&s.romeo, CONSTRAIN_CONFIRM, CONFIRM_EACH);
	set(&s.romeo, CONSTRAIN_LIFETIME, 60);
	w->ask_hold = 1;
	open_sent(&s.romeo, handle);
	pass(&s, 0);
	pass(&s, 70);
	world_answer(w, ASK_DONE);
	assert_int_equal(answer_of(&s.romeo), ERR_LOCKED);
	assert_int_equal(user_unlock(s.romeo.admin, PASSPHRASE), 0);
	open_sent(&s.romeo, handle);
	pass(&s, 0);
	assert_int_equal(w->asked, 2);
	lock_by_another(w);
	assert_int_equal(answer_of(&s.romeo), ERR_LOCKED);
	assert_int_equal(w->ended, 1);
	assert_int_equal(user_unlock(s.romeo.admin, PASSPHRASE), 0);
	w->ask_hold = 0;
	assert_int_equal(try_open(&s.romeo, handle), 0);
	stage_close(&s);
}

static void
test_confirms(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct world *w;
	struct stage s;
	struct buffer b;
	uint32_t first;
	int i;

	(void)state;
	message_waits(&s, "m2", handle);
	w = s.romeo.w;
	set(&s.romeo, CONSTRAIN_CONFIRM, CONFIRM_ONCE);
	w->ask_hold = 1;
	first = s.romeo.front->id;
	for (i = 0; i < LIMIT_CONFIRMS; i++)
		open_sent(&s.romeo, handle);
	pass(&s, 0);
	assert_int_equal(w->k->accounts->nconfirms, LIMIT_CONFIRMS);
	assert_int_equal(try_open(&s.romeo, handle), ERR_BUSY);
	assert_int_equal(w->k->accounts->nconfirms, LIMIT_CONFIRMS);
	assert_int_equal(
	    user_call(s.romeo.admin, M_ELEVATE,
		body(&b, "41s", (uint32_t)RIGHT_TRUST, SECRET_ASK, "")),
	    ERR_BUSY);
	/* one yes was asked for */
	s.romeo.front->id = first + LIMIT_CONFIRMS; /* of the last that waits */
	world_answer(w, ASK_DONE);
	assert_int_equal(answer_of(&s.romeo), 0);
	assert_int_equal(w->k->accounts->nconfirms, 0);
	assert_int_equal(w->asked, 1);
	stage_close(&s);
}

static int
group(void **state)
{
	(void)state;
	world_setup();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_lifetime),
		cmocka_unit_test(test_lifetime_of_one),
		cmocka_unit_test(test_open_rate),
		cmocka_unit_test(test_decrypt_rate),
		cmocka_unit_test(test_confirm_each),
		cmocka_unit_test(test_confirm_no),
		cmocka_unit_test(test_confirm_once),
		cmocka_unit_test(test_confirm_gone),
		cmocka_unit_test(test_confirm_late),
		cmocka_unit_test(test_confirm_lock),
		cmocka_unit_test(test_confirms),
	};

	return cmocka_run_group_tests(tests, group, NULL);
}
