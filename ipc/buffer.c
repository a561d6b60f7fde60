/* SPDX-License-Identifier: ISC */
/*
 * Growing byte buffers and bounded readers. Linked into every process; what a
 * buffer holds may be secret, so nothing is released or dropped unwiped. A
 * reader trusts nobody: every length is checked against what is there.
 */
#include "buffer.h"

#include <string.h>

#include <bsd/stdlib.h>

#include "err.h"

#define BUFFER_FIRST 64 /* octets of the first allocation */

void
buffer_init(struct buffer *b, size_t max)
{
	*b = (struct buffer){ .max = max };
}

void
buffer_free(struct buffer *b)
{
	if (b == NULL)
		return;
	freezero(b->data, b->cap);
	buffer_init(b, b->max);
}

void
buffer_clear(struct buffer *b)
{
	if (b->len > 0)
		explicit_bzero(b->data, b->len);
	b->len = 0;
	b->err = 0;
}

void
buffer_drop(struct buffer *b, size_t n)
{
	size_t left;

	if (n == 0)
		return;
	if (n > b->len)
		n = b->len;
	left = b->len - n;
	memmove(b->data, b->data + n, left);
	explicit_bzero(b->data + left, n);
	b->len = left;
}

void
buffer_cut(struct buffer *b, size_t len)
{
	if (len < b->len) {
		explicit_bzero(b->data + len, b->len - len);
		b->len = len;
	}
	b->err = 0;
}

/* Make cap at least need, which is not over max. */
static int
buffer_grow(struct buffer *b, size_t need)
{
	size_t cap = b->cap > 0 ? b->cap : BUFFER_FIRST;
	uint8_t *p;

	while (cap < need)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	if (cap > b->max)
		cap = b->max;
	p = recallocarray(b->data, b->cap, cap, 1);
	if (p == NULL)
		return b->err = ERR_MEMORY;
	b->data = p;
	b->cap = cap;
	return 0;
}

uint8_t *
buffer_extend(struct buffer *b, size_t n)
{
	uint8_t *p;

	if (b->err != 0)
		return NULL;
	if (n > b->max - b->len) {
		b->err = ERR_TOO_LONG;
		return NULL;
	}
	/* cap 0: an address also for no octets */
	if ((n > b->cap - b->len || b->cap == 0) &&
	    buffer_grow(b, b->len + n) != 0)
		return NULL;
	p = b->data + b->len;
	b->len += n;
	return p;
}

void
buffer_put(struct buffer *b, const void *p, size_t n)
{
	uint8_t *dst = buffer_extend(b, n);

	if (dst != NULL && n > 0)
		memcpy(dst, p, n);
}

static void
store_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

void
buffer_put_u8(struct buffer *b, uint8_t v)
{
	buffer_put(b, &v, 1);
}

void
buffer_put_u32(struct buffer *b, uint32_t v)
{
	uint8_t *p = buffer_extend(b, 4);

	if (p != NULL)
		store_u32(p, v);
}

void
buffer_put_u64(struct buffer *b, uint64_t v)
{
	uint8_t *p = buffer_extend(b, 8);

	if (p == NULL)
		return;
	store_u32(p, (uint32_t)(v >> 32));
	store_u32(p + 4, (uint32_t)v);
}

void
buffer_put_string(struct buffer *b, const void *p, size_t n)
{
	if (n > UINT32_MAX) {
		if (b->err == 0)
			b->err = ERR_TOO_LONG;
		return;
	}
	buffer_put_u32(b, (uint32_t)n);
	buffer_put(b, p, n);
}

void
buffer_put_cstring(struct buffer *b, const char *s)
{
	buffer_put_string(b, s, strlen(s));
}

void
buffer_patch_u32(struct buffer *b, size_t at, uint32_t v)
{
	if (b->err != 0)
		return; /* the octets at at may never have been written */
	if (b->len < 4 || at > b->len - 4)
		b->err = ERR_MALFORMED;
	else
		store_u32(b->data + at, v);
}

void
reader_init(struct reader *r, const void *p, size_t n)
{
	*r = (struct reader){ .p = p, .left = n };
}

const uint8_t *
reader_bytes(struct reader *r, size_t n)
{
	const uint8_t *p = r->p;

	if (r->err == 0 && n > r->left)
		r->err = ERR_MALFORMED;
	if (r->err != 0)
		return NULL;
	if (p == NULL) /* no octets of nothing */
		return (const uint8_t *)"";
	r->p += n;
	r->left -= n;
	return p;
}

uint8_t
reader_u8(struct reader *r)
{
	const uint8_t *p = reader_bytes(r, 1);

	return p != NULL ? p[0] : 0;
}

uint32_t
reader_u32(struct reader *r)
{
	const uint8_t *p = reader_bytes(r, 4);

	if (p == NULL)
		return 0;
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

uint64_t
reader_u64(struct reader *r)
{
	uint64_t high = reader_u32(r), low = reader_u32(r);

	return r->err == 0 ? high << 32 | low : 0;
}

void
reader_fixed(struct reader *r, void *dst, size_t n)
{
	const uint8_t *p = reader_bytes(r, n);

	if (n == 0)
		return;
	if (p != NULL)
		memcpy(dst, p, n);
	else
		memset(dst, 0, n);
}

const uint8_t *
reader_string(struct reader *r, size_t *len, size_t max)
{
	uint32_t n = reader_u32(r);
	const uint8_t *p;

	*len = 0;
	if (r->err == 0 && n > r->left)
		r->err = ERR_MALFORMED;
	else if (r->err == 0 && n > max)
		r->err = ERR_TOO_LONG;
	p = reader_bytes(r, n);
	if (p != NULL)
		*len = n;
	return p;
}

void
reader_cstring(struct reader *r, char *dst, size_t size)
{
	size_t n;
	const uint8_t *p;

	dst[0] = '\0';
	p = reader_string(r, &n, size - 1);
	if (p == NULL)
		return;
	if (memchr(p, '\0', n) != NULL) {
		r->err = ERR_MALFORMED;
		return;
	}
	memcpy(dst, p, n);
	dst[n] = '\0';
}

uint32_t
reader_count(struct reader *r, uint32_t max)
{
	uint32_t n = reader_u32(r);

	if (r->err == 0 && n > max)
		r->err = ERR_TOO_LONG;
	return r->err == 0 ? n : 0;
}

int
reader_end(const struct reader *r)
{
	if (r->err != 0)
		return r->err;
	return r->left == 0 ? 0 : ERR_MALFORMED;
}
