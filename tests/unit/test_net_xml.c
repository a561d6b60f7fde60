/* SPDX-License-Identifier: ISC */
/* xmpp-net's reading and writing of OMEMO in both versions: good ones, and bad
 * input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../client/net/base64.h"
#include "../../client/net/limits.h"
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

#define OWN	 "juliet@capulet.lit"
#define ONLY(id) (&(struct xml_devices){ 1, { id } })
#define LEGACY	 (&dialects[NS_LEGACY])
#define OMEMO2	 (&dialects[NS_OMEMO2])

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
	assert_int_equal(
	    encrypted_parse(el, LEGACY, OWN, ONLY(31415), &e, &why), 0);
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
	/* a device that was replaced is ours too */
	assert_int_equal(
	    encrypted_parse(el, LEGACY, OWN,
		&(struct xml_devices){ 2, { 31415, 12321 } }, &e, &why),
	    0);
	assert_int_equal(e.nkeys, 3);
	assert_memory_equal(e.keys[1].bytes, "DEF", 3);
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

		assert_true(
		    encrypted_parse(el, LEGACY, OWN, ONLY(1), &e, &why) < 0);
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
		assert_int_equal(
		    encrypted_parse(el, LEGACY, OWN, ONLY(7), &e, &why),
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
		assert_int_equal(
		    encrypted_parse(el, LEGACY, OWN, ONLY(7), &e, &why),
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
	list_parse(el, LEGACY, &list);
	assert_int_equal(list.n, 3); /* the double is the keeper's to ignore */
	assert_int_equal(list.ids[0], 5);
	assert_int_equal(list.ids[1], INT32_MAX);
	xmpp_stanza_release(el);
	el = el_new(ctx, "list", NS_OMEMO_XML);
	for (i = 1; i <= LIMIT_LIST_IDS + 1; i++)
		el_set_u32(
		    el_add(el, "device", NS_OMEMO_XML), "id", (uint32_t)i);
	list_parse(el, LEGACY, &list);
	assert_int_equal(list.n, LIMIT_LIST_IDS);
	assert_int_equal(list.listed, LIMIT_LIST_IDS + 1);
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
		assert_int_equal(
		    bundle_parse(el, LEGACY, &b, &why), ERR_BAD_MESSAGE);
		assert_true(*why != '\0');
		xmpp_stanza_release(el);
	}
	el = parse(B IK SP SS "<prekeys>"
			      "<preKeyPublic preKeyId='1'>AAAA</preKeyPublic>"
			      "<preKeyPublic>AAAA</preKeyPublic>"
			      "<preKeyPublic preKeyId='2'>?</preKeyPublic>"
			      "<preKeyPublic preKeyId='9'>AA==</preKeyPublic>"
			      "</prekeys>" BE);
	assert_int_equal(bundle_parse(el, LEGACY, &b, &why), 0);
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
	unsigned spoken;
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
	assert_int_equal(elements_build(&r, m, &spoken), 0);
	assert_int_equal(reader_end(&r), 0);
	assert_int_equal(xmpp_stanza_to_text(m, &text, &len), XMPP_EOK);
	copy = parse(text);
	xmpp_free(ctx, text);
	assert_int_equal(
	    encrypted_parse(el_child(copy, "encrypted", NS_OMEMO_XML), LEGACY,
		OWN, ONLY(4712), &e, &why),
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
		assert_true(elements_build(&r, m, &spoken) != 0);
		xmpp_stanza_release(m);
	}
	buffer_free(&b);
}

