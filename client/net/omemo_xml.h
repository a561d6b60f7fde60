/* SPDX-License-Identifier: ISC */
/*
 * OMEMO 0.3.0 as XML: the <encrypted> element, device lists, bundles. Octets
 * from anyone become typed, bounded values here, and nowhere else in
 * xmpp-net. The namespace of version 2 will be a sibling of this file.
 */
#ifndef CLIENT_NET_OMEMO_XML_H
#define CLIENT_NET_OMEMO_XML_H

#include <stdint.h>

#include <strophe.h>

#include "../../agent/limits.h"
#include "../../ipc/buffer.h"

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
	size_t ivlen; /* 12 or 16 */
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
 * Parse an <encrypted>, keeping the keys whose rid is one of ours. 0, or
 * ERR_BAD_MESSAGE, ERR_TOO_LONG, ERR_MEMORY with *why one phrase. Free in
 * both cases.
 */
int encrypted_parse(xmpp_stanza_t *, const struct xml_devices *ours,
    struct xml_encrypted *, const char **why);
void encrypted_free(struct xml_encrypted *);

/* A <list>: valid ids in order, the others ignored; at most LIMIT_LIST_IDS. */
struct xml_list {
	size_t n;
	uint32_t ids[LIMIT_LIST_IDS];
};

void list_parse(xmpp_stanza_t *list, struct xml_list *);
/* <list> with these ids. */
xmpp_stanza_t *list_build(xmpp_ctx_t *, const uint32_t *ids, size_t n);

#define XML_BUNDLE_KEY 64 /* octets: 33 or 64 are right, the keeper judges */

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
int bundle_parse(xmpp_stanza_t *bundle, struct xml_bundle *, const char **why);

/* --- from the keeper's replies: layouts of ipc/messages.c ---------------------- */
/*
 * Read "elements:[ … ]" from r and add an <encrypted> for each to message.
 * 0, or ERR_MALFORMED; ERR_UNSUPPORTED: a namespace that is not built here.
 */
int elements_build(struct reader *r, xmpp_stanza_t *message);
/* Read "identity:s spk_id:u32 spk:s signature:s prekeys:[…]" as a <bundle>. */
int bundle_build(struct reader *r, xmpp_ctx_t *, xmpp_stanza_t **bundle);

#endif
