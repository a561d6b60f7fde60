/* SPDX-License-Identifier: ISC */
/*
 * What a contact is told while its user types to it on a terminal (XEP-0085):
 * composing, once, and paused, once; no more often than that.
 */
#ifndef CLIENT_CHAT_TYPING_H
#define CLIENT_CHAT_TYPING_H

#include <stddef.h>

#include "../../ipc/loop.h"
#include "../common/jid.h"

#define TYPING_PAUSE_MS 10000 /* without a key: paused */

typedef void typing_say(void *arg, const char *to, const char *state);

struct typist {
	struct loop *loop;
	struct timer *timer;
	typing_say *say;
	void *arg;
	int told;	   /* composing was the last that was said */
	char to[JID_SIZE]; /* to whom */
};

void typing_init(struct typist *, struct loop *, typing_say *, void *arg);
/* The line as it is now. A command is not typed to anybody. */
void
typing_typed(struct typist *, const char *to, const char *line, size_t len);
/* A text was sent there, which says by itself that it is no longer typed. */
void typing_sent(struct typist *, const char *to);
void typing_end(struct typist *); /* without a word */

#endif
