/* SPDX-License-Identifier: ISC */
/*
 * ATTACH_FRONT, ATTACH_NET, and what is forgotten when a client goes. Runs in
 * the keeper; holds no secret; a net is believed to say what a server said,
 * which is to say: not believed.
 */
#include "attach.h"

#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "client.h"
#include "crypto/crypto.h"
#include "cursor.h"
#include "duties.h"
#include "handlers.h"
#include "move.h"
#include "prekeys.h"
#include "work.h"

#define WRITTEN_MS 60000

int
attach_is_net(const struct client *c, const char *account)
{
	return c->is_net && c->net != NULL && c->attached != NULL &&
	    strcmp(c->attached, account) == 0;
}

static void
detach(struct client *c)
{
	struct net *net = c->net;
	size_t i;

	if (net != NULL) {
		for (i = 0; i < OMEMO_PROFILES; i++) {
			free(net->own[i].ids);
			free(net->written[i].ids);
		}
		free(net->fresh);
		free(net);
	}
	free(c->attached);
	c->net = NULL;
	c->attached = NULL;
	c->is_net = c->is_front = 0;
}

void
attach_forget(struct keeper *k)
{
	struct client *c;

	TAILQ_FOREACH(c, &k->clients, entry)
		detach(c);
}

void
attach_drop(struct keeper *k, const struct account *a)
{
	struct client *c;

	TAILQ_FOREACH(c, &k->clients, entry)
		if (c->attached != NULL && strcmp(c->attached, a->jid) == 0)
			detach(c);
}

void
attach_end_nets(struct keeper *k, const struct account *a)
{
	struct client *c;

	TAILQ_FOREACH(c, &k->clients, entry)
		if (attach_is_net(c, a->jid)) {
			client_gone(c); /* what it asked before is refused */
			client_end(c);
		}
}

void
attach_end_clients(
    struct keeper *k, const char *account, const struct client *but)
{
	struct client *c;

	TAILQ_FOREACH(c, &k->clients, entry)
		if (c->attached != NULL && strcmp(c->attached, account) == 0) {
			client_gone(c);
			if (c != but)
				client_end(c);
		}
}

void
client_gone(struct client *c)
{
	struct account *a = c->net != NULL ? c->net->account : NULL;

	if (a != NULL && c->keeper->accounts != NULL)
		work_release(c->keeper, a, c);
	else if (c->net != NULL && c->keeper->accounts != NULL)
		duty_release(c->keeper, c);
	detach(c);
	move_gone(c);
}

unsigned
attach_count_nets(struct keeper *k, const char *account)
{
	struct client *c;
	unsigned n = 0;

	TAILQ_FOREACH(c, &k->clients, entry)
		n += (unsigned)attach_is_net(c, account);
	return n;
}

int
attach_all_caught_up(struct keeper *k, const char *account)
{
	struct client *c;

	TAILQ_FOREACH(c, &k->clients, entry)
		if (attach_is_net(c, account) && !c->net->caught_up)
			return 0;
	return 1;
}

/* --- what this connection has handed in ------------------------------------- */

static uint64_t
fresh_name(uint8_t ns, const char *peer)
{
	struct iovec_const v[] = { { &ns, 1 }, { peer, strlen(peer) } };
	uint8_t digest[32] = { 0 };
	uint64_t name;

	crypto_sha256(v, 2, digest);
	memcpy(&name, digest, sizeof name);
	return name;
}

static uint64_t *
fresh_find(const struct net *net, uint64_t name)
{
	size_t i;

	for (i = 0; i < net->nfresh; i++)
		if (net->fresh[i] == name)
			return &net->fresh[i];
	return NULL;
}

int
net_is_fresh(const struct net *net, uint8_t ns, const char *peer)
{
	return fresh_find(net, fresh_name(ns, peer)) != NULL;
}

int
net_set_fresh(struct net *net, uint8_t ns, const char *peer)
{
	uint64_t name = fresh_name(ns, peer), *p;

	if (fresh_find(net, name) != NULL)
		return 0;
	if (net->nfresh == 2 * LIMIT_PEERS) /* peers it keeps, twice */
		net->nfresh = 0;	    /* they will be asked for again */
	p = recallocarray(net->fresh, net->nfresh, net->nfresh + 1, sizeof *p);
	if (p == NULL)
		return ERR_MEMORY;
	net->fresh = p;
	p[net->nfresh++] = name;
	return 0;
}

void
net_unset_fresh(struct net *net, uint8_t ns, const char *peer)
{
	uint64_t *p = fresh_find(net, fresh_name(ns, peer));

	if (p != NULL)
		*p = net->fresh[--net->nfresh];
}

int
net_set_written(struct net *net, uint8_t ns, const uint32_t *ids, size_t n)
{
	struct written *w = &net->written[ns];
	uint32_t *copy = calloc(n + 1, sizeof *copy);

	if (copy == NULL)
		return ERR_MEMORY;
	memcpy(copy, ids, n * sizeof *ids);
	free(w->ids);
	w->ids = copy;
	w->n = n;
	w->until = loop_now() + WRITTEN_MS;
	w->raced = 0;
	return 0;
}

static uint64_t
list_name(const uint32_t *ids, size_t n)
{
	struct iovec_const v[] = { { ids, n * sizeof *ids } };
	uint8_t digest[32] = { 0 };
	uint64_t name;

	crypto_sha256(v, 1, digest);
	memcpy(&name, digest, sizeof name);
	return name;
}

