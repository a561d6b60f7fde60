/* SPDX-License-Identifier: ISC */
/*
 * The words of ARCHITECTURE section 7 for the numbers of the protocol.
 */
#ifndef CLIENT_COMMON_WORDS_H
#define CLIENT_COMMON_WORDS_H

#include <stdint.h>

/* "?" for a number that this version does not know. */
const char *words_trust(uint8_t);
const char *words_policy(uint8_t);
const char *words_bound(uint8_t);
const char *words_copy(uint8_t);
const char *words_why(uint8_t);
const char *words_room(uint8_t status);
const char *words_member(uint8_t change);
const char *words_encryption(uint8_t ns);
/* "blind", "first-use", "manual". 0 or ERR_ARGUMENT. */
int words_read_policy(const char *, uint8_t *policy);

#endif
