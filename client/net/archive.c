/* SPDX-License-Identifier: ISC */
/*
 * An archive (XEP-0313), the account's after every connect and a room's after
 * every join, read from the cursor: it is the spool from which nothing is
 * lost. Runs in xmpp-net. The next page is asked for when the keeper has
 * answered all of the last.
 */
#include "archive.h"

#include <sys/random.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stanza.h"

#define PAGE_TRIES 3 /* of one page, each until NET_IQ_TIMEOUT */

int
archive_init(struct archive *a, struct net *net, const char *jid, int is_room)
{
	int life = a->life;
	unsigned queued = a->queued;
	uint32_t r[2];

	timer_cancel(a->timer);
	memset(a, 0, sizeof(*a));
	a->net = net;
	a->queued = queued;
	a->jid = jid;
	a->is_room = is_room;
	a->life = life + 1;
	if (getentropy(r, sizeof(r)) != 0)
		return ERR_SYSTEM;
	snprintf(a->queryid, sizeof(a->queryid), "q%08x%08x", r[0], r[1]);
	a->running = !net->quiet; /* live messages are held from the start */
	return 0;
}

void
archive_stop(struct archive *a)
{
	timer_cancel(a->timer);
	a->timer = NULL;
	a->running = a->draining = 0;
	a->life++;
}

const char *
archive_queryid(const struct archive *a)
{
	return a != NULL && a->running ? a->queryid : "";
}

int
archive_running(const struct archive *a)
{
	return a != NULL && a->running;
}

void
archive_again(struct archive *a)
{
	a->again = 1;
}

/* --- what is asked ---------------------------------------------------------------- */

struct asked { /* a question, and the reading that it belongs to */
	struct archive *a;
	int life;
};

static struct asked *
asked_new(struct archive *a)
{
	struct asked *q = malloc(sizeof(*q));

	if (q == NULL)
		abort();
	*q = (struct asked){ a, a->life };
	return q;
}

/* The archive that this answers, or NULL: it comes too late. */
static struct archive *
asked_end(void *arg)
{
	struct asked *q = arg;
	struct archive *a =
	    q->life == q->a->life && !q->a->net->exiting ? q->a : NULL;

	free(q);
	return a;
}

/* --- the end --------------------------------------------------------------------- */

static void archive_tell_end(void *arg);

static void
archive_end(struct archive *a)
{
	a->running = 0;
	front_caught_up(a->net, a->is_room ? a->jid : "");
	inbox_release(a);
}

static void
on_end(void *arg, int err, struct reader *reply)
{
	struct archive *a = asked_end(arg);

	(void)reply;
	if (a == NULL)
		return;
	if (err == 0)
		archive_end(a);
	else if (keeper_may_retry(err))
		a->timer = loop_timer(a->net->loop, 1000, archive_tell_end, a);
	else if (a->is_room) {
		front_notice(a->net, a->jid,
		    "the agent refuses the archive's end: %s",
		    keeper_why(a->net, err));
		archive_end(a);
	} else
		net_leave(a->net, NET_EXIT_LOST,
		    "the agent refuses the archive's end: %s",
		    keeper_why(a->net, err));
}

static void
archive_tell_end(void *arg)
{
	struct archive *a = arg;
	struct buffer *b = keeper_body(a->net);

	a->timer = NULL;
	buffer_put_cstring(b, a->has ? a->after : "");
	buffer_put_u8(b, 1);
	buffer_put_cstring(b, a->is_room ? a->jid : "");
	keeper_request(a->net, M_CURSOR, on_end, asked_new(a));
}

/* --- pages ------------------------------------------------------------------------ */

static void archive_page(struct archive *);

/* An error: the cursor is unknown to the server, or there is no reading it. */
static void
archive_failed(struct archive *a, xmpp_stanza_t *answer)
{
	if (answer != NULL && a->after[0] != '\0' && !a->restarted &&
	    strcmp(iq_condition(answer), "item-not-found") == 0) {
		a->restarted = 1;
		a->after[0] = '\0'; /* expired there: from the beginning */
		archive_page(a);
		return;
	}
	if (answer == NULL && ++a->unanswered < PAGE_TRIES) {
		archive_page(a); /* a slow server: what comes late counts */
		return;
	}
	front_notice(a->net, a->jid, "the archive cannot be read: %s",
	    iq_condition(answer));
	/* the cursor stays where it is: nothing unread is passed */
	a->has = 0;
	a->running = 0;
	inbox_release(a);
}

/* How far the page went. */
static void
archive_went(struct archive *a, xmpp_stanza_t *fin)
{
	xmpp_stanza_t *set = el_child(fin, "set", NS_RSM), *last;
	char *id = NULL;

	a->unanswered = 0;
	a->complete = strcmp(el_get(fin, "complete"), "true") == 0 ||
	    strcmp(el_get(fin, "complete"), "1") == 0;
	if (set != NULL && (last = el_child(set, "last", NS_RSM)) != NULL)
		id = xmpp_stanza_get_text(last);
	/* no further: an empty page, or a server that stands still */
	if (id == NULL || strlen(id) > LIMIT_STANZA_ID ||
	    strcmp(id, a->after) == 0)
		a->complete = 1;
	else
		snprintf(a->after, sizeof(a->after), "%s", id);
	if (id != NULL)
		xmpp_free(a->net->ctx, id);
}

static void
on_page(struct net *net, void *arg, xmpp_stanza_t *answer)
{
	struct archive *a = asked_end(arg);
	xmpp_stanza_t *fin;

	(void)net;
	if (a == NULL)
		return;
	if (iq_is_error(answer) ||
	    (fin = el_child(answer, "fin", NS_MAM)) == NULL) {
		archive_failed(a, answer);
		return;
	}
	archive_went(a, fin);
	inbox_drain(a);
}

static void
archive_page(struct archive *a)
{
	xmpp_stanza_t *iq = xmpp_iq_new(a->net->ctx, "set", NULL), *q, *x, *set;
	time_t since = (time_t)a->since;
	char text[40];
	struct tm tm;

	el_set(iq, "to", a->jid);
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
	iq_send(a->net, iq, on_page, asked_new(a));
}

void
archive_drained(struct archive *a)
{
	if (a->complete && !a->again) {
		archive_tell_end(a);
		return;
	}
	a->again = 0;
	archive_page(a);
}

void
archive_from(struct archive *a, const char *cursor, uint64_t since)
{
	snprintf(a->after, sizeof(a->after), "%s", cursor);
	a->since = since;
}

void
archive_start(struct archive *a)
{
	if (a->has)
		archive_page(a);
	else
		archive_tell_end(a);
}
