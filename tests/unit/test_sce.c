/* SPDX-License-Identifier: ISC */
/* The parser of envelopes: good ones, and what a contact may write instead. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/envelope.h"
#include "../../client/sce/sce.h"
#include "../../ipc/err.h"
#include "../../ipc/messages.h"
#include "check.h"

#define OPEN	    "<envelope xmlns='urn:xmpp:sce:1'>"
#define SHUT	    "</envelope>"
#define PAD	    "<rpad>x</rpad>"
#define BODY(t)	    "<body xmlns='jabber:client'>" t "</body>"
#define CONTENT(c)  "<content>" c "</content>"
#define REPLACE(id) "<replace xmlns='urn:xmpp:message-correct:0' id='" id "'/>"
#define FROM	    "<from jid='romeo@montague.lit'/>"
#define TO	    "<to jid='juliet@capulet.lit'/>"
#define GOOD	    OPEN CONTENT(BODY("hi")) PAD FROM TO SHUT

static int
parse(const char *text, struct sce *s, const char **why)
{
	return sce_parse((const uint8_t *)text, strlen(text), s, why);
}

static void
assert_body(const struct sce *s, const char *text)
{
	assert_int_equal(s->has_body, 1);
	assert_int_equal(s->body.len, strlen(text));
	assert_memory_equal(s->body.data, text, strlen(text));
}

static void
good(void **state)
{
	const char *why;
	struct sce s;

	(void)state;
	assert_int_equal(parse(GOOD, &s, &why), 0);
	assert_string_equal(why, "");
	assert_string_equal(s.from, "romeo@montague.lit");
	assert_string_equal(s.to, "juliet@capulet.lit");
	assert_body(&s, "hi");
	assert_int_equal(s.opt_out, 0);
	sce_free(&s);
	/* any order, any affix that is not known, no affix but the padding */
	assert_int_equal(
	    parse("<?xml version='1.0'?>" OPEN
		  "<rpad/><other xmlns='urn:example'><a/></other>" CONTENT(
		      BODY("&lt;&amp;&#228;\r\n<![CDATA[<b>]]>")) SHUT,
		&s, &why),
	    0);
	assert_string_equal(s.from, "");
	assert_string_equal(s.to, "");
	assert_body(&s, "<&\xc3\xa4\n<b>");
	sce_free(&s);
	assert_int_equal(
	    parse(OPEN CONTENT("<opt-out xmlns='urn:xmpp:omemo:2'>"
			       "<reason>my phone is old</reason></opt-out>")
		      PAD SHUT,
		&s, &why),
	    0);
	assert_int_equal(s.has_body, 0);
	assert_int_equal(s.opt_out, 1);
	assert_int_equal(s.reason.len, 15);
	sce_free(&s);
}

#define TM(usage, encryption, inside)                                          \
	"<trust-message xmlns='urn:xmpp:tm:1' usage='" usage                   \
	"' encryption='" encryption "'>" inside "</trust-message>"
#define OURS(inside) TM("urn:xmpp:atm:1", "urn:xmpp:omemo:2", inside)
#define OWNER(inside)                                                          \
	"<key-owner jid='romeo@montague.lit'>" inside "</key-owner>"
/* 32 octets: 0 and 31 of zero; 255 of each */
#define KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_B "//////////////////////////////////////////8="

static void
expect_word(struct reader *r, const char *owner, int trust, int octet)
{
	char jid[LIMIT_JID + 1];
	const uint8_t *key;

	reader_cstring(r, jid, sizeof(jid));
	assert_string_equal(jid, owner);
	assert_int_equal(reader_u8(r), trust);
	key = reader_bytes(r, 32);
	assert_non_null(key);
	for (int i = 0; i < 32; i++)
		assert_int_equal(key[i], octet);
}

/* A trust message: its words, in their order. */
static void
words(void **state)
{
	const char *why;
	struct reader r;
	struct sce s;

	(void)state;
	assert_int_equal(
	    parse(OPEN CONTENT(OURS(OWNER(
		      "<trust>" KEY_A "</trust><distrust>" KEY_B
		      "</distrust>") "<key-owner jid='a&apos;b@c'><trust>" KEY_B
				     "</trust></key-owner>")) PAD FROM TO
		"<time stamp='2026-01-01T00:00:00Z'/>" SHUT,
		&s, &why),
	    0);
	assert_int_equal(s.has_time, 1);
	assert_int_equal(s.words.n, 3);
	reader_init(&r, s.words.rows.data, s.words.rows.len);
	expect_word(&r, "romeo@montague.lit", TRUST_VERIFIED, 0);
	expect_word(&r, "romeo@montague.lit", TRUST_DISTRUSTED, 255);
	expect_word(&r, "a'b@c", TRUST_VERIFIED, 255);
	assert_int_equal(reader_end(&r), 0);
	sce_free(&s);
}