/* Once: the next one that is the same is another's doing. */
static int
has_come_back(struct written *w, uint64_t name)
{
	size_t i;

	for (i = 0; i < WRITTEN_BACK; i++)
		if (w->back[i].until > loop_now() && w->back[i].name == name) {
			w->back[i].until = 0;
			return 1;
		}
	return 0;
}

enum own_list
net_own_list(struct net *net, uint8_t ns, const uint32_t *ids, size_t n)
{
	struct written *w = &net->written[ns];
	uint64_t name = list_name(ids, n);
	int awaited = w->ids != NULL && loop_now() <= w->until;

	if (awaited && w->n == n && memcmp(w->ids, ids, n * sizeof *ids) == 0) {
		free(w->ids);
		w->ids = NULL;
		w->back[w->nback].name = name;
		w->back[w->nback].until = loop_now() + WRITTEN_MS;
		w->nback = (w->nback + 1) % WRITTEN_BACK;
		return w->raced ? OWN_OVERWRITTEN : OWN_NEWS;
	}
	if (has_come_back(w, name))
		return OWN_ECHO;
	if (awaited)
		w->raced = 1;
	return OWN_NEWS;
}

int
net_own_is(const struct net *net, uint8_t ns, const uint32_t *ids, size_t n)
{
	return net->own[ns].known && net->own[ns].n == n &&
	    memcmp(net->own[ns].ids, ids, n * sizeof *ids) == 0;
}

void
net_keep_own(struct net *net, uint8_t ns, uint32_t *ids, size_t n)
{
	free(net->own[ns].ids);
	net->own[ns].ids = ids;
	net->own[ns].n = n;
	net->own[ns].known = 1;
}

/* --- the requests ----------------------------------------------------------- */

void
attach_front(struct request *r)
{
	char jid[LIMIT_JID + 1];
	struct account *a;
	struct client *c = r->client;

	reader_cstring(&r->body, jid, sizeof jid);
	if (r->body.err != 0) {
		request_fail(r, r->body.err, "account");
		return;
	}
	if ((a = request_account(r, jid)) == NULL)
		return;
	if (c->is_net ||
	    (c->attached != NULL && strcmp(c->attached, jid) != 0)) {
		request_fail(r, ERR_EXISTS, "attached to %s", c->attached);
		return;
	}
	if (c->attached == NULL && (c->attached = strdup(jid)) == NULL) {
		request_fail(r, ERR_MEMORY, "attach");
		return;
	}
	c->is_front = 1;
	buffer_put_u32(&r->reply, a->device);
	buffer_put(&r->reply, a->u, FINGERPRINT_SIZE);
	request_durable(r);
}

/* What a net is told at its beginning; a NULL: its account is gone. */
static int
begin_net(
    struct request *r, struct account *a, const char *jid, const char *cursor)
{
	struct client *c = r->client;

	c->net = calloc(1, sizeof *c->net);
	c->attached = strdup(jid);
	if (c->net == NULL || c->attached == NULL) {
		detach(c);
		return ERR_MEMORY;
	}
	c->net->account = a;
	c->is_net = 1;
	buffer_put_u32(&r->reply, a != NULL ? a->device : 0);
	buffer_put_cstring(&r->reply, cursor);
	buffer_put_u64(&r->reply, a != NULL ? a->created : 0);
	buffer_put_u32(&r->reply, a != NULL ? a->nretired : 0);
	for (uint32_t i = 0; a != NULL && i < a->nretired; i++)
		buffer_put_u32(&r->reply, a->retired[i].id);
	return 0;
}

/* The account is gone, its device is still on a server. */
static void
attach_for_duties(struct request *r, const char *jid)
{
	int err = 0;

	if (r->client->attached != NULL)
		err = ERR_EXISTS;
	else if (records_doubt(r->keeper->records) != 0)
		err = ERR_DOUBT;
	else
		err = begin_net(r, NULL, jid, "");
	if (err != 0) {
		request_fail(r, err, "attach");
		return;
	}
	(void)duties_hand_on(r->keeper);
	request_durable(r);
}

void
attach_net(struct request *r)
{
	char jid[LIMIT_JID + 1], cursor[LIMIT_STANZA_ID + 1];
	struct client *c = r->client;
	struct account *a;
	struct txn *t;
	int err;

	reader_cstring(&r->body, jid, sizeof jid);
	if (r->body.err != 0) {
		request_fail(r, r->body.err, "account");
		return;
	}
	if (client_has_account(c, jid) &&
	    account_find(r->keeper, jid) == NULL &&
	    duty_is_for(r->keeper, jid)) {
		attach_for_duties(r, jid);
		return;
	}
	if ((a = request_account_sure(r, jid)) == NULL)
		return;
	if (c->attached != NULL) {
		request_fail(r, ERR_EXISTS, "attached to %s", c->attached);
		return;
	}
	t = txn_begin(r->keeper->records);
	if ((err = cursor_get(t, jid, cursor, sizeof cursor)) != 0 ||
	    (err = prekeys_rotate(r->keeper, t, a)) != 0) {
		request_abort(r, t, err, "attach");
		return;
	}
	if ((err = begin_net(r, a, jid, cursor)) != 0) {
		request_abort(r, t, err, "attach");
		return;
	}
	work_announce(r->keeper, a);
	request_commit(r, t);
}
