/* SPDX-License-Identifier: ISC */
/*
 * What is wrong: a function of what the agent holds and what the server
 * publishes. Runs in xmpp-key; asks nobody, so that each fault can be tested
 * alone. The bundle is in doctor_bundle.c.
 */
#include "doctor_compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DAY	   86400
#define NODE_LIST  "eu.siacs.conversations.axolotl.devicelist"
#define NODE_LIST2 "urn:xmpp:omemo:2:devices"
#define KEPT(node)                                                             \
	"; the agent writes over no list that it cannot read: delete the "     \
	"node " node " with another client"

static const char *const versions[DOCTOR_VERSIONS] = { "OMEMO 0.3.0",
	"OMEMO 2" };

void
finding_mend(struct finding *f, unsigned mend, const char *jid)
{
	f->mend = mend;
	if (mend == MEND_PUBLISH)
		snprintf(
		    f->command, sizeof(f->command), "xmpp-key publish %s", jid);
	else
		snprintf(f->command, sizeof(f->command),
		    "xmpp-key doctor %s --fix", jid);
}

static void
finding_revoke(struct finding *f, uint32_t device, const char *jid)
{
	f->device = device;
	snprintf(f->command, sizeof(f->command),
	    "xmpp-key revoke %s --device %u", jid, device);
}

/* --- the agent --------------------------------------------------------------- */

static void
compare_vault(struct report *r, const struct doctor_agent *a)
{
	struct finding *f;

	if (!a->vault) {
		f = report_add(r, LEVEL_WRONG, "vault",
		    "the agent has no vault yet: there is nothing to compare");
		snprintf(f->command, sizeof(f->command), "xmpp-key create %s",
		    r->jid);
	} else if (a->locked) {
		f = report_add(r, LEVEL_WRONG, "locked",
		    "the agent is locked: what it holds cannot be compared");
		snprintf(f->command, sizeof(f->command), "xmpp-key unlock");
	}
	if (a->doubt == 0)
		return;
	f = report_add(r, LEVEL_WRONG, "doubt",
	    "the agent's state is in doubt: nothing is sent or received%s%s%s",
	    a->doubt & DOUBT_OLDER ? "; it is older than the one used last"
				   : "",
	    a->doubt & DOUBT_PLACE ? "; the database is another file" : "",
	    a->doubt & DOUBT_SERVER
		? "; the server has prekeys that it never made"
		: "");
	snprintf(f->command, sizeof(f->command), "xmpp-key adopt %s",
	    (a->doubt & DOUBT_NOT_NEWEST) != 0 ? "--copied"
					       : "--moved|--copied");
}

static void
compare_due(struct report *r, const struct doctor_agent *a)
{
	static const char *const words[] = { "", "the device list",
		"the bundle", "device list and bundle" };
	struct finding *f;

	if ((a->due & 3) == 0)
		return;
	f = report_add(r, a->nets > 0 ? LEVEL_NOTE : LEVEL_WRONG, "due",
	    "%s %s to be published%s", words[a->due & 3],
	    (a->due & 3) == 3 ? "are" : "is",
	    a->nets > 0 ? " by a client that is connected"
			: ", and no client is connected");
	if (a->nets == 0)
		finding_mend(f, MEND_PUBLISH, r->jid);
}

/* Devices of contacts that get nothing any more. */
static void
compare_contacts(struct report *r, const struct doctor_agent *a)
{
	size_t named =
	    a->nstale < DOCTOR_CONTACTS ? a->nstale : DOCTOR_CONTACTS;
	struct finding *f;

	for (size_t i = 0; i < named; i++) {
		f = report_add(r, LEVEL_NOTE, "contact-stale",
		    "%s device %u has not been heard of for long, and gets "
		    "nothing until it is",
		    a->stale[i].jid, a->stale[i].device);
		f->device = a->stale[i].device;
	}
	if (a->nstale > named)
		report_add(r, LEVEL_NOTE, "contact-stale",
		    "and so have %zu other devices of contacts: xmpp-key peers %s",
		    a->nstale - named, r->jid);
}

static void
compare_agent(struct report *r, const struct doctor_agent *a, uint64_t now)
{
	uint64_t age = now > a->spk_made ? (now - a->spk_made) / DAY : 0;
	struct finding *f;

	if (a->ns == 0)
		compare_vault(r, a);
	if (!a->read)
		return;
	if (a->ns == 0)
		report_add(r, LEVEL_FINE, "agent",
		    "device %u; %u connection%s of xmpp-net, %u client%s of "
		    "the agent",
		    a->device, a->nets, a->nets == 1 ? "" : "s", a->clients,
		    a->clients == 1 ? "" : "s");
	if (a->ns == 0)
		compare_contacts(r, a);
	r->version = versions[a->ns];
	compare_due(r, a);
	if (age < DOCTOR_SIGNED_DAYS) {
		report_add(r, LEVEL_FINE, "signed-prekey-age",
		    "the signed prekey is %" PRIu64 " days old", age);
		return;
	}
	f = report_add(r, LEVEL_WRONG, "signed-prekey-age",
	    "the signed prekey is %" PRIu64
	    " days old: another is due after 7 days",
	    age);
	finding_mend(f, MEND_PUBLISH, r->jid);
}

