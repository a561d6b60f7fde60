/* SPDX-License-Identifier: ISC */
/*
 * Trust messages that wait, and the parser. Runs in the keeper. An envelope is
 * given to the parser once at most: its record is gone, durably, before the
 * parser sees it, so that one which ends the parser, and all roles with it, is
 * not read again after the next start. Believes nothing that the parser says
 * (told_apply.c).
 */
#include "told.h"

#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "peer.h"
#include "readers.h"
#include "work.h"

static const char namespace[] = "urn:xmpp:tm:1";

/* --- the list ------------------------------------------------------------------- */

static void
list_remove(struct account *a, struct told_item *i)
{
	TAILQ_REMOVE(&a->told, i, entry);
	a->ntold--;
	free(i->sender);
	free(i->to);
	free(i);
}

static int
list_add(struct account *a, uint64_t seq, const struct told_from *from)
{
	struct told_item *i = calloc(1, sizeof *i), *at;

	if (i == NULL || (i->sender = strdup(from->sender)) == NULL ||
	    (i->to = strdup(from->to)) == NULL) {
		if (i != NULL)
			free(i->sender);
		free(i);
		return ERR_MEMORY;
	}
	i->seq = seq;
	i->device = from->device;
	memcpy(i->u, from->u, sizeof i->u);
	i->stranger = from->stranger;
	/* records are not loaded in their order */
	TAILQ_FOREACH(at, &a->told, entry)
		if (at->seq > seq)
			break;
	if (at == NULL)
		TAILQ_INSERT_TAIL(&a->told, i, entry);
	else
		TAILQ_INSERT_BEFORE(at, i, entry);
	a->ntold++;
	return 0;
}

void
told_forget(struct account *a)
{
	while (!TAILQ_EMPTY(&a->told))
		list_remove(a, TAILQ_FIRST(&a->told));
}

static int
drop(struct txn *t, struct account *a, struct told_item *i)
{
	uint8_t name[8];
	int err;

	work_name(i->seq, name);
	err = txn_delete(t, RECORD_TOLD, a->jid, name, sizeof name);
	if (err == 0 || err == ERR_NOT_FOUND) /* the parser has it */
		list_remove(a, i);
	return err == ERR_NOT_FOUND ? 0 : err;
}

int
told_drop_all(struct txn *t, struct account *a)
{
	int err = 0;

	while (err == 0 && !TAILQ_EMPTY(&a->told))
		err = drop(t, a, TAILQ_FIRST(&a->told));
	return err;
}

/* --- a new one -------------------------------------------------------------------- */

int
told_is_wanted(
    const struct account *a, uint8_t ns, const uint8_t *text, size_t len)
{
	return !a->silent && ns == NS_OMEMO2 && len <= LIMIT_TOLD_ENVELOPE &&
	    memmem(text, len, namespace, sizeof namespace - 1) != NULL;
}

/* How many are of the same key, or of the same sender whatever the key. */
static size_t
count(const struct account *a, const struct told_item *of, int key)
{
	struct told_item *i;
	size_t n = 0;

	TAILQ_FOREACH(i, &a->told, entry)
		n += strcmp(i->sender, of->sender) == 0 &&
		    (!key || memcmp(i->u, of->u, sizeof i->u) == 0);
	return n;
}

/* The first of the sender, or of the stranger, who has most. */
static struct told_item *
of_most(struct account *a, int stranger)
{
	struct told_item *i, *most = NULL;
	size_t n, best = 0;

	TAILQ_FOREACH(i, &a->told, entry)
		if ((!stranger || i->stranger) && (n = count(a, i, 0)) > best) {
			best = n;
			most = i;
		}
	return most;
}

static size_t
strangers(const struct account *a)
{
	struct told_item *i;
	size_t n = 0;

	TAILQ_FOREACH(i, &a->told, entry)
		n += i->stranger;
	return n;
}

/* The first of this writer's key, if there are too many; else, if there are too
 * many of strangers or of all, one of whoever has most of these. */
static struct told_item *
to_go(struct account *a, const struct told_from *from)
{
	const size_t part = from->stranger ? STRANGERS_SHARE : 1;
	struct told_item *i;

	TAILQ_FOREACH(i, &a->told, entry)
		if (strcmp(i->sender, from->sender) == 0 &&
		    memcmp(i->u, from->u, sizeof i->u) == 0) {
			if (count(a, i, 1) >= LIMIT_TOLD_DEVICE / part)
				return i;
			break;
		}
	if (from->stranger && strangers(a) >= LIMIT_TOLD / STRANGERS_SHARE)
		return of_most(a, 1);
	return a->ntold < LIMIT_TOLD ? NULL : of_most(a, 0);
}

int
told_keep(struct keeper *k, struct txn *t, struct account *a,
    const struct told_from *from, const uint8_t *text, size_t len)
{
	struct told_item *old = to_go(a, from);
	struct secret s = { 0 };
	struct buffer b;
	uint8_t name[8];
	uint64_t seq;
	int err;

	if (old != NULL && (err = drop(t, a, old)) != 0)
		return err;
	err =
	    secret_new(&s, len + strlen(from->sender) + strlen(from->to) + 64);
	if (err != 0)
		return err;
	work_name(seq = account_seq(k), name);
	buffer_over(&b, &s);
	buffer_put_cstring(&b, from->sender);
	buffer_put_cstring(&b, from->to);
	buffer_put_u32(&b, from->device);
	buffer_put(&b, from->u, 32);
	buffer_put_u8(&b, from->stranger);
	buffer_put_string(&b, text, len);
	err = b.err != 0
	    ? b.err
	    : txn_put(t, RECORD_TOLD, a->jid, name, sizeof name, b.data, b.len);
	secret_free(&s);
	return err != 0 ? err : list_add(a, seq, from);
}

