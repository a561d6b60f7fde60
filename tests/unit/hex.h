/* SPDX-License-Identifier: ISC */
/*
 * Hexadecimal for tests.
 */
#ifndef TESTS_HEX_H
#define TESTS_HEX_H

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Octets of hex to out, which has room for size; how many. */
static inline size_t
unhex(const char *hex, uint8_t *out, size_t size)
{
	size_t n = strlen(hex) / 2;

	assert(n <= size);
	for (size_t i = 0; i < n; i++) {
		unsigned v;

		if (sscanf(hex + 2 * i, "%2x", &v) != 1)
			abort();
		out[i] = (uint8_t)v;
	}
	return n;
}

#endif
