/* SPDX-License-Identifier: ISC */
/*
 * The client library against an agent that is played by the test: its answers
 * are written to the socket before they are asked for.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../ipc/agent_client.h"
#include "../../ipc/connection.h"
#include "../../ipc/err.h"
#include "check.h"

static struct {
	int peer;
	struct agent *agent;
	struct loop *loop;
	char log[256];
	int closed; /* 1: not */
	unsigned answers;
	int free_in_event, free_in_done;
} at;

static void
note(const char *s)
{
	strncat(at.log, s, sizeof(at.log) - strlen(at.log) - 1);
}

/* --- the played agent --------------------------------------------------------- */

static void
say(uint8_t type, uint32_t id, const void *p, size_t n)
{
	struct buffer f;
	size_t where;

	buffer_init(&f, FRAME_MAX);
	where = frame_begin(&f, type, id);
	buffer_put(&f, p, n);
	assert_int_equal(frame_end(&f, where), 0);
	assert_int_equal(write(at.peer, f.data, f.len), (ssize_t)f.len);
	buffer_free(&f);
}

static void
say_hello(uint32_t version, uint8_t locked)
{
	struct buffer b;

	buffer_init(&b, 256);
	buffer_put_u32(&b, version);
	buffer_put_cstring(&b, "xmpp-agent 0");
	buffer_put_u32(&b, 2);
	buffer_put_cstring(&b, "one");
	buffer_put_cstring(&b, "two");
	buffer_put_u32(&b, RIGHTS_INITIAL);
	buffer_put_u8(&b, locked);
	say(M_REPLY, 1, b.data, b.len);
	buffer_free(&b);
}

static void
say_error(uint32_t id, uint32_t code, const char *text)
{
	struct buffer b;

	buffer_init(&b, 8192);
	buffer_put_u32(&b, code);
	buffer_put_cstring(&b, text);
	say(M_ERROR, id, b.data, b.len);
	buffer_free(&b);
}

static void
say_event(uint8_t type, const char *account)
{
	struct buffer b;

	buffer_init(&b, 256);
	if (account != NULL)
		buffer_put_cstring(&b, account);
	say(type, 0, b.data, b.len);
	buffer_free(&b);
}

/* Read the next request whole; its type. */
static uint8_t
hear(struct frame *f, uint8_t *p, size_t size)
{
	size_t n = 0, used;

	while (frame_parse(p, n, f, &used) == 0) {
		assert_true(n < size);
		assert_int_equal(read(at.peer, p + n, 1), 1);
		n++;
	}
	return f->type;
}

/* --- set up ------------------------------------------------------------------- */

static int
set_up(void **state)
{
	int fds[2], err = 1;
	uint8_t p[64];
	struct frame f;

	(void)state;
	memset(&at, 0, sizeof(at));
	at.closed = 1;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
		return -1;
	at.peer = fds[1];
	say_hello(1, 1);
	at.agent = agent_new(fds[0], &err);
	if (at.agent == NULL || err != 0)
		return -1;
	assert_int_equal(hear(&f, p, sizeof(p)), M_HELLO);
	assert_int_equal(f.id, 1);
	assert_int_equal(reader_u32(&f.body), PROTOCOL_VERSION);
	at.loop = loop_new();
	return at.loop == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	agent_free(at.agent);
	loop_free(at.loop);
	if (at.peer >= 0)
		close(at.peer);
	return 0;
}

/* --- the beginning ------------------------------------------------------------ */

static void
test_hello(void **state)
{
	(void)state;
	assert_int_equal(agent_is_locked(at.agent), 1);
	assert_string_equal(agent_error(at.agent), "");
}

static void
test_hello_bad(void **state)
{
	int fds[2], err;

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		at.peer = fds[1];
		err = 0;
		if (i == 0)
			say_hello(2, 0);
		if (i == 1)
			say_error(1, -ERR_VERSION, "no");
		if (i == 2)
			say(M_REPLY, 1, "\0\0\0\1", 4);
		if (i == 3)
			say(M_REPLY, 2, "", 0);
		if (i == 4) {
			close(at.peer);
			signal(SIGPIPE, SIG_IGN);
		}
		assert_null(agent_new(fds[0], &err));
		assert_int_equal(err,
		    i < 2	? ERR_VERSION
			: i < 4 ? ERR_MALFORMED
				: ERR_EOF);
		if (i < 4)
			close(at.peer);
	}
}

