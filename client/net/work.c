/* SPDX-License-Identifier: ISC */
/*
 * The keeper's work items, one after another: publications, empty messages,
 * look-ups. Runs in xmpp-net; what is published is what the keeper built.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "net.h"
#include "omemo_xml.h"
#include "pep.h"
#include "stanza.h"

struct work_state {
	int busy;  /* WORK is asked, or an item is in hand */
	int again; /* EVENT_WORK came meanwhile */
	uint64_t item;
	struct timer *timer;
};

struct work_item { /* a WORK reply, read */
	uint8_t work, ns;
	char to[LIMIT_JID + 1], id[LIMIT_STANZA_ID + 1];
	uint32_t device;
	size_t n;
	uint32_t ids[LIMIT_LIST_IDS];
	struct xml_label label; /* of this device; "": none */
	xmpp_stanza_t *bundle;
};

int
work_new(struct net *net)
{
	net->work = calloc(1, sizeof(*net->work));
	net->labels = calloc(1, sizeof(*net->labels));
	return net->work != NULL && net->labels != NULL ? 0 : ERR_MEMORY;
}

/* --- the end of an item ---------------------------------------------------------- */

static void
on_told(void *arg, int err, struct reader *reply)
{
	struct net *net = arg;

	(void)err; /* not told: the keeper hands it out again */
	(void)reply;
	net->work->busy = 0;
	if (!net->exiting)
		work_ask(net);
}

static void
work_end(struct net *net, const char *reason)
{
	struct buffer *b = keeper_body(net);

	if (net->exiting)
		return;
	buffer_put_u64(b, net->work->item);
	buffer_put_u8(b, reason == NULL ? WORK_OK : WORK_FAILED);
	buffer_put_cstring(b, reason != NULL ? reason : "");
	keeper_request(net, M_WORK_DONE, on_told, net);
}

static void
on_published(struct net *net, void *arg, const char *reason)
{
	(void)arg;
	if (reason != NULL && !net->exiting)
		front_notice(
		    net, net->own, "the server does not publish: %s", reason);
	work_end(net, reason);
}

static void
on_withdrawn(struct net *net, void *arg, const char *reason)
{
	(void)arg;
	if (reason != NULL && !net->exiting)
		front_notice(net, net->own,
		    "the server does not delete a bundle: %s", reason);
	work_end(net, reason);
}

static void
on_acked(struct net *net, void *arg, int err)
{
	(void)arg;
	work_end(net, err == 0 ? NULL : "the connection was lost");
}

static void
on_fetched(struct net *net, void *arg)
{
	(void)arg;
	work_end(net, NULL);
}

/* --- an item --------------------------------------------------------------------- */

static int
work_read(struct net *net, struct reader *r, struct work_item *w)
{
	uint32_t i;

	w->work = reader_u8(r);
	w->ns = reader_u8(r);
	reader_cstring(r, w->to, sizeof(w->to));
	reader_cstring(r, w->id, sizeof(w->id));
	w->device = reader_u32(r);
	w->n = reader_count(r, LIMIT_LIST_IDS);
	for (i = 0; i < w->n; i++)
		w->ids[i] = reader_u32(r);
	label_read(r, w->device, &w->label);
	if (w->ns >= DIALECTS)
		return ERR_UNSUPPORTED;
	return bundle_build(r, net->ctx, &dialects[w->ns], &w->bundle);
}

static void
publish_bundle(struct net *net, const struct work_item *w)
{
	const struct dialect *x = &dialects[w->ns];
	xmpp_stanza_t *bundle = xmpp_stanza_clone(w->bundle);
	char node[96], item[16];

	snprintf(item, sizeof(item), "%u", w->device);
	snprintf(node, sizeof(node), "%s%s", x->bundle_node,
	    x->node_each ? item : "");
	publish(net, node, x->node_each ? "current" : item, !x->node_each,
	    bundle, on_published, NULL);
}

static void
publish_list(struct net *net, const struct work_item *w)
{
	const struct dialect *x = &dialects[w->ns];

	publish(net, x->list_node, "current", 0,
	    list_build(net->ctx, x, w->ids, w->n,
		w->ns == NS_OMEMO2 ? net->labels : NULL, &w->label),
	    on_published, NULL);
}

/* In one version a device has a node of its own, in the other an item. */
static void
withdraw(struct net *net, const struct work_item *w)
{
	const struct dialect *x = &dialects[w->ns];
	char node[96], item[16];

	snprintf(item, sizeof(item), "%u", w->device);
	snprintf(node, sizeof(node), "%s%s", x->bundle_node,
	    x->node_each ? item : "");
	if (x->node_each)
		node_delete(net, node, on_withdrawn, NULL);
	else
		item_retract(net, node, item, on_withdrawn, NULL);
}

static void
work_do(struct net *net, struct work_item *w, struct reader *r)
{
	xmpp_stanza_t *m;

	if (w->work == WORK_DEVICES) {
		publish_list(net, w);
	} else if (w->work == WORK_BUNDLE) {
		publish_bundle(net, w);
	} else if (w->work == WORK_EMPTY) {
		m = message_build(net, w->to, w->id, MESSAGE_EMPTY, r);
		if (m == NULL)
			work_end(net, "it cannot be built");
		else
			ack_send(net, m, on_acked, NULL);
	} else if (w->work == WORK_FETCH_DEVICES) {
		pep_fetch_list(net, w->ns, w->to, on_fetched, NULL);
	} else if (w->work == WORK_FETCH_BUNDLE) {
		pep_fetch_bundle(
		    net, w->ns, w->to, w->device, on_fetched, NULL);
	} else if (w->work == WORK_WITHDRAW) {
		withdraw(net, w);
	} else if (w->work == WORK_VERIFY) {
		pep_verify(net, w->ns, w->device, on_fetched, NULL);
	} else
		work_end(net, "unknown work");
}

static void
on_timer(void *arg)
{
	struct net *net = arg;

	net->work->timer = NULL;
	work_ask(net);
}

static void
on_work(void *arg, int err, struct reader *reply)
{
	struct net *net = arg;
	struct work_state *s = net->work;
	struct work_item *w;
	struct reader r;

	s->busy = 0;
	if (net->exiting)
		return;
	if (err != 0) {
		if (keeper_may_retry(err) && s->timer == NULL)
			s->timer = loop_timer(net->loop, 1000, on_timer, net);
		return;
	}
	r = *reply;
	if ((s->item = reader_u64(&r)) == 0) {
		if (s->again)
			work_ask(net);
		return;
	}
	s->busy = 1;
	if ((w = calloc(1, sizeof(*w))) == NULL)
		abort();
	if (work_read(net, &r, w) != 0)
		work_end(net, "it is malformed");
	else
		work_do(net, w, &r);
	if (w->bundle != NULL)
		xmpp_stanza_release(w->bundle);
	free(w);
}

void
work_ask(struct net *net)
{
	struct work_state *s = net->work;

	if (!net->online || net->exiting)
		return;
	s->again = s->busy;
	if (s->busy)
		return;
	s->busy = 1;
	(void)keeper_body(net);
	keeper_request(net, M_WORK, on_work, net);
}
