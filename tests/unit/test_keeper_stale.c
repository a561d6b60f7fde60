/* SPDX-License-Identifier: ISC */
/*
 * Devices that are not heard from: when they get nothing any more, that it is
 * shown, that one reader is always left, and what becomes of it when the clock
 * jumps or the device is back. The clock of this program jumps.
 */
#include <sys/syscall.h>

#include <time.h>

#include "check.h"
#include "keeper_flow.h"
/* after it */
#include "../../agent/export.h"
#include "../../agent/peer.h"

#define DAY 86400

static time_t jump; /* seconds */

/* In the place of libc's. */
int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int r = (int)syscall(SYS_clock_gettime, id, ts);

	ts->tv_sec += jump;
	return r;
}

/* --- the rule ------------------------------------------------------------------- */

static struct device
a_device(uint32_t id, uint64_t heard)
{
	struct device d = {
		.id = id,
		.has_key = 1,
		.listed = 1,
		.sessions = 1,
		.trust = TRUST_BLIND,
		.heard = heard,
	};

	return d;
}

static int
stale(const struct peer *p, size_t i, uint64_t now)
{
	return device_is_stale(p, &p->v[i], now, STALE_DEFAULT);
}

static void
test_contact(void **state)
{
	const uint64_t now = 10000 * (uint64_t)DAY;
	struct peer p = { .n = 2 };

	(void)state;
	p.v[0] = a_device(1, now);
	p.v[1] = a_device(2, now - STALE_DEFAULT);
	assert_int_equal(stale(&p, 1, now), 0); /* not by a second */
	p.v[1].heard--;
	assert_int_equal(stale(&p, 1, now), 1);
	assert_int_equal(stale(&p, 0, now), 0);
	assert_int_equal(device_is_stale(&p, &p.v[1], now, 0), 0);
	/* it is the contact's last word that counts, not the clock */
	assert_int_equal(stale(&p, 0, now + 1000 * (uint64_t)DAY), 0);
	assert_int_equal(stale(&p, 1, 0), 1);
	p.v[0].heard = p.v[1].heard + DAY; /* away, both of them */
	assert_int_equal(stale(&p, 1, now), 0);
	/* only those that would read count */
	p.v[0] = a_device(1, now);
	p.v[0].trust = TRUST_DISTRUSTED;
	assert_int_equal(stale(&p, 1, now), 0);
	p.v[0] = a_device(1, now);
	p.v[0].listed = 0;
	assert_int_equal(stale(&p, 1, now), 0);
	p.v[0] = a_device(1, now);
	p.v[1].trust = TRUST_DISTRUSTED;
	assert_int_equal(stale(&p, 1, now), 0);
	/* never heard: nothing is known yet */
	p.v[1] = a_device(2, 0);
	assert_int_equal(stale(&p, 1, now), 0);
}

static void
test_silent(void **state)
{
	const uint64_t now = 10000 * (uint64_t)DAY;
	struct peer p = { .n = 2 };

	(void)state;
	p.v[0] = a_device(1, now - 30 * DAY);
	p.v[1] = a_device(2, now - UNANSWERED_AGE - 1);
	assert_int_equal(stale(&p, 1, now), 0);
	p.v[1].beat = BEAT_SILENT;
	assert_int_equal(stale(&p, 1, now), 1);
	assert_int_equal(stale(&p, 0, now), 0);
	assert_int_equal(stale(&p, 1, now - 1), 0); /* a week, and no less */
	assert_int_equal(stale(&p, 1, 0), 0);	    /* the clock went back */
	p.v[1].heard = 0;
	assert_int_equal(stale(&p, 1, now), 1);
	/* the last one that may be there reads, whatever it is */
	p.v[0].beat = BEAT_SILENT;
	assert_int_equal(stale(&p, 0, now), 0);
	assert_int_equal(stale(&p, 1, now), 0);
	p.v[0] = a_device(1, 0); /* that one was never written to */
	p.v[0].sessions = 0;
	assert_int_equal(stale(&p, 1, now), 0);
	/* one is left where each is stale by another reason */
	p.v[0] = a_device(1, now - STALE_DEFAULT - 100);
	p.v[1] = a_device(2, now - UNANSWERED_AGE - 1);
	p.v[1].beat = BEAT_SILENT;
	assert_int_equal(stale(&p, 0, now), 0);
	assert_int_equal(stale(&p, 1, now), 1);
}

