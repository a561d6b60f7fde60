/* SPDX-License-Identifier: ISC */
#ifndef AGENT_DEVICES_H
#define AGENT_DEVICES_H

#include <stdint.h>

/* A random device id, 1..2^31-1. 0 or ERR_CRYPTO. */
int device_id_draw(uint32_t *id);

#endif
