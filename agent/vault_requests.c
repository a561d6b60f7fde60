/* SPDX-License-Identifier: ISC */
/*
 * LOCK, UNLOCK, VAULT_CREATE and the slots. Runs in the keeper; a passphrase passes through
 * a request's wiped copy to the vault, which sends it to derive.
 */
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "handlers.h"
#include "slots.h"

void
vault_request_lock(struct request *r)
{
	struct keeper *k = r->keeper;

	request_done(r);
	keeper_lock(k);
}

/* method and secret of UNLOCK and VAULT_CREATE; the body is kept. */
struct given {
	uint8_t method;
	const uint8_t *secret;
	size_t len;
};

static int
read_given(struct request *r, struct given *g)
{
	int err = request_keep(r);

	if (err != 0)
		return err;
	g->method = reader_u8(&r->body);
	g->secret = reader_string(&r->body, &g->len, LIMIT_PASSPHRASE);
	if ((err = reader_end(&r->body)) != 0)
		return err;
	if (g->method > SECRET_RECOVERY)
		return ERR_ARGUMENT;
	return g->method != SECRET_ASK && g->len == 0 ? ERR_ARGUMENT : 0;
}

/* --- UNLOCK ----------------------------------------------------------------------- */

static void
unlocked(void *arg, int err)
{
	struct request *r = arg;

	if (err != 0) {
		request_fail(r, err, "UNLOCK");
		return;
	}
	ask_again(r->keeper);
	use_renew(r->keeper);
	keeper_unlocked(r->keeper);
	request_durable(r);
}

/* An identity whose lifetime is over waits for this in an open vault. */
static void
prove(struct request *r, int recovery, const void *secret, size_t len)
{
	struct vault *v = r->keeper->vault;

	if (vault_locked(v))
		vault_unlock(v, recovery, secret, len, unlocked, r);
	else
		vault_check(v, recovery, secret, len, unlocked, r);
}

static void
unlock_answered(void *arg, int err, const char *answer, size_t len)
{
	struct request *r = arg;

	if (err == 0 && len == 0)
		err = ERR_CANCELLED;
	if (err != 0)
		request_fail(r, err, "%s", ask_why(r->keeper, err, "UNLOCK"));
	else
		prove(r, 0, answer, len);
}

void
vault_request_unlock(struct request *r)
{
	struct vault *v = r->keeper->vault;
	struct given g;
	int err = read_given(r, &g);

	if (err != 0)
		request_fail(r, err, "UNLOCK");
	else if (!vault_exists(v))
		request_fail(r, ERR_NO_VAULT, "make it with CREATE");
	else if (r->keeper->locking)
		request_fail(r, ERR_BUSY, "it is being locked");
	else if (!vault_locked(v) && !use_any_over(r->keeper))
		request_done(r);
	else if (g.method == SECRET_ASK)
		ask_question(r->keeper, ASK_PASSPHRASE, r->client->pid,
		    "Passphrase to unlock the XMPP agent", unlock_answered, r);
	else
		prove(r, g.method == SECRET_RECOVERY, g.secret, g.len);
}

/* --- VAULT_CREATE, SLOT_SET --------------------------------------------------------- */

struct creation {
	struct request *r;
	int is_slot; /* SLOT_SET */
	uint8_t replace, kind;
	struct vault_made made;
	char first[LIMIT_PASSPHRASE + 1]; /* of askpass, to be repeated */
	size_t firstlen;
};

static void
creation_free(struct creation *c)
{
	secret_release(c, sizeof *c);
}

static void
creation_fail(struct creation *c, int err, const char *what)
{
	request_fail(c->r, err, "%s", what);
	creation_free(c);
}

static void
created(void *arg, int err)
{
	struct creation *c = arg;
	struct request *r = c->r;

	if (err != 0) {
		creation_fail(c, err, c->is_slot ? "slot" : "VAULT_CREATE");
		return;
	}
	if (r->client != NULL && !c->is_slot)
		r->client->rights |=
		    (RIGHT_TRUST | RIGHT_ADMIN) & r->client->ceiling;
	if (r->client != NULL)
		r->client->carries_text = 1;
	if (c->is_slot)
		buffer_put_u8(&r->reply, c->made.id);
	else
		keeper_unlocked(r->keeper);
	buffer_put_cstring(&r->reply, c->made.recovery);
	creation_free(c);
	request_durable(r);
}

static void
create(struct creation *c, const void *secret, size_t len)
{
	if (c->is_slot)
		vault_change(c->r->keeper->vault, c->replace, c->kind, secret,
		    len, &c->made, created, c);
	else
		vault_create(c->r->keeper->vault, secret, len, c->made.recovery,
		    sizeof c->made.recovery, created, c);
}

