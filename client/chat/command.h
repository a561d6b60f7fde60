/* SPDX-License-Identifier: ISC */
/*
 * What the user, or the program on stdin, wants.
 */
#ifndef CLIENT_CHAT_COMMAND_H
#define CLIENT_CHAT_COMMAND_H

#include <jansson.h>
#include <stddef.h>

#include "../common/jid.h"

enum command_kind {
	COMMAND_NONE,	 /* an empty line, or an error: reason says which */
	COMMAND_SEND,	 /* body, to ("": the current peer) */
	COMMAND_CORRECT, /* body, to, that ("": the last one) */
	COMMAND_REPLY,	 /* body, to, that */
	COMMAND_TO,	 /* to */
	COMMAND_JOIN,	 /* to: a room; body: a nickname, or "" */
	COMMAND_LEAVE,	 /* to ("": the current peer): a room */
	COMMAND_TYPING,	 /* to, body: the state */
	COMMAND_TRUST,	 /* rest: a fingerprint, or empty */
	COMMAND_HELP,
	COMMAND_QUIT,
};

struct command {
	enum command_kind kind;
	const char *reason; /* NULL: no error */
	char to[JID_SIZE];
	const char *that; /* the id of an earlier message; borrowed from json */
	const char *body; /* borrowed from the line or from json */
	size_t len;
	json_t *ref;  /* JSON: what the sender calls it; NULL: none */
	json_t *json; /* owner of body and ref */
};

/* Parse one line without its end; free it after use, whatever it is. */
void command_read_json(struct command *, const char *line, size_t len);
void command_read_line(struct command *, const char *line, size_t len);
void command_free(struct command *);

#endif
