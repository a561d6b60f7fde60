/* SPDX-License-Identifier: ISC */
/*
 * What sank other clients, each under its name: whose word a wrapped message
 * is, who may push a list, and bundles that nobody should be able to make a
 * client fall over. (The same on whole programs: regress/net-contact.sh.)
 */
#include <stdio.h>
#include <string.h>

#include "../../client/net/net.h"
#include "../../client/net/omemo_xml.h"
#include "../../client/net/origin.h"
#include "check.h"

#define OWN	"juliet@capulet.lit"
#define ROMEO	"romeo@montague.lit"
#define MALLORY "mallory@evil.example"

static xmpp_ctx_t *ctx;

static enum origin_kind
kind_of(const char *text, struct origin *o)
{
	xmpp_stanza_t *m = xmpp_stanza_new_from_string(ctx, text);

	assert_non_null(m);
	origin_of(m, OWN, "q1", 1, o);
	if (o->kind == ORIGIN_MESSAGE)
		assert_string_not_equal(o->sender, "");
	xmpp_stanza_release(m);
	return o->kind;
}

#define INNER(from, to)                                                        \
	"<forwarded xmlns='urn:xmpp:forward:0'><message "                      \
	"xmlns='jabber:client' from='" from "/x' to='" to                      \
	"/y' id='m'><body>forged</body></message></forwarded>"
#define WRAPPED(from, kind, ns, attr, inner)                                   \
	"<message xmlns='jabber:client' from='" from "' to='" OWN "/y'><" kind \
	" xmlns='" ns "' " attr ">" inner "</" kind "></message>"
#define CARBONS "urn:xmpp:carbons:2"
#define MAM	"urn:xmpp:mam:2"

/* A contact's carbon, in every way that was taken for the own server's. */
static void
forged_carbons(void)
{
	static const char *const from[] = {
		WRAPPED(MALLORY, "received", CARBONS, "", INNER(ROMEO, OWN)),
		WRAPPED(MALLORY, "sent", CARBONS, "", INNER(OWN, ROMEO)),
		WRAPPED(
		    MALLORY "/x", "received", CARBONS, "", INNER(ROMEO, OWN)),
		WRAPPED(ROMEO, "received", CARBONS, "", INNER(ROMEO, OWN)),
		/* a full address of our own is a client, not the server */
		WRAPPED(OWN "/z", "sent", CARBONS, "", INNER(OWN, ROMEO)),
		/* one that only begins, or ends, as ours */
		WRAPPED(OWN ".evil", "sent", CARBONS, "", INNER(OWN, ROMEO)),
		WRAPPED("x" OWN, "received", CARBONS, "", INNER(ROMEO, OWN)),
		WRAPPED(
		    "capulet.lit", "received", CARBONS, "", INNER(ROMEO, OWN)),
	};
	struct origin o;

	for (size_t i = 0; i < sizeof(from) / sizeof(*from); i++)
		assert_int_equal(kind_of(from[i], &o), ORIGIN_FORGED);
	assert_int_equal(
	    kind_of(
		WRAPPED(OWN, "received", CARBONS, "", INNER(ROMEO, OWN)), &o),
	    ORIGIN_MESSAGE);
	assert_string_equal(o.sender, ROMEO);
}

/* One mistake, one number for each client that had made it. */
#define SIBLINGS(X)                                                            \
	X(5589) /* yaxim, Bruno */                                             \
	X(5590) /* ChatSecure, Zom */                                          \
	X(5591) /* SleekXMPP, Slixmpp and what is made with them */            \
	X(5592) /* Profanity */                                                \
	X(5593) /* Psi+ */                                                     \
	X(5602) /* Jappix */                                                   \
	X(5603) /* Jitsi */                                                    \
	X(5604) /* mcabber */                                                  \
	X(5605) /* Movim */                                                    \
	X(5606) /* Xabber */                                                   \
	X(5858) /* Converse.js */

#define SIBLING(number)                                                        \
	static void cve_2017_##number(void **state)                            \
	{                                                                      \
		(void)state;                                                   \
		forged_carbons();                                              \
	}
SIBLINGS(SIBLING)
#define SIBLING_TEST(number) cmocka_unit_test(cve_2017_##number),

/* CVE-2019-16235 (Dino): the sender of a carbon was not looked at. */
static void
cve_2019_16235(void **state)
{
	struct origin o;

	(void)state;
	assert_int_equal(kind_of(WRAPPED(ROMEO "/x", "sent", CARBONS, "",
				     INNER(OWN, MALLORY)),
			     &o),
	    ORIGIN_FORGED);
	/* nor may the own server wrap what is neither from nor to us */
	assert_int_equal(kind_of(WRAPPED(OWN, "received", CARBONS, "",
				     INNER(ROMEO, MALLORY)),
			     &o),
	    ORIGIN_FORGED);
	assert_int_equal(
	    kind_of(
		WRAPPED(OWN, "sent", CARBONS, "", INNER(ROMEO, MALLORY)), &o),
	    ORIGIN_FORGED);
}

