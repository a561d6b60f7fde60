/* SPDX-License-Identifier: ISC */
/*
 * The forwarded socket: what its connections have, and that nothing gets them
 * beyond it: no request, no passphrase, no yes.
 */
#include "check.h"
/* cmocka first */
#include "keeper_world.h"

#define JULIET "juliet@capulet.lit"
#define NURSE  "nurse@capulet.lit"

static struct loop *loop;
static struct world *w;
static struct user *admin;
static struct sockaddr_un at;
static socklen_t atlen;

static void
forward_ready(void *arg, int events)
{
	(void)arg;
	(void)events;
	clients_accept(w->k, w->k->forward.fd);
}

static void
forward_open(const char *text)
{
	struct forward *f = &w->k->forward;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	must(fd != -1 && forward_parse(text, f) == 0);
	at = (struct sockaddr_un){ .sun_family = AF_UNIX };
	must(bind(fd, (struct sockaddr *)&at, sizeof(sa_family_t)) == 0);
	atlen = sizeof at;
	must(getsockname(fd, (struct sockaddr *)&at, &atlen) == 0);
	must(listen(fd, 8) == 0);
	f->fd = fd;
	f->watch = loop_watch(loop, fd, LOOP_READ, forward_ready, NULL);
	must(f->watch != NULL);
}

static void
forward_close(void)
{
	struct forward *f = &w->k->forward;

	watch_free(f->watch);
	close(f->fd);
	forward_free(f);
}

static struct user *
far(void)
{
	struct user *u = calloc(1, sizeof *u);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(u != NULL && fd != -1);
	must(connect(fd, (struct sockaddr *)&at, atlen) == 0);
	u->w = w;
	must((u->c = connection_new(loop, fd, &user_handler, u)) != NULL);
	return u;
}

static void
world_open(int vault)
{
	loop = loop_new();
	must(loop != NULL);
	w = world_new(loop);
	if (!vault)
		return;
	admin = user_creator(w);
	assert_int_equal(user_create(admin, JULIET, OTHERS_IGNORE), 0);
	assert_int_equal(user_create(admin, NURSE, OTHERS_IGNORE), 0);
}

static void
world_close(void)
{
	forward_close();
	if (admin != NULL)
		user_free(admin);
	admin = NULL;
	world_free(w);
	loop_free(loop);
	free(w);
}

/* --- the option ------------------------------------------------------------------------ */

static void
test_parse(void **state)
{
	static const char *const bad[] = { "", ":", "info,", ",info", "infos",
		"trust", "info,admin", "info:", "info:juliet@capulet.lit,",
		"info:juliet@capulet.lit/x", "info: juliet@capulet.lit",
		"info text" };
	char many[LIMIT_ACCOUNTS * 8 + 16] = "info";
	struct forward f;
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(forward_parse(bad[i], &f), ERR_ARGUMENT);
	assert_int_equal(forward_parse("text,info", &f), 0);
	assert_int_equal(f.rights, RIGHT_TEXT | RIGHT_INFO);
	assert_null(f.accounts);
	forward_free(&f);
	assert_int_equal(forward_parse("network:" JULIET "," NURSE, &f), 0);
	assert_int_equal(f.rights, RIGHT_NETWORK);
	assert_int_equal(f.naccounts, 2);
	assert_string_equal(f.accounts[1], NURSE);
	forward_free(&f);
	for (i = 0; i <= LIMIT_ACCOUNTS; i++) {
		n = strlen(many);
		snprintf(many + n, sizeof many - n, "%ca@b%zu",
		    i == 0 ? ':' : ',', i);
		assert_int_equal(forward_parse(many, &f),
		    i < LIMIT_ACCOUNTS ? 0 : ERR_ARGUMENT);
		if (i < LIMIT_ACCOUNTS)
			forward_free(&f);
	}
}

/* --- what it lets through ------------------------------------------------------------- */

