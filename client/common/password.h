/* SPDX-License-Identifier: ISC */
/*
 * A password or passphrase in memory that is locked, never dumped, not
 * inherited by a child, and wiped when it is freed; and where it comes from.
 */
#ifndef CLIENT_COMMON_PASSWORD_H
#define CLIENT_COMMON_PASSWORD_H

#include <stddef.h>

#include "../../agent/limits.h"

#define PASSWORD_MAX LIMIT_PASSPHRASE /* octets */

struct password {
	char *text; /* PASSWORD_MAX + 1 octets, NUL-ended; NULL: none */
	size_t len;
};

/* Wipe and release. NULL and empty ones are allowed. */
void password_free(struct password *);
/*
 * The first line of a file, of a shell command's output, or typed on the
 * terminal without echo (the second asks twice). *p must be empty. 0, or an
 * error that has been printed.
 */
int password_from_file(struct password *p, const char *path);
int password_from_command(struct password *p, const char *command);
int password_from_terminal(struct password *p, const char *prompt);
int password_from_terminal_twice(struct password *p, const char *prompt);
/* 1: there is a terminal to ask on. */
int password_has_terminal(void);

#endif
