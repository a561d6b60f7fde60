/* SPDX-License-Identifier: ISC */
/*
 * xmpp-net taken over: it has its connection (network, one account), and does
 * its worst with it. What THREATS.md says it cannot do, it cannot.
 */
#include "check.h"
/* cmocka first */
#include "hostile_body.h"

#define MERCUTIO "mercutio@montague.lit"
#define INCOMING "what Romeo wrote and nobody has read"
#define COMPOSED "what Juliet wrote and nobody may read"
#define GONE	 "what Juliet wrote and Romeo may read"
#define TURNS	 12
#define FLOOD	 4000

/* A message that waits, one that is composed, one that is encrypted. */
struct scene {
	struct stage s;
	uint8_t waits[HANDLE_SIZE], composed[HANDLE_SIZE], gone[HANDLE_SIZE];
	struct fixed fixed;
	struct account_record *own;
};

static void
scene_open(struct scene *c)
{
	struct txn *t;

	stage_open(&c->s);
	send_text(&c->s.romeo, &c->s.juliet, "r1", INCOMING, c->waits);
	compose(&c->s.juliet, ROMEO, "j1", GONE, c->gone);
	encrypt_until_done(&c->s.juliet, &c->s.romeo, c->gone, &c->fixed);
	compose(&c->s.juliet, ROMEO, "j2", COMPOSED, c->composed);
	t = txn_begin(c->s.juliet.w->k->records);
	assert_int_equal(account_open(t, JULIET, &c->own), 0);
	txn_abort(t);
}

static void
scene_close(struct scene *c)
{
	account_release(c->own);
	free(c->fixed.p);
	stage_close(&c->s);
}

/* --- reads nothing -------------------------------------------------------------- */

static int
heard_a_secret(const struct scene *c, const struct user *u)
{
	return user_heard(u, INCOMING, strlen(INCOMING)) ||
	    user_heard(u, COMPOSED, strlen(COMPOSED)) ||
	    user_heard(u, GONE, strlen(GONE)) ||
	    user_heard(u, c->own->identity.seed, 32) ||
	    user_heard(u, c->own->identity.priv, 32) ||
	    user_heard(u, c->own->handle_key, 32);
}

/* Every request of the table, with each handle; what is answered is counted. */
static unsigned
ask_everything(struct scene *c, struct user *u, unsigned turn)
{
	const uint8_t *handles[] = { c->waits, c->composed, c->gone };
	struct hostile h = { .account = JULIET,
		.peer = turn % 2 ? ROMEO : MERCUTIO,
		.handle = handles[turn % 3],
		.key = c->s.romeo.u,
		.device = turn % 4 ? c->s.romeo.device : 7,
		.turn = turn };
	const struct message *m;
	unsigned answered = 0;
	struct buffer b;
	int err;

	for (size_t i = 0; i < messages_count; i++) {
		m = &messages[i];
		if (m->link != LINK_CLIENT || (m->flags & MESSAGE_EVENT) ||
		    m->type == M_HELLO || m->type == M_RESTRICT ||
		    m->type == M_SENT || m->type == M_FAILED)
			continue; /* the last two: below, they end a message */
		err = user_call(u, m->type, hostile_body(&h, m, &b));
		if (m->right & RIGHT_NETWORK)
			assert_int_not_equal(err, ERR_RIGHT);
		else
			assert_int_equal(err, ERR_RIGHT);
		if (heard_a_secret(c, u))
			fail_msg("%s told a secret", m->name);
		assert_non_null(u->c);
		answered += err == 0;
	}
	return answered;
}

static void
test_reads_nothing(void **state)
{
	struct scene c;
	unsigned answered = 0;

	(void)state;
	scene_open(&c);
	/* the look finds what is there */
	assert_int_equal(try_open(&c.s.juliet, c.waits), ERR_UNACKNOWLEDGED);
	for (unsigned turn = 0; turn < TURNS; turn++)
		answered += ask_everything(&c, c.s.juliet.net, turn);
	assert_true(answered > TURNS);
	expect_message(&c.s.juliet, c.waits, INCOMING, ROMEO, 1);
	assert_false(heard_a_secret(&c, c.s.juliet.front)); /* SHOWN's answer */
	send_text(&c.s.romeo, &c.s.juliet, "r2", "again", c.waits);
	assert_int_equal(try_open(&c.s.juliet, c.waits), 0);
	assert_true(user_heard(c.s.juliet.front, "again", 5));
	scene_close(&c);
}

