/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key doctor's comparison: each wrong thing, alone, is found, named and
 * given its command, and nothing else is; and the reading of what a net says,
 * good and bad.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../client/key/doctor_compare.h"
#include "../../client/net/net.h"
#include "check.h"

#define JID "juliet@capulet.lit"
#define NOW 1700000000U
#define DAY 86400U
#define OWN 27183U

_Static_assert(DOCTOR_LISTED >= NET_OTHERS, "what a net tells must fit");

struct world {
	struct doctor_agent a;
	struct doctor_server s;
	struct report r;
};

static void
set_key(struct doctor_key *k, uint32_t id, uint8_t first, size_t len)
{
	k->id = id;
	k->len = len;
	memset(k->bytes, first, len);
}

static void
set_bundle(struct doctor_bundle *b)
{
	set_key(&b->identity, 0, 1, 33);
	set_key(&b->spk, 3, 2, 33);
	set_key(&b->signature, 0, 3, 64);
	b->n = 100;
	for (uint32_t i = 0; i < b->n; i++) {
		set_key(&b->prekeys[i], 11 + i, 4, 33);
		b->prekeys[i].bytes[1] = (uint8_t)i;
	}
}

/* All is well. */
static void
set_well(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->r.jid = JID;
	w->a = (struct doctor_agent){ .vault = 1,
		.clients = 2,
		.read = 1,
		.device = OWN,
		.nets = 1,
		.spk_made = NOW - 6 * DAY,
		.ndevices = 1,
		.devices = { { 31415, 1, NOW - DAY, 0 } } };
	set_bundle(&w->a.bundle);
	w->s.asked = 1;
	w->s.archive = w->s.carbons = w->s.pep = w->s.options = TOLD_YES;
	snprintf(w->s.preference, sizeof(w->s.preference), "always");
	w->s.time = w->s.here = NOW;
	snprintf(w->s.list.access, sizeof(w->s.list.access), "open");
	snprintf(w->s.node.access, sizeof(w->s.node.access), "open");
	w->s.list.persist = w->s.node.persist = TOLD_YES;
	w->s.total = 2;
	w->s.nlisted = 2;
	w->s.listed[0] = (struct doctor_listed){ OWN, NODE_HERE };
	w->s.listed[1] = (struct doctor_listed){ 31415, NODE_HERE };
	set_bundle(&w->s.bundle);
}

/* --- faults -------------------------------------------------------------------- */

#define FAULT(name)                                                            \
	static void fault_##name(                                              \
	    struct doctor_agent *a, struct doctor_server *s)

FAULT(vault)
{
	(void)s;
	a->vault = 0;
	a->read = 0;
}

FAULT(locked)
{
	(void)s;
	a->locked = 1;
	a->read = 0;
}

FAULT(doubt)
{
	(void)s;
	a->doubt = DOUBT_PLACE;
}

FAULT(older)
{
	(void)s;
	a->doubt = DOUBT_OLDER;
}

FAULT(due)
{
	(void)s;
	a->due = 2;
	a->nets = 0;
}

FAULT(due_soon)
{
	(void)s;
	a->due = 3;
}

FAULT(age)
{
	(void)s;
	a->spk_made = NOW - DOCTOR_SIGNED_DAYS * DAY;
}

FAULT(server)
{
	(void)a;
	s->asked = 0;
	snprintf(s->why, sizeof(s->why), "no route");
}

FAULT(archive)
{
	(void)a;
	s->archive = TOLD_NO;
}

FAULT(archive_silent)
{
	(void)a;
	s->archive = TOLD_NOTHING;
}

FAULT(never)
{
	(void)a;
	snprintf(s->preference, sizeof(s->preference), "never");
}

FAULT(roster)
{
	(void)a;
	snprintf(s->preference, sizeof(s->preference), "roster");
}

FAULT(carbons)
{
	(void)a;
	s->carbons = TOLD_NO;
}

FAULT(pep)
{
	(void)a;
	s->pep = TOLD_NO;
}

FAULT(options)
{
	(void)a;
	s->options = TOLD_NO;
}

FAULT(clock_behind)
{
	(void)a;
	s->time += DOCTOR_SKEW_S + 1;
}

FAULT(clock_before)
{
	(void)a;
	s->time -= DOCTOR_SKEW_S + 1;
}

FAULT(list_absent)
{
	(void)a;
	s->list.state = NODE_ABSENT;
	s->nlisted = s->total = 0;
}

