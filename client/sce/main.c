/* SPDX-License-Identifier: ISC */
/*
 * xmpp-sce: parses decrypted envelopes for a front. One request after another
 * on one socket, which is all that it has: no key, no file, no network, no
 * other process. Started by the starter, which starts the next when this one
 * dies of what a contact has written; holds one message at a time.
 */
#include <err.h>
#include <string.h>
#include <unistd.h>

#include <bsd/unistd.h>

#include "../../ipc/connection.h"
#include "../../ipc/err.h"
#include "../../ipc/messages.h"
#include "../../ipc/sync.h"
#include "../../sandbox/sandbox.h"
#include "sce.h"

static void
put_result(struct buffer *out, const struct sce *s)
{
	buffer_put_cstring(out, s->from);
	buffer_put_cstring(out, s->to);
	buffer_put_u8(out, s->has_body != 0);
	buffer_put_string(out, s->body.data, s->body.len);
	buffer_put_u8(out, s->opt_out != 0);
	buffer_put_string(out, s->reason.data, s->reason.len);
	buffer_put_cstring(out, s->replaces);
	buffer_put_cstring(out, s->reply_to);
	buffer_put_cstring(out, s->received);
	buffer_put_u8(out, s->state);
	buffer_put_u8(out, s->asks != 0);
}

static int
answer(struct frame *f, struct buffer *out)
{
	const struct message *m = message_find(LINK_SCE, f->type);
	const uint8_t *octets;
	const char *why;
	struct sce s;
	size_t len, at;
	int err;

	if (m == NULL || f->type != M_SCE_READ)
		return ERR_UNKNOWN_MESSAGE;
	if ((err = message_check(m->request, f->body.p, f->body.left)) != 0)
		return err;
	octets = reader_string(&f->body, &len, f->body.left);
	if ((err = sce_parse(octets, len, &s, &why)) != 0) {
		sync_error(out, f->id, err, why);
	} else {
		at = frame_begin(out, M_REPLY, f->id);
		put_result(out, &s);
		(void)frame_end(out, at);
	}
	sce_free(&s);
	return 0;
}

/* One packet, one frame. */
static int
serve(struct buffer *out)
{
	static uint8_t packet[CONNECTION_PACKET_MAX];
	struct frame f;
	size_t used;
	ssize_t n = read(SCE_FD, packet, sizeof(packet));
	int err;

	if (n <= 0)
		return n == 0 ? ERR_EOF : ERR_SYSTEM;
	if (frame_parse(packet, (size_t)n, &f, &used) != 1 || used != (size_t)n)
		return ERR_MALFORMED;
	err = answer(&f, out);
	explicit_bzero(packet, (size_t)n);
	return err != 0 ? err : sync_write(SCE_FD, out);
}

int
main(void)
{
	struct buffer out;
	int err;

	if (sandbox_early() != 0 || sandbox_die_with(getppid()) != 0)
		errx(1, "cannot close itself");
	closefrom(SCE_FD + 1);
	if ((err = sandbox_enter(ROLE_SCE, NULL)) != 0)
		errx(1, "%s", err_text(err));
	buffer_init(&out, FRAME_MAX);
	while ((err = serve(&out)) == 0)
		;
	buffer_free(&out);
	return err == ERR_EOF ? 0 : 1;
}
