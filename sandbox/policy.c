/* SPDX-License-Identifier: ISC */
/*
 * THE table: every role, its limits and files, every system call that it may
 * make, with the reason. What is not here kills the process (launcher: see
 * its row). Linked into every program; holds nothing. `xmpp-agent --policy
 * ROLE` prints it.
 *
 * How to read a row: { roles, call, action, errno, { conditions }, reason }.
 * Several rows of one call: any of them lets it pass. An error instead of
 * death is given only where a library probes for something it can do
 * without, and the reason names that library. Nobody has recvmsg: a
 * descriptor that one role sends cannot arrive in another.
 */
#include "policy.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <termios.h>

#include "../agent/limits.h"

#define KB UINT64_C(1024)
#define MB (1024 * KB)

const struct policy_role policy_roles[SANDBOX_ROLES] = {
	/* clang-format off */
	[ROLE_KEEPER] = { .name = "keeper",
	  .what = "every key and ratchet; accepts clients on a socket it was given",
	  .otherwise = POLICY_KILL, .files = FILES_NONE,
	  .nofile = LIMIT_CLIENTS + 32, .nproc = 0, .fsize = 16 * MB, .data = LIMIT_KEEP,
	  .why = "fsize is not 0 so that stderr may be a log file; there is no way to open another" },
	[ROLE_DERIVE] = { .name = "derive",
	  .what = "computes scrypt; holds a passphrase for a second",
	  .otherwise = POLICY_KILL, .files = FILES_NONE,
	  .nofile = 8, .nproc = 0, .fsize = 16 * MB, .data = LIMIT_KEEP,
	  .why = "no data limit: scrypt of the costliest slot allowed takes 1 GiB" },
	[ROLE_STORE] = { .name = "store",
	  .what = "SQLite, one directory, sealed records",
	  .otherwise = POLICY_KILL, .files = FILES_GIVEN,
	  .nofile = 32, .nproc = 0, .fsize = LIMIT_KEEP, .data = 1024 * MB,
	  .why = "files: the state directory alone, read, written, created, removed" },
	[ROLE_LAUNCHER] = { .name = "launcher",
	  .what = "starts and reaps the roles; runs askpass and the passphrase command",
	  .otherwise = POLICY_ALLOW, .files = FILES_ANY,
	  .nofile = LIMIT_KEEP, .nproc = LIMIT_KEEP, .fsize = LIMIT_KEEP, .data = LIMIT_KEEP,
	  .why = "the one role that refuses a list and allows the rest: all roles, and askpass, "
	    "which may be any program, inherit these walls. It never reads a client's bytes" },
	[ROLE_NET_CONNECT] = { .name = "net-connect",
	  .what = "xmpp-net until its stream is bound: resolves, connects, TLS",
	  .otherwise = POLICY_KILL, .files = FILES_GIVEN, .tcp = 1,
	  .nofile = 64, .nproc = 0, .fsize = 16 * MB, .data = 256 * MB,
	  .why = "files: CA certificates and the resolver's, read only. data: libstrophe's parser has no limits of its own" },
	[ROLE_NET_ONLINE] = { .name = "net-online",
	  .what = "xmpp-net once bound: the sockets that are open and nothing else",
	  .otherwise = POLICY_KILL, .files = FILES_KEPT, .second = 1,
	  .nofile = LIMIT_KEEP, .nproc = LIMIT_KEEP, .fsize = LIMIT_KEEP, .data = LIMIT_KEEP,
	  .why = "entered from net-connect, whose limits and files stay; no call here could use them" },
	[ROLE_FRONT] = { .name = "front",
	  .what = "xmpp-chat, xmpp-send: the terminal, the keeper, its net",
	  .otherwise = POLICY_KILL, .files = FILES_NONE,
	  .nofile = 32, .nproc = 0, .fsize = LIMIT_KEEP, .data = 512 * MB,
	  .why = "fsize is left: standard output may be a file" },
	[ROLE_SCE] = { .name = "sce",
	  .what = "parses one decrypted envelope after another; holds its text",
	  .otherwise = POLICY_KILL, .files = FILES_NONE,
	  .nofile = 8, .nproc = 0, .fsize = 0, .data = 64 * MB,
	  .why = "data: an envelope and its parser take less than a megabyte" },
	[ROLE_CIPHER] = { .name = "cipher",
	  .what = "xmpp-cipher: seals or opens one file between two descriptors; holds its key",
	  .otherwise = POLICY_KILL, .files = FILES_NONE,
	  .nofile = 8, .nproc = 0, .fsize = LIMIT_KEEP, .data = 16 * MB,
	  .why = "fsize is left: it writes the file that it was given. data: any file passes through 64 KiB" },
	[ROLE_TRANSFER] = { .name = "transfer",
	  .what = "xmpp-transfer: one HTTPS request; ciphertext in or out, no key",
	  .otherwise = POLICY_KILL, .files = FILES_GIVEN, .tcp = 1,
	  .nofile = 64, .nproc = 0, .fsize = 16 * MB, .data = 24 * MB,
	  .why = "files: CA certificates and the resolver's, read only. nproc: no resolver's thread" },
	[ROLE_PARSER] = { .name = "parser",
	  .what = "reads the trust messages of verified senders for the keeper",
	  .otherwise = POLICY_KILL, .files = FILES_NONE,
	  .nofile = 8, .nproc = 0, .fsize = 16 * MB, .data = 8 * MB,
	  .why = "fsize as the keeper's. data: an envelope of 32 KiB and its parser take less than a megabyte" },
	/* clang-format on */
};

