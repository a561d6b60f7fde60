/* SPDX-License-Identifier: ISC */
/*
 * The net's one structure and what its files ask of each other. xmpp-net is
 * one XMPP connection: it holds the account's password until the stream is
 * bound, never a key, never a plaintext. It trusts the keeper; it trusts the
 * server no further than to carry stanzas, and contacts not at all.
 */
#ifndef CLIENT_NET_NET_H
#define CLIENT_NET_NET_H

#include <stddef.h>
#include <stdint.h>

#include <bsd/sys/queue.h>
#include <strophe.h>

#include "../../agent/limits.h"
#include "../../ipc/agent_client.h"
#include "../../ipc/connection.h"
#include "../../ipc/err.h"
#include "../../ipc/loop.h"
#include "../../ipc/messages.h"
#include "memory.h"
#include "omemo_xml.h"

/* --- descriptors and exit codes: a contract with the starter ---------------- */
enum net_fd { NET_FD_FRONT = 3, NET_FD_KEEPER = 4, NET_FD_PASSWORD = 5 };

enum net_exit {
	NET_EXIT_QUIT = 0,   /* asked to */
	NET_EXIT_LOST = 1,   /* failed or lost: try again */
	NET_EXIT_FATAL = 2,  /* trying again cannot help */
	NET_EXIT_KEEPER = 3, /* the keeper is gone or locked */
};

#define NET_PORT 5222 /* the only one that the walls let through unasked */

/* --- maxima of this process --------------------------------------------------- */
#define NET_PASSWORD_MAX 1024 /* octets */
#define NET_IQ_MAX	 4096 /* iqs without an answer */
#define NET_IQ_TIMEOUT	 30   /* s; then the entity counts as unreachable */
#define NET_LOGIN_S	 90   /* s from connect to bound, else killed */
#define NET_PING_S	 60   /* s between pings */
#define NET_HELD	 256  /* live messages held during catch-up */
#define NET_INBOX	 1024 /* messages that the keeper has not answered */
#define NET_INBOX_OCTETS (16 * 1024 * 1024)
#define NET_WINDOW	 16    /* DECRYPT requests in flight */
#define NET_PAGE	 50    /* archive results a page */
#define NET_ROUNDS	 8     /* times NEED may be answered for a message */
#define NET_CLOSE_MS	 2000  /* ms for the stream's end */
#define NET_RECENT	 256   /* stanzas sent: for bounces and receipts */
#define NET_OTHERS	 64    /* listed devices whose bundles are looked at */
#define NET_STANZA_MS	 10000 /* a stream that ends so soon ended by it */
#define NET_STANZA	 (200 * 1024) /* octets, where the server names none */
#define NET_STANZA_SURE                                                        \
	10000 /* octets that each server takes (RFC 6120, 13.12) */

/* --- namespaces ------------------------------------------------------------------ */
#define NS_OMEMO_XML   "eu.siacs.conversations.axolotl"
#define NODE_LIST      NS_OMEMO_XML ".devicelist"
#define NODE_BUNDLE    NS_OMEMO_XML ".bundles:" /* and the device id */
#define NS_OMEMO2_XML  "urn:xmpp:omemo:2"
#define NODE_LIST2     NS_OMEMO2_XML ":devices"
#define NODE_BUNDLE2   NS_OMEMO2_XML ":bundles" /* an item for each device */
#define NS_SCE	       "urn:xmpp:sce:1"
#define NS_PUBSUB      "http://jabber.org/protocol/pubsub"
#define NS_PUBSUB_ERR  NS_PUBSUB "#errors"
#define NS_PUBSUB_EV   NS_PUBSUB "#event"
#define NS_PUBSUB_OWN  NS_PUBSUB "#owner"
#define NS_PUBSUB_CONF NS_PUBSUB "#node_config"
#define NS_PUBSUB_OPTS NS_PUBSUB "#publish-options"
#define NS_DATA	       "jabber:x:data"
#define NS_MAM	       "urn:xmpp:mam:2"
#define NS_RSM	       "http://jabber.org/protocol/rsm"
#define NS_SID	       "urn:xmpp:sid:0"
#define NS_CARBONS     "urn:xmpp:carbons:2"
#define NS_FORWARD     "urn:xmpp:forward:0"
#define NS_DELAY       "urn:xmpp:delay"
#define NS_EME	       "urn:xmpp:eme:0"
#define NS_HINTS       "urn:xmpp:hints"
#define NS_RECEIPTS    "urn:xmpp:receipts"
#define NS_PING	       "urn:xmpp:ping"
#define NS_TIME	       "urn:xmpp:time"
#define NS_CAPS	       "http://jabber.org/protocol/caps"

