/* SPDX-License-Identifier: ISC */
/*
 * EXPORT and IMPORT over real connections: what moves and what does not, that
 * contacts go on, and that whatever is altered, cut off, too much or made by
 * somebody else is refused and changes nothing.
 */
#include "check.h"
/* cmocka first */
#include "keeper_flow.h"
/* after it */
#include "../../agent/export.h"
#include "../../agent/move.h"
#include "../../agent/renew.h"
#include "../../agent/revoke.h"
#include "../../agent/vault_internal.h"

#define TOWER	  "the tower's passphrase"
#define PARTS_MAX (LIMIT_EXPORT_PARTS + 1)

struct file { /* what xmpp-key writes */
	struct buffer head, part[PARTS_MAX];
	uint32_t n;
};

static void
file_free(struct file *f)
{
	buffer_free(&f->head);
	while (f->n > 0)
		buffer_free(&f->part[--f->n]);
	free(f);
}

static struct buffer *
file_add(struct file *f)
{
	must(f->n < PARTS_MAX);
	buffer_init(&f->part[f->n], EXPORT_PART + EXPORT_TAG);
	return &f->part[f->n++];
}

static struct file *export(struct user *u, const char *jid)
{
	struct file *f = calloc(1, sizeof *f);
	struct buffer b, *to;
	const uint8_t *p;
	uint32_t part = 0;
	size_t len;

	must(f != NULL);
	buffer_init(&f->head, EXPORT_HEAD_MAX);
	do {
		assert_int_equal(
		    user_call(u, M_EXPORT, body(&b, "s4", jid, part)), 0);
		p = reader_string(&u->r, &len, EXPORT_PART + EXPORT_TAG);
		to = part++ == 0 ? &f->head : file_add(f);
		buffer_put(to, p, len);
		assert_int_equal(to->err, 0);
	} while (!reader_u8(&u->r));
	return f;
}

static int
import_open_with(
    struct user *u, const struct file *f, int method, const char *secret)
{
	struct buffer b;

	return user_call(u, M_IMPORT_OPEN,
	    body(&b, "f1s", f->head.data, f->head.len, method, secret));
}

static int
import_parts(struct user *u, const struct file *f)
{
	struct buffer b;
	int err = 0;

	for (uint32_t i = 0; i < f->n && err == 0; i++)
		err = user_call(u, M_IMPORT,
		    body(&b, "f1", f->part[i].data, f->part[i].len,
			i + 1 == f->n));
	return err;
}

static int
import(struct user *u, const struct file *f)
{
	int err = import_open_with(u, f, SECRET_PASSPHRASE, PASSPHRASE);

	return err != 0 ? err : import_parts(u, f);
}

/* Another machine, with a vault of its own. */
static void
tower_open(struct side *s, struct loop *loop, const char *jid)
{
	struct buffer b;

	memset(s, 0, sizeof *s);
	s->jid = jid;
	s->w = world_new(loop);
	s->admin = user_new(s->w);
	assert_int_equal(user_hello(s->admin), 0);
	assert_int_equal(user_call(s->admin, M_VAULT_CREATE,
			     body(&b, "1s", SECRET_PASSPHRASE, TOWER)),
	    0);
}

static uint32_t
accounts(struct user *u)
{
	assert_int_equal(user_call(u, M_LIST, NULL), 0);
	return reader_u32(&u->r);
}

static void
no_penalty(struct world *w)
{
	w->k->vault->until = 0;
	w->k->vault->wrong = 0;
}

/* PEERS of an account, all of them, as octets in *out. */
static void
peers(struct user *u, const char *jid, struct buffer *out)
{
	struct buffer b;

	assert_int_equal(user_call(u, M_PEERS, body(&b, "ss", jid, "")), 0);
	buffer_init(out, FRAME_MAX);
	buffer_put(out, u->reply.data, u->reply.len);
}

struct peer_row {
	uint32_t device;
	uint8_t u[32], policy, require, trust, listed, reader;
};

/* The row of this device. */
static struct peer_row
peer_row(struct user *u, const char *jid, const char *peer, uint32_t device)
{
	struct peer_row row = { .device = 0 };
	struct reader *r = &u->r;
	struct buffer b;
	char name[256];

	assert_int_equal(user_call(u, M_PEERS, body(&b, "ss", jid, peer)), 0);
	for (uint32_t n = reader_u32(r); n > 0; n--) {
		reader_cstring(r, name, sizeof name);
		row.policy = reader_u8(r);
		row.require = reader_u8(r);
		row.device = reader_u32(r);
		reader_fixed(r, row.u, sizeof row.u);
		row.trust = reader_u8(r);
		row.listed = reader_u8(r);
		row.reader = reader_u8(r);
		(void)reader_u8(r); /* shown, retired, told */
		(void)reader_u8(r);
		(void)reader_u8(r);
		if (row.device == device)
			return row;
	}
	fail_msg("no device %u of %s", device, peer);
	return row;
}

static void
trust(struct user *u, const char *jid, const char *peer, const uint8_t k[32],
    int as)
{
	struct buffer b;

	assert_int_equal(
	    user_call(u, M_TRUST, body(&b, "ss4k1", jid, peer, 1U, k, as)), 0);
}

static int
count_one(void *arg, const char *account, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	(void)account;
	(void)name;
	(void)namelen;
	(void)p;
	(void)len;
	++*(size_t *)arg;
	return 0;
}

static size_t
records_of(struct world *w, enum record_kind kind)
{
	size_t n = 0;

	assert_int_equal(
	    records_each(w->k->records, kind, NULL, count_one, &n), 0);
	return n;
}

/* Both have said something, and have verified each other. */
static void
acquaint(struct stage *s)
{
	uint8_t handle[HANDLE_SIZE];
	struct buffer b;

	stage_open(s);
	send_text(&s->juliet, &s->romeo, "m1", "one", handle);
	expect_message(&s->romeo, handle, "one", JULIET, 1);
	send_text(&s->romeo, &s->juliet, "m2", "two", handle);
	expect_message(&s->juliet, handle, "two", ROMEO, 1);
	trust(s->romeo.admin, ROMEO, JULIET, s->juliet.u, TRUST_VERIFIED);
	trust(s->juliet.admin, JULIET, ROMEO, s->romeo.u, TRUST_VERIFIED);
	assert_int_equal(user_call(s->juliet.admin, M_POLICY,
			     body(&b, "ss11", JULIET, "nurse@capulet.lit",
				 POLICY_MANUAL, 1)),
	    0);
	assert_int_equal(user_call(s->juliet.admin, M_CONSTRAIN,
			     body(&b, "s418", JULIET, (uint32_t)1,
				 CONSTRAIN_WINDOW, (uint64_t)77)),
	    0);
}

