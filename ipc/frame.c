/* SPDX-License-Identifier: ISC */
/*
 * Framing. Linked into every process; holds nothing. The length is believed
 * only between the header and FRAME_MAX.
 */
#include "frame.h"

#include "err.h"

size_t
frame_begin(struct buffer *b, uint8_t type, uint32_t id)
{
	size_t at = b->len;

	buffer_put_u32(b, 0);
	buffer_put_u8(b, type);
	buffer_put_u32(b, id);
	return at;
}

int
frame_end(struct buffer *b, size_t at)
{
	int err = b->err;

	if (err == 0 && b->len - at > FRAME_MAX)
		err = ERR_TOO_LONG;
	if (err != 0) {
		buffer_cut(b, at);
		return err;
	}
	buffer_patch_u32(b, at, (uint32_t)(b->len - at - 4));
	return 0;
}

int
frame_parse(const uint8_t *p, size_t n, struct frame *f, size_t *used)
{
	struct reader r;
	uint32_t length;

	*used = 0;
	if (n < 4)
		return 0;
	reader_init(&r, p, n);
	length = reader_u32(&r);
	if (length < FRAME_HEADER - 4)
		return ERR_MALFORMED;
	if (length > FRAME_MAX - 4)
		return ERR_TOO_LONG;
	if (n - 4 < length)
		return 0;
	f->type = reader_u8(&r);
	f->id = reader_u32(&r);
	reader_init(&f->body, p + FRAME_HEADER, length + 4 - FRAME_HEADER);
	*used = (size_t)length + 4;
	return 1;
}
