/* SPDX-License-Identifier: ISC */
/* What this client can do (XEP-0030, XEP-0115), and what the server can. */
#ifndef CLIENT_NET_DISCO_H
#define CLIENT_NET_DISCO_H

#include "net.h"

/* The answer to a disco#info query. */
xmpp_stanza_t *
disco_answer(struct net *, xmpp_stanza_t *iq, xmpp_stanza_t *query);
/* The verification string of XEP-0115, base64 of its SHA-1; malloced. */
char *disco_hash(void);
/* Add <c/> to a presence. */
void disco_caps(struct net *, xmpp_stanza_t *presence);
/* Does this answer to disco#info list the feature? */
int disco_has(xmpp_stanza_t *answer, const char *feature);
/* Ask an entity of the own server. */
void disco_ask(struct net *, const char *to, iq_done *done);

#endif
