/* SPDX-License-Identifier: ISC */
/*
 * OMEMO 2 in the keeper, and both versions side by side: which device is
 * written to in which, what binds a message, and what becomes of one that
 * leaves the newer version.
 */
#include <openssl/evp.h>

#include "check.h"
#include "keeper_flow.h"
/* after it */
#include "../../agent/sessions.h"

#define MERCUTIO "mercutio@verona.lit"

static void
stage_of_both(struct stage *s)
{
	stage_open(s);
	s->juliet.both = s->romeo.both = 1;
}

/* OPEN; what it says of namespace and bound. */
static void
opened(struct side *s, const uint8_t *handle, uint8_t *format, uint8_t *ns,
    uint8_t *bound, char *text, size_t size)
{
	struct reader *r = &s->front->r;
	const uint8_t *p;
	uint8_t skip[32];
	char jid[256];
	size_t len;

	assert_int_equal(try_open(s, handle), 0);
	*format = reader_u8(r);
	p = reader_string(r, &len, LIMIT_ENVELOPE);
	assert_true(len < size);
	memcpy(text, p, len);
	text[len] = '\0';
	reader_cstring(r, jid, sizeof jid);
	reader_cstring(r, jid, sizeof jid);
	(void)reader_u8(r);
	(void)reader_u32(r);
	reader_fixed(r, skip, 32);
	(void)reader_u8(r);
	*bound = reader_u8(r);
	(void)reader_u8(r);
	*ns = reader_u8(r);
	assert_int_equal(r->err, 0);
}

static void
shown_writer(struct side *s, const struct side *from)
{
	assert_int_equal(acknowledge(s, from->jid, from->u, ROLE_WRITER), 0);
}

/* Which namespaces are in an ENCRYPT's elements (bits), and how many keys. */
static unsigned
namespaces(const struct fixed *f, const struct side *to, unsigned keys[2])
{
	struct element e;
	struct reader r;
	unsigned bits = 0;
	uint32_t n;

	keys[0] = keys[1] = 0;
	reader_init(&r, f->p, f->len);
	for (n = reader_count(&r, OMEMO_PROFILES); n > 0; n--) {
		take_element(&r, to, &e);
		assert_true(e.ns < 2 && !(bits & 1U << e.ns));
		assert_int_equal(e.ivlen, e.ns == NS_LEGACY ? 12 : 0);
		bits |= 1U << e.ns;
		keys[e.ns] = e.mine;
		buffer_free(&e.keys);
	}
	assert_int_equal(reader_end(&r), 0);
	return bits;
}

/* --- both speak it ------------------------------------------------------------------ */

static void
test_there_and_back(void **state)
{
	uint8_t handle[HANDLE_SIZE], format, ns, bound;
	struct item item;
	struct stage s;
	char text[2048];

	(void)state;
	stage_of_both(&s);
	send_text(&s.juliet, &s.romeo, "m1", "one <1>", handle);
	shown_writer(&s.romeo, &s.juliet);
	opened(&s.romeo, handle, &format, &ns, &bound, text, sizeof text);
	assert_int_equal(format, FORMAT_SCE_ENVELOPE);
	assert_int_equal(ns, NS_OMEMO2);
	assert_int_equal(bound, BOUND_SENDER); /* the front has the rest */
	assert_non_null(strstr(text,
	    "<content><body xmlns='jabber:client'>one &lt;1&gt;</body>"
	    "<request xmlns='urn:xmpp:receipts'/></content>"));
	assert_non_null(strstr(text, "<from jid='" JULIET "'/>"));
	assert_non_null(strstr(text, "<to jid='" ROMEO "'/>"));
	/* the used prekey is replaced there, and there alone */
	assert_int_equal(due_in_any(&s.romeo), DUE_BUNDLE & DUE_IN(NS_OMEMO2));
	assert_int_equal(next_work_of_any(&s.romeo, &item), WORK_BUNDLE);
	assert_int_equal(item.ns, NS_OMEMO2);
	assert_int_equal(item.prekeys, LIMIT_PREKEYS);
	assert_int_equal(item.last_prekey, LIMIT_PREKEYS + 1);
	work_is_done(&s.romeo, item.item, WORK_OK);
	send_text(&s.romeo, &s.juliet, "m2", "two", handle);
	expect_message(&s.juliet, handle, "two", ROMEO, 1);
	stage_close(&s);
}

