/* SPDX-License-Identifier: ISC */
/*
 * Connections: pipelining, back-pressure, bad peers, wiping, removal inside
 * callbacks, packets.
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../ipc/connection.h"
#include "../../ipc/err.h"
#include "check.h"

static struct {
	struct loop *loop;
	struct connection *conn;
	int peer; /* the other end, non-blocking */
	unsigned frames, writes;
	uint32_t last_id;
	size_t octets;
	int closed; /* the error, 1: not closed */
	int refuse, release, stop_at, echo;
	const uint8_t *body; /* where the last body was */
	size_t body_len;
} at;

static int
on_frame(void *arg, struct frame *f)
{
	(void)arg;
	at.frames++;
	at.last_id = f->id;
	at.octets += f->body.left;
	at.body = f->body.p;
	at.body_len = f->body.left;
	if (at.echo)
		assert_int_equal(connection_send(at.conn, f->type, f->id,
				     f->body.p, f->body.left),
		    0);
	if (at.release) {
		connection_free(at.conn);
		at.conn = NULL;
		/* the body still is there until we return */
		assert_int_equal(f->body.p[0], 'b');
	}
	if (at.stop_at == (int)at.frames)
		loop_stop(at.loop, 0);
	return at.refuse;
}

static void
on_closed(void *arg, int err)
{
	(void)arg;
	assert_int_equal(at.closed, 1); /* once */
	at.closed = err;
	at.conn = NULL;
	loop_stop(at.loop, 0);
}

static const struct connection_handler handler = { on_frame, on_closed };

static void
too_late(void *arg)
{
	(void)arg;
	loop_stop(at.loop, -99);
}

static int
begin(int type)
{
	int fds[2];

	memset(&at, 0, sizeof(at));
	at.closed = 1;
	at.loop = loop_new();
	if (at.loop == NULL || socketpair(AF_UNIX, type, 0, fds) != 0)
		return -1;
	at.peer = fds[1];
	fcntl(at.peer, F_SETFL, O_NONBLOCK);
	at.conn = type == SOCK_STREAM
	    ? connection_new(at.loop, fds[0], &handler, NULL)
	    : connection_new_packets(at.loop, fds[0], &handler, NULL);
	return at.conn == NULL ||
	    loop_timer(at.loop, 20000, too_late, NULL) == NULL;
}

static int
set_up(void **state)
{
	(void)state;
	return begin(SOCK_STREAM);
}

static int
set_up_packets(void **state)
{
	(void)state;
	return begin(SOCK_SEQPACKET);
}

static int
tear_down(void **state)
{
	(void)state;
	connection_free(at.conn);
	loop_free(at.loop);
	if (at.peer >= 0)
		close(at.peer);
	return 0;
}

static void
stop(void *arg)
{
	(void)arg;
	loop_stop(at.loop, 0);
}

/* Turn the loop until nothing more happens for some milliseconds. */
static void
turn(void)
{
	assert_non_null(loop_timer(at.loop, 20, stop, NULL));
	assert_int_equal(loop_run(at.loop), 0);
}

/* One frame with a body of n octets 'b', in f. */
static void
frame_make(struct buffer *f, uint8_t type, uint32_t id, size_t n)
{
	size_t where = frame_begin(f, type, id);
	uint8_t *p = buffer_extend(f, n);

	assert_non_null(p);
	memset(p, 'b', n);
	assert_int_equal(frame_end(f, where), 0);
}

static void
peer_write(const void *p, size_t n)
{
	assert_int_equal(write(at.peer, p, n), (ssize_t)n);
}

/* --- reading ----------------------------------------------------------------- */

static void
test_pipelined(void **state)
{
	struct buffer f;

	(void)state;
	buffer_init(&f, 1 << 20);
	for (uint32_t i = 1; i <= 1000; i++)
		frame_make(&f, 1, i, 40);
	peer_write(f.data, f.len);
	at.stop_at = 1000;
	assert_int_equal(loop_run(at.loop), 0);
	assert_int_equal(at.frames, 1000);
	assert_int_equal(at.last_id, 1000);
	assert_int_equal(at.octets, 40000);
	buffer_free(&f);
}

