/* SPDX-License-Identifier: ISC */
/*
 * Every message, every right, locked and unlocked, before HELLO: against a
 * table that is kept here, on its own, over real connections. A request that
 * is let through may still be refused for what it says; it must not be
 * refused for the right, the lock or HELLO.
 */
#include "check.h"
/* cmocka first */
#include "keeper_world.h"

#define JULIET "juliet@capulet.lit"

struct expected {
	const char *name;
	uint8_t type;
	uint32_t right; /* 0: none */
	int locked;	/* answered while locked */
};

static const struct expected expected[] = {
	{ "HELLO", 1, 0, 1 },
	{ "RESTRICT", 2, 0, 1 },
	{ "ELEVATE", 3, RIGHT_INFO, 0 },
	{ "STATUS", 4, RIGHT_INFO, 1 },
	{ "LOCK", 5, RIGHT_INFO, 1 },
	{ "UNLOCK", 6, RIGHT_INFO, 1 },
	{ "VAULT_CREATE", 7, RIGHT_INFO, 1 },
	{ "LIST", 8, RIGHT_INFO, 0 },
	{ "CREATE", 9, RIGHT_ADMIN, 0 },
	{ "PEERS", 10, RIGHT_INFO, 0 },
	{ "TRUST", 11, RIGHT_TRUST, 0 },
	{ "POLICY", 12, RIGHT_TRUST, 0 },
	{ "PUBLISH", 13, RIGHT_INFO, 0 },
	{ "QUIT", 14, RIGHT_INFO, 1 },
	{ "CONSTRAIN", 15, RIGHT_ADMIN, 0 },
	{ "ADOPT", 16, RIGHT_ADMIN, 0 },
	{ "SLOTS", 17, RIGHT_INFO, 0 },
	{ "SLOT_SET", 18, RIGHT_ADMIN, 0 },
	{ "SLOT_REMOVE", 19, RIGHT_ADMIN, 0 },
	{ "ATTACH_FRONT", 20, RIGHT_TEXT, 0 },
	{ "COMPOSE", 21, RIGHT_TEXT, 0 },
	{ "OUTBOX", 22, RIGHT_TEXT, 0 },
	{ "READERS", 23, RIGHT_TEXT, 0 },
	{ "WRITER", 24, RIGHT_TEXT, 0 },
	{ "ACKNOWLEDGE", 25, RIGHT_TEXT, 0 },
	{ "OPEN", 26, RIGHT_TEXT, 0 },
	{ "SHOWN", 27, RIGHT_TEXT, 0 },
	{ "WAITING", 28, RIGHT_TEXT, 0 },
	{ "DISCARD", 29, RIGHT_TEXT, 0 },
	{ "LOG", 30, RIGHT_INFO, 0 },
	{ "OWN_BUNDLE", 36, RIGHT_INFO, 0 },
	{ "EXPORT", 33, RIGHT_ADMIN, 0 },
	{ "IMPORT", 34, RIGHT_ADMIN, 0 },
	{ "IMPORT_OPEN", 39, RIGHT_INFO, 1 },
	{ "ROTATE", 31, RIGHT_ADMIN, 0 },
	{ "REVOKE", 32, RIGHT_ADMIN, 0 },
	{ "DUTIES", 35, RIGHT_INFO, 0 },
	{ "ATTACH_NET", 40, RIGHT_NETWORK, 0 },
	{ "DEVICES", 41, RIGHT_NETWORK, 0 },
	{ "ENCRYPT", 42, RIGHT_NETWORK, 0 },
	{ "BUNDLE", 43, RIGHT_NETWORK, 0 },
	{ "SENT", 44, RIGHT_NETWORK, 0 },
	{ "FAILED", 45, RIGHT_NETWORK, 0 },
	{ "DECRYPT", 46, RIGHT_NETWORK, 0 },
	{ "CURSOR", 47, RIGHT_NETWORK, 0 },
	{ "MEMBERS", 56, RIGHT_NETWORK, 0 },
	{ "WORK", 48, RIGHT_NETWORK, 0 },
	{ "WORK_DONE", 49, RIGHT_NETWORK, 0 },
	{ "RESET", 54, RIGHT_TRUST, 0 },
	{ "SIGNAL", 57, RIGHT_TEXT, 0 },
	{ "LABEL", 58, RIGHT_ADMIN, 0 },
	{ "LABELS", 59, RIGHT_INFO, 0 },
};
#define EXPECTED (sizeof expected / sizeof expected[0])

