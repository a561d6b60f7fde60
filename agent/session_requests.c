/* SPDX-License-Identifier: ISC */
/*
 * HELLO, RESTRICT, STATUS, QUIT. Runs in the keeper; no secret. Rights only
 * ever go down here.
 */
#include <stdlib.h>
#include <string.h>

#include "../sandbox/sandbox.h"
#include "account.h"
#include "handlers.h"
#include "text.h"

#define FEATURES_MAX 32 /* names in one HELLO */
#define FEATURE_MAX  64

/* Version 1 has no features; an unknown one is refused by name. */
static int
read_features(struct reader *b, char *name, size_t size)
{
	uint32_t n = reader_count(b, FEATURES_MAX), i;
	char first[FEATURE_MAX + 1];
	const uint8_t *p;
	size_t len;

	for (i = 0; i < n; i++) {
		p = reader_string(b, &len, FEATURE_MAX);
		if (i == 0 && b->err == 0) {
			text_soften(p, len, first, sizeof first);
			memcpy(name, first,
			    size < sizeof first ? size : sizeof first);
		}
	}
	return n > 0 ? ERR_FEATURE : 0;
}

void
session_hello(struct request *r)
{
	char feature[FEATURE_MAX + 1] = "";
	struct buffer *b = &r->reply;
	uint32_t version;
	int err, unknown;

	version = reader_u32(&r->body);
	unknown = read_features(&r->body, feature, sizeof feature);
	if ((err = reader_end(&r->body)) != 0) {
		request_fail(r, err, "HELLO");
		return;
	}
	if (version < PROTOCOL_VERSION) {
		request_fail(r, ERR_VERSION, "this agent speaks version %d",
		    PROTOCOL_VERSION);
		return;
	}
	if (unknown != 0) {
		request_fail(r, unknown, "%s", feature);
		return;
	}
	r->client->hello = 1;
	buffer_put_u32(b, PROTOCOL_VERSION); /* the highest that both know */
	buffer_put_cstring(b, "xmpp-agent " VERSION);
	buffer_put_u32(b, 0);
	buffer_put_u32(b, r->client->rights);
	buffer_put_u8(b, (uint8_t)vault_locked(r->keeper->vault));
	request_done(r);
}

/* --- RESTRICT ------------------------------------------------------------------- */

struct restriction {
	uint32_t rights;
	char name[LIMIT_CLIENT_NAME + 1];
	char (*accounts)[LIMIT_JID + 1];
	uint32_t n;
};

static int
read_restriction(struct reader *b, struct restriction *s)
{
	uint32_t i;

	s->rights = reader_u32(b);
	reader_cstring(b, s->name, sizeof s->name);
	s->n = reader_count(b, LIMIT_ACCOUNTS);
	s->accounts = calloc((size_t)s->n + 1, sizeof s->accounts[0]);
	if (s->accounts == NULL)
		return ERR_MEMORY;
	for (i = 0; i < s->n; i++)
		reader_cstring(b, s->accounts[i], sizeof s->accounts[i]);
	return reader_end(b);
}

/* Only to less: every account named must be the connection's already. */
static int
check_restriction(const struct client *c, const struct restriction *s)
{
	uint32_t i;

	if ((s->rights & ~(uint32_t)RIGHTS_ALL) != 0 ||
	    (s->name[0] != '\0' && !text_is_plain(s->name)))
		return ERR_ARGUMENT;
	if (c->naccounts > 0 && s->n == 0)
		return 0; /* it keeps what it has */
	for (i = 0; i < s->n; i++) {
		if (!text_is_bare_jid(s->accounts[i]))
			return ERR_ARGUMENT;
		if (!client_has_account(c, s->accounts[i]))
			return ERR_ACCOUNT;
	}
	/* named and attached once: what was offered is kept under the name */
	return c->attached != NULL ? ERR_EXISTS : 0;
}

void
session_restrict(struct request *r)
{
	struct restriction s = { .n = 0 };
	struct client *c = r->client;
	int err = read_restriction(&r->body, &s);

	if (err == 0)
		err = check_restriction(c, &s);
	if (err != 0) {
		request_fail(r, err, "RESTRICT");
		free(s.accounts);
		return;
	}
	c->rights &= s.rights;
	c->ceiling &= s.rights;
	c->restricted = 1;
	if (s.name[0] != '\0')
		memcpy(c->name, s.name, sizeof c->name);
	if (s.n > 0) {
		free(c->accounts);
		c->accounts = s.accounts;
		c->naccounts = s.n;
	} else
		free(s.accounts);
	buffer_put_u32(&r->reply, c->rights);
	request_done(r);
}

/* --- STATUS, QUIT --------------------------------------------------------------- */

void
session_status(struct request *r)
{
	struct keeper *k = r->keeper;
	struct buffer *b = &r->reply;
	int locked = vault_locked(k->vault);
	struct client *c;
	uint32_t n = 0;
	size_t at;

	buffer_put_u8(b, (uint8_t)locked);
	buffer_put_u8(b, (uint8_t)vault_exists(k->vault));
	buffer_put_u8(b, accounts_doubt(k));
	buffer_put_u32(
	    b, k->accounts != NULL && !locked ? (uint32_t)k->accounts->n : 0);
	buffer_put_u64(b, locked ? 0 : records_count(k->records));
	at = b->len;
	buffer_put_u32(b, 0);
	TAILQ_FOREACH(c, &k->clients, entry) {
		if (r->client->forwarded && c != r->client)
			continue; /* what runs here is nobody's there */
		buffer_put_cstring(b, c->name);
		buffer_put_u32(b, c->pid);
		buffer_put_u32(b, c->rights);
		n++;
	}
	buffer_patch_u32(b, at, n);
	buffer_put_u32(b, 2);
	buffer_put_cstring(b, "keeper");
	buffer_put_cstring(b, sandbox_in_force());
	buffer_put_cstring(b, "keeper");
	buffer_put_cstring(b,
	    sandbox_started_closed()
		? "started non-dumpable"
		: "started dumpable: install the programs with mode 0111");
	request_done(r);
}

/* Whoever has restricted itself has given this up too. */
void
session_quit(struct request *r)
{
	struct keeper *k = r->keeper;

	if (r->client->restricted) {
		request_fail(r, ERR_RIGHT, "QUIT");
		return;
	}
	request_done(r);
	keeper_quit(k);
}