struct iqs;
struct inbox;
struct archive;
struct outgoing_list;
struct acks;
struct work_state;
struct inspection;
struct xml_labels;
struct slots;
struct rooms;

struct net {
	struct loop *loop;
	struct agent *keeper;
	struct buffer body; /* keeper_body */
	int keeper_lost;    /* closed() was called */
	struct connection *front;
	/* arguments, borrowed from argv */
	const char *account;
	const char *host;
	uint16_t port;
	const char *ca_file;
	int quiet; /* --no-presence: sends, but receives nothing */
	int looks; /* --inspect: does what the front asks, and no more */
	/* the stream (login.c) */
	struct memory memory;
	xmpp_mem_t mem;
	xmpp_log_t log;
	xmpp_ctx_t *ctx;
	xmpp_conn_t *conn;
	struct watch *watch;
	struct timer *tick, *ping;
	struct loop_deferred flush;
	int sock;
	int pumping;   /* libstrophe is being run */
	int bound;     /* the stream is bound */
	int fatal;     /* what ended it cannot be helped by trying again */
	char why[256]; /* what ended it, as far as it is known */
	/* the session (session.c) */
	char own[LIMIT_JID + 1];    /* own bare JID as the server gave it */
	char domain[LIMIT_JID + 1]; /* of the account */
	uint32_t device;	    /* 0: the account is gone, work is left */
	struct xml_devices ours;
	int attached;	   /* ATTACH_NET was answered */
	int online;	   /* NET_ONLINE was said */
	int has_sid;	   /* the server says that it checks <stanza-id/> */
	size_t stanza_max; /* octets that the server takes at once */
	uint8_t bundles,
	    lists; /* of our own, that were asked for: namespaces */
	/* the end */
	int exiting;
	int code;
	/* the parts */
	struct iqs *iqs;
	struct inbox *inbox;
	struct archive *archive;
	struct outgoing_list *outgoing;
	struct acks *acks;
	struct work_state *work;
	struct inspection *inspection;
	struct xml_labels *labels; /* of the own account's other devices */
	struct slots *slots;
	struct rooms *rooms;
};