/* A bundle has the schema's order: strict readers refuse another. */
static void
bundle_order(void **state)
{
	static const char *const names[] = { "signedPreKeyPublic",
		"signedPreKeySignature", "identityKey", "prekeys" };
	static struct xml_bundle x;
	xmpp_stanza_t *b, *el;
	struct buffer out;
	struct reader r;
	const char *why;
	char *text;
	size_t i, len;

	(void)state;
	buffer_init(&out, 4096);
	buffer_put_string(&out, "identity", 8);
	buffer_put_u32(&out, 3);
	buffer_put_string(&out, "spk", 3);
	buffer_put_string(&out, "signature", 9);
	buffer_put_u32(&out, 1);
	buffer_put_u32(&out, 9);
	buffer_put_string(&out, "prekey", 6);
	reader_init(&r, out.data, out.len);
	assert_int_equal(bundle_build(&r, ctx, LEGACY, &b), 0);
	assert_int_equal(reader_end(&r), 0);
	el = xmpp_stanza_get_children(b);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_string_equal(xmpp_stanza_get_name(el), names[i]);
		el = xmpp_stanza_get_next(el);
	}
	assert_null(el);
	assert_int_equal(xmpp_stanza_to_text(b, &text, &len), XMPP_EOK);
	xmpp_stanza_release(b);
	b = parse(text);
	xmpp_free(ctx, text);
	assert_int_equal(bundle_parse(b, LEGACY, &x, &why), 0);
	assert_memory_equal(x.identity.bytes, "identity", 8);
	assert_int_equal(x.spk.id, 3);
	assert_int_equal(x.n, 1);
	xmpp_stanza_release(b);
	for (len = 0; len < out.len; len++) { /* every truncation */
		reader_init(&r, out.data, len);
		assert_true(bundle_build(&r, ctx, LEGACY, &b) != 0);
		assert_null(b);
	}
	buffer_free(&out);
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

	const struct pep_wanted n = { "n", NULL, "list", NS_OMEMO_XML },
				m = { "m", NULL, "list", NS_OMEMO_XML },
				x = { "n", "x", "list", NS_OMEMO_XML },
				y = { "n", "y", "list", NS_OMEMO_XML };
	xmpp_stanza_t *payload, *iq;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		iq = parse(rows[i].text);
		assert_int_equal(pep_payload(iq, &n, &payload), rows[i].err);
		assert_int_equal(payload != NULL, rows[i].err == 0);
		xmpp_stanza_release(iq);
	}
	assert_int_equal(pep_payload(NULL, &n, &payload), ERR_EOF);
	iq = parse(rows[0].text); /* an answer about another node */
	assert_int_equal(pep_payload(iq, &m, &payload), ERR_BAD_MESSAGE);
	/* where each device has an item, another's will not do */
	assert_int_equal(pep_payload(iq, &x, &payload), 0);
	assert_int_equal(pep_payload(iq, &y, &payload), ERR_NOT_FOUND);
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

/* --- version 2 ------------------------------------------------------------------ */

#define X2	     "<encrypted xmlns='" NS_OMEMO2_XML "'>"
#define OURS	     "<key rid='8'>AAAA</key><key rid='7' kex='true'>REVG</key>"
#define K2(jid, key) "<keys jid='" jid "'>" key "</keys>"

static void
encrypted2(void **state)
{
	static const char *const bad[][2] = {
		{ X2 XE, "it has no header" },
		{ X2 H "</header>" H "</header>" XE,
		    "it has more than one header" },
		{ X2 "<header sid='0'/>" XE, "its header has no valid sid" },
		{ X2 H K2(OWN, "<key rid='1'>AA</key>") "</header>" XE,
		    "a key is not base64, or too long" },
		{ X2 H "</header><payload/><payload/>" XE,
		    "it has more than one payload" },
		{ X2 H "</header><payload>#</payload>" XE,
		    "its payload is not base64" },
	};
	struct xml_encrypted e;
	const char *why;
	xmpp_stanza_t *el;
	size_t i;

	(void)state;
	/* another account's device may have our id; so may a key at large */
	el = parse(X2 H K2("romeo@montague.lit", "<key rid='7'>QUJD</key>")
		K2(OWN, OURS) "<key rid='7'>R0hJ</key></header>"
			      "<payload>Sks=</payload>" XE);
	assert_int_equal(
	    encrypted_parse(el, OMEMO2, OWN, ONLY(7), &e, &why), 0);
	assert_int_equal(e.nkeys, 1);
	assert_int_equal(e.keys[0].kex, 1);
	assert_memory_equal(e.keys[0].bytes, "DEF", 3);
	assert_int_equal(e.ivlen, 0);
	assert_int_equal(e.payloadlen, 2);
	encrypted_free(&e);
	xmpp_stanza_release(el);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		el = parse(bad[i][0]);
		assert_true(
		    encrypted_parse(el, OMEMO2, OWN, ONLY(1), &e, &why) < 0);
		assert_string_equal(why, bad[i][1]);
		encrypted_free(&e);
		xmpp_stanza_release(el);
	}
}