/* An empty message after a key exchange, in the version that it was in. */
static void
test_completion(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct item item;
	struct stage s;

	(void)state;
	stage_of_both(&s);
	compose(&s.romeo, JULIET, "early", "not sent", handle);
	send_text(&s.juliet, &s.romeo, "m1", "one", handle);
	assert_int_equal(next_work(&s.romeo, NULL), WORK_NONE);
	caught_up(&s.romeo);
	assert_int_equal(next_work(&s.romeo, &item), WORK_EMPTY);
	assert_int_equal(item.ns, NS_OMEMO2);
	again_after_restart(&s.romeo, &item);
	assert_int_equal(deliver(&s.romeo, &s.juliet, item.elements,
			     item.elementslen, "", NULL),
	    VERDICT_EMPTY);
	work_is_done(&s.romeo, item.item, WORK_OK);
	free(item.elements);
	stage_close(&s);
}

/* The first message at a counter of 53 or more is answered, once a chain. */
static void
test_heartbeat(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct item item;
	struct stage s;
	char id[16];

	(void)state;
	stage_of_both(&s);
	send_text(&s.romeo, &s.juliet, "r", "from Romeo", handle);
	caught_up(&s.romeo);
	send_text(&s.juliet, &s.romeo, "j", "from Juliet", handle);
	for (int i = 1; i < 53; i++) {
		snprintf(id, sizeof id, "m%d", i);
		send_text(&s.juliet, &s.romeo, id, "on", handle);
	}
	assert_int_equal(next_work(&s.romeo, NULL), WORK_NONE);
	send_text(&s.juliet, &s.romeo, "m53", "on", handle);
	assert_int_equal(next_work(&s.romeo, &item), WORK_EMPTY);
	assert_int_equal(item.ns, NS_OMEMO2);
	work_is_done(&s.romeo, item.item, WORK_OK);
	free(item.elements);
	send_text(&s.juliet, &s.romeo, "m54", "on", handle);
	assert_int_equal(next_work(&s.romeo, NULL), WORK_NONE);
	stage_close(&s);
}

/* A new session because the user asks: what was on its way is read, too. */
static void
test_reset(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct item item;
	struct stage s;
	struct buffer b;
	struct fixed f;

	(void)state;
	stage_of_both(&s);
	send_text(&s.romeo, &s.juliet, "m1", "one", handle);
	send_text(&s.juliet, &s.romeo, "m2", "two", handle);
	compose(&s.juliet, ROMEO, "m3", "on its way", handle);
	encrypt_until_done(&s.juliet, &s.romeo, handle, &f);
	caught_up(&s.juliet);
	while (next_work(&s.juliet, &item) != WORK_NONE) {
		work_is_done(&s.juliet, item.item, WORK_OK);
		free(item.elements);
	}
	/* a front may not; a key that is not known, nobody's */
	assert_int_equal(user_call(s.juliet.front, M_RESET,
			     body(&b, "ssk", JULIET, ROMEO, s.romeo.u)),
	    ERR_RIGHT);
	assert_int_equal(user_call(s.juliet.admin, M_RESET,
			     body(&b, "ssk", JULIET, ROMEO, s.juliet.u)),
	    ERR_NOT_FOUND);
	assert_int_equal(user_call(s.juliet.admin, M_RESET,
			     body(&b, "ssk", JULIET, "a b", s.romeo.u)),
	    ERR_ARGUMENT);
	assert_int_equal(user_call(s.juliet.admin, M_RESET,
			     body(&b, "ssk", JULIET, ROMEO, s.romeo.u)),
	    0);
	assert_int_equal(next_work_of_any(&s.juliet, &item), WORK_FETCH_BUNDLE);
	assert_int_equal(item.ns, NS_OMEMO2);
	assert_string_equal(item.to, ROMEO);
	while (next_work(&s.romeo, &item) == WORK_BUNDLE)
		work_is_done(&s.romeo, item.item, WORK_OK);
	free(item.elements);
	assert_int_equal(hand_bundle_in(&s.juliet, NS_OMEMO2, &s.romeo), 0);
	assert_int_equal(next_work_of_any(&s.juliet, &item), WORK_EMPTY);
	/* the same octets after a crash, not another session */
	again_after_restart(&s.juliet, &item);
	assert_int_equal(deliver(&s.juliet, &s.romeo, item.elements,
			     item.elementslen, "", NULL),
	    VERDICT_EMPTY);
	work_is_done(&s.juliet, item.item, WORK_OK);
	free(item.elements);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "", handle), VERDICT_NEW);
	free(f.p);
	send_text(&s.romeo, &s.juliet, "m4", "four", handle);
	send_text(&s.juliet, &s.romeo, "m5", "five", handle);
	stage_close(&s);
}

