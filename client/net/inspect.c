/* SPDX-License-Identifier: ISC */
/*
 * What the server has of the account: asked for at once, told to the front as
 * typed fields, which alone compares them. Runs in an xmpp-net that was
 * started for this and has no right at the keeper. Nothing is changed but
 * what the front asks for: a node's configuration.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "disco.h"
#include "inspect_xml.h"
#include "net.h"
#include "omemo_xml.h"
#include "pep.h"
#include "stanza.h"

#define PREKEYS_A_PACKET 64 /* 72 octets each at most */

struct listed { /* a device on the list, and its bundle */
	uint32_t id;
	enum node_state bundle;
};

struct seen_node {
	enum node_state state;
	char why[XML_WORD];
	struct xml_config config;
};

struct inspection {
	unsigned pending; /* answers that are to come */
	uint8_t ns;
	uint32_t device; /* 0: none */
	enum told archive, carbons, pep, options;
	char preference[XML_WORD];
	uint64_t time;
	struct seen_node list, bundle;
	struct xml_list ids;
	struct xml_labels labels; /* of OMEMO 2 */
	size_t nlisted;
	struct listed listed[NET_OTHERS];
	struct xml_bundle keys;
};

int
inspection_new(struct net *net)
{
	net->inspection = calloc(1, sizeof(*net->inspection));
	return net->inspection != NULL ? 0 : ERR_MEMORY;
}

/* --- to the front ---------------------------------------------------------- */

static void
tell(struct net *net, uint8_t type, struct buffer *b)
{
	if (net->front != NULL && b->err == 0)
		(void)connection_send(net->front, type, 0, b->data, b->len);
	buffer_free(b);
}

static void
put_node(struct buffer *b, const struct seen_node *node)
{
	buffer_init(b, FRAME_MAX);
	buffer_put_u8(b, (uint8_t)node->state);
	buffer_put_cstring(b, node->why);
	buffer_put_cstring(b, node->config.access);
	buffer_put_u8(b, (uint8_t)node->config.persist);
}

static void
tell_server(struct net *net, const struct inspection *in)
{
	struct buffer b;

	buffer_init(&b, FRAME_MAX);
	buffer_put_u8(&b, (uint8_t)in->archive);
	buffer_put_cstring(&b, in->preference);
	buffer_put_u8(&b, (uint8_t)in->carbons);
	buffer_put_u8(&b, (uint8_t)in->pep);
	buffer_put_u8(&b, (uint8_t)in->options);
	buffer_put_u64(&b, in->time);
	tell(net, M_NET_SEEN_SERVER, &b);
}

static void
tell_list(struct net *net, const struct inspection *in)
{
	struct buffer b;

	put_node(&b, &in->list);
	buffer_put_u32(&b, (uint32_t)in->ids.n);
	buffer_put_u32(&b, (uint32_t)in->nlisted);
	for (size_t i = 0; i < in->nlisted; i++) {
		buffer_put_u32(&b, in->listed[i].id);
		buffer_put_u8(&b, (uint8_t)in->listed[i].bundle);
	}
	tell(net, M_NET_SEEN_LIST, &b);
}

/* The signature as octets: whoever verifies it has no base64. */
static void
tell_labels(struct net *net, const struct inspection *in)
{
	const struct xml_label *label;
	uint8_t sig[XML_SIGNATURE];
	struct buffer b;
	size_t len;

	for (size_t i = 0; i < in->labels.n; i++) {
		label = &in->labels.v[i];
		if (base64_decode(label->signature, sig, sizeof(sig), &len) !=
		    0)
			len = 0; /* none that is good */
		buffer_init(&b, FRAME_MAX);
		buffer_put_u32(&b, label->id);
		buffer_put_cstring(&b, label->label);
		buffer_put_string(&b, sig, len);
		tell(net, M_NET_SEEN_LABEL, &b);
	}
}

static void
tell_bundle(struct net *net, const struct inspection *in)
{
	struct buffer b;

	put_node(&b, &in->bundle);
	buffer_put_string(&b, in->keys.identity.bytes, in->keys.identity.len);
	buffer_put_u32(&b, in->keys.spk.id);
	buffer_put_string(&b, in->keys.spk.bytes, in->keys.spk.len);
	buffer_put_string(&b, in->keys.signature.bytes, in->keys.signature.len);
	tell(net, M_NET_SEEN_BUNDLE, &b);
}

