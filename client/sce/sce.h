/* SPDX-License-Identifier: ISC */
/*
 * The parser of decrypted envelopes (XEP-0420): octets that a contact has
 * written become typed, bounded values.
 */
#ifndef CLIENT_SCE_SCE_H
#define CLIENT_SCE_SCE_H

#include <stddef.h>
#include <stdint.h>

#include "../../agent/limits.h"
#include "../../ipc/buffer.h"

#define SCE_FD	     3	/* the front's requests; a contract with the starter */
#define SCE_DEPTH    16 /* elements within elements */
#define SCE_ELEMENTS 1024 /* in one envelope */

struct sce {
	char from[LIMIT_JID + 1], to[LIMIT_JID + 1]; /* "": there is none */
	int has_body, opt_out;
	struct buffer body, reason; /* UTF-8; the reason of an opt-out */
};

/*
 * 0, or ERR_TOO_LONG, ERR_BAD_MESSAGE, ERR_MEMORY with *why one phrase. What
 * is no body and no opt-out is passed over: hints, ids, addresses and EME have
 * no meaning in here, and receipts none for us. Free in both cases.
 */
int sce_parse(const uint8_t *, size_t len, struct sce *, const char **why);
void sce_free(struct sce *);

#endif
