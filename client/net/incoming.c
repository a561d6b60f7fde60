/* SPDX-License-Identifier: ISC */
/*
 * What to do with a message: where it comes from decides first, then what is
 * in it. Runs in xmpp-net; no text of a message goes further than this file
 * (a text in clear is announced, and dropped).
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "inbox.h"
#include "net.h"
#include "omemo_xml.h"
#include "pep.h"
#include "room.h"
#include "stanza.h"

/* Leaves room for the account, the archive id and the header. */
#define DECRYPT_MAX (FRAME_MAX - LIMIT_JID - LIMIT_STANZA_ID - 64)

/* The body of a DECRYPT after the account, up to the archive id. */
static void
put_decrypt(struct buffer *b, const struct origin *o, uint8_t ns,
    const struct xml_encrypted *e)
{
	uint64_t now = (uint64_t)time(NULL);
	size_t i;

	buffer_put_u8(b, ns);
	buffer_put_cstring(b, o->sender);
	buffer_put_u32(b, e->sid);
	buffer_put_u8(b, (uint8_t)o->path);
	buffer_put_cstring(b, o->conversation);
	buffer_put_u8(b, o->room != NULL ? KIND_ROOM : KIND_CHAT);
	buffer_put_cstring(b, o->id);
	/* nobody writes from the future */
	buffer_put_u64(b, o->time != 0 && o->time < now ? o->time : now);
	buffer_put_u32(b, (uint32_t)e->nkeys);
	for (i = 0; i < e->nkeys; i++) {
		buffer_put_u8(b, (uint8_t)e->keys[i].kex);
		buffer_put_string(b, e->keys[i].bytes, e->keys[i].len);
	}
	buffer_put_string(b, e->iv, e->ivlen);
	buffer_put_u8(b, (uint8_t)e->has_payload);
	buffer_put_string(b, e->payload, e->payloadlen);
}

/*
 * An element without a key for this device is not for us; except the own
 * device's, sent by a sibling front: the keeper knows that message.
 */
static int
is_for_us(const struct net *net, const struct origin *o,
    const struct xml_encrypted *e)
{
	return e->nkeys > 0 ||
	    (is_ours(&net->ours, e->sid) && strcmp(o->sender, net->own) == 0);
}

/* The <encrypted> of one namespace. 1: it was for us. */
static int
receive_encrypted(struct net *net, const struct origin *o, uint8_t ns,
    xmpp_stanza_t *el, struct buffer *body)
{
	struct xml_encrypted e;
	const char *why;
	int err, ours = 0;

	if (el_next(el, "encrypted", dialects[ns].ns) != NULL) {
		front_notice(net, o->sender,
		    "a message was dropped: it has two encrypted elements");
		return 1;
	}
	err =
	    encrypted_parse(el, &dialects[ns], net->own, &net->ours, &e, &why);
	if (err != 0) {
		front_notice(net, o->sender, "a message was dropped: %s", why);
	} else if (is_for_us(net, o, &e)) {
		put_decrypt(body, o, ns, &e);
		ours = 1;
	}
	encrypted_free(&e);
	if (body->err != 0) {
		front_notice(net, o->sender, "a message was dropped: %s",
		    err_text(body->err));
		buffer_free(body);
	}
	return ours;
}

/*
 * The newest version that is for us, if any: nobody writes the same text to a
 * device in both. 0: there is no such element at all.
 */
static int
receive_any_encrypted(
    struct net *net, const struct origin *o, struct buffer *body)
{
	xmpp_stanza_t *el;
	int ns, found = 0;

	for (ns = DIALECTS - 1; ns >= 0; ns--) {
		el = el_child(o->message, "encrypted", dialects[ns].ns);
		if (el == NULL)
			continue;
		found = 1;
		if (receive_encrypted(net, o, (uint8_t)ns, el, body))
			break;
	}
	return found;
}

/* Nothing of ours inside: a text in clear, another method, a receipt. */
static void
receive_plain(struct net *net, const struct origin *o)
{
	xmpp_stanza_t *el;

	if (strcmp(o->sender, net->own) == 0)
		return;
	if (el_child(o->message, "envelope", NS_SCE) != NULL)
		front_notice(net, o->sender,
		    "a message was dropped: its envelope is not encrypted");
	else if ((el = el_child(o->message, "encryption", NS_EME)) != NULL)
		front_notice(net, o->sender,
		    "a message was dropped: its encryption is not supported: "
		    "%.100s",
		    el_get(el, "namespace"));
	else if (el_child(o->message, "body", XMPP_NS_CLIENT) != NULL)
		front_unencrypted(
		    net, o->sender, o->room != NULL ? o->conversation : "");
	else if (o->room == NULL &&
	    (el = el_child(o->message, "received", NS_RECEIPTS)) != NULL &&
	    outgoing_is_recent(net, el_get(el, "id"), o->sender))
		front_delivered(net, el_get(el, "id"));
}

void
receive_message(struct net *net, const struct origin *o)
{
	struct buffer body;

	buffer_init(&body, DECRYPT_MAX);
	if (!receive_any_encrypted(net, o, &body))
		receive_plain(net, o);
	/* what carries an archive id moves the cursor, encrypted or not */
	if (body.len > 0 || o->archive[0] != '\0')
		inbox_put(net, o, &body);
	buffer_free(&body);
}

void
inbox_receive(struct net *net, xmpp_stanza_t *message)
{
	struct buffer none;
	struct origin o;

	if (room_message(net, message))
		return;
	origin_of(
	    message, net->own, archive_queryid(net->archive), net->has_sid, &o);
	switch (o.kind) {
	case ORIGIN_DROP:
		buffer_init(&none, 0);
		if (o.archive[0] != '\0')
			inbox_put(net, &o, &none);
		break;
	case ORIGIN_FORGED:
		front_notice(net, xmpp_stanza_get_from(message), "%s", o.why);
		break;
	case ORIGIN_ERROR:
		(void)outgoing_bounced(net, o.message);
		break;
	case ORIGIN_EVENT:
		pep_event(net, o.message);
		break;
	case ORIGIN_MESSAGE:
		/* before ATTACH_NET is answered our device is not known; the
		 * archive has it, or the next connection */
		if (net->attached)
			receive_message(net, &o);
		break;
	}
}
