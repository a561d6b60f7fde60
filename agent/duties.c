/* SPDX-License-Identifier: ISC */
/*
 * Duties as records and in the cache, what nets have read back, and DUTIES.
 * Runs in the keeper; holds names and device ids, no key. A net or server
 * that says "gone" and lies has left a public key where it was.
 */
#include "duties.h"

#include <stdlib.h>
#include <string.h>

#include "attach.h"
#include "handlers.h"
#include "methods.h"
#include "renew.h"
#include "work.h"

#define AGAIN_MOST 6 /* 15 s, doubled so often: a quarter of an hour */

static struct duty *
find(struct keeper *k, const char *jid, uint32_t device)
{
	struct duty *d;

	TAILQ_FOREACH(d, &k->accounts->duties, entry)
		if (d->device == device && strcmp(d->jid, jid) == 0)
			return d;
	return NULL;
}

int
duty_is_for(struct keeper *k, const char *jid)
{
	struct duty *d;

	TAILQ_FOREACH(d, &k->accounts->duties, entry)
		if (strcmp(d->jid, jid) == 0)
			return 1;
	return 0;
}

static int
cache(struct keeper *k, const char *jid, uint32_t device)
{
	struct duty *d = calloc(1, sizeof *d);

	if (d == NULL || (d->jid = strdup(jid)) == NULL) {
		free(d);
		return ERR_MEMORY;
	}
	d->device = device;
	memset(d->left, DUTY_LIST | DUTY_BUNDLE | DUTY_READ, sizeof d->left);
	TAILQ_INSERT_TAIL(&k->accounts->duties, d, entry);
	k->accounts->nduties++;
	return 0;
}

int
duty_add(struct keeper *k, struct txn *t, const char *jid, uint32_t device)
{
	uint8_t name[4], octets[9];
	struct buffer b;
	int err;

	if (find(k, jid, device) != NULL)
		return 0;
	for (int i = 0; i < 4; i++)
		name[i] = (uint8_t)(device >> (24 - 8 * i));
	buffer_init(&b, sizeof octets);
	buffer_put_u8(&b, 1);
	buffer_put_u64(&b, clock_real());
	err = b.err != 0
	    ? b.err
	    : txn_put(t, RECORD_DUTY, jid, name, sizeof name, b.data, b.len);
	buffer_free(&b);
	return err != 0 ? err : cache(k, jid, device);
}

int
duty_load(void *arg, const char *jid, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	struct reader n, r;
	uint32_t device;

	reader_init(&n, name, namelen);
	device = reader_u32(&n);
	reader_init(&r, p, len);
	if (reader_u8(&r) != 1)
		return ERR_CORRUPT;
	(void)reader_u64(&r); /* since when */
	if (reader_end(&n) != 0 || reader_end(&r) != 0)
		return ERR_CORRUPT;
	return cache(arg, jid, device);
}

void
duties_forget(struct keeper *k)
{
	struct duty *d;

	while ((d = TAILQ_FIRST(&k->accounts->duties)) != NULL) {
		TAILQ_REMOVE(&k->accounts->duties, d, entry);
		free(d->jid);
		free(d);
	}
	k->accounts->nduties = 0;
}

void
duties_withdraw(struct keeper *k, const char *jid, struct account_record *rec)
{
	struct duty *d;

	TAILQ_FOREACH(d, &k->accounts->duties, entry)
		if (strcmp(d->jid, jid) == 0)
			withdraw(rec, d->device, WITHDRAW_FOR_GOOD);
}

int
duty_only(const struct client *c, const char *jid)
{
	return attach_is_net(c, jid) && c->net->account == NULL;
}

/* --- what was read ---------------------------------------------------------------- */

/* Somebody has put it back: more slowly each time. */
static void
came_back(struct duty *d, uint8_t ns, uint8_t what)
{
	d->absent[ns] &= (uint8_t)~what;
	if (d->left[ns] & what)
		return;
	d->left[ns] |= what | DUTY_READ;
	d->until = loop_now() + ((uint64_t)WORK_HAND_ON_MS << d->again);
	if (d->again < AGAIN_MOST)
		d->again++;
}

void
duty_saw_list(struct keeper *k, const struct client *c, const char *jid,
    uint8_t ns, const uint32_t *ids, size_t n)
{
	struct duty *d;
	size_t i;

	TAILQ_FOREACH(d, &k->accounts->duties, entry) {
		if (strcmp(d->jid, jid) != 0)
			continue;
		for (i = 0; i < n && ids[i] != d->device; i++)
			;
		if (i < n)
			came_back(d, ns, DUTY_LIST);
		else if (d->holder == c)
			d->absent[ns] |= DUTY_LIST;
	}
}

int
duty_saw_bundle(struct keeper *k, const struct client *c, const char *jid,
    uint8_t ns, uint32_t device, uint8_t status)
{
	struct duty *d = find(k, jid, device);

	if (d == NULL)
		return 0;
	if (status == BUNDLE_HERE)
		came_back(d, ns, DUTY_BUNDLE);
	else if (status == BUNDLE_ABSENT && d->holder == c)
		d->absent[ns] |= DUTY_BUNDLE;
	return 1;
}

void
duty_devices(struct request *r, const char *peer, uint8_t ns, uint8_t status,
    uint32_t *ids, size_t n)
{
	struct client *c = r->client;

	if (strcmp(peer, c->attached) != 0) {
		request_fail(r, ERR_NOT_FOUND, "no account %s", c->attached);
		free(ids);
		return;
	}
	if (status == LIST_READ) {
		duty_saw_list(r->keeper, c, peer, ns, ids, n);
		net_keep_own(c->net, ns, ids, n);
		(void)duties_hand_on(r->keeper);
	} else
		free(ids);
	request_durable(r);
}

void
duty_bundle(struct request *r, const struct handed_in *in)
{
	if (strcmp(in->peer, r->client->attached) != 0 ||
	    !duty_saw_bundle(
		r->keeper, r->client, in->peer, in->ns, in->device, in->status))
		request_fail(
		    r, ERR_NOT_FOUND, "no account %s", r->client->attached);
	else
		request_durable(r);
}

/* --- DUTIES ------------------------------------------------------------------------- */

void
duties_list(struct request *r)
{
	struct keeper *k = r->keeper;
	struct buffer *b = &r->reply;
	const struct account *a;
	size_t at = b->len;
	uint32_t n = 0;
	struct duty *d;
	uint8_t left;

	(void)account_find(k, ""); /* reads again what is stale */
	if (k->accounts->stale) { /* account_find would try again, and free d */
		request_fail(r, ERR_BUSY, "duties");
		return;
	}
	buffer_put_u32(b, 0);
	TAILQ_FOREACH(d, &k->accounts->duties, entry) {
		if (!client_has_account(r->client, d->jid))
			continue;
		a = account_find(k, d->jid);
		left = 0;
		for (size_t ns = 0; ns < OMEMO_PROFILES; ns++)
			left |= d->left[ns];
		if (a != NULL && !(a->due & DUE_DEVICES))
			left &= (uint8_t)~DUTY_LIST; /* published, as ours */
		buffer_put_cstring(b, d->jid);
		buffer_put_u32(b, d->device);
		buffer_put_u8(b, left);
		buffer_put_u8(b, a == NULL);
		buffer_put_u32(b, attach_count_nets(k, d->jid));
		n++;
	}
	buffer_patch_u32(b, at, n);
	request_durable(r);
}
