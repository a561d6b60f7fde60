/* SPDX-License-Identifier: ISC */
/*
 * What the account's devices call themselves: names from the server, of which
 * the agent has said whether they are the devices' own. Runs in xmpp-key.
 */
#include <string.h>

#include "doctor_compare.h"

static const struct doctor_label *
find(const struct doctor_server *s, uint32_t id)
{
	for (size_t i = 0; i < s->nlabels; i++)
		if (s->labels[i].id == id)
			return &s->labels[i];
	return NULL;
}

/* Is ours there as we have it? */
static void
compare_own(struct report *r, const struct doctor_agent *a,
    const struct doctor_server *s)
{
	const struct doctor_label *l = find(s, a->device);
	const char *there = l != NULL ? l->text : "";

	if (strcmp(there, a->label) == 0 &&
	    (l == NULL || l->verdict == LABEL_GOOD))
		return;
	finding_mend(
	    report_add(r, LEVEL_WRONG, "label-own",
		a->label[0] != '\0'
		    ? "the list does not say that this device calls itself "
		      "\"%s\""
		    : "the list has a name of this device, which has "
		      "none%s",
		a->label),
	    MEND_PUBLISH, r->jid);
}

void
compare_labels(struct report *r, const struct doctor_agent *a,
    const struct doctor_server *s)
{
	const struct doctor_label *l;

	if (a->ns != NS_OMEMO2 || s->list.state != NODE_HERE)
		return;
	compare_own(r, a, s);
	for (size_t i = 0; i < s->nlabels; i++) {
		l = &s->labels[i];
		if (l->verdict == LABEL_GOOD)
			report_add(r, LEVEL_FINE, "label",
			    "device %u calls itself \"%s\"", l->id, l->text)
			    ->device = l->id;
		else if (l->verdict == LABEL_BAD && l->id != a->device)
			report_add(r, LEVEL_NOTE, "label-bad",
			    "device %u has a name on the list that it has not "
			    "signed",
			    l->id)
			    ->device = l->id;
	}
}