/* --- the server -------------------------------------------------------------- */

static const struct feature {
	const char *about, *name;
	size_t at; /* in struct doctor_server */
	enum level missing;
	const char *without;
} features[] = {
	{ "archive", "a message archive (XEP-0313)",
	    offsetof(struct doctor_server, archive), LEVEL_WRONG,
	    "a message that comes while no client is connected or the agent "
	    "is locked can be lost" },
	{ "carbons", "carbon copies (XEP-0280)",
	    offsetof(struct doctor_server, carbons), LEVEL_NOTE,
	    "messages of your other clients are seen late or not at all" },
	{ "pep", "personal eventing (XEP-0163)",
	    offsetof(struct doctor_server, pep), LEVEL_WRONG,
	    "OMEMO's keys cannot be published" },
	{ "publish-options", "publish-options (XEP-0060)",
	    offsetof(struct doctor_server, options), LEVEL_NOTE,
	    "a new node may be closed to contacts until it is configured" },
};

static void
compare_feature(
    struct report *r, const struct doctor_server *s, const struct feature *f)
{
	uint8_t told = *((const uint8_t *)s + f->at);

	if (told == TOLD_YES)
		report_add(
		    r, LEVEL_FINE, f->about, "the server has %s", f->name);
	else if (told == TOLD_NO)
		report_add(r, f->missing, f->about, "the server has no %s: %s",
		    f->name, f->without);
	else
		report_add(r, LEVEL_NOTE, f->about,
		    "the server does not say whether it has %s", f->name);
}

static void
compare_preference(struct report *r, const struct doctor_server *s)
{
	if (s->archive != TOLD_YES || s->preference[0] == '\0')
		return;
	if (strcmp(s->preference, "always") == 0)
		report_add(r, LEVEL_FINE, "archive-preference",
		    "the archive keeps every message");
	else if (strcmp(s->preference, "roster") == 0)
		report_add(r, LEVEL_NOTE, "archive-preference",
		    "the archive keeps messages of contacts only; one of "
		    "somebody else can be lost");
	else
		report_add(r, LEVEL_WRONG, "archive-preference",
		    "the archive keeps nothing by default (\"%s\"): set its "
		    "preference to \"always\" with another client",
		    s->preference);
}

static void
compare_clock(struct report *r, const struct doctor_server *s)
{
	uint64_t skew =
	    s->time > s->here ? s->time - s->here : s->here - s->time;

	if (s->time != 0 && skew > DOCTOR_SKEW_S)
		report_add(r, LEVEL_NOTE, "clock",
		    "this machine's clock is %" PRIu64 " s %s the server's",
		    skew, s->time > s->here ? "behind" : "before");
}

static void
compare_server(struct report *r, const struct doctor_server *s)
{
	if (!s->asked) {
		report_add(r, LEVEL_WRONG, "server",
		    "the server cannot be asked: %s", s->why);
		return;
	}
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		compare_feature(r, s, &features[i]);
	compare_preference(r, s);
	compare_clock(r, s);
}

/* --- a node: there, readable, open ------------------------------------------- */

int
compare_node(struct report *r, const struct doctor_node *node, const char *what,
    const struct node_names *names)
{
	struct finding *f;

	if (node->state == NODE_UNREADABLE)
		report_add(r, LEVEL_WRONG, names->unreadable,
		    "the server does not give %s: %s", what, node->why);
	if (node->state == NODE_ABSENT)
		finding_mend(report_add(r, LEVEL_WRONG, names->absent,
				 "%s is not on the server", what),
		    MEND_PUBLISH, r->jid);
	if (node->state == NODE_MALFORMED) {
		f = report_add(r, LEVEL_WRONG, names->malformed,
		    "%s on the server is malformed: %s%s", what, node->why,
		    names->kept);
		if (names->kept[0] == '\0')
			finding_mend(f, MEND_PUBLISH, r->jid);
	}
	if (node->access[0] != '\0' && strcmp(node->access, "open") != 0) {
		f = report_add(r, LEVEL_WRONG, names->access,
		    "%s can be read by some only (access model \"%s\"): "
		    "contacts cannot encrypt to this device",
		    what, node->access);
		finding_mend(f, MEND_CONFIGURE, r->jid);
	}
	if (node->persist == TOLD_NO) {
		f = report_add(r, LEVEL_WRONG, names->persist,
		    "%s is not kept by the server (persist_items is off)",
		    what);
		/* once it keeps them, there is none */
		finding_mend(f, MEND_CONFIGURE | MEND_PUBLISH, r->jid);
	}
	return node->state == NODE_HERE;
}