/* --- what moves ---------------------------------------------------------------- */

/* Online as the new device: bundle, list without the old one, key exchange. */
static void
go_online(struct side *tower, struct side *romeo, uint32_t old)
{
	struct item item;

	attach(tower);
	assert_string_equal(tower->cursor, "");
	assert_int_equal(hand_list(tower, JULIET, LIST_READ, &old, 1), 0);
	assert_int_equal(
	    hand_list_in(tower, NS_OMEMO2, JULIET, LIST_READ, &old, 1), 0);
	assert_int_equal(next_work(tower, &item), WORK_BUNDLE);
	work_is_done(tower, item.item, WORK_OK);
	assert_int_equal(next_work(tower, &item), WORK_DEVICES);
	assert_int_equal(item.devices, 1);
	assert_int_equal(item.first_device, tower->device);
	work_is_done(tower, item.item, WORK_OK);
	assert_int_equal(
	    hand_list(romeo, JULIET, LIST_READ, &tower->device, 1), 0);
	caught_up(tower);
	assert_int_equal(next_work(tower, &item), WORK_FETCH_BUNDLE);
	assert_string_equal(item.to, ROMEO);
	assert_int_equal(hand_bundle(tower, romeo), 0);
	work_is_done(tower, item.item, WORK_OK);
	assert_int_equal(next_work(tower, &item), WORK_EMPTY);
	assert_int_equal(
	    deliver(tower, romeo, item.elements, item.elementslen, "", NULL),
	    VERDICT_EMPTY);
	free(item.elements);
	work_is_done(tower, item.item, WORK_OK);
	assert_int_equal(next_work(tower, NULL), WORK_NONE);
}

/* WRITER says this trust; shown, opened. */
static void
expect_from(struct side *s, const uint8_t *handle, const char *peer, int as,
    const uint8_t u[32])
{
	struct reader *r = &s->front->r;
	struct buffer b;
	uint8_t k[32];
	char jid[256];

	assert_int_equal(
	    user_call(s->front, M_WRITER, body(&b, "sh", s->jid, handle)), 0);
	reader_cstring(r, jid, sizeof jid);
	assert_string_equal(jid, peer);
	(void)reader_u32(r);
	reader_fixed(r, k, sizeof k);
	assert_memory_equal(k, u, sizeof k);
	assert_int_equal(reader_u8(r), as);
	assert_int_equal(acknowledge(s, peer, u, ROLE_WRITER), 0);
	assert_int_equal(try_open(s, handle), 0);
}

static const enum record_kind stays[] = { RECORD_SESSION, RECORD_SKIPPED,
	RECORD_RATCHETS, RECORD_KEX, RECORD_OUTBOX, RECORD_MESSAGE,
	RECORD_CLIENT, RECORD_CURSOR };

static void
test_moves(void **state)
{
	struct stage s;
	struct side tower;
	struct world *w;
	struct file *f;
	struct buffer before, after;
	struct peer_row row;
	uint8_t handle[HANDLE_SIZE], u[32];
	char jid[256];

	(void)state;
	acquaint(&s);
	f = export(s.juliet.admin, JULIET);
	assert_int_equal(f->n, 1);
	peers(s.juliet.admin, JULIET, &before);
	tower_open(&tower, s.loop, JULIET);
	assert_int_equal(import(tower.admin, f), 0);
	reader_cstring(&tower.admin->r, jid, sizeof jid);
	assert_string_equal(jid, JULIET);
	reader_fixed(&tower.admin->r, u, sizeof u);
	assert_memory_equal(u, s.juliet.u, sizeof u);
	assert_int_not_equal(reader_u32(&tower.admin->r), s.juliet.device);
	/* decisions, policies, what was shown: octet by octet */
	peers(tower.admin, JULIET, &after);
	assert_true(before.len > 60);
	assert_int_equal(after.len, before.len);
	assert_memory_equal(after.data, before.data, before.len);
	assert_int_equal(records_of(tower.w, RECORD_PEER), 3);
	assert_int_equal(account_find(tower.w->k, JULIET)->window, 77);
	for (size_t i = 0; i < sizeof stays / sizeof stays[0]; i++)
		assert_int_equal(records_of(tower.w, stays[i]), 0);
	/* the contact needs to decide nothing, and neither do we */
	go_online(&tower, &s.romeo, s.juliet.device);
	row = peer_row(s.romeo.admin, ROMEO, JULIET, tower.device);
	assert_int_equal(row.policy, POLICY_MANUAL);
	assert_int_equal(row.trust, TRUST_VERIFIED);
	assert_int_equal(row.reader, 1);
	assert_memory_equal(row.u, u, sizeof u);
	send_text(&tower, &s.romeo, "m3", "three", handle);
	expect_from(&s.romeo, handle, JULIET, TRUST_VERIFIED, u);
	send_text(&s.romeo, &tower, "m4", "four", handle);
	expect_from(&tower, handle, ROMEO, TRUST_VERIFIED, s.romeo.u);
	/* the one that was left lives on: its id may come back */
	assert_int_equal(hand_list(&tower, JULIET, LIST_READ,
			     (uint32_t[]){ s.juliet.device, tower.device }, 2),
	    0);
	assert_int_equal(due_of(&tower), 0);
	/* an export of the export, too */
	file_free(f);
	f = export(tower.admin, JULIET);
	assert_int_equal(
	    import_open_with(s.romeo.admin, f, SECRET_PASSPHRASE, TOWER), 0);
	assert_int_equal(import_parts(s.romeo.admin, f), 0);
	assert_int_equal(accounts(s.romeo.admin), 2);
	file_free(f);
	buffer_free(&before);
	buffer_free(&after);
	w = tower.w;
	side_close(&tower);
	stage_close(&s);
	free(w);
}

static const uint8_t base_point[32] = { 9 };