/* There is no session, though he writes in one: it can be begun all the same. */
static void
test_reset_without(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct item item;
	struct stage s;
	struct buffer b;

	(void)state;
	stage_of_both(&s);
	compose(&s.juliet, ROMEO, "m1", "not sent", handle);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_NEED);
	answer_needs(&s.juliet, &s.romeo);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_NEED);
	answer_needs(&s.juliet, &s.romeo);
	/* nobody has seen his key yet */
	assert_int_equal(user_call(s.juliet.admin, M_RESET,
			     body(&b, "ssk", JULIET, ROMEO, s.romeo.u)),
	    ERR_UNTRUSTED);
	assert_int_equal(show_readers(&s.juliet, handle), 1);
	assert_int_equal(user_call(s.juliet.admin, M_RESET,
			     body(&b, "ssk", JULIET, ROMEO, s.romeo.u)),
	    0);
	caught_up(&s.juliet);
	assert_int_equal(next_work_of_any(&s.juliet, &item), WORK_EMPTY);
	assert_int_equal(item.ns, NS_OMEMO2);
	assert_int_equal(deliver(&s.juliet, &s.romeo, item.elements,
			     item.elementslen, "", NULL),
	    VERDICT_EMPTY);
	work_is_done(&s.juliet, item.item, WORK_OK);
	free(item.elements);
	send_text(&s.romeo, &s.juliet, "m2", "two", handle);
	send_text(&s.juliet, &s.romeo, "m3", "three", handle);
	stage_close(&s);
}

/* --- side by side ------------------------------------------------------------------ */

/* Romeo has a second device that speaks 0.3.0 alone: one stanza for both. */
static void
test_mixed(void **state)
{
	uint8_t handle[HANDLE_SIZE], got[HANDLE_SIZE];
	unsigned keys[2];
	struct stage s;
	struct side second;
	struct world *w;
	struct fixed f;
	uint32_t ids[2];

	(void)state;
	stage_of_both(&s);
	side_open(&second, s.loop, ROMEO);
	w = second.w;
	ids[0] = s.romeo.device;
	ids[1] = second.device;
	compose(&s.juliet, ROMEO, "m1", "to both", handle);
	assert_int_equal(
	    hand_list(&s.juliet, JULIET, LIST_READ, &s.juliet.device, 1), 0);
	assert_int_equal(hand_list(&s.juliet, ROMEO, LIST_READ, ids, 2), 0);
	assert_int_equal(
	    hand_list_in(&s.juliet, NS_OMEMO2, ROMEO, LIST_READ, ids, 1), 0);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_NEED);
	assert_int_equal(hand_bundle_in(&s.juliet, NS_OMEMO2, &s.romeo), 0);
	assert_int_equal(hand_bundle(&s.juliet, &second), 0);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_WAIT);
	assert_int_equal(show_readers(&s.juliet, handle), 2);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_DONE);
	take_elements(&s.juliet, &f);
	assert_int_equal(namespaces(&f, &s.romeo, keys), 3);
	assert_int_equal(keys[NS_OMEMO2], 1);
	assert_int_equal(keys[NS_LEGACY], 0);
	assert_int_equal(namespaces(&f, &second, keys), 3);
	assert_int_equal(keys[NS_OMEMO2], 0);
	assert_int_equal(keys[NS_LEGACY], 1);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "", got), VERDICT_NEW);
	expect_message(&s.romeo, got, "to both", JULIET, 1);
	assert_int_equal(
	    deliver(&s.juliet, &second, f.p, f.len, "", got), VERDICT_NEW);
	expect_message(&second, got, "to both", JULIET, 1);
	free(f.p);
	side_close(&second);
	stage_close(&s);
	free(w);
}

