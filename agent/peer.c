/* SPDX-License-Identifier: ISC */
/*
 * A contact's record: packing, rows, counting. Runs in the keeper; holds
 * public keys and decisions.
 */
#include "peer.h"

#include <string.h>

#include <bsd/string.h>

#include "crypto/crypto.h"

static void
peer_new(struct peer *p, const char *account, const char *jid)
{
	memset(p, 0, sizeof *p);
	strlcpy(p->jid, jid, sizeof p->jid);
	p->own = strcmp(account, jid) == 0;
	p->policy = POLICY_BLIND;
}

static void
get_device(struct reader *r, struct device *d, uint8_t version)
{
	d->id = reader_u32(r);
	d->seen = reader_u8(r);
	d->listed = reader_u8(r);
	d->sessions = reader_u8(r);
	d->beat = reader_u8(r);
	d->has_key = reader_u8(r);
	d->retired = reader_u8(r);
	d->first = reader_u8(r);
	d->left = reader_u8(r);
	d->trust = reader_u8(r);
	d->why = reader_u8(r);
	d->shown_reader = reader_u8(r);
	d->shown_writer = reader_u8(r);
	reader_fixed(r, d->u, sizeof d->u);
	d->heard = reader_u64(r);
	d->told = version > 1 ? reader_u8(r) : 0;
}

static void
put_device(struct buffer *b, const struct device *d)
{
	buffer_put_u32(b, d->id);
	buffer_put_u8(b, d->seen);
	buffer_put_u8(b, d->listed);
	buffer_put_u8(b, d->sessions);
	buffer_put_u8(b, d->beat);
	buffer_put_u8(b, d->has_key);
	buffer_put_u8(b, d->retired);
	buffer_put_u8(b, d->first);
	buffer_put_u8(b, d->left);
	buffer_put_u8(b, d->trust);
	buffer_put_u8(b, d->why);
	buffer_put_u8(b, d->shown_reader);
	buffer_put_u8(b, d->shown_writer);
	buffer_put(b, d->u, sizeof d->u);
	buffer_put_u64(b, d->heard);
	buffer_put_u8(b, d->told);
}

static void
get_word(struct reader *r, struct word *w)
{
	reader_fixed(r, w->key, sizeof w->key);
	w->trust = reader_u8(r);
	w->own = reader_u8(r);
	w->device = reader_u32(r);
}

static void
put_word(struct buffer *b, const struct word *w)
{
	buffer_put(b, w->key, sizeof w->key);
	buffer_put_u8(b, w->trust);
	buffer_put_u8(b, w->own);
	buffer_put_u32(b, w->device);
}

int
peer_unpack(const uint8_t *data, size_t len, struct peer *p)
{
	struct reader r;
	uint8_t version;
	size_t i;

	reader_init(&r, data, len);
	version = reader_u8(&r);
	if (version < 1 || version > 2)
		return ERR_CORRUPT;
	p->policy = reader_u8(&r);
	p->require = reader_u8(&r);
	p->written = reader_u8(&r);
	p->n = reader_count(&r, LIMIT_DEVICES);
	for (i = 0; i < p->n && r.err == 0; i++)
		get_device(&r, &p->v[i], version);
	p->nwords = version > 1 ? reader_count(&r, LIMIT_WORDS) : 0;
	for (i = 0; i < p->nwords && r.err == 0; i++)
		get_word(&r, &p->words[i]);
	return reader_end(&r) != 0 ? ERR_CORRUPT : 0;
}

int
peer_open(struct txn *t, const char *account, const char *jid, struct peer *p)
{
	struct secret s = { 0 };
	int err;

	peer_new(p, account, jid);
	err = txn_get(t, RECORD_PEER, account, jid, strlen(jid), &s);
	if (err == 0)
		err = peer_unpack(s.data, s.len, p);
	secret_free(&s);
	return err;
}

void
peer_pack(const struct peer *p, struct buffer *b)
{
	buffer_put_u8(b, 2);
	buffer_put_u8(b, p->policy);
	buffer_put_u8(b, p->require);
	buffer_put_u8(b, p->written);
	buffer_put_u32(b, (uint32_t)p->n);
	for (size_t i = 0; i < p->n; i++)
		put_device(b, &p->v[i]);
	buffer_put_u32(b, (uint32_t)p->nwords);
	for (size_t i = 0; i < p->nwords; i++)
		put_word(b, &p->words[i]);
}