static void
peer_make(struct peer *p, size_t n)
{
	memset(p, 0, sizeof *p);
	p->n = n;
	for (size_t i = 0; i < n; i++) {
		p->v[i].id = (uint32_t)i + 1;
		p->v[i].has_key = 1;
		memcpy(p->v[i].u, base_point, 32);
	}
}

/* What was decided about a key holds on another device, too. */
static void
test_same_key(void **state)
{
	static const struct {
		uint8_t policy, trust, then;
	} cases[] = {
		{ POLICY_MANUAL, TRUST_VERIFIED, TRUST_VERIFIED },
		{ POLICY_MANUAL, TRUST_TRUSTED, TRUST_TRUSTED },
		{ POLICY_MANUAL, TRUST_BLIND, TRUST_BLIND },
		{ POLICY_MANUAL, TRUST_UNDECIDED, TRUST_UNDECIDED },
		{ POLICY_BLIND, TRUST_DISTRUSTED, TRUST_DISTRUSTED },
		{ POLICY_BLIND, TRUST_UNDECIDED, TRUST_BLIND },
	};

	static const uint8_t another[32] = { 16 };
	struct device *row, gone;
	struct word said;
	struct peer p;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		peer_make(&p, 1);
		p.policy = cases[i].policy;
		p.v[0].trust = cases[i].trust;
		assert_int_equal(
		    peer_learn(&p, 2, base_point, 1, 0, &row, &gone, &said), 0);
		assert_int_equal(row->trust, cases[i].then);
		assert_int_equal(row->shown_reader, 0); /* is announced */
		/* another key is another matter */
		assert_int_equal(
		    peer_learn(&p, 3, another, 1, 0, &row, &gone, &said), 0);
		assert_int_equal(row->trust,
		    cases[i].policy == POLICY_BLIND ? TRUST_BLIND
						    : TRUST_UNDECIDED);
	}
}

/* What the file says in clear, and what is in it at all. */
static void
test_contents(void **state)
{
	struct stage s;
	struct file *f;
	struct export_head head;
	struct export_item item;
	struct secret plain = { 0 };
	struct account_record *rec = secret_alloc(sizeof *rec);
	struct reader in;
	uint8_t key[EXPORT_KEY];
	unsigned found[3] = { 0 };
	struct peer p;

	(void)state;
	acquaint(&s);
	f = export(s.juliet.admin, JULIET);
	assert_null(memmem(f->part[0].data, f->part[0].len, "capulet", 7));
	assert_null(memmem(f->head.data, f->head.len, "capulet", 7));
	assert_null(memmem(f->part[0].data, f->part[0].len, s.romeo.u, 32));
	assert_int_equal(export_head_read(&head, f->head.data, f->head.len), 0);
	assert_int_equal(head.slots.n, 2);
	assert_int_equal(
	    vault_export_key(s.juliet.w->k->vault, head.salt, key), 0);
	assert_int_equal(
	    export_open(key, 1, 1, f->part[0].data, f->part[0].len, &plain), 0);
	reader_init(&in, plain.data, plain.len);
	while (export_item_read(&in, &item) == 1) {
		found[item.kind]++;
		if (item.kind == EXPORT_PEER) {
			assert_int_equal(
			    export_peer_read(&item, JULIET, &p), 0);
			continue;
		}
		assert_int_equal(export_account_read(&item, rec), 0);
		for (size_t i = 0; i < sizeof rec->handle_key; i++)
			assert_int_equal(rec->handle_key[i], 0);
	}
	assert_int_equal(in.left, 0);
	assert_int_equal(found[EXPORT_ACCOUNT], 1);
	assert_int_equal(found[EXPORT_PEER], 3); /* own, Romeo, the nurse */
	secret_free(&plain);
	/* never under the same key twice */
	file_free(f);
	f = export(s.juliet.admin, JULIET);
	assert_int_equal(
	    export_open(key, 1, 1, f->part[0].data, f->part[0].len, &plain),
	    ERR_CORRUPT);
	account_release(rec);
	file_free(f);
	stage_close(&s);
}

/* On an empty state: the secret is tried before there is a vault. */
static void
test_no_vault(void **state)
{
	struct stage s;
	struct world *w;
	struct user *u;
	struct file *f;
	struct buffer b;

	(void)state;
	acquaint(&s);
	f = export(s.juliet.admin, JULIET);
	w = world_new(s.loop);
	u = user_new(w);
	assert_int_equal(user_hello(u), 0);
	assert_int_equal(
	    import_open_with(u, f, SECRET_PASSPHRASE, "wrong"), ERR_PASSPHRASE);
	assert_int_equal(import(u, f), ERR_BUSY);
	no_penalty(w);
	assert_int_equal(w->nrows, 0);
	assert_int_equal(import(u, f), ERR_RIGHT);
	assert_int_equal(user_call(u, M_VAULT_CREATE,
			     body(&b, "1s", SECRET_PASSPHRASE, TOWER)),
	    0);
	assert_int_equal(import_parts(u, f), 0);
	assert_int_equal(accounts(u), 1);
	/* its own vault: the other's passphrase is not this one's */
	user_free(u); /* it has had a recovery code: lock would end it */
	u = user_new(w);
	assert_int_equal(user_hello(u), 0);
	assert_int_equal(user_call(u, M_LOCK, NULL), 0);
	assert_int_equal(user_unlock(u, PASSPHRASE), ERR_PASSPHRASE);
	no_penalty(w);
	assert_int_equal(
	    import_open_with(u, f, SECRET_PASSPHRASE, PASSPHRASE), ERR_LOCKED);
	assert_int_equal(user_unlock(u, TOWER), 0);
	assert_int_equal(accounts(u), 1);
	file_free(f);
	user_free(u);
	world_free(w);
	stage_close(&s);
	free(w);
}

/* --- guessing -------------------------------------------------------------------- */

