/* SPDX-License-Identifier: ISC */
/*
 * ours [-n NAMESPACE] ACCOUNT ROW [N]: one row of the bench, measured through
 * the socket of a real agent with its sandbox and its store: everything that
 * is answered is durable. Prints names and figures, a line each: operations a
 * second, or seconds where the name says so.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../agent/crypto/crypto.h"
#include "../../agent/crypto/secret.h"
#include "../../agent/limits.h"
#include "contact.h"

#define HEAP (4 * 1024 * 1024)

static void
figure(const char *name, double value)
{
	printf("%s\t%.6g\n", name, value);
}

/* One contact who has answered: the session's messages are the short ones. */
static struct cast *
acquainted(struct client *c, size_t n, const char *prefix)
{
	struct cast *cast = cast_new(c, n, prefix, 1, 0);

	cast_compose(cast);
	cast_encrypt(cast, IN_FLIGHT);
	cast_sent(cast);
	cast_read(cast);
	cast_answer(cast, IN_FLIGHT);
	return cast;
}

/* --- encrypt: N messages to one contact --------------------------------------- */

static void
row_encrypt(struct client *c, size_t n, size_t flight)
{
	struct cast *one = acquainted(c, 1, "e");
	struct run compose, encrypt, sent;
	double composed, encrypted, acknowledged;
	struct buffer *b;
	struct reader r;
	uint8_t handle[HANDLE_SIZE];
	char text[TEXT], id[64];

	memset(text, 'x', sizeof(text));
	run_init(&compose, c, M_COMPOSE);
	run_init(&encrypt, c, M_ENCRYPT);
	run_init(&sent, c, M_SENT);
	for (size_t i = 0; i < n; i++) {
		b = run_add(&compose);
		snprintf(id, sizeof(id), "%d-%zu-%zu", getpid(), flight, i);
		buffer_put_cstring(b, c->account);
		buffer_put_cstring(b, one->v[0].jid);
		buffer_put_u8(b, KIND_CHAT);
		buffer_put_cstring(b, id);
		buffer_put_u32(b, 1);
		buffer_put_u8(b, FORMAT_BODY);
		buffer_put_string(b, text, sizeof(text));
	}
	composed = run_good(&compose, flight);
	for (size_t i = 0; i < n; i++) {
		r = run_reply(&compose, i);
		reader_fixed(&r, handle, sizeof(handle));
		run_add_handle(&encrypt, handle);
		run_add_handle(&sent, handle);
	}
	encrypted = run_good(&encrypt, flight);
	for (size_t i = 0; i < n; i++) {
		r = run_reply(&encrypt, i);
		if (reader_u8(&r) != ENCRYPT_DONE)
			errx(1, "not encrypted");
	}
	acknowledged = run_good(&sent, flight);
	figure(flight > 1 ? "encrypt" : "encrypt alone", (double)n / encrypted);
	if (flight > 1)
		figure("message",
		    (double)n / (composed + encrypted + acknowledged));
}

static void
encrypt(struct client *c, size_t n)
{
	row_encrypt(c, n, IN_FLIGHT);
}

static void
encrypt_alone(struct client *c, size_t n)
{
	row_encrypt(c, n, 1);
}

/* --- ratchet: a DH step for each message --------------------------------------- */

static void
ratchet(struct client *c, size_t n)
{
	struct cast *cast = acquainted(c, n, "r");
	const int rounds = 3;
	double took = 0, encrypted = 0;

	for (int i = 0; i < rounds; i++) {
		cast_compose(cast);
		cast_encrypt(cast, IN_FLIGHT);
		encrypted += cast->encrypted;
		cast_sent(cast);
		cast_read(cast);
		took += cast_answer(cast, IN_FLIGHT);
	}
	figure("ratchet", (double)n * rounds / took);
	figure("round", (double)n * rounds / (took + encrypted));
}

/* --- session: a bundle handed in, the first message ------------------------------ */

