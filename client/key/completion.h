/* SPDX-License-Identifier: ISC */
#ifndef CLIENT_KEY_COMPLETION_H
#define CLIENT_KEY_COMPLETION_H

#include <stddef.h>

#include "key.h"

/* The shell's completion script, on standard output. The exit code. */
int completion_print(const char *shell, const struct verb *, size_t n);

#endif
