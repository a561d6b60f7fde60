/* SPDX-License-Identifier: ISC */
/*
 * WORK and WORK_DONE: one net at a time does a thing; when it closes, fails
 * or takes more than 15 s, another may. Runs in the keeper; a net that says
 * "done" and has not done it harms the account as its server could.
 */
#include "work.h"

#include <stdlib.h>
#include <string.h>

#include "attach.h"
#include "duties.h"
#include "handlers.h"
#include "renew.h"

#define WORK_FLAGS (WORK_FRESH | WORK_TELL)

/* --- the list ----------------------------------------------------------------- */

void
work_name(uint64_t seq, uint8_t name[8])
{
	int i;

	for (i = 7; i >= 0; i--, seq >>= 8)
		name[i] = (uint8_t)seq;
}

static struct work_item *
list_add(struct account *a, uint64_t seq, const char *to, uint32_t device,
    uint8_t ns, uint8_t flags)
{
	struct work_item *w = calloc(1, sizeof *w);

	if (w == NULL || (w->to = strdup(to)) == NULL) {
		free(w);
		return NULL;
	}
	w->seq = seq;
	w->device = device;
	w->ns = ns;
	w->fresh = flags & WORK_FRESH;
	w->tell = flags & WORK_TELL;
	TAILQ_INSERT_TAIL(&a->work, w, entry);
	a->nwork++;
	return w;
}

static void
list_remove(struct account *a, struct work_item *w)
{
	TAILQ_REMOVE(&a->work, w, entry);
	a->nwork--;
	free(w->to);
	free(w);
}

void
work_forget(struct account *a)
{
	while (!TAILQ_EMPTY(&a->work))
		list_remove(a, TAILQ_FIRST(&a->work));
}

int
work_load(void *arg, const char *account, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	struct keeper *k = arg;
	char to[LIMIT_JID + 1];
	struct account *a;
	struct reader n, r;
	uint32_t device;
	uint64_t seq;
	uint8_t ns;

	TAILQ_FOREACH(a, &k->accounts->list, entry)
		if (strcmp(a->jid, account) == 0)
			break;
	reader_init(&n, name, namelen);
	seq = reader_u64(&n);
	reader_init(&r, p, len);
	ns = reader_u8(&r);
	device = reader_u32(&r);
	reader_cstring(&r, to, sizeof to);
	if (a == NULL || reader_end(&n) != 0 || r.err != 0)
		return ERR_CORRUPT;
	if (seq > k->accounts->seq)
		k->accounts->seq = seq;
	return list_add(a, seq, to, device, ns & (uint8_t)~WORK_FLAGS,
		   ns & WORK_FLAGS) == NULL
	    ? ERR_MEMORY
	    : 0;
}

static int
add(struct keeper *k, struct txn *t, struct account *a, const char *to,
    uint32_t device, uint8_t ns, uint8_t flags, const struct buffer *content)
{
	struct work_item *w;
	struct buffer b;
	uint8_t name[8];
	uint64_t seq;
	int err;

	TAILQ_FOREACH(w, &a->work, entry)
		if (content == NULL && w->device == device && w->ns == ns &&
		    w->fresh == flags && !w->tell && strcmp(w->to, to) == 0)
			return 0;
	if (a->nwork >= LIMIT_WORK)
		return 0;
	work_name(seq = account_seq(k), name);
	buffer_init(&b, RECORD_MAX);
	buffer_put_u8(&b, ns | flags);
	buffer_put_u32(&b, device);
	buffer_put_cstring(&b, to);
	buffer_put_string(&b, "", 0); /* no octets yet */
	if (content != NULL)
		buffer_put_string(&b, content->data, content->len);
	err = b.err != 0
	    ? b.err
	    : txn_put(t, RECORD_WORK, a->jid, name, sizeof name, b.data, b.len);
	buffer_free(&b);
	if (err == 0 && list_add(a, seq, to, device, ns, flags) == NULL)
		err = ERR_MEMORY;
	return err;
}

int
work_add_empty(struct keeper *k, struct txn *t, struct account *a,
    const char *to, uint32_t device, uint8_t ns)
{
	return add(k, t, a, to, device, ns, 0, NULL);
}

int
work_add_fresh(struct keeper *k, struct txn *t, struct account *a,
    const char *to, uint32_t device, uint8_t ns)
{
	return add(k, t, a, to, device, ns, WORK_FRESH, NULL);
}

