/* SPDX-License-Identifier: ISC */
/*
 * The form of an export: what an identity takes along to another machine.
 * Keeper only. A head, in clear but under a MAC, and sealed parts; xmpp-key
 * puts them into a file and takes them out (client/key/export_file.h).
 *
 * head: u32 version, s slots row, salt 32, tag 16
 * key:  HKDF(master key, salt, "xmpp-agent 1 export")
 * part: AES-256-GCM, nonce u32 0, u32 number from 1, u32 last; and its tag
 * in a part, opened: items of u8 kind, s name, s octets; the account's first
 *
 * The octets of items are those of the records, as account_pack and peer_put
 * make them: a field that comes in there is moved too.
 */
#ifndef AGENT_EXPORT_H
#define AGENT_EXPORT_H

#include "account.h"
#include "peer.h"
#include "slots.h"

#define EXPORT_VERSION 1
#define EXPORT_SALT    32
#define EXPORT_KEY     32
#define EXPORT_TAG     16
#define EXPORT_HEAD_MAX                                                        \
	(4 + 4 + 2 + LIMIT_SLOTS * SLOT_SIZE + EXPORT_SALT + EXPORT_TAG)

struct export_head {
	struct slots slots;
	uint8_t salt[EXPORT_SALT];
};

int export_key(const struct secret *master, const uint8_t salt[EXPORT_SALT],
    uint8_t key[EXPORT_KEY]);
int export_head_write(
    const struct export_head *, const uint8_t key[EXPORT_KEY], struct buffer *);
/* ERR_UNSUPPORTED: of a later version. ERR_CORRUPT: no head, or slots under
 * the floor or over the ceiling. The MAC is not looked at. */
int export_head_read(struct export_head *, const uint8_t *p, size_t len);
/* ERR_CORRUPT: the head is not what the key's owner wrote. */
int
export_head_check(const uint8_t key[EXPORT_KEY], const uint8_t *p, size_t len);

/* out has room for len + EXPORT_TAG. */
int export_seal(const uint8_t key[EXPORT_KEY], uint32_t number, int last,
    const uint8_t *p, size_t len, uint8_t *out);
/* *out, empty before, gets what was sealed. ERR_CORRUPT: altered, in another
 * place, or the last and not said to be; ERR_BUSY. */
int export_open(const uint8_t key[EXPORT_KEY], uint32_t number, int last,
    const uint8_t *p, size_t len, struct secret *out);

enum export_kind { EXPORT_ACCOUNT = 1, EXPORT_PEER };

struct export_item {
	uint8_t kind;
	char name[LIMIT_JID + 1];
	const uint8_t *octets; /* within the part */
	size_t len;
};

/* 1: one is there; 0: the end; ERR_CORRUPT. */
int export_item_read(struct reader *, struct export_item *);
/* Every field is checked: what was sealed may have been made by anybody whose
 * passphrase the user was given. ERR_CORRUPT. rec lies in the secure heap. */
int export_account_read(const struct export_item *, struct account_record *rec);
/* account: whose contact it is. */
int export_peer_read(
    const struct export_item *, const char *account, struct peer *);

#endif
