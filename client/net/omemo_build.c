/* SPDX-License-Identifier: ISC */
/*
 * Writing OMEMO's XML, in both versions, from the keeper's replies. Runs in xmpp-net;
 * holds ciphertext and public keys; the keeper is trusted, and its replies
 * have passed their layout, but every read is bounded all the same.
 */
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "../../ipc/err.h"
#include "../../ipc/frame.h"
#include "../../ipc/messages.h"
#include "base64.h"
#include "net.h"
#include "omemo_xml.h"
#include "stanza.h"

void
label_read(struct reader *r, uint32_t device, struct xml_label *out)
{
	const uint8_t *p;
	size_t len;
	char *text;

	memset(out, 0, sizeof(*out));
	out->id = device;
	reader_cstring(r, out->label, sizeof(out->label));
	p = reader_string(r, &len, 64);
	if (len == 0 || (text = base64_encode(p, len)) == NULL)
		return;
	strlcpy(out->signature, text, sizeof(out->signature));
	free(text);
}

static const struct xml_label *
label_of(
    const struct xml_labels *labels, const struct xml_label *ours, uint32_t id)
{
	size_t i;

	if (id == ours->id)
		return ours->label[0] != '\0' ? ours : NULL;
	for (i = 0; labels != NULL && i < labels->n; i++)
		if (labels->v[i].id == id)
			return &labels->v[i];
	return NULL;
}

xmpp_stanza_t *
list_build(xmpp_ctx_t *ctx, const struct dialect *x, const uint32_t *ids,
    size_t n, const struct xml_labels *labels, const struct xml_label *ours)
{
	xmpp_stanza_t *list = el_new(ctx, x->list, x->ns), *el;
	const struct xml_label *label;
	size_t i;

	for (i = 0; i < n; i++) {
		el = el_add(list, "device", NULL);
		el_set_u32(el, "id", ids[i]);
		if ((label = label_of(labels, ours, ids[i])) == NULL)
			continue;
		el_set(el, "label", label->label);
		el_set(el, "labelsig", label->signature);
	}
	return list;
}

/*
 * One "jid:s device:u32 kex:u8 bytes:s" into the header, or the <keys> of its
 * account, which is a new one where the account is another than before.
 */
static void
key_build(struct reader *r, const struct dialect *x, xmpp_stanza_t *header,
    xmpp_stanza_t **keys)
{
	char jid[LIMIT_JID + 1];
	xmpp_stanza_t *key;
	const uint8_t *bytes;
	size_t len;

	reader_cstring(r, jid, sizeof(jid));
	if (!x->by_jid) {
		*keys = header;
	} else if (*keys == NULL || strcmp(el_get(*keys, "jid"), jid) != 0) {
		*keys = el_add(header, "keys", NULL);
		el_set(*keys, "jid", jid);
	}
	key = el_add(*keys, "key", NULL);
	el_set_u32(key, "rid", reader_u32(r));
	if (reader_u8(r))
		el_set(key, x->kex, "true");
	bytes = reader_string(r, &len, FRAME_MAX);
	if (r->err == 0)
		el_base64(key, bytes, len);
}

static void
element_build(struct reader *r, const struct dialect *x, xmpp_stanza_t *message)
{
	xmpp_stanza_t *el = el_add(message, "encrypted", x->ns), *keys = NULL;
	xmpp_stanza_t *header = el_add(el, "header", NULL);
	const uint8_t *iv, *payload;
	size_t ivlen, payloadlen;
	uint32_t n;

	el_set_u32(header, "sid", reader_u32(r));
	iv = reader_string(r, &ivlen, 64);
	payload = reader_string(r, &payloadlen, FRAME_MAX);
	for (n = reader_count(r, FRAME_MAX); n > 0 && r->err == 0; n--)
		key_build(r, x, header, &keys);
	if (r->err != 0)
		return;
	if (x->has_iv)
		el_base64(el_add(header, "iv", NULL), iv, ivlen);
	if (payloadlen > 0)
		el_base64(el_add(el, "payload", NULL), payload, payloadlen);
}

int
elements_build(struct reader *r, xmpp_stanza_t *message, unsigned *spoken)
{
	uint32_t n = reader_count(r, DIALECTS);
	uint8_t ns;

	*spoken = 0;
	for (; n > 0 && r->err == 0; n--) {
		ns = reader_u8(r);
		if (ns >= DIALECTS)
			return ERR_UNSUPPORTED;
		*spoken |= 1U << ns;
		element_build(r, &dialects[ns], message);
	}
	return r->err;
}

static xmpp_stanza_t *
bundle_key_build(struct reader *r, xmpp_ctx_t *ctx, const char *name,
    const char *idname, uint32_t id)
{
	xmpp_stanza_t *el = el_new(ctx, name, NULL);
	const uint8_t *bytes;
	size_t len;

	if (idname != NULL)
		el_set_u32(el, idname, id);
	bytes = reader_string(r, &len, XML_BUNDLE_KEY);
	if (r->err == 0)
		el_base64(el, bytes, len);
	return el;
}

int
bundle_build(struct reader *r, xmpp_ctx_t *ctx, const struct dialect *x,
    xmpp_stanza_t **bundle)
{
	xmpp_stanza_t *b = el_new(ctx, "bundle", x->ns), *identity, *prekeys;
	uint32_t n, id;

	identity = bundle_key_build(r, ctx, x->identity, NULL, 0);
	id = reader_u32(r);
	el_take(b, bundle_key_build(r, ctx, x->spk, x->spk_id, id));
	el_take(b, bundle_key_build(r, ctx, x->signature, NULL, 0));
	el_take(b, identity); /* third, as in the schemas */
	prekeys = el_add(b, "prekeys", NULL);
	for (n = reader_count(r, FRAME_MAX); n > 0 && r->err == 0; n--) {
		id = reader_u32(r);
		el_take(prekeys,
		    bundle_key_build(r, ctx, x->prekey, x->prekey_id, id));
	}
	if (r->err != 0) {
		xmpp_stanza_release(b);
		b = NULL;
	}
	*bundle = b;
	return r->err;
}
