/* SPDX-License-Identifier: ISC */
/*
 * Times in words. Linked into every process; holds nothing.
 */
#include "duration.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"

static const struct {
	char unit;
	uint32_t seconds;
} units[] = {
	{ 'w', 604800 },
	{ 'd', 86400 },
	{ 'h', 3600 },
	{ 'm', 60 },
	{ 's', 1 },
};

#define UNITS (sizeof(units) / sizeof(units[0]))

static uint32_t
unit_seconds(char c)
{
	if (c == '\0')
		return 1;
	for (size_t i = 0; i < UNITS; i++)
		if (units[i].unit == c)
			return units[i].seconds;
	return 0;
}

int
duration_read(const char *s, uint64_t *seconds)
{
	uint64_t sum = 0, n;
	uint32_t unit;
	char *end;

	if (*s == '\0')
		return ERR_ARGUMENT;
	while (*s >= '0' && *s <= '9') {
		errno = 0;
		n = strtoull(s, &end, 10);
		unit = unit_seconds(*end);
		if (errno != 0 || n > 1000000000 || unit == 0)
			return ERR_ARGUMENT;
		sum += n * unit;
		s = *end != '\0' ? end + 1 : end;
	}
	*seconds = sum;
	return *s == '\0' ? 0 : ERR_ARGUMENT;
}

void
duration_text(uint64_t seconds, char *text, size_t size)
{
	size_t n = 0;

	(void)snprintf(text, size, "0");
	for (size_t i = 0; i < UNITS && n < size; i++) {
		if (seconds < units[i].seconds)
			continue;
		n += (size_t)snprintf(text + n, size - n, "%" PRIu64 "%c",
		    seconds / units[i].seconds, units[i].unit);
		seconds %= units[i].seconds;
	}
}