/* main.c: leave in good order; the first call counts. */
void net_leave(struct net *, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The stream is bound: the login clock does not count any more. */
void net_logged_in(void);
/* The loop's end; for timers. */
void net_stop(void *net);
/* Leave at once, from where nothing may go on: a limit is exceeded. */
_Noreturn void net_die(struct net *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* --- front.c: events to the front ------------------------------------------------- */
int front_attach(struct net *, int fd);
void front_online(struct net *, const char *jid);
void front_offline(struct net *, const char *reason, int fatal);
void front_delivered(struct net *, const char *id);
void front_unencrypted(struct net *, const char *from, const char *room);
/* room: "": the account's own archive. */
void front_caught_up(struct net *, const char *room);
/* The server closed the stream at this one, as it seems. */
void
front_too_big(struct net *, const uint8_t handle[HANDLE_SIZE], size_t octets);
void front_no_slot(struct net *, const char *reason);
void front_notice(struct net *, const char *from, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* --- keeper.c: requests to the keeper -------------------------------------------- */
int keeper_attach(struct net *, int fd);
/* A body to fill; starts with the account. One request at a time is built. */
struct buffer *keeper_body(struct net *);
/*
 * Send what was built. done is called exactly once: err 0 and the reply, or
 * the error. Errors that mean the end of this connection (LOCKED, the keeper
 * gone) have ended it then.
 */
typedef void keeper_done(void *arg, int err, struct reader *reply);
void keeper_request(struct net *, uint8_t type, keeper_done *done, void *arg);
/* The text of that error for a person; valid until the next request. */
const char *keeper_why(struct net *, int err);
/* Nothing was changed, the same may be asked again later. */
int keeper_may_retry(int err);

/* --- login.c ------------------------------------------------------------------------- */
/* Set up libstrophe and connect to a numeric address; password is wiped. */
int login_start(struct net *, const char *address, char *password);
/* Send, and have the octets leave at the end of this turn. Takes stanza. */
void login_send(struct net *, xmpp_stanza_t *stanza);
/* Octets from the server wait to be read: a long stanza takes its time. */
int login_is_behind(const struct net *);
void login_close(struct net *);

/* --- resolve.c -------------------------------------------------------------------------- */
/*
 * Find where to connect: host and port as given, else the domain's SRV
 * record, else the domain itself and NET_PORT. A record with another port is
 * not followed (the walls stand already): the text says to give --port. address gets a numeric address.
 * 0, or ERR_NOT_FOUND with a text in why.
 */
int resolve(const char *domain, const char *host, uint16_t *port,
    char address[static 64], char *why, size_t whysize);

/* --- session.c ----------------------------------------------------------------------------- */
void session_start(struct net *); /* bound: attach, discover, begin */

/* --- iq.c --------------------------------------------------------------------------------------- */
/*
 * The answer to an iq: a result or an error from the entity that was asked,
 * or NULL: none came in time, or the stream ended.
 */
typedef void iq_done(struct net *, void *arg, xmpp_stanza_t *answer);
int iqs_new(struct net *);
/* Takes iq, gives it an id, sends it. done is called exactly once. */
void iq_send(struct net *, xmpp_stanza_t *iq, iq_done *done, void *arg);
/* Handle an incoming iq. */
void iq_receive(struct net *, xmpp_stanza_t *iq);
/* Is this answer an error with that condition (in the stanza error ns)? */
int iq_is_error(xmpp_stanza_t *answer);
/* The condition's name for a person: "item-not-found", "no answer". */
const char *iq_condition(xmpp_stanza_t *answer);

/* --- inbox.c: incoming messages ------------------------------------------------------------ */
int inbox_new(struct net *);
void inbox_receive(struct net *, xmpp_stanza_t *message);
/* --- outgoing.c ------------------------------------------------------------------------------- */
int outgoing_new(struct net *);
void outgoing_add(struct net *, const uint8_t handle[HANDLE_SIZE]);
void outgoing_ready(struct net *, const uint8_t handle[HANDLE_SIZE]);
/* Online: what was asked for before goes on. */
void outgoing_online(struct net *);
/* The server will not have what was sent: say which message that may be. said:
 * it named its policy; else the connection has just gone. */
void outgoing_refused(struct net *, int said);
/* An error stanza: ours? Then FAILED. 1 if it was. */
int outgoing_bounced(struct net *, xmpp_stanza_t *message);
/* A receipt from a contact to whom that id was sent. */
int outgoing_is_recent(struct net *, const char *id, const char *from);

/* --- ack.c --------------------------------------------------------------------------------------- */
typedef void ack_done(struct net *, void *arg, int err);
int acks_new(struct net *);
void acks_count(struct net *); /* one stanza was handed to the stream */
/* Send a stanza; done once the server has it (or the stream has ended). */
void ack_send(struct net *, xmpp_stanza_t *stanza, ack_done *done, void *arg);
/* An element of stream management. */
void acks_receive(struct net *, xmpp_stanza_t *sm);

/* --- room.c (room.h has the rest) -------------------------------------------------------------- */
int rooms_new(struct net *);

/* --- work.c ------------------------------------------------------------------------------------------ */
int work_new(struct net *);
void work_ask(struct net *);

/* --- inspect.c ----------------------------------------------------------------------------------- */
int inspection_new(struct net *);
/* Answered by events, the last of them NET_INSPECTED. */
int inspect(struct net *, uint8_t ns, uint32_t device);
int inspect_configure(struct net *, uint8_t ns, uint32_t device);

#endif
