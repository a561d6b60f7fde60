/* SPDX-License-Identifier: ISC */
/*
 * xmpp-net: one XMPP connection. Started by a front's starter with three
 * descriptors: the link to the front, a connection to the keeper on which
 * HELLO and RESTRICT have been said, and a pipe with the password. Ends with
 * the connection; the starter starts the next.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "run.h"

static void
usage(void)
{
	fputs("usage: xmpp-net --account JID [--host H] [--port P] "
	      "[--ca-file F] [--no-presence | --inspect]\n"
	      "(started by xmpp-chat, xmpp-send and xmpp-key)\n",
	    stderr);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "account", required_argument, NULL, 'a' },
		{ "host", required_argument, NULL, 'h' },
		{ "port", required_argument, NULL, 'p' },
		{ "ca-file", required_argument, NULL, 'c' },
		{ "no-presence", no_argument, NULL, 'q' },
		{ "inspect", no_argument, NULL, 'i' },
		{ NULL, 0, NULL, 0 },
	};
	struct net_options o = { 0 };
	const char *bad = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'a')
			o.account = optarg;
		else if (c == 'h')
			o.host = optarg;
		else if (c == 'p')
			o.port = (uint16_t)strtonum(optarg, 1, 65535, &bad);
		else if (c == 'c')
			o.ca_file = optarg;
		else if (c == 'q')
			o.quiet = 1;
		else if (c == 'i')
			o.looks = 1;
		else
			bad = "usage";
	}
	if (bad != NULL || o.account == NULL || optind != argc) {
		usage();
		return 64;
	}
	_exit(net_run(&o));
}
