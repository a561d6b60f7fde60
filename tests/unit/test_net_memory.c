/* SPDX-License-Identifier: ISC */
/* The allocator under libstrophe: its limits, and that what is freed is
 * wiped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../client/net/memory.h"
#include "check.h"

struct world {
	struct memory memory;
	xmpp_mem_t mem;
	jmp_buf back;
	const char *what;
};

static void
over(void *arg, const char *what)
{
	struct world *w = arg;

	w->what = what;
	longjmp(w->back, 1);
}

static void
setup_world(struct world *w)
{
	memset(w, 0, sizeof(*w));
	memory_init(&w->memory, &w->mem, over, w);
}

static void
one_block(void **state)
{
	struct world w;
	void *volatile p = NULL;

	(void)state;
	setup_world(&w);
	if (setjmp(w.back) == 0) {
		p = w.mem.alloc(MEMORY_BLOCK, w.mem.userdata);
		assert_non_null(p);
		w.mem.free(p, w.mem.userdata);
		(void)w.mem.alloc(MEMORY_BLOCK + 1, w.mem.userdata);
		fail_msg("a block over the limit was given");
	}
	assert_string_equal(w.what, "a text that is too long");
	assert_int_equal(w.memory.bytes, 0);
	assert_int_equal(w.memory.blocks, 0);
}

static void
all_octets(void **state)
{
	static void *blocks[MEMORY_BYTES / MEMORY_BLOCK];
	struct world w;
	size_t i;

	(void)state;
	setup_world(&w);
	for (i = 0; i < MEMORY_BYTES / MEMORY_BLOCK; i++)
		blocks[i] = w.mem.alloc(MEMORY_BLOCK, w.mem.userdata);
	if (setjmp(w.back) == 0) {
		(void)w.mem.alloc(1, w.mem.userdata);
		fail_msg("more octets than the limit were given");
	}
	assert_string_equal(w.what, "a stanza that is too long");
	for (i = 0; i < MEMORY_BYTES / MEMORY_BLOCK; i++)
		w.mem.free(blocks[i], w.mem.userdata);
	assert_int_equal(w.memory.bytes, 0);
}

static void
all_blocks(void **state)
{
	static void *blocks[MEMORY_BLOCKS];
	struct world w;
	size_t i;

	(void)state;
	setup_world(&w);
	for (i = 0; i < MEMORY_BLOCKS; i++)
		blocks[i] = w.mem.alloc(1, w.mem.userdata);
	if (setjmp(w.back) == 0) {
		(void)w.mem.alloc(1, w.mem.userdata);
		fail_msg("more blocks than the limit were given");
	}
	assert_string_equal(w.what, "a stanza of too many elements");
	for (i = 0; i < MEMORY_BLOCKS; i++)
		w.mem.free(blocks[i], w.mem.userdata);
	assert_int_equal(w.memory.blocks, 0);
}

static void
realloc_keeps(void **state)
{
	struct world w;
	char *p;

	(void)state;
	setup_world(&w);
	p = w.mem.realloc(NULL, 4, w.mem.userdata);
	memcpy(p, "abc", 4);
	p = w.mem.realloc(p, 4000, w.mem.userdata);
	assert_string_equal(p, "abc");
	p = w.mem.realloc(p, 2, w.mem.userdata);
	assert_memory_equal(p, "ab", 2);
	assert_int_equal(w.memory.bytes, 2);
	w.mem.free(p, w.mem.userdata);
	w.mem.free(NULL, w.mem.userdata);
	assert_int_equal(w.memory.bytes, 0);
}

/* libstrophe itself stops at the limits: many siblings, deep ones, a long
 * text, a long attribute; with smaller limits, each of them alone. */
static void
libstrophe_stops(void **state)
{
	static const struct {
		const char *head, *middle, *tail, *what;
		size_t n, block, bytes, blocks;
	} rows[] = {
		{ "<a>", "<b/>", "</a>", "a stanza of too many elements", 2000,
		    MEMORY_BLOCK, MEMORY_BYTES, 4000 },
		{ "<a>", "<b>", "", "a stanza of too many elements", 2000,
		    MEMORY_BLOCK, MEMORY_BYTES, 4000 },
		{ "<a>", "0123456789", "</a>", "a text that is too long", 2000,
		    16384, MEMORY_BYTES, MEMORY_BLOCKS },
		{ "<a b='", "0123456789", "'/>", "a text that is too long",
		    2000, 16384, MEMORY_BYTES, MEMORY_BLOCKS },
		{ "<a>", "<b c='d'/>", "</a>", "a stanza that is too long",
		    2000, MEMORY_BLOCK, 200000, MEMORY_BLOCKS },
	};
	static struct world w;
	static char text[65536];
	volatile size_t i;
	size_t k;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *at = text + sprintf(text, "%s", rows[i].head);

		for (k = 0; k < rows[i].n; k++)
			at += sprintf(at, "%s", rows[i].middle);
		sprintf(at, "%s", rows[i].tail);
		setup_world(&w);
		w.memory.max_block = rows[i].block;
		w.memory.max_bytes = rows[i].bytes;
		w.memory.max_blocks = rows[i].blocks;
		if (setjmp(w.back) == 0) {
			xmpp_ctx_t *ctx = xmpp_ctx_new(&w.mem, NULL);

			(void)xmpp_stanza_new_from_string(ctx, text);
			fail_msg("row %zu was read", i);
		}
		assert_string_equal(w.what, rows[i].what);
	}
}

/* What a contact can send at most, through usual servers, is passed. */
static void
largest_passes(void **state)
{
	static const char *const rows[][3] = {
		{ "<a>", "<b c=''/>", "</a>" },
		{ "<a b='", "0123456789", "'/>" },
	};
	static struct world w;
	static char text[512 * 1024 + 64];
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		char *at = text + sprintf(text, "%s", rows[i][0]);
		size_t n = i == 0 ? 8192 : 52000, k;
		xmpp_stanza_t *el;
		xmpp_ctx_t *ctx;

		for (k = 0; k < n; k++)
			at += sprintf(at, "%s", rows[i][1]);
		sprintf(at, "%s", rows[i][2]);
		setup_world(&w);
		if (setjmp(w.back) != 0)
			fail_msg("row %zu: %s", i, w.what);
		ctx = xmpp_ctx_new(&w.mem, NULL);
		el = xmpp_stanza_new_from_string(ctx, text);
		assert_non_null(el);
		xmpp_stanza_release(el);
		xmpp_ctx_free(ctx);
		assert_int_equal(w.memory.bytes, 0); /* nothing is left */
	}
}

/* A parser that was stopped leaves what it held, as in net, which then ends. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_block),
		cmocka_unit_test(all_octets),
		cmocka_unit_test(all_blocks),
		cmocka_unit_test(realloc_keeps),
		cmocka_unit_test(libstrophe_stops),
		cmocka_unit_test(largest_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
