/* SPDX-License-Identifier: ISC */
/*
 * xmpp-send's front process: one text from stdin to some recipients, until
 * the server has acknowledged each. Filtered: no exec, no network, no file.
 * Holds the text; trusts the keeper.
 */
#include "send.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../ipc/buffer.h"
#include "../../ipc/err.h"
#include "../../sandbox/sandbox.h"
#include "../common/fail.h"
#include "../common/fingerprint.h"
#include "../common/json.h"
#include "../common/text.h"
#include "../common/words.h"
#include "../front/front.h"
#include "../front/starter.h"
#include "upload.h"

struct recipient {
	const char *jid;
	char id[FRONT_ID];
	int done;
};

struct sender {
	struct loop *loop;
	struct front *front;
	const struct options *options;
	const char *account;
	struct recipient *recipients;
	size_t n, left;
	int code, online, locked;
	char offline[512]; /* why there is no connection */
	struct timer *timer;
	struct upload *upload; /* NULL: a text is sent */
};

static struct recipient *
find(struct sender *s, const char *id)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->recipients[i].id, id) == 0)
			return &s->recipients[i];
	return NULL;
}

/* All outcomes known, and what was given up is out of the keeper as well. */
static void
end_if_done(void *arg)
{
	struct sender *s = arg;

	if (s->left == 0 && front_unsent(s->front) == 0)
		loop_stop(s->loop, s->code);
}

/* The recipient's outcome: reason NULL means that the server has it. */
static void
settle(struct sender *s, struct recipient *r, const char *reason)
{
	size_t n;

	if (r == NULL || r->done)
		return;
	/* a line names the recipient once */
	n = strlen(r->jid);
	if (reason != NULL && strncmp(reason, r->jid, n) == 0 &&
	    strncmp(reason + n, ": ", 2) == 0)
		reason += n + 2;
	r->done = 1;
	s->left--;
	if (reason != NULL) {
		s->code = REFUSED;
		fail(r->jid, "%s", reason);
	}
	if (s->options->json)
		json_line(json_pack("{s:s, s:s, s:s, s:o*}", "event",
		    reason != NULL ? "error" : "sent", "to", r->jid, "id",
		    r->id, "reason",
		    reason != NULL ? json_cstring(reason) : NULL));
	end_if_done(s);
}

static void
settle_all(struct sender *s, const char *reason)
{
	for (size_t i = 0; i < s->n; i++)
		settle(s, &s->recipients[i], reason);
}

/* --- patience ------------------------------------------------------------- */

static void
on_timeout(void *arg)
{
	struct sender *s = arg;
	char reason[640];

	s->timer = NULL;
	if (s->online)
		snprintf(reason, sizeof(reason),
		    "not acknowledged by the server within %d s",
		    s->options->timeout);
	else
		snprintf(reason, sizeof(reason),
		    "not sent: no connection within %d s%s%s",
		    s->options->timeout, s->offline[0] != '\0' ? ": " : "",
		    s->offline);
	front_discard_all(s->front, reason);
	settle_all(s, reason);
}

/* Something has happened: begin to wait anew. */
static void
be_patient(struct sender *s)
{
	timer_cancel(s->timer);
	s->timer = loop_timer(
	    s->loop, (uint64_t)s->options->timeout * 1000, on_timeout, s);
}

/* --- the front's events --------------------------------------------------- */

static void
show_reader(void *arg, const struct front_key *key)
{
	struct sender *s = arg;

	be_patient(s);
	fputs("* ", stderr);
	text_print(stderr, key->peer);
	if (key->room[0] != '\0') {
		fputs(" is in ", stderr);
		text_print(stderr, key->room);
		fputs(key->device != 0
			? " and"
			: ", has no key, and will not be able to read\n",
		    stderr);
	}
	if (key->room[0] == '\0' || key->device != 0) {
		fprintf(stderr, " %s with a key %s (device %u, %s):\n",
		    key->why == WHY_STALE ? "gets nothing any more"
			: key->trust == TRUST_UNDECIDED
			? "would read (but does not yet)"
			: "reads",
		    key->why == WHY_STALE ? "that was not heard from for long"
			: key->room[0] == '\0' ? "that is new here"
					       : "of his",
		    key->device, words_trust(key->trust));
		fingerprint_show(stderr, key->fingerprint);
		putc('\n', stderr);
	}
	if (s->options->json)
		json_line(json_pack("{s:s, s:o, s:I, s:o, s:s, s:s, s:o*}",
		    "event", "reader", "peer", json_cstring(key->peer),
		    "device", (json_int_t)key->device, "fingerprint",
		    json_fingerprint(key->fingerprint), "trust",
		    words_trust(key->trust), "why", words_why(key->why), "room",
		    key->room[0] != '\0' ? json_cstring(key->room) : NULL));
}

