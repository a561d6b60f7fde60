/* SPDX-License-Identifier: ISC */
/*
 * Whole keepers in one process, on one loop: the real records, vault, clients
 * and dispatch; a store in memory and a derive in the same process behind
 * socketpairs; test clients that come in by a real listening socket. For the
 * tests and the fuzzer of the request interface.
 */
#ifndef TESTS_KEEPER_WORLD_H
#define TESTS_KEEPER_WORLD_H

#include <sys/socket.h>
#include <sys/un.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../agent/account.h"
#include "../../agent/client.h"
#include "../../agent/crypto/crypto.h"
#include "../../agent/handlers.h"
#include "../../agent/move.h"
#include "../../agent/records_internal.h"
#include "../../client/sce/sce.h"

#define must(x)                                                                \
	do {                                                                   \
		if (!(x)) {                                                    \
			fprintf(                                               \
			    stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);    \
			abort();                                               \
		}                                                              \
	} while (0)

#define PASSPHRASE "a passphrase"

struct stored {
	uint8_t key[ROW_KEY];
	uint8_t *value;
	size_t len;
};

struct world {		   /* one agent */
	struct loop *loop; /* shared */
	struct keeper *k;
	struct connection *store_end, *derive_end, *launcher_end, *parser_end;
	int listen, answer[2];
	struct sockaddr_un at;
	socklen_t atlen;
	struct stored *rows, *puts;
	size_t nrows, nputs;
	struct place place; /* of the database */
	int refuse;	    /* the next commit is refused */
	int lose;	    /* of it nothing is heard: 1 not done, 2 done */
	int ask_yes;	    /* what askpass says */
	int ask_hold;	    /* until world_answer */
	unsigned asked;	    /* times */
	unsigned ended;	    /* ASK_ENDs for what was open */
	uint32_t ask_id;    /* the one that is open; 0: none */
	char prompt[512];   /* the last one's */
	const uint8_t *lie; /* derive's answer, instead of the true one */
	const struct buffer *parser_lie; /* the parser's: a reply's body */
	int parser_hold;		 /* until world_parse */
	uint32_t parse_id;		 /* the one that is open; 0: none */
	struct buffer envelope;		 /* of it */
	unsigned parsed;		 /* times asked */
};

/* --- the store ------------------------------------------------------------------ */

static void
stored_set(struct stored **v, size_t *n, const uint8_t *key,
    const uint8_t *value, size_t len, int find)
{
	struct stored *s = NULL;
	size_t i;

	for (i = 0; find && i < *n; i++)
		if (memcmp((*v)[i].key, key, ROW_KEY) == 0)
			s = &(*v)[i];
	if (s == NULL) {
		*v = realloc(*v, (*n + 1) * sizeof **v);
		must(*v != NULL);
		s = &(*v)[(*n)++];
		memset(s, 0, sizeof *s);
		memcpy(s->key, key, ROW_KEY);
	}
	free(s->value);
	s->value = malloc(len + 1);
	must(s->value != NULL);
	memcpy(s->value, value, len);
	s->len = len;
}

static void
store_apply(struct world *w)
{
	size_t i;

	for (i = 0; i < w->nputs; i++) {
		if (!w->refuse)
			stored_set(&w->rows, &w->nrows, w->puts[i].key,
			    w->puts[i].value, w->puts[i].len, 1);
		free(w->puts[i].value);
	}
	w->nputs = 0;
	for (i = 0; i < w->nrows;) {
		if (w->rows[i].len == 0) {
			free(w->rows[i].value);
			w->rows[i] = w->rows[--w->nrows];
		} else
			i++;
	}
}

static int
store_end_frame(void *arg, struct frame *f)
{
	struct world *w = arg;
	const uint8_t *key, *value;
	struct buffer b;
	uint32_t n;
	size_t len;

	if (f->type == M_PUT) {
		for (n = reader_u32(&f->body); n > 0; n--) {
			key = reader_bytes(&f->body, ROW_KEY);
			value = reader_string(&f->body, &len, FRAME_MAX);
			stored_set(&w->puts, &w->nputs, key, value, len, 0);
		}
		return 0;
	}
	must(f->type == M_COMMIT);
	if (w->lose == 1) { /* the store has died before it */
		while (w->nputs > 0)
			free(w->puts[--w->nputs].value);
	}
	store_apply(w);
	if (w->lose != 0) {
		w->lose = 0;
		loop_stop(w->loop, 0);
		return 0;
	}
	buffer_init(&b, 64);
	if (w->refuse) {
		buffer_put_u32(&b, (uint32_t)-ERR_FULL);
		buffer_put_cstring(&b, "full");
	}
	must(connection_send(w->store_end, w->refuse ? M_ERROR : M_REPLY, f->id,
		 b.data, b.len) == 0);
	buffer_free(&b);
	w->refuse = 0;
	return 0;
}

