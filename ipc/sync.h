/* SPDX-License-Identifier: ISC */
/*
 * Framing on a blocking descriptor, for roles that have one peer and do one
 * thing at a time: store and derive.
 */
#ifndef IPC_SYNC_H
#define IPC_SYNC_H

#include "frame.h"

#define SYNC_CHUNK  65536
#define SYNC_IN_MAX (FRAME_MAX + SYNC_CHUNK) /* for buffer_init of in */

/*
 * Wait for one whole frame. in holds what was read and not yet used; *f
 * borrows from it until sync_done. 0, ERR_EOF (orderly, between frames),
 * ERR_SYSTEM, or frame_parse's error.
 */
int sync_read(int fd, struct buffer *in, struct frame *f, size_t *used);
/* The frame of *used octets has been handled: wipe it. */
void sync_done(struct buffer *in, size_t used);
/* Write all of out, then wipe it. 0 or ERR_SYSTEM. */
int sync_write(int fd, struct buffer *out);
/* An ERROR reply appended to out. text may be NULL: err_text. */
void sync_error(struct buffer *out, uint32_t id, int err, const char *text);

#endif
