/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key publish: have the device list and bundle published by a net that
 * is there, or by one started for it.
 */
#include <stdio.h>

#include "key_net.h"

#define LOOK_MS 200 /* between two looks at what is due */

struct publish {
	struct key *key;
	struct loop *loop;
	struct key_net net; /* not started: somebody else's does it */
	uint64_t until;
	char reason[512]; /* the last that a net said */
};

static void
give_up(struct publish *p, const char *reason)
{
	loop_stop(p->loop, fail(p->key->jid, "not published: %s", reason));
}

static void
look(void *arg)
{
	struct publish *p = arg;
	struct key_account a;
	int code = key_find_account(p->key, &a);

	if (code != DONE)
		loop_stop(p->loop, code);
	else if (a.due == 0)
		loop_stop(p->loop, DONE);
	else if (loop_now() >= p->until)
		give_up(p, p->reason[0] != '\0' ? p->reason : "no answer yet");
	else if (loop_timer(p->loop, LOOK_MS, look, p) == NULL)
		loop_stop(p->loop, fail(NULL, "out of memory"));
}

static void
on_event(void *arg, uint8_t type, struct reader *body)
{
	struct publish *p = arg;

	if (type == M_NET_ONLINE)
		key_progress("online");
	if (type != M_NET_OFFLINE)
		return;
	reader_cstring(body, p->reason, sizeof(p->reason));
	if (reader_u8(body))
		give_up(p, p->reason);
}

static void
on_stopped(void *arg, const char *reason)
{
	if (reason != NULL)
		give_up(arg, reason);
}

static int
run(struct publish *p)
{
	struct key_account a;
	struct buffer b;
	int code = key_find_account(p->key, &a);

	if (code != DONE)
		return code;
	key_body(p->key, &b);
	code = key_call(p->key, M_PUBLISH, &b, NULL, p->key->jid);
	if (code == DONE && a.nets == 0)
		code = key_net_start(&p->net);
	if (code != DONE)
		return code;
	p->until = loop_now() + (uint64_t)p->key->options.timeout * 1000;
	look(p);
	return loop_run(p->loop);
}

int
key_publish(struct key *key)
{
	struct publish p = { .key = key, .loop = loop_new() };
	int code;

	if (p.loop == NULL)
		return fail(NULL, "out of memory");
	p.net = (struct key_net){
		.key = key,
		.loop = p.loop,
		.event = on_event,
		.stopped = on_stopped,
		.arg = &p,
	};
	code = run(&p);
	key_net_end(&p.net);
	loop_free(p.loop);
	if (code == DONE)
		key_progress("published");
	return code;
}
