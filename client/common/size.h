/* SPDX-License-Identifier: ISC */
/* Sizes as a person writes them. */
#ifndef CLIENT_COMMON_SIZE_H
#define CLIENT_COMMON_SIZE_H

#include <stdint.h>

/* A decimal number of octets, 1 at least, with K, M or G behind it (1,024 and
 * so on). 0 or ERR_ARGUMENT. */
int size_read(const char *text, uint64_t *octets);

#endif
