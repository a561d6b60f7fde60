/* SPDX-License-Identifier: ISC */
/*
 * Walls from the inside: a child enters a role and tries one act. What its
 * row does not give it must kill it (SIGSYS) or be refused; what it is given
 * must still work. Builds that only log (sanitizers) check the rest: files,
 * limits, the way in, the allowed work.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../ipc/err.h"
#include "../../sandbox/policy.h"
#include "../support/ordinary.h"
#include "check.h"

/* How a child's act ended. */
enum end { DONE, REFUSED, DIED, BROKEN };

static const char *const end_names[] = { "done", "refused", "died", "broken" };

/* Made before any role is entered, used by the acts inside. */
static struct {
	char dir[64];	 /* the store's */
	char home[96];	 /* a file elsewhere, of the same uid */
	char inside[96]; /* a file in dir */
	char sock[96];	 /* a listening Unix socket */
	int listening, inet;
	struct sockaddr_in port, other; /* two listening TCP ports */
} at;

static const char *given_read[] = { NULL, "/etc/hosts", "/etc/nsswitch.conf",
	"/etc/resolv.conf", NULL };
static const char *given_write[] = { NULL, NULL };

/* --- acts: 0 done, else refused with errno ---------------------------------- */

static int
act_read_home(void)
{
	return open(at.home, O_RDONLY) < 0;
}

static int
act_write_home(void)
{
	return open(at.home, O_WRONLY) < 0;
}

static int
act_read_passwd(void)
{
	return open("/etc/passwd", O_RDONLY) < 0;
}

static int
act_create(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s.new", at.home);
	return open(path, O_WRONLY | O_CREAT, 0600) < 0;
}

static int
act_list_root(void)
{
	return open("/", O_RDONLY | O_DIRECTORY) < 0;
}

static int
act_socket_inet(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0;
}

static int
act_socket_unix(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) < 0;
}

static int
act_connect_unix(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(un.sun_path, at.sock, strlen(at.sock));
	return fd < 0 || connect(fd, (struct sockaddr *)&un, sizeof(un)) != 0;
}

static int
act_bind(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET };

	return bind(at.inet, (struct sockaddr *)&any, sizeof(any)) != 0;
}

static int
act_connect_other(void)
{
	return connect(at.inet, (struct sockaddr *)&at.other,
		   sizeof(at.other)) != 0;
}

static int
act_exec(void)
{
	char *const argv[] = { (char *)(uintptr_t) "true", NULL };

	execv("/bin/true", argv);
	return 1;
}

static int
act_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid < 0;
}

static int
act_ptrace(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) != 0;
}

static int
act_kill(void)
{
	return kill(getppid(), 0) != 0;
}

static int
act_wx_mmap(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static int
act_wx_mprotect(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(p, 4096, PROT_READ | PROT_EXEC) != 0;
}

static int
act_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0;
}

/* What each role's end must be; the column is enum sandbox_role. A cipher
 * and the parser end as derive does, a transfer as a net that connects. */
#define ENDS(k, d, s, l, c, o, f)                                              \
	{                                                                      \
		k, d, s, l, c, o, f, DIED /* sce: nothing */, d, c, d          \
	}

