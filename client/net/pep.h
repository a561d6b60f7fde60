/* SPDX-License-Identifier: ISC */
/*
 * Device lists and bundles on the server (XEP-0163): fetched and handed to
 * the keeper, published as the keeper says.
 */
#ifndef CLIENT_NET_PEP_H
#define CLIENT_NET_PEP_H

#include "net.h"

typedef void pep_done(struct net *, void *arg);
/* Fetch and hand in, whatever comes of it; then done, exactly once. */
void pep_fetch_list(
    struct net *, uint8_t ns, const char *peer, pep_done *, void *arg);
void pep_fetch_bundle(struct net *, uint8_t ns, const char *peer,
    uint32_t device, pep_done *, void *arg);
/* Read back the own list, then the bundle of a device that is gone, and hand
 * both in; what cannot be read is not "absent". */
void
pep_verify(struct net *, uint8_t ns, uint32_t device, pep_done *, void *arg);
/* A notification: the sender's new device list. */
void pep_event(struct net *, xmpp_stanza_t *message);

/* reason NULL: the server has it. */
typedef void publish_done(struct net *, void *arg, const char *reason);
/*
 * Publish an item of a node, open to everyone. many: the node has an item for
 * each device, so it is to hold as many as it may. Takes payload.
 */
void publish(struct net *, const char *node, const char *item, int many,
    xmpp_stanza_t *payload, publish_done *, void *arg);

/* Have everyone read a node that is there, and its items kept. */
void publish_configure(
    struct net *, const char *node, int many, publish_done *, void *arg);
/* Delete a node with all that is in it; that there is none will do. */
void node_delete(struct net *, const char *node, publish_done *, void *arg);
/* One item of a node that others share; the node stays. */
void item_retract(struct net *, const char *node, const char *item,
    publish_done *, void *arg);

/*
 * What an answer to <items node=…> holds: 0 and the payload (name, ns) of
 * that item (NULL: "current", else the first); ERR_NOT_FOUND: there is none
 * (*payload NULL); ERR_BAD_MESSAGE: something else is there; ERR_EOF: any
 * other failure.
 */
struct pep_wanted {
	const char *node, *item, *name, *ns;
};

int pep_payload(
    xmpp_stanza_t *answer, const struct pep_wanted *, xmpp_stanza_t **payload);

#endif
