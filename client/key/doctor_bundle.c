/* SPDX-License-Identifier: ISC */
/*
 * The bundle on the server against the agent's own. Runs in xmpp-key. Ids of
 * prekeys ascend and are never used again (agent/own_bundle.c): one that is
 * beyond ours was made by a later state or by a copy of this one.
 */
#include <stdio.h>
#include <string.h>

#include "doctor_compare.h"

static int
is_same(const struct doctor_key *a, const struct doctor_key *b)
{
	return a->id == b->id && a->len == b->len &&
	    memcmp(a->bytes, b->bytes, a->len) == 0;
}

static const struct doctor_key *
find_prekey(const struct doctor_bundle *b, uint32_t id)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->prekeys[i].id == id)
			return &b->prekeys[i];
	return NULL;
}

static uint32_t
last_prekey(const struct doctor_bundle *b)
{
	uint32_t last = 0;

	for (size_t i = 0; i < b->n; i++)
		if (b->prekeys[i].id > last)
			last = b->prekeys[i].id;
	return last;
}

struct tally {		/* one-time prekeys */
	size_t missing; /* ours, and not there */
	size_t used;	/* there, and not to be there any more */
	size_t altered; /* other octets under an id of ours */
	size_t beyond;	/* an id that we have not given out yet */
};

static void
count_prekeys(const struct doctor_bundle *ours,
    const struct doctor_bundle *theirs, struct tally *t)
{
	uint32_t last = last_prekey(ours);
	const struct doctor_key *k;

	for (size_t i = 0; i < ours->n; i++)
		t->missing += find_prekey(theirs, ours->prekeys[i].id) == NULL;
	for (size_t i = 0; i < theirs->n; i++) {
		k = find_prekey(ours, theirs->prekeys[i].id);
		if (theirs->prekeys[i].id > last)
			t->beyond++;
		else if (k == NULL)
			t->used++;
		else
			t->altered += !is_same(k, &theirs->prekeys[i]);
	}
}

static void
compare_prekeys(struct report *r, const struct doctor_bundle *ours,
    const struct doctor_bundle *theirs, const struct tally *t)
{
	struct finding *f;

	if (t->missing == 0 && t->used == 0 && t->altered == 0) {
		report_add(r, LEVEL_FINE, "prekeys",
		    "%zu one-time prekeys are on the server", theirs->n);
		return;
	}
	f = report_add(r, LEVEL_WRONG, "bundle-prekeys",
	    "the bundle's one-time prekeys are not those of the agent (%zu "
	    "there, %zu held): %zu missing, %zu used up or unknown, %zu altered",
	    theirs->n, ours->n, t->missing, t->used, t->altered);
	finding_mend(f, MEND_PUBLISH, r->jid);
}

/* Something there was signed by a later state, or claims to be. */
static void
compare_kinship(struct report *r, const struct doctor_bundle *ours,
    const struct doctor_bundle *theirs, const struct tally *t)
{
	struct finding *f;

	if (t->beyond == 0 && theirs->spk.id <= ours->spk.id)
		return;
	f = report_add(r, LEVEL_WRONG, "bundle-copy",
	    "the bundle has prekeys that this state never made: another copy "
	    "of it may be in use, or this one is old");
	snprintf(f->command, sizeof(f->command), "xmpp-key adopt --copied");
	r->copy = 1;
}

void
compare_bundle(struct report *r, const struct doctor_agent *a,
    const struct doctor_server *s)
{
	static const struct node_names names = { "bundle-absent",
		"bundle-malformed", "bundle-unreadable", "bundle-access",
		"bundle-persist", "" };
	const struct doctor_bundle *ours = &a->bundle, *theirs = &s->bundle;
	struct tally t = { 0 };

	if (!compare_node(r, &s->node, "this device's bundle", &names))
		return;
	if (!is_same(&ours->identity, &theirs->identity)) {
		finding_mend(
		    report_add(r, LEVEL_WRONG, "bundle-identity",
			"the bundle has another identity key: contacts "
			"see a key that is not this agent's"),
		    MEND_PUBLISH, r->jid);
		return; /* all else is that one's too */
	}
	if (!is_same(&ours->spk, &theirs->spk))
		finding_mend(report_add(r, LEVEL_WRONG, "bundle-signed-prekey",
				 "the bundle has another signed prekey (id %u, "
				 "held %u)",
				 theirs->spk.id, ours->spk.id),
		    MEND_PUBLISH, r->jid);
	/* Ed25519 signs the same octets in one way */
	if (!is_same(&ours->signature, &theirs->signature))
		finding_mend(report_add(r, LEVEL_WRONG, "bundle-signature",
				 "the signature of the signed prekey is not "
				 "the agent's"),
		    MEND_PUBLISH, r->jid);
	count_prekeys(ours, theirs, &t);
	compare_prekeys(r, ours, theirs, &t);
	compare_kinship(r, ours, theirs, &t);
}
