/* SPDX-License-Identifier: ISC */
#ifndef AGENT_ENCRYPT_H
#define AGENT_ENCRYPT_H

#include "../ipc/buffer.h"

/* One row of a reply's elements; keys holds nkeys rows of it. The error. */
int element_put(struct buffer *out, uint8_t ns, uint32_t sid, const uint8_t *iv,
    size_t ivlen, const struct buffer *payload, uint32_t nkeys,
    const struct buffer *keys);

#endif
