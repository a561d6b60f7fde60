/* SPDX-License-Identifier: ISC */
/*
 * How far it is, on a terminal: one line on standard error, drawn anew.
 * Silent where standard error is no terminal.
 */
#ifndef CLIENT_FILES_METER_H
#define CLIENT_FILES_METER_H

#include <stdint.h>

struct meter {
	const char *name; /* of the file; anybody's octets */
	int drawn;
};

/* of 0: not known. */
void meter_draw(struct meter *, uint64_t octets, uint64_t of);
void meter_clear(struct meter *); /* before anything else is printed */

#endif
