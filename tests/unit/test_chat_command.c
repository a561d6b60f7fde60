/* SPDX-License-Identifier: ISC */
/*
 * xmpp-chat: commands in JSON and in text, lines from a pipe, editing.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../client/chat/command.h"
#include "../../client/chat/editor.h"
#include "../../client/chat/input.h"
#include "../../client/chat/typing.h"
#include "../../client/front/front.h"
#include "../../ipc/loop.h"
#include "check.h"

static void
json(struct command *c, const char *line)
{
	command_read_json(c, line, strlen(line));
}

static void
test_json_good(void **state)
{
	struct command c;

	(void)state;
	json(&c,
	    "{\"command\":\"send\",\"to\":\"Romeo@montague.lit\","
	    "\"body\":\"hi\\n\\u00fc\",\"ref\":{\"a\":[1]}}");
	assert_int_equal(c.kind, COMMAND_SEND);
	assert_null(c.reason);
	assert_string_equal(c.to, "romeo@montague.lit");
	assert_int_equal(c.len, 5);
	assert_memory_equal(c.body, "hi\n\xc3\xbc", 5);
	assert_true(json_is_object(c.ref));
	command_free(&c);
	json(&c,
	    "{\"command\":\"correct\",\"to\":\"a@b\",\"id\":\"x1\","
	    "\"body\":\"new\"}");
	assert_int_equal(c.kind, COMMAND_CORRECT);
	assert_string_equal(c.that, "x1");
	assert_int_equal(c.len, 3);
	command_free(&c);
	json(&c,
	    "{\"command\":\"reply\",\"to\":\"a@b\",\"id\":\"x2\","
	    "\"body\":\"yes\"}");
	assert_int_equal(c.kind, COMMAND_REPLY);
	assert_string_equal(c.that, "x2");
	command_free(&c);
	json(&c,
	    "{\"command\":\"typing\",\"to\":\"a@b\","
	    "\"state\":\"composing\"}");
	assert_int_equal(c.kind, COMMAND_TYPING);
	assert_string_equal(c.to, "a@b");
	assert_string_equal(c.body, "composing");
	command_free(&c);
	json(&c, "{\"command\":\"quit\",\"later\":true}\r");
	assert_int_equal(c.kind, COMMAND_QUIT);
	command_free(&c);
	json(&c, " \t\r");
	assert_int_equal(c.kind, COMMAND_NONE);
	assert_null(c.reason); /* an empty line is nothing */
	command_free(&c);
}

static void
test_json_bad(void **state)
{
	static const struct {
		const char *line;
		int has_ref;
	} bad[] = {
		{ "{", 0 },
		{ "null", 0 },
		{ "[]", 0 },
		{ "\"send\"", 0 },
		{ "{}", 0 },
		{ "{\"command\":7,\"ref\":1}", 1 },
		{ "{\"command\":\"fly\",\"ref\":1}", 1 },
		{ "{\"command\":\"join\",\"ref\":1}", 1 },
		{ "{\"command\":\"join\",\"room\":7,\"ref\":1}", 1 },
		{ "{\"command\":\"join\",\"room\":\"a@b/c\",\"ref\":1}", 1 },
		{ "{\"command\":\"join\",\"room\":\"a@b\\u0000\",\"ref\":1}",
		    1 },
		{ "{\"command\":\"join\",\"room\":\"a@b\",\"nick\":7,\"ref\":1}",
		    1 },
		{ "{\"command\":\"join\",\"room\":\"a@b\",\"nick\":\"a\\u0000b\","
		  "\"ref\":1}",
		    1 },
		{ "{\"command\":\"leave\",\"ref\":1}", 1 },
		{ "{\"command\":\"leave\",\"room\":\"a@b\",\"nick\":\"x\",\"ref\":1}",
		    1 },
		{ "{\"command\":\"send\",\"body\":\"x\",\"ref\":1}", 1 },
		{ "{\"command\":\"send\",\"to\":\"a@b\",\"ref\":1}", 1 },
		{ "{\"command\":\"send\",\"to\":\"a@b/c\",\"body\":\"x\","
		  "\"ref\":1}",
		    1 },
		{ "{\"command\":\"send\",\"to\":\"a@b\\u0000c\","
		  "\"body\":\"x\",\"ref\":1}",
		    1 },
		{ "{\"command\":\"send\",\"to\":\"a@b\",\"body\":\"\","
		  "\"ref\":1}",
		    1 },
		{ "{\"command\":\"send\",\"to\":\"a@b\","
		  "\"body\":\"a\\u0000b\",\"ref\":1}",
		    1 },
		{ "{\"command\":\"reply\",\"to\":\"a@b\",\"body\":\"x\","
		  "\"ref\":1}",
		    1 },
		{ "{\"command\":\"correct\",\"to\":\"a@b\","
		  "\"body\":\"x\",\"id\":\"\",\"ref\":1}",
		    1 },
		{ "{\"command\":\"correct\",\"to\":\"a@b\","
		  "\"body\":\"x\",\"id\":\"a\\u0000\",\"ref\":1}",
		    1 },
		{ "{\"command\":\"typing\",\"to\":\"a@b\",\"ref\":1}", 1 },
		{ "{\"command\":\"typing\",\"to\":\"a@b\","
		  "\"state\":\"thinking\",\"ref\":1}",
		    1 },
		{ "{\"command\":\"typing\",\"to\":\"a@b/c\","
		  "\"state\":\"paused\",\"ref\":1}",
		    1 },
		{ "{\"command\":\"quit\",\"command\":\"send\"}", 0 },
		{ "{\"command\":\"quit\"} {}", 0 },
		{ "{\"command\":\"quit\",\"ref\":[[[[[[[[[]]]]]]]]]}", 0 },
		{ "{\"command\":\"qu\xff\"}", 0 },
	};
	struct command c;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json(&c, bad[i].line);
		assert_int_equal(c.kind, COMMAND_NONE);
		assert_non_null(c.reason);
		assert_int_equal(c.ref != NULL, bad[i].has_ref);
		command_free(&c);
	}
}