/* Asks for no messages, so none of these comes. */
static void
show_writer(void *arg, const struct front_key *key)
{
	(void)arg;
	(void)key;
}

static void
show_message(void *arg, const struct front_message *m)
{
	(void)arg;
	(void)m;
}

static void
on_opt_out(void *arg, const char *from, const char *reason)
{
	(void)arg; /* it reads nothing */
	(void)from;
	(void)reason;
}

static void
on_sent(void *arg, const char *id)
{
	struct sender *s = arg;

	be_patient(s);
	settle(s, find(s, id), NULL);
}

static void
on_failed(void *arg, const char *id, const char *reason)
{
	struct sender *s = arg;

	settle(s, find(s, id), reason);
}

static void
on_online(void *arg, const char *jid)
{
	struct sender *s = arg;

	(void)jid;
	s->online = 1;
	be_patient(s);
	if (s->upload != NULL)
		upload_online(s->upload, s->front);
}

static void
on_offline(void *arg, const char *reason, int fatal)
{
	struct sender *s = arg;

	s->online = 0;
	snprintf(s->offline, sizeof(s->offline), "%s", reason);
	if (!fatal)
		return;
	front_discard_all(s->front, reason);
	settle_all(s, reason);
}

static void
on_locked(void *arg, int locked)
{
	struct sender *s = arg;
	const char *reason = fail_words(ERR_LOCKED, NULL);

	if (!locked)
		return;
	front_discard_all(s->front, reason);
	settle_all(s, reason);
}

static void
on_notice(void *arg, const char *from, const char *text)
{
	(void)arg;
	fail(from, "%s", text);
}

static void
on_id(void *arg, const char *id)
{
	(void)arg; /* delivered: not this program's business */
	(void)id;
}

static void
on_unencrypted(void *arg, const char *from, int require)
{
	(void)arg; /* the same: it reads nothing */
	(void)from;
	(void)require;
}

static void
on_nothing(void *arg)
{
	(void)arg;
}

/* --- rooms ---------------------------------------------------------------- */

/* Of a room that is written to the reason comes before the agent's, which
 * then gives the message up. */
static void
on_left(void *arg, const char *room, uint8_t status, const char *reason)
{
	struct sender *s = arg;

	(void)status;
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->recipients[i].jid, room) == 0)
			settle(s, &s->recipients[i], reason);
}

static void
on_joined(void *arg, const char *room, const char *nick, uint32_t members)
{
	(void)room;
	(void)nick;
	(void)members;
	be_patient(arg);
}

static void
on_member(void *arg, const char *room, const char *jid, uint8_t change)
{
	(void)arg; /* those who may read are shown as readers */
	(void)room;
	(void)jid;
	(void)change;
}

static void
on_room_unencrypted(void *arg, const char *from, const char *room, int require)
{
	(void)arg; /* it reads nothing */
	(void)from;
	(void)room;
	(void)require;
}

static void
on_service(void *arg, const char *domain, int rooms)
{
	(void)domain;
	(void)rooms;
	be_patient(arg);
}

static void
on_gone(void *arg, int code)
{
	struct sender *s = arg;

	settle_all(s,
	    code == FRONT_AGENT_GONE ? "not acknowledged: the agent has ended"
				     : "not sent");
	loop_stop(s->loop, code == FRONT_AGENT_GONE ? NO_AGENT : code);
}

/* --- life ----------------------------------------------------------------- */

/* All of stdin: 1 octet to LIMIT_TEXT of valid UTF-8, one last line end not
 * counted. */
static int
read_text(struct buffer *text)
{
	uint8_t chunk[8192];
	ssize_t n;

	for (;;) {
		n = read(STDIN_FILENO, chunk, sizeof(chunk));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fail("stdin", "%s", strerror(errno));
		if (n == 0)
			break;
		buffer_put(text, chunk, (size_t)n);
		if (text->err != 0 || text->len > LIMIT_TEXT + 1)
			return fail(
			    "stdin", "longer than %d octets", LIMIT_TEXT);
	}
	explicit_bzero(chunk, sizeof(chunk));
	if (text->len > 0 && text->data[text->len - 1] == '\n')
		text->len--;
	if (text->len > LIMIT_TEXT)
		return fail("stdin", "longer than %d octets", LIMIT_TEXT);
	if (text->len == 0)
		return fail("stdin", "nothing to send");
	if (!text_valid(text->data, text->len))
		return fail("stdin", "not valid UTF-8 text");
	return DONE;
}