/* Of another use, of other keys, in another place: nothing is read of them. */
static void
no_words(void **state)
{
	static const char *const all[] = {
		OPEN CONTENT(TM("urn:example", "urn:xmpp:omemo:2",
		    OWNER("<trust>" KEY_A "</trust>"))) PAD SHUT,
		OPEN CONTENT(TM("urn:xmpp:atm:1", "urn:xmpp:ox:0",
		    OWNER("<trust>" KEY_A "</trust>"))) PAD SHUT,
		OPEN CONTENT("<trust-message xmlns='urn:xmpp:tm:1'>" OWNER(
		    "<trust>" KEY_A "</trust>") "</trust-message>") PAD SHUT,
		OPEN CONTENT("") PAD OURS(OWNER("<trust>" KEY_A "</trust>"))
		    SHUT,
		OPEN CONTENT("<a>" OURS(
		    OWNER("<trust>" KEY_A "</trust>")) "</a>") PAD SHUT,
		OPEN CONTENT(OURS("<trust>" KEY_A "</trust>")) PAD SHUT,
		OPEN CONTENT(OURS(OWNER("<trust>" KEY_A "=</trust>"))) PAD SHUT,
		OPEN CONTENT(OURS(OWNER("<trust> " KEY_A "</trust>"))) PAD SHUT,
		OPEN CONTENT(OURS(OWNER("<trust>" KEY_A KEY_A "</trust>")))
		    PAD SHUT,
		OPEN CONTENT(OURS(OWNER("<trust>AAAA</trust><trust/>")))
		    PAD SHUT,
		/* bits behind the last octet; no digit */
		OPEN CONTENT(OURS(OWNER(
		    "<trust>"
		    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=</trust>")))
		    PAD SHUT,
		OPEN CONTENT(OURS(OWNER(
		    "<trust>"
		    "AAAAAAAAAAAAAAAAAAAAA*AAAAAAAAAAAAAAAAAAAAA=</trust>")))
		    PAD SHUT,
	};
	static const char *const refused[] = {
		OPEN CONTENT(OURS("<key-owner><trust>" KEY_A
				  "</trust></key-owner>")) PAD SHUT,
		OPEN CONTENT(OURS("<key-owner jid=''/>")) PAD SHUT,
		OPEN CONTENT(OURS(OWNER("<trust><a/>" KEY_A "</trust>")))
		    PAD SHUT,
		OPEN CONTENT(OURS("") OURS("")) PAD SHUT,
	};
	const char *why;
	struct sce s;

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_int_equal(parse(all[i], &s, &why), 0);
		assert_int_equal(s.words.n, 0);
		assert_int_equal(s.words.rows.len, 0);
		sce_free(&s);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_int_equal(parse(refused[i], &s, &why), ERR_BAD_MESSAGE);
		sce_free(&s);
	}
}

/* LIMIT_TOLD_KEYS and one. */
static void
words_bound(void **state)
{
	static char text[LIMIT_TOLD_ENVELOPE];
	const char *why;
	struct sce s;
	char *end;

	(void)state;
	for (int over = 0; over < 2; over++) {
		end = stpcpy(text,
		    OPEN "<content><trust-message xmlns='urn:xmpp:tm:1' "
			 "usage='urn:xmpp:atm:1' "
			 "encryption='urn:xmpp:omemo:2'>"
			 "<key-owner jid='romeo@montague.lit'>");
		for (int i = 0; i < LIMIT_TOLD_KEYS + over; i++)
			end = stpcpy(end, "<trust>" KEY_A "</trust>");
		stpcpy(end, "</key-owner></trust-message></content>" PAD SHUT);
		assert_true(strlen(text) < LIMIT_TOLD_ENVELOPE);
		assert_int_equal(
		    parse(text, &s, &why), over ? ERR_TOO_LONG : 0);
		assert_int_equal(s.words.n, LIMIT_TOLD_KEYS);
		sce_free(&s);
	}
}

/* What is about other messages, of just the longest id, and typing states. */
static void
about(void **state)
{
	static const char *const states[] = { "active", "composing", "paused",
		"inactive", "gone" };
	char text[2048], id[LIMIT_STANZA_ID + 2];
	const char *why;
	struct sce s;

	(void)state;
	assert_int_equal(
	    parse(
		OPEN CONTENT(BODY("hi") REPLACE(
		    "a&lt;") "<reply xmlns='urn:xmpp:reply:0' to='a@b' id='b'/>"
			     "<received xmlns='urn:xmpp:receipts' id='c'/>")
		    PAD SHUT,
		&s, &why),
	    0);
	assert_body(&s, "hi");
	assert_string_equal(s.replaces, "a<");
	assert_string_equal(s.reply_to, "b");
	assert_string_equal(s.received, "c");
	assert_int_equal(s.state, TYPING_NONE);
	assert_int_equal(s.asks, 0);
	sce_free(&s);
	assert_int_equal(
	    parse(OPEN CONTENT(BODY("hi") "<request xmlns='urn:xmpp:receipts'/>"
					  "<request xmlns='urn:other'/>")
		      PAD SHUT,
		&s, &why),
	    0);
	assert_int_equal(s.asks, 1);
	sce_free(&s);
	for (size_t over = 0; over < 2; over++) {
		memset(id, 'x', sizeof(id));
		id[LIMIT_STANZA_ID + over] = '\0';
		snprintf(text, sizeof(text),
		    OPEN CONTENT(REPLACE("%s")) PAD SHUT, id);
		assert_int_equal(
		    parse(text, &s, &why), over ? ERR_BAD_MESSAGE : 0);
		assert_string_equal(s.replaces, over ? "" : id);
		sce_free(&s);
	}
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		snprintf(text, sizeof(text),
		    OPEN CONTENT("<%s xmlns='http://jabber.org/protocol/"
				 "chatstates'/>") PAD SHUT,
		    states[i]);
		assert_int_equal(parse(text, &s, &why), 0);
		assert_int_equal(s.state, TYPING_ACTIVE + i);
		sce_free(&s);
	}
	/* outside of the content they are nothing */
	assert_int_equal(
	    parse(OPEN REPLACE("a") CONTENT("") PAD SHUT, &s, &why), 0);
	assert_string_equal(s.replaces, "");
	sce_free(&s);
}

/* What XEP-0420 forbids inside has no effect; nor has a body elsewhere. */
static void
dropped(void **state)
{
	static const char *const inside[] = {
		"<store xmlns='urn:xmpp:hints'/>",
		"<stanza-id xmlns='urn:xmpp:sid:0' by='a' id='b'/>",
		"<addresses xmlns='http://jabber.org/protocol/address'>"
		"<address type='to' jid='tybalt@capulet.lit'/></addresses>",
		"<encryption xmlns='urn:xmpp:eme:0' namespace='x'/>",
		"<body>of the envelope's namespace</body>",
		"<x xmlns='urn:example'><body xmlns='jabber:client'>deep"
		"</body></x>",
		"text at large",
	};
	const char *why;
	char text[1024];
	struct sce s;

	(void)state;
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		snprintf(text, sizeof(text),
		    OPEN CONTENT("%s" BODY("hi")) PAD FROM SHUT, inside[i]);
		assert_int_equal(parse(text, &s, &why), 0);
		assert_body(&s, "hi");
		assert_string_equal(s.from, "romeo@montague.lit");
		sce_free(&s);
	}
	assert_int_equal(
	    parse(OPEN BODY("outside") CONTENT("") PAD SHUT, &s, &why), 0);
	assert_int_equal(s.has_body, 0);
	sce_free(&s);
}

