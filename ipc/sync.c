/* SPDX-License-Identifier: ISC */
/*
 * Framing on a blocking descriptor. Runs in store and derive. What passes
 * through may be a passphrase or a key: every buffer is wiped when handled.
 */
#include "sync.h"

#include <errno.h>
#include <unistd.h>

#include "err.h"
#include "messages.h"

int
sync_read(int fd, struct buffer *in, struct frame *f, size_t *used)
{
	uint8_t *p;
	ssize_t n;
	int found;

	for (;;) {
		found = frame_parse(in->data, in->len, f, used);
		if (found != 0)
			return found > 0 ? 0 : found;
		p = buffer_extend(in, SYNC_CHUNK);
		if (p == NULL)
			return in->err;
		do
			n = read(fd, p, SYNC_CHUNK);
		while (n == -1 && errno == EINTR);
		in->len -= SYNC_CHUNK - (n > 0 ? (size_t)n : 0);
		if (n == -1)
			return ERR_SYSTEM;
		if (n == 0)
			return in->len == 0 ? ERR_EOF : ERR_MALFORMED;
	}
}

void
sync_done(struct buffer *in, size_t used)
{
	if (used == in->len)
		buffer_clear(in);
	else
		buffer_drop(in, used);
}

int
sync_write(int fd, struct buffer *out)
{
	size_t at = 0;
	ssize_t n;

	if (out->err != 0)
		return out->err;
	while (at < out->len) {
		n = write(fd, out->data + at, out->len - at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_SYSTEM;
		at += (size_t)n;
	}
	buffer_clear(out);
	return 0;
}

void
sync_error(struct buffer *out, uint32_t id, int err, const char *text)
{
	size_t at;

	at = frame_begin(out, M_ERROR, id);
	buffer_put_u32(out, (uint32_t)-err);
	buffer_put_cstring(out, text != NULL ? text : err_text(err));
	(void)frame_end(out, at);
}