static void
test_ceiling(void **state)
{
	struct user *u;
	struct buffer b;

	(void)state;
	world_open(1);
	forward_open("info,text:" JULIET);
	u = far();
	assert_int_equal(user_hello(u), 0);
	assert_int_equal(
	    user_call(u, M_ATTACH_FRONT, body(&b, "s", JULIET)), 0);
	assert_int_equal(user_call(u, M_COMPOSE,
			     body(&b, "ss1s41s", NURSE, "romeo@montague.lit",
				 KIND_CHAT, "i", 1U, FORMAT_BODY, "text")),
	    ERR_ACCOUNT);
	assert_int_equal(
	    user_call(u, M_ATTACH_NET, body(&b, "s", JULIET)), ERR_RIGHT);
	assert_int_equal(
	    user_call(u, M_PEERS, body(&b, "ss", NURSE, "")), ERR_ACCOUNT);
	/* one account is listed, and of the clients only itself */
	assert_int_equal(user_call(u, M_LIST, NULL), 0);
	assert_int_equal(reader_u32(&u->r), 1);
	assert_int_equal(user_call(u, M_STATUS, NULL), 0);
	(void)reader_bytes(&u->r, 1 + 1 + 1 + 4 + 8);
	assert_int_equal(reader_u32(&u->r), 1);
	user_free(u);
	world_close();
}

static void
test_no_way_up(void **state)
{
	static const uint8_t here[] = { M_LOCK, M_QUIT };
	struct user *u;
	struct buffer b;
	size_t i;

	(void)state;
	world_open(1);
	forward_open("info,network");
	u = far();
	assert_int_equal(user_hello(u), 0);
	/* neither the passphrase nor a yes */
	w->ask_yes = 1;
	for (i = RIGHT_INFO; i <= RIGHT_ADMIN; i <<= 1) {
		assert_int_equal(user_call(u, M_ELEVATE,
				     body(&b, "41s", (uint32_t)i,
					 SECRET_PASSPHRASE, PASSPHRASE)),
		    ERR_RIGHT);
		assert_int_equal(
		    user_call(u, M_ELEVATE,
			body(&b, "41s", (uint32_t)i, SECRET_ASK, "")),
		    ERR_RIGHT);
	}
	assert_int_equal(w->asked, 0);
	/* nor RESTRICT to more, of rights or of accounts */
	assert_int_equal(user_restrict(u, RIGHTS_ALL, "far", NULL), 0);
	assert_int_equal(reader_u32(&u->r), RIGHT_INFO | RIGHT_NETWORK);
	assert_int_equal(
	    user_call(u, M_CREATE, body(&b, "s1", "a@b", 0)), ERR_RIGHT);
	/* and what is for those who sit here is not there */
	for (i = 0; i < sizeof here; i++)
		assert_int_equal(user_call(u, here[i], NULL), ERR_RIGHT);
	assert_int_equal(user_unlock(u, PASSPHRASE), ERR_RIGHT);
	/* a question to whoever sits here, and a turn of derive */
	assert_int_equal(
	    user_call(u, M_IMPORT_OPEN, body(&b, "s1s", "", SECRET_ASK, "")),
	    ERR_RIGHT);
	assert_int_equal(user_call(admin, M_STATUS, NULL), 0);
	/* the ordinary socket has lost nothing */
	user_free(u);
	u = user_new(w);
	assert_int_equal(user_hello(u), 0);
	assert_int_equal(user_call(u, M_ELEVATE,
			     body(&b, "41s", (uint32_t)RIGHT_ADMIN,
				 SECRET_PASSPHRASE, PASSPHRASE)),
	    0);
	user_free(u);
	world_close();
}

/* Who makes the vault gets trust and admin: not from there. */
static void
test_no_vault(void **state)
{
	struct user *u;
	struct buffer b;

	(void)state;
	world_open(0);
	forward_open("info");
	u = far();
	assert_int_equal(user_hello(u), 0);
	assert_int_equal(user_call(u, M_VAULT_CREATE,
			     body(&b, "1s", SECRET_PASSPHRASE, "theirs")),
	    ERR_RIGHT);
	assert_false(vault_exists(w->k->vault));
	user_free(u);
	world_close();
}

/* A RESTRICTed one cannot name an account that the socket has not. */
static void
test_accounts_stay(void **state)
{
	struct user *u;

	(void)state;
	world_open(1);
	forward_open("info,text:" JULIET);
	u = far();
	assert_int_equal(user_hello(u), 0);
	assert_int_equal(
	    user_restrict(u, RIGHT_INFO, "far", NURSE), ERR_ACCOUNT);
	assert_int_equal(user_restrict(u, RIGHT_INFO, "far", NULL), 0);
	assert_int_equal(user_call(u, M_LIST, NULL), 0);
	assert_int_equal(reader_u32(&u->r), 1);
	user_free(u);
	world_close();
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
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_ceiling),
		cmocka_unit_test(test_no_way_up),
		cmocka_unit_test(test_no_vault),
		cmocka_unit_test(test_accounts_stay),
	};

	return cmocka_run_group_tests(tests, group, NULL);
}