/* READERS' one row: why it is shown. */
static uint8_t
why_shown(struct side *s, const uint8_t *handle)
{
	struct reader *r = &s->front->r;
	uint8_t u[32], why;
	char jid[256];
	struct buffer b;

	assert_int_equal(
	    user_call(s->front, M_READERS, body(&b, "sh", s->jid, handle)), 0);
	assert_int_equal(reader_u32(r), 1);
	reader_cstring(r, jid, sizeof jid);
	(void)reader_u32(r);
	reader_fixed(r, u, sizeof u);
	(void)reader_u8(r);
	why = reader_u8(r);
	assert_int_equal(r->err, 0);
	assert_int_equal(acknowledge(s, jid, u, ROLE_READER), 0);
	return why;
}

static void
send_in(struct stage *s, const char *id, unsigned wanted)
{
	uint8_t handle[HANDLE_SIZE];
	unsigned keys[2];
	struct fixed f;

	compose(&s->juliet, ROMEO, id, id, handle);
	encrypt_until_done(&s->juliet, &s->romeo, handle, &f);
	assert_int_equal(namespaces(&f, &s->romeo, keys), wanted);
	assert_int_equal(deliver(&s->juliet, &s->romeo, f.p, f.len, "", handle),
	    VERDICT_NEW);
	free(f.p);
}

/* A device leaves OMEMO 2, or a server says so: announced, then 0.3.0; and
 * back without a word. */
static void
test_falls_back(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	unsigned keys[2];
	struct stage s;
	struct fixed f;

	(void)state;
	stage_of_both(&s);
	send_in(&s, "newer", 1U << NS_OMEMO2);
	assert_int_equal(
	    hand_list_in(&s.juliet, NS_OMEMO2, ROMEO, LIST_READ, NULL, 0), 0);
	compose(&s.juliet, ROMEO, "older", "older", handle);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_NEED);
	assert_int_equal(hand_bundle(&s.juliet, &s.romeo), 0);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_WAIT);
	/* also when the agent has died meanwhile */
	restart(&s.juliet);
	assert_int_equal(
	    hand_list(&s.juliet, ROMEO, LIST_READ, &s.romeo.device, 1), 0);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_NEED);
	assert_int_equal(hand_bundle(&s.juliet, &s.romeo), 0);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_WAIT);
	assert_int_equal(why_shown(&s.juliet, handle), WHY_OLDER);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_DONE);
	take_elements(&s.juliet, &f);
	assert_int_equal(namespaces(&f, &s.romeo, keys), 1U << NS_LEGACY);
	free(f.p);
	send_in(&s, "again", 1U << NS_LEGACY);
	assert_int_equal(hand_list_in(&s.juliet, NS_OMEMO2, ROMEO, LIST_READ,
			     &s.romeo.device, 1),
	    0);
	send_in(&s, "back", 1U << NS_OMEMO2);
	stage_close(&s);
}

/* Its bundle is not to be had in OMEMO 2: 0.3.0, which the user is told of. */
static void
test_no_bundle(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	unsigned keys[2];
	struct stage s;
	struct buffer b;
	struct fixed f;

	(void)state;
	stage_of_both(&s);
	compose(&s.juliet, ROMEO, "m1", "one", handle);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_NEED);
	answer_needs(&s.juliet, &s.romeo);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_NEED);
	body(&b, "s1s41", JULIET, NS_OMEMO2, ROMEO, s.romeo.device,
	    BUNDLE_ABSENT);
	for (int i = 0; i < 5; i++)
		buffer_put_u32(&b, 0);
	assert_int_equal(user_call(s.juliet.net, M_BUNDLE, &b), 0);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_NEED);
	answer_needs(&s.juliet, &s.romeo);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_WAIT);
	assert_int_equal(show_readers(&s.juliet, handle), 1);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_DONE);
	take_elements(&s.juliet, &f);
	assert_int_equal(namespaces(&f, &s.romeo, keys), 1U << NS_LEGACY);
	free(f.p);
	stage_close(&s);
}

/* A bundle without one-time prekeys, one under 0.3.0's encoding, one for
 * another namespace's name: refused, and no session comes of it. */
