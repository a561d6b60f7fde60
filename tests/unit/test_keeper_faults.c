/* SPDX-License-Identifier: ISC */
/*
 * What does not succeed: in each request of a table every allocation (also of
 * the secure heap), every draw of randomness and every cipher is made to fail
 * in turn, inside the keeper's handlers alone. The answer is then an error,
 * the records are those of before, and the same request succeeds on the same
 * keeper; or the keeper has ended (its own abort, a connection that it could
 * not answer) and another one opens what is in the store. Linked with --wrap
 * (tests/tests.mk).
 */
#include <setjmp.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "check.h"
#include "keeper_flow.h"

#define FAULTS_MOST 4000 /* of one request: the end of the search */

/* --- the faults --------------------------------------------------------------- */

static struct {
	int on;		   /* a request is being tried */
	int armed;	   /* inside the keeper */
	unsigned long at;  /* the one that fails; 0: none */
	unsigned long met; /* so far */
	int hit;
	jmp_buf died;
} fault;

static int
fails(void)
{
	if (!fault.on || fault.armed == 0 || ++fault.met != fault.at)
		return 0;
	fault.hit = 1;
	return 1;
}

#define WRAP_POINTER(name, parameters, arguments)                              \
	void *__real_##name parameters;                                        \
	void *__wrap_##name parameters;                                        \
	void *__wrap_##name parameters                                         \
	{                                                                      \
		return fails() ? NULL : __real_##name arguments;               \
	}
#define WRAP_INT(name, parameters, arguments)                                  \
	int __real_##name parameters;                                          \
	int __wrap_##name parameters;                                          \
	int __wrap_##name parameters                                           \
	{                                                                      \
		return fails() ? 0 : __real_##name arguments;                  \
	}

WRAP_POINTER(malloc, (size_t n), (n))
WRAP_POINTER(calloc, (size_t n, size_t size), (n, size))
WRAP_POINTER(realloc, (void *p, size_t n), (p, n))
WRAP_POINTER(reallocarray, (void *p, size_t n, size_t size), (p, n, size))
WRAP_POINTER(recallocarray, (void *p, size_t was, size_t n, size_t size),
    (p, was, n, size))
WRAP_POINTER(strdup, (const char *s), (s))
WRAP_POINTER(CRYPTO_secure_zalloc, (size_t n, const char *file, int line),
    (n, file, line))
WRAP_POINTER(
    CRYPTO_zalloc, (size_t n, const char *file, int line), (n, file, line))
WRAP_POINTER(EVP_CIPHER_CTX_new, (void), ())
WRAP_POINTER(EVP_MD_CTX_new, (void), ())
WRAP_INT(RAND_bytes, (unsigned char *p, int n), (p, n))
WRAP_INT(RAND_priv_bytes, (unsigned char *p, int n), (p, n))
WRAP_INT(EVP_CipherFinal_ex, (EVP_CIPHER_CTX * c, unsigned char *p, int *n),
    (c, p, n))
WRAP_INT(EVP_DigestFinal_ex, (EVP_MD_CTX * c, unsigned char *p, unsigned *n),
    (c, p, n))
WRAP_INT(
    EVP_PKEY_derive, (EVP_PKEY_CTX * c, unsigned char *p, size_t *n), (c, p, n))

void __real_abort(void) __attribute__((noreturn));
void __wrap_abort(void) __attribute__((noreturn));

/* The keeper ends itself where going on would be wrong, and with a link of
 * its own that is closed (keeper_world.h aborts there). */
void
__wrap_abort(void)
{
	if (fault.on && (fault.armed > 0 || fault.hit))
		longjmp(fault.died, 1);
	__real_abort();
}

#define WRAP_ENTRY(type, name, parameters, arguments)                          \
	type __real_##name parameters;                                         \
	type __wrap_##name parameters;                                         \
	type __wrap_##name parameters                                          \
	{                                                                      \
		type result;                                                   \
		fault.armed++;                                                 \
		result = __real_##name arguments;                              \
		fault.armed--;                                                 \
		return result;                                                 \
	}
WRAP_ENTRY(int, records_frame, (struct records * r, struct frame *f), (r, f))
WRAP_ENTRY(int, vault_frame, (struct vault * v, struct frame *f), (v, f))

void __real_dispatch(struct request *);
void __wrap_dispatch(struct request *);

void
__wrap_dispatch(struct request *r)
{
	fault.armed++;
	__real_dispatch(r);
	fault.armed--;
}

void __real_records_flush(struct records *);
void __wrap_records_flush(struct records *);

void
__wrap_records_flush(struct records *r)
{
	fault.armed++;
	__real_records_flush(r);
	fault.armed--;
}

/* --- a state, and keepers that begin with it ---------------------------------- */

