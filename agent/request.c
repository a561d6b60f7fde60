/* SPDX-License-Identifier: ISC */
/*
 * A request from its frame to its one answer. Runs in the keeper; bodies and
 * replies may hold text or a passphrase and are wiped. Trusts no client: the
 * answer to one that has gone is dropped.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "client.h"

struct request *
request_new(struct client *c, const struct frame *f)
{
	struct request *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->keeper = c->keeper;
	r->client = c;
	r->message = message_find(LINK_CLIENT, f->type);
	r->id = f->id;
	r->pid = c->pid;
	r->body = f->body;
	buffer_init(&r->reply, FRAME_MAX - FRAME_HEADER);
	TAILQ_INSERT_TAIL(c->requests, r, entry);
	if (++c->pending >= LIMIT_PIPELINE)
		connection_pause(c->conn, 1);
	return r;
}

void
request_orphan(struct request *r)
{
	TAILQ_REMOVE(r->client->requests, r, entry);
	r->client = NULL;
	if (r->confirm != NULL)
		confirm_withdraw(r); /* and free */
}

static void
request_free(struct request *r)
{
	struct client *c = r->client;

	if (c != NULL) {
		request_orphan(r);
		if (c->pending-- == LIMIT_PIPELINE && !c->closing)
			connection_pause(c->conn, 0);
	}
	freezero(r->copy, r->copylen);
	buffer_free(&r->reply);
	freezero(r, sizeof(*r));
}

int
request_keep(struct request *r)
{
	size_t len = r->body.left;
	uint8_t *copy;

	if (r->copy != NULL)
		return 0;
	if ((copy = malloc(len > 0 ? len : 1)) == NULL)
		return ERR_MEMORY;
	if (len > 0)
		memcpy(copy, r->body.p, len);
	r->copy = copy;
	r->copylen = len;
	reader_init(&r->body, copy, len);
	return 0;
}

void
request_done(struct request *r)
{
	struct client *c = r->client;

	if (r->reply.err != 0) {
		request_fail(r, ERR_FULL, "the answer does not fit a frame");
		return;
	}
	if (c != NULL) {
		if (r->message->type == M_OPEN)
			c->carries_text = 1;
		(void)connection_send(
		    c->conn, M_REPLY, r->id, r->reply.data, r->reply.len);
	}
	request_free(r);
}

void
request_fail(struct request *r, int err, const char *fmt, ...)
{
	struct client *c = r->client;
	struct buffer body;
	char text[1024]; /* a refusal's words, and room */
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (c != NULL) {
		buffer_init(&body, 2048);
		buffer_put_u32(&body, (uint32_t)(err < 0 ? -err : err));
		buffer_put_cstring(&body, text);
		(void)connection_send(
		    c->conn, M_ERROR, r->id, body.data, body.len);
		buffer_free(&body);
		/* whoever cannot frame a request is not listened to further */
		if (err == ERR_MALFORMED || err == ERR_HELLO_FIRST)
			client_end(c);
	}
	request_free(r);
}

static void
request_settled(void *arg, int err)
{
	struct request *r = arg;

	if (err != 0)
		request_fail(r, ERR_RETRY, "%s", err_text(ERR_RETRY));
	else if (r->err != 0)
		request_fail(r, r->err, "%.*s", (int)sizeof(r->text), r->text);
	else
		request_done(r);
}

void
request_durable(struct request *r)
{
	/* the body ends with the handler; nobody may read it later */
	if (r->copy == NULL)
		reader_init(&r->body, NULL, 0);
	records_after(r->keeper->records, request_settled, r);
}
