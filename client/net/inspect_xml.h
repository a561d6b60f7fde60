/* SPDX-License-Identifier: ISC */
/*
 * What a server says of itself and of a node, as XML: octets from it become
 * typed, bounded values here.
 */
#ifndef CLIENT_NET_INSPECT_XML_H
#define CLIENT_NET_INSPECT_XML_H

#include <stdint.h>

#include <strophe.h>

#include "../../ipc/messages.h"

#define XML_WORD 64 /* octets of an access model, a preference, a reason */

struct xml_config {
	char access[XML_WORD]; /* "": it was not told */
	enum told persist;
};

/* The answer to <configure node=…> of a node's owner. */
void config_parse(xmpp_stanza_t *answer, const char *node, struct xml_config *);
/* The answer to <prefs> (XEP-0313): its default, or "". */
void prefs_parse(xmpp_stanza_t *answer, char word[static XML_WORD]);
/* The answer to <time> (XEP-0202): seconds since 1970, or 0. */
uint64_t time_parse(xmpp_stanza_t *answer);
/* The answer to disco#info: a feature; an identity. */
enum told disco_told(xmpp_stanza_t *answer, const char *feature);
enum told
disco_is(xmpp_stanza_t *answer, const char *category, const char *type);

#endif