static void
test_bad_bundles(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct stage s;
	struct buffer b;
	size_t cut;

	(void)state;
	stage_of_both(&s);
	compose(&s.juliet, ROMEO, "m1", "one", handle);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_NEED);
	answer_needs(&s.juliet, &s.romeo);
	body(
	    &b, "s1s41", JULIET, NS_OMEMO2, ROMEO, s.romeo.device, BUNDLE_HERE);
	cut = s.romeo.bundle2.len - LIMIT_PREKEYS * (4 + 4 + 32);
	buffer_put(&b, s.romeo.bundle2.data, cut - 4);
	buffer_put_u32(&b, 0); /* no prekeys */
	assert_int_equal(user_call(s.juliet.net, M_BUNDLE, &b), ERR_BAD_KEY);
	body(
	    &b, "s1s41", JULIET, NS_OMEMO2, ROMEO, s.romeo.device, BUNDLE_HERE);
	buffer_put(&b, s.romeo.bundle.data, s.romeo.bundle.len);
	assert_int_equal(user_call(s.juliet.net, M_BUNDLE, &b), ERR_BAD_KEY);
	s.romeo.bundle2.data[4 + 32 + 4 + 4 + 32 + 4] ^= 1; /* signature */
	assert_int_equal(
	    hand_bundle_in(&s.juliet, NS_OMEMO2, &s.romeo), ERR_BAD_SIGNATURE);
	s.romeo.bundle2.data[4 + 32 + 4 + 4 + 32 + 4] ^= 1;
	/* nothing of this is in the way of a good one */
	assert_int_equal(hand_list_in(&s.juliet, NS_OMEMO2, ROMEO, LIST_READ,
			     &s.romeo.device, 1),
	    0);
	send_in(&s, "m2", 1U << NS_OMEMO2);
	stage_close(&s);
}

/* A payload of the longest envelope, and one octet over. */
static void
test_long_payload(void **state)
{
	static uint8_t octets[LIMIT_ENVELOPE + 65];
	struct stage s;
	struct buffer b;

	(void)state;
	stage_of_both(&s);
	for (size_t over = 0; over < 2; over++) {
		body(&b, "s1s41s1s84", ROMEO, NS_OMEMO2, JULIET,
		    s.juliet.device, PATH_DIRECT, JULIET, KIND_CHAT, "stanza",
		    (uint64_t)0, 0U);
		buffer_put_string(&b, "", 0);
		buffer_put_u8(&b, 1);
		buffer_put_string(&b, octets, LIMIT_ENVELOPE + 64 + over);
		buffer_put_cstring(&b, "");
		assert_int_equal(user_call(s.romeo.net, M_DECRYPT, &b),
		    over ? ERR_TOO_LONG : ERR_NOT_FOR_US);
	}
	stage_close(&s);
}

/* --- COMPOSE ------------------------------------------------------------------------ */

static int
compose_as(struct side *s, const char *id, uint8_t format, const void *text,
    size_t len)
{
	struct buffer b;

	body(&b, "ss1s41", s->jid, ROMEO, KIND_CHAT, id, 1U, format);
	buffer_put_string(&b, text, len);
	return user_call(s->front, M_COMPOSE, &b);
}

/* A content goes to those that can read one; an envelope is never composed. */
static void
test_content(void **state)
{
	static const char content[] = "<opt-out xmlns='urn:xmpp:omemo:2'/>";
	uint8_t handle[HANDLE_SIZE];
	struct reader *r;
	struct stage s;
	struct fixed f;

	(void)state;
	stage_of_both(&s);
	assert_int_equal(compose_as(&s.juliet, "c1", FORMAT_SCE_ENVELOPE,
			     content, sizeof content - 1),
	    ERR_UNSUPPORTED);
	assert_int_equal(
	    compose_as(&s.juliet, "c1", FORMAT_SCE_CONTENT, "a\x01", 2),
	    ERR_ARGUMENT);
	assert_int_equal(compose_as(&s.juliet, "c1", FORMAT_SCE_CONTENT,
			     content, sizeof content - 1),
	    0);
	r = &s.juliet.front->r;
	reader_fixed(r, handle, HANDLE_SIZE);
	encrypt_until_done(&s.juliet, &s.romeo, handle, &f);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "", handle), VERDICT_NEW);
	free(f.p);
	expect_message(&s.romeo, handle, content, JULIET, 1);
	/* nobody there speaks it any more */
	assert_int_equal(
	    hand_list_in(&s.juliet, NS_OMEMO2, ROMEO, LIST_READ, NULL, 0), 0);
	assert_int_equal(compose_as(&s.juliet, "c2", FORMAT_SCE_CONTENT,
			     content, sizeof content - 1),
	    0);
	reader_fixed(r, handle, HANDLE_SIZE);
	assert_int_equal(try_encrypt(&s.juliet, handle), ERR_UNTRUSTED);
	stage_close(&s);
}

