/* SPDX-License-Identifier: ISC */
/*
 * protocol_index FILE: print FILE (PROTOCOL.md) with the part between its two
 * marker lines made anew from the table of messages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../ipc/messages.h"

static const char head[] =
    "<!-- index: made from ipc/messages.c by `make PROTOCOL.md` -->\n";
static const char tail[] = "<!-- end of index -->\n";

static const struct {
	enum link link;
	const char *title;
} links[] = {
	{ LINK_CLIENT, "client and keeper (the socket)" },
	{ LINK_STORE, "keeper and store" },
	{ LINK_DERIVE, "keeper and derive" },
	{ LINK_PARSER, "keeper and parser" },
	{ LINK_LAUNCHER, "keeper and launcher" },
	{ LINK_FRONT, "front and net" },
	{ LINK_SCE, "front and its parser of envelopes" },
	{ LINK_FILE, "a file's cipher or transfer" },
};

static const char *
right_text(uint32_t right)
{
	switch (right) {
	case RIGHT_INFO:
		return "info";
	case RIGHT_NETWORK:
		return "network";
	case RIGHT_TEXT:
		return "text";
	case RIGHT_TRUST:
		return "trust";
	case RIGHT_ADMIN:
		return "admin";
	default:
		return "none";
	}
}

static void
print_layout(const char *what, const char *layout)
{
	if (layout == NULL)
		return;
	if (layout[0] == '\0')
		printf("- %s: empty\n", what);
	else
		printf("- %s: `%s`\n", what, layout);
}

static void
print_message(const struct message *m)
{
	int event = (m->flags & MESSAGE_EVENT) != 0;

	printf("\n**%u %s** ", m->type, m->name);
	if (m->link == LINK_CLIENT)
		printf("(%s%s%s%s) ", event ? "event, " : "",
		    right_text(m->right),
		    (m->flags & MESSAGE_LOCKED) != 0 ? ", also while locked"
						     : "",
		    (m->flags & MESSAGE_HERE) != 0
			? ", not over the forwarded socket"
			: "");
	else if (event)
		printf("(no reply) ");
	printf("%s At most %u octets.\n", m->what, (unsigned)m->max);
	print_layout(event ? "body" : "request", m->request);
	print_layout("reply", m->reply);
}

static void
print_index(void)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		printf("\n### %s\n", links[i].title);
		for (size_t j = 0; j < messages_count; j++)
			if (messages[j].link == links[i].link)
				print_message(&messages[j]);
	}
	printf("\n");
}

int
main(int argc, char **argv)
{
	char *line = NULL;
	size_t room = 0;
	int inside = 0, seen = 0;
	FILE *f;

	if (argc != 2 || (f = fopen(argv[1], "r")) == NULL) {
		fprintf(stderr, "usage: protocol_index PROTOCOL.md\n");
		return 64;
	}
	while (getline(&line, &room, f) > 0) {
		if (strcmp(line, tail) == 0)
			inside = 0;
		if (!inside)
			fputs(line, stdout);
		if (strcmp(line, head) == 0) {
			print_index();
			inside = seen = 1;
		}
	}
	free(line);
	(void)fclose(f);
	if (!seen || inside)
		fprintf(stderr, "protocol_index: no marker lines\n");
	return seen && !inside ? 0 : 1;
}
