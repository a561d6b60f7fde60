/* SPDX-License-Identifier: ISC */
/*
 * Every role's filter, exported for x86_64 and for aarch64, is evaluated for
 * every call number and must say what the table says, no more and no less.
 * The table is read here by a reading of its own, not by seccomp.c's.
 */
#include <sys/mman.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/audit.h>
#include <seccomp.h>

#include "../../sandbox/policy.h"
#include "../support/bpf.h"
#include "../support/policy_table.h"
#include "check.h"

#define CALLS	    601	       /* numbers 0 to 600 */
#define PROGRAM_MAX 4096       /* instructions; the kernel's maximum */
#define X32_BIT	    0x40000000 /* x86_64's third table of calls */

#define DEATH TABLE_DEATH

struct program {
	struct sock_filter code[PROGRAM_MAX];
	size_t n;
};

static const struct arch {
	uint32_t scmp, audit;
} arches[] = {
	{ SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64 },
	{ SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64 },
};

#define ARCHES (sizeof(arches) / sizeof(arches[0]))

static void export(
    enum sandbox_role role, const struct arch *arch, struct program *p)
{
	FILE *f = tmpfile();
	long size;

	assert_non_null(f);
	assert_int_equal(sandbox_export(role, arch->scmp, fileno(f)), 0);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = ftell(f);
	assert_true(size > 0 && (size_t)size <= sizeof(p->code));
	assert_int_equal((size_t)size % sizeof(p->code[0]), 0);
	rewind(f);
	p->n = fread(p->code, sizeof(p->code[0]), PROGRAM_MAX, f);
	assert_int_equal(p->n, (size_t)size / sizeof(p->code[0]));
	fclose(f);
}

static uint32_t
filter(
    const struct program *p, uint32_t audit, uint32_t nr, const uint64_t *args)
{
	struct seccomp_data data = { .nr = (int)nr, .arch = audit };

	memcpy(data.args, args, sizeof(data.args));
	return bpf_run(p->code, p->n, &data);
}

/* One set of arguments, over every number. Returns how many were allowed. */
static unsigned
walk(enum sandbox_role role, const struct arch *arch, const struct program *p,
    const uint64_t *args)
{
	unsigned allowed = 0;
	uint32_t want, got;
	char *name;

	for (uint32_t nr = 0; nr < CALLS; nr++) {
		name = seccomp_syscall_resolve_num_arch(arch->scmp, (int)nr);
		want = table_says(role, name, args);
		got = filter(p, arch->audit, nr, args);
		if (got != want)
			fail_msg("%s %x: call %u (%s): %x, the table says %x",
			    policy_roles[role].name, arch->audit, nr,
			    name != NULL ? name : "none", got, want);
		allowed += got == SECCOMP_RET_ALLOW;
		free(name);
	}
	return allowed;
}

/*
 * All values that any condition speaks of and their neighbours, in each
 * argument by itself and together with each other condition's.
 */
static void
test_every_call(void **state)
{
	struct program p;
	uint64_t values[512] = { 0, 1, UINT64_MAX, UINT64_C(1) << 32 };
	size_t n = 4;

	(void)state;
	for (size_t i = 0; i < policy_calls_count; i++)
		for (int w = 0; w < 2; w++)
			for (int d = -1; d <= 1 && n < 500; d++)
				if (policy_calls[i].when[w].compare)
					values[n++] =
					    policy_calls[i].when[w].value +
					    (uint64_t)(int64_t)d;
	assert_true(n < 500); /* none was left out */
	for (int r = 0; r < SANDBOX_ROLES; r++) {
		enum sandbox_role role = (enum sandbox_role)r;
		for (size_t a = 0; a < ARCHES; a++) {
			uint64_t args[6] = { 0 };
			unsigned allowed;
			export(role, &arches[a], &p);
			allowed = walk(role, &arches[a], &p, args);
			assert_true(allowed >= 8); /* the table is not empty */
			for (size_t v = 0; v < n; v++) {
				for (int k = 0; k < 6; k++)
					args[k] = values[v];
				walk(role, &arches[a], &p, args);
				for (int k = 0; k < 5; k++) {
					memset(args, 0, sizeof(args));
					args[k] = values[v];
					walk(role, &arches[a], &p, args);
				}
			}
		}
	}
}