static void
tell_prekeys(struct net *net, const struct inspection *in)
{
	size_t i, n, end;
	struct buffer b;

	for (i = 0; i < in->keys.n; i = end) {
		n = in->keys.n - i;
		end = i + (n < PREKEYS_A_PACKET ? n : PREKEYS_A_PACKET);
		buffer_init(&b, FRAME_MAX);
		buffer_put_u32(&b, (uint32_t)(end - i));
		for (n = i; n < end; n++) {
			buffer_put_u32(&b, in->keys.prekeys[n].id);
			buffer_put_string(&b, in->keys.prekeys[n].bytes,
			    in->keys.prekeys[n].len);
		}
		tell(net, M_NET_SEEN_PREKEYS, &b);
	}
}

static void
tell_all(struct net *net, const struct inspection *in)
{
	struct buffer end;

	tell_server(net, in);
	tell_labels(net, in);
	tell_list(net, in);
	if (in->device != 0) {
		tell_bundle(net, in);
		tell_prekeys(net, in);
	}
	buffer_init(&end, FRAME_MAX);
	tell(net, M_NET_INSPECTED, &end);
}

/* --- questions ------------------------------------------------------------- */

static void
ask(struct net *net, xmpp_stanza_t *iq, iq_done *done, void *arg)
{
	net->inspection->pending++;
	iq_send(net, iq, done, arg);
}

/* One answer is in; with the last one everything is told. */
static void
answered(struct net *net)
{
	if (--net->inspection->pending == 0 && !net->exiting)
		tell_all(net, net->inspection);
}

/* Where a device's bundle is (0: the list): the node, and its item or "". */
static void
node_name(
    uint8_t ns, uint32_t device, char node[static 96], char item[static 16])
{
	const struct dialect *x = &dialects[ns];

	item[0] = '\0';
	if (device == 0)
		snprintf(node, 96, "%s", x->list_node);
	else if (x->node_each)
		snprintf(node, 96, "%s%u", x->bundle_node, device);
	else {
		snprintf(node, 96, "%s", x->bundle_node);
		snprintf(item, 16, "%u", device);
	}
}

static void
ask_items(struct net *net, uint32_t device, iq_done *done, void *arg)
{
	xmpp_stanza_t *iq = xmpp_iq_new(net->ctx, "get", NULL);
	xmpp_stanza_t *el = el_add(iq, "pubsub", NS_PUBSUB);
	char node[96], item[16];

	node_name(net->inspection->ns, device, node, item);
	el_set(iq, "to", net->own);
	el = el_add(el, "items", NULL);
	el_set(el, "node", node);
	if (item[0] != '\0')
		el_set(el_add(el, "item", NULL), "id", item);
	ask(net, iq, done, arg);
}

static void
ask_config(struct net *net, uint32_t device, iq_done *done)
{
	xmpp_stanza_t *iq = xmpp_iq_new(net->ctx, "get", NULL);
	char node[96], item[16];

	node_name(net->inspection->ns, device, node, item);
	el_set(iq, "to", net->own);
	el_set(el_add(el_add(iq, "pubsub", NS_PUBSUB_OWN), "configure", NULL),
	    "node", node);
	ask(net, iq, done, NULL);
}

static void
ask_one(struct net *net, const char *to, const char *name, const char *ns,
    iq_done *done)
{
	xmpp_stanza_t *iq = xmpp_iq_new(net->ctx, "get", NULL);

	if (to != NULL)
		el_set(iq, "to", to);
	el_add(iq, name, ns);
	ask(net, iq, done, NULL);
}

/* --- the server ------------------------------------------------------------ */

static void
on_prefs(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	(void)arg;
	prefs_parse(answer, net->inspection->preference);
	answered(net);
}

static void
on_account(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	struct inspection *in = net->inspection;

	(void)arg;
	in->archive = disco_told(answer, NS_MAM);
	in->pep = disco_is(answer, "pubsub", "pep");
	in->options = disco_told(answer, NS_PUBSUB_OPTS);
	if (in->archive == TOLD_YES)
		ask_one(net, net->own, "prefs", NS_MAM, on_prefs);
	answered(net);
}

static void
on_domain(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	(void)arg;
	net->inspection->carbons = disco_told(answer, NS_CARBONS);
	answered(net);
}

static void
on_time(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	(void)arg;
	net->inspection->time = time_parse(answer);
	answered(net);
}

/* --- the nodes ------------------------------------------------------------- */

