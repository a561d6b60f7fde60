/* SPDX-License-Identifier: ISC */
/*
 * Receipts and typing states in the keeper: whom they go to, and that neither a
 * stranger nor a key that was not shown learns anything by them. The clock of
 * this program jumps.
 */
#include <sys/syscall.h>

#include <time.h>

#include "check.h"
#include "keeper_flow.h"

#define TYPING	 "<composing xmlns='http://jabber.org/protocol/chatstates'/>"
#define MERCUTIO "mercutio@verona.lit"

static time_t jump; /* seconds */

/* In the place of libc's. */
int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int r = (int)syscall(SYS_clock_gettime, id, ts);

	ts->tv_sec += jump;
	return r;
}

static int
signal_by(struct side *s, struct user *u, const char *to, int kind,
    const uint8_t *about, const char *id, const char *content,
    uint8_t handle[HANDLE_SIZE])
{
	static const uint8_t none[HANDLE_SIZE];
	struct buffer b;
	int err = user_call(u, M_SIGNAL,
	    body(&b, "ss1hss", s->jid, to, kind, about != NULL ? about : none,
		id, content));

	reader_fixed(&u->r, handle, HANDLE_SIZE);
	return err;
}

static int
typing(
    struct side *s, const char *to, const char *id, uint8_t handle[HANDLE_SIZE])
{
	return signal_by(
	    s, s->front, to, KIND_TYPING, NULL, id, TYPING, handle);
}

static int
receipt(struct side *s, const char *to, const uint8_t *about, const char *id,
    uint8_t handle[HANDLE_SIZE])
{
	return signal_by(s, s->front, to, KIND_RECEIPT, about, id,
	    "<received xmlns='urn:xmpp:receipts' id='stanza'/>", handle);
}

/* ENCRYPT to the end, no key shown on the way; kind is what DONE says. */
static int
encrypt_signal(struct side *s, struct side *peer, const uint8_t *handle,
    struct fixed *out, uint8_t *kind)
{
	struct reader *r = &s->net->r;
	char text[512];
	int i, status = 0;

	for (i = 0; i < 4; i++) {
		if ((status = try_encrypt(s, handle)) != ENCRYPT_NEED)
			break;
		answer_needs(s, peer);
	}
	if (status != ENCRYPT_DONE)
		return status;
	assert_int_equal(reader_u32(r), 0);
	reader_cstring(r, text, sizeof text);
	assert_string_equal(text, peer->jid);
	*kind = reader_u8(r);
	reader_cstring(r, text, sizeof text);
	out->p = copy_of(r->p, r->left);
	out->len = r->left;
	return ENCRYPT_DONE;
}

/* Both have written to each other in OMEMO 2. last: Juliet's copy of his. */
static void
acquainted(struct stage *s, uint8_t last[HANDLE_SIZE])
{
	uint8_t handle[HANDLE_SIZE];

	stage_open(s);
	s->juliet.both = s->romeo.both = 1;
	send_text(&s->juliet, &s->romeo, "a1", "hello", handle);
	expect_message(&s->romeo, handle, "hello", JULIET, 1);
	send_text(&s->romeo, &s->juliet, "a2", "hello too", last);
	expect_message(&s->juliet, last, "hello too", ROMEO, 1);
}

static void
test_receipt(void **state)
{
	uint8_t last[HANDLE_SIZE], handle[HANDLE_SIZE], again[HANDLE_SIZE];
	struct user *sibling;
	struct stage s;
	struct fixed f, same;
	uint8_t kind;

	(void)state;
	acquainted(&s, last);
	assert_int_equal(receipt(&s.juliet, ROMEO, last, "r1", handle), 0);
	/* one for a message: not again, not by a sibling */
	assert_int_equal(
	    receipt(&s.juliet, ROMEO, last, "r2", again), ERR_EXISTS);
	sibling = user_attached(s.juliet.w, 0, "sibling", JULIET);
	assert_int_equal(signal_by(&s.juliet, sibling, ROMEO, KIND_RECEIPT,
			     last, "r3", "<received/>", again),
	    ERR_EXISTS);
	/* it stays until the server has it, as the same octets */
	assert_int_equal(encrypt_signal(&s.juliet, &s.romeo, handle, &f, &kind),
	    ENCRYPT_DONE);
	assert_int_equal(kind, KIND_RECEIPT);
	assert_int_equal(
	    encrypt_signal(&s.juliet, &s.romeo, handle, &same, &kind),
	    ENCRYPT_DONE);
	assert_int_equal(f.len, same.len);
	assert_memory_equal(f.p, same.p, f.len);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "", again), VERDICT_NEW);
	user_event(s.romeo.front, M_EVENT_MESSAGE, NULL);
	expect_message(&s.romeo, again,
	    "<content><received xmlns='urn:xmpp:receipts' id='stanza'/>"
	    "</content>",
	    JULIET, 0);
	assert_int_equal(outbox_rows(&s.juliet), 1);
	{
		struct buffer b;

		assert_int_equal(user_call(s.juliet.net, M_SENT,
				     body(&b, "sh", JULIET, handle)),
		    0);
	}
	assert_int_equal(outbox_rows(&s.juliet), 0);
	/* a sibling is not shown it: it was no message */
	assert_int_equal(waiting(&s.juliet), 0);
	/* and after all that there is still one for each message */
	restart(&s.juliet);
	s.juliet.both = 1;
	assert_int_equal(
	    receipt(&s.juliet, ROMEO, last, "r4", again), ERR_EXISTS);
	free(f.p);
	free(same.p);
	user_free(sibling);
	stage_close(&s);
}