static void
session(struct client *c, size_t n)
{
	struct cast *cast = cast_new(c, n, "s", 1, 0);

	cast_compose(cast);
	cast_encrypt(cast, IN_FLIGHT);
	figure("session", (double)n / (cast->bundles + cast->encrypted));
	cast_sent(cast);
}

/* --- first: a stranger's first message ------------------------------------------- */

static void
first(struct client *c, size_t n)
{
	struct cast *cast = cast_new(c, n, "f", 1, 0);
	struct run run;
	char archive[32];

	run_init(&run, c, M_DECRYPT);
	for (size_t i = 0; i < n; i++) {
		contact_begin(&cast->v[i], c, i);
		snprintf(archive, sizeof(archive), "f%zu", i);
		contact_write(&cast->v[i], 0, c, run_add(&run), archive);
	}
	figure("first", (double)n / run_good(&run, IN_FLIGHT));
	run_free(&run);
}

/* --- reverse: N messages, the last one first -------------------------------------- */

static void
reverse(struct client *c, size_t n)
{
	struct cast *one = acquainted(c, 1, "v");
	struct run run;
	struct asked swap;
	char archive[32];

	run_init(&run, c, M_DECRYPT);
	for (size_t i = 0; i < n; i++) {
		snprintf(archive, sizeof(archive), "v%zu", i);
		contact_write(&one->v[0], 0, c, run_add(&run), archive);
	}
	for (size_t i = 0; i < n / 2; i++) {
		swap = run.v[i];
		run.v[i] = run.v[n - 1 - i];
		run.v[n - 1 - i] = swap;
	}
	figure("reverse seconds", run_good(&run, IN_FLIGHT));
	run_free(&run);
}

/* --- fan: one message to N devices ------------------------------------------------- */

#define CHUNK 200 /* bundles handed in at once */

static void
fan(struct client *c, size_t n)
{
	struct cast *one = cast_new(c, 1, "d", n, 0);
	uint32_t *ids = calloc(n, sizeof(*ids));
	double times[5], swap;

	if (ids == NULL)
		errx(1, "out of memory");
	for (size_t i = 0; i < n; i++)
		ids[i] = one->v[0].first + (uint32_t)i;
	/* new devices by and by, each of which answers once */
	for (size_t have = CHUNK; have < n + CHUNK; have += CHUNK) {
		one->v[0].n = have < n ? have : n;
		cast_compose(one);
		client_list(c, one->v[0].jid, ids, (uint32_t)one->v[0].n);
		cast_encrypt(one, 1);
		cast_sent(one);
		cast_read(one);
		cast_answer(one, IN_FLIGHT);
	}
	for (size_t i = 0; i < 5; i++) {
		cast_compose(one);
		cast_encrypt(one, 1);
		times[i] = one->encrypted;
		cast_sent(one);
		for (size_t j = i; j > 0 && times[j] < times[j - 1]; j--) {
			swap = times[j];
			times[j] = times[j - 1];
			times[j - 1] = swap;
		}
	}
	figure("fan seconds", times[2]);
}

/* --- sign: the bench's own agent only (bench_sign.c) -------------------------------- */

static void
sign(struct client *c, size_t n)
{
	static const uint8_t handle[HANDLE_SIZE];
	struct run alone, flight;

	run_init(&alone, c, M_OPEN);
	run_init(&flight, c, M_OPEN);
	for (size_t i = 0; i < n; i++) {
		run_add_handle(&alone, handle);
		run_add_handle(&flight, handle);
	}
	figure("sign alone", (double)n / run_good(&alone, 1));
	figure("sign flight", (double)n / run_good(&flight, IN_FLIGHT));
}

/* --- fill: N sessions, 32 devices a contact ------------------------------------------ */

static void
fill(struct client *c, size_t n)
{
	const size_t group = 7;
	struct cast *cast;
	char prefix[32];

	for (size_t i = 0; i < n; i += 32 * group) {
		snprintf(prefix, sizeof(prefix), "fill%zu-", i);
		cast = cast_new(c,
		    n - i < 32		       ? 1
			: (n - i) / 32 < group ? (n - i) / 32
					       : group,
		    prefix, n - i < 32 ? n - i : 32, 1);
		cast_compose(cast);
		cast_encrypt(cast, IN_FLIGHT);
		cast_sent(cast);
	}
}

