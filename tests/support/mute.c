/* SPDX-License-Identifier: ISC */
/*
 * mute ACCOUNT: a front that asks the keeper many times for the text of every
 * waiting message and never reads an answer, so that the keeper has replies
 * with text that it cannot get rid of. Says "asked" and stays until it is
 * killed. For the memory hunt.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../ipc/agent_client.h"
#include "../../ipc/err.h"

#define HANDLES 64
#define TIMES	32 /* answers asked for, of each */

struct mute {
	struct agent *agent;
	const char *account;
	uint8_t handles[HANDLES][HANDLE_SIZE];
	uint32_t n;
};

static void
check(const struct mute *m, const char *what, int error)
{
	if (error != 0)
		errx(1, "%s: %s: %s", what, err_text(error),
		    agent_error(m->agent));
}

static void
put_message(const struct mute *m, struct buffer *b, uint32_t i)
{
	buffer_put_cstring(b, m->account);
	buffer_put(b, m->handles[i], HANDLE_SIZE);
}

/* Say that the writer has been shown, or OPEN is refused. */
static void
acknowledge(struct mute *m, uint32_t i)
{
	struct buffer body;
	struct reader reply;
	char peer[4096];
	uint8_t fingerprint[FINGERPRINT_SIZE];

	buffer_init(&body, FRAME_MAX);
	put_message(m, &body, i);
	check(m, "WRITER", agent_call(m->agent, M_WRITER, &body, &reply));
	reader_cstring(&reply, peer, sizeof(peer));
	(void)reader_u32(&reply);
	reader_fixed(&reply, fingerprint, sizeof(fingerprint));
	(void)reader_u8(&reply);
	(void)reader_u8(&reply);
	if (reader_u8(&reply) != 0) { /* shown, or the own device's */
		buffer_free(&body);
		return;
	}
	buffer_clear(&body);
	buffer_put_cstring(&body, m->account);
	buffer_put_cstring(&body, peer);
	buffer_put(&body, fingerprint, sizeof(fingerprint));
	buffer_put_u8(&body, ROLE_WRITER);
	buffer_put_cstring(&body, "");
	check(m, "ACKNOWLEDGE",
	    agent_call(m->agent, M_ACKNOWLEDGE, &body, &reply));
	buffer_free(&body);
}

static void
attach(struct mute *m)
{
	struct buffer body;
	struct reader reply;

	buffer_init(&body, FRAME_MAX);
	buffer_put_cstring(&body, m->account);
	check(m, "ATTACH_FRONT",
	    agent_call(m->agent, M_ATTACH_FRONT, &body, &reply));
	check(m, "WAITING", agent_call(m->agent, M_WAITING, &body, &reply));
	m->n = reader_count(&reply, HANDLES);
	for (uint32_t i = 0; i < m->n; i++)
		reader_fixed(&reply, m->handles[i], HANDLE_SIZE);
	for (uint32_t i = 0; i < m->n; i++)
		acknowledge(m, i);
	buffer_free(&body);
}

static void
ask_without_reading(struct mute *m)
{
	struct buffer out;
	uint32_t id = 1000;
	int fd = agent_release(m->agent);

	buffer_init(&out, FRAME_MAX);
	for (int t = 0; t < TIMES; t++)
		for (uint32_t i = 0; i < m->n; i++) {
			size_t at = frame_begin(&out, M_OPEN, id++);

			put_message(m, &out, i);
			check(m, "frame", frame_end(&out, at));
		}
	if (write(fd, out.data, out.len) != (ssize_t)out.len)
		err(1, "write");
	buffer_free(&out);
}

int
main(int argc, char **argv)
{
	struct mute m = { 0 };
	char path[512];
	int error, fd;

	if (argc != 2)
		return 64;
	m.account = argv[1];
	error = agent_socket_path(NULL, path, sizeof(path));
	if (error != 0 || (fd = agent_connect(path)) < 0)
		errx(2, "no agent");
	if ((m.agent = agent_new(fd, &error)) == NULL)
		errx(1, "HELLO: %s", err_text(error));
	check(&m, "RESTRICT",
	    agent_restrict(
		m.agent, RIGHT_INFO | RIGHT_TEXT, "mute", m.account));
	attach(&m);
	if (m.n == 0)
		errx(1, "no message waits");
	ask_without_reading(&m);
	puts("asked");
	(void)fflush(stdout);
	for (;;)
		(void)pause();
}
