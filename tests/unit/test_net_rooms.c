/* SPDX-License-Identifier: ISC */
/*
 * What xmpp-net makes of a room, from the front's wish to the keeper's
 * request: entering, lists and their changes, who wrote what, its archive, our
 * own messages coming back; and rooms, occupants and strangers that lie.
 */
#include "net_world.h"

#define ROOM	   "lounge@rooms.montague.lit"
#define ROMEO	   "romeo@montague.lit"
#define MERCUTIO   "mercutio@montague.lit"
#define USER(x)	   "<x xmlns='http://jabber.org/protocol/muc#user'>" x "</x>"
#define ITEM(a, j) "<item affiliation='" a "' jid='" j "'/>"
#define STATUS(c)  "<status code='" c "'/>"
#define PRESENCE(nick, attr, x)                                                \
	"<presence xmlns='jabber:client' from='" ROOM "/" nick "' to='" FULL   \
	"' " attr ">" x "</presence>"
#define SELF(x)                                                                \
	PRESENCE("juliet", "", USER(x ITEM("owner", FULL) STATUS("110")))
#define LIST(x)                                                                \
	"<query xmlns='http://jabber.org/protocol/muc#admin'>" x "</query>"
#define INFO(x)                                                                \
	"<query xmlns='http://jabber.org/protocol/disco#info'>"                \
	"<identity category='conference' type='text'/>"                        \
	"<feature var='http://jabber.org/protocol/muc'/>"                      \
	"<feature var='urn:xmpp:mam:2'/>" x "</query>"
#define CLOSED "<feature var='muc_membersonly'/>"
#define SHOWS  "<feature var='muc_nonanonymous'/>"
#define GOOD   INFO(CLOSED SHOWS)
#define OMEMO  "eu.siacs.conversations.axolotl"
#define FROM(sid)                                                              \
	"<encrypted xmlns='" OMEMO "'><header sid='" sid                       \
	"'><key rid='31415'>AAAA</key><iv>AAAAAAAAAAAAAAAA</iv></header>"      \
	"<payload>AAAA</payload></encrypted>"
#define ENCRYPTED FROM("7")
#define SAID(nick, x)                                                          \
	"<message xmlns='jabber:client' type='groupchat' id='m1' from='" ROOM  \
	"/" nick "' to='" FULL "'>" x "</message>"
#define ID(by, id) "<stanza-id xmlns='urn:xmpp:sid:0' by='" by "' id='" id "'/>"

/* --- what it asks and tells -------------------------------------------------------- */

static void
told(uint8_t type, const char *room, const char *rest)
{
	struct reader r;
	char text[LIMIT_JID + 1];

	assert_int_equal(tells(&r), type);
	reader_cstring(&r, text, sizeof(text));
	assert_string_equal(text, room);
	if (type == M_NET_LEFT)
		(void)reader_u8(&r);
	if (rest != NULL) {
		reader_cstring(&r, text, sizeof(text));
		if (strstr(text, rest) == NULL)
			assert_string_equal(text, rest);
	}
}

/* A MEMBERS request; members: their addresses, a blank behind each. */
static uint32_t
members(enum room_status status, const char *wanted)
{
	char all[1024] = "", jid[LIMIT_JID + 1];
	struct reader r;
	uint32_t id = asks_for(M_MEMBERS, &r), n;

	reader_cstring(&r, jid, sizeof(jid));
	assert_string_equal(jid, ROOM);
	assert_int_equal(reader_u8(&r), status);
	for (n = reader_count(&r, LIMIT_ROOM_MEMBERS); n > 0; n--) {
		reader_cstring(&r, jid, sizeof(jid));
		strcat(all, jid);
		strcat(all, " ");
	}
	assert_int_equal(reader_end(&r), 0);
	assert_string_equal(all, wanted);
	return id;
}

static void
reply_members(uint32_t id, const char *cursor)
{
	struct buffer b;

	buffer_init(&b, 1024);
	buffer_put_cstring(&b, cursor);
	buffer_put_u64(&b, 1000000000);
	reply(id, 0, &b);
}

static void
answers(
    const char *info, const char *member, const char *admin, const char *owner)
{
	answer_as("disco#info", ROOM, "result", ROOM, info);
	answer_as("affiliation=\"member\"", ROOM, "result", ROOM, member);
	answer_as("affiliation=\"admin\"", ROOM, "result", ROOM, admin);
	answer_as("affiliation=\"owner\"", ROOM, "result", ROOM, owner);
}

#define TWO  LIST(ITEM("member", ROMEO) ITEM("member", MERCUTIO))
#define ONE  LIST(ITEM("member", ROMEO))
#define OURS LIST(ITEM("owner", OWN))

