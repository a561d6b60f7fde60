/* SPDX-License-Identifier: ISC */
/*
 * xmpp-chat's front process: commands in, events out. Filtered: no exec, no
 * network, no file. Holds the text that its user reads and writes; trusts the
 * keeper, shows what its net says through vis.
 */
#include "chat.h"

#include <jansson.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bsd/string.h>

#include "../../ipc/err.h"
#include "../../sandbox/sandbox.h"
#include "../common/text.h"
#include "../front/starter.h"

#define UNSENT_PAUSE 256   /* read no more of a pipe above */
#define QUIT_MS	     10000 /* "quit" waits so long for acknowledgements */

static const struct view *
view(const struct chat *chat)
{
	return chat->json ? &view_json : &view_lines;
}

/* --- refs ----------------------------------------------------------------- */

static void
remember_ref(struct chat *chat, const char *id, json_t *ref)
{
	struct sent *sent;

	if (ref == NULL || (sent = calloc(1, sizeof(*sent))) == NULL)
		return;
	strlcpy(sent->id, id, sizeof(sent->id));
	sent->ref = json_incref(ref);
	TAILQ_INSERT_TAIL(&chat->sent, sent, entry);
}

json_t *
chat_take_ref(struct chat *chat, const char *id)
{
	struct sent *sent;
	json_t *ref;

	TAILQ_FOREACH(sent, &chat->sent, entry) {
		if (strcmp(sent->id, id) != 0)
			continue;
		ref = sent->ref;
		TAILQ_REMOVE(&chat->sent, sent, entry);
		free(sent);
		return ref;
	}
	return NULL;
}

/* --- the end -------------------------------------------------------------- */

static void
end(struct chat *chat, int code)
{
	loop_stop(chat->loop, code);
}

static void
on_patience(void *arg)
{
	struct chat *chat = arg;

	chat->patience = NULL;
	end(chat, DONE); /* what is left stays in the keeper's outbox */
}

void
chat_progress(void *arg)
{
	struct chat *chat = arg;
	size_t unsent;

	if (chat->front == NULL)
		return;
	unsent = front_unsent(chat->front);
	if (chat->input != NULL)
		input_pause(chat->input, unsent >= UNSENT_PAUSE);
	if (!chat->finishing)
		return;
	if (unsent == 0 && front_shown_all(chat->front))
		end(chat, chat->hopeless ? REFUSED : DONE);
	else if (chat->hopeless && front_shown_all(chat->front))
		end(chat, REFUSED);
}

static void
finish(struct chat *chat, uint64_t patience)
{
	chat->finishing = 1;
	if (patience > 0 && chat->patience == NULL)
		chat->patience =
		    loop_timer(chat->loop, patience, on_patience, chat);
	chat_progress(chat);
}

void
chat_hopeless(struct chat *chat)
{
	chat->hopeless = 1;
	finish(chat, 0);
}

void
chat_gone(void *arg, int code)
{
	end(arg, code);
}

void
chat_stdout_gone(struct chat *chat)
{
	end(chat, REFUSED);
}

static void
on_signal(void *arg, int signo)
{
	struct chat *chat = arg;

	if (signo == SIGCONT)
		editor_resume(chat->editor);
	else
		end(chat, DONE);
}

/* --- commands ------------------------------------------------------------- */

static void
say_typing(void *arg, const char *to, const char *state)
{
	struct chat *chat = arg;

	if (!chat->options->no_typing)
		front_typing(chat->front, to, state);
}

static void
send_typing(struct chat *chat, const struct command *c)
{
	if (chat->options->no_typing)
		view(chat)->error(
		    chat, c->ref, "typing states are switched off");
	else
		front_typing(chat->front, c->to, c->body);
}

