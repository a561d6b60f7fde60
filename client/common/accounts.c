/* SPDX-License-Identifier: ISC */
/*
 * The accounts file, through inih. Runs in every command that connects (the
 * starter, xmpp-key); holds no secret: the file names commands that print
 * them. Trusts the file as much as the user's shell does.
 */
#include "accounts.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "../../ipc/err.h"
#include "fail.h"
#include "jid.h"
#include "text.h"

#define SECTION_MAX 49 /* inih cuts longer section names */

struct parse {
	const char *path, *jid;
	struct account *account;
	int failed; /* said so already */
};

int
accounts_path(char *path, size_t size)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int n;

	if (base != NULL && base[0] == '/')
		n = snprintf(path, size, "%s/xmpp-agent/accounts", base);
	else if (home != NULL && home[0] == '/')
		n = snprintf(
		    path, size, "%s/.config/xmpp-agent/accounts", home);
	else
		return ERR_NOT_FOUND;
	return n < 0 || (size_t)n >= size ? ERR_TOO_LONG : 0;
}

int
port_read(const char *text, uint16_t *port)
{
	const char *err;

	*port = (uint16_t)strtonum(text, 1, 65535, &err);
	return err != NULL ? ERR_ARGUMENT : 0;
}

/* "yes" or "no" */
static int
set_switch(const char *value, int *off)
{
	*off = strcmp(value, "no") == 0;
	return *off || strcmp(value, "yes") == 0 ? 0 : ERR_ARGUMENT;
}

static int
set(struct account *a, const char *key, const char *value)
{
	const struct {
		const char *key;
		char *to;
		size_t size;
	} rows[] = {
		{ "host", a->host, sizeof(a->host) },
		{ "ca-file", a->ca_file, sizeof(a->ca_file) },
		{ "password-command", a->password_command,
		    sizeof(a->password_command) },
	};

	if (strcmp(key, "port") == 0)
		return port_read(value, &a->port);
	if (strcmp(key, "receipts") == 0)
		return set_switch(value, &a->no_receipts);
	if (strcmp(key, "typing") == 0)
		return set_switch(value, &a->no_typing);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(key, rows[i].key) != 0)
			continue;
		return strlcpy(rows[i].to, value, rows[i].size) >= rows[i].size
		    ? ERR_TOO_LONG
		    : 0;
	}
	return ERR_NOT_FOUND;
}

/* inih's callback: every line of every section; 0 stops with an error. */
static int
on_value(void *arg, const char *section, const char *key, const char *value)
{
	struct parse *p = arg;
	struct account other = { 0 }; /* the rest is checked all the same */
	char jid[JID_SIZE];
	const char *why;
	int err;

	if (p->failed)
		return 0;
	if (jid_read(section, jid, &why) != 0) {
		fail(p->path, "section [%s]: %s", section, why);
		p->failed = 1;
		return 0;
	}
	err = set(strcmp(jid, p->jid) == 0 ? p->account : &other, key, value);
	if (err == ERR_NOT_FOUND)
		fail(
		    p->path, "section [%s]: no such setting: %s", section, key);
	else if (err != 0)
		fail(p->path, "section [%s]: %s: %s", section, key,
		    err == ERR_TOO_LONG		   ? "too long"
			: strcmp(key, "port") == 0 ? "not a port number"
						   : "neither yes nor no");
	p->failed = err != 0;
	return err == 0;
}

/* What inih would cut or skip in silence. */
static int
check_lines(const char *path, const char *data)
{
	const char *nl;
	int number = 1;

	for (const char *p = data; *p != '\0'; p = nl + (*nl == '\n')) {
		nl = p + strcspn(p, "\n");
		if (nl - p > ACCOUNTS_LINE_MAX - 8)
			return fail(path, "line %d: too long", number);
		if (*p == '[' && strcspn(p + 1, "]\n") > SECTION_MAX)
			return fail(path,
			    "line %d: section names have at most %d "
			    "characters; use the options instead",
			    number, SECTION_MAX);
		number++;
	}
	return 0;
}

/* The whole file, NUL-ended; NULL: *err is 0 if there is none. */
static char *
slurp(const char *path, int *err)
{
	char *data;
	size_t n;
	FILE *f = fopen(path, "re");

	*err = 0;
	if (f == NULL) {
		if (errno != ENOENT && errno != ENOTDIR)
			*err = fail(path, "%s", strerror(errno));
		return NULL;
	}
	data = malloc(ACCOUNTS_FILE_MAX + 1);
	n = data == NULL ? 0 : fread(data, 1, ACCOUNTS_FILE_MAX + 1, f);
	if (data == NULL || ferror(f) || n > ACCOUNTS_FILE_MAX ||
	    !text_valid(data, n)) {
		*err = fail(path, "%s",
		    data == NULL || ferror(f)	? strerror(errno)
			: n > ACCOUNTS_FILE_MAX ? "too large"
						: "not valid UTF-8 text");
		free(data);
		data = NULL;
	} else
		data[n] = '\0';
	fclose(f);
	return data;
}

int
accounts_read(const char *path, const char *jid, struct account *account)
{
	struct parse p = { .path = path, .jid = jid, .account = account };
	char *data;
	int err, line;

	memset(account, 0, sizeof(*account));
	data = slurp(path, &err);
	if (data == NULL)
		return err != 0 ? ERR_ARGUMENT : 0;
	/* A shell command may hold ';' and '#'; a value is one line. */
	ini_allow_inline_comments = false;
	ini_allow_multiline = false;
	ini_use_stack = false;
	ini_initial_alloc = ACCOUNTS_LINE_MAX;
	ini_max_line = ACCOUNTS_LINE_MAX;
	err = check_lines(path, data);
	if (err == 0) {
		line = ini_parse_string(data, on_value, &p);
		if (line > 0 && !p.failed)
			fail(path,
			    "line %d: neither [user@domain] nor "
			    "name=value",
			    line);
		else if (line < 0)
			fail(path, "out of memory");
		err = line != 0;
	}
	free(data);
	if (err != 0)
		memset(account, 0, sizeof(*account));
	return err != 0 ? ERR_ARGUMENT : 0;
}
