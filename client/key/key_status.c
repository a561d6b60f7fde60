/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key status: locked or not, who is connected, which walls are up.
 */
#include <stdio.h>

#include "../common/json.h"
#include "../common/text.h"
#include "key.h"

#define WALLS_MAX 32
#define WALL_MAX  256

static const struct {
	uint32_t right;
	const char *name;
} rights[] = {
	{ RIGHT_INFO, "info" },
	{ RIGHT_NETWORK, "network" },
	{ RIGHT_TEXT, "text" },
	{ RIGHT_TRUST, "trust" },
	{ RIGHT_ADMIN, "admin" },
};

/* Each with what was seen. */
static const struct {
	uint8_t doubt;
	const char *name, *what;
} doubts[] = {
	{ DOUBT_OLDER, "older", "this state is older than the one used last" },
	{ DOUBT_PLACE, "place", "the database is not the file that it was" },
	{ DOUBT_SERVER, "server",
	    "the server has prekeys that this state never made" },
};

#define DOUBTS (sizeof(doubts) / sizeof(doubts[0]))

#define RIGHTS (sizeof(rights) / sizeof(rights[0]))

/* The reply's clients as JSON, which is printed, or turned into lines. */
static json_t *
read_clients(struct reader *r)
{
	char name[LIMIT_CLIENT_NAME + 1];
	json_t *clients = json_array(), *list;
	uint32_t n = reader_count(r, LIMIT_CLIENTS), pid, held;

	for (uint32_t i = 0; i < n && r->err == 0; i++) {
		reader_cstring(r, name, sizeof(name));
		pid = reader_u32(r);
		held = reader_u32(r);
		list = json_array();
		for (size_t k = 0; k < RIGHTS; k++)
			if (held & rights[k].right)
				json_array_append_new(
				    list, json_string(rights[k].name));
		json_array_append_new(clients,
		    json_pack("{s:o, s:I, s:o}", "name", json_cstring(name),
			"pid", (json_int_t)pid, "rights", list));
	}
	return clients;
}

static json_t *
list_doubts(uint8_t doubt)
{
	json_t *list = json_array();

	for (size_t i = 0; i < DOUBTS; i++)
		if (doubt & doubts[i].doubt)
			json_array_append_new(
			    list, json_string(doubts[i].name));
	return list;
}

static json_t *
read_walls(struct reader *r)
{
	char role[WALL_MAX], wall[WALL_MAX];
	json_t *walls = json_array();
	uint32_t n = reader_count(r, WALLS_MAX);

	for (uint32_t i = 0; i < n && r->err == 0; i++) {
		reader_cstring(r, role, sizeof(role));
		reader_cstring(r, wall, sizeof(wall));
		json_array_append_new(walls,
		    json_pack("{s:o, s:o}", "role", json_cstring(role), "wall",
			json_cstring(wall)));
	}
	return walls;
}

static const char *
field(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s != NULL ? s : "";
}

static void
print_lines(
    const struct key_status *s, const json_t *clients, const json_t *walls)
{
	json_t *row, *right;
	size_t i, k;

	if (!s->vault)
		puts("no vault yet: make one with xmpp-key create JID");
	else if (s->locked)
		puts("locked");
	else
		printf("unlocked: %u account%s, %llu records\n", s->accounts,
		    s->accounts == 1 ? "" : "s",
		    (unsigned long long)s->records);
	for (i = 0; i < DOUBTS; i++)
		if (s->doubt & doubts[i].doubt)
			printf("in doubt: %s\n", doubts[i].what);
	if (s->doubt != 0)
		printf("nothing is sent or received until: xmpp-key adopt %s\n",
		    (s->doubt & DOUBT_NOT_NEWEST) != 0 ? "--copied"
						       : "--moved|--copied");
	json_array_foreach(clients, i, row)
	{
		fputs("client ", stdout);
		text_print(stdout,
		    field(row, "name")[0] != '\0' ? field(row, "name") : "?");
		printf(" (pid %lld):",
		    (long long)json_integer_value(json_object_get(row, "pid")));
		json_array_foreach(json_object_get(row, "rights"), k, right)
		    printf(" %s", json_string_value(right));
		putchar('\n');
	}
	json_array_foreach(walls, i, row)
	{
		fputs("walls of ", stdout);
		text_print(stdout, field(row, "role"));
		fputs(": ", stdout);
		text_print(stdout, field(row, "wall"));
		putchar('\n');
	}
}

/* --- what waits for a server --------------------------------------------------- */

static void
add_duty(void *arg, const struct key_duty *d)
{
	char words[DUTY_WORDS];

	json_array_append_new(arg,
	    json_pack("{s:o, s:I, s:s, s:b}", "jid", json_cstring(d->jid),
		"device", (json_int_t)d->device, "left",
		duty_words(d->left, words), "destroyed", d->gone != 0));
}

static void
add_due(void *arg, const struct key_account *a)
{
	char words[DUTY_WORDS];

	if (a->due != 0)
		json_array_append_new(arg,
		    json_pack("{s:o, s:s}", "jid", json_cstring(a->jid), "due",
			duty_words((a->due | a->due >> 2) & 3, words)));
}

static void
print_waiting(const json_t *due, const json_t *duties)
{
	json_t *row;
	size_t i;

	json_array_foreach(due, i, row)
	{
		text_print(stdout, field(row, "jid"));
		printf(": due: %s\n", field(row, "due"));
	}
	json_array_foreach(duties, i, row)
	{
		text_print(stdout, field(row, "jid"));
		printf(": withdrawal of device %lld%s waits for the server: "
		       "%s\n",
		    (long long)json_integer_value(
			json_object_get(row, "device")),
		    json_is_true(json_object_get(row, "destroyed"))
			? " (destroyed here)"
			: "",
		    field(row, "left"));
	}
}

int
key_status(struct key *key)
{
	struct key_status s;
	struct reader r;
	json_t *clients, *walls, *due, *duties;
	int code = key_get_status(key, &s, &r);

	if (code != DONE)
		return code;
	clients = read_clients(&r);
	walls = read_walls(&r);
	due = json_array();
	duties = json_array();
	if (reader_end(&r) != 0)
		code = fail_agent("status", ERR_MALFORMED, "");
	else if (s.vault && !s.locked) {
		code = key_each_account(key, add_due, due);
		if (code == DONE)
			code = key_each_duty(key, add_duty, duties);
	}
	if (code != DONE) {
		; /* it has been told */
	} else if (key->options.json) {
		json_line(json_pack(
		    "{s:b, s:b, s:o, s:I, s:I, s:O, s:O, s:O, s:O}", "locked",
		    s.locked != 0, "vault", s.vault != 0, "doubt",
		    list_doubts(s.doubt), "accounts", (json_int_t)s.accounts,
		    "records", (json_int_t)s.records, "clients", clients,
		    "walls", walls, "due", due, "withdrawals", duties));
	} else {
		print_lines(&s, clients, walls);
		print_waiting(due, duties);
	}
	json_decref(due);
	json_decref(duties);
	json_decref(clients);
	json_decref(walls);
	return code;
}