/* --- clients: N of them, each waits for its answers ------------------------------------ */

#define EACH 60 /* messages of one client */

/* One client's messages; how long each took, to fd. */
static void
one_client(const struct client *like, size_t number, int ready, int fd)
{
	struct client *c = client_new(like->account, like->ns);
	char prefix[32], go;
	struct cast *cast;
	double took[EACH], t;

	snprintf(prefix, sizeof(prefix), "c%zu-", number);
	cast = acquainted(c, 1, prefix);
	if (write(fd, &(double){ 0 }, sizeof(t)) != sizeof(t) ||
	    read(ready, &go, 1) != 1)
		_exit(1);
	for (size_t i = 0; i < EACH; i++) {
		t = seconds();
		cast_compose(cast);
		cast_encrypt(cast, 1);
		took[i] = seconds() - t;
		cast_sent(cast);
	}
	if (write(fd, took, sizeof(took)) != sizeof(took))
		_exit(1);
	_exit(0);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
take(int fd, double *v, size_t n)
{
	uint8_t *p = (uint8_t *)v;
	ssize_t got;

	for (size_t left = n * sizeof(*v); left > 0;
	     left -= (size_t)got, p += got)
		if ((got = read(fd, p, left)) <= 0)
			errx(1, "a client has ended");
}

static void
clients(struct client *c, size_t n)
{
	double *v = calloc(n * EACH, sizeof(*v)), began;
	int ready[2], out[2];

	if (v == NULL || pipe(ready) != 0 || pipe(out) != 0)
		err(1, "pipe");
	for (size_t i = 0; i < n; i++)
		if (fork() == 0)
			one_client(c, i, ready[0], out[1]);
	(void)close(out[1]);
	take(out[0], v, n);
	began = seconds();
	for (size_t i = 0; i < n; i++)
		if (write(ready[1], "g", 1) != 1)
			err(1, "write");
	take(out[0], v, n * EACH);
	figure("messages a second", (double)(n * EACH) / (seconds() - began));
	qsort(v, n * EACH, sizeof(*v), compare);
	figure("median seconds", v[n * EACH / 2]);
	figure("slowest percentile seconds", v[n * EACH * 99 / 100]);
	free(v);
}

static const struct row {
	const char *name;
	void (*measure)(struct client *, size_t n);
	size_t n;
} rows[] = {
	{ "encrypt", encrypt, 960 },
	{ "encrypt-alone", encrypt_alone, 240 },
	{ "ratchet", ratchet, 240 },
	{ "session", session, 240 },
	{ "first", first, 90 },
	{ "reverse", reverse, 1000 },
	{ "fan", fan, 1000 },
	{ "sign", sign, 2000 },
	{ "fill", fill, 10000 },
	{ "clients", clients, 1 },
};

int
main(int argc, char *argv[])
{
	struct client *c;
	uint8_t ns = 0;
	int option;
	size_t n = 0;

	while ((option = getopt(argc, argv, "n:")) != -1) {
		if (option != 'n')
			return 64;
		ns = (uint8_t)atoi(optarg);
	}
	argc -= optind;
	argv += optind;
	if (argc < 2 || ns > 1)
		errx(64, "usage: ours [-n NAMESPACE] ACCOUNT ROW [N]");
	if (argc > 2)
		n = (size_t)atoi(argv[2]);
	if (secret_heap_init(HEAP) != 0 || crypto_init() != 0)
		errx(1, "no locked memory");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, argv[1]) == 0) {
			c = strcmp(argv[1], "clients") == 0
			    ? &(struct client){ .account = argv[0], .ns = ns }
			    : client_new(argv[0], ns);
			rows[i].measure(c, n > 0 ? n : rows[i].n);
			return 0;
		}
	errx(64, "%s: no such row", argv[1]);
}
