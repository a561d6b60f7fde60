/* SPDX-License-Identifier: ISC */
/*
 * By age: messages that every sibling had its window to read, used prekeys that no
 * archive was read to the end for, clients that did not come back; a signed
 * prekey, also of an account whose net never goes. Runs in the keeper.
 */
#include "purge.h"

#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "message.h"
#include "prekeys.h"
#include "retired.h"
#include "sessions.h"
#include "strangers.h"
#include "work.h"

#define PURGE_MS      (5 * 60 * 1000)
#define PREKEY_USED_S 86400 /* without an archive that was read to its end */

/* What nobody has shown yet stays: it is still to be read for the first time. */
static int
purge_messages(struct txn *t, struct account *a, uint64_t before)
{
	struct indexed *e;
	size_t i = 0;
	int err;

	while (i < a->messages.n) {
		e = &a->messages.v[i];
		if (!e->fixed || e->time >= before) {
			i++;
			continue;
		}
		err = txn_delete(
		    t, RECORD_MESSAGE, a->jid, e->handle, HANDLE_SIZE);
		if (err != 0)
			return err;
		index_remove(&a->messages, e->handle);
	}
	return 0;
}

static int
purge_prekeys(struct txn *t, struct account *a, uint64_t before)
{
	int err = prekeys_purge(t, a->jid, 0, before);

	for (uint32_t i = 0; i < a->nretired && err == 0; i++)
		err = prekeys_purge(t, a->jid, a->retired[i].id, before);
	return err;
}

struct old_name {
	uint64_t before;
	char name[LIMIT_CLIENT_NAME + 1];
	size_t len;
};

static int
find_old(void *arg, const char *account, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	struct old_name *old = arg;
	struct reader r;

	(void)account;
	reader_init(&r, p, len);
	if (reader_u64(&r) >= old->before || namelen > LIMIT_CLIENT_NAME)
		return 0;
	memcpy(old->name, name, namelen);
	old->len = namelen;
	return 1;
}

/* One a turn; the others' turn comes. */
static int
purge_client(
    struct keeper *k, struct txn *t, struct account *a, uint64_t before)
{
	struct old_name old = { .before = before };

	if (records_each(k->records, RECORD_CLIENT, a->jid, find_old, &old) !=
	    1)
		return 0;
	return txn_delete(t, RECORD_CLIENT, a->jid, old.name, old.len);
}

/* A name is remembered for as long as what was offered to it, and a day: what
 * it has shown must not come again after a night. */
static uint64_t
names_window(const struct account *a)
{
	return a->window > WINDOW_DEFAULT ? a->window : WINDOW_DEFAULT;
}

static void
purge(void *arg)
{
	struct keeper *k = arg;
	uint64_t now = clock_real();
	struct account *a;
	struct txn *t;
	int err;

	k->accounts->purge = loop_timer(k->loop, PURGE_MS, purge, k);
	TAILQ_FOREACH(a, &k->accounts->list, entry) {
		if (k->locking || k->accounts->stale)
			continue; /* the next turn will do */
		t = txn_begin(k->records);
		err = purge_messages(
		    t, a, a->window == 0 ? UINT64_MAX : now - a->window);
		if (err == 0)
			err = purge_prekeys(t, a, now - PREKEY_USED_S);
		if (err == 0)
			err = retired_purge(k, t, a, now);
		if (err == 0)
			err = session_delete_former(k, t, a);
		if (err == 0)
			err = purge_client(k, t, a, now - names_window(a));
		if (err == 0)
			err = strangers_purge(k, t, a, now);
		if (err == 0)
			err = prekeys_rotate(k, t, a);
		if (err == 0) {
			keeper_commit(k, t);
			work_announce(k, a);
		} else {
			txn_abort(t);
			k->accounts->stale = 1;
		}
	}
}

void
purge_start(struct keeper *k)
{
	timer_cancel(k->accounts->purge);
	k->accounts->purge = loop_timer(k->loop, 1, purge, k);
}