/* CVE-2019-16237 (Dino): the sender of an archive's result was not. */
static void
cve_2019_16237(void **state)
{
	static const char *const from[] = {
		WRAPPED(MALLORY, "result", MAM, "queryid='q1' id='a'",
		    INNER(ROMEO, OWN)),
		WRAPPED(OWN "/z", "result", MAM, "queryid='q1' id='a'",
		    INNER(ROMEO, OWN)),
		WRAPPED("capulet.lit", "result", MAM, "queryid='q1' id='a'",
		    INNER(ROMEO, OWN)),
	};
	struct origin o;

	(void)state;
	for (size_t i = 0; i < sizeof(from) / sizeof(*from); i++) {
		assert_int_equal(kind_of(from[i], &o), ORIGIN_FORGED);
		assert_string_equal(o.archive, ""); /* no cursor moves */
	}
}

/* CVE-2020-26547 (Monal): the archive's, by a query that was not asked. */
static void
cve_2020_26547(void **state)
{
	struct origin o;

	(void)state;
	assert_int_equal(kind_of(WRAPPED(MALLORY, "result", MAM,
				     "queryid='q1' id='a'", INNER(ROMEO, OWN)),
			     &o),
	    ORIGIN_FORGED);
	assert_int_equal(
	    kind_of(WRAPPED(OWN, "result", MAM, "queryid='other' id='a'",
			INNER(ROMEO, OWN)),
		&o),
	    ORIGIN_DROP);
	assert_string_equal(o.archive, "");
}

/*
 * There is no roster and there are no bookmarks here that could be pushed. What
 * is pushed is an event, and is its sender's own.
 */
static void
pushed(const char *text)
{
	struct origin o;

	assert_int_equal(kind_of(text, &o), ORIGIN_EVENT);
	assert_string_equal(o.sender, ""); /* nobody's message */
}

#define PUSHED(node)                                                           \
	"<message xmlns='jabber:client' from='" MALLORY "'><event "            \
	"xmlns='http://jabber.org/protocol/pubsub#event'><items node='" node   \
	"'><item><x/></item></items></event></message>"

/* CVE-2019-16236 (Dino): a roster was pushed by anyone. */
static void
cve_2019_16236(void **state)
{
	(void)state;
	pushed(PUSHED("jabber:iq:roster"));
}

/* CVE-2023-28686 (Dino): bookmarks were. */
static void
cve_2023_28686(void **state)
{
	(void)state;
	pushed(PUSHED("storage:bookmarks"));
	pushed(PUSHED("urn:xmpp:bookmarks:1"));
}

/* Profanity fell over bundles without a key, a signature or prekeys. */
static void
profanity_bad_bundles(void **state)
{
	static const char *const parts[] = {
		"<identityKey>AAAA</identityKey>",
		"<signedPreKeyPublic signedPreKeyId='1'>AAAA"
		"</signedPreKeyPublic>",
		"<signedPreKeySignature>AAAA</signedPreKeySignature>",
		"<prekeys><preKeyPublic preKeyId='1'>AAAA</preKeyPublic>"
		"</prekeys>",
	};
	static const char *const broken[] = { "", "<identityKey/>",
		"<signedPreKeyPublic/>", "<signedPreKeySignature/>",
		"<prekeys/>", "<prekeys><preKeyPublic/></prekeys>",
		("<prekeys><preKeyPublic preKeyId='x'>!</preKeyPublic>"
		 "</prekeys>"),
		"<identityKey><x/></identityKey>" };
	static struct xml_bundle b;
	xmpp_stanza_t *m;
	const char *why;
	char text[1024];
	int err;

	(void)state;
	for (unsigned mask = 0; mask < 16; mask++) {
		for (size_t k = 0; k < sizeof(broken) / sizeof(*broken); k++) {
			(void)snprintf(text, sizeof(text),
			    "<bundle xmlns='" NS_OMEMO_XML "'>%s%s%s%s%s"
			    "</bundle>",
			    mask & 1 ? parts[0] : "", mask & 2 ? parts[1] : "",
			    mask & 4 ? parts[2] : "", mask & 8 ? parts[3] : "",
			    broken[k]);
			m = xmpp_stanza_new_from_string(ctx, text);
			assert_non_null(m);
			err = bundle_parse(m, &dialects[NS_LEGACY], &b, &why);
			if (k == 0) /* an empty key is refused by the keeper */
				assert_int_equal(err != 0, mask != 15);
			if (err != 0)
				assert_string_not_equal(why, "");
			assert_true(b.n <= LIMIT_BUNDLE_PREKEYS);
			xmpp_stanza_release(m);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIBLINGS(SIBLING_TEST) cmocka_unit_test(cve_2019_16235),
		cmocka_unit_test(cve_2019_16237),
		cmocka_unit_test(cve_2020_26547),
		cmocka_unit_test(cve_2019_16236),
		cmocka_unit_test(cve_2023_28686),
		cmocka_unit_test(profanity_bad_bundles),
	};
	int failed;

	ctx = xmpp_ctx_new(NULL, NULL);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	xmpp_ctx_free(ctx);
	return failed;
}
