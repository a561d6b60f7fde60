/* SPDX-License-Identifier: ISC */
/*
 * A decoder of octets that nobody vouches for: what a camera saw, what was
 * pasted. Runs in xmpp-key; holds nothing. What it does not know it passes
 * over, what it knows must be right in all of it.
 */
#include "uri.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "../../ipc/err.h"
#include "fingerprint.h"

#define DEVICE_MAX 0x7fffffffU
#define VALUE_MAX  512 /* octets of a value that means something here */

struct reading {
	struct uri *uri;
	char *why; /* URI_WHY */
	int trust_message, encryption;
};

static const char *const prefixes[] = { "xmpp:",
	"https://conversations.im/i/" };

static const char *
after_prefix(const char *text)
{
	text += strspn(text, " \t\r\n");
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncasecmp(text, prefixes[i], strlen(prefixes[i])) == 0)
			return text + strlen(prefixes[i]);
	return NULL;
}

int
uri_is(const char *text)
{
	return after_prefix(text) != NULL;
}

static int
wrong(struct reading *r, const char *why)
{
	if (r->why[0] == '\0')
		strlcpy(r->why, why, URI_WHY);
	return ERR_ARGUMENT;
}

static int
hex(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) % 16 : -1;
}

/* p[0..n) without its percent signs (RFC 3986, 2.1). */
static int
decode(struct reading *r, const char *p, size_t n, char *out, size_t size)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		char c = p[i];

		if (c == '%') {
			int high = i + 2 < n ? hex(p[i + 1]) : -1;
			int low = i + 2 < n ? hex(p[i + 2]) : -1;

			if (high < 0 || low < 0)
				return wrong(r, "an ill percent sign");
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (c == '\0')
			return wrong(r, "a zero octet inside");
		if (at + 1 >= size)
			return wrong(r, "a part of it is too long");
		out[at++] = c;
	}
	out[at] = '\0';
	return 0;
}

/* --- the keys ------------------------------------------------------------- */

static int
add_key(struct reading *r, uint32_t device, int distrust, const char *value)
{
	struct uri_key key = { .device = device, .distrust = distrust != 0 };
	struct uri *uri = r->uri;

	if (fingerprint_read(value, key.fingerprint) != 0) {
		if (device != 0)
			snprintf(r->why, URI_WHY,
			    "device %u: its fingerprint is not of 64 hex digits",
			    device);
		return wrong(r, "a fingerprint that is not of 64 hex digits");
	}
	for (size_t i = 0; i < uri->n; i++) {
		int same = memcmp(uri->v[i].fingerprint, key.fingerprint,
			       FINGERPRINT_SIZE) == 0;

		if (device != 0 && uri->v[i].device == device && !same)
			return wrong(r, "two fingerprints of one device");
		if (same && uri->v[i].distrust != key.distrust)
			return wrong(r, "one key both trusted and not");
		if (same && uri->v[i].device == device)
			return 0;
	}
	if (uri->n == URI_KEYS)
		return wrong(r, "more keys than a contact can have");
	uri->v[uri->n++] = key;
	return 0;
}

static int
take_sid(struct reading *r, const char *name, const char *value)
{
	uint64_t device = 0;
	size_t n = strspn(name, "0123456789");

	if (n == 0 || n > 10 || name[n] != '\0' || name[0] == '0')
		return wrong(r, "an ill device id");
	for (size_t i = 0; i < n; i++)
		device = device * 10 + (uint64_t)(name[i] - '0');
	if (device > DEVICE_MAX)
		return wrong(r, "an ill device id");
	return add_key(r, (uint32_t)device, 0, value);
}

static int
take_trust_message(struct reading *r, const char *name, const char *value)
{
	(void)name;
	(void)value;
	r->trust_message = 1;
	return 0;
}

static int
take_encryption(struct reading *r, const char *name, const char *value)
{
	(void)name;
	if (!r->trust_message)
		return 0;
	if (strcmp(value, "urn:xmpp:omemo:2") != 0 &&
	    strcmp(value, "eu.siacs.conversations.axolotl") != 0) {
		snprintf(r->why, URI_WHY, "keys of another encryption: %.100s",
		    value);
		return ERR_ARGUMENT;
	}
	r->encryption = 1;
	return 0;
}

static int
take_decision(struct reading *r, int distrust, const char *value)
{
	if (!r->trust_message)
		return 0;
	if (!r->encryption)
		return wrong(r, "it does not say for which encryption");
	return add_key(r, 0, distrust, value);
}

static int
take_trust(struct reading *r, const char *name, const char *value)
{
	(void)name;
	return take_decision(r, 0, value);
}

