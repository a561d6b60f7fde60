/* SPDX-License-Identifier: ISC */
/*
 * ENCRYPT: a composed message becomes the octets that are sent. Runs in the
 * keeper, which alone decides the readers: every listed device of the
 * conversation and of the account itself, as far as policy lets. What is
 * missing is asked of net (NEED), what is new is shown first (WAIT), and the
 * octets are fixed in the same transaction as the ratchets (DONE).
 */
#include "encrypt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach.h"
#include "bundles.h"
#include "envelope.h"
#include "handlers.h"
#include "methods.h"
#include "readers.h"
#include "refusal.h"
#include "sessions.h"
#include "signal.h"

#define ROWS_MOST   (FRAME_MAX / 2) /* octets of rows in one answer */
#define READERS_ROW 64 /* octets of a row of READERS, or a key, but the name */

enum { HAS = 1, HAS_NOT };

struct encrypting {
	struct request *r;
	struct account *account;
	struct txn *txn;
	struct outbox *o;
	struct readers *rs;
	char why[REFUSAL_TEXT]; /* of an error */
};

/* --- NEED --------------------------------------------------------------------- */

/* What does not fit is wanted when the rest is there. */
static void
need_row(struct encrypting *e, const char *jid, uint8_t ns, uint32_t device,
    uint32_t *n)
{
	if (e->r->reply.len > ROWS_MOST)
		return;
	buffer_put_cstring(&e->r->reply, jid);
	buffer_put_u8(&e->r->reply, ns);
	buffer_put_u32(&e->r->reply, device);
	(*n)++;
}

/* Device lists count only if they were handed in on this connection. */
static void
need_lists(struct encrypting *e, uint32_t *n)
{
	size_t i, ns;

	for (ns = 0; ns < OMEMO_PROFILES; ns++)
		for (i = 0; method_sends((uint8_t)ns) && i < e->rs->n; i++)
			if (!net_is_fresh(e->r->client->net, (uint8_t)ns,
				e->rs->v[i].peer.jid))
				need_row(
				    e, e->rs->v[i].peer.jid, (uint8_t)ns, 0, n);
}

/* A reader's peer is its first field. */
static struct reading *
reading_of(const struct peer *p)
{
	return (struct reading *)(uintptr_t)p;
}

static struct bundle *
bundle_of(struct encrypting *e, const struct peer *p, const struct device *d,
    uint8_t ns)
{
	return bundles_find(e->r->keeper->accounts->bundles, e->account->jid,
	    p->jid, ns, d->id);
}

/* Open the session and look. */
static int
look_session(struct encrypting *e, const struct peer *p, const struct device *d,
    uint8_t ns)
{
	struct session_key key = { e->account->jid, p->jid, ns, d->id,
		e->account->device };
	struct omemo_session *s;
	int err;

	if (!(d->sessions & (1U << ns)))
		return 0;
	if ((err = session_open(e->txn, &key, &s)) != 0)
		return err;
	err = omemo_session_ready(s) &&
	    memcmp(omemo_session_peer(s), d->u, 32) == 0;
	omemo_session_free(s);
	return err;
}

/*
 * 1: it can encrypt to this device's key; 0; or an error. Asked three times
 * for each device before it is written to, which changes nothing: looked once.
 */
static int
has_session(struct encrypting *e, const struct peer *p, const struct device *d,
    uint8_t ns)
{
	struct reading *v =
	    (struct reading *)(uintptr_t)p; /* its first field */
	uint8_t *known = &v->has[ns][d - p->v];
	int has;

	if (*known == 0) {
		if ((has = look_session(e, p, d, ns)) < 0)
			return has;
		*known = has ? HAS : HAS_NOT;
	}
	return *known == HAS;
}

/*
 * Is nothing of this device's bundle wanted? Of one that was distrusted it is:
 * it may have another key by now, which is found out in no other way.
 */
static int
is_settled(struct encrypting *e, const struct peer *p, const struct device *d,
    uint8_t ns)
{
	if (d->trust == TRUST_DISTRUSTED)
		return 0;
	if (d->has_key && !device_is_reader(d))
		return 1;
	return has_session(e, p, d, ns);
}

/*
 * The namespace that a device is written to in: the newest that it is listed
 * in, but an older one where its bundle cannot be had in the newer and there
 * is no session. -1: none.
 */
static int
choose_namespace(
    struct encrypting *e, const struct peer *p, const struct device *d, int *ns)
{
	int first = device_namespace(d), has, i;
	const struct bundle *b;

