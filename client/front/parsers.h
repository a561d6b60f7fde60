/* SPDX-License-Identifier: ISC */
/*
 * The parsers of envelopes (xmpp-sce), one after another, all on one end of a
 * socket pair whose other end the front has.
 */
#ifndef CLIENT_FRONT_PARSERS_H
#define CLIENT_FRONT_PARSERS_H

#include "../../ipc/loop.h"

struct parsers;

/* fd is borrowed. The first is started. NULL after an error line. */
struct parsers *parsers_new(struct loop *, int fd);
/* A child has ended: ours? Then the front is told, and the next is started. */
int parsers_reap(struct parsers *, int pid, int status);
/* End what runs. NULL allowed. */
void parsers_free(struct parsers *);

#endif
