/* SPDX-License-Identifier: ISC */
/*
 * The front's side of the agent and of its net: what is shown, acknowledged
 * and sent, in the order that the keeper asks for. xmpp-chat and xmpp-send
 * say, by callbacks, how a thing is shown.
 */
#ifndef CLIENT_FRONT_FRONT_H
#define CLIENT_FRONT_FRONT_H

#include <stddef.h>
#include <stdint.h>

#include "../../agent/limits.h"
#include "../../ipc/loop.h"
#include "../../ipc/messages.h"
#include "../common/jid.h"
#include "../common/url.h"
#include "../files/job.h"

#define NICK_MAX 1023 /* octets of a nickname: RFC 7622's of a resource */
#define FRONT_ID 33   /* a stanza id of ours, and NUL */

struct front_slot { /* where a file may be put; the net's word */
	struct url put, get;
	struct job_headers headers; /* valid while slot() runs */
};

struct front_key { /* a reader's or a writer's key to be shown */
	char peer[JID_SIZE];
	uint32_t device;
	uint8_t fingerprint[FINGERPRINT_SIZE];
	uint8_t trust; /* enum trust */
	uint8_t why;   /* enum why */
	/* WHY_NEW_MEMBER: of which he is one; device 0: he has none, and will
	 * not be able to read. "": it is not about a room. */
	char room[JID_SIZE];
};

struct front_message { /* as the keeper recorded it */
	const uint8_t *text;
	size_t len;
	char id[LIMIT_STANZA_ID + 1];
	char sender[JID_SIZE];
	char conversation[JID_SIZE];
	uint8_t fingerprint[FINGERPRINT_SIZE];
	uint32_t device;
	uint64_t time;
	uint8_t format, kind, trust, bound, copy, ns, again;
	/* what the envelope says of it: the id of the message that it corrects
	 * or answers; "": none. Only the same sender may correct. */
	char replaces[LIMIT_STANZA_ID + 1], reply_to[LIMIT_STANZA_ID + 1];
};

/* What happens in rooms. All of it is the room's word. */
struct front_room_handler {
	void (*joined)(
	    void *arg, const char *room, const char *nick, uint32_t members);
	/* Not in it, or not any more; status: enum room_status. */
	void (*left)(
	    void *arg, const char *room, uint8_t status, const char *reason);
	/* change: enum member_change. */
	void (*member)(
	    void *arg, const char *room, const char *jid, uint8_t change);
	void (*caught_up)(void *arg, const char *room);
	/* as below */
	void (*unencrypted)(
	    void *arg, const char *from, const char *room, int require);
	/* The answer to front_ask: that domain has rooms, or not. */
	void (*service)(void *arg, const char *domain, int rooms);
};

/* All but the slots and rooms are required. What is shown when one of the show_… returns is
 * acknowledged to the keeper. Strings are anybody's octets. */
struct front_handler {
	void (*show_reader)(void *arg, const struct front_key *);
	void (*show_writer)(void *arg, const struct front_key *);
	void (*show_message)(void *arg, const struct front_message *);
	/* A contact's client says that it will not encrypt any more; nothing
	 * is ever sent to it in clear. reason may be "". */
	void (*opt_out)(void *arg, const char *from, const char *reason);
	/* active, composing, paused, inactive or gone, just now. */
	void (*typing)(void *arg, const char *from, const char *state);
	void (*sent)(void *arg, const char *id);
	void (*delivered)(void *arg, const char *id);
	/* Will not be sent; it has been discarded. */
	void (*failed)(void *arg, const char *id, const char *reason);
	void (*online)(void *arg, const char *jid);
	/* fatal: no other attempt will be made. */
	void (*offline)(void *arg, const char *reason, int fatal);
	void (*caught_up)(void *arg);
	void (*locked)(void *arg, int locked);
	/* A message in clear came, and is not shown. require: the user has
	 * said that this contact encrypts; -1: it could not be asked. */
	void (*unencrypted)(void *arg, const char *from, int require);
	void (*notice)(void *arg, const char *from, const char *text);
	/* Something of front_busy() may have changed. */
	void (*progress)(void *arg);
	/* The agent has gone (or refused us, said already): code is the exit
	 * code that the front is to end with. */
	void (*gone)(void *arg, int code);
	/* The answers to front_slot_ask; NULL if it is never called. */
	void (*slot)(void *arg, const struct front_slot *);
	void (*no_slot)(void *arg, const char *reason);
	/* NULL: it is in none */
	const struct front_room_handler *rooms;
};

struct front_config {
	const char *account;
	const char *name;
	int reads;    /* ask for messages and show them */
	int resumes;  /* send again what an earlier run has composed */
	int receipts; /* say that a message has come, to whoever may know */
};

struct front;

/*
 * HELLO and RESTRICT on FRONT_FD_AGENT (waits), attach it, FRONT_FD_LINK and,
 * where messages are shown, FRONT_FD_SCE to
 * the loop. NULL after an error line; *code is then the exit code.
 */
struct front *front_new(struct loop *, const struct front_config *,
    const struct front_handler *, void *arg, int *code);
/* Ask the net to close its stream, close all. NULL allowed. */
void front_free(struct front *);
/*
 * Compose and send. to is a bare JID; id gets the stanza id, which the
 * callbacks name. 0; ERR_TOO_LONG, ERR_FULL, ERR_MEMORY, ERR_SYSTEM.
 */
int front_send(struct front *, const char *to, const void *text, size_t len,
    char id[static FRONT_ID]);

enum front_about { ABOUT_CORRECTION, ABOUT_REPLY };

/*
 * The same, for a text about an earlier message, whose id that is. It goes in
 * an envelope, so to devices of OMEMO 2 alone.
 */
int front_send_about(struct front *, const char *to, enum front_about,
    const char *that, const void *text, size_t len, char id[static FRONT_ID]);

/* --- rooms (rooms.c) --- */
enum front_kind { FRONT_CHAT, FRONT_ROOM, FRONT_UNKNOWN };

/*
 * Be in that room, also after the connection was lost; nick "": the account's
 * name. Told by joined() or left(). 0; ERR_FULL, ERR_TOO_LONG.
 */
int front_join(struct front *, const char *room, const char *nick);
/* 0; ERR_NOT_FOUND: it was not asked to be in it. */
int front_leave(struct front *, const char *room);
/* Find out whether the address is a room. What is sent to it before that is
 * known waits. */
void front_ask(struct front *, const char *jid);
enum front_kind front_kind(struct front *, const char *jid);
/*
 * active, composing, paused, inactive or gone: in an envelope, if it can be sent
 * at once, to a contact who has been written to. Nobody learns whether it was.
 */
void front_typing(struct front *, const char *to, const char *state);

/* Ask the server for a place for a file of so many octets, once online. */
void front_slot_ask(struct front *, const char *name, uint64_t size);
/* Give up what is not acknowledged; failed() is called for each. */
void front_discard_all(struct front *, const char *reason);
/* Messages neither acknowledged by the server nor given up for good. */
size_t front_unsent(const struct front *);
/* 1: attached, and every message that waited has been shown. */
int front_shown_all(const struct front *);

#endif
