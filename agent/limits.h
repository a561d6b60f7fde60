/* SPDX-License-Identifier: ISC */
/*
 * THE maxima: every quantity that a peer, a server or a client controls, with
 * its reason. A test passes each by one.
 */
#ifndef AGENT_LIMITS_H
#define AGENT_LIMITS_H

/* --- connections --- */
#define LIMIT_CLIENTS	   128 /* 64 clients at once, each a front and a net */
#define LIMIT_PIPELINE	   256 /* unanswered requests of one connection */
#define LIMIT_CLIENT_NAME  64  /* octets of a client's name */
#define LIMIT_CLIENT_NAMES 64  /* named clients remembered per account */
/* --- names --- */
#define LIMIT_JID                                                              \
	3071 /* RFC 7622: 1023 localpart, domain, resource, two marks */
#define LIMIT_STANZA_ID                                                        \
	256		  /* ids are ours or a UUID; some servers are longer */
#define LIMIT_ACCOUNTS 64 /* identities in one agent */
/* --- keys --- */
#ifndef LIMIT_DEVICES	 /* the bench's own build has more */
#define LIMIT_DEVICES 32 /* devices kept per contact */
#endif
#define LIMIT_PEERS 4096 /* contacts kept per account */
#define LIMIT_LIST_IDS                                                         \
	8192 /* ids in one device list handed in (most ignored) */
#define LIMIT_BUNDLE_PREKEYS 512 /* one-time prekeys in one bundle handed in */
#define LIMIT_PREKEYS	     100 /* one-time prekeys that we publish */
#define LIMIT_BUNDLES	     256 /* bundles handed in and not used yet, all accounts */
#define LIMIT_STRANGERS	     256 /* sessions with those never written to */
#define LIMIT_KEX_DIGESTS    4096 /* key exchanges remembered per signed prekey */
#define LIMIT_WITHDRAWN	     16	  /* device ids of ours that we gave up */
#define LIMIT_RETIRED                                                          \
	4 /* replaced devices that still receive; then the oldest goes */
#define LIMIT_DUTIES                                                           \
	64 /* devices that a server still has to drop; then no new ones */
#define STRANGERS_SHARE 4 /* they fill at most this part of what all share */
/* --- ratchets --- */
#define LIMIT_SKIP	   1000 /* messages skipped at once, and keys per session */
#define LIMIT_SKIP_ACCOUNT 50000 /* kept message keys per account */
#define LIMIT_STATES	   5	 /* archived states per session */
#define LIMIT_CHAINS	   5	 /* receiving chains per state */
#define LIMIT_RATCHET_KEYS 1000 /* remote ratchet keys remembered per session */
#define LIMIT_KEY_ELEMENT  2048 /* octets of one <key>'s content */
#define LIMIT_KEY_ELEMENTS 32 /* <key> elements for our device in one stanza */
/* --- messages --- */
#define LIMIT_TEXT (64 * 1024) /* octets of a composed or received text */
#define LIMIT_ENVELOPE                                                         \
	(LIMIT_TEXT + 8192) /* a text in OMEMO 2's envelope: JIDs, padding */
#define LIMIT_OUTBOX	    1024 /* composed, not acknowledged, per account */
#define LIMIT_WAITING	    4096 /* messages kept for clients, per account */
#define LIMIT_WAITING_BYTES (16 * 1024 * 1024) /* the same, in octets of text */
#define LIMIT_WAITS	    1024 /* handles of an account that wait for READERS */
#define LIMIT_REASON	    200 /* octets of a reason that a net gives, passed on */
#define LIMIT_WORK	    512		 /* work items waiting per account */
#define LIMIT_WINDOW	    (31 * 86400) /* seconds a message stays for siblings */
#define WINDOW_DEFAULT	    86400
/* --- trust messages --- */
#define LIMIT_TOLD 64 /* that wait for their sender's key, per account */
#define LIMIT_TOLD_DEVICE                                                      \
	16 /* of these, of one sender's key: a newcomer is told of LIMIT_WORK  \
	      keys in LIMIT_WORK / LIMIT_TELL_KEYS, and of decisions after */
#define LIMIT_TOLD_ENVELOPE (32 * 1024) /* octets of one; longer: not kept */
#define LIMIT_TOLD_KEYS	    256		/* keys that one may speak of */
#define LIMIT_WORDS	    32 /* per contact, of keys not seen yet; oldest goes */
#define LIMIT_TELL_KEYS	    64 /* keys in one that we send */
/* --- log --- */
#define LIMIT_LOG	 10000 /* entries kept */
#define LIMIT_LOG_HOUR	 24    /* that need no secret: all of them in 17 days */
#define LIMIT_LOG_NAME	 4     /* uses under one client's name in an hour */
#define LIMIT_LOG_DETAIL 512   /* octets; a fingerprint, and most of a JID */
/* --- use of an identity --- */
#define LIMIT_LIFETIME	(31 * 86400) /* seconds, from unlock */
#define LIMIT_RATE_USES 1000000 /* with LIMIT_RATE_TIME its sums fit 64 bits */
#define LIMIT_RATE_TIME (31 * 86400) /* seconds */
#define LIMIT_CONFIRMS	64 /* requests that wait for askpass, each to 64 KiB */
/* --- vault --- */
#define LIMIT_PASSPHRASE       1024 /* octets */
#define LIMIT_SLOTS	       8
#define LIMIT_SCRYPT_LOG2N_MIN 15
#define LIMIT_SCRYPT_LOG2N_MAX                                                 \
	20 /* 1 GiB with r=8: the ceiling for a slot read back */
#define LIMIT_PENALTY_S 30 /* longest wait after wrong passphrases */
/* --- moving --- */
#define LIMIT_EXPORT_PARTS                                                     \
	512 /* 32 MiB: 4,096 contacts with 32 devices and the longest name     \
	       each need 345 */
#define EXPORT_PART (64 * 1024) /* octets of one part, opened */
/* --- memory --- */
#define SECURE_HEAP (1024 * 1024) /* locked: records open at once */
#define RECORD_MAX                                                             \
	(248 * 1024) /* octets of one record, opened: a frame of the store */
#define EPOCH_SEALS (1ULL << 30) /* then a new epoch key */

#endif
