/* SPDX-License-Identifier: ISC */
/*
 * CONSTRAIN: what an identity may be used for. Runs in the keeper. All
 * settings of a request are taken or none, and one that is not known here
 * refuses the request: who asks for a limit must not go without.
 */
#include "account.h"
#include "handlers.h"
#include "purge.h"
#include "told.h"

#define SETTINGS_MAX 16

static int
set_rate(struct rate *rate, uint64_t value)
{
	struct rate to = { (uint32_t)(value >> 32), (uint32_t)value };

	if ((to.uses == 0) != (to.seconds == 0) || to.uses > LIMIT_RATE_USES ||
	    to.seconds > LIMIT_RATE_TIME)
		return ERR_ARGUMENT;
	*rate = to;
	return 0;
}

int
limits_check(const struct limits *l)
{
	const struct rate *rate;

	if (l->lifetime > LIMIT_LIFETIME || l->confirm > CONFIRM_ONCE ||
	    l->stale > LIMIT_STALE)
		return ERR_ARGUMENT;
	for (int i = 0; i < RATES; i++) {
		rate = &l->rate[i];
		if ((rate->uses == 0) != (rate->seconds == 0) ||
		    rate->uses > LIMIT_RATE_USES ||
		    rate->seconds > LIMIT_RATE_TIME)
			return ERR_ARGUMENT;
	}
	return 0;
}

static int
set(struct account_record *rec, uint8_t what, uint64_t value)
{
	switch (what) {
	case CONSTRAIN_WINDOW:
		if (value > LIMIT_WINDOW)
			return ERR_ARGUMENT;
		rec->window = (uint32_t)value;
		return 0;
	case CONSTRAIN_LIFETIME:
		if (value > LIMIT_LIFETIME)
			return ERR_ARGUMENT;
		rec->limits.lifetime = (uint32_t)value;
		return 0;
	case CONSTRAIN_CONFIRM:
		if (value > CONFIRM_ONCE)
			return ERR_ARGUMENT;
		rec->limits.confirm = (uint8_t)value;
		return 0;
	case CONSTRAIN_STALE:
		if (value > LIMIT_STALE)
			return ERR_ARGUMENT;
		rec->limits.stale = (uint32_t)value;
		return 0;
	case CONSTRAIN_OPEN_RATE:
		return set_rate(&rec->limits.rate[RATE_OPEN], value);
	case CONSTRAIN_TRUST_MESSAGES:
		if (value > 1)
			return ERR_ARGUMENT;
		rec->silent = value == 0;
		return 0;
	case CONSTRAIN_DECRYPT_RATE:
		return set_rate(&rec->limits.rate[RATE_DECRYPT], value);
	default:
		return ERR_UNSUPPORTED;
	}
}

static int
set_all(struct account_record *rec, struct reader *b)
{
	uint32_t n = reader_count(b, SETTINGS_MAX);
	int err = n == 0 ? ERR_ARGUMENT : 0;

	for (; n > 0 && err == 0; n--) {
		uint8_t what = reader_u8(b);
		uint64_t value = reader_u64(b);

		err = b->err != 0 ? b->err : set(rec, what, value);
	}
	return err != 0 ? err : reader_end(b);
}

void
constrain(struct request *r)
{
	char jid[LIMIT_JID + 1];
	struct account_record *rec;
	struct account *a;
	struct txn *t;
	int err;

	reader_cstring(&r->body, jid, sizeof jid);
	if (r->body.err != 0) {
		request_fail(r, r->body.err, "constrain");
		return;
	}
	if ((a = request_account(r, jid)) == NULL)
		return;
	t = txn_begin(r->keeper->records);
	err = account_open(t, jid, &rec);
	if (err == 0)
		err = set_all(rec, &r->body);
	if (err == 0)
		err = account_put(t, jid, rec);
	if (err == 0)
		err =
		    request_log(r, t, ACT_CONSTRAIN, jid, "window %u seconds%s",
			rec->window, rec->silent ? ", no trust messages" : "");
	if (err == 0 && rec->silent)
		err = told_drop_all(t, a);
	if (err == 0) {
		a->window = rec->window;
		a->silent = rec->silent;
		use_limit(r->keeper, a, &rec->limits, loop_now());
	}
	account_release(rec);
	if (err != 0) {
		request_abort(r, t, err, "constrain");
		return;
	}
	purge_start(r->keeper); /* what is too old by it goes now */
	request_commit(r, t);
}
