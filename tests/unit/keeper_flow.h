/* SPDX-License-Identifier: ISC */
/*
 * Two accounts in two agents, each with a front and a net that the test
 * plays, and a server that is a copy of what they publish. Both speak 0.3.0;
 * one with `both` set is listed with OMEMO 2 as well.
 */
#ifndef TESTS_KEEPER_FLOW_H
#define TESTS_KEEPER_FLOW_H

#include "keeper_world.h"
/* after it */
#include "../../agent/message.h"

#define JULIET "juliet@capulet.lit"
#define ROMEO  "romeo@montague.lit"

#define DUE_ONE(due) ((int)((unsigned)(due)&DUE_IN(NS_LEGACY)))

struct side {
	struct world *w;
	const char *jid;
	struct user *admin, *front, *net;
	uint32_t device;
	uint8_t u[32];
	char cursor[LIMIT_STANZA_ID + 1];
	/* BUNDLE's fields from identity on, in each namespace */
	struct buffer bundle, bundle2;
	int both; /* its contacts find it in both namespaces */
};

struct stage {
	struct loop *loop;
	struct side juliet, romeo;
};

struct item { /* of WORK */
	uint64_t item;
	uint8_t work, ns;
	char to[256], id[64];
	uint32_t device, devices, first_device, prekeys, last_prekey;
	uint8_t *elements;
	size_t elementslen;
	char label[256];
	uint8_t sig[64]; /* labelsig's */
	size_t siglen;
};

struct fixed { /* the elements of an ENCRYPT or WORK, count first */
	uint8_t *p;
	size_t len;
};

/* --- work ----------------------------------------------------------------------- */

static uint8_t *
copy_of(const uint8_t *p, size_t len)
{
	uint8_t *c = malloc(len + 1);

	must(c != NULL);
	memcpy(c, p, len);
	return c;
}

/* Ask WORK; a bundle is kept as the server would. The kind of work. */
static int
next_work_of_any(struct side *s, struct item *out)
{
	struct item i = { 0 };
	struct reader *r = &s->net->r;
	const uint8_t *from;
	struct buffer b;
	size_t len;
	uint32_t n;

	assert_int_equal(user_call(s->net, M_WORK, body(&b, "s", s->jid)), 0);
	i.item = reader_u64(r);
	i.work = reader_u8(r);
	i.ns = reader_u8(r);
	reader_cstring(r, i.to, sizeof i.to);
	reader_cstring(r, i.id, sizeof i.id);
	i.device = reader_u32(r);
	for (n = i.devices = reader_u32(r); n > 0; n--)
		if (n == i.devices)
			i.first_device = reader_u32(r);
		else
			(void)reader_u32(r);
	reader_cstring(r, i.label, sizeof i.label);
	from = reader_string(r, &i.siglen, 64);
	memcpy(i.sig, from, i.siglen);
	from = r->p;
	(void)reader_string(r, &len, 64);
	(void)reader_u32(r);
	(void)reader_string(r, &len, 64);
	(void)reader_string(r, &len, 64);
	for (n = i.prekeys = reader_u32(r); n > 0; n--) {
		i.last_prekey = reader_u32(r);
		(void)reader_string(r, &len, 64);
	}
	if (i.work == WORK_BUNDLE) {
		struct buffer *at =
		    i.ns == NS_LEGACY ? &s->bundle : &s->bundle2;

		buffer_free(at);
		buffer_init(at, FRAME_MAX);
		buffer_put(at, from, (size_t)(r->p - from));
	}
	assert_int_equal(r->err, 0);
	if (i.work == WORK_EMPTY) {
		i.elements = copy_of(r->p, r->left);
		i.elementslen = r->left;
	}
	*out = i;
	return i.work;
}

static void
work_is_done(struct side *s, uint64_t item, int status)
{
	struct buffer b;

	assert_int_equal(user_call(s->net, M_WORK_DONE,
			     body(&b, "s81s", s->jid, item, status, "")),
	    0);
}