/* Octet by octet is the same as at once. */
static void
test_dribble(void **state)
{
	struct buffer f;

	(void)state;
	buffer_init(&f, 4096);
	frame_make(&f, 1, 1, 5);
	frame_make(&f, 1, 2, 0);
	for (size_t i = 0; i < f.len; i++) {
		assert_int_equal(at.frames, i >= 14 ? 1 : 0);
		peer_write(f.data + i, 1);
		loop_timer(at.loop, 0, stop, NULL);
		assert_int_equal(loop_run(at.loop), 0);
	}
	turn();
	assert_int_equal(at.frames, 2);
	buffer_free(&f);
}

/* The largest frame, then the small buffer again. */
static void
test_largest(void **state)
{
	struct buffer f;
	size_t off = 0;
	ssize_t n;

	(void)state;
	buffer_init(&f, 3 * FRAME_MAX);
	frame_make(&f, 1, 1, FRAME_MAX - FRAME_HEADER);
	frame_make(&f, 1, 2, 3);
	frame_make(&f, 1, 3, 100000);
	while (off < f.len) {
		n = write(at.peer, f.data + off, f.len - off);
		if (n > 0)
			off += (size_t)n;
		else
			turn();
	}
	turn();
	assert_int_equal(at.frames, 3);
	assert_int_equal(at.octets, FRAME_MAX - FRAME_HEADER + 3 + 100000);
	buffer_free(&f);
}

static void
bad(const void *p, size_t n, int err)
{
	peer_write(p, n);
	assert_int_equal(loop_run(at.loop), 0);
	assert_int_equal(at.closed, err);
	assert_int_equal(at.frames, 0);
}

static void
test_too_long(void **state)
{
	(void)state;
	bad("\0\3\xff\xfd", 4, ERR_TOO_LONG);
}

static void
test_too_short(void **state)
{
	(void)state;
	bad("\0\0\0\4", 4, ERR_MALFORMED);
}

static void
test_half_frame(void **state)
{
	(void)state;
	peer_write("\0\0\1\0\1\0\0", 7);
	close(at.peer);
	at.peer = -1;
	assert_int_equal(loop_run(at.loop), 0);
	assert_int_equal(at.closed, ERR_EOF);
	assert_int_equal(at.frames, 0);
}

/* Frames before the end of the stream are all handled. */
static void
test_last_words(void **state)
{
	struct buffer f;

	(void)state;
	buffer_init(&f, 1 << 16);
	for (uint32_t i = 1; i <= 300; i++)
		frame_make(&f, 1, i, 100);
	peer_write(f.data, f.len);
	close(at.peer);
	at.peer = -1;
	at.echo = 1; /* into a socket that nobody reads */
	assert_int_equal(loop_run(at.loop), 0);
	assert_int_equal(at.frames, 300);
	assert_int_equal(at.closed, ERR_EOF);
	buffer_free(&f);
}

static void
test_refused(void **state)
{
	struct buffer f;

	(void)state;
	buffer_init(&f, 4096);
	frame_make(&f, 1, 1, 5);
	frame_make(&f, 1, 2, 5);
	at.refuse = ERR_RIGHT;
	peer_write(f.data, f.len);
	assert_int_equal(loop_run(at.loop), 0);
	assert_int_equal(at.closed, ERR_RIGHT);
	assert_int_equal(at.frames, 1);
	buffer_free(&f);
}

static void
test_free_inside(void **state)
{
	struct buffer f;

	(void)state;
	buffer_init(&f, 4096);
	frame_make(&f, 1, 1, 5);
	frame_make(&f, 1, 2, 5);
	at.release = 1;
	peer_write(f.data, f.len);
	turn();
	assert_int_equal(at.frames, 1);
	assert_int_equal(at.closed, 1);
	buffer_free(&f);
}

/* What was handled is not in the input buffer any more. */
static void
test_wiped(void **state)
{
	struct buffer f;

	(void)state;
	buffer_init(&f, 4096);
	frame_make(&f, 1, 1, 500);
	peer_write(f.data, f.len);
	peer_write("\0", 1); /* keeps the buffer */
	turn();
	assert_int_equal(at.frames, 1);
	assert_int_equal(at.body_len, 500);
	for (size_t i = 0; i < at.body_len; i++)
		assert_int_equal(at.body[i], 0);
	buffer_free(&f);
}

/* --- pausing and back-pressure ------------------------------------------------ */

