/* SPDX-License-Identifier: ISC */
/*
 * A stanza from the network, through all of xmpp-net's readers: origin
 * (carbons, archive), <encrypted>, device list, bundle, upload slot, errors. Whatever is
 * read must keep its limits.
 */
#include <stdlib.h>
#include <string.h>

#include "../../client/net/net.h"
#include "../../client/net/omemo_xml.h"
#include "../../client/net/origin.h"
#include "../../client/net/pep.h"
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
read_encrypted(xmpp_stanza_t *el)
{
	struct xml_encrypted e;
	const char *why;
	int err = encrypted_parse(el, 31415, &e, &why);
	size_t i;

	check((err == 0) == (*why == '\0'));
	check(e.nkeys <= LIMIT_KEY_ELEMENTS);
	for (i = 0; i < e.nkeys; i++)
		check(e.keys[i].len <= LIMIT_KEY_ELEMENT);
	if (err == 0)
		check((e.ivlen == 12 || e.ivlen == 16) && e.sid != 0 &&
		    e.payloadlen <= LIMIT_TEXT);
	encrypted_free(&e);
}

static void
read_pep(xmpp_stanza_t *iq)
{
	static struct xml_list list;
	static struct xml_bundle bundle;
	xmpp_stanza_t *payload;
	const char *why;

	if (pep_payload(iq, NODE_LIST, "list", &payload) == 0) {
		list_parse(payload, &list);
		check(list.n <= LIMIT_LIST_IDS);
	}
	if (pep_payload(iq, NODE_BUNDLE "31415", "bundle", &payload) == 0 &&
	    bundle_parse(payload, &bundle, &why) == 0)
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

	(void)slot_is_service(iq, &max);
	check(max > 0);
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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	xmpp_ctx_t *ctx = xmpp_ctx_new(NULL, NULL);
	char *text = malloc(size + 1);
	xmpp_stanza_t *stanza, *el;
	struct origin o;

	check(ctx != NULL && text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	if ((stanza = xmpp_stanza_new_from_string(ctx, text)) != NULL) {
		origin_of(stanza, OWN, "q1", 1, &o);
		if (o.kind == ORIGIN_MESSAGE) {
			check(*o.sender != '\0' && *o.conversation != '\0');
			check(o.path != PATH_CARBON_SENT ||
			    strcmp(o.sender, OWN) == 0);
			el = el_child(o.message, "encrypted", NS_OMEMO_XML);
			if (el != NULL)
				read_encrypted(el);
		}
		read_pep(stanza);
		read_slot(stanza);
		xmpp_stanza_release(stanza);
	}
	free(text);
	xmpp_ctx_free(ctx);
	return 0;
}
