/* SPDX-License-Identifier: ISC */
/* Whose word xmpp-net takes for a message: direct, carbons, archive; forged
 * wrappers of each kind. */
#include <stdio.h>
#include <string.h>

#include "../../client/net/net.h"
#include "../../client/net/origin.h"
#include "../../client/net/recent.h"
#include "check.h"

#define OWN    "juliet@capulet.lit"
#define ROMEO  "romeo@montague.lit"
#define MSG(a) "<message xmlns='jabber:client' " a
#define FWD(m)                                                                 \
	"<forwarded xmlns='urn:xmpp:forward:0'><delay "                        \
	"xmlns='urn:xmpp:delay' stamp='2026-11-22T10:00:00Z'/>" m              \
	"</forwarded>"
#define INNER(a) MSG(a) "/>"
#define CARBON(kind, outer, inner)                                             \
	MSG(outer)                                                             \
	"><" kind " xmlns='urn:xmpp:carbons:2'>" FWD(inner) "</" kind          \
							    "></message>"
#define RESULT(outer, q, inner)                                                \
	MSG(outer)                                                             \
	"><result xmlns='urn:xmpp:mam:2' queryid='" q                          \
	"' id='a1'>" FWD(inner) "</result></message>"
#define IN  "from='" ROMEO "/x' to='" OWN "/y' id='m1'"
#define OUT "from='" OWN "/y' to='" ROMEO "' id='m2'"

static xmpp_ctx_t *ctx;

struct row {
	const char *text;
	enum origin_kind kind;
	enum path path;
	const char *sender, *conversation, *archive;
};

static void
table(void **state)
{
	static const struct row rows[] = {
		{ INNER(IN), ORIGIN_MESSAGE, PATH_DIRECT, ROMEO, ROMEO, "" },
		{ CARBON("received", "from='" OWN "'", INNER(IN)),
		    ORIGIN_MESSAGE, PATH_CARBON_RECEIVED, ROMEO, ROMEO, "" },
		{ CARBON("sent", "from='" OWN "'", INNER(OUT)), ORIGIN_MESSAGE,
		    PATH_CARBON_SENT, OWN, ROMEO, "" },
		/* no from: the own account */
		{ CARBON("sent", "", INNER(OUT)), ORIGIN_MESSAGE,
		    PATH_CARBON_SENT, OWN, ROMEO, "" },
		/* anyone else's wrapper */
		{ CARBON("received", "from='" ROMEO "'", INNER(IN)),
		    ORIGIN_FORGED, 0, NULL, NULL, NULL },
		{ CARBON("sent", "from='" ROMEO "/x'", INNER(OUT)),
		    ORIGIN_FORGED, 0, NULL, NULL, NULL },
		{ CARBON("sent", "from='" OWN "/other'", INNER(OUT)),
		    ORIGIN_FORGED, 0, NULL, NULL, NULL },
		{ CARBON("sent", "from='" OWN "x'", INNER(OUT)), ORIGIN_FORGED,
		    0, NULL, NULL, NULL },
		{ CARBON("sent", "from='capulet.lit'", INNER(OUT)),
		    ORIGIN_FORGED, 0, NULL, NULL, NULL },
		/* the wrong kind of message inside */
		{ CARBON("sent", "from='" OWN "'", INNER(IN)), ORIGIN_FORGED, 0,
		    NULL, NULL, NULL },
		{ CARBON("received", "from='" OWN "'", INNER(OUT)),
		    ORIGIN_FORGED, 0, NULL, NULL, NULL },
		/* a carbon of an error is no message */
		{ CARBON(
		      "received", "from='" OWN "'", INNER(IN " type='error'")),
		    ORIGIN_DROP, 0, NULL, NULL, NULL },
		/* the archive */
		{ RESULT("from='" OWN "'", "q1", INNER(IN)), ORIGIN_MESSAGE,
		    PATH_ARCHIVE, ROMEO, ROMEO, "a1" },
		{ RESULT("from='" OWN "'", "q1", INNER(OUT)), ORIGIN_MESSAGE,
		    PATH_ARCHIVE, OWN, ROMEO, "a1" },
		{ RESULT("from='" OWN "'", "q2", INNER(IN)), ORIGIN_DROP, 0,
		    NULL, NULL, NULL },
		{ RESULT("from='" ROMEO "'", "q1", INNER(IN)), ORIGIN_FORGED, 0,
		    NULL, NULL, NULL },
		{ RESULT("from='" OWN "'", "q1", INNER("to='" OWN "'")),
		    ORIGIN_DROP, 0, NULL, NULL, "a1" },
		{ RESULT("from='" OWN "'", "q1", INNER(IN " type='error'")),
		    ORIGIN_DROP, 0, NULL, NULL, "a1" },
		/* stanza ids: only by the own account */
		{ MSG(IN) "><stanza-id xmlns='urn:xmpp:sid:0' by='" ROMEO
			  "' id='f'/><stanza-id xmlns='urn:xmpp:sid:0' by='" OWN
			  "' id='t'/></message>",
		    ORIGIN_MESSAGE, PATH_DIRECT, ROMEO, ROMEO, "t" },
		{ MSG(IN) "><stanza-id xmlns='urn:xmpp:sid:0' by='" ROMEO
			  "' id='f'/></message>",
		    ORIGIN_MESSAGE, PATH_DIRECT, ROMEO, ROMEO, "" },
		/* a bounce is never a message, whatever is in it */
		{ MSG(IN " type='error'") "><sent xmlns='urn:xmpp:carbons:2'/>"
					  "</message>",
		    ORIGIN_ERROR, 0, NULL, NULL, NULL },
		{ INNER(IN " type='groupchat'"), ORIGIN_DROP, 0, NULL, NULL,
		    NULL },
		{ MSG("from='" ROMEO "'") "><event xmlns='" NS_PUBSUB_EV
					  "'/></message>",
		    ORIGIN_EVENT, 0, NULL, NULL, NULL },
	};
	struct origin o;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		xmpp_stanza_t *m = xmpp_stanza_new_from_string(ctx, r->text);

		assert_non_null(m);
		origin_of(m, OWN, "q1", 1, &o);
		assert_int_equal(o.kind, r->kind);
		if (r->kind == ORIGIN_MESSAGE) {
			assert_int_equal(o.path, r->path);
			assert_string_equal(o.sender, r->sender);
			assert_string_equal(o.conversation, r->conversation);
		}
		if (r->archive != NULL)
			assert_string_equal(o.archive, r->archive);
		xmpp_stanza_release(m);
	}
}

