/* SPDX-License-Identifier: ISC */
/*
 * The log: what is in it and what never is, refused commits, floods, the
 * maximum, a store that lies, and what only the chain catches: changes made
 * with the vault's key. The clock of this program jumps.
 */
#include <sys/syscall.h>

#include <time.h>

#include <bsd/string.h>

#include "../../agent/log.h"
#include "../../client/key/log_chain.h"
#include "check.h"
#include "keeper_flow.h"
/* after it */
#include "../../agent/handlers.h"

#define ROWS 12000

static time_t jump; /* seconds */

/* In the place of libc's. */
int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int r = (int)syscall(SYS_clock_gettime, id, ts);

	ts->tv_sec += jump;
	return r;
}

/* --- reading it --------------------------------------------------------------- */

struct got {
	uint32_t count, pid;
	uint8_t act;
	char account[64], client[65], detail[LIMIT_LOG_DETAIL + 1];
};

static struct got rows[ROWS];
static size_t nrows;
static struct log_chain chain;

static void
keep(void *arg, const struct log_row *row)
{
	struct got *g = &rows[nrows++];

	(void)arg;
	assert_true(nrows <= ROWS);
	g->act = row->act;
	g->count = row->count;
	g->pid = row->pid;
	strlcpy(g->account, row->account, sizeof g->account);
	strlcpy(g->client, row->client, sizeof g->client);
	strlcpy(g->detail, row->detail, sizeof g->detail);
}

/* All of it into rows and chain: 0 or LOG's error. */
static int
read_log(struct user *u)
{
	struct buffer b;
	int err, more;

	memset(&chain, 0, sizeof chain);
	nrows = 0;
	do {
		err = user_call(u, M_LOG, body(&b, "8", chain.next));
		if (err != 0)
			return err;
		more = log_chain_page(&chain, &u->r, keep, NULL);
		assert_true(more >= 0);
	} while (more > 0);
	return 0;
}

static void
must_be_whole(struct user *u)
{
	assert_int_equal(read_log(u), 0);
	if (chain.why != NULL)
		fail_msg("broken at %llu: %s", (unsigned long long)chain.broken,
		    chain.why);
}

/* How many entries of this act; the last of them in *last. */
static unsigned
count(uint8_t act, struct got *last)
{
	unsigned n = 0;

	for (size_t i = 0; i < nrows; i++)
		if (rows[i].act == act) {
			n++;
			if (last != NULL)
				*last = rows[i];
		}
	return n;
}

static void
next_hour(void)
{
	jump += 3600;
}

/* To the beginning of an hour, so that none ends in a test. */
static void
whole_hour(void)
{
	jump += 3600 - (time_t)(clock_real() % 3600);
}

/* --- what is in it -------------------------------------------------------------- */

