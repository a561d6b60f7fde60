/* SPDX-License-Identifier: ISC */
/*
 * The findings: gathered, and printed. Runs in xmpp-key; a finding may hold
 * words of the server's, which pass through vis here.
 */
#include <stdarg.h>
#include <stdio.h>

#include "../common/json.h"
#include "../common/text.h"
#include "doctor.h"

static const char *const levels[] = {
	[LEVEL_FINE] = "fine",
	[LEVEL_NOTE] = "note",
	[LEVEL_WRONG] = "wrong",
	[LEVEL_MENDED] = "mended",
};

struct finding *
report_add(
    struct report *r, enum level level, const char *about, const char *fmt, ...)
{
	size_t last = DOCTOR_FINDINGS - 1;
	struct finding *f = &r->v[r->n < last ? r->n++ : last];
	size_t at = 0;
	va_list ap;

	*f = (struct finding){ .about = about, .level = level };
	if (r->version != NULL)
		at = (size_t)snprintf(
		    f->text, sizeof(f->text), "%s: ", r->version);
	va_start(ap, fmt);
	vsnprintf(f->text + at, sizeof(f->text) - at, fmt, ap);
	va_end(ap);
	return f;
}

size_t
report_wrong(const struct report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->v[i].level == LEVEL_WRONG;
	return n;
}

unsigned
report_mends(const struct report *r)
{
	unsigned mends = 0;

	for (size_t i = 0; i < r->n; i++)
		mends |= r->v[i].mend;
	return mends;
}

static void
print_json(const struct finding *f, const char *jid)
{
	json_line(json_pack("{s:s, s:s, s:s, s:o*, s:o, s:s*}", "jid", jid,
	    "level", levels[f->level], "about", f->about, "device",
	    f->device != 0 ? json_integer(f->device) : NULL, "text",
	    json_cstring(f->text), "command",
	    f->command[0] != '\0' ? f->command : NULL));
}

static void
print_line(const struct finding *f)
{
	printf("%s: ", levels[f->level]);
	text_print(stdout, f->text);
	putchar('\n');
	if (f->command[0] != '\0') {
		fputs("\tmend it with: ", stdout);
		text_print(stdout, f->command);
		putchar('\n');
	}
}

void
report_print(const struct report *r, const struct options *options)
{
	size_t wrong = report_wrong(r);

	for (size_t i = 0; i < r->n; i++) {
		if (options->json)
			print_json(&r->v[i], r->jid);
		else
			print_line(&r->v[i]);
	}
	if (options->json)
		return;
	if (wrong == 0)
		puts("all is well");
	else
		printf("%zu %s wrong\n", wrong,
		    wrong == 1 ? "thing is" : "things are");
}
