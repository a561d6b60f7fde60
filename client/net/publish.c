/* SPDX-License-Identifier: ISC */
/*
 * Publishing an item that everyone may read. Runs in xmpp-net. A node that
 * exists with another configuration refuses the publish-options
 * (precondition-not-met): then it is configured and the item published
 * again; at last without options, and configured after. A server that does not
 * take the number of items with the options (ejabberd 23.01) is told apart
 * from them: before, or a node that is new would hold one item and each
 * device's bundle would put out the last one's; if there is no node yet, after.
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
	STEP_END,
};

static const enum step after_accepted[] = {
	[STEP_PUBLISH] = STEP_END,
	[STEP_CONFIGURE] = STEP_AGAIN,
	[STEP_AGAIN] = STEP_END,
	[STEP_PLAIN] = STEP_OPEN,
	[STEP_OPEN] = STEP_END,
};

static const enum step after_refused[] = {
	[STEP_PUBLISH] = STEP_CONFIGURE,
	[STEP_CONFIGURE] = STEP_PLAIN, /* options will not help */
	[STEP_AGAIN] = STEP_PLAIN,
	[STEP_PLAIN] = STEP_END,
	[STEP_OPEN] = STEP_END,
};

/* How many items a node of many is to hold; some servers refuse "max". */
static const char *const item_counts[] = { "max", "250", NULL };

struct publication {
	enum step step;
	char *node, *item;
	int many;
	int apart;	/* the number of items, from the options */
	int configured; /* the node, before the item came */
	size_t count;	/* of item_counts */
	xmpp_stanza_t *payload;
	publish_done *done;
	void *arg;
};

static void publish_step(struct net *, struct publication *);

static void
publish_finish(struct net *net, struct publication *p, const char *reason)
{
	p->done(net, p->arg, reason);
	if (p->payload != NULL)
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

static int
is_condition(xmpp_stanza_t *answer, const char *condition)
{
	return strcmp(iq_condition(answer), condition) == 0;
}

static enum step
accepted(struct publication *p)
{
	if (p->step == STEP_CONFIGURE)
		p->configured = 1;
	if (p->step == STEP_AGAIN && p->apart && !p->configured)
		return STEP_OPEN;
	return after_accepted[p->step];
}

/* A configuration was refused: another number of items, if there is one. */
static int
next_count(struct publication *p)
{
	if (!p->many || item_counts[p->count] == NULL)
		return 0;
	p->count++;
	return 1;
}

static enum step
refused(struct publication *p, xmpp_stanza_t *answer)
{
	if (p->step == STEP_PUBLISH && !is_precondition(answer) &&
	    !is_condition(answer, "conflict")) {
		if (!p->many)
			return STEP_END;
		p->apart = 1;
	}
	if (p->step == STEP_CONFIGURE && p->apart &&
	    is_condition(answer, "item-not-found"))
		return STEP_AGAIN; /* no node yet */
	if ((p->step == STEP_CONFIGURE || p->step == STEP_OPEN) &&
	    next_count(p))
		return p->step;
	return after_refused[p->step];
}

static void
on_answer(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	struct publication *p = arg;
	char reason[128];
	int bad = iq_is_error(answer);

	snprintf(reason, sizeof(reason), "%s", iq_condition(answer));
	if (answer == NULL)
		p->step = STEP_END;
	else
		p->step = bad ? refused(p, answer) : accepted(p);
	if (p->step == STEP_END)
		publish_finish(net, p, bad ? reason : NULL);
	else
		publish_step(net, p);
}

static void
put_configuration(const struct publication *p, int with_count, xmpp_stanza_t *x)
{
	el_field(x, "pubsub#persist_items", "true");
	el_field(x, "pubsub#access_model", "open");
	if (p->many && with_count && item_counts[p->count] != NULL)
		el_field(x, "pubsub#max_items", item_counts[p->count]);
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
		put_configuration(p, !p->apart, x);
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
	put_configuration(p, 1, x);
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

static struct publication *
publication_new(
    const char *node, const char *item, int many, publish_done *done, void *arg)
{
	struct publication *p = calloc(1, sizeof(*p));

	if (p == NULL || (p->node = strdup(node)) == NULL ||
	    (p->item = strdup(item)) == NULL)
		abort();
	p->many = many;
	p->done = done;
	p->arg = arg;
	return p;
}

void
publish(struct net *net, const char *node, const char *item, int many,
    xmpp_stanza_t *payload, publish_done *done, void *arg)
{
	struct publication *p = publication_new(node, item, many, done, arg);

	p->payload = payload;
	publish_step(net, p);
}

void
publish_configure(
    struct net *net, const char *node, int many, publish_done *done, void *arg)
{
	struct publication *p = publication_new(node, "", many, done, arg);

	p->step = STEP_OPEN;
	publish_step(net, p);
}
