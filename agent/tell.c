/* SPDX-License-Identifier: ISC */
/*
 * Who is told what, and the words. Runs in the keeper; holds public keys and
 * decisions. The rules are XEP-0450's: a contact's key is told to our other
 * devices, a key of ours to everybody's; whoever was just verified is told
 * what was verified before. Only devices with verified keys are told anything.
 */
#include "tell.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "envelope.h"
#include "work.h"

struct verified { /* a device whose key is */
	char *jid;
	uint32_t id;
	uint8_t u[32];
	int reached; /* it can be written to */
};

struct telling {
	struct keeper *keeper;
	struct txn *t;
	struct account *a;
	const struct peer *p; /* whose keys were decided about */
	const struct tell_word *words;
	size_t nwords;
	struct verified
	    v[LIMIT_WORK]; /* ours, then, if need be, all contacts' */
	size_t n;
	struct buffer content;
	const char *owner; /* of the keys that are being written; or NULL */
	size_t keys;	   /* in content */
};

/* --- the words -------------------------------------------------------------------- */

void
tell_key_text(const uint8_t key[32], char text[TELL_KEY_TEXT + 1])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = 0;

	for (size_t i = 0; i < 33; i += 3) {
		uint32_t v = (uint32_t)key[i] << 16 |
		    (uint32_t)key[i + 1] << 8 | (i + 2 < 32 ? key[i + 2] : 0);

		for (int shift = 18; shift >= 0; shift -= 6)
			text[n++] = digits[v >> shift & 63];
	}
	text[TELL_KEY_TEXT - 1] = '=';
	text[TELL_KEY_TEXT] = '\0';
}

static void
put(struct buffer *b, const char *text)
{
	buffer_put(b, text, strlen(text));
}

static void
content_begin(struct telling *x)
{
	buffer_clear(&x->content);
	x->owner = NULL;
	x->keys = 0;
	put(&x->content,
	    "<trust-message xmlns='urn:xmpp:tm:1' usage='urn:xmpp:atm:1'"
	    " encryption='urn:xmpp:omemo:2'>");
}

static void
content_end(struct telling *x)
{
	if (x->owner != NULL)
		put(&x->content, "</key-owner>");
	put(&x->content, "</trust-message>");
}

/* The Ed25519 form, with the sign bit of those that are made from u. */
static int
content_key(
    struct telling *x, const char *owner, const uint8_t u[32], uint8_t trust)
{
	char text[TELL_KEY_TEXT + 1];
	uint8_t ed[32];
	int err = crypto_mont_to_ed(u, 0, ed);

	if (err != 0)
		return err;
	if (x->owner == NULL || strcmp(x->owner, owner) != 0) {
		if (x->owner != NULL)
			put(&x->content, "</key-owner>");
		put(&x->content, "<key-owner jid='");
		envelope_put_escaped(
		    &x->content, (const uint8_t *)owner, strlen(owner));
		put(&x->content, "'>");
		x->owner = owner;
	}
	tell_key_text(ed, text);
	put(&x->content, trust == TRUST_VERIFIED ? "<trust>" : "<distrust>");
	put(&x->content, text);
	put(&x->content, trust == TRUST_VERIFIED ? "</trust>" : "</distrust>");
	x->keys++;
	return x->content.err;
}

static int
send_to(struct telling *x, const char *jid, uint32_t device)
{
	return x->content.err != 0
	    ? x->content.err
	    : work_add_tell(x->keeper, x->t, x->a, jid, device, &x->content);
}

/* --- who ---------------------------------------------------------------------------- */

static int
collect(struct telling *x, const struct peer *p)
{
	const struct device *d;
	struct verified *v;

	for (size_t i = 0; i < p->n && x->n < LIMIT_WORK; i++) {
		d = &p->v[i];
		if (!d->has_key || d->retired || d->trust != TRUST_VERIFIED ||
		    d->id == x->a->device)
			continue;
		v = &x->v[x->n];
		if ((v->jid = strdup(p->jid)) == NULL)
			return ERR_MEMORY;
		v->id = d->id;
		memcpy(v->u, d->u, sizeof v->u);
		v->reached = (d->listed & NAMESPACE(NS_OMEMO2)) != 0;
		x->n++;
	}
	return 0;
}