/* In the room with Romeo, its archive at cursor c1. */
static void
enter(int quiet)
{
	struct reader r;

	world_new(quiet);
	says(M_FRONT_JOIN, ROOM, "");
	answer_as("disco#info", ROOM, "result", ROOM, GOOD);
	assert_true(has_sent("presence", "maxstanzas=\"0\""));
	comes(PRESENCE("romeo", "", USER(ITEM("member", ROMEO "/orchard"))));
	comes(SELF(STATUS("100")));
	answers(GOOD, TWO, LIST(""), OURS);
	told(M_NET_MEMBER, ROOM, ROMEO);
	told(M_NET_MEMBER, ROOM, MERCUTIO);
	told(M_NET_MEMBER, ROOM, OWN);
	assert_int_equal(tells(&r), 0);
	reply_members(
	    members(ROOM_LISTED, ROMEO " " MERCUTIO " " OWN " "), "c1");
	told(M_NET_JOINED, ROOM, "juliet");
}

/* The same, when its archive has been read: nothing new was in it. */
static void
enter_caught_up(void)
{
	struct reader r;
	uint32_t id;

	enter(0);
	answer_as("urn:xmpp:mam:2", "c1", "result", ROOM,
	    "<fin xmlns='urn:xmpp:mam:2' complete='true'/>");
	id = asks_for(M_CURSOR, &r);
	reply(id, 0, NULL);
	told(M_NET_CAUGHT_UP, ROOM, NULL);
	assert_true(asks_nothing());
}

/* A DECRYPT request, from whom and with which id of the room's archive. */
static uint32_t
decrypt(const char *sender, uint32_t device, const char *archive)
{
	char text[LIMIT_JID + 1];
	struct reader r;
	uint32_t id = asks_for(M_DECRYPT, &r), n;
	size_t len;

	assert_int_equal(reader_u8(&r), NS_LEGACY);
	reader_cstring(&r, text, sizeof(text));
	assert_string_equal(text, sender);
	assert_int_equal(reader_u32(&r), device);
	assert_int_equal(reader_u8(&r), PATH_ROOM);
	reader_cstring(&r, text, sizeof(text));
	assert_string_equal(text, ROOM);
	assert_int_equal(reader_u8(&r), KIND_ROOM);
	reader_cstring(&r, text, sizeof(text));
	(void)reader_u64(&r);
	for (n = reader_count(&r, 32); n > 0; n--) {
		(void)reader_u8(&r);
		(void)reader_string(&r, &len, 64);
	}
	(void)reader_string(&r, &len, 64);
	(void)reader_u8(&r);
	(void)reader_string(&r, &len, 64);
	reader_cstring(&r, text, sizeof(text));
	assert_int_equal(reader_end(&r), 0);
	assert_string_equal(text, archive);
	return id;
}

static void
verdict(uint32_t id, enum verdict what, uint8_t handle)
{
	uint8_t octets[HANDLE_SIZE];
	struct buffer b;

	memset(octets, handle, sizeof(octets));
	buffer_init(&b, 64);
	buffer_put_u8(&b, (uint8_t)what);
	buffer_put(&b, octets, sizeof(octets));
	reply(id, 0, &b);
}

/* --- entering ------------------------------------------------------------------------ */

static void
good(void **state)
{
	(void)state;
	enter_caught_up();
	assert_true(world.n == 0);
	world_free();
}

