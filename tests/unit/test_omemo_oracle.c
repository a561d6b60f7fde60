/* SPDX-License-Identifier: ISC */
/*
 * Live against Debian's libomemo-c (tests/interop/omemo_oracle.c), in both
 * versions: sessions begun by us, by it, and by both at once; messages
 * reordered, lost and duplicated as a seeded generator says.
 */
#include <sys/wait.h>

#include <unistd.h>

#include "check.h"
#include "omemo_device.h"

#define ROUNDS	  12 /* sessions of each kind of beginning */
#define STEPS	  260
#define IN_FLIGHT 24
#define ORACLE	  "../test/omemo_oracle" /* from where this program lies */
#define LINE	  4096

struct oracle {
	pid_t pid;
	FILE *to, *from;
	char line[LINE]; /* the last answer */
};

struct flight { /* sent, not delivered */
	struct wire w[IN_FLIGHT];
	unsigned turn[IN_FLIGHT]; /* the sender's chain */
	size_t n;
};

struct counts {
	unsigned sessions, to_them, to_us, reordered, lost, duplicated;
};

struct talk {
	struct device *us;
	struct oracle them;
	struct flight to_us, to_them;
	unsigned turns; /* chains that we have begun */
	int they_may;	/* they have a session */
	struct counts *counts;
};

/* --- the counterpart -------------------------------------------------------- */

static void
oracle_start(struct oracle *o, int version, const char *seed)
{
	char path[4096], number[4];
	int in[2], out[2];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 64);

	assert_true(n > 0);
	path[n] = '\0';
	strcpy(strrchr(path, '/') + 1, ORACLE);
	snprintf(number, sizeof number, "%d", version);
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	if ((o->pid = fork()) == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		close(out[0]);
		execl(path, path, number, seed, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	o->to = fdopen(in[1], "w");
	o->from = fdopen(out[0], "r");
	assert_non_null(o->to);
	assert_non_null(o->from);
}

static void
oracle_stop(struct oracle *o)
{
	int status;

	fclose(o->to);
	fclose(o->from);
	assert_int_equal(waitpid(o->pid, &status, 0), o->pid);
	assert_int_equal(status, 0);
}

static void
oracle_read(struct oracle *o)
{
	if (fgets(o->line, sizeof o->line, o->from) == NULL)
		fail_msg("the oracle ended");
	o->line[strcspn(o->line, "\n")] = '\0';
}

static void
put_hex(FILE *f, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%02x", p[i]);
}

/* command HEX, and its answer. */
static void
oracle_ask(struct oracle *o, const char *command, const uint8_t *p, size_t n)
{
	fprintf(o->to, "%s ", command);
	put_hex(o->to, p, n);
	fputc('\n', o->to);
	fflush(o->to);
	oracle_read(o);
}

/* The value of the answer, which must begin with word. */
static const char *
answer(const struct oracle *o, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(o->line, word, n) != 0)
		fail_msg("wanted %s, the oracle says %s", word, o->line);
	return o->line[n] == ' ' ? o->line + n + 1 : o->line + n;
}

struct bundle {
	uint8_t mont[33], ed[32], spk[33], sig[64], sig2[64], pk[33];
};

static void
oracle_bundle(struct oracle *o, struct bundle *b)
{
	int wanted = 0; /* is this the one-time prekey 101? */

	memset(b, 0, sizeof *b);
	fputs("bundle\n", o->to);
	fflush(o->to);
	for (oracle_read(o); strcmp(o->line, "end") != 0; oracle_read(o)) {
		char *value = strchr(o->line, ' ') + 1;

		value[-1] = '\0';
		if (strcmp(o->line, "ik_mont") == 0)
			unhex(value, b->mont, 33);
		else if (strcmp(o->line, "ik_ed") == 0)
			unhex(value, b->ed, 32);
		else if (strcmp(o->line, "spk") == 0)
			unhex(value, b->spk, 33);
		else if (strcmp(o->line, "spk_sig") == 0)
			unhex(value, b->sig, 64);
		else if (strcmp(o->line, "spk_sig_omemo") == 0)
			unhex(value, b->sig2, 64);
		else if (strcmp(o->line, "pk_id") == 0)
			wanted = strcmp(value, "101") == 0;
		else if (strcmp(o->line, "pk") == 0 && wanted)
			unhex(value, b->pk, 33);
	}
}

/* --- beginnings ------------------------------------------------------------- */

static void
we_begin(struct talk *t, const struct bundle *b)
{
	const struct omemo_profile *profile = t->us->profile;
	int legacy = profile->version == 3;
	struct omemo_peer peer;
	uint8_t spk[32];

	assert_int_equal(
	    omemo_bundle_check(profile, legacy ? b->mont : b->ed,
		profile->identity_size, legacy ? b->spk : b->spk + 1,
		profile->key_size, legacy ? b->sig : b->sig2, 64, &peer, spk),
	    0);
	assert_int_equal(omemo_session_initiate(t->us->session, &t->us->id,
			     t->us->number, &peer, 7, spk, 101, b->pk + 1),
	    0);
	device_repack(t->us);
}

static void
they_begin(struct talk *t)
{
	struct device *us = t->us;
	FILE *f = t->them.to;
	struct buffer ik;
	uint8_t sig[64];

	buffer_init(&ik, 64);
	omemo_identity_encode(us->profile, &us->id, &ik);
	assert_int_equal(
	    omemo_bundle_sign(us->profile, &us->id, us->spk.pub, sig), 0);
	fprintf(f, "process %u 05", us->pk[2].id);
	put_hex(f, us->pk[2].pub, 32);
	fprintf(f, " %u 05", us->spk.id);
	put_hex(f, us->spk.pub, 32);
	fputc(' ', f);
	put_hex(f, sig, 64);
	fputc(' ', f);
	put_hex(f, ik.data, ik.len);
	fputc('\n', f);
	fflush(f);
	buffer_free(&ik);
	oracle_read(&t->them);
	answer(&t->them, "ok");
	t->they_may = 1;
}

