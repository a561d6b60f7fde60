/* SPDX-License-Identifier: ISC */
/*
 * All records of an account, taken away in one transaction. Runs in the
 * keeper; each is opened into the secure heap to see whose it is.
 */
#include <assert.h>
#include <string.h>

#include "../ipc/err.h"
#include "records_internal.h"

/* The identity first: without it the rest is nothing. */
static const enum record_kind order[] = { RECORD_ACCOUNT, RECORD_PREKEYS,
	RECORD_RETIRED, RECORD_SESSION, RECORD_SKIPPED, RECORD_RATCHETS,
	RECORD_KEX, RECORD_OUTBOX, RECORD_MESSAGE, RECORD_WORK, RECORD_TOLD,
	RECORD_PEER, RECORD_CLIENT, RECORD_CURSOR, RECORD_ROOM };

static_assert(sizeof order / sizeof order[0] == RECORD_KINDS - 3,
    "all kinds but duties and the log");

/* 1: it is the account's; 0; or an error. */
static int
belongs(struct records *r, const struct entry *e, const char *account)
{
	struct secret plain = { 0 };
	struct reader in;
	const uint8_t *owner;
	size_t len;
	int err = unseal(r, e->key, e->newest, &plain);

	if (err != 0)
		return err;
	reader_init(&in, plain.data, plain.len);
	owner = reader_string(&in, &len, LIMIT_JID);
	err = owner == NULL
	    ? ERR_CORRUPT
	    : len == strlen(account) && memcmp(owner, account, len) == 0;
	secret_free(&plain);
	return err;
}

int
txn_forget(struct txn *t, const char *account, size_t n, size_t *left)
{
	struct records *r = t->r;
	struct entry *e;
	int err = 0, ours;

	*left = 0;
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		TAILQ_FOREACH(e, &r->kinds[order[i]], of_kind) {
			if (e->newest == NULL ||
			    (e->staged != NULL && e->staged->sealed == NULL))
				continue;
			if ((ours = belongs(r, e, account)) < 0)
				return ours;
			if (!ours)
				continue;
			if (n == 0) {
				(*left)++;
				continue;
			}
			n--;
			if ((err = txn_stage(t, e, NULL)) != 0)
				return err;
		}
	return txn_stage_epochs(t);
}