/* A payload of an envelope at its limit, and one octet over. */
static void
encrypted2_long(void **state)
{
	static uint8_t octets[LIMIT_ENVELOPE + 17];
	struct xml_encrypted e;
	xmpp_stanza_t *el;
	const char *why;
	size_t over;

	(void)state;
	for (over = 0; over < 2; over++) {
		el = parse(X2 H "</header>" XE);
		el_base64(el_add(el, "payload", NS_OMEMO2_XML), octets,
		    LIMIT_ENVELOPE + 16 + over);
		assert_int_equal(
		    encrypted_parse(el, OMEMO2, OWN, ONLY(7), &e, &why),
		    over == 0 ? 0 : ERR_TOO_LONG);
		encrypted_free(&e);
		xmpp_stanza_release(el);
	}
}

#define LIMITS(inside)                                                         \
	"<limits xmlns='urn:xmpp:stream-limits:0'>" inside "</limits>"

/* What a server takes at once: a number, or nothing. */
static void
stream_limits(void **state)
{
	static const struct {
		const char *inside;
		size_t max;
	} cases[] = {
		{ "", 0 },
		{ LIMITS("<max-bytes>10000</max-bytes>"), 10000 },
		{ LIMITS("<idle-seconds>9</idle-seconds>"
			 "<max-bytes>4294967295</max-bytes>"),
		    4294967295 },
		{ LIMITS("<max-bytes>4294967296</max-bytes>"), 0 },
		{ LIMITS("<max-bytes>99999999999999999999</max-bytes>"), 0 },
		{ LIMITS("<max-bytes>-1</max-bytes>"), 0 },
		{ LIMITS("<max-bytes> 1</max-bytes>"), 0 },
		{ LIMITS("<max-bytes>1k</max-bytes>"), 0 },
		{ LIMITS("<max-bytes/>"), 0 },
		{ LIMITS("<max-bytes><a/></max-bytes>"), 0 },
		{ LIMITS(""), 0 },
		{ "<limits xmlns='urn:other'><max-bytes>1</max-bytes></limits>",
		    0 },
	};
	struct net net = { .ctx = ctx, .stanza_max = 1 };
	char text[512];
	xmpp_stanza_t *el;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text),
		    "RECV: <features xmlns='" XMPP_NS_STREAMS "'>%s</features>",
		    cases[i].inside);
		el = parse(text + 6);
		assert_int_equal(limits_parse(el), cases[i].max);
		xmpp_stanza_release(el);
		limits_log(&net, text);
		assert_int_equal(net.stanza_max,
		    cases[i].max != 0 ? cases[i].max : NET_STANZA);
	}
	/* what is none, or is ours, changes nothing */
	net.stanza_max = 7;
	limits_log(&net, "SEND: <features/>");
	limits_log(&net, "RECV: <message/>");
	limits_log(&net, "RECV: <features");
	limits_log(&net, "RECV:");
	limits_log(&net, "");
	assert_int_equal(net.stanza_max, 7);
	el = parse("<a b='c'>&lt;</a>");
	assert_int_equal(limits_measure(&net, el), 17);
	xmpp_stanza_release(el);
}

#define L2 "<devices xmlns='" NS_OMEMO2_XML "'>"