/* --- messages --------------------------------------------------------------- */

static void
remove_flight(struct flight *f, size_t i)
{
	f->n--;
	memmove(&f->w[i], &f->w[i + 1], (f->n - i) * sizeof f->w[0]);
	memmove(&f->turn[i], &f->turn[i + 1], (f->n - i) * sizeof f->turn[0]);
}

static void
send_one(struct talk *t, int we)
{
	struct flight *f = we ? &t->to_them : &t->to_us;
	uint8_t plain[64];
	size_t len = 1 + draw_below(48);
	struct wire *w;

	if (f->n == IN_FLIGHT) {
		remove_flight(f, 0);
		t->counts->lost++;
	}
	w = &f->w[f->n];
	f->turn[f->n++] = t->turns;
	random_public(plain, len);
	if (we) {
		assert_int_equal(device_send(t->us, plain, len, w), 0);
		return;
	}
	oracle_ask(&t->them, "enc", plain, len);
	w->kex = strncmp(t->them.line, "prekey", 6) == 0;
	w->len = unhex(
	    answer(&t->them, w->kex ? "prekey" : "msg"), w->p, sizeof w->p);
	memcpy(w->plain, plain, len);
	w->plainlen = len;
}

static void
they_read(struct talk *t, const struct wire *w, int again)
{
	const char *command = w->kex ? "decpk" : "dec";
	uint8_t plain[64];

	oracle_ask(&t->them, command, w->p, w->len);
	if (again) {
		assert_string_equal(t->them.line, "err -1001");
		return;
	}
	assert_int_equal(
	    unhex(answer(&t->them, "pt"), plain, sizeof plain), w->plainlen);
	assert_memory_equal(plain, w->plain, w->plainlen);
	t->they_may = 1;
}

static void
we_read(struct talk *t, const struct wire *w, int again)
{
	struct omemo_result r;
	int err = device_receive(t->us, w, &r);

	if (again) {
		assert_int_equal(err, ERR_DUPLICATE);
		return;
	}
	assert_int_equal(err, 0);
	assert_int_equal(r.plainlen, w->plainlen);
	assert_memory_equal(r.plain, w->plain, w->plainlen);
	t->turns += r.new_chain != 0;
}

static void
deliver(struct talk *t, int to_us)
{
	struct flight *f = to_us ? &t->to_us : &t->to_them;
	size_t i = draw_below((uint32_t)f->n);
	struct wire w = f->w[i];
	/* libomemo-c forgets all but five of our chains */
	int lost = draw_below(10) == 0 || (!to_us && t->turns - f->turn[i] > 3);
	int twice = draw_below(8) == 0;

	remove_flight(f, i);
	if (lost) {
		t->counts->lost++;
		return;
	}
	t->counts->reordered += i > 0;
	t->counts->duplicated += twice != 0;
	for (int again = 0; again <= twice; again++) {
		if (to_us)
			we_read(t, &w, again);
		else
			they_read(t, &w, again);
	}
	t->counts->to_us += to_us != 0;
	t->counts->to_them += to_us == 0;
}

static void
step(struct talk *t)
{
	int we = (int)draw_below(2);
	struct flight *f = we ? &t->to_us : &t->to_them; /* to us */

	if (draw_below(2) == 0) {
		if (we ? omemo_session_ready(t->us->session) : t->they_may)
			send_one(t, we);
	} else if (f->n > 0)
		deliver(t, we);
}

enum beginning { WE, THEY, BOTH, BEGINNINGS };

static void
one_session(int version, unsigned round, enum beginning who, struct counts *c)
{
	struct talk *t = calloc(1, sizeof *t);
	struct bundle bundle;
	char seed[32];

	assert_non_null(t);
	memset(&draws, 0, sizeof draws);
	draws.state = (uint64_t)version << 16 | round << 4 | (uint64_t)who;
	snprintf(seed, sizeof seed, "%d/%u/%d", version, round, (int)who);
	t->counts = c;
	t->us = device_new(
	    &omemo_profiles[version == 3 ? OMEMO_LEGACY : OMEMO_2], 31415);
	oracle_start(&t->them, version, seed);
	oracle_bundle(&t->them, &bundle);
	if (who != THEY)
		we_begin(t, &bundle);
	if (who != WE)
		they_begin(t);
	for (unsigned i = 0; i < STEPS; i++)
		step(t);
	c->sessions++;
	oracle_stop(&t->them);
	device_free(t->us);
	free(t);
}

static void
version(int number)
{
	struct counts c = { 0 };

	for (unsigned round = 0; round < ROUNDS; round++)
		for (int who = WE; who < BEGINNINGS; who++)
			one_session(number, round, (enum beginning)who, &c);
	print_message("version %d: %u sessions, %u messages (%u to them, %u to "
		      "us), %u out of order, %u lost, %u twice\n",
	    number, c.sessions, c.to_them + c.to_us, c.to_them, c.to_us,
	    c.reordered, c.lost, c.duplicated);
	assert_true(c.to_them >= 1000 && c.to_us >= 1000);
	assert_true(c.reordered > 300 && c.lost > 100 && c.duplicated > 100);
}

static void
test_version_3(void **state)
{
	(void)state;
	version(3);
}

static void
test_version_4(void **state)
{
	(void)state;
	version(4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version_3),
		cmocka_unit_test(test_version_4),
	};

	if (secret_heap_init(1 << 20) != 0 || crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
