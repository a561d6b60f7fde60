/* SPDX-License-Identifier: ISC */
/*
 * The walls, from the one table in policy.c. Default action KILL_PROCESS;
 * builds with -DSANDBOX_LOG (debug, sanitizers) use the same table with the
 * LOG action, never none.
 */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include <stdint.h>
#include <stdio.h>

enum sandbox_role {
	ROLE_KEEPER,
	ROLE_DERIVE,
	ROLE_STORE,
	ROLE_LAUNCHER,
	ROLE_NET_CONNECT, /* until the stream is bound */
	ROLE_NET_ONLINE,  /* after it; entered from ROLE_NET_CONNECT */
	ROLE_FRONT,	  /* xmpp-chat, xmpp-send: no exec, no network */
	ROLE_SCE,	  /* xmpp-sce: parses what a front has decrypted */
	ROLE_CIPHER,	  /* xmpp-cipher: a file's key, two descriptors */
	ROLE_TRANSFER,	  /* xmpp-transfer: HTTPS, no key */
	ROLE_PARSER, /* xmpp-agent-parser: trust messages, for the keeper */
	SANDBOX_ROLES
};

/* Paths that Landlock lets a role see, beside those of its row. */
struct sandbox_paths {
	const char *const
	    *read; /* NULL-ended; files or directories; NULL: none */
	const char *const *write; /* directories: read, write, create, remove */
	uint16_t tcp_port;	  /* the one port net may connect to; 0: none */
};

/* Open what is closed of 0, 1 and 2: a socket would get the number, and be
 * printed to. sandbox_early does it as well. */
void sandbox_stdio(void);
/* First thing in main: dumpable 0, no core, no_new_privs; remembers whether
 * the kernel had started us non-dumpable. 0 or ERR_CONTAINED. */
int sandbox_early(void);
/* 1: exec had made us non-dumpable before our first instruction. */
int sandbox_started_closed(void);
/* Die with the parent (PDEATHSIG), checked against a race by its pid. */
int sandbox_die_with(int parent_pid);
/*
 * Enter a role: rlimits, Landlock (ABI 2 at least, else ERR_CONTAINED naming
 * it on stderr), seccomp; MDWE, TCP rules, scoping where the kernel has them.
 */
int sandbox_enter(enum sandbox_role, const struct sandbox_paths *);
/* What is in force here, for status: "seccomp landlock:7 mdwe …". */
const char *sandbox_in_force(void);
/* ERR_ARGUMENT: no such role. */
int sandbox_role_find(const char *name, enum sandbox_role *);
const char *sandbox_role_name(enum sandbox_role);
/* The role's table for a person: calls, argument filters, reasons, limits. */
void sandbox_print(enum sandbox_role, FILE *);
/* The BPF program as seccomp_export_bpf writes it, for an architecture
 * (SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64). For the tests. */
int sandbox_export(enum sandbox_role, uint32_t arch, int fd);

#endif