static int
hand_list_in(struct side *s, uint8_t ns, const char *peer, int status,
    const uint32_t *ids, uint32_t n)
{
	struct buffer b;
	uint32_t i;

	body(&b, "s1s14", s->jid, ns, peer, status, n);
	for (i = 0; i < n; i++)
		buffer_put_u32(&b, ids[i]);
	return user_call(s->net, M_DEVICES, &b);
}

/* 0.3.0's; the other is not to be had just now. */
static int
hand_list(struct side *s, const char *peer, int status, const uint32_t *ids,
    uint32_t n)
{
	int err = hand_list_in(s, NS_OMEMO2, peer, LIST_UNKNOWN, NULL, 0);

	return err != 0 ? err
			: hand_list_in(s, NS_LEGACY, peer, status, ids, n);
}

/* BUNDLE of our own, as the server has it: 0 or an error. */
static int
hand_own_bundle_in(
    struct side *s, uint8_t ns, int status, const struct buffer *bundle)
{
	struct buffer b;

	body(&b, "s1s41", s->jid, ns, s->jid, s->device, status);
	if (bundle != NULL)
		buffer_put(&b, bundle->data, bundle->len);
	else
		for (int i = 0; i < 5; i++) /* four strings or ids, no keys */
			buffer_put_u32(&b, 0);
	return user_call(s->net, M_BUNDLE, &b);
}

static int
hand_own_bundle(struct side *s, int status, const struct buffer *bundle)
{
	return hand_own_bundle_in(s, NS_LEGACY, status, bundle);
}

/* OMEMO 2's list and the bundle of a device, read back: there is none. */
static void
hand_nothing2(struct side *s, uint32_t device)
{
	struct buffer b;

	assert_int_equal(
	    hand_list_in(s, NS_OMEMO2, s->jid, LIST_READ, NULL, 0), 0);
	body(&b, "s1s41", s->jid, NS_OMEMO2, s->jid, device, BUNDLE_ABSENT);
	for (int i = 0; i < 5; i++)
		buffer_put_u32(&b, 0);
	assert_int_equal(user_call(s->net, M_BUNDLE, &b), 0);
}

/* The next work of 0.3.0; OMEMO 2's publications are done without a word, and
 * what it withdraws is gone. */
static int
next_work(struct side *s, struct item *out)
{
	struct item i;

	for (;;) {
		(void)next_work_of_any(s, &i);
		if (i.ns == NS_LEGACY || i.work == WORK_EMPTY)
			break;
		if (i.work == WORK_FETCH_BUNDLE)
			assert_int_equal(hand_own_bundle_in(s, NS_OMEMO2,
					     BUNDLE_UNREACHABLE, NULL),
			    0);
		if (i.work == WORK_VERIFY)
			hand_nothing2(s, i.device);
		work_is_done(s, i.item, WORK_OK);
	}
	if (out != NULL)
		*out = i;
	else
		free(i.elements);
	return i.work;
}

/* Own list, then whatever is due: as a net does when it comes online. */
static void
publish(struct side *s)
{
	struct item i;

	assert_int_equal(hand_list(s, s->jid, LIST_READ, NULL, 0), 0);
	assert_int_equal(
	    hand_list_in(s, NS_OMEMO2, s->jid, LIST_READ, NULL, 0), 0);
	assert_int_equal(next_work(s, &i), WORK_BUNDLE);
	assert_int_equal(i.prekeys, LIMIT_PREKEYS);
	assert_int_equal(i.last_prekey, LIMIT_PREKEYS);
	work_is_done(s, i.item, WORK_OK);
	assert_int_equal(next_work(s, &i), WORK_DEVICES);
	assert_int_equal(i.devices, 1);
	work_is_done(s, i.item, WORK_OK);
	assert_int_equal(next_work(s, &i), WORK_NONE);
}