/* --- the parser ------------------------------------------------------------------- */

/* As agent/parser.c does, or as w->parser_lie says. */
static void
world_parse(struct world *w)
{
	uint32_t id = w->parse_id;
	const char *why;
	struct buffer b;
	struct sce s;

	must(id != 0);
	w->parse_id = 0;
	buffer_init(&b, FRAME_MAX);
	if (w->parser_lie != NULL) {
		must(connection_send(w->parser_end, M_REPLY, id,
			 w->parser_lie->data, w->parser_lie->len) == 0);
	} else if (sce_parse(w->envelope.data, w->envelope.len, &s, &why) !=
	    0) {
		buffer_put_u32(&b, (uint32_t)-ERR_BAD_MESSAGE);
		buffer_put_cstring(&b, why);
		must(connection_send(
			 w->parser_end, M_ERROR, id, b.data, b.len) == 0);
		sce_free(&s);
	} else {
		buffer_put_cstring(&b, s.from);
		buffer_put_cstring(&b, s.to);
		buffer_put_u32(&b, s.words.n);
		buffer_put(&b, s.words.rows.data, s.words.rows.len);
		must(connection_send(
			 w->parser_end, M_REPLY, id, b.data, b.len) == 0);
		sce_free(&s);
	}
	buffer_free(&b);
}

static int
parser_end_frame(void *arg, struct frame *f)
{
	struct world *w = arg;
	const uint8_t *p;
	size_t len;

	must(f->type == M_PARSE);
	must(w->parse_id == 0); /* one at a time */
	w->parsed++;
	w->parse_id = f->id;
	p = reader_string(&f->body, &len, FRAME_MAX);
	must(reader_end(&f->body) == 0);
	buffer_free(&w->envelope);
	buffer_init(&w->envelope, FRAME_MAX);
	buffer_put(&w->envelope, p, len);
	if (!w->parser_hold)
		world_parse(w);
	return 0;
}

/* --- derive and launcher --------------------------------------------------------- */

static int
derive_end_frame(void *arg, struct frame *f)
{
	struct world *w = arg;
	const uint8_t *pass, *salt;
	size_t passlen, saltlen;
	uint32_t log2n, rr, p;
	uint8_t key[32];

	must(f->type == M_DERIVE);
	if (w->lie != NULL) {
		must(connection_send(
			 w->derive_end, M_REPLY, f->id, w->lie, 32) == 0);
		return 0;
	}
	pass = reader_string(&f->body, &passlen, LIMIT_PASSPHRASE);
	salt = reader_string(&f->body, &saltlen, 64);
	log2n = reader_u32(&f->body);
	rr = reader_u32(&f->body);
	p = reader_u32(&f->body);
	must(crypto_scrypt(pass, passlen, salt, saltlen, log2n, rr, p, key) ==
	    0);
	must(connection_send(w->derive_end, M_REPLY, f->id, key, 32) == 0);
	return 0;
}

static void
world_answer(struct world *w, uint8_t status)
{
	uint32_t id = w->ask_id;

	must(id != 0);
	w->ask_id = 0;
	must(connection_send(w->launcher_end, M_REPLY, id, &status, 1) == 0);
}

static int
launcher_end_frame(void *arg, struct frame *f)
{
	struct world *w = arg;

	if (f->type == M_ASK_END && reader_u32(&f->body) == w->ask_id &&
	    w->ask_id != 0) {
		w->ended++;
		world_answer(
		    w, ASK_DONE); /* ended, it must count for nothing */
	}
	if (f->type != M_ASK)
		return 0;
	must(w->ask_id == 0); /* one at a time */
	w->asked++;
	w->ask_id = f->id;
	(void)reader_u8(&f->body);
	(void)reader_u32(&f->body);
	reader_cstring(&f->body, w->prompt, sizeof w->prompt);
	must(reader_end(&f->body) == 0);
	if (!w->ask_hold)
		world_answer(w, w->ask_yes ? ASK_DONE : ASK_FAILED);
	return 0;
}

static void
world_closed(void *arg, int err)
{
	(void)arg;
	fprintf(stderr, "a link closed: %s\n", err_text(err));
	abort();
}

/* --- the keeper's ends ------------------------------------------------------------ */

static int
keeper_store_frame(void *arg, struct frame *f)
{
	struct world *w = arg;

	return records_frame(w->k->records, f);
}