	*ns = -1;
	if (reading_of(p)->skipped[d - p->v])
		return 0;
	for (i = first; i >= 0; i--) {
		if (!(d->listed & NAMESPACE(i)) ||
		    (i == NS_LEGACY && e->o->format != FORMAT_BODY))
			continue;
		*ns = i;
		if ((has = has_session(e, p, d, (uint8_t)i)) != 0)
			return has < 0 ? has : 0;
		b = bundle_of(e, p, d, (uint8_t)i);
		if (b == NULL || b->state == BUNDLE_GOOD ||
		    b->state == BUNDLE_CHANGED)
			return 0;
	}
	return 0;
}

/* Every listed device: its key is known, and a session or bundle if it reads. */
static int
need_bundles(struct encrypting *e, uint32_t *n)
{
	struct peer *p;
	struct device *d;
	size_t i, j;
	int ns, settled, err;

	for (i = 0; i < e->rs->n; i++) {
		p = &e->rs->v[i].peer;
		for (j = 0; j < p->n; j++) {
			d = &p->v[j];
			if ((err = choose_namespace(e, p, d, &ns)) != 0)
				return err;
			e->rs->v[i].ns[j] = ns;
			if (ns < 0)
				continue;
			settled = is_settled(e, p, d, (uint8_t)ns);
			if (settled < 0)
				return settled;
			if (!settled && bundle_of(e, p, d, (uint8_t)ns) == NULL)
				need_row(e, p->jid, (uint8_t)ns, d->id, n);
		}
	}
	return 0;
}

/* --- who may read ------------------------------------------------------------- */

static int
refuse(struct encrypting *e, int err, enum refusal why, const struct peer *p,
    const struct device *d)
{
	refusal_words(e->why, why, e->account->jid, p->jid, d);
	return err;
}

/* A key that waits for a decision, or that was changed, stops the message. */
static int
check_device(
    struct encrypting *e, struct peer *p, const struct device *d, int ns)
{
	const struct bundle *b = bundle_of(e, p, d, (uint8_t)ns);

	if (b != NULL && b->state == BUNDLE_CHANGED)
		return refuse(e, ERR_KEY_CHANGED,
		    peer_find_key(p, d->id, b->identity.u) != NULL
			? REFUSAL_RETURNED
			: REFUSAL_CHANGED,
		    p, d);
	if (!p->own && d->has_key && d->trust == TRUST_UNDECIDED)
		return refuse(e, ERR_UNTRUSTED, REFUSAL_UNDECIDED, p, d);
	return 0;
}

/* Will this device get the message? */
static int
gets(struct encrypting *e, const struct peer *p, const struct device *d, int ns)
{
	const struct bundle *b;
	int has;

	if (ns < 0 || !device_is_reader(d))
		return 0;
	if ((has = has_session(e, p, d, (uint8_t)ns)) != 0)
		return has;
	b = bundle_of(e, p, d, (uint8_t)ns);
	return b != NULL && b->state == BUNDLE_GOOD;
}

/* Nobody gets it: because of a key that the user refused, or for want of any. */
static int
refuse_all(struct encrypting *e, const struct peer *p)
{
	size_t i, listed = 0;

	for (i = 0; i < p->n; i++) {
		if (device_namespace(&p->v[i]) < 0)
			continue;
		listed++;
		if (p->v[i].has_key && p->v[i].trust == TRUST_DISTRUSTED)
			return refuse(
			    e, ERR_UNTRUSTED, REFUSAL_DISTRUSTED, p, &p->v[i]);
	}
	snprintf(e->why, sizeof e->why, "%.120s: %s", p->jid,
	    listed > 0 ? "no device with a key that may read"
		: e->o->format == FORMAT_BODY
		? "no device list"
		: "no device that speaks OMEMO 2");
	return ERR_UNTRUSTED;
}

/* One to whom it is addressed: on how many devices it is read, or an error. */
static int
check_reader(struct encrypting *e, struct reading *v)
{
	struct peer *p = &v->peer;
	int got, err, n = 0;
	size_t i;

	for (i = 0; i < p->n; i++) {
		if (v->ns[i] < 0)
			continue;
		if ((err = check_device(e, p, &p->v[i], v->ns[i])) != 0)
			return err;
		if ((got = gets(e, p, &p->v[i], v->ns[i])) < 0)
			return got;
		n += got;
	}
	return n > 0 ? n : refuse_all(e, p);
}