/* Ours: this device is there, so all others may be stale. */
static void
test_own(void **state)
{
	const uint64_t now = 10000 * (uint64_t)DAY;
	struct peer p = { .own = 1, .n = 1 };

	(void)state;
	p.v[0] = a_device(1, now - STALE_DEFAULT);
	assert_int_equal(stale(&p, 0, now), 0);
	assert_int_equal(stale(&p, 0, now + 1), 1);
	assert_int_equal(stale(&p, 0, 0), 0); /* the clock went back */
	p.v[0] = a_device(1, 0);
	p.v[0].beat = BEAT_SILENT;
	assert_int_equal(stale(&p, 0, now), 1);
}

static void
test_note(void **state)
{
	struct device d = a_device(1, 1);

	(void)state;
	d.shown_reader = 1;
	assert_int_equal(device_note_stale(&d, 0), 0);
	assert_int_equal(device_note_stale(&d, 1), 1);
	assert_int_equal(d.why, WHY_STALE);
	assert_int_equal(d.shown_reader, 0); /* shown once more */
	d.shown_reader = 1;
	assert_int_equal(device_note_stale(&d, 1), 0);
	assert_int_equal(d.shown_reader, 1);
	assert_int_equal(device_note_stale(&d, 0), 1);
	assert_int_equal(d.why, WHY_RETURNED);
	assert_int_equal(d.shown_reader, 0);
}

/* It can be moved to another machine. */
static void
test_export(void **state)
{
	struct peer p = { .n = 1 }, q;
	struct export_item item = { .kind = EXPORT_PEER };
	struct buffer b;

	(void)state;
	p.v[0] = a_device(1, 1);
	p.v[0].u[0] = 9; /* the base point */
	for (int over = 0; over < 2; over++) {
		p.v[0].beat = (uint8_t)(BEAT_SILENT >> over);
		p.v[0].why = WHY_STALE;
		buffer_init(&b, 4096);
		peer_pack(&p, &b);
		item.octets = b.data;
		item.len = b.len;
		strcpy(item.name, ROMEO);
		assert_int_equal(export_peer_read(&item, JULIET, &q),
		    over ? ERR_CORRUPT : 0);
		buffer_free(&b);
	}
}

/* --- in messages ---------------------------------------------------------------- */

/* Juliet and Romeo, who has a second device, of another agent. */
struct three {
	struct stage s;
	struct side second;
	uint32_t ids[2];
};

static void
hand_both(struct three *t)
{
	assert_int_equal(
	    hand_list(&t->s.juliet, ROMEO, LIST_READ, t->ids, 2), 0);
}

/* As answer_needs, of whichever of the two. */
static void
encrypt_to_both(
    struct three *t, const uint8_t *handle, uint8_t *why, struct fixed *out)
{
	struct side *j = &t->s.juliet;
	struct reader *r = &j->front->r;
	struct buffer b;
	uint8_t u[32];
	char jid[256];
	int status;

	*why = 0xff;
	hand_both(t);
	for (int i = 0; i < 8; i++) {
		status = try_encrypt(j, handle);
		if (status == ENCRYPT_DONE) {
			take_elements(j, out);
			return;
		}
		if (status == ENCRYPT_NEED) {
			(void)hand_bundle(j, &t->s.romeo);
			(void)hand_bundle(j, &t->second);
			continue;
		}
		assert_int_equal(status, ENCRYPT_WAIT);
		assert_int_equal(user_call(j->front, M_READERS,
				     body(&b, "sh", j->jid, handle)),
		    0);
		for (uint32_t n = reader_u32(r); n > 0; n--) {
			reader_cstring(r, jid, sizeof jid);
			(void)reader_u32(r);
			reader_fixed(r, u, sizeof u);
			(void)reader_u8(r);
			*why = reader_u8(r);
		}
		(void)show_readers(j, handle);
	}
	fail_msg("never done");
}

/* How many keys are for this device. */
static unsigned
keys_for(const struct fixed *f, const struct side *to)
{
	struct element e;
	struct reader r;
	unsigned mine = 0;

	reader_init(&r, f->p, f->len);
	for (uint32_t n = reader_u32(&r); n > 0; n--) {
		take_element(&r, to, &e);
		mine += e.mine;
		buffer_free(&e.keys);
	}
	return mine;
}

