/* SPDX-License-Identifier: ISC */
/*
 * The cache of accounts: filled from the records at unlock, read again after
 * a refused commit, wiped by lock. Runs in the keeper; the cache holds no
 * key, only the record, opened for one request, does (secure heap).
 */
#include "account.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attach.h"
#include "bundles.h"
#include "crypto/crypto.h"
#include "duties.h"
#include "peer.h"
#include "purge.h"
#include "retired.h"
#include "revoke.h"
#include "told.h"
#include "work.h"

uint64_t
clock_real(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec;
}

/* Ascending over restarts too: no less than the time in microseconds. */
uint64_t
account_seq(struct keeper *k)
{
	struct timespec ts;
	uint64_t now;

	clock_gettime(CLOCK_REALTIME, &ts);
	now = (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
	if (now <= k->accounts->seq)
		now = k->accounts->seq + 1;
	return k->accounts->seq = now;
}

/* --- filling ---------------------------------------------------------------- */

static struct account *
find(struct keeper *k, const char *jid)
{
	struct account *a;

	TAILQ_FOREACH(a, &k->accounts->list, entry)
		if (strcmp(a->jid, jid) == 0)
			return a;
	return NULL;
}

struct account *
account_add(struct keeper *k, const char *jid)
{
	struct account *a = calloc(1, sizeof *a);

	if (a == NULL || (a->jid = strdup(jid)) == NULL) {
		free(a);
		return NULL;
	}
	a->unlocked = loop_now();
	TAILQ_INIT(&a->work);
	TAILQ_INIT(&a->told);
	TAILQ_INIT(&a->waits);
	TAILQ_INSERT_TAIL(&k->accounts->list, a, entry);
	k->accounts->n++;
	return a;
}

/* What the records say; who waits for readers is in none of them. */
static void
empty(struct account *a)
{
	index_free(&a->messages);
	index_free(&a->outbox);
	work_forget(a);
	told_forget(a);
	a->kept = 0;
	a->nretired = 0;
}

static void
drop(struct accounts *all, struct account *a)
{
	struct wait *w;

	TAILQ_REMOVE(&all->list, a, entry);
	all->n--;
	empty(a);
	timer_cancel(a->life.timer);
	while ((w = TAILQ_FIRST(&a->waits)) != NULL) {
		TAILQ_REMOVE(&a->waits, w, entry);
		free(w);
	}
	free(a->jid);
	free(a);
}

void
account_note(
    struct keeper *k, struct account *a, const struct account_record *rec)
{
	a->device = rec->device;
	a->created = rec->created;
	memcpy(a->u, rec->identity.u, sizeof a->u);
	a->due = rec->due;
	a->doubt = rec->doubt;
	a->window = rec->window;
	a->silent = rec->silent;
	use_limit(k, a, &rec->limits, a->unlocked);
	account_note_withdrawn(a, rec);
	a->compared |= (uint8_t)(COMPARED_ALL & ~rec->ours);
}

void
account_drop(struct keeper *k, struct account *a, const struct client *by)
{
	attach_end_clients(k, a->jid, by);
	drop(k->accounts, a);
}

/* Records whose account is not there: it was being destroyed (revoke.c). */
static int
is_orphan(struct keeper *k, const struct account *a)
{
	if (a == NULL)
		k->accounts->orphans = 1;
	return a == NULL;
}

static int
load_account(void *arg, const char *jid, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	struct keeper *k = arg;
	struct account_record rec;
	struct account *a;
	int err;

	(void)name;
	(void)namelen;
	if ((err = account_unpack(p, len, &rec)) != 0)
		goto out;
	a = find(k, jid);
	if (a == NULL && (a = account_add(k, jid)) == NULL) {
		err = ERR_MEMORY;
		goto out;
	}
	account_note(k, a, &rec);
out:
	secret_wipe(&rec, sizeof rec);
	return err;
}

/* MESSAGE and OUTBOX records begin alike: seq, time, length, a flag. */
static int
load_entry(struct keeper *k, struct index *x, const uint8_t *name,
    size_t namelen, const uint8_t *p, size_t len)
{
	struct indexed e = { 0 };
	struct reader r;

	reader_init(&r, p, len);
	e.seq = reader_u64(&r);
	e.time = reader_u64(&r);
	e.len = reader_u32(&r);
	e.fixed = reader_u8(&r);
	if (r.err != 0 || namelen != HANDLE_SIZE)
		return ERR_CORRUPT;
	memcpy(e.handle, name, HANDLE_SIZE);
	if (e.seq > k->accounts->seq)
		k->accounts->seq = e.seq;
	if (index_reserve(x) != 0)
		return ERR_MEMORY;
	index_add(x, &e);
	return 0;
}

static int
load_message(void *arg, const char *jid, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	struct account *a = find(arg, jid);

	if (is_orphan(arg, a))
		return 0;
	return load_entry(arg, &a->messages, name, namelen, p, len);
}

static int
load_outbox(void *arg, const char *jid, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	struct account *a = find(arg, jid);

	if (is_orphan(arg, a))
		return 0;
	return load_entry(arg, &a->outbox, name, namelen, p, len);
}

static int
load_client(void *arg, const char *jid, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	struct keeper *k = arg;
	struct reader r;
	uint64_t seen, seq;

	(void)jid;
	(void)name;
	(void)namelen;
	reader_init(&r, p, len);
	seen = reader_u64(&r);
	seq = reader_u64(&r);
	(void)seen;
	if (r.err != 0)
		return ERR_CORRUPT;
	if (seq > k->accounts->seq)
		k->accounts->seq = seq;
	return 0;
}

static int
load_skipped(void *arg, const char *jid, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	struct account *a = find(arg, jid);

	(void)name;
	(void)namelen;
	if (is_orphan(arg, a))
		return 0;
	if (len < 6)
		return ERR_CORRUPT;
	a->kept += (uint64_t)__builtin_popcount((unsigned)(p[4] << 8 | p[5]));
	return 0;
}

static int
load_work(void *arg, const char *jid, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	if (is_orphan(arg, find(arg, jid)))
		return 0;
	return work_load(arg, jid, name, namelen, p, len);
}

static int
load_told(void *arg, const char *jid, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	struct account *a = find(arg, jid);

	if (is_orphan(arg, a))
		return 0;
	return told_load(arg, a, name, namelen, p, len);
}

static int
load_retired(void *arg, const char *jid, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	struct account *a = find(arg, jid);

	if (is_orphan(arg, a))
		return 0;
	return retired_load(a, name, namelen, p, len);
}

static int
load_all(struct keeper *k)
{
	static const struct {
		enum record_kind kind;
		int (*fn)(void *, const char *, const uint8_t *, size_t,
		    const uint8_t *, size_t);
	} steps[] = {
		{ RECORD_ACCOUNT, load_account },
		{ RECORD_MESSAGE, load_message },
		{ RECORD_OUTBOX, load_outbox },
		{ RECORD_CLIENT, load_client },
		{ RECORD_SKIPPED, load_skipped },
		{ RECORD_WORK, load_work },
		{ RECORD_TOLD, load_told },
		{ RECORD_RETIRED, load_retired },
		{ RECORD_DUTY, duty_load },
	};
	struct account *a, *next;
	size_t i;
	int err;

	duties_forget(k);
	k->accounts->orphans = 0;
	TAILQ_FOREACH(a, &k->accounts->list, entry) {
		empty(a);
		a->device = 0;
	}
	for (i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		err = records_each(
		    k->records, steps[i].kind, NULL, steps[i].fn, k);
		if (err != 0)
			return err;
	}
	for (a = TAILQ_FIRST(&k->accounts->list); a != NULL; a = next) {
		next = TAILQ_NEXT(a, entry);
		if (a->device == 0) { /* its CREATE was refused */
			attach_drop(k, a);
			drop(k->accounts, a);
			continue;
		}
		if ((err = index_sort(&a->messages)) != 0 ||
		    (err = index_sort(&a->outbox)) != 0)
			return err;
	}
	k->accounts->stale = 0;
	return 0;
}

int
accounts_load(struct keeper *k)
{
	int err;

	accounts_forget(k);
	k->accounts = calloc(1, sizeof *k->accounts);
	if (k->accounts == NULL)
		return ERR_MEMORY;
	TAILQ_INIT(&k->accounts->list);
	TAILQ_INIT(&k->accounts->confirms);
	TAILQ_INIT(&k->accounts->duties);
	k->accounts->bundles = bundles_new();
	if (k->accounts->bundles == NULL)
		err = ERR_MEMORY;
	else
		err = load_all(k);
	if (err != 0)
		accounts_forget(k);
	else {
		purge_start(k);
		revoke_resume(k);
	}
	return err;
}

void
accounts_forget(struct keeper *k)
{
	struct accounts *all = k->accounts;
	struct account *a;

	if (all == NULL)
		return;
	confirm_forget(k);
	told_stop(k);
	attach_forget(k);
	revoke_forget(k);
	duties_forget(k);
	timer_cancel(all->purge);
	timer_cancel(all->handing);
	while ((a = TAILQ_FIRST(&all->list)) != NULL)
		drop(all, a);
	bundles_free(all->bundles);
	free(all);
	k->accounts = NULL;
}

struct account *
account_find(struct keeper *k, const char *jid)
{
	if (k->accounts == NULL)
		return NULL;
	if (k->accounts->stale && load_all(k) != 0)
		return NULL;
	return find(k, jid);
}

/* --- the record ------------------------------------------------------------- */

/* since version 2 of the record, stale since 3 */
static void
limits_unpack(struct reader *r, struct limits *l, uint8_t version)
{
	l->lifetime = reader_u32(r);
	l->confirm = reader_u8(r);
	for (int i = 0; i < RATES; i++) {
		l->rate[i].uses = reader_u32(r);
		l->rate[i].seconds = reader_u32(r);
	}
	if (version >= 3)
		l->stale = reader_u32(r);
}

static void
limits_pack(struct buffer *b, const struct limits *l)
{
	buffer_put_u32(b, l->lifetime);
	buffer_put_u8(b, l->confirm);
	for (int i = 0; i < RATES; i++) {
		buffer_put_u32(b, l->rate[i].uses);
		buffer_put_u32(b, l->rate[i].seconds);
	}
	buffer_put_u32(b, l->stale);
}

int
account_unpack(const uint8_t *p, size_t len, struct account_record *rec)
{
	struct reader r;
	uint8_t version;

	reader_init(&r, p, len);
	version = reader_u8(&r);
	if (version < 1 || version > 3)
		return ERR_CORRUPT;
	reader_fixed(&r, rec->identity.seed, 32);
	reader_fixed(&r, rec->identity.ed, 32);
	reader_fixed(&r, rec->identity.priv, 32);
	reader_fixed(&r, rec->identity.u, 32);
	reader_fixed(&r, rec->handle_key, 32);
	rec->device = reader_u32(&r);
	rec->created = reader_u64(&r);
	rec->others = reader_u8(&r);
	rec->own_read = reader_u8(&r);
	rec->due = reader_u8(&r);
	rec->doubt = reader_u8(&r);
	rec->ours = reader_u8(&r);
	rec->window = reader_u32(&r);
	memset(&rec->limits, 0, sizeof rec->limits);
	rec->limits.stale = STALE_DEFAULT;
	if (version >= 2)
		limits_unpack(&r, &rec->limits, version);
	rec->label[0] = '\0';
	if (version >= 3)
		reader_cstring(&r, rec->label, sizeof rec->label);
	rec->silent = version >= 3 ? reader_u8(&r) : 0;
	rec->nwithdrawn = reader_count(&r, LIMIT_WITHDRAWN);
	for (uint32_t i = 0; i < rec->nwithdrawn; i++) {
		rec->withdrawn[i].id = reader_u32(&r);
		rec->withdrawn[i].kind = reader_u8(&r);
	}
	return reader_end(&r) != 0 ? ERR_CORRUPT : 0;
}

int
account_open(struct txn *t, const char *jid, struct account_record **out)
{
	struct secret s = { 0 };
	int err;

	*out = NULL;
	if ((err = txn_get(t, RECORD_ACCOUNT, jid, "", 0, &s)) != 0)
		return err;
	*out = secret_alloc(sizeof **out);
	err = *out == NULL ? ERR_BUSY : account_unpack(s.data, s.len, *out);
	secret_free(&s);
	if (err != 0) {
		account_release(*out);
		*out = NULL;
	}
	return err;
}

void
account_pack(const struct account_record *rec, struct buffer *b)
{
	buffer_put_u8(b, 3);
	buffer_put(b, rec->identity.seed, 32);
	buffer_put(b, rec->identity.ed, 32);
	buffer_put(b, rec->identity.priv, 32);
	buffer_put(b, rec->identity.u, 32);
	buffer_put(b, rec->handle_key, 32);
	buffer_put_u32(b, rec->device);
	buffer_put_u64(b, rec->created);
	buffer_put_u8(b, rec->others);
	buffer_put_u8(b, rec->own_read);
	buffer_put_u8(b, rec->due);
	buffer_put_u8(b, rec->doubt);
	buffer_put_u8(b, rec->ours);
	buffer_put_u32(b, rec->window);
	limits_pack(b, &rec->limits);
	buffer_put_cstring(b, rec->label);
	buffer_put_u8(b, rec->silent);
	buffer_put_u32(b, rec->nwithdrawn);
	for (uint32_t i = 0; i < rec->nwithdrawn; i++) {
		buffer_put_u32(b, rec->withdrawn[i].id);
		buffer_put_u8(b, rec->withdrawn[i].kind);
	}
}

int
account_put(struct txn *t, const char *jid, const struct account_record *rec)
{
	struct secret s = { 0 };
	struct buffer b;
	int err;

	if ((err = secret_new(&s, ACCOUNT_PACKED_MAX)) != 0)
		return err;
	buffer_over(&b, &s);
	account_pack(rec, &b);
	err = b.err != 0
	    ? b.err
	    : txn_put(t, RECORD_ACCOUNT, jid, "", 0, b.data, b.len);
	secret_free(&s);
	return err;
}

void
account_release(struct account_record *rec)
{
	if (rec != NULL)
		secret_release(rec, sizeof *rec);
}

int
account_handle(const struct account_record *rec, const char *label,
    const struct iovec_const *v, size_t n, uint8_t handle[HANDLE_SIZE])
{
	struct buffer b;
	struct iovec_const all;
	uint8_t mac[32];
	size_t i;
	int err;

	buffer_init(&b, RECORD_MAX);
	buffer_put_cstring(&b, label);
	for (i = 0; i < n; i++) /* lengths too: parts cannot run together */
		buffer_put_string(&b, v[i].p, v[i].len);
	all.p = b.data;
	all.len = b.len;
	err =
	    b.err != 0 ? b.err : crypto_hmac(rec->handle_key, 32, &all, 1, mac);
	if (err == 0)
		memcpy(handle, mac, HANDLE_SIZE);
	buffer_free(&b);
	return err;
}

int
account_set_due(struct keeper *k, struct txn *t, struct account *a, uint8_t due)
{
	struct account_record *rec;
	int err;

	if ((err = account_open(t, a->jid, &rec)) != 0)
		return err;
	rec->due |= due;
	if ((err = account_put(t, a->jid, rec)) == 0)
		account_note_due(k, a, due);
	account_release(rec);
	return err;
}

void
account_note_withdrawn(struct account *a, const struct account_record *rec)
{
	a->nwithdrawn = rec->nwithdrawn;
	memcpy(a->withdrawn, rec->withdrawn, sizeof a->withdrawn);
}

void
account_note_due(struct keeper *k, struct account *a, uint8_t due)
{
	size_t ns;

	a->due |= due;
	for (ns = 0; ns < OMEMO_PROFILES; ns++) {
		if (due & DUE_IN(ns) & DUE_DEVICES)
			a->devices[ns].serial = account_seq(k);
		if (due & DUE_IN(ns) & DUE_BUNDLE)
			a->bundle[ns].serial = account_seq(k);
	}
}

int
account_to_compare(const struct account *a)
{
	int ns;

	for (ns = 0; ns < OMEMO_PROFILES; ns++)
		if (!(a->compared & NAMESPACE(ns)))
			return ns;
	return -1;
}

void
buffer_over(struct buffer *b, struct secret *s)
{
	memset(b, 0, sizeof *b);
	b->data = s->data;
	b->cap = b->max = s->len;
}