int
work_add_tell(struct keeper *k, struct txn *t, struct account *a,
    const char *to, uint32_t device, const struct buffer *content)
{
	return add(k, t, a, to, device, NS_OMEMO2, WORK_TELL, content);
}

int
work_drop_all(struct txn *t, struct account *a)
{
	struct work_item *w;
	uint8_t name[8];
	int err = 0;

	while (err == 0 && (w = TAILQ_FIRST(&a->work)) != NULL) {
		work_name(w->seq, name);
		err = txn_delete(t, RECORD_WORK, a->jid, name, sizeof name);
		if (err == 0)
			list_remove(a, w);
	}
	return err;
}

/* --- the publications ----------------------------------------------------------- */

#define PUBLICATIONS ((size_t)2 * OMEMO_PROFILES)

/* In the order of their DUE bits. */
static struct publication *
publication_at(struct account *a, size_t i)
{
	return i % 2 == 0 ? &a->devices[i / 2] : &a->bundle[i / 2];
}

/* --- who has what --------------------------------------------------------------- */

static int
is_free(uint64_t until)
{
	return until <= loop_now();
}

static int
may_publish_bundle(const struct account *a, size_t ns)
{
	return (a->due & DUE_BUNDLE & DUE_IN(ns)) &&
	    is_free(a->bundle[ns].until);
}

/*
 * After the bundle: contacts fetch the bundle of a new id as soon as the list
 * names it, and some do so once.
 */
static int
may_publish_list(const struct account *a, const struct client *c, size_t ns)
{
	return (a->due & DUE_DEVICES & DUE_IN(ns)) &&
	    is_free(a->devices[ns].until) && attach_is_net(c, a->jid) &&
	    c->net->own[ns].known &&
	    (a->bundle[ns].holder == NULL || a->bundle[ns].holder == c);
}

/* What is gone is withdrawn when what is there has been published. */
static int
may_do_duty(struct keeper *k, const struct account *a, const struct client *c)
{
	return !(a->due & (DUE_DEVICES | DUE_BUNDLE)) &&
	    duty_has_work(k, a->jid, c);
}

/* Is there something that this net could do now? */
static int
has_work(struct keeper *k, struct account *a, const struct client *c)
{
	struct work_item *w;
	size_t ns;

	if (!attach_is_net(c, a->jid))
		return 0;
	if (account_to_compare(a) >= 0)
		return 1;
	for (ns = 0; ns < OMEMO_PROFILES; ns++)
		if (may_publish_list(a, c, ns) || may_publish_bundle(a, ns))
			return 1;
	if (may_do_duty(k, a, c))
		return 1;
	TAILQ_FOREACH(w, &a->work, entry)
		if (c->net->caught_up && is_free(w->until))
			return 1;
	return 0;
}

void
work_announce(struct keeper *k, struct account *a)
{
	struct buffer b;
	struct client *c;

	buffer_init(&b, 8192);
	buffer_put_cstring(&b, a->jid);
	TAILQ_FOREACH(c, &k->clients, entry)
		if (has_work(k, a, c))
			client_event(c, M_EVENT_WORK, &b);
	buffer_free(&b);
}

/* What was handed out and not done in time is announced again. */
static void
hand_on(void *arg)
{
	struct keeper *k = arg;
	struct account *a;
	struct work_item *w;
	size_t i;
	int more;

	k->accounts->handing = NULL;
	more = duties_hand_on(k);
	TAILQ_FOREACH(a, &k->accounts->list, entry) {
		work_announce(k, a);
		for (i = 0; i < PUBLICATIONS; i++)
			more |= !is_free(publication_at(a, i)->until);
		TAILQ_FOREACH(w, &a->work, entry)
			more |= !is_free(w->until);
	}
	if (more)
		k->accounts->handing =
		    loop_timer(k->loop, WORK_HAND_ON_MS, hand_on, k);
}

static void
watch(struct keeper *k)
{
	if (k->accounts->handing == NULL)
		k->accounts->handing =
		    loop_timer(k->loop, WORK_HAND_ON_MS + 100, hand_on, k);
}

void
work_hold(
    struct keeper *k, struct client *c, struct client **holder, uint64_t *until)
{
	*holder = c;
	*until = loop_now() + WORK_HAND_ON_MS;
	watch(k);
}

void
work_delay_list(struct keeper *k, struct account *a, uint8_t ns, uint64_t ms)
{
	a->devices[ns].until = loop_now() + ms;
	watch(k);
}

