/* SPDX-License-Identifier: ISC */
/*
 * The file of an export: the line "xmpp-agent export", then the head and each
 * part, with a u32 length before. What is in them is the agent's affair
 * (agent/export.h).
 */
#ifndef CLIENT_KEY_EXPORT_FILE_H
#define CLIENT_KEY_EXPORT_FILE_H

#include "../../ipc/buffer.h"

/* A buffer for all of it, with its first line. */
void export_file_begin(struct buffer *);
void export_file_add(struct buffer *, const void *p, size_t len);
/* Nothing is there, or it may go: 0, or an error that has been printed. */
int export_file_room(const char *path, int force);
/*
 * All or nothing, mode 0600, on the disk when it returns; "-": standard
 * output. 0, or an error that has been printed.
 */
int export_file_write(const char *path, int force, const struct buffer *);

/* From a file, or "-": standard input; b is the caller's to free. 0, or an
 * error that has been printed: not an export, or cut off. */
int export_file_read(const char *path, struct buffer *b);

/* The head; *in is then at the first part, the last one when left is 0. */
struct export_piece {
	const uint8_t *p;
	size_t len;
};
struct export_piece export_file_head(const struct buffer *, struct reader *in);
struct export_piece export_file_next(struct reader *in);

#endif
