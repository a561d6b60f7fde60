/* SPDX-License-Identifier: ISC */
/*
 * DUTIES, read: devices that the server still has to drop. Runs in xmpp-key.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "key.h"

#define DUTIES_MOST 8192

int
key_each_duty(
    struct key *key, void (*fn)(void *arg, const struct key_duty *), void *arg)
{
	struct key_duty d;
	struct reader r;
	uint32_t n;
	int code = key_call(key, M_DUTIES, NULL, &r, "duties");

	if (code != DONE)
		return code;
	n = reader_count(&r, DUTIES_MOST);
	for (uint32_t i = 0; i < n; i++) {
		reader_cstring(&r, d.jid, sizeof(d.jid));
		d.device = reader_u32(&r);
		d.left = reader_u8(&r);
		d.gone = reader_u8(&r);
		d.nets = reader_u32(&r);
		if (r.err != 0)
			break;
		fn(arg, &d);
	}
	if (reader_end(&r) != 0)
		return fail_agent("duties", ERR_MALFORMED, "");
	return DONE;
}

struct count {
	const char *jid;
	int n;
};

static void
count(void *arg, const struct key_duty *d)
{
	struct count *c = arg;

	c->n += strcmp(d->jid, c->jid) == 0;
}

int
key_count_duties(struct key *key, int *n)
{
	struct count c = { .jid = key->jid };
	int code = key_each_duty(key, count, &c);

	*n += c.n;
	return code;
}

const char *
duty_words(uint8_t left, char out[static DUTY_WORDS])
{
	static const char *const words[] = { "device list", "bundle",
		"to be read back" };

	out[0] = '\0';
	for (unsigned i = 0; i < 3; i++) {
		if (!(left & (1U << i)))
			continue;
		if (out[0] != '\0')
			strlcat(out, ", ", DUTY_WORDS);
		strlcat(out, words[i], DUTY_WORDS);
	}
	return out;
}
