/* SPDX-License-Identifier: ISC */
/*
 * The parser of decrypted envelopes (XEP-0420): octets that a contact has
 * written become typed, bounded values. In xmpp-sce, for a front, and in
 * xmpp-agent-parser, for the keeper, which wants the trust message alone.
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

#define SCE_KEY_TEXT 44 /* base64 of 32 octets */

/* A trust message (XEP-0434) about keys of OMEMO 2, as XEP-0450 uses them. */
struct sce_words {
	struct buffer rows;	     /* "owner:s trust:u8 key:f32", each */
	uint32_t n;		     /* at most LIMIT_TOLD_KEYS */
	char owner[LIMIT_JID + 1];   /* of what is read now */
	char text[SCE_KEY_TEXT + 1]; /* the key that is read now */
	size_t len;		     /* of text; more: it is none of ours */
	uint8_t trust;
};

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
	int has_time;  /* the time affix is there */
	struct sce_words words;
};

/*
 * 0, or ERR_TOO_LONG, ERR_BAD_MESSAGE, ERR_MEMORY with *why one phrase. What
 * is none of the above is passed over: hints, ids, addresses and EME have no
 * meaning in here. Free in both cases.
 */
int sce_parse(const uint8_t *, size_t len, struct sce *, const char **why);
void sce_free(struct sce *);

/* trust.c, of parse.c: is a trust message with these attributes for us? */
int sce_words_wanted(const char **attributes);
/* A key's text has ended: a row, if it is a key. 0, or ERR_TOO_LONG. */
int sce_words_add(struct sce_words *);

#endif