static int
keeper_derive_frame(void *arg, struct frame *f)
{
	struct world *w = arg;

	return vault_frame(w->k->vault, f);
}

static int
keeper_launcher_frame(void *arg, struct frame *f)
{
	struct world *w = arg;

	return ask_frame(w->k->ask, f);
}

static int
keeper_parser_frame(void *arg, struct frame *f)
{
	struct world *w = arg;

	return told_frame(w->k, f);
}

static void
world_listen(void *arg, int events)
{
	struct world *w = arg;

	(void)events;
	clients_accept(w->k, w->listen);
}

/* What keeper.c does at the end of a turn. */
static void
world_after(void *arg)
{
	struct world *w = arg;

	if (w->k == NULL)
		return;
	records_flush(w->k->records);
	if (w->k->locking && records_idle(w->k->records)) {
		w->k->locking = 0;
		timer_cancel(w->k->late);
		w->k->late = NULL;
		clients_lock(w->k, 1);
		accounts_forget(w->k);
		move_forget(w->k);
		vault_lock(w->k->vault);
	}
}

static void
world_pair(struct world *w, struct connection **ours,
    const struct connection_handler *our_handler, struct connection **theirs,
    const struct connection_handler *their_handler)
{
	int sv[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == 0);
	*ours = connection_new(w->loop, sv[0], our_handler, w);
	*theirs = connection_new(w->loop, sv[1], their_handler, w);
	must(*ours != NULL && *theirs != NULL);
}

static void
world_start(struct world *w)
{
	static const struct connection_handler h[] = {
		{ keeper_store_frame, world_closed },
		{ store_end_frame, world_closed },
		{ keeper_derive_frame, world_closed },
		{ derive_end_frame, world_closed },
		{ keeper_launcher_frame, world_closed },
		{ launcher_end_frame, world_closed },
		{ keeper_parser_frame, world_closed },
		{ parser_end_frame, world_closed },
	};
	struct keeper *k = calloc(1, sizeof *k);
	size_t i;

	must(k != NULL && pipe(w->answer) == 0);
	w->k = k;
	k->loop = w->loop;
	k->uid = geteuid();
	TAILQ_INIT(&k->clients);
	must((k->records = records_new()) != NULL);
	must((k->vault = vault_new(w->loop, k->records)) != NULL);
	vault_set_cost(k->vault, LIMIT_SCRYPT_LOG2N_MIN);
	vault_set_log(k->vault, vault_requests_log);
	world_pair(w, &k->store, &h[0], &w->store_end, &h[1]);
	connection_allow(k->store, STORE_OUT_MAX);
	world_pair(w, &k->derive, &h[2], &w->derive_end, &h[3]);
	world_pair(w, &k->launcher, &h[4], &w->launcher_end, &h[5]);
	world_pair(w, &k->parser, &h[6], &w->parser_end, &h[7]);
	w->parse_id = 0;
	must((k->ask = ask_new(k, w->answer[0])) != NULL);
	k->listen = loop_watch(w->loop, w->listen, LOOP_READ, world_listen, w);
	must(k->listen != NULL);
	for (i = 0; i < w->nrows; i++)
		must(records_load(k->records, w->rows[i].key, w->rows[i].value,
			 w->rows[i].len) == 0);
	records_found(k->records, &w->place, NULL, 0);
	records_set_store(k->records, k->store);
	vault_set_derive(k->vault, k->derive);
}

static inline struct world *
world_new(struct loop *loop)
{
	struct world *w = calloc(1, sizeof *w);

	must(w != NULL);
	w->loop = loop;
	w->ask_yes = 1;
	w->at.sun_family = AF_UNIX;
	w->atlen = sizeof(sa_family_t);
	w->listen =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	must(w->listen != -1);
	/* the kernel draws an abstract name */
	must(bind(w->listen, (struct sockaddr *)&w->at, w->atlen) == 0);
	w->atlen = sizeof w->at;
	must(getsockname(w->listen, (struct sockaddr *)&w->at, &w->atlen) == 0);
	must(listen(w->listen, 64) == 0);
	must(loop_after(loop, world_after, w) == 0);
	world_start(w);
	return w;
}

/* The keeper dies; only what is in the store is left. */
static void
world_stop(struct world *w)
{
	struct keeper *k = w->k;
	struct client *c;

	while ((c = TAILQ_FIRST(&k->clients)) != NULL)
		client_close(c);
	accounts_forget(k);
	timer_cancel(k->reseal);
	timer_cancel(k->life);
	timer_cancel(k->late);
	watch_free(k->listen);
	ask_free(k->ask);
	connection_free(k->store);
	connection_free(k->derive);
	connection_free(k->launcher);
	connection_free(k->parser);
	connection_free(w->parser_end);
	connection_free(w->store_end);
	connection_free(w->derive_end);
	connection_free(w->launcher_end);
	vault_free(k->vault);
	records_free(k->records);
	close(w->answer[0]);
	close(w->answer[1]);
	free(k);
	w->k = NULL;
}