static void
test_guessing(void **state)
{
	struct stage s;
	struct side tower;
	struct world *w;
	struct vault *v;
	struct file *f;
	struct buffer b;
	struct user *other;

	(void)state;
	acquaint(&s);
	f = export(s.juliet.admin, JULIET);
	tower_open(&tower, s.loop, JULIET);
	v = tower.w->k->vault;
	assert_int_equal(
	    import_open_with(tower.admin, f, SECRET_PASSPHRASE, TOWER),
	    ERR_PASSPHRASE);
	/* anybody's next attempt, of whatever kind, waits */
	assert_int_equal(import(tower.admin, f), ERR_BUSY);
	assert_int_equal(
	    user_call(tower.admin, M_ELEVATE,
		body(&b, "41s", RIGHT_ADMIN, SECRET_PASSPHRASE, TOWER)),
	    ERR_BUSY);
	v->until = 0;
	/* whoever brings an export knows its secret: that ends no penalty */
	assert_int_equal(
	    import_open_with(tower.admin, f, SECRET_PASSPHRASE, PASSPHRASE), 0);
	assert_int_equal(v->wrong, 1);
	assert_int_equal(
	    import_open_with(tower.admin, f, SECRET_RECOVERY, "no code"),
	    ERR_PASSPHRASE);
	assert_int_equal(v->wrong, 2);
	v->until = 0;
	assert_int_equal(
	    user_call(tower.admin, M_ELEVATE,
		body(&b, "41s", RIGHT_ADMIN, SECRET_PASSPHRASE, TOWER)),
	    0);
	assert_int_equal(v->wrong, 0);
	/* what was open before the wrong attempt still is: it is this one's */
	other = user_new(tower.w);
	assert_int_equal(user_hello(other), 0);
	assert_int_equal(
	    user_call(other, M_ELEVATE,
		body(&b, "41s", RIGHT_ADMIN, SECRET_PASSPHRASE, TOWER)),
	    0);
	assert_int_equal(import_parts(other, f), ERR_NOT_FOUND);
	assert_int_equal(import(other, f), ERR_BUSY);
	assert_int_equal(user_call(other, M_EXPORT, body(&b, "s4", JULIET, 0)),
	    ERR_NOT_FOUND);
	assert_int_equal(import_parts(tower.admin, f), 0);
	assert_int_equal(import_parts(tower.admin, f), ERR_NOT_FOUND);
	/* it goes with its connection */
	assert_int_equal(
	    import_open_with(tower.admin, f, SECRET_PASSPHRASE, PASSPHRASE), 0);
	user_free(tower.admin);
	while (tower.w->k->move != NULL)
		assert_int_equal(user_call(other, M_LIST, NULL), 0);
	/* and with lock */
	assert_int_equal(
	    import_open_with(other, f, SECRET_PASSPHRASE, PASSPHRASE), 0);
	assert_int_equal(user_call(other, M_LOCK, NULL), 0);
	assert_int_equal(user_unlock(other, TOWER), 0);
	assert_null(tower.w->k->move);
	assert_int_equal(import_parts(other, f), ERR_NOT_FOUND);
	/* askpass: a yes without an answer is none */
	assert_int_equal(
	    import_open_with(other, f, SECRET_ASK, ""), ERR_CANCELLED);
	assert_int_equal(
	    import_open_with(other, f, SECRET_ASK, "x"), ERR_ARGUMENT);
	assert_int_equal(
	    import_open_with(other, f, SECRET_PASSPHRASE, ""), ERR_ARGUMENT);
	assert_int_equal(
	    import_open_with(other, f, 3, PASSPHRASE), ERR_ARGUMENT);
	file_free(f);
	user_free(other);
	w = tower.w;
	world_free(w);
	stage_close(&s);
	free(w);
}

/* --- bad files -------------------------------------------------------------------- */

struct bad {
	struct stage s;
	struct side tower;
	struct file *f;
	char code[64]; /* Juliet's recovery code: opens without scrypt */
	size_t rows;
};

static void
bad_open(struct bad *t)
{
	struct user *u;
	struct buffer b;

	memset(t, 0, sizeof *t);
	acquaint(&t->s);
	u = t->s.juliet.admin;
	assert_int_equal(
	    user_call(u, M_SLOT_SET, body(&b, "111s", 0, 2, SECRET_ASK, "")),
	    0);
	(void)reader_u8(&u->r);
	reader_cstring(&u->r, t->code, sizeof t->code);
	t->f = export(u, JULIET);
	tower_open(&t->tower, t->s.loop, JULIET);
	t->rows = t->tower.w->nrows;
}

static void
bad_close(struct bad *t)
{
	struct world *w = t->tower.w;

	/* nothing has happened, and the true one is still welcome */
	assert_int_equal(w->nrows, t->rows);
	assert_int_equal(accounts(t->tower.admin), 0);
	no_penalty(w);
	assert_int_equal(
	    import_open_with(t->tower.admin, t->f, SECRET_RECOVERY, t->code),
	    0);
	assert_int_equal(import_parts(t->tower.admin, t->f), 0);
	assert_int_equal(accounts(t->tower.admin), 1);
	file_free(t->f);
	user_free(t->tower.admin);
	world_free(w);
	stage_close(&t->s);
	free(w);
}

static int
try_file(struct bad *t)
{
	struct user *u = t->tower.admin;
	int err;

	no_penalty(t->tower.w);
	err = import_open_with(u, t->f, SECRET_RECOVERY, t->code);
	return err != 0 ? err : import_parts(u, t->f);
}

static void
test_altered(void **state)
{
	struct bad t;
	struct buffer *b;
	int err;

	(void)state;
	bad_open(&t);
	for (int k = 0; k < 2; k++) {
		b = k == 0 ? &t.f->head : &t.f->part[0];
		for (size_t i = 0; i < b->len; i++) {
			b->data[i] ^= (uint8_t)(1 << i % 8);
			err = try_file(&t);
			if (err != ERR_CORRUPT &&
			    !(k == 0 &&
				(err == ERR_PASSPHRASE ||
				    err == ERR_UNSUPPORTED)))
				fail_msg("%s, octet %zu: %s",
				    k == 0 ? "head" : "part", i, err_text(err));
			b->data[i] ^= (uint8_t)(1 << i % 8);
		}
	}
	bad_close(&t);
}