/* Of a room nobody is left out but those without a key, which was shown. */
static int
check_readers(struct encrypting *e)
{
	int n, all = 0;
	size_t i;

	for (i = 0; i < e->rs->to; i++) {
		if (e->rs->v[i].absent)
			continue;
		if ((n = check_reader(e, &e->rs->v[i])) < 0)
			return n;
		all += n;
	}
	if (all == 0)
		snprintf(e->why, sizeof e->why,
		    "%.120s: nobody there has a key that may read",
		    e->o->conversation);
	return all > 0 ? 0 : ERR_UNTRUSTED;
}

/* --- DONE --------------------------------------------------------------------- */

/* Make a session of the bundle that was handed in. */
static int
initiate(struct encrypting *e, const struct account_record *rec,
    struct omemo_session *s, const struct peer *p, const struct device *d,
    uint8_t ns)
{
	struct bundle *b = bundle_of(e, p, d, ns);

	if (b == NULL || b->state != BUNDLE_GOOD ||
	    memcmp(b->identity.u, d->u, 32) != 0)
		return ERR_NO_SESSION;
	return omemo_session_initiate(s, &rec->identity, rec->device,
	    &b->identity, b->spk_id, b->spk, b->opk_id, b->opk);
}

/* A bundle's one-time prekey is used once. */
static void
use_up(struct encrypting *e, const struct peer *p, const struct device *d,
    uint8_t ns)
{
	struct bundle *b = bundle_of(e, p, d, ns);

	if (b != NULL)
		bundles_drop(e->r->keeper->accounts->bundles, b);
}

static int
encrypt_to(struct encrypting *e, const struct account_record *rec,
    const struct peer *p, struct device *d, uint8_t ns, int *changed,
    const uint8_t *kt, size_t ktlen, struct buffer *keys)
{
	struct session_key key = { e->account->jid, p->jid, ns, d->id,
		e->account->device };
	struct omemo_session *s = NULL;
	struct buffer wire;
	int err, kex = 0;

	buffer_init(&wire, LIMIT_KEY_ELEMENT);
	if ((err = session_open(e->txn, &key, &s)) != 0)
		goto out;
	if (!omemo_session_ready(s) ||
	    memcmp(omemo_session_peer(s), d->u, 32) != 0) {
		if ((err = initiate(e, rec, s, p, d, ns)) != 0)
			goto out;
		d->sessions |= (uint8_t)(1U << ns);
		*changed = 1;
		use_up(e, p, d, ns);
	}
	err = omemo_encrypt(s, &rec->identity, kt, ktlen, &wire, &kex);
	if (omemo_session_unanswered(s) > LIMIT_UNANSWERED &&
	    !(d->beat & BEAT_SILENT)) {
		d->beat |= BEAT_SILENT;
		*changed = 1;
	}
	if (err == 0)
		err = session_put(e->txn, &key, s);
	if (err == 0) {
		buffer_put_cstring(keys, p->jid);
		buffer_put_u32(keys, d->id);
		buffer_put_u8(keys, kex != 0);
		buffer_put_string(keys, wire.data, wire.len);
		err = keys->err;
	}
out:
	omemo_session_free(s);
	buffer_free(&wire);
	return err;
}

/* The <key>s of one namespace; how many in *n. */
static int
encrypt_keys(struct encrypting *e, const struct account_record *rec, uint8_t ns,
    const uint8_t *kt, size_t ktlen, struct buffer *keys, uint32_t *n)
{
	struct peer *p;
	size_t i, j;
	int err, got;

	for (i = 0; i < e->rs->n; i++) {
		p = &e->rs->v[i].peer;
		for (j = 0; j < p->n; j++) {
			if (e->rs->v[i].ns[j] != ns)
				continue;
			if ((got = gets(e, p, &p->v[j], ns)) < 0)
				return got;
			if (!got)
				continue;
			err = encrypt_to(e, rec, p, &p->v[j], ns,
			    &e->rs->v[i].changed, kt, ktlen, keys);
			if (err != 0)
				return err;
			if (!p->own && !p->written) {
				p->written = 1;
				e->rs->v[i].changed = 1;
			}
			(*n)++;
		}
	}
	return 0;
}

int
element_put(struct buffer *out, uint8_t ns, uint32_t sid, const uint8_t *iv,
    size_t ivlen, const struct buffer *payload, uint32_t nkeys,
    const struct buffer *keys)
{
	buffer_put_u8(out, ns);
	buffer_put_u32(out, sid);
	buffer_put_string(out, iv, ivlen);
	buffer_put_string(out, payload->data, payload->len);
	buffer_put_u32(out, nkeys);
	buffer_put(out, keys->data, keys->len);
	return out->err;
}

