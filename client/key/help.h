/* SPDX-License-Identifier: ISC */
/* The table of verbs, looked up and printed. */
#ifndef CLIENT_KEY_HELP_H
#define CLIENT_KEY_HELP_H

#include "key.h"

#define HELP_SIZE 8192 /* octets of the whole text */

/* The text of --help. */
void help_usage(char *text, size_t size, const struct verb *, size_t n);
/* NULL: no such verb. */
const struct verb *help_find(const char *name, const struct verb *, size_t n);

#endif
