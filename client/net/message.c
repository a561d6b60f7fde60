/* SPDX-License-Identifier: ISC */
/*
 * The stanza of an encrypted message: elements, EME (XEP-0380), store hint
 * (XEP-0334: without a body servers would not keep it, and a typing state they
 * should not), origin id
 * (XEP-0359), and for a text the words that other clients show instead.
 */
#include "message.h"

#include "omemo_xml.h"
#include "stanza.h"

#define FALLBACK                                                               \
	"I sent you an OMEMO encrypted message but your client doesn't seem "  \
	"to support that."

/* One for the stanza: where both versions are inside, the older, whose readers
 * may go by it. */
static void
put_eme(xmpp_stanza_t *m, unsigned spoken)
{
	xmpp_stanza_t *el = el_add(m, "encryption", NS_EME);
	size_t ns = 0;

	while (ns + 1 < DIALECTS && !(spoken & 1U << ns))
		ns++;
	if (ns == NS_LEGACY)
		el_set(el, "name", "OMEMO");
	el_set(el, "namespace", dialects[ns].ns);
}

xmpp_stanza_t *
message_build(struct net *net, const char *to, const char *id,
    enum message_kind kind, struct reader *r)
{
	xmpp_stanza_t *m = el_new(net->ctx, "message", NULL);
	unsigned spoken;

	el_set(m, "to", to);
	el_set(m, "type", kind == MESSAGE_ROOM ? "groupchat" : "chat");
	el_set(m, "id", id);
	if (elements_build(r, m, &spoken) != 0) {
		xmpp_stanza_release(m);
		return NULL;
	}
	put_eme(m, spoken);
	/* XEP-0420 wants neither outside of an envelope */
	if ((kind == MESSAGE_CHAT || kind == MESSAGE_ROOM) &&
	    spoken & 1U << NS_LEGACY)
		el_text(el_add(m, "body", NULL), FALLBACK);
	if (kind == MESSAGE_CHAT && spoken & 1U << NS_LEGACY)
		el_add(m, "request", NS_RECEIPTS);
	el_add(m, kind == MESSAGE_TYPING ? "no-store" : "store", NS_HINTS);
	el_set(el_add(m, "origin-id", NS_SID), "id", id);
	return m;
}
