/* SPDX-License-Identifier: ISC */
/*
 * The outer process and the launcher. The outer process keeps the listening
 * socket and starts one launcher after another; the launcher starts keeper and
 * store, then derive and parser, and all five live and die together.
 */
#ifndef AGENT_LAUNCHER_H
#define AGENT_LAUNCHER_H

#include <sys/types.h>

#include <stdint.h>

/* How a role and the launcher end: the status of their exit. */
enum agent_exit {
	AGENT_EXIT_DONE = 0,
	AGENT_EXIT_AGAIN = 1,	 /* start anew */
	AGENT_EXIT_FOR_GOOD = 2, /* starting again cannot help */
	AGENT_EXIT_QUIT = 3,	 /* asked to end */
};

/* What main has read from its options. */
struct agent_options {
	const char *state;	  /* directory */
	const char *socket;	  /* path; NULL when it was passed to us */
	ino_t socket_inode;	  /* of what we bound there */
	const char *pass_file;	  /* --passphrase-file or NULL */
	const char *pass_command; /* --passphrase-command or NULL */
	uint64_t life;	     /* seconds until it locks by itself; 0: none */
	uint64_t idle;	     /* the same, from the last use */
	int listen;	     /* the listening socket */
	const char *forward; /* -A or NULL */
	const char *forward_socket; /* its path */
	ino_t forward_inode;
	int forward_listen;
	int anchor; /* the store's anchor, -1: none */
};

/*
 * Run until asked to end; serving(arg) is called once, when the socket first
 * answers. Returns the exit status of the program.
 */
int supervisor_run(
    const struct agent_options *, void (*serving)(void *arg), void *arg);

/*
 * The launcher, in a process of its own, child of outer. Writes one octet to
 * ready when the keeper serves. Does not return.
 */
void launcher_run(const struct agent_options *, int outer, int ready)
    __attribute__((noreturn));

/* launcher_ask.c: start what answers an ASK, its output going to out. The
 * child's pid, or -1: nothing is configured or it cannot be started. */
int launcher_ask(const struct agent_options *, int kind, uint32_t pid,
    const char *prompt, int out);

#endif
