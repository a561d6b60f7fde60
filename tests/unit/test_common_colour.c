/* SPDX-License-Identifier: ISC */
/*
 * Consistent colours: XEP-0392's own vectors (section 13), and a fingerprint
 * in a pipe and on a terminal.
 */
#include <math.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../client/common/colour.h"
#include "../../client/common/fingerprint.h"
#include "check.h"

static const struct {
	const char *text;
	double angle, rgb[3];
} vectors[] = {
	{ "Romeo", 327.255249, { 0.865, 0.000, 0.686 } },
	{ "juliet@capulet.lit", 209.410400, { 0.000, 0.515, 0.573 } },
	{ "\xf0\x9f\x98\xba", 331.199341, { 0.872, 0.000, 0.659 } },
	{ "council", 359.994507, { 0.918, 0.000, 0.394 } },
	{ "Board", 171.430664, { 0.000, 0.527, 0.457 } },
};

static void
test_vectors(void **state)
{
	double rgb[3];

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		double angle = colour_angle(vectors[i].text);

		assert_true(fabs(angle - vectors[i].angle) < 0.000001);
		colour_of_angle(angle, rgb);
		for (int c = 0; c < 3; c++)
			assert_true(fabs(rgb[c] - vectors[i].rgb[c]) < 0.001);
	}
}

/* Whatever the hash, the colour is one that a terminal has. */
static void
test_range(void **state)
{
	double rgb[3];

	(void)state;
	for (int i = 0; i < 65536; i += 7) {
		colour_of_angle(i / 65536.0 * 360, rgb);
		for (int c = 0; c < 3; c++)
			assert_true(rgb[c] >= 0 && rgb[c] <= 1);
	}
}

/* What fingerprint_show writes to f, whose other end is fd. */
static void
shown(FILE *f, int fd, char *text, size_t size)
{
	uint8_t fp[FINGERPRINT_SIZE];
	ssize_t n;

	for (size_t i = 0; i < sizeof(fp); i++)
		fp[i] = (uint8_t)i;
	fingerprint_show(f, fp);
	assert_int_equal(fflush(f), 0);
	n = read(fd, text, size - 1);
	assert_true(n > 0);
	text[n] = '\0';
}

#define PLAIN                                                                  \
	"00010203 04050607 08090a0b 0c0d0e0f 10111213 14151617 18191a1b "      \
	"1c1d1e1f"

static void
test_pipe(void **state)
{
	char text[1024];
	int fds[2];
	FILE *f;

	(void)state;
	unsetenv("NO_COLOR");
	assert_int_equal(pipe(fds), 0);
	assert_non_null(f = fdopen(fds[1], "w"));
	assert_int_equal(colour_mode(f), COLOUR_NONE);
	shown(f, fds[0], text, sizeof(text));
	assert_string_equal(text, PLAIN);
	fclose(f);
	close(fds[0]);
}

static void
test_terminal(void **state)
{
	char text[1024];
	int master, slave;
	FILE *f;

	(void)state;
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	assert_non_null(f = fdopen(slave, "w"));
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	unsetenv("COLORTERM");
	assert_int_equal(colour_mode(f), COLOUR_256);
	shown(f, master, text, sizeof(text));
	assert_ptr_equal(strstr(text, "\033[38;5;"), text);
	assert_null(strstr(text, "38;2;"));
	/* each group by itself, the blanks between them plain */
	assert_non_null(strstr(text, "m00010203\033[39m \033[38;5;"));
	setenv("COLORTERM", "truecolor", 1);
	assert_int_equal(colour_mode(f), COLOUR_RGB);
	shown(f, master, text, sizeof(text));
	assert_non_null(strstr(text, "m1c1d1e1f\033[39m"));
	assert_ptr_equal(strstr(text, "\033[38;2;"), text);
	setenv("NO_COLOR", "", 1); /* empty: as if unset */
	assert_int_equal(colour_mode(f), COLOUR_RGB);
	setenv("NO_COLOR", "1", 1);
	shown(f, master, text, sizeof(text));
	assert_string_equal(text, PLAIN);
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	assert_int_equal(colour_mode(f), COLOUR_NONE);
	fclose(f);
	close(master);
}

/* The very octets, for one known text. */
static void
test_octets(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	assert_non_null(f);
	colour_print(f, COLOUR_RGB, "Romeo");
	colour_print(f, COLOUR_256, "Board");
	colour_print(f, COLOUR_NONE, "x");
	fclose(f);
	/* 0.865 0 0.686; and 0 0.527 0.457 is nearest to 0 135 135 */
	assert_string_equal(text,
	    "\033[38;2;221;0;175mRomeo\033[39m\033[38;5;30mBoard\033[39mx");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_range),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
