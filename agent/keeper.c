/* SPDX-License-Identifier: ISC */
/*
 * The keeper: every key, ratchet, trust decision and waiting message, all as
 * sealed records; the clients' connections; unlocking and locking. It may
 * accept, read and write on the descriptors that the launcher gave it, and
 * nothing else. Trusts the launcher; believes the store about durability
 * only, derive and the clients about nothing.
 */
#include "keeper.h"

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/unistd.h>

#include "../ipc/sync.h"
#include "../sandbox/sandbox.h"
#include "account.h"
#include "client.h"
#include "crypto/crypto.h"
#include "crypto/secret.h"
#include "handlers.h"
#include "move.h"
#include "revoke.h"

#define EXIT_AGAIN    1
#define EXIT_FOR_GOOD 2
#define EXIT_QUIT     3

#define LOCK_MS		15000	    /* from being asked to having no key */
#define RESEAL_STEP	256	    /* records */
#define RESEAL_MS	20	    /* between steps */
#define RESEAL_FIRST_MS 1000	    /* after unlock: others first */
#define RESEAL_LATER_MS (30 * 1000) /* when a step got nowhere */

/* --- re-sealing in idle time ------------------------------------------------- */

static void
reseal_step(void *arg)
{
	struct keeper *k = arg;
	size_t left = k->left;
	uint64_t ms = RESEAL_MS;

	k->reseal = NULL;
	if (k->locking || records_locked(k->records))
		return;
	if (records_idle(k->records)) {
		left = records_reseal(k->records, RESEAL_STEP);
		if (left == k->left)
			ms = RESEAL_LATER_MS;
		k->left = left;
	}
	if (left > 0)
		k->reseal = loop_timer(k->loop, ms, reseal_step, k);
}

/* --- lock and unlock --------------------------------------------------------- */

static void
life_over(void *arg)
{
	struct keeper *k = arg;

	k->life = NULL;
	log_lock(k, 0, "", "open for as long as -t says");
	keeper_lock(k);
}

/* A network's and a display's requests are no use by a person. */
void
keeper_used(struct keeper *k, uint8_t type, uint32_t right)
{
	if (type == M_COMPOSE || type == M_ELEVATE ||
	    (right & (RIGHT_TRUST | RIGHT_ADMIN)) != 0)
		k->used = loop_now();
}

static void
idle_over(void *arg)
{
	struct keeper *k = arg;
	uint64_t since = loop_now() - k->used;

	k->idle = NULL;
	if (since < k->idle_ms)
		k->idle = loop_timer(k->loop, k->idle_ms - since, idle_over, k);
	if (k->idle == NULL) {
		log_lock(k, 0, "", "not used for as long as -i says");
		keeper_lock(k);
	}
}

/* The timers that lock; 0, or there is no memory for them. */
static int
keeper_limits(struct keeper *k)
{
	timer_cancel(k->life);
	timer_cancel(k->idle);
	k->life = k->idle = NULL;
	k->used = loop_now();
	if (k->life_ms > 0)
		k->life = loop_timer(k->loop, k->life_ms, life_over, k);
	if (k->idle_ms > 0)
		k->idle = loop_timer(k->loop, k->idle_ms, idle_over, k);
	return (k->life_ms > 0 && k->life == NULL) ||
		(k->idle_ms > 0 && k->idle == NULL)
	    ? ERR_MEMORY
	    : 0;
}

void
keeper_unlocked(struct keeper *k)
{
	if (k->accounts != NULL || vault_locked(k->vault))
		return;
	if (accounts_load(k) != 0) {
		keeper_lock(k);
		return;
	}
	timer_cancel(k->reseal);
	k->left = 0;
	k->reseal = loop_timer(k->loop, RESEAL_FIRST_MS, reseal_step, k);
	if (keeper_limits(k) != 0) {
		keeper_lock(k);
		return;
	}
	clients_event(k, M_EVENT_UNLOCKED);
	told_run(k);
}

/* What the store has not made durable by now must not keep the keys here. */
static void
lock_late(void *arg)
{
	struct keeper *k = arg;

	k->late = NULL;
	warnx("keeper: the store does not answer: ending, to forget the keys");
	loop_stop(k->loop, EXIT_AGAIN);
}

void
keeper_lock(struct keeper *k)
{
	k->locking = 1;
	if (k->late == NULL)
		k->late = loop_timer(k->loop, LOCK_MS, lock_late, k);
}

/* What was read before is finished: forget every key. */
static void
lock_finish(struct keeper *k)
{
	int was_open = !vault_locked(k->vault);

	k->locking = 0;
	timer_cancel(k->life);
	timer_cancel(k->idle);
	timer_cancel(k->reseal);
	timer_cancel(k->late);
	k->life = k->idle = k->reseal = k->late = NULL;
	clients_lock(k, was_open); /* before the refusals of what waited */
	accounts_forget(k);
	move_forget(k);
	vault_lock(k->vault);
	crypto_forget();
	secret_burn_stack();
}

