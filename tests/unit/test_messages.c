/* SPDX-License-Identifier: ISC */
/*
 * The table of messages is sound, and the checker of layouts agrees with a
 * second reading of them, made here.
 */
#include <stdlib.h>
#include <string.h>

#include "../../ipc/buffer.h"
#include "../../ipc/err.h"
#include "../../ipc/frame.h"
#include "../../ipc/messages.h"
#include "check.h"

/*
 * Make a body of this layout: every group has so many elements, every string
 * so many octets. Returns the position after the group or layout; checks the
 * grammar on the way.
 */
static const char *
make(const char *p, struct buffer *b, uint32_t elements, size_t octets,
    int depth)
{
	static const uint8_t zeros[1000];
	const char *after = NULL;
	char type[16];
	size_t n;

	assert_true(depth <= 2);
	while (*p != '\0' && *p != ']') {
		assert_true(*p != ' '); /* parted by one blank */
		n = strspn(p, "abcdefghijklmnopqrstuvwxyz_0123456789");
		assert_true(n > 0 && p[n] == ':');
		p += n + 1;
		n = strcspn(p, " ]");
		assert_true(n > 0 && n < sizeof(type));
		memcpy(type, p, n);
		type[n] = '\0';
		p += n;
		if (strcmp(type, "u8") == 0)
			buffer_put(b, zeros, 1);
		else if (strcmp(type, "u32") == 0)
			buffer_put(b, zeros, 4);
		else if (strcmp(type, "u64") == 0)
			buffer_put(b, zeros, 8);
		else if (strcmp(type, "s") == 0)
			buffer_put_string(b, zeros, octets);
		else if (strcmp(type, "f16") == 0)
			buffer_put(b, zeros, 16);
		else if (strcmp(type, "f32") == 0)
			buffer_put(b, zeros, 32);
		else if (strcmp(type, "[") == 0) {
			struct buffer none;
			assert_int_equal(*p++, ' ');
			buffer_put_u32(b, elements);
			for (uint32_t i = 0; i < elements; i++)
				after = make(p, b, elements, octets, depth + 1);
			if (elements == 0) {
				buffer_init(&none, 4096);
				after = make(p, &none, 0, 0, depth + 1);
				assert_true(none.len > 0); /* no empty group */
				buffer_free(&none);
			}
			p = after;
			assert_int_equal(*p++, ']');
		} else
			fail_msg("type %s", type);
		if (*p == ' ')
			p++;
		else
			assert_int_equal(*p, '\0'); /* ']' follows a blank */
	}
	return p;
}

static void
check_layout(const char *layout)
{
	static const struct {
		uint32_t elements;
		size_t octets;
	} shapes[] = { { 0, 0 }, { 1, 0 }, { 1, 3 }, { 3, 1 }, { 2, 50 } };
	struct buffer b;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		buffer_init(&b, 65536);
		make(layout, &b, shapes[i].elements, shapes[i].octets, 0);
		assert_int_equal(b.err, 0);
		assert_int_equal(message_check(layout, b.data, b.len), 0);
		for (size_t n = 0; n < b.len; n++) /* every truncation */
			assert_int_equal(
			    message_check(layout, b.data, n), ERR_MALFORMED);
		buffer_put_u8(&b, 0); /* an octet too many */
		assert_int_equal(
		    message_check(layout, b.data, b.len), ERR_MALFORMED);
		buffer_free(&b);
	}
}

static void
test_table(void **state)
{
	const struct message *m;

	(void)state;
	assert_true(messages_count > 50);
	for (size_t i = 0; i < messages_count; i++) {
		m = &messages[i];
		assert_true(m->type != 0 && m->type < M_REPLY);
		assert_true(m->max > 0 && m->max <= FRAME_MAX - FRAME_HEADER);
		assert_non_null(m->request);
		assert_true(strlen(m->what) > 5);
		check_layout(m->request);
		if (m->flags & MESSAGE_EVENT)
			assert_null(m->reply);
		else
			check_layout(m->reply);
		assert_int_equal(m->flags & ~7u, 0);
		/* one right or none; rights are the client link's */
		assert_int_equal(m->right & (m->right - 1), 0);
		assert_int_equal(m->right & ~(uint32_t)RIGHTS_ALL, 0);
		if (m->link != LINK_CLIENT)
			assert_int_equal(m->right, 0);
		assert_ptr_equal(message_find(m->link, m->type), m);
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(m->name, messages[j].name);
			assert_int_not_equal(m->type, messages[j].type);
		}
	}
}