static void
test_pause(void **state)
{
	struct buffer f;

	(void)state;
	buffer_init(&f, 4096);
	frame_make(&f, 1, 1, 5);
	frame_make(&f, 1, 2, 5);
	connection_pause(at.conn, 1);
	peer_write(f.data, f.len);
	turn();
	assert_int_equal(at.frames, 0);
	connection_pause(at.conn, 0);
	turn();
	assert_int_equal(at.frames, 2);
	buffer_free(&f);
}

static int
pause_at_first(void *arg, struct frame *f)
{
	(void)arg;
	(void)f;
	at.frames++;
	connection_pause(at.conn, 1);
	return 0;
}

/* Paused inside a batch: the rest waits, and comes without any new octet. */
static void
test_pause_inside(void **state)
{
	static const struct connection_handler pausing = { pause_at_first,
		on_closed };
	struct buffer f;
	int fds[2];

	(void)state;
	connection_free(at.conn);
	close(at.peer);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	at.peer = fds[1];
	at.conn = connection_new(at.loop, fds[0], &pausing, NULL);
	buffer_init(&f, 4096);
	for (uint32_t i = 1; i <= 3; i++)
		frame_make(&f, 1, i, 5);
	peer_write(f.data, f.len);
	for (unsigned i = 1; i <= 3; i++) {
		turn();
		assert_int_equal(at.frames, i);
		connection_pause(at.conn, 0);
	}
	buffer_free(&f);
}

/* A peer that asks and never reads: served up to a bound, then not at all. */
static void
test_never_reads(void **state)
{
	struct buffer f;
	size_t sent = 0;
	ssize_t n;
	unsigned before;

	(void)state;
	buffer_init(&f, 1 << 20);
	for (uint32_t i = 1; i <= 50; i++)
		frame_make(&f, 1, i, 10000);
	at.echo = 1;
	for (int round = 0; round < 40; round++) {
		n = write(at.peer, f.data + sent % f.len, f.len - sent % f.len);
		if (n > 0)
			sent += (size_t)n;
		turn();
	}
	assert_int_equal(at.closed, 1);
	assert_true(connection_out(at.conn)->len > CONNECTION_OUT_HIGH);
	assert_true(
	    connection_out(at.conn)->len <= CONNECTION_OUT_HIGH + FRAME_MAX);
	before = at.frames;
	assert_true(before < 200);
	/* it reads at last: everything comes */
	for (size_t got = 0; got < sent / 10009 * 10009;) {
		uint8_t block[65536];
		n = read(at.peer, block, sizeof(block));
		if (n > 0)
			got += (size_t)n;
		else
			turn();
		assert_int_equal(at.closed, 1);
	}
	assert_int_equal(at.frames, sent / 10009);
	buffer_free(&f);
}

/* Events to a peer that does not read: closed at the bound, nothing grows. */
static void
test_out_max(void **state)
{
	static uint8_t body[100000];
	int err = 0, sent = 0;

	(void)state;
	while (err == 0 && sent < 100) {
		err = connection_send(at.conn, 64, 0, body, sizeof(body));
		sent++;
	}
	assert_int_equal(err, ERR_TOO_LONG);
	assert_true(connection_out(at.conn)->cap <= CONNECTION_OUT_MAX);
	assert_int_equal(
	    connection_send(at.conn, 64, 0, NULL, 0), ERR_TOO_LONG);
	assert_int_equal(loop_run(at.loop), 0);
	assert_int_equal(at.closed, ERR_TOO_LONG);
}

/* Many frames of one turn leave in one write. */
static void
test_one_write(void **state)
{
	uint8_t block[4096];
	size_t where;

	(void)state;
	for (uint32_t i = 0; i < 50; i++)
		assert_int_equal(connection_send(at.conn, 1, i, "x", 1), 0);
	where = frame_begin(connection_out(at.conn), 2, 9);
	assert_int_equal(frame_end(connection_out(at.conn), where), 0);
	connection_flush(at.conn);
	assert_int_equal(read(at.peer, block, sizeof(block)), -1);
	assert_int_equal(errno, EAGAIN); /* not before the turn's end */
	turn();
	assert_int_equal(read(at.peer, block, sizeof(block)), 50 * 10 + 9);
	/* what was written is wiped */
	assert_int_equal(connection_out(at.conn)->len, 0);
	for (size_t i = 0; i < 509; i++)
		assert_int_equal(connection_out(at.conn)->data[i], 0);
}