static void
test_truncated(void **state)
{
	struct bad t;
	struct buffer *b;
	size_t len;
	int err;

	(void)state;
	bad_open(&t);
	for (int k = 0; k < 2; k++) {
		b = k == 0 ? &t.f->head : &t.f->part[0];
		for (len = b->len; b->len > 0;) {
			b->len--;
			err = try_file(&t);
			assert_int_equal(err,
			    k == 1 && b->len <= EXPORT_TAG ? ERR_ARGUMENT
							   : ERR_CORRUPT);
		}
		b->len = len;
	}
	/* and octets behind the end */
	buffer_put_u8(&t.f->head, 0);
	assert_int_equal(try_file(&t), ERR_CORRUPT);
	t.f->head.len--;
	buffer_put_u8(&t.f->part[0], 0);
	assert_int_equal(try_file(&t), ERR_CORRUPT);
	t.f->part[0].len--;
	bad_close(&t);
}

static void
test_versions(void **state)
{
	struct bad t;
	uint8_t *cost;

	(void)state;
	bad_open(&t);
	t.f->head.data[3] = EXPORT_VERSION + 1;
	assert_int_equal(try_file(&t), ERR_UNSUPPORTED);
	t.f->head.data[3] = 0;
	assert_int_equal(try_file(&t), ERR_CORRUPT);
	t.f->head.data[3] = EXPORT_VERSION;
	/* scrypt's cost in the first slot: under the floor, over the ceiling */
	cost = &t.f->head.data[4 + 4 + 2 + 1 + 1 + 8];
	assert_int_equal(*cost, LIMIT_SCRYPT_LOG2N_MIN);
	*cost = LIMIT_SCRYPT_LOG2N_MIN - 1;
	assert_int_equal(try_file(&t), ERR_CORRUPT);
	*cost = LIMIT_SCRYPT_LOG2N_MAX + 1;
	assert_int_equal(try_file(&t), ERR_CORRUPT);
	*cost = LIMIT_SCRYPT_LOG2N_MIN;
	bad_close(&t);
}

/* --- files made by somebody whose passphrase one was given ------------------------ */

struct forge {
	struct file *f;
	uint8_t key[EXPORT_KEY];
	struct buffer plain; /* items of the coming part */
	char code[RECOVERY_TEXT];
};

/* A vault of the forger's own, opened by a recovery code. */
static void
forge_begin(struct forge *g)
{
	struct export_head head = { .slots.n = 0 };
	struct secret master = { 0 };
	uint8_t code[RECOVERY_DATA], key[SLOT_KEY];
	struct slot *slot = slots_add(&head.slots);

	memset(g, 0, sizeof *g);
	must((g->f = calloc(1, sizeof *g->f)) != NULL);
	must(secret_new(&master, SLOT_KEY) == 0);
	must(random_secret(master.data, SLOT_KEY) == 0);
	must(slot_init(slot, SLOT_RECOVERY, 0) == 0);
	must(recovery_draw(code) == 0);
	recovery_text(code, g->code);
	must(recovery_key(slot, code, key) == 0);
	must(slot_wrap(slot, key, &master) == 0);
	must(export_key(&master, head.salt, g->key) == 0);
	secret_free(&master);
	buffer_init(&g->f->head, EXPORT_HEAD_MAX);
	must(export_head_write(&head, g->key, &g->f->head) == 0);
	buffer_init(&g->plain, EXPORT_PART);
}

static void
forge_part(struct forge *g, int last)
{
	struct buffer *b = file_add(g->f);
	uint8_t *out = buffer_extend(b, g->plain.len + EXPORT_TAG);

	must(out != NULL && g->plain.err == 0);
	must(export_seal(
		 g->key, g->f->n, last, g->plain.data, g->plain.len, out) == 0);
	buffer_clear(&g->plain);
}

static void
forge_item(
    struct forge *g, int kind, const char *name, const struct buffer *octets)
{
	if (g->plain.len + 1 + 4 + strlen(name) + 4 + octets->len > EXPORT_PART)
		forge_part(g, 0);
	buffer_put_u8(&g->plain, (uint8_t)kind);
	buffer_put_cstring(&g->plain, name);
	buffer_put_string(&g->plain, octets->data, octets->len);
}

static void
forge_account(
    struct forge *g, const char *jid, void (*change)(struct account_record *))
{
	struct account_record *rec = secret_alloc(sizeof *rec);
	struct buffer b;

	must(rec != NULL);
	must(omemo_identity_create(&rec->identity) == 0);
	rec->device = 7;
	if (change != NULL)
		change(rec);
	buffer_init(&b, ACCOUNT_PACKED_MAX);
	account_pack(rec, &b);
	forge_item(g, EXPORT_ACCOUNT, jid, &b);
	buffer_free(&b);
	account_release(rec);
}

static void
forge_peer(struct forge *g, const char *jid, const struct peer *p)
{
	struct buffer b;

	buffer_init(&b, RECORD_MAX);
	peer_pack(p, &b);
	forge_item(g, EXPORT_PEER, jid, &b);
	buffer_free(&b);
}

static int
forge_try(struct forge *g, struct user *u)
{
	int err;

	forge_part(g, 1);
	err = import_open_with(u, g->f, SECRET_RECOVERY, g->code);
	if (err == 0)
		err = import_parts(u, g->f);
	file_free(g->f);
	buffer_free(&g->plain);
	return err;
}

static void
wrong_device(struct account_record *rec)
{
	rec->device = 0x80000000U;
}

static void
wrong_window(struct account_record *rec)
{
	rec->window = LIMIT_WINDOW + 1;
}

static void
wrong_identity(struct account_record *rec)
{
	rec->identity.u[0] ^= 1;
}

static void
wrong_withdrawn(struct account_record *rec)
{
	rec->nwithdrawn = 1;
}

enum wrong {
	TRUST_OVER,
	POLICY_OVER,
	ID_ZERO,
	KEY_BAD,
	FLAG_OVER,
	BITS_OVER,
	ID_TWICE,
	WRONGS
};

static void
peer_spoil(struct peer *p, enum wrong how)
{
	struct device *d = &p->v[1];

	switch (how) {
	case TRUST_OVER:
		d->trust = TRUST_DISTRUSTED + 1;
		break;
	case POLICY_OVER:
		p->policy = POLICY_MANUAL + 1;
		break;
	case ID_ZERO:
		d->id = 0;
		break;
	case KEY_BAD:
		memset(d->u, 0, 32);
		break;
	case FLAG_OVER:
		d->retired = 2;
		break;
	case BITS_OVER:
		d->listed = 1 << OMEMO_PROFILES;
		break;
	case ID_TWICE:
	case WRONGS:
		d->id = p->v[0].id;
		break;
	}
}

