/* SPDX-License-Identifier: ISC */
/*
 * Bare JIDs as people type them: local@domain, checked, ASCII in lower case.
 */
#ifndef CLIENT_COMMON_JID_H
#define CLIENT_COMMON_JID_H

#include "../../agent/limits.h"

#define JID_SIZE (LIMIT_JID + 1)

/*
 * The bare JID of text to out. 0, or ERR_ARGUMENT; then *why (may be NULL)
 * says what is wrong with it.
 */
int jid_read(const char *text, char out[static JID_SIZE], const char **why);

#endif
