/* SPDX-License-Identifier: ISC */
/*
 * ELEVATE: trust or admin until the connection ends. Runs in the keeper. The
 * vault's passphrase, or a yes in the agent's own askpass: a stray process of
 * the same user can ask, but cannot take. Never over RESTRICT's ceiling.
 */
#include <stdio.h>

#include "handlers.h"

/* The client may have gone meanwhile: then there is nobody to give it to. */
static void
grant(struct request *r, uint32_t rights)
{
	struct client *c = r->client;

	if (c != NULL) {
		c->rights |= rights & c->ceiling;
		buffer_put_u32(&r->reply, c->rights);
	}
	request_done(r);
}

/* r->copy keeps the body: its first field are the rights asked for. */
static uint32_t
asked_rights(const struct request *r)
{
	struct reader b;

	reader_init(&b, r->copy, r->copylen);
	return reader_u32(&b);
}

static void
checked(void *arg, int err)
{
	struct request *r = arg;

	if (err == ERR_PASSPHRASE)
		log_wrong(r->keeper, r);
	if (err != 0)
		request_fail(r, err, "ELEVATE");
	else {
		ask_again(r->keeper);
		grant(r, asked_rights(r));
	}
}

static void
confirmed(void *arg, int err, const char *answer, size_t len)
{
	struct request *r = arg;

	(void)answer;
	(void)len;
	if (err != 0)
		request_fail(r, err, "%s", ask_why(r->keeper, err, "ELEVATE"));
	else
		checked(arg, 0);
}

static void
ask(struct request *r, uint32_t rights)
{
	const struct client *c = r->client;
	char prompt[256];

	/* what is asked first: the name is the asker's own choice */
	snprintf(prompt, sizeof prompt,
	    "Allow process %u to%s%s%s? Its client's name is \"%s\".", c->pid,
	    rights & RIGHT_TRUST ? " decide about contacts' keys" : "",
	    rights == (RIGHT_TRUST | RIGHT_ADMIN) ? " and" : "",
	    rights & RIGHT_ADMIN ? " create and destroy identities" : "",
	    c->name);
	ask_question(r->keeper, ASK_CONFIRM, c->pid, prompt, confirmed, r);
}

void
session_elevate(struct request *r)
{
	struct reader *b = &r->body;
	const uint8_t *secret;
	uint32_t rights;
	uint8_t method;
	size_t len;
	int err;

	if ((err = request_keep(r)) != 0) {
		request_fail(r, err, "ELEVATE");
		return;
	}
	rights = reader_u32(b);
	method = reader_u8(b);
	secret = reader_string(b, &len, LIMIT_PASSPHRASE);
	if ((err = reader_end(b)) != 0)
		request_fail(r, err, "ELEVATE");
	else if (rights == 0 || method > SECRET_RECOVERY ||
	    (rights & ~(uint32_t)(RIGHT_TRUST | RIGHT_ADMIN)) != 0)
		request_fail(r, ERR_ARGUMENT, "ELEVATE");
	else if ((rights & ~r->client->ceiling) != 0)
		request_fail(
		    r, ERR_RIGHT, "this connection gave it up with RESTRICT");
	else if (method == SECRET_ASK)
		ask(r, rights);
	else
		vault_check(r->keeper->vault, method == SECRET_RECOVERY, secret,
		    len, checked, r);
}
