/* SPDX-License-Identifier: ISC */
/*
 * xmpp-send: a starter, and behind "-x front" the filtered front.
 */
#include "../../sandbox/sandbox.h"
#include "../common/fail.h"
#include "../front/starter.h"
#include "send.h"
#include "upload.h"

static const char usage[] =
    "usage: xmpp-send [options] FROM TO [TO ...]     text on stdin\n"
    "  --file F              send this file instead, encrypted, by a link\n"
    "  --to-file F           more recipients, one a line (# begins a comment)\n"
    "  --json                one event a line on stdout\n"
    "  --timeout S           seconds without progress (60)\n"
    "  --host H --port P     where the server is (else: DNS)\n"
    "  --ca-file F           certificates to trust instead of the system's\n"
    "  --password-file F, --password-command C\n"
    "  --name N              of this client, for the agent\n";

int
main(int argc, char **argv)
{
	int is_front = starter_is_front(&argc, argv), first;
	struct recipients to = { 0 };
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
	if (recipients_read(&to, argv + first, argc - first, options.to_file) !=
	    DONE)
		return USAGE;
	if (options.file != NULL)
		starter.more = upload_start;
	starter.account = to.jids[0];
	options_name(&options, "send");
	if (is_front)
		return send_main(&options, to.jids[0], to.jids + 1, to.n - 1);
	return starter_main(&starter);
}
