/* SPDX-License-Identifier: ISC */
/*
 * Asking both sides: the agent over xmpp-key's connection, the server over an
 * xmpp-net that was started to look. Runs in xmpp-key.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "doctor.h"
#include "key_net.h"

/* --- the agent --------------------------------------------------------------- */

static void
on_row(void *arg, const struct key_row *row)
{
	struct doctor_agent *a = arg;
	struct doctor_contact *c;

	if (!row->stale || strcmp(row->peer, a->jid) == 0)
		return;
	if (a->nstale < DOCTOR_CONTACTS) {
		c = &a->stale[a->nstale];
		memcpy(c->jid, row->peer, sizeof(c->jid));
		c->device = row->device;
	}
	a->nstale++;
}

static int
ask_own(struct key *key, struct doctor_agent *a)
{
	struct key_account row;
	struct buffer b;
	struct reader r;
	int code = key_find_account(key, &row);

	if (code != DONE)
		return code;
	a->nets = row.nets;
	a->due = row.due >> 2 * a->ns & 3;
	key_body(key, &b);
	buffer_put_u8(&b, a->ns);
	code = key_call(key, M_OWN_BUNDLE, &b, &r, key->jid);
	if (code != DONE)
		return code;
	if (doctor_read_own(&r, a) != 0)
		return fail_agent("own bundle", ERR_MALFORMED, "");
	a->read = 1;
	a->jid = key->jid;
	if (a->ns == 0) /* too many contacts for one answer: said */
		(void)key_each_row(key, "", on_row, a);
	return DONE;
}

int
doctor_ask_agent(struct key *key, uint8_t ns, struct doctor_agent *a)
{
	struct key_status status;
	struct reader rest;
	int code = key_get_status(key, &status, &rest);

	memset(a, 0, sizeof(*a));
	a->ns = ns;
	if (code != DONE)
		return code;
	a->vault = status.vault;
	a->locked = status.locked;
	a->doubt = status.doubt;
	a->clients = reader_count(&rest, LIMIT_CLIENTS);
	if (a->clients > 0)
		a->clients--; /* this is one */
	return a->vault && !a->locked ? ask_own(key, a) : DONE;
}

static void
put_labels(struct buffer *b, const struct doctor_server *s)
{
	buffer_put_u32(b, (uint32_t)s->nlabels);
	for (size_t i = 0; i < s->nlabels; i++) {
		buffer_put_u32(b, s->labels[i].id);
		buffer_put_cstring(b, s->labels[i].text);
		buffer_put_string(b, s->labels[i].sig, s->labels[i].siglen);
	}
}

int
doctor_ask_labels(struct key *key, struct doctor_server *s)
{
	struct buffer b;
	struct reader r;
	int code;

	if (s->nlabels == 0)
		return DONE;
	key_body(key, &b);
	put_labels(&b, s);
	code = key_call(key, M_LABELS, &b, &r, key->jid);
	if (code != DONE)
		return code;
	if (reader_u32(&r) != s->nlabels) /* in their order */
		return fail_agent("labels", ERR_MALFORMED, "");
	for (size_t i = 0; i < s->nlabels; i++) {
		(void)reader_u32(&r);
		s->labels[i].verdict = reader_u8(&r);
	}
	return reader_end(&r) == 0 ? DONE
				   : fail_agent("labels", ERR_MALFORMED, "");
}

/* --- the server -------------------------------------------------------------- */

struct look {
	struct key_net net;
	struct loop *loop;
	uint32_t device;
	int configure;		   /* nodes that are to be opened first */
	int configured;		   /* of them, answered */
	uint8_t ns;		   /* that is being looked at */
	struct doctor_server *out; /* of each version */
};

static void
give_up(struct look *l, const char *why)
{
	for (size_t ns = 0; ns < DOCTOR_VERSIONS; ns++)
		if (!l->out[ns].asked)
			snprintf(
			    l->out[ns].why, sizeof(l->out[ns].why), "%s", why);
	loop_stop(l->loop, DONE);
}

static void
send_device(struct look *l, uint8_t type, uint8_t ns, uint32_t device)
{
	struct buffer b;

	buffer_init(&b, FRAME_MAX);
	buffer_put_u32(&b, device);
	buffer_put_u8(&b, ns);
	key_net_send(&l->net, type, &b);
	buffer_free(&b);
}

static void
on_online(struct look *l)
{
	key_progress("looking");
	for (uint8_t ns = 0; l->configure > 0 && ns < DOCTOR_VERSIONS; ns++) {
		send_device(l, M_FRONT_CONFIGURE, ns, 0);
		if (l->device != 0)
			send_device(l, M_FRONT_CONFIGURE, ns, l->device);
	}
	if (l->configure == 0)
		send_device(l, M_FRONT_INSPECT, 0, l->device);
}

static void
on_event(void *arg, uint8_t type, struct reader *body)
{
	struct look *l = arg;
	char why[sizeof(l->out->why)];

	if (type == M_NET_ONLINE) {
		on_online(l);
	} else if (type == M_NET_OFFLINE) {
		reader_cstring(body, why, sizeof(why));
		give_up(l, why[0] != '\0' ? why : "the connection failed");
	} else if (type == M_NET_CONFIGURED) {
		/* how it is now is what the inspection tells */
		if (++l->configured == l->configure)
			send_device(l, M_FRONT_INSPECT, 0, l->device);
	} else if (l->ns >= DOCTOR_VERSIONS) {
		return; /* all was told */
	} else if (type == M_NET_INSPECTED) {
		l->out[l->ns].asked = 1;
		if (++l->ns < DOCTOR_VERSIONS)
			send_device(l, M_FRONT_INSPECT, l->ns, l->device);
		else
			loop_stop(l->loop, DONE);
	} else if (doctor_read_event(type, body, &l->out[l->ns]) != 0)
		give_up(l, "what xmpp-net says is malformed");
	if (type == M_NET_SEEN_SERVER && l->ns < DOCTOR_VERSIONS)
		l->out[l->ns].here = (uint64_t)time(NULL);
}

static void
on_stopped(void *arg, const char *reason)
{
	if (reason != NULL)
		give_up(arg, reason);
}

static void
on_time(void *arg)
{
	give_up(arg, "it has not answered in time (--timeout)");
}

void
doctor_ask_server(struct key *key, uint32_t device, int configure,
    struct doctor_server out[static DOCTOR_VERSIONS])
{
	struct look l = { .loop = loop_new(), .device = device, .out = out };

	memset(out, 0, DOCTOR_VERSIONS * sizeof(*out));
	if (l.loop == NULL) {
		snprintf(out->why, sizeof(out->why), "out of memory");
		out[1] = out[0];
		return;
	}
	l.configure = configure ? DOCTOR_VERSIONS * (1 + (device != 0)) : 0;
	l.net = (struct key_net){
		.key = key,
		.loop = l.loop,
		.looks = 1,
		.event = on_event,
		.stopped = on_stopped,
		.arg = &l,
	};
	if (key_net_start(&l.net) != DONE ||
	    loop_timer(l.loop, (uint64_t)key->options.timeout * 1000, on_time,
		&l) == NULL)
		give_up(&l, "no connection could be started");
	else
		(void)loop_run(l.loop);
	key_net_end(&l.net);
	loop_free(l.loop);
}