static inline void
world_restart(struct world *w)
{
	world_stop(w);
	world_start(w);
}

static inline void
world_free(struct world *w)
{
	size_t i;

	world_stop(w);
	close(w->listen);
	for (i = 0; i < w->nrows; i++)
		free(w->rows[i].value);
	for (i = 0; i < w->nputs; i++)
		free(w->puts[i].value);
	free(w->rows);
	free(w->puts);
	buffer_free(&w->envelope);
	/* w stays for the loop's after-hook */
}

/* --- test clients ---------------------------------------------------------------- */

struct peer_event {
	uint8_t type;
	struct buffer body;
};

struct user { /* one connection */
	struct world *w;
	struct connection *c; /* NULL: the keeper has closed it */
	uint32_t id, answered;
	uint8_t type;	     /* of the last answer */
	struct buffer reply; /* its body */
	struct reader r;
	struct peer_event events[64];
	size_t nevents;
	int waiting;
	char text[1024];
};

static int
user_frame(void *arg, struct frame *f)
{
	struct user *u = arg;
	struct peer_event *e;

	if (f->id == 0) {
		if (u->nevents == 64) { /* nobody waits for the oldest */
			buffer_free(&u->events[0].body);
			memmove(&u->events[0], &u->events[1],
			    --u->nevents * sizeof u->events[0]);
		}
		e = &u->events[u->nevents++];
		e->type = f->type;
		buffer_init(&e->body, FRAME_MAX);
		buffer_put(&e->body, f->body.p, f->body.left);
		if (u->waiting)
			loop_stop(u->w->loop, 0);
		return 0;
	}
	u->answered = f->id;
	u->type = f->type;
	buffer_free(&u->reply);
	buffer_init(&u->reply, FRAME_MAX);
	buffer_put(&u->reply, f->body.p, f->body.left);
	loop_stop(u->w->loop, 0);
	return 0;
}

static void
user_closed(void *arg, int err)
{
	struct user *u = arg;

	(void)err;
	u->c = NULL;
	loop_stop(u->w->loop, 0);
}

static const struct connection_handler user_handler = { user_frame,
	user_closed };

static struct user *
user_new(struct world *w)
{
	struct user *u = calloc(1, sizeof *u);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(u != NULL && fd != -1);
	must(connect(fd, (struct sockaddr *)&w->at, w->atlen) == 0);
	u->w = w;
	u->c = connection_new(w->loop, fd, &user_handler, u);
	must(u->c != NULL);
	return u;
}

static inline void
user_forget_events(struct user *u)
{
	while (u->nevents > 0)
		buffer_free(&u->events[--u->nevents].body);
}

static void
user_free(struct user *u)
{
	if (u->c != NULL)
		connection_free(u->c);
	user_forget_events(u);
	buffer_free(&u->reply);
	free(u);
}

static void
world_late(void *arg)
{
	(void)arg;
	fprintf(stderr, "no answer in 20 seconds\n");
	abort();
}

static void
world_turn(struct world *w)
{
	struct timer *t = loop_timer(w->loop, 20000, world_late, NULL);

	must(t != NULL);
	(void)loop_run(w->loop);
	timer_cancel(t);
}

/* The answer's error: 0, negative, or ERR_EOF when the keeper closed. */
static int
user_wait(struct user *u, uint32_t id)
{
	size_t len;
	const uint8_t *p;
	int err;

	while (u->c != NULL && u->answered != id)
		world_turn(u->w);
	if (u->answered != id)
		return ERR_EOF;
	reader_init(&u->r, u->reply.data, u->reply.len);
	u->text[0] = '\0';
	if (u->type == M_REPLY)
		return 0;
	err = -(int)reader_u32(&u->r);
	p = reader_string(&u->r, &len, sizeof(u->text) - 1);
	if (p != NULL)
		memcpy(u->text, p, len);
	u->text[p != NULL ? len : 0] = '\0';
	return err;
}

/* Send one request with this body (freed). */
static void
user_send(struct user *u, uint8_t type, uint32_t id, struct buffer *body)
{
	must(connection_send(u->c, type, id, body != NULL ? body->data : NULL,
		 body != NULL ? body->len : 0) == 0);
	if (body != NULL)
		buffer_free(body);
}

