/* SPDX-License-Identifier: ISC */
/*
 * DEVICES and BUNDLE: what a net says that a server said. Runs in the keeper;
 * trusts neither. A list can name devices, a bundle keys; the policy in force
 * decides what they are worth, and nothing here can raise that.
 */
#include "devices.h"

#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "attach.h"
#include "bundles.h"
#include "crypto/crypto.h"
#include "duties.h"
#include "handlers.h"
#include "methods.h"
#include "renew.h"
#include "retired.h"
#include "sessions.h"
#include "text.h"
#include "told.h"
#include "work.h"

#define DEVICE_MAX   0x7fffffffU
#define RETURNS_MOST 6 /* 15 s, doubled so often: a quarter of an hour */
#define RETURNS_MS   (3600 * 1000) /* without one: it begins anew */

/* --- DEVICES ------------------------------------------------------------------ */

static int
by_id(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The ids that may be: no zeros, none over 2^31-1, no doubles; ascending. */
static uint32_t *
read_ids(struct reader *r, size_t *n)
{
	uint32_t count = reader_count(r, LIMIT_LIST_IDS), *ids, i, id;
	size_t out = 0, j;

	*n = 0;
	ids = calloc((size_t)count + 1, sizeof *ids);
	if (ids == NULL)
		return NULL;
	for (i = 0; i < count; i++) {
		id = reader_u32(r);
		if (id != 0 && id <= DEVICE_MAX)
			ids[out++] = id;
	}
	/* not qsort: glibc's asks for the memory's size, which the walls forbid */
	if (out > 1 && heapsort(ids, out, sizeof *ids, by_id) != 0) {
		free(ids);
		return NULL;
	}
	for (i = 0, j = 0; i < out; i++)
		if (j == 0 || ids[j - 1] != ids[i])
			ids[j++] = ids[i];
	*n = j;
	return ids;
}

static int
has_id(const uint32_t *ids, size_t n, uint32_t id)
{
	return n > 0 && bsearch(&id, ids, n, sizeof id, by_id) != NULL;
}

/*
 * An own list for the first time, none of ours being published: those on it
 * were there before us (others says what becomes of them), and our id must not
 * be one of theirs.
 */
static int
first_own_read(struct keeper *k, struct txn *t, struct account *a,
    struct account_record *rec, struct peer *p, uint8_t ns, const uint32_t *ids,
    size_t n)
{
	size_t i;
	int err;

	rec->own_read |= NAMESPACE(ns);
	for (i = 0; i < p->n; i++)
		p->v[i].first = 1;
	while (has_id(ids, n, rec->device)) {
		if ((err = device_id_draw(&rec->device)) != 0)
			return err;
		rec->due = DUE_DEVICES | DUE_BUNDLE; /* under the new one */
		account_note_due(k, a, rec->due);
	}
	a->device = rec->device;
	return account_put(t, a->jid, rec);
}

/*
 * A device that we gave up is on the list again. It may be one that puts
 * itself back whenever it is missing: at once the first time, then ever more
 * slowly.
 */
static void
came_back(struct request *r, struct account *a, uint8_t ns)
{
	uint64_t now = loop_now();

	if (a->due & DUE_DEVICES & DUE_IN(ns))
		return; /* known, and still to be published */
	if (now - a->returned[ns] > RETURNS_MS)
		a->returns[ns] = 0;
	a->returned[ns] = now;
	if (a->returns[ns] > 0)
		work_delay_list(r->keeper, a, ns,
		    (uint64_t)WORK_HAND_ON_MS << (a->returns[ns] - 1));
	if (a->returns[ns] <= RETURNS_MOST)
		a->returns[ns]++;
}

/* After a list of our own: must it be published with our id, or without one
 * that we gave up? */
static int
own_list(struct request *r, struct txn *t, struct account *a, struct peer *p,
    uint8_t ns, const uint32_t *ids, size_t n)
{
	struct account_record *rec;
	int err, wrong;
	uint32_t i;

	if ((err = account_open(t, a->jid, &rec)) != 0)
		return err;
	if (!(rec->own_read & NAMESPACE(ns)))
		err = first_own_read(r->keeper, t, a, rec, p, ns, ids, n);
	wrong = !has_id(ids, n, a->device);
	for (i = 0; i < a->nwithdrawn; i++) {
		if (!has_id(ids, n, a->withdrawn[i].id))
			continue;
		if (!wrong)
			came_back(r, a, ns);
		wrong = 1;
	}
	if (err == 0 && method_sends(ns) && wrong)
		err =
		    account_set_due(r->keeper, t, a, DUE_DEVICES & DUE_IN(ns));
	account_release(rec);
	return err;
}

/* The ids of the own list that are other devices. */
static uint32_t *
own_others(const struct account *a, const uint32_t *ids, size_t n, size_t *out)
{
	uint32_t *own = calloc(n + 1, sizeof *own);

	*out = 0;
	for (size_t i = 0; own != NULL && i < n; i++)
		if (ids[i] != a->device && !is_withdrawn(a, ids[i]))
			own[(*out)++] = ids[i];
	return own;
}

static int
merge(struct request *r, struct txn *t, struct account *a, struct peer *p,
    uint8_t ns, const uint32_t *ids, size_t n)
{
	struct device gone[LIMIT_DEVICES];
	size_t i, ngone, nown;
	uint32_t *own;
	int err = 0;

	if (p->own) {
		if ((own = own_others(a, ids, n, &nown)) == NULL)
			return ERR_MEMORY;
		peer_merge(p, ns, own, nown, gone, &ngone);
		free(own);
	} else
		peer_merge(p, ns, ids, n, gone, &ngone);
	for (i = 0; i < ngone && err == 0; i++)
		err = session_delete_all(r->keeper, t, a, p->jid, &gone[i]);
	if (err == 0 && p->own)
		err = own_list(r, t, a, p, ns, ids, n);
	if (err == 0)
		err = peer_put(t, a->jid, p);
	return err;
}

void
devices_hand_in(struct request *r)
{
	char jid[LIMIT_JID + 1], peer[LIMIT_JID + 1];
	struct reader *b = &r->body;
	struct account *a;
	struct peer p;
	struct txn *t;
	uint32_t *ids;
	uint8_t ns, status;
	size_t n;
	enum own_list list = OWN_NEWS;
	int err;

	reader_cstring(b, jid, sizeof jid);
	ns = reader_u8(b);
	reader_cstring(b, peer, sizeof peer);
	status = reader_u8(b);
	ids = read_ids(b, &n);
	err = reader_end(b);
	if (err != 0 || ids == NULL) {
		request_fail(r, ids == NULL ? ERR_MEMORY : err, "device list");
		goto out;
	}
	if (ns >= OMEMO_PROFILES || status > LIST_UNKNOWN ||
	    !text_is_bare_jid(peer)) {
		request_fail(r, ERR_ARGUMENT, "device list");
		goto out;
	}
	if (duty_only(r->client, jid)) {
		duty_devices(r, peer, ns, status, ids, n);
		return;
	}
	if ((a = request_net(r, jid)) == NULL)
		goto out;
	t = txn_begin(r->keeper->records);
	err = peer_open(t, jid, peer, &p);
	if (err == ERR_NOT_FOUND && !p.own) {
		txn_abort(t); /* nobody of ours: nothing to remember */
		request_durable(r);
		goto out;
	}
	if (err == ERR_NOT_FOUND)
		err = 0;
	if (p.own && status == LIST_READ)
		duty_saw_list(r->keeper, r->client, jid, ns, ids, n);
	if (p.own && status == LIST_READ)
		list = net_own_list(r->client->net, ns, ids, n);
	/* the one that came first counts: write again */
	if (err == 0 && list == OWN_OVERWRITTEN)
		err =
		    account_set_due(r->keeper, t, a, DUE_DEVICES & DUE_IN(ns));
	else if (err == 0 && status == LIST_READ && list == OWN_NEWS)
		err = merge(r, t, a, &p, ns, ids, n);
	if (err == 0 && list == OWN_ECHO &&
	    !net_own_is(r->client->net, ns, ids, n))
		net_unset_fresh(r->client->net, ns, peer);
	else if (err == 0)
		err = net_set_fresh(r->client->net, ns, peer);
	if (err != 0) {
		r->keeper->accounts->stale = 1;
		request_abort(r, t, err, "device list");
		goto out;
	}
	bundles_retry(r->keeper->accounts->bundles, jid, peer);
	if (p.own && status == LIST_READ) {
		if (list == OWN_NEWS) {
			net_keep_own(r->client->net, ns, ids, n);
			ids = NULL;
		}
		work_announce(r->keeper, a);
	}
	request_commit(r, t);
out:
	free(ids);
}

/* --- BUNDLE ------------------------------------------------------------------- */

static int
read_bundle(struct reader *b, struct handed_in *in)
{
	uint32_t i;
	size_t len;

	reader_cstring(b, in->jid, sizeof in->jid);
	in->ns = reader_u8(b);
	reader_cstring(b, in->peer, sizeof in->peer);
	in->device = reader_u32(b);
	in->status = reader_u8(b);
	in->identity = reader_string(b, &in->identitylen, 64);
	in->spk_id = reader_u32(b);
	in->spk = reader_string(b, &in->spklen, 64);
	in->signature = reader_string(b, &in->signaturelen, 128);
	in->prekeys = reader_count(b, LIMIT_BUNDLE_PREKEYS);
	in->list = *b;
	for (i = 0; i < in->prekeys && b->err == 0; i++) {
		(void)reader_u32(b);
		(void)reader_string(b, &len, 64);
	}
	return reader_end(b);
}

/* Check every one-time prekey and draw one. */
static int
draw_prekey(const struct omemo_profile *profile, struct handed_in *in,
    struct bundle *out)
{
	uint32_t i, id, draw;
	const uint8_t *p;
	uint8_t pub[32];
	size_t len;
	int err;

	if (in->prekeys == 0)
		return ERR_BAD_KEY;
	if ((err = random_public(&draw, sizeof draw)) != 0)
		return err;
	draw %= in->prekeys; /* the bias is below 2^-22 */
	for (i = 0; i < in->prekeys; i++) {
		id = reader_u32(&in->list);
		p = reader_string(&in->list, &len, 64);
		err = omemo_key_decode(profile, p, len, pub);
		if (err != 0 || id == 0)
			return ERR_BAD_KEY;
		if (i == draw) {
			out->opk_id = id;
			memcpy(out->opk, pub, sizeof pub);
		}
	}
	return 0;
}

static int
check_bundle(struct handed_in *in, struct bundle *out)
{
	const struct omemo_profile *profile = &omemo_profiles[in->ns];
	int err;

	out->spk_id = in->spk_id;
	err = omemo_bundle_check(profile, in->identity, in->identitylen,
	    in->spk, in->spklen, in->signature, in->signaturelen,
	    &out->identity, out->spk);
	return err != 0 ? err : draw_prekey(profile, in, out);
}

/* Record the identity key that it shows, if the device may have it. */
static int
learn(struct request *r, struct txn *t, struct account *a, struct peer *p,
    struct handed_in *in, const struct bundle *b)
{
	struct account_record *rec;
	struct device *row, gone;
	struct word said = { .trust = 0 };
	uint8_t others;
	int err;

	if ((err = account_open(t, a->jid, &rec)) != 0)
		return err;
	others = rec->others;
	err = memcmp(rec->identity.u, b->identity.u, 32) == 0 ||
		is_retired_key(a, b->identity.u)
	    ? ERR_BAD_KEY
	    : 0;
	account_release(rec);
	if (a->silent)
		p->nwords = 0;
	if (err == 0) /* not our own key under another's name */
		err = peer_learn(p, in->device, b->identity.u, 0, others, &row,
		    &gone, &said);
	if (err == 0)
		err = told_log_said(t, a, p, row, &said);
	if (err == 0)
		err = session_delete_all(r->keeper, t, a, p->jid, &gone);
	return err == 0 ? peer_put(t, a->jid, p) : err;
}

static void
accept_bundle(struct request *r, struct account *a, struct handed_in *in)
{
	struct bundle *b;
	struct peer p;
	struct txn *t = txn_begin(r->keeper->records);
	int err = peer_open(t, a->jid, in->peer, &p);

	if (err != 0 || peer_find(&p, in->device) == NULL) {
		request_abort(r, t, err != 0 ? err : ERR_NOT_FOUND,
		    "no such device on a list");
		return;
	}
	b = bundles_make(
	    r->keeper->accounts->bundles, a->jid, in->peer, in->ns, in->device);
	if (b == NULL) {
		request_abort(r, t, ERR_MEMORY, "bundle");
		return;
	}
	b->state = (enum bundle_state)in->status;
	if (in->status != BUNDLE_HERE) {
		txn_abort(t);
		request_durable(r);
		return;
	}
	if ((err = check_bundle(in, b)) == 0)
		err = learn(r, t, a, &p, in, b);
	if (err != 0) {
		b->state = err == ERR_KEY_CHANGED ? BUNDLE_CHANGED : BUNDLE_BAD;
		txn_abort(t);
		request_fail(r, err, "bundle of %.200s, device %u: %s",
		    in->peer, in->device, err_text(err));
		return;
	}
	request_commit(r, t);
}

void
devices_bundle(struct request *r)
{
	struct handed_in *in = calloc(1, sizeof *in);
	struct account *a;
	int err;

	if (in == NULL) {
		request_fail(r, ERR_MEMORY, "bundle");
		return;
	}
	if ((err = read_bundle(&r->body, in)) != 0)
		request_fail(r, err, "bundle");
	else if (in->ns >= OMEMO_PROFILES || in->device == 0 ||
	    in->device > DEVICE_MAX || in->status > BUNDLE_UNREACHABLE ||
	    !text_is_bare_jid(in->peer))
		request_fail(r, ERR_ARGUMENT, "bundle");
	else if (duty_only(r->client, in->jid))
		duty_bundle(r, in);
	else if ((a = request_net(r, in->jid)) != NULL) {
		if (strcmp(in->peer, a->jid) == 0 &&
		    duty_saw_bundle(r->keeper, r->client, a->jid, in->ns,
			in->device, in->status))
			request_durable(r);
		else if (strcmp(in->peer, a->jid) == 0 &&
		    in->device == a->device)
			own_bundle(r, a, in);
		else
			accept_bundle(r, a, in);
	}
	free(in);
}
