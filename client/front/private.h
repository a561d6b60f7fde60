/* SPDX-License-Identifier: ISC */
/*
 * Inside client/front: the one structure of a front and its parts,
 * front.c (connections), inbox.c (what is shown), rooms.c (where), envelope.c
 * (what OMEMO 2 wraps it in), content.c (what goes into that), outbox.c (what
 * is sent), signal.c (receipts and typing states) and clear.c (what came in
 * clear).
 */
#ifndef CLIENT_FRONT_PRIVATE_H
#define CLIENT_FRONT_PRIVATE_H

#include <bsd/sys/queue.h>

#include "../../ipc/agent_client.h"
#include "../../ipc/connection.h"
#include "front.h"

#define INBOX_MAX   8192 /* handles queued; over it WAITING is asked again */
#define OUTBOX_MAX  LIMIT_OUTBOX
#define COMPOSE_MAX 32 /* COMPOSE requests without an answer */
#define CLEARS_MAX  64 /* messages in clear that the keeper is asked about */
#define REFUSALS    2 /* streams closed over one message; then it is given up */
#define RECENT_MAX  64 /* messages sent whose receipts are believed */
#define TYPING_S    60 /* seconds; an older typing state is not told */
#define RETRY_MS    300
#define RETRY_TIMES 40	 /* BUSY or RETRY in a row, then it is an error */
#define ROOMS_MAX   64	 /* rooms to be in, and domains that were asked about */
#define BUSY_MS	    5000 /* a message that cannot be opened yet is not given up */

struct incoming {
	STAILQ_ENTRY(incoming) entry;
	uint8_t handle[HANDLE_SIZE];
};

struct inbox {
	STAILQ_HEAD(, incoming) queue;
	size_t count;
	int active; /* a request about current runs */
	uint8_t current[HANDLE_SIZE];
	int overflow;	/* ask WAITING when the queue is empty */
	int asked;	/* the reply to WAITING is outstanding or has come */
	unsigned tries; /* BUSY in a row */
	struct timer *timer;
	struct front_key writer;     /* of the first of the queue */
	struct front_message opened; /* while its envelope is read */
};

struct front_envelope {			   /* what a parser has read */
	char from[JID_SIZE], to[JID_SIZE]; /* "": not there */
	int has_body, opt_out;
	const uint8_t *body;
	size_t len;
	char reason[LIMIT_REASON + 1];
	char replaces[LIMIT_STANZA_ID + 1], reply_to[LIMIT_STANZA_ID + 1];
	char received[LIMIT_STANZA_ID + 1];
	uint8_t state; /* enum typing */
	int asks;      /* for a receipt */
};

struct envelopes {
	struct connection *link; /* NULL: this front does not read */
	uint32_t last, asked;	 /* asked: 0: nothing is */
	unsigned deaths;
	struct buffer request;
};

enum outgoing_state { OUT_QUEUED, OUT_COMPOSING, OUT_COMPOSED };

struct outgoing {
	TAILQ_ENTRY(outgoing) entry;
	struct front *front;
	enum outgoing_state state;
	char id[LIMIT_STANZA_ID + 1];
	uint8_t handle[HANDLE_SIZE]; /* OUT_COMPOSED */
	struct buffer body;	     /* COMPOSE's, until it is composed */
	int dropped;		     /* given up while COMPOSE was on its way */
	char *to;		     /* owned */
	size_t kind_at; /* in body: to be written once it is known */
	int unknown;	/* it is not yet */
	unsigned tries;
	unsigned refusals; /* streams that it may have cost */
};

struct recent { /* who may say that it has been received */
	char id[LIMIT_STANZA_ID + 1];
	char to[JID_SIZE];
};

struct outbox {
	TAILQ_HEAD(, outgoing) list;
	size_t count, composing, discarding;
	struct timer *timer;
	struct recent recent[RECENT_MAX];
	size_t recent_at; /* the next to be written */
};

