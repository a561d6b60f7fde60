/* SPDX-License-Identifier: ISC */
/* Base64 (RFC 4648 section 4), strict: padded, no other octets than the
 * alphabet's and white space, which is skipped. */
#ifndef CLIENT_NET_BASE64_H
#define CLIENT_NET_BASE64_H

#include <stddef.h>
#include <stdint.h>

/*
 * Decode a string into out[0..max). 0, ERR_BAD_MESSAGE (not base64; bits left
 * over that are not zero), or ERR_TOO_LONG.
 */
int base64_decode(const char *text, uint8_t *out, size_t max, size_t *len);
/* A NUL-ended string, from malloc; NULL: out of memory. */
char *base64_encode(const uint8_t *p, size_t len);

#endif