FAULT(list_malformed)
{
	(void)a;
	s->list.state = NODE_MALFORMED;
}

FAULT(list_unreadable)
{
	(void)a;
	s->list.state = NODE_UNREADABLE;
}

FAULT(list_access)
{
	(void)a;
	snprintf(s->list.access, sizeof(s->list.access), "whitelist");
}

FAULT(list_persist)
{
	(void)a;
	s->list.persist = TOLD_NO;
}

FAULT(without_us)
{
	(void)a;
	s->listed[0] = s->listed[1];
	s->nlisted = s->total = 1;
}

FAULT(withdrawn)
{
	(void)s;
	a->withdrawn[a->nwithdrawn++] = 31415;
}

FAULT(no_bundle)
{
	(void)a;
	s->listed[1].bundle = NODE_ABSENT;
}

FAULT(bad_bundle)
{
	(void)a;
	s->listed[1].bundle = NODE_MALFORMED;
}

FAULT(stale_by_the_agent)
{
	(void)s;
	a->devices[0].heard = 0;
	a->devices[0].stale = 1;
}

FAULT(contact_stale)
{
	(void)s;
	a->nstale = 1;
	a->stale[0] = (struct doctor_contact){ "romeo@montague.lit", 77 };
}

FAULT(stale)
{
	(void)s;
	a->devices[0].heard = NOW - (DOCTOR_STALE_DAYS + 1) * DAY;
}

FAULT(unknown)
{
	(void)s;
	a->ndevices = 0;
}

FAULT(long_list)
{
	(void)a;
	s->total = 1000;
}

FAULT(bundle_absent)
{
	(void)a;
	s->node.state = NODE_ABSENT;
	memset(&s->bundle, 0, sizeof(s->bundle));
}

FAULT(bundle_malformed)
{
	(void)a;
	s->node.state = NODE_MALFORMED;
	memset(&s->bundle, 0, sizeof(s->bundle));
}

FAULT(bundle_unreadable)
{
	(void)a;
	s->node.state = NODE_UNREADABLE;
}

FAULT(bundle_access)
{
	(void)a;
	snprintf(s->node.access, sizeof(s->node.access), "presence");
}

FAULT(bundle_persist)
{
	(void)a;
	s->node.persist = TOLD_NO;
}

FAULT(identity)
{
	(void)a;
	s->bundle.identity.bytes[32] ^= 1;
}

FAULT(spk)
{
	(void)a;
	s->bundle.spk.bytes[32] ^= 1;
}

FAULT(spk_id)
{
	(void)a;
	s->bundle.spk.id = 2; /* the one before */
}

FAULT(signature)
{
	(void)a;
	s->bundle.signature.bytes[63] ^= 1;
}

FAULT(signature_short)
{
	(void)a;
	s->bundle.signature.len = 63;
}

FAULT(missing)
{
	(void)a;
	s->bundle.n = 99;
}

FAULT(used)
{
	(void)a;
	s->bundle.prekeys[s->bundle.n] = s->bundle.prekeys[0];
	s->bundle.prekeys[s->bundle.n++].id = 10;
}

FAULT(altered)
{
	(void)a;
	s->bundle.prekeys[50].bytes[5] ^= 1;
}

FAULT(beyond)
{
	(void)a;
	s->bundle.prekeys[s->bundle.n] = s->bundle.prekeys[0];
	s->bundle.prekeys[s->bundle.n++].id = 111;
}

#define PUBLISH "xmpp-key publish " JID
#define FIX	"xmpp-key doctor " JID " --fix"
#define ADOPT	"xmpp-key adopt --moved|--copied"
#define COPIED	"xmpp-key adopt --copied"
#define REVOKE	"xmpp-key revoke " JID " --device 31415"

