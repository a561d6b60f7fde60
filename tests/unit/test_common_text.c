/* SPDX-License-Identifier: ISC */
/*
 * What the commands share: UTF-8 and vis, fingerprints, JIDs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../client/common/fingerprint.h"
#include "../../client/common/jid.h"
#include "../../client/common/text.h"
#include "../../ipc/err.h"
#include "check.h"

static void
vis_is(const char *in, size_t n, const char *wanted)
{
	char out[256];

	assert_int_equal(text_vis(out, sizeof(out), in, n), strlen(wanted));
	assert_string_equal(out, wanted);
}

static void
test_vis(void **state)
{
	(void)state;
	vis_is("plain \\ text", 12, "plain \\ text");
	vis_is("gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f");
	vis_is("\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80");
	/* the attack: colours, titles, and lines of our own */
	vis_is("\033[31m", 5, "\\033[31m");
	vis_is("a\nb\tc\rd", 7, "a\\nb\\tc\\rd");
	vis_is("\0", 1, "\\0");
	vis_is("\x7f", 1, "\\177");
	vis_is("\xc2\x9b"
	       "31m",
	    5, "\\302\\23331m");		      /* C1 CSI */
	vis_is("\xe2\x80\xae", 3, "\\342\\200\\256"); /* override */
	vis_is("\xff\xfe", 2, "\\377\\376");
	vis_is("\xc0\xaf", 2, "\\300\\257");	      /* overlong */
	vis_is("\xed\xa0\x80", 3, "\\355\\240\\200"); /* surrogate */
	vis_is("\xe2\x82", 2, "\\342\\202");	      /* cut off */
}

static void
test_vis_never_leaks(void **state)
{
	char in[3], out[64];

	(void)state;
	for (unsigned a = 0; a < 256; a++) {
		for (unsigned b = 0; b < 256; b++) {
			in[0] = (char)a;
			in[1] = (char)b;
			in[2] = 'x';
			text_vis(out, sizeof(out), in, 3);
			assert_true(text_valid(out, strlen(out)));
			for (const char *p = out; *p != '\0'; p++)
				assert_true(
				    (unsigned char)*p >= 0x20 && *p != 0x7f);
		}
	}
}

static void
test_vis_cuts_whole(void **state)
{
	char out[8];

	(void)state;
	assert_int_equal(text_vis(out, 5, "ab\xe2\x82\xac", 5), 2);
	assert_string_equal(out, "ab");
	assert_int_equal(text_vis(out, 6, "ab\xe2\x82\xac", 5), 5);
	assert_int_equal(text_vis(out, 4, "\033", 1), 0);
	assert_int_equal(text_vis(out, 0, "a", 1), 0);
}

static void
body_is(const char *in, const char *wanted)
{
	char *out = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&out, &n);

	text_print_body(f, in, strlen(in), "  ");
	fclose(f);
	assert_string_equal(out, wanted);
	free(out);
}

static void
test_body(void **state)
{
	char longer[3000];

	(void)state;
	body_is("one", "one");
	/* no line of a body begins in the first column */
	body_is("hi\njuliet@capulet.lit: yes", "hi\n  juliet@capulet.lit: yes");
	body_is("a\r\nb", "a\n  b");
	body_is("a\rb", "a\\rb");
	body_is("\n", "\n  ");
	body_is("", "");
	for (size_t i = 0; i < sizeof(longer) - 3; i += 3)
		memcpy(longer + i, "\xe2\x82\xac", 3);
	longer[sizeof(longer) - 3] = '\0';
	body_is(longer, longer); /* no character split by a buffer's end */
}

static void
test_fingerprint(void **state)
{
	static const char wanted[] = "00010203 04050607 08090a0b 0c0d0e0f "
				     "10111213 14151617 18191a1b 1c1d1eff";
	static const char *const same[] = {
		"000102030405060708090a0b0c0d0e0f"
		"101112131415161718191a1b1c1d1eff",
		"00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:"
		"10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:FF",
		" 00010203 04050607\t08090a0b 0c0d0e0f\n"
		"10111213 14151617 18191a1b 1c1d1eff\r\n",
	};
	static const char *const bad[] = {
		"",
		"00",
		"00010203 04050607 08090a0b 0c0d0e0f",
		"x0010203 04050607 08090a0b 0c0d0e0f 10111213 14151617 "
		"18191a1b 1c1d1eff",
		"00010203 04050607 08090a0b 0c0d0e0f 10111213 14151617 "
		"18191a1b 1c1d1eff0",
		"00010203-04050607 08090a0b 0c0d0e0f 10111213 14151617 "
		"18191a1b 1c1d1eff",
	};
	uint8_t fp[FINGERPRINT_SIZE], zero[FINGERPRINT_SIZE] = { 0 };
	char text[FINGERPRINT_TEXT];

	(void)state;
	assert_int_equal(fingerprint_read(wanted, fp), 0);
	fingerprint_print(fp, text);
	assert_string_equal(text, wanted);
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_int_equal(fingerprint_read(same[i], fp), 0);
		fingerprint_print(fp, text);
		assert_string_equal(text, wanted);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(fingerprint_read(bad[i], fp), ERR_ARGUMENT);
		assert_memory_equal(fp, zero, sizeof(fp));
	}
}

static void
test_jid(void **state)
{
	static const char *const bad[] = { "", "capulet.lit", "@capulet.lit",
		"juliet@", "a@b@c", "juliet@capulet.lit/balcony",
		"ju liet@capulet.lit", "juliet@capu\nlet.lit",
		"ju\033liet@capulet.lit", "ju<liet@capulet.lit",
		"juliet@capulet.lit ", "ju:liet@capulet.lit",
		"\xff@capulet.lit", "j\xe2\x80\xae@capulet.lit" };
	char jid[JID_SIZE], longer[2200];
	const char *why;

	(void)state;
	assert_int_equal(jid_read("Juliet@Capulet.LIT", jid, &why), 0);
	assert_string_equal(jid, "juliet@capulet.lit");
	assert_int_equal(jid_read("j\xc3\xbcl@x", jid, NULL), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(jid_read(bad[i], jid, &why), ERR_ARGUMENT);
		assert_non_null(why);
		assert_string_equal(jid, "");
	}
	memset(longer, 'a', sizeof(longer));
	memcpy(longer + 1024, "@b", 3);
	assert_int_equal(jid_read(longer, jid, NULL), ERR_ARGUMENT);
	memcpy(longer + 1023, "@b", 3);
	assert_int_equal(jid_read(longer, jid, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vis),
		cmocka_unit_test(test_vis_never_leaks),
		cmocka_unit_test(test_vis_cuts_whole),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_fingerprint),
		cmocka_unit_test(test_jid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
