/* SPDX-License-Identifier: ISC */
/*
 * What is logged in a transaction of its own: unlock, lock, wrong secrets,
 * the first use of an identity by a client in each hour. Runs in the keeper.
 * What needs nobody's secret (a use, a wrong secret, a start that unlocks
 * itself) is written LIMIT_LOG_HOUR times an hour, then only counted: a
 * program that is let in cannot push the history out cheaply, nor by ending
 * the agent again and again, since an unlock reads how many there were.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "account.h"
#include "log.h"

#define HOUR 3600

static uint32_t
plus_one(uint32_t n)
{
	return n < UINT32_MAX ? n + 1 : n;
}

static void
hour_begin(struct log *l)
{
	uint64_t hour = clock_real() / HOUR;

	if (hour == l->hour)
		return;
	l->hour = hour;
	l->n = l->nuses = 0;
	l->serial++;
}

/* An entry, and before it what was only counted; own transaction. */
static int
note(struct keeper *k, struct log_entry *e)
{
	struct log_entry more = { .act = ACT_MORE,
		.count = k->log.more,
		.account = "",
		.client = "",
		.detail = "" };
	struct txn *t = txn_begin(k->records);
	int err = more.count > 0 ? keeper_log(t, &more) : 0;

	if (err == 0)
		err = keeper_log(t, e);
	if (err != 0) {
		txn_abort(t);
		return err;
	}
	k->log.more = 0;
	keeper_commit(k, t);
	return 0;
}

/* The same, of a kind that anybody can cause: as long as there is room. */
static int
note_bounded(struct keeper *k, struct log_entry *e)
{
	struct log *l = &k->log;
	int err;

	hour_begin(l);
	if (l->n >= LIMIT_LOG_HOUR) {
		l->more = plus_one(l->more);
		return 0;
	}
	if ((err = note(k, e)) == 0)
		l->n++;
	return err;
}

void
log_again(struct keeper *k)
{
	k->log.nuses = 0;
	k->log.serial++;
}

/* --- unlock and lock -------------------------------------------------------- */

static int
is_bounded(const struct log_entry *e)
{
	return e->act == ACT_USE || e->act == ACT_WRONG || e->act == ACT_MORE ||
	    (e->act == ACT_UNLOCK && e->pid == 0);
}

/* How many of this hour's are in the block of entry seq. */
static int
count_block(struct txn *t, uint64_t seq, struct log *l)
{
	struct secret block = { 0 };
	uint8_t before[32];
	struct log_entry e;
	struct reader in;
	int err = log_block(t, seq, &block, before, &in);

	while (err == 0 && in.left > 0)
		if ((err = log_read(&in, &e)) == 0)
			l->n += e.time / HOUR == l->hour && is_bounded(&e);
	secret_free(&block);
	return err;
}

/* The hour goes on, also over a start of the agent. */
static int
hour_again(struct keeper *k)
{
	struct txn *t = txn_begin(k->records);
	uint64_t last = txn_chain(t)->last;
	int err = 0;

	hour_begin(&k->log);
	k->log.n = 0;
	if (last > 0)
		err = count_block(t, last, &k->log);
	if (err == 0 && last > LOG_BLOCK)
		err = count_block(t, last - LOG_BLOCK, &k->log);
	txn_abort(t);
	return err;
}

/* Attempts of the time without a key: one entry, with the last one's pid. */
static int
note_wrong(struct keeper *k, int (*fn)(struct keeper *, struct log_entry *))
{
	struct log *l = &k->log;
	struct log_entry e = { .act = ACT_WRONG,
		.count = l->wrong,
		.pid = l->wrong_pid,
		.account = "",
		.client = l->wrong_name,
		.detail = "while locked" };
	int err = l->wrong > 0 ? fn(k, &e) : 0;

	if (err == 0)
		l->wrong = 0;
	return err;
}