/* --- changes no trust ------------------------------------------------------------- */

static uint32_t
peers_of(struct side *s, uint8_t out[LIMIT_DEVICES][33])
{
	struct reader *r = &s->admin->r;
	struct buffer b;
	uint32_t n, kept = 0;
	char jid[256];

	assert_int_equal(
	    user_call(s->admin, M_PEERS, body(&b, "ss", s->jid, ROMEO)), 0);
	for (n = reader_u32(r); n > 0; n--) {
		reader_cstring(r, jid, sizeof jid);
		(void)reader_u8(r);
		(void)reader_u8(r);
		(void)reader_u32(r);
		reader_fixed(r, out[kept], 32);
		out[kept][32] = reader_u8(r);
		for (int i = 0; i < 4; i++)
			(void)reader_u8(r);
		if (out[kept][32] != TRUST_UNDECIDED)
			kept++; /* a device of a list, without a key */
	}
	assert_int_equal(r->err, 0);
	return kept;
}

static void
test_changes_no_trust(void **state)
{
	static uint8_t before[LIMIT_DEVICES][33], after[LIMIT_DEVICES][33];
	struct buffer b;
	struct scene c;
	uint32_t n;

	(void)state;
	scene_open(&c);
	assert_int_equal(user_call(c.s.juliet.admin, M_TRUST,
			     body(&b, "ss4k1", JULIET, ROMEO, 1, c.s.romeo.u,
				 TRUST_DISTRUSTED)),
	    0);
	n = peers_of(&c.s.juliet, before);
	assert_int_equal(n, 1);
	assert_int_equal(before[0][32], TRUST_DISTRUSTED);
	for (unsigned turn = 0; turn < TURNS; turn++)
		(void)ask_everything(&c, c.s.juliet.net, turn);
	assert_int_equal(hand_bundle(&c.s.juliet, &c.s.romeo), 0);
	assert_int_equal(peers_of(&c.s.juliet, after), n);
	assert_memory_equal(before, after, sizeof before);
	assert_true(try_encrypt(&c.s.juliet, c.composed) != ENCRYPT_DONE);
	/* nor does it get the right to: it was given up for it */
	assert_int_equal(user_call(c.s.juliet.net, M_ELEVATE,
			     body(&b, "41s", (uint32_t)RIGHT_TRUST,
				 SECRET_PASSPHRASE, PASSPHRASE)),
	    ERR_RIGHT);
	scene_close(&c);
}

/* --- adds no reader unannounced ----------------------------------------------------- */

/* The devices that an encrypted message has keys for. */
static uint32_t
readers_in(const struct fixed *f, uint32_t *devices, size_t room)
{
	struct reader r;
	char jid[256];
	uint32_t n, i;
	size_t len;

	reader_init(&r, f->p, f->len);
	assert_int_equal(reader_u32(&r), 1);
	(void)reader_u8(&r);
	(void)reader_u32(&r);
	(void)reader_string(&r, &len, 64);
	(void)reader_string(&r, &len, FRAME_MAX);
	n = reader_u32(&r);
	for (i = 0; i < n; i++) {
		reader_cstring(&r, jid, sizeof jid);
		assert_true(i < room);
		devices[i] = reader_u32(&r);
		(void)reader_u8(&r);
		(void)reader_string(&r, &len, FRAME_MAX);
	}
	assert_int_equal(reader_end(&r), 0);
	return n;
}

/* The net's own device on Romeo's list, with a good bundle. */
static void
slip_in(struct side *s, struct side *romeo, struct side *evil)
{
	const uint32_t both[] = { romeo->device, evil->device };
	const char *jid = evil->jid;

	assert_int_equal(hand_list(s, ROMEO, LIST_READ, both, 2), 0);
	evil->jid = ROMEO;
	assert_int_equal(hand_bundle(s, evil), 0);
	evil->jid = jid;
}