/* Not entered: nobody there sees us. */
static void
not_entered(void **state)
{
	static const struct {
		const char *type, *answer, *words;
		enum room_status status;
	} rows[] = {
		{ "result", INFO(CLOSED "<feature var='muc_semianonymous'/>"),
		    "hides addresses", ROOM_ANONYMOUS },
		{ "result", INFO(CLOSED), "hides addresses", ROOM_ANONYMOUS },
		{ "result", INFO(SHOWS "<feature var='muc_open'/>"),
		    "open to everybody", ROOM_OPEN },
		{ "result",
		    "<query xmlns='http://jabber.org/protocol/disco#"
		    "info'><identity category='account' type="
		    "'registered'/></query>",
		    "no room", ROOM_REFUSED },
		{ "error",
		    "<error type='cancel'><item-not-found xmlns='urn:"
		    "ietf:params:xml:ns:xmpp-stanzas'/></error>",
		    "no such room", ROOM_REFUSED },
		{ "error", "", "error", ROOM_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		world_new(0);
		says(M_FRONT_JOIN, ROOM, "");
		/* another's answer is none */
		comes("<iq xmlns='jabber:client' type='result' id='1' "
		      "from='" ROMEO "/x'>" GOOD "</iq>");
		answer_as(
		    "disco#info", ROOM, rows[i].type, ROOM, rows[i].answer);
		(void)members(rows[i].status, "");
		told(M_NET_LEFT, ROOM, rows[i].words);
		assert_false(has_sent("presence", ""));
		world_free();
	}
}

/* Refused at the door, or the room was made by our coming. */
static void
refused(void **state)
{
	static const struct {
		const char *presence, *words;
	} rows[] = {
		{ PRESENCE("juliet", "type='error'",
		      "<error type='auth'><registration-required xmlns='urn:"
		      "ietf:params:xml:ns:xmpp-stanzas'/></error>"),
		    "for members" },
		{ PRESENCE("juliet", "type='error'",
		      "<error type='auth'><forbidden xmlns='urn:ietf:params:"
		      "xml:ns:xmpp-stanzas'/></error>"),
		    "banned" },
		{ SELF(STATUS("201")), "no such room" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		world_new(0);
		says(M_FRONT_JOIN, ROOM, "");
		answer_as("disco#info", ROOM, "result", ROOM, GOOD);
		/* what an occupant, or a stranger, would have us believe */
		comes(PRESENCE("tybalt", "type='error'", ""));
		comes(
		    "<presence xmlns='jabber:client' type='error' from='" ROMEO
		    "/juliet'/>");
		assert_true(asks_nothing());
		comes(rows[i].presence);
		(void)members(ROOM_REFUSED, "");
		told(M_NET_LEFT, ROOM, rows[i].words);
		world_free();
	}
}

/* A nickname that is taken gets a mark more, not for ever. */
static void
taken(void **state)
{
	char text[1024], nick[64] = "juliet";

	(void)state;
	world_new(0);
	says(M_FRONT_JOIN, ROOM, "");
	answer_as("disco#info", ROOM, "result", ROOM, GOOD);
	for (int i = 0; i < NET_NICK_TRIES; i++) {
		snprintf(text, sizeof(text), ROOM "/%s\"", nick);
		assert_true(has_sent("maxstanzas", text));
		snprintf(text, sizeof(text),
		    "<presence xmlns='jabber:client' type='error' from='" ROOM
		    "/%s'><error type='cancel'><conflict xmlns='urn:ietf:"
		    "params:xml:ns:xmpp-stanzas'/></error></presence>",
		    nick);
		comes(text);
		strcat(nick, "_");
	}
	(void)members(ROOM_REFUSED, "");
	told(M_NET_LEFT, ROOM, "taken");
	world_free();
}

/* Lists that lie, or are not given: out again, and nothing was handed in. */
static void
lists(void **state)
{
	static const struct {
		const char *info, *member, *admin, *owner, *words;
	} rows[] = {
		{ INFO(CLOSED), TWO, LIST(""), OURS, "hides addresses" },
		{ INFO(SHOWS), TWO, LIST(""), OURS, "open to everybody" },
		{ GOOD, LIST(ITEM("member", "montague.lit")), LIST(""), OURS,
		    "whole domain" },
		{ GOOD, LIST(ITEM("outcast", ROMEO)), LIST(""), OURS,
		    "not asked for" },
		{ GOOD, TWO, LIST(ITEM("member", ROMEO)), OURS,
		    "not asked for" },
		{ GOOD, TWO, LIST(""), "", "malformed" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		world_new(0);
		says(M_FRONT_JOIN, ROOM, "");
		answer_as("disco#info", ROOM, "result", ROOM, GOOD);
		comes(SELF(""));
		answers(
		    rows[i].info, rows[i].member, rows[i].admin, rows[i].owner);
		assert_true(has_sent("unavailable", ROOM));
		(void)members(i == 0 ? ROOM_ANONYMOUS
			: i == 1     ? ROOM_OPEN
				     : ROOM_REFUSED,
		    "");
		told(M_NET_LEFT, ROOM, rows[i].words);
		world_free();
	}
}

/* As many as there may be, with names that no request takes: nothing of it is
 * sent to the keeper, which would close on it. */
static void
long_names(void **state)
{
	static char text[LIMIT_ROOM_MEMBERS * 1100];
	size_t at = (size_t)snprintf(text, sizeof(text),
	    "<query xmlns='http://jabber.org/protocol/muc#admin'>");
	int i;

	(void)state;
	for (i = 0; i < LIMIT_ROOM_MEMBERS; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
		    "<item affiliation='member' jid='%0*d@a.lit'/>", 1000, i);
	snprintf(text + at, sizeof(text) - at, "</query>");
	world_new(0);
	says(M_FRONT_JOIN, ROOM, "");
	answer_as("disco#info", ROOM, "result", ROOM, GOOD);
	comes(SELF(""));
	answers(GOOD, text, LIST(""), LIST(""));
	(void)members(ROOM_REFUSED, "");
	for (i = 0; i < LIMIT_ROOM_MEMBERS; i++) {
		struct reader r;

		assert_int_equal(tells(&r), M_NET_MEMBER);
	}
	told(M_NET_LEFT, ROOM, "too long");
	world_free();
}

/* --- changes -------------------------------------------------------------------------- */

/* One is removed: told to the keeper before anything else is asked. */
static void
removed(void **state)
{
	static const char *const rows[] = {
		PRESENCE("mercutio", "type='unavailable'",
		    USER(ITEM("none", MERCUTIO "/x") STATUS("321"))),
		PRESENCE("mercutio", "type='unavailable'",
		    USER(ITEM("outcast", MERCUTIO) STATUS("301"))),
		"<message xmlns='jabber:client' from='" ROOM
		"'>" USER(ITEM("none", MERCUTIO)) "</message>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enter_caught_up();
		comes(rows[i]);
		told(M_NET_MEMBER, ROOM, MERCUTIO);
		reply_members(members(ROOM_LISTED, ROMEO " " OWN " "), "c1");
		answers(GOOD, ONE, LIST(""), OURS);
		reply_members(members(ROOM_LISTED, ROMEO " " OWN " "), "c1");
		assert_true(asks_nothing());
		world_free();
	}
}

/* One more: taken from the lists, not from a word about him. */
static void
added(void **state)
{
	struct reader r;

	(void)state;
	enter_caught_up();
	comes("<message xmlns='jabber:client' from='" ROOM
	      "'>" USER(ITEM("member", "nurse@capulet.lit")) "</message>");
	assert_true(asks_nothing());
	answers(GOOD, TWO, LIST(ITEM("admin", "nurse@capulet.lit")), OURS);
	told(M_NET_MEMBER, ROOM, "nurse@capulet.lit");
	reply_members(members(ROOM_LISTED,
			  ROMEO " " MERCUTIO " nurse@capulet.lit " OWN " "),
	    "c1");
	/* said, and not so */
	comes(
	    PRESENCE("tybalt", "", USER(ITEM("admin", "tybalt@capulet.lit"))));
	answers(GOOD, TWO, LIST(ITEM("admin", "nurse@capulet.lit")), OURS);
	(void)members(
	    ROOM_LISTED, ROMEO " " MERCUTIO " nurse@capulet.lit " OWN " ");
	assert_int_equal(tells(&r), 0);
	world_free();
}

/* What ends the stay, and what the keeper is told. */
static void
ended(void **state)
{
	static const struct {
		const char *text, *words;
		enum room_status status;
	} rows[] = {
		{ "<message xmlns='jabber:client' type='groupchat' from='" ROOM
		  "'>" USER(STATUS("104") STATUS("173")) "</message>",
		    "hides addresses", ROOM_ANONYMOUS },
		{ "<message xmlns='jabber:client' type='groupchat' from='" ROOM
		  "'>" USER(STATUS("174")) "</message>",
		    "hides addresses", ROOM_ANONYMOUS },
		{ PRESENCE("juliet", "type='unavailable'",
		      USER(ITEM("none", FULL) STATUS("307") STATUS("110"))),
		    "put out", ROOM_REFUSED },
		{ PRESENCE("juliet", "type='unavailable'",
		      USER(ITEM("outcast", FULL) STATUS("301") STATUS("110"))),
		    "banned", ROOM_REFUSED },
		{ PRESENCE("juliet", "type='unavailable'",
		      USER(ITEM("none", FULL) STATUS("321") STATUS("110"))),
		    "no member any more", ROOM_REFUSED },
		{ PRESENCE("juliet", "type='unavailable'",
		      USER(ITEM("none", FULL) "<destroy/>" STATUS("110"))),
		    "destroyed", ROOM_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enter_caught_up();
		comes(rows[i].text);
		(void)members(rows[i].status, "");
		told(M_NET_LEFT, ROOM, rows[i].words);
		/* and what is said there is nothing to us */
		comes(SAID("romeo", ENCRYPTED));
		assert_true(asks_nothing());
		world_free();
	}
}

/* A configuration that has changed is looked at anew. */
static void
configured(void **state)
{
	(void)state;
	enter_caught_up();
	comes("<message xmlns='jabber:client' type='groupchat' from='" ROOM
	      "'>" USER(STATUS("104")) "</message>");
	answers(INFO(SHOWS "<feature var='muc_open'/>"), TWO, LIST(""), OURS);
	(void)members(ROOM_OPEN, "");
	told(M_NET_LEFT, ROOM, "open to everybody");
	assert_true(has_sent("unavailable", ROOM));
	world_free();
}

static void
left(void **state)
{
	(void)state;
	enter_caught_up();
	says(M_FRONT_LEAVE, ROOM, NULL);
	(void)members(ROOM_LEFT, "");
	told(M_NET_LEFT, ROOM, "left");
	assert_true(has_sent("unavailable", ROOM));
	world_free();
}

/* --- what is said there --------------------------------------------------------------- */

static void
said(void **state)
{
	struct reader r;

	(void)state;
	enter_caught_up();
	comes(SAID("romeo", ENCRYPTED ID(ROOM, "a1") ID(OWN, "own")));
	verdict(decrypt(ROMEO, 7, "a1"), VERDICT_NEW, 1);
	/* a word about himself inside of it changes nothing */
	comes(SAID("romeo", ENCRYPTED USER(ITEM("owner", MERCUTIO))));
	verdict(decrypt(ROMEO, 7, ""), VERDICT_NEW, 2);
	/* history, a subject, in clear */
	comes(SAID("romeo",
	    ENCRYPTED "<delay xmlns='urn:xmpp:delay' "
		      "stamp='2026-01-01T00:00:00Z'/>"));
	comes(SAID("romeo", "<subject>in clear</subject>"));
	assert_true(asks_nothing());
	assert_int_equal(tells(&r), 0);
	comes(SAID("romeo", "<body>in clear</body>"));
	told(M_NET_UNENCRYPTED, ROMEO, ROOM);
	world_free();
}

/* Whose address is not known, or not shown: refused, and said. */
static void
unknown(void **state)
{
	static const char *const presences[] = { NULL,
		PRESENCE("ghost", "", USER("<item affiliation='member'/>")),
		PRESENCE("ghost", "", USER(ITEM("member", "montague.lit"))),
		PRESENCE("ghost", "",
		    USER(ITEM("member", ROMEO "/x") ITEM("member", "a@b"))),
		PRESENCE("ghost", "", "") };

	(void)state;
	for (size_t i = 0; i < sizeof(presences) / sizeof(presences[0]); i++) {
		enter_caught_up();
		if (presences[i] != NULL)
			comes(presences[i]);
		comes(SAID("ghost", ENCRYPTED));
		told(M_NET_NOTICE, ROOM, "does not show who wrote it");
		assert_true(asks_nothing());
		world_free();
	}
	/* known until he has gone */
	enter_caught_up();
	comes(PRESENCE("romeo", "type='unavailable'",
	    USER(ITEM("member", ROMEO "/orchard"))));
	comes(SAID("romeo", ENCRYPTED));
	told(M_NET_NOTICE, ROOM, "does not show who wrote it");
	assert_true(asks_nothing());
	world_free();
}

/* Strangers, and rooms that we are not in. */
static void
strangers(void **state)
{
	struct reader r;

	(void)state;
	enter_caught_up();
	comes("<message xmlns='jabber:client' type='groupchat' from='other@"
	      "rooms.montague.lit/romeo'>" ENCRYPTED "</message>");
	comes("<presence xmlns='jabber:client' from='other@rooms.montague.lit/"
	      "juliet'>" USER(ITEM("owner", FULL) STATUS("110")) "</presence>");
	comes(
	    "<message xmlns='jabber:client' from='other@rooms.montague.lit'>" USER(
		ITEM("none", MERCUTIO)) "</message>");
	assert_true(asks_nothing());
	assert_int_equal(tells(&r), 0);
	/* past the room, to us alone; an error that an occupant makes up */
	comes("<message xmlns='jabber:client' type='chat' from='" ROOM
	      "/romeo'>" ENCRYPTED "</message>");
	told(M_NET_NOTICE, ROOM, "past the room");
	comes("<message xmlns='jabber:client' type='error' id='m1' from='" ROOM
	      "/romeo'><error/></message>");
	assert_true(asks_nothing());
	assert_int_equal(tells(&r), 0);
	world_free();
}

/* --- its archive ---------------------------------------------------------------------- */

static char queryid[64];

/* One result of the archive, as from says; the room's x is user. */
static void
result(const char *from, const char *query, const char *id, const char *inner,
    const char *user)
{
	char *text;

	assert_true(asprintf(&text,
			"<message xmlns='jabber:client' from='%s' to='" FULL
			"'><result xmlns='urn:xmpp:mam:2' queryid='%s' id='%s'>"
			"<forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='"
			"urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/>"
			"<message xmlns='jabber:client' type='groupchat' "
			"from='%s'>" ENCRYPTED "%s</message></forwarded>"
			"</result></message>",
			from, query, id, inner, user) > 0);
	comes(text);
	free(text);
}

static void
read_queryid(void)
{
	const char *at;

	for (size_t i = 0; i < world.n; i++)
		if ((at = strstr(world.sent[i], "queryid=\"")) != NULL)
			sscanf(at, "queryid=\"%63[^\"]", queryid);
}

static void
archive(void **state)
{
	char text[LIMIT_STANZA_ID + 1];
	struct reader r;
	uint32_t id;

	(void)state;
	enter(0);
	read_queryid();
	/* held until the archive has been read; the archive has it too */
	comes(SAID("romeo", ENCRYPTED ID(ROOM, "a3")));
	comes(SAID("romeo", ENCRYPTED ID(ROOM, "a4")));
	assert_true(asks_nothing());
	/* not the room's, not this query's, not of the room */
	result(ROMEO, queryid, "x", ROOM "/romeo", USER(ITEM("member", ROMEO)));
	told(M_NET_NOTICE, ROMEO, "forged");
	result(ROOM "/romeo", queryid, "x", ROOM "/romeo",
	    USER(ITEM("member", ROMEO)));
	result(ROOM, "other", "x", ROOM "/romeo", USER(ITEM("member", ROMEO)));
	result(ROOM, queryid, "x", "other@rooms.montague.lit/romeo",
	    USER(ITEM("member", ROMEO)));
	assert_true(asks_nothing());
	/* whose it was the room says, once */
	result(
	    ROOM, queryid, "a1", ROOM "/gone", USER(ITEM("member", MERCUTIO)));
	verdict(decrypt(MERCUTIO, 7, "a1"), VERDICT_NEW, 1);
	result(ROOM, queryid, "a2", ROOM "/romeo", "");
	told(M_NET_NOTICE, ROOM, "does not show who wrote it");
	id = asks_for(M_CURSOR, &r); /* refused for good: passed */
	reader_cstring(&r, text, sizeof(text));
	assert_string_equal(text, "a2");
	reply(id, 0, NULL);
	result(ROOM, queryid, "a2b", ROOM "/romeo",
	    USER(ITEM("member", ROMEO)) USER(ITEM("member", MERCUTIO)));
	told(M_NET_NOTICE, ROOM, "does not show who wrote it");
	reply(asks_for(M_CURSOR, &r), 0, NULL);
	result(ROOM, queryid, "a3", ROOM "/romeo", USER(ITEM("member", ROMEO)));
	verdict(decrypt(ROMEO, 7, "a3"), VERDICT_NEW, 2);
	answer_as("urn:xmpp:mam:2", "c1", "result", ROOM,
	    "<fin xmlns='urn:xmpp:mam:2' complete='true'><set xmlns='http://"
	    "jabber.org/protocol/rsm'><last>a3</last></set></fin>");
	id = asks_for(M_CURSOR, &r);
	reader_cstring(&r, text, sizeof(text));
	assert_string_equal(text, "a3");
	assert_int_equal(reader_u8(&r), 1);
	reader_cstring(&r, text, sizeof(text));
	assert_string_equal(text, ROOM);
	reply(id, 0, NULL);
	told(M_NET_CAUGHT_UP, ROOM, NULL);
	/* what was held, but for the one that the archive has given */
	verdict(decrypt(ROMEO, 7, "a4"), VERDICT_NEW, 3);
	assert_true(asks_nothing());
	world_free();
}

/* Left while its archive is being read: what still comes is late. */
static void
archive_left(void **state)
{
	(void)state;
	enter(0);
	read_queryid();
	comes(SAID("romeo", ENCRYPTED ID(ROOM, "a3")));
	says(M_FRONT_LEAVE, ROOM, NULL);
	(void)members(ROOM_LEFT, "");
	result(ROOM, queryid, "a1", ROOM "/romeo", USER(ITEM("member", ROMEO)));
	answer_as("urn:xmpp:mam:2", "c1", "result", ROOM,
	    "<fin xmlns='urn:xmpp:mam:2' complete='true'/>");
	assert_true(asks_nothing());
	world_free();
}

/* --- what is sent there --------------------------------------------------------------- */

static const uint8_t handle[HANDLE_SIZE] = { 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5,
	5, 5, 5, 5 };

static void
encrypted(uint32_t id, enum encrypt_status status)
{
	struct buffer b;

	buffer_init(&b, 4096);
	buffer_put_u8(&b, (uint8_t)status);
	buffer_put_u32(&b, 0); /* need */
	buffer_put_cstring(&b, ROOM);
	buffer_put_u8(&b, KIND_ROOM);
	buffer_put_cstring(&b, "id1");
	buffer_put_u32(&b, 0); /* elements */
	reply(id, 0, &b);
}

/* Is it that request about our handle? */
static void
about(uint8_t type)
{
	uint8_t octets[HANDLE_SIZE];
	struct reader r;

	reply(asks_for(type, &r), 0, NULL);
	reader_fixed(&r, octets, sizeof(octets));
	assert_memory_equal(octets, handle, sizeof(handle));
}

/* Hand it to the net, in a room: it goes out once. */
static void
send_it(void)
{
	struct reader r;
	char *text;

	outgoing_add(&net, handle);
	encrypted(asks_for(M_ENCRYPT, &r), ENCRYPT_DONE);
	text = sent("groupchat", "id1");
	assert_non_null(text);
	assert_null(strstr(text, "urn:xmpp:receipts"));
	free(text);
}

static void
reflected(void **state)
{
	struct reader r;

	(void)state;
	enter_caught_up();
	send_it();
	/* the stream has it: that is not the room */
	comes(
	    "<message xmlns='jabber:client' type='groupchat' id='id1' from='" ROOM
	    "/romeo'>" FROM("31415") "</message>");
	verdict(decrypt(ROMEO, 31415, ""), VERDICT_NEW, 5);
	assert_true(asks_nothing());
	comes(
	    "<message xmlns='jabber:client' type='groupchat' id='id1' from='" ROOM
	    "/juliet'><encrypted xmlns='" OMEMO
	    "'><header sid='31415'><iv>AAAAAAAAAAAAAAAA</iv></header>"
	    "<payload>AAAA</payload></encrypted></message>");
	verdict(decrypt(OWN, 31415, ""), VERDICT_OWN, 5);
	about(M_SENT);
	/* again: the keeper knows it no more, and says so */
	comes(SAID("juliet", FROM("31415")));
	verdict(decrypt(OWN, 31415, ""), VERDICT_DUPLICATE, 0);
	assert_true(asks_nothing());
	assert_int_equal(tells(&r), 0);
	world_free();
}

static void
bounced(void **state)
{
	static const char bounce[] =
	    "<message xmlns='jabber:client' type='error' id='id1' from='%s'>"
	    "<error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:"
	    "xmpp-stanzas'/></error></message>";
	char text[512];

	(void)state;
	enter_caught_up();
	send_it();
	snprintf(text, sizeof(text), bounce, ROOM "/romeo");
	comes(text);
	assert_true(asks_nothing());
	snprintf(text, sizeof(text), bounce, ROOM);
	comes(text);
	about(M_FAILED);
	told(M_NET_NOTICE, ROOM, "forbidden");
	world_free();
}

/* The room has lost us, and says so by it. */
static void
lost(void **state)
{
	(void)state;
	enter_caught_up();
	comes(
	    "<message xmlns='jabber:client' type='error' id='other' from='" ROOM
	    "'><error type='cancel'><not-acceptable xmlns='urn:ietf:params:"
	    "xml:ns:xmpp-stanzas'/></error></message>");
	assert_true(asks_nothing()); /* of no text of ours */
	send_it();
	comes("<message xmlns='jabber:client' type='error' id='id1' from='" ROOM
	      "'><error type='cancel'><not-acceptable xmlns='urn:ietf:params:"
	      "xml:ns:xmpp-stanzas'/></error></message>");
	about(M_FAILED);
	(void)members(ROOM_REFUSED, "");
	told(M_NET_NOTICE, ROOM, "not-acceptable");
	told(M_NET_LEFT, ROOM, "knows us no more");
	world_free();
}

/* A room that the keeper knows nothing of is entered for it. */
static void
entered_for_it(void **state)
{
	struct reader r;

	(void)state;
	world_new(1);
	outgoing_add(&net, handle);
	encrypted(asks_for(M_ENCRYPT, &r), ENCRYPT_MEMBERS);
	answer_as("disco#info", ROOM, "result", ROOM, GOOD);
	comes(PRESENCE("romeo", "", USER(ITEM("member", ROMEO "/orchard"))));
	comes(SELF(""));
	answers(GOOD, ONE, LIST(""), OURS);
	reply_members(members(ROOM_LISTED, ROMEO " " OWN " "), "");
	encrypted(asks_for(M_ENCRYPT, &r), ENCRYPT_DONE);
	assert_true(has_sent("groupchat", "id1"));
	/* it only sends: no archive, and no text of others */
	assert_false(has_sent("urn:xmpp:mam:2", ROOM));
	comes(SAID("romeo", ENCRYPTED ID(ROOM, "a1")));
	assert_true(asks_nothing());
	comes(SAID("juliet", FROM("31415") ID(ROOM, "a2")));
	verdict(decrypt(OWN, 31415, ""), VERDICT_OWN, 5);
	about(M_SENT);
	world_free();
}

/* The same, and it turns out that nothing can be sent there: asked again, the
 * keeper says so to whom it concerns. */
static void
not_entered_for_it(void **state)
{
	struct reader r;

	(void)state;
	world_new(1);
	outgoing_add(&net, handle);
	encrypted(asks_for(M_ENCRYPT, &r), ENCRYPT_MEMBERS);
	answer_as("disco#info", ROOM, "result", ROOM, INFO(CLOSED));
	reply_members(members(ROOM_ANONYMOUS, ""), "");
	reply(asks_for(M_ENCRYPT, &r), ERR_UNTRUSTED, NULL);
	assert_true(asks_nothing());
	assert_false(has_sent("presence", ""));
	world_free();
}

/* A keeper that asks for ever is not followed for ever. */
static void
asked_for_ever(void **state)
{
	struct reader r;
	uint8_t type = M_ENCRYPT;
	uint32_t id;
	int n = 0, failed = 0;

	(void)state;
	enter_caught_up();
	outgoing_add(&net, handle);
	while ((id = asks(&type, &r)) != 0 && n++ < 100) {
		if (type == M_ENCRYPT) {
			encrypted(id, ENCRYPT_MEMBERS);
			if (world.n > 0)
				answers(GOOD, TWO, LIST(""), OURS);
		} else if (type == M_MEMBERS) {
			reply_members(id, "");
		} else {
			assert_int_equal(type, M_FAILED);
			reply(id, 0, NULL);
			failed++;
		}
	}
	assert_in_range(n, NET_ROUNDS, 99);
	assert_int_equal(failed, 1);
	world_free();
}

/* --- NET_ROOMS, and one more ------------------------------------------------------------ */

static void
many(void **state)
{
	char room[64];
	struct reader r;

	(void)state;
	world_new(0);
	for (int i = 0; i < NET_ROOMS; i++) {
		snprintf(room, sizeof(room), "r%d@rooms.montague.lit", i);
		says(M_FRONT_JOIN, room, "");
		assert_true(has_sent("disco#info", room));
	}
	assert_int_equal(tells(&r), 0);
	says(M_FRONT_JOIN, ROOM, "");
	told(M_NET_LEFT, ROOM, "too many rooms");
	assert_false(has_sent("disco#info", ROOM));
	world_free();
}

static void
services(void **state)
{
	struct reader r;
	char domain[64];

	(void)state;
	world_new(0);
	says(M_FRONT_SERVICE, "rooms.montague.lit", NULL);
	answer_as("disco#info", "rooms.montague.lit", "result",
	    "rooms.montague.lit", INFO(""));
	assert_int_equal(tells(&r), M_NET_SERVICE);
	reader_cstring(&r, domain, sizeof(domain));
	assert_string_equal(domain, "rooms.montague.lit");
	assert_int_equal(reader_u8(&r), 1);
	says(M_FRONT_SERVICE, "montague.lit", NULL);
	answer_as("disco#info", "montague.lit", "error", "montague.lit", "");
	assert_int_equal(tells(&r), M_NET_SERVICE);
	reader_cstring(&r, domain, sizeof(domain));
	assert_int_equal(reader_u8(&r), 0);
	world_free();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(not_entered),
		cmocka_unit_test(refused),
		cmocka_unit_test(taken),
		cmocka_unit_test(lists),
		cmocka_unit_test(long_names),
		cmocka_unit_test(removed),
		cmocka_unit_test(added),
		cmocka_unit_test(ended),
		cmocka_unit_test(configured),
		cmocka_unit_test(left),
		cmocka_unit_test(said),
		cmocka_unit_test(unknown),
		cmocka_unit_test(strangers),
		cmocka_unit_test(archive),
		cmocka_unit_test(archive_left),
		cmocka_unit_test(reflected),
		cmocka_unit_test(bounced),
		cmocka_unit_test(lost),
		cmocka_unit_test(entered_for_it),
		cmocka_unit_test(not_entered_for_it),
		cmocka_unit_test(asked_for_ever),
		cmocka_unit_test(many),
		cmocka_unit_test(services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
