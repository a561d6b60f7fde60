/* SPDX-License-Identifier: ISC */
/*
 * The bench's xmpp-net, which is not installed: a message in clear is shown at
 * once, as a notice, without a question to the keeper.
 */
#define front_unencrypted product_front_unencrypted
/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "../../client/net/front.c"
#undef front_unencrypted

void front_unencrypted(struct net *, const char *from);

void
front_unencrypted(struct net *net, const char *from)
{
	front_notice(net, from, "plain");
}
