/* SPDX-License-Identifier: ISC */
/*
 * Reading what an upload service says. Runs in xmpp-net; the server is not
 * trusted: an address that is not https, or a header that could become two,
 * is refused here, and again by xmpp-transfer.
 */
#include "slot.h"

#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "../common/size.h"
#include "disco.h"
#include "stanza.h"

/* The value of a form's field as the first of its elements has it. 1: there
 * is one, and it is the text (or any, for NULL). *value: malloced, or NULL. */
static int
field_text(xmpp_stanza_t *x, const char *var, char **value)
{
	xmpp_stanza_t *el = el_child(x, "field", NS_DATA);

	*value = NULL;
	for (; el != NULL; el = el_next(el, "field", NS_DATA))
		if (strcmp(el_get(el, "var"), var) == 0)
			break;
	if (el != NULL)
		el = el_child(el, "value", NS_DATA);
	if (el != NULL)
		*value = xmpp_stanza_get_text(el);
	return *value != NULL;
}

static int
is_upload_form(xmpp_stanza_t *x)
{
	char *type;
	int is =
	    field_text(x, "FORM_TYPE", &type) && strcmp(type, NS_UPLOAD) == 0;

	if (type != NULL)
		xmpp_free(xmpp_stanza_get_context(x), type);
	return is;
}

int
slot_is_service(xmpp_stanza_t *answer, uint64_t *max)
{
	xmpp_stanza_t *x;
	char *text;

	*max = UINT64_MAX;
	if (!disco_has(answer, NS_UPLOAD))
		return 0;
	x = el_child(answer, "query", XMPP_NS_DISCO_INFO);
	x = el_child(x, "x", NS_DATA);
	for (; x != NULL; x = el_next(x, "x", NS_DATA)) {
		if (!is_upload_form(x))
			continue;
		if (field_text(x, "max-file-size", &text))
			(void)size_read(text, max);
		if (text != NULL)
			xmpp_free(xmpp_stanza_get_context(x), text);
		break;
	}
	return 1;
}

/* Without the line ends that a value may have (XEP-0363, 5). */
static char *
header_value(xmpp_stanza_t *el)
{
	char *text = xmpp_stanza_get_text(el), *value, *to;

	if (text == NULL)
		return NULL;
	value = to = strdup(text);
	for (const char *p = text; value != NULL && *p != '\0'; p++)
		if (*p != '\n' && *p != '\r')
			*to++ = *p;
	if (value != NULL)
		*to = '\0';
	xmpp_free(xmpp_stanza_get_context(el), text);
	return value;
}

static int
parse_headers(xmpp_stanza_t *put, struct xml_slot *slot, const char **why)
{
	xmpp_stanza_t *el = el_child(put, "header", NS_UPLOAD);
	size_t octets = 0;
	char *value;

	for (; el != NULL; el = el_next(el, "header", NS_UPLOAD)) {
		const char *name = el_get(el, "name");

		/* others than the three are to be ignored */
		if (!url_header_ok(name, "any"))
			continue;
		if ((value = header_value(el)) == NULL)
			continue;
		octets += strlen(name) + strlen(value);
		if (slot->n == URL_HEADERS || octets > SLOT_OCTETS ||
		    !url_header_ok(name, value)) {
			free(value);
			*why = "a header of its slot is not valid";
			return ERR_BAD_MESSAGE;
		}
		strlcpy(slot->headers[slot->n].name, name,
		    sizeof(slot->headers[0].name));
		slot->headers[slot->n++].value = value;
	}
	return 0;
}

int
slot_parse(xmpp_stanza_t *answer, struct xml_slot *slot, const char **why)
{
	xmpp_stanza_t *el, *put, *get;

	memset(slot, 0, sizeof(*slot));
	*why = "it has sent no slot";
	if (iq_is_error(answer) ||
	    (el = el_child(answer, "slot", NS_UPLOAD)) == NULL ||
	    (put = el_child(el, "put", NS_UPLOAD)) == NULL ||
	    (get = el_child(el, "get", NS_UPLOAD)) == NULL)
		return ERR_BAD_MESSAGE;
	if (url_read(el_get(put, "url"), &slot->put, why) != 0 ||
	    url_read(el_get(get, "url"), &slot->get, why) != 0)
		return ERR_BAD_MESSAGE;
	*why = "";
	return parse_headers(put, slot, why);
}

void
slot_free(struct xml_slot *slot)
{
	for (size_t i = 0; i < slot->n; i++)
		free(slot->headers[i].value);
	slot->n = 0;
}
