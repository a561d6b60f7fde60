/* SPDX-License-Identifier: ISC */
/*
 * Something that needs the server, done by a net that is there, or by one
 * started for it. Runs in xmpp-key; believes of a net why it does not get on,
 * no more.
 */
#include "key_net.h"

#define LOOK_MS 200 /* between two looks at what is due */

struct serve {
	struct key *key;
	const struct serve_config *config;
	struct loop *loop;
	struct key_net net; /* not started: somebody else's does it */
	uint64_t until;
	char reason[512]; /* the last that a net said */
};

static void
give_up(struct serve *p, const char *reason)
{
	loop_stop(
	    p->loop, fail(p->key->jid, "%s: %s", p->config->not_yet, reason));
}

static void
look(void *arg)
{
	struct serve *p = arg;
	int left = 0, code = p->config->left(p->key, &left);

	if (code != DONE)
		loop_stop(p->loop, code);
	else if (left == 0)
		loop_stop(p->loop, DONE);
	else if (loop_now() >= p->until)
		give_up(p, p->reason[0] != '\0' ? p->reason : "no answer yet");
	else if (loop_timer(p->loop, LOOK_MS, look, p) == NULL)
		loop_stop(p->loop, fail(NULL, "out of memory"));
}

static void
on_event(void *arg, uint8_t type, struct reader *body)
{
	struct serve *p = arg;

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
run(struct serve *p)
{
	unsigned nets = 0;
	int code = p->config->nets(p->key, &nets);

	if (code == DONE && nets == 0)
		code = key_net_start(&p->net);
	if (code != DONE)
		return code;
	p->until = loop_now() + (uint64_t)p->key->options.timeout * 1000;
	look(p);
	return loop_run(p->loop);
}

int
key_serve(struct key *key, const struct serve_config *config)
{
	struct serve p = { .key = key, .config = config, .loop = loop_new() };
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
		key_progress(config->done);
	return code;
}
