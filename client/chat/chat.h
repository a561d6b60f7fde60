/* SPDX-License-Identifier: ISC */
/*
 * xmpp-chat's front process.
 */
#ifndef CLIENT_CHAT_CHAT_H
#define CLIENT_CHAT_CHAT_H

#include <jansson.h>

#include <bsd/sys/queue.h>

#include "../common/fail.h"
#include "../common/options.h"
#include "../front/front.h"
#include "command.h"
#include "editor.h"
#include "input.h"
#include "typing.h"

struct sent { /* what the program on stdin calls a message */
	TAILQ_ENTRY(sent) entry;
	char id[FRONT_ID];
	json_t *ref;
};

struct chat {
	struct loop *loop;
	struct front *front;
	const struct options *options;
	const char *account;
	char peer[JID_SIZE]; /* whom a line goes to; "": nobody yet */
	char last[FRONT_ID], last_to[JID_SIZE]; /* what /correct corrects */
	int json;
	struct typist typing;
	struct editor *editor; /* on a terminal */
	struct input *input;   /* else */
	TAILQ_HEAD(, sent) sent;
	int finishing; /* stdin is over: end when all is done */
	int hopeless;  /* no net will come again */
	struct timer *patience;
};

/* How things are shown: lines.c and json.c. */
struct view {
	struct front_handler front; /* progress and gone are chat.c's */
	/* Something of the user's went wrong. ref may be NULL (borrowed). */
	void (*error)(struct chat *, json_t *ref, const char *reason);
	/* A line of the user's has become a message. */
	void (*composed)(
	    struct chat *, const char *to, const char *body, size_t len);
};

/* That domain has rooms, or not: of the peer it is known now. */
void chat_service(void *arg, const char *domain, int rooms);

extern const struct view view_lines, view_json;

/* The front process: run until the end; the exit code. */
int chat_main(const struct options *, const char *account, const char *peer);
/* The ref of a message of ours, owned by the caller, or NULL; forgets it. */
json_t *chat_take_ref(struct chat *, const char *id);
/* stdout does not take more: end. */
void chat_stdout_gone(struct chat *);
/* The net is gone for good. */
void chat_hopeless(struct chat *);
void chat_progress(void *arg);
void chat_gone(void *arg, int code);

#endif
