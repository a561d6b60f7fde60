/* SPDX-License-Identifier: ISC */
/*
 * An account as the handlers see it: its sealed record (identity, settings),
 * and a cache of what the records say (index of messages, outbox and work),
 * which lock forgets and a refused commit makes stale. Runs in the keeper.
 */
#ifndef AGENT_ACCOUNT_H
#define AGENT_ACCOUNT_H

#include "keeper.h"
#include "omemo/omemo.h"

/* Device ids of ours that leave the account's list. */
enum withdraw {
	WITHDRAW_ONCE = 1, /* another copy of the state may still live by it */
	WITHDRAW_FOR_GOOD, /* whenever it is seen there */
};

struct withdrawn {
	uint32_t id;
	uint8_t kind;
};

/* A device of ours that was replaced: what was encrypted to it before its
 * contacts knew can still be read (retired.c); nothing is sent from it. */
struct retired {
	uint32_t id;
	uint8_t u[32];
	uint64_t since; /* real time, seconds */
};

/* Two bits a namespace; the names stand for all of them. */
#define DUE_DEVICES   0x05 /* the device list is to be published */
#define DUE_BUNDLE    0x0a /* the bundle is to be published */
#define DUE_IN(ns)    ((uint8_t)(3U << 2 * (ns)))
#define NAMESPACES    ((uint8_t)OMEMO_PROFILES)
#define COMPARED_ALL  ((1U << OMEMO_PROFILES) - 1)
#define NAMESPACE(ns) ((uint8_t)(1U << (ns)))

enum rates { RATE_OPEN, RATE_DECRYPT, RATES };

/* What the identity may be used for (CONSTRAIN). */
struct limits {
	uint32_t lifetime; /* seconds from unlock; 0: none of its own */
	uint8_t confirm;   /* enum confirm_when */
	uint32_t stale;	   /* seconds; 0: devices never are */

	struct rate {
		uint32_t uses; /* 0: no limit */
		uint32_t seconds;
	} rate[RATES];
};

/* The ACCOUNT record, opened; secure heap. */
struct account_record {
	struct omemo_identity identity;
	uint8_t handle_key[32]; /* handles are HMACs under it */
	uint32_t device;
	uint64_t created; /* real time, seconds */
	uint8_t others;	  /* what becomes of devices on the first list */
	uint8_t own_read; /* the own list has been read once (namespaces) */
	uint8_t due;	  /* DUE_… */
	uint8_t doubt;	  /* DOUBT_SERVER: until adopt */
	uint8_t ours; /* the bundle on the server is this state's (the same) */
	uint32_t window; /* seconds a message stays; 0: until first opened */
	uint8_t silent;	 /* trust messages are neither sent nor applied */
	struct limits limits;
	char label[LIMIT_LABEL + 1]; /* of this device; "": none */
	uint32_t nwithdrawn;
	struct withdrawn withdrawn[LIMIT_WITHDRAWN]; /* oldest first */
};

struct indexed { /* a message or a composed one, in order of seq */
	uint8_t handle[HANDLE_SIZE];
	uint64_t seq;
	uint64_t time; /* real time, seconds */
	uint32_t len;  /* octets of its text */
	uint8_t fixed; /* outbox: its octets are; message: enum seen, or 0 */
};

struct index {
	struct indexed *v; /* ascending seq */
	size_t n, cap;
	size_t gap;	 /* entries' room before v */
	uint64_t octets; /* sum of len */
	/* by handle: open addressing, the seq of an entry in each slot */
	uint64_t *slots;
	size_t nslots, used; /* a power of two; not empty */
};

struct work_item { /* an empty message that is to be sent */
	TAILQ_ENTRY(work_item) entry;
	uint64_t seq;
	uint8_t ns;
	uint8_t fresh; /* with a new session, though there is one */
	uint8_t tell;  /* it is no empty one, but a trust message */
	uint32_t device;
	char *to;
	struct client *holder; /* the net that is doing it, or NULL */
	uint64_t until;	       /* loop_now() at which it is another's */
};

TAILQ_HEAD(work_items, work_item);

