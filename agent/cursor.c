/* SPDX-License-Identifier: ISC */
/*
 * CURSOR: how far the server's archive has been read. The end of it is also
 * when used prekeys may go: no older message can need them, but one in a room.
 * Runs in the keeper; a net that lies here makes itself read more or less, and
 * used prekeys go early, no more.
 */
#include "cursor.h"

#include <string.h>

#include "attach.h"
#include "handlers.h"
#include "prekeys.h"
#include "rooms.h"
#include "text.h"
#include "work.h"

int
cursor_get(struct txn *t, const char *account, char *out, size_t size)
{
	struct secret s = { 0 };
	struct reader r;
	int err;

	out[0] = '\0';
	err = txn_get(t, RECORD_CURSOR, account, "", 0, &s);
	if (err == 0) {
		reader_init(&r, s.data, s.len);
		reader_cstring(&r, out, size);
		err = reader_end(&r) != 0 ? ERR_CORRUPT : 0;
	}
	secret_free(&s);
	return err == ERR_NOT_FOUND ? 0 : err;
}

int
cursor_put(struct txn *t, const char *account, const char *archive)
{
	struct buffer b;
	int err;

	if (archive[0] == '\0')
		return 0;
	buffer_init(&b, LIMIT_STANZA_ID + 8);
	buffer_put_cstring(&b, archive);
	err = b.err != 0
	    ? b.err
	    : txn_put(t, RECORD_CURSOR, account, "", 0, b.data, b.len);
	buffer_free(&b);
	return err;
}

/*
 * Used prekeys go when every net has read to the end. With rooms, whose
 * archives are read after this one and may need them, by age alone (purge.c).
 */
static int
end_reached(struct keeper *k, struct txn *t, struct account *a)
{
	int any;

	if (!attach_all_caught_up(k, a->jid))
		return 0;
	if ((any = room_any(k, a->jid)) != 0)
		return any < 0 ? any : 0;
	return prekeys_purge(t, a->jid, 0, UINT64_MAX);
}

static void
set_of_room(
    struct request *r, const char *jid, const char *room, const char *archive)
{
	struct txn *t = txn_begin(r->keeper->records);
	int err = net_room(r->client->net, room) == ROOM_LISTED
	    ? room_cursor_put(t, jid, room, archive)
	    : ERR_ROOM;

	if (err != 0)
		request_abort(r, t, err, "cursor");
	else
		request_commit(r, t);
}

void
cursor_set(struct request *r)
{
	char jid[LIMIT_JID + 1], archive[LIMIT_STANZA_ID + 1];
	char room[LIMIT_JID + 1];
	struct reader *b = &r->body;
	struct account *a;
	struct txn *t;
	uint8_t end;
	int err;

	reader_cstring(b, jid, sizeof jid);
	reader_cstring(b, archive, sizeof archive);
	end = reader_u8(b);
	reader_cstring(b, room, sizeof room);
	if ((err = reader_end(b)) != 0) {
		request_fail(r, err, "cursor");
		return;
	}
	if (end > 1 || (archive[0] != '\0' && !text_is_plain(archive)) ||
	    (room[0] != '\0' && !text_is_bare_jid(room))) {
		request_fail(r, ERR_ARGUMENT, "cursor");
		return;
	}
	if ((a = request_net(r, jid)) == NULL)
		return;
	if (room[0] != '\0') {
		set_of_room(r, jid, room, archive);
		return;
	}
	t = txn_begin(r->keeper->records);
	if (end)
		r->client->net->caught_up = 1;
	err = cursor_put(t, jid, archive);
	if (err == 0 && end)
		err = end_reached(r->keeper, t, a);
	if (err != 0) {
		request_abort(r, t, err, "cursor");
		return;
	}
	if (end)
		work_announce(r->keeper, a);
	request_commit(r, t);
}
