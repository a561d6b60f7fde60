/* SPDX-License-Identifier: ISC */
/*
 * The keeper's one structure, its clients and requests. keeper.c owns the
 * connections; dispatch.c finds a request's handler by its type and calls it
 * with a body that has its layout; handlers live in vault_requests.c,
 * identity.c, trust.c, messages.c, devices.c, publication.c.
 */
#ifndef AGENT_KEEPER_H
#define AGENT_KEEPER_H

#include <stdint.h>

#include <bsd/sys/queue.h>

#include "../ipc/buffer.h"
#include "../ipc/connection.h"
#include "../ipc/err.h"
#include "../ipc/loop.h"
#include "../ipc/messages.h"
#include "forward.h"
#include "limits.h"
#include "log.h"
#include "records.h"
#include "told.h"
#include "vault.h"

/* Descriptors that the launcher gives the keeper, fixed. */
enum keeper_fd {
	KEEPER_FD_LISTEN = 3,	/* listening socket */
	KEEPER_FD_STORE = 4,	/* socketpair */
	KEEPER_FD_DERIVE = 5,	/* socketpair */
	KEEPER_FD_LAUNCHER = 6, /* socketpair */
	KEEPER_FD_ANSWER = 7, /* pipe: output of askpass or passphrase source */
	KEEPER_FD_PARSER = 8, /* socketpair */
	KEEPER_FD_FORWARD =
	    9, /* the second listening socket, if there is one */
};

struct client {
	TAILQ_ENTRY(client) entry;
	struct keeper *keeper;
	struct connection *conn;
	uint32_t pid, uid;
	uint32_t used, used_device, used_rights; /* log_notes.c */
	uint32_t rights;			 /* as they are now */
	uint32_t ceiling; /* RESTRICT's: ELEVATE never passes it */
	int hello;
	int restricted; /* has said RESTRICT: for good */
	int closing;	/* as soon as its last answer is written */
	struct loop_deferred end;
	char name[LIMIT_CLIENT_NAME + 1]; /* "" until RESTRICT */
	char (*accounts)[LIMIT_JID + 1];  /* RESTRICT's; NULL: all */
	size_t naccounts;
	unsigned pending; /* requests without an answer */
	char *attached;	  /* account of ATTACH_FRONT or ATTACH_NET, or NULL */
	char *confirmed;  /* account that a person has let it use, or NULL */
	int forwarded;	  /* came in by the forwarded socket */
	int is_net, is_front;
	int carries_text; /* waiting output holds plaintext: closed by lock */
	struct requests *requests;
	struct net *net; /* attached net: publication.c's, or NULL */
};

TAILQ_HEAD(clients, client);

struct keeper {
	struct loop *loop;
	struct records *records;
	struct vault *vault;
	struct clients clients;
	unsigned nclients;
	struct connection *store, *derive, *launcher, *parser;
	struct ask *ask; /* ask.c: one question at a time */
	struct watch *listen;
	struct forward forward;
	struct timer *life;	   /* -t: lock then */
	struct timer *idle;	   /* -i: unused for so long? */
	uint64_t used;		   /* loop_now(), by a person */
	struct timer *reseal;	   /* older epochs, in idle time */
	struct timer *late;	   /* a lock that the store keeps waiting */
	uint64_t life_ms, idle_ms; /* 0: no limit */
	size_t left;		   /* of older epochs, at the last step */
	uint32_t uid;		   /* ours, and every client's */
	int locking;		   /* requests read before are being finished */
	int handled;		   /* requests in this turn */
	struct accounts *accounts; /* identity.c: caches that lock forgets */
	struct log log;
	struct told_asked told; /* what the parser was asked */
	struct move *move;	/* the export or import that goes on */
};

/*
 * One request, on the heap, until it is answered exactly once. When its
 * client goes away first, client becomes NULL and the answer is dropped.
 */
struct request {
	TAILQ_ENTRY(request) entry;
	struct keeper *keeper;
	struct client *client;
	const struct message *message;
	uint32_t id;
	uint32_t pid;		 /* the client's, also when it has gone */
	struct reader body;	 /* valid in the handler only, unless kept */
	struct reader whole;	 /* the body as it came, in the handler only */
	struct confirm *confirm; /* waits for a person, or NULL */
	int confirmed;		 /* a person has said yes to this one */
	uint8_t *copy;		 /* request_keep's copy of the body; wiped */
	size_t copylen;
	struct buffer reply; /* what request_done will send */
	int err;	     /* what request_durable will send instead */
	char text[256];
};

/* Keep the body past the handler: body then reads from a wiped copy. */
int request_keep(struct request *);
/* Answer now. request_fail's text says what was wrong; both free r. */
void request_done(struct request *r);
void request_fail(struct request *r, int err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/*
 * Answer r->reply (or r->err) once everything committed so far is durable;
 * ERR_RETRY if that commit is refused. Every handler that reads or writes
 * records ends in this one: no answer runs ahead of the disk.
 */
void request_durable(struct request *r);

/* Send an event to one client, if it has the right and is attached. */
void client_event(struct client *, uint8_t type, const struct buffer *body);
/* To all attached fronts (nets) of an account. */
void keeper_event_fronts(struct keeper *, const char *account, uint8_t type,
    const struct buffer *body);
void keeper_event_nets(struct keeper *, const char *account, uint8_t type,
    const struct buffer *body);
int client_is_attached(const struct client *, const char *account);
/* May this client speak for the account? */
int client_has_account(const struct client *, const char *account);

/*
 * dispatch.c: check HELLO, lock, right and layout from the request's row of
 * the table, then call its handler. Answers exactly once, now or later.
 */
void dispatch(struct request *);
/* Is there a handler for this type? (A test asks for every row.) */
int dispatch_has(uint8_t type);
/* A client is going: forget what its attachment held (attach.c). */
void client_gone(struct client *);
/* One handler of the table in dispatch.c; answers r exactly once. */
typedef void handler(struct request *r);

/* called by vault and keeper around locking */
void keeper_unlocked(struct keeper *); /* caches may be filled */
void keeper_lock(struct keeper *);
/* A request of this type and right: the idle time may begin anew. */
void
keeper_used(struct keeper *, uint8_t type, uint32_t right); /* begin to lock */
void keeper_quit(struct keeper *); /* end the agent after this turn */

/* ask.c: run the passphrase source or askpass through the launcher. */
#define ASK_MS (120 * 1000) /* a prompt that nobody answers is a no */
struct ask;
typedef void ask_done(void *arg, int err, const char *answer, size_t len);
/* prompt names the asking pid. ERR_BUSY: another question is open. */
void ask_question(struct keeper *, int kind, uint32_t pid, const char *prompt,
    ask_done *, void *arg);
int ask_is_open(const struct keeper *);
/* The open question is taken back: end askpass. Its answer is no no. */
void ask_end_now(struct keeper *);
/* Words for an error of ask_question: no askpass, no answer, or otherwise. */
const char *ask_why(const struct keeper *, int err, const char *otherwise);
/* Somebody has proved a secret: an earlier no is over. */
void ask_again(struct keeper *);

/*
 * The role's main; xmpp-agent -x keeper. life: seconds from unlock to lock,
 * idle: from the last use to lock, 0:
 * none. forward: forward.h's, NULL: none. Exit status: 1 start anew, 2 starting
 * again cannot help, 3 QUIT.
 */
int keeper_main(uint64_t life, uint64_t idle, const char *forward);

#endif