struct told_item { /* a trust message that may count one day */
	TAILQ_ENTRY(told_item) entry;
	uint64_t seq;
	char *sender;
	char *to; /* who its envelope has to name */
	uint32_t device;
	uint8_t u[32]; /* the key that wrote it */
	uint8_t stranger;
};

TAILQ_HEAD(told_items, told_item);

struct wait { /* a handle whose ENCRYPT answered WAIT */
	TAILQ_ENTRY(wait) entry;
	uint8_t handle[HANDLE_SIZE];
};

TAILQ_HEAD(waits, wait);

struct publication { /* one of the things that PEP has of us */
	struct client *holder;
	uint64_t until;
	uint64_t serial; /* changes whenever it becomes due */
};

struct account {
	TAILQ_ENTRY(account) entry;
	char *jid;
	uint32_t device;
	uint8_t u[32];
	uint8_t due;
	uint8_t doubt;	     /* the record's */
	uint32_t nwithdrawn; /* the record's */
	struct withdrawn withdrawn[LIMIT_WITHDRAWN];
	uint32_t nretired;
	struct retired retired[LIMIT_RETIRED]; /* oldest first */
	/* loop_now() when a withdrawn device came back, how often in a row */
	uint64_t returned[OMEMO_PROFILES];
	unsigned returns[OMEMO_PROFILES];
	uint32_t window;      /* the record's */
	uint8_t silent;	      /* the record's */
	struct limits limits; /* the record's */
	uint64_t unlocked;    /* loop_now() */
	uint64_t until;	      /* loop_now() at which its life ends; 0: never */

	struct life { /* use.c: tell then */
		struct timer *timer;
		struct keeper *keeper;
		struct account *account;
	} life;

	struct used { /* use.c */
		uint64_t level, at;
	} used[RATES];

	uint8_t compared; /* with the server, since unlock, or need not be
			   * (namespaces) */
	uint64_t created;
	struct index messages, outbox;
	struct work_items work;
	size_t nwork;
	struct told_items told; /* trust messages that wait (told.h) */
	size_t ntold;
	uint64_t kept; /* message keys in SKIPPED records */
	struct publication devices[OMEMO_PROFILES], bundle[OMEMO_PROFILES];
	struct waits waits;
	size_t nwaits;
};

TAILQ_HEAD(account_list, account);

struct duty;
TAILQ_HEAD(duties, duty);

struct bundles;
struct confirm;

TAILQ_HEAD(confirms, confirm);

struct accounts {
	struct account_list list;
	size_t n;
	struct duties duties; /* what servers still have to drop */
	size_t nduties;
	int orphans; /* records of an account that was being destroyed */
	struct ending *ending; /* revoke.c: a destruction that runs, or NULL */
	int stale;	     /* a commit was refused: read the records again */
	uint64_t seq;	     /* the last one given out */
	struct timer *purge; /* purge.c */
	struct timer *handing; /* work.c: the next item to change hands */
	struct bundles *bundles;
	struct confirms confirms; /* confirm.c: requests that wait for a yes */
	struct confirm *asking;	  /* whose question is open */
	size_t nconfirms;
};

/* Fill k->accounts from the records; 0 or an error. */
int accounts_load(struct keeper *);
/* Wipe and free it, timers too; attachments end. NULL contents allowed. */
void accounts_forget(struct keeper *);
/* NULL: no such account. Reads again what a refused commit made stale. */
struct account *account_find(struct keeper *, const char *jid);
/* A new account in the cache (its record is staged by the caller). */
struct account *account_add(struct keeper *, const char *jid);
/* Out of the cache: its records are gone (staged). Its clients' connections
 * end, but that of who asked for it. */
void account_drop(struct keeper *, struct account *, const struct client *by);
uint64_t account_seq(struct keeper *); /* ever ascending */

/*
 * The account that a request speaks of. NULL: r has been answered (ACCOUNT:
 * not this connection's; NOT_FOUND; ARGUMENT: not attached to it as a net).
 */
