/* SPDX-License-Identifier: ISC */
/*
 * Incoming messages, in their order, to the keeper. Runs in xmpp-net; holds
 * ciphertext. An archive's cursor never passes a message that the keeper has
 * not taken or refused for good: only the oldest unanswered DECRYPT of that
 * archive carries its id there (and moves the cursor in the keeper's own
 * transaction); the others, NET_WINDOW in flight, are covered by a CURSOR once
 * all before them are answered. Live messages wait while the archive that they
 * belong to is being read.
 */
#include "inbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "archive.h"
#include "net.h"
#include "room.h"
#include "stanza.h"

enum item_state { ITEM_WAITING, ITEM_ASKED, ITEM_DONE };

struct item {
	TAILQ_ENTRY(item) entry;
	struct net *net;
	struct archive *of;	 /* whose order and cursor it belongs to */
	const struct room *room; /* NULL: it is of no room */
	enum item_state state;
	int moved;   /* the keeper has moved the cursor to it */
	int carries; /* asked with its archive id */
	char *sender;
	char *archive;	    /* "" if it has none */
	struct buffer body; /* a DECRYPT without its last field; empty: skip */
};

TAILQ_HEAD(items, item);

struct inbox {
	struct items queue; /* oldest first */
	struct items held;  /* live, while the archive is read */
	unsigned n, nheld, asked;
	size_t octets;
	uint64_t delay; /* ms before what was refused is asked again; 0: none */
	struct timer *timer;
};

static void inbox_go_on(struct net *);

int
inbox_new(struct net *net)
{
	if ((net->inbox = calloc(1, sizeof(*net->inbox))) == NULL)
		return ERR_MEMORY;
	TAILQ_INIT(&net->inbox->queue);
	TAILQ_INIT(&net->inbox->held);
	return 0;
}

static void
item_free(struct inbox *in, struct item *it)
{
	in->octets -= it->body.len;
	buffer_free(&it->body);
	free(it->sender);
	free(it->archive);
	free(it);
}

/* --- answers ------------------------------------------------------------------------ */

static void
on_cursor(void *arg, int err, struct reader *reply)
{
	(void)arg; /* refused: a later one covers it, or the next connection */
	(void)err;
	(void)reply;
}

static void
inbox_tell(struct archive *a)
{
	struct buffer *b;

	if (a->cursor[0] == '\0')
		return;
	b = keeper_body(a->net);
	buffer_put_cstring(b, a->cursor);
	buffer_put_u8(b, 0);
	buffer_put_cstring(b, a->is_room ? a->jid : "");
	a->cursor[0] = '\0';
	keeper_request(a->net, M_CURSOR, on_cursor, NULL);
}

static void
item_done(struct inbox *in, struct item *it)
{
	struct archive *a = it->of;

	if (it->moved)
		a->cursor[0] = '\0';
	else if (it->archive[0] != '\0')
		snprintf(a->cursor, sizeof(a->cursor), "%s", it->archive);
	TAILQ_REMOVE(&in->queue, it, entry);
	in->n--;
	a->queued--;
	item_free(in, it);
}

/* All archives, one call for each: the own one, and the rooms'. */
static void
each_archive(struct net *net, void (*call)(struct archive *))
{
	struct archive *a = NULL;
	size_t i = 0;

	if (net->archive != NULL)
		call(net->archive);
	while ((a = rooms_archive(net, &i)) != NULL)
		call(a);
}

/* Take what is answered from the front of the queue; tell how far it went. */
static void
inbox_collect(struct net *net)
{
	struct inbox *in = net->inbox;
	struct item *it;

	while ((it = TAILQ_FIRST(&in->queue)) != NULL && it->state == ITEM_DONE)
		item_done(in, it);
	each_archive(net, inbox_tell);
}

static void
on_again(void *arg)
{
	struct net *net = arg;

	net->inbox->timer = NULL;
	inbox_go_on(net);
}

/* The keeper cannot just now: wait longer each time, up to half a minute. */
static void
inbox_stall(struct net *net)
{
	struct inbox *in = net->inbox;

	if (in->timer != NULL || net->exiting)
		return;
	in->delay = in->delay == 0 ? 250 : in->delay * 2;
	if (in->delay > 30000)
		in->delay = 30000;
	in->timer = loop_timer(net->loop, in->delay, on_again, net);
}

static int
is_silent(int err)
{
	return err == ERR_DUPLICATE || err == ERR_NOT_FOR_US;
}

/*
 * What this device has sent comes back from a room: the room has it. The
 * keeper, which has its octets, says that it is that message.
 */
static void
inbox_reflected(const struct item *it, struct reader *reply)
{
	struct reader r = *reply;
	uint8_t verdict = reader_u8(&r), handle[HANDLE_SIZE];

	reader_fixed(&r, handle, sizeof(handle));
	if (it->room != NULL && verdict == VERDICT_OWN && r.err == 0)
		outgoing_reflected(it->net, handle);
}