static void
test_adds_no_reader(void **state)
{
	uint32_t devices[LIMIT_DEVICES];
	struct fixed first, again;
	struct scene c;
	struct side evil;
	struct world *w;
	struct buffer b;
	int status = ENCRYPT_NEED;

	(void)state;
	scene_open(&c);
	side_open(&evil, c.s.loop, MERCUTIO);
	w = evil.w;
	slip_in(&c.s.juliet, &c.s.romeo, &evil);
	for (int i = 0; i < 50; i++) {
		status = try_encrypt(&c.s.juliet, c.composed);
		assert_true(status != ENCRYPT_DONE);
		if (status == ENCRYPT_NEED)
			assert_int_equal(hand_list(&c.s.juliet, JULIET,
					     LIST_READ, &c.s.juliet.device, 1),
			    0);
		/* it says itself that the key was shown */
		assert_int_equal(user_call(c.s.juliet.net, M_ACKNOWLEDGE,
				     body(&b, "ssk1s", JULIET, ROMEO, evil.u,
					 ROLE_READER, "")),
		    ERR_RIGHT);
	}
	assert_int_equal(status, ENCRYPT_WAIT);
	/* what was fixed before has the readers of then, for ever */
	assert_int_equal(try_encrypt(&c.s.juliet, c.gone), ENCRYPT_DONE);
	take_elements(&c.s.juliet, &again);
	assert_int_equal(again.len, c.fixed.len);
	assert_memory_equal(again.p, c.fixed.p, again.len);
	free(again.p);
	/* announced, it goes to both: that is what the announcement is for */
	user_event(c.s.juliet.front, M_EVENT_READERS, NULL);
	assert_int_equal(show_readers(&c.s.juliet, c.composed), 1);
	assert_int_equal(try_encrypt(&c.s.juliet, c.composed), ENCRYPT_DONE);
	take_elements(&c.s.juliet, &first);
	assert_int_equal(readers_in(&first, devices, LIMIT_DEVICES), 2);
	assert_int_equal(readers_in(&c.fixed, devices, LIMIT_DEVICES), 1);
	assert_int_equal(devices[0], c.s.romeo.device);
	free(first.p);
	side_close(&evil);
	scene_close(&c);
	free(w);
}

/* A device on the own account's list is never a reader by itself. */
static void
test_adds_no_own_reader(void **state)
{
	uint32_t devices[LIMIT_DEVICES];
	struct fixed f;
	struct scene c;
	struct side evil;
	struct world *w;
	uint32_t both[2];
	int done = 0;

	(void)state;
	scene_open(&c);
	side_open(&evil, c.s.loop, MERCUTIO);
	w = evil.w;
	both[0] = c.s.juliet.device;
	both[1] = evil.device;
	assert_int_equal(hand_list(&c.s.juliet, JULIET, LIST_READ, both, 2), 0);
	evil.jid = JULIET;
	(void)hand_bundle(&c.s.juliet, &evil);
	for (int i = 0; i < 8; i++) {
		int status = try_encrypt(&c.s.juliet, c.composed);

		if (status == ENCRYPT_WAIT)
			(void)show_readers(&c.s.juliet, c.composed);
		if (status != ENCRYPT_DONE)
			continue;
		take_elements(&c.s.juliet, &f);
		assert_int_equal(readers_in(&f, devices, LIMIT_DEVICES), 1);
		assert_int_equal(devices[0], c.s.romeo.device);
		free(f.p);
		done = 1;
		break;
	}
	assert_true(done);
	evil.jid = MERCUTIO;
	side_close(&evil);
	scene_close(&c);
	free(w);
}

/* --- signs only what the keeper built ------------------------------------------------- */

static void
test_signs_its_own(void **state)
{
	struct scene c;
	struct side *j = &c.s.juliet;
	struct side evil;
	struct world *w;
	struct buffer b, was = { 0 }, forged = { 0 };
	const size_t spk = 4 + 33 + 4 + 4, signature = spk + 33 + 4;

	(void)state;
	scene_open(&c);
	side_open(&evil, c.s.loop, MERCUTIO);
	w = evil.w;
	buffer_init(&was, FRAME_MAX);
	buffer_put(&was, j->bundle.data, j->bundle.len);
	/* Juliet's identity over a stranger's prekeys, and all of a stranger */
	buffer_init(&forged, FRAME_MAX);
	buffer_put(&forged, evil.bundle.data, evil.bundle.len);
	(void)hand_own_bundle(j, BUNDLE_HERE, &forged);
	memcpy(forged.data, was.data, 4 + 33);
	(void)hand_own_bundle(j, BUNDLE_HERE, &forged);
	memcpy(forged.data + signature, was.data + signature, 64);
	(void)hand_own_bundle(j, BUNDLE_HERE, &forged);
	assert_int_equal(
	    user_call(j->front, M_PUBLISH, body(&b, "s", JULIET)), 0);
	assert_int_equal(hand_list(j, JULIET, LIST_READ, &j->device, 1), 0);
	buffer_free(&j->bundle);
	for (int i = 0; i < 4 && j->bundle.len == 0; i++)
		(void)next_work(j, NULL);
	assert_true(j->bundle.len > signature + 64);
	assert_memory_equal(j->bundle.data + spk, was.data + spk, 33 + 4 + 64);
	buffer_free(&was);
	buffer_free(&forged);
	side_close(&evil);
	scene_close(&c);
	free(w);
}

