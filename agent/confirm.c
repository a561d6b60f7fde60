/* SPDX-License-Identifier: ISC */
/*
 * A person's yes before an identity is used. Runs in the keeper. A request
 * that needs one waits here with its whole body, wiped when it is answered;
 * all others go on. After the yes it is dispatched as if it had just come: what
 * has changed meanwhile (lock, rights, the message) counts. One question at a
 * time, in the order of the requests. Trusts askpass with the answer alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "client.h"

struct confirm {
	TAILQ_ENTRY(confirm) entry;
	struct request *request;
	char prompt[400];
	char account[LIMIT_JID + 1];
	int once; /* the yes holds until the connection ends */
};

static struct request *
take_out(struct accounts *all, struct confirm *c)
{
	struct request *r = c->request;

	if (all->asking == c)
		all->asking = NULL;
	TAILQ_REMOVE(&all->confirms, c, entry);
	all->nconfirms--;
	free(c);
	r->confirm = NULL;
	return r;
}

static int
is_confirmed(const struct client *c, const char *account)
{
	return c->confirmed != NULL && strcmp(c->confirmed, account) == 0;
}

static void
yes(struct keeper *k, struct confirm *c)
{
	struct client *client = c->request->client;
	struct request *r;

	if (c->once && !is_confirmed(client, c->account)) {
		free(client->confirmed);
		client->confirmed = strdup(c->account); /* NULL: ask again */
	}
	r = take_out(k->accounts, c);
	r->confirmed = 1;
	reader_init(&r->body, r->copy, r->copylen);
	dispatch(r);
}

/* Of a question that nobody waits for any more the answer is nobody's. */
static void
answered(void *arg, int err, const char *answer, size_t len)
{
	struct keeper *k = arg;
	struct confirm *c = k->accounts != NULL ? k->accounts->asking : NULL;

	(void)answer;
	(void)len;
	if (c == NULL)
		return;
	if (err == 0)
		yes(k, c);
	else
		request_fail(take_out(k->accounts, c), err, "%s",
		    ask_why(k, err, "the use of this identity"));
}

void
confirm_next(struct keeper *k)
{
	struct confirm *c;

	while (k->accounts != NULL && k->accounts->asking == NULL &&
	    !ask_is_open(k) &&
	    (c = TAILQ_FIRST(&k->accounts->confirms)) != NULL) {
		if (c->once && is_confirmed(c->request->client, c->account)) {
			yes(k, c); /* the question before was this one */
			continue;
		}
		k->accounts->asking = c;
		ask_question(k, ASK_CONFIRM, c->request->client->pid, c->prompt,
		    answered, k);
	}
}

static int
enqueue(struct request *r, const struct account *a, const char *what)
{
	struct accounts *all = r->keeper->accounts;
	struct confirm *c;
	int err;

	if (all->nconfirms >= LIMIT_CONFIRMS)
		return ERR_BUSY;
	r->body = r->whole;
	if ((err = request_keep(r)) != 0)
		return err;
	if ((c = calloc(1, sizeof *c)) == NULL)
		return ERR_MEMORY;
	c->request = r;
	c->once = a->limits.confirm == CONFIRM_ONCE;
	memcpy(c->account, a->jid, strlen(a->jid) + 1);
	/* what is asked first: the name is the asker's own choice */
	snprintf(c->prompt, sizeof c->prompt,
	    "Allow process %u%s to %s, as %.100s? Its client's name is "
	    "\"%s\", or so it says.",
	    r->client->pid,
	    r->client->forwarded ? " (forwarded from elsewhere)" : "", what,
	    a->jid, r->client->name);
	TAILQ_INSERT_TAIL(&all->confirms, c, entry);
	all->nconfirms++;
	r->confirm = c;
	return 0;
}

int
confirm_is_wanted(const struct request *r, const struct account *a)
{
	return a->limits.confirm != CONFIRM_NEVER && !r->confirmed &&
	    (a->limits.confirm != CONFIRM_ONCE ||
		!is_confirmed(r->client, a->jid));
}

int
confirm_use(struct request *r, const struct account *a, const char *what)
{
	int err;

	if (!confirm_is_wanted(r, a))
		return 0;
	if ((err = enqueue(r, a, what)) != 0)
		request_fail(r, err, "too many wait for a yes");
	else
		confirm_next(r->keeper);
	return 1;
}

void
confirm_withdraw(struct request *r)
{
	struct keeper *k = r->keeper;

	if (k->accounts->asking == r->confirm)
		ask_end_now(k);
	request_fail(take_out(k->accounts, r->confirm), ERR_EOF, "%s", "");
}

void
confirm_forget(struct keeper *k)
{
	struct accounts *all = k->accounts;
	struct confirm *c;

	if (all->asking != NULL)
		ask_end_now(k);
	while ((c = TAILQ_FIRST(&all->confirms)) != NULL)
		request_fail(take_out(all, c), ERR_LOCKED, "%s", "");
}
