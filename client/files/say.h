/* SPDX-License-Identifier: ISC */
/*
 * What xmpp-cipher and xmpp-transfer hear and say on their descriptor 3, the
 * file link of ipc/messages.c.
 */
#ifndef CLIENT_FILES_SAY_H
#define CLIENT_FILES_SAY_H

#include <stdint.h>

#include "../../ipc/sync.h"

enum file_fd {
	FILE_FD_LINK = 3,
	FILE_FD_IN = 4,	  /* the cipher's */
	FILE_FD_OUT = 5,  /* the same */
	FILE_FD_DATA = 4, /* the transfer's: ciphertext, in or out */
};

struct say {
	struct buffer in, out;
	uint64_t last; /* loop_now() of the last progress */
};

void say_init(struct say *);
void say_free(struct say *);
/* Wait for the one request; its layout has been checked. *f borrows until
 * say_free. 0, or an error. */
int say_hear(struct say *, struct frame *f);
/* So far, of how many (0: not known); said ten times a second at most. */
void say_progress(struct say *, uint64_t octets, uint64_t of);
void say_done(struct say *, uint64_t octets);
void say_failed(struct say *, const char *reason);

#endif
