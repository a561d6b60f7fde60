/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key: a table of verbs, one file each.
 */
#ifndef CLIENT_KEY_KEY_H
#define CLIENT_KEY_KEY_H

#include <stdint.h>

#include "../../ipc/agent_client.h"
#include "../../ipc/err.h"
#include "../common/fail.h"
#include "../common/fingerprint.h"
#include "../common/jid.h"
#include "../common/options.h"

struct key {
	struct options options;
	struct agent *agent; /* connected; rights as the verb's row says */
	int argc;	     /* operands behind the verb */
	char **argv;
	char jid[JID_SIZE];  /* the first operand, where the verb has one */
	char peer[JID_SIZE]; /* the second, the same */
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
int key_publish(struct key *);
int key_adopt(struct key *);
int key_reset(struct key *);
int key_constrain(struct key *);
int key_slots(struct key *);
int key_passwd(struct key *);

/* --- what the verbs share (secret.c, account.c, call.c) --- */

/* The vault's passphrase (or, with --recovery, its code): from the options, the terminal,
 * or (method SECRET_ASK, *p empty) for the agent to ask. twice: a new one.
 * 0 or an error that has been printed. */
int key_secret(struct key *, int twice, uint8_t *method, struct password *p);
/* Put method and secret into a body, as ELEVATE, UNLOCK, VAULT_CREATE have it. */
void key_put_secret(struct buffer *, uint8_t method, const struct password *);
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
};

/* fn for each account, non-zero stops; 0, or the exit code (printed). */
int key_each_account(
    struct key *, void (*fn)(void *arg, const struct key_account *), void *arg);
/* The row of key->jid. 0, or the exit code after an error line. */
int key_find_account(struct key *, struct key_account *);

struct key_status { /* STATUS, without its lists */
	uint8_t locked, vault;
	uint8_t doubt; /* enum doubt */
	uint32_t accounts;
	uint64_t records;
};

/* *rest then reads the lists (clients, walls). */
int key_get_status(struct key *, struct key_status *, struct reader *rest);

#endif
