/* SPDX-License-Identifier: ISC */
/*
 * LOCK, UNLOCK, VAULT_CREATE. Runs in the keeper; a passphrase passes through
 * a request's wiped copy to the vault, which sends it to derive.
 */
#include <stdlib.h>
#include <string.h>

#include "handlers.h"

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
	keeper_unlocked(r->keeper);
	request_durable(r);
}

static void
unlock_answered(void *arg, int err, const char *answer, size_t len)
{
	struct request *r = arg;

	if (err == 0 && len == 0)
		err = ERR_CANCELLED;
	if (err != 0)
		request_fail(r, err, "UNLOCK");
	else
		vault_unlock(r->keeper->vault, 0, answer, len, unlocked, r);
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
	else if (!vault_locked(v))
		request_done(r);
	else if (g.method == SECRET_ASK)
		ask_question(r->keeper, ASK_PASSPHRASE, r->client->pid,
		    "Passphrase to unlock the XMPP agent", unlock_answered, r);
	else
		vault_unlock(v, g.method == SECRET_RECOVERY, g.secret, g.len,
		    unlocked, r);
}

/* --- VAULT_CREATE ----------------------------------------------------------------- */

struct creation {
	struct request *r;
	char recovery[128];
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
		creation_fail(c, err, "VAULT_CREATE");
		return;
	}
	if (r->client != NULL) {
		r->client->rights |=
		    (RIGHT_TRUST | RIGHT_ADMIN) & r->client->ceiling;
		r->client->carries_text = 1;
	}
	buffer_put_cstring(&r->reply, c->recovery);
	creation_free(c);
	keeper_unlocked(r->keeper);
	request_durable(r);
}

static void
create(struct creation *c, const void *secret, size_t len)
{
	vault_create(c->r->keeper->vault, secret, len, c->recovery,
	    sizeof c->recovery, created, c);
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
		creation_fail(c, err, "VAULT_CREATE");
		return;
	}
	memcpy(c->first, answer, len);
	c->firstlen = len;
	ask_question(c->r->keeper, ASK_PASSPHRASE, 0,
	    "The same passphrase again", repeated, c);
}

void
vault_request_create(struct request *r)
{
	struct creation *c;
	struct given g;
	int err = read_given(r, &g);

	if (err == 0 && g.method == SECRET_RECOVERY)
		err = ERR_ARGUMENT;
	if (err == 0 && vault_exists(r->keeper->vault))
		err = ERR_EXISTS;
	if (err != 0) {
		request_fail(r, err, "VAULT_CREATE");
		return;
	}
	if ((c = secret_alloc(sizeof *c)) == NULL) {
		request_fail(r, ERR_BUSY, "VAULT_CREATE");
		return;
	}
	c->r = r;
	if (g.method == SECRET_ASK)
		ask_question(r->keeper, ASK_PASSPHRASE, r->client->pid,
		    "New passphrase for the XMPP agent", asked, c);
	else
		create(c, g.secret, g.len);
}
