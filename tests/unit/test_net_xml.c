/* SPDX-License-Identifier: ISC */
/* xmpp-net's reading and writing of OMEMO 0.3.0: good ones, and bad input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../client/net/base64.h"
#include "../../client/net/net.h"
#include "../../client/net/omemo_xml.h"
#include "../../client/net/pep.h"
#include "../../client/net/slot.h"
#include "../../client/net/stanza.h"
#include "check.h"

#define X  "<encrypted xmlns='" NS_OMEMO_XML "'>"
#define XE "</encrypted>"
#define H  "<header sid='27183'>"
#define IV "<iv>AQEBAQEBAQEBAQEB</iv>"

static xmpp_ctx_t *ctx;

static xmpp_stanza_t *
parse(const char *text)
{
	xmpp_stanza_t *el = xmpp_stanza_new_from_string(ctx, text);

	assert_non_null(el);
	return el;
}

static void
base64_table(void **state)
{
	static const struct {
		const char *text;
		int err;
		size_t len;
	} rows[] = {
		{ "", 0, 0 },
		{ "AAAA", 0, 3 },
		{ "AAA=", 0, 2 },
		{ "AA==", 0, 1 },
		{ " A\nA A\tA\r", 0, 3 },
		{ "A", ERR_BAD_MESSAGE, 0 },
		{ "AA", ERR_BAD_MESSAGE, 0 },
		{ "AAA", ERR_BAD_MESSAGE, 0 },
		{ "A===", ERR_BAD_MESSAGE, 0 },
		{ "====", ERR_BAD_MESSAGE, 0 },
		{ "AA==AAAA", ERR_BAD_MESSAGE, 0 },
		{ "AAAA====", ERR_BAD_MESSAGE, 0 },
		{ "AAB=", ERR_BAD_MESSAGE, 0 },
		{ "AB==", ERR_BAD_MESSAGE, 0 },
		{ "AA-_", ERR_BAD_MESSAGE, 0 },
		{ "AA\xc3\xa4", ERR_BAD_MESSAGE, 0 },
		{ "AAAAAAAAAAAAAAAAAAAAAAAA", ERR_TOO_LONG, 0 },
	};

	uint8_t out[16];
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
		    base64_decode(rows[i].text, out, sizeof(out), &len),
		    rows[i].err);
		assert_int_equal(len, rows[i].len);
	}
}

static void
base64_there_and_back(void **state)
{
	uint8_t in[64], out[64];
	size_t n, i, len;
	char *text;

	(void)state;
	for (i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 37 + 250);
	for (n = 0; n <= sizeof(in); n++) {
		text = base64_encode(in, n);
		assert_non_null(text);
		assert_int_equal(base64_decode(text, out, n, &len), 0);
		assert_int_equal(len, n);
		assert_memory_equal(in, out, n);
		free(text);
	}
}

static void
encrypted_good(void **state)
{
	struct xml_encrypted e;
	const char *why;
	xmpp_stanza_t *el =
	    parse(X H "<key rid='31415'>QUJD</key>"
		      "<key rid='12321' prekey='true'>REVG</key>"
		      "<key rid='31415' prekey='1'>R0hJ</key>" IV
		      "</header><payload>Sks=</payload>" XE);

	(void)state;
	assert_int_equal(encrypted_parse(el, 31415, &e, &why), 0);
	assert_int_equal(e.sid, 27183);
	assert_int_equal(e.nkeys, 2);
	assert_int_equal(e.keys[0].kex, 0);
	assert_memory_equal(e.keys[0].bytes, "ABC", 3);
	assert_int_equal(e.keys[1].kex, 1);
	assert_memory_equal(e.keys[1].bytes, "GHI", 3);
	assert_int_equal(e.ivlen, 12);
	assert_int_equal(e.has_payload, 1);
	assert_int_equal(e.payloadlen, 2);
	encrypted_free(&e);
	xmpp_stanza_release(el);
}

static void
encrypted_bad(void **state)
{
	static const char *const rows[][2] = {
		{ X XE, "it has no header" },
		{ X H IV "</header>" H IV "</header>" XE,
		    "it has more than one header" },
		{ X "<header>" IV "</header>" XE,
		    "its header has no valid sid" },
		{ X "<header sid='0'>" IV "</header>" XE,
		    "its header has no valid sid" },
		{ X "<header sid='-1'>" IV "</header>" XE,
		    "its header has no valid sid" },
		{ X "<header sid='2147483648'>" IV "</header>" XE,
		    "its header has no valid sid" },
		{ X "<header sid='99999999999999999999'>" IV "</header>" XE,
		    "its header has no valid sid" },
		{ X H "</header>" XE, "it has no IV" },
		{ X H IV IV "</header>" XE, "it has more than one IV" },
		{ X H "<iv>AQEB</iv></header>" XE,
		    "its IV is of a wrong length" },
		{ X H "<iv>!!!!</iv></header>" XE,
		    "its IV is not base64, or too long" },
		{ X H "<key rid='1'>AA</key>" IV "</header>" XE,
		    "a key is not base64, or too long" },
		{ X H "<key rid='1'>AA==<b/></key>" IV "</header>" XE,
		    "a key is not base64, or too long" },
		{ X H IV "</header><payload>#</payload>" XE,
		    "its payload is not base64" },
		{ X H IV "</header><payload/><payload/>" XE,
		    "it has more than one payload" },
	};
	struct xml_encrypted e;
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		xmpp_stanza_t *el = parse(rows[i][0]);

		assert_true(encrypted_parse(el, 1, &e, &why) < 0);
		assert_string_equal(why, rows[i][1]);
		encrypted_free(&e);
		xmpp_stanza_release(el);
	}
}

/* Keys for our device: as many as the limit, and one more. */
static void
encrypted_many_keys(void **state)
{
	char text[8192] = X H IV;
	struct xml_encrypted e;
	xmpp_stanza_t *el;
	const char *why;
	int i, n;

	(void)state;
	for (n = LIMIT_KEY_ELEMENTS; n <= LIMIT_KEY_ELEMENTS + 1; n++) {
		snprintf(text, sizeof(text), "%s", X H IV);
		for (i = 0; i < n; i++)
			strcat(text, "<key rid='7'>AAAA</key>");
		strcat(text, "</header>" XE);
		el = parse(text);
		assert_int_equal(encrypted_parse(el, 7, &e, &why),
		    n > LIMIT_KEY_ELEMENTS ? ERR_TOO_LONG : 0);
		encrypted_free(&e);
		xmpp_stanza_release(el);
	}
}