static void
send_text(struct chat *chat, struct command *c)
{
	const char *to = c->to[0] != '\0' ? c->to : chat->peer;
	char id[FRONT_ID];
	int err;

	if (to[0] == '\0') {
		view(chat)->error(
		    chat, c->ref, "not sent: to whom? /to user@domain");
		return;
	}
	if (c->kind == COMMAND_CORRECT && c->that == NULL &&
	    strcmp(chat->last_to, to) != 0) {
		view(chat)->error(chat, c->ref,
		    "not sent: the last message was not to this contact");
		return;
	}
	if (c->kind == COMMAND_SEND)
		err = front_send(chat->front, to, c->body, c->len, id);
	else
		err = front_send_about(chat->front, to,
		    c->kind == COMMAND_REPLY ? ABOUT_REPLY : ABOUT_CORRECTION,
		    c->that != NULL ? c->that : chat->last, c->body, c->len,
		    id);
	if (err != 0) {
		view(chat)->error(chat, c->ref, err_text(err));
		return;
	}
	if (c->kind != COMMAND_CORRECT) { /* a correction keeps the first id */
		strlcpy(chat->last, id, sizeof(chat->last));
		strlcpy(chat->last_to, to, sizeof(chat->last_to));
	}
	typing_sent(&chat->typing, to);
	remember_ref(chat, id, c->ref);
	view(chat)->composed(chat, to, c->body, c->len);
}

/* A peer that is a room has to be entered. */
static void
enter_peer(struct chat *chat)
{
	if (front_kind(chat->front, chat->peer) == FRONT_ROOM)
		(void)front_join(chat->front, chat->peer, "");
}

void
chat_service(void *arg, const char *domain, int rooms)
{
	struct chat *chat = arg;

	(void)domain;
	if (rooms)
		enter_peer(chat);
}

static void
set_peer(struct chat *chat, const char *peer)
{
	char prompt[JID_SIZE + 2];

	strlcpy(chat->peer, peer, sizeof(chat->peer));
	snprintf(prompt, sizeof(prompt), "%s> ", peer);
	editor_prompt(chat->editor, prompt);
	if (peer[0] == '\0')
		return;
	front_ask(chat->front, peer);
	enter_peer(chat);
}

static void
join(struct chat *chat, const struct command *c)
{
	char nick[NICK_MAX + 1];
	int err;

	memcpy(nick, c->body, c->len);
	nick[c->len] = '\0';
	err = front_join(chat->front, c->to, nick);
	if (err != 0)
		view(chat)->error(chat, c->ref, err_text(err));
	else if (!chat->json)
		set_peer(chat, c->to);
}

static void
leave(struct chat *chat, const struct command *c)
{
	const char *room = c->to[0] != '\0' ? c->to : chat->peer;

	if (front_leave(chat->front, room) != 0)
		view(chat)->error(chat, c->ref, "that room was not joined");
}

static void
help(void)
{
	puts("a line        is sent to the contact that the prompt names\n"
	     "/to JID       write to another contact, or to a room\n"
	     "/join ROOM    enter a room; a nickname may follow\n"
	     "/leave [ROOM] leave it\n"
	     "/correct TEXT what the last message should have been\n"
	     "/trust [KEY]  say how to trust a key of this contact\n"
	     "/quit         leave (also ^D)\n"
	     "//text        a message that begins with a slash");
}

/* The front cannot run a program; it says which one to run. */
static void
tell_trust(const struct chat *chat, const struct command *c)
{
	const char *peer = chat->peer[0] != '\0' ? chat->peer : "JID";
	char key[160];

	snprintf(key, sizeof(key), "%.*s", c->len > 120 ? 120 : (int)c->len,
	    c->body);
	printf("to compare keys with what the contact's devices show, run in "
	       "another terminal:\n"
	       "xmpp-key verify %s %s\n"
	       "or without comparing:\n"
	       "xmpp-key trust %s %s ",
	    chat->account, peer, chat->account, peer);
	text_print(stdout, key[0] != '\0' ? key : "FINGERPRINT");
	printf("\n(its keys: xmpp-key peers %s %s)\n", chat->account, peer);
}

