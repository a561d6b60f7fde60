/* SPDX-License-Identifier: ISC */
/* Where a message comes from. Runs in xmpp-net; trusts the server's stamp of
 * the sender, and nothing that the sender wrote. */
#include "origin.h"

#include <string.h>
#include <time.h>

#include "net.h"
#include "stanza.h"

uint64_t
origin_stamp(const char *stamp)
{
	struct tm tm;
	const char *rest;
	time_t t;
	int sign = 0, h = 0, m = 0;

	memset(&tm, 0, sizeof(tm));
	if ((rest = strptime(stamp, "%Y-%m-%dT%H:%M:%S", &tm)) == NULL)
		return 0;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (*rest == '+' || *rest == '-') {
		if (strlen(rest) != 6 || rest[3] != ':' ||
		    strspn(rest + 1, "0123456789") != 2 ||
		    strspn(rest + 4, "0123456789") != 2)
			return 0;
		sign = *rest == '+' ? -1 : 1;
		h = (rest[1] - '0') * 10 + rest[2] - '0';
		m = (rest[4] - '0') * 10 + rest[5] - '0';
	} else if (strcmp(rest, "Z") != 0)
		return 0;
	t = timegm(&tm) + sign * (h * 3600 + m * 60);
	return t > 0 ? (uint64_t)t : 0;
}

/* RFC 6120 8.1.2.1: a stanza without from comes from the own account. */
static int
is_from_own(xmpp_stanza_t *stanza, const char *own)
{
	const char *from = xmpp_stanza_get_from(stanza);

	return from == NULL || strcmp(from, own) == 0;
}

static int
has_bare(const char *jid, const char *bare)
{
	size_t n = strlen(bare);

	return jid != NULL && strncmp(jid, bare, n) == 0 &&
	    (jid[n] == '\0' || jid[n] == '/');
}

static void
copy_id(char out[LIMIT_STANZA_ID + 1], const char *id)
{
	if (id != NULL && strlen(id) <= LIMIT_STANZA_ID)
		memcpy(out, id, strlen(id) + 1);
}

xmpp_stanza_t *
origin_forwarded(xmpp_stanza_t *wrapper, struct origin *o)
{
	xmpp_stanza_t *f = el_child(wrapper, "forwarded", NS_FORWARD), *delay;

	if (f == NULL)
		return NULL;
	if ((delay = el_child(f, "delay", NS_DELAY)) != NULL)
		o->time = origin_stamp(el_get(delay, "stamp"));
	return el_child(f, "message", XMPP_NS_CLIENT);
}

void
origin_stanza_id(xmpp_stanza_t *message, const char *by, struct origin *o)
{
	xmpp_stanza_t *el = el_child(message, "stanza-id", NS_SID);

	for (; el != NULL; el = el_next(el, "stanza-id", NS_SID))
		if (strcmp(el_get(el, "by"), by) == 0)
			copy_id(o->archive, el_get(el, "id"));
}

/* Sender, conversation and id from the innermost message. */
static void
settle(struct origin *o, const char *own)
{
	const char *from = xmpp_stanza_get_from(o->message);
	const char *to = xmpp_stanza_get_to(o->message);
	const char *type = xmpp_stanza_get_type(o->message);

	if (type != NULL && strcmp(type, "error") == 0) {
		o->kind = o->path == PATH_DIRECT ? ORIGIN_ERROR : ORIGIN_DROP;
		return;
	}
	if (type != NULL && strcmp(type, "groupchat") == 0) {
		o->kind = ORIGIN_DROP; /* of no room that we are in */
		return;
	}
	o->kind = ORIGIN_MESSAGE;
	copy_id(o->id, xmpp_stanza_get_id(o->message));
	if (!jid_bare(from, o->sender, sizeof(o->sender))) {
		if (o->path != PATH_DIRECT || from != NULL)
			o->kind = ORIGIN_DROP;
		else
			(void)jid_bare(own, o->sender, sizeof(o->sender));
	}
	if (strcmp(o->sender, own) != 0)
		memcpy(o->conversation, o->sender, sizeof(o->sender));
	else if (!jid_bare(to, o->conversation, sizeof(o->conversation)))
		(void)jid_bare(own, o->conversation, sizeof(o->conversation));
}

static void
forge(struct origin *o, const char *why)
{
	o->kind = ORIGIN_FORGED;
	o->why = why;
}

static void
carbon(xmpp_stanza_t *stanza, xmpp_stanza_t *wrapper, enum path path,
    const char *own, int trust_sid, struct origin *o)
{
	o->path = path;
	if (!is_from_own(stanza, own)) {
		forge(o, "a forged carbon copy was dropped");
		return;
	}
	if ((o->message = origin_forwarded(wrapper, o)) == NULL)
		return;
	if (path == PATH_CARBON_SENT
		? !has_bare(xmpp_stanza_get_from(o->message), own)
		: !has_bare(xmpp_stanza_get_to(o->message), own)) {
		forge(o, "a carbon copy of someone else's message was dropped");
		return;
	}
	if (trust_sid)
		origin_stanza_id(o->message, own, o);
	settle(o, own);
}

static void
archived(xmpp_stanza_t *stanza, xmpp_stanza_t *result, const char *own,
    const char *queryid, struct origin *o)
{
	o->path = PATH_ARCHIVE;
	o->archived = 1;
	if (!is_from_own(stanza, own)) {
		forge(o, "a forged archive result was dropped");
		return;
	}
	if (*queryid == '\0' || strcmp(el_get(result, "queryid"), queryid) != 0)
		return; /* too late: that query has been given up */
	copy_id(o->archive, el_get(result, "id"));
	if ((o->message = origin_forwarded(result, o)) != NULL)
		settle(o, own);
}

void
origin_of(xmpp_stanza_t *stanza, const char *own, const char *queryid,
    int trust_sid, struct origin *o)
{
	const char *type = xmpp_stanza_get_type(stanza);
	xmpp_stanza_t *el;

	memset(o, 0, sizeof(*o));
	o->kind = ORIGIN_DROP;
	o->path = PATH_DIRECT;
	if (type != NULL && strcmp(type, "error") == 0) {
		o->kind = ORIGIN_ERROR;
		o->message = stanza;
	} else if ((el = el_child(stanza, "result", NS_MAM)) != NULL) {
		archived(stanza, el, own, queryid, o);
	} else if ((el = el_child(stanza, "received", NS_CARBONS)) != NULL) {
		carbon(stanza, el, PATH_CARBON_RECEIVED, own, trust_sid, o);
	} else if ((el = el_child(stanza, "sent", NS_CARBONS)) != NULL) {
		carbon(stanza, el, PATH_CARBON_SENT, own, trust_sid, o);
	} else if (el_child(stanza, "event", NS_PUBSUB_EV) != NULL) {
		o->kind = ORIGIN_EVENT;
		o->message = stanza;
	} else {
		o->message = stanza;
		if ((el = el_child(stanza, "delay", NS_DELAY)) != NULL)
			o->time = origin_stamp(el_get(el, "stamp"));
		if (trust_sid)
			origin_stanza_id(stanza, own, o);
		settle(o, own);
	}
}
