/* SPDX-License-Identifier: ISC */
/* What the server takes at once: a stanza above it costs the connection. */
#ifndef CLIENT_NET_LIMITS_H
#define CLIENT_NET_LIMITS_H

#include "net.h"

/* The octets that stream features announce (XEP-0478); 0: none. */
size_t limits_parse(xmpp_stanza_t *features);
/* libstrophe's log of what came, which is the one place that it shows features
 * in: the last ones count, since they came after TLS and the password. */
void limits_log(struct net *, const char *message);
/* Octets of this stanza as it goes out; 0: it cannot be written. */
size_t limits_measure(struct net *, xmpp_stanza_t *);

#endif
