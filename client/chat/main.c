/* SPDX-License-Identifier: ISC */
/*
 * xmpp-chat: a starter, and behind "-x front" the filtered front.
 */
#include <string.h>

#include "../../sandbox/sandbox.h"
#include "../common/jid.h"
#include "../front/starter.h"
#include "chat.h"

static const char usage[] =
    "usage: xmpp-chat [options] ACCOUNT [PEER]\n"
    "  --json                one event a line out, one command a line in\n"
    "  --host H --port P     where the server is (else: DNS)\n"
    "  --ca-file F           certificates to trust instead of the system's\n"
    "  --password-file F, --password-command C\n"
    "  --name N              under which shown messages are remembered\n"
    "  --no-receipts         do not say that a message has come\n"
    "  --no-typing           do not say that you are typing\n";

static int
jid_operand(const char *text, char jid[static JID_SIZE])
{
	const char *why;

	if (jid_read(text, jid, &why) == 0)
		return 0;
	fail_usage(text, "%s", why);
	return -1;
}

int
main(int argc, char **argv)
{
	int is_front = starter_is_front(&argc, argv), first;
	char account[JID_SIZE], peer[JID_SIZE] = "";
	struct options options;
	struct starter starter = {
		.account = account,
		.options = &options,
		.argc = argc,
		.argv = argv,
		.presence = 1,
		.again = 1,
		.reads = 1,
	};

	if (sandbox_early() != 0)
		return fail("sandbox", "the walls could not be put up");
	first = options_parse(&options, OPTIONS_CHAT, argc, argv, usage);
	if (first == -1)
		return USAGE;
	if (argc - first < 1 || argc - first > 2)
		return fail_usage(
		    "usage", "xmpp-chat [options] ACCOUNT [PEER]");
	if (jid_operand(argv[first], account) != 0 ||
	    (argc - first == 2 && jid_operand(argv[first + 1], peer) != 0))
		return USAGE;
	options_name(&options, options.json ? "json" : "chat");
	if (is_front)
		return chat_main(
		    &options, account, peer[0] != '\0' ? peer : NULL);
	return starter_main(&starter);
}