/* --- the list ---------------------------------------------------------------- */

static const struct doctor_device *
find_device(const struct doctor_agent *a, uint32_t id)
{
	for (size_t i = 0; i < a->ndevices; i++)
		if (a->devices[i].id == id)
			return &a->devices[i];
	return NULL;
}

static int
is_withdrawn(const struct doctor_agent *a, uint32_t id)
{
	for (size_t i = 0; i < a->nwithdrawn; i++)
		if (a->withdrawn[i] == id)
			return 1;
	return 0;
}

static void
compare_stale(struct report *r, const struct doctor_device *d, uint64_t now)
{
	char when[64] = "never been heard of";

	if (d->heard != 0)
		snprintf(when, sizeof(when),
		    "not been heard of for %" PRIu64 " days",
		    now > d->heard ? (now - d->heard) / DAY : 0);
	finding_revoke(
	    report_add(r, LEVEL_NOTE, "device-stale",
		"device %u is on the list and has %s%s", d->id, when,
		d->stale ? ": it does not get what is sent from here" : ""),
	    d->id, r->jid);
}

/* A listed device that is neither this one nor one that we gave up. */
static void
compare_other(struct report *r, const struct doctor_agent *a,
    const struct doctor_listed *l, uint64_t now)
{
	const struct doctor_device *d = find_device(a, l->id);
	uint64_t heard = d != NULL ? d->heard : 0;

	if (l->bundle == NODE_ABSENT || l->bundle == NODE_MALFORMED) {
		finding_revoke(
		    report_add(r, LEVEL_WRONG, "device-no-bundle",
			"device %u is on the list and has no %sbundle: nobody "
			"can encrypt to it",
			l->id, l->bundle == NODE_MALFORMED ? "valid " : ""),
		    l->id, r->jid);
	} else if ((d != NULL && d->stale) ||
	    (heard != 0 && now > heard &&
		now - heard > (uint64_t)DOCTOR_STALE_DAYS * DAY)) {
		compare_stale(r, d, now);
	} else if (d == NULL || !d->known) {
		finding_revoke(
		    report_add(r, LEVEL_NOTE, "device-unknown",
			"device %u is on the list and this agent does not "
			"know its key yet; if it is not yours, take it off",
			l->id),
		    l->id, r->jid);
	}
}

static void
compare_list(struct report *r, const struct doctor_agent *a,
    const struct doctor_server *s, uint64_t now)
{
	static const struct node_names names[DOCTOR_VERSIONS] = {
		{ "list-absent", "list-malformed", "list-unreadable",
		    "list-access", "list-persist", KEPT(NODE_LIST) },
		{ "list-absent", "list-malformed", "list-unreadable",
		    "list-access", "list-persist", KEPT(NODE_LIST2) },
	};
	size_t own = 0;

	if (!compare_node(r, &s->list, "the device list", &names[a->ns]) ||
	    !a->read)
		return;
	for (size_t i = 0; i < s->nlisted; i++) {
		const struct doctor_listed *l = &s->listed[i];

		if (l->id == a->device) {
			own++;
		} else if (is_withdrawn(a, l->id)) {
			struct finding *f = report_add(r, LEVEL_WRONG,
			    "list-withdrawn",
			    "device %u was given up and is still on the list",
			    l->id);

			finding_mend(f, MEND_PUBLISH, r->jid);
			f->device = l->id;
		} else
			compare_other(r, a, l, now);
	}
	if (own == 0)
		finding_mend(report_add(r, LEVEL_WRONG, "list-without-us",
				 "the device list does not name this device "
				 "(%u): nobody encrypts to it",
				 a->device),
		    MEND_PUBLISH, r->jid);
	else
		report_add(r, LEVEL_FINE, "list",
		    "the device list names this device and %u other%s",
		    s->total - 1, s->total == 2 ? "" : "s");
	if (s->total > s->nlisted)
		report_add(r, LEVEL_NOTE, "list-long",
		    "the device list has %u devices; %zu were looked at",
		    s->total, s->nlisted);
}

/* The agent would refuse: what is published is the user's to say. */
static void
forbid_publish(struct report *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].mend & MEND_PUBLISH) {
			r->v[i].mend &= ~(unsigned)MEND_PUBLISH;
			if (r->v[i].mend == 0)
				r->v[i].command[0] = '\0';
		}
}

void
doctor_compare(struct report *r, const struct doctor_agent *a,
    const struct doctor_server *s, uint64_t now)
{
	r->version = NULL;
	compare_agent(r, a, now);
	r->version = NULL;
	if (a->ns == 0)
		compare_server(r, s);
	r->version = versions[a->ns];
	if (s->asked)
		compare_list(r, a, s, now);
	if (s->asked && a->read) {
		compare_labels(r, a, s);
		compare_bundle(r, a, s);
	}
	r->version = NULL;
	if (r->copy)
		forbid_publish(r);
}