static void
test_forged(void **state)
{
	static void (*const wrongs[])(struct account_record *) = { wrong_device,
		wrong_window, wrong_identity, wrong_withdrawn };
	struct loop *loop = loop_new();
	struct side tower;
	struct forge g;
	struct buffer b;
	struct peer p;
	struct user *u;
	size_t rows;

	(void)state;
	tower_open(&tower, loop, JULIET);
	u = tower.admin;
	rows = tower.w->nrows;
	for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
		forge_begin(&g);
		forge_account(&g, JULIET, wrongs[i]);
		assert_int_equal(forge_try(&g, u), ERR_CORRUPT);
	}
	for (int how = 0; how < WRONGS; how++) {
		peer_make(&p, 3);
		peer_spoil(&p, (enum wrong)how);
		forge_begin(&g);
		forge_account(&g, JULIET, NULL);
		forge_peer(&g, ROMEO, &p);
		assert_int_equal(forge_try(&g, u), ERR_CORRUPT);
	}
	peer_make(&p, 2);
	/* whose contact is it; two accounts; a contact twice; nothing */
	forge_begin(&g);
	forge_peer(&g, ROMEO, &p);
	forge_account(&g, JULIET, NULL);
	assert_int_equal(forge_try(&g, u), ERR_CORRUPT);
	forge_begin(&g);
	forge_account(&g, JULIET, NULL);
	forge_account(&g, ROMEO, NULL);
	assert_int_equal(forge_try(&g, u), ERR_CORRUPT);
	forge_begin(&g);
	forge_account(&g, JULIET, NULL);
	forge_peer(&g, ROMEO, &p);
	forge_part(&g, 0);
	forge_peer(&g, ROMEO, &p);
	assert_int_equal(forge_try(&g, u), ERR_CORRUPT);
	/* a name that is none, a kind that is none */
	forge_begin(&g);
	forge_account(&g, "juliet@capulet.lit/balcony", NULL);
	assert_int_equal(forge_try(&g, u), ERR_CORRUPT);
	forge_begin(&g);
	forge_account(&g, JULIET, NULL);
	buffer_init(&b, 16);
	forge_item(&g, EXPORT_PEER + 1, ROMEO, &b);
	assert_int_equal(forge_try(&g, u), ERR_CORRUPT);
	/* the end is another part's, or is missing */
	forge_begin(&g);
	forge_account(&g, JULIET, NULL);
	forge_part(&g, 1);
	forge_peer(&g, ROMEO, &p);
	assert_int_equal(forge_try(&g, u), ERR_CORRUPT);
	assert_int_equal(tower.w->nrows, rows);
	assert_int_equal(accounts(u), 0);
	/* all that is right of it is taken */
	forge_begin(&g);
	forge_account(&g, JULIET, NULL);
	forge_part(&g, 0);
	forge_peer(&g, ROMEO, &p);
	assert_int_equal(forge_try(&g, u), 0);
	user_free(u);
	world_free(tower.w);
	loop_free(loop);
	free(tower.w);
	assert_int_equal(secret_heap_used(), world_heap);
}

/* --- how much -------------------------------------------------------------------- */

static void
long_name(char name[LIMIT_JID + 1], size_t i)
{
	memset(name, 'x', LIMIT_JID);
	name[LIMIT_JID] = '\0';
	memcpy(name, "a@", 2);
	for (size_t k = 0; k < 4; k++, i /= 26)
		name[2 + k] = (char)('a' + i % 26);
}

/* The most that there can be goes through one transaction; one more does
 * not. */
static void
test_most(void **state)
{
	struct loop *loop = loop_new();
	char name[LIMIT_JID + 1];
	struct side tower;
	struct forge g;
	struct file *f;
	struct peer p;
	struct user *u;

	(void)state;
	tower_open(&tower, loop, JULIET);
	u = tower.admin;
	peer_make(&p, LIMIT_DEVICES);
	for (p.nwords = 0; p.nwords < LIMIT_WORDS; p.nwords++) {
		p.words[p.nwords].key[0] = (uint8_t)p.nwords;
		p.words[p.nwords].trust = TRUST_VERIFIED;
	}
	for (size_t most = LIMIT_PEERS + 1; most >= LIMIT_PEERS; most--) {
		forge_begin(&g);
		long_name(name, 20000);
		forge_account(&g, name, NULL);
		for (size_t i = 0; i < most; i++) {
			long_name(name, i);
			forge_peer(&g, name, &p);
		}
		assert_int_equal(
		    forge_try(&g, u), most > LIMIT_PEERS ? ERR_FULL : 0);
		assert_int_equal(accounts(u), most > LIMIT_PEERS ? 0 : 1);
	}
	/* out again, in no more parts than may be */
	long_name(name, 20000);
	f = export(u, name);
	assert_in_range(f->n, LIMIT_EXPORT_PARTS / 2, LIMIT_EXPORT_PARTS);
	file_free(f);
	/* too many parts, whatever is in them */
	forge_begin(&g);
	for (size_t i = 0; i < LIMIT_EXPORT_PARTS; i++) {
		buffer_put_u8(&g.plain, 0);
		forge_part(&g, 0);
	}
	buffer_put_u8(&g.plain, 0);
	assert_int_equal(forge_try(&g, u), ERR_FULL);
	assert_null(tower.w->k->move);
	user_free(u);
	world_free(tower.w);
	loop_free(loop);
	free(tower.w);
	assert_int_equal(secret_heap_used(), world_heap);
}

/* Another identity tells as many contacts as WORK has room for, with the
 * longest names: that goes through one transaction, too. */
static void
test_rotate_most(void **state)
{
	struct loop *loop = loop_new();
	char name[LIMIT_JID + 1];
	struct side tower;
	struct forge g;
	struct buffer b;
	struct peer p;
	struct user *u;

	(void)state;
	tower_open(&tower, loop, JULIET);
	u = tower.admin;
	peer_make(&p, 1);
	p.written = 1;
	p.v[0].trust = TRUST_VERIFIED;
	p.v[0].seen = p.v[0].listed = p.v[0].sessions = 1U << NS_LEGACY;
	forge_begin(&g);
	long_name(name, 20000);
	forge_account(&g, name, NULL);
	for (size_t i = 0; i < LIMIT_WORK; i++) {
		long_name(name, i);
		forge_peer(&g, name, &p);
	}
	assert_int_equal(forge_try(&g, u), 0);
	assert_int_equal(records_of(tower.w, RECORD_WORK), LIMIT_WORK);
	long_name(name, 20000);
	assert_int_equal(user_call(u, M_ROTATE, body(&b, "s1", name, 1)), 0);
	assert_int_equal(records_of(tower.w, RECORD_WORK), LIMIT_WORK);
	user_free(u);
	world_free(tower.w);
	loop_free(loop);
	free(tower.w);
	assert_int_equal(secret_heap_used(), world_heap);
}

