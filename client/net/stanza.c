/* SPDX-License-Identifier: ISC */
/* Helpers over libstrophe's stanzas. Runs in xmpp-net; holds nothing. */
#include "stanza.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../ipc/err.h"
#include "base64.h"

static void
need(int ok)
{
	if (!ok)
		abort(); /* out of memory: this process is expendable */
}

xmpp_stanza_t *
el_new(xmpp_ctx_t *ctx, const char *name, const char *ns)
{
	xmpp_stanza_t *el = xmpp_stanza_new(ctx);

	need(el != NULL);
	need(xmpp_stanza_set_name(el, name) == XMPP_EOK);
	if (ns != NULL)
		need(xmpp_stanza_set_ns(el, ns) == XMPP_EOK);
	return el;
}

void
el_take(xmpp_stanza_t *parent, xmpp_stanza_t *child)
{
	need(xmpp_stanza_add_child_ex(parent, child, 0) == XMPP_EOK);
}

xmpp_stanza_t *
el_add(xmpp_stanza_t *parent, const char *name, const char *ns)
{
	xmpp_stanza_t *el;

	el = el_new(xmpp_stanza_get_context(parent), name, ns);
	el_take(parent, el);
	return el;
}

void
el_set(xmpp_stanza_t *el, const char *name, const char *value)
{
	need(xmpp_stanza_set_attribute(el, name, value) == XMPP_EOK);
}

void
el_set_u32(xmpp_stanza_t *el, const char *name, uint32_t value)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", value);
	el_set(el, name, number);
}

void
el_text(xmpp_stanza_t *el, const char *text)
{
	xmpp_stanza_t *t = xmpp_stanza_new(xmpp_stanza_get_context(el));

	need(t != NULL && xmpp_stanza_set_text(t, text) == XMPP_EOK);
	el_take(el, t);
}

void
el_base64(xmpp_stanza_t *el, const uint8_t *p, size_t len)
{
	char *text = base64_encode(p, len);

	need(text != NULL);
	el_text(el, text);
	free(text);
}

void
el_field(xmpp_stanza_t *x, const char *var, const char *value)
{
	xmpp_stanza_t *field = el_add(x, "field", NULL);

	el_set(field, "var", var);
	el_text(el_add(field, "value", NULL), value);
}

xmpp_stanza_t *
el_form(xmpp_stanza_t *parent, const char *form_type)
{
	xmpp_stanza_t *x = el_add(parent, "x", "jabber:x:data");

	el_set(x, "type", "submit");
	el_field(x, "FORM_TYPE", form_type);
	xmpp_stanza_set_attribute(
	    xmpp_stanza_get_children(x), "type", "hidden");
	return x;
}

int
el_is(xmpp_stanza_t *el, const char *name, const char *ns)
{
	const char *n = xmpp_stanza_get_name(el), *s = xmpp_stanza_get_ns(el);

	return n != NULL && s != NULL && strcmp(n, name) == 0 &&
	    strcmp(s, ns) == 0;
}

static xmpp_stanza_t *
el_find(xmpp_stanza_t *el, const char *name, const char *ns)
{
	while (el != NULL && !el_is(el, name, ns))
		el = xmpp_stanza_get_next(el);
	return el;
}

xmpp_stanza_t *
el_child(xmpp_stanza_t *el, const char *name, const char *ns)
{
	return el_find(xmpp_stanza_get_children(el), name, ns);
}

xmpp_stanza_t *
el_next(xmpp_stanza_t *el, const char *name, const char *ns)
{
	return el_find(xmpp_stanza_get_next(el), name, ns);
}

const char *
el_get(xmpp_stanza_t *el, const char *name)
{
	const char *value = xmpp_stanza_get_attribute(el, name);

	return value != NULL ? value : "";
}

uint32_t
el_get_u32(xmpp_stanza_t *el, const char *name)
{
	const char *s = el_get(el, name);
	unsigned long long v;

	if (strlen(s) == 0 || strlen(s) > 10 ||
	    strspn(s, "0123456789") != strlen(s))
		return 0;
	v = strtoull(s, NULL, 10);
	return v > UINT32_MAX ? 0 : (uint32_t)v;
}

int
el_get_base64(xmpp_stanza_t *el, uint8_t *out, size_t max, size_t *len)
{
	xmpp_stanza_t *child = xmpp_stanza_get_children(el);
	const char *text;

	*len = 0;
	if (child == NULL)
		return 0; /* an empty element is an empty string */
	/* the parser joins adjacent text: more than one child is an element */
	if (xmpp_stanza_get_next(child) != NULL ||
	    (text = xmpp_stanza_get_text_ptr(child)) == NULL)
		return ERR_BAD_MESSAGE;
	return base64_decode(text, out, max, len);
}

int
jid_bare(const char *jid, char *out, size_t size)
{
	size_t n = jid == NULL ? 0 : strcspn(jid, "/");

	out[0] = '\0';
	if (n == 0 || n >= size)
		return 0;
	memcpy(out, jid, n);
	out[n] = '\0';
	return 1;
}