static inline int
due_in_any(struct side *s)
{
	struct reader *r = &s->front->r;
	char jid[256];
	uint8_t u[32];

	assert_int_equal(user_call(s->front, M_LIST, NULL), 0);
	assert_int_equal(reader_u32(r), 1);
	reader_cstring(r, jid, sizeof jid);
	assert_string_equal(jid, s->jid);
	reader_fixed(r, u, sizeof u);
	(void)reader_u32(r);
	return reader_u8(r);
}

/* In 0.3.0. */
static inline int
due_of(struct side *s)
{
	return DUE_ONE(due_in_any(s));
}

/* PUBLISH, in 0.3.0 alone. */
static inline void
publish_again(struct side *s)
{
	struct buffer b;

	assert_int_equal(
	    user_call(s->front, M_PUBLISH, body(&b, "s", s->jid)), 0);
	account_find(s->w->k, s->jid)->due &= (uint8_t)DUE_IN(NS_LEGACY);
}

/* --- the stage -------------------------------------------------------------------- */

static void
attach(struct side *s)
{
	s->front = user_attached(s->w, 0, "front", s->jid);
	s->device = reader_u32(&s->front->r);
	reader_fixed(&s->front->r, s->u, sizeof s->u);
	s->net = user_attached(s->w, 1, "front", s->jid);
	(void)reader_u32(&s->net->r);
	reader_cstring(&s->net->r, s->cursor, sizeof s->cursor);
}

static void
side_open(struct side *s, struct loop *loop, const char *jid)
{
	memset(s, 0, sizeof *s);
	s->jid = jid;
	s->w = world_new(loop);
	s->admin = user_creator(s->w);
	assert_int_equal(user_create(s->admin, jid, OTHERS_IGNORE), 0);
	attach(s);
	publish(s);
}

static void
side_close(struct side *s)
{
	user_free(s->admin);
	user_free(s->front);
	user_free(s->net);
	buffer_free(&s->bundle);
	buffer_free(&s->bundle2);
	world_free(s->w);
}

static void
stage_open(struct stage *s)
{
	s->loop = loop_new();
	must(s->loop != NULL);
	side_open(&s->juliet, s->loop, JULIET);
	side_open(&s->romeo, s->loop, ROMEO);
}

static void
stage_close(struct stage *s)
{
	struct world *a = s->juliet.w, *b = s->romeo.w;

	side_close(&s->juliet);
	side_close(&s->romeo);
	loop_free(s->loop);
	free(a);
	free(b);
	assert_int_equal(secret_heap_used(), world_heap);
}

/* The agent dies and comes back; no net is there. */
static inline void
restart_alone(struct side *s)
{
	user_free(s->front);
	user_free(s->net);
	user_free(s->admin);
	world_restart(s->w);
	s->admin = user_new(s->w);
	assert_int_equal(user_hello(s->admin), 0);
	assert_int_equal(user_unlock(s->admin, PASSPHRASE), 0);
}

/* The same; then nets read nothing anew but their own list and bundle. */
static inline void
restart(struct side *s)
{
	restart_alone(s);
	attach(s);
	assert_int_equal(hand_own_bundle(s, BUNDLE_UNREACHABLE, NULL), 0);
	assert_int_equal(
	    hand_own_bundle_in(s, NS_OMEMO2, BUNDLE_UNREACHABLE, NULL), 0);
	assert_int_equal(hand_list(s, s->jid, LIST_READ, &s->device, 1), 0);
	assert_int_equal(
	    hand_list_in(s, NS_OMEMO2, s->jid, LIST_READ, &s->device, 1), 0);
}

/* --- sending ---------------------------------------------------------------------- */

static int
try_compose(struct side *s, const char *to, const char *id, const char *text,
    uint8_t handle[HANDLE_SIZE])
{
	struct buffer b;
	int err = user_call(s->front, M_COMPOSE,
	    body(&b, "ss1s41s", s->jid, to, KIND_CHAT, id, 1U, FORMAT_BODY,
		text));

	reader_fixed(&s->front->r, handle, HANDLE_SIZE);
	return err;
}