/* The same, and wait for its answer. */
static int
user_call(struct user *u, uint8_t type, struct buffer *body)
{
	uint32_t id = ++u->id;
	const struct message *m;
	int err;

	if (u->c == NULL) {
		if (body != NULL)
			buffer_free(body);
		return ERR_EOF;
	}
	must(body == NULL || body->err == 0);
	user_send(u, type, id, body);
	err = user_wait(u, id);
	m = message_find(LINK_CLIENT, type);
	if (err == 0) /* every answer has the layout of its row */
		must(message_check(m->reply, u->reply.data, u->reply.len) == 0);
	return err;
}

/* Wait for an event of this type; it is taken off. NULL body: dropped. */
static inline void
user_event(struct user *u, uint8_t type, struct buffer *body)
{
	size_t i;

	for (;;) {
		for (i = 0; i < u->nevents; i++)
			if (u->events[i].type == type)
				goto found;
		must(u->c != NULL);
		u->waiting = 1;
		world_turn(u->w);
		u->waiting = 0;
	}
found:
	must(message_check(message_find(LINK_CLIENT, type)->request,
		 u->events[i].body.data, u->events[i].body.len) == 0);
	if (body != NULL)
		*body = u->events[i].body;
	else
		buffer_free(&u->events[i].body);
	u->nevents--;
	memmove(&u->events[i], &u->events[i + 1],
	    (u->nevents - i) * sizeof u->events[0]);
}

/* A body from letters: 1 u8, 4 u32, 8 u64, s string, f octets with length,
 * h 16 octets, k 32 octets. */
static inline struct buffer *
body(struct buffer *b, const char *fmt, ...)
{
	va_list ap;
	const void *p;

	buffer_init(b, FRAME_MAX);
	va_start(ap, fmt);
	for (; *fmt != '\0'; fmt++) {
		switch (*fmt) {
		case '1':
			buffer_put_u8(b, (uint8_t)va_arg(ap, int));
			break;
		case '4':
			buffer_put_u32(b, va_arg(ap, uint32_t));
			break;
		case '8':
			buffer_put_u64(b, va_arg(ap, uint64_t));
			break;
		case 's':
			buffer_put_cstring(b, va_arg(ap, const char *));
			break;
		case 'f':
			p = va_arg(ap, const void *);
			buffer_put_string(b, p, va_arg(ap, size_t));
			break;
		case 'h':
			buffer_put(b, va_arg(ap, const void *), HANDLE_SIZE);
			break;
		case 'k':
			buffer_put(b, va_arg(ap, const void *), 32);
			break;
		default:
			abort();
		}
	}
	va_end(ap);
	return b;
}

static int
user_hello(struct user *u)
{
	struct buffer b;

	return user_call(u, M_HELLO, body(&b, "44", 1U, 0U));
}

static int
user_restrict(
    struct user *u, uint32_t rights, const char *name, const char *account)
{
	struct buffer b;

	if (account == NULL)
		return user_call(
		    u, M_RESTRICT, body(&b, "4s4", rights, name, 0U));
	return user_call(
	    u, M_RESTRICT, body(&b, "4s4s", rights, name, 1U, account));
}

static inline int
user_unlock(struct user *u, const char *passphrase)
{
	struct buffer b;

	return user_call(
	    u, M_UNLOCK, body(&b, "1s", SECRET_PASSPHRASE, passphrase));
}

/* A connection that has made the vault: trust and admin are its. */
static inline struct user *
user_creator(struct world *w)
{
	struct user *u = user_new(w);
	struct buffer b;

	must(user_hello(u) == 0);
	must(user_call(u, M_VAULT_CREATE,
		 body(&b, "1s", SECRET_PASSPHRASE, PASSPHRASE)) == 0);
	return u;
}

static inline int
user_create(struct user *u, const char *jid, int others)
{
	struct buffer b;

	return user_call(u, M_CREATE, body(&b, "s1", jid, others));
}

static inline struct user *
user_attached(struct world *w, int net, const char *name, const char *jid)
{
	struct user *u = user_new(w);
	struct buffer b;

	must(user_hello(u) == 0);
	must(user_restrict(u, net ? RIGHT_NETWORK : RIGHT_INFO | RIGHT_TEXT,
		 name, jid) == 0);
	must(user_call(u, net ? M_ATTACH_NET : M_ATTACH_FRONT,
		 body(&b, "s", jid)) == 0);
	return u;
}

static size_t world_heap; /* what the library itself keeps there */

static inline void
world_setup(void)
{
	must(secret_heap_init(SECURE_HEAP) == 0);
	must(crypto_init() == 0);
	world_heap = secret_heap_used();
}

#endif