static void
bad(void **state)
{
	static const char *const rows[][2] = {
		{ "", "its envelope is not well-formed" },
		{ "hello", "its envelope is not well-formed" },
		{ OPEN CONTENT(BODY("hi")) PAD,
		    "its envelope is not well-formed" },
		{ GOOD "<again/>", "its envelope is not well-formed" },
		{ GOOD GOOD, "its envelope is not well-formed" },
		{ OPEN CONTENT(BODY("\xff")) PAD SHUT,
		    "its envelope is not well-formed" },
		{ OPEN CONTENT(BODY("\x01")) PAD SHUT,
		    "its envelope is not well-formed" },
		{ OPEN CONTENT(BODY("&#0;")) PAD SHUT,
		    "its envelope is not well-formed" },
		{ OPEN CONTENT(BODY("&nbsp;")) PAD SHUT,
		    "its envelope is not well-formed" },
		{ OPEN CONTENT("<e:x/>") PAD SHUT,
		    "its envelope is not well-formed" },
		{ "<!DOCTYPE e [<!ENTITY a 'b'>]>" GOOD,
		    "its envelope has a document type" },
		{ "<!DOCTYPE e SYSTEM 'file:///etc/passwd'>" GOOD,
		    "its envelope has a document type" },
		{ OPEN "<?php 1 ?>" CONTENT("") PAD SHUT,
		    "its envelope has a processing instruction" },
		{ "<envelope><content/><rpad/></envelope>",
		    "it has no envelope" },
		{ "<envelope xmlns='urn:xmpp:sce:0'/>", "it has no envelope" },
		{ "<content xmlns='urn:xmpp:sce:1'/>", "it has no envelope" },
		{ OPEN PAD FROM SHUT, "its envelope has no content" },
		{ OPEN CONTENT(BODY("hi")) FROM TO SHUT,
		    "its envelope has no padding" },
		{ OPEN CONTENT(BODY("a")) CONTENT(BODY("b")) PAD SHUT,
		    "its envelope has an element twice" },
		{ OPEN CONTENT(BODY("a") BODY("b")) PAD SHUT,
		    "its envelope has an element twice" },
		{ OPEN CONTENT("") PAD PAD SHUT,
		    "its envelope has an element twice" },
		{ OPEN CONTENT("") PAD FROM FROM SHUT,
		    "its envelope has an element twice" },
		{ OPEN CONTENT("") PAD TO TO SHUT,
		    "its envelope has an element twice" },
		{ OPEN CONTENT("") PAD "<from/>" SHUT,
		    "its envelope names no valid address" },
		{ OPEN CONTENT("") PAD "<to jid=''/>" SHUT,
		    "its envelope names no valid address" },
		{ OPEN CONTENT(REPLACE("a") REPLACE("b")) PAD SHUT,
		    "its envelope has an element twice" },
		{ OPEN CONTENT(REPLACE("")) PAD SHUT,
		    "its envelope names no valid id" },
		{ OPEN CONTENT("<reply xmlns='urn:xmpp:reply:0'/>") PAD SHUT,
		    "its envelope names no valid id" },
		{ OPEN CONTENT("<received xmlns='urn:xmpp:receipts'/>")
			PAD SHUT,
		    "its envelope names no valid id" },
		{ OPEN CONTENT(BODY("a<b/>c")) PAD SHUT,
		    "its text has elements inside" },
	};
	const char *why;
	struct sce s;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(parse(rows[i][0], &s, &why), ERR_BAD_MESSAGE);
		assert_string_equal(why, rows[i][1]);
		sce_free(&s);
	}
}

