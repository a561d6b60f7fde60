/* SPDX-License-Identifier: ISC */
/*
 * Fetching device lists and bundles. Runs in xmpp-net; what it hands in can
 * name keys, and the keeper's policy alone decides about them.
 */
#include "pep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "omemo_xml.h"
#include "stanza.h"

struct fetch {
	struct net *net;
	uint8_t ns;
	char *peer;
	uint32_t device; /* 0: the list */
	char node[96];
	char item[16]; /* "": the list's, or the only one */
	int strict;    /* only what the server says is not there is absent */
	pep_done *done;
	void *arg;
};

static void
fetch_finish(struct fetch *f)
{
	f->done(f->net, f->arg);
	free(f->peer);
	free(f);
}

static void
on_handed_in(void *arg, int err, struct reader *reply)
{
	struct fetch *f = arg;

	(void)reply;
	if (err != 0 && !keeper_may_retry(err))
		front_notice(f->net, f->peer, "%s: the agent refuses it: %s",
		    f->device == 0 ? "device list" : "bundle",
		    keeper_why(f->net, err));
	fetch_finish(f);
}

/* --- the answers ----------------------------------------------------------------- */

/* The item of that id; NULL: "current", else the first. */
static xmpp_stanza_t *
find_item(xmpp_stanza_t *items, const char *ns, const char *id)
{
	xmpp_stanza_t *first = el_child(items, "item", ns), *el;

	for (el = first; el != NULL; el = el_next(el, "item", ns))
		if (strcmp(el_get(el, "id"), id != NULL ? id : "current") == 0)
			return el;
	return id != NULL ? NULL : first;
}

int
pep_payload(
    xmpp_stanza_t *answer, const struct pep_wanted *w, xmpp_stanza_t **payload)
{
	xmpp_stanza_t *el;

	*payload = NULL;
	if (iq_is_error(answer))
		return strcmp(iq_condition(answer), "item-not-found") == 0
		    ? ERR_NOT_FOUND
		    : ERR_EOF;
	if ((el = el_child(answer, "pubsub", NS_PUBSUB)) == NULL ||
	    (el = el_child(el, "items", NS_PUBSUB)) == NULL ||
	    strcmp(el_get(el, "node"), w->node) != 0)
		return ERR_BAD_MESSAGE;
	if ((el = find_item(el, NS_PUBSUB, w->item)) == NULL)
		return ERR_NOT_FOUND;
	*payload = el_child(el, w->name, w->ns);
	return *payload != NULL ? 0 : ERR_BAD_MESSAGE;
}

static void
put_list(struct buffer *b, uint8_t ns, const char *peer, int status,
    struct xml_list *list)
{
	size_t i;

	buffer_put_u8(b, ns);
	buffer_put_cstring(b, peer);
	buffer_put_u8(b, (uint8_t)status);
	buffer_put_u32(b, list != NULL ? (uint32_t)list->n : 0);
	for (i = 0; list != NULL && i < list->n; i++)
		buffer_put_u32(b, list->ids[i]);
}

static void
hand_in_list(struct net *net, uint8_t ns, const char *peer, int status,
    xmpp_stanza_t *payload, keeper_done *done, void *arg)
{
	const struct dialect *x = &dialects[ns];
	struct xml_list *list = NULL;

	if (payload != NULL && (list = malloc(sizeof(*list))) != NULL)
		list_parse(payload, x, list);
	else if (payload != NULL)
		status = LIST_UNKNOWN;
	if (list != NULL && list->listed > LIMIT_DEVICES)
		front_notice(net, peer,
		    "its device list has %zu devices: no more than %d of them "
		    "are kept and written to",
		    list->listed, LIMIT_DEVICES);
	if (list != NULL && ns == NS_OMEMO2 && strcmp(peer, net->own) == 0)
		labels_parse(payload, x, net->labels);
	put_list(keeper_body(net), ns, peer, status, list);
	free(list);
	keeper_request(net, M_DEVICES, done, arg);
}

static void
on_list(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	struct fetch *f = arg;
	const struct dialect *x = &dialects[f->ns];
	const struct pep_wanted w = { f->node, NULL, x->list, x->ns };
	xmpp_stanza_t *payload;
	int err = pep_payload(answer, &w, &payload);

	if (err == ERR_BAD_MESSAGE)
		front_notice(net, f->peer, "its device list is malformed");
	hand_in_list(net, f->ns, f->peer,
	    err == 0 || err == ERR_NOT_FOUND ? LIST_READ : LIST_UNKNOWN,
	    payload, on_handed_in, f);
}

static void
put_key(struct buffer *b, const struct xml_bundle_key *key)
{
	buffer_put_string(b, key->bytes, key->len);
}

static void
put_bundle(struct buffer *b, const struct fetch *f, int status,
    const struct xml_bundle *x)
{
	static const struct xml_bundle none;
	size_t i;

	if (x == NULL)
		x = &none;
	buffer_put_u8(b, f->ns);
	buffer_put_cstring(b, f->peer);
	buffer_put_u32(b, f->device);
	buffer_put_u8(b, (uint8_t)status);
	put_key(b, &x->identity);
	buffer_put_u32(b, x->spk.id);
	put_key(b, &x->spk);
	put_key(b, &x->signature);
	buffer_put_u32(b, (uint32_t)x->n);
	for (i = 0; i < x->n; i++) {
		buffer_put_u32(b, x->prekeys[i].id);
		put_key(b, &x->prekeys[i]);
	}
}