static const struct act {
	const char *name;
	int (*fn)(void);
	enum end ends[SANDBOX_ROLES];
	int landlock; /* refused by Landlock: holds in builds that log, too */
} acts[] = {
	/* clang-format off */
	/*			 keeper derive store   launcher connect  online front */
	{ "read a file in $HOME", act_read_home,
	  ENDS(DIED, DIED, REFUSED, DONE, REFUSED, DIED, DIED), 1 },
	{ "write a file in $HOME", act_write_home,
	  ENDS(DIED, DIED, REFUSED, DONE, DIED, DIED, DIED), 1 },
	{ "read /etc/passwd", act_read_passwd,
	  ENDS(DIED, DIED, REFUSED, DONE, REFUSED, DIED, DIED), 1 },
	{ "create a file", act_create,
	  ENDS(DIED, DIED, REFUSED, DONE, DIED, DIED, DIED), 1 },
	{ "list /", act_list_root,
	  ENDS(DIED, DIED, REFUSED, DONE, REFUSED, DIED, DIED), 1 },
	{ "make a TCP socket", act_socket_inet,
	  ENDS(DIED, DIED, DIED, REFUSED, DONE, DIED, DIED), 0 },
	{ "make a Unix socket", act_socket_unix,
	  ENDS(DIED, DIED, DIED, DONE, REFUSED, DIED, DIED), 0 },
	{ "connect to a Unix socket", act_connect_unix,
	  ENDS(DIED, DIED, DIED, DONE, REFUSED, DIED, DIED), 0 },
	{ "bind a port", act_bind,
	  ENDS(DIED, DIED, DIED, DONE, REFUSED, DIED, DIED), 0 },
	{ "connect to another port", act_connect_other,
	  ENDS(DIED, DIED, DIED, DONE, REFUSED, DIED, DIED), 0 },
	{ "exec", act_exec,
	  ENDS(DIED, DIED, DIED, DONE, DIED, DIED, DIED), 1 },
	{ "fork", act_fork,
	  ENDS(DIED, DIED, DIED, DONE, DIED, DIED, DIED), 0 },
	{ "ptrace", act_ptrace,
	  ENDS(DIED, DIED, DIED, DIED, DIED, DIED, DIED), 0 },
	{ "signal another process", act_kill,
	  ENDS(DIED, DIED, DIED, DONE, DIED, DIED, DIED), 0 },
	{ "map writable and executable memory", act_wx_mmap,
	  ENDS(DIED, DIED, DIED, DONE, DIED, DIED, DIED), 0 },
	{ "make memory executable", act_wx_mprotect,
	  ENDS(DIED, DIED, DIED, DONE, DIED, DIED, DIED), 0 },
	{ "become dumpable", act_dumpable,
	  ENDS(DIED, DIED, DIED, DONE, DIED, DIED, DIED), 0 },
	/* clang-format on */
};

/* --- children ---------------------------------------------------------------- */

static int
enter(enum sandbox_role role)
{
	const struct sandbox_paths net = { .read = given_read,
		.tcp_port = ntohs(at.port.sin_port) };
	const struct sandbox_paths store = { .write = given_write };

	if (sandbox_early() != 0)
		return ERR_CONTAINED;
	switch (role) {
	case ROLE_STORE:
		return sandbox_enter(role, &store);
	case ROLE_NET_CONNECT:
	case ROLE_TRANSFER:
		return sandbox_enter(role, &net);
	case ROLE_NET_ONLINE:
		if (sandbox_enter(ROLE_NET_CONNECT, &net) != 0)
			return ERR_CONTAINED;
		return sandbox_enter(role, NULL);
	case ROLE_KEEPER:
	case ROLE_DERIVE:
	case ROLE_LAUNCHER:
	case ROLE_FRONT:
	case ROLE_SCE:
	case ROLE_CIPHER:
	case ROLE_PARSER:
	case SANDBOX_ROLES:
		break;
	}
	return sandbox_enter(role, NULL);
}

static enum end
wait_end(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return BROKEN;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? DIED : BROKEN;
	return WEXITSTATUS(status) <= REFUSED ? (enum end)WEXITSTATUS(status)
					      : BROKEN;
}

static enum end
try(enum sandbox_role role, int (*fn)(void))
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (enter(role) != 0)
			_exit(BROKEN);
		_exit(fn() == 0 ? DONE : REFUSED);
	}
	return wait_end(pid);
}

static void
test_acts(void **state)
{
	unsigned tried = 0;
	enum end end, want;

	(void)state;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		for (int r = 0; r < SANDBOX_ROLES; r++) {
			want = acts[i].ends[r];
#ifdef SANDBOX_LOG
			if (!acts[i].landlock || r == ROLE_LAUNCHER)
				continue;
			want = REFUSED;
#endif
			end = try((enum sandbox_role)r, acts[i].fn);
			if (end != want)
				fail_msg("%s: %s: %s, should be %s",
				    sandbox_role_name((enum sandbox_role)r),
				    acts[i].name, end_names[end],
				    end_names[want]);
			tried++;
		}
	}
	print_message("%u acts tried\n", tried);
}

