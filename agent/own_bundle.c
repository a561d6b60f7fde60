/* SPDX-License-Identifier: ISC */
/*
 * The own bundle as the server has it: is this state the one that wrote last?
 * Ids of prekeys ascend and are never used again, so a bundle that was signed
 * with our key and has an id that we have not given out yet, or other octets
 * under one that we have, was made by a later state or by a copy. Runs in the
 * keeper. The server can raise such a doubt at will, as it can drop every
 * message; it cannot end one.
 */
#include <string.h>

#include "devices.h"
#include "prekeys.h"

enum kinship { SAME, REPUBLISH, UNKNOWN };

static enum kinship
judge_signed(
    struct prekeys *p, const struct handed_in *in, const uint8_t spk[32])
{
	struct signed_prekey *s = prekeys_find_signed(p, in->spk_id);

	if (in->spk_id >= p->next_signed ||
	    (s != NULL && memcmp(s->key.pub, spk, 32) != 0))
		return UNKNOWN;
	return s == &p->current ? SAME : REPUBLISH;
}

static enum kinship
judge_prekeys(struct prekeys *p, const struct omemo_profile *profile,
    struct handed_in *in)
{
	enum kinship verdict = SAME;
	const uint8_t *octets;
	struct prekey *k;
	uint8_t pub[32];
	uint32_t id, i;
	size_t len, published = 0;

	for (i = 0; i < p->n; i++)
		published += p->v[i].used == 0;
	if (in->prekeys != published)
		verdict = REPUBLISH;
	for (i = 0; i < in->prekeys; i++) {
		id = reader_u32(&in->list);
		octets = reader_string(&in->list, &len, 64);
		k = prekeys_find(p, id);
		if (omemo_key_decode(profile, octets, len, pub) != 0)
			return REPUBLISH;
		if (id >= p->next ||
		    (k != NULL && memcmp(k->key.pub, pub, 32) != 0))
			return UNKNOWN;
		if (k == NULL || k->used != 0)
			verdict = REPUBLISH;
	}
	return verdict;
}

static enum kinship
judge(const struct account_record *rec, struct prekeys *p, struct handed_in *in)
{
	const struct omemo_profile *profile = &omemo_profiles[in->ns];
	struct omemo_peer identity;
	enum kinship a, b;
	uint8_t spk[32];

	if (omemo_bundle_check(profile, in->identity, in->identitylen, in->spk,
		in->spklen, in->signature, in->signaturelen, &identity,
		spk) != 0 ||
	    memcmp(identity.u, rec->identity.u, sizeof(identity.u)) != 0)
		return REPUBLISH; /* whoever's that is */
	a = judge_signed(p, in, spk);
	b = judge_prekeys(p, profile, in);
	return a == UNKNOWN || b == UNKNOWN ? UNKNOWN : a == SAME ? b : a;
}

static int
compare(struct request *r, struct txn *t, struct account *a,
    struct account_record *rec, struct handed_in *in)
{
	enum kinship verdict = REPUBLISH; /* absent */
	const uint8_t due = DUE_BUNDLE & DUE_IN(in->ns);
	struct prekeys *p;
	int err;

	if (in->status == BUNDLE_HERE) {
		if ((err = prekeys_open(t, a->jid, in->ns, &p)) != 0)
			return err;
		verdict = judge(rec, p, in);
		prekeys_release(p);
	}
	if (verdict == UNKNOWN) {
		rec->doubt = DOUBT_SERVER;
		r->err = ERR_DOUBT;
	} else if (verdict == REPUBLISH)
		rec->due |= due;
	err = verdict == SAME ? 0 : account_put(t, a->jid, rec);
	if (err == 0 && verdict == REPUBLISH)
		account_note_due(r->keeper, a, due);
	if (err == 0)
		a->doubt = rec->doubt;
	return err;
}

void
own_bundle(struct request *r, struct account *a, struct handed_in *in)
{
	struct txn *t = txn_begin(r->keeper->records);
	struct account_record *rec;
	int err = account_open(t, a->jid, &rec);

	if (err == 0 && (rec->ours & NAMESPACE(in->ns)) &&
	    in->status != BUNDLE_UNREACHABLE)
		err = compare(r, t, a, rec, in);
	account_release(rec);
	if (err != 0) {
		r->keeper->accounts->stale = 1;
		request_abort(r, t, err, "own bundle");
		return;
	}
	a->compared |= NAMESPACE(in->ns);
	request_commit(r, t);
}
