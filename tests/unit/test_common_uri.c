/* SPDX-License-Identifier: ISC */
/*
 * Addresses with fingerprints: each form that clients write, percent signs
 * both ways, and what is refused, with its reason.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../client/common/fingerprint.h"
#include "../../client/common/uri.h"
#include "../../ipc/err.h"
#include "check.h"

#define A "623548d3835c6d33ef5cb680f7944ef381cf712bf23a0119dabe5c4f252cd02f"
#define B "b423f5088de9a924d51b31581723d850c7cc67d0a4fe6b267c3d301ff56d2413"
#define C "d9f849b6b828309c5f2c8df4f38fd891887da5aaa24a22c50d52f69b4a80817e"
#define R "xmpp:romeo@montague.lit"

static void
key_is(
    const struct uri_key *key, uint32_t device, const char *hex, int distrust)
{
	uint8_t fp[FINGERPRINT_SIZE];

	assert_int_equal(fingerprint_read(hex, fp), 0);
	assert_memory_equal(key->fingerprint, fp, sizeof(fp));
	assert_int_equal(key->device, device);
	assert_int_equal(key->distrust, distrust);
}

/* Read, n keys of jid. */
static void
reads(const char *text, const char *jid, size_t n, struct uri *uri)
{
	char why[URI_WHY];

	if (uri_read(text, uri, why) != 0)
		fail_msg("%s: %s", text, why);
	assert_string_equal(why, "");
	assert_string_equal(uri->jid, jid);
	assert_int_equal(uri->n, n);
}

static void
refused(const char *text, const char *reason)
{
	struct uri uri;
	char why[URI_WHY];

	assert_int_equal(uri_read(text, &uri, why), ERR_ARGUMENT);
	if (strstr(why, reason) == NULL)
		fail_msg("%s: %s, not %s", text, why, reason);
	assert_int_equal(uri.n, 0);
	assert_string_equal(uri.jid, "");
}

static void
test_forms(void **state)
{
	struct uri u;

	(void)state;
	reads(R "?omemo-sid-123=" A, "romeo@montague.lit", 1, &u);
	key_is(&u.v[0], 123, A, 0);
	reads(R "?omemo-sid-123=" A ";omemo-sid-2147483647=" B,
	    "romeo@montague.lit", 2, &u);
	key_is(&u.v[1], 2147483647, B, 0);
	reads("https://conversations.im/i/romeo@montague.lit?omemo-sid-1=" A
	      "&omemo-sid-2=" B,
	    "romeo@montague.lit", 2, &u);
	key_is(&u.v[1], 2, B, 0);
	/* XEP-0434's example */
	reads("xmpp:bob@example.com?trust-message;encryption=urn:xmpp:omemo:2;"
	      "trust=" A ";distrust=" B ";distrust=" C,
	    "bob@example.com", 3, &u);
	key_is(&u.v[0], 0, A, 0);
	key_is(&u.v[1], 0, B, 1);
	key_is(&u.v[2], 0, C, 1);
	reads("xmpp:bob@example.com?trust-message;encryption="
	      "eu.siacs.conversations.axolotl;trust=" A,
	    "bob@example.com", 1, &u);
	/* others' pairs among them, case, what a scanner adds */
	reads("\tXMPP:Romeo@Montague.lit?subscribe;name=R%C3%B6meo;"
	      "otr-fingerprint=00;omemo-sid-7=" A ";;trust=00#top\r\n",
	    "romeo@montague.lit", 1, &u);
	/* spacing, colons and case, as elsewhere */
	reads(R "?omemo-sid-1=623548D3%20835c6d33%3Aef5cb680:f7944ef3"
		"81cf712bf23a0119dabe5c4f252cd02f",
	    "romeo@montague.lit", 1, &u);
	key_is(&u.v[0], 1, A, 0);
	/* the same twice is once */
	reads(
	    R "?omemo-sid-1=" A ";omemo-sid-1=" A, "romeo@montague.lit", 1, &u);
	/* one identity, two ids */
	reads(
	    R "?omemo-sid-1=" A ";omemo-sid-2=" A, "romeo@montague.lit", 2, &u);
}

static void
test_percent(void **state)
{
	struct uri u, again;
	char text[URI_TEXT];

	(void)state;
	reads("xmpp:r%C3%b6meo%3b%25@m%C3%BCnchen.example?omemo-sid-1=" A,
	    "r\xc3\xb6meo;%@m\xc3\xbcnchen.example", 1, &u);
	assert_int_equal(uri_write(&u, text, sizeof(text)), 0);
	assert_string_equal(
	    text, "xmpp:r%C3%B6meo%3B%25@m%C3%BCnchen.example?omemo-sid-1=" A);
	reads(text, u.jid, 1, &again);
	key_is(&again.v[0], 1, A, 0);
	/* as it is is read, too */
	reads("xmpp:r\xc3\xb6meo@m\xc3\xbcnchen.example?omemo-sid-1=" A,
	    "r\xc3\xb6meo@m\xc3\xbcnchen.example", 1, &u);
	refused("xmpp:romeo%@montague.lit?omemo-sid-1=" A, "percent");
	refused("xmpp:romeo@montague.lit%4?omemo-sid-1=" A, "percent");
	refused("xmpp:romeo%4g@montague.lit?omemo-sid-1=" A, "percent");
	refused("xmpp:romeo%00@montague.lit?omemo-sid-1=" A, "zero octet");
	refused("xmpp:romeo%2fx@montague.lit?omemo-sid-1=" A, "resource");
	refused("xmpp:romeo%0a@montague.lit?omemo-sid-1=" A, "control");
	refused("xmpp:r%ff@montague.lit?omemo-sid-1=" A, "UTF-8");
}

