/* SPDX-License-Identifier: ISC */
/*
 * From bound to online: attach to the keeper, learn what the server can do,
 * hand in our own bundle (an old or copied state of the agent shows by it,
 * before anything is sent), be present, read the own device list and the
 * archive; then keep the
 * connection honest with a ping a minute. Runs in xmpp-net.
 */
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "disco.h"
#include "net.h"
#include "omemo_xml.h"
#include "pep.h"
#include "stanza.h"

/* --- pings ---------------------------------------------------------------------- */

static void on_ping_time(void *arg);

static void
on_pong(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	(void)arg;
	if (net->exiting)
		return;
	if (answer == NULL) {
		net_leave(
		    net, NET_EXIT_LOST, "%s: no answer to a ping", net->domain);
		return;
	}
	/* by CLOCK_BOOTTIME: after a sleep it is due at once */
	net->ping = loop_timer(net->loop, NET_PING_S * 1000, on_ping_time, net);
}

static void
on_ping_time(void *arg)
{
	struct net *net = arg;
	xmpp_stanza_t *iq = xmpp_iq_new(net->ctx, "get", NULL);

	net->ping = NULL;
	el_set(iq, "to", net->domain);
	el_add(iq, "ping", NS_PING);
	iq_send(net, iq, on_pong, NULL);
}

/* --- online ---------------------------------------------------------------------- */

/* One namespace after the other, then whatever is due. */
static void
on_own_list(struct net *net, void *arg)
{
	(void)arg;
	if (net->exiting)
		return;
	if (++net->lists < DIALECTS)
		pep_fetch_list(net, net->lists, net->own, on_own_list, NULL);
	else
		work_ask(net);
}

static void
session_online(struct net *net)
{
	net->online = 1;
	front_online(net, xmpp_conn_get_bound_jid(net->conn));
	pep_fetch_list(net, 0, net->own, on_own_list, NULL);
	outgoing_online(net);
	if (!net->quiet)
		archive_start(net->archive);
	net->ping = loop_timer(net->loop, NET_PING_S * 1000, on_ping_time, net);
}

static void
on_carbons(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	(void)arg;
	if (iq_is_error(answer) && !net->exiting)
		front_notice(net, net->own, "no carbon copies: %s",
		    iq_condition(answer));
}

static void
session_present(struct net *net)
{
	xmpp_stanza_t *iq = xmpp_iq_new(net->ctx, "set", NULL), *presence;

	el_add(iq, "enable", NS_CARBONS);
	iq_send(net, iq, on_carbons, NULL);
	presence = xmpp_presence_new(net->ctx);
	disco_caps(net, presence);
	login_send(net, presence);
}

/* The keeper has compared them: an old state does not get further. */
static void
on_own_bundle(struct net *net, void *arg)
{
	(void)arg;
	if (net->exiting)
		return;
	if (++net->bundles < DIALECTS) {
		pep_fetch_bundle(net, net->bundles, net->own, net->device,
		    on_own_bundle, NULL);
		return;
	}
	if (!net->quiet)
		session_present(net);
	session_online(net);
}

static void
on_features(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	(void)arg;
	if (net->exiting)
		return;
	/* without presence nothing is received: the cursor must not move */
	net->archive->has = !net->quiet && disco_has(answer, NS_MAM);
	net->has_sid = net->archive->has || disco_has(answer, NS_SID);
	if (net->device == 0)
		on_own_bundle(net, NULL);
	else
		pep_fetch_bundle(
		    net, 0, net->own, net->device, on_own_bundle, NULL);
}

static void
on_attached(void *arg, int err, struct reader *reply)
{
	struct net *net = arg;
	char cursor[LIMIT_STANZA_ID + 1];
	struct reader r;
	uint64_t since;

	if (net->exiting)
		return;
	if (err != 0) {
		net_leave(net,
		    keeper_may_retry(err) ? NET_EXIT_KEEPER : NET_EXIT_FATAL,
		    "%s: %s", net->account, keeper_why(net, err));
		return;
	}
	r = *reply;
	net->device = net->ours.ids[0] = reader_u32(&r);
	reader_cstring(&r, cursor, sizeof(cursor));
	since = reader_u64(&r);
	net->ours.n = 1 + reader_count(&r, LIMIT_RETIRED);
	for (size_t i = 1; i < net->ours.n; i++)
		net->ours.ids[i] = reader_u32(&r);
	if (net->device == 0) /* nothing is received any more */
		net->quiet = 1;
	net->archive = calloc(1, sizeof(*net->archive));
	if (r.err != 0 || net->archive == NULL ||
	    archive_init(net->archive, net, net->own, 0) != 0) {
		net_leave(
		    net, NET_EXIT_LOST, "the agent's answer is malformed");
		return;
	}
	archive_from(net->archive, cursor, since);
	net->attached = 1;
	disco_ask(net, net->own, on_features);
}

void
session_start(struct net *net)
{
	if (net->looks) {
		front_online(net, xmpp_conn_get_bound_jid(net->conn));
		return;
	}
	(void)keeper_body(net);
	keeper_request(net, M_ATTACH_NET, on_attached, net);
}
