/* SPDX-License-Identifier: ISC */
/*
 * Reading what a server says of itself and of a node. Runs in xmpp-net; holds
 * nothing; trusts nothing in it: what does not fit was not told.
 */
#include "inspect_xml.h"

#include <stdio.h>
#include <string.h>

#include "disco.h"
#include "origin.h"
#include "stanza.h"

/* The text of an element in out, or "" if it is too long. */
static void
copy_text(xmpp_stanza_t *el, char out[static XML_WORD])
{
	char *text = el != NULL ? xmpp_stanza_get_text(el) : NULL;

	out[0] = '\0';
	if (text == NULL)
		return;
	if (strlen(text) < XML_WORD)
		snprintf(out, XML_WORD, "%s", text);
	xmpp_free(xmpp_stanza_get_context(el), text);
}

static void
field_value(xmpp_stanza_t *x, const char *var, char out[static XML_WORD])
{
	xmpp_stanza_t *el = el_child(x, "field", NS_DATA);

	out[0] = '\0';
	for (; el != NULL; el = el_next(el, "field", NS_DATA))
		if (strcmp(el_get(el, "var"), var) == 0) {
			copy_text(el_child(el, "value", NS_DATA), out);
			return;
		}
}

void
config_parse(xmpp_stanza_t *answer, const char *node, struct xml_config *config)
{
	xmpp_stanza_t *el;
	char persist[XML_WORD];

	config->access[0] = '\0';
	config->persist = TOLD_NOTHING;
	if (iq_is_error(answer) ||
	    (el = el_child(answer, "pubsub", NS_PUBSUB_OWN)) == NULL ||
	    (el = el_child(el, "configure", NS_PUBSUB_OWN)) == NULL ||
	    strcmp(el_get(el, "node"), node) != 0 ||
	    (el = el_child(el, "x", NS_DATA)) == NULL)
		return;
	field_value(el, "pubsub#access_model", config->access);
	field_value(el, "pubsub#persist_items", persist);
	if (strcmp(persist, "1") == 0 || strcmp(persist, "true") == 0)
		config->persist = TOLD_YES;
	else if (strcmp(persist, "0") == 0 || strcmp(persist, "false") == 0)
		config->persist = TOLD_NO;
}

void
prefs_parse(xmpp_stanza_t *answer, char word[static XML_WORD])
{
	xmpp_stanza_t *el;
	const char *value;

	word[0] = '\0';
	if (iq_is_error(answer) ||
	    (el = el_child(answer, "prefs", NS_MAM)) == NULL)
		return;
	value = el_get(el, "default");
	if (strlen(value) < XML_WORD)
		snprintf(word, XML_WORD, "%s", value);
}

uint64_t
time_parse(xmpp_stanza_t *answer)
{
	xmpp_stanza_t *el;
	char text[XML_WORD];

	if (iq_is_error(answer) ||
	    (el = el_child(answer, "time", NS_TIME)) == NULL)
		return 0;
	copy_text(el_child(el, "utc", NS_TIME), text);
	return text[0] != '\0' ? origin_stamp(text) : 0;
}

enum told
disco_told(xmpp_stanza_t *answer, const char *feature)
{
	if (iq_is_error(answer))
		return TOLD_NOTHING;
	return disco_has(answer, feature) ? TOLD_YES : TOLD_NO;
}

enum told
disco_is(xmpp_stanza_t *answer, const char *category, const char *type)
{
	xmpp_stanza_t *el;

	if (iq_is_error(answer) ||
	    (el = el_child(answer, "query", XMPP_NS_DISCO_INFO)) == NULL)
		return TOLD_NOTHING;
	el = el_child(el, "identity", XMPP_NS_DISCO_INFO);
	for (; el != NULL; el = el_next(el, "identity", XMPP_NS_DISCO_INFO))
		if (strcmp(el_get(el, "category"), category) == 0 &&
		    strcmp(el_get(el, "type"), type) == 0)
			return TOLD_YES;
	return TOLD_NO;
}
