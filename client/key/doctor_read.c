/* SPDX-License-Identifier: ISC */
/*
 * What agent and net say, as typed and bounded values. Runs in xmpp-key;
 * holds public keys. The net passes on what the server says and is trusted no
 * further: each field has a maximum here too.
 */
#include <string.h>

#include "doctor.h"

static void
read_key(struct reader *r, struct doctor_key *key)
{
	const uint8_t *p = reader_string(r, &key->len, sizeof(key->bytes));

	if (key->len > 0)
		memcpy(key->bytes, p, key->len);
}

/* Behind those that are there. */
static void
read_prekeys(struct reader *r, struct doctor_bundle *b)
{
	uint32_t n = reader_count(r, LIMIT_BUNDLE_PREKEYS - (uint32_t)b->n);

	for (; n > 0 && r->err == 0; n--) {
		b->prekeys[b->n].id = reader_u32(r);
		read_key(r, &b->prekeys[b->n]);
		if (r->err == 0)
			b->n++;
	}
}

static void
read_signed(struct reader *r, struct doctor_bundle *b)
{
	read_key(r, &b->identity);
	b->spk.id = reader_u32(r);
	read_key(r, &b->spk);
	read_key(r, &b->signature);
}

int
doctor_read_own(struct reader *r, struct doctor_agent *a)
{
	a->device = reader_u32(r);
	read_signed(r, &a->bundle);
	read_prekeys(r, &a->bundle);
	a->spk_made = reader_u64(r);
	a->nwithdrawn = reader_count(r, LIMIT_WITHDRAWN);
	for (size_t i = 0; i < a->nwithdrawn; i++)
		a->withdrawn[i] = reader_u32(r);
	a->ndevices = reader_count(r, LIMIT_DEVICES);
	for (size_t i = 0; i < a->ndevices; i++) {
		a->devices[i].id = reader_u32(r);
		a->devices[i].known = reader_u8(r);
		a->devices[i].heard = reader_u64(r);
		a->devices[i].stale = reader_u8(r);
	}
	reader_cstring(r, a->label, sizeof(a->label));
	return reader_end(r) == 0 ? 0 : ERR_MALFORMED;
}

static uint8_t
read_most(struct reader *r, uint8_t most)
{
	uint8_t v = reader_u8(r);

	if (v > most)
		r->err = ERR_MALFORMED;
	return v;
}

static void
read_node(struct reader *r, struct doctor_node *node)
{
	node->state = read_most(r, NODE_UNREADABLE);
	reader_cstring(r, node->why, sizeof(node->why));
	reader_cstring(r, node->access, sizeof(node->access));
	node->persist = read_most(r, TOLD_NOTHING);
}

static void
read_server(struct reader *r, struct doctor_server *s)
{
	s->archive = read_most(r, TOLD_NOTHING);
	reader_cstring(r, s->preference, sizeof(s->preference));
	s->carbons = read_most(r, TOLD_NOTHING);
	s->pep = read_most(r, TOLD_NOTHING);
	s->options = read_most(r, TOLD_NOTHING);
	s->time = reader_u64(r);
}

static void
read_list(struct reader *r, struct doctor_server *s)
{
	read_node(r, &s->list);
	s->total = reader_u32(r);
	s->nlisted = reader_count(r, DOCTOR_LISTED);
	for (size_t i = 0; i < s->nlisted; i++) {
		s->listed[i].id = reader_u32(r);
		s->listed[i].bundle = read_most(r, NODE_UNREADABLE);
	}
}

/* One that has no room is one that nobody is shown. */
static void
read_label(struct reader *r, struct doctor_server *s)
{
	struct doctor_label none, *l = &none;
	const uint8_t *p;

	if (s->nlabels < LIMIT_DEVICES)
		l = &s->labels[s->nlabels++];
	memset(l, 0, sizeof(*l));
	l->verdict = LABEL_UNKNOWN;
	l->id = reader_u32(r);
	reader_cstring(r, l->text, sizeof(l->text));
	p = reader_string(r, &l->siglen, sizeof(l->sig));
	if (l->siglen > 0)
		memcpy(l->sig, p, l->siglen);
}

int
doctor_read_event(uint8_t type, struct reader *r, struct doctor_server *s)
{
	if (type == M_NET_SEEN_SERVER)
		read_server(r, s);
	else if (type == M_NET_SEEN_LABEL)
		read_label(r, s);
	else if (type == M_NET_SEEN_LIST)
		read_list(r, s);
	else if (type == M_NET_SEEN_BUNDLE) {
		read_node(r, &s->node);
		read_signed(r, &s->bundle);
	} else if (type == M_NET_SEEN_PREKEYS)
		read_prekeys(r, &s->bundle);
	else
		return 0; /* another one's */
	return reader_end(r) == 0 ? 0 : ERR_MALFORMED;
}