void
keeper_quit(struct keeper *k)
{
	loop_stop(k->loop, EXIT_QUIT);
}

/* --- the end of a turn ------------------------------------------------------- */

static void
turn_flush(void *arg)
{
	struct keeper *k = arg;

	records_flush(k->records);
}

static void
turn_end(void *arg)
{
	struct keeper *k = arg;

	if (k->locking && records_idle(k->records) && !revoke_runs(k))
		lock_finish(k);
	if (k->handled)
		secret_burn_stack();
	k->handled = 0;
}

/* --- the links --------------------------------------------------------------- */

/* Whatever goes wrong on a link ends the keeper; all starts anew. */
static void
link_closed(void *arg, int error)
{
	struct keeper *k = arg;

	if (error != ERR_EOF)
		warnx("keeper: a link failed: %s", err_text(error));
	loop_stop(k->loop, EXIT_AGAIN);
}

static int
store_frame(void *arg, struct frame *f)
{
	struct keeper *k = arg;

	k->handled = 1;
	return records_frame(k->records, f);
}

static int
derive_frame(void *arg, struct frame *f)
{
	struct keeper *k = arg;

	k->handled = 1;
	return vault_frame(k->vault, f);
}

static int
parser_frame(void *arg, struct frame *f)
{
	struct keeper *k = arg;

	k->handled = 1;
	return told_frame(k, f);
}

static int
launcher_frame(void *arg, struct frame *f)
{
	struct keeper *k = arg;

	if (f->type == M_LOCK_NOW && f->id == 0) {
		log_lock(k, 0, "", "by signal");
		keeper_lock(k);
		return 0;
	}
	k->handled = 1;
	return ask_frame(k->ask, f);
}

static void
listen_ready(void *arg, int events)
{
	(void)events;
	clients_accept(arg, KEEPER_FD_LISTEN);
}

static void
forward_ready(void *arg, int events)
{
	(void)events;
	clients_accept(arg, KEEPER_FD_FORWARD);
}

/* --- start ------------------------------------------------------------------- */

/* Where the database lies, and the anchor. */
static int
place_read(struct keeper *k, struct reader *body)
{
	struct place place = { 0 };
	uint8_t digest[32];
	const uint8_t *boot, *anchor;
	struct iovec_const v;
	size_t bootlen, len;
	int err = 0;

	boot = reader_string(body, &bootlen, 64);
	place.inode = reader_u64(body);
	place.birth = reader_u64(body);
	anchor = reader_string(body, &len, 64);
	if (body->err != 0)
		return body->err;
	v = (struct iovec_const){ boot, bootlen };
	if ((err = crypto_sha256(&v, 1, digest)) == 0) {
		memcpy(place.boot, digest, sizeof(place.boot));
		records_found(k->records, &place, anchor, len);
	}
	return err;
}

/* Every row of the store, before anybody is served. */
static int
rows_load(struct keeper *k)
{
	const uint8_t *key, *value;
	struct buffer in, out;
	struct frame f;
	size_t used, at, len;
	uint32_t n;
	uint64_t rows = 0, said = 0;
	int error, done = 0;

	buffer_init(&in, SYNC_IN_MAX);
	buffer_init(&out, FRAME_MAX);
	at = frame_begin(&out, M_LOAD, 1);
	(void)frame_end(&out, at);
	error = sync_write(KEEPER_FD_STORE, &out);
	while (error == 0 && !done) {
		if ((error = sync_read(KEEPER_FD_STORE, &in, &f, &used)) != 0)
			break;
		if (f.type == M_REPLY && f.id == 1) {
			said = reader_u64(&f.body);
			error = place_read(k, &f.body);
			done = 1;
		} else if (f.type != M_ROWS)
			error = ERR_STORE;
		n = done ? 0 : reader_count(&f.body, FRAME_MAX / 36);
		for (; error == 0 && n > 0; n--, rows++) {
			key = reader_bytes(&f.body, 32);
			value = reader_string(&f.body, &len, FRAME_MAX);
			error = f.body.err;
			if (error == 0)
				error =
				    records_load(k->records, key, value, len);
		}
		if (error == 0)
			error = reader_end(&f.body);
		sync_done(&in, used);
	}
	buffer_free(&in);
	buffer_free(&out);
	if (error != 0)
		return error;
	/* without its slots a vault would seem not to be there, and be made */
	return said != rows || (rows > 0 && !vault_exists(k->vault))
	    ? ERR_CORRUPT
	    : 0;
}

static void
start_unlocked(void *arg, int error)
{
	struct keeper *k = arg;

	if (error == ERR_PASSPHRASE)
		log_wrong(k, NULL);
	if (error == 0 && k->accounts == NULL) {
		keeper_unlocked(k);
		error = log_unlocked(k, NULL);
	}
	if (error != 0)
		warnx("keeper: unlocking at start: %s", err_text(error));
}

