/* SPDX-License-Identifier: ISC */
/*
 * How long a stanza may be. Runs in xmpp-net; trusts the server with its own
 * limit: one that says too little gets less, and nothing else comes of it.
 */
#include "limits.h"

#include <stdlib.h>
#include <string.h>

#include "stanza.h"

#define NS_LIMITS "urn:xmpp:stream-limits:0"
#define RECEIVED  "RECV: "
#define FEATURES  "<features"

size_t
limits_parse(xmpp_stanza_t *features)
{
	xmpp_stanza_t *el = el_child(features, "limits", NS_LIMITS);
	unsigned long long v;
	char *text, *end;

	if (el != NULL)
		el = el_child(el, "max-bytes", NS_LIMITS);
	if (el == NULL || (text = xmpp_stanza_get_text(el)) == NULL)
		return 0;
	v = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || v > UINT32_MAX)
		v = 0;
	xmpp_free(xmpp_stanza_get_context(features), text);
	return (size_t)v;
}

void
limits_log(struct net *net, const char *message)
{
	const char *text = message + sizeof(RECEIVED) - 1;
	xmpp_stanza_t *features;

	if (strncmp(message, RECEIVED, sizeof(RECEIVED) - 1) != 0 ||
	    strncmp(text, FEATURES, sizeof(FEATURES) - 1) != 0 ||
	    (features = xmpp_stanza_new_from_string(net->ctx, text)) == NULL)
		return;
	net->stanza_max = limits_parse(features);
	xmpp_stanza_release(features);
	if (net->stanza_max == 0)
		net->stanza_max = NET_STANZA;
}

size_t
limits_measure(struct net *net, xmpp_stanza_t *stanza)
{
	char *text;
	size_t len;

	if (xmpp_stanza_to_text(stanza, &text, &len) != XMPP_EOK)
		return 0;
	xmpp_free(net->ctx, text);
	return len;
}
