/* SPDX-License-Identifier: ISC */
/*
 * What is in a work item. Runs in the keeper, which alone builds and signs
 * what is published: the device list as net read it on this connection with
 * our id on top, the bundle, an empty message with octets that stay the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach.h"
#include "bundles.h"
#include "crypto/crypto.h"
#include "encrypt.h"
#include "envelope.h"
#include "prekeys.h"
#include "renew.h"
#include "sessions.h"
#include "work.h"

void
work_put_start(struct buffer *b, uint64_t item, enum work work, uint8_t ns,
    const char *to, const char *id, uint32_t device)
{
	buffer_put_u64(b, item);
	buffer_put_u8(b, (uint8_t)work);
	buffer_put_u8(b, ns);
	buffer_put_cstring(b, to);
	buffer_put_cstring(b, id);
	buffer_put_u32(b, device);
}

void
work_put_no_bundle(struct buffer *b)
{
	buffer_put_cstring(b, "");
	buffer_put_u32(b, 0);
	buffer_put_cstring(b, "");
	buffer_put_cstring(b, "");
	buffer_put_u32(b, 0);
}

/* The own bundle is to be fetched and handed in (own_bundle.c). */
void
work_put_compare(struct buffer *b, const struct account *a, uint8_t ns)
{
	work_put_start(b, WORK_ITEM_COMPARE + ns, WORK_FETCH_BUNDLE, ns, a->jid,
	    "", a->device);
	buffer_put_u32(b, 0);
	work_put_no_bundle(b);
	buffer_put_u32(b, 0);
}

/* The own list as this net has read it, with our id and without those given
 * up; ascending. */
static uint32_t *
list_to_write(
    const struct account *a, const struct net *net, uint8_t ns, size_t *out)
{
	uint32_t *ids = calloc(net->own[ns].n + 1, sizeof *ids), id;
	size_t n = 0, at;

	if (ids == NULL)
		return NULL;
	for (size_t i = 0; i < net->own[ns].n; i++) {
		id = net->own[ns].ids[i];
		if (id != a->device && !is_withdrawn(a, id))
			ids[n++] = id;
	}
	for (at = n++; at > 0 && ids[at - 1] > a->device; at--)
		ids[at] = ids[at - 1];
	ids[at] = a->device;
	*out = n;
	return ids;
}

int
work_put_devices(
    struct request *r, struct account *a, uint8_t ns, uint64_t item)
{
	struct net *net = r->client->net;
	struct buffer *b = &r->reply;
	size_t n, i;
	uint32_t *ids = list_to_write(a, net, ns, &n);
	int err;

	if (ids == NULL)
		return ERR_MEMORY;
	work_put_start(b, item, WORK_DEVICES, ns, a->jid, "", a->device);
	buffer_put_u32(b, (uint32_t)n);
	for (i = 0; i < n; i++)
		buffer_put_u32(b, ids[i]);
	work_put_no_bundle(b);
	buffer_put_u32(b, 0);
	err = b->err != 0 ? b->err : net_set_written(net, ns, ids, n);
	free(ids);
	return err;
}

static void
put_key(struct buffer *b, const struct omemo_profile *profile,
    const uint8_t pub[32])
{
	struct buffer key;

	buffer_init(&key, 64);
	omemo_key_encode(profile, pub, &key);
	buffer_put_string(b, key.data, key.len);
	buffer_free(&key);
}

static uint32_t
put_prekeys(struct buffer *b, const struct omemo_profile *profile,
    const struct prekeys *p)
{
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < p->n; i++) {
		if (p->v[i].used != 0)
			continue;
		buffer_put_u32(b, p->v[i].key.id);
		put_key(b, profile, p->v[i].key.pub);
		n++;
	}
	return n;
}

int
work_put_keys(struct buffer *b, uint8_t ns, const struct account_record *rec,
    const struct prekeys *p)
{
	const struct omemo_profile *profile = &omemo_profiles[ns];
	struct buffer identity;
	uint8_t sig[64];
	size_t at;
	int err;

	err =
	    omemo_bundle_sign(profile, &rec->identity, p->current.key.pub, sig);
	if (err != 0)
		return err;
	buffer_init(&identity, 64);
	omemo_identity_encode(profile, &rec->identity, &identity);
	buffer_put_string(b, identity.data, identity.len);
	buffer_free(&identity);
	buffer_put_u32(b, p->current.key.id);
	put_key(b, profile, p->current.key.pub);
	buffer_put_string(b, sig, sizeof sig);
	at = b->len;
	buffer_put_u32(b, 0);
	buffer_patch_u32(b, at, put_prekeys(b, profile, p));
	return b->err;
}

