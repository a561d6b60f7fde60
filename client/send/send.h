/* SPDX-License-Identifier: ISC */
/*
 * xmpp-send's front process.
 */
#ifndef CLIENT_SEND_SEND_H
#define CLIENT_SEND_SEND_H

#include "../common/options.h"

#define RECIPIENTS_MAX 64

/* to: n bare JIDs without doubles. The exit code. */
int send_main(
    const struct options *, const char *account, char *const to[], size_t n);

#endif
