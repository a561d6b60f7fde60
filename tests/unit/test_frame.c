/* SPDX-License-Identifier: ISC */
/* Frames: round trip, every truncation, lengths passed by one. */
#include <string.h>

#include "../../ipc/err.h"
#include "../../ipc/frame.h"
#include "check.h"

static void
test_round_trip(void **state)
{
	static const uint8_t want[] = { 0, 0, 0, 8, 42, 0xa1, 0xb2, 0xc3, 0xd4,
		'x', 'y', 'z' };
	struct buffer b;
	struct frame f;
	size_t at, used;

	(void)state;
	buffer_init(&b, FRAME_MAX);
	buffer_put(&b, "before", 6);
	at = frame_begin(&b, 42, 0xa1b2c3d4);
	buffer_put(&b, "xyz", 3);
	assert_int_equal(frame_end(&b, at), 0);
	assert_memory_equal(b.data + 6, want, sizeof(want));
	for (size_t n = 0; n < sizeof(want); n++) {
		assert_int_equal(frame_parse(want, n, &f, &used), 0);
		assert_int_equal(used, 0);
	}
	assert_int_equal(frame_parse(b.data + 6, b.len - 6, &f, &used), 1);
	assert_int_equal(used, sizeof(want));
	assert_int_equal(f.type, 42);
	assert_int_equal(f.id, 0xa1b2c3d4);
	assert_int_equal(f.body.left, 3);
	assert_memory_equal(f.body.p, "xyz", 3);
	buffer_free(&b);
}

static void
test_lengths(void **state)
{
	static uint8_t p[FRAME_MAX + 1];
	struct frame f;
	size_t used;

	(void)state;
	for (uint8_t n = 0; n < 5; n++) {
		p[3] = n; /* no room for type and id */
		assert_int_equal(
		    frame_parse(p, sizeof(p), &f, &used), ERR_MALFORMED);
		assert_int_equal(frame_parse(p, 4, &f, &used), ERR_MALFORMED);
	}
	p[3] = 5;
	assert_int_equal(frame_parse(p, sizeof(p), &f, &used), 1);
	assert_int_equal(f.body.left, 0);
	memcpy(p, "\0\3\xff\xfc", 4); /* FRAME_MAX - 4 */
	assert_int_equal(frame_parse(p, FRAME_MAX - 1, &f, &used), 0);
	assert_int_equal(frame_parse(p, FRAME_MAX, &f, &used), 1);
	assert_int_equal(used, FRAME_MAX);
	assert_int_equal(f.body.left, FRAME_MAX - FRAME_HEADER);
	memcpy(p, "\0\3\xff\xfd", 4); /* refused before anything is read */
	assert_int_equal(frame_parse(p, 4, &f, &used), ERR_TOO_LONG);
	memcpy(p, "\xff\xff\xff\xff", 4);
	assert_int_equal(frame_parse(p, sizeof(p), &f, &used), ERR_TOO_LONG);
}

/* A frame that cannot be ended leaves what was before it, and no trace. */
static void
test_cut_back(void **state)
{
	static uint8_t body[FRAME_MAX];
	struct buffer b;
	size_t at;

	(void)state;
	buffer_init(&b, 2 * FRAME_MAX);
	at = frame_begin(&b, 1, 1);
	buffer_put(&b, body, FRAME_MAX - FRAME_HEADER);
	assert_int_equal(frame_end(&b, at), 0);
	at = frame_begin(&b, 1, 2);
	buffer_put(&b, body, FRAME_MAX - FRAME_HEADER + 1);
	assert_int_equal(b.err, ERR_TOO_LONG); /* over the buffer */
	assert_int_equal(frame_end(&b, at), ERR_TOO_LONG);
	assert_int_equal(b.len, FRAME_MAX);
	assert_int_equal(b.err, 0);
	buffer_free(&b);
	buffer_init(&b, 2 * FRAME_MAX);
	at = frame_begin(&b, 9, 2);
	buffer_put(&b, body, FRAME_MAX - FRAME_HEADER + 1);
	assert_int_equal(b.err, 0); /* the buffer has room, the frame not */
	assert_int_equal(frame_end(&b, at), ERR_TOO_LONG);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.data[4], 0);
	buffer_free(&b);
	buffer_init(&b, 6); /* not even the header */
	at = frame_begin(&b, 9, 2);
	assert_int_equal(frame_end(&b, at), ERR_TOO_LONG);
	assert_int_equal(b.len, 0);
	buffer_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_cut_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
