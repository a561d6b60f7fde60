/* SPDX-License-Identifier: ISC */
/*
 * xmpp-chat for a person: plain lines. What the program itself says begins
 * with "* ", a message with the sender's address; a body's further lines are
 * indented, so that none can pass for another. Runs in the front; every octet
 * of others goes through vis.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../common/aesgcm.h"
#include "../common/fingerprint.h"
#include "../common/text.h"
#include "../common/words.h"
#include "chat.h"

#define INDENT	 "    "
#define RECENT_S 120 /* a message older than this is shown with its time */

static void
begin(struct chat *chat)
{
	editor_hide(chat->editor);
}

static void
end(struct chat *chat)
{
	if (fflush(stdout) == EOF)
		chat_stdout_gone(chat);
	editor_show(chat->editor);
}

/* One line of the program's own: "* a b". Either may be anybody's. */
static void
say(struct chat *chat, const char *a, const char *b)
{
	begin(chat);
	fputs("* ", stdout);
	text_print(stdout, a);
	if (b != NULL) {
		fputs(" ", stdout);
		text_print(stdout, b);
	}
	putchar('\n');
	end(chat);
}

/* Somebody in a room who has not been shown to be there before. */
static void
show_member(const struct front_key *key, const char *does)
{
	fputs("is in ", stdout);
	text_print(stdout, key->room);
	if (key->device == 0) {
		fputs(", has no key, and will not be able to read\n", stdout);
		return;
	}
	printf(" and %s (device %u, %s):\n", does, key->device,
	    words_trust(key->trust));
	fingerprint_show(stdout, key->fingerprint);
	putchar('\n');
}

static void
show_key(struct chat *chat, const struct front_key *key, const char *does)
{
	begin(chat);
	fputs("* ", stdout);
	text_print(stdout, key->peer);
	if (key->room[0] != '\0') {
		putchar(' ');
		show_member(key, does);
		end(chat);
		return;
	}
	printf(" %s with a key %s (device %u, %s):\n", does,
	    key->why == WHY_RETURNED	? "that had been withdrawn"
		: key->why == WHY_OLDER ? "that now has the older OMEMO alone"
		: key->why == WHY_STALE ? "that was not heard from for long"
					: "that is new here",
	    key->device, words_trust(key->trust));
	fingerprint_show(stdout, key->fingerprint);
	putchar('\n');
	end(chat);
}

static void
show_reader(void *arg, const struct front_key *key)
{
	struct chat *chat = arg;

	if (key->why == WHY_STALE)
		show_key(chat, key, "gets nothing any more");
	else if (key->trust == TRUST_UNDECIDED)
		show_key(chat, key, "would read (but does not yet)");
	else
		show_key(chat, key,
		    strcmp(key->peer, chat->account) == 0
			? "(another device of yours) reads"
			: "reads");
}

static void
show_writer(void *arg, const struct front_key *key)
{
	show_key(arg, key, "writes");
}

/* Not strftime: it may want to look at a file, which the walls forbid. */
static void
print_time(uint64_t seconds)
{
	time_t t = (time_t)seconds, now = time(NULL);
	struct tm tm;

	if (seconds == 0 || (t <= now && now - t < RECENT_S))
		return;
	if (localtime_r(&t, &tm) != NULL)
		printf("%04d-%02d-%02d %02d:%02d ", tm.tm_year + 1900,
		    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min);
}

static void
show_message(void *arg, const struct front_message *m)
{
	struct chat *chat = arg;

	begin(chat);
	print_time(m->time);
	text_print(stdout, m->sender);
	if (m->kind == KIND_ROOM || strcmp(m->sender, chat->account) == 0) {
		fputs(" to ", stdout);
		text_print(stdout, m->conversation);
	}
	if (m->trust == TRUST_UNDECIDED || m->trust == TRUST_DISTRUSTED)
		printf(" (%s key)", words_trust(m->trust));
	if (m->again)
		fputs(" (again)", stdout);
	if (m->replaces[0] != '\0')
		fputs(" (correction)", stdout);
	if (m->reply_to[0] != '\0')
		fputs(" (reply)", stdout);
	fputs(": ", stdout);
	text_print_body(stdout, m->text, m->len, INDENT);
	putchar('\n');
	if (m->format == FORMAT_BODY && aesgcm_is_body(m->text, m->len))
		fputs("* that is a file; to fetch it, give the link to: "
		      "xmpp-get -d DIR\n",
		    stdout);
	end(chat);
}

