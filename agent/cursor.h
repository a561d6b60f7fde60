/* SPDX-License-Identifier: ISC */
/* The archive cursor of an account (RECORD_CURSOR). Runs in the keeper. */
#ifndef AGENT_CURSOR_H
#define AGENT_CURSOR_H

#include "account.h"

/* "" when nothing was read yet. 0 or an error. */
int cursor_get(struct txn *, const char *account, char *out, size_t size);
/* archive "": leaves it as it is. */
int cursor_put(struct txn *, const char *account, const char *archive);

#endif