static int
take_distrust(struct reading *r, const char *name, const char *value)
{
	(void)name;
	return take_decision(r, 1, value);
}

/* --- the query ------------------------------------------------------------ */

/* name is what follows the row's own. */
static const struct row {
	const char *name;
	int is_prefix;
	int (*take)(struct reading *, const char *name, const char *value);
} rows[] = {
	{ "omemo-sid-", 1, take_sid },
	{ "trust-message", 0, take_trust_message },
	{ "encryption", 0, take_encryption },
	{ "trust", 0, take_trust },
	{ "distrust", 0, take_distrust },
};

static const struct row *
find_row(const char *name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].is_prefix
			? strncmp(name, rows[i].name, strlen(rows[i].name)) == 0
			: strcmp(name, rows[i].name) == 0)
			return &rows[i];
	return NULL;
}

static int
take_pair(struct reading *r, const char *p, size_t n)
{
	const char *equals = memchr(p, '=', n);
	size_t len = equals != NULL ? (size_t)(equals - p) : n;
	char name[64], value[VALUE_MAX] = "";
	const struct row *row;

	if (len >= sizeof(name))
		return 0; /* none of ours is so long */
	memcpy(name, p, len);
	name[len] = '\0';
	if ((row = find_row(name)) == NULL)
		return 0;
	if (equals != NULL &&
	    decode(r, equals + 1, n - len - 1, value, sizeof(value)) != 0)
		return ERR_ARGUMENT;
	return row->take(r, name + strlen(row->name), value);
}

static int
take_query(struct reading *r, const char *p, const char *end)
{
	while (p < end) {
		size_t n = strcspn(p, ";&");

		if (n > (size_t)(end - p))
			n = (size_t)(end - p);
		if (take_pair(r, p, n) != 0)
			return ERR_ARGUMENT;
		p += n + 1;
	}
	return r->uri->n > 0 ? 0 : wrong(r, "no key is in it");
}

int
uri_read(const char *text, struct uri *uri, char why[static URI_WHY])
{
	struct reading r = { .uri = uri, .why = why };
	char jid[JID_SIZE];
	const char *p = after_prefix(text), *end, *query, *reason;
	int err;

	memset(uri, 0, sizeof(*uri));
	why[0] = '\0';
	if (p == NULL)
		return wrong(&r, "it does not begin with xmpp:");
	if (strlen(text) >= URI_TEXT)
		return wrong(&r, "too long");
	end = p + strcspn(p, "# \t\r\n");
	if (*end != '#' && end[strspn(end, " \t\r\n")] != '\0')
		return wrong(&r, "a blank inside");
	query = memchr(p, '?', (size_t)(end - p));
	if (query == NULL)
		return wrong(&r, "no key is in it");
	err = decode(&r, p, (size_t)(query - p), jid, sizeof(jid));
	if (err == 0 && jid_read(jid, uri->jid, &reason) != 0)
		err = wrong(&r, reason);
	if (err == 0)
		err = take_query(&r, query + 1, end);
	if (err != 0)
		memset(uri, 0, sizeof(*uri));
	return err;
}

/* --- writing -------------------------------------------------------------- */

/* p as it may stand in an address (RFC 3986, 2.3), '@' left. */
static int
encode(const char *p, char *out, size_t size)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ-._~@";
	size_t at = 0;

	for (; *p != '\0'; p++) {
		if (at + 4 > size)
			return ERR_TOO_LONG;
		if (strchr(plain, *p) != NULL)
			out[at++] = *p;
		else
			at += (size_t)snprintf(
			    out + at, 4, "%%%02X", (unsigned char)*p);
	}
	out[at] = '\0';
	return 0;
}

int
uri_write(const struct uri *uri, char *text, size_t size)
{
	char digits[FINGERPRINT_TEXT], *from, *to;
	size_t at = strlcpy(text, "xmpp:", size);
	char mark = '?';

	if (at >= size || encode(uri->jid, text + at, size - at) != 0)
		return ERR_TOO_LONG;
	for (size_t i = 0; i < uri->n; i++) {
		if (uri->v[i].device == 0)
			continue;
		fingerprint_print(uri->v[i].fingerprint, digits);
		for (from = to = digits; *from != '\0'; from++)
			if (*from != ' ')
				*to++ = *from;
		*to = '\0';
		at = strlen(text);
		if ((size_t)snprintf(text + at, size - at, "%comemo-sid-%u=%s",
			mark, uri->v[i].device, digits) >= size - at)
			return ERR_TOO_LONG;
		mark = ';';
	}
	return 0;
}
