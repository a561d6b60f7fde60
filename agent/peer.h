/* SPDX-License-Identifier: ISC */
/*
 * What is known of a contact (or of the account itself): its devices, their
 * keys, what the user decided, what has been shown. One record each. Runs in
 * the keeper.
 */
#ifndef AGENT_PEER_H
#define AGENT_PEER_H

#include "account.h"

#define BEAT_SILENT 0x80 /* LIMIT_UNANSWERED was passed since it was heard */

struct device {
	uint32_t id;
	uint8_t seen; /* namespaces that it had; a loss was not shown (bits) */
	uint8_t listed;	  /* namespaces of the last lists (bits) */
	uint8_t sessions; /* namespaces with a session (bits) */
	uint8_t beat; /* a heartbeat was made for this chain (bits); SILENT */
	uint8_t has_key;
	uint8_t retired; /* its key was distrusted and then replaced */
	uint8_t first;	 /* on the own list when it was first read */
	uint8_t left;	 /* it was listed once and is not now */
	uint8_t trust, why;
	uint8_t told; /* trust is another device's word (told.h), no person's */
	uint8_t shown_reader, shown_writer;
	uint8_t u[32];
	uint64_t heard; /* real time; 0: never */
};

/* What a trust message has said of a key that was not seen yet. */
struct word {
	uint8_t key[32]; /* as it was written: Ed25519 or u */
	uint8_t trust;
	uint8_t own; /* whose word: a device of ours, or one of the contact's */
	uint32_t device;
};

struct peer {
	char jid[LIMIT_JID + 1];
	uint8_t own; /* the account itself (not stored) */
	uint8_t policy, require;
	uint8_t written; /* the user has written to it or decided about it */
	size_t n;
	struct device v[LIMIT_DEVICES];
	size_t nwords; /* oldest first */
	struct word words[LIMIT_WORDS];
};

/* On the ordinary heap (public keys). ERR_NOT_FOUND leaves *p as new. */
int
peer_open(struct txn *, const char *account, const char *jid, struct peer *p);
int peer_put(struct txn *, const char *account, const struct peer *);
void peer_pack(const struct peer *, struct buffer *);
int peer_unpack(const uint8_t *, size_t len, struct peer *);

/* Peers of an account; those who were never written to but have sessions. */
struct peer_counts {
	size_t peers, strangers;
};

int peer_count(struct keeper *, const char *account, struct peer_counts *);

/* The device's current row (not a retired one), or NULL. */
struct device *peer_find(struct peer *, uint32_t id);
/* The row of this device with this key, retired ones too. */
struct device *peer_find_key(struct peer *, uint32_t id, const uint8_t u[32]);
/*
 * A row for a device; heard: it speaks to us now. Drops the least valuable
 * other row if there are LIMIT_DEVICES (into *gone, for its sessions; else
 * gone->id is 0). NULL: all others are worth more.
 */
struct device *
peer_add(struct peer *, uint32_t id, int heard, struct device *gone);
/* A device list: ids without doubles, zeros and ids over 2^31-1. How many
 * rows were dropped for it is in *ngone (their sessions must go). */
void peer_merge(struct peer *, uint8_t ns, const uint32_t *ids, size_t n,
    struct device gone[LIMIT_DEVICES], size_t *ngone);
/*
 * A key was seen for a device. Gives the row that has it now: known, new
 * (trust by policy, unshown), or replacing a distrusted one. ERR_KEY_CHANGED
 * when another key is known; ERR_FULL. A new key of which a trust message has
 * spoken before is what that said: then *said is it (else its trust is 0).
 */
int peer_learn(struct peer *, uint32_t id, const uint8_t u[32], int heard,
    uint8_t others, struct device **row, struct device *gone,
    struct word *said);

/* Does this name the key u, in either form? */
int key_is(const uint8_t key[32], const uint8_t u[32]);
/* Keep a word until its key is seen; of two about one key a distrust stays. */
void peer_word_keep(struct peer *, const struct word *);

/* It is read to in namespace ns, and had a better one: must that be shown
 * first? Then it is noted to be. */
int device_falls_back(struct device *, uint8_t ns);

/* policy.c */
uint8_t
policy_new_key(const struct peer *, const struct device *, uint8_t others);
int device_is_reader(const struct device *);
/*
 * Would it read, and was it not heard from for so long (0: never) that it does
 * not: a contact's, after the one of its readers that was heard last, so that
 * one is always left; the account's own, after now.
 */
int device_is_stale(
    const struct peer *, const struct device *, uint64_t now, uint32_t after);
/* Say so once, and once when it is over: 1: the row has changed. */
int device_note_stale(struct device *, int stale);
/* Must it be shown before anything is encrypted to its owner? */
int device_is_unshown(const struct device *);
/* May we answer by ourselves (empty messages)? Not to strangers: whoever
 * could make us answer would learn that the account is there and online. */
int policy_may_answer(const struct peer *, const struct device *);

#endif