/* A label with its signature outlives our writing of the list. */
static void
labels(void **state)
{
	static struct xml_list list;
	static struct xml_labels kept;
	const uint32_t ids[] = { 5, 6, 7, 8 };
	struct xml_label ours = { .id = 9 };
	struct reader r;
	struct buffer b;
	char text[1024], label[XML_LABEL + 2];
	xmpp_stanza_t *el, *out, *device;

	(void)state;
	memset(label, 'x', sizeof(label));
	label[XML_LABEL + 1] = '\0';
	snprintf(text, sizeof(text),
	    L2 "<device id='5' label='Gajim &lt;1>' labelsig='AAAA'/>"
	       "<device id='6' label='unsigned'/>"
	       "<device id='7' label='%s' labelsig='AAAA'/>"
	       "<device id='8'/><device id='0' label='a' labelsig='b'/>"
	       "</devices>",
	    label);
	el = parse(text);
	list_parse(el, OMEMO2, &list);
	assert_int_equal(list.n, 4);
	labels_parse(el, OMEMO2, &kept);
	xmpp_stanza_release(el);
	out = list_build(ctx, OMEMO2, ids, 4, &kept, &ours);
	device = el_child(out, "device", NS_OMEMO2_XML);
	if (device == NULL) /* built: the namespace is its parent's */
		device = xmpp_stanza_get_children(out);
	assert_string_equal(el_get(device, "id"), "5");
	assert_string_equal(el_get(device, "label"), "Gajim <1>");
	assert_string_equal(el_get(device, "labelsig"), "AAAA");
	for (device = xmpp_stanza_get_next(device); device != NULL;
	     device = xmpp_stanza_get_next(device))
		assert_string_equal(el_get(device, "label"), "");
	xmpp_stanza_release(out);
	/* ours is what the keeper says, whatever was on the list */
	for (int named = 0; named < 2; named++) {
		buffer_init(&b, 256);
		buffer_put_cstring(&b, named ? "desk" : "");
		buffer_put_string(&b, "\xff\xff\xff", named ? 3 : 0);
		reader_init(&r, b.data, b.len);
		label_read(&r, 5, &ours);
		assert_int_equal(reader_end(&r), 0);
		buffer_free(&b);
		out = list_build(ctx, OMEMO2, ids, 1, &kept, &ours);
		device = xmpp_stanza_get_children(out);
		assert_string_equal(
		    el_get(device, "label"), named ? "desk" : "");
		assert_string_equal(
		    el_get(device, "labelsig"), named ? "////" : "");
		xmpp_stanza_release(out);
	}
}

#define B2  "<bundle xmlns='" NS_OMEMO2_XML "'>"
#define SP2 "<spk id='3'>AAAA</spk>"
#define SS2 "<spks>AAAA</spks>"
#define IK2 "<ik>AAAA</ik>"

static void
bundles2(void **state)
{
	static const char *const bad[] = {
		B2 BE,
		B2 SP2 SS2 IK2 BE,
		B2 SP2 SS2 "<prekeys/>" BE,
		B2 SP2 IK2 "<prekeys/>" BE,
		B2 "<spk>AAAA</spk>" SS2 IK2 "<prekeys/>" BE,
		B2 IK SP SS "<prekeys/>" BE,
	};
	static struct xml_bundle b;
	xmpp_stanza_t *el;
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		el = parse(bad[i]);
		assert_int_equal(
		    bundle_parse(el, OMEMO2, &b, &why), ERR_BAD_MESSAGE);
		xmpp_stanza_release(el);
	}
	el = parse(B2 SP2 SS2 IK2 "<prekeys><pk id='1'>AAAA</pk><pk>AAAA</pk>"
				  "<pk id='9'>AA==</pk></prekeys>" BE);
	assert_int_equal(bundle_parse(el, OMEMO2, &b, &why), 0);
	assert_int_equal(b.spk.id, 3);
	assert_int_equal(b.n, 2);
	assert_int_equal(b.prekeys[1].id, 9);
	xmpp_stanza_release(el);
}

/* The order of its elements is that of their schema; it reads back. */
static void
bundle2_there_and_back(void **state)
{
	static const char *const order[] = { "spk", "spks", "ik", "prekeys" };
	static struct xml_bundle read;
	xmpp_stanza_t *el, *child, *copy;
	const char *why;
	struct buffer b;
	struct reader r;
	char *text;
	size_t len, i;

	(void)state;
	buffer_init(&b, 4096);
	buffer_put_string(&b, "identity", 8);
	buffer_put_u32(&b, 3);
	buffer_put_string(&b, "signed", 6);
	buffer_put_string(&b, "signature", 9);
	buffer_put_u32(&b, 1);
	buffer_put_u32(&b, 9);
	buffer_put_string(&b, "prekey", 6);
	reader_init(&r, b.data, b.len);
	assert_int_equal(bundle_build(&r, ctx, OMEMO2, &el), 0);
	child = xmpp_stanza_get_children(el);
	for (i = 0; i < 4; i++, child = xmpp_stanza_get_next(child))
		assert_string_equal(xmpp_stanza_get_name(child), order[i]);
	assert_null(child);
	assert_int_equal(xmpp_stanza_to_text(el, &text, &len), XMPP_EOK);
	xmpp_stanza_release(el);
	copy = parse(text);
	xmpp_free(ctx, text);
	assert_int_equal(bundle_parse(copy, OMEMO2, &read, &why), 0);
	assert_memory_equal(read.identity.bytes, "identity", 8);
	assert_int_equal(read.prekeys[0].id, 9);
	xmpp_stanza_release(copy);
	buffer_free(&b);
}