struct wanted { /* a room to be in, or that was left or has refused us */
	char room[JID_SIZE];
	int out;
	char nick[NICK_MAX + 1];
};

struct service { /* a domain that may have rooms */
	char domain[JID_SIZE];

	enum { SERVICE_ASKED, SERVICE_ROOMS, SERVICE_NONE } state;
};

struct front_rooms {
	size_t n, nservices;
	struct wanted v[ROOMS_MAX];
	struct service services[ROOMS_MAX];
};

struct front {
	struct loop *loop;
	const struct front_handler *handler;
	void *arg;
	struct front_config config;
	struct agent *agent;
	struct connection *link;
	int begun, locked_first; /* what HELLO said is told before events */
	int attached, online;
	unsigned clears; /* questions about messages in clear, unanswered */
	struct inbox inbox;
	struct outbox outbox;
	struct envelopes envelopes;
	struct front_rooms rooms;
};

/* A request's body, begun with the account; free it after agent_request. */
void front_body(
    const struct front *, struct buffer *, const uint8_t handle[HANDLE_SIZE]);
/* Send a request and free its body. */
void front_request(struct front *, uint8_t type, struct buffer *,
    void (*done)(void *arg, int err, struct reader *reply), void *arg);
/* done for requests whose answer changes nothing. */
void front_ignore(void *arg, int err, struct reader *reply);
void front_acknowledge(struct front *, const struct front_key *, uint8_t role);
/* BUSY and the like: worth another try in a moment. */
int front_is_passing(int err);

/* A message in clear came from there: say it, with the sender's policy. */
void clear_came(struct front *, const char *from, const char *room);

void rooms_online(struct front *);
void rooms_packet(struct front *, uint8_t type, struct reader *);
/* Of some addresses it is known now whether they are rooms. */
void outbox_known(struct front *);

void inbox_init(struct front *);
void inbox_clear(struct front *); /* locked, or the end */
void inbox_ask(struct front *);	  /* after attaching */
void inbox_add(struct front *, const uint8_t handle[HANDLE_SIZE]);

/* The envelope of the message that is shown next: why NULL: what it holds. */
void
inbox_envelope(struct front *, const struct front_envelope *, const char *why);

int envelopes_open(struct front *, int fd);
void envelopes_free(struct front *);
/* Have it read; inbox_envelope is called once, maybe at once. */
void envelope_read(struct front *, const struct front_message *);
/* Does it say what the keeper has recorded? NULL, and how far the message is
 * bound by it; or why not. */
const char *envelope_check(const struct front *, const struct front_envelope *,
    struct front_message *);

void outbox_init(struct front *);
void outbox_free(struct front *);
void outbox_attached(struct front *);
void outbox_online(struct front *);
/* Has this run sent that to this contact, not long ago? */
int outbox_is_recent(const struct front *, const char *id, const char *to);
/* A text in XML, and the element that says what it is about. */
void content_write(struct buffer *, enum front_about, const char *that,
    const uint8_t *text, size_t len);
/* "I have received that", "state": elements of their own. */
void content_receipt(struct buffer *, const char *that);
void content_typing(struct buffer *, const char *state);
/* A stanza id that nobody guesses. 0 or ERR_SYSTEM. */
int outbox_draw_id(char id[static FRONT_ID]);
/* If it may: the message that is shown now asks for a receipt. */
void signal_receipt(struct front *, const uint8_t handle[HANDLE_SIZE],
    const struct front_message *);
void signals_online(struct front *); /* what waited for that */
/* The agent has gone: report what it may not have. */
void outbox_gone(struct front *);
void outbox_readers(struct front *, const uint8_t handle[HANDLE_SIZE]);
void outbox_sent(struct front *, struct reader *);
void outbox_failed(struct front *, struct reader *);
/* NET_TOO_BIG: the second time it is not sent again. */
void outbox_too_big(struct front *, struct reader *);

#endif