/* --- what must still work ---------------------------------------------------- */

static int
work_memory(void)
{
	char c = 'x', *p;

	p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return 1;
	p[12345] = c;
	if (munmap(p, 1 << 20) != 0)
		return 1;
	p = malloc(3 << 20);
	if (p == NULL)
		return 1;
	memset(p, c, 3 << 20);
	free(p);
	return write(at.listening, "", 0) == 0; /* refused, but no death */
}

static int
work_common(void)
{
	char c;

	return getrandom(&c, 1, 0) != 1 || work_memory();
}

static int
work_store(void)
{
	char path[160], c;
	int fd;

	snprintf(path, sizeof(path), "%s/new", at.dir);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || pwrite(fd, "a", 1, 0) != 1 || fdatasync(fd) != 0 ||
	    pread(fd, &c, 1, 0) != 1 || c != 'a' || ftruncate(fd, 0) != 0 ||
	    close(fd) != 0 || unlink(path) != 0)
		return 1;
	return work_common();
}

static int
work_connect(void)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	int fd = open(at.inside, O_RDONLY), tcp;
	char c;

	if (fd < 0 || read(fd, &c, 1) != 1 || close(fd) != 0)
		return 1;
	/* a name: glibc probes nscd and netlink, which fail and do not kill */
	if (getaddrinfo("localhost", "5222", &hints, &found) != 0)
		return 1;
	freeaddrinfo(found);
	tcp = socket(AF_INET, SOCK_STREAM, 0);
	if (tcp < 0 ||
	    connect(tcp, (struct sockaddr *)&at.port, sizeof(at.port)) != 0)
		return 1;
	return work_common();
}

static int
work_keeper(void)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int fd = accept4(at.listening, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0 ||
	    cred.uid != ORDINARY_UID)
		return cred.uid == 0;
	return work_common();
}

static void
test_work(void **state)
{
	static int (*const work[SANDBOX_ROLES])(void) = {
		[ROLE_KEEPER] = work_keeper,
		[ROLE_DERIVE] = work_memory,
		[ROLE_STORE] = work_store,
		[ROLE_LAUNCHER] = work_common,
		[ROLE_NET_CONNECT] = work_connect,
		[ROLE_NET_ONLINE] = work_common,
		[ROLE_FRONT] = work_common,
		[ROLE_SCE] = work_common,
		[ROLE_CIPHER] = work_common,
		[ROLE_TRANSFER] = work_connect,
		[ROLE_PARSER] = work_memory,
	};
	enum end end;

	(void)state;
	for (int r = 0; r < SANDBOX_ROLES; r++) {
		end = try((enum sandbox_role)r, work[r]);
		if (end != DONE)
			fail_msg("%s: %s",
			    sandbox_role_name((enum sandbox_role)r),
			    end_names[end]);
	}
}

/* --- as others see it -------------------------------------------------------- */

static void
assert_line(const char *path, const char *line)
{
	char text[8192];
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	if (strstr(text, line) == NULL)
		fail_msg("%s has no '%s':\n%s", path, line, text);
}

/* A child that waits inside its role; its end of *fd closed ends it. */
static pid_t
dweller(enum sandbox_role role, int *fd)
{
	int down[2], up[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(down), 0);
	assert_int_equal(pipe(up), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(down[1]);
		close(up[0]);
		c = (char)enter(role);
		if (write(up[1], &c, 1) != 1)
			_exit(BROKEN);
		(void)!read(down[0], &c, 1);
		_exit(DONE);
	}
	close(down[0]);
	close(up[1]);
	assert_int_equal(read(up[0], &c, 1), 1);
	assert_int_equal(c, 0);
	close(up[0]);
	*fd = down[1];
	return pid;
}