/* What is encrypted in a namespace: the text itself, or in its envelope. */
static int
encrypt_payload(struct encrypting *e, uint8_t ns, uint8_t *kt, size_t *ktlen,
    uint8_t *iv, size_t *ivlen, struct buffer *out)
{
	const struct omemo_profile *profile = &omemo_profiles[ns];
	const struct envelope envelope = { e->account->jid, e->o->conversation,
		e->o->entry.time, e->o->format, e->o->text, e->o->entry.len };
	struct secret s = { 0 };
	size_t len;
	int err;

	if (methods[ns].format == FORMAT_BODY)
		return omemo_payload_encrypt(profile, e->o->text,
		    e->o->entry.len, kt, ktlen, iv, ivlen, out);
	if ((err = envelope_write(&envelope, &s, &len)) == 0)
		err = omemo_payload_encrypt(
		    profile, s.data, len, kt, ktlen, iv, ivlen, out);
	secret_free(&s);
	return err;
}

static int
has_readers(const struct encrypting *e, uint8_t ns)
{
	size_t i, j;

	for (i = 0; i < e->rs->n; i++)
		for (j = 0; j < e->rs->v[i].peer.n; j++)
			if (e->rs->v[i].ns[j] == ns)
				return 1;
	return 0;
}

static int
encrypt_element(struct encrypting *e, const struct account_record *rec,
    uint8_t ns, struct buffer *out, uint32_t *count)
{
	uint8_t kt[64], iv[16];
	size_t ktlen = sizeof kt, ivlen = sizeof iv;
	struct buffer payload, keys;
	uint32_t n = 0;
	int err;

	buffer_init(&payload, RECORD_MAX);
	buffer_init(&keys, RECORD_MAX);
	err = encrypt_payload(e, ns, kt, &ktlen, iv, &ivlen, &payload);
	if (err == 0)
		err = encrypt_keys(e, rec, ns, kt, ktlen, &keys, &n);
	if (err == 0 && n > 0) {
		err = element_put(
		    out, ns, rec->device, iv, ivlen, &payload, n, &keys);
		(*count)++;
	}
	secret_wipe(kt, sizeof kt);
	buffer_free(&payload);
	buffer_free(&keys);
	return err;
}

/* Encrypt for every namespace; stage sessions, peers and the fixed octets. */
static int
encrypt_all(struct encrypting *e)
{
	struct account_record *rec;
	struct buffer out;
	uint32_t count = 0;
	size_t i;
	uint8_t ns;
	int err;

	buffer_init(&out, RECORD_MAX);
	buffer_put_u32(&out, 0);
	err = account_open(e->txn, e->account->jid, &rec);
	for (ns = 0; ns < NAMESPACES && err == 0; ns++)
		if (has_readers(e, ns))
			err = encrypt_element(e, rec, ns, &out, &count);
	account_release(rec);
	for (i = 0; i < e->rs->n && err == 0; i++)
		if (e->rs->v[i].changed)
			err = peer_put(
			    e->txn, e->account->jid, &e->rs->v[i].peer);
	buffer_patch_u32(&out, 0, count);
	if (err == 0) {
		e->o->entry.fixed = 1;
		e->o->elements = out.data;
		e->o->elementslen = out.len;
		/* what is not sent now is not worth sending */
		err = e->o->kind == KIND_TYPING
		    ? txn_delete(e->txn, RECORD_OUTBOX, e->account->jid,
			  e->o->handle, HANDLE_SIZE)
		    : outbox_put(e->txn, e->account, e->o);
	}
	if (err == ERR_TOO_LONG)
		snprintf(e->why, sizeof e->why,
		    "%.120s: too long for one message to all who read there",
		    e->o->conversation);
	if (err == 0) /* what DONE answers, while out is there */
		buffer_put(&e->r->reply, out.data, out.len);
	buffer_free(&out);
	e->o->elements = NULL;
	return err;
}

/* --- the request -------------------------------------------------------------- */

/* The reply's fields before the elements. */
static void
put_head(struct encrypting *e, const char *to, const char *id)
{
	buffer_put_cstring(&e->r->reply, to);
	buffer_put_u8(&e->r->reply, e->o->kind);
	buffer_put_cstring(&e->r->reply, id);
}

