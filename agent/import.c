/* SPDX-License-Identifier: ISC */
/*
 * IMPORT_OPEN and IMPORT: an export comes in, first its head with a secret
 * that opens one of its slots, then its parts. Runs in the keeper. The other
 * vault's master key is here for the moment in which the export's key is made
 * from it. Nothing is changed before the last part is here; then all of it,
 * in one transaction.
 */
#include <string.h>

#include "attach.h"
#include "handlers.h"
#include "move.h"
#include "revoke.h"

struct opening {
	struct request *r; /* r->copy keeps the body */
	struct export_head head;
	struct secret master;
};

static void
opening_fail(struct opening *o, int err, const char *what)
{
	request_fail(o->r, err, "%s", what);
	secret_free(&o->master);
	secret_release(o, sizeof *o);
}

/* The request's head, as it was given. */
static const uint8_t *
head_octets(const struct request *r, size_t *len)
{
	struct reader b;

	reader_init(&b, r->copy, r->copylen);
	return reader_string(&b, len, EXPORT_HEAD_MAX);
}

static void
opened(void *arg, int err)
{
	struct opening *o = arg;
	struct request *r = o->r;
	struct secret key = { 0 };
	const uint8_t *head;
	struct move *m;
	size_t len;

	if (err == 0)
		err = secret_new(&key, EXPORT_KEY);
	if (err == 0)
		err = export_key(&o->master, o->head.salt, key.data);
	head = head_octets(r, &len);
	if (err == 0)
		err = export_head_check(key.data, head, len);
	if (err == 0 && r->client != NULL &&
	    (err = move_begin(r->client, 1, &m)) == 0) {
		m->key = key;
		key = (struct secret){ 0 };
	}
	secret_free(&key);
	if (err != 0) {
		opening_fail(o, err,
		    err == ERR_CORRUPT ? "the export has been altered"
			: err == ERR_BUSY
			? "another export, import or attempt goes on"
			: "export");
		return;
	}
	secret_free(&o->master);
	secret_release(o, sizeof *o);
	request_done(r);
}

static void
try_secret(struct opening *o, int recovery, const void *secret, size_t len)
{
	vault_open_other(o->r->keeper->vault, &o->head.slots, recovery, secret,
	    len, &o->master, opened, o);
}

/* Nothing of an export is held then; where no vault is, there is no lock. */
static int
is_locked(const struct keeper *k)
{
	return k->locking || (vault_exists(k->vault) && vault_locked(k->vault));
}

static void
answered(void *arg, int err, const char *answer, size_t len)
{
	struct opening *o = arg;

	if (err == 0 && len == 0)
		err = ERR_CANCELLED;
	if (err == 0 && is_locked(o->r->keeper)) /* meanwhile */
		err = ERR_LOCKED;
	if (err != 0)
		opening_fail(o, err, "passphrase of the export");
	else
		try_secret(o, 0, answer, len);
}

void
import_open(struct request *r)
{
	const uint8_t *head, *secret;
	struct opening *o;
	size_t headlen, len;
	uint8_t method;
	int err = request_keep(r);

	head = reader_string(&r->body, &headlen, EXPORT_HEAD_MAX);
	method = reader_u8(&r->body);
	secret = reader_string(&r->body, &len, LIMIT_PASSPHRASE);
	if (err == 0)
		err = reader_end(&r->body);
	if (err == 0 &&
	    (method > SECRET_RECOVERY || (method == SECRET_ASK) != (len == 0)))
		err = ERR_ARGUMENT;
	if (err != 0 || (o = secret_alloc(sizeof *o)) == NULL) {
		request_fail(r, err != 0 ? err : ERR_BUSY, "import");
		return;
	}
	o->r = r;
	if ((err = export_head_read(&o->head, head, headlen)) != 0)
		opening_fail(o, err,
		    err == ERR_UNSUPPORTED
			? "the export was made by a later xmpp-agent"
			: "this is no export, or it has been altered");
	else if (is_locked(r->keeper))
		opening_fail(o, ERR_LOCKED, "import");
	else if (method == SECRET_ASK)
		ask_question(r->keeper, ASK_PASSPHRASE, r->client->pid,
		    "Passphrase of the vault that the XMPP export is from",
		    answered, o);
	else
		try_secret(o, method == SECRET_RECOVERY, secret, len);
}

/* --- IMPORT ----------------------------------------------------------------- */

static const char *
why(int err)
{
	static const struct {
		int err;
		const char *words;
	} table[] = {
		{ ERR_CORRUPT, "the export has been altered or is not whole" },
		{ ERR_EXISTS, "this account is here already (xmpp-key list)" },
		{ ERR_FULL, "more than this agent has room for" },
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (table[i].err == err)
			return table[i].words;
	return err_text(err);
}

static void
take(struct request *r, const struct move *m)
{
	struct keeper *k = r->keeper;
	struct account *a = NULL;
	struct txn *t;
	int err;

	(void)account_find(k, ""); /* reads again what is stale */
	/* what REVOKE takes away by the name would take this away, too */
	if (k->accounts->stale || revoke_runs(k)) {
		request_fail(r, ERR_BUSY, "import");
		return;
	}
	t = txn_begin(k->records);
	txn_large(t);
	err = import_take(k, r->client, t, m, &a);
	if (err == 0)
		err = request_log(
		    r, t, ACT_IMPORT, a->jid, "device %u", a->device);
	if (err != 0) {
		k->accounts->stale = 1;
		request_abort(r, t, err, why(err));
		return;
	}
	attach_end_clients(k, a->jid, r->client); /* for duties alone */
	buffer_put_cstring(&r->reply, a->jid);
	buffer_put(&r->reply, a->u, FINGERPRINT_SIZE);
	buffer_put_u32(&r->reply, a->device);
	request_commit(r, t);
}

void
import_part(struct request *r)
{
	static const uint8_t nobody[FINGERPRINT_SIZE];
	struct move *m = move_of(r->client, 1);
	const uint8_t *p;
	uint8_t last, *to;
	size_t len;
	int err;

	p = reader_string(&r->body, &len, EXPORT_PART + EXPORT_TAG);
	last = reader_u8(&r->body);
	err = reader_end(&r->body);
	if (err == 0 && (len <= EXPORT_TAG || last > 1))
		err = ERR_ARGUMENT;
	else if (err == 0 && m == NULL)
		err = ERR_NOT_FOUND;
	else if (err == 0 && m->n == LIMIT_EXPORT_PARTS)
		err = ERR_FULL;
	else if (err == 0 && (to = move_add(m, len)) == NULL)
		err = ERR_MEMORY;
	else if (err == 0)
		memcpy(to, p, len);
	if (err != 0) {
		request_fail(r, err, "%s",
		    err == ERR_NOT_FOUND ? "IMPORT_OPEN first" : why(err));
	} else if (last) {
		take(r, m);
	} else {
		buffer_put_cstring(&r->reply, "");
		buffer_put(&r->reply, nobody, sizeof nobody);
		buffer_put_u32(&r->reply, 0);
		request_done(r);
		return;
	}
	if (m != NULL)
		move_forget(m->client->keeper);
}