int
peer_put(struct txn *t, const char *account, const struct peer *p)
{
	struct buffer b;
	int err;

	buffer_init(&b, RECORD_MAX);
	peer_pack(p, &b);
	err = b.err != 0 ? b.err
			 : txn_put(t, RECORD_PEER, account, p->jid,
			       strlen(p->jid), b.data, b.len);
	buffer_free(&b);
	return err;
}

/* --- counting --------------------------------------------------------------- */

static int
count_one(void *arg, const char *account, const uint8_t *name, size_t namelen,
    const uint8_t *data, size_t len)
{
	struct peer_counts *c = arg;
	struct peer p = { .n = 0 };
	size_t i;

	if (peer_unpack(data, len, &p) != 0)
		return ERR_CORRUPT;
	if (namelen == strlen(account) && memcmp(name, account, namelen) == 0)
		return 0;
	c->peers++;
	for (i = 0; i < p.n && !p.written; i++)
		c->strangers += p.v[i].sessions != 0;
	return 0;
}

int
peer_count(struct keeper *k, const char *account, struct peer_counts *c)
{
	c->peers = c->strangers = 0;
	return records_each(k->records, RECORD_PEER, account, count_one, c);
}

/* --- rows ------------------------------------------------------------------- */

struct device *
peer_find(struct peer *p, uint32_t id)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->v[i].id == id && !p->v[i].retired)
			return &p->v[i];
	return NULL;
}

struct device *
peer_find_key(struct peer *p, uint32_t id, const uint8_t u[32])
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->v[i].id == id && p->v[i].has_key &&
		    memcmp(p->v[i].u, u, 32) == 0)
			return &p->v[i];
	return NULL;
}

/* What a row is worth when there is no room: verified and recently heard
 * first. */
static int
worth(const struct device *d)
{
	if (d->trust == TRUST_VERIFIED)
		return 8;
	if (d->trust == TRUST_TRUSTED)
		return 7;
	if (d->trust == TRUST_DISTRUSTED || d->retired)
		return 6;
	if (d->heard != 0)
		return d->shown_writer ? 4 : 5; /* 5: a message may wait */
	if (d->has_key)
		return d->listed ? 3 : 1;
	return d->listed ? 2 : 0;
}

static struct device *
least(struct peer *p)
{
	struct device *at = &p->v[0];
	size_t i;

	for (i = 1; i < p->n; i++)
		if (worth(&p->v[i]) < worth(at) ||
		    (worth(&p->v[i]) == worth(at) && p->v[i].heard < at->heard))
			at = &p->v[i];
	return at;
}

struct device *
peer_add(struct peer *p, uint32_t id, int heard, struct device *gone)
{
	struct device *d;

	memset(gone, 0, sizeof *gone);
	if (p->n < LIMIT_DEVICES) {
		d = &p->v[p->n++];
	} else {
		d = least(p);
		if (worth(d) >= (heard ? 5 : 2))
			return NULL;
		*gone = *d;
	}
	memset(d, 0, sizeof *d);
	d->id = id;
	return d;
}

static void
set_listed(struct device *d, uint8_t ns, int now)
{
	uint8_t bit = (uint8_t)(1U << ns), was = d->listed;

	if (now) {
		if (!(was & bit))
			d->seen |= bit;
		d->listed |= bit;
	} else
		d->listed &= (uint8_t)~bit;
	if (was != 0 && d->listed == 0)
		d->left = 1;
	if (was == 0 && d->listed != 0 && d->left) {
		d->left = 0;
		d->why = WHY_RETURNED; /* announced again */
		d->shown_reader = 0;
	}
}

/*
 * A server that hides a list, or a bundle, would bring the older version
 * about: not in silence.
 */
int
device_falls_back(struct device *d, uint8_t ns)
{
	if (d->seen >> (ns + 1) == 0)
		return 0;
	d->seen &= (uint8_t)(NAMESPACE(ns + 1) - 1);
	if (d->shown_reader)
		d->why = WHY_OLDER;
	d->shown_reader = 0;
	return 1;
}

static int
contains(const uint32_t *ids, size_t n, uint32_t id)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (ids[i] == id)
			return 1;
	return 0;
}