static void
send_all(struct sender *s, const void *text, size_t len)
{
	struct recipient *r;
	int err;

	for (size_t i = 0; i < s->n; i++) {
		r = &s->recipients[i];
		front_ask(s->front, r->jid);
		err = r->done ? 0
			      : front_send(s->front, r->jid, text, len, r->id);
		if (err != 0)
			settle(s, r, err_text(err));
	}
}

/* --- a file --------------------------------------------------------------- */

static void
on_upload_progress(void *arg)
{
	be_patient(arg);
}

static void
on_upload_ready(void *arg, const char *link)
{
	be_patient(arg);
	send_all(arg, link, strlen(link));
}

static void
on_upload_failed(void *arg, const char *reason)
{
	struct sender *s = arg;
	char text[1024];

	snprintf(
	    text, sizeof(text), "not sent: %s: %s", s->options->file, reason);
	settle_all(s, text);
}

static void
on_slot(void *arg, const struct front_slot *slot)
{
	struct sender *s = arg;

	be_patient(s);
	if (s->upload != NULL)
		upload_slot(s->upload, slot);
}

static int
prepare(struct sender *s, struct buffer *text)
{
	static const struct upload_handler uploads = {
		.progress = on_upload_progress,
		.ready = on_upload_ready,
		.failed = on_upload_failed,
	};

	if (s->options->file == NULL)
		return read_text(text);
	s->upload = upload_new(s->loop, s->options->file, &uploads, s);
	return s->upload != NULL ? DONE : fail(NULL, "out of memory");
}

static const struct front_room_handler rooms = {
	.joined = on_joined,
	.left = on_left,
	.member = on_member,
	.caught_up = on_id,
	.unencrypted = on_room_unencrypted,
	.service = on_service,
};

static const struct front_handler handler = {
	.show_reader = show_reader,
	.show_writer = show_writer,
	.show_message = show_message,
	.opt_out = on_opt_out,
	.typing = on_opt_out,
	.sent = on_sent,
	.delivered = on_id,
	.failed = on_failed,
	.online = on_online,
	.offline = on_offline,
	.caught_up = on_nothing,
	.locked = on_locked,
	.unencrypted = on_unencrypted,
	.notice = on_notice,
	.progress = end_if_done,
	.slot = on_slot,
	.no_slot = on_upload_failed,
	.gone = on_gone,
	.rooms = &rooms,
};

static void
on_signal(void *arg, int signo)
{
	struct sender *s = arg;

	(void)signo;
	front_discard_all(s->front, "interrupted");
	settle_all(s, "interrupted");
}

static int
run(struct sender *s, struct buffer *text)
{
	struct front_config config = {
		.account = s->account,
		.name = s->options->name,
	};
	int code = prepare(s, text);

	if (code != DONE)
		return code;
	if (loop_signal(s->loop, SIGINT, on_signal, s) != 0 ||
	    loop_signal(s->loop, SIGTERM, on_signal, s) != 0)
		return fail("signals", "out of memory");
	s->front = front_new(s->loop, &config, &handler, s, &code);
	if (s->front == NULL)
		return code == FRONT_AGENT_GONE ? NO_AGENT : code;
	if (sandbox_enter(ROLE_FRONT, NULL) != 0)
		return fail("sandbox", "the walls could not be put up");
	be_patient(s);
	if (s->upload == NULL)
		send_all(s, text->data, text->len);
	buffer_clear(text);
	return s->left == 0 ? s->code : loop_run(s->loop);
}

int
send_main(const struct options *options, const char *account, char *const to[],
    size_t n)
{
	struct sender s = {
		.options = options,
		.account = account,
		.n = n,
		.loop = loop_new(),
		.recipients = calloc(n, sizeof(*s.recipients)),
	};
	struct buffer text;
	int code = REFUSED;

	s.left = n;
	for (size_t i = 0; i < n && s.recipients != NULL; i++)
		s.recipients[i].jid = to[i];
	json_object_seed(0); /* reads /dev/urandom: before the walls */
	buffer_init(&text, LIMIT_TEXT + 16384);
	if (s.loop == NULL || s.recipients == NULL)
		fail(NULL, "out of memory");
	else
		code = run(&s, &text);
	buffer_free(&text);
	upload_free(s.upload);
	front_free(s.front);
	loop_free(s.loop);
	free(s.recipients);
	return code < 0 ? fail("loop", "%s", err_text(code)) : code;
}
