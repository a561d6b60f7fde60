/* SPDX-License-Identifier: ISC */
/*
 * A stanza from the network, through all of xmpp-net's readers: origin
 * (carbons, archive), <encrypted>, device list, bundle, upload slot,
 * rooms, errors. Whatever is
 * read must keep its limits.
 */
#include <stdlib.h>
#include <string.h>

#include "../../client/net/inspect_xml.h"
#include "../../client/net/limits.h"
#include "../../client/net/net.h"
#include "../../client/net/omemo_xml.h"
#include "../../client/net/origin.h"
#include "../../client/net/pep.h"
#include "../../client/net/room.h"
#include "../../client/net/slot.h"
#include "../../client/net/stanza.h"

#define OWN "juliet@capulet.lit"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int ok)
{
	if (!ok)
		abort();
}

static void
read_encrypted(xmpp_stanza_t *el, const struct dialect *x)
{
	struct xml_encrypted e;
	const char *why;
	int err = encrypted_parse(
	    el, x, OWN, &(struct xml_devices){ 1, { 31415 } }, &e, &why);
	size_t i;

	check((err == 0) == (*why == '\0'));
	check(e.nkeys <= LIMIT_KEY_ELEMENTS);
	for (i = 0; i < e.nkeys; i++)
		check(e.keys[i].len <= LIMIT_KEY_ELEMENT);
	if (err == 0)
		check((x->has_iv ? e.ivlen == 12 || e.ivlen == 16
				 : e.ivlen == 0) &&
		    e.sid != 0 && e.payloadlen <= x->payload_max);
	encrypted_free(&e);
}

static void
read_pep(xmpp_stanza_t *iq, const struct dialect *x)
{
	static struct xml_list list;
	static struct xml_labels labels;
	static struct xml_bundle bundle;
	struct pep_wanted w = { x->list_node, NULL, x->list, x->ns };
	xmpp_stanza_t *payload;
	const char *why;

	if (pep_payload(iq, &w, &payload) == 0) {
		list_parse(payload, x, &list);
		check(list.n <= LIMIT_LIST_IDS);
		labels_parse(payload, x, &labels);
		check(labels.n <= LIMIT_DEVICES);
	}
	w.node = x->node_each ? NODE_BUNDLE "31415" : x->bundle_node;
	w.item = x->node_each ? NULL : "31415";
	w.name = "bundle";
	if (pep_payload(iq, &w, &payload) == 0 &&
	    bundle_parse(payload, x, &bundle, &why) == 0)
		check(bundle.n <= LIMIT_BUNDLE_PREKEYS);
	check(iq_condition(iq) != NULL);
}

/* What is taken can be asked for as it is: no line end anywhere. */
static void
read_slot(xmpp_stanza_t *iq)
{
	struct xml_slot slot;
	const char *why;
	uint64_t max;
	size_t i;

	check(slot_is_service(iq, &max) || max == UINT64_MAX);
	if (slot_parse(iq, &slot, &why) == 0) {
		check(strncmp(slot.put.text, "https://", 8) == 0);
		check(strncmp(slot.get.text, "https://", 8) == 0);
		check(strpbrk(slot.put.text, "\r\n #") == NULL);
		check(slot.n <= URL_HEADERS);
		for (i = 0; i < slot.n; i++)
			check(strpbrk(slot.headers[i].value, "\r\n") == NULL);
	}
	slot_free(&slot);
}

static void
read_server(xmpp_stanza_t *iq)
{
	struct xml_config config;
	char word[XML_WORD];

	config_parse(iq, NODE_LIST, &config);
	check(strlen(config.access) < XML_WORD);
	check(config.persist <= TOLD_NOTHING);
	prefs_parse(iq, word);
	check(strlen(word) < XML_WORD);
	(void)time_parse(iq);
	check(disco_told(iq, NS_MAM) <= TOLD_NOTHING);
	check(disco_is(iq, "pubsub", "pep") <= TOLD_NOTHING);
}

/* What rooms say: every address that is taken is a bare one. */
static void
read_room(xmpp_stanza_t *stanza)
{
	struct members members = { 0 };
	struct muc_user user;
	struct room_info info;
	const char *why = "";
	char nick[ROOM_NICK_MAX + 1];
	int err;

	if (room_info_parse(stanza, &info) == 0)
		check(room_judge(&info, &why) == ROOM_LISTED
			? info.shows && info.closed
			: *why != '\0');
	if (muc_user_parse(stanza, &user) == 0)
		check(strchr(user.item.jid, '/') == NULL &&
		    strlen(user.item.nick) <= ROOM_NICK_MAX &&
		    (user.items > 0 || user.item.jid[0] == '\0'));
	else
		check(user.item.jid[0] == '\0');
	err = affiliations_parse(stanza, AFFILIATION_MEMBER, &members, &why);
	check(members.n <= LIMIT_ROOM_MEMBERS && (err == 0 || *why != '\0'));
	for (size_t i = 0; i < members.n; i++)
		check(strchr(members.v[i], '@') != NULL &&
		    strchr(members.v[i], '/') == NULL);
	members_clear(&members);
	occupant_nick(xmpp_stanza_get_from(stanza), nick);
	check(strlen(nick) <= ROOM_NICK_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	xmpp_ctx_t *ctx = xmpp_ctx_new(NULL, NULL);
	char *text = malloc(size + 1);
	xmpp_stanza_t *stanza, *el;
	struct origin o;
	size_t ns;

	check(ctx != NULL && text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	if ((stanza = xmpp_stanza_new_from_string(ctx, text)) != NULL) {
		origin_of(stanza, OWN, "q1", 1, &o);
		if (o.kind == ORIGIN_MESSAGE) {
			check(*o.sender != '\0' && *o.conversation != '\0');
			check(o.path != PATH_CARBON_SENT ||
			    strcmp(o.sender, OWN) == 0);
			for (ns = 0; ns < DIALECTS; ns++) {
				el = el_child(
				    o.message, "encrypted", dialects[ns].ns);
				if (el != NULL)
					read_encrypted(el, &dialects[ns]);
			}
		}
		for (ns = 0; ns < DIALECTS; ns++)
			read_pep(stanza, &dialects[ns]);
		read_server(stanza);
		read_slot(stanza);
		read_room(stanza);
		check(limits_parse(stanza) <= UINT32_MAX);
		xmpp_stanza_release(stanza);
	}
	free(text);
	xmpp_ctx_free(ctx);
	return 0;
}