int
log_unlocked(struct keeper *k, const struct request *r)
{
	int (*fn)(struct keeper *, struct log_entry *) =
	    r != NULL ? note : note_bounded;
	char detail[32];
	struct log_entry e = { .act = ACT_UNLOCK,
		.count = 1,
		.pid = r != NULL ? r->pid : 0,
		.account = "",
		.client = r != NULL && r->client != NULL ? r->client->name : "",
		.detail = detail };
	int err = hour_again(k);

	(void)snprintf(
	    detail, sizeof detail, "slot %u", vault_opened(k->vault));
	if (err == 0)
		err = note_wrong(k, fn);
	if (err == 0)
		err = fn(k, &e);
	if (err != 0)
		keeper_lock(k);
	return err;
}

void
log_lock(struct keeper *k, uint32_t pid, const char *client, const char *why)
{
	struct log_entry e = { .act = ACT_LOCK,
		.count = 1,
		.pid = pid,
		.account = "",
		.client = client,
		.detail = why };

	/* a lock waits for nothing, not for a log that cannot be written */
	if (!k->locking && !vault_locked(k->vault))
		(void)note(k, &e);
}

void
log_wrong(struct keeper *k, const struct request *r)
{
	const char *name =
	    r != NULL && r->client != NULL ? r->client->name : "";
	struct log_entry e = { .act = ACT_WRONG,
		.count = 1,
		.pid = r != NULL ? r->pid : 0,
		.account = "",
		.client = name,
		.detail = "" };

	if (!vault_locked(k->vault)) {
		(void)note_bounded(k, &e);
		return;
	}
	k->log.wrong = plus_one(k->log.wrong);
	k->log.wrong_pid = e.pid;
	strlcpy(k->log.wrong_name, name, sizeof k->log.wrong_name);
}

/* --- use -------------------------------------------------------------------- */

enum noted { NOTED_NOT, NOTED_WRITTEN, NOTED_ENOUGH };

/* Has this hour an entry of it, or enough under that name? */
static enum noted
look(const struct log *l, const struct account *a, const struct request *r)
{
	unsigned same = 0;

	for (unsigned i = 0; i < l->nuses; i++) {
		const struct log_use *u = &l->uses[i];

		if (u->device != a->device ||
		    strcmp(u->name, r->client->name) != 0)
			continue;
		if (u->pid == r->pid && u->right == r->message->right)
			return NOTED_WRITTEN;
		same++;
	}
	return same >= LIMIT_LOG_NAME || l->nuses == LIMIT_LOG_HOUR
	    ? NOTED_ENOUGH
	    : NOTED_NOT;
}

static int
note_use(struct request *r, const struct account *a)
{
	struct log *l = &r->keeper->log;
	struct log_entry e = { .act = ACT_USE,
		.count = 1,
		.pid = r->pid,
		.account = a->jid,
		.client = r->client->name,
		.detail =
		    r->message->right == RIGHT_TEXT ? "text" : "network" };
	struct log_use *u;
	int err;

	switch (look(l, a, r)) {
	case NOTED_WRITTEN:
		return 0;
	case NOTED_ENOUGH:
		l->more = plus_one(l->more);
		return 0;
	case NOTED_NOT:
		break;
	}
	if ((err = note_bounded(r->keeper, &e)) != 0)
		return err;
	u = &l->uses[l->nuses++];
	u->device = a->device;
	u->pid = r->pid;
	u->right = r->message->right;
	memcpy(u->name, r->client->name, sizeof u->name);
	return 0;
}

/* On the way of every request: a hit costs a look at the clock. */
int
log_use(struct request *r)
{
	struct client *c = r->client;
	struct log *l = &r->keeper->log;
	struct reader body = r->body;
	char jid[LIMIT_JID + 1];
	struct account *a;
	int err;

	if ((r->message->right & (RIGHT_TEXT | RIGHT_NETWORK)) == 0)
		return 0;
	hour_begin(l);
	reader_cstring(&body, jid, sizeof jid); /* their first field, all */
	if (body.err != 0 || !client_has_account(c, jid) ||
	    (a = account_find(r->keeper, jid)) == NULL)
		return 0; /* the handler says so */
	if (c->used != l->serial || c->used_device != a->device) {
		c->used = l->serial;
		c->used_device = a->device;
		c->used_rights = 0;
	}
	if (c->used_rights & r->message->right)
		return 0;
	if ((err = note_use(r, a)) != 0)
		return err;
	c->used_rights |= r->message->right;
	return 0;
}
