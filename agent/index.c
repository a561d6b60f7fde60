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

#define SLOT_EMPTY 0
#define SLOT_GONE  UINT64_MAX

size_t
index_above(const struct index *x, uint64_t seq)
{
	size_t low = 0, high = x->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (x->v[middle].seq > seq)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Handles are an HMAC's octets: any of them are a hash. */
static size_t
first_slot(const struct index *x, const uint8_t *handle)
{
	uint64_t h;

	memcpy(&h, handle, sizeof h);
	return (size_t)h & (x->nslots - 1);
}

/* The slot that leads to this handle, or nslots; its entry in *e. */
static size_t
find_slot(const struct index *x, const uint8_t *handle, struct indexed **e)
{
	size_t i, at;

	if (x->nslots == 0)
		return 0;
	for (i = first_slot(x, handle); x->slots[i] != SLOT_EMPTY;
	     i = (i + 1) & (x->nslots - 1)) {
		if (x->slots[i] == SLOT_GONE)
			continue;
		at = index_above(x, x->slots[i]) - 1;
		*e = &x->v[at];
		if (memcmp((*e)->handle, handle, HANDLE_SIZE) == 0)
			return i;
	}
	return x->nslots;
}

struct indexed *
index_find(const struct index *x, const uint8_t *handle)
{
	struct indexed *e = NULL;

	return find_slot(x, handle, &e) < x->nslots ? e : NULL;
}

static void
put_slot(struct index *x, const struct indexed *e)
{
	size_t i = first_slot(x, e->handle);

	while (x->slots[i] != SLOT_EMPTY)
		i = (i + 1) & (x->nslots - 1);
	x->slots[i] = e->seq;
	x->used++;
}

/* All slots anew: half of them stay empty at least. */
static int
fill_slots(struct index *x)
{
	size_t n = x->cap * 4;
	uint64_t *slots;

	if (n == 0 || (slots = calloc(n, sizeof *slots)) == NULL)
		return ERR_MEMORY;
	free(x->slots);
	x->slots = slots;
	x->nslots = n;
	x->used = 0;
	for (size_t i = 0; i < x->n; i++)
		put_slot(x, &x->v[i]);
	return 0;
}

/* The gap's room is used again when it is half of all: a move each cap / 2. */
static int
make_room(struct index *x)
{
	size_t cap = x->cap > 0 ? x->cap * 2 : 16;
	struct indexed *all = x->v - x->gap;

	if (x->gap > 0 && x->gap >= x->cap / 2) {
		memmove(all, x->v, x->n * sizeof *all);
	} else {
		all = recallocarray(all, x->cap, cap, sizeof *all);
		if (all == NULL)
			return ERR_MEMORY;
		x->cap = cap;
		if (x->gap > 0)
			memmove(all, all + x->gap, x->n * sizeof *all);
	}
	x->v = all;
	x->gap = 0;
	return 0;
}

int
index_reserve(struct index *x)
{
	if (x->gap + x->n == x->cap && make_room(x) != 0)
		return ERR_MEMORY;
	return x->nslots < x->cap * 4 || x->used >= x->nslots / 2
	    ? fill_slots(x)
	    : 0;
}

void
index_add(struct index *x, const struct indexed *e)
{
	x->v[x->n++] = *e;
	x->octets += e->len;
	put_slot(x, e);
}

void
index_remove(struct index *x, const uint8_t *handle)
{
	struct indexed *e = NULL;
	size_t at, slot = find_slot(x, handle, &e);

	if (slot >= x->nslots)
		return;
	x->slots[slot] = SLOT_GONE;
	at = (size_t)(e - x->v);
	x->octets -= e->len;
	if (at < x->n / 2) { /* the oldest go first: mostly nothing is moved */
		memmove(x->v + 1, x->v, at * sizeof *e);
		x->v++;
		x->gap++;
	} else {
		memmove(e, e + 1, (x->n - at - 1) * sizeof *e);
	}
	x->n--;
}

void
index_free(struct index *x)
{
	if (x->v != NULL)
		freezero(x->v - x->gap, x->cap * sizeof *x->v);
	free(x->slots);
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
