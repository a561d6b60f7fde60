/* SPDX-License-Identifier: ISC */
/*
 * A front's first process.
 */
#ifndef CLIENT_FRONT_STARTER_H
#define CLIENT_FRONT_STARTER_H

#include "../common/options.h"

#define STARTER_MORE 2

struct starter {
	const char *account;
	struct options *options; /* name set, account not yet read */
	int argc;
	char **argv;  /* handed on to the front behind "-x front" */
	int presence; /* 0: the net sends none */
	int again;    /* begin anew when the agent ends the connection */
	int reads;    /* the front shows messages: it gets a parser */
	/* NULL, or what opens further descriptors for the front, its options
	 * complete: how many, or -1 after an error line. */
	int (*more)(const struct starter *, int fds[static STARTER_MORE]);
};

/*
 * Run front and nets until the front ends; the exit code of the program, its
 * error lines printed.
 */
int starter_main(struct starter *);
/*
 * In main: "-x front" as the first two arguments? Then they are removed, and 1
 * is returned: this is the front, its descriptors are FRONT_FD_….
 */
int starter_is_front(int *argc, char **argv);

enum front_fd {
	FRONT_FD_LINK = 3,  /* SOCK_SEQPACKET, to its net */
	FRONT_FD_AGENT = 4, /* connected, nothing said yet */
	FRONT_FD_SCE = 5,   /* SOCK_SEQPACKET, to its parser, if it reads */
	FRONT_FD_MORE = 5,  /* else: those of starter.more */
};

/* The front's exit code for "the agent has ended the connection". */
#define FRONT_AGENT_GONE 75

#endif
