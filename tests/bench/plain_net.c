/* SPDX-License-Identifier: ISC */
/*
 * The bench's xmpp-net, which is not installed: what the front hands over is
 * the text itself and goes to romeo in clear; see plain_front.c. All else is
 * the product's: connection, stanza, acknowledgement.
 */
#include <stdio.h>

#define outgoing_add product_outgoing_add
/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "../../client/net/outgoing.c"
#undef outgoing_add

void outgoing_add(struct net *, const uint8_t handle[HANDLE_SIZE]);

#define TO "romeo@montague.lit"

static void
on_plain_ack(struct net *net, void *arg, int err)
{
	(void)net;
	(void)arg;
	(void)err;
}

void
outgoing_add(struct net *net, const uint8_t handle[HANDLE_SIZE])
{
	xmpp_stanza_t *m = el_new(net->ctx, "message", NULL);
	char text[HANDLE_SIZE + 1] = "", id[2 * HANDLE_SIZE + 1];

	memcpy(text, handle, HANDLE_SIZE);
	for (size_t i = 0; i < HANDLE_SIZE; i++)
		snprintf(id + 2 * i, 3, "%02x", handle[i]);
	el_set(m, "to", TO);
	el_set(m, "type", "chat");
	el_set(m, "id", id);
	el_text(el_add(m, "body", NULL), text);
	el_add(m, "request", NS_RECEIPTS);
	el_set(el_add(m, "origin-id", NS_SID), "id", id);
	ack_send(net, m, on_plain_ack, NULL);
}
