/* SPDX-License-Identifier: ISC */
/*
 * Error lines. Runs in every command; holds nothing; trusts nobody: what it
 * prints may have come from the network.
 */
#include "fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../ipc/err.h"
#include "text.h"

#define LINE_MAX_OCTETS 2048 /* a longer reason is cut */

static void __attribute__((format(printf, 2, 0)))
line(const char *what, const char *fmt, va_list ap)
{
	char why[LINE_MAX_OCTETS];

	vsnprintf(why, sizeof(why), fmt, ap);
	fputs(program_invocation_short_name, stderr);
	if (what != NULL) {
		fputs(": ", stderr);
		text_print(stderr, what);
	}
	fputs(": ", stderr);
	text_print(stderr, why);
	fputc('\n', stderr);
}

int
fail(const char *what, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line(what, fmt, ap);
	va_end(ap);
	return REFUSED;
}

int
fail_usage(const char *what, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line(what, fmt, ap);
	va_end(ap);
	return USAGE;
}

/* What a person can do about it; NULL: the agent's words say enough. */
static const char *
advice(int err)
{
	static const struct {
		int err;
		const char *words;
	} table[] = {
		{ ERR_LOCKED, "the vault is locked: run xmpp-key unlock" },
		{ ERR_NO_VAULT,
		    "there is no vault yet: make one with xmpp-key create "
		    "JID" },
		{ ERR_PASSPHRASE, "wrong passphrase" },
		{ ERR_EOF, "the agent has ended the connection" },
		{ ERR_CORRUPT,
		    "a record is not what was stored: the database was "
		    "damaged, altered, or put back in part" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].err == err)
			return table[i].words;
	return NULL;
}

const char *
fail_words(int err, const char *detail)
{
	const char *words = advice(err);

	if (words != NULL)
		return words;
	/* a single word only names what was asked */
	if (detail != NULL && strchr(detail, ' ') != NULL)
		return detail;
	return err_text(err);
}

int
fail_agent(const char *what, int err, const char *detail)
{
	fail(what, "%s", fail_words(err, detail));
	return err == ERR_EOF ? NO_AGENT : REFUSED;
}