/* A key and a payload at their limits, and one octet over. */
static void
encrypted_long(void **state)
{
	static uint8_t octets[LIMIT_TEXT + 1];
	struct xml_encrypted e;
	xmpp_stanza_t *el, *header, *key;
	const char *why;
	size_t over;

	(void)state;
	for (over = 0; over < 4; over++) {
		el = el_new(ctx, "encrypted", NS_OMEMO_XML);
		header = el_add(el, "header", NS_OMEMO_XML);
		el_set(header, "sid", "5");
		key = el_add(header, "key", NS_OMEMO_XML);
		el_set(key, "rid", "7");
		el_base64(key, octets, LIMIT_KEY_ELEMENT + (over & 1));
		el_base64(el_add(header, "iv", NS_OMEMO_XML), octets, 16);
		el_base64(el_add(el, "payload", NS_OMEMO_XML), octets,
		    LIMIT_TEXT + (over >> 1));
		assert_int_equal(encrypted_parse(el, 7, &e, &why),
		    over == 0 ? 0 : ERR_TOO_LONG);
		encrypted_free(&e);
		xmpp_stanza_release(el);
	}
}

static void
lists(void **state)
{
	static struct xml_list list;
	xmpp_stanza_t *el = parse("<list xmlns='" NS_OMEMO_XML "'>"
				  "<device id='5'/><device/><device id='0'/>"
				  "<device id='x'/><device id='-3'/>"
				  "<device id='2147483648'/><other id='9'/>"
				  "<device id='2147483647'/><device id='5'/>"
				  "</list>");
	int i;

	(void)state;
	list_parse(el, &list);
	assert_int_equal(list.n, 3); /* the double is the keeper's to ignore */
	assert_int_equal(list.ids[0], 5);
	assert_int_equal(list.ids[1], INT32_MAX);
	xmpp_stanza_release(el);
	el = el_new(ctx, "list", NS_OMEMO_XML);
	for (i = 1; i <= LIMIT_LIST_IDS + 1; i++)
		el_set_u32(
		    el_add(el, "device", NS_OMEMO_XML), "id", (uint32_t)i);
	list_parse(el, &list);
	assert_int_equal(list.n, LIMIT_LIST_IDS);
	xmpp_stanza_release(el);
}

