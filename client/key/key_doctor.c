/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key doctor: look at both sides, compare, say what is wrong and what
 * mends it; with --fix mend what needs no decision, and look again.
 */
#include <stdlib.h>
#include <time.h>

#include "doctor.h"

struct doctor {
	struct key *key;
	struct doctor_agent agent[DOCTOR_VERSIONS];
	struct doctor_server server[DOCTOR_VERSIONS];
	struct report report;
};

static int
ask_agent(struct doctor *d)
{
	int code = DONE;

	for (uint8_t ns = 0; code == DONE && ns < DOCTOR_VERSIONS; ns++)
		code = doctor_ask_agent(d->key, ns, &d->agent[ns]);
	return code;
}

static int
examine(struct doctor *d)
{
	int code = ask_agent(d);

	if (code != DONE)
		return code;
	doctor_ask_server(d->key, d->agent[0].device, 0, d->server);
	if (d->agent[0].read &&
	    (code = doctor_ask_labels(d->key, &d->server[NS_OMEMO2])) != DONE)
		return code;
	/* Once more, and later than the server: what was published meanwhile
	 * must not look as if another copy had made it. */
	return ask_agent(d);
}

static void
compare(struct doctor *d)
{
	uint64_t now = (uint64_t)time(NULL);

	d->report.copy = 0;
	for (size_t ns = 0; ns < DOCTOR_VERSIONS; ns++)
		doctor_compare(&d->report, &d->agent[ns], &d->server[ns], now);
}

static int
mend(struct doctor *d, unsigned mends)
{
	struct report *r = &d->report;
	int code;

	r->n = 0;
	if (mends & MEND_CONFIGURE) {
		doctor_ask_server(d->key, d->agent[0].device, 1, d->server);
		if (d->server[0].asked)
			report_add(r, LEVEL_MENDED, "configure",
			    "the server was told to let everyone read device "
			    "list and bundle, and to keep them");
	}
	if ((mends & MEND_PUBLISH) && key_publish(d->key) == DONE)
		report_add(r, LEVEL_MENDED, "publish",
		    "device list and bundle were published again");
	code = examine(d);
	if (code == DONE)
		compare(d);
	return code;
}

int
key_doctor(struct key *key)
{
	struct doctor *d = calloc(1, sizeof(*d));
	unsigned mends;
	int code;

	if (d == NULL)
		return fail(NULL, "out of memory");
	d->key = key;
	d->report.jid = key->jid;
	code = examine(d);
	if (code == DONE) {
		compare(d);
		report_print(&d->report, &key->options);
		mends = report_mends(&d->report);
		if (key->options.fix && mends != 0 &&
		    (code = mend(d, mends)) == DONE)
			report_print(&d->report, &key->options);
	}
	if (code == DONE && report_wrong(&d->report) > 0)
		code = REFUSED;
	free(d);
	return code;
}