/* Conditions on two arguments: each alone is not enough. */
static void
test_pairs(void **state)
{
	const struct policy_call *c;
	struct program p;
	uint64_t args[6] = { 0 };
	unsigned pairs = 0;
	int nr;

	(void)state;
	for (size_t i = 0; i < policy_calls_count; i++) {
		c = &policy_calls[i];
		if (c->when[1].compare == WHEN_ALWAYS)
			continue;
		assert_int_equal(c->when[0].compare, WHEN_EQUAL);
		assert_int_equal(c->when[1].compare, WHEN_EQUAL);
		pairs++;
		for (int r = 0; r < SANDBOX_ROLES; r++) {
			for (size_t a = 0; a < ARCHES; a++) {
				enum sandbox_role role = (enum sandbox_role)r;
				export(role, &arches[a], &p);
				nr = seccomp_syscall_resolve_name_arch(
				    arches[a].scmp, c->name);
				for (uint64_t x = 0; x < 64; x++) {
					args[c->when[0].argument] = x % 8;
					args[c->when[1].argument] =
					    x / 8 + c->when[1].value - 4;
					assert_int_equal(
					    filter(&p, arches[a].audit,
						(uint32_t)nr, args),
					    table_says(role, c->name, args));
				}
			}
		}
	}
	assert_true(pairs >= 2);
}

/* Another architecture's numbers, and x32's, are never let through. */
static void
test_other_tables(void **state)
{
	const uint64_t args[6] = { 0 };
	struct program p;

	(void)state;
	for (int r = 0; r < SANDBOX_ROLES; r++) {
		for (size_t a = 0; a < ARCHES; a++) {
			export((enum sandbox_role)r, &arches[a], &p);
			for (uint32_t nr = 0; nr < CALLS; nr++) {
				assert_int_equal(
				    filter(&p, AUDIT_ARCH_I386, nr, args),
				    DEATH);
				assert_int_equal(
				    filter(&p, AUDIT_ARCH_ARM, nr, args),
				    DEATH);
				assert_int_equal(
				    filter(&p, arches[1 - a].audit, nr, args),
				    DEATH);
				if (a == 0)
					assert_int_equal(
					    filter(&p, arches[a].audit,
						nr | X32_BIT, args),
					    DEATH);
			}
		}
	}
}