/* No query runs: no result is expected; no trust: no stanza id counts. */
static void
unasked(void **state)
{
	struct origin o;
	xmpp_stanza_t *m;

	(void)state;
	m = xmpp_stanza_new_from_string(
	    ctx, RESULT("from='" OWN "'", "", INNER(IN)));
	origin_of(m, OWN, "", 1, &o);
	assert_int_equal(o.kind, ORIGIN_DROP);
	xmpp_stanza_release(m);
	m = xmpp_stanza_new_from_string(ctx,
	    MSG(IN) "><stanza-id xmlns='urn:xmpp:sid:0' by='" OWN
		    "' id='t'/></message>");
	origin_of(m, OWN, "", 0, &o);
	assert_string_equal(o.archive, "");
	xmpp_stanza_release(m);
}

static void
stamps(void **state)
{
	(void)state;
	assert_int_equal(origin_stamp("1970-01-01T00:00:01Z"), 1);
	assert_int_equal(origin_stamp("1970-01-01T01:00:01.123Z"), 3601);
	assert_int_equal(origin_stamp("1970-01-01T01:00:01+01:00"), 1);
	assert_int_equal(origin_stamp("1970-01-01T01:00:01-01:30"), 9001);
	assert_int_equal(origin_stamp("1969-01-01T00:00:00Z"), 0);
	assert_int_equal(origin_stamp("1970-01-01T00:00:01"), 0);
	assert_int_equal(origin_stamp("1970-01-01T00:00:01+x1:00"), 0);
	assert_int_equal(origin_stamp(""), 0);
	assert_int_equal(origin_stamp("garbage"), 0);
}

/* XEP-0359: an id longer than the limit is none. */
static void
long_ids(void **state)
{
	static char text[1024];
	struct origin o;
	xmpp_stanza_t *m;
	size_t n;

	(void)state;
	for (n = LIMIT_STANZA_ID; n <= LIMIT_STANZA_ID + 1; n++) {
		char id[LIMIT_STANZA_ID + 2];

		memset(id, 'i', n);
		id[n] = '\0';
		snprintf(text, sizeof(text),
		    "<message xmlns='jabber:client' from='a@b' id='%s'/>", id);
		m = xmpp_stanza_new_from_string(ctx, text);
		origin_of(m, OWN, "", 1, &o);
		assert_int_equal(strlen(o.id), n > LIMIT_STANZA_ID ? 0 : n);
		xmpp_stanza_release(m);
	}
}

static void
bounces(void **state)
{
	static struct recent r;
	uint8_t handle[HANDLE_SIZE] = { 1 };
	int i;

	(void)state;
	recent_add(&r, "id1", ROMEO, handle);
	assert_non_null(recent_find(&r, "id1", ROMEO));
	assert_non_null(recent_find(&r, "id1", ROMEO "/x"));
	assert_null(recent_find(&r, "id1", "mercutio@montague.lit"));
	assert_null(recent_find(&r, "id1", NULL));
	assert_null(recent_find(&r, NULL, ROMEO));
	assert_null(recent_find(&r, "id2", ROMEO));
	for (i = 0; i < NET_RECENT; i++)
		recent_add(&r, "other", ROMEO, handle);
	assert_null(recent_find(&r, "id1", ROMEO));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(unasked),
		cmocka_unit_test(stamps),
		cmocka_unit_test(long_ids),
		cmocka_unit_test(bounces),
	};
	int failed;

	ctx = xmpp_ctx_new(NULL, NULL);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	xmpp_ctx_free(ctx);
	return failed;
}