/* Whoever was not written to learns nothing. */
static void
test_stranger(void **state)
{
	uint8_t handle[HANDLE_SIZE], out[HANDLE_SIZE];
	struct stage s;

	(void)state;
	stage_open(&s);
	s.juliet.both = s.romeo.both = 1;
	send_text(&s.juliet, &s.romeo, "a1", "hello", handle);
	expect_message(&s.romeo, handle, "hello", JULIET, 1);
	assert_int_equal(
	    receipt(&s.romeo, JULIET, handle, "r1", out), ERR_UNTRUSTED);
	assert_int_equal(typing(&s.romeo, JULIET, "t1", out), ERR_UNTRUSTED);
	assert_int_equal(typing(&s.romeo, MERCUTIO, "t2", out), ERR_NOT_FOUND);
	/* he was not written to by that either */
	assert_int_equal(typing(&s.romeo, MERCUTIO, "t3", out), ERR_NOT_FOUND);
	assert_int_equal(typing(&s.romeo, ROMEO, "t4", out), ERR_UNTRUSTED);
	assert_int_equal(outbox_rows(&s.romeo), 0);
	/* an answer makes a contact of her */
	send_text(&s.romeo, &s.juliet, "a2", "hello too", out);
	assert_int_equal(receipt(&s.romeo, JULIET, handle, "r2", out), 0);
	stage_close(&s);
}

static void
decide(struct side *s, const struct side *about, int trust)
{
	struct buffer b;

	assert_int_equal(
	    user_call(s->admin, M_TRUST,
		body(&b, "ss4k1", s->jid, about->jid, 1U, about->u, trust)),
	    0);
}

/* Receipts for what is there, of its sender, whose key is good. */
static void
test_receipt_refused(void **state)
{
	static const uint8_t nothing[HANDLE_SIZE] = { 1 };
	uint8_t last[HANDLE_SIZE], out[HANDLE_SIZE];
	struct stage s;

	(void)state;
	acquainted(&s, last);
	assert_int_equal(
	    receipt(&s.juliet, ROMEO, nothing, "r1", out), ERR_NOT_FOUND);
	assert_int_equal(
	    receipt(&s.juliet, MERCUTIO, last, "r2", out), ERR_NOT_FOUND);
	assert_int_equal(try_compose(&s.juliet, MERCUTIO, "m", "hi", out), 0);
	assert_int_equal(receipt(&s.juliet, MERCUTIO, last, "r3", out),
	    ERR_ARGUMENT); /* it is not his */
	decide(&s.juliet, &s.romeo, TRUST_DISTRUSTED);
	assert_int_equal(
	    receipt(&s.juliet, ROMEO, last, "r4", out), ERR_UNTRUSTED);
	decide(&s.juliet, &s.romeo, TRUST_TRUSTED);
	assert_int_equal(receipt(&s.juliet, ROMEO, last, "r5", out), 0);
	stage_close(&s);
}

/* It goes once, or not at all. */
static void
test_typing(void **state)
{
	uint8_t last[HANDLE_SIZE], handle[HANDLE_SIZE], got[HANDLE_SIZE];
	struct stage s;
	struct fixed f;
	uint8_t kind;

	(void)state;
	acquainted(&s, last);
	assert_int_equal(typing(&s.juliet, ROMEO, "t1", handle), 0);
	assert_int_equal(encrypt_signal(&s.juliet, &s.romeo, handle, &f, &kind),
	    ENCRYPT_DONE);
	assert_int_equal(kind, KIND_TYPING);
	assert_int_equal(outbox_rows(&s.juliet), 0);
	assert_int_equal(try_encrypt(&s.juliet, handle), ERR_NOT_FOUND);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "", got), VERDICT_NEW);
	expect_message(&s.romeo, got, TYPING, JULIET, 0);
	free(f.p);
	/* after a while it is not true any more; nor before its time */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(typing(&s.juliet, ROMEO, "t2", handle), 0);
		jump += i == 0 ? LIMIT_TYPING_AGE + 2 : -LIMIT_TYPING_AGE;
		assert_int_equal(try_encrypt(&s.juliet, handle), ERR_NOT_FOUND);
		assert_int_equal(outbox_rows(&s.juliet), 0);
	}
	jump = 0;
	stage_close(&s);
}

