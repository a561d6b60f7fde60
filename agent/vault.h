/* SPDX-License-Identifier: ISC */
/*
 * Slots, lock, unlock, guessing (ARCHITECTURE, section 2). Runs in the
 * keeper; scrypt runs in derive. Slots are LUKS's idea: each wraps the same
 * master key under a passphrase (scrypt), or a recovery code (HKDF).
 */
#ifndef AGENT_VAULT_H
#define AGENT_VAULT_H

#include <stddef.h>
#include <stdint.h>

struct vault;
struct loop;
struct records;
struct txn;
struct connection;
struct frame;

struct vault *vault_new(struct loop *, struct records *);
void vault_free(struct vault *);
/* Where DERIVE requests go. */
void vault_set_derive(struct vault *, struct connection *);
int vault_exists(const struct vault *); /* there is a slot row */
int vault_locked(const struct vault *);
/* A passphrase is tried on every passphrase slot and, if it is long, as a key
 * file's octets; a recovery code on every recovery slot.
 * Answer with 0 or an error when it is done. One attempt at a time: the next
 * is ERR_BUSY at once; after a wrong one, of anyone, 1, 2, 4 … 30 s. */
typedef void vault_done(void *arg, int err);
void vault_unlock(struct vault *, int recovery, const void *secret, size_t len,
    vault_done *, void *arg);
/* Check a passphrase of an unlocked vault (ELEVATE); same penalties. */
void vault_check(struct vault *, int recovery, const void *secret, size_t len,
    vault_done *, void *arg);
/*
 * Make the vault with a passphrase slot and a recovery slot; recovery gets
 * the code as text (at least 64 octets), to be shown once and wiped.
 */
void vault_create(struct vault *, const void *secret, size_t len,
    char *recovery, size_t size, vault_done *, void *arg);
struct slots;
struct secret;

/*
 * Try a secret on slots that are another vault's (an export's), in any state
 * of ours; *master, empty until then, gets the key that they wrap. The same
 * one attempt and the same penalties, which a right one does not end: who
 * brings the slots can know their secret.
 */
void vault_open_other(struct vault *, const struct slots *, int recovery,
    const void *secret, size_t len, struct secret *master, vault_done *,
    void *arg);
/* The key of an export with this salt, for an unlocked vault. 0 or an error. */
int
vault_export_key(const struct vault *, const uint8_t salt[32], uint8_t key[32]);

struct vault_made { /* of vault_change; wiped by the caller */
	uint8_t id;
	char recovery[64]; /* the code, of a recovery slot; else untouched */
};

/*
 * Another slot (replace 0) or another secret in that of id replace, of the
 * same kind (enum slot_kind). A recovery slot draws its own. Of an unlocked
 * vault; one attempt at a time. FULL, NOT_FOUND, ARGUMENT.
 */
void
vault_change(struct vault *, uint8_t replace, unsigned kind, const void *secret,
    size_t len, struct vault_made *, vault_done *, void *arg);
/* NOT_FOUND; ARGUMENT: it is the last. */
void vault_remove(struct vault *, uint8_t id, vault_done *, void *arg);
int vault_list(const struct vault *, struct slots *);
/* The slot that the last attempt has tried: of a right one, what opened. */
unsigned vault_opened(const struct vault *);
/*
 * Called with the arg of vault_create, _change or _remove in the transaction
 * that writes the slots; an error refuses the change.
 */
typedef int vault_log(void *arg, struct txn *);
void vault_set_log(struct vault *, vault_log *);
/* A frame of the derive link; non-zero: that link is broken. */
int vault_frame(struct vault *, struct frame *);
/* log2 N of slots made from now on (tests: LIMIT_SCRYPT_LOG2N_MIN). */
void vault_set_cost(struct vault *, unsigned log2n);
/* Seconds in which nobody may try, after so many wrong ones and one more. */
unsigned vault_penalty(unsigned wrong);
/* An attempt that runs is answered with ERR_LOCKED.
 * Wipe master and derived keys. records must be idle. */
void vault_lock(struct vault *);

#endif
