/* SPDX-License-Identifier: ISC */
/*
 * The link to the front: handles and addresses, no text of messages. Runs in
 * xmpp-net; the front is trusted to ask for what it wants sent.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "net.h"
#include "omemo_xml.h"
#include "room.h"
#include "slot.h"

static void
on_slot_wanted(struct net *net, struct reader *r)
{
	char name[128];
	uint64_t size;

	reader_cstring(r, name, sizeof(name));
	size = reader_u64(r);
	if (reader_end(r) == 0)
		slot_ask(net, name, size);
}

/* Only a net that was started to look may be told to. */
static int
on_inspect(struct net *net, uint8_t type, struct reader *r)
{
	uint32_t device = reader_u32(r);
	uint8_t ns = reader_u8(r);

	if (!net->looks || !net->bound)
		return ERR_UNKNOWN_MESSAGE;
	if (ns >= DIALECTS)
		return ERR_UNSUPPORTED;
	return type == M_FRONT_INSPECT ? inspect(net, ns, device)
				       : inspect_configure(net, ns, device);
}

static int
on_frame(void *arg, struct frame *f)
{
	struct net *net = arg;
	const struct message *m = message_find(LINK_FRONT, f->type);
	uint8_t handle[HANDLE_SIZE];

	if (m == NULL || f->id != 0)
		return ERR_UNKNOWN_MESSAGE;
	if (message_check(m->request, f->body.p, f->body.left) != 0)
		return ERR_MALFORMED;
	if (f->type == M_FRONT_INSPECT || f->type == M_FRONT_CONFIGURE)
		return on_inspect(net, f->type, &f->body);
	if (f->type == M_FRONT_SEND) {
		reader_fixed(&f->body, handle, sizeof(handle));
		outgoing_add(net, handle);
	} else if (f->type == M_FRONT_SLOT)
		on_slot_wanted(net, &f->body);
	else if (f->type == M_FRONT_JOIN || f->type == M_FRONT_LEAVE ||
	    f->type == M_FRONT_SERVICE)
		front_on_room(net, f->type, &f->body);
	else if (f->type == M_FRONT_QUIT)
		net_leave(net, NET_EXIT_QUIT, "quit");
	else
		return ERR_UNKNOWN_MESSAGE; /* ours, not the front's */
	return 0;
}

static void
on_closed(void *arg, int err)
{
	struct net *net = arg;

	net->front = NULL;
	net_leave(net, NET_EXIT_QUIT, "the front is gone: %s", err_text(err));
}

static const struct connection_handler handler = {
	.frame = on_frame,
	.closed = on_closed,
};

int
front_attach(struct net *net, int fd)
{
	net->front = connection_new_packets(net->loop, fd, &handler, net);
	return net->front != NULL ? 0 : ERR_MEMORY;
}

/* Up to two strings and a flag, as the event's layout has them. */
static void
front_event(struct net *net, uint8_t type, const char *a, const char *b)
{
	struct buffer body;

	if (net->front == NULL)
		return;
	buffer_init(&body, FRAME_MAX);
	if (a != NULL)
		buffer_put_cstring(&body, a);
	if (b != NULL)
		buffer_put_cstring(&body, b);
	if (body.err == 0)
		(void)connection_send(net->front, type, 0, body.data, body.len);
	buffer_free(&body);
}

void
front_online(struct net *net, const char *jid)
{
	front_event(net, M_NET_ONLINE, jid, NULL);
}

void
front_offline(struct net *net, const char *reason, int fatal)
{
	struct buffer body;

	if (net->front == NULL)
		return;
	buffer_init(&body, FRAME_MAX);
	buffer_put_cstring(&body, reason);
	buffer_put_u8(&body, fatal != 0);
	if (body.err == 0)
		(void)connection_send(
		    net->front, M_NET_OFFLINE, 0, body.data, body.len);
	buffer_free(&body);
}

void
front_delivered(struct net *net, const char *id)
{
	front_event(net, M_NET_DELIVERED, id, NULL);
}

void
front_unencrypted(struct net *net, const char *from, const char *room)
{
	front_event(net, M_NET_UNENCRYPTED, from, room);
}

void
front_caught_up(struct net *net, const char *room)
{
	front_event(net, M_NET_CAUGHT_UP, room, NULL);
}

void
front_too_big(struct net *net, const uint8_t handle[HANDLE_SIZE], size_t octets)
{
	struct buffer body;

	if (net->front == NULL)
		return;
	buffer_init(&body, FRAME_MAX);
	buffer_put(&body, handle, HANDLE_SIZE);
	buffer_put_u64(&body, octets);
	if (body.err == 0)
		(void)connection_send(
		    net->front, M_NET_TOO_BIG, 0, body.data, body.len);
	buffer_free(&body);
}

void
front_no_slot(struct net *net, const char *reason)
{
	front_event(net, M_NET_NO_SLOT, reason, NULL);
}

void
front_slot(struct net *net, const struct xml_slot *slot)
{
	struct buffer body;

	if (net->front == NULL)
		return;
	buffer_init(&body, FRAME_MAX);
	buffer_put_cstring(&body, slot->put.text);
	buffer_put_cstring(&body, slot->get.text);
	buffer_put_u32(&body, (uint32_t)slot->n);
	for (size_t i = 0; i < slot->n; i++) {
		buffer_put_cstring(&body, slot->headers[i].name);
		buffer_put_cstring(&body, slot->headers[i].value);
	}
	if (body.err == 0)
		(void)connection_send(
		    net->front, M_NET_SLOT, 0, body.data, body.len);
	buffer_free(&body);
}

void
front_notice(struct net *net, const char *from, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	front_event(net, M_NET_NOTICE, from != NULL ? from : "", text);
}