static void
test_acts(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct buffer b;
	struct stage s;
	struct user *u;
	struct got g;
	uint8_t slot;

	(void)state;
	whole_hour();
	stage_open(&s);
	u = s.juliet.admin;
	send_text(&s.juliet, &s.romeo, "m1", "a text of hers", handle);
	assert_int_equal(user_call(u, M_TRUST,
			     body(&b, "ss4k1", JULIET, ROMEO, 1U, s.romeo.u,
				 TRUST_VERIFIED)),
	    0);
	assert_int_equal(user_call(u, M_POLICY,
			     body(&b, "ss11", JULIET, ROMEO, POLICY_MANUAL, 1)),
	    0);
	assert_int_equal(
	    user_call(u, M_CONSTRAIN,
		body(&b, "s418", JULIET, 1U, CONSTRAIN_WINDOW, (uint64_t)900)),
	    0);
	assert_int_equal(user_call(u, M_ADOPT, body(&b, "1", ADOPT_COPIED)), 0);
	assert_int_equal(
	    user_call(u, M_SLOT_SET,
		body(&b, "111s", 0, 1, SECRET_PASSPHRASE, "another")),
	    0);
	slot = reader_u8(&u->r);
	assert_int_equal(user_call(u, M_SLOT_REMOVE, body(&b, "1", slot)), 0);
	must_be_whole(u);
	assert_int_equal(rows[0].act, ACT_VAULT);
	assert_int_equal(rows[1].act, ACT_CREATE);
	assert_string_equal(rows[1].account, JULIET);
	assert_int_equal(count(ACT_USE, &g), 2); /* front and net */
	assert_string_equal(g.client, "front");
	assert_string_equal(g.detail, "network");
	assert_int_equal(count(ACT_TRUST, &g), 1);
	assert_int_equal(g.pid, getpid()); /* as the kernel gave it */
	assert_int_equal(strncmp(g.detail, "verified ", 9), 0);
	assert_non_null(strstr(g.detail, ROMEO));
	assert_int_equal(count(ACT_POLICY, &g), 1);
	assert_string_equal(g.detail, "manual, required " ROMEO);
	assert_int_equal(count(ACT_CONSTRAIN, &g), 1);
	assert_string_equal(g.detail, "window 900 seconds");
	assert_int_equal(count(ACT_ADOPT, &g), 1);
	assert_int_equal(strncmp(g.detail, "copied, device ", 15), 0);
	assert_int_equal(count(ACT_SLOT_SET, &g), 1);
	assert_string_equal(g.detail, "slot 3, passphrase");
	assert_int_equal(count(ACT_SLOT_REMOVE, &g), 1);
	assert_string_equal(g.detail, "slot 3");
	assert_int_equal(nrows, 10);
	/* refused acts are none */
	assert_int_equal(
	    user_call(u, M_SLOT_REMOVE, body(&b, "1", slot)), ERR_NOT_FOUND);
	assert_int_equal(user_call(u, M_TRUST,
			     body(&b, "ss4k1", JULIET, ROMEO, 1U, s.juliet.u,
				 TRUST_VERIFIED)),
	    ERR_NOT_FOUND);
	must_be_whole(u);
	assert_int_equal(nrows, 10);
	for (size_t i = 0; i < nrows; i++) /* what was sent is nowhere */
		assert_null(strstr(rows[i].detail, "a text"));
	stage_close(&s);
}

static void
test_unlock_and_lock(void **state)
{
	struct loop *loop = loop_new();
	struct world *w;
	struct user *u;
	struct got g;

	(void)state;
	assert_non_null(loop);
	w = world_new(loop);
	user_free(user_creator(w)); /* it carries the recovery code */
	u = user_new(w);
	assert_int_equal(user_hello(u), 0);
	assert_int_equal(user_restrict(u, RIGHTS_ALL, "key", NULL), 0);
	assert_int_equal(user_call(u, M_LOCK, NULL), 0);
	assert_int_equal(user_call(u, M_LOCK, NULL), 0); /* it was */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(user_unlock(u, "wrong"), ERR_PASSPHRASE);
		jump += LIMIT_PENALTY_S + 1;
	}
	assert_int_equal(user_unlock(u, PASSPHRASE), 0);
	must_be_whole(u);
	assert_int_equal(nrows, 4);
	assert_int_equal(rows[0].act, ACT_VAULT);
	assert_int_equal(rows[1].act, ACT_LOCK);
	assert_string_equal(rows[1].client, "key");
	assert_int_equal(rows[1].pid, getpid());
	assert_int_equal(rows[2].act, ACT_WRONG); /* sealed as soon as it can */
	assert_int_equal(rows[2].count, 3);
	assert_int_equal(rows[2].pid, getpid());
	assert_string_equal(rows[2].client, "key");
	assert_int_equal(rows[3].act, ACT_UNLOCK);
	assert_string_equal(rows[3].detail, "slot 1");
	assert_int_equal(user_unlock(u, PASSPHRASE), 0); /* it is */
	must_be_whole(u);
	assert_int_equal(nrows, 4);
	/* what is answered is on the disk */
	assert_int_equal(user_call(u, M_LOCK, NULL), 0);
	user_free(u);
	world_restart(w);
	u = user_new(w);
	assert_int_equal(user_hello(u), 0);
	assert_int_equal(user_unlock(u, PASSPHRASE), 0);
	must_be_whole(u);
	assert_int_equal(nrows, 6);
	assert_int_equal(count(ACT_LOCK, &g), 2);
	user_free(u);
	world_free(w);
	loop_free(loop);
	free(w);
}

