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

/* In the same turn the keys go; also when the log could not be written. */
static void
lock_logged(void *arg, int err)
{
	(void)err;
	request_done(arg);
}

void
vault_request_lock(struct request *r)
{
	struct keeper *k = r->keeper;

	log_lock(k, r->pid, r->client->name, "");
	keeper_lock(k);
	records_after(k->records, lock_logged, r);
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

	if (err == ERR_PASSPHRASE)
		log_wrong(r->keeper, r);
	if (err == 0) {
		ask_again(r->keeper);
		use_renew(r->keeper);
		if (r->keeper->accounts == NULL) { /* nobody was faster */
			keeper_unlocked(r->keeper);
			err = log_unlocked(r->keeper, r);
		}
	}
	if (err != 0)
		request_fail(r, err, "UNLOCK");
	else
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
	enum act act; /* VAULT, SLOT_SET, SLOT_REMOVE */
	uint8_t replace, kind;
	struct vault_made made;
	char first[LIMIT_PASSPHRASE + 1]; /* of askpass, to be repeated */
	size_t firstlen;
};

int
vault_requests_log(void *arg, struct txn *t)
{
	static const char *const kinds[] = { "", ", passphrase",
		", recovery code", ", key file" };
	struct creation *c = arg;

	return request_log(c->r, t, c->act, "", "slot %u%s%s", c->made.id,
	    kinds[c->kind <= SLOT_KEY_FILE ? c->kind : 0],
	    c->replace != 0 ? ", another secret" : "");
}

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
		creation_fail(
		    c, err, c->act == ACT_VAULT ? "VAULT_CREATE" : "slot");
		return;
	}
	if (r->client != NULL && c->act == ACT_VAULT)
		r->client->rights |=
		    (RIGHT_TRUST | RIGHT_ADMIN) & r->client->ceiling;
	if (r->client != NULL)
		r->client->carries_text = 1;
	if (c->act == ACT_SLOT_SET)
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
	if (c->act == ACT_SLOT_SET)
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
		creation_begin(r, &g,
		    (struct creation){ .act = ACT_VAULT,
			.kind = SLOT_PASSPHRASE,
			.made.id = 1 });
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
	struct creation with = { .act = ACT_SLOT_SET };
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
	struct creation *c = arg;
	struct request *r = c->r;

	creation_free(c);
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
	struct creation *c = secret_alloc(sizeof *c);
	int err = reader_end(&r->body);

	if (err == 0 && c == NULL)
		err = ERR_BUSY;
	if (err != 0) {
		request_fail(r, err, "slot");
		if (c != NULL)
			creation_free(c);
		return;
	}
	*c = (struct creation){ .r = r, .act = ACT_SLOT_REMOVE, .made.id = id };
	vault_remove(r->keeper->vault, id, removed, c);
}