int
work_put_bundle(struct request *r, struct txn *t, struct account *a, uint8_t ns,
    uint64_t item)
{
	struct buffer *b = &r->reply;
	struct account_record *rec = NULL;
	struct prekeys *p = NULL;
	int err;

	work_put_start(b, item, WORK_BUNDLE, ns, a->jid, "", a->device);
	buffer_put_u32(b, 0);
	if ((err = account_open(t, a->jid, &rec)) == 0 &&
	    (err = prekeys_open(t, a->jid, ns, &p)) == 0)
		err = work_put_keys(b, ns, rec, p);
	buffer_put_u32(b, 0);
	prekeys_release(p);
	account_release(rec);
	return err;
}

/* --- empty messages ------------------------------------------------------------- */

struct empty { /* a WORK record */
	char id[40];
	struct buffer elements;
	struct buffer content; /* of a trust message that has no octets yet */
};

static int
empty_open(struct txn *t, const struct account *a, const struct work_item *w,
    struct empty *e)
{
	char to[LIMIT_JID + 1];
	struct secret s = { 0 };
	const uint8_t *p;
	struct reader r;
	uint8_t name[8];
	size_t len;
	int err;

	work_name(w->seq, name);
	err = txn_get(t, RECORD_WORK, a->jid, name, sizeof name, &s);
	if (err != 0)
		return err;
	reader_init(&r, s.data, s.len);
	(void)reader_u8(&r);
	(void)reader_u32(&r);
	reader_cstring(&r, to, sizeof to);
	p = reader_string(&r, &len, RECORD_MAX);
	buffer_put(&e->elements, p, len);
	if (len > 0)
		reader_cstring(&r, e->id, sizeof e->id);
	else if (w->tell) {
		p = reader_string(&r, &len, RECORD_MAX);
		buffer_put(&e->content, p, len);
	}
	err = reader_end(&r) != 0  ? ERR_CORRUPT
	    : e->elements.err != 0 ? e->elements.err
				   : e->content.err;
	secret_free(&s);
	return err;
}

static int
empty_put(struct txn *t, const struct account *a, const struct work_item *w,
    const struct empty *e)
{
	struct buffer b;
	uint8_t name[8];
	int err;

	work_name(w->seq, name);
	buffer_init(&b, RECORD_MAX);
	buffer_put_u8(&b, w->ns | w->fresh | w->tell);
	buffer_put_u32(&b, w->device);
	buffer_put_cstring(&b, w->to);
	buffer_put_string(&b, e->elements.data, e->elements.len);
	buffer_put_cstring(&b, e->id);
	err = b.err != 0
	    ? b.err
	    : txn_put(t, RECORD_WORK, a->jid, name, sizeof name, b.data, b.len);
	buffer_free(&b);
	return err;
}

/* Is the device still one that we answer? */
static int
is_wanted(struct txn *t, const struct account *a, const struct work_item *w)
{
	struct device *d;
	struct peer p;

	if (peer_open(t, a->jid, w->to, &p) != 0)
		return 0;
	d = peer_find(&p, w->device);
	if (w->tell)
		return d != NULL && d->trust == TRUST_VERIFIED && !a->silent;
	return d != NULL && (w->fresh || (d->sessions & NAMESPACE(w->ns))) &&
	    policy_may_answer(&p, d);
}

/* What it carries: nothing, or a trust message in its envelope. */
static int
put_payload(const struct account *a, const struct work_item *w,
    const struct empty *e, uint8_t *kt, size_t *ktlen, uint8_t *iv,
    size_t *ivlen, struct buffer *out)
{
	const struct omemo_profile *profile = &omemo_profiles[w->ns];
	const struct envelope envelope = { a->jid, w->to, clock_real(),
		FORMAT_SCE_CONTENT, e->content.data, e->content.len };
	struct secret s = { 0 };
	size_t len;
	int err;

	if (!w->tell)
		return omemo_payload_empty(profile, kt, ktlen, iv, ivlen);
	if ((err = envelope_write(&envelope, &s, &len)) == 0)
		err = omemo_payload_encrypt(
		    profile, s.data, len, kt, ktlen, iv, ivlen, out);
	secret_free(&s);
	return err;
}

static int
empty_element(struct txn *t, const struct account *a, const struct work_item *w,
    struct omemo_session *s, struct empty *e)
{
	struct account_record *rec;
	struct buffer *out = &e->elements, wire, keys, payload;
	uint8_t kt[64], iv[16];
	size_t ktlen = sizeof kt, ivlen = sizeof iv;
	int err, kex;

	if ((err = account_open(t, a->jid, &rec)) != 0)
		return err;
	buffer_init(&wire, LIMIT_KEY_ELEMENT);
	buffer_init(&keys, RECORD_MAX);
	buffer_init(&payload, RECORD_MAX);
	err = put_payload(a, w, e, kt, &ktlen, iv, &ivlen, &payload);
	if (err == 0)
		err = omemo_encrypt(s, &rec->identity, kt, ktlen, &wire, &kex);
	if (err == 0) {
		buffer_put_cstring(&keys, w->to);
		buffer_put_u32(&keys, w->device);
		buffer_put_u8(&keys, kex != 0);
		buffer_put_string(&keys, wire.data, wire.len);
		buffer_put_u32(out, 1);
		err = element_put(
		    out, w->ns, rec->device, iv, ivlen, &payload, 1, &keys);
	}
	secret_wipe(kt, sizeof kt);
	buffer_free(&wire);
	buffer_free(&keys);
	buffer_free(&payload);
	account_release(rec);
	return err;
}