/* The act and its entry: both, or neither. */
static void
test_refused(void **state)
{
	struct buffer b;
	struct stage s;
	struct user *u;
	size_t had;

	(void)state;
	whole_hour();
	stage_open(&s);
	u = s.juliet.admin;
	must_be_whole(u);
	had = nrows;
	for (int refuse = 1; refuse >= 0; refuse--) {
		s.juliet.w->refuse = refuse;
		assert_int_equal(
		    user_call(u, M_POLICY,
			body(&b, "ss11", JULIET, ROMEO, POLICY_MANUAL, 1)),
		    refuse ? ERR_RETRY : 0);
		must_be_whole(u);
		assert_int_equal(nrows, had + (refuse ? 0 : 1));
	}
	/* a use that was refused is one when it comes again */
	next_hour();
	s.juliet.w->refuse = 1;
	assert_int_equal(
	    user_call(s.juliet.front, M_OUTBOX, body(&b, "s", JULIET)),
	    ERR_RETRY);
	must_be_whole(u);
	assert_int_equal(nrows, had + 1);
	assert_int_equal(
	    user_call(s.juliet.front, M_OUTBOX, body(&b, "s", JULIET)), 0);
	must_be_whole(u);
	assert_int_equal(nrows, had + 2);
	assert_int_equal(rows[nrows - 1].act, ACT_USE);
	stage_close(&s);
}

/* A RESTRICTed connection: its accounts, no digest. */
static void
test_restricted(void **state)
{
	static const uint8_t zero[32];
	struct buffer b;
	struct stage s;
	struct user *u;

	(void)state;
	stage_open(&s);
	assert_int_equal(
	    user_create(s.juliet.admin, "nurse@capulet.lit", 0), 0);
	u = s.juliet.front;
	assert_int_equal(user_call(u, M_LOG, body(&b, "8", (uint64_t)0)), 0);
	(void)reader_u64(&u->r);
	(void)reader_u64(&u->r);
	(void)reader_u64(&u->r);
	assert_memory_equal(reader_bytes(&u->r, 32), zero, 32);
	assert_memory_equal(reader_bytes(&u->r, 32), zero, 32);
	assert_int_equal(read_log(u), 0);
	assert_int_equal(nrows, 3); /* no vault, no nurse */
	for (size_t i = 0; i < nrows; i++)
		assert_string_equal(rows[i].account, JULIET);
	/* beyond the end there is nothing, and no way on */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    user_call(s.juliet.admin, M_LOG,
			body(&b, "8", i ? UINT64_MAX : (uint64_t)100)),
		    0);
		(void)reader_u64(&s.juliet.admin->r);
		(void)reader_u64(&s.juliet.admin->r);
		assert_int_equal(reader_u64(&s.juliet.admin->r), 0);
	}
	stage_close(&s);
}

static void
test_detail(void **state)
{
	char peer[2 * LIMIT_LOG_DETAIL];
	struct buffer b;
	struct stage s;
	struct got g;

	(void)state;
	stage_open(&s);
	memset(peer, 'p', sizeof peer);
	memcpy(peer + sizeof peer - 3, "@d", 3);
	assert_int_equal(user_call(s.juliet.admin, M_POLICY,
			     body(&b, "ss11", JULIET, peer, POLICY_BLIND, 0)),
	    0);
	must_be_whole(s.juliet.admin);
	assert_int_equal(count(ACT_POLICY, &g), 1);
	assert_int_equal(strlen(g.detail), LIMIT_LOG_DETAIL);
	stage_close(&s);
}

/* log_use reads the account from the body of every such request. */
static void
test_account_is_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < messages_count; i++)
		if (messages[i].link == LINK_CLIENT &&
		    !(messages[i].flags & MESSAGE_EVENT) &&
		    (messages[i].right & (RIGHT_TEXT | RIGHT_NETWORK)))
			assert_int_equal(
			    strncmp(messages[i].request, "account:s", 9), 0);
}

/* --- uses and floods --------------------------------------------------------------- */

static void
use(struct world *w, const char *name, uint32_t pid)
{
	struct user *u = user_new(w);
	struct buffer b;

	assert_int_equal(user_hello(u), 0);
	assert_int_equal(
	    user_restrict(u, RIGHT_INFO | RIGHT_TEXT, name, NULL), 0);
	TAILQ_LAST(&w->k->clients, clients)->pid = pid;
	assert_int_equal(user_call(u, M_OUTBOX, body(&b, "s", JULIET)), 0);
	assert_int_equal(user_call(u, M_OUTBOX, body(&b, "s", JULIET)), 0);
	user_free(u);
}