/* Nothing keeps them, so not too many are lost in a row. */
static void
test_typing_chain(void **state)
{
	uint8_t last[HANDLE_SIZE], handle[HANDLE_SIZE], got[HANDLE_SIZE];
	struct fixed f;
	struct stage s;
	uint8_t kind;
	char id[32];
	int i;

	(void)state;
	acquainted(&s, last);
	for (i = 0; i < LIMIT_TYPING_CHAIN; i++) {
		snprintf(id, sizeof id, "t%d", i);
		assert_int_equal(typing(&s.juliet, ROMEO, id, handle), 0);
		assert_int_equal(
		    encrypt_signal(&s.juliet, &s.romeo, handle, &f, &kind),
		    ENCRYPT_DONE);
		free(f.p);
	}
	assert_int_equal(typing(&s.juliet, ROMEO, "over", handle), 0);
	assert_int_equal(try_encrypt(&s.juliet, handle), ERR_UNTRUSTED);
	assert_int_equal(outbox_rows(&s.juliet), 0);
	/* a receipt is kept by the server */
	assert_int_equal(receipt(&s.juliet, ROMEO, last, "r", handle), 0);
	assert_int_equal(encrypt_signal(&s.juliet, &s.romeo, handle, &f, &kind),
	    ENCRYPT_DONE);
	/* what was lost is skipped there; an answer, and they go again */
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "", got), VERDICT_NEW);
	free(f.p);
	send_text(&s.romeo, &s.juliet, "a3", "are you there?", got);
	assert_int_equal(typing(&s.juliet, ROMEO, "again", handle), 0);
	assert_int_equal(encrypt_signal(&s.juliet, &s.romeo, handle, &f, &kind),
	    ENCRYPT_DONE);
	free(f.p);
	stage_close(&s);
}

/* A device that nobody has shown, one in 0.3.0 alone, none at all: nobody is
 * asked, nothing is fetched, and no front is told. */
static void
test_readers(void **state)
{
	uint8_t last[HANDLE_SIZE], handle[HANDLE_SIZE];
	struct reader rows;
	struct stage s;
	struct fixed f;
	struct element e;
	uint32_t ids[2];
	uint8_t kind;

	(void)state;
	acquainted(&s, last);
	ids[0] = s.romeo.device;
	ids[1] = s.romeo.device + 1;
	assert_int_equal(
	    hand_list_in(&s.juliet, NS_OMEMO2, ROMEO, LIST_READ, ids, 2), 0);
	assert_int_equal(typing(&s.juliet, ROMEO, "t1", handle), 0);
	assert_int_equal(encrypt_signal(&s.juliet, &s.romeo, handle, &f, &kind),
	    ENCRYPT_DONE);
	reader_init(&rows, f.p, f.len);
	assert_int_equal(reader_u32(&rows), 1);
	take_element(&rows, &s.romeo, &e);
	assert_int_equal(e.ns, NS_OMEMO2);
	assert_int_equal(e.mine, 1);
	assert_int_equal(reader_end(&rows), 0); /* and no other key */
	buffer_free(&e.keys);
	free(f.p);
	user_forget_events(s.juliet.front);
	assert_int_equal(
	    hand_list_in(&s.juliet, NS_OMEMO2, ROMEO, LIST_READ, NULL, 0), 0);
	assert_int_equal(typing(&s.juliet, ROMEO, "t2", handle), 0);
	assert_int_equal(try_encrypt(&s.juliet, handle), ERR_UNTRUSTED);
	assert_int_equal(receipt(&s.juliet, ROMEO, last, "r1", handle), 0);
	assert_int_equal(try_encrypt(&s.juliet, handle), ERR_UNTRUSTED);
	assert_int_equal(outbox_rows(&s.juliet), 0);
	assert_int_equal(s.juliet.front->nevents, 0);
	stage_close(&s);
}

