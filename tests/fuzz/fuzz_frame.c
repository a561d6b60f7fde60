/* SPDX-License-Identifier: ISC */
/*
 * Frames out of a stream of octets, as connection.c takes them. What is found
 * must be inside the input, in order, and be made again by frame_begin.
 */
#include <stdlib.h>
#include <string.h>

#include "../../ipc/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
remake(const struct frame *f, const uint8_t *p, size_t used)
{
	struct buffer b;
	size_t at;

	buffer_init(&b, FRAME_MAX);
	at = frame_begin(&b, f->type, f->id);
	buffer_put(&b, f->body.p, f->body.left);
	if (frame_end(&b, at) != 0 || b.len != used ||
	    memcmp(b.data, p, used) != 0)
		abort();
	buffer_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame f;
	size_t off = 0, used;
	int found;

	while ((found = frame_parse(data + off, size - off, &f, &used)) == 1) {
		if (used < FRAME_HEADER || used > FRAME_MAX ||
		    used > size - off ||
		    f.body.p != data + off + FRAME_HEADER ||
		    f.body.left != used - FRAME_HEADER)
			abort();
		remake(&f, data + off, used);
		off += used;
	}
	if (used != 0)
		abort();
	return 0;
}