static void
repeat(char *out, const char *what, size_t n)
{
	size_t len = strlen(what);

	for (size_t i = 0; i < n; i++)
		memcpy(out + strlen(out), what, len + 1);
}

/* So many elements in each other, or beside each other. */
static void
deep_and_many(void **state)
{
	static char text[LIMIT_ENVELOPE + 1];
	const char *why;
	struct sce s;

	(void)state;
	for (size_t over = 0; over < 2; over++) {
		text[0] = '\0';
		repeat(text, OPEN PAD "<content>", 1);
		repeat(text, "<a>", SCE_DEPTH - 2 + over);
		repeat(text, "</a>", SCE_DEPTH - 2 + over);
		repeat(text, "</content>" SHUT, 1);
		assert_int_equal(
		    parse(text, &s, &why), over ? ERR_BAD_MESSAGE : 0);
		sce_free(&s);
		text[0] = '\0';
		repeat(text, OPEN PAD "<content>", 1);
		repeat(text, "<a/>", SCE_ELEMENTS - 3 + over);
		repeat(text, "</content>" SHUT, 1);
		assert_int_equal(
		    parse(text, &s, &why), over ? ERR_BAD_MESSAGE : 0);
		sce_free(&s);
	}
}

/* At the limit, one octet over, and ten megabytes. */
static void
too_long(void **state)
{
	const size_t huge = 10 * 1024 * 1024;
	char *text = malloc(huge + 1);
	const char *why;
	struct sce s;
	size_t len;

	(void)state;
	assert_non_null(text);
	for (size_t over = 0; over < 2; over++) {
		len = LIMIT_ENVELOPE - strlen(GOOD) + over;
		memcpy(text, GOOD, strlen(GOOD));
		memset(text + strlen(GOOD), ' ', len);
		text[strlen(GOOD) + len] = '\0';
		assert_int_equal(
		    parse(text, &s, &why), over ? ERR_TOO_LONG : 0);
		sce_free(&s);
	}
	memset(text, '<', huge);
	text[huge] = '\0';
	assert_int_equal(parse(text, &s, &why), ERR_TOO_LONG);
	assert_string_equal(why, "its envelope is too long");
	sce_free(&s);
	/* a text over its own limit within an envelope that is not */
	text[0] = '\0';
	strcpy(text, OPEN PAD "<content><body xmlns='jabber:client'>");
	len = strlen(text);
	memset(text + len, 'x', LIMIT_TEXT + 1);
	strcpy(text + len + LIMIT_TEXT + 1, "</body></content>" SHUT);
	assert_int_equal(parse(text, &s, &why), ERR_TOO_LONG);
	assert_string_equal(why, "its text is too long");
	sce_free(&s);
	free(text);
}