static void
test_uses(void **state)
{
	struct stage s;
	struct world *w;
	struct user *u;
	struct got g;

	(void)state;
	whole_hour();
	stage_open(&s);
	w = s.juliet.w;
	u = s.juliet.admin;
	must_be_whole(u);
	assert_int_equal(count(ACT_USE, NULL), 2);
	use(w, "second", 7);
	use(w, "second", 7);
	must_be_whole(u);
	assert_int_equal(count(ACT_USE, &g), 3);
	assert_string_equal(g.client, "second");
	assert_int_equal(g.pid, 7);
	assert_string_equal(g.account, JULIET);
	/* another process under its name is told, but not every one */
	for (uint32_t pid = 8; pid <= 7 + LIMIT_LOG_NAME; pid++)
		use(w, "second", pid);
	must_be_whole(u);
	assert_int_equal(count(ACT_USE, &g), 2 + LIMIT_LOG_NAME);
	assert_int_equal(g.pid, 7 + LIMIT_LOG_NAME - 1);
	next_hour();
	use(w, "second", 7);
	use(w, "second", 7);
	must_be_whole(u);
	assert_int_equal(count(ACT_USE, NULL), 3 + LIMIT_LOG_NAME);
	assert_int_equal(count(ACT_MORE, &g), 1); /* the one beyond */
	assert_int_equal(g.count, 1);
	stage_close(&s);
}

/* Every connection under a name of its own; the agent ended in between. */
static void
test_flood(void **state)
{
	char name[32];
	struct stage s;
	struct got g;
	size_t had;
	unsigned i;

	(void)state;
	whole_hour();
	stage_open(&s);
	must_be_whole(s.juliet.admin);
	had = count(ACT_USE, NULL);
	for (i = 0; i < 3 * LIMIT_LOG_HOUR; i++) {
		snprintf(name, sizeof name, "name %u", i);
		use(s.juliet.w, name, i + 1);
		if (i % LIMIT_LOG_HOUR == LIMIT_LOG_HOUR - 1) {
			restart_alone(&s.juliet);
			attach(&s.juliet);
		}
	}
	must_be_whole(s.juliet.admin);
	assert_int_equal(count(ACT_USE, NULL), LIMIT_LOG_HOUR);
	assert_true(had < LIMIT_LOG_HOUR);
	next_hour();
	use(s.juliet.w, "later", 1);
	must_be_whole(s.juliet.admin);
	assert_int_equal(count(ACT_USE, NULL), LIMIT_LOG_HOUR + 1);
	/* what is only counted ends with the process */
	assert_int_equal(count(ACT_MORE, &g), 1);
	assert_in_range(g.count, 1, LIMIT_LOG_HOUR);
	/* and wrong passphrases, from where there is a key to log them with */
	assert_int_equal(count(ACT_WRONG, NULL), 0);
	next_hour();
	for (i = 0; i <= LIMIT_LOG_HOUR; i++) {
		struct user *u = user_new(s.juliet.w);
		struct buffer b;

		assert_int_equal(user_hello(u), 0);
		assert_int_equal(user_call(u, M_ELEVATE,
				     body(&b, "41s", (uint32_t)RIGHT_TRUST,
					 SECRET_PASSPHRASE, "wrong")),
		    ERR_PASSPHRASE);
		jump += LIMIT_PENALTY_S + 1;
		user_free(u);
	}
	must_be_whole(s.juliet.admin);
	assert_int_equal(count(ACT_WRONG, &g), LIMIT_LOG_HOUR);
	assert_int_equal(g.pid, getpid());
	stage_close(&s);
}

/* A start that unlocks itself needs nobody: it is bounded as well. */
static void
test_starts(void **state)
{
	struct stage s;
	unsigned i;

	(void)state;
	whole_hour();
	stage_open(&s);
	for (i = 0; i < 2 * LIMIT_LOG_HOUR; i++)
		assert_int_equal(log_unlocked(s.juliet.w->k, NULL), 0);
	must_be_whole(s.juliet.admin);
	assert_in_range(count(ACT_UNLOCK, NULL), 1, LIMIT_LOG_HOUR);
	stage_close(&s);
}

/* --- the maximum ---------------------------------------------------------------- */