static void
test_seen(void **state)
{
	char path[64];
	pid_t pid;
	int fd;

	(void)state;
	for (int r = 0; r < SANDBOX_ROLES; r++) {
		pid = dweller((enum sandbox_role)r, &fd);
		snprintf(path, sizeof(path), "/proc/%d/status", pid);
		assert_line(path, "NoNewPrivs:\t1");
		assert_line(path, "Seccomp:\t2");
		snprintf(path, sizeof(path), "/proc/%d/limits", pid);
		assert_line(path, "Max core file size        0  ");
#ifndef SANDBOX_LOG
		if (policy_roles[r].nproc == 0)
			assert_line(path,
			    "Max processes             0                    0");
#endif
		snprintf(path, sizeof(path), "/proc/%d/mem", pid);
		assert_int_equal(open(path, O_RDONLY), -1);
		assert_int_equal(errno, EACCES);
		assert_int_equal(ptrace(PTRACE_SEIZE, pid, NULL, NULL), -1);
		close(fd);
		assert_int_equal(wait_end(pid), DONE);
	}
}

static void
test_in_force(void **state)
{
	int fds[2];
	char text[256] = "";
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (enter(ROLE_KEEPER) != 0)
			_exit(BROKEN);
		_exit(write(fds[1], sandbox_in_force(),
			  strlen(sandbox_in_force())) < 0);
	}
	close(fds[1]);
	assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
	close(fds[0]);
	assert_int_equal(wait_end(pid), DONE);
	assert_non_null(strstr(text, "no-new-privs not-dumpable"));
	assert_non_null(strstr(text, "landlock:"));
	assert_non_null(strstr(text, "seccomp:keeper"));
	print_message("in force: %s\n", text);
}

/* --- Landlock as an older kernel would have it ------------------------------- */

static int
pretend(int abi)
{
	const struct sandbox_paths paths = { .write = given_write };

	if (sandbox_early() != 0 ||
	    sandbox_landlock(&policy_roles[ROLE_STORE], &paths, abi) != 0)
		return BROKEN;
	if (open(at.home, O_RDONLY) >= 0 || errno != EACCES)
		return BROKEN;
	if (open(at.inside, O_RDWR) < 0)
		return BROKEN;
	return DONE;
}

static void
test_older_landlock(void **state)
{
	char text[256] = "";
	int fds[2], have = sandbox_landlock_abi();
	pid_t pid;

	(void)state;
	assert_true(have >= 2);
	for (int abi = 2; abi <= have; abi++) {
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			_exit(pretend(abi));
		assert_int_equal(wait_end(pid), DONE);
	}
	for (int abi = 0; abi < 2; abi++) {
		assert_int_equal(pipe(fds), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			dup2(fds[1], 2);
			_exit(pretend(abi) == BROKEN ? DONE : BROKEN);
		}
		close(fds[1]);
		assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
		close(fds[0]);
		assert_int_equal(wait_end(pid), DONE);
		assert_non_null(strstr(text, "Landlock ABI 2 is needed"));
	}
	print_message("this kernel: ABI %d\n", have);
}

/* --- the way in -------------------------------------------------------------- */

static char self_open[96], self_closed[96]; /* copies, modes 0755 and 0111 */

static int
run(const char *path)
{
	char *const argv[] = { (char *)(uintptr_t)path,
		(char *)(uintptr_t) "--started", NULL };
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		execv(path, argv);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Mode 0111 starts a program closed; any readable mode does not. */
static void
test_started_closed(void **state)
{
	(void)state;
	assert_int_equal(run(self_open), 10);
	assert_int_equal(run(self_closed), 11);
}

/* When the parent dies, so does the child, even if it reads nothing. */
static void
test_die_with(void **state)
{
	struct pollfd p = { .events = POLLIN };
	int fds[2], ready[2];
	char c;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		pid_t parent = getpid(), child = fork();
		if (child == 0) {
			if (sandbox_die_with(parent) != 0)
				_exit(1);
			if (write(ready[1], "", 1) != 1)
				_exit(1);
			for (;;)
				pause();
		}
		(void)!read(ready[0], &c, 1);
		_exit(0);
	}
	close(fds[1]);
	assert_int_equal(wait_end(pid), DONE);
	p.fd = fds[0]; /* open as long as the grandchild lives */
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(read(fds[0], &c, 1), 0);
	close(fds[0]);
	close(ready[0]);
	close(ready[1]);
	/* a parent that is not ours any more */
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(2);
		_exit(sandbox_die_with(1 << 29) != 0 ? DONE : BROKEN);
	}
	assert_int_equal(wait_end(pid), DONE);
}

