/* SPDX-License-Identifier: ISC */
/*
 * xmpp-send: a starter, and behind "-x front" the filtered front.
 */
#include <stdlib.h>
#include <string.h>

#include "../../sandbox/sandbox.h"
#include "../common/fail.h"
#include "../common/jid.h"
#include "../front/starter.h"
#include "send.h"

static const char usage[] =
    "usage: xmpp-send [options] FROM TO [TO ...]     text on stdin\n"
    "  --json                one event a line on stdout\n"
    "  --timeout S           seconds without progress (60)\n"
    "  --host H --port P     where the server is (else: DNS)\n"
    "  --ca-file F           certificates to trust instead of the system's\n"
    "  --password-file F, --password-command C\n"
    "  --name N              of this client, for the agent\n";

/* The operands as bare JIDs, doubles left out; their number or -1. */
static int
read_jids(char **operands, int count, char *jids[])
{
	const char *why;
	char *jid;
	int n = 0, i;

	for (int k = 0; k < count; k++) {
		jid = malloc(JID_SIZE);
		if (jid == NULL || jid_read(operands[k], jid, &why) != 0) {
			fail_usage(operands[k], "%s",
			    jid == NULL ? "out of memory" : why);
			free(jid);
			return -1;
		}
		/* FROM stands apart: one may write to oneself. */
		for (i = 1; i < n && strcmp(jids[i], jid) != 0; i++)
			;
		if (k > 0 && i < n)
			free(jid);
		else
			jids[n++] = jid;
	}
	return n;
}

int
main(int argc, char **argv)
{
	int is_front = starter_is_front(&argc, argv), first, n;
	char *jids[RECIPIENTS_MAX + 1] = { 0 };
	struct options options;
	struct starter starter = {
		.options = &options,
		.argc = argc,
		.argv = argv,
	};

	if (sandbox_early() != 0)
		return fail("sandbox", "the walls could not be put up");
	first = options_parse(&options, OPTIONS_SEND, argc, argv, usage);
	if (first == -1)
		return USAGE;
	if (argc - first < 2 || argc - first > RECIPIENTS_MAX + 1)
		return fail_usage("usage",
		    "xmpp-send [options] FROM TO [TO ...] (at most %d)",
		    RECIPIENTS_MAX);
	n = read_jids(argv + first, argc - first, jids);
	if (n == -1)
		return USAGE;
	starter.account = jids[0];
	options_name(&options, "send");
	if (is_front)
		return send_main(&options, jids[0], jids + 1, (size_t)n - 1);
	return starter_main(&starter);
}