/* --- packets ------------------------------------------------------------------ */

static void
test_packets(void **state)
{
	struct buffer f;
	uint8_t block[CONNECTION_PACKET_MAX + 100];

	(void)state;
	buffer_init(&f, FRAME_MAX);
	frame_make(&f, 1, 1, 5);
	peer_write(f.data, f.len);
	peer_write(f.data, f.len);
	buffer_clear(&f);
	frame_make(&f, 1, 2, CONNECTION_PACKET_MAX - FRAME_HEADER);
	peer_write(f.data, f.len);
	at.echo = 1;
	turn();
	assert_int_equal(at.frames, 3);
	assert_int_equal(read(at.peer, block, sizeof(block)), 14);
	assert_int_equal(read(at.peer, block, sizeof(block)), 14);
	assert_int_equal(
	    read(at.peer, block, sizeof(block)), CONNECTION_PACKET_MAX);
	buffer_free(&f);
}

/* An ill packet is dropped: what comes after it is as good as ever. */
static void
dropped(const uint8_t *p, size_t n)
{
	struct buffer f;

	assert_int_equal(send(at.peer, p, n, 0), (ssize_t)n);
	buffer_init(&f, FRAME_MAX);
	frame_make(&f, 1, 7, 5);
	peer_write(f.data, f.len);
	turn();
	assert_int_equal(at.closed, 1);
	assert_int_equal(at.frames, 1);
	assert_int_equal(at.last_id, 7);
	buffer_free(&f);
}

static void
test_packet_two(void **state)
{
	struct buffer f;

	(void)state;
	buffer_init(&f, FRAME_MAX);
	frame_make(&f, 1, 1, 5);
	frame_make(&f, 1, 2, 5); /* two frames in one packet */
	dropped(f.data, f.len);
	buffer_free(&f);
}

static void
test_packet_half(void **state)
{
	struct buffer f;

	(void)state;
	buffer_init(&f, FRAME_MAX);
	frame_make(&f, 1, 1, 5);
	dropped(f.data, f.len - 1);
	buffer_free(&f);
}

static void
test_packet_long(void **state)
{
	struct buffer f;

	(void)state;
	buffer_init(&f, FRAME_MAX);
	frame_make(&f, 1, 1, CONNECTION_PACKET_MAX);
	dropped(f.data, f.len);
	buffer_free(&f);
}

static void
test_packet_lying(void **state)
{
	(void)state;
	dropped((const uint8_t *)"\xff\xff\xff\xff\x01\0\0\0\0", 9);
}

static void
test_packet_empty(void **state)
{
	(void)state;
	dropped((const uint8_t *)"", 0); /* not the end */
}

static void
test_packet_end(void **state)
{
	(void)state;
	close(at.peer);
	at.peer = -1;
	assert_int_equal(loop_run(at.loop), 0);
	assert_int_equal(at.closed, ERR_EOF);
}

static void
test_packet_send_long(void **state)
{
	static uint8_t body[CONNECTION_PACKET_MAX];

	(void)state;
	assert_int_equal(
	    connection_send(at.conn, 1, 1, body, sizeof(body)), ERR_TOO_LONG);
	assert_int_equal(loop_run(at.loop), 0);
	assert_int_equal(at.closed, ERR_TOO_LONG);
}

#define STREAM(f)  cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define PACKETS(f) cmocka_unit_test_setup_teardown(f, set_up_packets, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STREAM(test_pipelined),
		STREAM(test_dribble),
		STREAM(test_largest),
		STREAM(test_too_long),
		STREAM(test_too_short),
		STREAM(test_half_frame),
		STREAM(test_last_words),
		STREAM(test_refused),
		STREAM(test_free_inside),
		STREAM(test_wiped),
		STREAM(test_pause),
		STREAM(test_pause_inside),
		STREAM(test_never_reads),
		STREAM(test_out_max),
		STREAM(test_one_write),
		PACKETS(test_packets),
		PACKETS(test_packet_two),
		PACKETS(test_packet_half),
		PACKETS(test_packet_long),
		PACKETS(test_packet_lying),
		PACKETS(test_packet_empty),
		PACKETS(test_packet_end),
		PACKETS(test_packet_send_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
