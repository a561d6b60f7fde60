/* SPDX-License-Identifier: ISC */
/*
 * Fingerprints for people: eight groups of eight lower-case hex digits; read
 * with any spacing, colons and case.
 */
#ifndef CLIENT_COMMON_FINGERPRINT_H
#define CLIENT_COMMON_FINGERPRINT_H

#include <stdint.h>
#include <stdio.h>

#include "../../ipc/messages.h"

#define FINGERPRINT_TEXT 72 /* 64 digits, 7 blanks, NUL */

void fingerprint_print(const uint8_t fp[static FINGERPRINT_SIZE],
    char text[static FINGERPRINT_TEXT]);
/* To a person: the same, each group in its colour where f is a terminal
 * (colour.h); no line end. */
void fingerprint_show(FILE *, const uint8_t fp[static FINGERPRINT_SIZE]);
/* 0, or ERR_ARGUMENT: not exactly 64 hex digits, or something else inside. */
int fingerprint_read(const char *text, uint8_t fp[static FINGERPRINT_SIZE]);

#endif
