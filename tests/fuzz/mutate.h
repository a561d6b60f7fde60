/* SPDX-License-Identifier: ISC */
/*
 * Mutations of a transcript that is valid: an input that is a head and then
 * records (frames of a client, steps of a delivery). Records are left out,
 * said twice, put elsewhere, made another's; an octet of one's body changed.
 * So what is tried is what an enemy does who speaks the protocol. For
 * libFuzzer by shapes.h, for AFL++ by mutate_afl.c; fuzz targets only.
 */
#ifndef TESTS_FUZZ_MUTATE_H
#define TESTS_FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUTATE_RECORDS 64
#define MUTATE_MAX     4096 /* octets of an input that are looked at */

struct mutate_shape {
	size_t head;  /* octets before the first record */
	size_t fixed; /* of a record, which is what it is and how long */
	/* octets of the record at p, 0: there is none */
	size_t (*length)(const uint8_t *p, size_t left);
};

struct mutate_record {
	size_t at, len;
};

/* xorshift: the same seed, the same mutation */
static inline uint32_t
mutate_draw(uint32_t *seed, size_t below)
{
	*seed = *seed != 0 ? *seed : 1;
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return below > 0 ? *seed % (uint32_t)below : 0;
}

static inline size_t
mutate_read(const struct mutate_shape *s, const uint8_t *p, size_t size,
    struct mutate_record *r)
{
	size_t n = 0, at = s->head, len;

	while (n < MUTATE_RECORDS && at < size &&
	    (len = s->length(p + at, size - at)) > 0 && len <= size - at) {
		r[n].at = at;
		r[n++].len = len;
		at += len;
	}
	return n;
}

/* The record again, before that at place. */
static inline size_t
mutate_repeat(uint8_t *p, size_t size, size_t max,
    const struct mutate_record *r, size_t place)
{
	uint8_t copy[MUTATE_MAX];

	if (size + r->len > max)
		return size;
	memcpy(copy, p + r->at, r->len);
	memmove(p + place + r->len, p + place, size - place);
	memcpy(p + place, copy, r->len);
	return size + r->len;
}

static inline size_t
mutate_drop(uint8_t *p, size_t size, const struct mutate_record *r)
{
	memmove(p + r->at, p + r->at + r->len, size - r->at - r->len);
	return size - r->len;
}

static inline void
mutate_body(const struct mutate_shape *s, uint8_t *p,
    const struct mutate_record *r, uint32_t *seed)
{
	static const uint8_t odd[] = { 0, 1, 4, 5, 127, 128, 254, 255 };
	size_t at;

	if (r->len <= s->fixed)
		return;
	at = r->at + s->fixed + mutate_draw(seed, r->len - s->fixed);
	if (mutate_draw(seed, 2) == 0)
		p[at] = odd[mutate_draw(seed, sizeof(odd))];
	else
		p[at] ^= (uint8_t)(1U << mutate_draw(seed, 8));
}

/* The new size. */
static inline size_t
mutate(const struct mutate_shape *s, uint8_t *p, size_t size, size_t max,
    uint32_t seed)
{
	struct mutate_record r[MUTATE_RECORDS];
	size_t n, i, j, len;

	if (size > MUTATE_MAX || (n = mutate_read(s, p, size, r)) == 0)
		return size;
	i = mutate_draw(&seed, n);
	j = mutate_draw(&seed, n);
	switch (mutate_draw(&seed, 6)) {
	case 0:
		return mutate_drop(p, size, &r[i]);
	case 1: /* said twice, anywhere */
		return mutate_repeat(p, size, max, &r[i], r[j].at);
	case 2: /* later, or earlier */
		if (i == j ||
		    (len = mutate_repeat(p, size, max, &r[i], r[j].at)) == size)
			return size;
		if (r[j].at <= r[i].at)
			r[i].at += r[i].len;
		return mutate_drop(p, len, &r[i]);
	case 3: /* what it is, with another's body */
		memcpy(p + r[i].at, p + r[j].at, 1);
		return size;
	default:
		mutate_body(s, p, &r[i], &seed);
		return size;
	}
}

#endif
