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
#include "records.h"
#include "slots.h"

#define COST 16 /* log2 N of new slots: 64 MiB, about 0.2 s */

enum attempt { ATTEMPT_NONE, ATTEMPT_UNLOCK, ATTEMPT_CHECK, ATTEMPT_CREATE };

struct vault {
	struct loop *loop;
	struct records *records;
	struct connection *derive;
	struct secret master;
	int open;
	unsigned cost;
	/* the attempt that runs */
	enum attempt attempt;
	uint32_t id; /* of its DERIVE */
	int asked;   /* derive owes an answer to it: one */
	struct slot slot;
	vault_done *done;
	void *arg;
	char *recovery; /* ATTEMPT_CREATE: the caller's */
	/* guessing */
	unsigned wrong;
	uint64_t until; /* loop_now's ms: nobody may try before */
};

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

static int
slots_load(struct vault *v, struct slots *slots)
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

/* The end of an attempt, right or wrong. */
static void
attempt_end(struct vault *v, int err)
{
	vault_done *done = v->done;

	if (err == ERR_PASSPHRASE)
		v->until = loop_now() + vault_penalty(v->wrong++) * 1000;
	else if (err == 0)
		v->wrong = 0;
	v->attempt = ATTEMPT_NONE;
	v->asked = 0;
	v->done = NULL;
	v->recovery = NULL;
	v->id = v->id + 1 == 0 ? 1 : v->id + 1; /* a late answer is nobody's */
	done(v->arg, err);
}

/* 0: v->done will be called, once. Otherwise done has been called. */
static int
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

static int
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
	else if (err == 0)
		err = records_unlock(v->records, &master);
	if (err == 0 && v->attempt == ATTEMPT_UNLOCK) {
		v->master = master;
		v->open = 1;
	} else
		secret_free(&master);
	return err;
}

static int
recovery_try(struct vault *v, const void *text, size_t len)
{
	uint8_t code[RECOVERY_DATA], key[SLOT_KEY];
	int err = recovery_read(text, len, code);

	if (err == 0)
		err = recovery_key(&v->slot, code, key);
	if (err == 0)
		err = key_try(v, key);
	secret_wipe(code, sizeof(code));
	secret_wipe(key, sizeof(key));
	return err;
}

static void
attempt_run(struct vault *v, enum attempt attempt, int recovery,
    const void *secret, size_t len, vault_done *done, void *arg)
{
	struct slots slots;
	const struct slot *slot;
	int err;

	if (attempt_begin(v, attempt, done, arg) != 0)
		return;
	if ((err = slots_load(v, &slots)) != 0) {
		attempt_end(v, err);
		return;
	}
	slot = slots_find(&slots, recovery ? SLOT_RECOVERY : SLOT_PASSPHRASE);
	if (slot == NULL) {
		attempt_end(v, ERR_NOT_FOUND);
		return;
	}
	v->slot = *slot;
	if (recovery)
		attempt_end(v, recovery_try(v, secret, len));
	else if ((err = derive_send(v, secret, len)) != 0)
		attempt_end(v, err);
}

void
vault_unlock(struct vault *v, int recovery, const void *secret, size_t len,
    vault_done *done, void *arg)
{
	if (v->open)
		done(arg, 0);
	else
		attempt_run(
		    v, ATTEMPT_UNLOCK, recovery, secret, len, done, arg);
}

void
vault_check(struct vault *v, int recovery, const void *secret, size_t len,
    vault_done *done, void *arg)
{
	if (!v->open)
		done(arg, ERR_LOCKED);
	else
		attempt_run(v, ATTEMPT_CHECK, recovery, secret, len, done, arg);
}

/* --- create ----------------------------------------------------------------- */

void
vault_create(struct vault *v, const void *secret, size_t len, char *recovery,
    size_t size, vault_done *done, void *arg)
{
	int err;

	if (vault_exists(v) || v->open) {
		done(arg, ERR_EXISTS);
		return;
	}
	if (attempt_begin(v, ATTEMPT_CREATE, done, arg) != 0)
		return;
	v->recovery = recovery;
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
slots_make(struct vault *v, const uint8_t key[SLOT_KEY], struct slots *slots)
{
	uint8_t code[RECOVERY_DATA], second[SLOT_KEY];
	struct slot *r = &slots->v[1];
	int err;

	slots->n = 2;
	slots->v[0] = v->slot;
	err = slot_wrap(&slots->v[0], key, &v->master);
	if (err == 0)
		err = slot_init(r, SLOT_RECOVERY, 0);
	if (err == 0)
		err = recovery_draw(code);
	if (err == 0)
		err = recovery_key(r, code, second);
	if (err == 0)
		err = slot_wrap(r, second, &v->master);
	if (err == 0)
		recovery_text(code, v->recovery);
	secret_wipe(code, sizeof(code));
	secret_wipe(second, sizeof(second));
	return err;
}

static int
create_with(struct vault *v, const uint8_t key[SLOT_KEY])
{
	struct slots slots = { 0 };
	struct buffer row;
	int err = secret_new(&v->master, SLOT_KEY);

	buffer_init(&row, 2 + LIMIT_SLOTS * SLOT_SIZE);
	if (err == 0)
		err = random_secret(v->master.data, SLOT_KEY);
	if (err == 0)
		err = slots_make(v, key, &slots);
	slots_write(&slots, &row);
	if (err == 0)
		err = row.err;
	if (err == 0)
		err = records_create(v->records, &v->master);
	if (err == 0)
		err = records_raw_put(v->records, RAW_SLOTS, row.data, row.len);
	buffer_free(&row);
	if (err != 0)
		secret_free(&v->master);
	else
		records_after(v->records, created, v);
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
		if (v->attempt == ATTEMPT_CREATE)
			err = create_with(v, key);
		else
			err = key_try(v, key);
		if (err != 0 || v->attempt != ATTEMPT_CREATE)
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
