/* SPDX-License-Identifier: ISC */
/*
 * Duties as work for the nets: the list without the device (of an account
 * that is gone; of ours it is work.c's list), its bundle deleted, both read
 * back. Runs in the keeper; believes that something is gone only when a net
 * has read after it was done.
 */
#include <stdlib.h>
#include <string.h>

#include "attach.h"
#include "duties.h"
#include "methods.h"
#include "revoke.h"
#include "work.h"

static int
is_living(struct keeper *k, const char *jid)
{
	const struct account *a;

	TAILQ_FOREACH(a, &k->accounts->list, entry)
		if (strcmp(a->jid, jid) == 0)
			return 1;
	return 0;
}

/* A namespace in which this net could go on with it, or -1. */
static int
namespace_for(const struct duty *d, int living, const struct client *c)
{
	for (int ns = 0; ns < OMEMO_PROFILES; ns++)
		if (d->left[ns] != 0 &&
		    (living || !(d->left[ns] & DUTY_LIST) ||
			c->net->own[ns].known))
			return ns;
	return -1;
}

/* The first that this net could go on with. */
static struct duty *
free_duty(struct keeper *k, const char *jid, const struct client *c)
{
	int living = is_living(k, jid);
	struct duty *d;

	TAILQ_FOREACH(d, &k->accounts->duties, entry)
		if (strcmp(d->jid, jid) == 0 && d->until <= loop_now() &&
		    namespace_for(d, living, c) >= 0)
			return d;
	return NULL;
}

int
duty_has_work(struct keeper *k, const char *jid, const struct client *c)
{
	return attach_is_net(c, jid) && free_duty(k, jid, c) != NULL;
}

/* --- WORK --------------------------------------------------------------------------- */

static int
is_on_duty(struct keeper *k, const char *jid, uint32_t id)
{
	struct duty *d;

	TAILQ_FOREACH(d, &k->accounts->duties, entry)
		if (d->device == id && strcmp(d->jid, jid) == 0)
			return 1;
	return 0;
}

static int
put_list(struct request *r, const struct duty *d)
{
	struct net *net = r->client->net;
	uint8_t ns = d->ns;
	struct buffer *b = &r->reply;
	size_t at, i;
	uint32_t n = 0;

	work_put_start(b, d->item, WORK_DEVICES, ns, d->jid, "", d->device);
	at = b->len;
	buffer_put_u32(b, 0);
	for (i = 0; i < net->own[ns].n; i++) {
		if (is_on_duty(r->keeper, d->jid, net->own[ns].ids[i]))
			continue;
		buffer_put_u32(b, net->own[ns].ids[i]);
		n++;
	}
	buffer_patch_u32(b, at, n);
	work_put_no_bundle(b);
	buffer_put_u32(b, 0);
	return b->err;
}

static int
put_plain(struct request *r, const struct duty *d, enum work work)
{
	struct buffer *b = &r->reply;

	work_put_start(b, d->item, work, d->ns, d->jid, "", d->device);
	buffer_put_u32(b, 0);
	work_put_no_bundle(b);
	buffer_put_u32(b, 0);
	return b->err;
}

int
duty_next(struct request *r, const char *jid)
{
	struct keeper *k = r->keeper;
	struct duty *d = free_duty(k, jid, r->client);
	int living = is_living(k, jid);
	uint8_t *left;

	if (d == NULL)
		return 1;
	d->ns = (uint8_t)namespace_for(d, living, r->client);
	left = &d->left[d->ns];
	d->item = account_seq(k);
	work_hold(k, r->client, &d->holder, &d->until);
	if (living)
		*left &= (uint8_t)~DUTY_LIST; /* work.c has published it */
	d->doing = *left & DUTY_LIST ? DUTY_LIST
	    : *left & DUTY_BUNDLE    ? DUTY_BUNDLE
				     : DUTY_READ;
	if (d->doing == DUTY_LIST)
		return put_list(r, d);
	if (d->doing == DUTY_BUNDLE)
		return put_plain(r, d, WORK_WITHDRAW);
	d->absent[d->ns] = 0;
	return put_plain(r, d, WORK_VERIFY);
}

/* --- WORK_DONE ------------------------------------------------------------------------ */

static int
end(struct keeper *k, struct txn *t, struct duty *d)
{
	uint8_t name[4];
	int err;

	for (int i = 0; i < 4; i++)
		name[i] = (uint8_t)(d->device >> (24 - 8 * i));
	err = txn_delete(t, RECORD_DUTY, d->jid, name, sizeof name);
	if (err != 0)
		return err;
	TAILQ_REMOVE(&k->accounts->duties, d, entry);
	k->accounts->nduties--;
	free(d->jid);
	free(d);
	return 0;
}

static int
is_done(const struct duty *d)
{
	for (size_t ns = 0; ns < OMEMO_PROFILES; ns++)
		if (d->left[ns] != 0)
			return 0;
	return 1;
}

/* The list was published without any of them. */
static void
list_published(struct keeper *k, const char *jid, uint8_t ns)
{
	struct duty *d;

	TAILQ_FOREACH(d, &k->accounts->duties, entry)
		if (strcmp(d->jid, jid) == 0)
			d->left[ns] &= (uint8_t)~DUTY_LIST;
}

int
duty_done(
    struct request *r, struct txn *t, const char *jid, uint64_t item, int ok)
{
	struct keeper *k = r->keeper;
	struct duty *d;
	int err;

	TAILQ_FOREACH(d, &k->accounts->duties, entry)
		if (d->item == item && strcmp(d->jid, jid) == 0)
			break;
	if (d == NULL)
		return 0;
	d->holder = NULL;
	d->item = 0;
	if (!ok) {
		d->until = loop_now() + WORK_RETRY_MS;
		return 1;
	}
	if (d->until <= loop_now() + WORK_HAND_ON_MS)
		d->until = 0; /* else it has come back: later */
	if (d->doing == DUTY_LIST)
		list_published(k, jid, d->ns);
	else if (d->doing == DUTY_BUNDLE)
		d->left[d->ns] &= (uint8_t)~DUTY_BUNDLE;
	else if (d->absent[d->ns] == (DUTY_LIST | DUTY_BUNDLE) &&
	    !revoke_runs(k)) {
		d->left[d->ns] = 0;
		if (is_done(d))
			return (err = end(k, t, d)) != 0 ? err : 1;
	} else if (d->until == 0 && d->left[d->ns] == DUTY_READ)
		d->until = loop_now() + WORK_RETRY_MS; /* not reached */
	return 1;
}

void
duty_release(struct keeper *k, const struct client *c)
{
	struct duty *d;

	if (k->accounts == NULL)
		return;
	TAILQ_FOREACH(d, &k->accounts->duties, entry)
		if (d->holder == c) {
			d->holder = NULL;
			d->until = 0;
		}
}

int
duties_hand_on(struct keeper *k)
{
	int more = 0;
	struct client *c;
	struct buffer b;
	struct duty *d;

	TAILQ_FOREACH(d, &k->accounts->duties, entry)
		more |= d->until > loop_now();
	TAILQ_FOREACH(c, &k->clients, entry) {
		if (c->net == NULL || c->net->account != NULL ||
		    !duty_has_work(k, c->attached, c))
			continue;
		buffer_init(&b, 8192);
		buffer_put_cstring(&b, c->attached);
		client_event(c, M_EVENT_WORK, &b);
		buffer_free(&b);
	}
	return more;
}
