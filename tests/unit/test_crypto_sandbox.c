/* SPDX-License-Identifier: ISC */
/*
 * After crypto_init every algorithm runs with almost no system calls: a child
 * under a filter that kills on all others does each of them many times.
 */
#include <sys/wait.h>

#include <unistd.h>

#include <seccomp.h>

#include "../../agent/crypto/crypto.h"
#include "../../agent/crypto/secret.h"
#include "../../agent/omemo/omemo.h"
#include "../../ipc/err.h"
#include "check.h"

static int
work(void)
{
	const struct omemo_profile *profile = &omemo_profiles[OMEMO_LEGACY];
	struct omemo_identity id;
	uint8_t a[32], pub[32], out[64], tag[48], iv[12], plain[600] = { 0 };
	size_t len, ivlen;
	struct buffer b;
	int bad = 0;

	buffer_init(&b, 4096);
	for (int i = 0; i < 200; i++) {
		profile = &omemo_profiles[i % 2];
		buffer_clear(&b);
		bad |= omemo_identity_create(&id) != 0;
		bad |= crypto_x25519_generate(a, pub) != 0;
		bad |= crypto_x25519(a, pub, id.u, out) != 0;
		bad |= crypto_x25519(a, pub, plain, out) != ERR_BAD_KEY;
		bad |= omemo_bundle_sign(profile, &id, pub, out) != 0;
		bad |= crypto_ed25519_verify(id.ed, pub, 31, out) !=
		    ERR_BAD_SIGNATURE;
		bad |= crypto_mont_to_ed(id.u, 0, out) != 0;
		bad |= omemo_payload_encrypt(profile, plain, sizeof plain, tag,
			   &len, iv, &ivlen, &b) != 0;
		bad |= omemo_payload_decrypt(profile, tag, len, iv, ivlen,
			   b.data, b.len, b.data, &len) != 0;
	}
	buffer_free(&b);
	bad |= crypto_scrypt("p", 1, "s", 1, 12, 8, 1, out) != 0;
	crypto_forget();
	bad |= crypto_hkdf(a, 32, NULL, "info", out, 64) != 0;
	return bad;
}

static int
confine(uint32_t action)
{
	static const int calls[] = {
		SCMP_SYS(read),
		SCMP_SYS(write),
		SCMP_SYS(getpid),
		SCMP_SYS(getrandom),
		SCMP_SYS(mmap),
		SCMP_SYS(munmap),
		SCMP_SYS(brk),
		SCMP_SYS(futex),
		SCMP_SYS(exit),
		SCMP_SYS(exit_group),
#ifdef SANDBOX_LOG /* a sanitizer's own */
		SCMP_SYS(madvise),
		SCMP_SYS(mprotect),
		SCMP_SYS(gettid),
		SCMP_SYS(sched_yield),
		SCMP_SYS(sigaltstack),
#endif
	};
	scmp_filter_ctx ctx = seccomp_init(action);
	int err = ctx == NULL;

	for (size_t i = 0; !err && i < sizeof calls / sizeof calls[0]; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
	return err || seccomp_load(ctx) != 0;
}

static void
test_confined(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		if (confine(SCMP_ACT_KILL_PROCESS) != 0)
			_exit(2);
		_exit(work());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* The filter does kill. */
static void
test_filter(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		if (confine(SCMP_ACT_KILL_PROCESS) != 0)
			_exit(2);
		_exit(getppid() == 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == 31);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_confined),
	};

	if (secret_heap_init(1 << 18) != 0 || crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