#define B  "<bundle xmlns='" NS_OMEMO_XML "'>"
#define BE "</bundle>"
#define IK "<identityKey>AAAA</identityKey>"
#define SP "<signedPreKeyPublic signedPreKeyId='3'>AAAA</signedPreKeyPublic>"
#define SS "<signedPreKeySignature>AAAA</signedPreKeySignature>"

static void
bundles(void **state)
{
	static const char *const bad[] = {
		B BE,
		B IK SP SS BE,
		B SP SS "<prekeys/>" BE,
		B IK SS "<prekeys/>" BE,
		B IK SP "<prekeys/>" BE,
		B "<identityKey>!</identityKey>" SP SS "<prekeys/>" BE,
		B IK "<signedPreKeyPublic>AAAA</signedPreKeyPublic>" SS
		     "<prekeys/>" BE,
	};
	static struct xml_bundle b;
	xmpp_stanza_t *el;
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		el = parse(bad[i]);
		assert_int_equal(bundle_parse(el, &b, &why), ERR_BAD_MESSAGE);
		assert_true(*why != '\0');
		xmpp_stanza_release(el);
	}
	el = parse(B IK SP SS "<prekeys>"
			      "<preKeyPublic preKeyId='1'>AAAA</preKeyPublic>"
			      "<preKeyPublic>AAAA</preKeyPublic>"
			      "<preKeyPublic preKeyId='2'>?</preKeyPublic>"
			      "<preKeyPublic preKeyId='9'>AA==</preKeyPublic>"
			      "</prekeys>" BE);
	assert_int_equal(bundle_parse(el, &b, &why), 0);
	assert_int_equal(b.spk.id, 3);
	assert_int_equal(b.n, 2);
	assert_int_equal(b.prekeys[1].id, 9);
	assert_int_equal(b.prekeys[1].len, 1);
	xmpp_stanza_release(el);
}

/* What the keeper gives comes out as XML that reads back the same. */
static void
elements_there_and_back(void **state)
{
	struct xml_encrypted e;
	struct buffer b;
	struct reader r;
	xmpp_stanza_t *m = el_new(ctx, "message", NULL), *copy;
	const char *why;
	char *text;
	size_t len;

	(void)state;
	buffer_init(&b, 4096);
	buffer_put_u32(&b, 1);
	buffer_put_u8(&b, NS_LEGACY);
	buffer_put_u32(&b, 4711);
	buffer_put_string(&b, "iviviviviviv", 12);
	buffer_put_string(&b, "payload", 7);
	buffer_put_u32(&b, 1);
	buffer_put_cstring(&b, "romeo@montague.lit");
	buffer_put_u32(&b, 4712);
	buffer_put_u8(&b, 1);
	buffer_put_string(&b, "key", 3);
	reader_init(&r, b.data, b.len);
	assert_int_equal(elements_build(&r, m), 0);
	assert_int_equal(reader_end(&r), 0);
	assert_int_equal(xmpp_stanza_to_text(m, &text, &len), XMPP_EOK);
	copy = parse(text);
	xmpp_free(ctx, text);
	assert_int_equal(
	    encrypted_parse(
		el_child(copy, "encrypted", NS_OMEMO_XML), 4712, &e, &why),
	    0);
	assert_int_equal(e.sid, 4711);
	assert_int_equal(e.nkeys, 1);
	assert_int_equal(e.keys[0].kex, 1);
	assert_memory_equal(e.keys[0].bytes, "key", 3);
	assert_memory_equal(e.iv, "iviviviviviv", 12);
	assert_memory_equal(e.payload, "payload", 7);
	encrypted_free(&e);
	xmpp_stanza_release(copy);
	xmpp_stanza_release(m);
	/* every truncation is refused */
	for (len = 0; len < b.len; len++) {
		m = el_new(ctx, "message", NULL);
		reader_init(&r, b.data, len);
		assert_true(elements_build(&r, m) != 0);
		xmpp_stanza_release(m);
	}
	buffer_free(&b);
}

