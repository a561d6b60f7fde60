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
	char *peer;
	uint32_t device; /* 0: the list */
	char node[96];
	int strict; /* only what the server says is not there is absent */
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

static xmpp_stanza_t *
find_item(xmpp_stanza_t *items, const char *ns)
{
	xmpp_stanza_t *first = el_child(items, "item", ns), *el;

	for (el = first; el != NULL; el = el_next(el, "item", ns))
		if (strcmp(el_get(el, "id"), "current") == 0)
			return el;
	return first;
}

int
pep_payload(xmpp_stanza_t *answer, const char *node, const char *name,
    xmpp_stanza_t **payload)
{
	xmpp_stanza_t *el;

	*payload = NULL;
	if (iq_is_error(answer))
		return strcmp(iq_condition(answer), "item-not-found") == 0
		    ? ERR_NOT_FOUND
		    : ERR_EOF;
	if ((el = el_child(answer, "pubsub", NS_PUBSUB)) == NULL ||
	    (el = el_child(el, "items", NS_PUBSUB)) == NULL ||
	    strcmp(el_get(el, "node"), node) != 0)
		return ERR_BAD_MESSAGE;
	if ((el = find_item(el, NS_PUBSUB)) == NULL)
		return ERR_NOT_FOUND;
	*payload = el_child(el, name, NS_OMEMO_XML);
	return *payload != NULL ? 0 : ERR_BAD_MESSAGE;
}

static void
put_list(struct buffer *b, const char *peer, int status, struct xml_list *list)
{
	size_t i;

	buffer_put_u8(b, NS_LEGACY);
	buffer_put_cstring(b, peer);
	buffer_put_u8(b, (uint8_t)status);
	buffer_put_u32(b, list != NULL ? (uint32_t)list->n : 0);
	for (i = 0; list != NULL && i < list->n; i++)
		buffer_put_u32(b, list->ids[i]);
}

static void
hand_in_list(struct net *net, const char *peer, int status,
    xmpp_stanza_t *payload, keeper_done *done, void *arg)
{
	struct xml_list *list = NULL;

	if (payload != NULL && (list = malloc(sizeof(*list))) != NULL)
		list_parse(payload, list);
	else if (payload != NULL)
		status = LIST_UNKNOWN;
	put_list(keeper_body(net), peer, status, list);
	free(list);
	keeper_request(net, M_DEVICES, done, arg);
}

static void
on_list(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	struct fetch *f = arg;
	xmpp_stanza_t *payload;
	int err = pep_payload(answer, f->node, "list", &payload);

	if (err == ERR_BAD_MESSAGE)
		front_notice(net, f->peer, "its device list is malformed");
	hand_in_list(net, f->peer,
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
	buffer_put_u8(b, NS_LEGACY);
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
	struct xml_bundle *x = NULL;
	xmpp_stanza_t *payload;
	const char *why = "it is malformed";
	int err = pep_payload(answer, f->node, "bundle", &payload);

	if (err == 0 && (x = calloc(1, sizeof(*x))) == NULL)
		err = ERR_EOF;
	if (err == 0)
		err = bundle_parse(payload, x, &why);
	if (err == ERR_BAD_MESSAGE)
		front_notice(
		    net, f->peer, "bundle of device %u: %s", f->device, why);
	put_bundle(keeper_body(net), f,
	    err == 0 ? BUNDLE_HERE
		: err == ERR_EOF || (f->strict && err != ERR_NOT_FOUND)
		? BUNDLE_UNREACHABLE
		: BUNDLE_ABSENT,
	    err == 0 ? x : NULL);
	free(x);
	keeper_request(net, M_BUNDLE, on_handed_in, f);
}

/* --- the questions --------------------------------------------------------------- */

static struct fetch *
fetch_new(struct net *net, const char *peer, uint32_t device, pep_done *done,
    void *arg)
{
	struct fetch *f = calloc(1, sizeof(*f));

	if (f == NULL || (f->peer = strdup(peer)) == NULL)
		abort();
	f->net = net;
	f->device = device;
	f->done = done;
	f->arg = arg;
	if (device == 0)
		snprintf(f->node, sizeof(f->node), "%s", NODE_LIST);
	else
		snprintf(f->node, sizeof(f->node), NODE_BUNDLE "%u", device);
	return f;
}

static void
fetch_send(struct fetch *f, iq_done *done)
{
	xmpp_stanza_t *iq = xmpp_iq_new(f->net->ctx, "get", NULL);
	xmpp_stanza_t *el = el_add(iq, "pubsub", NS_PUBSUB);

	el_set(iq, "to", f->peer);
	el_set(el_add(el, "items", NULL), "node", f->node);
	iq_send(f->net, iq, done, f);
}

void
pep_fetch_list(struct net *net, const char *peer, pep_done *done, void *arg)
{
	fetch_send(fetch_new(net, peer, 0, done, arg), on_list);
}

void
pep_fetch_bundle(struct net *net, const char *peer, uint32_t device,
    pep_done *done, void *arg)
{
	fetch_send(fetch_new(net, peer, device, done, arg), on_bundle);
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
pep_verify(struct net *net, uint32_t device, pep_done *done, void *arg)
{
	struct fetch *f = fetch_new(net, net->own, device, done, arg);

	f->strict = 1;
	pep_fetch_list(net, net->own, on_list_read, f);
}

void
pep_refuse(struct net *net, const char *peer, uint8_t ns, uint32_t device,
    pep_done *done, void *arg)
{
	struct fetch *f = fetch_new(net, peer, device, done, arg);
	struct buffer *b = keeper_body(net);
	size_t at = b->len;

	if (device == 0)
		put_list(b, peer, LIST_UNKNOWN, NULL);
	else
		put_bundle(b, f, BUNDLE_ABSENT, NULL);
	if (b->err == 0)
		b->data[at] = ns;
	keeper_request(
	    net, device == 0 ? M_DEVICES : M_BUNDLE, on_handed_in, f);
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

	if (from == NULL)
		from = net->own;
	if (strchr(from, '/') != NULL || strlen(from) > LIMIT_JID ||
	    !net->attached)
		return; /* an account's nodes speak as its bare JID */
	if ((el = el_child(el, "items", NS_PUBSUB_EV)) == NULL ||
	    strcmp(el_get(el, "node"), NODE_LIST) != 0 ||
	    (el = find_item(el, NS_PUBSUB_EV)) == NULL ||
	    (el = el_child(el, "list", NS_OMEMO_XML)) == NULL)
		return;
	hand_in_list(net, from, LIST_READ, el, on_noticed, NULL);
}
