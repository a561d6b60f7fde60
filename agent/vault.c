/* SPDX-License-Identifier: ISC */
/*
 * Lock, unlock, guessing. Runs in the keeper; holds the master key in the
 * secure heap from unlock to lock. Passphrases pass through to derive, one at
 * a time for the whole agent; after a wrong one nobody's next is taken for a
 * while. Trusts derive with a passphrase, and with nothing that it answers:
 * the slot's tag decides.
 */
#include "vault.h"

#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "../ipc/connection.h"
#include "../ipc/err.h"
#include "../ipc/messages.h"
#include "crypto/crypto.h"
#include "export.h"
#include "records.h"
#include "vault_internal.h"

#define COST 16 /* log2 N of new slots: 64 MiB, about 0.2 s */

struct vault *
vault_new(struct loop *loop, struct records *records)
{
	struct vault *v = calloc(1, sizeof(*v));

	if (v != NULL)
		*v = (struct vault){
			.loop = loop, .records = records, .cost = COST
		};
	return v;
}

void
vault_free(struct vault *v)
{
	if (v == NULL)
		return;
	secret_free(&v->master);
	secret_free(&v->given);
	freezero(v, sizeof(*v));
}

void
vault_set_derive(struct vault *v, struct connection *derive)
{
	v->derive = derive;
}

void
vault_set_cost(struct vault *v, unsigned log2n)
{
	v->cost = log2n;
}

void
vault_set_log(struct vault *v, vault_log *log)
{
	v->log = log;
}

unsigned
vault_opened(const struct vault *v)
{
	return v->slot.id;
}

int
vault_exists(const struct vault *v)
{
	const uint8_t *p;
	size_t len;

	return records_raw_get(v->records, RAW_SLOTS, &p, &len) == 0;
}

int
vault_locked(const struct vault *v)
{
	return !v->open;
}

int
slots_load(const struct vault *v, struct slots *slots)
{
	const uint8_t *p;
	size_t len;

	if (records_raw_get(v->records, RAW_SLOTS, &p, &len) != 0)
		return ERR_NO_VAULT;
	return slots_read(slots, p, len);
}

unsigned
vault_penalty(unsigned wrong)
{
	unsigned seconds = wrong < 16 ? 1U << wrong : LIMIT_PENALTY_S;

	return seconds < LIMIT_PENALTY_S ? seconds : LIMIT_PENALTY_S;
}

void
attempt_end(struct vault *v, int err)
{
	vault_done *done = v->done;

	if (err == ERR_PASSPHRASE)
		v->until = loop_now() + vault_penalty(v->wrong++) * 1000;
	else if (err == 0 && v->attempt != ATTEMPT_OTHER)
		v->wrong = 0;
	v->attempt = ATTEMPT_NONE;
	v->asked = 0;
	v->done = NULL;
	v->recovery = NULL;
	v->found = NULL;
	secret_free(&v->given);
	v->id = v->id + 1 == 0 ? 1 : v->id + 1; /* a late answer is nobody's */
	done(v->arg, err);
}

int
attempt_begin(
    struct vault *v, enum attempt attempt, vault_done *done, void *arg)
{
	if (v->attempt != ATTEMPT_NONE || loop_now() < v->until) {
		done(arg, ERR_BUSY);
		return ERR_BUSY;
	}
	v->attempt = attempt;
	v->done = done;
	v->arg = arg;
	return 0;
}

int
derive_send(struct vault *v, const void *secret, size_t len)
{
	struct buffer *out = connection_out(v->derive);
	size_t at;

	if (len == 0 || len > LIMIT_PASSPHRASE)
		return ERR_ARGUMENT;
	if (v->id == 0)
		v->id = 1;
	at = frame_begin(out, M_DERIVE, v->id);
	buffer_put_string(out, secret, len);
	buffer_put_string(out, v->slot.salt, sizeof(v->slot.salt));
	buffer_put_u32(out, v->slot.log2n);
	buffer_put_u32(out, v->slot.r);
	buffer_put_u32(out, v->slot.p);
	connection_flush(v->derive);
	v->asked = 1;
	return frame_end(out, at);
}

/* --- unlock and check ------------------------------------------------------- */

/* The slots that the attempt tries. */
static int
attempt_slots(const struct vault *v, struct slots *slots)
{
	if (v->attempt != ATTEMPT_OTHER)
		return slots_load(v, slots);
	*slots = v->other;
	return 0;
}

/* The key for v->slot is here: is it right? */
static int
key_try(struct vault *v, const uint8_t key[SLOT_KEY])
{
	struct secret master = { 0 };
	int err = slot_unwrap(&v->slot, key, &master);

	if (err == 0 && v->attempt == ATTEMPT_CHECK)
		err = secret_equal(master.data, v->master.data, SLOT_KEY)
		    ? 0
		    : ERR_CORRUPT;
	else if (err == 0 && v->attempt == ATTEMPT_UNLOCK)
		err = records_unlock(v->records, &master);
	if (err == 0 && v->attempt == ATTEMPT_UNLOCK) {
		v->master = master;
		v->open = 1;
	} else if (err == 0 && v->attempt == ATTEMPT_OTHER)
		*v->found = master;
	else
		secret_free(&master);
	return err;
}

