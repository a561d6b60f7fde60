/* SPDX-License-Identifier: ISC */
/*
 * Publishing an item that everyone may read. Runs in xmpp-net. A node that
 * exists with another configuration refuses the publish-options
 * (precondition-not-met): then it is configured and the item published
 * again; at last without options, and configured after. A server that does not
 * know "max" is asked for a number of items, and one that takes none with a
 * publication (ejabberd) for that number when it is configured after.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pep.h"
#include "stanza.h"

enum step {
	STEP_PUBLISH,	/* with options */
	STEP_CONFIGURE, /* the node refused them */
	STEP_AGAIN,	/* with options */
	STEP_PLAIN,	/* without */
	STEP_OPEN,	/* configure what was published without */
};

/* How many items a node of many is to hold; some servers refuse "max". */
#define ITEMS "250"
static const char *const item_counts[] = { "max", ITEMS, NULL };

struct publication {
	enum step step;
	char *node, *item;
	int many;
	size_t count; /* of item_counts */
	int done_with_options;
	xmpp_stanza_t *payload;
	publish_done *done;
	void *arg;
};

static void publish_step(struct net *, struct publication *);

static void
publish_finish(struct net *net, struct publication *p, const char *reason)
{
	p->done(net, p->arg, reason);
	xmpp_stanza_release(p->payload);
	free(p->node);
	free(p->item);
	free(p);
}

static int
is_precondition(xmpp_stanza_t *answer)
{
	xmpp_stanza_t *el = xmpp_stanza_get_child_by_name(answer, "error");

	return el != NULL &&
	    el_child(el, "precondition-not-met", NS_PUBSUB_ERR) != NULL;
}

/* Was it the number of items that was refused? Then the next one. */
static int
count_refused(struct publication *p, xmpp_stanza_t *answer)
{
	if (!p->many || p->step == STEP_PLAIN || is_precondition(answer) ||
	    item_counts[p->count] == NULL)
		return 0;
	p->count++;
	return 1;
}

static void
on_answer(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	struct publication *p = arg;
	int bad = iq_is_error(answer);
	char reason[128];

	if (!bad && (p->step == STEP_PUBLISH || p->step == STEP_AGAIN) &&
	    p->many && item_counts[p->count] == NULL) {
		/* it is there and open, but alone */
		p->done_with_options = 1;
		p->step = STEP_OPEN;
		publish_step(net, p);
		return;
	}
	if (p->done_with_options ||
	    (!bad &&
		(p->step == STEP_PUBLISH || p->step == STEP_AGAIN ||
		    p->step == STEP_OPEN))) {
		publish_finish(net, p, NULL);
		return;
	}
	snprintf(reason, sizeof(reason), "%s", iq_condition(answer));
	if (answer != NULL && bad && count_refused(p, answer)) {
		publish_step(net, p);
		return;
	}
	if (answer == NULL ||
	    (p->step == STEP_PUBLISH && !is_precondition(answer) &&
		strcmp(reason, "conflict") != 0) ||
	    (bad && (p->step == STEP_PLAIN || p->step == STEP_OPEN))) {
		publish_finish(net, p, reason);
		return;
	}
	/* the node could not be configured: options will not help */
	p->step = p->step == STEP_CONFIGURE && bad ? STEP_PLAIN : p->step + 1;
	publish_step(net, p);
}

/* otherwise: the number of items where the server's choice is not to stay. */
static void
put_configuration(
    const struct publication *p, xmpp_stanza_t *x, const char *otherwise)
{
	const char *count = p->many ? item_counts[p->count] : NULL;

	if (count == NULL && p->many)
		count = otherwise;
	el_field(x, "pubsub#persist_items", "true");
	el_field(x, "pubsub#access_model", "open");
	if (count != NULL)
		el_field(x, "pubsub#max_items", count);
}

static xmpp_stanza_t *
build_publish(struct net *net, struct publication *p, int options)
{
	xmpp_stanza_t *iq = xmpp_iq_new(net->ctx, "set", NULL), *el, *x;
	xmpp_stanza_t *pubsub = el_add(iq, "pubsub", NS_PUBSUB);

	el = el_add(pubsub, "publish", NULL);
	el_set(el, "node", p->node);
	el = el_add(el, "item", NULL);
	el_set(el, "id", p->item);
	el_take(el, xmpp_stanza_copy(p->payload));
	if (options) {
		x = el_form(
		    el_add(pubsub, "publish-options", NULL), NS_PUBSUB_OPTS);
		put_configuration(p, x, NULL);
	}
	return iq;
}

static xmpp_stanza_t *
build_configure(struct net *net, struct publication *p)
{
	xmpp_stanza_t *iq = xmpp_iq_new(net->ctx, "set", NULL), *el, *x;

	el = el_add(el_add(iq, "pubsub", NS_PUBSUB_OWN), "configure", NULL);
	el_set(el, "node", p->node);
	x = el_form(el, NS_PUBSUB_CONF);
	put_configuration(p, x, ITEMS);
	return iq;
}

static void
publish_step(struct net *net, struct publication *p)
{
	xmpp_stanza_t *iq;

	if (p->step == STEP_CONFIGURE || p->step == STEP_OPEN)
		iq = build_configure(net, p);
	else
		iq = build_publish(net, p, p->step != STEP_PLAIN);
	iq_send(net, iq, on_answer, p);
}

void
publish(struct net *net, const char *node, const char *item, int many,
    xmpp_stanza_t *payload, publish_done *done, void *arg)
{
	struct publication *p = calloc(1, sizeof(*p));

	if (p == NULL || (p->node = strdup(node)) == NULL ||
	    (p->item = strdup(item)) == NULL)
		abort();
	p->many = many;
	p->payload = payload;
	p->done = done;
	p->arg = arg;
	publish_step(net, p);
}