/* A text that is longer as XML than its limit; one that is just not. */
static void
test_escaped(void **state)
{
	static char text[LIMIT_TEXT + 1];
	uint8_t handle[HANDLE_SIZE];
	struct stage s;
	struct fixed f;

	(void)state;
	stage_of_both(&s);
	memset(text, '<', LIMIT_TEXT / 4 + 1);
	assert_int_equal(
	    compose_as(&s.juliet, "e1", FORMAT_BODY, text, LIMIT_TEXT / 4 + 1),
	    ERR_TOO_LONG);
	assert_int_equal(
	    compose_as(&s.juliet, "e2", FORMAT_BODY, text, LIMIT_TEXT / 4), 0);
	reader_fixed(&s.juliet.front->r, handle, HANDLE_SIZE);
	encrypt_until_done(&s.juliet, &s.romeo, handle, &f);
	assert_true(f.len > LIMIT_TEXT && f.len < LIMIT_ENVELOPE);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "", handle), VERDICT_NEW);
	free(f.p);
	stage_close(&s);
}

/* --- 0.3.0 does not bind ------------------------------------------------------------ */

struct gf { /* GF(2^128) as GHASH has it: bit 0 is the first */
	uint8_t b[16];
};

static struct gf
gf_add(struct gf x, struct gf y)
{
	for (int i = 0; i < 16; i++)
		x.b[i] ^= y.b[i];
	return x;
}

static struct gf
gf_multiply(struct gf x, struct gf y)
{
	struct gf z = { { 0 } };
	int i, j, carry;

	for (i = 0; i < 128; i++) {
		if (x.b[i / 8] & 0x80 >> i % 8)
			z = gf_add(z, y);
		carry = y.b[15] & 1;
		for (j = 15; j > 0; j--)
			y.b[j] = (uint8_t)(y.b[j] >> 1 | y.b[j - 1] << 7);
		y.b[0] = (uint8_t)(y.b[0] >> 1 ^ (carry ? 0xe1 : 0));
	}
	return z;
}

/* x^(2^128 - 2) */
static struct gf
gf_invert(struct gf x)
{
	struct gf y = { { 0x80 } };

	for (int i = 0; i < 127; i++) {
		x = gf_multiply(x, x);
		y = gf_multiply(y, x);
	}
	return y;
}

static struct gf
hash_key(const uint8_t key[16])
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	struct gf h = { { 0 } };
	int n;

	must(c != NULL &&
	    EVP_EncryptInit_ex(c, EVP_aes_128_ecb(), NULL, key, NULL) == 1 &&
	    EVP_EncryptUpdate(c, h.b, &n, (uint8_t[16]){ 0 }, 16) == 1);
	EVP_CIPHER_CTX_free(c);
	return h;
}

static int
is_ascii(const uint8_t *p, size_t n)
{
	while (n > 0 && *p >= 0x20 && *p < 0x7f) {
		p++;
		n--;
	}
	return n == 0;
}

/*
 * Three blocks under a key and a tag become three others of the reader's
 * choice but for the second, which is so chosen that the tag stays:
 * d1 H^4 + d2 H^3 + d3 H^2 = 0. The third one's end varies until the second is
 * a text.
 */
