/* SPDX-License-Identifier: ISC */
/*
 * The options that xmpp-chat, xmpp-send and xmpp-key share. A secret is never
 * an argument: only where it is to be had.
 */
#ifndef CLIENT_COMMON_OPTIONS_H
#define CLIENT_COMMON_OPTIONS_H

#include <stdint.h>

#include "../../agent/limits.h"
#include "accounts.h"
#include "password.h"

#define OPTION_UNSET	UINT64_MAX
#define TIMEOUT_DEFAULT 60 /* seconds */

struct options { /* NULL or 0: not given */
	const char *host;
	uint16_t port;
	const char *ca_file;
	const char *password_file, *password_command;
	const char *passphrase_file, *passphrase_command;
	char name[LIMIT_CLIENT_NAME + 1];
	int json;
	int no_receipts, no_typing; /* xmpp-chat: tell nobody */
	int timeout;	     /* xmpp-send, xmpp-key: seconds without progress */
	const char *to_file; /* xmpp-send: more recipients, one a line */
	const char *file;    /* xmpp-send: instead of a text */
	int others;	     /* xmpp-key create: enum others, -1: not said */
	const char *new_passphrase_file, *new_key_file; /* xmpp-key slots */
	int new_recovery;				/* the same */
	int slot;     /* xmpp-key passwd: 1 to 255; 0: not said */
	int qr, uri;  /* xmpp-key fingerprint: how it is shown */
	int recovery; /* xmpp-key: the secret is the recovery code */
	/* xmpp-key constrain: seconds, enum confirm_when, uses << 32 | seconds;
	 * or OPTION_UNSET */
	uint64_t window, lifetime, confirm, open_rate, decrypt_rate, stale;
	uint64_t trust_messages;
	int verify;	 /* xmpp-key log */
	int fix;	 /* xmpp-key doctor: mend what can be */
	int identity;	 /* xmpp-key rotate: the identity key too */
	int yes;	 /* xmpp-key revoke: do not ask */
	uint32_t device; /* xmpp-key revoke: 1 to 2^31-1; 0: not said */
	int adopt;	 /* xmpp-key adopt: enum adopt, -1: not said */
	int force;	 /* xmpp-key export: over a file that is there */
	const char *export_passphrase_file; /* xmpp-key import */
	int export_recovery;		    /* the same: it is the code */
	struct account account;		    /* what options_account read */
};

enum options_who { OPTIONS_CHAT = 1, OPTIONS_SEND = 2, OPTIONS_KEY = 4 };

/*
 * Parse argv, options and operands in any order. Returns the index of the
 * first operand (operands are moved behind the options), or -1 after an error
 * line. --help and --version print and exit. usage is the text of --help.
 */
int options_parse(struct options *, enum options_who, int argc, char **argv,
    const char *usage);
/*
 * Read the account's section of the accounts file; what the command line gave
 * comes first. host, port and ca_file are then what is to be used. 0 or an
 * error that has been printed.
 */
int options_account(struct options *, const char *jid);
/* The account's password: options, accounts file, terminal. */
int
options_password(const struct options *, const char *jid, struct password *);
/*
 * The name under which the keeper remembers what this client has shown:
 * --name, else the terminal's, else fallback. Sets o->name.
 */
void options_name(struct options *, const char *fallback);

#endif
