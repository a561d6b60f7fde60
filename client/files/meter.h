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
	uint64_t size;	  /* 0: not known */
	int drawn;
};

void meter_draw(struct meter *, uint64_t octets);
void meter_clear(struct meter *); /* before anything else is printed */

#endif
