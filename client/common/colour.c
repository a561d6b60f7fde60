/* SPDX-License-Identifier: ISC */
/*
 * XEP-0392: SHA-1 of the text, its first two octets as an angle, HSLuv, RGB.
 * Runs in every command; holds nothing. SHA-1 spreads colours here, it
 * protects nothing.
 */
#include "colour.h"

#include <math.h>
#include <sha1.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIGHTNESS 50.0
/* CIE 1976: the white point D65 in u'v', and the constants of L* */
#define WHITE_U 0.19783000664283681
#define WHITE_V 0.468319994938791
#define KAPPA	903.2962962962963
#define EPSILON 0.0088564516790356308

static const double xyz_to_rgb[3][3] = {
	{ 3.240969941904521, -1.537383177570093, -0.498610760293003 },
	{ -0.969243636280870, 1.875967501507720, 0.041555057407175 },
	{ 0.055630079696993, -0.203976958888970, 1.056971514242878 },
};

double
colour_angle(const char *text)
{
	uint8_t digest[SHA1_DIGEST_LENGTH];
	SHA1_CTX ctx;

	SHA1Init(&ctx);
	SHA1Update(&ctx, (const uint8_t *)text, strlen(text));
	SHA1Final(digest, &ctx);
	return (digest[0] | digest[1] << 8) / 65536.0 * 360.0;
}

/* The largest chroma that still is a colour of sRGB, for this hue: the
 * nearest of the six lines (a channel at 0 or at 1) that a ray meets. */
static double
max_chroma(double radians)
{
	double sub = pow(LIGHTNESS + 16, 3) / 1560896.0, least = HUGE_VAL;

	if (sub <= EPSILON)
		sub = LIGHTNESS / KAPPA;
	for (int i = 0; i < 6; i++) {
		const double *m = xyz_to_rgb[i / 2];
		double limit = i % 2;
		double top1 = (284517 * m[0] - 94839 * m[2]) * sub;
		double top2 = (838422 * m[2] + 769860 * m[1] + 731718 * m[0]) *
			LIGHTNESS * sub -
		    769860 * limit * LIGHTNESS;
		double bottom =
		    (632260 * m[2] - 126452 * m[1]) * sub + 126452 * limit;
		double length = top2 / bottom /
		    (sin(radians) - top1 / bottom * cos(radians));

		if (length >= 0 && length < least)
			least = length;
	}
	return least;
}

/* A linear channel as sRGB has it. */
static double
companded(double c)
{
	c = c <= 0.0031308 ? 12.92 * c : 1.055 * pow(c, 1 / 2.4) - 0.055;
	return fmin(fmax(c, 0), 1);
}

void
colour_of_angle(double angle, double rgb[static 3])
{
	double radians = angle / 180 * acos(-1);
	double chroma = max_chroma(radians);
	double u = cos(radians) * chroma / (13 * LIGHTNESS) + WHITE_U;
	double v = sin(radians) * chroma / (13 * LIGHTNESS) + WHITE_V;
	double y = pow((LIGHTNESS + 16) / 116, 3);
	double x = 9 * y * u / (4 * v);
	double z = (9 * y - 15 * v * y - v * x) / (3 * v);

	for (int i = 0; i < 3; i++)
		rgb[i] = companded(xyz_to_rgb[i][0] * x + xyz_to_rgb[i][1] * y +
		    xyz_to_rgb[i][2] * z);
}

static int
is_set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0';
}

static int
is_word(const char *name, const char *word)
{
	const char *value = getenv(name);

	return value != NULL && strcmp(value, word) == 0;
}

enum colour_mode
colour_mode(FILE *f)
{
	if (!isatty(fileno(f)) || is_set("NO_COLOR") || is_word("TERM", "dumb"))
		return COLOUR_NONE;
	return is_word("COLORTERM", "truecolor") ||
		is_word("COLORTERM", "24bit")
	    ? COLOUR_RGB
	    : COLOUR_256;
}

/* The nearest of the six steps that the 256 colours' cube has. */
static int
step(double c)
{
	static const int levels[] = { 0, 95, 135, 175, 215, 255 };
	int best = 0;

	for (int i = 1; i < 6; i++)
		if (fabs(c * 255 - levels[i]) < fabs(c * 255 - levels[best]))
			best = i;
	return best;
}

void
colour_print(FILE *f, enum colour_mode mode, const char *text)
{
	double rgb[3];

	if (mode == COLOUR_NONE) {
		fputs(text, f);
		return;
	}
	colour_of_angle(colour_angle(text), rgb);
	if (mode == COLOUR_RGB)
		fprintf(f, "\033[38;2;%d;%d;%dm", (int)lround(rgb[0] * 255),
		    (int)lround(rgb[1] * 255), (int)lround(rgb[2] * 255));
	else
		fprintf(f, "\033[38;5;%dm",
		    16 + 36 * step(rgb[0]) + 6 * step(rgb[1]) + step(rgb[2]));
	fprintf(f, "%s\033[39m", text);
}