/* ADOPT gives all accounts other devices at once, as many as there can be. */
static void
test_adopt_all(void **state)
{
	struct loop *loop = loop_new();
	struct side tower;
	struct buffer b;
	char jid[64];

	(void)state;
	tower_open(&tower, loop, JULIET);
	for (int i = 0; i < LIMIT_ACCOUNTS; i++) {
		snprintf(jid, sizeof jid, "a%d@montague.lit", i);
		assert_int_equal(
		    user_create(tower.admin, jid, OTHERS_IGNORE), 0);
	}
	assert_int_equal(
	    user_call(tower.admin, M_ADOPT, body(&b, "1", ADOPT_COPIED)), 0);
	assert_int_equal(reader_u32(&tower.admin->r), LIMIT_ACCOUNTS);
	user_free(tower.admin);
	world_free(tower.w);
	loop_free(loop);
	free(tower.w);
	assert_int_equal(secret_heap_used(), world_heap);
}

static void
test_refused(void **state)
{
	struct stage s;
	struct user *u;
	struct file *f;
	struct buffer b;
	char jid[64];

	(void)state;
	acquaint(&s);
	f = export(s.juliet.admin, JULIET);
	u = s.romeo.admin;
	/* it is here */
	assert_int_equal(import(s.juliet.admin, f), ERR_EXISTS);
	/* not an account of this connection */
	assert_int_equal(
	    user_restrict(s.juliet.admin, RIGHT_INFO | RIGHT_ADMIN, "k", ROMEO),
	    0);
	assert_int_equal(import(s.juliet.admin, f), ERR_ACCOUNT);
	assert_int_equal(user_call(s.juliet.admin, M_EXPORT,
			     body(&b, "s4", JULIET, (uint32_t)0)),
	    ERR_ACCOUNT);
	/* part by part, and of one export only */
	assert_int_equal(
	    user_call(u, M_EXPORT, body(&b, "s4", ROMEO, (uint32_t)1)),
	    ERR_NOT_FOUND);
	assert_int_equal(
	    user_call(u, M_EXPORT, body(&b, "s4", ROMEO, (uint32_t)0)), 0);
	assert_int_equal(
	    user_call(u, M_EXPORT, body(&b, "s4", ROMEO, (uint32_t)2)),
	    ERR_NOT_FOUND);
	assert_int_equal(import_parts(u, f), ERR_NOT_FOUND);
	assert_int_equal(
	    user_call(u, M_EXPORT, body(&b, "s4", ROMEO, (uint32_t)1)), 0);
	/* the right is needed */
	assert_int_equal(user_call(s.romeo.front, M_EXPORT,
			     body(&b, "s4", ROMEO, (uint32_t)0)),
	    ERR_RIGHT);
	/* no room for another account */
	for (int i = 1; i < LIMIT_ACCOUNTS; i++) {
		snprintf(jid, sizeof jid, "a%d@montague.lit", i);
		assert_int_equal(user_create(u, jid, OTHERS_IGNORE), 0);
	}
	assert_int_equal(import(u, f), ERR_FULL);
	assert_int_equal(accounts(u), LIMIT_ACCOUNTS);
	file_free(f);
	stage_close(&s);
}

/* --- with an identity that is being destroyed, or was ------------------------------ */

/* REVOKE takes all records of the name away: those that an import would bring
 * meanwhile, too. */
static void
test_while_destroyed(void **state)
{
	struct stage s;
	struct side *j = &s.juliet;
	struct file *f;
	struct buffer b;
	uint32_t id;

	(void)state;
	acquaint(&s);
	f = export(j->admin, JULIET);
	assert_int_equal(f->n, 1);
	assert_int_equal(
	    import_open_with(j->admin, f, SECRET_PASSPHRASE, PASSPHRASE), 0);
	id = j->admin->id += 2;
	user_send(
	    j->admin, M_REVOKE, id - 1, body(&b, "s4", JULIET, (uint32_t)0));
	user_send(j->admin, M_IMPORT, id,
	    body(&b, "f1", f->part[0].data, f->part[0].len, 1));
	assert_int_equal(user_wait(j->admin, id), ERR_BUSY);
	assert_true(revoke_runs(j->w->k));
	assert_int_equal(user_wait(j->admin, id - 1), 0);
	assert_int_equal(import(j->admin, f), 0);
	assert_int_equal(accounts(j->admin), 1);
	assert_int_equal(records_of(j->w, RECORD_ACCOUNT), 1);
	file_free(f);
	stage_close(&s);
}

/* The device that was destroyed here stays off the list, for good, also when
 * its identity comes back from an export; a net that was there for the name
 * alone comes again. */
static void
test_after_destroyed(void **state)
{
	struct stage s;
	struct side *j = &s.juliet;
	const struct account *a;
	struct file *f;
	struct buffer b;
	uint32_t old;

	(void)state;
	acquaint(&s);
	old = j->device;
	f = export(j->admin, JULIET);
	assert_int_equal(
	    user_call(j->admin, M_REVOKE, body(&b, "s4", JULIET, (uint32_t)0)),
	    0);
	user_free(j->net);
	j->net = user_attached(j->w, 1, "front", JULIET);
	assert_int_equal(reader_u32(&j->net->r), 0);
	assert_int_equal(import(j->admin, f), 0);
	while (j->net->c != NULL)
		world_turn(j->w);
	a = account_find(j->w->k, JULIET);
	assert_int_equal(a->nwithdrawn, 1);
	assert_int_equal(a->withdrawn[0].id, old);
	assert_int_equal(a->withdrawn[0].kind, WITHDRAW_FOR_GOOD);
	file_free(f);
	stage_close(&s);
}

/* --- in the way of others ----------------------------------------------------------- */

