/* SPDX-License-Identifier: ISC */
/*
 * Receipts and typing states. Runs in the front, which makes the element; the
 * keeper decides who gets it, if anybody. No failure is shown, and none is
 * tried again: a receipt that could not be handed on stays in the keeper's
 * outbox, and goes when the net is there.
 */
#include <string.h>

#include "../../ipc/err.h"
#include "private.h"

static void
hand_to_net(struct front *front, const uint8_t handle[HANDLE_SIZE])
{
	if (front->online && front->link != NULL)
		connection_send(
		    front->link, M_FRONT_SEND, 0, handle, HANDLE_SIZE);
}

static void
on_signalled(void *arg, int err, struct reader *reply)
{
	uint8_t handle[HANDLE_SIZE];

	if (err != 0)
		return;
	reader_fixed(reply, handle, sizeof(handle));
	if (reply->err == 0)
		hand_to_net(arg, handle);
}

static void
signal_about(struct front *front, const char *to, uint8_t kind,
    const uint8_t about[HANDLE_SIZE], const struct buffer *content)
{
	char id[FRONT_ID];
	struct buffer b;

	if (!front->attached || content->err != 0 || outbox_draw_id(id) != 0)
		return;
	front_body(front, &b, NULL);
	buffer_put_cstring(&b, to);
	buffer_put_u8(&b, kind);
	buffer_put(&b, about, HANDLE_SIZE);
	buffer_put_cstring(&b, id);
	buffer_put_string(&b, content->data, content->len);
	front_request(front, M_SIGNAL, &b, on_signalled, front);
}

void
signal_receipt(struct front *front, const uint8_t handle[HANDLE_SIZE],
    const struct front_message *m)
{
	struct buffer content;

	if (!front->config.receipts || m->kind != KIND_CHAT ||
	    m->id[0] == '\0' || strcmp(m->sender, front->config.account) == 0)
		return;
	buffer_init(&content, LIMIT_SIGNAL);
	content_receipt(&content, m->id);
	signal_about(front, m->sender, KIND_RECEIPT, handle, &content);
	buffer_free(&content);
}

void
front_typing(struct front *front, const char *to, const char *state)
{
	static const uint8_t none[HANDLE_SIZE];
	struct buffer content;

	if (!front->online)
		return; /* later it would not be true */
	buffer_init(&content, LIMIT_SIGNAL);
	content_typing(&content, state);
	signal_about(front, to, KIND_TYPING, none, &content);
	buffer_free(&content);
}

/* --- what was left ------------------------------------------------------------ */

static void
on_left(void *arg, int err, struct reader *r)
{
	struct front *front = arg;
	uint8_t handle[HANDLE_SIZE], kind;
	uint32_t n = err == 0 ? reader_count(r, LIMIT_OUTBOX) : 0;
	struct buffer b;
	size_t len;

	for (uint32_t i = 0; i < n; i++) {
		reader_fixed(r, handle, sizeof(handle));
		(void)reader_string(r, &len, LIMIT_JID);
		kind = reader_u8(r);
		(void)reader_string(r, &len, LIMIT_STANZA_ID);
		(void)reader_u8(r); /* fixed */
		if (r->err != 0)
			return;
		if (kind == KIND_RECEIPT) {
			hand_to_net(front, handle);
		} else if (kind == KIND_TYPING) {
			front_body(front, &b, handle);
			front_request(front, M_DISCARD, &b, front_ignore, NULL);
		}
	}
}

void
signals_online(struct front *front)
{
	struct buffer b;

	if (!front->config.receipts || !front->attached)
		return;
	front_body(front, &b, NULL);
	front_request(front, M_OUTBOX, &b, on_left, front);
}
