/* SPDX-License-Identifier: ISC */
/*
 * The slots row: the master key, wrapped under a passphrase (scrypt) and
 * under a recovery code (HKDF). Keeper only.
 *
 * u8 format, u8 count, each: u8 kind, u8 log2 N, u32 r, u32 p, salt 32,
 * nonce 12, wrapped key 32, tag 16. All before the nonce is associated data.
 */
#ifndef AGENT_SLOTS_H
#define AGENT_SLOTS_H

#include "../ipc/buffer.h"
#include "crypto/secret.h"
#include "limits.h"

#define SLOT_FORMAT 1
#define SLOT_KEY    32
#define SLOT_SALT   32
#define SLOT_AAD    (1 + 1 + 8 + 1 + 4 + 4 + SLOT_SALT)
#define SLOT_SIZE   (SLOT_AAD + 12 + SLOT_KEY + 16)

enum slot_kind {
	SLOT_PASSPHRASE = 1, /* scrypt */
	SLOT_RECOVERY = 2,   /* HKDF of the code */
	SLOT_KEY_FILE = 3    /* HKDF of at least SLOT_KEY_FILE_MIN octets */
};

#define SLOT_KEY_FILE_MIN 32

struct slot {
	uint8_t kind;
	uint8_t id;    /* 1 to 255; a slot's own until it is removed */
	uint64_t made; /* real time, seconds */
	uint8_t log2n; /* passphrase; 0 in the others */
	uint32_t r, p;
	uint8_t salt[SLOT_SALT];
	uint8_t nonce[12];
	uint8_t wrapped[SLOT_KEY], tag[16];
};

struct slots {
	size_t n;
	struct slot v[LIMIT_SLOTS];
};

/* ERR_CORRUPT: not such a row, or parameters under the floor or over the
 * ceiling. */
int slots_read(struct slots *, const uint8_t *p, size_t len);
void slots_write(const struct slots *, struct buffer *);
struct slot *slots_find(struct slots *, uint8_t id);
/* The next of a kind, at *i or behind it; *i is then behind that. NULL: none. */
const struct slot *slots_next(const struct slots *, enum slot_kind, size_t *i);
/* Room for one more, with an id of its own. NULL: LIMIT_SLOTS. */
struct slot *slots_add(struct slots *);
void slots_remove(struct slots *, struct slot *);
/* A fresh slot but for its id and wrapping. */
int slot_init(struct slot *, enum slot_kind, unsigned log2n);
int slot_wrap(
    struct slot *, const uint8_t key[SLOT_KEY], const struct secret *master);
/* master must be empty. ERR_PASSPHRASE: the key is not this slot's. */
int slot_unwrap(
    const struct slot *, const uint8_t key[SLOT_KEY], struct secret *master);

/*
 * The recovery code: 27 random characters of a base32 without look-alikes
 * (135 bits) and a check character, in groups of four.
 */
#define RECOVERY_DATA 27
#define RECOVERY_TEXT (7 * 5) /* octets, the end's NUL included */
int recovery_draw(uint8_t code[RECOVERY_DATA]);
void recovery_text(const uint8_t code[RECOVERY_DATA], char text[RECOVERY_TEXT]);
/* In any case and spacing. ERR_PASSPHRASE: mistyped. */
int recovery_read(const void *text, size_t len, uint8_t code[RECOVERY_DATA]);
/* The key of a key file's octets. */
int key_file_key(
    const struct slot *, const void *octets, size_t len, uint8_t key[SLOT_KEY]);
int recovery_key(const struct slot *, const uint8_t code[RECOVERY_DATA],
    uint8_t key[SLOT_KEY]);

#endif