static struct world *world;
static struct user *admin;

/* --- the two tables ---------------------------------------------------------------- */

static void
test_tables(void **state)
{
	const struct message *m;
	size_t i, n = 0;
	unsigned type;

	(void)state;
	for (i = 0; i < messages_count; i++) {
		m = &messages[i];
		if (m->link != LINK_CLIENT || (m->flags & MESSAGE_EVENT))
			continue;
		n++;
		if (!dispatch_has(m->type))
			fail_msg("no handler for %s", m->name);
	}
	assert_int_equal(n, EXPECTED);
	for (i = 0; i < EXPECTED; i++) {
		m = message_find(LINK_CLIENT, expected[i].type);
		assert_non_null(m);
		assert_string_equal(m->name, expected[i].name);
	}
	/* and no handler without a row */
	for (type = 0, n = 0; type < 256; type++)
		n += dispatch_has((uint8_t)type) != 0;
	assert_int_equal(n, EXPECTED);
}

/* --- a body with the layout, of zeros ----------------------------------------------- */

/* A layout's zeros are a body: empty strings, empty lists. */
static void
zeros(const char *layout, struct buffer *b)
{
	const char *p = layout;
	int depth = 0;

	buffer_init(b, FRAME_MAX);
	for (; *p != '\0'; p++) {
		if (*p == ']')
			depth--;
		if (*p == '[' && depth++ == 0)
			buffer_put_u32(b, 0);
		if (*p != ':' || depth > 0 || p[1] == '[')
			continue;
		if (p[1] == 's' || strncmp(p + 1, "u32", 3) == 0)
			buffer_put_u32(b, 0);
		else if (strncmp(p + 1, "u8", 2) == 0)
			buffer_put_u8(b, 0);
		else if (strncmp(p + 1, "u64", 3) == 0)
			buffer_put_u64(b, 0);
		else {
			assert_int_equal(p[1], 'f');
			assert_non_null(
			    buffer_extend(b, strtoul(p + 2, NULL, 10)));
		}
	}
}

static int
ask_zeros(struct user *u, const struct expected *e)
{
	const struct message *m = message_find(LINK_CLIENT, e->type);
	struct buffer b;

	zeros(m->request, &b);
	assert_int_equal(message_check(m->request, b.data, b.len), 0);
	return user_call(u, e->type, &b);
}

/* --- connections of each kind --------------------------------------------------------- */

static struct user *
with_rights(uint32_t rights)
{
	struct user *u = user_new(world);
	struct buffer b;

	assert_int_equal(user_hello(u), 0);
	/* both at once are given for a yes, then all but rights go */
	if (rights & (RIGHT_TRUST | RIGHT_ADMIN))
		assert_int_equal(
		    user_call(u, M_ELEVATE,
			body(&b, "41s", (uint32_t)(RIGHT_TRUST | RIGHT_ADMIN),
			    SECRET_ASK, "")),
		    0);
	assert_int_equal(user_restrict(u, rights, "walker", NULL), 0);
	assert_int_equal(reader_u32(&u->r), rights);
	return u;
}

static void
lock(void)
{
	struct user *u = user_new(world);

	assert_int_equal(user_hello(u), 0);
	assert_int_equal(user_call(u, M_LOCK, NULL), 0);
	assert_int_equal(user_call(u, M_STATUS, NULL), 0);
	assert_int_equal(reader_u8(&u->r), 1);
	user_free(u);
}

static void
unlock(void)
{
	struct user *u = user_new(world);

	assert_int_equal(user_hello(u), 0);
	assert_int_equal(user_unlock(u, PASSPHRASE), 0);
	user_free(u);
}

