/* SPDX-License-Identifier: ISC */
/*
 * Who is written to: operands and a file. Runs in xmpp-send, before the
 * walls; holds addresses; trusts its user.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/fail.h"
#include "../common/jid.h"
#include "send.h"

/* FROM stands apart: one may write to oneself. */
static int
is_double(const struct recipients *to, const char *jid)
{
	for (size_t i = 1; i < to->n; i++)
		if (strcmp(to->jids[i], jid) == 0)
			return 1;
	return 0;
}

/* where: what an error line names. */
static int
add(struct recipients *to, const char *text, const char *where)
{
	char *jid = malloc(JID_SIZE);
	const char *why = "out of memory";

	if (jid == NULL || jid_read(text, jid, &why) != 0) {
		free(jid);
		return fail_usage(where, "%s", why);
	}
	if (is_double(to, jid)) {
		free(jid);
		return DONE;
	}
	if (to->n == RECIPIENTS_MAX + 1) {
		free(jid);
		return fail_usage(
		    where, "more than %d recipients", RECIPIENTS_MAX);
	}
	to->jids[to->n++] = jid;
	return DONE;
}

/* One line without its comment and the blanks around; DONE if empty. */
static int
add_line(struct recipients *to, char *line, const char *path, size_t number)
{
	char where[128], text[128];
	size_t n;

	line[strcspn(line, "#\r\n")] = '\0';
	line += strspn(line, " \t");
	for (n = strlen(line); n > 0 && strchr(" \t", line[n - 1]) != NULL; n--)
		line[n - 1] = '\0';
	if (*line == '\0')
		return DONE;
	snprintf(where, sizeof(where), "%.100s:%zu", path, number);
	if (strpbrk(line, " \t") != NULL) {
		snprintf(text, sizeof(text), "%.60s", line);
		return fail_usage(
		    where, "one address a line is wanted: %s", text);
	}
	return add(to, line, where);
}

static int
read_file(struct recipients *to, const char *path)
{
	char *line = NULL;
	size_t size = 0, number = 0;
	FILE *f = fopen(path, "re");
	int code = DONE;
	ssize_t len;

	if (f == NULL)
		return fail_usage(path, "%s", strerror(errno));
	while (code == DONE && (len = getline(&line, &size, f)) != -1) {
		if (strlen(line) != (size_t)len)
			code = fail_usage(path, "it is not a text");
		else
			code = add_line(to, line, path, ++number);
	}
	if (code == DONE && ferror(f))
		code = fail_usage(path, "%s", strerror(errno));
	free(line);
	fclose(f);
	return code;
}

int
recipients_read(
    struct recipients *to, char **operands, int count, const char *path)
{
	int code = DONE;

	for (int i = 0; i < count && code == DONE; i++)
		code = add(to, operands[i], operands[i]);
	if (code == DONE && to->n > 0 && path != NULL)
		code = read_file(to, path);
	if (code == DONE && to->n < 2)
		code = fail_usage("usage",
		    "xmpp-send [options] FROM TO [TO ...], or --to-file F");
	return code;
}
