/* SPDX-License-Identifier: ISC */
/* What a server says of itself and of a node: good, missing, and bad. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../client/net/inspect_xml.h"
#include "../../client/net/net.h"
#include "../../client/net/stanza.h"
#include "check.h"

#define C      "<iq type='result'><pubsub xmlns='" NS_PUBSUB_OWN "'>"
#define CE     "</pubsub></iq>"
#define NODE   "<configure node='n'>"
#define FORM   "<x xmlns='jabber:x:data' type='form'>"
#define FORM_E "</x></configure>" CE
#define ACCESS "<field var='pubsub#access_model'><value>"
#define KEPT   "<field var='pubsub#persist_items'><value>"
#define FE     "</value></field>"
#define LONG   "0123456789012345678901234567890123456789012345678901234567890123"

static xmpp_ctx_t *ctx;

static xmpp_stanza_t *
parse(const char *text)
{
	xmpp_stanza_t *el = xmpp_stanza_new_from_string(ctx, text);

	assert_non_null(el);
	return el;
}

static void
configurations(void **state)
{
	static const struct {
		const char *text, *access;
		enum told persist;
	} rows[] = {
		{ C NODE FORM ACCESS "open" FE KEPT "1" FE FORM_E, "open",
		    TOLD_YES },
		{ C NODE FORM KEPT "true" FE ACCESS "whitelist" FE FORM_E,
		    "whitelist", TOLD_YES },
		{ C NODE FORM KEPT "false" FE FORM_E, "", TOLD_NO },
		{ C NODE FORM KEPT "0" FE FORM_E, "", TOLD_NO },
		{ C NODE FORM KEPT "maybe" FE FORM_E, "", TOLD_NOTHING },
		{ C NODE FORM "<field var='pubsub#access_model'/>" FORM_E, "",
		    TOLD_NOTHING },
		{ C NODE FORM ACCESS FE FORM_E, "", TOLD_NOTHING },
		{ C NODE FORM ACCESS LONG FE KEPT "1" FE FORM_E, "", TOLD_YES },
		{ C NODE FORM FORM_E, "", TOLD_NOTHING },
		{ C NODE "</configure>" CE, "", TOLD_NOTHING },
		{ C "<configure node='other'>" FORM ACCESS "open" FE FORM_E, "",
		    TOLD_NOTHING },
		{ C CE, "", TOLD_NOTHING },
		{ "<iq type='result'/>", "", TOLD_NOTHING },
		{ "<iq type='error'><pubsub xmlns='" NS_PUBSUB_OWN
		  "'>" NODE FORM ACCESS "open" FE FORM_E,
		    "", TOLD_NOTHING },
	};
	struct xml_config config;
	xmpp_stanza_t *iq;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		iq = parse(rows[i].text);
		memset(&config, 'x', sizeof(config));
		config_parse(iq, "n", &config);
		assert_string_equal(config.access, rows[i].access);
		assert_int_equal(config.persist, rows[i].persist);
		xmpp_stanza_release(iq);
	}
	config_parse(NULL, "n", &config);
	assert_int_equal(config.persist, TOLD_NOTHING);
}

static void
preferences(void **state)
{
	static const struct {
		const char *text, *word;
	} rows[] = {
		{ "<iq type='result'><prefs xmlns='" NS_MAM
		  "' default='always'/></iq>",
		    "always" },
		{ "<iq type='result'><prefs xmlns='" NS_MAM "'/></iq>", "" },
		{ "<iq type='result'><prefs xmlns='" NS_MAM "' default='" LONG
		  "'/></iq>",
		    "" },
		{ "<iq type='result'><prefs xmlns='urn:example' "
		  "default='always'/></iq>",
		    "" },
		{ "<iq type='error'><prefs xmlns='" NS_MAM
		  "' default='always'/></iq>",
		    "" },
	};

	char word[XML_WORD];
	xmpp_stanza_t *iq;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		iq = parse(rows[i].text);
		prefs_parse(iq, word);
		assert_string_equal(word, rows[i].word);
		xmpp_stanza_release(iq);
	}
	prefs_parse(NULL, word);
	assert_string_equal(word, "");
}

#define T "<iq type='result'><time xmlns='urn:xmpp:time'><tzo>-06:00</tzo>"

static void
times(void **state)
{
	static const struct {
		const char *text;
		uint64_t time;
	} rows[] = {
		{ T "<utc>1970-01-02T00:00:01Z</utc></time></iq>", 86401 },
		{ T "<utc>yesterday</utc></time></iq>", 0 },
		{ T "<utc/></time></iq>", 0 },
		{ T "<utc>" LONG "</utc></time></iq>", 0 },
		{ T "</time></iq>", 0 },
		{ "<iq type='result'/>", 0 },
		{ "<iq type='error'/>", 0 },
	};

	xmpp_stanza_t *iq;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		iq = parse(rows[i].text);
		assert_int_equal(time_parse(iq), rows[i].time);
		xmpp_stanza_release(iq);
	}
	assert_int_equal(time_parse(NULL), 0);
}

static void
features(void **state)
{
	xmpp_stanza_t *iq =
	    parse("<iq type='result'><query xmlns='" XMPP_NS_DISCO_INFO
		  "'><identity category='account' type='pep'/>"
		  "<identity category='pubsub' type='pep'/>"
		  "<feature var='" NS_MAM "'/></query></iq>");
	xmpp_stanza_t *error = parse("<iq type='error'/>");

	(void)state;
	assert_int_equal(disco_told(iq, NS_MAM), TOLD_YES);
	assert_int_equal(disco_told(iq, NS_CARBONS), TOLD_NO);
	assert_int_equal(disco_told(error, NS_MAM), TOLD_NOTHING);
	assert_int_equal(disco_told(NULL, NS_MAM), TOLD_NOTHING);
	assert_int_equal(disco_is(iq, "pubsub", "pep"), TOLD_YES);
	assert_int_equal(disco_is(iq, "pubsub", "service"), TOLD_NO);
	assert_int_equal(disco_is(iq, "server", "pep"), TOLD_NO);
	assert_int_equal(disco_is(error, "pubsub", "pep"), TOLD_NOTHING);
	xmpp_stanza_release(iq);
	xmpp_stanza_release(error);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(configurations),
		cmocka_unit_test(preferences),
		cmocka_unit_test(times),
		cmocka_unit_test(features),
	};
	int failed;

	ctx = xmpp_ctx_new(NULL, NULL);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	xmpp_ctx_free(ctx);
	return failed;
}