/* FAILED by a net: forgotten, nobody is told. */
static void
test_failed(void **state)
{
	uint8_t last[HANDLE_SIZE], handle[HANDLE_SIZE];
	struct buffer b;
	struct stage s;

	(void)state;
	acquainted(&s, last);
	user_forget_events(s.juliet.front);
	assert_int_equal(receipt(&s.juliet, ROMEO, last, "r1", handle), 0);
	assert_int_equal(user_call(s.juliet.net, M_FAILED,
			     body(&b, "shs", JULIET, handle, "no")),
	    0);
	assert_int_equal(outbox_rows(&s.juliet), 0);
	assert_int_equal(s.juliet.front->nevents, 0);
	stage_close(&s);
}

static void
test_fields(void **state)
{
	static char content[LIMIT_SIGNAL + 2];
	uint8_t last[HANDLE_SIZE], out[HANDLE_SIZE];
	struct user *u;
	struct stage s;
	struct buffer b;

	(void)state;
	acquainted(&s, last);
	u = s.juliet.front;
	memset(content, 'x', sizeof content - 1);
	assert_int_equal(signal_by(&s.juliet, u, ROMEO, KIND_TYPING, NULL, "t1",
			     content, out),
	    ERR_TOO_LONG); /* by one */
	content[LIMIT_SIGNAL] = '\0';
	assert_int_equal(signal_by(&s.juliet, u, ROMEO, KIND_TYPING, NULL, "t1",
			     content, out),
	    0);
	assert_int_equal(signal_by(&s.juliet, u, ROMEO, KIND_TYPING, NULL, "t1",
			     content, out),
	    ERR_EXISTS);
	assert_int_equal(
	    signal_by(&s.juliet, u, ROMEO, KIND_TYPING, NULL, "t2", "", out),
	    ERR_ARGUMENT);
	assert_int_equal(signal_by(&s.juliet, u, ROMEO, KIND_TYPING, NULL, "t2",
			     "a\x01", out),
	    ERR_ARGUMENT);
	assert_int_equal(signal_by(&s.juliet, u, ROMEO, KIND_TYPING, NULL, "t2",
			     "\xff", out),
	    ERR_ARGUMENT);
	assert_int_equal(signal_by(&s.juliet, u, ROMEO "/x", KIND_TYPING, NULL,
			     "t2", TYPING, out),
	    ERR_ARGUMENT);
	assert_int_equal(
	    signal_by(&s.juliet, u, ROMEO, KIND_CHAT, NULL, "t2", TYPING, out),
	    ERR_UNSUPPORTED);
	/* nor is one composed as if it were a text */
	assert_int_equal(user_call(u, M_COMPOSE,
			     body(&b, "ss1s41s", JULIET, ROMEO, KIND_TYPING,
				 "t3", 1U, FORMAT_SCE_CONTENT, TYPING)),
	    ERR_UNSUPPORTED);
	stage_close(&s);
}

/* They leave half of the outbox to texts. */
static void
test_crowd(void **state)
{
	uint8_t last[HANDLE_SIZE], out[HANDLE_SIZE];
	struct stage s;
	char id[32];
	int i;

	(void)state;
	acquainted(&s, last);
	for (i = 0; i < LIMIT_SIGNALS; i++) {
		snprintf(id, sizeof id, "t%d", i);
		assert_int_equal(typing(&s.juliet, ROMEO, id, out), 0);
	}
	assert_int_equal(typing(&s.juliet, ROMEO, "over", out), ERR_FULL);
	assert_int_equal(receipt(&s.juliet, ROMEO, last, "r", out), ERR_FULL);
	assert_int_equal(try_compose(&s.juliet, ROMEO, "m", "hi", out), 0);
	stage_close(&s);
}

/* No question is asked for one. */
static void
test_confirm(void **state)
{
	uint8_t last[HANDLE_SIZE], out[HANDLE_SIZE];
	struct stage s;
	struct buffer b;

	(void)state;
	acquainted(&s, last);
	assert_int_equal(user_call(s.juliet.admin, M_CONSTRAIN,
			     body(&b, "s418", JULIET, 1U, CONSTRAIN_CONFIRM,
				 (uint64_t)CONFIRM_ONCE)),
	    0);
	assert_int_equal(typing(&s.juliet, ROMEO, "t1", out), ERR_CANCELLED);
	/* the yes to a text is one to what belongs to it */
	assert_int_equal(try_compose(&s.juliet, ROMEO, "m", "hi", out), 0);
	assert_int_equal(typing(&s.juliet, ROMEO, "t2", out), 0);
	stage_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_receipt),
		cmocka_unit_test(test_stranger),
		cmocka_unit_test(test_receipt_refused),
		cmocka_unit_test(test_typing),
		cmocka_unit_test(test_typing_chain),
		cmocka_unit_test(test_readers),
		cmocka_unit_test(test_failed),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_confirm),
	};

	world_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
