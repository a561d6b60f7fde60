/* SPDX-License-Identifier: ISC */
/*
 * Questions to the server and to contacts, and their answers. Runs in
 * xmpp-net; an answer counts only from whom it was asked, and until a time.
 */
#include <sys/random.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disco.h"
#include "net.h"
#include "stanza.h"

struct iq {
	TAILQ_ENTRY(iq) entry;
	char id[40];
	char *to; /* NULL: the own account */
	uint64_t due;
	iq_done *done;
	void *arg;
};

TAILQ_HEAD(iq_queue, iq);

struct iqs {
	struct iq_queue queue; /* oldest first: equal time-outs */
	struct timer *timer;
	unsigned n;
	uint64_t counter;
	uint32_t prefix[2]; /* ids that an outsider cannot guess */
};

static void iqs_expire(void *arg);

int
iqs_new(struct net *net)
{
	struct iqs *iqs = calloc(1, sizeof(*iqs));

	if (iqs == NULL)
		return ERR_MEMORY;
	TAILQ_INIT(&iqs->queue);
	net->iqs = iqs;
	if (getentropy(iqs->prefix, sizeof(iqs->prefix)) != 0)
		return ERR_SYSTEM;
	return 0;
}

static void
iq_finish(struct net *net, struct iq *iq, xmpp_stanza_t *answer)
{
	TAILQ_REMOVE(&net->iqs->queue, iq, entry);
	net->iqs->n--;
	iq->done(net, iq->arg, answer);
	free(iq->to);
	free(iq);
}

static void
iqs_arm(struct net *net)
{
	struct iqs *iqs = net->iqs;
	struct iq *iq = TAILQ_FIRST(&iqs->queue);
	uint64_t now = loop_now();

	if (iqs->timer == NULL && iq != NULL)
		iqs->timer = loop_timer(net->loop,
		    iq->due > now ? iq->due - now : 1, iqs_expire, net);
}

static void
iqs_expire(void *arg)
{
	struct net *net = arg;
	uint64_t now = loop_now();
	struct iq *iq;

	net->iqs->timer = NULL;
	if (login_is_behind(net)) { /* the answer may have come already */
		net->iqs->timer = loop_timer(net->loop, 1000, iqs_expire, net);
		return;
	}
	while ((iq = TAILQ_FIRST(&net->iqs->queue)) != NULL && iq->due <= now)
		iq_finish(net, iq, NULL);
	iqs_arm(net);
}

void
iq_send(struct net *net, xmpp_stanza_t *stanza, iq_done *done, void *arg)
{
	struct iqs *iqs = net->iqs;
	const char *to = xmpp_stanza_get_to(stanza);
	struct iq *iq;

	if (net->exiting || iqs->n == NET_IQ_MAX ||
	    (iq = calloc(1, sizeof(*iq))) == NULL ||
	    (to != NULL && (iq->to = strdup(to)) == NULL)) {
		xmpp_stanza_release(stanza);
		done(net, arg, NULL);
		return;
	}
	snprintf(iq->id, sizeof(iq->id), "%08x%08x-%llu", iqs->prefix[0],
	    iqs->prefix[1], (unsigned long long)++iqs->counter);
	iq->done = done;
	iq->arg = arg;
	iq->due = loop_now() + NET_IQ_TIMEOUT * 1000;
	TAILQ_INSERT_TAIL(&iqs->queue, iq, entry);
	iqs->n++;
	el_set(stanza, "id", iq->id);
	login_send(net, stanza);
	iqs_arm(net);
}

static int
iq_may_answer(const struct net *net, const struct iq *iq, const char *from)
{
	if (iq->to != NULL && from != NULL && strcmp(iq->to, from) == 0)
		return 1;
	/* the own account answers as itself, as the server, or unnamed */
	if (iq->to != NULL && strcmp(iq->to, net->own) != 0)
		return 0;
	return from == NULL || strcmp(from, net->own) == 0 ||
	    strcmp(from, net->domain) == 0;
}

static void
iq_answered(struct net *net, xmpp_stanza_t *stanza)
{
	const char *id = xmpp_stanza_get_id(stanza);
	struct iq *iq;

	TAILQ_FOREACH(iq, &net->iqs->queue, entry)
		if (id != NULL && strcmp(iq->id, id) == 0 &&
		    iq_may_answer(net, iq, xmpp_stanza_get_from(stanza))) {
			iq_finish(net, iq, stanza);
			return;
		}
}

/* Someone asks us: features and pings are answered, all else refused. */
static void
iq_asked(struct net *net, xmpp_stanza_t *stanza)
{
	xmpp_stanza_t *child = xmpp_stanza_get_children(stanza), *answer;
	const char *type = xmpp_stanza_get_type(stanza);

	if (xmpp_stanza_get_id(stanza) == NULL)
		return;
	if (strcmp(type, "get") == 0 && child != NULL &&
	    el_is(child, "query", XMPP_NS_DISCO_INFO)) {
		answer = disco_answer(net, stanza, child);
	} else if (strcmp(type, "get") == 0 && child != NULL &&
	    el_is(child, "ping", NS_PING)) {
		answer = xmpp_stanza_reply(stanza);
		el_set(answer, "type", "result");
	} else
		answer = xmpp_stanza_reply_error(
		    stanza, "cancel", "service-unavailable", NULL);
	if (answer != NULL)
		login_send(net, answer);
}

void
iq_receive(struct net *net, xmpp_stanza_t *iq)
{
	const char *type = xmpp_stanza_get_type(iq);

	if (type == NULL)
		return;
	if (strcmp(type, "result") == 0 || strcmp(type, "error") == 0)
		iq_answered(net, iq);
	else if (strcmp(type, "get") == 0 || strcmp(type, "set") == 0)
		iq_asked(net, iq);
}

int
iq_is_error(xmpp_stanza_t *answer)
{
	return answer == NULL || strcmp(el_get(answer, "type"), "result") != 0;
}

const char *
iq_condition(xmpp_stanza_t *answer)
{
	xmpp_stanza_t *el;

	if (answer == NULL)
		return "no answer";
	if ((el = xmpp_stanza_get_child_by_name(answer, "error")) == NULL)
		return "an error without a condition";
	el = xmpp_stanza_get_children(el);
	for (; el != NULL; el = xmpp_stanza_get_next(el)) {
		const char *ns = xmpp_stanza_get_ns(el);

		if (ns != NULL && strcmp(ns, XMPP_NS_STANZAS_IETF) == 0 &&
		    strcmp(xmpp_stanza_get_name(el), "text") != 0)
			return xmpp_stanza_get_name(el);
	}
	return "an error without a condition";
}
