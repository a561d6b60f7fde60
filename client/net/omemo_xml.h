/* SPDX-License-Identifier: ISC */
/*
 * OMEMO as XML: the <encrypted> element, device lists, bundles, in both
 * versions, which differ in names (struct dialect). Octets from anyone become
 * typed, bounded values here, and nowhere else in xmpp-net.
 */
#ifndef CLIENT_NET_OMEMO_XML_H
#define CLIENT_NET_OMEMO_XML_H

#include <stdint.h>

#include <strophe.h>

#include "../../agent/limits.h"
#include "../../ipc/buffer.h"

struct dialect {
	const char *ns;
	const char *list_node, *list;
	const char *bundle_node; /* an item for each device; or */
	int node_each;		 /* a node for each: its id follows */
	/* a bundle's elements, and the attributes that hold ids */
	const char *identity, *spk, *spk_id, *signature, *prekey, *prekey_id;
	/* a message's */
	const char *kex; /* the attribute of a key exchange */
	int by_jid;	 /* <keys jid=…> round the keys of an account */
	int has_iv;
	size_t payload_max;
};

#define DIALECTS 2
extern const struct dialect dialects[DIALECTS]; /* by enum namespace_id */

struct xml_key { /* one <key> for our device */
	int kex;
	size_t len;
	uint8_t *bytes; /* owned by the element */
};

struct xml_encrypted {
	uint32_t sid;
	size_t nkeys;
	struct xml_key keys[LIMIT_KEY_ELEMENTS];
	uint8_t iv[16];
	size_t ivlen; /* 12 or 16; 0 where there is none */
	int has_payload;
	uint8_t *payload;
	size_t payloadlen;
};

/* Our device, and those of ours that it has replaced. */
struct xml_devices {
	size_t n;
	uint32_t ids[1 + LIMIT_RETIRED];
};

int is_ours(const struct xml_devices *, uint32_t id);

/*
 * Parse an <encrypted>, keeping the keys whose rid is one of ours; own: our
 * account. 0, or
 * ERR_BAD_MESSAGE, ERR_TOO_LONG, ERR_MEMORY with *why one phrase. Free in
 * both cases.
 */
int encrypted_parse(xmpp_stanza_t *, const struct dialect *, const char *own,
    const struct xml_devices *ours, struct xml_encrypted *, const char **why);
void encrypted_free(struct xml_encrypted *);

/* A list: valid ids in order, the others ignored; at most LIMIT_LIST_IDS. */
struct xml_list {
	size_t n;
	size_t listed; /* elements, with those that were ignored */
	uint32_t ids[LIMIT_LIST_IDS];
};

void list_parse(xmpp_stanza_t *list, const struct dialect *, struct xml_list *);

/*
 * Names that devices have given themselves, with a signature that we do not
 * judge: ours is written over a list, and they stay on it.
 */
#define XML_LABEL     208 /* octets: 52 characters */
#define XML_SIGNATURE 128

struct xml_label {
	uint32_t id;
	char label[XML_LABEL + 1], signature[XML_SIGNATURE + 1];
};

struct xml_labels {
	size_t n;
	struct xml_label v[LIMIT_DEVICES];
};

void
labels_parse(xmpp_stanza_t *list, const struct dialect *, struct xml_labels *);
/* A list with these ids, and labels where they have one (NULL: none); of our
 * own device ours counts. */
xmpp_stanza_t *
list_build(xmpp_ctx_t *, const struct dialect *, const uint32_t *ids, size_t n,
    const struct xml_labels *, const struct xml_label *ours);

#define XML_BUNDLE_KEY                                                         \
	64 /* octets: 32, 33 or 64 are right, the keeper judges */

struct xml_bundle_key {
	uint32_t id;
	size_t len;
	uint8_t bytes[XML_BUNDLE_KEY];
};

struct xml_bundle {
	struct xml_bundle_key identity, spk, signature;
	size_t n;
	struct xml_bundle_key prekeys[LIMIT_BUNDLE_PREKEYS];
};

/*
 * 0, or ERR_BAD_MESSAGE with *why. One-time prekeys that are not base64, and
 * those over the limit, are left out.
 */
int bundle_parse(xmpp_stanza_t *bundle, const struct dialect *,
    struct xml_bundle *, const char **why);

/* --- from the keeper's replies: layouts of ipc/messages.c ---------------------- */
/*
 * Read "elements:[ … ]" from r and add an <encrypted> for each to message;
 * *spoken gets the namespaces (bits). 0, or ERR_MALFORMED; ERR_UNSUPPORTED: a
 * namespace that is not built here.
 */
int elements_build(struct reader *r, xmpp_stanza_t *message, unsigned *spoken);
/* Read "label:s labelsig:s". */
void label_read(struct reader *r, uint32_t device, struct xml_label *);
/* Read "identity:s spk_id:u32 spk:s signature:s prekeys:[…]" as a <bundle>. */
int bundle_build(struct reader *r, xmpp_ctx_t *, const struct dialect *,
    xmpp_stanza_t **bundle);

#endif
