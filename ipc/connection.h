/* SPDX-License-Identifier: ISC */
/*
 * One framed, non-blocking peer on a loop. Reading stops while more than
 * CONNECTION_OUT_HIGH octets wait to be written (back-pressure): a peer that
 * never reads its socket stops being served, it never makes us grow.
 */
#ifndef IPC_CONNECTION_H
#define IPC_CONNECTION_H

#include "frame.h"
#include "loop.h"

#define CONNECTION_OUT_HIGH   (512 * 1024)  /* stop reading above */
#define CONNECTION_OUT_MAX    (2048 * 1024) /* a peer over this is closed */
#define CONNECTION_PACKET_MAX (96 * 1024)   /* a frame on a packet socket */

struct connection;

struct connection_handler {
	/* One whole frame. Non-zero return: close with that error. */
	int (*frame)(void *arg, struct frame *f);
	/* The peer is gone or misbehaved (err < 0; ERR_EOF: orderly). Called
	 * once; the connection is freed when it returns. */
	void (*closed)(void *arg, int err);
};

/* Takes fd over (made non-blocking). NULL: out of memory, fd is closed. */
struct connection *connection_new(
    struct loop *, int fd, const struct connection_handler *, void *arg);
/*
 * As connection_new for a SOCK_SEQPACKET socket: one packet is one frame, so
 * that a peer that dies in the middle of a write leaves no half frame. A
 * packet that is not one frame is dropped: on the front link the next net
 * comes over the same socket.
 */
struct connection *connection_new_packets(
    struct loop *, int fd, const struct connection_handler *, void *arg);
/* Wipe what waits, close, free. closed() is not called. Safe in callbacks. */
void connection_free(struct connection *);
/* Another CONNECTION_OUT_MAX, for a peer that is trusted to read. */
void connection_allow(struct connection *, size_t out_max);
/* The output buffer: frame_begin/frame_end on it, then connection_flush. */
struct buffer *connection_out(struct connection *);
/* Arm writing; the octets leave at the end of the loop's turn. */
void connection_flush(struct connection *);
/*
 * Send one frame with the given body. On an error (it would pass
 * CONNECTION_OUT_MAX, say) the peer is closed at the end of the turn. A peer
 * that has stopped reading is not an error: what it had sent is read first.
 */
int connection_send(struct connection *, uint8_t type, uint32_t id,
    const void *body, size_t len);
/*
 * Stop or resume handling frames; those already read wait in the input buffer.
 * While paused, a hang-up is noticed only if output waits.
 */
void connection_pause(struct connection *, int paused);
int connection_fd(const struct connection *);

#endif
