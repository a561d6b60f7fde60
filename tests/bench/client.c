/* SPDX-License-Identifier: ISC */
/*
 * Requests in flight, and how an account becomes ready to write: see
 * client.h. Runs in the bench's client; holds texts of the bench.
 */
#include "client.h"

#include <err.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../agent/limits.h"

#define NAMESPACES 2

double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- runs ------------------------------------------------------------------- */

void
run_init(struct run *run, struct client *c, uint8_t type)
{
	memset(run, 0, sizeof(*run));
	run->client = c;
	run->type = type;
}

struct buffer *
run_add(struct run *run)
{
	struct asked *a;

	if (run->n == run->size) {
		run->size = run->size * 2 + 64;
		run->v = realloc(run->v, run->size * sizeof(*run->v));
		if (run->v == NULL)
			errx(1, "out of memory");
	}
	a = &run->v[run->n++];
	memset(a, 0, sizeof(*a));
	buffer_init(&a->body, FRAME_MAX);
	buffer_init(&a->reply, FRAME_MAX);
	return &a->body;
}

void
run_add_handle(struct run *run, const uint8_t handle[HANDLE_SIZE])
{
	struct buffer *b = run_add(run);

	buffer_put_cstring(b, run->client->account);
	buffer_put(b, handle, HANDLE_SIZE);
}

static struct agent *
agent_of(const struct run *run)
{
	return message_find(LINK_CLIENT, run->type)->right == RIGHT_NETWORK
	    ? run->client->net
	    : run->client->front;
}

static void ask(struct run *);

static void
on_answer(void *arg, int error, struct reader *reply)
{
	struct asked *a = arg;
	struct run *run = a->run;

	run->answered++;
	a->err = error;
	if (error == 0 && reply->left > 0)
		buffer_put(&a->reply, reply->p, reply->left);
	else if (error != 0)
		buffer_put_cstring(&a->reply, agent_error(agent_of(run)));
	if (run->answered == run->n)
		loop_stop(run->client->loop, 0);
	else
		ask(run);
}

static void
ask(struct run *run)
{
	int error;

	if (run->next == run->n)
		return;
	run->v[run->next].run = run;
	error = agent_request(agent_of(run), run->type, &run->v[run->next].body,
	    on_answer, &run->v[run->next]);
	if (error != 0)
		errx(1, "message %u: %s", run->type, err_text(error));
	run->next++;
}

double
run_all(struct run *run, size_t flight)
{
	double began = seconds();

	if (run->n == 0)
		return 0;
	for (size_t i = 0; i < flight; i++)
		ask(run);
	if (loop_run(run->client->loop) != 0)
		errx(1, "the loop has ended");
	return seconds() - began;
}

double
run_good(struct run *run, size_t flight)
{
	double took = run_all(run, flight);

	for (size_t i = 0; i < run->n; i++)
		if (run->v[i].err != 0)
			errx(1, "message %u, number %zu: %s: %.*s", run->type,
			    i, err_text(run->v[i].err),
			    (int)run->v[i].reply.len - 4,
			    (const char *)run->v[i].reply.data + 4);
	return took;
}

struct reader
run_reply(const struct run *run, size_t i)
{
	struct reader r;

	reader_init(&r, run->v[i].reply.data, run->v[i].reply.len);
	return r;
}

void
run_free(struct run *run)
{
	for (size_t i = 0; i < run->n; i++) {
		buffer_free(&run->v[i].body);
		buffer_free(&run->v[i].reply);
	}
	free(run->v);
	memset(run, 0, sizeof(*run));
}

/* --- an account that can write ---------------------------------------------- */