/* What must hold whatever the table says: written down here once more. */
static void
test_never(void **state)
{
	static const char *const never[] = { "execve", "execveat", "fork",
		"vfork", "clone", "clone3", "ptrace", "process_vm_readv",
		"process_vm_writev", "pidfd_getfd", "pidfd_open", "kill",
		"tkill", "tgkill", "socketpair", "listen", "memfd_create",
		"io_uring_setup", "bpf", "mount", "unshare", "setns", "chroot",
		"userfaultfd", "perf_event_open", "keyctl", "add_key",
		"open_by_handle_at", "name_to_handle_at", "personality",
		"rename", "renameat", "renameat2", "link", "linkat", "symlink",
		"symlinkat", "creat", "truncate", "chmod", "fchmodat", "chown",
		"mknod", "mknodat", "prlimit64", "setrlimit", "pkey_mprotect",
		"shmat", "setuid", "setresuid", "capset", "sendfile", "splice",
		"vmsplice", "tee", "openat2", "recvmsg", "recvmmsg",
		"sendmsg" };
	static const char *const files[] = { "open", "openat", "stat", "lstat",
		"access", "unlink", "unlinkat", "mkdir", "readlink" };
	static const char *const sockets[] = { "socket", "connect", "bind",
		"sendmmsg" };
	const uint64_t args[6] = { 0 };
	const uint64_t inet[6] = { AF_INET };
	uint32_t got;

	(void)state;
	for (int r = 0; r < SANDBOX_ROLES; r++) {
		enum sandbox_role role = (enum sandbox_role)r;
		int connects =
		    role == ROLE_NET_CONNECT || role == ROLE_TRANSFER;

		if (role == ROLE_LAUNCHER)
			continue;
		for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
			assert_int_equal(
			    table_says(role, never[i], args), DEATH);
		for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
			if (role != ROLE_STORE && !connects)
				assert_int_equal(
				    table_says(role, files[i], args), DEATH);
		for (size_t i = 0; i < sizeof(sockets) / sizeof(*sockets); i++)
			if (!connects)
				assert_int_equal(
				    table_says(role, sockets[i], inet), DEATH);
		for (uint64_t prot = 0; prot < 16; prot++) {
			const uint64_t m[6] = { 0, 4096, prot };
			got = prot & PROT_EXEC ? DEATH : SECCOMP_RET_ALLOW;
			assert_int_equal(table_says(role, "mmap", m), got);
			/* those that keep secrets have no use for it at all */
			if (role == ROLE_KEEPER || role == ROLE_DERIVE ||
			    role == ROLE_PARSER)
				got = DEATH;
			assert_int_equal(table_says(role, "mprotect", m), got);
		}
	}
	for (uint64_t domain = 0; domain < 50; domain++) {
		const uint64_t s[6] = { domain };
		got = table_says(ROLE_NET_CONNECT, "socket", s);
		assert_int_equal(got == SECCOMP_RET_ALLOW,
		    domain == AF_INET || domain == AF_INET6);
		assert_int_equal(table_says(ROLE_TRANSFER, "socket", s), got);
		got = table_says(ROLE_LAUNCHER, "socket", s);
		assert_int_equal(got == SECCOMP_RET_ALLOW, domain <= AF_UNIX);
	}
}

/* Each row is whole, means something, and is there once. */
static void
test_rows(void **state)
{
	const struct policy_call *a, *b;
	enum sandbox_role role;

	(void)state;
	for (size_t i = 0; i < policy_calls_count; i++) {
		a = &policy_calls[i];
		assert_true(a->roles != 0 && a->roles < 1u << SANDBOX_ROLES);
		assert_true(a->why != NULL && strlen(a->why) > 2);
		assert_int_not_equal(seccomp_syscall_resolve_name_arch(
					 SCMP_ARCH_X86_64, a->name),
		    __NR_SCMP_ERROR);
		assert_int_equal(a->action == POLICY_FAIL, a->err != 0);
		if (a->action == POLICY_KILL)
			assert_int_equal(a->roles, ROLE_BIT(ROLE_LAUNCHER));
		for (size_t j = 0; j < i; j++) {
			b = &policy_calls[j];
			if ((a->roles & b->roles) == 0 ||
			    strcmp(a->name, b->name) != 0)
				continue;
			/* no row hides another, or speaks twice */
			assert_true(a->when[0].compare != WHEN_ALWAYS ||
			    strcmp(a->name, "getsockopt") == 0);
			assert_true(b->when[0].compare != WHEN_ALWAYS);
		}
	}
	for (int r = 0; r < SANDBOX_ROLES; r++) {
		assert_int_equal(
		    sandbox_role_find(
			sandbox_role_name((enum sandbox_role)r), &role),
		    0);
		assert_int_equal(role, r);
	}
	assert_int_not_equal(sandbox_role_find("root", &role), 0);
}

/* The printed table has every row of the role, with its reason. */
static void
test_print(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f;

	(void)state;
	for (int r = 0; r < SANDBOX_ROLES; r++) {
		f = open_memstream(&text, &size);
		assert_non_null(f);
		sandbox_print((enum sandbox_role)r, f);
		fclose(f);
		for (size_t i = 0; i < policy_calls_count; i++) {
			if (!(policy_calls[i].roles & ROLE_BIT(r)))
				continue;
			assert_non_null(strstr(text, policy_calls[i].name));
			assert_non_null(strstr(text, policy_calls[i].why));
		}
		assert_non_null(strstr(text, policy_roles[r].what));
		free(text);
		text = NULL;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_every_call),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_other_tables),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