static void
collide(const uint8_t key[16], const char *was, char *other, uint8_t *cipher)
{
	struct gf h = hash_key(key), inverse = gf_invert(h), d[3], first;
	uint32_t count = 0;
	char end[17];

	for (int i = 0; i < 16; i++)
		d[0].b[i] = (uint8_t)(was[i] ^ other[i]);
	first = gf_multiply(d[0], h);
	do {
		snprintf(end, sizeof end, "%.8s%08u", other + 32, count++);
		memcpy(other + 32, end, 16);
		for (int i = 0; i < 16; i++)
			d[2].b[i] = (uint8_t)(was[32 + i] ^ other[32 + i]);
		d[1] = gf_add(first, gf_multiply(d[2], inverse));
		for (int i = 0; i < 16; i++)
			other[16 + i] = (char)(was[16 + i] ^ d[1].b[i]);
	} while (!is_ascii((uint8_t *)other + 16, 16));
	for (int i = 0; i < 48; i++)
		cipher[i] ^= (uint8_t)(was[i] ^ other[i]);
}

/* What Romeo's ratchet will give for the first <key> of his: the payload's
 * key, as any other reader of the same message has it. */
static void
payload_key(struct side *to, const char *from, uint32_t device,
    const struct element *e, uint8_t key[16])
{
	struct account *a = account_find(to->w->k, to->jid);
	struct txn *t = txn_begin(to->w->k->records);
	struct account_record *rec;
	struct omemo_result *result = secret_alloc(sizeof *result);
	struct omemo_session *session;
	struct session_ops ops;
	const uint8_t *wire;
	struct reader r;
	size_t len;
	int kex;

	reader_init(&r, e->keys.data, e->keys.len);
	kex = reader_u8(&r);
	wire = reader_string(&r, &len, LIMIT_KEY_ELEMENT);
	must(result != NULL && account_open(t, to->jid, &rec) == 0);
	session_ops_init(&ops, t, a, from, NS_LEGACY, device);
	must(session_open(t, &ops.key, &session) == 0);
	must(omemo_decrypt(session, &rec->identity, &ops.ops, NULL, kex, wire,
		 len, result) == 0);
	memcpy(key, result->plain, 16);
	omemo_session_free(session);
	session_ops_end(&ops);
	account_release(rec);
	secret_release(result, sizeof *result);
	txn_abort(t); /* as if it had not been */
}

static void
test_not_committing(void **state)
{
	static const char was[] =
	    "Come at nine, by the wall, and bring the ladder.";
	char other[] = "Do not come now.                I tell you: ????";
	uint8_t handle[HANDLE_SIZE], key[16], format, ns, bound;
	struct element e;
	struct stage s;
	struct reader r;
	struct fixed f;
	char text[256];

	(void)state;
	stage_open(&s); /* 0.3.0 */
	compose(&s.juliet, ROMEO, "m1", was, handle);
	encrypt_until_done(&s.juliet, &s.romeo, handle, &f);
	reader_init(&r, f.p, f.len);
	assert_int_equal(reader_u32(&r), 1);
	take_element(&r, &s.romeo, &e);
	assert_int_equal(e.payloadlen, 48);
	payload_key(&s.romeo, JULIET, s.juliet.device, &e, key);
	collide(key, was, other, (uint8_t *)(uintptr_t)e.payload);
	buffer_free(&e.keys);
	/* her key, her IV, her tag, her ratchet: not her words */
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "", handle), VERDICT_NEW);
	free(f.p);
	shown_writer(&s.romeo, &s.juliet);
	opened(&s.romeo, handle, &format, &ns, &bound, text, sizeof text);
	assert_string_equal(text, other);
	assert_string_not_equal(text, was);
	assert_int_equal(ns, NS_LEGACY);
	assert_int_equal(bound, BOUND_NONE);
	stage_close(&s);
}

/* The same trick in OMEMO 2: the payload's MAC is under the ratchet's. */
static void
test_committing(void **state)
{
	uint8_t handle[HANDLE_SIZE];
	struct element e;
	struct stage s;
	struct reader r;
	struct fixed f;

	(void)state;
	stage_of_both(&s);
	compose(&s.juliet, ROMEO, "m1", "one", handle);
	encrypt_until_done(&s.juliet, &s.romeo, handle, &f);
	reader_init(&r, f.p, f.len);
	assert_int_equal(reader_u32(&r), 1);
	take_element(&r, &s.romeo, &e);
	buffer_free(&e.keys);
	((uint8_t *)(uintptr_t)e.payload)[0] ^= 1;
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "", handle), ERR_BAD_MAC);
	((uint8_t *)(uintptr_t)e.payload)[0] ^= 1;
	/* and the ratchet has not moved */
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "", handle), VERDICT_NEW);
	free(f.p);
	stage_close(&s);
}