static void
test_paths(void **state)
{
	char path[64];

	(void)state;
	unsetenv("XMPP_AGENT_SOCK");
	unsetenv("XDG_RUNTIME_DIR");
	assert_int_equal(
	    agent_socket_path(NULL, path, sizeof(path)), ERR_NOT_FOUND);
	setenv("XDG_RUNTIME_DIR", "/run/user/1", 1);
	assert_int_equal(agent_socket_path(NULL, path, sizeof(path)), 0);
	assert_string_equal(path, "/run/user/1/xmpp-agent/agent.sock");
	setenv("XMPP_AGENT_SOCK", "/s", 1);
	assert_int_equal(agent_socket_path(NULL, path, sizeof(path)), 0);
	assert_string_equal(path, "/s");
	assert_int_equal(agent_socket_path("/opt", path, sizeof(path)), 0);
	assert_string_equal(path, "/opt");
	assert_int_equal(agent_socket_path("/opt", path, 4), ERR_TOO_LONG);
	assert_int_equal(agent_connect("/nonexistent/agent.sock"), ERR_SYSTEM);
	assert_int_equal(errno, ENOENT);
	memset(path, 'a', sizeof(path));
	path[63] = '\0';
	assert_int_equal(
	    agent_connect("/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
	    ERR_SYSTEM);
	assert_int_equal(errno, ENAMETOOLONG);
}

/* A connection handed on: nothing is read ahead of the reply. */
static void
test_hand_over(void **state)
{
	struct agent *net;
	struct reader r;
	uint8_t p[256];
	struct frame f;
	int fd, err;

	(void)state;
	say(M_REPLY, 2, "\0\0\0\3", 4);
	say_event(M_EVENT_UNLOCKED, NULL); /* for the next process */
	assert_int_equal(agent_restrict(at.agent, RIGHT_INFO | RIGHT_NETWORK,
			     "n", "juliet@capulet.lit"),
	    0);
	assert_int_equal(hear(&f, p, sizeof(p)), M_RESTRICT);
	fd = agent_release(at.agent);
	at.agent = NULL;
	net = agent_new_greeted(fd, &err);
	assert_non_null(net);
	assert_int_equal(agent_fd(net), fd);
	say_error(1, -ERR_LOCKED, "locked");
	assert_int_equal(agent_call(net, M_STATUS, NULL, &r), ERR_LOCKED);
	assert_int_equal(hear(&f, p, sizeof(p)), M_STATUS); /* no HELLO */
	assert_int_equal(agent_is_locked(net), 1);	    /* the later word */
	agent_free(net);
}

/* --- one call at a time ------------------------------------------------------- */

static void
test_call(void **state)
{
	struct reader r;
	struct frame f;
	uint8_t p[256];

	(void)state;
	say_event(M_EVENT_UNLOCKED, NULL);
	say(M_REPLY, 2, "", 0);
	assert_int_equal(agent_call(at.agent, M_LOCK, NULL, &r), 0);
	assert_int_equal(reader_end(&r), 0);
	assert_int_equal(agent_is_locked(at.agent), 0);
	assert_int_equal(hear(&f, p, sizeof(p)), M_LOCK);
	assert_int_equal(f.id, 2);
	say_error(3, -ERR_NOT_FOUND, "no peer romeo");
	assert_int_equal(
	    agent_call(at.agent, M_STATUS, NULL, &r), ERR_NOT_FOUND);
	assert_string_equal(agent_error(at.agent), "no peer romeo");
	assert_int_equal(hear(&f, p, sizeof(p)), M_STATUS);
	say(M_REPLY, 4, "", 0); /* an error does not end it */
	assert_int_equal(agent_call(at.agent, M_LOCK, NULL, &r), 0);
	assert_string_equal(agent_error(at.agent), "");
}

/* What is not a request is not sent, and harms nothing. */
static void
test_call_wrong(void **state)
{
	struct reader r;
	struct buffer b;

	(void)state;
	assert_int_equal(
	    agent_call(at.agent, M_COMMIT, NULL, &r), ERR_UNKNOWN_MESSAGE);
	assert_int_equal(agent_call(at.agent, M_EVENT_LOCKED, NULL, &r),
	    ERR_UNKNOWN_MESSAGE);
	assert_int_equal(
	    agent_call(at.agent, M_WAITING, NULL, &r), ERR_MALFORMED);
	buffer_init(&b, 10);
	buffer_put(&b, "12345678901", 11);
	assert_int_equal(agent_call(at.agent, M_WAITING, &b, &r), ERR_TOO_LONG);
	buffer_free(&b);
	buffer_init(&b, 100000);
	assert_non_null(buffer_extend(&b, 50000));
	assert_int_equal(agent_call(at.agent, M_WAITING, &b, &r), ERR_TOO_LONG);
	buffer_free(&b);
	say(M_REPLY, 2, "", 0);
	assert_int_equal(agent_call(at.agent, M_LOCK, NULL, &r), 0);
}

/* An agent that does not speak the protocol is left at once, for good. */
static void
test_call_broken(void **state)
{
	struct reader r;

	for (int i = 0; i < 8; i++) {
		if (i > 0)
			set_up(state);
		if (i == 0)
			say(M_REPLY, 3, "", 0); /* another id */
		if (i == 1)
			say(M_REPLY, 2, "x", 1); /* another layout */
		if (i == 2)
			say(M_ERROR, 2, "\0\0\0\1", 4);
		if (i == 3)
			say_error(2, 0, "no error");
		if (i == 4)
			say_error(2, 4000000000, "out of the list");
		if (i == 5)
			say(M_LOCK, 2, "", 0); /* neither reply nor error */
		if (i == 6)
			assert_int_equal(
			    write(at.peer, "\xff\xff\xff\xff\x01wxyz", 9), 9);
		if (i == 7) /* an event without its layout */
			say(M_EVENT_WORK, 0, "x", 1);
		assert_int_equal(agent_call(at.agent, M_LOCK, NULL, &r),
		    i == 6 ? ERR_TOO_LONG : ERR_MALFORMED);
		assert_int_equal(
		    agent_call(at.agent, M_LOCK, NULL, &r), ERR_EOF);
		if (i < 7)
			tear_down(state);
	}
}

/* --- with a loop --------------------------------------------------------------- */

static void
on_event(void *arg, uint8_t type, struct reader *body)
{
	char account[64];

	assert_ptr_equal(arg, &at);
	note(type == M_EVENT_WORK ? "w" : type == M_EVENT_LOCKED ? "l" : "?");
	if (type == M_EVENT_WORK) {
		reader_cstring(body, account, sizeof(account));
		note(account);
	}
	if (at.free_in_event) {
		agent_free(at.agent);
		at.agent = NULL;
		loop_stop(at.loop, 0);
	}
}

static void
on_closed(void *arg, int err)
{
	assert_ptr_equal(arg, &at);
	assert_int_equal(at.closed, 1);
	at.closed = err;
	agent_free(at.agent);
	at.agent = NULL;
	loop_stop(at.loop, 0);
}

static const struct agent_handler handler = { on_event, on_closed };

static void
done(void *arg, int err, struct reader *reply)
{
	assert_int_equal(err == 0, reply != NULL);
	note(arg);
	note(err == 0 ? "+" : agent_error(at.agent));
	at.answers++;
	if (at.free_in_done) {
		agent_free(at.agent);
		at.agent = NULL;
		loop_stop(at.loop, 0);
	}
}

static void
stop(void *arg)
{
	(void)arg;
	loop_stop(at.loop, 0);
}

static void
turn(void)
{
	assert_non_null(loop_timer(at.loop, 20, stop, NULL));
	assert_int_equal(loop_run(at.loop), 0);
}

static char a[] = "a", b[] = "b", c[] = "c";

static void
attach(void)
{
	struct reader r;

	assert_int_equal(agent_attach(at.agent, at.loop, &handler, &at), 0);
	assert_int_equal(
	    agent_attach(at.agent, at.loop, &handler, &at), ERR_ARGUMENT);
	assert_int_equal(agent_call(at.agent, M_LOCK, NULL, &r), ERR_ARGUMENT);
}

/* Answers in any order, errors, events between them. */
static void
test_async(void **state)
{
	(void)state;
	attach();
	assert_int_equal(agent_request(at.agent, M_LOCK, NULL, done, a), 0);
	assert_int_equal(agent_request(at.agent, M_LOCK, NULL, done, b), 0);
	assert_int_equal(agent_request(at.agent, M_LOCK, NULL, done, c), 0);
	assert_int_equal(agent_request(at.agent, M_COMMIT, NULL, done, c),
	    ERR_UNKNOWN_MESSAGE);
	say(M_REPLY, 4, "", 0);
	say_event(M_EVENT_WORK, "@");
	say_error(2, -ERR_BUSY, "E");
	say(99, 0, "of a newer agent", 16); /* passed over */
	say_event(M_EVENT_LOCKED, NULL);
	say(M_REPLY, 3, "", 0);
	turn();
	assert_string_equal(at.log, "c+w@aElb+");
	assert_int_equal(agent_is_locked(at.agent), 1);
	assert_int_equal(at.closed, 1);
}

/* Events that came during calls are delivered first, in their order. */
static void
test_queued_events(void **state)
{
	struct reader r;

	(void)state;
	say_event(M_EVENT_WORK, "1");
	say_event(M_EVENT_WORK, "2");
	say(M_REPLY, 2, "", 0);
	assert_int_equal(agent_call(at.agent, M_LOCK, NULL, &r), 0);
	say_event(M_EVENT_WORK, "3");
	attach();
	assert_string_equal(at.log, "");
	turn();
	assert_string_equal(at.log, "w1w2w3");
}

static void
test_queued_only(void **state)
{
	struct reader r;

	(void)state;
	say_event(M_EVENT_WORK, "1");
	say(M_REPLY, 2, "", 0);
	assert_int_equal(agent_call(at.agent, M_LOCK, NULL, &r), 0);
	attach();
	turn(); /* nothing more comes from the agent */
	assert_string_equal(at.log, "w1");
}

static void
test_free_in_event(void **state)
{
	struct reader r;

	(void)state;
	say_event(M_EVENT_WORK, "1");
	say_event(M_EVENT_WORK, "2");
	say(M_REPLY, 2, "", 0);
	assert_int_equal(agent_call(at.agent, M_LOCK, NULL, &r), 0);
	say_event(M_EVENT_WORK, "3");
	attach();
	at.free_in_event = 1;
	turn();
	assert_string_equal(at.log, "w1");
	assert_int_equal(at.closed, 1);
}

static void
test_free_in_done(void **state)
{
	(void)state;
	attach();
	assert_int_equal(agent_request(at.agent, M_LOCK, NULL, done, a), 0);
	assert_int_equal(agent_request(at.agent, M_LOCK, NULL, done, b), 0);
	say(M_REPLY, 2, "", 0);
	say(M_REPLY, 3, "", 0);
	at.free_in_done = 1;
	turn();
	assert_int_equal(at.answers, 1);
}

static void
test_closed(void **state)
{
	(void)state;
	attach();
	assert_int_equal(agent_request(at.agent, M_LOCK, NULL, done, a), 0);
	close(at.peer);
	at.peer = -1;
	assert_int_equal(loop_run(at.loop), 0);
	assert_int_equal(at.closed, ERR_EOF);
	assert_int_equal(at.answers, 0);
}

static void
test_async_broken(void **state)
{
	(void)state;
	attach();
	assert_int_equal(agent_request(at.agent, M_LOCK, NULL, done, a), 0);
	say(M_REPLY, 77, "", 0);
	assert_int_equal(loop_run(at.loop), 0);
	assert_int_equal(at.closed, ERR_MALFORMED);
}

/* Requests stop at a bound while the agent does not read, and go on after. */
static void
test_busy(void **state)
{
	static uint8_t text[100000];
	struct buffer body;
	unsigned sent = 0, heard = 0;
	uint8_t *p = malloc(FRAME_MAX);
	struct frame f;
	int err;

	(void)state;
	attach();
	buffer_init(&body, FRAME_MAX);
	buffer_put_cstring(&body, "juliet@capulet.lit");
	buffer_put_cstring(&body, "romeo@montague.lit");
	buffer_put_u8(&body, 0);
	buffer_put_cstring(&body, "id");
	buffer_put_u32(&body, 1);
	buffer_put_u8(&body, 0);
	buffer_put_string(&body, text, sizeof(text));
	while ((err = agent_request(at.agent, M_COMPOSE, &body, done, a)) == 0)
		sent++;
	assert_int_equal(err, ERR_BUSY);
	assert_int_equal(sent, CONNECTION_OUT_HIGH / (100000 + 78));
	turn();
	for (; heard < sent; heard++) {
		turn();
		assert_int_equal(hear(&f, p, FRAME_MAX), M_COMPOSE);
	}
	turn();
	assert_int_equal(agent_request(at.agent, M_COMPOSE, &body, done, a), 0);
	assert_int_equal(at.closed, 1);
	buffer_free(&body);
	free(p);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello_bad),
		cmocka_unit_test(test_paths),
		TEST(test_hello),
		TEST(test_hand_over),
		TEST(test_call),
		TEST(test_call_wrong),
		TEST(test_call_broken),
		TEST(test_async),
		TEST(test_queued_events),
		TEST(test_queued_only),
		TEST(test_free_in_event),
		TEST(test_free_in_done),
		TEST(test_closed),
		TEST(test_async_broken),
		TEST(test_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