static void
fill(struct world *w, struct user *u, uint64_t until)
{
	struct log_entry e = { .act = ACT_ADOPT,
		.count = 1,
		.account = JULIET,
		.client = "",
		.detail = "" };
	struct txn *t;
	uint64_t last;

	do {
		assert_non_null(t = txn_begin(w->k->records));
		assert_int_equal(keeper_log(t, &e), 0);
		last = txn_chain(t)->last;
		txn_commit(t);
		if (last % 64 == 0 || last == until)
			assert_int_equal(user_call(u, M_LIST, NULL), 0);
	} while (last < until);
}

static size_t
blocks(const struct world *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->nrows; i++)
		n += w->rows[i].value[1] == RECORD_LOG;
	return n;
}

static void
test_maximum(void **state)
{
	struct stage s;
	struct user *u;

	(void)state;
	stage_open(&s);
	u = s.juliet.admin;
	fill(s.juliet.w, u, LIMIT_LOG);
	must_be_whole(u);
	assert_int_equal(nrows, LIMIT_LOG);
	assert_int_equal(rows[0].act, ACT_VAULT);
	fill(s.juliet.w, u, LIMIT_LOG + 1);
	must_be_whole(u); /* from the digest before what is kept */
	assert_int_equal(nrows, LIMIT_LOG);
	assert_int_equal(rows[0].act, ACT_CREATE); /* the oldest has gone */
	assert_int_equal(chain.seq, LIMIT_LOG + 1);
	fill(s.juliet.w, u, LIMIT_LOG + 5 * LOG_BLOCK);
	must_be_whole(u);
	assert_int_equal(nrows, LIMIT_LOG);
	assert_in_range(blocks(s.juliet.w), LIMIT_LOG / LOG_BLOCK,
	    LIMIT_LOG / LOG_BLOCK + 2);
	restart_alone(&s.juliet);
	attach(&s.juliet);
	must_be_whole(s.juliet.admin);
	assert_int_equal(nrows, LIMIT_LOG);
	stage_close(&s);
}

/* --- a store that lies: found before anything is used ------------------------------ */

static int
restart_and_unlock(struct side *s)
{
	user_free(s->admin);
	user_free(s->front);
	user_free(s->net);
	world_restart(s->w);
	s->admin = user_new(s->w);
	s->front = user_new(s->w);
	s->net = user_new(s->w);
	assert_int_equal(user_hello(s->admin), 0);
	return user_unlock(s->admin, PASSPHRASE);
}

static struct stored *
block_row(struct world *w, size_t which)
{
	for (size_t i = 0; i < w->nrows; i++)
		if (w->rows[i].value[1] == RECORD_LOG && which-- == 0)
			return &w->rows[i];
	fail_msg("no such block");
	return NULL;
}

static void
swap(struct stored *a, struct stored *b)
{
	struct stored c = *a;

	a->value = b->value;
	a->len = b->len;
	b->value = c.value;
	b->len = c.len;
}

static void
test_store_lies(void **state)
{
	struct stored *a, *b, old;
	struct world *w;
	struct stage s;

	(void)state;
	stage_open(&s);
	w = s.juliet.w;
	fill(w, s.juliet.admin, 3 * LOG_BLOCK - 2);
	a = block_row(w, 0);
	b = block_row(w, 1);
	swap(a, b); /* reordered */
	assert_int_equal(restart_and_unlock(&s.juliet), ERR_CORRUPT);
	swap(a, b);
	a->value[a->len - 20] ^= 1; /* altered */
	assert_int_equal(restart_and_unlock(&s.juliet), ERR_CORRUPT);
	a->value[a->len - 20] ^= 1;
	old = *a; /* missing */
	*a = w->rows[--w->nrows];
	assert_int_equal(restart_and_unlock(&s.juliet), ERR_CORRUPT);
	w->rows[w->nrows++] = *a;
	*a = old;
	assert_int_equal(restart_and_unlock(&s.juliet), 0);
	b = block_row(w, 2); /* old: as it was before the next entry */
	old = (struct stored){ .value = copy_of(b->value, b->len),
		.len = b->len };
	memcpy(old.key, b->key, ROW_KEY);
	fill(w, s.juliet.admin, 3 * LOG_BLOCK);
	b = NULL;
	for (size_t i = 0; i < w->nrows; i++)
		if (memcmp(w->rows[i].key, old.key, ROW_KEY) == 0)
			b = &w->rows[i];
	assert_non_null(b);
	swap(b, &old);
	assert_int_equal(restart_and_unlock(&s.juliet), ERR_CORRUPT);
	swap(b, &old);
	free(old.value);
	assert_int_equal(restart_and_unlock(&s.juliet), 0);
	must_be_whole(s.juliet.admin);
	stage_close(&s);
}