/* --- rolls no ratchet back -------------------------------------------------------------- */

static void
test_rolls_nothing_back(void **state)
{
	struct scene c;
	struct side *j = &c.s.juliet, *r = &c.s.romeo;
	struct fixed old[4];
	uint8_t handle[HANDLE_SIZE];
	char id[8];

	(void)state;
	scene_open(&c);
	for (int i = 0; i < 4; i++) {
		(void)snprintf(id, sizeof id, "k%d", i);
		compose(j, ROMEO, id, "old", handle);
		encrypt_until_done(j, r, handle, &old[i]);
		assert_int_equal(
		    deliver(j, r, old[i].p, old[i].len, "", NULL), VERDICT_NEW);
		sent(j, handle);
		/* it is not encrypted a second time */
		assert_int_equal(try_encrypt(j, handle), ERR_NOT_FOUND);
		send_text(r, j, id, "answer", handle);
	}
	/* the session is begun anew by none of it */
	assert_int_equal(hand_list(j, ROMEO, LIST_READ, NULL, 0), 0);
	assert_int_equal(hand_list(j, ROMEO, LIST_UNKNOWN, NULL, 0), 0);
	assert_int_equal(hand_list(j, ROMEO, LIST_READ, &r->device, 1), 0);
	assert_int_equal(hand_bundle(j, r), 0);
	for (int i = 3; i >= 0; i--) {
		int verdict = deliver(j, r, old[i].p, old[i].len, "", NULL);

		assert_true(verdict == VERDICT_KNOWN ||
		    verdict == VERDICT_DUPLICATE || verdict == ERR_DUPLICATE);
		free(old[i].p);
	}
	send_text(j, r, "new", "after the replays", handle);
	send_text(r, j, "new", "and back", handle);
	scene_close(&c);
}

/* --- fills nothing ------------------------------------------------------------------------ */

static size_t
octets_stored(const struct world *w)
{
	size_t sum = 0;

	for (size_t i = 0; i < w->nrows; i++)
		sum += ROW_KEY + w->rows[i].len;
	return sum;
}

/* Lists, bundles, garbage, bounces of thousands who do not exist. */
static void
test_fills_nothing(void **state)
{
	struct scene c;
	struct side *j = &c.s.juliet;
	struct buffer b;
	size_t before;
	uint32_t ids[3] = { 1, 2, 3 };
	char jid[64];
	uint8_t handle[HANDLE_SIZE] = { 0 };

	(void)state;
	scene_open(&c);
	before = octets_stored(j->w);
	for (uint32_t i = 0; i < FLOOD; i++) {
		(void)snprintf(jid, sizeof jid, "n%u@crowd.lit", i);
		memcpy(handle, &i, sizeof i);
		(void)hand_list(j, jid, LIST_READ, ids, 3);
		(void)user_call(
		    j->net, M_FAILED, body(&b, "shs", JULIET, handle, "no"));
		assert_true(
		    user_call(j->net, M_DECRYPT,
			body(&b, "s1s41s1s841ff1fs", JULIET, NS_LEGACY, jid,
			    77U, PATH_DIRECT, jid, KIND_CHAT, "id", (uint64_t)0,
			    1U, (int)(i & 1), "\x33garbage", (size_t)8,
			    "twelve octet", (size_t)12, 1, "payload", (size_t)7,
			    "")) < 0);
	}
	print_message("%d of each: %zu octets before, %zu after\n", FLOOD,
	    before, octets_stored(j->w));
	assert_true(octets_stored(j->w) < before + 64 * 1024);
	assert_true(j->w->nrows < 1000);
	expect_message(j, c.waits, INCOMING, ROMEO, 1);
	scene_close(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_nothing),
		cmocka_unit_test(test_changes_no_trust),
		cmocka_unit_test(test_adds_no_reader),
		cmocka_unit_test(test_adds_no_own_reader),
		cmocka_unit_test(test_signs_its_own),
		cmocka_unit_test(test_rolls_nothing_back),
		cmocka_unit_test(test_fills_nothing),
	};

	world_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
