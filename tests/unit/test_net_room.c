/* SPDX-License-Identifier: ISC */
/* What xmpp-net takes from a room: what it says of itself, of an occupant, of
 * its lists; and what it refuses of each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../client/net/room.h"
#include "../../client/net/room_xml.h"
#include "../../ipc/err.h"
#include "check.h"

#define ROOM  "lounge@rooms.montague.lit"
#define ROMEO "romeo@montague.lit"
#define INFO(x)                                                                \
	"<iq xmlns='jabber:client' type='result' from='" ROOM "'>"             \
	"<query xmlns='http://jabber.org/protocol/disco#info'>" x              \
	"</query></iq>"
#define IS   "<identity category='conference' type='text'/>"
#define F(v) "<feature var='" v "'/>"
#define MUC  F("http://jabber.org/protocol/muc")
#define LIST(x)                                                                \
	"<iq xmlns='jabber:client' type='result' from='" ROOM "'>"             \
	"<query xmlns='http://jabber.org/protocol/muc#admin'>" x               \
	"</query></iq>"
#define ITEM(a, j) "<item affiliation='" a "' jid='" j "'/>"
#define PRESENCE(x)                                                            \
	"<presence xmlns='jabber:client' from='" ROOM "/romeo'>" x "</presence>"
#define X(x) "<x xmlns='http://jabber.org/protocol/muc#user'>" x "</x>"

static xmpp_ctx_t *ctx;

static xmpp_stanza_t *
parse(const char *text)
{
	xmpp_stanza_t *stanza = xmpp_stanza_new_from_string(ctx, text);

	assert_non_null(stanza);
	return stanza;
}

/* --- what it is ------------------------------------------------------------------ */

static void
infos(void **state)
{
	static const struct {
		const char *text;
		int err, shows, closed, archive, sid;
		enum room_status status;
	} rows[] = {
		{ INFO(IS MUC F("muc_nonanonymous") F("muc_membersonly")), 0, 1,
		    1, 0, 0, ROOM_LISTED },
		{ INFO(IS MUC F("muc_nonanonymous") F("muc_membersonly")
			  F("urn:xmpp:mam:2")),
		    0, 1, 1, 1, 1, ROOM_LISTED },
		{ INFO(IS MUC F("muc_nonanonymous") F("muc_membersonly")
			  F("urn:xmpp:sid:0")),
		    0, 1, 1, 0, 1, ROOM_LISTED },
		{ INFO(IS MUC F("muc_semianonymous") F("muc_membersonly")), 0,
		    0, 1, 0, 0, ROOM_ANONYMOUS },
		{ INFO(IS MUC F("muc_nonanonymous") F("muc_open")), 0, 1, 0, 0,
		    0, ROOM_OPEN },
		/* nothing is said: the worse is taken */
		{ INFO(IS MUC F("muc_membersonly")), 0, 0, 1, 0, 0,
		    ROOM_ANONYMOUS },
		{ INFO(IS MUC F("muc_nonanonymous")), 0, 1, 0, 0, 0,
		    ROOM_OPEN },
		/* both are said */
		{ INFO(IS MUC F("muc_nonanonymous") F("muc_semianonymous")
			  F("muc_membersonly")),
		    0, 0, 1, 0, 0, ROOM_ANONYMOUS },
		{ INFO(IS MUC F("muc_nonanonymous") F("muc_fullyanonymous")
			  F("muc_membersonly")),
		    0, 0, 1, 0, 0, ROOM_ANONYMOUS },
		{ INFO(IS MUC F("muc_nonanonymous") F("muc_membersonly")
			  F("muc_open")),
		    0, 1, 0, 0, 0, ROOM_OPEN },
		/* no room */
		{ INFO("<identity category='account' type='registered'/>"),
		    ERR_NOT_FOUND, 0, 0, 0, 0, ROOM_ANONYMOUS },
		{ INFO(IS F("muc_nonanonymous") F("muc_membersonly")),
		    ERR_NOT_FOUND, 0, 0, 0, 0, ROOM_ANONYMOUS },
		{ INFO(MUC F("muc_nonanonymous") F("muc_membersonly")),
		    ERR_NOT_FOUND, 0, 0, 0, 0, ROOM_ANONYMOUS },
		{ "<iq xmlns='jabber:client' type='result'/>", ERR_NOT_FOUND, 0,
		    0, 0, 0, ROOM_ANONYMOUS },
		{ "<iq xmlns='jabber:client' type='error'><query "
		  "xmlns='http://jabber.org/protocol/disco#info'>" IS MUC
		  "</query></iq>",
		    ERR_NOT_FOUND, 0, 0, 0, 0, ROOM_ANONYMOUS },
	};
	struct room_info info;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		xmpp_stanza_t *iq = parse(rows[i].text);

		assert_int_equal(room_info_parse(iq, &info), rows[i].err);
		assert_int_equal(info.shows, rows[i].shows);
		assert_int_equal(info.closed, rows[i].closed);
		assert_int_equal(info.archive, rows[i].archive);
		assert_int_equal(info.sid, rows[i].sid);
		assert_int_equal(room_judge(&info, &why), rows[i].status);
		assert_int_equal(*why == '\0', rows[i].status == ROOM_LISTED);
		xmpp_stanza_release(iq);
	}
	assert_int_equal(room_info_parse(NULL, &info), ERR_NOT_FOUND);
}

