/* SPDX-License-Identifier: ISC */
/* Buffers and readers: every bound passed by one, every error sticky. */
#include <string.h>

#include "../../ipc/buffer.h"
#include "../../ipc/err.h"
#include "check.h"

static void
test_numbers(void **state)
{
	static const uint8_t want[] = { 0x12, 0xfe, 0xdc, 0xba, 0x98, 0x01,
		0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0, 0, 0, 2, 'h', 'i',
		0, 0, 0, 0 };
	struct buffer b;
	struct reader r;
	size_t len;
	char text[3];

	(void)state;
	buffer_init(&b, 100);
	buffer_put_u8(&b, 0x12);
	buffer_put_u32(&b, 0xfedcba98);
	buffer_put_u64(&b, UINT64_C(0x0123456789abcdef));
	buffer_put_cstring(&b, "hi");
	buffer_put_string(&b, NULL, 0);
	assert_int_equal(b.err, 0);
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(b.data, want, sizeof(want));

	reader_init(&r, b.data, b.len);
	assert_int_equal(reader_u8(&r), 0x12);
	assert_int_equal(reader_u32(&r), 0xfedcba98);
	assert_true(reader_u64(&r) == UINT64_C(0x0123456789abcdef));
	assert_int_equal(reader_end(&r), ERR_MALFORMED); /* more is left */
	reader_cstring(&r, text, sizeof(text));
	assert_string_equal(text, "hi");
	assert_non_null(reader_string(&r, &len, 0));
	assert_int_equal(len, 0);
	assert_int_equal(reader_end(&r), 0);
	buffer_free(&b);
	buffer_free(NULL);
}

static void
test_maximum(void **state)
{
	struct buffer b;
	uint8_t block[65] = { 1 };

	(void)state;
	buffer_init(&b, 64);
	buffer_put(&b, block, 64);
	assert_int_equal(b.err, 0);
	buffer_put(&b, block, 0);
	assert_int_equal(b.err, 0);
	buffer_put_u8(&b, 1);
	assert_int_equal(b.err, ERR_TOO_LONG);
	assert_int_equal(b.len, 64);
	buffer_put(&b, block, 0); /* sticky */
	assert_null(buffer_extend(&b, 0));
	buffer_patch_u32(&b, 0, 7);
	assert_int_equal(b.data[3], 0);
	buffer_clear(&b);
	assert_int_equal(b.err, 0);
	assert_non_null(buffer_extend(&b, SIZE_MAX - 1) == NULL ? &b : NULL);
	assert_int_equal(b.err, ERR_TOO_LONG);
	buffer_free(&b);
	buffer_init(&b, 0);
	buffer_put(&b, block, 0);
	buffer_put_u8(&b, 0);
	assert_int_equal(b.err, ERR_TOO_LONG);
	buffer_free(&b);
}

static void
test_patch(void **state)
{
	struct buffer b;

	(void)state;
	buffer_init(&b, 64);
	buffer_put_u32(&b, 0);
	buffer_put_u8(&b, 9);
	buffer_patch_u32(&b, 1, 0x01020304);
	assert_memory_equal(b.data, "\0\1\2\3\4", 5);
	buffer_patch_u32(&b, 2, 1);
	assert_int_equal(b.err, ERR_MALFORMED);
	buffer_clear(&b);
	buffer_patch_u32(&b, 0, 1);
	assert_int_equal(b.err, ERR_MALFORMED);
	buffer_clear(&b);
	buffer_put_u32(&b, 0);
	buffer_patch_u32(&b, SIZE_MAX - 1, 1);
	assert_int_equal(b.err, ERR_MALFORMED);
	buffer_free(&b);
}

/* What is dropped, cut or cleared is gone from the allocation too. */
static void
test_wiped(void **state)
{
	struct buffer b;

	(void)state;
	buffer_init(&b, 64);
	buffer_put(&b, "0123456789", 10);
	buffer_drop(&b, 4);
	assert_int_equal(b.len, 6);
	assert_memory_equal(b.data, "456789\0\0\0\0", 10);
	buffer_cut(&b, 2);
	assert_memory_equal(b.data, "45\0\0\0\0\0\0\0\0", 10);
	buffer_cut(&b, 5); /* not longer */
	assert_int_equal(b.len, 2);
	buffer_drop(&b, 100);
	assert_int_equal(b.len, 0);
	buffer_put(&b, "abc", 3);
	buffer_clear(&b);
	assert_memory_equal(b.data, "\0\0\0", 3);
	buffer_free(&b);
	assert_int_equal(b.max, 64);
	assert_null(b.data);
}