struct state {
	struct stored *rows;
	size_t nrows;
	char recovery[64];
	uint32_t device, peer_device;
	uint8_t peer_u[32], waiting[HANDLE_SIZE];
	struct fixed message; /* of Romeo's, not handed in yet */
	struct fixed bundle;  /* his, as BUNDLE has it */
};

static struct state base;

static void
rows_copy(struct stored **to, size_t *nto, const struct stored *v, size_t n)
{
	*to = calloc(n + 1, sizeof **to);
	must(*to != NULL);
	for (size_t i = 0; i < n; i++) {
		(*to)[i] = v[i];
		(*to)[i].value = copy_of(v[i].value, v[i].len);
	}
	*nto = n;
}

static void
rows_free(struct stored *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i].value);
	free(v);
}

/* Juliet has written to Romeo and he to her; one of his messages waits, one
 * has not come yet. */
static void
state_make(void)
{
	struct stage s;
	struct buffer b;
	uint8_t h[HANDLE_SIZE], composed[HANDLE_SIZE];

	stage_open(&s);
	send_text(&s.juliet, &s.romeo, "j1", "from juliet", h);
	send_text(&s.romeo, &s.juliet, "r1", "from romeo", h);
	expect_message(&s.juliet, h, "from romeo", ROMEO, 1);
	send_text(&s.romeo, &s.juliet, "r2", "it waits", base.waiting);
	compose(&s.romeo, JULIET, "r3", "still to come", composed);
	encrypt_until_done(&s.romeo, &s.juliet, composed, &base.message);
	assert_int_equal(
	    user_call(s.juliet.admin, M_SLOT_SET,
		body(&b, "111s", 0, SLOT_RECOVERY, SECRET_ASK, "")),
	    0);
	(void)reader_u8(&s.juliet.admin->r);
	reader_cstring(&s.juliet.admin->r, base.recovery, sizeof base.recovery);
	base.device = s.juliet.device;
	base.peer_device = s.romeo.device;
	memcpy(base.peer_u, s.romeo.u, 32);
	base.bundle.p = copy_of(s.romeo.bundle.data, s.romeo.bundle.len);
	base.bundle.len = s.romeo.bundle.len;
	rows_copy(&base.rows, &base.nrows, s.juliet.w->rows, s.juliet.w->nrows);
	stage_close(&s);
}

/* A keeper with these rows; locked. */
static void
side_of(struct side *s, const struct stored *rows, size_t n)
{
	struct loop *loop = loop_new();

	must(loop != NULL);
	memset(s, 0, sizeof *s);
	s->jid = JULIET;
	s->w = world_new(loop);
	world_stop(s->w);
	rows_copy(&s->w->rows, &s->w->nrows, rows, n);
	world_start(s->w);
	s->admin = user_new(s->w);
	assert_int_equal(user_hello(s->admin), 0);
}

static int
recover(struct side *s)
{
	struct buffer b;

	return user_call(
	    s->admin, M_UNLOCK, body(&b, "1s", SECRET_RECOVERY, base.recovery));
}

static void
side_end(struct side *s)
{
	struct loop *loop = s->w->loop;
	struct world *w = s->w;

	user_free(s->admin);
	if (s->front != NULL)
		user_free(s->front);
	if (s->net != NULL)
		user_free(s->net);
	world_free(w);
	loop_free(loop);
	free(w);
}

static void
hand_lists(struct side *s)
{
	assert_int_equal(hand_list(s, JULIET, LIST_READ, &s->device, 1), 0);
	assert_int_equal(
	    hand_list(s, ROMEO, LIST_READ, &base.peer_device, 1), 0);
}

/* Unlocked and attached, with admin and trust. */
static void
side_ready(struct side *s)
{
	struct buffer b;

	assert_int_equal(recover(s), 0);
	assert_int_equal(
	    user_call(s->admin, M_ELEVATE,
		body(&b, "41s", (uint32_t)(RIGHT_TRUST | RIGHT_ADMIN),
		    SECRET_RECOVERY, base.recovery)),
	    0);
	attach(s);
	for (int ns = 0; ns < OMEMO_PROFILES; ns++)
		assert_int_equal(hand_own_bundle_in(
				     s, (uint8_t)ns, BUNDLE_UNREACHABLE, NULL),
		    0);
	hand_lists(s);
}

/* --- what the records say ------------------------------------------------------ */

struct digest {
	uint8_t kind, sum[32];
};

static int
digest_one(void *arg, const char *account, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	static const uint8_t key[32] = "of records";
	struct digest *d = arg;
	uint8_t mac[32],
	    lengths[2] = { (uint8_t)strlen(account), (uint8_t)namelen };
	const struct iovec_const v[] = { { &d->kind, 1 }, { lengths, 2 },
		{ account, strlen(account) }, { name, namelen }, { p, len } };

	must(crypto_hmac(key, sizeof key, v, 5, mac) == 0);
	for (size_t i = 0; i < 32; i++)
		d->sum[i] ^= mac[i];
	return 0;
}

