/* SPDX-License-Identifier: ISC */
/*
 * Reading OMEMO's XML, in both versions. Runs in xmpp-net; holds ciphertext and public
 * keys; trusts nothing in it: each field has a maximum and a reason to be
 * refused.
 */
#include "omemo_xml.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../../ipc/err.h"
#include "net.h"
#include "stanza.h"

const struct dialect dialects[DIALECTS] = {
	[NS_LEGACY] = {
		.ns = NS_OMEMO_XML,
		.list_node = NODE_LIST,
		.list = "list",
		.bundle_node = NODE_BUNDLE,
		.node_each = 1,
		.identity = "identityKey",
		.spk = "signedPreKeyPublic",
		.spk_id = "signedPreKeyId",
		.signature = "signedPreKeySignature",
		.prekey = "preKeyPublic",
		.prekey_id = "preKeyId",
		.kex = "prekey",
		.has_iv = 1,
		.payload_max = LIMIT_TEXT, /* GCM: as long as the text */
	},
	[NS_OMEMO2] = {
		.ns = NS_OMEMO2_XML,
		.list_node = NODE_LIST2,
		.list = "devices",
		.bundle_node = NODE_BUNDLE2,
		.identity = "ik",
		.spk = "spk",
		.spk_id = "id",
		.signature = "spks",
		.prekey = "pk",
		.prekey_id = "id",
		.kex = "kex",
		.by_jid = 1,
		.payload_max = LIMIT_ENVELOPE + 16, /* CBC: a block more */
	},
};