#define IQ(type, inner)                                                        \
	"<iq xmlns='jabber:client' type='" type "'><pubsub xmlns='" NS_PUBSUB  \
	"'><items node='n'>" inner "</items></pubsub></iq>"
#define LIST "<list xmlns='" NS_OMEMO_XML "'/>"

static void
pep_answers(void **state)
{
	static const struct {
		const char *text;
		int err;
	} rows[] = {
		{ IQ("result", "<item id='x'>" LIST "</item>"), 0 },
		{ IQ("result",
		      "<item id='x'/><item id='current'>" LIST "</item>"),
		    0 },
		{ IQ("result", ""), ERR_NOT_FOUND },
		{ IQ("result", "<item id='x'><other/></item>"),
		    ERR_BAD_MESSAGE },
		{ "<iq xmlns='jabber:client' type='result'/>",
		    ERR_BAD_MESSAGE },
		{ "<iq xmlns='jabber:client' type='error'><error "
		  "type='cancel'><item-not-found "
		  "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
		    ERR_NOT_FOUND },
		{ "<iq xmlns='jabber:client' type='error'><error "
		  "type='auth'><forbidden "
		  "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
		    ERR_EOF },
		{ "<iq xmlns='jabber:client' type='error'/>", ERR_EOF },
	};

	xmpp_stanza_t *payload, *iq;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		iq = parse(rows[i].text);
		assert_int_equal(
		    pep_payload(iq, "n", "list", &payload), rows[i].err);
		assert_int_equal(payload != NULL, rows[i].err == 0);
		xmpp_stanza_release(iq);
	}
	assert_int_equal(pep_payload(NULL, "n", "list", &payload), ERR_EOF);
	iq = parse(rows[0].text); /* an answer about another node */
	assert_int_equal(
	    pep_payload(iq, "m", "list", &payload), ERR_BAD_MESSAGE);
	xmpp_stanza_release(iq);
}

#define SLOT(inner)                                                            \
	"<iq xmlns='jabber:client' type='result'><slot xmlns='" NS_UPLOAD      \
	"'>" inner "</slot></iq>"
#define PUT(inner) "<put url='https://u.lit/p/f'>" inner "</put>"
#define GET	   "<get url='https://u.lit:444/g/f'/>"
#define HEADER(n)  "<header name='" n "'>v</header>"
#define EIGHT(h)   h h h h h h h h

static void
slots_good(void **state)
{
	xmpp_stanza_t *iq = parse(SLOT(PUT(
	    HEADER("Authorization") "<header name='cookie'>a&#10;\r\nb</header>"
				    "<header name='Host'>x</header>"
				    "<header name='Expires'/>") GET));
	struct xml_slot slot;
	const char *why;

	(void)state;
	assert_int_equal(slot_parse(iq, &slot, &why), 0);
	assert_string_equal(slot.put.text, "https://u.lit/p/f");
	assert_int_equal(slot.get.port, 444);
	assert_int_equal(slot.n, 2); /* neither Host nor an empty one */
	assert_string_equal(slot.headers[0].name, "Authorization");
	assert_string_equal(slot.headers[0].value, "v");
	assert_string_equal(slot.headers[1].value, "ab");
	slot_free(&slot);
	xmpp_stanza_release(iq);
	iq = parse(SLOT(PUT(EIGHT(HEADER("Cookie"))) GET));
	assert_int_equal(slot_parse(iq, &slot, &why), 0);
	assert_int_equal(slot.n, URL_HEADERS);
	slot_free(&slot);
	xmpp_stanza_release(iq);
}

