/* SPDX-License-Identifier: ISC */
/*
 * xmpp-agent-parser: reads trust messages (XEP-0434) for the keeper, which
 * parses no XML. Is given the envelopes of verified senders alone, one after
 * another, on the one descriptor that it has; no key, no file, no network.
 * Started by the launcher; trusts only the keeper, and nothing that it reads.
 */
#include <err.h>
#include <unistd.h>

#include <bsd/unistd.h>

#include "../client/sce/sce.h"
#include "../ipc/err.h"
#include "../ipc/messages.h"
#include "../ipc/sync.h"
#include "../sandbox/sandbox.h"

#define PARSER_FD 3 /* socketpair to the keeper, given by the launcher */

/* XEP-0434 wants a time in the envelope; one without is not by the rules. */
static int
parse(struct reader *body, struct sce *s, const char **why)
{
	const uint8_t *octets;
	size_t len;
	int err;

	octets = reader_string(body, &len, body->left);
	if ((err = sce_parse(octets, len, s, why)) == 0 && !s->has_time) {
		*why = "its envelope has no time";
		err = ERR_BAD_MESSAGE;
	}
	return err;
}

static int
answer(struct frame *f, struct buffer *out)
{
	const struct message *m = message_find(LINK_PARSER, f->type);
	const char *why = NULL;
	struct sce s;
	size_t at;
	int err;

	if (m == NULL)
		return ERR_UNKNOWN_MESSAGE;
	if ((err = message_check(m->request, f->body.p, f->body.left)) != 0)
		return err;
	if ((err = parse(&f->body, &s, &why)) != 0) {
		sync_error(out, f->id, err, why);
	} else {
		at = frame_begin(out, M_REPLY, f->id);
		buffer_put_cstring(out, s.from);
		buffer_put_cstring(out, s.to);
		buffer_put_u32(out, s.words.n);
		buffer_put(out, s.words.rows.data, s.words.rows.len);
		if (frame_end(out, at) != 0) { /* too much for one answer */
			buffer_clear(out);
			sync_error(out, f->id, ERR_TOO_LONG, NULL);
		}
	}
	sce_free(&s);
	return 0;
}

int
main(void)
{
	struct buffer in, out;
	struct frame f;
	size_t used;
	int err;

	if (sandbox_early() != 0 || sandbox_die_with(getppid()) != 0)
		errx(1, "parser: cannot close itself");
	closefrom(PARSER_FD + 1);
	if ((err = sandbox_enter(ROLE_PARSER, NULL)) != 0)
		errx(1, "parser: %s", err_text(err));
	buffer_init(&in, SYNC_IN_MAX);
	buffer_init(&out, FRAME_MAX);
	while ((err = sync_read(PARSER_FD, &in, &f, &used)) == 0) {
		if ((err = answer(&f, &out)) != 0)
			break;
		sync_done(&in, used);
		if ((err = sync_write(PARSER_FD, &out)) != 0)
			break;
	}
	buffer_free(&in);
	buffer_free(&out);
	return err == ERR_EOF ? 0 : 1;
}