/* One message; bits of who got it: 1 Romeo's first, 2 his second. */
static unsigned
send_both(struct three *t, const char *id, uint8_t *why)
{
	uint8_t handle[HANDLE_SIZE], got[HANDLE_SIZE];
	struct side *j = &t->s.juliet;
	unsigned who = 0;
	struct fixed f;

	compose(j, ROMEO, id, "hi", handle);
	encrypt_to_both(t, handle, why, &f);
	if (keys_for(&f, &t->s.romeo) == 1) {
		who |= 1;
		assert_int_equal(
		    deliver(j, &t->s.romeo, f.p, f.len, "", got), VERDICT_NEW);
	}
	if (keys_for(&f, &t->second) == 1) {
		who |= 2;
		assert_int_equal(
		    deliver(j, &t->second, f.p, f.len, "", got), VERDICT_NEW);
	}
	sent(j, handle);
	free(f.p);
	user_forget_events(j->front);
	user_forget_events(t->s.romeo.front);
	user_forget_events(t->second.front);
	return who;
}

/* Juliet hears from him. */
static void
hears(struct three *t, struct side *from, const char *id)
{
	uint8_t handle[HANDLE_SIZE], got[HANDLE_SIZE];
	struct fixed f;

	compose(from, JULIET, id, "yes", handle);
	encrypt_until_done(from, &t->s.juliet, handle, &f);
	assert_int_equal(
	    deliver(from, &t->s.juliet, f.p, f.len, "", got), VERDICT_NEW);
	sent(from, handle);
	free(f.p);
}

static void
three_open(struct three *t)
{
	uint8_t why;

	jump = 0;
	memset(t, 0, sizeof *t);
	stage_open(&t->s);
	side_open(&t->second, t->s.loop, ROMEO);
	t->ids[0] = t->s.romeo.device;
	t->ids[1] = t->second.device;
	assert_int_equal(send_both(t, "m1", &why), 3);
	assert_int_equal(why, WHY_NEW_KEY);
	hears(t, &t->s.romeo, "r1");
	hears(t, &t->second, "s1");
}

static void
three_close(struct three *t)
{
	struct world *w = t->second.w;

	side_close(&t->second);
	stage_close(&t->s);
	free(w);
	jump = 0;
}

/* PEERS of the second device: reader and stale. */
static void
listed_as(struct three *t, int reader, int is_stale)
{
	struct reader *r = &t->s.juliet.admin->r;
	struct buffer b;
	uint8_t u[32], v[7];
	char jid[256];
	uint32_t id;
	int found = 0;

	assert_int_equal(user_call(t->s.juliet.admin, M_PEERS,
			     body(&b, "ss", JULIET, ROMEO)),
	    0);
	for (uint32_t n = reader_u32(r); n > 0; n--) {
		reader_cstring(r, jid, sizeof jid);
		(void)reader_u8(r);
		(void)reader_u8(r);
		id = reader_u32(r);
		reader_fixed(r, u, sizeof u);
		for (size_t i = 0; i < sizeof v; i++)
			v[i] = reader_u8(r);
		if (id != t->second.device)
			continue;
		found = 1;
		assert_int_equal(v[2], reader);
		assert_int_equal(v[5], is_stale);
	}
	assert_int_equal(found, 1);
	assert_int_equal(reader_end(r), 0);
}

/* It is skipped, which is shown once; it speaks, and reads again, shown. */
static void
test_skipped(void **state)
{
	struct three t;
	uint8_t why;

	(void)state;
	three_open(&t);
	jump = STALE_DEFAULT + 2 * DAY;
	assert_int_equal(send_both(&t, "m2", &why), 3); /* both are away */
	hears(&t, &t.s.romeo, "r2");
	listed_as(&t, 0, 1);
	assert_int_equal(send_both(&t, "m3", &why), 1);
	assert_int_equal(why, WHY_STALE);
	assert_int_equal(send_both(&t, "m4", &why), 1);
	assert_int_equal(why, 0xff); /* it was said */
	hears(&t, &t.second, "s2");
	listed_as(&t, 1, 0);
	assert_int_equal(send_both(&t, "m5", &why), 3);
	assert_int_equal(why, WHY_RETURNED);
	assert_int_equal(send_both(&t, "m6", &why), 3);
	assert_int_equal(why, 0xff);
	three_close(&t);
}

