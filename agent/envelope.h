/* SPDX-License-Identifier: ISC */
/*
 * What OMEMO 2 encrypts: an envelope (XEP-0420) round a content. The keeper
 * writes them and never reads one.
 */
#ifndef AGENT_ENVELOPE_H
#define AGENT_ENVELOPE_H

#include "../ipc/buffer.h"
#include "crypto/secret.h"

struct envelope {
	const char *from, *to; /* bare JIDs */
	uint64_t time;	       /* seconds since 1970 */
	uint8_t format;	       /* FORMAT_BODY; else the content's own XML */
	const uint8_t *text;
	size_t len;
};

/* Octets of a text once it is written as XML. */
size_t envelope_escaped(const uint8_t *text, size_t len);
/* The same, written. */
void envelope_put_escaped(struct buffer *, const uint8_t *text, size_t len);
/* No character that XML cannot carry. */
int envelope_is_xml(const uint8_t *text, size_t len);
/* Into new secure memory, *len octets of it. secret_free. */
int envelope_write(const struct envelope *, struct secret *out, size_t *len);

#endif
