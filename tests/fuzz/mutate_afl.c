/* SPDX-License-Identifier: ISC */
/*
 * mutate.h for AFL++: a library that afl-fuzz loads (AFL_CUSTOM_MUTATOR_LIBRARY),
 * one for each shape. Runs in the fuzzer; by hand only.
 */
#include <stdlib.h>

#define SHAPE_ALONE
#include "shapes.h"

struct state {
	uint32_t seed;
	uint8_t out[1 << 16];
};

void *afl_custom_init(void *, unsigned);
size_t afl_custom_fuzz(
    void *, uint8_t *, size_t, uint8_t **, uint8_t *, size_t, size_t);
void afl_custom_deinit(void *);

void *
afl_custom_init(void *afl, unsigned seed)
{
	struct state *s = calloc(1, sizeof(*s));

	(void)afl;
	if (s != NULL)
		s->seed = seed;
	return s;
}

size_t
afl_custom_fuzz(void *data, uint8_t *p, size_t size, uint8_t **out,
    uint8_t *add, size_t addlen, size_t max)
{
	struct state *s = data;

	(void)add;
	(void)addlen;
	max = max < sizeof(s->out) ? max : sizeof(s->out);
	size = size < max ? size : max;
	(void)mutate_draw(&s->seed, 0);
	memcpy(s->out, p, size);
	*out = s->out;
	return mutate(&mutate_this, s->out, size, max, s->seed);
}

void
afl_custom_deinit(void *data)
{
	free(data);
}
