/* SPDX-License-Identifier: ISC */
/*
 * The server's archive (XEP-0313), read from the cursor after every connect:
 * it is the spool from which nothing is lost. Runs in xmpp-net. The next page
 * is asked for when the keeper has answered all of the last.
 */
#include <sys/random.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "net.h"
#include "stanza.h"

#define PAGE_TRIES 3 /* of one page, each until NET_IQ_TIMEOUT */

struct archive {
	char queryid[40];
	char after[LIMIT_STANZA_ID + 1]; /* read up to here; "": from since */
	uint64_t since;
	struct timer *timer;
	int running;	/* live messages are held */
	int again;	/* a live message was left to the archive */
	int complete;	/* the page that is being answered is the last */
	int restarted;	/* the server did not know the cursor */
	int unanswered; /* times that this page was asked for in vain */
};

int
archive_new(struct net *net, const char *cursor, uint64_t since)
{
	struct archive *a = calloc(1, sizeof(*a));
	uint32_t r[2];

	if (a == NULL)
		return ERR_MEMORY;
	net->archive = a;
	if (getentropy(r, sizeof(r)) != 0)
		return ERR_SYSTEM;
	snprintf(a->queryid, sizeof(a->queryid), "q%08x%08x", r[0], r[1]);
	snprintf(a->after, sizeof(a->after), "%s", cursor);
	a->since = since;
	a->running = !net->quiet; /* live messages are held from the start */
	return 0;
}

const char *
archive_queryid(const struct net *net)
{
	return net->archive->running ? net->archive->queryid : "";
}

int
archive_running(const struct net *net)
{
	return net->archive != NULL && net->archive->running;
}

void
archive_again(struct net *net)
{
	net->archive->again = 1;
}

/* --- the end --------------------------------------------------------------------- */

static void archive_tell_end(void *arg);

static void
on_end(void *arg, int err, struct reader *reply)
{
	struct net *net = arg;

	(void)reply;
	if (net->exiting)
		return;
	if (err == 0) {
		net->archive->running = 0;
		front_caught_up(net);
		inbox_release(net);
	} else if (keeper_may_retry(err))
		net->archive->timer =
		    loop_timer(net->loop, 1000, archive_tell_end, net);
	else
		net_leave(net, NET_EXIT_LOST,
		    "the agent refuses the archive's end: %s",
		    keeper_why(net, err));
}

static void
archive_tell_end(void *arg)
{
	struct net *net = arg;
	struct buffer *b = keeper_body(net);

	net->archive->timer = NULL;
	buffer_put_cstring(b, net->has_archive ? net->archive->after : "");
	buffer_put_u8(b, 1);
	keeper_request(net, M_CURSOR, on_end, net);
}

/* --- pages ------------------------------------------------------------------------ */

static void archive_page(struct net *);

/* An error: the cursor is unknown to the server, or there is no reading it. */
static void
archive_failed(struct net *net, xmpp_stanza_t *answer)
{
	struct archive *a = net->archive;

	if (answer != NULL && a->after[0] != '\0' && !a->restarted &&
	    strcmp(iq_condition(answer), "item-not-found") == 0) {
		a->restarted = 1;
		a->after[0] = '\0'; /* expired there: from the beginning */
		archive_page(net);
		return;
	}
	if (answer == NULL && ++a->unanswered < PAGE_TRIES) {
		archive_page(net); /* a slow server: what comes late counts */
		return;
	}
	front_notice(net, net->own, "the archive cannot be read: %s",
	    iq_condition(answer));
	/* the cursor stays where it is: nothing unread is passed */
	net->has_archive = 0;
	a->running = 0;
	inbox_release(net);
}

static void
on_page(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	struct archive *a = net->archive;
	xmpp_stanza_t *fin, *set, *last;
	char *id = NULL;

	(void)arg;
	if (net->exiting)
		return;
	if (iq_is_error(answer) ||
	    (fin = el_child(answer, "fin", NS_MAM)) == NULL) {
		archive_failed(net, answer);
		return;
	}
	a->unanswered = 0;
	a->complete = strcmp(el_get(fin, "complete"), "true") == 0 ||
	    strcmp(el_get(fin, "complete"), "1") == 0;
	if ((set = el_child(fin, "set", NS_RSM)) != NULL &&
	    (last = el_child(set, "last", NS_RSM)) != NULL)
		id = xmpp_stanza_get_text(last);
	/* no further: an empty page, or a server that stands still */
	if (id == NULL || strlen(id) > LIMIT_STANZA_ID ||
	    strcmp(id, a->after) == 0)
		a->complete = 1;
	else
		snprintf(a->after, sizeof(a->after), "%s", id);
	if (id != NULL)
		xmpp_free(net->ctx, id);
	inbox_drain(net);
}

static void
archive_page(struct net *net)
{
	struct archive *a = net->archive;
	xmpp_stanza_t *iq = xmpp_iq_new(net->ctx, "set", NULL), *q, *x, *set;
	time_t since = (time_t)a->since;
	char text[40];
	struct tm tm;

	el_set(iq, "to", net->own);
	q = el_add(iq, "query", NS_MAM);
	el_set(q, "queryid", a->queryid);
	if (a->after[0] == '\0' && a->since != 0 &&
	    gmtime_r(&since, &tm) != NULL) {
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
		x = el_form(q, NS_MAM);
		el_field(x, "start", text);
	}
	set = el_add(q, "set", NS_RSM);
	snprintf(text, sizeof(text), "%d", NET_PAGE);
	el_text(el_add(set, "max", NULL), text);
	if (a->after[0] != '\0')
		el_text(el_add(set, "after", NULL), a->after);
	iq_send(net, iq, on_page, NULL);
}

void
archive_drained(struct net *net)
{
	struct archive *a = net->archive;

	if (a->complete && !a->again) {
		archive_tell_end(net);
		return;
	}
	a->again = 0;
	archive_page(net);
}

void
archive_start(struct net *net)
{
	if (net->has_archive)
		archive_page(net);
	else
		archive_tell_end(net);
}
