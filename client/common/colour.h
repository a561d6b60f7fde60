/* SPDX-License-Identifier: ISC */
/*
 * Consistent colours (XEP-0392): the same text has the same colour in every
 * client, so that two fingerprints are compared at a glance.
 */
#ifndef CLIENT_COMMON_COLOUR_H
#define CLIENT_COMMON_COLOUR_H

#include <stdint.h>
#include <stdio.h>

enum colour_mode { COLOUR_NONE, COLOUR_256, COLOUR_RGB };

/* Section 5.1: degrees, 0 to below 360. */
double colour_angle(const char *text);
/* Section 5.2, at saturation 100 and lightness 50, which shows on light and
 * on dark: red, green, blue, each 0 to 1. */
void colour_of_angle(double angle, double rgb[static 3]);
/*
 * What f is to be given: nothing unless it is a terminal (not TERM=dumb) and
 * NO_COLOR is unset or empty; 24 bits where COLORTERM says so.
 */
enum colour_mode colour_mode(FILE *);
/* text, in its colour. */
void colour_print(FILE *, enum colour_mode, const char *text);

#endif