/* It is the first to a device since ours is another: a session of its bundle.
 * 2: that must be fetched first. */
static int
empty_initiate(struct keeper *k, struct txn *t, const struct account *a,
    const struct work_item *w, struct omemo_session *s)
{
	struct bundles *all = k->accounts->bundles;
	struct bundle *b = bundles_find(all, a->jid, w->to, w->ns, w->device);
	struct account_record *rec;
	struct device *d;
	struct peer p;
	int err;

	if ((err = peer_open(t, a->jid, w->to, &p)) != 0)
		return err;
	d = peer_find(&p, w->device);
	/* a trust message is no text of the user's: its reader's key is
	 * verified, by a word perhaps, and need not have been shown */
	if (d == NULL || !device_is_reader(d) ||
	    (device_is_unshown(d) && !w->tell) || !(d->listed & (1U << w->ns)))
		return ERR_NO_SESSION;
	if (b == NULL)
		return 2;
	if (b->state != BUNDLE_GOOD || memcmp(b->identity.u, d->u, 32) != 0)
		return ERR_NO_SESSION;
	if ((err = account_open(t, a->jid, &rec)) != 0)
		return err;
	err = omemo_session_initiate(s, &rec->identity, rec->device,
	    &b->identity, b->spk_id, b->spk, b->opk_id, b->opk);
	account_release(rec);
	if (err == 0 && !(d->sessions & NAMESPACE(w->ns))) {
		d->sessions |= NAMESPACE(w->ns);
		err = peer_put(t, a->jid, &p);
	}
	bundles_drop(all, b); /* its one-time prekey is used once */
	return err;
}

/*
 * Must there be another session? A trust message goes to the key that was
 * verified, whatever the session was made with.
 */
static int
is_to_initiate(struct txn *t, const struct account *a,
    const struct work_item *w, const struct omemo_session *s)
{
	const struct device *d;
	struct peer p;

	if (w->fresh || !omemo_session_ready(s))
		return 1;
	if (!w->tell)
		return 0;
	return peer_open(t, a->jid, w->to, &p) != 0 ||
	    (d = peer_find(&p, w->device)) == NULL ||
	    memcmp(omemo_session_peer(s), d->u, 32) != 0;
}

/* Fix its octets, with the ratchet, in this transaction. */
static int
empty_make(struct keeper *k, struct txn *t, const struct account *a,
    const struct work_item *w, struct empty *e)
{
	struct session_key key = { a->jid, w->to, w->ns, w->device, a->device };
	struct omemo_session *s;
	uint8_t draw[16];
	size_t i;
	int err;

	if ((err = session_open(t, &key, &s)) != 0)
		return err;
	if (is_to_initiate(t, a, w, s))
		err = empty_initiate(k, t, a, w, s);
	if (err == 0)
		err = empty_element(t, a, w, s, e);
	if (err == 0)
		err = session_put(t, &key, s);
	if (err == 0)
		err = random_public(draw, sizeof draw);
	for (i = 0; i < sizeof draw && err == 0; i++)
		snprintf(e->id + 2 * i, 3, "%02x", draw[i]);
	if (err == 0)
		err = empty_put(t, a, w, e);
	omemo_session_free(s);
	return err;
}

int
work_put_empty(
    struct request *r, struct txn *t, struct account *a, struct work_item *w)
{
	struct buffer *b = &r->reply;
	struct empty e = { .id = "" };
	uint8_t name[8];
	int err;

	buffer_init(&e.elements, RECORD_MAX);
	buffer_init(&e.content, RECORD_MAX);
	err = empty_open(t, a, w, &e);
	if (err == 0 && e.elements.len == 0)
		err =
		    is_wanted(t, a, w) ? empty_make(r->keeper, t, a, w, &e) : 1;
	if (err == 1 || err == ERR_NO_SESSION) {
		work_name(w->seq, name);
		err = txn_delete(t, RECORD_WORK, a->jid, name, sizeof name);
		err = err == 0 ? 1 : err;
	} else if (err == 2) {
		work_put_start(b, WORK_ITEM_FETCH, WORK_FETCH_BUNDLE, w->ns,
		    w->to, "", w->device);
		buffer_put_u32(b, 0);
		work_put_no_bundle(b);
		buffer_put_u32(b, 0);
	} else if (err == 0) {
		work_put_start(
		    b, w->seq, WORK_EMPTY, w->ns, w->to, e.id, w->device);
		buffer_put_u32(b, 0);
		work_put_no_bundle(b);
		buffer_put(b, e.elements.data, e.elements.len);
		err = b->err;
	}
	buffer_free(&e.elements);
	buffer_free(&e.content);
	return err;
}