/* What is there; payload as pep_payload has it. */
static enum node_state
node_read(xmpp_stanza_t *answer, uint8_t ns, uint32_t device,
    xmpp_stanza_t **payload, char why[static XML_WORD])
{
	const struct dialect *x = &dialects[ns];
	char node[96], item[16];
	struct pep_wanted w = { node, NULL, device == 0 ? x->list : "bundle",
		x->ns };
	int err;

	node_name(ns, device, node, item);
	if (item[0] != '\0')
		w.item = item;
	err = pep_payload(answer, &w, payload);
	why[0] = '\0';
	if (err == ERR_NOT_FOUND)
		return NODE_ABSENT;
	if (err == ERR_BAD_MESSAGE) {
		snprintf(why, XML_WORD, "it holds something else");
		return NODE_MALFORMED;
	}
	if (err != 0) {
		snprintf(why, XML_WORD, "%s", iq_condition(answer));
		return NODE_UNREADABLE;
	}
	return NODE_HERE;
}

static enum node_state
bundle_read(xmpp_stanza_t *answer, uint8_t ns, uint32_t device,
    struct xml_bundle *keys, char why[static XML_WORD])
{
	xmpp_stanza_t *payload;
	const char *wrong;
	enum node_state state = node_read(answer, ns, device, &payload, why);

	if (state != NODE_HERE ||
	    bundle_parse(payload, &dialects[ns], keys, &wrong) == 0)
		return state;
	snprintf(why, XML_WORD, "%s", wrong);
	memset(keys, 0, sizeof(*keys));
	return NODE_MALFORMED;
}

static void
on_other(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	struct listed *other = arg;
	struct xml_bundle *keys = calloc(1, sizeof(*keys));
	char why[XML_WORD];

	if (keys == NULL)
		abort(); /* out of memory: this process is expendable */
	other->bundle =
	    bundle_read(answer, net->inspection->ns, other->id, keys, why);
	free(keys);
	answered(net);
}

static void
on_list(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	struct inspection *in = net->inspection;
	xmpp_stanza_t *payload;

	(void)arg;
	in->list.state = node_read(answer, in->ns, 0, &payload, in->list.why);
	if (in->list.state == NODE_HERE)
		list_parse(payload, &dialects[in->ns], &in->ids);
	if (in->list.state == NODE_HERE && in->ns == NS_OMEMO2)
		labels_parse(payload, &dialects[in->ns], &in->labels);
	for (size_t i = 0; i < in->ids.n; i++) {
		struct listed *l = &in->listed[in->nlisted];
		int own = in->ids.ids[i] == in->device;

		/* the last place is kept for the own one */
		if (!own && in->nlisted >= NET_OTHERS - 1)
			continue;
		if (in->nlisted == NET_OTHERS)
			break;
		*l = (struct listed){ in->ids.ids[i], NODE_HERE };
		in->nlisted++;
		if (!own)
			ask_items(net, l->id, on_other, l);
	}
	answered(net);
}

static void
on_list_config(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	(void)arg;
	config_parse(answer, dialects[net->inspection->ns].list_node,
	    &net->inspection->list.config);
	answered(net);
}

static void
on_bundle(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	struct inspection *in = net->inspection;

	(void)arg;
	in->bundle.state =
	    bundle_read(answer, in->ns, in->device, &in->keys, in->bundle.why);
	answered(net);
}

static void
on_bundle_config(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	struct inspection *in = net->inspection;
	char node[96], item[16];

	(void)arg;
	node_name(in->ns, in->device, node, item);
	config_parse(answer, node, &in->bundle.config);
	answered(net);
}

int
inspect(struct net *net, uint8_t ns, uint32_t device)
{
	struct inspection *in = net->inspection;

	if (in->pending != 0)
		return ERR_BUSY;
	memset(in, 0, sizeof(*in));
	in->ns = ns;
	in->device = device;
	in->pending = 1; /* until all is asked */
	ask_one(net, net->own, "query", XMPP_NS_DISCO_INFO, on_account);
	ask_one(net, net->domain, "query", XMPP_NS_DISCO_INFO, on_domain);
	ask_one(net, net->domain, "time", NS_TIME, on_time);
	ask_items(net, 0, on_list, NULL);
	ask_config(net, 0, on_list_config);
	if (device != 0) {
		ask_items(net, device, on_bundle, NULL);
		ask_config(net, device, on_bundle_config);
	}
	answered(net);
	return 0;
}

/* --- mending --------------------------------------------------------------- */

static void
on_configured(struct net *net, void *arg, const char *reason)
{
	struct buffer b;

	(void)arg;
	buffer_init(&b, FRAME_MAX);
	buffer_put_cstring(&b, reason != NULL ? reason : "");
	tell(net, M_NET_CONFIGURED, &b);
}

int
inspect_configure(struct net *net, uint8_t ns, uint32_t device)
{
	char node[96], item[16];

	node_name(ns, device, node, item);
	publish_configure(net, node, item[0] != '\0', on_configured, NULL);
	return 0;
}