static void
start_answered(void *arg, int error, const char *answer, size_t len)
{
	struct keeper *k = arg;

	if (error == 0 && len > 0)
		vault_unlock(k->vault, 0, answer, len, start_unlocked, k);
}

static const struct connection_handler store_handler = { store_frame,
	link_closed };
static const struct connection_handler derive_handler = { derive_frame,
	link_closed };
static const struct connection_handler parser_handler = { parser_frame,
	link_closed };
static const struct connection_handler launcher_handler = { launcher_frame,
	link_closed };

static int
dont_block(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1
	    ? ERR_SYSTEM
	    : 0;
}

static int
forward_wire(struct keeper *k)
{
	struct forward *f = &k->forward;
	int err;

	if (f->rights == 0)
		return 0;
	if ((err = dont_block(KEEPER_FD_FORWARD)) != 0)
		return err;
	f->fd = KEEPER_FD_FORWARD;
	f->watch = loop_watch(k->loop, f->fd, LOOP_READ, forward_ready, k);
	return f->watch == NULL ? ERR_MEMORY : 0;
}

static int
keeper_wire(struct keeper *k)
{
	int err = dont_block(KEEPER_FD_LISTEN);

	if (err != 0)
		return err;
	k->store = connection_new(k->loop, KEEPER_FD_STORE, &store_handler, k);
	k->derive =
	    connection_new(k->loop, KEEPER_FD_DERIVE, &derive_handler, k);
	k->launcher =
	    connection_new(k->loop, KEEPER_FD_LAUNCHER, &launcher_handler, k);
	k->parser =
	    connection_new(k->loop, KEEPER_FD_PARSER, &parser_handler, k);
	k->ask = ask_new(k, KEEPER_FD_ANSWER);
	k->listen =
	    loop_watch(k->loop, KEEPER_FD_LISTEN, LOOP_READ, listen_ready, k);
	if (k->store == NULL || k->derive == NULL || k->launcher == NULL ||
	    k->parser == NULL || k->ask == NULL || k->listen == NULL)
		return ERR_MEMORY;
	if ((err = forward_wire(k)) != 0)
		return err;
	connection_allow(k->store, STORE_OUT_MAX);
	records_set_store(k->records, k->store);
	vault_set_derive(k->vault, k->derive);
	vault_set_log(k->vault, vault_requests_log);
	if (loop_after(k->loop, turn_flush, k) != 0 ||
	    loop_after(k->loop, turn_end, k) != 0)
		return ERR_MEMORY;
	return connection_send(k->launcher, M_SERVING, 0, NULL, 0);
}

int
keeper_main(uint64_t life, uint64_t idle, const char *forward)
{
	struct keeper k = { .uid = geteuid() };
	int error;

	if (sandbox_early() != 0 || sandbox_die_with(getppid()) != 0)
		errx(EXIT_FOR_GOOD, "keeper: cannot close itself");
	closefrom(KEEPER_FD_FORWARD + (forward != NULL));
	if (forward != NULL && forward_parse(forward, &k.forward) != 0)
		errx(EXIT_FOR_GOOD, "keeper: -A %s", forward);
	if (secret_heap_init(SECURE_HEAP) != 0)
		errx(EXIT_FOR_GOOD, "keeper: cannot lock memory");
	if (crypto_init() != 0)
		errx(EXIT_FOR_GOOD, "keeper: OpenSSL does not start");
	TAILQ_INIT(&k.clients);
	k.life_ms = life > UINT64_MAX / 1000 ? UINT64_MAX : life * 1000;
	k.idle_ms = idle > UINT64_MAX / 1000 ? UINT64_MAX : idle * 1000;
	if ((k.loop = loop_new()) == NULL ||
	    (k.records = records_new()) == NULL ||
	    (k.vault = vault_new(k.loop, k.records)) == NULL)
		errx(EXIT_AGAIN, "keeper: out of memory");
	if ((error = sandbox_enter(ROLE_KEEPER, NULL)) != 0)
		errx(EXIT_FOR_GOOD, "keeper: %s", err_text(error));
	if ((error = rows_load(&k)) != 0) {
		if (error != ERR_EOF && error != ERR_SYSTEM)
			warnx("keeper: the store's rows: %s", err_text(error));
		return error == ERR_CORRUPT ? EXIT_FOR_GOOD : EXIT_AGAIN;
	}
	if ((error = keeper_wire(&k)) != 0)
		errx(EXIT_AGAIN, "keeper: %s", err_text(error));
	if (vault_exists(k.vault))
		ask_question(&k, ASK_SOURCE, 0, "", start_answered, &k);
	return loop_run(k.loop);
}