/* One WORK: the bundle is kept, the item done. 0: there was none. */
static uint64_t
work_one(struct client *c)
{
	struct run run, done;
	struct reader r;
	const uint8_t *from;
	uint64_t item;
	uint8_t work, ns;
	uint32_t n;
	size_t len;

	run_init(&run, c, M_WORK);
	buffer_put_cstring(run_add(&run), c->account);
	run_good(&run, 1);
	r = run_reply(&run, 0);
	item = reader_u64(&r);
	work = reader_u8(&r);
	ns = reader_u8(&r);
	(void)reader_string(&r, &len, LIMIT_JID);
	(void)reader_string(&r, &len, LIMIT_STANZA_ID);
	(void)reader_u32(&r);
	for (n = reader_u32(&r); n > 0 && r.err == 0; n--)
		(void)reader_u32(&r);
	(void)reader_string(&r, &len, LIMIT_LABEL);
	(void)reader_string(&r, &len, 64);
	from = r.p;
	(void)reader_string(&r, &len, 64);
	(void)reader_u32(&r);
	(void)reader_string(&r, &len, 64);
	(void)reader_string(&r, &len, 64);
	for (n = reader_u32(&r); n > 0 && r.err == 0; n--) {
		(void)reader_u32(&r);
		(void)reader_string(&r, &len, 64);
	}
	if (item != 0 && work == WORK_BUNDLE && ns == c->ns) {
		buffer_clear(&c->bundle);
		buffer_put(&c->bundle, from, (size_t)(r.p - from));
	}
	run_free(&run);
	if (item == 0)
		return 0;
	run_init(&done, c, M_WORK_DONE);
	buffer_put_cstring(run_add(&done), c->account);
	buffer_put_u64(&done.v[0].body, item);
	buffer_put_u8(&done.v[0].body, WORK_OK);
	buffer_put_cstring(&done.v[0].body, "");
	run_good(&done, 1);
	run_free(&done);
	return item;
}

void
client_work(struct client *c)
{
	while (work_one(c) != 0)
		;
}

void
client_list(struct client *c, const char *peer, const uint32_t *ids, uint32_t n)
{
	struct run run;
	struct buffer *b;

	run_init(&run, c, M_DEVICES);
	for (uint8_t ns = 0; ns < NAMESPACES; ns++) {
		b = run_add(&run);
		buffer_put_cstring(b, c->account);
		buffer_put_u8(b, ns);
		buffer_put_cstring(b, peer);
		buffer_put_u8(b, LIST_READ);
		buffer_put_u32(b, ns == c->ns ? n : 0);
		for (uint32_t i = 0; ns == c->ns && i < n; i++)
			buffer_put_u32(b, ids[i]);
	}
	run_good(&run, 1);
	run_free(&run);
}

static void
attach(struct client *c, uint8_t type)
{
	struct run run;
	struct reader r;

	run_init(&run, c, type);
	buffer_put_cstring(run_add(&run), c->account);
	run_good(&run, 1);
	r = run_reply(&run, 0);
	c->device = reader_u32(&r);
	run_free(&run);
}

/* The own bundle: nothing on the server that would raise a doubt. */
static void
hand_own_bundle(struct client *c)
{
	struct run run;
	struct buffer *b;

	run_init(&run, c, M_BUNDLE);
	for (uint8_t ns = 0; ns < NAMESPACES; ns++) {
		b = run_add(&run);
		buffer_put_cstring(b, c->account);
		buffer_put_u8(b, ns);
		buffer_put_cstring(b, c->account);
		buffer_put_u32(b, c->device);
		buffer_put_u8(b, BUNDLE_UNREACHABLE);
		for (int i = 0; i < 5; i++)
			buffer_put_u32(b, 0);
	}
	run_all(&run, 1);
	run_free(&run);
}

static void
on_event(void *arg, uint8_t type, struct reader *body)
{
	(void)arg;
	(void)type;
	(void)body;
}

static void
on_closed(void *arg, int error)
{
	(void)arg;
	errx(1, "the agent is gone: %s", err_text(error));
}

static struct agent *
connect_as(struct client *c, uint32_t right)
{
	static const struct agent_handler handler = {
		.event = on_event,
		.closed = on_closed,
	};
	char path[PATH_MAX];
	struct agent *agent;
	int fd, error;

	if (agent_socket_path(NULL, path, sizeof(path)) != 0 ||
	    (fd = agent_connect(path)) < 0)
		errx(1, "no agent");
	if ((agent = agent_new(fd, &error)) == NULL)
		errx(1, "%s", err_text(error));
	error = agent_restrict(agent, RIGHT_INFO | right, "bench", c->account);
	if (error == 0)
		error = agent_attach(agent, c->loop, &handler, c);
	if (error != 0)
		errx(1, "%s", err_text(error));
	return agent;
}

struct client *
client_new(const char *account, uint8_t ns)
{
	struct client *c = calloc(1, sizeof(*c));

	if (c == NULL || (c->loop = loop_new()) == NULL)
		errx(1, "out of memory");
	c->account = account;
	c->ns = ns;
	buffer_init(&c->bundle, FRAME_MAX);
	c->front = connect_as(c, RIGHT_TEXT);
	c->net = connect_as(c, RIGHT_NETWORK);
	attach(c, M_ATTACH_FRONT);
	attach(c, M_ATTACH_NET);
	hand_own_bundle(c);
	client_list(c, account, NULL, 0);
	client_work(c);
	client_list(c, account, &c->device, 1);
	client_work(c);
	return c;
}