static int
collect_contact(void *arg, const char *account, const uint8_t *name,
    size_t namelen, const uint8_t *data, size_t len)
{
	struct telling *x = arg;
	struct peer p = { .n = 0 };

	if (namelen > LIMIT_JID || peer_unpack(data, len, &p) != 0)
		return ERR_CORRUPT;
	memcpy(p.jid, name, namelen);
	return strcmp(p.jid, account) == 0 ? 0 : collect(x, &p);
}

/* Ours; and when it is a key of ours, all contacts'. */
static int
collect_all(struct telling *x)
{
	struct peer own;
	int err;

	if (x->p->own) {
		if ((err = collect(x, x->p)) != 0)
			return err;
		return records_each(x->keeper->records, RECORD_PEER, x->a->jid,
		    collect_contact, x);
	}
	err = peer_open(x->t, x->a->jid, x->a->jid, &own);
	if (err == ERR_NOT_FOUND)
		return 0;
	return err != 0 ? err : collect(x, &own);
}

static const struct tell_word *
word_of(const struct telling *x, const uint8_t u[32])
{
	for (size_t i = 0; i < x->nwords; i++)
		if (memcmp(x->words[i].u, u, 32) == 0)
			return &x->words[i];
	return NULL;
}

/* The decision, to all but those whom it is about. */
static int
tell_others(struct telling *x)
{
	int err = 0;

	content_begin(x);
	for (size_t i = 0; i < x->nwords && err == 0; i++)
		err =
		    content_key(x, x->p->jid, x->words[i].u, x->words[i].trust);
	content_end(x);
	for (size_t i = 0; i < x->n && err == 0; i++)
		if (x->v[i].reached && word_of(x, x->v[i].u) == NULL)
			err = send_to(x, x->v[i].jid, x->v[i].id);
	return err;
}

/* What was verified before, to one that was verified now. */
static int
tell_newcomer(struct telling *x, uint32_t device)
{
	int err = 0;

	content_begin(x);
	for (size_t i = 0; i < x->n && err == 0; i++) {
		if (word_of(x, x->v[i].u) != NULL)
			continue;
		err = content_key(x, x->v[i].jid, x->v[i].u, TRUST_VERIFIED);
		if (err != 0 ||
		    (x->keys < LIMIT_TELL_KEYS &&
			x->content.len < LIMIT_TOLD_ENVELOPE / 4))
			continue;
		content_end(x);
		err = send_to(x, x->p->jid, device);
		content_begin(x);
	}
	if (err != 0 || x->keys == 0)
		return err;
	content_end(x);
	return send_to(x, x->p->jid, device);
}

static int
tell_newcomers(struct telling *x)
{
	const struct tell_word *word;
	const struct device *d;
	int err = 0;

	for (size_t i = 0; i < x->p->n && err == 0; i++) {
		d = &x->p->v[i];
		if (!d->has_key || d->retired ||
		    !(d->listed & NAMESPACE(NS_OMEMO2)) ||
		    (word = word_of(x, d->u)) == NULL ||
		    word->trust != TRUST_VERIFIED)
			continue;
		err = tell_newcomer(x, d->id);
	}
	return err;
}

int
tell_decided(struct keeper *k, struct txn *t, struct account *a,
    const struct peer *p, const struct tell_word *words, size_t n)
{
	struct telling *x;
	int err;

	if (n == 0 || a == NULL || a->silent)
		return 0;
	if ((x = calloc(1, sizeof *x)) == NULL)
		return ERR_MEMORY;
	x->keeper = k;
	x->t = t;
	x->a = a;
	x->p = p;
	x->words = words;
	x->nwords = n;
	buffer_init(&x->content, RECORD_MAX);
	if ((err = collect_all(x)) == 0 && (err = tell_others(x)) == 0)
		err = tell_newcomers(x);
	for (size_t i = 0; i < x->n; i++)
		free(x->v[i].jid);
	buffer_free(&x->content);
	free(x);
	return err;
}