/* --- what the keeper writes reads back ------------------------------------------ */

static size_t
write_envelope(
    const char *text, size_t len, uint8_t format, char *out, size_t size)
{
	const struct envelope e = { "romeo&o'@montague.lit",
		"juliet@capulet.lit", 951782400, format, (const uint8_t *)text,
		len };
	struct secret s = { 0 };
	size_t n;

	assert_int_equal(envelope_write(&e, &s, &n), 0);
	assert_true(n < size);
	memcpy(out, s.data, n);
	out[n] = '\0';
	secret_free(&s);
	return n;
}

static void
there_and_back(void **state)
{
	static const char text[] = "a<b>&\"'\r\n\t]]>\x01\x1f\xef\xbf\xbf"
				   "\xf0\x9f\x8c\xb9";
	static const char read[] = "a<b>&\"'\r\n\t]]>\xef\xbf\xbd\xef\xbf\xbd"
				   "\xef\xbf\xbd\xf0\x9f\x8c\xb9";
	static char out[LIMIT_ENVELOPE];
	const char *why;
	struct sce s;

	(void)state;
	write_envelope(text, sizeof(text) - 1, FORMAT_BODY, out, sizeof(out));
	assert_int_equal(parse(out, &s, &why), 0);
	assert_body(&s, read);
	assert_string_equal(s.from, "romeo&o'@montague.lit");
	assert_string_equal(s.to, "juliet@capulet.lit");
	assert_non_null(strstr(out, "<time stamp='2000-02-29T00:00:00Z'/>"));
	sce_free(&s);
	write_envelope("<opt-out xmlns='urn:xmpp:omemo:2'/>", 35,
	    FORMAT_SCE_CONTENT, out, sizeof(out));
	assert_int_equal(parse(out, &s, &why), 0);
	assert_int_equal(s.opt_out, 1);
	sce_free(&s);
	assert_true(envelope_is_xml((const uint8_t *)"<a>\t\n\r", 6));
	assert_false(envelope_is_xml((const uint8_t *)"\x01", 1));
	assert_false(envelope_is_xml((const uint8_t *)"\xef\xbf\xbe", 3));
}

/* A short text is padded to a fixed size, and every one by chance. */
static void
padding(void **state)
{
	char out[2048], *at, *end;
	size_t least = SIZE_MAX, most = 0, n;

	(void)state;
	for (int i = 0; i < 400; i++) {
		write_envelope("x", 1, FORMAT_BODY, out, sizeof(out));
		at = strstr(out, "<rpad>");
		end = strstr(out, "</rpad>");
		assert_true(at != NULL && end != NULL);
		n = (size_t)(end - out) - strlen("<rpad>");
		least = n < least ? n : least;
		most = n > most ? n : most;
		assert_int_equal(
		    strspn(at + 6,
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
			"qrstuvwxyz0123456789-_"),
		    end - at - 6);
	}
	assert_true(least >= 256 && most <= 456 && most - least > 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(words),
		cmocka_unit_test(no_words),
		cmocka_unit_test(words_bound),
		cmocka_unit_test(about),
		cmocka_unit_test(dropped),
		cmocka_unit_test(bad),
		cmocka_unit_test(deep_and_many),
		cmocka_unit_test(too_long),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(padding),
	};

	if (secret_heap_init(1 << 20) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
