/* SPDX-License-Identifier: ISC */
/*
 * xmpp-chat --json: one event a line (ARCHITECTURE, section 7). Runs in the
 * front; what it prints is escaped by jansson.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../common/json.h"
#include "../common/words.h"
#include "chat.h"

/* Print {"event":name, …rest}; takes rest over. */
static void
event(struct chat *chat, const char *name, json_t *rest)
{
	json_t *object = json_pack("{s:s}", "event", name);

	if (rest != NULL && object != NULL)
		json_object_update(object, rest);
	json_decref(rest);
	if (json_line(object) != 0)
		chat_stdout_gone(chat);
}

static json_t *
an_id(const char *id)
{
	return id[0] != '\0' ? json_cstring(id) : json_null();
}

static void
show_key(struct chat *chat, const char *role, const struct front_key *key)
{
	event(chat, role,
	    json_pack("{s:o, s:I, s:o, s:s, s:s, s:o}", "peer",
		json_cstring(key->peer), "device", (json_int_t)key->device,
		"fingerprint", json_fingerprint(key->fingerprint), "trust",
		words_trust(key->trust), "why", words_why(key->why), "room",
		an_id(key->room)));
}

static void
show_reader(void *arg, const struct front_key *key)
{
	show_key(arg, "reader", key);
}

static void
show_writer(void *arg, const struct front_key *key)
{
	show_key(arg, "writer", key);
}

/* Not strftime: it may want to look at a file, which the walls forbid. */
static json_t *
time_text(uint64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	char text[80];

	if (gmtime_r(&t, &tm) == NULL)
		return json_null();
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec);
	return json_string(text);
}

static void
show_message(void *arg, const struct front_message *m)
{
	struct chat *chat = arg;
	int own = strcmp(m->sender, chat->account) == 0;
	json_t *object;

	object = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "id",
	    json_cstring(m->id), "from", json_cstring(m->sender), "to",
	    own ? json_cstring(m->conversation) : json_string(chat->account),
	    "room",
	    m->kind == KIND_ROOM ? json_cstring(m->conversation) : json_null(),
	    "body", json_text(m->text, m->len), "time", time_text(m->time),
	    "encryption", words_encryption(m->ns));
	if (object != NULL) {
		json_object_set_new(
		    object, "fingerprint", json_fingerprint(m->fingerprint));
		json_object_set_new(object, "device", json_integer(m->device));
		json_object_set_new(
		    object, "trust", json_string(words_trust(m->trust)));
		json_object_set_new(
		    object, "bound", json_string(words_bound(m->bound)));
		json_object_set_new(
		    object, "copy", json_string(words_copy(m->copy)));
		json_object_set_new(object, "again", json_boolean(m->again));
		json_object_set_new(object, "replaces", an_id(m->replaces));
		json_object_set_new(object, "reply_to", an_id(m->reply_to));
	}
	event(chat, "message", object);
}

static void
on_opt_out(void *arg, const char *from, const char *reason)
{
	event(arg, "opt-out",
	    json_pack("{s:o, s:o}", "from", json_cstring(from), "reason",
		json_cstring(reason)));
}

static void
on_typing(void *arg, const char *from, const char *state)
{
	event(arg, "typing",
	    json_pack(
		"{s:o, s:s}", "from", json_cstring(from), "state", state));
}

static void
on_sent(void *arg, const char *id)
{
	json_t *ref = chat_take_ref(arg, id);

	event(arg, "sent",
	    json_pack("{s:o, s:o?}", "id", json_cstring(id), "ref", ref));
}

static void
on_delivered(void *arg, const char *id)
{
	event(arg, "delivered", json_pack("{s:o}", "id", json_cstring(id)));
}

/* ref is borrowed. */
static void
error(struct chat *chat, json_t *ref, const char *reason)
{
	event(chat, "error",
	    json_pack(
		"{s:O?, s:o}", "ref", ref, "reason", json_cstring(reason)));
}

static void
on_failed(void *arg, const char *id, const char *reason)
{
	json_t *ref = chat_take_ref(arg, id);

	event(arg, "error",
	    json_pack("{s:o?, s:o, s:o}", "ref", ref, "id", json_cstring(id),
		"reason", json_cstring(reason)));
}

static void
on_online(void *arg, const char *jid)
{
	event(arg, "online", json_pack("{s:o}", "jid", json_cstring(jid)));
}

static void
on_offline(void *arg, const char *reason, int fatal)
{
	event(arg, "offline",
	    json_pack(
		"{s:o, s:b}", "reason", json_cstring(reason), "fatal", fatal));
	if (fatal)
		chat_hopeless(arg);
}

static void
on_caught_up(void *arg)
{
	event(arg, "caught-up", NULL);
}

static void
on_locked(void *arg, int locked)
{
	event(arg, locked ? "locked" : "unlocked", NULL);
}

static void
on_unencrypted(void *arg, const char *from, int require)
{
	event(arg, "unencrypted",
	    json_pack("{s:o, s:o}", "from", json_cstring(from), "require",
		require == -1 ? json_null() : json_boolean(require)));
}

/* --- rooms ---------------------------------------------------------------- */

static void
on_joined(void *arg, const char *room, const char *nick, uint32_t members)
{
	event(arg, "joined",
	    json_pack("{s:o, s:o, s:I}", "room", json_cstring(room), "nick",
		json_cstring(nick), "members", (json_int_t)members));
}

static void
on_left(void *arg, const char *room, uint8_t status, const char *reason)
{
	event(arg, "left",
	    json_pack("{s:o, s:s, s:o}", "room", json_cstring(room), "why",
		words_room(status), "reason", json_cstring(reason)));
}

static void
on_member(void *arg, const char *room, const char *jid, uint8_t change)
{
	event(arg, "member",
	    json_pack("{s:o, s:o, s:s}", "room", json_cstring(room), "jid",
		json_cstring(jid), "change", words_member(change)));
}

static void
on_room_caught_up(void *arg, const char *room)
{
	event(arg, "caught-up", json_pack("{s:o}", "room", json_cstring(room)));
}

static void
on_room_unencrypted(void *arg, const char *from, const char *room, int require)
{
	event(arg, "unencrypted",
	    json_pack("{s:o, s:o, s:o}", "from", json_cstring(from), "room",
		json_cstring(room), "require",
		require == -1 ? json_null() : json_boolean(require)));
}

static const struct front_room_handler rooms = {
	.joined = on_joined,
	.left = on_left,
	.member = on_member,
	.caught_up = on_room_caught_up,
	.unencrypted = on_room_unencrypted,
	.service = chat_service,
};

static void
on_notice(void *arg, const char *from, const char *text)
{
	event(arg, "notice",
	    json_pack("{s:o, s:o}", "from", json_cstring(from), "text",
		json_cstring(text)));
}

/* The event "sent" says it, once it is true. */
static void
composed(struct chat *chat, const char *to, const char *body, size_t len)
{
	(void)chat;
	(void)to;
	(void)body;
	(void)len;
}

const struct view view_json = {
	.front = {
		.show_reader = show_reader,
		.show_writer = show_writer,
		.show_message = show_message,
		.opt_out = on_opt_out,
		.typing = on_typing,
		.sent = on_sent,
		.delivered = on_delivered,
		.failed = on_failed,
		.online = on_online,
		.offline = on_offline,
		.caught_up = on_caught_up,
		.locked = on_locked,
		.unencrypted = on_unencrypted,
		.notice = on_notice,
		.progress = chat_progress,
		.gone = chat_gone,
		.rooms = &rooms,
	},
	.error = error,
	.composed = composed,
};
