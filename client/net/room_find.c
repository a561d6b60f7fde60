/* SPDX-License-Identifier: ISC */
/*
 * Is an address a room? A room's domain is a service of rooms, and says so
 * (XEP-0030). Runs in xmpp-net. No answer: it is none; then a text for it is
 * encrypted to the devices of one account, of which a room has none.
 */
#include <stdlib.h>
#include <string.h>

#include "inspect_xml.h"
#include "room.h"
#include "stanza.h"

static void
on_service(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	char *domain = arg;

	if (!net->exiting)
		front_service(net, domain,
		    disco_is(answer, "conference", "text") == TOLD_YES);
	free(domain);
}

void
room_service_ask(struct net *net, const char *domain)
{
	xmpp_stanza_t *iq;
	char *copy = strdup(domain);

	if (copy == NULL)
		abort();
	iq = xmpp_iq_new(net->ctx, "get", NULL);
	el_set(iq, "to", domain);
	el_add(iq, "query", XMPP_NS_DISCO_INFO);
	iq_send(net, iq, on_service, copy);
}