/* An answer without octets. */
static void
put_none(struct encrypting *e, uint8_t status, const char *to)
{
	buffer_put_u8(&e->r->reply, status);
	buffer_put_u32(&e->r->reply, 0);
	put_head(e, to, "");
	buffer_put_u32(&e->r->reply, 0);
}

/*
 * A room's message: is it one in which something can be encrypted, as this
 * net's connection knows it now? Its members become contacts, which is what
 * DEVICES wants. Has the reply been written: MEMBERS is missing.
 */
static int
enter_room(struct encrypting *e, int *commit)
{
	const char *jid = e->o->conversation;
	int err, status = net_room(e->r->client->net, jid);
	struct room *room;

	if (status > ROOM_LISTED) {
		snprintf(
		    e->why, sizeof e->why, "%.120s: %s", jid, room_why(status));
		return ERR_ROOM;
	}
	err = room_open(e->txn, e->account->jid, jid, &room);
	if (status < 0 || err == ERR_NOT_FOUND) {
		room_release(room);
		put_none(e, ENCRYPT_MEMBERS, jid);
		return e->r->reply.err;
	}
	if (err == 0)
		err = room_know_members(e->r->keeper, e->txn, e->account, room);
	room_release(room);
	*commit = err > 0;
	if (err == ERR_FULL) { /* no waiting mends that */
		snprintf(e->why, sizeof e->why,
		    "%.120s: its members are more contacts than can be kept",
		    jid);
		return ERR_ROOM;
	}
	return err < 0 ? err : 0;
}

/* Of a room: more than a stanza takes, or one answer of READERS. */
static int
check_size(struct encrypting *e)
{
	size_t i, j, n = 0, octets = 0;
	const struct peer *p;

	for (i = 0; i < e->rs->n && e->rs->room != NULL; i++)
		for (p = &e->rs->v[i].peer, j = 0; j < p->n; j++)
			if (device_namespace(&p->v[j]) >= 0) {
				n++;
				octets += strlen(p->jid) + READERS_ROW;
			}
	if (n <= LIMIT_ROOM_READERS && octets <= ROWS_MOST)
		return 0;
	if (n > LIMIT_ROOM_READERS)
		snprintf(e->why, sizeof e->why,
		    "%.120s: its members have %zu devices, more than the %d "
		    "that one message can be for",
		    e->o->conversation, n, LIMIT_ROOM_READERS);
	else
		snprintf(e->why, sizeof e->why,
		    "%.120s: the addresses of its members are too long for one "
		    "message to %zu devices",
		    e->o->conversation, n);
	return ERR_ROOM;
}

static int
answer_need(struct encrypting *e, uint32_t *n)
{
	struct buffer *b = &e->r->reply;
	uint8_t ns;
	size_t at;
	int err = 0;

	buffer_put_u8(b, ENCRYPT_NEED);
	at = b->len;
	buffer_put_u32(b, 0);
	for (ns = 0; ns < NAMESPACES; ns++) /* are we who we were? */
		if (!(e->account->compared & NAMESPACE(ns)))
			need_row(e, e->account->jid, ns, e->account->device, n);
	need_lists(e, n);
	if (*n == 0 && (err = check_size(e)) == 0)
		err = need_bundles(e, n);
	if (*n == 0 || err != 0) {
		buffer_clear(b);
		return err;
	}
	buffer_patch_u32(b, at, *n);
	put_head(e, "", "");
	buffer_put_u32(b, 0);
	return b->err;
}

/* Those that were written to with a newer version are to be shown again. */
static int
note_fallbacks(struct encrypting *e, int *commit)
{
	struct reading *v;
	size_t i, j;
	int err = 0;

	for (i = 0; i < e->rs->n && err == 0; i++) {
		v = &e->rs->v[i];
		for (j = 0; j < v->peer.n; j++)
			if (v->ns[j] >= 0 &&
			    device_falls_back(&v->peer.v[j], (uint8_t)v->ns[j]))
				v->changed = *commit = 1;
		if (v->changed)
			err = peer_put(e->txn, e->account->jid, &v->peer);
	}
	return err;
}

/* Those that were not heard from get nothing; that is shown, and its end. */
static void
skip_stale(struct encrypting *e, int *changed)
{
	uint64_t now = clock_real();
	struct reading *v;
	struct device *d;
	size_t i, j;
	int stale;

	for (i = 0; i < e->rs->n; i++) {
		v = &e->rs->v[i];
		for (j = 0; j < v->peer.n; j++) {
			d = &v->peer.v[j];
			stale = device_is_stale(
			    &v->peer, d, now, e->account->limits.stale);
			if (device_note_stale(d, stale))
				v->changed = *changed = 1;
			v->skipped[j] = (uint8_t)stale;
		}
	}
}