static void
check_one(const struct expected *e, uint32_t rights, int locked)
{
	struct user *u = with_rights(rights);
	int err;

	if (locked)
		lock();
	err = ask_zeros(u, e);
	if (e->type == M_HELLO)
		assert_int_equal(err, ERR_HELLO_FIRST);
	else if (e->type == M_QUIT && rights & RIGHT_INFO)
		assert_int_equal(err, ERR_RIGHT); /* it said RESTRICT */
	else if (e->right != 0 && !(rights & e->right))
		assert_int_equal(err, ERR_RIGHT);
	else if (locked && !e->locked)
		assert_int_equal(err, ERR_LOCKED);
	else if (err == ERR_RIGHT || err == ERR_LOCKED ||
	    err == ERR_HELLO_FIRST || err == ERR_UNKNOWN_MESSAGE ||
	    err == ERR_MALFORMED)
		fail_msg("%s, rights %u, locked %d: %s", e->name, rights,
		    locked, err_text(err));
	user_free(u);
	if (locked || e->type == M_LOCK)
		unlock();
}

static void
test_walk(void **state)
{
	uint32_t right;
	size_t i;

	(void)state;
	for (i = 0; i < EXPECTED; i++)
		for (right = 1; right <= RIGHT_ADMIN; right <<= 1) {
			check_one(&expected[i], right, 0);
			check_one(&expected[i], RIGHTS_ALL & ~right, 0);
		}
}

/* Locked: the right that is needed, and none. Unlocking costs scrypt. */
static void
test_walk_locked(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < EXPECTED; i++)
		check_one(&expected[i], RIGHTS_ALL, 1);
}

static void
test_before_hello(void **state)
{
	struct user *u;
	size_t i;

	(void)state;
	for (i = 0; i < EXPECTED; i++) {
		if (expected[i].type == M_HELLO)
			continue;
		u = user_new(world);
		assert_int_equal(ask_zeros(u, &expected[i]), ERR_HELLO_FIRST);
		/* and it is not listened to any more */
		assert_int_equal(user_hello(u), ERR_EOF);
		user_free(u);
	}
}

static void
test_unknown(void **state)
{
	struct user *u = with_rights(RIGHTS_ALL);
	unsigned type;
	size_t i;

	(void)state;
	for (type = 0; type < 256; type++) {
		for (i = 0; i < EXPECTED && expected[i].type != type; i++)
			;
		if (i == EXPECTED)
			assert_int_equal(user_call(u, (uint8_t)type, NULL),
			    ERR_UNKNOWN_MESSAGE);
	}
	user_free(u);
}

/* Truncated by one, and one octet more: MALFORMED, and closed. */
static void
test_layouts(void **state)
{
	const struct message *m;
	struct buffer b;
	struct user *u;
	size_t i;
	int more;

	(void)state;
	for (i = 1; i < EXPECTED; i++)
		for (more = 0; more < 2; more++) {
			m = message_find(LINK_CLIENT, expected[i].type);
			zeros(m->request, &b);
			if (more)
				buffer_put_u8(&b, 0);
			else if (b.len > 0)
				b.len--;
			else
				continue;
			u = with_rights(RIGHTS_ALL);
			assert_int_equal(
			    user_call(u, m->type, &b), ERR_MALFORMED);
			assert_int_equal(user_call(u, M_STATUS, NULL), ERR_EOF);
			user_free(u);
		}
}

/* --- what only goes down ---------------------------------------------------------------- */

static int
elevate(struct user *u, uint32_t rights, int method, const char *secret)
{
	struct buffer b;

	return user_call(u, M_ELEVATE, body(&b, "41s", rights, method, secret));
}