static void
repeated(void *arg, int err, const char *answer, size_t len)
{
	struct creation *c = arg;

	if (err == 0 &&
	    (len != c->firstlen || !secret_equal(answer, c->first, len)))
		err = ERR_PASSPHRASE;
	if (err != 0)
		creation_fail(c, err, "the two are not the same");
	else
		create(c, answer, len);
}

static void
asked(void *arg, int err, const char *answer, size_t len)
{
	struct creation *c = arg;

	if (err == 0 && (len == 0 || len > LIMIT_PASSPHRASE))
		err = len == 0 ? ERR_CANCELLED : ERR_TOO_LONG;
	if (err != 0) {
		creation_fail(
		    c, err, ask_why(c->r->keeper, err, "new passphrase"));
		return;
	}
	memcpy(c->first, answer, len);
	c->firstlen = len;
	ask_question(c->r->keeper, ASK_PASSPHRASE, 0,
	    "The same passphrase again", repeated, c);
}

static void
creation_begin(struct request *r, const struct given *g, struct creation with)
{
	struct creation *c = secret_alloc(sizeof *c);

	if (c == NULL) {
		request_fail(r, ERR_BUSY, "%s", r->message->name);
		return;
	}
	*c = with;
	c->r = r;
	if (g->method == SECRET_ASK && c->kind == SLOT_PASSPHRASE)
		ask_question(r->keeper, ASK_PASSPHRASE, r->client->pid,
		    "New passphrase for the XMPP agent", asked, c);
	else
		create(c, g->secret, g->len);
}

void
vault_request_create(struct request *r)
{
	struct given g;
	int err = read_given(r, &g);

	if (err == 0 && g.method == SECRET_RECOVERY)
		err = ERR_ARGUMENT;
	if (err == 0 && vault_exists(r->keeper->vault))
		err = ERR_EXISTS;
	if (err != 0)
		request_fail(r, err, "VAULT_CREATE");
	else
		creation_begin(
		    r, &g, (struct creation){ .kind = SLOT_PASSPHRASE });
}

/* --- slots ---------------------------------------------------------------------------- */

void
vault_request_slots(struct request *r)
{
	struct slots slots;
	int err = reader_end(&r->body);

	if (err == 0)
		err = vault_list(r->keeper->vault, &slots);
	if (err != 0) {
		request_fail(r, err, "slots");
		return;
	}
	buffer_put_u32(&r->reply, (uint32_t)slots.n);
	for (size_t i = 0; i < slots.n; i++) {
		buffer_put_u8(&r->reply, slots.v[i].id);
		buffer_put_u8(&r->reply, slots.v[i].kind);
		buffer_put_u64(&r->reply, slots.v[i].made);
	}
	request_done(r);
}

void
vault_request_slot_set(struct request *r)
{
	struct creation with = { .is_slot = 1 };
	struct given g;
	int err = request_keep(r);

	with.replace = reader_u8(&r->body);
	with.kind = reader_u8(&r->body);
	g.method = reader_u8(&r->body);
	g.secret = reader_string(&r->body, &g.len, LIMIT_PASSPHRASE);
	if (err == 0)
		err = reader_end(&r->body);
	/* a recovery code is drawn, a passphrase asked for or given, a key
	 * file given */
	if (err == 0 && with.kind == SLOT_RECOVERY &&
	    (g.method != SECRET_ASK || g.len != 0))
		err = ERR_ARGUMENT;
	if (err == 0 && with.kind != SLOT_RECOVERY &&
	    (g.method > SECRET_PASSPHRASE ||
		(g.method == SECRET_ASK) != (g.len == 0)))
		err = ERR_ARGUMENT;
	if (err == 0 && with.kind == SLOT_KEY_FILE && g.len < SLOT_KEY_FILE_MIN)
		err = ERR_ARGUMENT;
	if (err != 0)
		request_fail(r, err, "slot");
	else
		creation_begin(r, &g, with);
}

static void
removed(void *arg, int err)
{
	struct request *r = arg;

	if (err != 0)
		request_fail(r, err, "%s",
		    err == ERR_ARGUMENT ? "the last slot: nothing would open "
					  "the vault any more"
					: "slot");
	else
		request_durable(r);
}

void
vault_request_slot_remove(struct request *r)
{
	uint8_t id = reader_u8(&r->body);
	int err = reader_end(&r->body);

	if (err != 0)
		request_fail(r, err, "slot");
	else
		vault_remove(r->keeper->vault, id, removed, r);
}
