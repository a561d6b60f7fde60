/* SPDX-License-Identifier: ISC */
/*
 * Reading OMEMO 0.3.0's XML. Runs in xmpp-net; holds ciphertext and public
 * keys; trusts nothing in it: each field has a maximum and a reason to be
 * refused.
 */
#include "omemo_xml.h"

#include <stdlib.h>
#include <string.h>

#include "../../ipc/err.h"
#include "net.h"
#include "stanza.h"

/* AES-GCM's ciphertext is as long as the text. */
#define PAYLOAD_MAX LIMIT_TEXT

static int
key_parse(xmpp_stanza_t *el, struct xml_encrypted *e)
{
	struct xml_key *key = &e->keys[e->nkeys];
	const char *prekey = el_get(el, "prekey");

	if ((key->bytes = malloc(LIMIT_KEY_ELEMENT)) == NULL)
		return ERR_MEMORY;
	e->nkeys++;
	key->kex = strcmp(prekey, "true") == 0 || strcmp(prekey, "1") == 0;
	return el_get_base64(el, key->bytes, LIMIT_KEY_ELEMENT, &key->len);
}

int
is_ours(const struct xml_devices *ours, uint32_t id)
{
	for (size_t i = 0; i < ours->n; i++)
		if (ours->ids[i] == id)
			return 1;
	return 0;
}

static int
keys_parse(xmpp_stanza_t *header, const struct xml_devices *ours,
    struct xml_encrypted *e, const char **why)
{
	xmpp_stanza_t *el = el_child(header, "key", NS_OMEMO_XML);
	int err;

	for (; el != NULL; el = el_next(el, "key", NS_OMEMO_XML)) {
		if (!is_ours(ours, el_get_u32(el, "rid")))
			continue;
		if (e->nkeys == LIMIT_KEY_ELEMENTS) {
			*why = "too many keys for this device";
			return ERR_TOO_LONG;
		}
		if ((err = key_parse(el, e)) != 0) {
			*why = "a key is not base64, or too long";
			return err;
		}
	}
	return 0;
}

static int
iv_parse(xmpp_stanza_t *header, struct xml_encrypted *e, const char **why)
{
	xmpp_stanza_t *el = el_child(header, "iv", NS_OMEMO_XML);

	if (el == NULL)
		*why = "it has no IV";
	else if (el_next(el, "iv", NS_OMEMO_XML) != NULL)
		*why = "it has more than one IV";
	else if (el_get_base64(el, e->iv, sizeof(e->iv), &e->ivlen) != 0)
		*why = "its IV is not base64, or too long";
	else if (e->ivlen != 12 && e->ivlen != 16)
		*why = "its IV is of a wrong length";
	else
		return 0;
	return ERR_BAD_MESSAGE;
}

static int
payload_parse(xmpp_stanza_t *el, struct xml_encrypted *e, const char **why)
{
	int err;

	if (el == NULL)
		return 0;
	if (el_next(el, "payload", NS_OMEMO_XML) != NULL) {
		*why = "it has more than one payload";
		return ERR_BAD_MESSAGE;
	}
	if ((e->payload = malloc(PAYLOAD_MAX)) == NULL)
		return ERR_MEMORY;
	e->has_payload = 1;
	err = el_get_base64(el, e->payload, PAYLOAD_MAX, &e->payloadlen);
	if (err != 0)
		*why = err == ERR_TOO_LONG ? "its payload is too long"
					   : "its payload is not base64";
	return err;
}

int
encrypted_parse(xmpp_stanza_t *el, const struct xml_devices *ours,
    struct xml_encrypted *e, const char **why)
{
	xmpp_stanza_t *header = el_child(el, "header", NS_OMEMO_XML);
	int err;

	memset(e, 0, sizeof(*e));
	*why = "";
	if (header == NULL) {
		*why = "it has no header";
		return ERR_BAD_MESSAGE;
	}
	if (el_next(header, "header", NS_OMEMO_XML) != NULL) {
		*why = "it has more than one header";
		return ERR_BAD_MESSAGE;
	}
	e->sid = el_get_u32(header, "sid");
	if (e->sid == 0 || e->sid > INT32_MAX) {
		*why = "its header has no valid sid";
		return ERR_BAD_MESSAGE;
	}
	if ((err = keys_parse(header, ours, e, why)) != 0 ||
	    (err = iv_parse(header, e, why)) != 0)
		return err;
	return payload_parse(el_child(el, "payload", NS_OMEMO_XML), e, why);
}

void
encrypted_free(struct xml_encrypted *e)
{
	size_t i;

	for (i = 0; i < e->nkeys; i++)
		free(e->keys[i].bytes);
	free(e->payload);
	e->nkeys = 0;
	e->payload = NULL;
}

void
list_parse(xmpp_stanza_t *list, struct xml_list *out)
{
	xmpp_stanza_t *el = el_child(list, "device", NS_OMEMO_XML);

	out->n = 0;
	for (; el != NULL; el = el_next(el, "device", NS_OMEMO_XML)) {
		uint32_t id = el_get_u32(el, "id");

		if (id != 0 && id <= INT32_MAX && out->n < LIMIT_LIST_IDS)
			out->ids[out->n++] = id;
	}
}

static int
bundle_key_parse(xmpp_stanza_t *el, const char *id, struct xml_bundle_key *key)
{
	memset(key, 0, sizeof(*key));
	if (el == NULL)
		return ERR_BAD_MESSAGE;
	if (id != NULL && *el_get(el, id) == '\0')
		return ERR_BAD_MESSAGE;
	key->id = id != NULL ? el_get_u32(el, id) : 0;
	return el_get_base64(el, key->bytes, sizeof(key->bytes), &key->len);
}

int
bundle_parse(xmpp_stanza_t *bundle, struct xml_bundle *b, const char **why)
{
	xmpp_stanza_t *el = NULL;

	*why = "";
	b->n = 0;
	if (bundle_key_parse(el_child(bundle, "identityKey", NS_OMEMO_XML),
		NULL, &b->identity) != 0)
		*why = "no valid identityKey";
	else if (bundle_key_parse(
		     el_child(bundle, "signedPreKeyPublic", NS_OMEMO_XML),
		     "signedPreKeyId", &b->spk) != 0)
		*why = "no valid signedPreKeyPublic";
	else if (bundle_key_parse(
		     el_child(bundle, "signedPreKeySignature", NS_OMEMO_XML),
		     NULL, &b->signature) != 0)
		*why = "no valid signedPreKeySignature";
	else if ((el = el_child(bundle, "prekeys", NS_OMEMO_XML)) == NULL)
		*why = "no prekeys";
	if (**why != '\0')
		return ERR_BAD_MESSAGE;

	el = el_child(el, "preKeyPublic", NS_OMEMO_XML);
	for (; el != NULL; el = el_next(el, "preKeyPublic", NS_OMEMO_XML)) {
		if (b->n == LIMIT_BUNDLE_PREKEYS)
			break;
		if (bundle_key_parse(el, "preKeyId", &b->prekeys[b->n]) == 0)
			b->n++;
	}
	return 0;
}
