/* SPDX-License-Identifier: ISC */
/*
 * Which keys are meant by the operands of verify, trust and distrust. Runs in
 * xmpp-key; what a camera or a clipboard gives is nobody's word yet.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "decide.h"

/* One line, as a scanner prints it. */
static int
read_line(char text[static URI_TEXT])
{
	size_t n;

	if (fgets(text, URI_TEXT, stdin) == NULL)
		return fail("stdin", "no line to read");
	n = strlen(text);
	if (n == URI_TEXT - 1 && text[n - 1] != '\n')
		return fail("stdin", "the line is too long");
	return DONE;
}

/* The operands from i on, as one: a fingerprint may be typed with blanks. */
static int
join(const struct key *key, int i, char text[static URI_TEXT])
{
	text[0] = '\0';
	if (key->argc - i == 1 && strcmp(key->argv[i], "-") == 0)
		return read_line(text);
	for (; i < key->argc; i++)
		if (strlcat(text, key->argv[i], URI_TEXT) >= URI_TEXT)
			return fail_usage("fingerprint", "too long");
	return DONE;
}

static int
take_uri(struct key *key, const char *text, struct uri *uri)
{
	char why[URI_WHY];

	if (uri_read(text, uri, why) != 0)
		return fail_usage("address", "%s", why);
	if (key->peer[0] != '\0' && strcmp(key->peer, uri->jid) != 0)
		return fail("address",
		    "it is of %s, not of %s; nothing was changed", uri->jid,
		    key->peer);
	strlcpy(key->peer, uri->jid, sizeof(key->peer));
	return DONE;
}

static int
take_fingerprint(struct key *key, const char *text, struct uri *uri)
{
	memset(uri, 0, sizeof(*uri));
	if (fingerprint_read(text, uri->v[0].fingerprint) != 0)
		return fail_usage("fingerprint",
		    "64 hex digits are wanted, in any spacing, or an address "
		    "that begins with xmpp:");
	if (key->peer[0] == '\0')
		return fail_usage("fingerprint",
		    "whose? the contact's address is wanted before it");
	strlcpy(uri->jid, key->peer, sizeof(uri->jid));
	uri->n = 1;
	return DONE;
}

int
decide_read(struct key *key, struct uri *uri, int *given)
{
	const char *first = key->argv[1], *why;
	char text[URI_TEXT];
	int i = 1, code;

	*given = 0;
	if (!uri_is(first) && strcmp(first, "-") != 0) {
		if (jid_read(first, key->peer, &why) != 0)
			return fail_usage(first, "%s", why);
		i = 2;
	}
	if (i == key->argc)
		return DONE;
	*given = 1;
	if ((code = join(key, i, text)) != DONE)
		return code;
	return uri_is(text) ? take_uri(key, text, uri)
			    : take_fingerprint(key, text, uri);
}