void
peer_merge(struct peer *p, uint8_t ns, const uint32_t *ids, size_t n,
    struct device gone[LIMIT_DEVICES], size_t *ngone)
{
	struct device *d, dropped;
	size_t i;

	*ngone = 0;
	for (i = 0; i < p->n; i++)
		if (!p->v[i].retired)
			set_listed(&p->v[i], ns, contains(ids, n, p->v[i].id));
	for (i = 0; i < n; i++) {
		if (peer_find(p, ids[i]) != NULL)
			continue;
		d = peer_add(p, ids[i], 0, &dropped);
		if (d == NULL)
			break; /* all kept ones are worth more than a new id */
		set_listed(d, ns, 1);
		if (dropped.id != 0 && *ngone < LIMIT_DEVICES)
			gone[(*ngone)++] = dropped;
	}
}

/*
 * What was decided about a key holds on whatever device it turns up: a contact
 * who moves has another device id, not another key. Undecided: nothing was.
 */
static uint8_t
decided_trust(const struct peer *p, const uint8_t u[32])
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->v[i].has_key && memcmp(p->v[i].u, u, 32) == 0 &&
		    p->v[i].trust != TRUST_UNDECIDED)
			return p->v[i].trust;
	return TRUST_UNDECIDED;
}

/* --- words ------------------------------------------------------------------- */

int
key_is(const uint8_t key[32], const uint8_t u[32])
{
	uint8_t other[32];

	return memcmp(key, u, 32) == 0 ||
	    (crypto_ed_to_mont(key, other) == 0 && memcmp(other, u, 32) == 0);
}

static void
word_remove(struct peer *p, size_t i)
{
	p->nwords--;
	memmove(&p->words[i], &p->words[i + 1],
	    (p->nwords - i) * sizeof p->words[0]);
}

void
peer_word_keep(struct peer *p, const struct word *word)
{
	for (size_t i = 0; i < p->nwords; i++)
		if (memcmp(p->words[i].key, word->key, 32) == 0) {
			if (word->trust == TRUST_DISTRUSTED)
				p->words[i] = *word;
			return;
		}
	if (p->nwords == LIMIT_WORDS)
		word_remove(p, 0);
	p->words[p->nwords++] = *word;
}

/* What was said of this key before it was seen; it is said no more. A distrust
 * counts whatever else was said. */
static int
word_take(struct peer *p, const uint8_t u[32], struct word *out)
{
	int found = 0;

	for (size_t i = 0; i < p->nwords;) {
		if (!key_is(p->words[i].key, u)) {
			i++;
			continue;
		}
		if (!found || p->words[i].trust == TRUST_DISTRUSTED)
			*out = p->words[i];
		found = 1;
		word_remove(p, i);
	}
	return found;
}

int
peer_learn(struct peer *p, uint32_t id, const uint8_t u[32], int heard,
    uint8_t others, struct device **row, struct device *gone, struct word *said)
{
	struct device *d = peer_find(p, id), *known, *old = NULL;
	uint8_t trust = decided_trust(p, u);

	memset(gone, 0, sizeof *gone);
	memset(said, 0, sizeof *said);
	*row = known = peer_find_key(p, id, u);
	if (known != NULL && known == d)
		return 0;
	if (known != NULL) /* retired: it does not come back */
		return ERR_KEY_CHANGED;
	if (d != NULL && d->has_key) {
		if (d->trust != TRUST_DISTRUSTED)
			return ERR_KEY_CHANGED;
		old = d;
		d = NULL;
	}
	if (d == NULL && (d = peer_add(p, id, heard, gone)) == NULL)
		return ERR_FULL;
	if (old != NULL) {
		d->listed = old->listed;
		d->seen = old->seen;
		old->listed = 0;
		old->retired = 1;
	}
	memcpy(d->u, u, 32);
	d->has_key = 1;
	d->trust =
	    trust != TRUST_UNDECIDED ? trust : policy_new_key(p, d, others);
	if (word_take(p, u, said) && trust != TRUST_DISTRUSTED) {
		d->trust = said->trust;
		d->told = 1;
		if (said->trust == TRUST_VERIFIED && p->policy == POLICY_BLIND)
			p->policy = POLICY_MANUAL; /* for keys that are new */
	}
	d->why = WHY_NEW_KEY;
	d->shown_reader = d->shown_writer = 0;
	*row = d;
	return 0;
}
