/* SPDX-License-Identifier: ISC */
/*
 * A message came in clear. Its text does not come here; the policy that the
 * user set for its sender is asked of the keeper. Runs in the front.
 */
#include <stdlib.h>

#include <bsd/string.h>

#include "../../ipc/err.h"
#include "private.h"

struct clear { /* PEERS until its answer */
	struct front *front;
	char from[JID_SIZE], room[JID_SIZE];
};

static void
tell(struct front *front, const char *from, const char *room, int require)
{
	if (room[0] == '\0')
		front->handler->unencrypted(front->arg, from, require);
	else if (front->handler->rooms != NULL)
		front->handler->rooms->unencrypted(
		    front->arg, from, room, require);
}

static void
on_peers(void *arg, int err, struct reader *r)
{
	struct clear *clear = arg;
	struct front *front = clear->front;
	int require = err == 0 ? 0 : -1;
	size_t len;

	if (err == 0 && reader_u32(r) > 0) { /* each row says the same */
		(void)reader_string(r, &len, LIMIT_JID);
		(void)reader_u8(r); /* policy */
		require = reader_u8(r) != 0;
	}
	if (r != NULL && r->err != 0)
		require = -1;
	front->clears--;
	if (err != ERR_EOF) /* nobody is there any more to be told */
		tell(front, clear->from, clear->room, require);
	free(clear);
}

void
clear_came(struct front *front, const char *from, const char *room)
{
	struct clear *clear;
	struct buffer b;

	if (front->clears == CLEARS_MAX ||
	    (clear = calloc(1, sizeof(*clear))) == NULL) {
		tell(front, from, room, -1);
		return;
	}
	clear->front = front;
	strlcpy(clear->from, from, sizeof(clear->from));
	strlcpy(clear->room, room, sizeof(clear->room));
	front->clears++;
	front_body(front, &b, NULL);
	buffer_put_cstring(&b, from);
	front_request(front, M_PEERS, &b, on_peers, clear);
}