static void
obey(struct chat *chat, struct command *c)
{
	switch (c->kind) {
	case COMMAND_SEND:
	case COMMAND_CORRECT:
	case COMMAND_REPLY:
		send_text(chat, c);
		break;
	case COMMAND_TYPING:
		send_typing(chat, c);
		break;
	case COMMAND_TO:
		set_peer(chat, c->to);
		break;
	case COMMAND_JOIN:
		join(chat, c);
		break;
	case COMMAND_LEAVE:
		leave(chat, c);
		break;
	case COMMAND_TRUST:
		tell_trust(chat, c);
		break;
	case COMMAND_HELP:
		help();
		break;
	case COMMAND_QUIT:
		finish(chat, QUIT_MS);
		break;
	case COMMAND_NONE:
		if (c->reason != NULL)
			view(chat)->error(chat, c->ref, c->reason);
		break;
	}
	fflush(stdout);
}

static void
on_line(void *arg, const char *line, size_t len)
{
	struct chat *chat = arg;
	struct command c;

	if (chat->json)
		command_read_json(&c, line, len);
	else
		command_read_line(&c, line, len);
	obey(chat, &c);
	command_free(&c);
	chat_progress(chat);
}

static void
on_too_long(void *arg)
{
	struct chat *chat = arg;

	view(chat)->error(chat, NULL, "a line of input is too long");
}

static void
on_input_end(void *arg)
{
	finish(arg, 0);
}

static void
on_typed(void *arg, const char *line, size_t len)
{
	struct chat *chat = arg;

	typing_typed(&chat->typing, chat->peer, line, len);
}

static void
on_terminal_end(void *arg)
{
	finish(arg, QUIT_MS);
}

/* --- life ----------------------------------------------------------------- */

static int
open_input(struct chat *chat)
{
	static const struct editor_handler editor_handler = {
		.line = on_line,
		.end = on_terminal_end,
		.typed = on_typed,
	};
	static const struct input_handler input_handler = {
		.line = on_line,
		.too_long = on_too_long,
		.end = on_input_end,
	};

	if (!chat->json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		chat->editor = editor_new(chat->loop, &editor_handler, chat);
	if (chat->editor == NULL)
		chat->input =
		    input_new(chat->loop, STDIN_FILENO, &input_handler, chat);
	return chat->editor != NULL || chat->input != NULL ? 0 : ERR_MEMORY;
}

static int
open_all(struct chat *chat)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGCONT };
	struct front_config config = {
		.account = chat->account,
		.name = chat->options->name,
		.reads = 1,
		.resumes = 1,
		.receipts = !chat->options->no_receipts,
	};
	int code;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (loop_signal(chat->loop, signals[i], on_signal, chat) != 0)
			return fail("signals", "out of memory");
	chat->front =
	    front_new(chat->loop, &config, &view(chat)->front, chat, &code);
	if (chat->front == NULL)
		return code;
	if (sandbox_enter(ROLE_FRONT, NULL) != 0)
		return fail("sandbox", "the walls could not be put up");
	if (open_input(chat) != 0)
		return fail("stdin", "out of memory");
	return DONE;
}

int
chat_main(const struct options *options, const char *account, const char *peer)
{
	struct chat chat = {
		.options = options,
		.account = account,
		.json = options->json,
		.loop = loop_new(),
	};
	struct sent *sent;
	int code;

	TAILQ_INIT(&chat.sent);
	typing_init(&chat.typing, chat.loop, say_typing, &chat);
	/* Before the walls: what libraries read from files. */
	setlocale(LC_CTYPE, "C.UTF-8"); /* for the widths of characters */
	tzset();
	json_object_seed(0);
	json_object_seed(0); /* /dev/urandom */
	if (chat.loop == NULL)
		return fail(NULL, "out of memory");
	code = open_all(&chat);
	if (code == DONE) {
		set_peer(&chat, peer != NULL ? peer : "");
		code = loop_run(chat.loop);
	}
	typing_end(&chat.typing);
	editor_free(chat.editor);
	input_free(chat.input);
	front_free(chat.front);
	while ((sent = TAILQ_FIRST(&chat.sent)) != NULL) {
		TAILQ_REMOVE(&chat.sent, sent, entry);
		json_decref(sent->ref);
		free(sent);
	}
	loop_free(chat.loop);
	return code < 0 ? fail("loop", "%s", err_text(code)) : code;
}
