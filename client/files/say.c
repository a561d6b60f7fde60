/* SPDX-License-Identifier: ISC */
/*
 * The lower end of the file link. Runs in xmpp-cipher and xmpp-transfer;
 * holds the request, which for the cipher is a key: its buffers are wiped.
 * Who listens no more has gone, and the process ends when its pipe does.
 */
#include "say.h"

#include "../../ipc/err.h"
#include "../../ipc/loop.h"
#include "../../ipc/messages.h"

#define PROGRESS_MS 100

void
say_init(struct say *say)
{
	buffer_init(&say->in, SYNC_IN_MAX);
	buffer_init(&say->out, FRAME_MAX);
	say->last = 0;
}

void
say_free(struct say *say)
{
	buffer_free(&say->in);
	buffer_free(&say->out);
}

int
say_hear(struct say *say, struct frame *f)
{
	const struct message *m;
	size_t used;
	int err = sync_read(FILE_FD_LINK, &say->in, f, &used);

	if (err != 0)
		return err;
	m = message_find(LINK_FILE, f->type);
	if (m == NULL || f->id != 0)
		return ERR_UNKNOWN_MESSAGE;
	return message_check(m->request, f->body.p, f->body.left);
}

void
say_progress(struct say *say, uint64_t octets, uint64_t of)
{
	uint64_t now = loop_now();
	size_t at;

	if (now - say->last < PROGRESS_MS)
		return;
	say->last = now;
	at = frame_begin(&say->out, M_FILE_PROGRESS, 0);
	buffer_put_u64(&say->out, octets);
	buffer_put_u64(&say->out, of);
	(void)frame_end(&say->out, at);
	(void)sync_write(FILE_FD_LINK, &say->out);
}

void
say_done(struct say *say, uint64_t octets)
{
	size_t at = frame_begin(&say->out, M_FILE_DONE, 0);

	buffer_put_u64(&say->out, octets);
	(void)frame_end(&say->out, at);
	(void)sync_write(FILE_FD_LINK, &say->out);
}

void
say_failed(struct say *say, const char *reason)
{
	size_t at = frame_begin(&say->out, M_FILE_FAILED, 0);

	buffer_put_cstring(&say->out, reason);
	(void)frame_end(&say->out, at);
	(void)sync_write(FILE_FD_LINK, &say->out);
}