/* Our first id is on the account's other list already: another is drawn, and
 * all is published under that. */
static void
test_id_is_taken(void **state)
{
	struct loop *loop = loop_new();
	struct world *w;
	struct item item;
	struct side s;
	uint32_t device;

	(void)state;
	must(loop != NULL);
	memset(&s, 0, sizeof s);
	s.jid = JULIET;
	s.w = w = world_new(loop);
	s.admin = user_creator(s.w);
	assert_int_equal(user_create(s.admin, JULIET, OTHERS_IGNORE), 0);
	attach(&s);
	device = s.device;
	assert_int_equal(
	    hand_list_in(&s, NS_LEGACY, JULIET, LIST_READ, NULL, 0), 0);
	assert_int_equal(
	    hand_list_in(&s, NS_OMEMO2, JULIET, LIST_READ, &device, 1), 0);
	assert_true(account_find(w->k, JULIET)->device != device);
	for (int ns = 0; ns < OMEMO_PROFILES; ns++) {
		assert_int_equal(next_work_of_any(&s, &item), WORK_BUNDLE);
		work_is_done(&s, item.item, WORK_OK);
	}
	assert_int_equal(next_work_of_any(&s, &item), WORK_DEVICES);
	assert_int_equal(item.ns, NS_LEGACY);
	assert_int_equal(item.devices, 1);
	assert_true(item.first_device != device);
	work_is_done(&s, item.item, WORK_OK);
	assert_int_equal(next_work_of_any(&s, &item), WORK_DEVICES);
	assert_int_equal(item.ns, NS_OMEMO2);
	assert_int_equal(item.devices, 2);
	work_is_done(&s, item.item, WORK_OK);
	/* once published it is ours, whoever else has it */
	device = account_find(w->k, JULIET)->device;
	assert_int_equal(
	    hand_list_in(&s, NS_OMEMO2, JULIET, LIST_READ, &device, 1), 0);
	assert_int_equal(account_find(w->k, JULIET)->device, device);
	side_close(&s);
	loop_free(loop);
	free(w);
}

/* --- an account from before it -------------------------------------------------------- */

static void
test_added(void **state)
{
	struct account_record *rec;
	struct keeper *k;
	struct txn *t;
	uint8_t name[] = { NS_OMEMO2 };
	struct item item;
	struct stage s;

	(void)state;
	stage_open(&s);
	k = s.juliet.w->k;
	t = txn_begin(k->records);
	must(txn_delete(t, RECORD_PREKEYS, JULIET, name, sizeof name) == 0);
	must(account_open(t, JULIET, &rec) == 0);
	rec->ours &= NAMESPACE(NS_LEGACY);
	rec->own_read &= NAMESPACE(NS_LEGACY);
	must(account_put(t, JULIET, rec) == 0);
	account_release(rec);
	txn_commit(t);
	assert_int_equal(due_in_any(&s.juliet), 0); /* and it is durable */
	restart(&s.juliet);
	assert_int_equal(next_work_of_any(&s.juliet, &item), WORK_BUNDLE);
	assert_int_equal(item.ns, NS_OMEMO2);
	assert_int_equal(item.prekeys, LIMIT_PREKEYS);
	work_is_done(&s.juliet, item.item, WORK_OK);
	assert_int_equal(next_work_of_any(&s.juliet, &item), WORK_DEVICES);
	assert_int_equal(item.ns, NS_OMEMO2);
	work_is_done(&s.juliet, item.item, WORK_OK);
	assert_int_equal(due_in_any(&s.juliet), 0);
	stage_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_completion),
		cmocka_unit_test(test_heartbeat),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_reset_without),
		cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_falls_back),
		cmocka_unit_test(test_no_bundle),
		cmocka_unit_test(test_bad_bundles),
		cmocka_unit_test(test_long_payload),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_escaped),
		cmocka_unit_test(test_not_committing),
		cmocka_unit_test(test_committing),
		cmocka_unit_test(test_id_is_taken),
		cmocka_unit_test(test_added),
	};

	world_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