static void
on_decrypted(void *arg, int err, struct reader *reply)
{
	struct item *it = arg;
	struct net *net = it->net;

	net->inbox->asked--;
	if (err != 0 && keeper_may_retry(err)) {
		it->state = ITEM_WAITING;
		inbox_stall(net);
		return;
	}
	it->state = ITEM_DONE;
	if (err == 0) {
		it->moved = it->carries;
		net->inbox->delay = 0;
		inbox_reflected(it, reply);
	} else if (!is_silent(err))
		front_notice(net, it->sender, "a message cannot be read: %s",
		    keeper_why(net, err));
	inbox_go_on(net);
}

/* --- requests ----------------------------------------------------------------------- */

/* Of those of its archive. */
static int
is_first(struct inbox *in, const struct item *it)
{
	const struct item *other;

	TAILQ_FOREACH(other, &in->queue, entry)
		if (other->of == it->of)
			break;
	return other == it;
}

static void
inbox_drained(struct archive *a)
{
	if (!a->draining || a->queued > 0)
		return;
	a->draining = 0;
	archive_drained(a);
}

static void
item_ask(struct net *net, struct item *it)
{
	struct buffer *b = keeper_body(net);

	it->carries = is_first(net->inbox, it) && it->archive[0] != '\0';
	buffer_put(b, it->body.data, it->body.len);
	buffer_put_cstring(b, it->carries ? it->archive : "");
	it->state = ITEM_ASKED;
	net->inbox->asked++;
	keeper_request(net, M_DECRYPT, on_decrypted, it);
}

/*
 * A step at a time until nothing more can be asked: an answer may come from
 * inside the request (refused at once), so the queue is looked at anew.
 */
static void
inbox_go_on(struct net *net)
{
	struct inbox *in = net->inbox;
	struct item *it;

	if (in->timer != NULL || net->exiting)
		return;
	inbox_collect(net);
	while (in->asked < NET_WINDOW && in->timer == NULL) {
		TAILQ_FOREACH(it, &in->queue, entry)
			if (it->state == ITEM_WAITING)
				break;
		if (it == NULL)
			break;
		if (it->body.len > 0)
			item_ask(net, it);
		else
			it->state = ITEM_DONE;
	}
	inbox_collect(net);
	each_archive(net, inbox_drained);
}

void
inbox_drain(struct archive *a)
{
	a->draining = 1;
	inbox_go_on(a->net);
}

void
inbox_release(struct archive *a)
{
	struct inbox *in = a->net->inbox;
	struct item *it, *next;

	TAILQ_FOREACH_SAFE(it, &in->held, entry, next)
		if (it->of == a) {
			TAILQ_REMOVE(&in->held, it, entry);
			TAILQ_INSERT_TAIL(&in->queue, it, entry);
			in->nheld--;
			in->n++;
			a->queued++;
		}
	inbox_go_on(a->net);
}

static void
item_drop_held(struct inbox *in, struct item *it)
{
	TAILQ_REMOVE(&in->held, it, entry);
	in->nheld--;
	item_free(in, it);
}

void
inbox_forget(struct archive *a)
{
	struct inbox *in = a->net->inbox;
	struct item *it, *next;

	TAILQ_FOREACH_SAFE(it, &in->held, entry, next)
		if (it->of == a)
			item_drop_held(in, it);
}

/* The archive has given this one: the copy that came live is not needed. */
static void
inbox_forget_copy(
    struct inbox *in, const struct archive *a, const char *archive)
{
	struct item *it, *next;

	TAILQ_FOREACH_SAFE(it, &in->held, entry, next)
		if (*archive != '\0' && it->of == a &&
		    strcmp(it->archive, archive) == 0)
			item_drop_held(in, it);
}

static struct item *
item_new(struct net *net, const struct origin *o, struct buffer *body)
{
	struct item *it = calloc(1, sizeof(*it));
	struct archive *of = o->of != NULL ? o->of : net->archive;

	if (it == NULL || (it->sender = strdup(o->sender)) == NULL ||
	    (it->archive = strdup(of->has ? o->archive : "")) == NULL)
		abort();
	it->net = net;
	it->of = of;
	it->room = o->room;
	it->body = *body;
	net->inbox->octets += body->len;
	buffer_init(body, 0);
	return it;
}

void
inbox_put(struct net *net, const struct origin *o, struct buffer *body)
{
	struct inbox *in = net->inbox;
	struct item *it = item_new(net, o, body);

	if (!o->archived && archive_running(it->of)) {
		if (in->nheld >= NET_HELD && it->archive[0] != '\0') {
			/* the archive has it: read further there */
			archive_again(it->of);
			item_free(in, it);
			return;
		}
		TAILQ_INSERT_TAIL(&in->held, it, entry);
		in->nheld++;
	} else {
		inbox_forget_copy(in, it->of, it->archive);
		TAILQ_INSERT_TAIL(&in->queue, it, entry);
		in->n++;
		it->of->queued++;
	}
	if (in->n + in->nheld > NET_INBOX || in->octets > NET_INBOX_OCTETS) {
		net_leave(net, NET_EXIT_LOST,
		    "the agent is too slow: too many messages wait");
		return;
	}
	inbox_go_on(net);
}