struct account *request_account(struct request *, const char *jid);
struct account *request_net(struct request *, const char *jid);
/* The same two, for what uses sessions: also DOUBT. */
struct account *request_account_sure(struct request *, const char *jid);
struct account *request_net_sure(struct request *, const char *jid);

/* use.c: take limits over; a lifetime that is another begins at from. */
/* constrain.c: 0 or ERR_ARGUMENT */
int limits_check(const struct limits *);
void use_limit(
    struct keeper *, struct account *, const struct limits *, uint64_t from);
/* Is its life over? Until the next unlock. */
int use_is_over(const struct account *);
/* Is any account's? */
int use_any_over(const struct keeper *);
/* The passphrase was given: all live again. */
void use_renew(struct keeper *);
/* 0, or ERR_BUSY and in why when to come again. */
int use_check(const struct account *, enum rates, char *why, size_t size);
void use_count(struct account *, enum rates);

/*
 * confirm.c: must a person say yes first? Then r is taken, waits, and is
 * dispatched anew or refused; its transaction must be given up. what: what it
 * wants, for the prompt.
 */
int confirm_use(struct request *, const struct account *, const char *what);
/* The same, for what is not worth a question: would there be one? */
int confirm_is_wanted(const struct request *, const struct account *);
void confirm_forget(struct keeper *); /* lock: all are refused */

/* The first namespace whose own bundle was not compared yet, or -1. */
int account_to_compare(const struct account *);

/* adopt.c: why an account's sessions, or any's, are not used (enum doubt). */
uint8_t account_doubt(struct keeper *, const struct account *);
uint8_t accounts_doubt(struct keeper *);

/* The record, into *out (secure heap; account_release). 0 or an error. */
int account_open(struct txn *, const char *jid, struct account_record **out);
int account_put(struct txn *, const char *jid, const struct account_record *);
void account_release(struct account_record *);
int account_unpack(const uint8_t *, size_t len, struct account_record *);
#define ACCOUNT_PACKED_MAX 512
void account_pack(const struct account_record *, struct buffer *);
/* What the cache has of a record, all of it. */
void
account_note(struct keeper *, struct account *, const struct account_record *);
/* Set due bits in record and cache; the caller sends EVENT_WORK. */
int
account_set_due(struct keeper *, struct txn *, struct account *, uint8_t due);
/* The same in the cache alone: the caller has put the record. */
void account_note_due(struct keeper *, struct account *, uint8_t due);

void account_note_withdrawn(struct account *, const struct account_record *);

/* HMAC of label and parts under the handle key. */
struct iovec_const;
int account_handle(const struct account_record *, const char *label,
    const struct iovec_const *v, size_t n, uint8_t handle[HANDLE_SIZE]);

/* index.c */
struct indexed *index_find(const struct index *, const uint8_t *handle);
/* Where the entries begin whose seq is above this one. */
size_t index_above(const struct index *, uint64_t seq);
/* Room for one more is made first, so that adding cannot fail. */
int index_reserve(struct index *);
void index_add(struct index *, const struct indexed *);
void index_remove(struct index *, const uint8_t *handle);
void index_free(struct index *);
int index_sort(struct index *); /* 0 or ERR_MEMORY */

/*
 * Commit, answer r when it is durable; a refused commit makes the cache
 * stale. Every handler that opened a transaction and succeeded ends here.
 */
void request_commit(struct request *, struct txn *);
/* Commit outside a request (timers). */
void keeper_commit(struct keeper *, struct txn *);
/* Abort and answer with an error of the handler's making. */
void request_abort(struct request *, struct txn *, int err, const char *what);

/* An event once everything committed so far is durable; not if refused. */
enum audience { TO_FRONTS, TO_NETS };

void event_after(struct keeper *, enum audience, const char *account,
    uint8_t type, const struct buffer *body);
/* The usual body: account, handle. */
void event_handle(struct keeper *, enum audience, const char *account,
    uint8_t type, const uint8_t handle[HANDLE_SIZE]);

uint64_t clock_real(void); /* seconds since 1970 */

struct secret;
/* A buffer over secure memory of a fixed size: never buffer_free it. */
void buffer_over(struct buffer *, struct secret *);

#endif