static void
on_bundle(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	struct fetch *f = arg;
	struct xml_bundle *read = NULL;
	xmpp_stanza_t *payload;
	const char *why = "it is malformed";
	const struct dialect *x = &dialects[f->ns];
	const struct pep_wanted w = { f->node, x->node_each ? NULL : f->item,
		"bundle", x->ns };
	int err = pep_payload(answer, &w, &payload);

	if (err == 0 && (read = calloc(1, sizeof(*read))) == NULL)
		err = ERR_EOF;
	if (err == 0)
		err = bundle_parse(payload, x, read, &why);
	if (err == ERR_BAD_MESSAGE)
		front_notice(
		    net, f->peer, "bundle of device %u: %s", f->device, why);
	put_bundle(keeper_body(net), f,
	    err == 0 ? BUNDLE_HERE
		: err == ERR_EOF || (f->strict && err != ERR_NOT_FOUND)
		? BUNDLE_UNREACHABLE
		: BUNDLE_ABSENT,
	    err == 0 ? read : NULL);
	free(read);
	keeper_request(net, M_BUNDLE, on_handed_in, f);
}

/* --- the questions --------------------------------------------------------------- */

static struct fetch *
fetch_new(struct net *net, uint8_t ns, const char *peer, uint32_t device,
    pep_done *done, void *arg)
{
	struct fetch *f = calloc(1, sizeof(*f));
	const struct dialect *x = &dialects[ns];

	if (f == NULL || (f->peer = strdup(peer)) == NULL)
		abort();
	f->net = net;
	f->ns = ns;
	f->device = device;
	f->done = done;
	f->arg = arg;
	if (device == 0)
		snprintf(f->node, sizeof(f->node), "%s", x->list_node);
	else if (x->node_each)
		snprintf(
		    f->node, sizeof(f->node), "%s%u", x->bundle_node, device);
	else {
		snprintf(f->node, sizeof(f->node), "%s", x->bundle_node);
		snprintf(f->item, sizeof(f->item), "%u", device);
	}
	return f;
}

static void
fetch_send(struct fetch *f, iq_done *done)
{
	xmpp_stanza_t *iq = xmpp_iq_new(f->net->ctx, "get", NULL);
	xmpp_stanza_t *el = el_add(iq, "pubsub", NS_PUBSUB);

	el_set(iq, "to", f->peer);
	el = el_add(el, "items", NULL);
	el_set(el, "node", f->node);
	if (f->item[0] != '\0')
		el_set(el_add(el, "item", NULL), "id", f->item);
	iq_send(f->net, iq, done, f);
}

void
pep_fetch_list(
    struct net *net, uint8_t ns, const char *peer, pep_done *done, void *arg)
{
	fetch_send(fetch_new(net, ns, peer, 0, done, arg), on_list);
}

void
pep_fetch_bundle(struct net *net, uint8_t ns, const char *peer, uint32_t device,
    pep_done *done, void *arg)
{
	fetch_send(fetch_new(net, ns, peer, device, done, arg), on_bundle);
}

/* --- reading back ----------------------------------------------------------------- */

static void
on_list_read(struct net *net, void *arg)
{
	struct fetch *f = arg;

	if (net->exiting)
		fetch_finish(f);
	else
		fetch_send(f, on_bundle);
}

void
pep_verify(
    struct net *net, uint8_t ns, uint32_t device, pep_done *done, void *arg)
{
	struct fetch *f = fetch_new(net, ns, net->own, device, done, arg);

	f->strict = 1;
	pep_fetch_list(net, ns, net->own, on_list_read, f);
}

/* --- notifications --------------------------------------------------------------- */

static void
on_noticed(void *arg, int err, struct reader *reply)
{
	(void)arg;
	(void)err;
	(void)reply;
}

void
pep_event(struct net *net, xmpp_stanza_t *message)
{
	const char *from = xmpp_stanza_get_from(message);
	xmpp_stanza_t *el = el_child(message, "event", NS_PUBSUB_EV);
	const char *node;
	uint8_t ns = 0;

	if (from == NULL)
		from = net->own;
	if (strchr(from, '/') != NULL || strlen(from) > LIMIT_JID ||
	    !net->attached)
		return; /* an account's nodes speak as its bare JID */
	if ((el = el_child(el, "items", NS_PUBSUB_EV)) == NULL)
		return;
	node = el_get(el, "node");
	while (ns < DIALECTS && strcmp(node, dialects[ns].list_node) != 0)
		ns++;
	if (ns == DIALECTS ||
	    (el = find_item(el, NS_PUBSUB_EV, NULL)) == NULL ||
	    (el = el_child(el, dialects[ns].list, dialects[ns].ns)) == NULL)
		return;
	hand_in_list(net, ns, from, LIST_READ, el, on_noticed, NULL);
}