static const struct {
	void (*fault)(struct doctor_agent *, struct doctor_server *);
	const char *about;
	enum level level;
	unsigned mend;
	const char *command;
	const char *words; /* among its words */
} rows[] = {
	{ fault_vault, "vault", LEVEL_WRONG, 0, "xmpp-key create " JID, "" },
	{ fault_locked, "locked", LEVEL_WRONG, 0, "xmpp-key unlock", "" },
	{ fault_doubt, "doubt", LEVEL_WRONG, 0, ADOPT, "another file" },
	{ fault_older, "doubt", LEVEL_WRONG, 0, COPIED, "older" },
	{ fault_due, "due", LEVEL_WRONG, MEND_PUBLISH, PUBLISH, "the bundle" },
	{ fault_due_soon, "due", LEVEL_NOTE, 0, "", "device list and bundle" },
	{ fault_age, "signed-prekey-age", LEVEL_WRONG, MEND_PUBLISH, PUBLISH,
	    "14 days" },
	{ fault_server, "server", LEVEL_WRONG, 0, "", "no route" },
	{ fault_archive, "archive", LEVEL_WRONG, 0, "", "XEP-0313" },
	{ fault_archive_silent, "archive", LEVEL_NOTE, 0, "", "not say" },
	{ fault_never, "archive-preference", LEVEL_WRONG, 0, "", "never" },
	{ fault_roster, "archive-preference", LEVEL_NOTE, 0, "", "contacts" },
	{ fault_carbons, "carbons", LEVEL_NOTE, 0, "", "XEP-0280" },
	{ fault_pep, "pep", LEVEL_WRONG, 0, "", "XEP-0163" },
	{ fault_options, "publish-options", LEVEL_NOTE, 0, "", "" },
	{ fault_clock_behind, "clock", LEVEL_NOTE, 0, "", "61 s behind" },
	{ fault_clock_before, "clock", LEVEL_NOTE, 0, "", "61 s before" },
	{ fault_list_absent, "list-absent", LEVEL_WRONG, MEND_PUBLISH, PUBLISH,
	    "" },
	{ fault_list_malformed, "list-malformed", LEVEL_WRONG, 0, "",
	    NODE_LIST },
	{ fault_list_unreadable, "list-unreadable", LEVEL_WRONG, 0, "", "" },
	{ fault_list_access, "list-access", LEVEL_WRONG, MEND_CONFIGURE, FIX,
	    "whitelist" },
	{ fault_list_persist, "list-persist", LEVEL_WRONG,
	    MEND_CONFIGURE | MEND_PUBLISH, FIX, "" },
	{ fault_without_us, "list-without-us", LEVEL_WRONG, MEND_PUBLISH,
	    PUBLISH, "27183" },
	{ fault_withdrawn, "list-withdrawn", LEVEL_WRONG, MEND_PUBLISH, PUBLISH,
	    "31415" },
	{ fault_no_bundle, "device-no-bundle", LEVEL_WRONG, 0, REVOKE,
	    "31415" },
	{ fault_bad_bundle, "device-no-bundle", LEVEL_WRONG, 0, REVOKE,
	    "no valid bundle" },
	{ fault_stale, "device-stale", LEVEL_NOTE, 0, REVOKE, "91 days" },
	{ fault_stale_by_the_agent, "device-stale", LEVEL_NOTE, 0, REVOKE,
	    "never been heard of: it does not get" },
	{ fault_contact_stale, "contact-stale", LEVEL_NOTE, 0, "",
	    "romeo@montague.lit device 77" },
	{ fault_unknown, "device-unknown", LEVEL_NOTE, 0, REVOKE, "31415" },
	{ fault_long_list, "list-long", LEVEL_NOTE, 0, "", "1000" },
	{ fault_bundle_absent, "bundle-absent", LEVEL_WRONG, MEND_PUBLISH,
	    PUBLISH, "" },
	{ fault_bundle_malformed, "bundle-malformed", LEVEL_WRONG, MEND_PUBLISH,
	    PUBLISH, "" },
	{ fault_bundle_unreadable, "bundle-unreadable", LEVEL_WRONG, 0, "",
	    "" },
	{ fault_bundle_access, "bundle-access", LEVEL_WRONG, MEND_CONFIGURE,
	    FIX, "presence" },
	{ fault_bundle_persist, "bundle-persist", LEVEL_WRONG,
	    MEND_CONFIGURE | MEND_PUBLISH, FIX, "" },
	{ fault_identity, "bundle-identity", LEVEL_WRONG, MEND_PUBLISH, PUBLISH,
	    "" },
	{ fault_spk, "bundle-signed-prekey", LEVEL_WRONG, MEND_PUBLISH, PUBLISH,
	    "" },
	{ fault_spk_id, "bundle-signed-prekey", LEVEL_WRONG, MEND_PUBLISH,
	    PUBLISH, "id 2, held 3" },
	{ fault_signature, "bundle-signature", LEVEL_WRONG, MEND_PUBLISH,
	    PUBLISH, "" },
	{ fault_signature_short, "bundle-signature", LEVEL_WRONG, MEND_PUBLISH,
	    PUBLISH, "" },
	{ fault_missing, "bundle-prekeys", LEVEL_WRONG, MEND_PUBLISH, PUBLISH,
	    "1 missing" },
	{ fault_used, "bundle-prekeys", LEVEL_WRONG, MEND_PUBLISH, PUBLISH,
	    "1 used up" },
	{ fault_altered, "bundle-prekeys", LEVEL_WRONG, MEND_PUBLISH, PUBLISH,
	    "1 altered" },
	{ fault_beyond, "bundle-copy", LEVEL_WRONG, 0, COPIED, "another copy" },
};

