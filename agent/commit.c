/* SPDX-License-Identifier: ISC */
/*
 * How a handler ends, and what is told to others then. Runs in the keeper;
 * holds events until what they tell of is durable. Trusts the records' word
 * for that alone.
 */
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "attach.h"

struct later {
	struct keeper *keeper;
	enum audience to;
	uint8_t type;
	char *account;
	struct buffer body;
};

/* A refused commit took back what the cache was told. */
static void
committed(void *arg, int err)
{
	struct keeper *k = arg;

	if (err == 0)
		return;
	log_again(k);
	if (k->accounts != NULL)
		k->accounts->stale = 1;
}

void
keeper_commit(struct keeper *k, struct txn *t)
{
	txn_commit(t);
	records_after(k->records, committed, k);
}

/* An answer that cannot be given must not be of something that was done. */
void
request_commit(struct request *r, struct txn *t)
{
	int err = r->reply.err;

	if (err != 0) {
		if (r->keeper->accounts != NULL)
			r->keeper->accounts->stale = 1;
		buffer_clear(&r->reply);
		request_abort(r, t, err, err_text(err));
		return;
	}
	keeper_commit(r->keeper, t);
	request_durable(r);
}

void
request_abort(struct request *r, struct txn *t, int err, const char *what)
{
	txn_abort(t);
	request_fail(r, err, "%s", what);
}

static void
later_free(struct later *l)
{
	buffer_free(&l->body);
	free(l->account);
	free(l);
}

static void
later_send(void *arg, int err)
{
	struct later *l = arg;

	if (err == 0 && l->to == TO_FRONTS)
		keeper_event_fronts(l->keeper, l->account, l->type, &l->body);
	else if (err == 0)
		keeper_event_nets(l->keeper, l->account, l->type, &l->body);
	later_free(l);
}

void
event_after(struct keeper *k, enum audience to, const char *account,
    uint8_t type, const struct buffer *body)
{
	struct later *l = calloc(1, sizeof *l);

	if (l == NULL)
		return; /* clients find it by asking: WAITING, OUTBOX, WORK */
	l->keeper = k;
	l->to = to;
	l->type = type;
	buffer_init(&l->body, body->max);
	buffer_put(&l->body, body->data, body->len);
	l->account = strdup(account);
	if (l->account == NULL || l->body.err != 0)
		later_free(l);
	else
		records_after(k->records, later_send, l);
}

void
event_handle(struct keeper *k, enum audience to, const char *account,
    uint8_t type, const uint8_t handle[HANDLE_SIZE])
{
	struct buffer b;

	buffer_init(&b, 8192);
	buffer_put_cstring(&b, account);
	if (handle != NULL)
		buffer_put(&b, handle, HANDLE_SIZE);
	event_after(k, to, account, type, &b);
	buffer_free(&b);
}

/* --- whose account ---------------------------------------------------------- */

struct account *
request_account(struct request *r, const char *jid)
{
	struct account *a;

	if (!client_has_account(r->client, jid)) {
		request_fail(r, ERR_ACCOUNT, "%s", jid);
		return NULL;
	}
	if ((a = account_find(r->keeper, jid)) == NULL)
		request_fail(r, ERR_NOT_FOUND, "no account %s", jid);
	else if ((r->message->right & (RIGHT_TEXT | RIGHT_NETWORK)) != 0 &&
	    use_is_over(a)) {
		request_fail(r, ERR_LOCKED,
		    "the lifetime of %.200s is over: run xmpp-key unlock", jid);
		return NULL;
	}
	return a;
}

struct account *
request_net(struct request *r, const char *jid)
{
	struct account *a = request_account(r, jid);

	if (a == NULL)
		return NULL;
	if (!attach_is_net(r->client, jid)) {
		request_fail(r, ERR_ARGUMENT, "ATTACH_NET to %s first", jid);
		return NULL;
	}
	return a;
}

static struct account *
sure(struct request *r, struct account *a)
{
	if (a != NULL && account_doubt(r->keeper, a) != 0) {
		request_fail(r, ERR_DOUBT, "%s", "");
		return NULL;
	}
	return a;
}

struct account *
request_account_sure(struct request *r, const char *jid)
{
	return sure(r, request_account(r, jid));
}

struct account *
request_net_sure(struct request *r, const char *jid)
{
	return sure(r, request_net(r, jid));
}