static int
set_stale(struct side *s, uint64_t seconds)
{
	struct buffer b;

	return user_call(s->admin, M_CONSTRAIN,
	    body(&b, "s418", s->jid, 1U, CONSTRAIN_STALE, seconds));
}

/* The setting: to the second, never, and its largest. */
static void
test_setting(void **state)
{
	struct three t;
	uint8_t why;

	(void)state;
	three_open(&t);
	assert_int_equal(
	    set_stale(&t.s.juliet, LIMIT_STALE + 1UL), ERR_ARGUMENT);
	assert_int_equal(set_stale(&t.s.juliet, LIMIT_STALE), 0);
	jump = STALE_DEFAULT + 2 * DAY;
	hears(&t, &t.s.romeo, "r2");
	listed_as(&t, 1, 0);
	assert_int_equal(set_stale(&t.s.juliet, 30 * DAY), 0);
	assert_int_equal(send_both(&t, "m2", &why), 1);
	assert_int_equal(set_stale(&t.s.juliet, 0), 0);
	assert_int_equal(send_both(&t, "m3", &why), 3);
	assert_int_equal(why, WHY_RETURNED); /* not in silence */
	/* it is kept */
	assert_int_equal(set_stale(&t.s.juliet, 30 * DAY), 0);
	restart(&t.s.juliet);
	listed_as(&t, 0, 1);
	three_close(&t);
}

/* A clock that jumps on makes nobody stale who is as old as the others; one
 * that jumps back neither. */
static void
test_clock(void **state)
{
	struct three t;
	uint8_t why;

	(void)state;
	three_open(&t);
	jump = 20 * 365 * (time_t)DAY;
	assert_int_equal(send_both(&t, "m2", &why), 3);
	jump = 0;
	assert_int_equal(send_both(&t, "m3", &why), 3);
	/* heard in the future: then that is the last word until it is past */
	jump = 20 * 365 * (time_t)DAY;
	hears(&t, &t.s.romeo, "r2");
	jump = 0;
	assert_int_equal(send_both(&t, "m4", &why), 1);
	assert_int_equal(why, WHY_STALE);
	hears(&t, &t.s.romeo, "r3"); /* what he says now sets it right */
	assert_int_equal(send_both(&t, "m5", &why), 3);
	assert_int_equal(why, WHY_RETURNED);
	three_close(&t);
}

static struct device *
row_of_second(struct three *t, struct peer *p)
{
	struct txn *txn = txn_begin(t->s.juliet.w->k->records);

	assert_int_equal(peer_open(txn, JULIET, ROMEO, p), 0);
	txn_abort(txn);
	return peer_find(p, t->second.device);
}

/* LIMIT_UNANSWERED messages that it does not answer, by one. */
static void
test_unanswered(void **state)
{
	uint8_t handle[HANDLE_SIZE], why;
	struct three t;
	struct peer p;
	struct fixed f;
	char id[32];

	(void)state;
	three_open(&t);
	for (int i = 0; i <= LIMIT_UNANSWERED; i++) {
		assert_int_equal(row_of_second(&t, &p)->beat & BEAT_SILENT, 0);
		snprintf(id, sizeof id, "n%d", i);
		compose(&t.s.juliet, ROMEO, id, "hi", handle);
		encrypt_to_both(&t, handle, &why, &f);
		free(f.p);
		sent(&t.s.juliet, handle);
		forget_messages(&t.s.juliet);
	}
	assert_true(row_of_second(&t, &p)->beat & BEAT_SILENT);
	listed_as(&t, 1, 0); /* it was heard today */
	jump = UNANSWERED_AGE + DAY;
	listed_as(&t, 1, 0); /* and so was none of them since */
	hears(&t, &t.s.romeo, "r2");
	listed_as(&t, 0, 1);
	hears(&t, &t.second, "s2");
	assert_int_equal(row_of_second(&t, &p)->beat & BEAT_SILENT, 0);
	listed_as(&t, 1, 0);
	three_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contact),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_note),
		cmocka_unit_test(test_export),
		cmocka_unit_test(test_skipped),
		cmocka_unit_test(test_setting),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_unanswered),
	};

	world_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