/* One that goes on keeps others out; one that stands still does not, nor one
 * of a client that may not import keep out one that may. */
static void
test_in_the_way(void **state)
{
	struct stage s;
	struct side tower;
	struct world *w;
	struct user *idle;
	struct file *f;
	struct buffer b;

	(void)state;
	acquaint(&s);
	f = export(s.juliet.admin, JULIET);
	tower_open(&tower, s.loop, JULIET);
	w = tower.w;
	idle = user_new(w);
	assert_int_equal(user_hello(idle), 0);
	assert_int_equal(
	    import_open_with(idle, f, SECRET_PASSPHRASE, PASSPHRASE), 0);
	/* no right to go on with it */
	assert_int_equal(import(tower.admin, f), 0);
	assert_int_equal(
	    import_open_with(tower.admin, f, SECRET_PASSPHRASE, PASSPHRASE), 0);
	assert_int_equal(
	    import_open_with(idle, f, SECRET_PASSPHRASE, PASSPHRASE), ERR_BUSY);
	/* of two who may, the first, as long as it goes on */
	assert_int_equal(
	    user_call(idle, M_ELEVATE,
		body(&b, "41s", RIGHT_ADMIN, SECRET_PASSPHRASE, TOWER)),
	    0);
	assert_int_equal(
	    user_call(idle, M_EXPORT, body(&b, "s4", JULIET, (uint32_t)0)),
	    ERR_BUSY);
	w->k->move->used -= MOVE_IDLE_MS;
	assert_int_equal(
	    user_call(idle, M_EXPORT, body(&b, "s4", JULIET, (uint32_t)0)), 0);
	assert_int_equal(import_parts(tower.admin, f), ERR_NOT_FOUND);
	file_free(f);
	user_free(idle);
	user_free(tower.admin);
	world_free(w);
	stage_close(&s);
	free(w);
}

/* Lock while askpass asks: no key comes to be after it. */
static void
test_lock_while_asked(void **state)
{
	struct stage s;
	struct side tower;
	struct world *w;
	struct user *u, *other;
	struct file *f;
	struct buffer b;

	(void)state;
	acquaint(&s);
	f = export(s.juliet.admin, JULIET);
	tower_open(&tower, s.loop, JULIET);
	w = tower.w;
	u = user_new(w);
	other = user_new(w);
	assert_int_equal(user_hello(u), 0);
	assert_int_equal(user_hello(other), 0);
	w->ask_hold = 1;
	user_send(u, M_IMPORT_OPEN, ++u->id,
	    body(&b, "f1s", f->head.data, f->head.len, SECRET_ASK, ""));
	while (w->ask_id == 0)
		assert_int_equal(user_call(other, M_STATUS, NULL), 0);
	assert_int_equal(user_call(other, M_LOCK, NULL), 0);
	must(write(w->answer[1], PASSPHRASE "\n", sizeof PASSPHRASE) ==
	    sizeof PASSPHRASE);
	world_answer(w, ASK_DONE);
	assert_int_equal(user_wait(u, u->id), ERR_LOCKED);
	assert_null(w->k->move);
	file_free(f);
	user_free(u);
	user_free(other);
	user_free(tower.admin);
	world_free(w);
	stage_close(&s);
	free(w);
}

/* --- the store ------------------------------------------------------------------- */

static void
expect_all(struct user *u, const struct buffer *before)
{
	struct buffer after;

	assert_int_equal(accounts(u), 1);
	peers(u, JULIET, &after);
	assert_int_equal(after.len, before->len);
	assert_memory_equal(after.data, before->data, after.len);
	buffer_free(&after);
}

/* Refused, or nothing heard of: all of it is there afterwards, or nothing. */
static void
test_commit(void **state)
{
	struct stage s;
	struct side tower;
	struct file *f;
	struct buffer before, b;
	struct world *w;

	(void)state;
	acquaint(&s);
	peers(s.juliet.admin, JULIET, &before);
	f = export(s.juliet.admin, JULIET);
	tower_open(&tower, s.loop, JULIET);
	w = tower.w;
	w->refuse = 1;
	assert_int_equal(import(tower.admin, f), ERR_RETRY);
	assert_int_equal(accounts(tower.admin), 0);
	assert_int_equal(records_of(w, RECORD_PEER), 0);
	assert_int_equal(records_of(w, RECORD_PREKEYS), 0);
	for (int done = 0; done <= 1; done++) {
		assert_int_equal(import_open_with(tower.admin, f,
				     SECRET_PASSPHRASE, PASSPHRASE),
		    0);
		w->lose = 1 + done;
		body(&b, "f1", f->part[0].data, f->part[0].len, 1);
		assert_int_equal(connection_send(tower.admin->c, M_IMPORT,
				     ++tower.admin->id, b.data, b.len),
		    0);
		buffer_free(&b);
		while (w->lose != 0)
			world_turn(w);
		assert_int_not_equal(tower.admin->answered, tower.admin->id);
		user_free(tower.admin); /* keeper and store end */
		world_restart(w);
		tower.admin = user_new(w);
		assert_int_equal(user_hello(tower.admin), 0);
		assert_int_equal(user_unlock(tower.admin, TOWER), 0);
		if (done)
			expect_all(tower.admin, &before);
		else
			assert_int_equal(accounts(tower.admin), 0);
		assert_int_equal(
		    user_call(tower.admin, M_ELEVATE,
			body(&b, "41s", RIGHT_ADMIN, SECRET_PASSPHRASE, TOWER)),
		    0);
	}
	assert_int_equal(import(tower.admin, f), ERR_EXISTS);
	expect_all(tower.admin, &before);
	buffer_free(&before);
	file_free(f);
	user_free(tower.admin);
	world_free(w);
	stage_close(&s);
	free(w);
}

static int
setup(void **state)
{
	(void)state;
	world_setup();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_same_key),
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_no_vault),
		cmocka_unit_test(test_guessing),
		cmocka_unit_test(test_altered),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_most),
		cmocka_unit_test(test_rotate_most),
		cmocka_unit_test(test_adopt_all),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_while_destroyed),
		cmocka_unit_test(test_after_destroyed),
		cmocka_unit_test(test_in_the_way),
		cmocka_unit_test(test_lock_while_asked),
		cmocka_unit_test(test_commit),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