static void
test_refused(void **state)
{
	(void)state;
	refused("", "xmpp:");
	refused("mailto:romeo@montague.lit?omemo-sid-1=" A, "xmpp:");
	refused("xmpp:", "no key");
	refused(R, "no key");
	refused(R "?", "no key");
	refused(R "?message;body=hello", "no key");
	refused("xmpp:romeo?omemo-sid-1=" A, "user@domain");
	refused(R "/balcony?omemo-sid-1=" A, "resource");
	refused("xmpp://x/" R "?omemo-sid-1=" A, "resource");
	refused(R "?omemo-sid-1=" A " and more", "blank");
	refused(R "?omemo-sid-1=" A "\n" R "?omemo-sid-2=" B, "blank");
	/* a digit too few, too many, none, none at all */
	refused(R "?omemo-sid-17=" A "0", "device 17");
	refused(R "?omemo-sid-17=00", "device 17");
	refused(R "?omemo-sid-17=", "device 17");
	refused(R "?omemo-sid-17", "device 17");
	refused(R "?omemo-sid-17=g" A, "device 17");
	refused(R "?omemo-sid-1=" A ";omemo-sid-2=05" B, "device 2");
	/* ids that no device has */
	refused(R "?omemo-sid-=" A, "device id");
	refused(R "?omemo-sid-0=" A, "device id");
	refused(R "?omemo-sid-01=" A, "device id");
	refused(R "?omemo-sid-+1=" A, "device id");
	refused(R "?omemo-sid--1=" A, "device id");
	refused(R "?omemo-sid-1x=" A, "device id");
	refused(R "?omemo-sid-2147483648=" A, "device id");
	refused(R "?omemo-sid-99999999999999999999=" A, "device id");
	/* contradictions */
	refused(R "?omemo-sid-1=" A ";omemo-sid-1=" B, "two fingerprints");
	refused(R "?trust-message;encryption=urn:xmpp:omemo:2;trust=" A
		  ";distrust=" A,
	    "trusted and not");
	/* trust messages of which it is not known what they speak of */
	refused(R "?trust-message;trust=" A, "which encryption");
	refused(R "?trust-message;encryption=urn:xmpp:ox:0;trust=" A,
	    "urn:xmpp:ox:0");
	refused(R "?trust-message;encryption=urn:xmpp:omemo:2;trust=00",
	    "64 hex digits");
	refused(R "?trust=" A, "no key");
}

/* Every maximum, and one more. */
static void
test_limits(void **state)
{
	static char text[2 * URI_TEXT];
	struct uri u;
	char small[120];
	size_t at;

	(void)state;
	assert_int_equal(URI_KEYS, LIMIT_DEVICES);
	at = (size_t)snprintf(text, sizeof(text), "%s?", R);
	for (unsigned i = 1; i <= URI_KEYS; i++)
		at += (size_t)snprintf(
		    text + at, sizeof(text) - at, "omemo-sid-%u=%s;", i, A);
	reads(text, "romeo@montague.lit", URI_KEYS, &u);
	snprintf(text + at, sizeof(text) - at, "omemo-sid-99=%s", A);
	refused(text, "more keys");
	/* what it writes it can read; and it says when there is no room */
	assert_int_equal(uri_write(&u, text, sizeof(text)), 0);
	reads(text, u.jid, URI_KEYS, &u);
	u.n = 1;
	at = strlen(R "?omemo-sid-1=" A);
	assert_true(at < sizeof(small));
	assert_int_equal(uri_write(&u, small, at), ERR_TOO_LONG);
	assert_int_equal(uri_write(&u, small, at + 1), 0);
	assert_int_equal(uri_write(&u, small, 5), ERR_TOO_LONG);
	assert_int_equal(uri_write(&u, small, 1), ERR_TOO_LONG);
	/* the whole */
	at = (size_t)snprintf(text, sizeof(text), "%s?omemo-sid-1=%s;x=", R, A);
	memset(text + at, 'y', URI_TEXT);
	text[URI_TEXT - 1] = '\0';
	reads(text, "romeo@montague.lit", 1, &u);
	text[URI_TEXT - 1] = 'y';
	text[URI_TEXT] = '\0';
	refused(text, "too long");
	/* a value, an address */
	at = (size_t)snprintf(text, sizeof(text), "%s?omemo-sid-1=%s", R, A);
	for (int i = 0; i < 10; i++)
		memcpy(text + at + 64 * i, A, 65);
	refused(text, "too long");
	at = (size_t)snprintf(text, sizeof(text), "xmpp:");
	memset(text + at, 'x', JID_SIZE);
	snprintf(text + at + JID_SIZE, 200, "@montague.lit?omemo-sid-1=%s", A);
	refused(text, "too long");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_percent),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
