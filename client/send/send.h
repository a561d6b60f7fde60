/* SPDX-License-Identifier: ISC */
/*
 * xmpp-send's front process.
 */
#ifndef CLIENT_SEND_SEND_H
#define CLIENT_SEND_SEND_H

#include "../common/options.h"

#define RECIPIENTS_MAX LIMIT_OUTBOX /* composed at once */

/* FROM, then the recipients; each a bare JID, no recipient twice. */
struct recipients {
	char *jids[RECIPIENTS_MAX + 1];
	size_t n;
};

/*
 * The operands, then the lines of a file (NULL: none; blank lines and what
 * follows a # are passed over). DONE, or USAGE after an error line that names
 * the operand or the file and line.
 */
int recipients_read(
    struct recipients *, char **operands, int count, const char *path);

/* to: n bare JIDs without doubles. The exit code. */
int send_main(
    const struct options *, const char *account, char *const to[], size_t n);

#endif