static void
put_keys(struct buffer *b, uint8_t ns, const char *jid, uint32_t device)
{
	buffer_put_u8(b, ns);
	buffer_put_u32(b, 4711);
	buffer_put_string(b, "iviviviviviv", ns == NS_LEGACY ? 12 : 0);
	buffer_put_string(b, "payload", 7);
	buffer_put_u32(b, 2);
	buffer_put_cstring(b, jid);
	buffer_put_u32(b, device);
	buffer_put_u8(b, 1);
	buffer_put_string(b, "key", 3);
	buffer_put_cstring(b, "tybalt@capulet.lit");
	buffer_put_u32(b, device);
	buffer_put_u8(b, 0);
	buffer_put_string(b, "his", 3);
}

/* One stanza, both versions, each with its own readers. */
static void
both_there_and_back(void **state)
{
	struct xml_encrypted e;
	xmpp_stanza_t *m = el_new(ctx, "message", NULL), *copy;
	const char *why;
	unsigned spoken;
	struct buffer b;
	struct reader r;
	char *text;
	size_t len;

	(void)state;
	buffer_init(&b, 4096);
	buffer_put_u32(&b, 2);
	put_keys(&b, NS_LEGACY, "romeo@montague.lit", 5);
	put_keys(&b, NS_OMEMO2, OWN, 7);
	reader_init(&r, b.data, b.len);
	assert_int_equal(elements_build(&r, m, &spoken), 0);
	assert_int_equal(spoken, 3);
	assert_int_equal(xmpp_stanza_to_text(m, &text, &len), XMPP_EOK);
	xmpp_stanza_release(m);
	copy = parse(text);
	xmpp_free(ctx, text);
	assert_int_equal(
	    encrypted_parse(el_child(copy, "encrypted", NS_OMEMO2_XML), OMEMO2,
		OWN, ONLY(7), &e, &why),
	    0);
	assert_int_equal(e.nkeys, 1);
	assert_int_equal(e.keys[0].kex, 1);
	assert_memory_equal(e.keys[0].bytes, "key", 3);
	assert_memory_equal(e.payload, "payload", 7);
	encrypted_free(&e);
	assert_int_equal(
	    encrypted_parse(el_child(copy, "encrypted", NS_OMEMO_XML), LEGACY,
		OWN, ONLY(7), &e, &why),
	    0);
	assert_int_equal(e.nkeys, 0);
	encrypted_free(&e);
	xmpp_stanza_release(copy);
	b.data[4] = 2; /* a namespace that does not exist */
	m = el_new(ctx, "message", NULL);
	reader_init(&r, b.data, b.len);
	assert_int_equal(elements_build(&r, m, &spoken), ERR_UNSUPPORTED);
	xmpp_stanza_release(m);
	buffer_free(&b);
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
		cmocka_unit_test(bundle_order),
		cmocka_unit_test(pep_answers),
		cmocka_unit_test(slots_good),
		cmocka_unit_test(slots_bad),
		cmocka_unit_test(slots_long),
		cmocka_unit_test(services),
		cmocka_unit_test(encrypted2),
		cmocka_unit_test(encrypted2_long),
		cmocka_unit_test(labels),
		cmocka_unit_test(stream_limits),
		cmocka_unit_test(bundles2),
		cmocka_unit_test(bundle2_there_and_back),
		cmocka_unit_test(both_there_and_back),
	};
	int failed;

	ctx = xmpp_ctx_new(NULL, NULL);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	xmpp_ctx_free(ctx);
	return failed;
}
