/* SPDX-License-Identifier: ISC */
/*
 * Commands, from a line of text or a line of JSON. Runs in the front; pure: it
 * does nothing, and trusts nothing of the line.
 */
#include "command.h"

#include <string.h>

#include "../../agent/limits.h"
#include "../../ipc/err.h"
#include "../common/text.h"
#include "../front/front.h"

#define JSON_DEPTH 8 /* a ref may be an object, not a bomb */

/* --- JSON ----------------------------------------------------------------- */

static int
depth_is_small(const json_t *v, int left)
{
	const char *key;
	json_t *item;
	size_t i;

	if (left == 0)
		return 0;
	json_array_foreach(
	    v, i, item) if (!depth_is_small(item, left - 1)) return 0;
	json_object_foreach((json_t *)(uintptr_t)v, key,
	    item) if (!depth_is_small(item, left - 1)) return 0;
	return 1;
}

static const char *
read_to(struct command *c)
{
	const json_t *to = json_object_get(c->json, "to");
	const char *why;

	if (!json_is_string(to))
		return "\"to\" is missing or no string";
	if (strlen(json_string_value(to)) != json_string_length(to) ||
	    jid_read(json_string_value(to), c->to, &why) != 0)
		return "\"to\" is no bare JID";
	return NULL;
}

static const char *
read_send(struct command *c)
{
	const json_t *body = json_object_get(c->json, "body");
	const char *why = read_to(c);

	if (why != NULL)
		return why;
	if (!json_is_string(body))
		return "\"body\" is missing or no string";
	c->body = json_string_value(body);
	c->len = json_string_length(body);
	if (c->len == 0)
		return "\"body\" is empty";
	if (c->len > LIMIT_TEXT)
		return "\"body\" is longer than 65536 octets";
	if (!text_valid(c->body, c->len))
		return "a NUL in \"body\"";
	c->kind = COMMAND_SEND;
	return NULL;
}

/* correct and reply: a text, and the id of the message that it is about. */
static const char *
read_about(struct command *c, enum command_kind kind)
{
	const json_t *id = json_object_get(c->json, "id");
	const char *why = read_send(c);

	if (why != NULL)
		return why;
	if (!json_is_string(id) || json_string_length(id) == 0)
		return "\"id\" is missing, empty or no string";
	c->that = json_string_value(id);
	if (json_string_length(id) > LIMIT_STANZA_ID ||
	    strlen(c->that) != json_string_length(id))
		return "\"id\" is no id of a message";
	c->kind = kind;
	return NULL;
}

/* join and leave */
static const char *
read_room(struct command *c, enum command_kind kind)
{
	const json_t *room = json_object_get(c->json, "room");
	const json_t *nick = json_object_get(c->json, "nick");
	const char *why;

	if (!json_is_string(room))
		return "\"room\" is missing or no string";
	if (strlen(json_string_value(room)) != json_string_length(room) ||
	    jid_read(json_string_value(room), c->to, &why) != 0)
		return "\"room\" is no bare JID";
	c->body = "";
	if (nick != NULL && !json_is_null(nick)) {
		c->body = json_string_value(nick);
		if (kind != COMMAND_JOIN || c->body == NULL ||
		    strlen(c->body) != json_string_length(nick) ||
		    json_string_length(nick) > NICK_MAX)
			return "\"nick\" is no nickname";
	}
	c->len = strlen(c->body);
	c->kind = kind;
	return NULL;
}

static const char *
read_typing(struct command *c)
{
	static const char *const states[] = { "active", "composing", "paused",
		"inactive", "gone" };
	const char *state, *why = read_to(c);

	if (why != NULL)
		return why;
	state = json_string_value(json_object_get(c->json, "state"));
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (state != NULL && strcmp(state, states[i]) == 0) {
			c->body = states[i];
			c->len = strlen(states[i]);
			c->kind = COMMAND_TYPING;
			return NULL;
		}
	return "\"state\" is none of active, composing, paused, inactive, gone";
}

static const char *
read_object(struct command *c)
{
	const char *name;

	c->ref = json_object_get(c->json, "ref");
	if (!depth_is_small(c->json, JSON_DEPTH)) {
		c->ref = NULL;
		return "nested too deeply";
	}
	name = json_string_value(json_object_get(c->json, "command"));
	if (name == NULL)
		return "\"command\" is missing or no string";
	if (strcmp(name, "send") == 0)
		return read_send(c);
	if (strcmp(name, "correct") == 0)
		return read_about(c, COMMAND_CORRECT);
	if (strcmp(name, "reply") == 0)
		return read_about(c, COMMAND_REPLY);
	if (strcmp(name, "typing") == 0)
		return read_typing(c);
	if (strcmp(name, "join") == 0)
		return read_room(c, COMMAND_JOIN);
	if (strcmp(name, "leave") == 0)
		return read_room(c, COMMAND_LEAVE);
	if (strcmp(name, "quit") != 0)
		return "no such command";
	c->kind = COMMAND_QUIT;
	return NULL;
}