/* All records but the log, which tells of uses that then fail, too. */
static struct digest
digest_of(struct side *s)
{
	struct digest d = { 0 };

	for (d.kind = 1; d.kind < RECORD_KINDS; d.kind++)
		if (d.kind != RECORD_LOG)
			must(records_each(s->w->k->records,
				 (enum record_kind)d.kind, NULL, digest_one,
				 &d) == 0);
	return d;
}

/* --- the requests --------------------------------------------------------------- */

static uint8_t handle[HANDLE_SIZE];

static void
composed(struct side *s)
{
	compose(s, ROMEO, "f1", "to be encrypted", handle);
}

static void
encrypted(struct side *s)
{
	composed(s);
	assert_int_equal(try_encrypt(s, handle), ENCRYPT_DONE);
}

static void
nothing(struct side *s)
{
	(void)s;
}

static int
call_compose(struct side *s)
{
	uint8_t h[HANDLE_SIZE];

	return try_compose(s, ROMEO, "f2", "a text", h);
}

/* After a failure the lists are asked for anew. */
static int
call_encrypt(struct side *s)
{
	int status = try_encrypt(s, handle);

	if (status == ENCRYPT_NEED && !fault.on) {
		hand_lists(s);
		status = try_encrypt(s, handle);
	}
	return status == ENCRYPT_DONE ? 0 : status < 0 ? status : 1;
}

static int
call_decrypt(struct side *s)
{
	struct side romeo = { .jid = ROMEO };
	int err =
	    deliver(&romeo, s, base.message.p, base.message.len, "a1", handle);

	return err == VERDICT_NEW ? 0 : err;
}

static int
call_open(struct side *s)
{
	return try_open(s, base.waiting);
}

static int
call_bundle(struct side *s)
{
	struct buffer b;

	body(&b, "s1s41", JULIET, NS_LEGACY, ROMEO, base.peer_device,
	    BUNDLE_HERE);
	buffer_put(&b, base.bundle.p, base.bundle.len);
	return user_call(s->net, M_BUNDLE, &b);
}

static int
call_devices(struct side *s)
{
	const uint32_t ids[] = { base.peer_device, 4242 };

	return hand_list(s, ROMEO, LIST_READ, ids, 2);
}

#define CALL(name, who, type, ...)                                             \
	static int call_##name(struct side *s)                                 \
	{                                                                      \
		struct buffer b;                                               \
		return user_call(s->who, type, body(&b, __VA_ARGS__));         \
	}
CALL(shown, front, M_SHOWN, "sh", JULIET, base.waiting)
CALL(writer, front, M_WRITER, "sh", JULIET, base.waiting)
CALL(waiting, front, M_WAITING, "s", JULIET)
CALL(outbox, front, M_OUTBOX, "s", JULIET)
CALL(discard, front, M_DISCARD, "sh", JULIET, handle)
CALL(sent, net, M_SENT, "sh", JULIET, handle)
CALL(work, net, M_WORK, "s", JULIET)
CALL(cursor, net, M_CURSOR, "ss1s", JULIET, "a9", 1, "")
CALL(acknowledge, front, M_ACKNOWLEDGE, "ssk1s", JULIET, ROMEO, base.peer_u,
    ROLE_READER, "")
CALL(trust, admin, M_TRUST, "ss4k1", JULIET, ROMEO, 1U, base.peer_u,
    TRUST_VERIFIED)
CALL(policy, admin, M_POLICY, "ss11", JULIET, ROMEO, POLICY_MANUAL, 1)
CALL(constrain, admin, M_CONSTRAIN, "s418", JULIET, 1U, CONSTRAIN_WINDOW,
    (uint64_t)900)
CALL(create, admin, M_CREATE, "s1", "nurse@capulet.lit", OTHERS_IGNORE)
CALL(list, admin, M_LIST, "")
CALL(label, admin, M_LABEL, "ss", JULIET, "desk")
CALL(labels, admin, M_LABELS, "s44ss", JULIET, 1U, 1U, "desk", "")
CALL(peers, admin, M_PEERS, "ss", JULIET, "")
CALL(log, admin, M_LOG, "8", (uint64_t)1)
CALL(own, admin, M_OWN_BUNDLE, "s1", JULIET, NS_LEGACY)
CALL(publish, admin, M_PUBLISH, "s", JULIET)
CALL(rotate, admin, M_ROTATE, "s1", JULIET, 0)
CALL(identity, admin, M_ROTATE, "s1", JULIET, 1)
CALL(revoke, admin, M_REVOKE, "s4", JULIET, 0U)
CALL(export, admin, M_EXPORT, "s4", JULIET, 0U)
CALL(slot, admin, M_SLOT_SET, "111s", 0, SLOT_RECOVERY, SECRET_ASK, "")
CALL(copied, admin, M_ADOPT, "1", ADOPT_COPIED)
CALL(status, admin, M_STATUS, "")

