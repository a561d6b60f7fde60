/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key label: what this device calls itself to other clients of OMEMO 2.
 * The agent checks the name and signs it; without one it is shown.
 */
#include <stdio.h>
#include <string.h>

#include "../common/json.h"
#include "../common/text.h"
#include "doctor.h"

static int
show(struct key *key)
{
	static struct doctor_agent a;
	struct buffer b;
	struct reader r;
	int code;

	key_body(key, &b);
	buffer_put_u8(&b, NS_OMEMO2);
	code = key_call(key, M_OWN_BUNDLE, &b, &r, key->jid);
	if (code != DONE)
		return code;
	if (doctor_read_own(&r, &a) != 0)
		return fail_agent("own bundle", ERR_MALFORMED, "");
	if (key->options.json)
		json_line(json_pack("{s:o, s:I, s:o}", "jid",
		    json_cstring(key->jid), "device", (json_int_t)a.device,
		    "label",
		    a.label[0] != '\0' ? json_cstring(a.label) : json_null()));
	else if (a.label[0] != '\0') {
		text_print(stdout, a.label);
		putchar('\n');
	}
	return DONE;
}

/* What the agent will refuse, in words. */
static int
check(const char *label)
{
	size_t n = strlen(label);

	if (n > LIMIT_LABEL)
		return fail_usage(
		    "label", "%zu octets: at most %d", n, LIMIT_LABEL);
	if (n == 32 || n == 33)
		return fail_usage("label",
		    "%zu octets: just as long as a key, which must not be "
		    "signed as a name; make it shorter or longer",
		    n);
	if (!text_valid(label, n))
		return fail_usage("label", "not valid UTF-8");
	return DONE;
}

int
key_label(struct key *key)
{
	struct buffer b;
	int code;

	if (key->argc == 1)
		return show(key);
	if ((code = check(key->argv[1])) != DONE ||
	    (code = key_elevate(key, RIGHT_ADMIN)) != DONE)
		return code;
	key_body(key, &b);
	buffer_put_cstring(&b, key->argv[1]);
	return key_call(key, M_LABEL, &b, NULL, key->jid);
}