static void
test_json_long(void **state)
{
	static const char head[] =
	    "{\"command\":\"send\",\"to\":\"a@b\",\"body\":\"";
	size_t n = sizeof(head) - 1 + LIMIT_TEXT + 3;
	char *line = malloc(n + 1);
	struct command c;

	(void)state;
	assert_non_null(line);
	for (size_t extra = 0; extra < 2; extra++) {
		size_t len = LIMIT_TEXT + extra, at = sizeof(head) - 1;

		memcpy(line, head, at);
		memset(line + at, 'x', len);
		memcpy(line + at + len, "\"}", 2);
		command_read_json(&c, line, at + len + 2);
		assert_int_equal(
		    c.kind, extra == 0 ? COMMAND_SEND : COMMAND_NONE);
		command_free(&c);
	}
	free(line);
}

static void
line_is(const char *line, enum command_kind kind, const char *body)
{
	struct command c;

	command_read_line(&c, line, strlen(line));
	assert_int_equal(c.kind, kind);
	if (body != NULL) {
		assert_int_equal(c.len, strlen(body));
		assert_memory_equal(c.body, body, c.len);
	}
	command_free(&c);
}

static void
test_lines(void **state)
{
	struct command c;

	(void)state;
	line_is("hello", COMMAND_SEND, "hello");
	line_is("hello\r", COMMAND_SEND, "hello");
	line_is("", COMMAND_NONE, NULL);
	line_is("//etc/passwd", COMMAND_SEND, "/etc/passwd");
	line_is("/me waves", COMMAND_SEND, "/me waves");
	line_is("/quit", COMMAND_QUIT, NULL);
	line_is("/help", COMMAND_HELP, NULL);
	line_is("/trust  00 11", COMMAND_TRUST, "00 11");
	line_is("/correct  the text", COMMAND_CORRECT, "the text");
	line_is("/correct", COMMAND_NONE, NULL);
	line_is("/trust", COMMAND_TRUST, "");
	line_is("/nonsense", COMMAND_NONE, NULL);
	line_is("/", COMMAND_NONE, NULL);
	line_is("/to", COMMAND_NONE, NULL);
	line_is("/to nobody", COMMAND_NONE, NULL);
	line_is("bad \xff", COMMAND_NONE, NULL);
	command_read_line(&c, "/to Romeo@Montague.lit  ", 24);
	assert_int_equal(c.kind, COMMAND_TO);
	assert_string_equal(c.to, "romeo@montague.lit");
	command_free(&c);
}

/* --- a pipe --------------------------------------------------------------- */

struct seen {
	struct loop *loop;
	struct input *input;
	char text[256];
	size_t lines, too_long, ends;
	int pause_after;
};

static void
on_line(void *arg, const char *line, size_t len)
{
	struct seen *seen = arg;
	size_t at = strlen(seen->text);

	snprintf(
	    seen->text + at, sizeof(seen->text) - at, "%.*s|", (int)len, line);
	seen->lines++;
	if (seen->pause_after > 0 && --seen->pause_after == 0) {
		input_pause(seen->input, 1);
		loop_stop(seen->loop, 1);
	}
}

static void
on_too_long(void *arg)
{
	((struct seen *)arg)->too_long++;
}

static void
on_end(void *arg)
{
	struct seen *seen = arg;

	seen->ends++;
	loop_stop(seen->loop, 0);
}

static const struct input_handler input_handler = {
	.line = on_line,
	.too_long = on_too_long,
	.end = on_end,
};

static void
on_bound(void *arg)
{
	(void)arg;
	fail_msg("the loop did not end");
}

