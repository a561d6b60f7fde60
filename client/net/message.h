/* SPDX-License-Identifier: ISC */
/* An outgoing encrypted message round the keeper's elements. */
#ifndef CLIENT_NET_MESSAGE_H
#define CLIENT_NET_MESSAGE_H

#include "net.h"

enum message_kind {
	MESSAGE_CHAT,	/* with a text inside: fallback body, receipt wanted */
	MESSAGE_ROOM,	/* the same, without: nobody answers for a room */
	MESSAGE_EMPTY,	/* key transport, a receipt: nothing to show anyone */
	MESSAGE_TYPING, /* the same, and nothing to keep */
};

/* r: at "elements:[ … ]". NULL: malformed, or a namespace not built here. */
xmpp_stanza_t *message_build(struct net *, const char *to, const char *id,
    enum message_kind, struct reader *r);

#endif