#define K ROLE_BIT(ROLE_KEEPER)
#define D ROLE_BIT(ROLE_DERIVE)
#define S ROLE_BIT(ROLE_STORE)
#define L ROLE_BIT(ROLE_LAUNCHER)
#define C ROLE_BIT(ROLE_NET_CONNECT)
#define O ROLE_BIT(ROLE_NET_ONLINE)
#define F ROLE_BIT(ROLE_FRONT)
#define E ROLE_BIT(ROLE_SCE)
#define X ROLE_BIT(ROLE_CIPHER)
#define T ROLE_BIT(ROLE_TRANSFER)
#define P ROLE_BIT(ROLE_PARSER)
#define N (C | O)
#define B (S | N | F | E | X | T) /* with libraries that nobody here wrote */
#define A (K | D | P | B)	  /* all that have a closed list */

#define ALLOW	POLICY_ALLOW, 0
#define FAIL(e) POLICY_FAIL, e
#define KILL	POLICY_KILL, 0
#define ALWAYS                                                                 \
	{                                                                      \
		{                                                              \
			WHEN_ALWAYS, 0, 0, ""                                  \
		}                                                              \
	}
#define IS(a, v)                                                               \
	{                                                                      \
		{                                                              \
			WHEN_EQUAL, a, (uint64_t)(v), #v                       \
		}                                                              \
	}