static int
pipe_of(const char *p, size_t n)
{
	FILE *f = tmpfile();

	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	rewind(f);
	return dup(fileno(f)); /* a file reads like a pipe that is full */
}

static void
test_input(void **state)
{
	struct seen seen = { .loop = loop_new() };
	int fd = pipe_of("one\n\ntwo\nlast", 13);

	(void)state;
	loop_timer(seen.loop, 10000, on_bound, NULL);
	seen.input = input_new(seen.loop, fd, &input_handler, &seen);
	seen.pause_after = 2;
	assert_int_equal(loop_run(seen.loop), 1);
	assert_string_equal(seen.text, "one||");
	input_pause(seen.input, 0);
	assert_int_equal(loop_run(seen.loop), 0);
	assert_string_equal(seen.text, "one||two|last|");
	assert_int_equal(seen.ends, 1);
	input_free(seen.input);
	loop_free(seen.loop);
	close(fd);
}

static void
test_input_too_long(void **state)
{
	size_t n = INPUT_LINE_MAX + 100000;
	char *data = malloc(n + 6);
	struct seen seen = { .loop = loop_new() };
	int fd;

	(void)state;
	assert_non_null(data);
	memset(data, 'x', n);
	memcpy(data + n, "\nnext\n", 6);
	fd = pipe_of(data, n + 6);
	loop_timer(seen.loop, 10000, on_bound, NULL);
	seen.input = input_new(seen.loop, fd, &input_handler, &seen);
	assert_int_equal(loop_run(seen.loop), 0);
	assert_int_equal(seen.too_long, 1);
	assert_string_equal(seen.text, "next|"); /* what follows is whole */
	input_free(seen.input);
	loop_free(seen.loop);
	close(fd);
	free(data);
}

/* --- editing -------------------------------------------------------------- */

static enum line_did
type(struct line *l, const char *keys)
{
	enum line_did did = LINE_MORE;

	for (; *keys != '\0'; keys++)
		did = line_feed(l, (unsigned char)*keys);
	return did;
}

static void
typed_is(const char *keys, const char *wanted, size_t at)
{
	struct line *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	type(l, keys);
	assert_int_equal(l->len, strlen(wanted));
	assert_memory_equal(l->text, wanted, l->len);
	assert_int_equal(l->at, at);
	free(l);
}

static void
test_editing(void **state)
{
	struct line *l = calloc(1, sizeof(*l));

	(void)state;
	typed_is("hello", "hello", 5);
	typed_is("gr\xc3\xbc\x7f", "gr", 2); /* a whole character goes */
	typed_is("a\xe2\x82\xac\x02\x02x", "xa\xe2\x82\xac", 1);
	typed_is("ab\033[D\033[DX\033[CY", "XaYb", 3);
	typed_is("ab\001X\005Y", "XabY", 4);
	typed_is("one two\027", "one ", 4);
	typed_is("one\025two", "two", 3);
	typed_is("one\002\013", "on", 2);
	typed_is("abc\033[H\033[3~", "bc", 0);
	typed_is("a\033[200~b", "ab", 2);      /* unknown keys do nothing */
	typed_is("a\x80\xff\xc3(b", "a(b", 3); /* no octet that is no UTF-8 */
	typed_is("a\xc2\x9b"
		 "b",
	    "ab", 2); /* nor a C1 control */
	assert_int_equal(type(l, "x\r"), LINE_DONE);
	memset(l, 0, sizeof(*l));
	assert_int_equal(type(l, "\004"), LINE_END);
	for (size_t i = 0; i < sizeof(l->text); i++)
		assert_int_equal(type(l, "x"), LINE_MORE);
	assert_int_equal(type(l, "x"), LINE_BELL); /* full */
	free(l);
}

/* --- what a contact is told of it ------------------------------------------- */

static void
note_said(void *arg, const char *to, const char *state)
{
	char *log = arg;
	size_t n = strlen(log);

	snprintf(log + n, 256 - n, "%s:%s ", to, state);
}

static void
stop_loop(void *arg)
{
	loop_stop(arg, 0);
}

