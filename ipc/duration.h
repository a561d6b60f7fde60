/* SPDX-License-Identifier: ISC */
/*
 * Times as ssh-agent(1) reads them, for the options of all programs.
 */
#ifndef IPC_DURATION_H
#define IPC_DURATION_H

#include <stddef.h>
#include <stdint.h>

/* "90", "90s", "15m", "8h", "2d", "1w" and sums such as "1h30m", in seconds.
 * 0 or ERR_ARGUMENT. */
int duration_read(const char *, uint64_t *seconds);
/* The same backwards, "1d12h"; 0 is "0". */
void duration_text(uint64_t seconds, char *text, size_t size);
#define DURATION_TEXT 64

#endif
