/* SPDX-License-Identifier: ISC */
/*
 * Writing OMEMO 0.3.0's XML from the keeper's replies. Runs in xmpp-net;
 * holds ciphertext and public keys; the keeper is trusted, and its replies
 * have passed their layout, but every read is bounded all the same.
 */
#include <string.h>

#include "../../ipc/err.h"
#include "../../ipc/frame.h"
#include "../../ipc/messages.h"
#include "net.h"
#include "omemo_xml.h"
#include "stanza.h"

xmpp_stanza_t *
list_build(xmpp_ctx_t *ctx, const uint32_t *ids, size_t n)
{
	xmpp_stanza_t *list = el_new(ctx, "list", NS_OMEMO_XML);
	size_t i;

	for (i = 0; i < n; i++)
		el_set_u32(el_add(list, "device", NULL), "id", ids[i]);
	return list;
}

/* One "jid:s device:u32 kex:u8 bytes:s"; 0.3.0 writes no JID. */
static void
key_build(struct reader *r, xmpp_stanza_t *header)
{
	xmpp_stanza_t *key = el_add(header, "key", NULL);
	const uint8_t *bytes;
	size_t len;

	(void)reader_string(r, &len, LIMIT_JID);
	el_set_u32(key, "rid", reader_u32(r));
	if (reader_u8(r))
		el_set(key, "prekey", "true");
	bytes = reader_string(r, &len, FRAME_MAX);
	if (r->err == 0)
		el_base64(key, bytes, len);
}

static void
element_build(struct reader *r, xmpp_stanza_t *message)
{
	xmpp_stanza_t *el = el_add(message, "encrypted", NS_OMEMO_XML);
	xmpp_stanza_t *header = el_add(el, "header", NULL);
	const uint8_t *iv, *payload;
	size_t ivlen, payloadlen;
	uint32_t n;

	el_set_u32(header, "sid", reader_u32(r));
	iv = reader_string(r, &ivlen, 64);
	payload = reader_string(r, &payloadlen, FRAME_MAX);
	for (n = reader_count(r, FRAME_MAX); n > 0 && r->err == 0; n--)
		key_build(r, header);
	if (r->err != 0)
		return;
	el_base64(el_add(header, "iv", NULL), iv, ivlen);
	if (payloadlen > 0)
		el_base64(el_add(el, "payload", NULL), payload, payloadlen);
}

int
elements_build(struct reader *r, xmpp_stanza_t *message)
{
	uint32_t n = reader_count(r, 2);

	for (; n > 0 && r->err == 0; n--) {
		if (reader_u8(r) != NS_LEGACY && r->err == 0)
			return ERR_UNSUPPORTED;
		element_build(r, message);
	}
	return r->err;
}

static void
bundle_key_build(struct reader *r, xmpp_stanza_t *parent, const char *name,
    const char *idname, uint32_t id)
{
	xmpp_stanza_t *el = el_add(parent, name, NULL);
	const uint8_t *bytes;
	size_t len;

	if (idname != NULL)
		el_set_u32(el, idname, id);
	bytes = reader_string(r, &len, XML_BUNDLE_KEY);
	if (r->err == 0)
		el_base64(el, bytes, len);
}

int
bundle_build(struct reader *r, xmpp_ctx_t *ctx, xmpp_stanza_t **bundle)
{
	xmpp_stanza_t *b = el_new(ctx, "bundle", NS_OMEMO_XML), *prekeys;
	uint32_t n, id;

	bundle_key_build(r, b, "identityKey", NULL, 0);
	id = reader_u32(r);
	bundle_key_build(r, b, "signedPreKeyPublic", "signedPreKeyId", id);
	bundle_key_build(r, b, "signedPreKeySignature", NULL, 0);
	prekeys = el_add(b, "prekeys", NULL);
	for (n = reader_count(r, FRAME_MAX); n > 0 && r->err == 0; n--) {
		id = reader_u32(r);
		bundle_key_build(r, prekeys, "preKeyPublic", "preKeyId", id);
	}
	if (r->err != 0) {
		xmpp_stanza_release(b);
		b = NULL;
	}
	*bundle = b;
	return r->err;
}
