/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key help: the rows of the table of verbs. Runs in xmpp-key; asks
 * nobody.
 */
#include <stdio.h>
#include <string.h>

#include "../common/json.h"
#include "help.h"

/* Like snprintf at the end of a text that holds n octets; the new n. */
static size_t
put_row(char *text, size_t size, size_t n, const struct verb *verb)
{
	int more;

	if (n >= size)
		return n;
	more = snprintf(text + n, size - n, "  %-11s %s\n%14s%s\n", verb->name,
	    verb->usage, "", verb->what);
	return more < 0 ? n : n + (size_t)more;
}

void
help_usage(char *text, size_t size, const struct verb *verbs, size_t nverbs)
{
	size_t n = (size_t)snprintf(text, size, "usage: xmpp-key VERB …\n");

	for (size_t i = 0; i < nverbs; i++)
		n = put_row(text, size, n, &verbs[i]);
	if (n < size)
		snprintf(text + n, size - n,
		    "  --json, --name N, --timeout S\n"
		    "  --passphrase-file F, --passphrase-command C\n"
		    "  publish, doctor: --host H --port P --ca-file F "
		    "--password-file F --password-command C\n");
}

const struct verb *
help_find(const char *name, const struct verb *verbs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static void
print(const struct key *key, const struct verb *verb)
{
	char row[1024] = "";

	if (key->options.json) {
		json_line(json_pack("{s:s, s:s, s:s}", "verb", verb->name,
		    "operands", verb->usage, "what", verb->what));
		return;
	}
	put_row(row, sizeof(row), 0, verb);
	fputs(row, stdout);
}

int
key_help(struct key *key)
{
	const struct verb *only;
	char usage[HELP_SIZE];

	if (key->argc == 1) {
		only = help_find(key->argv[0], key->verbs, key->nverbs);
		if (only == NULL)
			return fail_usage(key->argv[0], "no such verb");
		print(key, only);
	} else if (key->options.json) {
		for (size_t i = 0; i < key->nverbs; i++)
			print(key, &key->verbs[i]);
	} else {
		help_usage(usage, sizeof(usage), key->verbs, key->nverbs);
		fputs(usage, stdout);
	}
	return DONE;
}