/* --- its lists -------------------------------------------------------------------- */

static int
read_list(const char *text, enum affiliation asked, struct members *m)
{
	xmpp_stanza_t *iq = text != NULL ? parse(text) : NULL;
	const char *why = "";
	int err = affiliations_parse(iq, asked, m, &why);

	assert_true(err == 0 || *why != '\0');
	if (iq != NULL)
		xmpp_stanza_release(iq);
	return err;
}

static void
lists_good(void **state)
{
	struct members m = { 0 }, other = { 0 };

	(void)state;
	assert_int_equal(
	    read_list(LIST(ITEM("member", ROMEO) ITEM("member",
			  "Mercutio@Montague.lit") ITEM("member", ROMEO)),
		AFFILIATION_MEMBER, &m),
	    0);
	assert_int_equal(m.n, 2); /* in lower case, nobody twice */
	assert_true(members_has(&m, ROMEO));
	assert_true(members_has(&m, "mercutio@montague.lit"));
	assert_int_equal(read_list(LIST(ITEM("owner", "juliet@capulet.lit")
					   ITEM("owner", ROMEO)),
			     AFFILIATION_OWNER, &m),
	    0);
	assert_int_equal(m.n, 3);
	assert_int_equal(read_list(LIST(""), AFFILIATION_ADMIN, &m), 0);
	assert_int_equal(m.n, 3);
	assert_int_equal(members_remove(&m, ROMEO), 1);
	assert_int_equal(members_remove(&m, ROMEO), 0);
	assert_false(members_has(&m, ROMEO));
	assert_int_equal(m.n, 2);
	members_move(&other, &m);
	assert_int_equal(m.n, 0);
	assert_int_equal(other.n, 2);
	members_clear(&other);
	assert_int_equal(other.n, 0);
}

static void
lists_bad(void **state)
{
	static const char *const rows[] = {
		/* another list than was asked for, or one that is none */
		LIST(ITEM("owner", ROMEO)),
		LIST(ITEM("member", ROMEO) ITEM("outcast", ROMEO)),
		LIST(ITEM("none", ROMEO)),
		LIST(ITEM("king", ROMEO)),
		LIST("<item jid='" ROMEO "'/>"),
		/* what is no account */
		LIST("<item affiliation='member'/>"),
		LIST(ITEM("member", "")),
		LIST(ITEM("member", "montague.lit")),
		LIST(ITEM("member", "@montague.lit")),
		LIST(ITEM("member", "romeo@")),
		LIST(ITEM("member", ROMEO "/orchard")),
		LIST(ITEM("member", "ro meo@montague.lit")),
		LIST(ITEM("member", "a@b@c")),
		/* no answer of its kind */
		"<iq xmlns='jabber:client' type='result'/>",
		"<iq xmlns='jabber:client' type='error'><query "
		"xmlns='http://jabber.org/protocol/muc#admin'/></iq>",
		"<iq xmlns='jabber:client' type='result'><query "
		"xmlns='http://jabber.org/protocol/muc#owner'/></iq>",
		NULL,
	};
	struct members m = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(read_list(rows[i], AFFILIATION_MEMBER, &m),
		    ERR_BAD_MESSAGE);
	members_clear(&m);
}

