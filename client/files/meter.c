/* SPDX-License-Identifier: ISC */
/*
 * Progress. Runs in xmpp-send's front and in xmpp-get; holds nothing.
 */
#include "meter.h"

#include <stdio.h>
#include <unistd.h>

#include "../common/text.h"

#define KIB 1024.0

static void
print_octets(uint64_t octets)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB" };
	double n = (double)octets;
	size_t unit = 0;

	for (; n >= KIB && unit < 3; unit++)
		n /= KIB;
	fprintf(stderr, unit == 0 ? "%.0f %s" : "%.1f %s", n, units[unit]);
}

void
meter_draw(struct meter *m, uint64_t octets, uint64_t of)
{
	if (!isatty(STDERR_FILENO))
		return;
	fputs("\r\033[K", stderr);
	text_print(stderr, m->name);
	fputs("  ", stderr);
	print_octets(octets);
	if (of > 0) {
		fputs(" of ", stderr);
		print_octets(of);
		fprintf(
		    stderr, "  %.0f%%", 100.0 * (double)octets / (double)of);
	}
	fflush(stderr);
	m->drawn = 1;
}

void
meter_clear(struct meter *m)
{
	if (m->drawn)
		fputs("\r\033[K", stderr);
	m->drawn = 0;
}