void
command_read_json(struct command *c, const char *line, size_t len)
{
	json_error_t error;

	memset(c, 0, sizeof(*c));
	if (strspn(line, " \t\r") >= len)
		return;
	c->json = json_loadb(
	    line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (!json_is_object(c->json))
		c->reason = "not a JSON object";
	else
		c->reason = read_object(c);
	if (c->reason != NULL)
		c->kind = COMMAND_NONE;
}

/* --- lines of text -------------------------------------------------------- */

/* Take a JID, and the blanks behind it, off what is left of a line. */
static int
take_jid(struct command *c)
{
	const char *end = memchr(c->body, ' ', c->len), *why;
	size_t n = end != NULL ? (size_t)(end - c->body) : c->len;
	char jid[JID_SIZE];

	if (n >= sizeof(jid))
		return ERR_TOO_LONG;
	memcpy(jid, c->body, n);
	jid[n] = '\0';
	c->body += n;
	c->len -= n;
	while (c->len > 0 && *c->body == ' ')
		c->body++, c->len--;
	while (c->len > 0 && c->body[c->len - 1] == ' ')
		c->len--;
	return jid_read(jid, c->to, &why);
}

/* What each command wants behind it. */
static const char *
read_rest(struct command *c)
{
	switch (c->kind) {
	case COMMAND_CORRECT:
		return c->len > 0
		    ? NULL
		    : "/correct wants the text that is to be read instead";
	case COMMAND_TO:
		return take_jid(c) == 0 && c->len == 0
		    ? NULL
		    : "/to wants a bare JID: user@domain";
	case COMMAND_JOIN:
		return take_jid(c) == 0 && c->len <= NICK_MAX
		    ? NULL
		    : "/join wants a room: name@domain, and a nickname if you "
		      "like";
	case COMMAND_LEAVE:
		return c->len == 0 || (take_jid(c) == 0 && c->len == 0)
		    ? NULL
		    : "/leave wants a room: name@domain, or nothing";
	case COMMAND_NONE:
	case COMMAND_SEND:
	case COMMAND_REPLY:
	case COMMAND_TYPING:
	case COMMAND_TRUST:
	case COMMAND_HELP:
	case COMMAND_QUIT:
		break;
	}
	return NULL;
}

static void
read_slash(struct command *c, const char *line, size_t len)
{
	static const struct {
		const char *word;
		enum command_kind kind;
	} table[] = {
		{ "/quit", COMMAND_QUIT },
		{ "/help", COMMAND_HELP },
		{ "/correct", COMMAND_CORRECT },
		{ "/to", COMMAND_TO },
		{ "/join", COMMAND_JOIN },
		{ "/leave", COMMAND_LEAVE },
		{ "/trust", COMMAND_TRUST },
	};

	const char *rest = memchr(line, ' ', len);
	size_t word = rest != NULL ? (size_t)(rest - line) : len;
	size_t left = len - word;

	while (left > 0 && (*rest == ' ' || *rest == '\t'))
		rest++, left--;
	c->reason = "no such command; /help lists them (a text that begins "
		    "with a slash: //)";
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strlen(table[i].word) != word ||
		    memcmp(table[i].word, line, word) != 0)
			continue;
		c->kind = table[i].kind;
		c->body = left > 0 ? rest : "";
		c->len = left;
		c->reason = read_rest(c);
	}
	if (c->reason != NULL)
		c->kind = COMMAND_NONE;
}

void
command_read_line(struct command *c, const char *line, size_t len)
{
	memset(c, 0, sizeof(*c));
	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (len == 0)
		return;
	if (!text_valid(line, len)) {
		c->reason = "not sent: this line is not valid UTF-8";
		return;
	}
	if (line[0] == '/' && (len == 1 || line[1] != '/') &&
	    !(len > 4 && memcmp(line, "/me ", 4) == 0)) {
		read_slash(c, line, len);
		return;
	}
	if (line[0] == '/' && line[1] == '/')
		line++, len--;
	c->kind = COMMAND_SEND;
	c->body = line;
	c->len = len;
	if (len > LIMIT_TEXT) {
		c->kind = COMMAND_NONE;
		c->reason = "not sent: longer than 65536 octets";
	}
}

void
command_free(struct command *c)
{
	json_decref(c->json);
	memset(c, 0, sizeof(*c));
}