/* LIMIT_ROOM_MEMBERS, and one more. */
static void
lists_long(void **state)
{
	static char text[64 * (LIMIT_ROOM_MEMBERS + 2)];
	struct members m = { 0 };
	size_t n;

	(void)state;
	for (n = LIMIT_ROOM_MEMBERS; n <= LIMIT_ROOM_MEMBERS + 1; n++) {
		size_t at = (size_t)snprintf(text, sizeof(text),
		    "<iq xmlns='jabber:client' type='result'><query "
		    "xmlns='http://jabber.org/protocol/muc#admin'>");

		for (size_t i = 0; i < n; i++)
			at += (size_t)snprintf(text + at, sizeof(text) - at,
			    "<item affiliation='admin' jid='m%zu@a.lit'/>", i);
		snprintf(text + at, sizeof(text) - at, "</query></iq>");
		assert_int_equal(read_list(text, AFFILIATION_ADMIN, &m),
		    n > LIMIT_ROOM_MEMBERS ? ERR_FULL : 0);
		assert_int_equal(m.n, LIMIT_ROOM_MEMBERS);
		members_clear(&m);
	}
}

/* --- an occupant ------------------------------------------------------------------- */

static void
users(void **state)
{
	static const struct {
		const char *text;
		int err;
		unsigned codes, items;
		enum affiliation affiliation;
		const char *jid, *nick;
	} rows[] = {
		{ PRESENCE(X("<item affiliation='member' role='participant' "
			     "jid='" ROMEO "/orchard'/>")),
		    0, 0, 1, AFFILIATION_MEMBER, ROMEO, "" },
		{ PRESENCE(X("<item affiliation='owner' jid='Romeo@Montague."
			     "lit/x'/><status code='110'/><status code='100'/>"
			     "<status code='201'/>")),
		    0, ROOM_CODE_SELF | ROOM_CODE_CREATED, 1, AFFILIATION_OWNER,
		    ROMEO, "" },
		/* hidden */
		{ PRESENCE(X("<item affiliation='member'/>")), 0, 0, 1,
		    AFFILIATION_MEMBER, "", "" },
		{ PRESENCE(X("<item jid='montague.lit'/>")), 0, 0, 1,
		    AFFILIATION_NONE, "", "" },
		/* gone, and why */
		{ PRESENCE(X("<item affiliation='outcast' jid='" ROMEO
			     "'/><status code='301'/>")),
		    0, ROOM_CODE_BANNED, 1, AFFILIATION_OUTCAST, ROMEO, "" },
		{ PRESENCE(
		      X("<item affiliation='member' nick='other' jid='" ROMEO
			"/x'/><status code='303'/>")),
		    0, ROOM_CODE_RENAMED, 1, AFFILIATION_MEMBER, ROMEO,
		    "other" },
		{ PRESENCE(X("<status code='104'/><status code='173'/>")), 0,
		    ROOM_CODE_CHANGED | ROOM_CODE_HIDES, 0, AFFILIATION_NONE,
		    "", "" },
		/* codes that are none */
		{ PRESENCE(X("<status code='99999999999'/><status code='-104'/>"
			     "<status code='x'/><status/>")),
		    0, 0, 0, AFFILIATION_NONE, "", "" },
		/* two clients of one account, and two people */
		{ PRESENCE(
		      X("<item affiliation='member' jid='" ROMEO
			"/x'/><item affiliation='member' jid='" ROMEO "/y'/>")),
		    0, 0, 2, AFFILIATION_MEMBER, ROMEO, "" },
		{ PRESENCE(X("<item affiliation='member' jid='" ROMEO
			     "/x'/><item affiliation='member' jid='a@b'/>")),
		    ERR_BAD_MESSAGE, 0, 2, AFFILIATION_NONE, "", "" },
		{ PRESENCE(
		      X("<item affiliation='member' jid='" ROMEO
			"/x'/><item affiliation='owner' jid='" ROMEO "/x'/>")),
		    ERR_BAD_MESSAGE, 0, 2, AFFILIATION_NONE, "", "" },
		{ PRESENCE(X("<item affiliation='member' jid='" ROMEO
			     "/x'/><item affiliation='member'/>")),
		    ERR_BAD_MESSAGE, 0, 2, AFFILIATION_NONE, "", "" },
		/* two of them: one is a guest's */
		{ PRESENCE(X("<item affiliation='member' jid='" ROMEO "/x'/>")
			  X("<item affiliation='member' jid='a@b'/>")),
		    ERR_BAD_MESSAGE, 0, 0, AFFILIATION_NONE, "", "" },
		{ PRESENCE(X("<item affiliation='king' jid='" ROMEO "/x'/>")),
		    ERR_BAD_MESSAGE, 0, 1, AFFILIATION_NONE, "", "" },
		{ PRESENCE("<x xmlns='http://jabber.org/protocol/muc'/>"),
		    ERR_NOT_FOUND, 0, 0, AFFILIATION_NONE, "", "" },
		{ PRESENCE(""), ERR_NOT_FOUND, 0, 0, AFFILIATION_NONE, "", "" },
	};
	struct muc_user u;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		xmpp_stanza_t *p = parse(rows[i].text);

		assert_int_equal(muc_user_parse(p, &u), rows[i].err);
		if (rows[i].err == 0) {
			assert_int_equal(u.codes, rows[i].codes);
			assert_int_equal(u.items, rows[i].items);
		}
		assert_int_equal(u.item.affiliation, rows[i].affiliation);
		assert_string_equal(u.item.jid, rows[i].jid);
		assert_string_equal(u.item.nick, rows[i].nick);
		xmpp_stanza_release(p);
	}
}

