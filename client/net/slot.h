/* SPDX-License-Identifier: ISC */
/*
 * A place on the server for a file (XEP-0363).
 */
#ifndef CLIENT_NET_SLOT_H
#define CLIENT_NET_SLOT_H

#include "../common/url.h"
#include "net.h"

#define NS_UPLOAD     "urn:xmpp:http:upload:0"
#define SLOT_SERVICES 32 /* items of the server that are asked what they are */
#define SLOT_OCTETS   8192 /* of an upload's headers in all */

struct xml_slot {
	struct url put, get;
	size_t n;

	struct {
		char name[32];
		char *value; /* owned */
	} headers[URL_HEADERS];
};

int slots_new(struct net *);
/* The front wants one; it is answered by front_slot or front_no_slot. */
void slot_ask(struct net *, const char *name, uint64_t size);

/* Does this answer to disco#info come from an upload service? *max: the
 * largest file it takes, UINT64_MAX if it does not say. */
int slot_is_service(xmpp_stanza_t *answer, uint64_t *max);
/* 0, or ERR_BAD_MESSAGE and why. slot_free in either case. */
int slot_parse(xmpp_stanza_t *answer, struct xml_slot *, const char **why);
void slot_free(struct xml_slot *);

/* front.c */
void front_slot(struct net *, const struct xml_slot *);

#endif