/* --- what the children find -------------------------------------------------- */

static void
copy_self(const char *to, mode_t mode)
{
	char block[65536];
	int in = open("/proc/self/exe", O_RDONLY);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0700);
	ssize_t n;

	if (in < 0 || out < 0)
		goto fail;
	while ((n = read(in, block, sizeof(block))) > 0)
		if (write(out, block, (size_t)n) != n)
			goto fail;
	if (n < 0 || fchmod(out, mode) != 0)
		goto fail;
	close(in);
	close(out);
	return;
fail:
	perror(to);
	exit(1);
}

static int
listen_tcp(struct sockaddr_in *in)
{
	socklen_t len = sizeof(*in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*in = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	return bind(fd, (struct sockaddr *)in, sizeof(*in)) != 0 ||
	    listen(fd, 16) != 0 ||
	    getsockname(fd, (struct sockaddr *)in, &len) != 0;
}

static int
make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	return fd < 0 || write(fd, "secret", 6) != 6 || close(fd) != 0;
}

static int
set_up(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd;

	(void)state;
	snprintf(at.inside, sizeof(at.inside), "%s/ca.pem", at.dir);
	snprintf(at.home, sizeof(at.home), "%s.home", at.dir);
	snprintf(at.sock, sizeof(at.sock), "%s.sock", at.dir);
	given_write[0] = at.dir;
	given_read[0] = at.inside;
	if (make_file(at.inside) != 0 || make_file(at.home) != 0)
		return -1;
	memcpy(un.sun_path, at.sock, strlen(at.sock));
	at.listening = socket(AF_UNIX, SOCK_STREAM, 0);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	at.inet = socket(AF_INET, SOCK_STREAM, 0);
	return bind(at.listening, (struct sockaddr *)&un, sizeof(un)) != 0 ||
	    listen(at.listening, 16) != 0 ||
	    connect(fd, (struct sockaddr *)&un, sizeof(un)) != 0 ||
	    at.inet < 0 || listen_tcp(&at.port) != 0 ||
	    listen_tcp(&at.other) != 0;
}

static int
tear_down(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s.home.new", at.dir);
	unlink(path);
	unlink(at.inside);
	unlink(at.home);
	unlink(at.sock);
	unlink(self_open);
	unlink(self_closed);
	return rmdir(at.dir);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work),
		cmocka_unit_test(test_acts),
		cmocka_unit_test(test_seen),
		cmocka_unit_test(test_in_force),
		cmocka_unit_test(test_older_landlock),
		cmocka_unit_test(test_started_closed),
		cmocka_unit_test(test_die_with),
	};

	if (argc == 2 && strcmp(argv[1], "--started") == 0)
		return sandbox_early() == 0 ? 10 + sandbox_started_closed() : 1;
	snprintf(at.dir, sizeof(at.dir), "/tmp/test-sandbox.XXXXXX");
	umask(022);
	if (mkdtemp(at.dir) == NULL)
		return 1;
	snprintf(self_open, sizeof(self_open), "%s.open", at.dir);
	snprintf(self_closed, sizeof(self_closed), "%s.closed", at.dir);
	copy_self(self_open, 0755);
	copy_self(self_closed, 0111);
	if (geteuid() == 0 && chown(at.dir, ORDINARY_UID, ORDINARY_UID) != 0)
		return 1;
	ordinary_become();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