/* The slots that need no scrypt. */
static int
key_files_try(struct vault *v, const struct slots *slots)
{
	uint8_t key[SLOT_KEY];
	const struct slot *slot;
	int err = ERR_PASSPHRASE;
	size_t i = 0;

	if (v->given.len < SLOT_KEY_FILE_MIN)
		return ERR_PASSPHRASE;
	while (err == ERR_PASSPHRASE &&
	    (slot = slots_next(slots, SLOT_KEY_FILE, &i)) != NULL) {
		v->slot = *slot;
		err = key_file_key(slot, v->given.data, v->given.len, key);
		if (err == 0)
			err = key_try(v, key);
	}
	secret_wipe(key, sizeof(key));
	return err;
}

static int
recovery_try(struct vault *v, const struct slots *slots)
{
	uint8_t code[RECOVERY_DATA], key[SLOT_KEY];
	const struct slot *slot;
	size_t i = 0;
	int err = recovery_read(v->given.data, v->given.len, code);

	if (err == 0)
		err = ERR_PASSPHRASE;
	else
		i = slots->n; /* mistyped: of none */
	while (err == ERR_PASSPHRASE &&
	    (slot = slots_next(slots, SLOT_RECOVERY, &i)) != NULL) {
		v->slot = *slot;
		err = recovery_key(slot, code, key);
		if (err == 0)
			err = key_try(v, key);
	}
	secret_wipe(code, sizeof(code));
	secret_wipe(key, sizeof(key));
	return err;
}

/* The next passphrase slot is tried; 0: derive has been asked. */
static int
passphrase_try(struct vault *v, const struct slots *slots)
{
	const struct slot *slot =
	    slots_next(slots, SLOT_PASSPHRASE, &v->next_slot);

	if (slot == NULL)
		return ERR_PASSPHRASE;
	v->slot = *slot;
	return derive_send(v, v->given.data, v->given.len);
}

/* 0, an error, or 1: derive has been asked. */
static int
secret_try(struct vault *v, int recovery, const struct slots *slots)
{
	int err;

	if (recovery)
		return recovery_try(v, slots);
	if ((err = key_files_try(v, slots)) == ERR_PASSPHRASE &&
	    (err = passphrase_try(v, slots)) == 0)
		return 1;
	return err;
}

/* The attempt has begun: try the secret on its slots. */
static void
attempt_run(struct vault *v, int recovery, const void *secret, size_t len)
{
	struct slots slots;
	int err;

	v->next_slot = 0;
	err = len == 0 || len > LIMIT_PASSPHRASE ? ERR_ARGUMENT
						 : attempt_slots(v, &slots);
	if (err == 0 && (err = secret_new(&v->given, len)) == 0)
		memcpy(v->given.data, secret, len);
	if (err == 0)
		err = secret_try(v, recovery, &slots);
	if (err != 1)
		attempt_end(v, err);
}

void
vault_unlock(struct vault *v, int recovery, const void *secret, size_t len,
    vault_done *done, void *arg)
{
	if (v->open)
		done(arg, 0);
	else if (attempt_begin(v, ATTEMPT_UNLOCK, done, arg) == 0)
		attempt_run(v, recovery, secret, len);
}

void
vault_check(struct vault *v, int recovery, const void *secret, size_t len,
    vault_done *done, void *arg)
{
	if (!v->open)
		done(arg, ERR_LOCKED);
	else if (attempt_begin(v, ATTEMPT_CHECK, done, arg) == 0)
		attempt_run(v, recovery, secret, len);
}

void
vault_open_other(struct vault *v, const struct slots *slots, int recovery,
    const void *secret, size_t len, struct secret *master, vault_done *done,
    void *arg)
{
	if (attempt_begin(v, ATTEMPT_OTHER, done, arg) != 0)
		return;
	v->other = *slots;
	v->found = master;
	attempt_run(v, recovery, secret, len);
}

int
vault_export_key(const struct vault *v, const uint8_t salt[32], uint8_t key[32])
{
	return v->open ? export_key(&v->master, salt, key) : ERR_LOCKED;
}

/* derive's key was not the slot's: there may be another slot. */
static int
tried(struct vault *v, int err)
{
	struct slots slots;

	if (err == ERR_PASSPHRASE && attempt_slots(v, &slots) == 0 &&
	    passphrase_try(v, &slots) == 0)
		return 1;
	return err;
}

/* --- derive's answer -------------------------------------------------------- */

int
vault_frame(struct vault *v, struct frame *f)
{
	uint8_t key[SLOT_KEY];
	int err;

	if (f->type != M_REPLY && f->type != M_ERROR)
		return ERR_UNKNOWN_MESSAGE;
	if (!v->asked || f->id != v->id)
		return 0; /* it was cancelled, or answered */
	if (f->type == M_ERROR) {
		attempt_end(v, ERR_CRYPTO);
		return 0;
	}
	reader_fixed(&f->body, key, sizeof(key));
	if ((err = reader_end(&f->body)) == 0) {
		v->asked = 0;
		if (v->attempt == ATTEMPT_CREATE ||
		    v->attempt == ATTEMPT_CHANGE)
			vault_wrap(v, key);
		else if ((err = tried(v, key_try(v, key))) != 1)
			attempt_end(v, err);
		err = 0;
	}
	secret_wipe(key, sizeof(key));
	return err;
}

void
vault_lock(struct vault *v)
{
	if (v->attempt != ATTEMPT_NONE)
		attempt_end(v, ERR_LOCKED);
	records_lock(v->records);
	secret_free(&v->master);
	v->open = 0;
}
