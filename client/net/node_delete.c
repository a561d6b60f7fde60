/* SPDX-License-Identifier: ISC */
/*
 * Deleting a node of the own account, or an item of one: the node as its owner (XEP-0060, 8.4), or where
 * a server cannot do that, its one item. Runs in xmpp-net; what is deleted
 * the keeper has said, and it has it read back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pep.h"
#include "stanza.h"

struct deletion {
	char *node, *item;
	int by_item; /* the second try, or all that is wanted */
	publish_done *done;
	void *arg;
};

static void step(struct net *, struct deletion *);

static void
on_answer(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	struct deletion *w = arg;
	char reason[128] = "";

	if (iq_is_error(answer))
		snprintf(reason, sizeof(reason), "%s", iq_condition(answer));
	if (answer != NULL && reason[0] != '\0' && !w->by_item &&
	    strcmp(reason, "item-not-found") != 0) {
		w->by_item = 1;
		step(net, w);
		return;
	}
	if (strcmp(reason, "item-not-found") == 0)
		reason[0] = '\0'; /* it is not there */
	w->done(net, w->arg, reason[0] != '\0' ? reason : NULL);
	free(w->node);
	free(w->item);
	free(w);
}

static void
step(struct net *net, struct deletion *w)
{
	xmpp_stanza_t *iq = xmpp_iq_new(net->ctx, "set", NULL), *el;

	if (w->by_item) {
		el = el_add(el_add(iq, "pubsub", NS_PUBSUB), "retract", NULL);
		el_set(el, "node", w->node);
		el_set(el_add(el, "item", NULL), "id", w->item);
	} else {
		el =
		    el_add(el_add(iq, "pubsub", NS_PUBSUB_OWN), "delete", NULL);
		el_set(el, "node", w->node);
	}
	iq_send(net, iq, on_answer, w);
}

static void
begin(struct net *net, const char *node, const char *item, int by_item,
    publish_done *done, void *arg)
{
	struct deletion *w = calloc(1, sizeof(*w));

	if (w == NULL || (w->node = strdup(node)) == NULL ||
	    (w->item = strdup(item)) == NULL)
		abort();
	w->by_item = by_item;
	w->done = done;
	w->arg = arg;
	step(net, w);
}

void
node_delete(struct net *net, const char *node, publish_done *done, void *arg)
{
	begin(net, node, "current", 0, done, arg);
}

void
item_retract(struct net *net, const char *node, const char *item,
    publish_done *done, void *arg)
{
	begin(net, node, item, 1, done, arg);
}
