/* SPDX-License-Identifier: ISC */
/*
 * Which of our stanzas the server has (XEP-0198). Runs in xmpp-net.
 * libstrophe asks for acknowledgements by itself but tells no one of them: so
 * we count our own stanzas from <enable/> on and compare with h. Where there
 * is no stream management, a ping after the stanza serves: the server handles
 * a stream's stanzas in order.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"
#include "stanza.h"

struct ack {
	TAILQ_ENTRY(ack) entry;
	uint32_t count; /* covered when h reaches this, modulo 2^32 */
	ack_done *done;
	void *arg;
};

TAILQ_HEAD(ack_queue, ack);

struct acks {
	struct ack_queue queue; /* in the order of sending */
	uint32_t sent;		/* stanzas since <enable/> */
	int managed;		/* <enabled/> has come */
};

int
acks_new(struct net *net)
{
	if ((net->acks = calloc(1, sizeof(*net->acks))) == NULL)
		return ERR_MEMORY;
	TAILQ_INIT(&net->acks->queue);
	return 0;
}

static void
ack_finish(struct net *net, struct ack *a, int err)
{
	TAILQ_REMOVE(&net->acks->queue, a, entry);
	a->done(net, a->arg, err);
	free(a);
}

void
acks_count(struct net *net)
{
	net->acks->sent++;
}

/* All that was sent up to count has been handled. */
static void
acks_reach(struct net *net, uint32_t count)
{
	struct ack *a;

	while ((a = TAILQ_FIRST(&net->acks->queue)) != NULL &&
	    (int32_t)(count - a->count) >= 0)
		ack_finish(net, a, 0);
}

static void
on_ping(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	uint32_t *count = arg;

	/* an error is an answer too: the server has read that far */
	if (answer != NULL && net->acks != NULL)
		acks_reach(net, *count);
	free(count);
}

void
ack_send(struct net *net, xmpp_stanza_t *stanza, ack_done *done, void *arg)
{
	struct ack *a = calloc(1, sizeof(*a));
	uint32_t *count;
	xmpp_stanza_t *iq;

	if (a == NULL || net->exiting) {
		free(a);
		xmpp_stanza_release(stanza);
		done(net, arg, ERR_EOF);
		return;
	}
	login_send(net, stanza);
	*a = (struct ack){ .count = net->acks->sent, .done = done, .arg = arg };
	TAILQ_INSERT_TAIL(&net->acks->queue, a, entry);
	if (net->acks->managed || (count = malloc(sizeof(*count))) == NULL)
		return;
	*count = a->count;
	iq = xmpp_iq_new(net->ctx, "get", NULL);
	el_set(iq, "to", net->domain);
	el_add(iq, "ping", NS_PING);
	iq_send(net, iq, on_ping, count);
}

void
acks_receive(struct net *net, xmpp_stanza_t *sm)
{
	const char *h = el_get(sm, "h");
	unsigned long long v;
	char *end;

	if (el_is(sm, "enabled", XMPP_NS_SM)) {
		net->acks->managed = 1;
		return;
	}
	if (!el_is(sm, "a", XMPP_NS_SM) || !net->acks->managed)
		return;
	errno = 0;
	v = strtoull(h, &end, 10);
	if (errno != 0 || *h < '0' || *h > '9' || *end != '\0' ||
	    v > UINT32_MAX)
		return;
	/* h beyond what was sent is a server's lie: nothing is believed */
	if ((int32_t)(net->acks->sent - (uint32_t)v) < 0)
		return;
	acks_reach(net, (uint32_t)v);
}