static void
compose(struct side *s, const char *to, const char *id, const char *text,
    uint8_t handle[HANDLE_SIZE])
{
	assert_int_equal(try_compose(s, to, id, text, handle), 0);
}

/* Hand in what the other side has published. */
static int
hand_bundle_in(struct side *s, uint8_t ns, const struct side *of)
{
	const struct buffer *from =
	    ns == NS_LEGACY ? &of->bundle : &of->bundle2;
	struct buffer b;

	body(&b, "s1s41", s->jid, ns, of->jid, of->device, BUNDLE_HERE);
	buffer_put(&b, from->data, from->len);
	return user_call(s->net, M_BUNDLE, &b);
}

static inline int
hand_bundle(struct side *s, const struct side *of)
{
	return hand_bundle_in(s, NS_LEGACY, of);
}

static void
answer_needs(struct side *s, struct side *peer)
{
	struct reader r = s->net->r;
	struct reader rows;
	struct buffer copy;
	char jid[256];
	uint32_t n, device;
	uint8_t ns;

	buffer_init(&copy, FRAME_MAX);
	buffer_put(&copy, r.p, r.left);
	reader_init(&rows, copy.data, copy.len);
	for (n = reader_u32(&rows); n > 0; n--) {
		reader_cstring(&rows, jid, sizeof jid);
		ns = reader_u8(&rows);
		device = reader_u32(&rows);
		if (device != 0)
			assert_int_equal(hand_bundle_in(s, ns, peer), 0);
		else if (strcmp(jid, s->jid) == 0)
			assert_int_equal(
			    hand_list_in(s, ns, jid, LIST_READ, &s->device, 1),
			    0);
		else
			assert_int_equal(
			    hand_list_in(s, ns, jid, LIST_READ, &peer->device,
				ns == NS_LEGACY || peer->both),
			    0);
	}
	buffer_free(&copy);
}

static inline int
acknowledge(struct side *s, const char *peer, const uint8_t u[32], int role)
{
	struct buffer b;

	return user_call(s->front, M_ACKNOWLEDGE,
	    body(&b, "ssk1s", s->jid, peer, u, role, ""));
}

/* READERS, each shown. How many. */
static uint32_t
show_readers(struct side *s, const uint8_t *handle)
{
	struct {
		char jid[256];
		uint8_t u[32];
	} rows[LIMIT_DEVICES];
	struct reader *r = &s->front->r;
	struct buffer b;
	uint32_t n, i;

	assert_int_equal(
	    user_call(s->front, M_READERS, body(&b, "sh", s->jid, handle)), 0);
	n = reader_count(r, LIMIT_DEVICES);
	for (i = 0; i < n; i++) {
		reader_cstring(r, rows[i].jid, sizeof rows[i].jid);
		(void)reader_u32(r);
		reader_fixed(r, rows[i].u, 32);
		(void)reader_u8(r);
		(void)reader_u8(r);
	}
	assert_int_equal(r->err, 0);
	for (i = 0; i < n; i++)
		assert_int_equal(
		    acknowledge(s, rows[i].jid, rows[i].u, ROLE_READER), 0);
	return n;
}

/* One ENCRYPT: its status, or the error. */
static int
try_encrypt(struct side *s, const uint8_t *handle)
{
	struct buffer b;
	int err = user_call(s->net, M_ENCRYPT, body(&b, "sh", s->jid, handle));

	return err != 0 ? err : reader_u8(&s->net->r);
}

static void
take_elements(struct side *s, struct fixed *out)
{
	struct reader *r = &s->net->r;
	char text[512];

	assert_int_equal(reader_u32(r), 0);
	reader_cstring(r, text, sizeof text);
	(void)reader_u8(r);
	reader_cstring(r, text, sizeof text);
	assert_int_equal(r->err, 0);
	out->p = copy_of(r->p, r->left);
	out->len = r->left;
}

static void
encrypt_until_done(
    struct side *s, struct side *peer, const uint8_t *handle, struct fixed *out)
{
	int i, status;

