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
	struct doctor_agent agent;
	struct doctor_server server;
	struct report report;
};

static int
examine(struct doctor *d)
{
	int code = doctor_ask_agent(d->key, &d->agent);

	if (code != DONE)
		return code;
	doctor_ask_server(d->key, d->agent.device, 0, &d->server);
	/* Once more, and later than the server: what was published meanwhile
	 * must not look as if another copy had made it. */
	return doctor_ask_agent(d->key, &d->agent);
}

static void
compare(struct doctor *d)
{
	doctor_compare(&d->report, &d->agent, &d->server, (uint64_t)time(NULL));
}

static int
mend(struct doctor *d, unsigned mends)
{
	struct report *r = &d->report;
	int code;

	r->n = 0;
	if (mends & MEND_CONFIGURE) {
		doctor_ask_server(d->key, d->agent.device, 1, &d->server);
		if (d->server.asked)
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
