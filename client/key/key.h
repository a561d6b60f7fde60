/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key: a table of verbs, one file each.
 */
#ifndef CLIENT_KEY_KEY_H
#define CLIENT_KEY_KEY_H

#include <jansson.h>
#include <stdint.h>

#include "../../ipc/agent_client.h"
#include "../../ipc/err.h"
#include "../common/fail.h"
#include "../common/fingerprint.h"
#include "../common/jid.h"
#include "../common/options.h"

struct verb;

struct key {
	struct options options;
	struct agent *agent; /* connected; rights as the verb's row says */
	int argc;	     /* operands behind the verb */
	char **argv;
	char jid[JID_SIZE];  /* the first operand, where the verb has one */
	char peer[JID_SIZE]; /* the second, the same */
	struct password password; /* the account's, once it was asked for */
	const struct verb *verbs; /* all of them, for help */
	size_t nverbs;
};

struct verb {
	const char *name;
	int (*run)(struct key *); /* the exit code */
	const char *usage;	  /* operands */
	const char *what;
	int jids;	 /* leading operands that are bare JIDs: 0 to 2 */
	int least, most; /* operands */
	uint32_t rights; /* beside info: what ELEVATE will be asked for */
};

#define VERB_ALONE (1U << 31) /* rights: the agent is not asked at all */

int key_create(struct key *);
int key_list(struct key *);
int key_show(struct key *);
int key_fingerprint(struct key *);
int key_lock(struct key *);
int key_unlock(struct key *);
int key_status(struct key *);
int key_peers(struct key *);
int key_policy(struct key *);
int key_trust(struct key *);
int key_distrust(struct key *);
int key_verify(struct key *);
int key_publish(struct key *);
int key_doctor(struct key *);
int key_help(struct key *);
int key_adopt(struct key *);
int key_reset(struct key *);
int key_label(struct key *);
int key_constrain(struct key *);
int key_slots(struct key *);
int key_passwd(struct key *);
int key_log(struct key *);
int key_export(struct key *);
int key_import(struct key *);
int key_rotate(struct key *);
int key_revoke(struct key *);

/* --- what the verbs share (secret.c, account.c, call.c) --- */

/* The vault's passphrase (or, with --recovery, its code): from the options, the terminal,
 * or (method SECRET_ASK, *p empty) for the agent to ask. twice: a new one.
 * 0 or an error that has been printed. */
int key_secret(struct key *, int twice, uint8_t *method, struct password *p);
/* Put method and secret into a body, as ELEVATE, UNLOCK, VAULT_CREATE have it. */
void key_put_secret(struct buffer *, uint8_t method, const struct password *);
/* VAULT_CREATE with this secret, which the caller frees; recovery gets the
 * code. 0, or the exit code after an error line. */
#define RECOVERY_MAX 256
int key_make_vault(struct key *, uint8_t method, const struct password *,
    char recovery[static RECOVERY_MAX]);
/* Unless it is empty, or for --json. */
void key_print_recovery(const struct key *, const char *recovery);
/* ELEVATE. 0, or the exit code after an error line. */
int key_elevate(struct key *, uint32_t rights);
/* agent_call; frees the body (NULL: empty); 0, or the exit code after an
 * error line with what in its middle. */
int key_call(struct key *, uint8_t type, struct buffer *body,
    struct reader *reply, const char *what);
/* A body that begins with the account. */
void key_body(struct key *, struct buffer *);

struct key_account { /* a row of LIST */
	char jid[JID_SIZE];
	uint8_t fingerprint[FINGERPRINT_SIZE];
	uint32_t device, nets, window;
	uint8_t due;
	uint32_t lifetime, left;	  /* seconds */
	uint8_t over;			  /* locked, alone, until unlock */
	uint8_t confirm;		  /* enum confirm_when */
	uint64_t open_rate, decrypt_rate; /* uses << 32 | seconds */
	uint32_t stale;			  /* seconds; 0: never */
	uint8_t trust_messages;		  /* are sent and applied */
};

/* constraints.c: what constrains an account, for people and for programs. */
void key_constraints_print(const struct key_account *);
json_t *key_constraints_json(const struct key_account *);

/* fn for each account, non-zero stops; 0, or the exit code (printed). */
int key_each_account(
    struct key *, void (*fn)(void *arg, const struct key_account *), void *arg);
/* The row of key->jid. 0, or the exit code after an error line. */
int key_find_account(struct key *, struct key_account *);

struct key_row { /* a row of PEERS; device 0: a policy, and no key yet */
	char peer[JID_SIZE];
	uint8_t fingerprint[FINGERPRINT_SIZE];
	uint32_t device;
	uint8_t policy, require, trust, listed, reader, shown, retired;
	uint8_t stale; /* no reader: not heard from for long */
	uint8_t told;  /* trust is the word of another device */
};

/* fn for each key of peer ("": of everyone); 0, or the exit code (printed). */
int key_each_row(struct key *, const char *peer,
    void (*fn)(void *arg, const struct key_row *), void *arg);

struct key_duty { /* a row of DUTIES */
	char jid[JID_SIZE];
	uint32_t device, nets;
	uint8_t left, gone;
};

#define DUTY_WORDS 64 /* octets */
/* fn for each duty; 0, or the exit code (printed). */
int key_each_duty(
    struct key *, void (*fn)(void *arg, const struct key_duty *), void *arg);
/* Those of key->jid, added to *n. */
int key_count_duties(struct key *, int *n);
/* What is left of it: "device list, bundle, to be read back". */
const char *duty_words(uint8_t left, char out[static DUTY_WORDS]);

/* serve.c: wait until nothing is left that needs the server. */
struct serve_config {
	int (*left)(struct key *, int *n);	/* 0, or the exit code */
	int (*nets)(struct key *, unsigned *n); /* that are there */
	const char *not_yet, *done;		/* for a person */
};

int key_serve(struct key *, const struct serve_config *);

struct key_status { /* STATUS, without its lists */
	uint8_t locked, vault;
	uint8_t doubt; /* enum doubt */
	uint32_t accounts;
	uint64_t records;
};

/* *rest then reads the lists (clients, walls). */
int key_get_status(struct key *, struct key_status *, struct reader *rest);

#endif