static void
on_opt_out(void *arg, const char *from, const char *reason)
{
	struct chat *chat = arg;

	begin(chat);
	fputs("* ", stdout);
	text_print(stdout, from);
	fputs(" will not encrypt any more (nothing is sent to it in clear)",
	    stdout);
	if (reason[0] != '\0') {
		fputs(": ", stdout);
		text_print(stdout, reason);
	}
	putchar('\n');
	end(chat);
}

static void
on_typing(void *arg, const char *from, const char *state)
{
	(void)arg; /* lines scroll: it would be over when it is read */
	(void)from;
	(void)state;
}

static void
on_sent(void *arg, const char *id)
{
	(void)arg; /* silence is success */
	(void)id;
}

static void
on_delivered(void *arg, const char *id)
{
	(void)arg;
	(void)id;
}

static void
on_failed(void *arg, const char *id, const char *reason)
{
	(void)id;
	say(arg, "not sent:", reason);
}

static void
on_online(void *arg, const char *jid)
{
	say(arg, "online as", jid);
}

static void
on_offline(void *arg, const char *reason, int fatal)
{
	say(arg, "offline:", reason);
	if (fatal)
		chat_hopeless(arg);
}

static void
on_caught_up(void *arg)
{
	(void)arg;
}

static void
on_locked(void *arg, int locked)
{
	say(arg,
	    locked ? "the vault is locked; to go on: xmpp-key unlock"
		   : "the vault is unlocked",
	    NULL);
}

static void
on_unencrypted(void *arg, const char *from, int require)
{
	say(arg,
	    require == 1 ? "NOT SHOWN: an unencrypted message from a contact "
			   "of whom you require encryption:"
			 : "an unencrypted message (not shown) came from",
	    from);
}

/* --- rooms ---------------------------------------------------------------- */

static void
on_joined(void *arg, const char *room, const char *nick, uint32_t members)
{
	struct chat *chat = arg;

	begin(chat);
	fputs("* in ", stdout);
	text_print(stdout, room);
	fputs(" as ", stdout);
	text_print(stdout, nick);
	printf(" (%u member%s)\n", members, members == 1 ? "" : "s");
	end(chat);
}

static void
on_left(void *arg, const char *room, uint8_t status, const char *reason)
{
	char what[JID_SIZE + 16];

	snprintf(what, sizeof(what), "not in %s:", room);
	if (status == ROOM_LEFT)
		say(arg, "left", room);
	else
		say(arg, what, reason);
}

static void
on_member(void *arg, const char *room, const char *jid, uint8_t change)
{
	char what[JID_SIZE + 32];

	if (change == MEMBER_HERE)
		return; /* who has a key is shown before anything is sent */
	snprintf(what, sizeof(what),
	    "%s member of %s:", change == MEMBER_CAME ? "a new" : "no more a",
	    room);
	say(arg, what, jid);
}

static void
on_room_caught_up(void *arg, const char *room)
{
	(void)arg;
	(void)room;
}

static void
on_room_unencrypted(void *arg, const char *from, const char *room, int require)
{
	char what[JID_SIZE + 64];

	(void)require; /* nothing in clear is for a room of this kind */
	snprintf(what, sizeof(what),
	    "NOT SHOWN: an unencrypted message in %s from", room);
	say(arg, what, from);
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
	char what[JID_SIZE + 1];

	snprintf(what, sizeof(what), "%s:", from);
	say(arg, from[0] != '\0' ? what : "notice:", text);
}

static void
error(struct chat *chat, json_t *ref, const char *reason)
{
	(void)ref;
	say(chat, reason, NULL);
}

/* On a terminal the typed line becomes one of the conversation. */
static void
composed(struct chat *chat, const char *to, const char *body, size_t len)
{
	if (chat->editor == NULL)
		return;
	begin(chat);
	text_print(stdout, chat->account);
	if (strcmp(to, chat->peer) != 0) {
		fputs(" to ", stdout);
		text_print(stdout, to);
	}
	fputs(": ", stdout);
	text_print_body(stdout, body, len, INDENT);
	putchar('\n');
	end(chat);
}

const struct view view_lines = {
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