static void
test_ceiling(void **state)
{
	struct user *u = user_new(world), *other;

	(void)state;
	assert_int_equal(user_hello(u), 0);
	assert_int_equal(
	    user_restrict(u, RIGHT_INFO | RIGHT_TRUST, "key", NULL), 0);
	assert_int_equal(reader_u32(&u->r), RIGHT_INFO);
	/* admin was given up */
	assert_int_equal(
	    elevate(u, RIGHT_ADMIN, SECRET_PASSPHRASE, PASSPHRASE), ERR_RIGHT);
	assert_int_equal(elevate(u, RIGHT_TEXT, SECRET_PASSPHRASE, PASSPHRASE),
	    ERR_ARGUMENT);
	/* a yes in askpass, or none */
	world->ask_yes = 0;
	assert_int_equal(
	    elevate(u, RIGHT_TRUST, SECRET_ASK, ""), ERR_CANCELLED);
	/* a no is one for half a minute, whoever asks; until somebody proves
	 * to be there */
	world->ask_yes = 1;
	assert_int_equal(
	    elevate(u, RIGHT_TRUST, SECRET_ASK, ""), ERR_CANCELLED);
	other = user_new(world);
	assert_int_equal(user_hello(other), 0);
	assert_int_equal(
	    elevate(other, RIGHT_TRUST, SECRET_ASK, ""), ERR_CANCELLED);
	assert_int_equal(
	    elevate(other, RIGHT_TRUST, SECRET_PASSPHRASE, PASSPHRASE), 0);
	user_free(other);
	assert_int_equal(elevate(u, RIGHT_TRUST, SECRET_ASK, ""), 0);
	assert_int_equal(reader_u32(&u->r), RIGHT_INFO | RIGHT_TRUST);
	/* a second RESTRICT cannot bring anything back */
	assert_int_equal(user_restrict(u, RIGHTS_ALL, "key", NULL), 0);
	assert_int_equal(reader_u32(&u->r), RIGHT_INFO | RIGHT_TRUST);
	user_free(u);
}

static void
test_wrong_passphrase(void **state)
{
	struct user *u = user_new(world);

	(void)state;
	assert_int_equal(user_hello(u), 0);
	assert_int_equal(elevate(u, RIGHT_ADMIN, SECRET_PASSPHRASE, "wrong"),
	    ERR_PASSPHRASE);
	assert_int_equal(user_create(u, "x@y.lit", 0), ERR_RIGHT);
	/* at once again, anyone: the penalty */
	assert_int_equal(
	    elevate(u, RIGHT_ADMIN, SECRET_PASSPHRASE, PASSPHRASE), ERR_BUSY);
	user_free(u);
}

static void
test_accounts(void **state)
{
	struct user *u = user_new(world);
	struct buffer b;

	(void)state;
	assert_int_equal(user_hello(u), 0);
	assert_int_equal(
	    user_restrict(u, RIGHTS_INITIAL, "one", "romeo@montague.lit"), 0);
	assert_int_equal(
	    user_call(u, M_ATTACH_FRONT, body(&b, "s", JULIET)), ERR_ACCOUNT);
	assert_int_equal(
	    user_call(u, M_ATTACH_NET, body(&b, "s", JULIET)), ERR_ACCOUNT);
	assert_int_equal(
	    user_call(u, M_PEERS, body(&b, "ss", JULIET, "")), ERR_ACCOUNT);
	assert_int_equal(user_call(u, M_LIST, NULL), 0);
	assert_int_equal(reader_u32(&u->r), 0);
	/* the narrowing cannot be undone */
	assert_int_equal(
	    user_restrict(u, RIGHTS_INITIAL, "one", JULIET), ERR_ACCOUNT);
	assert_int_equal(user_restrict(u, RIGHTS_INITIAL, "one", NULL), 0);
	assert_int_equal(
	    user_call(u, M_ATTACH_FRONT, body(&b, "s", JULIET)), ERR_ACCOUNT);
	user_free(u);
}

static void
test_hello(void **state)
{
	struct user *u = user_new(world);
	struct buffer b;

	(void)state;
	assert_int_equal(
	    user_call(u, M_HELLO, body(&b, "44s", 1U, 1U, "teleport")),
	    ERR_FEATURE);
	assert_string_equal(u->text, "teleport");
	assert_int_equal(
	    user_call(u, M_HELLO, body(&b, "44", 0U, 0U)), ERR_VERSION);
	assert_int_equal(user_hello(u), 0);
	assert_int_equal(user_hello(u), ERR_HELLO_FIRST);
	user_free(u);
}

static int
setup(void **state)
{
	struct loop *loop;

	(void)state;
	world_setup();
	loop = loop_new();
	must(loop != NULL);
	world = world_new(loop);
	admin = user_creator(world);
	assert_int_equal(user_create(admin, JULIET, OTHERS_IGNORE), 0);
	return 0;
}

static int
teardown(void **state)
{
	struct loop *loop = world->loop;

	(void)state;
	user_free(admin);
	world_free(world);
	loop_free(loop);
	free(world);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_before_hello),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_walk_locked),
		cmocka_unit_test(test_ceiling),
		cmocka_unit_test(test_accounts),
		cmocka_unit_test(test_wrong_passphrase),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