static const struct tried {
	const char *name;
	void (*prepare)(struct side *);
	int (*call)(struct side *);
} table[] = {
	{ "COMPOSE", nothing, call_compose },
	{ "ENCRYPT", composed, call_encrypt },
	{ "SENT", encrypted, call_sent },
	{ "DISCARD", composed, call_discard },
	{ "DECRYPT", nothing, call_decrypt },
	{ "WRITER", nothing, call_writer },
	{ "OPEN", nothing, call_open },
	{ "SHOWN", nothing, call_shown },
	{ "WAITING", nothing, call_waiting },
	{ "OUTBOX", composed, call_outbox },
	{ "ACKNOWLEDGE", nothing, call_acknowledge },
	{ "DEVICES", nothing, call_devices },
	{ "BUNDLE", nothing, call_bundle },
	{ "WORK", nothing, call_work },
	{ "CURSOR", nothing, call_cursor },
	{ "TRUST", nothing, call_trust },
	{ "POLICY", nothing, call_policy },
	{ "CONSTRAIN", nothing, call_constrain },
	{ "CREATE", nothing, call_create },
	{ "LIST", nothing, call_list },
	{ "LABEL", nothing, call_label },
	{ "LABELS", nothing, call_labels },
	{ "PEERS", nothing, call_peers },
	{ "LOG", nothing, call_log },
	{ "OWN_BUNDLE", nothing, call_own },
	{ "PUBLISH", nothing, call_publish },
	{ "ROTATE", nothing, call_rotate },
	{ "ROTATE identity", nothing, call_identity },
	{ "REVOKE", nothing, call_revoke },
	{ "EXPORT", nothing, call_export },
	{ "SLOT_SET", nothing, call_slot },
	{ "ADOPT", nothing, call_copied },
	{ "STATUS", nothing, call_status },
};

/* --- one after the other ---------------------------------------------------------- */

static struct {
	unsigned long faults, errors, ended, borne;
} seen;

/* What is in the store opens, and is whole (records_load checks the root). */
static void
must_open(const struct world *w, const char *name)
{
	struct side s;

	side_of(&s, w->rows, w->nrows);
	if (recover(&s) != 0)
		fail_msg("%s, fault %lu: the state does not open any more",
		    name, fault.at);
	side_end(&s);
}

/* The call with its at-th step failing. 1: there was such a step. */
static int
try(const struct tried *t, unsigned long at)
{
	static struct side s; /* longjmp */
	struct digest before, after;
	int err;

	side_of(&s, base.rows, base.nrows);
	side_ready(&s);
	t->prepare(&s);
	before = digest_of(&s);
	fault.at = at;
	fault.met = 0;
	fault.hit = fault.armed = 0;
	fault.on = 1;
	if (setjmp(fault.died) != 0) {
		fault.on = 0;
		seen.ended++;
		must_open(s.w, t->name);
		return 1; /* what is left of it is left */
	}
	err = t->call(&s);
	fault.on = 0;
	if (!fault.hit) {
		assert_int_equal(err, 0);
		side_end(&s);
		return 0;
	}
	if (err == 0) {
		seen.borne++;
	} else if (err == ERR_EOF) {
		seen.ended++;
	} else {
		seen.errors++;
		after = digest_of(&s);
		if (memcmp(&before, &after, sizeof before) != 0)
			fail_msg("%s, fault %lu: %s, and records have changed",
			    t->name, at, err_text(err));
		if ((err = t->call(&s)) != 0)
			fail_msg("%s, fault %lu: not the next time either: %s",
			    t->name, at, err_text(err));
	}
	must_open(s.w, t->name);
	side_end(&s);
	return 1;
}

static void
test_faults(void **state)
{
	(void)state;
	state_make();
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		unsigned long at = 1;

		while (at < FAULTS_MOST && try(&table[i], at))
			at++;
		assert_true(at < FAULTS_MOST);
		assert_true(at > 1); /* every request needs something */
		seen.faults += at - 1;
	}
	printf("%lu faults in %zu requests: %lu refused, %lu borne, %lu ended "
	       "the keeper or the connection\n",
	    seen.faults, sizeof table / sizeof table[0], seen.errors,
	    seen.borne, seen.ended);
	rows_free(base.rows, base.nrows);
	free(base.message.p);
	free(base.bundle.p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
	};

	world_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