/* 0: the reply is written; *commit says whether anything was staged. */
static int
encrypt(struct encrypting *e, int *commit)
{
	struct buffer *b = &e->r->reply;
	uint32_t n = 0;
	int err, changed = 0;

	if (e->o->entry.fixed) {
		buffer_put_u8(b, ENCRYPT_DONE);
		buffer_put_u32(b, 0);
		put_head(e, e->o->conversation, e->o->id);
		buffer_put(b, e->o->elements, e->o->elementslen);
		return b->err;
	}
	if (e->o->kind == KIND_ROOM &&
	    ((err = enter_room(e, commit)) != 0 || b->len > 0))
		return err;
	err = readers_open(
	    e->txn, e->account, e->o->conversation, e->o->kind, &e->rs);
	if (err == 0 && signal_is(e->o->kind))
		err = signal_readers(e->txn, e->account, e->o, e->rs);
	else if (err == 0)
		skip_stale(e, &changed);
	if (err != 0 || (err = answer_need(e, &n)) != 0 || n > 0)
		return err;
	*commit |= changed;
	if ((err = note_fallbacks(e, commit)) != 0)
		return err;
	if (!signal_is(e->o->kind) && readers_unshown(e->rs) > 0) {
		put_none(e, ENCRYPT_WAIT, "");
		return readers_wait(e->r->keeper, e->account, e->o->handle);
	}
	if ((err = check_readers(e)) != 0)
		return err;
	buffer_put_u8(b, ENCRYPT_DONE);
	buffer_put_u32(b, 0);
	put_head(e, e->o->conversation, e->o->id);
	*commit = 1;
	return encrypt_all(e);
}

/* The next try asks for lists and bundles again. */
static void
failed(struct encrypting *e, int err)
{
	struct bundles *all = e->r->keeper->accounts->bundles;
	size_t i, ns;

	if (signal_is(e->o->kind))
		return; /* nobody waits for it */
	if (err == ERR_ROOM)
		net_unset_room(e->r->client->net, e->o->conversation);
	for (i = 0; e->rs != NULL && i < e->rs->n; i++) {
		bundles_retry(all, e->account->jid, e->rs->v[i].peer.jid);
		for (ns = 0; ns < OMEMO_PROFILES; ns++)
			net_unset_fresh(e->r->client->net, (uint8_t)ns,
			    e->rs->v[i].peer.jid);
	}
	if (err == ERR_UNTRUSTED || err == ERR_KEY_CHANGED ||
	    err == ERR_DOUBT || err == ERR_TOO_LONG || err == ERR_ROOM)
		outbox_event_failed(
		    e->r->keeper, e->account, e->o, err, e->why);
}

void
encrypt_message(struct request *r)
{
	char jid[LIMIT_JID + 1];
	uint8_t handle[HANDLE_SIZE];
	struct encrypting e = { .r = r };
	struct keeper *k = r->keeper; /* an answer is the end of r */
	struct indexed *entry;
	int err, commit = 0;

	reader_cstring(&r->body, jid, sizeof jid);
	reader_fixed(&r->body, handle, sizeof handle);
	if ((err = reader_end(&r->body)) != 0) {
		request_fail(r, err, "encrypt");
		return;
	}
	if ((e.account = request_net_sure(r, jid)) == NULL)
		return;
	e.txn = txn_begin(r->keeper->records);
	err = outbox_open(e.txn, e.account, handle, &e.o);
	if (err == 0 && (err = encrypt(&e, &commit)) != 0)
		failed(&e, err);
	if (err != 0) {
		buffer_clear(&r->reply);
		request_abort(r, e.txn, err, e.why);
		if (e.o != NULL && signal_is(e.o->kind) && err != ERR_BUSY)
			signal_drop(k, e.account, handle);
	} else if (commit) {
		if (e.o->kind == KIND_TYPING)
			index_remove(&e.account->outbox, handle);
		else if (e.o->entry.fixed &&
		    (entry = index_find(&e.account->outbox, handle)) != NULL)
			entry->fixed = 1;
		request_commit(r, e.txn);
	} else {
		txn_abort(e.txn);
		request_durable(r);
	}
	readers_free(e.rs);
	outbox_release(e.o);
}
