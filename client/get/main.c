/* SPDX-License-Identifier: ISC */
/*
 * xmpp-get: fetches and decrypts the files that links of aesgcm:// name. The
 * links come on standard input: each carries a key, and arguments can be seen
 * by anybody.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../sandbox/sandbox.h"
#include "../common/fail.h"
#include "../common/size.h"
#include "get.h"

#define MAX_DEFAULT (UINT64_C(1) << 30)

static const char usage[] =
    "usage: xmpp-get [options]     links on stdin, one a line\n"
    "  -d, --directory D     where files are put (.)\n"
    "  --max-size N          octets of a file, or 500K, 20M, 2G (1G)\n"
    "  --ca-file F           certificates to trust instead of the system's\n";

static int
take(struct get *get, int c, char **argv)
{
	switch (c) {
	case 'h':
	case 'V':
		fputs(c == 'h' ? usage : "xmpp-agent " VERSION "\n", stdout);
		return DONE;
	case 'd':
		get->directory = optarg;
		break;
	case 'c':
		get->ca_file = optarg;
		break;
	case 'm':
		if (size_read(optarg, &get->max) == 0 && get->max <= AESGCM_MAX)
			break;
		return fail_usage("max-size", "wanted: a size, 63G at most");
	default:
		return fail_usage(argv[optind - 1], "%s",
		    c == ':' ? "a value is missing" : "no such option");
	}
	return -1;
}

/* -1: go on; else the exit code. */
static int
parse(struct get *get, int argc, char **argv)
{
	static const struct option options[] = {
		{ "directory", required_argument, NULL, 'd' },
		{ "max-size", required_argument, NULL, 'm' },
		{ "ca-file", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c, code = -1;

	opterr = 0;
	while (code == -1 &&
	    (c = getopt_long(argc, argv, ":d:h", options, NULL)) != -1)
		code = take(get, c, argv);
	if (code == -1 && optind != argc)
		code = fail_usage("usage",
		    "a link carries a key: it is read from standard input, not "
		    "from the arguments");
	return code;
}

static int
run(struct get *get)
{
	int code;

	get->dir = open(get->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (get->dir == -1)
		return fail(get->directory, "%s", strerror(errno));
	code = get_all(get);
	close(get->dir);
	return code;
}

int
main(int argc, char **argv)
{
	struct get get = { .directory = ".", .max = MAX_DEFAULT };
	int code;

	if (sandbox_early() != 0)
		return fail("sandbox", "the walls could not be put up");
	code = parse(&get, argc, argv);
	return code == -1 ? run(&get) : code;
}
