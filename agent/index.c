/* SPDX-License-Identifier: ISC */
/*
 * The index of an account's messages or composed messages, in order. Runs in
 * the keeper; holds handles, times and sizes, no text.
 */
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "account.h"

struct indexed *
index_find(const struct index *x, const uint8_t *handle)
{
	size_t i;

	for (i = x->n; i > 0; i--)
		if (memcmp(x->v[i - 1].handle, handle, HANDLE_SIZE) == 0)
			return &x->v[i - 1];
	return NULL;
}

int
index_reserve(struct index *x)
{
	size_t cap = x->cap > 0 ? x->cap * 2 : 16;
	struct indexed *v;

	if (x->n < x->cap)
		return 0;
	v = recallocarray(x->v, x->cap, cap, sizeof *v);
	if (v == NULL)
		return ERR_MEMORY;
	x->v = v;
	x->cap = cap;
	return 0;
}

void
index_add(struct index *x, const struct indexed *e)
{
	x->v[x->n++] = *e;
	x->octets += e->len;
}

void
index_remove(struct index *x, const uint8_t *handle)
{
	struct indexed *e = index_find(x, handle);
	size_t at;

	if (e == NULL)
		return;
	at = (size_t)(e - x->v);
	x->octets -= e->len;
	memmove(e, e + 1, (x->n - at - 1) * sizeof *e);
	x->n--;
}

void
index_free(struct index *x)
{
	if (x->v != NULL)
		freezero(x->v, x->cap * sizeof *x->v);
	memset(x, 0, sizeof *x);
}

static int
by_seq(const void *a, const void *b)
{
	uint64_t x = ((const struct indexed *)a)->seq;
	uint64_t y = ((const struct indexed *)b)->seq;

	return x < y ? -1 : x > y;
}

/* Not qsort: glibc's asks for the memory's size, which the walls forbid. */
int
index_sort(struct index *x)
{
	if (x->n > 1 && heapsort(x->v, x->n, sizeof *x->v, by_seq) != 0)
		return ERR_MEMORY;
	return 0;
}
