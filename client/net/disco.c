/* SPDX-License-Identifier: ISC */
/*
 * Service discovery. Runs in xmpp-net. What is said about us is fixed: no
 * program version, no system, no time.
 */
#include "disco.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "stanza.h"

#define CAPS_NODE	  "https://xmpp-agent.invalid/caps"
#define IDENTITY_CATEGORY "client"
#define IDENTITY_TYPE	  "console"
#define IDENTITY_NAME	  "xmpp-agent"

/* In the order of their octets, as XEP-0115 5.1 hashes them. */
static const char *const features[] = {
	NODE_LIST "+notify",
	NS_CAPS,
	XMPP_NS_DISCO_INFO,
	NS_EME,
	NODE_LIST2 "+notify",
	NS_PING,
};
#define NFEATURES (sizeof(features) / sizeof(features[0]))

char *
disco_hash(void)
{
	unsigned char digest[XMPP_SHA1_DIGEST_SIZE];
	char text[1024];
	size_t i;
	int n;

	n = snprintf(text, sizeof(text), "%s/%s//%s<", IDENTITY_CATEGORY,
	    IDENTITY_TYPE, IDENTITY_NAME);
	for (i = 0; i < NFEATURES; i++)
		n += snprintf(
		    text + n, sizeof(text) - (size_t)n, "%s<", features[i]);
	xmpp_sha1_digest((unsigned char *)text, (size_t)n, digest);
	return base64_encode(digest, sizeof(digest));
}

void
disco_caps(struct net *net, xmpp_stanza_t *presence)
{
	xmpp_stanza_t *c = el_add(presence, "c", NS_CAPS);
	char *hash = disco_hash();

	(void)net;
	el_set(c, "hash", "sha-1");
	el_set(c, "node", CAPS_NODE);
	el_set(c, "ver", hash != NULL ? hash : "");
	free(hash);
}

xmpp_stanza_t *
disco_answer(struct net *net, xmpp_stanza_t *iq, xmpp_stanza_t *query)
{
	const char *node = el_get(query, "node");
	xmpp_stanza_t *answer, *q, *identity;
	size_t i;

	(void)net;
	if ((answer = xmpp_stanza_reply(iq)) == NULL)
		return NULL;
	el_set(answer, "type", "result");
	q = el_add(answer, "query", XMPP_NS_DISCO_INFO);
	if (*node != '\0' &&
	    strncmp(node, CAPS_NODE "#", sizeof(CAPS_NODE)) == 0)
		el_set(q, "node", node);
	identity = el_add(q, "identity", NULL);
	el_set(identity, "category", IDENTITY_CATEGORY);
	el_set(identity, "type", IDENTITY_TYPE);
	el_set(identity, "name", IDENTITY_NAME);
	for (i = 0; i < NFEATURES; i++)
		el_set(el_add(q, "feature", NULL), "var", features[i]);
	return answer;
}

int
disco_has(xmpp_stanza_t *answer, const char *feature)
{
	xmpp_stanza_t *el;

	if (iq_is_error(answer) ||
	    (el = el_child(answer, "query", XMPP_NS_DISCO_INFO)) == NULL)
		return 0;
	el = el_child(el, "feature", XMPP_NS_DISCO_INFO);
	for (; el != NULL; el = el_next(el, "feature", XMPP_NS_DISCO_INFO))
		if (strcmp(el_get(el, "var"), feature) == 0)
			return 1;
	return 0;
}

void
disco_ask(struct net *net, const char *to, iq_done *done)
{
	xmpp_stanza_t *iq = xmpp_iq_new(net->ctx, "get", NULL);

	el_set(iq, "to", to);
	el_add(iq, "query", XMPP_NS_DISCO_INFO);
	iq_send(net, iq, done, NULL);
}