static void
test_growth(void **state)
{
	struct buffer b;

	(void)state;
	buffer_init(&b, 100000);
	for (uint32_t i = 0; i < 25000; i++)
		buffer_put_u32(&b, i);
	assert_int_equal(b.err, 0);
	assert_int_equal(b.len, 100000);
	assert_true(b.cap <= b.max);
	for (uint32_t i = 0; i < 25000; i++) {
		struct reader r;
		reader_init(&r, b.data + (size_t)i * 4, 4);
		assert_int_equal(reader_u32(&r), i);
	}
	buffer_free(&b);
}

static void
test_reader_errors(void **state)
{
	static const uint8_t in[] = { 0, 0, 0, 3, 'a', 0, 'c' };
	uint8_t fixed[4] = { 9, 9, 9, 9 };
	char text[8] = "unset";
	struct reader r;
	size_t len = 77;

	(void)state;
	for (size_t n = 0; n < sizeof(in); n++) { /* every truncation */
		reader_init(&r, in, n);
		assert_null(reader_string(&r, &len, 100));
		assert_int_equal(len, 0);
		assert_int_equal(r.err, ERR_MALFORMED);
		assert_int_equal(reader_u8(&r), 0); /* sticky */
		assert_int_equal(reader_end(&r), ERR_MALFORMED);
	}
	reader_init(&r, in, sizeof(in));
	assert_null(reader_string(&r, &len, 2));
	assert_int_equal(r.err, ERR_TOO_LONG);
	reader_init(&r, in, sizeof(in));
	reader_cstring(&r, text, sizeof(text)); /* a NUL inside */
	assert_int_equal(r.err, ERR_MALFORMED);
	assert_string_equal(text, "");
	reader_init(&r, in, 3);
	reader_fixed(&r, fixed, 4);
	assert_memory_equal(fixed, "\0\0\0\0", 4);
	assert_int_equal(r.err, ERR_MALFORMED);
	reader_init(&r, in, 4);
	assert_int_equal(reader_count(&r, 2), 0);
	assert_int_equal(r.err, ERR_TOO_LONG);
	reader_init(&r, in, 4);
	assert_int_equal(reader_count(&r, 3), 3);
	assert_int_equal(reader_end(&r), 0);
	reader_init(&r, in, 4);
	assert_null(reader_bytes(&r, SIZE_MAX));
	reader_init(&r, NULL, 0);
	assert_non_null(reader_bytes(&r, 0));
	assert_int_equal(reader_end(&r), 0);
	assert_int_equal(reader_u64(&r), 0);
	assert_int_equal(r.err, ERR_MALFORMED);
}

static void
test_cstring_size(void **state)
{
	char text[4];
	struct buffer b;
	struct reader r;

	(void)state;
	buffer_init(&b, 64);
	buffer_put_cstring(&b, "abc");
	reader_init(&r, b.data, b.len);
	reader_cstring(&r, text, sizeof(text));
	assert_int_equal(reader_end(&r), 0);
	assert_string_equal(text, "abc");
	buffer_clear(&b);
	buffer_put_cstring(&b, "abcd");
	reader_init(&r, b.data, b.len);
	reader_cstring(&r, text, sizeof(text));
	assert_int_equal(r.err, ERR_TOO_LONG);
	buffer_free(&b);
}

/* Every error has its own name and text. */
static void
test_errors(void **state)
{
	(void)state;
	for (int e = 0; e > ERR_LAST; e--) {
		assert_string_not_equal(err_text(e), "unknown error");
		assert_ptr_equal(err_text(e), err_text(-e));
		for (int d = 0; d > e; d--) {
			assert_string_not_equal(err_name(e), err_name(d));
			assert_string_not_equal(err_text(e), err_text(d));
		}
	}
	assert_string_equal(err_text(ERR_LAST), "unknown error");
	assert_string_equal(err_text(-2147483647 - 1), "unknown error");
	assert_string_equal(err_name(2147483647), "unknown");
	assert_string_equal(err_name(-ERR_BAD_MAC), "bad-mac");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_maximum),
		cmocka_unit_test(test_patch),
		cmocka_unit_test(test_wiped),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_reader_errors),
		cmocka_unit_test(test_cstring_size),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