	for (i = 0; i < 8; i++) {
		status = try_encrypt(s, handle);
		if (status == ENCRYPT_DONE) {
			take_elements(s, out);
			return;
		}
		if (status == ENCRYPT_NEED) {
			answer_needs(s, peer);
			continue;
		}
		assert_int_equal(status, ENCRYPT_WAIT);
		user_event(s->front, M_EVENT_READERS, NULL);
		assert_true(show_readers(s, handle) > 0);
		user_event(s->net, M_EVENT_READY, NULL);
	}
	fail_msg("never done");
}

static void
sent(struct side *s, const uint8_t *handle)
{
	struct buffer b;

	assert_int_equal(
	    user_call(s->net, M_SENT, body(&b, "sh", s->jid, handle)), 0);
	user_event(s->front, M_EVENT_SENT, NULL);
}

/* --- receiving -------------------------------------------------------------------- */

struct element { /* one of those that an ENCRYPT or WORK gave */
	uint8_t ns;
	uint32_t sid, mine;
	const uint8_t *iv, *payload;
	size_t ivlen, payloadlen;
	struct buffer keys; /* DECRYPT's, of those for a device */
};

static void
take_element(struct reader *r, const struct side *to, struct element *e)
{
	const uint8_t *key;
	size_t keylen;
	uint32_t n, device;
	uint8_t kex;
	char jid[256];

	memset(e, 0, sizeof *e);
	buffer_init(&e->keys, FRAME_MAX);
	e->ns = reader_u8(r);
	e->sid = reader_u32(r);
	e->iv = reader_string(r, &e->ivlen, 64);
	e->payload = reader_string(r, &e->payloadlen, FRAME_MAX);
	for (n = reader_u32(r); n > 0; n--) {
		reader_cstring(r, jid, sizeof jid);
		device = reader_u32(r);
		kex = reader_u8(r);
		key = reader_string(r, &keylen, FRAME_MAX);
		if (device != to->device)
			continue;
		buffer_put_u8(&e->keys, kex);
		buffer_put_string(&e->keys, key, keylen);
		e->mine++;
	}
}

/*
 * DECRYPT at the other side of the element that has a key for it, else of the
 * first: the verdict, or the error. No device is in two.
 */
static int
deliver(struct side *from, struct side *to, const uint8_t *p, size_t len,
    const char *archive, uint8_t handle[HANDLE_SIZE])
{
	struct element all[OMEMO_PROFILES], *e = &all[0];
	uint8_t none[HANDLE_SIZE];
	struct reader r;
	struct buffer b;
	uint32_t i, n, with = 0;
	int err;

	reader_init(&r, p, len);
	n = reader_count(&r, OMEMO_PROFILES);
	assert_true(n > 0);
	for (i = 0; i < n; i++) {
		take_element(&r, to, &all[i]);
		if (all[i].mine > 0 && with++ == 0)
			e = &all[i];
	}
	assert_int_equal(reader_end(&r), 0);
	assert_true(with <= 1);
	body(&b, "s1s41s1s8", to->jid, e->ns, from->jid, e->sid, PATH_DIRECT,
	    from->jid, KIND_CHAT, "stanza", (uint64_t)0);
	buffer_put_u32(&b, e->mine);
	buffer_put(&b, e->keys.data, e->keys.len);
	buffer_put_string(&b, e->iv, e->ivlen);
	buffer_put_u8(&b, e->payloadlen > 0);
	buffer_put_string(&b, e->payload, e->payloadlen);
	buffer_put_cstring(&b, archive);
	for (i = 0; i < n; i++)
		buffer_free(&all[i].keys);
	if ((err = user_call(to->net, M_DECRYPT, &b)) != 0)
		return err;
	err = reader_u8(&to->net->r);
	reader_fixed(&to->net->r, handle != NULL ? handle : none, HANDLE_SIZE);
	return err;
}