static int
key_parse(xmpp_stanza_t *el, const struct dialect *x, struct xml_encrypted *e)
{
	struct xml_key *key = &e->keys[e->nkeys];
	const char *kex = el_get(el, x->kex);

	if ((key->bytes = malloc(LIMIT_KEY_ELEMENT)) == NULL)
		return ERR_MEMORY;
	e->nkeys++;
	key->kex = strcmp(kex, "true") == 0 || strcmp(kex, "1") == 0;
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
keys_parse(xmpp_stanza_t *parent, const struct dialect *x,
    const struct xml_devices *ours, struct xml_encrypted *e, const char **why)
{
	xmpp_stanza_t *el = el_child(parent, "key", x->ns);
	int err;

	for (; el != NULL; el = el_next(el, "key", x->ns)) {
		if (!is_ours(ours, el_get_u32(el, "rid")))
			continue;
		if (e->nkeys == LIMIT_KEY_ELEMENTS) {
			*why = "too many keys for this device";
			return ERR_TOO_LONG;
		}
		if ((err = key_parse(el, x, e)) != 0) {
			*why = "a key is not base64, or too long";
			return err;
		}
	}
	return 0;
}

/* Those of our account alone: another's device may have our id. */
static int
all_keys_parse(xmpp_stanza_t *header, const struct dialect *x, const char *own,
    const struct xml_devices *ours, struct xml_encrypted *e, const char **why)
{
	xmpp_stanza_t *el;
	int err = 0;

	if (!x->by_jid)
		return keys_parse(header, x, ours, e, why);
	el = el_child(header, "keys", x->ns);
	for (; el != NULL && err == 0; el = el_next(el, "keys", x->ns))
		if (strcasecmp(el_get(el, "jid"), own) == 0)
			err = keys_parse(el, x, ours, e, why);
	return err;
}

static int
iv_parse(xmpp_stanza_t *header, const struct dialect *x,
    struct xml_encrypted *e, const char **why)
{
	xmpp_stanza_t *el = el_child(header, "iv", x->ns);

	if (!x->has_iv)
		return 0;
	if (el == NULL)
		*why = "it has no IV";
	else if (el_next(el, "iv", x->ns) != NULL)
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
payload_parse(xmpp_stanza_t *el, const struct dialect *x,
    struct xml_encrypted *e, const char **why)
{
	int err;

	if (el == NULL)
		return 0;
	if (el_next(el, "payload", x->ns) != NULL) {
		*why = "it has more than one payload";
		return ERR_BAD_MESSAGE;
	}
	if ((e->payload = malloc(x->payload_max)) == NULL)
		return ERR_MEMORY;
	e->has_payload = 1;
	err = el_get_base64(el, e->payload, x->payload_max, &e->payloadlen);
	if (err != 0)
		*why = err == ERR_TOO_LONG ? "its payload is too long"
					   : "its payload is not base64";
	return err;
}

int
encrypted_parse(xmpp_stanza_t *el, const struct dialect *x, const char *own,
    const struct xml_devices *ours, struct xml_encrypted *e, const char **why)
{
	xmpp_stanza_t *header = el_child(el, "header", x->ns);
	int err;

	memset(e, 0, sizeof(*e));
	*why = "";
	if (header == NULL) {
		*why = "it has no header";
		return ERR_BAD_MESSAGE;
	}
	if (el_next(header, "header", x->ns) != NULL) {
		*why = "it has more than one header";
		return ERR_BAD_MESSAGE;
	}
	e->sid = el_get_u32(header, "sid");
	if (e->sid == 0 || e->sid > INT32_MAX) {
		*why = "its header has no valid sid";
		return ERR_BAD_MESSAGE;
	}
	if ((err = all_keys_parse(header, x, own, ours, e, why)) != 0 ||
	    (err = iv_parse(header, x, e, why)) != 0)
		return err;
	return payload_parse(el_child(el, "payload", x->ns), x, e, why);
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
list_parse(xmpp_stanza_t *list, const struct dialect *x, struct xml_list *out)
{
	xmpp_stanza_t *el = el_child(list, "device", x->ns);

	out->n = out->listed = 0;
	for (; el != NULL; el = el_next(el, "device", x->ns)) {
		uint32_t id = el_get_u32(el, "id");

		out->listed++;

		if (id != 0 && id <= INT32_MAX && out->n < LIMIT_LIST_IDS)
			out->ids[out->n++] = id;
	}
}

void
labels_parse(
    xmpp_stanza_t *list, const struct dialect *x, struct xml_labels *out)
{
	xmpp_stanza_t *el = el_child(list, "device", x->ns);
	const char *label, *signature;

	memset(out, 0, sizeof(*out));
	for (; el != NULL; el = el_next(el, "device", x->ns)) {
		label = el_get(el, "label");
		signature = el_get(el, "labelsig");
		if (*label == '\0' || strlen(label) > XML_LABEL ||
		    *signature == '\0' || strlen(signature) > XML_SIGNATURE ||
		    out->n == LIMIT_DEVICES)
			continue;
		out->v[out->n].id = el_get_u32(el, "id");
		memcpy(out->v[out->n].label, label, strlen(label));
		memcpy(out->v[out->n].signature, signature, strlen(signature));
		out->n++;
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
bundle_parse(xmpp_stanza_t *bundle, const struct dialect *x,
    struct xml_bundle *b, const char **why)
{
	xmpp_stanza_t *el = NULL;

	*why = "";
	b->n = 0;
	if (bundle_key_parse(
		el_child(bundle, x->identity, x->ns), NULL, &b->identity) != 0)
		*why = "no valid identity key";
	else if (bundle_key_parse(
		     el_child(bundle, x->spk, x->ns), x->spk_id, &b->spk) != 0)
		*why = "no valid signed prekey";
	else if (bundle_key_parse(el_child(bundle, x->signature, x->ns), NULL,
		     &b->signature) != 0)
		*why = "no valid signature of the signed prekey";
	else if ((el = el_child(bundle, "prekeys", x->ns)) == NULL)
		*why = "no prekeys";
	if (**why != '\0')
		return ERR_BAD_MESSAGE;

	el = el_child(el, x->prekey, x->ns);
	for (; el != NULL; el = el_next(el, x->prekey, x->ns)) {
		if (b->n == LIMIT_BUNDLE_PREKEYS)
			break;
		if (bundle_key_parse(el, x->prekey_id, &b->prekeys[b->n]) == 0)
			b->n++;
	}
	return 0;
}
