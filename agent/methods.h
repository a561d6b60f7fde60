/* SPDX-License-Identifier: ISC */
/*
 * The end-to-end methods, one row each: which profile of the engine, whether
 * we send and receive with it, what it carries and how far that is bound.
 * What is sent with which method is decided by this table alone.
 */
#ifndef AGENT_METHODS_H
#define AGENT_METHODS_H

#include <stdint.h>

#include "../ipc/messages.h"
#include "omemo/omemo.h"

struct method {
	uint8_t ns; /* enum namespace_id, index of omemo_profiles */
	int sends;
	int receives;
	uint8_t format; /* of the payload */
	uint8_t bound;
};
extern const struct method methods[OMEMO_PROFILES];

int method_sends(uint8_t ns);
int method_receives(uint8_t ns);

#endif
