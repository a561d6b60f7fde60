/* SPDX-License-Identifier: ISC */
/*
 * The accounts file, good and bad; passwords from files and commands.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../client/common/accounts.h"
#include "../../client/common/password.h"
#include "../../ipc/err.h"
#include "check.h"

#define JID "juliet@capulet.lit"

static char path[] = "/tmp/accounts.XXXXXX";

static void
write_file(const char *p, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	fclose(f);
}

static int
read_it(const char *text, struct account *a)
{
	write_file(text, strlen(text));
	return accounts_read(path, JID, a);
}

static void
test_good(void **state)
{
	struct account a;

	(void)state;
	assert_int_equal(read_it("# mine\n[Juliet@Capulet.lit]\n"
				 "host = 127.0.0.1\nport=15222\n"
				 "ca-file=/tmp/ca.pem\n"
				 "password-command=pass show x; echo '#1'\n"
				 "receipts = no\ntyping = yes\n"
				 "[romeo@montague.lit]\nhost=other\n",
			     &a),
	    0);
	assert_int_equal(a.no_receipts, 1);
	assert_int_equal(a.no_typing, 0);
	assert_string_equal(a.host, "127.0.0.1");
	assert_int_equal(a.port, 15222);
	assert_string_equal(a.ca_file, "/tmp/ca.pem");
	assert_string_equal(a.password_command, "pass show x; echo '#1'");
}

static void
test_absent(void **state)
{
	struct account a;

	(void)state;
	assert_int_equal(read_it("[romeo@montague.lit]\nhost=x\n", &a), 0);
	assert_string_equal(a.host, "");
	assert_int_equal(a.port, 0);
	assert_int_equal(accounts_read("/nonexistent/accounts", JID, &a), 0);
}

static void
test_bad(void **state)
{
	static const char *const bad[] = {
		"[" JID "]\nport=0\n",
		"[" JID "]\nport=65536\n",
		"[" JID "]\nport=5222x\n",
		"[" JID "]\nhots=x\n",
		"[" JID "]\nreceipts=maybe\n",
		"[" JID "]\ntyping=\n",
		"[" JID "]\nno equals sign\n",
		"[" JID "\nhost=x\n",
		"host=x\n",
		"[juliet]\nhost=x\n",
		"[romeo@montague.lit]\nport=none\n",
		"[" JID "]\npassword=secret\n",
		"[" JID "]\nhost=\xff\n",
		("[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b]\n"
		 "host=x\n"),
	};
	struct account a;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(read_it(bad[i], &a), ERR_ARGUMENT);
		assert_string_equal(a.host, ""); /* never half used */
	}
}

static void
test_large(void **state)
{
	char *text = calloc(1, ACCOUNTS_FILE_MAX + 2);
	struct account a;

	(void)state;
	assert_non_null(text);
	memset(text, '#', ACCOUNTS_LINE_MAX + 100);
	write_file(text, ACCOUNTS_LINE_MAX + 100);
	assert_int_equal(accounts_read(path, JID, &a), ERR_ARGUMENT);
	memset(text, '\n', ACCOUNTS_FILE_MAX + 1);
	write_file(text, ACCOUNTS_FILE_MAX + 1);
	assert_int_equal(accounts_read(path, JID, &a), ERR_ARGUMENT);
	write_file(text, ACCOUNTS_FILE_MAX);
	assert_int_equal(accounts_read(path, JID, &a), 0);
	write_file(
	    "[" JID "]\nhost=a\0b\n", sizeof("[" JID "]\nhost=a\0b\n") - 1);
	assert_int_equal(accounts_read(path, JID, &a), ERR_ARGUMENT);
	free(text);
}

static void
test_password_file(void **state)
{
	struct password p = { 0 };
	char longer[PASSWORD_MAX + 3];

	(void)state;
	write_file("se cret\nsecond line\n", 20);
	assert_int_equal(password_from_file(&p, path), 0);
	assert_string_equal(p.text, "se cret");
	assert_int_equal(p.len, 7);
	password_free(&p);
	assert_null(p.text);
	write_file("no end", 6);
	assert_int_equal(password_from_file(&p, path), 0);
	assert_string_equal(p.text, "no end");
	password_free(&p);
	memset(longer, 'a', sizeof(longer));
	write_file(longer, PASSWORD_MAX);
	assert_int_equal(password_from_file(&p, path), 0);
	assert_int_equal(p.len, PASSWORD_MAX);
	password_free(&p);
	write_file(longer, PASSWORD_MAX + 1);
	assert_int_equal(password_from_file(&p, path), ERR_ARGUMENT);
	write_file("", 0);
	assert_int_equal(password_from_file(&p, path), ERR_ARGUMENT);
	write_file("\n", 1);
	assert_int_equal(password_from_file(&p, path), ERR_ARGUMENT);
	write_file("a\0b\n", 4);
	assert_int_equal(password_from_file(&p, path), ERR_ARGUMENT);
	assert_int_equal(password_from_file(&p, "/nonexistent"), ERR_SYSTEM);
	assert_null(p.text);
}

static void
test_password_command(void **state)
{
	struct password p = { 0 };

	(void)state;
	assert_int_equal(password_from_command(&p, "echo one; echo two"), 0);
	assert_string_equal(p.text, "one");
	password_free(&p);
	/* it gets nothing of our stdin */
	assert_int_equal(password_from_command(&p, "cat; echo x"), 0);
	assert_string_equal(p.text, "x");
	password_free(&p);
	/* endless output is cut, the command ends by SIGPIPE */
	assert_int_equal(password_from_command(&p, "yes"), 0);
	assert_string_equal(p.text, "y");
	password_free(&p);
	assert_int_equal(
	    password_from_command(&p, "echo x; exit 3"), ERR_SYSTEM);
	assert_int_equal(password_from_command(&p, "true"), ERR_ARGUMENT);
	assert_int_equal(password_from_command(&p, "kill -9 $$"), ERR_SYSTEM);
	assert_null(p.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_password_file),
		cmocka_unit_test(test_password_command),
	};
	int fd = mkstemp(path), failed;

	if (fd == -1)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