static const struct finding *
find(const struct report *r, const char *about)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->v[i].about, about) == 0)
			return &r->v[i];
	return NULL;
}

/* Those that are not fine. */
static size_t
count_not_fine(const struct report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->v[i].level != LEVEL_FINE;
	return n;
}

static void
test_well(void **state)
{
	static const char *const fine[] = { "agent", "signed-prekey-age",
		"archive", "archive-preference", "carbons", "pep",
		"publish-options", "list", "prekeys" };
	struct world *w = malloc(sizeof(*w));

	(void)state;
	assert_non_null(w);
	set_well(w);
	doctor_compare(&w->r, &w->a, &w->s, NOW);
	assert_int_equal(w->r.n, sizeof(fine) / sizeof(fine[0]));
	for (size_t i = 0; i < w->r.n; i++) {
		assert_non_null(find(&w->r, fine[i]));
		assert_int_equal(w->r.v[i].level, LEVEL_FINE);
		assert_string_equal(w->r.v[i].command, "");
	}
	assert_int_equal(report_wrong(&w->r), 0);
	assert_int_equal(report_mends(&w->r), 0);
	free(w);
}

static void
test_each_alone(void **state)
{
	struct world *w = malloc(sizeof(*w));
	const struct finding *f;

	(void)state;
	assert_non_null(w);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set_well(w);
		rows[i].fault(&w->a, &w->s);
		doctor_compare(&w->r, &w->a, &w->s, NOW);
		f = find(&w->r, rows[i].about);
		if (f == NULL || count_not_fine(&w->r) != 1 ||
		    f->level != rows[i].level || f->mend != rows[i].mend ||
		    strcmp(f->command, rows[i].command) != 0 ||
		    strstr(f->text, rows[i].words) == NULL)
			fail_msg("row %zu: %s: %s", i, rows[i].about,
			    f != NULL ? f->text : "not found");
		assert_int_equal(
		    report_wrong(&w->r), rows[i].level == LEVEL_WRONG);
	}
	free(w);
}

