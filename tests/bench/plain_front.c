/* SPDX-License-Identifier: ISC */
/*
 * The bench's xmpp-chat, which is not installed: what the user enters is not
 * composed at the keeper but handed to the net, and from there to the server,
 * in clear (at most 16 octets of it). All else is the product's.
 */
#define front_send product_front_send
/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "../../client/front/outbox.c"
#undef front_send

int front_send(struct front *, const char *to, const void *text, size_t len,
    char id[static FRONT_ID]);

int
front_send(struct front *front, const char *to, const void *text, size_t len,
    char id[static FRONT_ID])
{
	uint8_t handle[HANDLE_SIZE] = { 0 };

	(void)to; /* plain_net.c knows */
	memcpy(handle, text, len < sizeof(handle) ? len : sizeof(handle));
	for (size_t i = 0; i < sizeof(handle); i++)
		snprintf(id + 2 * i, 3, "%02x", handle[i]);
	if (!front->online || front->link == NULL)
		return ERR_FULL;
	connection_send(front->link, M_FRONT_SEND, 0, handle, sizeof(handle));
	return 0;
}