static void
nicks(void **state)
{
	char nick[ROOM_NICK_MAX + 1], from[ROOM_NICK_MAX + 64];

	(void)state;
	occupant_nick(ROOM "/the nurse", nick);
	assert_string_equal(nick, "the nurse");
	occupant_nick(ROOM "/a/b", nick);
	assert_string_equal(nick, "a/b");
	occupant_nick(ROOM, nick);
	assert_string_equal(nick, "");
	occupant_nick(ROOM "/", nick);
	assert_string_equal(nick, "");
	occupant_nick(NULL, nick);
	assert_string_equal(nick, "");
	for (size_t n = ROOM_NICK_MAX; n <= ROOM_NICK_MAX + 1; n++) {
		size_t at = (size_t)snprintf(from, sizeof(from), ROOM "/");

		memset(from + at, 'n', n);
		from[at + n] = '\0';
		occupant_nick(from, nick);
		assert_int_equal(
		    strlen(nick), n > ROOM_NICK_MAX ? 0 : ROOM_NICK_MAX);
	}
}

/* Who is behind a nickname; over NET_OCCUPANTS it is not known. */
static void
crowd(void **state)
{
	static struct occupants o;
	char nick[32];

	(void)state;
	assert_null(occupants_find(&o, "romeo"));
	assert_int_equal(occupants_set(&o, "romeo", ROMEO), 1);
	assert_int_equal(occupants_set(&o, "other", ROMEO), 0);
	assert_string_equal(occupants_find(&o, "romeo"), ROMEO);
	/* another takes the name */
	assert_int_equal(occupants_set(&o, "romeo", "tybalt@capulet.lit"), 1);
	assert_string_equal(occupants_find(&o, "romeo"), "tybalt@capulet.lit");
	occupants_remove(&o, "romeo");
	occupants_remove(&o, "romeo");
	assert_null(occupants_find(&o, "romeo"));
	occupants_clear(&o);
	assert_null(occupants_find(&o, "other"));
	for (int i = 0; i <= NET_OCCUPANTS; i++) {
		snprintf(nick, sizeof(nick), "n%d", i);
		occupants_set(&o, nick, ROMEO);
	}
	assert_int_equal(o.n, NET_OCCUPANTS);
	assert_null(occupants_find(&o, nick));
	assert_string_equal(occupants_find(&o, "n0"), ROMEO);
	occupants_clear(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(infos),
		cmocka_unit_test(lists_good),
		cmocka_unit_test(lists_bad),
		cmocka_unit_test(lists_long),
		cmocka_unit_test(users),
		cmocka_unit_test(nicks),
		cmocka_unit_test(crowd),
	};
	int failed;

	ctx = xmpp_ctx_new(NULL, NULL);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	xmpp_ctx_free(ctx);
	return failed;
}