/* What devices call themselves, in OMEMO 2: theirs alone is shown. */
static void
test_labels(void **state)
{
	static const struct {
		const char *ours, *listed;
		uint32_t id;
		uint8_t verdict;
		const char *about; /* NULL: nothing is said */
	} cases[] = {
		{ "", NULL, 0, 0, NULL },
		{ "desk", "desk", 27183, LABEL_GOOD, "label" },
		{ "desk", "desk", 27183, LABEL_BAD, "label-own" },
		{ "desk", "bed", 27183, LABEL_GOOD, "label-own" },
		{ "desk", NULL, 0, 0, "label-own" },
		{ "", "bed", 27183, LABEL_GOOD, "label-own" },
		{ "", "phone", 31415, LABEL_GOOD, "label" },
		{ "", "phone", 31415, LABEL_BAD, "label-bad" },
		{ "", "phone", 31415, LABEL_UNKNOWN, NULL },
	};
	struct world *w = malloc(sizeof(*w));

	(void)state;
	assert_non_null(w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (uint8_t ns = 0; ns < 2; ns++) {
			set_well(w);
			w->a.ns = ns;
			strcpy(w->a.label, cases[i].ours);
			w->s.nlabels = cases[i].listed != NULL;
			if (cases[i].listed != NULL) {
				w->s.labels[0].id = cases[i].id;
				strcpy(w->s.labels[0].text, cases[i].listed);
				w->s.labels[0].verdict = cases[i].verdict;
			}
			w->r.n = 0;
			compare_labels(&w->r, &w->a, &w->s);
			if (ns == 0 || cases[i].about == NULL) {
				assert_int_equal(w->r.n, 0);
				continue;
			}
			assert_non_null(find(&w->r, cases[i].about));
			assert_true(strstr(w->r.v[0].text, "phone") == NULL ||
			    cases[i].verdict == LABEL_GOOD);
		}
	free(w);
}

/* More than are named are counted. */
static void
test_many_contacts(void **state)
{
	struct world *w = malloc(sizeof(*w));

	(void)state;
	assert_non_null(w);
	set_well(w);
	w->a.nstale = DOCTOR_CONTACTS + 1;
	doctor_compare(&w->r, &w->a, &w->s, NOW);
	assert_int_equal(count_not_fine(&w->r), DOCTOR_CONTACTS + 1);
	free(w);
}

/* A later signed prekey is two things at once, and then nothing is published:
 * the agent would refuse, and the user must say which copy goes on. */
static void
test_copy_is_not_mended(void **state)
{
	struct world *w = malloc(sizeof(*w));

	(void)state;
	assert_non_null(w);
	set_well(w);
	fault_without_us(&w->a, &w->s);
	fault_list_access(&w->a, &w->s);
	w->s.bundle.spk.id = 4;
	doctor_compare(&w->r, &w->a, &w->s, NOW);
	assert_non_null(find(&w->r, "bundle-copy"));
	assert_non_null(find(&w->r, "bundle-signed-prekey"));
	assert_string_equal(find(&w->r, "list-without-us")->command, "");
	assert_int_equal(report_mends(&w->r), MEND_CONFIGURE);
	free(w);
}

/* Of a locked agent the server's side is told, and nothing is compared. */
static void
test_locked(void **state)
{
	struct world *w = malloc(sizeof(*w));

	(void)state;
	assert_non_null(w);
	set_well(w);
	fault_locked(&w->a, &w->s);
	w->a.device = 0;
	memset(&w->a.bundle, 0, sizeof(w->a.bundle));
	fault_list_access(&w->a, &w->s);
	doctor_compare(&w->r, &w->a, &w->s, NOW);
	assert_int_equal(report_wrong(&w->r), 2);
	assert_non_null(find(&w->r, "list-access"));
	assert_null(find(&w->r, "list-without-us"));
	assert_null(find(&w->r, "bundle-identity"));
	free(w);
}

/* The longest list of the worst devices, and a report that is full. */
static void
test_full(void **state)
{
	struct world *w = malloc(sizeof(*w));

	(void)state;
	assert_non_null(w);
	set_well(w);
	w->s.nlisted = DOCTOR_LISTED;
	w->s.total = LIMIT_LIST_IDS;
	for (uint32_t i = 0; i < DOCTOR_LISTED; i++)
		w->s.listed[i] = (struct doctor_listed){ 100 + i, NODE_ABSENT };
	doctor_compare(&w->r, &w->a, &w->s, NOW);
	assert_true(report_wrong(&w->r) > DOCTOR_LISTED);
	assert_true(w->r.n < DOCTOR_FINDINGS);
	w->r.n = 0;
	for (size_t i = 0; i < DOCTOR_FINDINGS + 1; i++)
		assert_non_null(report_add(&w->r, LEVEL_WRONG, "x", "%s", ""));
	assert_true(w->r.n < DOCTOR_FINDINGS);
	free(w);
}

/* --- reading ------------------------------------------------------------------- */

static void
put_node(struct buffer *b, int state, const char *word, int persist)
{
	buffer_init(b, FRAME_MAX);
	buffer_put_u8(b, (uint8_t)state);
	buffer_put_cstring(b, word);
	buffer_put_cstring(b, word);
	buffer_put_u8(b, (uint8_t)persist);
}

static int
read_it(uint8_t type, struct buffer *b, struct doctor_server *s)
{
	struct reader r;
	int err;

	reader_init(&r, b->data, b->len);
	err = doctor_read_event(type, &r, s);
	buffer_free(b);
	return err;
}

static int
read_list(struct doctor_server *s, int state, const char *word, int persist,
    uint32_t n)
{
	struct buffer b;

	put_node(&b, state, word, persist);
	buffer_put_u32(&b, n);
	buffer_put_u32(&b, n);
	for (uint32_t i = 0; i < n; i++) {
		buffer_put_u32(&b, i + 1);
		buffer_put_u8(&b, NODE_HERE);
	}
	return read_it(M_NET_SEEN_LIST, &b, s);
}

static int
read_prekeys(struct doctor_server *s, uint32_t n, size_t len)
{
	uint8_t key[DOCTOR_KEY + 1] = { 5 };
	struct buffer b;

	buffer_init(&b, FRAME_MAX);
	buffer_put_u32(&b, n);
	for (uint32_t i = 0; i < n; i++) {
		buffer_put_u32(&b, i);
		buffer_put_string(&b, key, len);
	}
	return read_it(M_NET_SEEN_PREKEYS, &b, s);
}

static int
read_label(struct doctor_server *s, size_t len, size_t siglen)
{
	char label[DOCTOR_LABEL + 2];
	uint8_t sig[DOCTOR_KEY + 1] = { 1 };
	struct buffer b;

	memset(label, 'x', len);
	label[len] = '\0';
	buffer_init(&b, FRAME_MAX);
	buffer_put_u32(&b, 31415);
	buffer_put_cstring(&b, label);
	buffer_put_string(&b, sig, siglen);
	return read_it(M_NET_SEEN_LABEL, &b, s);
}

/* Each field by one; more of them than there is room for. */
static void
test_reading_labels(void **state)
{
	struct doctor_server *s = calloc(1, sizeof(*s));

	(void)state;
	assert_non_null(s);
	assert_int_equal(read_label(s, DOCTOR_LABEL + 1, 64), ERR_MALFORMED);
	assert_int_equal(read_label(s, 4, DOCTOR_KEY + 1), ERR_MALFORMED);
	s->nlabels = 0;
	for (int i = 0; i <= LIMIT_DEVICES; i++)
		assert_int_equal(read_label(s, DOCTOR_LABEL, DOCTOR_KEY), 0);
	assert_int_equal(s->nlabels, LIMIT_DEVICES);
	assert_int_equal(s->labels[0].verdict, LABEL_UNKNOWN);
	free(s);
}

static void
test_reading(void **state)
{
	char word[DOCTOR_WORD + 1];
	struct doctor_server *s = calloc(1, sizeof(*s));

	(void)state;
	assert_non_null(s);
	memset(word, 'a', sizeof(word) - 1);
	word[DOCTOR_WORD] = '\0';
	assert_int_equal(read_list(s, NODE_HERE, "open", TOLD_YES, 2), 0);
	assert_string_equal(s->list.access, "open");
	assert_int_equal(s->nlisted, 2);
	assert_int_equal(s->listed[1].id, 2);
	assert_int_equal(
	    read_list(s, NODE_HERE, "", TOLD_NOTHING, DOCTOR_LISTED), 0);
	assert_int_equal(
	    read_list(s, NODE_HERE, "", 0, DOCTOR_LISTED + 1), ERR_MALFORMED);
	assert_int_equal(
	    read_list(s, NODE_UNREADABLE + 1, "", 0, 0), ERR_MALFORMED);
	assert_int_equal(
	    read_list(s, NODE_HERE, "", TOLD_NOTHING + 1, 0), ERR_MALFORMED);
	assert_int_equal(read_list(s, NODE_HERE, word, 0, 0), ERR_MALFORMED);
	assert_int_equal(read_list(s, NODE_HERE, word + 1, TOLD_YES, 0), 0);
	/* in pieces, up to all that a bundle may have */
	assert_int_equal(read_prekeys(s, LIMIT_BUNDLE_PREKEYS - 1, 33), 0);
	assert_int_equal(read_prekeys(s, 1, DOCTOR_KEY + 1), ERR_MALFORMED);
	assert_int_equal(s->bundle.n, LIMIT_BUNDLE_PREKEYS - 1);
	assert_int_equal(read_prekeys(s, 2, 33), ERR_MALFORMED);
	assert_int_equal(s->bundle.n, LIMIT_BUNDLE_PREKEYS - 1);
	assert_int_equal(read_prekeys(s, 1, DOCTOR_KEY), 0);
	assert_int_equal(s->bundle.n, LIMIT_BUNDLE_PREKEYS);
	assert_int_equal(read_prekeys(s, 1, 33), ERR_MALFORMED);
	assert_int_equal(read_prekeys(s, 0, 33), 0);
	free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_well),
		cmocka_unit_test(test_each_alone),
		cmocka_unit_test(test_many_contacts),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_copy_is_not_mended),
		cmocka_unit_test(test_locked),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_reading_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