void
work_release(struct keeper *k, struct account *a, const struct client *c)
{
	struct publication *p;
	struct work_item *w;
	size_t i;

	for (i = 0; i < PUBLICATIONS; i++) {
		p = publication_at(a, i);
		if (p->holder == c) {
			p->holder = NULL;
			p->until = 0;
		}
	}
	TAILQ_FOREACH(w, &a->work, entry)
		if (w->holder == c) {
			w->holder = NULL;
			w->until = 0;
		}
	duty_release(k, c);
	work_announce(k, a); /* to the others */
}

/* --- WORK ----------------------------------------------------------------------- */

static uint64_t
serial_of(struct keeper *k, struct publication *p)
{
	if (p->serial == 0)
		p->serial = account_seq(k);
	return p->serial;
}

static void
put_nothing(struct buffer *b)
{
	buffer_put_u64(b, 0);
	buffer_put_u8(b, WORK_NONE);
	buffer_put_u8(b, 0);
	buffer_put_cstring(b, "");
	buffer_put_cstring(b, "");
	buffer_put_u32(b, 0);
	buffer_put_u32(b, 0);
	work_put_no_label(b);
	buffer_put_cstring(b, "");
	buffer_put_u32(b, 0);
	buffer_put_cstring(b, "");
	buffer_put_cstring(b, "");
	buffer_put_u32(b, 0);
	buffer_put_u32(b, 0);
}

/* 0: the reply is written; 1: nothing is to be published; or an error. */
static int
next_publication(struct request *r, struct txn *t, struct account *a)
{
	struct keeper *k = r->keeper;
	struct client *c = r->client;
	struct publication *p;
	uint8_t ns;

	for (ns = 0; ns < NAMESPACES; ns++) {
		if (!may_publish_bundle(a, ns))
			continue;
		p = &a->bundle[ns];
		work_hold(k, c, &p->holder, &p->until);
		return work_put_bundle(r, t, a, ns, serial_of(k, p));
	}
	for (ns = 0; ns < NAMESPACES; ns++) {
		if (!may_publish_list(a, c, ns))
			continue;
		p = &a->devices[ns];
		work_hold(k, c, &p->holder, &p->until);
		return work_put_devices(r, t, a, ns, serial_of(k, p));
	}
	return 1;
}

/* 0: the reply is written; or an error. */
static int
next_item(struct request *r, struct txn *t, struct account *a)
{
	struct keeper *k = r->keeper;
	struct client *c = r->client;
	struct work_item *w, *next;
	int err, ns;

	if ((ns = account_to_compare(a)) >=
	    0) { /* nothing is published before */
		work_put_compare(&r->reply, a, (uint8_t)ns);
		return r->reply.err;
	}
	if ((err = next_publication(r, t, a)) <= 0)
		return err;
	w = c->net->caught_up ? TAILQ_FIRST(&a->work) : NULL;
	for (; w != NULL; w = next) {
		next = TAILQ_NEXT(w, entry);
		if (!is_free(w->until))
			continue;
		if ((err = work_put_empty(r, t, a, w)) < 0)
			return err;
		if (err == 2)
			return 0;
		if (err == 0) {
			work_hold(k, c, &w->holder, &w->until);
			return 0;
		}
		list_remove(a, w); /* its device is gone or distrusted */
	}
	if (may_do_duty(k, a, c) && (err = duty_next(r, a->jid)) <= 0)
		return err;
	put_nothing(&r->reply);
	return 0;
}

/* For a net whose account is gone. */
static void
next_duty(struct request *r, const char *jid)
{
	int err = duty_next(r, jid);

	if (err == 1)
		put_nothing(&r->reply);
	if (err < 0)
		request_fail(r, err, "work");
	else
		request_durable(r);
}

static void
duty_is_done(struct request *r, const char *jid, uint64_t item, int ok)
{
	struct txn *t = txn_begin(r->keeper->records);
	int err = duty_done(r, t, jid, item, ok);

	if (err < 0)
		request_abort(r, t, err, "work");
	else
		request_commit(r, t);
}

