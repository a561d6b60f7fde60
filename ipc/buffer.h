/* SPDX-License-Identifier: ISC */
/*
 * Growing byte buffers and bounded readers: the only code that turns integers
 * into octets and back. Every buffer may have held a secret: it grows by
 * recallocarray and ends by freezero. Errors are sticky: put or read all
 * fields, then test once.
 */
#ifndef IPC_BUFFER_H
#define IPC_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
	uint8_t *data; /* owned; NULL while cap is 0 */
	size_t len;    /* octets written */
	size_t cap;    /* octets allocated */
	size_t max;    /* len never exceeds this */
	int err;       /* 0, ERR_TOO_LONG or ERR_MEMORY; sticky */
};

/* An empty buffer that may grow to max octets; no allocation yet. */
void buffer_init(struct buffer *b, size_t max);
/* Wipe and release; b is as after buffer_init. NULL is allowed. */
void buffer_free(struct buffer *b);
/* Wipe the contents, keep the allocation, clear the error. */
void buffer_clear(struct buffer *b);
/* Drop (and wipe) the first n octets. n <= len. */
void buffer_drop(struct buffer *b, size_t n);
/* Cut (and wipe) all from offset len on, clear the error. */
void buffer_cut(struct buffer *b, size_t len);
/* Room for n octets at the end, counted into len; NULL on error. */
uint8_t *buffer_extend(struct buffer *b, size_t n);
void buffer_put(struct buffer *b, const void *p, size_t n); /* no length */
void buffer_put_u8(struct buffer *b, uint8_t v);
void buffer_put_u32(struct buffer *b, uint32_t v);
void buffer_put_u64(struct buffer *b, uint64_t v);
void buffer_put_string(struct buffer *b, const void *p, size_t n);
void buffer_put_cstring(struct buffer *b, const char *s);
/* Overwrite a u32 already written at offset at (for counts and lengths). */
void buffer_patch_u32(struct buffer *b, size_t at, uint32_t v);

struct reader {
	const uint8_t *p; /* borrowed */
	size_t left;
	int err; /* 0 or ERR_MALFORMED/ERR_TOO_LONG; sticky */
};

void reader_init(struct reader *r, const void *p, size_t n);
uint8_t reader_u8(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
/* Copy exactly n octets to dst (zeros on error). */
void reader_fixed(struct reader *r, void *dst, size_t n);
/* Borrow exactly n octets. NULL on error. */
const uint8_t *reader_bytes(struct reader *r, size_t n);
/* Borrow a u32-length string of at most max octets; *len is 0 on error. */
const uint8_t *reader_string(struct reader *r, size_t *len, size_t max);
/*
 * Copy a string of at most size-1 octets without NUL inside to dst and end it
 * with NUL. "" on error.
 */
void reader_cstring(struct reader *r, char *dst, size_t size);
/* A u32 count of at most max. */
uint32_t reader_count(struct reader *r, uint32_t max);
/* 0, or the sticky error, or ERR_MALFORMED when octets are left. */
int reader_end(const struct reader *r);

#endif