static void
slots_bad(void **state)
{
	static const char *const rows[][2] = {
		{ "<iq xmlns='jabber:client' type='result'/>", "no slot" },
		{ "<iq xmlns='jabber:client' type='error'/>", "no slot" },
		{ SLOT(""), "no slot" },
		{ SLOT(GET), "no slot" },
		{ SLOT(PUT("")), "no slot" },
		{ SLOT("<put/>" GET), "not https" },
		{ SLOT("<put url='http://u.lit/f'/>" GET), "not https" },
		{ SLOT(PUT("") "<get url='http://u.lit/f'/>"), "not https" },
		{ SLOT(PUT("") "<get url='https://u.lit/f#k'/>"), "path" },
		{ SLOT("<put url='https://a@u.lit/f'/>" GET), "host" },
		{ SLOT(PUT(EIGHT(HEADER("Cookie")) HEADER("Cookie")) GET),
		    "header" },
		{ SLOT(PUT("<header name='Cookie'>a&#127;b</header>") GET),
		    "header" },
	};
	struct xml_slot slot;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		xmpp_stanza_t *iq = parse(rows[i][0]);

		assert_int_equal(slot_parse(iq, &slot, &why), ERR_BAD_MESSAGE);
		if (strstr(why, rows[i][1]) == NULL)
			fail_msg("%s: %s", rows[i][0], why);
		slot_free(&slot);
		xmpp_stanza_release(iq);
	}
	assert_int_equal(slot_parse(NULL, &slot, &why), ERR_BAD_MESSAGE);
}

/* As many octets of headers as XEP-0363 asks for, and one more. */
static void
slots_long(void **state)
{
	static char text[2 * SLOT_OCTETS];
	struct xml_slot slot;
	xmpp_stanza_t *iq;
	const char *why;
	int more;

	(void)state;
	for (more = 0; more <= 1; more++) {
		snprintf(text, sizeof(text),
		    SLOT(PUT("<header name='Cookie'>%0*d</header>") GET),
		    SLOT_OCTETS - 6 + more, 0);
		iq = parse(text);
		assert_int_equal(
		    slot_parse(iq, &slot, &why), more ? ERR_BAD_MESSAGE : 0);
		slot_free(&slot);
		xmpp_stanza_release(iq);
	}
}

#define INFO(inner)                                                                 \
	"<iq xmlns='jabber:client' type='result'><query xmlns='" XMPP_NS_DISCO_INFO \
	"'>" inner "</query></iq>"
#define UPLOAD "<feature var='" NS_UPLOAD "'/>"
#define FORM(type, max)                                                        \
	"<x xmlns='" NS_DATA                                                   \
	"' type='result'><field var='FORM_TYPE'><value>" type                  \
	"</value></field><field var='max-file-size'><value>" max               \
	"</value></field></x>"

static void
services(void **state)
{
	static const struct {
		const char *text;
		int is;
		uint64_t max;
	} rows[] = {
		{ INFO(UPLOAD FORM(NS_UPLOAD, "5242880")), 1, 5242880 },
		{ INFO(UPLOAD FORM("other", "7") FORM(NS_UPLOAD, "9")), 1, 9 },
		{ INFO(UPLOAD), 1, UINT64_MAX },
		{ INFO(UPLOAD FORM(NS_UPLOAD, "-1")), 1, UINT64_MAX },
		{ INFO(UPLOAD FORM(NS_UPLOAD, "")), 1, UINT64_MAX },
		{ INFO(UPLOAD "<x xmlns='" NS_DATA "'/>"), 1, UINT64_MAX },
		{ INFO(FORM(NS_UPLOAD, "5")), 0, UINT64_MAX },
		{ INFO(""), 0, UINT64_MAX },
		{ "<iq xmlns='jabber:client' type='error'/>", 0, UINT64_MAX },
	};

	uint64_t max;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		xmpp_stanza_t *iq = parse(rows[i].text);

		assert_int_equal(slot_is_service(iq, &max), rows[i].is);
		assert_true(max == rows[i].max);
		xmpp_stanza_release(iq);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_table),
		cmocka_unit_test(base64_there_and_back),
		cmocka_unit_test(encrypted_good),
		cmocka_unit_test(encrypted_bad),
		cmocka_unit_test(encrypted_many_keys),
		cmocka_unit_test(encrypted_long),
		cmocka_unit_test(lists),
		cmocka_unit_test(bundles),
		cmocka_unit_test(elements_there_and_back),
		cmocka_unit_test(pep_answers),
		cmocka_unit_test(slots_good),
		cmocka_unit_test(slots_bad),
		cmocka_unit_test(slots_long),
		cmocka_unit_test(services),
	};
	int failed;

	ctx = xmpp_ctx_new(NULL, NULL);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	xmpp_ctx_free(ctx);
	return failed;
}