void
work_next(struct request *r)
{
	char jid[LIMIT_JID + 1];
	struct account *a;
	struct txn *t;
	int err;

	reader_cstring(&r->body, jid, sizeof jid);
	if ((err = reader_end(&r->body)) != 0) {
		request_fail(r, err, "work");
		return;
	}
	if (duty_only(r->client, jid)) {
		next_duty(r, jid);
		return;
	}
	if ((a = request_net_sure(r, jid)) == NULL)
		return;
	t = txn_begin(r->keeper->records);
	err = next_item(r, t, a);
	if (err == 0)
		err = r->reply.err;
	if (err != 0) {
		r->keeper->accounts->stale = 1;
		buffer_clear(&r->reply);
		request_abort(r, t, err, "work");
	} else
		request_commit(r, t);
}

/* --- WORK_DONE ------------------------------------------------------------------ */

/* The lists have been published without what was given up. */
static void
lists_done(struct account *a, struct account_record *rec)
{
	if (!(rec->due & DUE_DEVICES) && withdraw_done(rec))
		account_note_withdrawn(a, rec);
}

/* It was published: what became due meanwhile has another serial. */
static int
publication_done(struct txn *t, struct account *a, size_t i, int ok)
{
	struct publication *p = publication_at(a, i);
	uint8_t due = (uint8_t)(1U << i), ns = NAMESPACE(i / 2);
	struct account_record *rec;
	int err;

	p->holder = NULL;
	p->until = ok ? 0 : loop_now() + WORK_RETRY_MS;
	if (!ok)
		return 0;
	if ((err = account_open(t, a->jid, &rec)) != 0)
		return err;
	rec->due &= (uint8_t)~due;
	a->due = rec->due;
	if (due & DUE_BUNDLE) {
		rec->ours |= ns;
		a->compared |= ns;
	} else {
		rec->own_read = COMPARED_ALL; /* what comes now is new */
		lists_done(a, rec);
	}
	err = account_put(t, a->jid, rec);
	account_release(rec);
	return err;
}

/* Sent, or not to be sent (a bounce): the next message does as well. */
static int
empty_done(struct txn *t, struct account *a, uint64_t item)
{
	struct work_item *w;
	uint8_t name[8];
	int err;

	TAILQ_FOREACH(w, &a->work, entry)
		if (w->seq == item)
			break;
	if (w == NULL)
		return 0; /* done before, by another */
	work_name(item, name);
	err = txn_delete(t, RECORD_WORK, a->jid, name, sizeof name);
	if (err == 0)
		list_remove(a, w);
	return err;
}

static int
item_done(
    struct request *r, struct txn *t, struct account *a, uint64_t item, int ok)
{
	struct publication *p;
	size_t i;
	int err;

	if (item >= WORK_ITEM_COMPARE &&
	    item < WORK_ITEM_COMPARE + OMEMO_PROFILES) {
		/* or could not be: then no doubt either */
		a->compared |= NAMESPACE(item - WORK_ITEM_COMPARE);
		return 0;
	}
	if (item == WORK_ITEM_FETCH)
		return 0; /* what came of it the bundle says */
	if ((err = duty_done(r, t, a->jid, item, ok)) != 0)
		return err < 0 ? err : 0;
	for (i = 0; i < PUBLICATIONS; i++)
		if (item == publication_at(a, i)->serial)
			return publication_done(t, a, i, ok);
	for (i = 0; i < PUBLICATIONS; i++) {
		/* an older one: the newer can go on */
		p = publication_at(a, i);
		if (p->holder == r->client) {
			p->holder = NULL;
			p->until = 0;
		}
	}
	return empty_done(t, a, item);
}

void
work_done(struct request *r)
{
	char jid[LIMIT_JID + 1];
	struct reader *b = &r->body;
	struct account *a;
	struct txn *t;
	uint64_t item;
	uint8_t status;
	size_t len;
	int err;

	reader_cstring(b, jid, sizeof jid);
	item = reader_u64(b);
	status = reader_u8(b);
	(void)reader_string(b, &len, b->left);
	if ((err = reader_end(b)) != 0) {
		request_fail(r, err, "work");
		return;
	}
	if (item == 0 || status > WORK_FAILED) {
		request_fail(r, ERR_ARGUMENT, "work");
		return;
	}
	if (duty_only(r->client, jid)) {
		duty_is_done(r, jid, item, status == WORK_OK);
		return;
	}
	if ((a = request_net(r, jid)) == NULL)
		return;
	t = txn_begin(r->keeper->records);
	err = item_done(r, t, a, item, status == WORK_OK);
	if (err != 0) {
		r->keeper->accounts->stale = 1; /* it was told already */
		request_abort(r, t, err, "work");
	} else
		request_commit(r, t);
}
