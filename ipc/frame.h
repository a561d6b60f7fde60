/* SPDX-License-Identifier: ISC */
/*
 * Framing, as RFC 9987 does it: u32 length of what follows, u8 type, u32 id,
 * body; big-endian. FRAME_MAX bounds a whole frame. A request's id is chosen
 * by its sender, not 0; the reply carries it; 0 is an event.
 */
#ifndef IPC_FRAME_H
#define IPC_FRAME_H

#include "buffer.h"

#define FRAME_MAX    (256 * 1024) /* PROTOCOL.md; octets, header included */
#define FRAME_HEADER 9		  /* length, type, id */

struct frame {
	uint8_t type;
	uint32_t id;
	struct reader body; /* borrows from the input */
};

/* Begin a frame at the end of b; returns its offset for frame_end. */
size_t frame_begin(struct buffer *b, uint8_t type, uint32_t id);
/* Fill in the length. On a sticky error b is cut back to the frame's start;
 * returns that error (ERR_TOO_LONG: over FRAME_MAX). */
int frame_end(struct buffer *b, size_t at);
/*
 * Look for one whole frame in p[0..n). 1: found, *f filled, *used set to its
 * octets; 0: more octets needed; ERR_TOO_LONG/ERR_MALFORMED: close the peer.
 */
int frame_parse(const uint8_t *p, size_t n, struct frame *f, size_t *used);

#endif
