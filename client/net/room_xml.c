/* SPDX-License-Identifier: ISC */
/*
 * Reading what rooms say. Runs in xmpp-net; trusts nothing in it: an address
 * is taken only where it is one, and what contradicts itself is refused.
 */
#include "room_xml.h"

#include <string.h>

#include <bsd/string.h>

#include "../common/jid.h"
#include "disco.h"
#include "inspect_xml.h"
#include "stanza.h"

static const char *const words[AFFILIATIONS] = {
	[AFFILIATION_NONE] = "none",
	[AFFILIATION_OUTCAST] = "outcast",
	[AFFILIATION_MEMBER] = "member",
	[AFFILIATION_ADMIN] = "admin",
	[AFFILIATION_OWNER] = "owner",
};

const char *
affiliation_word(enum affiliation a)
{
	return words[a];
}

/* Without the attribute: none. */
static int
affiliation_read(xmpp_stanza_t *item, enum affiliation *a)
{
	const char *word = el_get(item, "affiliation");

	*a = AFFILIATION_NONE;
	if (*word == '\0')
		return 0;
	for (int i = 0; i < AFFILIATIONS; i++)
		if (strcmp(word, words[i]) == 0) {
			*a = (enum affiliation)i;
			return 0;
		}
	return ERR_BAD_MESSAGE;
}

int
room_info_parse(xmpp_stanza_t *answer, struct room_info *info)
{
	memset(info, 0, sizeof(*info));
	if (iq_is_error(answer) ||
	    disco_is(answer, "conference", "text") != TOLD_YES ||
	    !disco_has(answer, NS_MUC))
		return ERR_NOT_FOUND;
	info->shows = disco_has(answer, "muc_nonanonymous") &&
	    !disco_has(answer, "muc_semianonymous") &&
	    !disco_has(answer, "muc_fullyanonymous");
	info->closed = disco_has(answer, "muc_membersonly") &&
	    !disco_has(answer, "muc_open");
	info->archive = disco_has(answer, NS_MAM);
	info->sid = info->archive || disco_has(answer, NS_SID);
	return 0;
}

static unsigned
code_read(uint32_t code)
{
	static const struct {
		uint32_t code;
		unsigned bit;
	} table[] = {
		{ 104, ROOM_CODE_CHANGED },
		{ 110, ROOM_CODE_SELF },
		{ 172, ROOM_CODE_CHANGED },
		{ 173, ROOM_CODE_HIDES },
		{ 174, ROOM_CODE_HIDES },
		{ 201, ROOM_CODE_CREATED },
		{ 301, ROOM_CODE_BANNED },
		{ 303, ROOM_CODE_RENAMED },
		{ 307, ROOM_CODE_KICKED },
		{ 321, ROOM_CODE_LOST },
		{ 322, ROOM_CODE_CLOSED },
		{ 332, ROOM_CODE_SHUTDOWN },
		{ 333, ROOM_CODE_SHUTDOWN },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].code == code)
			return table[i].bit;
	return 0;
}

/* The bare address of an occupant, who shows a full one; "" if it is none. */
static void
address_read(const char *jid, char out[static LIMIT_JID + 1])
{
	char bare[LIMIT_JID + 1];

	out[0] = '\0';
	if (jid_bare(jid, bare, sizeof(bare)))
		(void)jid_read(bare, out, NULL);
}

static int
item_read(xmpp_stanza_t *item, struct muc_item *i)
{
	if (affiliation_read(item, &i->affiliation) != 0)
		return ERR_BAD_MESSAGE;
	address_read(el_get(item, "jid"), i->jid);
	i->nick[0] = '\0';
	if (strlen(el_get(item, "nick")) <= ROOM_NICK_MAX)
		strlcpy(i->nick, el_get(item, "nick"), sizeof(i->nick));
	return 0;
}

/* Several clients of one account share a nickname: an item for each. */
static int
items_read(xmpp_stanza_t *x, struct muc_user *u)
{
	xmpp_stanza_t *el = el_child(x, "item", NS_MUC_USER);
	struct muc_item more = { 0 };

	for (; el != NULL; el = el_next(el, "item", NS_MUC_USER)) {
		if (item_read(el, u->items == 0 ? &u->item : &more) != 0)
			return ERR_BAD_MESSAGE;
		if (u->items++ > 0 &&
		    (strcmp(more.jid, u->item.jid) != 0 ||
			more.affiliation != u->item.affiliation))
			return ERR_BAD_MESSAGE; /* two people */
	}
	return 0;
}

int
muc_user_parse(xmpp_stanza_t *stanza, struct muc_user *u)
{
	xmpp_stanza_t *x = el_child(stanza, "x", NS_MUC_USER), *el;
	int err;

	memset(u, 0, sizeof(*u));
	if (x == NULL)
		return ERR_NOT_FOUND;
	if (el_next(x, "x", NS_MUC_USER) != NULL)
		return ERR_BAD_MESSAGE; /* one of them is somebody else's */
	el = el_child(x, "status", NS_MUC_USER);
	for (; el != NULL; el = el_next(el, "status", NS_MUC_USER))
		u->codes |= code_read(el_get_u32(el, "code"));
	u->destroyed = el_child(x, "destroy", NS_MUC_USER) != NULL;
	if ((err = items_read(x, u)) != 0)
		memset(&u->item, 0, sizeof(u->item));
	return err;
}

int
affiliations_parse(xmpp_stanza_t *answer, enum affiliation asked,
    struct members *members, const char **why)
{
	xmpp_stanza_t *el;
	char jid[LIMIT_JID + 1];
	enum affiliation a;

	*why = "a list of members is malformed";
	if (iq_is_error(answer) ||
	    (el = el_child(answer, "query", NS_MUC_ADMIN)) == NULL)
		return ERR_BAD_MESSAGE;
	el = el_child(el, "item", NS_MUC_ADMIN);
	for (; el != NULL; el = el_next(el, "item", NS_MUC_ADMIN)) {
		if (affiliation_read(el, &a) != 0 || a != asked) {
			*why = "a list of members holds what was not asked for";
			return ERR_BAD_MESSAGE;
		}
		if (jid_read(el_get(el, "jid"), jid, NULL) != 0) {
			*why = "a list of members names what is no account, "
			       "such as a whole domain";
			return ERR_BAD_MESSAGE;
		}
		if (members_add(members, jid) != 0) {
			*why = "it has more members than can be written to";
			return ERR_FULL;
		}
	}
	return 0;
}

void
occupant_nick(const char *from, char nick[static ROOM_NICK_MAX + 1])
{
	const char *slash = from != NULL ? strchr(from, '/') : NULL;

	nick[0] = '\0';
	if (slash != NULL && strlen(slash + 1) <= ROOM_NICK_MAX)
		strlcpy(nick, slash + 1, ROOM_NICK_MAX + 1);
}