/* --- with the vault's key: seals and root are right, the chain is not --------------- */

enum { ALTERED, REMOVED, REORDERED, OTHERS_BLOCK, FORGES };

/* Octets of entries 5 and 6 of the first block, behind its head. */
static void
forge(struct world *w, int how)
{
	uint8_t name[8] = { 0 }, *p, copy[256], before[32];
	struct secret block = { 0 };
	struct txn *t = txn_begin(w->k->records);
	const uint8_t *at[8];
	struct log_entry e;
	struct reader in;
	size_t len;

	assert_int_equal(log_block(t, 1, &block, before, &in), 0);
	for (int i = 0; i < 8; i++) {
		at[i] = in.p;
		assert_int_equal(log_read(&in, &e), 0);
	}
	p = block.data + (at[5] - block.data);
	len = (size_t)(at[6] - at[5]);
	assert_int_equal(len, at[7] - at[6]);
	if (how == ALTERED)
		p[15] ^= 1; /* its time */
	if (how == REMOVED) {
		memmove(p, p + len, block.len - (size_t)(p + len - block.data));
		block.len -= len;
	}
	if (how == REORDERED) {
		memcpy(copy, p, len);
		memmove(p, p + len, len);
		memcpy(p + len, copy, len);
	}
	if (how == OTHERS_BLOCK)
		name[7] = 1; /* in the place of the next */
	assert_int_equal(txn_put(t, RECORD_LOG, "", name, sizeof name,
			     block.data, block.len),
	    0);
	if (how == REMOVED)
		block.len += len; /* as it was got */
	secret_free(&block);
	txn_commit(t);
}

static void
test_chain(void **state)
{
	static const char *const why[FORGES] = {
		[ALTERED] = "what follows is chained to another entry",
		[REMOVED] = "it is missing",
		[REORDERED] = "it is missing",
		[OTHERS_BLOCK] = "what follows is chained to another entry",
	};
	struct stage s;

	(void)state;
	for (int how = 0; how < FORGES; how++) {
		stage_open(&s);
		fill(s.juliet.w, s.juliet.admin, 3 * LOG_BLOCK - 2);
		must_be_whole(s.juliet.admin);
		forge(s.juliet.w, how);
		assert_int_equal(user_call(s.juliet.admin, M_LIST, NULL), 0);
		assert_int_equal(restart_and_unlock(&s.juliet), 0);
		assert_int_equal(read_log(s.juliet.admin), 0);
		assert_true(chain.broken > 0);
		assert_string_equal(chain.why, why[how]);
		stage_close(&s);
	}
}

/* The last block: no block behind it tells, but the root's digest. */
static void
test_chain_end(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s);
	fill(s.juliet.w, s.juliet.admin, LOG_BLOCK - 4);
	forge(s.juliet.w, ALTERED);
	assert_int_equal(read_log(s.juliet.admin), 0);
	assert_int_equal(chain.broken, LOG_BLOCK - 4);
	assert_string_equal(chain.why, "the entries are not what was chained");
	stage_close(&s);
}

/* A whole block gone, with the key: the keeper itself cannot go on. */
static void
test_block_gone(void **state)
{
	uint8_t name[8] = { 0 };
	struct stage s;
	struct txn *t;

	(void)state;
	stage_open(&s);
	fill(s.juliet.w, s.juliet.admin, 2 * LOG_BLOCK);
	t = txn_begin(s.juliet.w->k->records);
	assert_int_equal(txn_delete(t, RECORD_LOG, "", name, sizeof name), 0);
	txn_commit(t);
	assert_int_equal(read_log(s.juliet.admin), ERR_CORRUPT);
	stage_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_acts),
		cmocka_unit_test(test_unlock_and_lock),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_restricted),
		cmocka_unit_test(test_detail),
		cmocka_unit_test(test_account_is_first),
		cmocka_unit_test(test_uses),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_starts),
		cmocka_unit_test(test_maximum),
		cmocka_unit_test(test_store_lies),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_chain_end),
		cmocka_unit_test(test_block_gone),
	};

	world_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