/* Compose, encrypt, deliver, sent; handle is the receiver's. */
static inline void
send_text(struct side *from, struct side *to, const char *id, const char *text,
    uint8_t handle[HANDLE_SIZE])
{
	uint8_t composed[HANDLE_SIZE];
	struct fixed f = { NULL, 0 };

	compose(from, to->jid, id, text, composed);
	encrypt_until_done(from, to, composed, &f);
	assert_int_equal(
	    deliver(from, to, f.p, f.len, "", handle), VERDICT_NEW);
	free(f.p);
	sent(from, composed);
	user_event(to->front, M_EVENT_MESSAGE, NULL);
}

static int
try_open(struct side *s, const uint8_t *handle)
{
	struct buffer b;

	return user_call(s->front, M_OPEN, body(&b, "sh", s->jid, handle));
}

/* WRITER, ACKNOWLEDGE if it is new, OPEN, SHOWN. */
static inline void
expect_message(struct side *s, const uint8_t *handle, const char *text,
    const char *from, int new_writer)
{
	struct reader *r = &s->front->r;
	const uint8_t *p;
	char jid[256];
	struct buffer b;
	uint8_t u[32], format;
	size_t len;

	assert_int_equal(
	    user_call(s->front, M_WRITER, body(&b, "sh", s->jid, handle)), 0);
	reader_cstring(r, jid, sizeof jid);
	assert_string_equal(jid, from);
	(void)reader_u32(r);
	reader_fixed(r, u, sizeof u);
	assert_int_equal(reader_u8(r), TRUST_BLIND);
	(void)reader_u8(r);
	assert_int_equal(reader_u8(r), !new_writer);
	if (new_writer) {
		assert_int_equal(try_open(s, handle), ERR_UNACKNOWLEDGED);
		assert_int_equal(acknowledge(s, from, u, ROLE_WRITER), 0);
	}
	assert_int_equal(try_open(s, handle), 0);
	format = reader_u8(r);
	p = reader_string(r, &len, LIMIT_ENVELOPE);
	if (format == FORMAT_BODY) {
		assert_int_equal(len, strlen(text));
		assert_memory_equal(p, text, len);
	} else {
		assert_int_equal(format, FORMAT_SCE_ENVELOPE);
		assert_non_null(memmem(p, len, text, strlen(text)));
	}
	assert_int_equal(
	    user_call(s->front, M_SHOWN, body(&b, "sh", s->jid, handle)), 0);
}

static inline uint32_t
waiting(struct side *s)
{
	struct buffer b;

	assert_int_equal(
	    user_call(s->front, M_WAITING, body(&b, "s", s->jid)), 0);
	return reader_u32(&s->front->r);
}

static inline uint32_t
outbox_rows(struct side *s)
{
	struct buffer b;

	assert_int_equal(
	    user_call(s->front, M_OUTBOX, body(&b, "s", s->jid)), 0);
	return reader_u32(&s->front->r);
}

static inline void
caught_up(struct side *s)
{
	struct buffer b;

	assert_int_equal(
	    user_call(s->net, M_CURSOR, body(&b, "ss1s", s->jid, "", 1, "")),
	    0);
}

/* The item's octets do not change over a restart. */
static inline void
again_after_restart(struct side *s, struct item *item)
{
	struct item again;

	restart(s);
	caught_up(s);
	assert_int_equal(next_work(s, &again), WORK_EMPTY);
	assert_int_equal(again.item, item->item);
	assert_string_equal(again.id, item->id);
	assert_int_equal(again.elementslen, item->elementslen);
	assert_memory_equal(again.elements, item->elements, item->elementslen);
	free(again.elements);
}

/* As if a day had passed. */
static inline void
forget_messages(struct side *s)
{
	struct keeper *k = s->w->k;
	struct account *a = account_find(k, s->jid);
	struct txn *t = txn_begin(k->records);

	while (a->messages.n > 0) {
		must(txn_delete(t, RECORD_MESSAGE, s->jid,
			 a->messages.v[0].handle, HANDLE_SIZE) == 0);
		index_remove(&a->messages, a->messages.v[0].handle);
	}
	txn_commit(t);
}

#endif
