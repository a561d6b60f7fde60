/* SPDX-License-Identifier: ISC */
/*
 * How the inputs of two fuzz targets are laid out, for mutate.h, and what
 * libFuzzer calls. SHAPE_DISPATCH: fuzz_dispatch's, else fuzz_omemo_session's.
 */
#ifndef TESTS_FUZZ_SHAPES_H
#define TESTS_FUZZ_SHAPES_H

#include "mutate.h"

/* fuzz_dispatch: who it is, then u8 type, u8 length, body. */
static inline size_t
shape_dispatch_length(const uint8_t *p, size_t left)
{
	return left < 2 ? 0 : 2U + p[1];
}

/* fuzz_omemo_session: version and what follows, then which, where, xor. */
static inline size_t
shape_session_length(const uint8_t *p, size_t left)
{
	(void)p;
	return left < 3 ? 0 : 3;
}

static const struct mutate_shape mutate_this =
#ifdef SHAPE_DISPATCH
    { .head = 1, .fixed = 2, .length = shape_dispatch_length };
#else
    { .head = 1, .fixed = 0, .length = shape_session_length };
#endif

#ifndef SHAPE_ALONE
size_t LLVMFuzzerMutate(uint8_t *, size_t, size_t) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *, size_t, size_t, unsigned);

/* One in four as the fuzzer would have it: lengths and types, too. */
size_t
LLVMFuzzerCustomMutator(uint8_t *p, size_t size, size_t max, unsigned seed)
{
	uint8_t before[MUTATE_MAX];
	size_t len = size;

	if (seed % 4 != 0 && size <= MUTATE_MAX) {
		memcpy(before, p, size);
		len = mutate(&mutate_this, p, size, max, seed);
		if (len != size || memcmp(before, p, size) != 0)
			return len;
	}
	return LLVMFuzzerMutate != NULL ? LLVMFuzzerMutate(p, size, max) : size;
}
#endif

#endif