#define ANDIS(a, v, b, w)                                                      \
	{                                                                      \
		{ WHEN_EQUAL, a, (uint64_t)(v), #v },                          \
		{                                                              \
			WHEN_EQUAL, b, (uint64_t)(w), #w                       \
		}                                                              \
	}
#define WITHOUT(a, v)                                                          \
	{                                                                      \
		{                                                              \
			WHEN_CLEAR, a, (uint64_t)(v), "no " #v                 \
		}                                                              \
	}
#define BELOW(a, v)                                                            \
	{                                                                      \
		{                                                              \
			WHEN_BELOW, a, (uint64_t)(v), "below " #v              \
		}                                                              \
	}
#define ABOVE(a, v)                                                            \
	{                                                                      \
		{                                                              \
			WHEN_ABOVE, a, (uint64_t)(v), "above " #v              \
		}                                                              \
	}
/* flags of an open that cannot write: no access mode bit, no creation */
#define READ_ONLY WITHOUT(2, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

const struct policy_call policy_calls[] = {
	/* clang-format off */
	/* --- what every closed role may do: its own descriptors and memory ----- */
	{ A, "read",		ALLOW, ALWAYS, "descriptors it was given" },
	{ A, "write",		ALLOW, ALWAYS, "descriptors it was given" },
	{ A, "close",		ALLOW, ALWAYS, "a peer is gone" },
	{ A, "mmap",		ALLOW, WITHOUT(2, PROT_EXEC), "allocator; never executable" },
	{ A, "munmap",		ALLOW, ALWAYS, "allocator" },
	{ A, "brk",		ALLOW, ALWAYS, "allocator" },
	{ A, "futex",		ALLOW, ALWAYS, "locks in libc and OpenSSL" },
	{ A, "exit_group",	ALLOW, ALWAYS, "end" },

	/* --- not derive: it computes, and asks for neither time nor chance ------- */
	{ K | B, "ppoll",	ALLOW, ALWAYS, "the loop" },
	{ K | P | B, "getrandom", ALLOW, ALWAYS, "the kernel's random numbers; the salt of expat's tables" },
	{ K | B, "getpid",	ALLOW, ALWAYS, "OpenSSL asks before every random number" },
	{ K | B, "clock_gettime", ALLOW, ALWAYS, "time, where it is no vdso call" },
	{ K | B, "time",	ALLOW, ALWAYS, "time, where it is no vdso call" },

	/* --- where more libraries are --------------------------------------------- */
	{ B, "mremap",		ALLOW, ALWAYS, "realloc; keeps the protection" },
	{ B, "rt_sigreturn",	ALLOW, ALWAYS, "end of a signal handler" },
	{ B, "gettimeofday",	ALLOW, ALWAYS, "time, where it is no vdso call" },
	{ B, "readv",		ALLOW, ALWAYS, "stdio and libraries" },
	{ B, "writev",		ALLOW, ALWAYS, "stdio and libraries" },
	{ B, "poll",		ALLOW, ALWAYS, "wait" },
	{ B, "mprotect",	ALLOW, WITHOUT(2, PROT_EXEC), "allocator; never executable" },
	{ B, "madvise",		ALLOW, ALWAYS, "allocator" },
	{ B, "rt_sigprocmask",	ALLOW, ALWAYS, "libc" },
	{ B, "restart_syscall",	ALLOW, ALWAYS, "the kernel's own, after a stop" },
	{ B, "exit",		ALLOW, ALWAYS, "end" },

	/* --- sockets that are open already -------------------------------------- */
	{ K, "accept4",		ALLOW, ALWAYS, "the listening socket it was given" },
	{ K, "getsockopt",	ALLOW, ANDIS(1, SOL_SOCKET, 2, SO_PEERCRED), "who is the client" },
	{ K | N | F | T, "fcntl",	ALLOW, IS(1, F_GETFL), "make a descriptor non-blocking" },
	{ K | N | F | T, "fcntl",	ALLOW, IS(1, F_SETFL), "make a descriptor non-blocking" },
	{ C | T, "sendto",		ALLOW, ALWAYS, "the resolver's questions; TLS" },
	{ O | F, "sendto",	ALLOW, IS(4, 0), "only where the socket is connected to" },
	{ N | F | T, "recvfrom",	ALLOW, ALWAYS, "a socket that is open" },
	{ N, "select",		ALLOW, ALWAYS, "libstrophe's loop" },
	{ N, "pselect6",	ALLOW, ALWAYS, "libstrophe's loop" },
	{ N, "getsockopt",	ALLOW, ANDIS(1, SOL_SOCKET, 2, SO_ERROR), "has the connection failed" },
	{ O, "setsockopt",	ALLOW, ANDIS(1, IPPROTO_TCP, 2, TCP_QUICKACK), "a server that gathers what it sends waits for an acknowledgement" },

	/* --- store: SQLite, where Landlock confines every path ------------------ */
	{ S, "openat",		ALLOW, ALWAYS, "the database and its log" },
	{ S, "open",		ALLOW, ALWAYS, "the same" },
	{ S | C | T, "fstat",	ALLOW, ALWAYS, "libc, SQLite" },
	{ S | C | T, "newfstatat",	ALLOW, ALWAYS, "libc, SQLite, OpenSSL; tells names and sizes, no content" },
	{ S | C | T, "stat",	ALLOW, ALWAYS, "the same" },
	{ S, "statx",		ALLOW, ALWAYS, "when was the database born: is it a copy" },
	{ S, "lstat",		ALLOW, ALWAYS, "SQLite: symbolic links in the path" },
	{ S | C | T, "access",	ALLOW, ALWAYS, "SQLite: is there a journal; libc" },
	{ S | C | T, "faccessat",	ALLOW, ALWAYS, "the same" },
	{ S | C | T, "faccessat2",	ALLOW, ALWAYS, "the same" },
	{ S, "getcwd",		ALLOW, ALWAYS, "SQLite: full path" },
	{ S, "readlink",	ALLOW, ALWAYS, "SQLite: full path" },
	{ S, "readlinkat",	ALLOW, ALWAYS, "SQLite: full path" },
	{ S | C | T, "lseek",	ALLOW, ALWAYS, "SQLite, stdio" },
	{ S | C | T, "pread64",	ALLOW, ALWAYS, "SQLite pages" },
	{ S, "pwrite64",	ALLOW, ALWAYS, "SQLite pages" },
	{ S, "fsync",		ALLOW, ALWAYS, "durable" },
	{ S, "fdatasync",	ALLOW, ALWAYS, "durable" },
	{ S, "ftruncate",	ALLOW, ALWAYS, "empty the log: old octets gone" },
	{ S, "fallocate",	ALLOW, ALWAYS, "room before it is needed" },
	{ S, "unlink",		ALLOW, ALWAYS, "SQLite's journals" },
	{ S, "unlinkat",	ALLOW, ALWAYS, "SQLite's journals" },
	{ S, "fchmod",		ALLOW, ALWAYS, "SQLite gives a journal the database's mode" },
	{ S, "geteuid",		ALLOW, ALWAYS, "SQLite: is this root" },
	{ S, "getuid",		ALLOW, ALWAYS, "the same" },
	{ S, "fcntl",		ALLOW, IS(1, F_GETLK), "the database's lock" },
	{ S, "fcntl",		ALLOW, IS(1, F_SETLK), "the database's lock" },
	{ S | C | T, "fcntl",	ALLOW, IS(1, F_GETFD), "libraries set close-on-exec" },
	{ S | C | T, "fcntl",	ALLOW, IS(1, F_SETFD), "libraries set close-on-exec" },
	{ S, "fcntl",		ALLOW, IS(1, F_GETFL), "SQLite: is it open for writing" },
	{ S, "nanosleep",	ALLOW, ALWAYS, "SQLite waits for a lock" },
	{ S, "clock_nanosleep",	ALLOW, ALWAYS, "SQLite waits for a lock" },

	/* --- net until it is bound (Landlock confines paths and ports) ---------- */
	{ C | T, "openat",		ALLOW, READ_ONLY, "CA certificates, resolver files; reading only" },
	{ C | T, "open",		ALLOW, { { WHEN_CLEAR, 1, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC,
	    "no O_WRONLY | O_RDWR | O_CREAT | O_TRUNC" } }, "the same" },
	{ C | T, "readlink",	ALLOW, ALWAYS, "libc: /etc/localtime and the like" },
	{ C | T, "readlinkat",	ALLOW, ALWAYS, "the same" },
	{ C | T, "getdents64",	ALLOW, ALWAYS, "a directory of CA certificates" },
	{ C | T, "socket",		ALLOW, IS(0, AF_INET), "the server, the resolver" },
	{ C | T, "socket",		ALLOW, IS(0, AF_INET6), "the server, the resolver" },
	{ C | T, "socket",		FAIL(EAFNOSUPPORT), BELOW(0, AF_INET), "AF_UNIX: glibc asks for nscd and goes on without" },
	{ C | T, "socket",		FAIL(EAFNOSUPPORT), ABOVE(0, AF_INET6), "AF_NETLINK: glibc's getaddrinfo asks for addresses and goes on without" },
	{ C | T, "connect",		ALLOW, ALWAYS, "the server, the resolver; Landlock has the TCP port" },
	{ C | T, "bind",		FAIL(EACCES), ALWAYS, "glibc binds its netlink probe" },
	{ C | T, "sendmmsg",	ALLOW, ALWAYS, "the resolver asks A and AAAA at once" },
	{ C | T, "setsockopt",	ALLOW, ALWAYS, "keep-alive, no delay" },
	{ C | T, "getsockopt",	ALLOW, ALWAYS, "libstrophe, the resolver" },
	{ C | T, "getsockname",	ALLOW, ALWAYS, "getaddrinfo orders addresses" },
	{ C | T, "getpeername",	ALLOW, ALWAYS, "OpenSSL, libstrophe" },
	{ C | T, "ioctl",		ALLOW, IS(1, FIONREAD), "the resolver: how long is the answer" },
	{ C, "dup",		ALLOW, ALWAYS, "a descriptor below 1024 for select" },
	{ C, "fcntl",		ALLOW, IS(1, F_DUPFD_CLOEXEC), "the same" },
	{ C | T, "uname",		ALLOW, ALWAYS, "libc's resolver: the host's name" },
	{ C | T, "sysinfo",		ALLOW, ALWAYS, "libc: qsort asks for the memory's size" },
	{ C | T, "getuid",		ALLOW, ALWAYS, "libc, OpenSSL: is this set-uid" },
	{ C | T, "geteuid",		ALLOW, ALWAYS, "the same" },
	{ C | T, "getgid",		ALLOW, ALWAYS, "the same" },
	{ C | T, "getegid",		ALLOW, ALWAYS, "the same" },
	{ C | T, "gettid",		ALLOW, ALWAYS, "libc" },
	{ C | T, "rt_sigaction",	ALLOW, ALWAYS, "libraries ignore SIGPIPE" },
	{ C, "prctl",		ALLOW, IS(0, PR_SET_NO_NEW_PRIVS), "libseccomp, on the way to net-online" },
	{ C, "prctl",		ALLOW, IS(0, PR_GET_SECCOMP), "the same" },
	{ C, "seccomp",		ALLOW, ALWAYS, "net-online's filter; filters only ever narrow" },

	/* --- front: a terminal --------------------------------------------------- */
	{ F, "ioctl",		ALLOW, IS(1, TCGETS), "terminal modes" },
	{ F, "ioctl",		ALLOW, IS(1, TCSETS), "terminal modes" },
	{ F, "ioctl",		ALLOW, IS(1, TCSETSW), "terminal modes" },
	{ F, "ioctl",		ALLOW, IS(1, TCSETSF), "terminal modes" },
	{ F, "ioctl",		ALLOW, IS(1, TIOCGWINSZ), "the window's size" },
	{ F, "fstat",		ALLOW, ALWAYS, "stdio, of an open descriptor" },
	{ F | O, "newfstatat",	ALLOW, IS(3, AT_EMPTY_PATH), "what glibc makes of fstat" },
	{ F, "lseek",		ALLOW, ALWAYS, "stdio" },
	{ F, "rt_sigaction",	ALLOW, ALWAYS, "the window changes its size" },
	{ F, "select",		ALLOW, ALWAYS, "wait" },
	{ F, "pselect6",	ALLOW, ALWAYS, "wait" },

	/* --- launcher: what neither it nor any child may do ----------------------- */
	{ L, "ptrace",			KILL, ALWAYS, "reads another process" },
	{ L, "process_vm_readv",	KILL, ALWAYS, "reads another process" },
	{ L, "process_vm_writev",	KILL, ALWAYS, "writes another process" },
	{ L, "pidfd_getfd",		KILL, ALWAYS, "takes another process's descriptor" },
	{ L, "kcmp",			KILL, ALWAYS, "looks into another process" },
	{ L, "bpf",			KILL, ALWAYS, "kernel attack surface" },
	{ L, "perf_event_open",		KILL, ALWAYS, "watches other processes" },
	{ L, "userfaultfd",		KILL, ALWAYS, "kernel attack surface" },
	{ L, "io_uring_setup",		FAIL(ENOSYS), ALWAYS, "goes round the filter; programs do without" },
	{ L, "io_uring_enter",		FAIL(ENOSYS), ALWAYS, "the same" },
	{ L, "io_uring_register",	FAIL(ENOSYS), ALWAYS, "the same" },
	{ L, "keyctl",			FAIL(ENOSYS), ALWAYS, "the session's keys; programs do without" },
	{ L, "add_key",			FAIL(ENOSYS), ALWAYS, "the same" },
	{ L, "request_key",		FAIL(ENOSYS), ALWAYS, "the same" },
	{ L, "mount",			KILL, ALWAYS, "changes the world" },
	{ L, "umount2",			KILL, ALWAYS, "changes the world" },
	{ L, "pivot_root",		KILL, ALWAYS, "changes the world" },
	{ L, "chroot",			KILL, ALWAYS, "changes the world" },
	{ L, "init_module",		KILL, ALWAYS, "kernel" },
	{ L, "finit_module",		KILL, ALWAYS, "kernel" },
	{ L, "delete_module",		KILL, ALWAYS, "kernel" },
	{ L, "kexec_load",		KILL, ALWAYS, "kernel" },
	{ L, "kexec_file_load",		KILL, ALWAYS, "kernel" },
	{ L, "reboot",			KILL, ALWAYS, "kernel" },
	{ L, "socket",			FAIL(EACCES), ABOVE(0, AF_UNIX), "no network; askpass may speak to a display" },
	/* clang-format on */
};

const size_t policy_calls_count =
    sizeof(policy_calls) / sizeof(policy_calls[0]);
