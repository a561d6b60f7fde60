/* SPDX-License-Identifier: ISC */
/*
 * Exit codes and error lines of the commands: "program: what: why" on stderr,
 * one line, every octet of it through vis.
 */
#ifndef CLIENT_COMMON_FAIL_H
#define CLIENT_COMMON_FAIL_H

enum exit_code {
	DONE = 0,
	REFUSED = 1,  /* refused or failed */
	NO_AGENT = 2, /* no agent, or it has ended */
	USAGE = 64,
};

/* Print one error line; returns REFUSED. what may be NULL. */
int fail(const char *what, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* As fail, returns USAGE. */
int fail_usage(const char *what, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * An error of the agent in words for a person; detail is the agent's own text
 * ("" if none). Returns REFUSED, or NO_AGENT when the agent has gone.
 */
int fail_agent(const char *what, int err, const char *detail);
/* The sentence that fail_agent prints. */
const char *fail_words(int err, const char *detail);

#endif
