/* SPDX-License-Identifier: ISC */
/*
 * -A of xmpp-agent, read: by the outer process, to say what is wrong, and by
 * the keeper at its start, before anybody is served. Holds nothing; the text
 * is the user's own.
 */
#include "forward.h"

#include <stdlib.h>
#include <string.h>

#include "../ipc/err.h"
#include "../ipc/messages.h"
#include "text.h"

/* The first word of *p up to a comma; *p moves behind it. Its length. */
static size_t
word(const char **p, const char **end, size_t left)
{
	const char *comma = memchr(*p, ',', left);

	*end = comma != NULL ? comma : *p + left;
	return (size_t)(*end - *p);
}

static int
read_rights(const char *p, size_t len, uint32_t *rights)
{
	static const struct {
		const char *name;
		uint32_t right;
	} names[] = {
		{ "info", RIGHT_INFO },
		{ "network", RIGHT_NETWORK },
		{ "text", RIGHT_TEXT },
	};

	const char *last = p + len, *end;
	size_t n, i;

	for (*rights = 0;; p = end + 1) {
		n = word(&p, &end, (size_t)(last - p));
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strlen(names[i].name) == n &&
			    memcmp(names[i].name, p, n) == 0)
				break;
		if (i == sizeof(names) / sizeof(names[0]))
			return ERR_ARGUMENT;
		*rights |= names[i].right;
		if (end == last)
			return 0;
	}
}

static int
read_accounts(const char *p, struct forward *f)
{
	const char *last = p + strlen(p), *end;
	size_t n;

	f->accounts = calloc(LIMIT_ACCOUNTS, sizeof(f->accounts[0]));
	if (f->accounts == NULL)
		return ERR_MEMORY;
	for (;; p = end + 1) {
		n = word(&p, &end, (size_t)(last - p));
		if (n > LIMIT_JID || f->naccounts == LIMIT_ACCOUNTS)
			return ERR_ARGUMENT;
		memcpy(f->accounts[f->naccounts], p, n);
		if (!text_is_bare_jid(f->accounts[f->naccounts++]))
			return ERR_ARGUMENT;
		if (end == last)
			return 0;
	}
}

int
forward_parse(const char *text, struct forward *f)
{
	size_t n = strcspn(text, ":");
	int err;

	memset(f, 0, sizeof(*f));
	err = read_rights(text, n, &f->rights);
	if (err == 0 && text[n] == ':')
		err = read_accounts(text + n + 1, f);
	if (err != 0)
		forward_free(f);
	return err;
}

void
forward_free(struct forward *f)
{
	free(f->accounts);
	memset(f, 0, sizeof(*f));
}
