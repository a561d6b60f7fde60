/* SPDX-License-Identifier: ISC */
/*
 * Making the vault, and its slots: added, replaced, removed. The master key
 * stays; a slot that has gone leaves the disk with the commit that takes it
 * away. Runs in the keeper.
 */
#include <string.h>

#include "../ipc/err.h"
#include "limits.h"
#include "records.h"
#include "vault_internal.h"

static int
slots_store(struct vault *v, const struct slots *slots)
{
	struct txn *t = txn_begin(v->records);
	struct buffer row;
	int err;

	buffer_init(&row, 2 + LIMIT_SLOTS * SLOT_SIZE);
	slots_write(slots, &row);
	err = row.err;
	if (err == 0)
		err = txn_raw_put(t, RAW_SLOTS, row.data, row.len);
	if (err == 0 && v->log != NULL)
		err = v->log(v->arg, t);
	if (err == 0)
		txn_commit(t);
	else
		txn_abort(t);
	buffer_free(&row);
	return err;
}

/* A recovery slot with a code of its own, which v->recovery gets. */
static int
recovery_make(struct vault *v, struct slot *s)
{
	uint8_t code[RECOVERY_DATA], key[SLOT_KEY];
	int err = slot_init(s, SLOT_RECOVERY, 0);

	if (err == 0)
		err = recovery_draw(code);
	if (err == 0)
		err = recovery_key(s, code, key);
	if (err == 0)
		err = slot_wrap(s, key, &v->master);
	if (err == 0)
		recovery_text(code, v->recovery);
	secret_wipe(code, sizeof(code));
	secret_wipe(key, sizeof(key));
	return err;
}

/* --- create ----------------------------------------------------------------- */

void
vault_create(struct vault *v, const void *secret, size_t len, char *recovery,
    size_t size, vault_done *done, void *arg)
{
	int err;

	if (vault_exists(v) || !vault_locked(v)) {
		done(arg, ERR_EXISTS);
		return;
	}
	if (attempt_begin(v, ATTEMPT_CREATE, done, arg) != 0)
		return;
	v->recovery = recovery;
	v->slot.id = 1;
	err = size < RECOVERY_TEXT ? ERR_ARGUMENT : 0;
	if (err == 0)
		err = slot_init(&v->slot, SLOT_PASSPHRASE, v->cost);
	if (err == 0)
		err = derive_send(v, secret, len);
	if (err != 0)
		attempt_end(v, err);
}

/* The first commit is durable, or was refused. */
static void
created(void *arg, int err)
{
	struct vault *v = arg;

	if (err == 0)
		v->open = 1;
	else {
		records_lock(v->records);
		secret_free(&v->master);
	}
	attempt_end(v, err);
}

static int
create_with(struct vault *v, const uint8_t key[SLOT_KEY])
{
	struct slots slots = { .n = 1 };
	int err = secret_new(&v->master, SLOT_KEY);

	if (err == 0)
		err = random_secret(v->master.data, SLOT_KEY);
	slots.v[0] = v->slot;
	if (err == 0)
		err = slot_wrap(&slots.v[0], key, &v->master);
	if (err == 0)
		err = recovery_make(v, slots_add(&slots));
	if (err == 0)
		err = records_create(v->records, &v->master);
	if (err == 0)
		err = slots_store(v, &slots);
	if (err != 0)
		secret_free(&v->master);
	else
		records_after(v->records, created, v);
	return err;
}

/* --- change ----------------------------------------------------------------- */

static void
changed(void *arg, int err)
{
	attempt_end(arg, err);
}

/* v->slot, wrapped, takes its place among the others. */
static int
change_with(struct vault *v)
{
	struct slots slots;
	struct slot *s;
	int err = slots_load(v, &slots);

	if (err != 0)
		return err;
	s = slots_find(&slots, v->slot.id);
	if (s == NULL && (s = slots_add(&slots)) == NULL)
		return ERR_FULL;
	*s = v->slot;
	if ((err = slots_store(v, &slots)) == 0)
		records_after(v->records, changed, v);
	return err;
}

void
vault_wrap(struct vault *v, const uint8_t key[SLOT_KEY])
{
	int err;

	if (v->attempt == ATTEMPT_CREATE)
		err = create_with(v, key);
	else if ((err = slot_wrap(&v->slot, key, &v->master)) == 0)
		err = change_with(v);
	if (err != 0)
		attempt_end(v, err);
}

/* The id that the new slot has: the one to be replaced, or a free one. */
static int
change_id(struct vault *v, uint8_t replace, enum slot_kind kind)
{
	struct slots slots;
	struct slot *s;
	int err = slots_load(v, &slots);

	if (err != 0)
		return err;
	s = replace != 0 ? slots_find(&slots, replace) : slots_add(&slots);
	if (s == NULL)
		return replace != 0 ? ERR_NOT_FOUND : ERR_FULL;
	if (replace != 0 && s->kind != kind)
		return ERR_ARGUMENT;
	v->slot.id = s->id;
	return 0;
}

static int
change_begin(
    struct vault *v, enum slot_kind kind, const void *secret, size_t len)
{
	uint8_t key[SLOT_KEY];
	int err;

	if (kind == SLOT_RECOVERY) {
		err = recovery_make(v, &v->slot);
		return err != 0 ? err : change_with(v);
	}
	if ((err = slot_init(&v->slot, kind, v->cost)) != 0)
		return err;
	if (kind == SLOT_PASSPHRASE)
		return derive_send(v, secret, len);
	if (len < SLOT_KEY_FILE_MIN || len > LIMIT_PASSPHRASE)
		return ERR_ARGUMENT;
	err = key_file_key(&v->slot, secret, len, key);
	if (err == 0)
		err = slot_wrap(&v->slot, key, &v->master);
	secret_wipe(key, sizeof(key));
	return err != 0 ? err : change_with(v);
}

void
vault_change(struct vault *v, uint8_t replace, unsigned kind,
    const void *secret, size_t len, struct vault_made *made, vault_done *done,
    void *arg)
{
	int err;

	if (vault_locked(v)) {
		done(arg, ERR_LOCKED);
		return;
	}
	if (attempt_begin(v, ATTEMPT_CHANGE, done, arg) != 0)
		return;
	v->recovery = made->recovery;
	err = kind < SLOT_PASSPHRASE || kind > SLOT_KEY_FILE
	    ? ERR_ARGUMENT
	    : change_id(v, replace, (enum slot_kind)kind);
	made->id = v->slot.id;
	if (err == 0)
		err = change_begin(v, (enum slot_kind)kind, secret, len);
	if (err != 0)
		attempt_end(v, err);
}

/* --- remove and list -------------------------------------------------------- */

void
vault_remove(struct vault *v, uint8_t id, vault_done *done, void *arg)
{
	struct slots slots;
	struct slot *s;
	int err;

	if (vault_locked(v)) {
		done(arg, ERR_LOCKED);
		return;
	}
	if (attempt_begin(v, ATTEMPT_CHANGE, done, arg) != 0)
		return;
	err = slots_load(v, &slots);
	if (err == 0 && (s = slots_find(&slots, id)) == NULL)
		err = ERR_NOT_FOUND;
	else if (err == 0 && slots.n == 1)
		err = ERR_ARGUMENT; /* nothing would open the vault */
	if (err == 0) {
		slots_remove(&slots, s);
		err = slots_store(v, &slots);
	}
	if (err == 0)
		records_after(v->records, changed, v);
	else
		attempt_end(v, err);
}

int
vault_list(const struct vault *v, struct slots *slots)
{
	return slots_load(v, slots);
}
