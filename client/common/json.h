/* SPDX-License-Identifier: ISC */
/*
 * JSON lines through jansson.
 */
#ifndef CLIENT_COMMON_JSON_H
#define CLIENT_COMMON_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "../../ipc/messages.h"

/*
 * One object on one line of stdout, flushed; takes it over. On a terminal all
 * but ASCII is escaped. 0, or -1: stdout is gone.
 */
int json_line(json_t *object);
/* Octets of anyone as a string: what is not UTF-8 becomes U+FFFD. */
json_t *json_text(const void *p, size_t n);
json_t *json_cstring(const char *s);
/* A fingerprint as it is printed everywhere. */
json_t *json_fingerprint(const uint8_t fp[static FINGERPRINT_SIZE]);

#endif
