/* SPDX-License-Identifier: ISC */
/*
 * From the front's wish to a slot: look for the upload service among the
 * server's own, once a connection, and ask it. Runs in xmpp-net. A file's
 * name and size pass through here, never a key: that stays with the front.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "slot.h"
#include "stanza.h"

enum { UNKNOWN, LOOKING, FOUND };

struct slots {
	int state;
	char service[LIMIT_JID + 1]; /* FOUND */
	uint64_t max;
	unsigned pending; /* questions about services on their way */
	int wanted;	  /* the front waits */
	char name[128];
	uint64_t size;
};

int
slots_new(struct net *net)
{
	net->slots = calloc(1, sizeof(*net->slots));
	return net->slots != NULL ? 0 : ERR_MEMORY;
}

static void __attribute__((format(printf, 2, 3)))
refuse(struct net *net, const char *fmt, ...)
{
	char reason[512];
	va_list ap;

	if (!net->slots->wanted)
		return;
	net->slots->wanted = 0;
	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	front_no_slot(net, reason);
}

/* --- asking the service ----------------------------------------------------------- */

static void
on_slot(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	struct slots *s = net->slots;
	struct xml_slot slot;
	const char *why;

	(void)arg;
	if (net->exiting)
		return;
	if (iq_is_error(answer)) {
		refuse(
		    net, "%s: refused: %s", s->service, iq_condition(answer));
		return;
	}
	if (slot_parse(answer, &slot, &why) != 0)
		refuse(net, "%s: %s", s->service, why);
	else if (s->wanted) {
		s->wanted = 0;
		front_slot(net, &slot);
	}
	slot_free(&slot);
}

static void
request(struct net *net)
{
	struct slots *s = net->slots;
	xmpp_stanza_t *iq, *el;
	char size[24];

	if (!s->wanted)
		return;
	if (s->size > s->max) {
		refuse(net, "%s takes files of %" PRIu64 " octets at most",
		    s->service, s->max);
		return;
	}
	iq = xmpp_iq_new(net->ctx, "get", NULL);
	el_set(iq, "to", s->service);
	el = el_add(iq, "request", NS_UPLOAD);
	snprintf(size, sizeof(size), "%" PRIu64, s->size);
	el_set(el, "filename", s->name);
	el_set(el, "size", size);
	el_set(el, "content-type", "application/octet-stream");
	iq_send(net, iq, on_slot, NULL);
}

/* --- looking for it ----------------------------------------------------------------- */

static void
looked(struct net *net)
{
	struct slots *s = net->slots;

	s->pending--;
	if (s->state != LOOKING || s->pending > 0 || net->exiting)
		return;
	s->state = UNKNOWN;
	refuse(net, "%s: it takes no files (XEP-0363)", net->domain);
}

static void
on_info(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	struct slots *s = net->slots;
	uint64_t max;

	if (s->state == LOOKING && !net->exiting &&
	    slot_is_service(answer, &max)) {
		s->state = FOUND;
		s->max = max;
		strlcpy(s->service, arg, sizeof(s->service));
		request(net);
	}
	free(arg);
	looked(net);
}

static void
ask_info(struct net *net, const char *jid)
{
	xmpp_stanza_t *iq;
	char *copy = strdup(jid);

	if (copy == NULL || strlen(jid) > LIMIT_JID) {
		free(copy);
		return;
	}
	iq = xmpp_iq_new(net->ctx, "get", NULL);
	el_set(iq, "to", jid);
	el_add(iq, "query", XMPP_NS_DISCO_INFO);
	net->slots->pending++;
	iq_send(net, iq, on_info, copy);
}

static void
on_items(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	xmpp_stanza_t *el = NULL;
	unsigned n = 0;

	(void)arg;
	if (!net->exiting && !iq_is_error(answer) &&
	    (el = el_child(answer, "query", XMPP_NS_DISCO_ITEMS)) != NULL)
		el = el_child(el, "item", XMPP_NS_DISCO_ITEMS);
	for (; el != NULL && n < SLOT_SERVICES;
	     el = el_next(el, "item", XMPP_NS_DISCO_ITEMS), n++)
		if (*el_get(el, "jid") != '\0' && *el_get(el, "node") == '\0')
			ask_info(net, el_get(el, "jid"));
	looked(net);
}

static void
look(struct net *net)
{
	xmpp_stanza_t *iq = xmpp_iq_new(net->ctx, "get", NULL);

	net->slots->state = LOOKING;
	net->slots->pending++;
	el_set(iq, "to", net->domain);
	el_add(iq, "query", XMPP_NS_DISCO_ITEMS);
	iq_send(net, iq, on_items, NULL);
	ask_info(net, net->domain); /* it may be one itself */
}

void
slot_ask(struct net *net, const char *name, uint64_t size)
{
	struct slots *s = net->slots;

	if (s->wanted || !net->online) {
		front_no_slot(net,
		    s->wanted ? "one is asked for already"
			      : "there is no connection");
		return;
	}
	s->wanted = 1;
	s->size = size;
	strlcpy(s->name, name, sizeof(s->name));
	if (s->state == FOUND)
		request(net);
	else if (s->state == UNKNOWN)
		look(net);
}
