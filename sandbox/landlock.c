/* SPDX-License-Identifier: ISC */
/*
 * Landlock, by raw calls and with constants of our own: the header of Debian
 * 12 knows fewer bits than the kernel. Runs in each role on its way in.
 * ABI 2 is needed (without it a process could move files between directories
 * and there would be no use in saying which); newer bits are used where the
 * kernel has them. Landlock does not cover UDP, nor stat.
 */
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../ipc/err.h"
#include "policy.h"

#define ABI_MIN 2

enum landlock_fs { /* linux/landlock.h, to ABI 7 */
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_REG = 1 << 8,
	FS_ABI1 = (1 << 13) - 1,
	FS_REFER = 1 << 13,	/* ABI 2 */
	FS_TRUNCATE = 1 << 14,	/* ABI 3 */
	FS_IOCTL_DEV = 1 << 15, /* ABI 5 */
};

#define NET_BIND_TCP	UINT64_C(1) /* ABI 4 */
#define NET_CONNECT_TCP UINT64_C(2)
#define SCOPE_ABSTRACT	UINT64_C(1) /* ABI 6 */
#define SCOPE_SIGNAL	UINT64_C(2)
#define RULE_PATH	1
#define RULE_PORT	2
#define RESOLVER_PORT	53

struct ruleset { /* struct landlock_ruleset_attr of ABI 6 */
	uint64_t fs, net, scoped;
};

struct rule_path { /* struct landlock_path_beneath_attr */
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

struct rule_port { /* struct landlock_net_port_attr */
	uint64_t allowed, port;
};

int
sandbox_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);

	return abi > 0 ? (int)abi : 0;
}

static int
landlock_fail(const char *what)
{
	fprintf(stderr, "sandbox: Landlock: %s: %s\n", what, strerror(errno));
	return ERR_CONTAINED;
}

/* Create the ruleset: everything this ABI can refuse. */
static int
landlock_create(int abi, uint64_t *fs)
{
	struct ruleset r = { .fs = FS_ABI1 | FS_REFER };
	size_t size = sizeof(r.fs);

	if (abi >= 3)
		r.fs |= FS_TRUNCATE;
	if (abi >= 5)
		r.fs |= FS_IOCTL_DEV;
	if (abi >= 4) {
		r.net = NET_BIND_TCP | NET_CONNECT_TCP;
		size = sizeof(r.fs) + sizeof(r.net);
	}
	if (abi >= 6) {
		r.scoped = SCOPE_ABSTRACT | SCOPE_SIGNAL;
		size = sizeof(r);
	}
	*fs = r.fs;
	return (int)syscall(SYS_landlock_create_ruleset, &r, size, 0);
}

/* Let the role use what is beneath these paths; a missing one is passed over. */
static int
landlock_paths(int ruleset, const char *const *paths, uint64_t allowed)
{
	struct rule_path rule;
	struct stat st;
	long done;

	for (; paths != NULL && *paths != NULL; paths++) {
		rule.fd = open(*paths, O_PATH | O_CLOEXEC);
		if (rule.fd < 0 &&
		    (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
			continue;
		if (rule.fd < 0 || fstat(rule.fd, &st) != 0)
			return landlock_fail(*paths);
		rule.allowed = allowed;
		if (!S_ISDIR(st.st_mode)) /* the kernel wants no others then */
			rule.allowed &=
			    FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE;
		done = syscall(
		    SYS_landlock_add_rule, ruleset, RULE_PATH, &rule, 0);
		close(rule.fd);
		if (done != 0)
			return landlock_fail(*paths);
	}
	return 0;
}

static int
landlock_port(int ruleset, uint16_t port)
{
	struct rule_port rule = { NET_CONNECT_TCP, port };

	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &rule, 0) != 0)
		return landlock_fail("TCP port");
	return 0;
}

static int
landlock_rules(const struct policy_role *p, const struct sandbox_paths *paths,
    int abi, int ruleset, uint64_t fs)
{
	uint64_t readable = FS_READ_FILE | FS_READ_DIR;
	uint64_t writable = readable | FS_WRITE_FILE | FS_MAKE_REG |
	    FS_REMOVE_FILE | (fs & FS_TRUNCATE);
	int err = 0;

	if (p->files == FILES_GIVEN) {
		err = landlock_paths(ruleset, paths->read, readable);
		if (err == 0)
			err = landlock_paths(ruleset, paths->write, writable);
	}
	if (err == 0 && abi >= 4 && p->tcp && paths->tcp_port != 0) {
		err = landlock_port(ruleset, paths->tcp_port);
		if (err == 0)
			err = landlock_port(ruleset, RESOLVER_PORT);
	}
	return err;
}

int
sandbox_landlock(
    const struct policy_role *p, const struct sandbox_paths *paths, int abi)
{
	char note[48];
	uint64_t fs;
	int ruleset, err;

	if (p->files == FILES_ANY || p->files == FILES_KEPT)
		return 0;
	if (abi < ABI_MIN) {
		fprintf(stderr,
		    "sandbox: Landlock ABI %d is needed, this kernel has %d\n",
		    ABI_MIN, abi);
		return ERR_CONTAINED;
	}
	ruleset = landlock_create(abi, &fs);
	if (ruleset < 0)
		return landlock_fail("ruleset");
	err = landlock_rules(p, paths, abi, ruleset, fs);
	if (err == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		err = landlock_fail("restrict");
	close(ruleset);
	snprintf(note, sizeof(note), "landlock:%d%s%s", abi,
	    abi >= 4 ? " tcp" : "", abi >= 6 ? " scoped" : "");
	if (err == 0)
		sandbox_note(note);
	return err;
}