static void
test_find(void **state)
{
	(void)state;
	assert_null(message_find(LINK_CLIENT, 0));
	assert_null(message_find(LINK_CLIENT, M_COMMIT));
	assert_null(message_find(LINK_STORE, M_HELLO));
	assert_null(message_find(LINK_CLIENT, M_REPLY));
	assert_null(message_find(LINK_CLIENT, M_ERROR));
	assert_string_equal(message_find(LINK_STORE, M_LOAD)->name, "LOAD");
}

/* Only what is answered without any key is answered while locked. */
static void
test_locked(void **state)
{
	static const uint8_t open[] = { M_HELLO, M_RESTRICT, M_STATUS, M_LOCK,
		M_UNLOCK, M_VAULT_CREATE, M_QUIT, M_IMPORT_OPEN, M_EVENT_LOCKED,
		M_EVENT_UNLOCKED };

	(void)state;
	for (size_t i = 0; i < messages_count; i++)
		if (messages[i].link == LINK_CLIENT)
			assert_int_equal(memchr(open, messages[i].type,
					     sizeof(open)) != NULL,
			    (messages[i].flags & MESSAGE_LOCKED) != 0);
}

/* A count that cannot be true is refused at once, whatever it says. */
static void
test_huge_counts(void **state)
{
	static uint8_t p[FRAME_MAX - FRAME_HEADER + 1];

	(void)state;
	memset(p, 0xff, 4);
	assert_int_equal(message_check("a:[ b:u8 ]", p, 4), ERR_MALFORMED);
	assert_int_equal(
	    message_check("a:[ b:u8 ]", p, sizeof(p) - 1), ERR_MALFORMED);
	assert_int_equal(
	    message_check("a:[ b:[ c:s ] ]", p, sizeof(p) - 1), ERR_MALFORMED);
	assert_int_equal(message_check("a:s", p, sizeof(p) - 1), ERR_MALFORMED);
	memcpy(p, "\0\0\xff\xf0", 4); /* 65520 of 4 octets: one too few */
	assert_int_equal(
	    message_check("a:[ b:u32 ]", p, 4 + 65520 * 4 - 1), ERR_MALFORMED);
	assert_int_equal(message_check("a:u8", p, sizeof(p)), ERR_TOO_LONG);
	memset(p, 0, sizeof(p));
	memcpy(p, "\0\0\xff\xf0", 4);
	assert_int_equal(message_check("a:[ b:u32 ]", p, 4 + 65520 * 4), 0);
	assert_int_equal(message_check("", NULL, 0), 0);
	assert_int_equal(message_check("", p, 1), ERR_MALFORMED);
}

/* A layout that is none never passes anything, and never hangs. */
static void
test_bad_layouts(void **state)
{
	static const char *const bad[] = { "a", "a:", "a:x", "a:u", "a:f",
		"a:u7", "a:f0", ":", "a:[", "a:[ b", "a:[ ]", "a:[ b:[ ] ]",
		"a:[ b:x ]", "a:u8 b", "a:[ b:[ c:[ d:[ e:[ f:u8 ] ] ] ] ]",
		"[ a:u8 ]", "a u8" };
	uint8_t p[64];

	(void)state;
	memset(p, 0, sizeof(p));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (uint8_t count = 0; count < 2; count++)
			for (size_t n = 0; n < sizeof(p); n++) {
				p[3] = p[7] = p[11] = p[15] = p[19] = count;
				if (count == 0 && (i == 11 || i == 14))
					continue; /* does not get that deep */
				assert_int_equal(
				    message_check(bad[i], p, n), ERR_MALFORMED);
			}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_locked),
		cmocka_unit_test(test_huge_counts),
		cmocka_unit_test(test_bad_layouts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