/* --- one that was kept ------------------------------------------------------------ */

struct kept {
	char sender[LIMIT_JID + 1], to[LIMIT_JID + 1];
	uint32_t device;
	uint8_t u[32], stranger;
	const uint8_t *text;
	size_t len;
};

static int
unpack(struct kept *kept, const uint8_t *p, size_t len)
{
	struct reader r;

	reader_init(&r, p, len);
	reader_cstring(&r, kept->sender, sizeof kept->sender);
	reader_cstring(&r, kept->to, sizeof kept->to);
	kept->device = reader_u32(&r);
	reader_fixed(&r, kept->u, sizeof kept->u);
	kept->stranger = reader_u8(&r);
	kept->text = reader_string(&r, &kept->len, LIMIT_TOLD_ENVELOPE);
	return reader_end(&r) != 0 ? ERR_CORRUPT : 0;
}

int
told_load(struct keeper *k, struct account *a, const uint8_t *name,
    size_t namelen, const uint8_t *p, size_t len)
{
	struct kept kept;
	struct told_from from = { kept.sender, kept.to, 0, kept.u, 0 };
	struct reader n;
	uint64_t seq;

	reader_init(&n, name, namelen);
	seq = reader_u64(&n);
	if (reader_end(&n) != 0 || unpack(&kept, p, len) != 0)
		return ERR_CORRUPT;
	from.device = kept.device;
	from.stranger = kept.stranger;
	if (seq > k->accounts->seq)
		k->accounts->seq = seq;
	return list_add(a, seq, &from);
}

/* --- the parser --------------------------------------------------------------------- */

static void
told_end(struct keeper *k)
{
	k->told.seq = 0;
	secret_free(&k->told.envelope);
}

void
told_stop(struct keeper *k)
{
	told_end(k);
}

/* Its record is gone: now the parser may have it. */
static void
on_durable(void *arg, int err)
{
	struct keeper *k = arg;
	struct buffer *out;
	size_t at;

	if (k->told.seq == 0)
		return;
	if (err != 0) { /* the record is there again, and the cache stale */
		told_end(k);
		return;
	}
	out = connection_out(k->parser);
	at = frame_begin(out, M_PARSE, ++k->told.id);
	buffer_put_string(out, k->told.envelope.data, k->told.envelope.len);
	(void)frame_end(out, at);
	connection_flush(k->parser);
}

/* 0: it is on its way to the parser; 1: there is none; or an error. */
static int
ask(struct keeper *k, struct account *a, struct told_item *i)
{
	struct txn *t = txn_begin(k->records);
	struct secret s = { 0 };
	struct kept kept;
	uint8_t name[8];
	int err;

	work_name(i->seq, name);
	err = txn_get(t, RECORD_TOLD, a->jid, name, sizeof name, &s);
	if (err == 0)
		err = unpack(&kept, s.data, s.len);
	if (err == 0)
		err = secret_copy(&k->told.envelope, kept.text, kept.len);
	if (err == 0)
		err = txn_delete(t, RECORD_TOLD, a->jid, name, sizeof name);
	secret_free(&s);
	if (err != 0) {
		txn_abort(t);
		told_end(k);
		return err;
	}
	k->told.seq = i->seq;
	keeper_commit(k, t);
	records_after(k->records, on_durable, k);
	return 0;
}

static struct told_item *
next_that_counts(struct keeper *k, struct account *a)
{
	struct txn *t = txn_begin(k->records);
	struct told_item *i;

	TAILQ_FOREACH(i, &a->told, entry)
		if (told_counts(t, a, i))
			break;
	txn_abort(t);
	return i;
}

void
told_run(struct keeper *k)
{
	struct told_item *i;
	struct account *a;

	if (k->accounts == NULL || k->locking || k->told.seq != 0)
		return;
	TAILQ_FOREACH(a, &k->accounts->list, entry)
		while (!a->silent && (i = next_that_counts(k, a)) != NULL) {
			if (ask(k, a, i) == 0)
				return;
			list_remove(a, i); /* until the next unlock */
		}
}

/* What the parser was asked about, if it waits still. */
static struct told_item *
asked(struct keeper *k, struct account **out)
{
	struct told_item *i;
	struct account *a;

	TAILQ_FOREACH(a, &k->accounts->list, entry)
		TAILQ_FOREACH(i, &a->told, entry)
			if (i->seq == k->told.seq) {
				*out = a;
				return i;
			}
	return NULL;
}

static void
take(struct keeper *k, struct account *a, struct told_item *i,
    struct reader *body)
{
	struct txn *t = txn_begin(k->records);

	if (told_apply(k, t, a, i, &k->told.envelope, body) != 0) {
		txn_abort(t);
		return;
	}
	readers_recheck(k, t, a);
	keeper_commit(k, t);
	work_announce(k, a);
}

int
told_frame(struct keeper *k, struct frame *f)
{
	const struct message *m = message_find(LINK_PARSER, M_PARSE);
	struct told_item *i;
	struct account *a;

	if (f->type != M_REPLY && f->type != M_ERROR)
		return ERR_UNKNOWN_MESSAGE;
	if (f->type == M_REPLY &&
	    message_check(m->reply, f->body.p, f->body.left) != 0)
		return ERR_MALFORMED;
	if (k->accounts == NULL || k->told.seq == 0 || f->id != k->told.id)
		return 0; /* late: it was locked meanwhile */
	if ((i = asked(k, &a)) != NULL) {
		if (f->type == M_REPLY)
			take(k, a, i, &f->body);
		list_remove(a, i);
	}
	told_end(k);
	told_run(k);
	return 0;
}
