/* SPDX-License-Identifier: ISC */
/*
 * Given keys against those that the agent knows, and the decision. Runs in
 * xmpp-key; trusts the agent. A key that the agent has never seen cannot be
 * decided about: it has no device yet, and would be taken from nowhere.
 */
#include "decide.h"

#include <stdio.h>
#include <string.h>

#include "../common/json.h"
#include "../common/text.h"
#include "../common/words.h"

#define GROUPS	   8
#define GROUP_SIZE (FINGERPRINT_SIZE / GROUPS)
#define CLOSE	   4 /* so many groups that differ are a slip, not another key */

struct search { /* the best row for one given key */
	const struct uri_key *given;
	struct key_row row;
	int found; /* enum found */
};

/* The better one is the greater. */
enum found {
	FOUND_NOTHING,
	FOUND_CLOSE,  /* a key that could be meant */
	FOUND_KEY,    /* it, under another device id: the device was renewed */
	FOUND_DEVICE, /* the device, and it has another key: not the same */
	FOUND_BOTH,
};

static int
differing_groups(const uint8_t *a, const uint8_t *b)
{
	int n = 0;

	for (size_t i = 0; i < FINGERPRINT_SIZE; i += GROUP_SIZE)
		n += memcmp(a + i, b + i, GROUP_SIZE) != 0;
	return n;
}

static int
compare(const struct uri_key *given, const struct key_row *row)
{
	int n = differing_groups(given->fingerprint, row->fingerprint);

	if (row->device == 0 || row->retired)
		return FOUND_NOTHING;
	if (given->device == row->device)
		return n == 0 ? FOUND_BOTH : FOUND_DEVICE;
	if (n == 0)
		return FOUND_KEY;
	return n <= CLOSE && given->device == 0 ? FOUND_CLOSE : FOUND_NOTHING;
}

static void
search_row(void *arg, const struct key_row *row)
{
	struct search *s = arg;
	int found = compare(s->given, row);

	if (found > s->found ||
	    (found == s->found && found == FOUND_DEVICE &&
		row->trust != TRUST_DISTRUSTED)) {
		s->found = found;
		s->row = *row;
	}
}

/* "group 3" or "groups 3, 4". */
static void
name_groups(const uint8_t *a, const uint8_t *b, char text[static 8 * GROUPS])
{
	int n = differing_groups(a, b);
	size_t at =
	    (size_t)snprintf(text, 8 * GROUPS, "group%s", n == 1 ? "" : "s");
	const char *mark = " ";

	for (size_t i = 0; i < GROUPS; i++) {
		if (memcmp(a + i * GROUP_SIZE, b + i * GROUP_SIZE,
			GROUP_SIZE) == 0)
			continue;
		at += (size_t)snprintf(
		    text + at, 8 * GROUPS - at, "%s%zu", mark, i + 1);
		mark = ", ";
	}
}

static int
refuse(const struct key *key, const struct search *s)
{
	char known[FINGERPRINT_TEXT], given[FINGERPRINT_TEXT];
	char groups[8 * GROUPS];

	fingerprint_print(s->given->fingerprint, given);
	if (s->found == FOUND_NOTHING && s->given->device != 0)
		return fail(key->peer,
		    "device %u: no such device or key is known here; it "
		    "becomes known when you write to each other; nothing was "
		    "changed",
		    s->given->device);
	if (s->found == FOUND_NOTHING)
		return fail(key->peer,
		    "no such key is known here: %s; those that are: xmpp-key "
		    "peers %s %s; nothing was changed",
		    given, key->jid, key->peer);
	fingerprint_print(s->row.fingerprint, known);
	name_groups(s->row.fingerprint, s->given->fingerprint, groups);
	return fail(key->peer,
	    "device %u: fingerprint differs in %s: the key known here is %s, "
	    "the one given is %s; nothing was changed",
	    s->row.device, groups, known, given);
}

int
decide_match(struct key *key, const struct uri *uri, uint8_t trust,
    struct decisions *out)
{
	struct search s;
	int code;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < uri->n; i++) {
		memset(&s, 0, sizeof(s));
		s.given = &uri->v[i];
		code = key_each_row(key, key->peer, search_row, &s);
		if (code != DONE)
			return code;
		if (s.found != FOUND_KEY && s.found != FOUND_BOTH)
			return refuse(key, &s);
		out->v[out->n].device = s.row.device;
		memcpy(out->v[out->n].fingerprint, s.row.fingerprint,
		    FINGERPRINT_SIZE);
		out->v[out->n].trust =
		    uri->v[i].distrust ? TRUST_DISTRUSTED : trust;
		out->n++;
	}
	return DONE;
}

static void
print(const struct key *key, const struct decided *d)
{
	if (key->options.json) {
		json_line(json_pack("{s:o, s:I, s:o, s:s}", "peer",
		    json_cstring(key->peer), "device", (json_int_t)d->device,
		    "fingerprint", json_fingerprint(d->fingerprint), "trust",
		    words_trust(d->trust)));
		return;
	}
	text_print(stdout, key->peer);
	printf(" device %u: %s\n", d->device, words_trust(d->trust));
	fingerprint_show(stdout, d->fingerprint);
	putchar('\n');
}

int
decide_all(struct key *key, const struct decisions *all)
{
	struct buffer b;
	int code = key_elevate(key, RIGHT_TRUST);

	if (code != DONE)
		return code;
	key_body(key, &b);
	buffer_put_cstring(&b, key->peer);
	buffer_put_u32(&b, (uint32_t)all->n);
	for (size_t i = 0; i < all->n; i++) {
		buffer_put(&b, all->v[i].fingerprint, FINGERPRINT_SIZE);
		buffer_put_u8(&b, all->v[i].trust);
	}
	code = key_call(key, M_TRUST, &b, NULL, key->peer);
	for (size_t i = 0; code == DONE && i < all->n; i++)
		print(key, &all->v[i]);
	return code;
}
