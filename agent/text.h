/* SPDX-License-Identifier: ISC */
/*
 * What a string from outside may be. Runs in the keeper; pure.
 */
#ifndef AGENT_TEXT_H
#define AGENT_TEXT_H

#include <stddef.h>

/* Well-formed UTF-8 (RFC 3629) without NUL. */
int text_is_utf8(const void *p, size_t len);
/* The same, without C0, DEL and C1 control characters, and not empty. */
int text_is_plain(const char *s);
/* A bare JID as servers write it: [local@]domain, plain, no blank, no '/'. */
int text_is_bare_jid(const char *s);
/* Copy at most size-1 octets of what net said, made plain, for a human. */
void text_soften(const void *p, size_t len, char *out, size_t size);

#endif
