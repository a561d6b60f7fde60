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
#include "../../ipc/messages.h"

#define SCE_FD	     3	/* the front's requests; a contract with the starter */
#define SCE_DEPTH    16 /* elements within elements */
#define SCE_ELEMENTS 1024 /* in one envelope */

struct sce {
	char from[LIMIT_JID + 1], to[LIMIT_JID + 1]; /* "": there is none */
	int has_body, opt_out;
	struct buffer body, reason; /* UTF-8; the reason of an opt-out */
	/* ids of earlier messages: corrected (XEP-0308), answered (XEP-0461),
	 * received (XEP-0184); "": none */
	char replaces[LIMIT_STANZA_ID + 1], reply_to[LIMIT_STANZA_ID + 1];
	char received[LIMIT_STANZA_ID + 1];
	uint8_t state; /* enum typing */
	int asks;      /* for a receipt */
};

/*
 * 0, or ERR_TOO_LONG, ERR_BAD_MESSAGE, ERR_MEMORY with *why one phrase. What
 * is none of the above is passed over: hints, ids, addresses and EME have no
 * meaning in here. Free in both cases.
 */
int sce_parse(const uint8_t *, size_t len, struct sce *, const char **why);
void sce_free(struct sce *);

#endif
