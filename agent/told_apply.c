/* SPDX-License-Identifier: ISC */
/*
 * Whose word counts, about which keys. Runs in the keeper; holds public keys.
 * The parser is believed about nothing that would raise a key which a verified
 * sender has not named: every key and owner that it gives is looked for in the
 * envelope itself. What is left to a parser that was taken over is in THREATS.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "account.h"
#include "peer.h"
#include "retired.h"
#include "tell.h"
#include "text.h"
#include "told.h"

struct applying {
	struct keeper *keeper;
	struct txn *t;
	struct account *a;
	const struct told_item *item;
	const struct secret *envelope;
	int own;     /* the word of a device of ours */
	int counted; /* room is known */
	size_t room; /* contacts that may still be made */
};

int
told_counts(struct txn *t, const struct account *a, const struct told_item *i)
{
	const struct device *d;
	struct peer p;

	if (a->silent || peer_open(t, a->jid, i->sender, &p) != 0)
		return 0;
	d = peer_find_key(&p, i->device, i->u);
	return d != NULL && !d->retired && d->trust == TRUST_VERIFIED;
}

/* --- the log -------------------------------------------------------------------- */

static int
log_word(struct txn *t, const struct account *a, const struct peer *p,
    const uint8_t u[32], uint8_t trust, const char *by, uint32_t device)
{
	char hex[65] = "", detail[LIMIT_LOG_DETAIL + 1];
	struct log_entry e = { .act = ACT_TOLD,
		.count = 1,
		.account = a->jid,
		.client = "",
		.detail = detail };

	for (size_t i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", u[i]);
	snprintf(detail, sizeof detail, "%s %s %.180s, by device %u of %.180s",
	    trust == TRUST_VERIFIED ? "verified" : "distrusted", hex, p->jid,
	    device, by);
	return keeper_log(t, &e);
}

int
told_log_said(struct txn *t, const struct account *a, const struct peer *p,
    const struct device *row, const struct word *said)
{
	if (said->trust == TRUST_UNDECIDED)
		return 0;
	return log_word(t, a, p, row->u, said->trust,
	    said->own ? a->jid : p->jid, said->device);
}

/* --- one key ---------------------------------------------------------------------- */

static int
is_in(const struct secret *envelope, const char *text)
{
	return memmem(envelope->data, envelope->len, text, strlen(text)) !=
	    NULL;
}

/* May this sender speak of it, and has it? Of our own key nobody may. */
static int
may_say(const struct applying *x, const char *owner, uint8_t trust,
    const uint8_t key[32])
{
	char text[TELL_KEY_TEXT + 1];

	if (!text_is_bare_jid(owner) ||
	    (trust != TRUST_VERIFIED && trust != TRUST_DISTRUSTED) ||
	    (!x->own && strcmp(owner, x->item->sender) != 0))
		return 0;
	if (key_is(key, x->a->u))
		return 0;
	for (uint32_t i = 0; i < x->a->nretired; i++)
		if (key_is(key, x->a->retired[i].u))
			return 0;
	tell_key_text(key, text);
	return is_in(x->envelope, text) && is_in(x->envelope, owner);
}

/* Rows with this key get it; how many there are, and were changed. */
static int
apply_known(struct applying *x, struct peer *p, uint8_t trust,
    const uint8_t key[32], size_t *known, size_t *changed)
{
	struct device *d;
	int err = 0;

	*known = *changed = 0;
	for (size_t i = 0; i < p->n && err == 0; i++) {
		d = &p->v[i];
		if (!d->has_key || d->retired || !key_is(key, d->u))
			continue;
		++*known;
		if (d->trust == trust || d->trust == TRUST_DISTRUSTED)
			continue;
		d->trust = trust;
		d->told = 1; /* shown or not stays: a front says it */
		if (++*changed == 1)
			err = log_word(x->t, x->a, p, d->u, trust,
			    x->item->sender, x->item->device);
	}
	if (*changed > 0 && trust == TRUST_VERIFIED &&
	    p->policy == POLICY_BLIND)
		p->policy = POLICY_MANUAL; /* for keys that are new */
	return err;
}

/*
 * 1: one more record may be made, and is counted; 0: no; or an error. All are
 * opened for it, and none of those that are staged is among them: once a
 * message.
 */
static int
take_room(struct applying *x)
{
	struct peer_counts counts;
	int err;

	if (!x->counted) {
		err = peer_count(x->keeper, x->a->jid, &counts);
		if (err != 0)
			return err;
		x->room =
		    counts.peers < LIMIT_PEERS ? LIMIT_PEERS - counts.peers : 0;
		x->counted = 1;
	}
	if (x->room == 0)
		return 0;
	x->room--;
	return 1;
}

static int
apply_word(
    struct applying *x, const char *owner, uint8_t trust, const uint8_t key[32])
{
	struct word word = {
		.trust = trust, .own = x->own != 0, .device = x->item->device
	};
	size_t known, changed;
	struct peer p;
	int err;

	if (!may_say(x, owner, trust, key))
		return 0;
	err = peer_open(x->t, x->a->jid, owner, &p);
	if (err == ERR_NOT_FOUND && (err = take_room(x)) <= 0)
		return err;
	if (err < 0)
		return err;
	err = apply_known(x, &p, trust, key, &known, &changed);
	if (err != 0)
		return err;
	if (known == 0) {
		memcpy(word.key, key, sizeof word.key);
		peer_word_keep(&p, &word);
	} else if (changed == 0)
		return 0;
	return peer_put(x->t, x->a->jid, &p);
}

/* --- the answer --------------------------------------------------------------------- */

/* Does an address, perhaps a full one, name this account? As fronts compare. */
static int
is_of(const char *jid, const char *bare)
{
	size_t n = strcspn(jid, "/");

	return n == strlen(bare) && strncasecmp(jid, bare, n) == 0;
}

int
told_apply(struct keeper *k, struct txn *t, struct account *a,
    const struct told_item *item, const struct secret *envelope,
    struct reader *r)
{
	struct applying x = { k, t, a, item, envelope,
		strcmp(item->sender, a->jid) == 0, 0, 0 };
	char from[LIMIT_JID + 1], to[LIMIT_JID + 1], owner[LIMIT_JID + 1];
	uint8_t key[32], trust;
	uint32_t n;
	int err = 0;

	reader_cstring(r, from, sizeof from);
	reader_cstring(r, to, sizeof to);
	n = reader_count(r, LIMIT_TOLD_KEYS);
	if (r->err != 0)
		return r->err;
	if (!told_counts(t, a, item) || !is_of(from, item->sender) ||
	    !is_of(to, item->to))
		return ERR_UNTRUSTED;
	for (; n > 0 && err == 0; n--) {
		reader_cstring(r, owner, sizeof owner);
		trust = reader_u8(r);
		reader_fixed(r, key, sizeof key);
		err = r->err != 0 ? r->err : apply_word(&x, owner, trust, key);
	}
	return err != 0 ? err : reader_end(r);
}
