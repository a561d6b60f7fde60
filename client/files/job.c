/* SPDX-License-Identifier: ISC */
/*
 * The upper end of the two file links. Runs in xmpp-send's front and in
 * xmpp-get; hands the key to xmpp-cipher and the address to xmpp-transfer,
 * never the other way round. Neither is believed alone: a file has arrived
 * when both say so. From xmpp-transfer, which has parsed what a server sent,
 * only a number or a reason is taken.
 */
#include "job.h"

#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "../../ipc/connection.h"
#include "../../ipc/err.h"
#include "../../ipc/messages.h"

#define REASON_MS 2000 /* after one has failed: for the other to say why */

enum half_state { HALF_RUNS, HALF_DONE, HALF_FAILED };

struct half {
	struct job *job;
	const char *name;
	struct connection *link; /* NULL: it has closed */
	enum half_state state;
	char reason[512];
};

enum { CIPHER, TRANSFER, HALVES };

struct job {
	const struct job_handler *handler;
	void *arg;
	struct half halves[HALVES];
	struct loop *loop;
	struct timer *end;
	int over; /* or as good as: there is nothing to wait for */
	int has_size;
	uint64_t size;
};

/* Out of any connection's callback. */
static void
on_end(void *arg)
{
	struct job *job = arg;
	const struct half *h = job->halves;
	const char *reason = NULL;

	job->end = NULL;
	job->over = 1;
	/* The transfer's reason first: without ciphertext no cipher is
	 * content. Without a reason, the other one has it. */
	if (h[TRANSFER].state == HALF_FAILED && h[TRANSFER].reason[0] != '\0')
		reason = h[TRANSFER].reason;
	else if (h[CIPHER].state == HALF_FAILED && h[CIPHER].reason[0] != '\0')
		reason = h[CIPHER].reason;
	else if (h[TRANSFER].state != HALF_DONE || h[CIPHER].state != HALF_DONE)
		reason = "it broke off";
	job->handler->ended(job->arg, reason);
}

/* One that has failed does not wait for ever for one that says nothing. */
static void
end_soon(struct job *job)
{
	unsigned runs = 0, failed = 0;

	for (size_t i = 0; i < HALVES; i++) {
		runs += job->halves[i].state == HALF_RUNS;
		failed += job->halves[i].state == HALF_FAILED;
	}
	if (job->over || (runs > 0 && failed == 0))
		return;
	timer_cancel(job->end);
	job->over = runs == 0;
	job->end =
	    loop_timer(job->loop, runs == 0 ? 0 : REASON_MS, on_end, job);
}

static void
settle(struct half *h, enum half_state state)
{
	if (h->state != HALF_RUNS)
		return;
	h->state = state;
	end_soon(h->job);
}

static void
on_octets(struct half *h, uint64_t octets, uint64_t of)
{
	struct job *job = h->job;

	if (h == &job->halves[CIPHER] && !job->has_size) {
		job->has_size = 1;
		job->size = octets;
		job->handler->progress(job->arg, 0, octets);
	} else if (h == &job->halves[TRANSFER])
		job->handler->progress(job->arg, octets, of);
}

static int
on_frame(void *arg, struct frame *f)
{
	struct half *h = arg;
	const struct message *m = message_find(LINK_FILE, f->type);
	uint64_t octets;

	if (m == NULL || f->id != 0 ||
	    message_check(m->request, f->body.p, f->body.left) != 0)
		return ERR_MALFORMED;
	if (f->type == M_FILE_PROGRESS) {
		octets = reader_u64(&f->body);
		on_octets(h, octets, reader_u64(&f->body));
	} else if (f->type == M_FILE_DONE) {
		settle(h, HALF_DONE);
	} else if (f->type == M_FILE_FAILED) {
		if (h->state == HALF_RUNS)
			reader_cstring(&f->body, h->reason, sizeof(h->reason));
		settle(h, HALF_FAILED);
	} else
		return ERR_UNKNOWN_MESSAGE;
	return 0;
}

static void
on_closed(void *arg, int err)
{
	struct half *h = arg;

	(void)err;
	h->link = NULL;
	if (h->state == HALF_RUNS) {
		strlcpy(h->reason, h->name, sizeof(h->reason));
		strlcat(h->reason, " has ended unasked", sizeof(h->reason));
	}
	settle(h, HALF_FAILED);
}

struct job *
job_new(struct loop *loop, int cipher, int transfer,
    const struct job_handler *handler, void *arg)
{
	static const struct connection_handler links = {
		.frame = on_frame,
		.closed = on_closed,
	};
	static const char *const names[] = { "xmpp-cipher", "xmpp-transfer" };
	const int fds[] = { cipher, transfer };
	struct job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return NULL;
	job->loop = loop;
	job->handler = handler;
	job->arg = arg;
	for (size_t i = 0; i < HALVES; i++) {
		job->halves[i].job = job;
		job->halves[i].name = names[i];
		job->halves[i].link =
		    connection_new(loop, fds[i], &links, &job->halves[i]);
		if (job->halves[i].link == NULL) {
			job_free(job);
			return NULL;
		}
	}
	return job;
}

void
job_free(struct job *job)
{
	if (job == NULL)
		return;
	timer_cancel(job->end);
	for (size_t i = 0; i < HALVES; i++)
		if (job->halves[i].link != NULL)
			connection_free(job->halves[i].link);
	free(job);
}

int
job_size(const struct job *job, uint64_t *size)
{
	*size = job->size;
	return job->has_size;
}

/* Frees the body. A half that has gone is noticed by its end. */
static void
ask(struct half *h, uint8_t type, struct buffer *body)
{
	if (h->link != NULL && body->err == 0)
		(void)connection_send(h->link, type, 0, body->data, body->len);
	buffer_free(body);
}

static void
ask_cipher(struct job *job, uint8_t type, const struct aesgcm *link)
{
	struct buffer b;

	buffer_init(&b, FRAME_MAX);
	buffer_put(&b, link->key, sizeof(link->key));
	buffer_put_string(&b, link->iv, link->ivlen);
	if (type == M_FILE_SEAL)
		buffer_put_u64(&b, job->size);
	ask(&job->halves[CIPHER], type, &b);
}

void
job_put(struct job *job, const struct aesgcm *link, const struct url *put,
    const struct job_headers *headers)
{
	struct buffer b;

	ask_cipher(job, M_FILE_SEAL, link);
	buffer_init(&b, FRAME_MAX);
	buffer_put_cstring(&b, put->text);
	buffer_put_u64(&b, job->size + AESGCM_TAG);
	buffer_put_u32(&b, (uint32_t)headers->n);
	for (size_t i = 0; i < headers->n; i++) {
		buffer_put_cstring(&b, headers->v[i].name);
		buffer_put_cstring(&b, headers->v[i].value);
	}
	ask(&job->halves[TRANSFER], M_FILE_PUT, &b);
}

void
job_get(struct job *job, const struct aesgcm *link, uint64_t max)
{
	struct buffer b;

	job->has_size = 1; /* unknown: nobody says it here */
	ask_cipher(job, M_FILE_OPEN, link);
	buffer_init(&b, FRAME_MAX);
	buffer_put_cstring(&b, link->url.text);
	buffer_put_u64(&b, max + AESGCM_TAG);
	ask(&job->halves[TRANSFER], M_FILE_GET, &b);
}