/* Once, and paused once, however many keys; a command tells nothing. */
static void
test_typing(void **state)
{
	struct loop *loop = loop_new();
	char log[256] = "";
	struct typist t;

	(void)state;
	assert_non_null(loop);
	typing_init(&t, loop, note_said, log);
	typing_typed(&t, "", "h", 1); /* to nobody yet */
	typing_typed(&t, "a@b", "/", 1);
	typing_typed(&t, "a@b", "", 0);
	assert_string_equal(log, "");
	typing_typed(&t, "a@b", "h", 1);
	typing_typed(&t, "a@b", "hi", 2);
	assert_string_equal(log, "a@b:composing ");
	typing_sent(&t, "a@b"); /* the text says it */
	typing_typed(&t, "a@b", "", 0);
	assert_string_equal(log, "a@b:composing ");
	typing_typed(&t, "a@b", "x", 1);
	typing_sent(&t, "c@d"); /* not that one */
	typing_typed(&t, "c@d", "x", 1);
	assert_string_equal(
	    log, "a@b:composing a@b:composing a@b:paused c@d:composing ");
	log[0] = '\0';
	typing_typed(&t, "c@d", "", 0); /* all of it was deleted */
	typing_typed(&t, "c@d", "", 0);
	assert_string_equal(log, "c@d:paused ");
	/* the timer is the one that says it when no key comes */
	log[0] = '\0';
	typing_typed(&t, "c@d", "x", 1);
	timer_cancel(t.timer);
	t.timer = NULL;
	typing_typed(&t, "c@d", "xy", 2);
	assert_non_null(t.timer);
	typing_end(&t);
	assert_null(t.timer);
	loop_timer(loop, 1, stop_loop, loop);
	loop_run(loop);
	assert_string_equal(log, "c@d:composing ");
	loop_free(loop);
}

static void
test_width(void **state)
{
	(void)state;
	setlocale(LC_CTYPE, "C.UTF-8");
	assert_int_equal(line_width("abc", 3), 3);
	assert_int_equal(line_width("\xc3\xbc", 2), 1);
	assert_int_equal(line_width("\xe6\xbc\xa2", 3), 2); /* wide */
	assert_int_equal(line_width("e\xcc\x81", 3), 1);    /* combining */
}

/* Rooms, as a program and as a person asks for them. */
static void
test_rooms(void **state)
{
	static const struct {
		const char *line;
		enum command_kind kind;
		const char *to, *nick;
	} rows[] = {
		{ "{\"command\":\"join\",\"room\":\"L@rooms.b\"}", COMMAND_JOIN,
		    "l@rooms.b", "" },
		{ "{\"command\":\"join\",\"room\":\"l@b\",\"nick\":null}",
		    COMMAND_JOIN, "l@b", "" },
		{ "{\"command\":\"join\",\"room\":\"l@b\",\"nick\":\"the nurse\"}",
		    COMMAND_JOIN, "l@b", "the nurse" },
		{ "{\"command\":\"leave\",\"room\":\"l@b\"}", COMMAND_LEAVE,
		    "l@b", "" },
		{ "/join l@b", COMMAND_JOIN, "l@b", "" },
		{ "/join  L@b  the nurse ", COMMAND_JOIN, "l@b", "the nurse" },
		{ "/leave", COMMAND_LEAVE, "", "" },
		{ "/leave l@b ", COMMAND_LEAVE, "l@b", "" },
		{ "/leave l@b x", COMMAND_NONE, "l@b", "" },
		{ "/join", COMMAND_NONE, "", "" },
		{ "/join l", COMMAND_NONE, "", "" },
		{ "/join l@b/c", COMMAND_NONE, "", "" },
		{ "/joint l@b", COMMAND_NONE, "", "" },
	};
	struct command c;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].line[0] == '{')
			json(&c, rows[i].line);
		else
			command_read_line(
			    &c, rows[i].line, strlen(rows[i].line));
		assert_int_equal(c.kind, rows[i].kind);
		assert_int_equal(c.reason != NULL, c.kind == COMMAND_NONE);
		if (c.kind != COMMAND_NONE) {
			assert_string_equal(c.to, rows[i].to);
			assert_int_equal(c.len, strlen(rows[i].nick));
			assert_memory_equal(c.body, rows[i].nick, c.len);
		}
		command_free(&c);
	}
}

/* NICK_MAX octets of a nickname, and one more. */
static void
test_nick(void **state)
{
	char line[NICK_MAX + 128], nick[NICK_MAX + 2];
	struct command c;

	(void)state;
	for (size_t n = NICK_MAX; n <= NICK_MAX + 1; n++) {
		memset(nick, 'n', n);
		nick[n] = '\0';
		snprintf(line, sizeof(line),
		    "{\"command\":\"join\",\"room\":\"a@b\",\"nick\":\"%s\"}",
		    nick);
		json(&c, line);
		assert_int_equal(c.kind == COMMAND_JOIN, n == NICK_MAX);
		command_free(&c);
		snprintf(line, sizeof(line), "/join a@b %s", nick);
		command_read_line(&c, line, strlen(line));
		assert_int_equal(c.kind == COMMAND_JOIN, n == NICK_MAX);
		command_free(&c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_good),
		cmocka_unit_test(test_json_bad),
		cmocka_unit_test(test_json_long),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_input),
		cmocka_unit_test(test_input_too_long),
		cmocka_unit_test(test_editing),
		cmocka_unit_test(test_typing),
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_rooms),
		cmocka_unit_test(test_nick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
