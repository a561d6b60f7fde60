/* SPDX-License-Identifier: ISC */
/*
 * A server, a net or a contact that means ill, as far as it reaches the
 * keeper: lists, bundles, elements, and every maximum passed by one. Each is
 * refused with its error, and the next honest message goes through.
 */
#include "check.h"
/* cmocka first */
#include "../../agent/peer.h"
#include "keeper_flow.h"

#define MERCUTIO "mercutio@montague.lit"

/* After whatever happened: a message each way. */
static void
still_works(struct stage *s, const char *id)
{
	uint8_t handle[HANDLE_SIZE];

	send_text(&s->juliet, &s->romeo, id, "still here", handle);
	send_text(&s->romeo, &s->juliet, id, "still here", handle);
}

static void
get_peer(struct side *s, const char *jid, struct peer *p)
{
	struct txn *t = txn_begin(s->w->k->records);

	assert_int_equal(peer_open(t, s->jid, jid, p), 0);
	txn_abort(t);
}

/* --- device lists ----------------------------------------------------------------- */

static void
test_lists(void **state)
{
	static uint32_t ids[LIMIT_LIST_IDS + 1];
	uint8_t handle[HANDLE_SIZE];
	struct peer p;
	struct stage s;
	uint32_t i;

	(void)state;
	stage_open(&s);
	compose(&s.juliet, ROMEO, "m1", "one", handle);
	for (i = 0; i < LIMIT_LIST_IDS; i++)
		ids[i] = i % 3 == 0 ? 0 : i % 3 == 1 ? 0x80000000U + i : i / 6;
	ids[0] = s.romeo.device;
	assert_int_equal(
	    hand_list(&s.juliet, ROMEO, LIST_READ, ids, LIMIT_LIST_IDS), 0);
	get_peer(&s.juliet, ROMEO, &p);
	assert_int_equal(p.n, LIMIT_DEVICES);
	for (i = 0; i < p.n; i++)
		assert_true(p.v[i].id > 0 && p.v[i].id < 0x80000000U);
	assert_true(hand_list(&s.juliet, ROMEO, LIST_READ, ids,
			LIMIT_LIST_IDS + 1) != 0);
	/* of somebody whom we do not know: forgotten at once */
	assert_int_equal(
	    hand_list(&s.juliet, MERCUTIO, LIST_READ, ids, 100), 0);
	assert_int_equal(
	    hand_list(&s.juliet, "no jid", LIST_READ, ids, 1), ERR_ARGUMENT);
	assert_int_equal(
	    hand_list(&s.juliet, "a@b/c", LIST_READ, ids, 1), ERR_ARGUMENT);
	assert_int_equal(
	    hand_list(&s.juliet, "a\x1b@b", LIST_READ, ids, 1), ERR_ARGUMENT);
	/* the true list again */
	assert_int_equal(
	    hand_list(&s.juliet, ROMEO, LIST_READ, &s.romeo.device, 1), 0);
	still_works(&s, "after");
	stage_close(&s);
}

/* A failed read of the own list publishes nothing; a list without us does. */
static void
test_own_list(void **state)
{
	struct stage s;
	struct item item;
	uint32_t others[] = { 11, 12, 13 };

	(void)state;
	stage_open(&s);
	restart(&s.juliet);
	user_free(s.juliet.net);
	s.juliet.net = user_attached(s.juliet.w, 1, "front", JULIET);
	publish_again(&s.juliet);
	assert_int_equal(
	    hand_list(&s.juliet, JULIET, LIST_UNKNOWN, NULL, 0), 0);
	assert_int_equal(next_work(&s.juliet, &item), WORK_BUNDLE);
	assert_int_equal(next_work(&s.juliet, NULL), WORK_NONE);
	assert_int_equal(hand_list(&s.juliet, JULIET, LIST_READ, others, 3), 0);
	assert_int_equal(next_work(&s.juliet, &item), WORK_DEVICES);
	assert_int_equal(item.devices, 4); /* nobody else's is dropped */
	/* another net does not get it while this one has it */
	stage_close(&s);
}

/* What another device wrote between WORK and our publication was overwritten
 * by it: it is written again, with ours. */
static void
test_list_race(void **state)
{
	const uint32_t early[] = { 11, 12 }, late[] = { 11, 13 };
	uint32_t echo[3];
	struct item item;
	struct stage s;

	(void)state;
	stage_open(&s);
	assert_true(s.juliet.device > 13);
	assert_int_equal(hand_list(&s.juliet, JULIET, LIST_READ, early, 2), 0);
	assert_int_equal(next_work(&s.juliet, &item), WORK_DEVICES);
	assert_int_equal(item.devices, 3);
	assert_int_equal(hand_list(&s.juliet, JULIET, LIST_READ, late, 2), 0);
	echo[0] = 11, echo[1] = 12, echo[2] = s.juliet.device;
	assert_int_equal(hand_list(&s.juliet, JULIET, LIST_READ, echo, 3), 0);
	work_is_done(&s.juliet, item.item, WORK_OK);
	assert_int_equal(due_of(&s.juliet), DUE_ONE(DUE_DEVICES));
	assert_int_equal(next_work(&s.juliet, &item), WORK_DEVICES);
	assert_int_equal(item.devices, 3);
	/* its echo, after the server's answer: this time nothing came between */
	work_is_done(&s.juliet, item.item, WORK_OK);
	echo[0] = 11, echo[1] = 13, echo[2] = s.juliet.device;
	assert_int_equal(hand_list(&s.juliet, JULIET, LIST_READ, echo, 3), 0);
	assert_int_equal(due_of(&s.juliet), 0);
	assert_int_equal(next_work(&s.juliet, NULL), WORK_NONE);
	stage_close(&s);
}

/* A server that tells twice of what we have written: the second time, when
 * another device has written since, it is no news. */
static void
test_list_echo(void **state)
{
	const uint32_t early[] = { 11, 12 }, late[] = { 11, 13 };
	uint32_t first[3], second[3];
	struct item item;
	struct stage s;

	(void)state;
	stage_open(&s);
	first[0] = 11, first[1] = 12, first[2] = s.juliet.device;
	second[0] = 11, second[1] = 13, second[2] = s.juliet.device;
	assert_int_equal(hand_list(&s.juliet, JULIET, LIST_READ, early, 2), 0);
	assert_int_equal(next_work(&s.juliet, &item), WORK_DEVICES);
	assert_int_equal(hand_list(&s.juliet, JULIET, LIST_READ, first, 3), 0);
	work_is_done(&s.juliet, item.item, WORK_OK);
	assert_int_equal(hand_list(&s.juliet, JULIET, LIST_READ, late, 2), 0);
	assert_int_equal(next_work(&s.juliet, &item), WORK_DEVICES);
	assert_int_equal(item.devices, 3);
	assert_int_equal(hand_list(&s.juliet, JULIET, LIST_READ, first, 3), 0);
	assert_int_equal(hand_list(&s.juliet, JULIET, LIST_READ, second, 3), 0);
	work_is_done(&s.juliet, item.item, WORK_OK);
	assert_int_equal(hand_list(&s.juliet, JULIET, LIST_READ, second, 3), 0);
	assert_int_equal(due_of(&s.juliet), 0);
	assert_int_equal(next_work(&s.juliet, NULL), WORK_NONE);
	stage_close(&s);
}

static void
test_work_moves(void **state)
{
	struct stage s;
	struct item first, second;
	struct user *other;
	struct buffer b;

	(void)state;
	stage_open(&s);
	other = user_attached(s.juliet.w, 1, "other", JULIET);
	publish_again(&s.juliet);
	assert_int_equal(next_work(&s.juliet, &second), WORK_BUNDLE);
	assert_int_equal(next_work(&s.juliet, &first), WORK_DEVICES);
	assert_int_equal(user_call(other, M_WORK, body(&b, "s", JULIET)), 0);
	assert_int_equal(reader_u64(&other->r), 0);
	user_free(s.juliet.net);
	s.juliet.net = other;
	/* it has read no list: the bundle alone */
	user_event(other, M_EVENT_WORK, NULL);
	assert_int_equal(next_work(&s.juliet, &first), WORK_BUNDLE);
	assert_int_equal(first.item, second.item);
	/* published anew meanwhile: "done" is the older one's */
	publish_again(&s.juliet);
	work_is_done(&s.juliet, first.item, WORK_OK);
	assert_int_equal(due_of(&s.juliet), DUE_ONE(DUE_DEVICES | DUE_BUNDLE));
	stage_close(&s);
}

/* --- bundles ------------------------------------------------------------------------ */

/* Romeo's bundle with one octet changed or fields replaced. */
static int
hand_changed(struct side *s, struct side *of, size_t at, uint8_t with)
{
	uint8_t was;
	int err;

	assert_true(at < of->bundle.len);
	was = of->bundle.data[at];
	of->bundle.data[at] ^= with;
	err = hand_bundle(s, of);
	of->bundle.data[at] = was;
	return err;
}

#define AT_IDENTITY  4 /* 05 and u */
#define AT_SPK	     (4 + 33 + 4 + 4)
#define AT_SIGNATURE (AT_SPK + 33 + 4)
#define AT_PREKEYS   (AT_SIGNATURE + 64)

static void
test_bundles(void **state)
{
	struct stage s;
	struct buffer b, most;
	uint8_t handle[HANDLE_SIZE];
	size_t full;
	int i;

	(void)state;
	stage_open(&s);
	compose(&s.juliet, ROMEO, "m1", "one", handle);
	/* not on a list yet */
	assert_int_equal(hand_bundle(&s.juliet, &s.romeo), ERR_NOT_FOUND);
	assert_int_equal(
	    hand_list(&s.juliet, ROMEO, LIST_READ, &s.romeo.device, 1), 0);
	assert_int_equal(hand_changed(&s.juliet, &s.romeo, AT_SIGNATURE, 1),
	    ERR_BAD_SIGNATURE);
	assert_int_equal(hand_changed(&s.juliet, &s.romeo, AT_SPK + 5, 1),
	    ERR_BAD_SIGNATURE);
	assert_int_equal(hand_changed(&s.juliet, &s.romeo, AT_IDENTITY, 1),
	    ERR_BAD_KEY); /* not 05 */
	assert_int_equal(
	    hand_changed(&s.juliet, &s.romeo, AT_IDENTITY + 32, 0x80),
	    ERR_BAD_KEY); /* bit 255 */
	assert_int_equal(
	    hand_changed(&s.juliet, &s.romeo, AT_PREKEYS + 4 + 4 + 4, 1),
	    ERR_BAD_KEY); /* a one-time prekey without its 05 */
	/* none at all */
	full = s.romeo.bundle.len;
	buffer_init(&most, FRAME_MAX);
	buffer_put(&most, s.romeo.bundle.data, AT_PREKEYS);
	buffer_put_u32(&most, 0);
	b = s.romeo.bundle;
	s.romeo.bundle = most;
	assert_int_equal(hand_bundle(&s.juliet, &s.romeo), ERR_BAD_KEY);
	/* one more than the maximum */
	buffer_patch_u32(&s.romeo.bundle, AT_PREKEYS, LIMIT_BUNDLE_PREKEYS + 1);
	for (i = 0; i <= LIMIT_BUNDLE_PREKEYS; i++)
		buffer_put(&s.romeo.bundle, b.data + AT_PREKEYS + 4, 41);
	assert_int_equal(hand_bundle(&s.juliet, &s.romeo), ERR_TOO_LONG);
	buffer_free(&s.romeo.bundle);
	s.romeo.bundle = b;
	assert_int_equal(b.len, full);
	/* small order and not canonical */
	memcpy(handle, b.data + AT_IDENTITY + 1, 16);
	memset(s.romeo.bundle.data + AT_IDENTITY + 1, 0, 16);
	assert_true(hand_bundle(&s.juliet, &s.romeo) != 0);
	memcpy(s.romeo.bundle.data + AT_IDENTITY + 1, handle, 16);
	/* our own under his name */
	b = s.romeo.bundle;
	s.romeo.bundle = s.juliet.bundle;
	assert_int_equal(hand_bundle(&s.juliet, &s.romeo), ERR_BAD_KEY);
	s.romeo.bundle = b;
	/* no key was learned by any of it; the next read asks again */
	assert_int_equal(
	    hand_list(&s.juliet, ROMEO, LIST_READ, &s.romeo.device, 1), 0);
	still_works(&s, "after");
	stage_close(&s);
}

/* --- keys --------------------------------------------------------------------------- */

static int
decide(struct side *s, const char *peer, const uint8_t u[32], int trust)
{
	struct buffer b;

	return user_call(
	    s->admin, M_TRUST, body(&b, "ss4k1", s->jid, peer, 1, u, trust));
}

static void
test_changed_key(void **state)
{
	struct stage s;
	struct side evil;
	struct world *w;
	uint8_t handle[HANDLE_SIZE];

	(void)state;
	stage_open(&s);
	side_open(&evil, s.loop, MERCUTIO);
	w = evil.w;
	evil.jid = ROMEO; /* a server's forgery: another key for his device */
	evil.device = s.romeo.device;
	compose(&s.juliet, ROMEO, "m1", "one", handle);
	assert_int_equal(
	    hand_list(&s.juliet, JULIET, LIST_READ, &s.juliet.device, 1), 0);
	assert_int_equal(
	    hand_list(&s.juliet, ROMEO, LIST_READ, &s.romeo.device, 1), 0);
	assert_int_equal(hand_bundle(&s.juliet, &s.romeo), 0);
	assert_int_equal(hand_bundle(&s.juliet, &evil), ERR_KEY_CHANGED);
	assert_int_equal(show_readers(&s.juliet, handle), 1);
	assert_int_equal(try_encrypt(&s.juliet, handle), ERR_KEY_CHANGED);
	user_event(s.juliet.front, M_EVENT_FAILED, NULL);
	/* the user gives the old one up: the new one is announced */
	assert_int_equal(
	    decide(&s.juliet, ROMEO, s.romeo.u, TRUST_DISTRUSTED), 0);
	assert_int_equal(
	    hand_list(&s.juliet, JULIET, LIST_READ, &s.juliet.device, 1), 0);
	assert_int_equal(
	    hand_list(&s.juliet, ROMEO, LIST_READ, &s.romeo.device, 1), 0);
	assert_int_equal(hand_bundle(&s.juliet, &evil), 0);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_WAIT);
	assert_int_equal(show_readers(&s.juliet, handle), 1);
	/* and the old one does not come back */
	assert_int_equal(hand_bundle(&s.juliet, &s.romeo), ERR_KEY_CHANGED);
	evil.jid = MERCUTIO;
	side_close(&evil);
	stage_close(&s);
	free(w);
}

static void
test_returned(void **state)
{
	struct stage s;
	uint8_t handle[HANDLE_SIZE], u[32];
	struct reader *r;
	struct buffer b;
	char jid[256];

	(void)state;
	stage_open(&s);
	send_text(&s.juliet, &s.romeo, "m1", "one", handle);
	assert_int_equal(hand_list(&s.juliet, ROMEO, LIST_READ, NULL, 0), 0);
	compose(&s.juliet, ROMEO, "m2", "two", handle);
	assert_int_equal(try_encrypt(&s.juliet, handle), ERR_UNTRUSTED);
	assert_int_equal(
	    hand_list(&s.juliet, JULIET, LIST_READ, &s.juliet.device, 1), 0);
	assert_int_equal(
	    hand_list(&s.juliet, ROMEO, LIST_READ, &s.romeo.device, 1), 0);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_WAIT);
	assert_int_equal(user_call(s.juliet.front, M_READERS,
			     body(&b, "sh", JULIET, handle)),
	    0);
	r = &s.juliet.front->r;
	assert_int_equal(reader_u32(r), 1);
	reader_cstring(r, jid, sizeof jid);
	assert_int_equal(reader_u32(r), s.romeo.device);
	reader_fixed(r, u, sizeof u);
	assert_int_equal(reader_u8(r), TRUST_BLIND);
	assert_int_equal(reader_u8(r), WHY_RETURNED);
	assert_int_equal(acknowledge(&s.juliet, jid, u, ROLE_READER), 0);
	user_event(s.juliet.net, M_EVENT_READY, NULL);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_DONE);
	stage_close(&s);
}

/* After a verification a new key waits for a decision. */
static void
test_verified(void **state)
{
	struct stage s;
	struct side second;
	struct world *w;
	uint8_t handle[HANDLE_SIZE];
	uint32_t both[2];
	struct fixed f;

	(void)state;
	stage_open(&s);
	send_text(&s.juliet, &s.romeo, "m1", "one", handle);
	assert_int_equal(
	    decide(&s.juliet, ROMEO, s.romeo.u, TRUST_BLIND), ERR_ARGUMENT);
	assert_int_equal(decide(&s.juliet, ROMEO, s.juliet.u, TRUST_VERIFIED),
	    ERR_NOT_FOUND);
	assert_int_equal(
	    decide(&s.juliet, ROMEO, s.romeo.u, TRUST_VERIFIED), 0);
	side_open(&second, s.loop, MERCUTIO);
	w = second.w;
	second.jid = ROMEO;
	both[0] = s.romeo.device;
	both[1] = second.device;
	compose(&s.juliet, ROMEO, "m2", "two", handle);
	assert_int_equal(hand_list(&s.juliet, ROMEO, LIST_READ, both, 2), 0);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_NEED);
	assert_int_equal(hand_bundle(&s.juliet, &second), 0);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_WAIT);
	assert_int_equal(show_readers(&s.juliet, handle), 1);
	assert_int_equal(try_encrypt(&s.juliet, handle), ERR_UNTRUSTED);
	assert_non_null(strstr(s.juliet.net->text, "undecided"));
	/* distrusted: the message goes to the other alone */
	assert_int_equal(
	    decide(&s.juliet, ROMEO, second.u, TRUST_DISTRUSTED), 0);
	assert_int_equal(
	    hand_list(&s.juliet, JULIET, LIST_READ, &s.juliet.device, 1), 0);
	assert_int_equal(hand_list(&s.juliet, ROMEO, LIST_READ, both, 2), 0);
	assert_int_equal(try_encrypt(&s.juliet, handle), ENCRYPT_DONE);
	take_elements(&s.juliet, &f);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "", handle), VERDICT_NEW);
	second.jid = MERCUTIO;
	assert_int_equal(deliver(&s.juliet, &second, f.p, f.len, "", handle),
	    ERR_NOT_FOR_US);
	free(f.p);
	side_close(&second);
	stage_close(&s);
	free(w);
}

/* --- elements ----------------------------------------------------------------------- */

/* Where the key exchange says registrationId (tag 5), whose value is under
 * no MAC and means nothing; its octets. */
static size_t
registration_at(const struct fixed *f, uint32_t id, size_t *len)
{
	uint8_t pattern[8] = { 5 << 3 };
	size_t n = 1, i;

	for (; id >= 0x80; id >>= 7)
		pattern[n++] = (uint8_t)(id | 0x80);
	pattern[n++] = (uint8_t)id;
	for (i = 0; i + n <= f->len; i++)
		if (memcmp(f->p + i, pattern, n) == 0)
			break;
	assert_true(i + n <= f->len);
	*len = n - 1;
	return i + 1;
}

/* Is this octet the test's own envelope: a length, an id, a name? */
static int
is_envelope(size_t i)
{
	const size_t iv = 4 + 1 + 4 + 4, payload = iv + 12 + 4;
	const size_t key = payload + 3 + 4 + 4 + strlen(ROMEO) + 4 + 1 + 4;

	return i < iv || (i >= iv + 12 && i < payload) ||
	    (i >= payload + 3 && i < key);
}

/* Each octet changed: an error, and the true one still opens. */
static void
test_elements(void **state)
{
	struct stage s;
	uint8_t handle[HANDLE_SIZE];
	struct fixed f;
	size_t i, at, len;
	int got;

	(void)state;
	stage_open(&s);
	compose(&s.juliet, ROMEO, "m1", "one", handle);
	encrypt_until_done(&s.juliet, &s.romeo, handle, &f);
	at = registration_at(&f, s.juliet.device, &len);
	for (i = 0; i < f.len; i++) {
		if (is_envelope(i) || (i >= at && i < at + len))
			continue;
		f.p[i] ^= (uint8_t)(1U << i % 8);
		got = deliver(&s.juliet, &s.romeo, f.p, f.len, "x", handle);
		f.p[i] ^= (uint8_t)(1U << i % 8);
		if (got >= 0)
			fail_msg("octet %zu changed and taken", i);
	}
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "a", handle), VERDICT_NEW);
	assert_int_equal(waiting(&s.romeo), 1);
	free(f.p);
	still_works(&s, "after");
	stage_close(&s);
}

static int
decrypt_raw(struct side *s, int ns, uint32_t device, int path, int kind,
    const char *sender, uint32_t keys)
{
	struct buffer b;
	uint32_t i;

	body(&b, "s1s41s1s84", s->jid, ns, sender, device, path, sender, kind,
	    "id", (uint64_t)0, keys);
	for (i = 0; i < keys; i++) {
		buffer_put_u8(&b, (uint8_t)(i & 1));
		buffer_put_string(&b, "garbage", 7);
	}
	buffer_put_string(&b, "123456789012", 12);
	buffer_put_u8(&b, 1);
	buffer_put_string(&b, "payload", 7);
	buffer_put_cstring(&b, "archived");
	return user_call(s->net, M_DECRYPT, &b);
}

static void
test_raw_elements(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s);
	assert_int_equal(
	    decrypt_raw(&s.romeo, 0, 7, 0, 0, JULIET, 0), ERR_NOT_FOR_US);
	assert_true(
	    decrypt_raw(&s.romeo, 0, 7, 0, 0, JULIET, LIMIT_KEY_ELEMENTS) < 0);
	assert_int_equal(
	    decrypt_raw(&s.romeo, 0, 7, 0, 0, JULIET, LIMIT_KEY_ELEMENTS + 1),
	    ERR_TOO_LONG);
	assert_int_equal(
	    decrypt_raw(&s.romeo, 0, 0, 0, 0, JULIET, 1), ERR_ARGUMENT);
	assert_int_equal(
	    decrypt_raw(&s.romeo, 1, 7, 0, 0, JULIET, 1), ERR_BAD_MESSAGE);
	assert_int_equal(
	    decrypt_raw(&s.romeo, 2, 7, 0, 0, JULIET, 1), ERR_ARGUMENT);
	assert_int_equal(
	    decrypt_raw(&s.romeo, 0, 7, 0, KIND_ROOM, JULIET, 1), ERR_ARGUMENT);
	assert_int_equal(
	    decrypt_raw(&s.romeo, 0, 7, PATH_ROOM, 0, JULIET, 1), ERR_ARGUMENT);
	assert_int_equal(
	    decrypt_raw(&s.romeo, 0, 7, PATH_ROOM, KIND_ROOM, JULIET, 1),
	    ERR_ROOM);
	assert_int_equal(
	    decrypt_raw(&s.romeo, 0, 7, 9, 0, JULIET, 1), ERR_ARGUMENT);
	assert_int_equal(
	    decrypt_raw(&s.romeo, 0, 7, 0, 0, "a b", 1), ERR_ARGUMENT);
	/* none of it moved the cursor or left a contact behind */
	restart(&s.romeo);
	assert_string_equal(s.romeo.cursor, "");
	still_works(&s, "after");
	stage_close(&s);
}

/* --- maxima ------------------------------------------------------------------------- */

/* Contacts as records: strangers with a session, or known ones. */
static void
fill_peers(struct side *s, size_t n, int strangers)
{
	struct txn *t = NULL;
	struct peer p;
	char jid[64];
	size_t i;

	for (i = 0; i < n; i++) {
		if (t == NULL)
			t = txn_begin(s->w->k->records);
		snprintf(jid, sizeof jid, "n%zu@crowd.lit", i);
		assert_int_equal(peer_open(t, s->jid, jid, &p), ERR_NOT_FOUND);
		p.written = !strangers;
		if (strangers) {
			p.n = 1;
			p.v[0].id = 1;
			p.v[0].sessions = 1;
		}
		assert_int_equal(peer_put(t, s->jid, &p), 0);
		if (i % 256 == 255) {
			txn_commit(t);
			t = NULL;
			assert_int_equal(user_call(s->front, M_LIST, NULL), 0);
		}
	}
	if (t != NULL)
		txn_commit(t);
	assert_int_equal(user_call(s->front, M_LIST, NULL), 0);
}

static void
test_strangers(void **state)
{
	struct stage s;
	struct txn *t;
	uint8_t handle[HANDLE_SIZE];
	struct fixed f;

	(void)state;
	stage_open(&s);
	fill_peers(&s.romeo, LIMIT_STRANGERS, 1);
	compose(&s.juliet, ROMEO, "m1", "one", handle);
	encrypt_until_done(&s.juliet, &s.romeo, handle, &f);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "a", handle), ERR_CROWDED);
	assert_int_equal(due_of(&s.romeo), 0); /* its prekey is as it was */
	t = txn_begin(s.romeo.w->k->records);
	assert_int_equal(
	    txn_delete(t, RECORD_PEER, ROMEO, "n0@crowd.lit", 12), 0);
	txn_commit(t);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "a", handle), VERDICT_NEW);
	free(f.p);
	stage_close(&s);
}

/* One stranger with more devices than are kept stops nobody else. */
static void
test_many_devices(void **state)
{
	struct stage s;
	struct txn *t;
	struct peer p;
	uint8_t handle[HANDLE_SIZE];
	struct fixed f;

	(void)state;
	stage_open(&s);
	t = txn_begin(s.romeo.w->k->records);
	assert_int_equal(peer_open(t, ROMEO, JULIET, &p), ERR_NOT_FOUND);
	for (p.n = 0; p.n < LIMIT_DEVICES; p.n++) {
		p.v[p.n].id = (uint32_t)p.n + 1;
		p.v[p.n].has_key = p.v[p.n].sessions = 1;
		p.v[p.n].u[0] = (uint8_t)p.n;
		p.v[p.n].heard = 1; /* and never shown */
	}
	assert_int_equal(peer_put(t, ROMEO, &p), 0);
	txn_commit(t);
	compose(&s.juliet, ROMEO, "m1", "one", handle);
	encrypt_until_done(&s.juliet, &s.romeo, handle, &f);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "a", handle), ERR_CROWDED);
	free(f.p);
	stage_close(&s);
}

/* What strangers made us keep leaves room for those whom the user knows. */
static void
test_kept_full(void **state)
{
	struct stage s;
	struct account *a;
	uint8_t handle[HANDLE_SIZE];
	struct fixed f;
	int i;

	(void)state;
	stage_open(&s);
	send_text(&s.juliet, &s.romeo, "m0", "first", handle);
	for (i = 0; i < 3; i++) { /* two are lost */
		char id[8];

		snprintf(id, sizeof id, "m%d", i + 1);
		compose(&s.juliet, ROMEO, id, "text", handle);
		encrypt_until_done(&s.juliet, &s.romeo, handle, &f);
		if (i < 2)
			free(f.p);
	}
	a = account_find(s.romeo.w->k, ROMEO);
	a->kept = LIMIT_SKIP_ACCOUNT / STRANGERS_SHARE;
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "a", handle), ERR_CROWDED);
	compose(&s.romeo, JULIET, "r1", "no stranger any more", handle);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "a", handle), VERDICT_NEW);
	free(f.p);
	stage_close(&s);
}

static void
test_peers_full(void **state)
{
	struct stage s;
	uint8_t handle[HANDLE_SIZE];

	(void)state;
	stage_open(&s);
	fill_peers(&s.juliet, LIMIT_PEERS, 0);
	assert_int_equal(
	    try_compose(&s.juliet, ROMEO, "m1", "one", handle), ERR_FULL);
	compose(&s.juliet, "n7@crowd.lit", "m1", "one", handle);
	stage_close(&s);
}

static void
test_waiting_full(void **state)
{
	struct stage s;
	struct account *a;
	uint8_t handle[HANDLE_SIZE];
	struct fixed f;

	(void)state;
	stage_open(&s);
	compose(&s.juliet, ROMEO, "m1", "one", handle);
	encrypt_until_done(&s.juliet, &s.romeo, handle, &f);
	/* as if they were there: a stranger's part, then all of it */
	a = account_find(s.romeo.w->k, ROMEO);
	a->messages.octets = LIMIT_WAITING_BYTES / STRANGERS_SHARE;
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "a", handle), ERR_CROWDED);
	compose(&s.romeo, JULIET, "m2", "no stranger any more", handle);
	a = account_find(s.romeo.w->k, ROMEO);
	a->messages.octets = LIMIT_WAITING_BYTES;
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "a", handle), ERR_FULL);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "a", handle), VERDICT_NEW);
	free(f.p);
	stage_close(&s);
}

static void
test_compose_limits(void **state)
{
	struct stage s;
	static char text[LIMIT_TEXT + 2];
	uint8_t handle[HANDLE_SIZE];
	struct fixed f;
	char id[LIMIT_STANZA_ID + 2];
	int i;

	(void)state;
	stage_open(&s);
	memset(text, 'x', LIMIT_TEXT);
	compose(&s.juliet, ROMEO, "long", text, handle);
	encrypt_until_done(&s.juliet, &s.romeo, handle, &f);
	assert_int_equal(
	    deliver(&s.juliet, &s.romeo, f.p, f.len, "", handle), VERDICT_NEW);
	free(f.p);
	expect_message(&s.romeo, handle, text, JULIET, 1);
	text[LIMIT_TEXT] = 'x';
	assert_int_equal(
	    try_compose(&s.juliet, ROMEO, "m", text, handle), ERR_TOO_LONG);
	assert_int_equal(
	    try_compose(&s.juliet, ROMEO, "m", "\xff", handle), ERR_ARGUMENT);
	assert_int_equal(
	    try_compose(&s.juliet, ROMEO, "m", "", handle), ERR_ARGUMENT);
	assert_int_equal(
	    try_compose(&s.juliet, ROMEO, "", "x", handle), ERR_ARGUMENT);
	memset(id, 'i', LIMIT_STANZA_ID + 1);
	id[LIMIT_STANZA_ID + 1] = '\0';
	assert_true(try_compose(&s.juliet, ROMEO, id, "x", handle) < 0);
	for (i = 1; i < LIMIT_OUTBOX; i++) {
		snprintf(id, sizeof id, "n%d", i);
		compose(&s.juliet, ROMEO, id, "x", handle);
	}
	assert_int_equal(
	    try_compose(&s.juliet, ROMEO, "last", "x", handle), ERR_FULL);
	assert_int_equal(outbox_rows(&s.juliet), LIMIT_OUTBOX);
	stage_close(&s);
}

static void
test_accounts_full(void **state)
{
	struct stage s;
	char jid[64];
	int i;

	(void)state;
	stage_open(&s);
	for (i = 1; i < LIMIT_ACCOUNTS; i++) {
		snprintf(jid, sizeof jid, "n%d@crowd.lit", i);
		assert_int_equal(user_create(s.juliet.admin, jid, 0), 0);
	}
	assert_int_equal(
	    user_create(s.juliet.admin, "one@more.lit", 0), ERR_FULL);
	assert_int_equal(user_create(s.juliet.admin, JULIET, 0), ERR_EXISTS);
	stage_close(&s);
}

static void
test_names_full(void **state)
{
	struct stage s;
	struct user *u;
	struct buffer b;
	uint8_t handle[HANDLE_SIZE];
	char name[32];
	int i, err = 0;

	(void)state;
	stage_open(&s);
	send_text(&s.juliet, &s.romeo, "m1", "one", handle);
	for (i = 0; i <= LIMIT_CLIENT_NAMES; i++) {
		snprintf(name, sizeof name, "name%d", i);
		u = user_attached(s.romeo.w, 0, name, ROMEO);
		err = user_call(u, M_SHOWN, body(&b, "sh", ROMEO, handle));
		user_free(u);
		if (err != 0)
			break;
	}
	assert_int_equal(err, ERR_FULL);
	assert_int_equal(i, LIMIT_CLIENT_NAMES);
	stage_close(&s);
}

/* A name as long as may be, and one octet more. */
static void
test_long_name(void **state)
{
	struct stage s;
	struct user *u;
	char name[LIMIT_CLIENT_NAME + 2];

	(void)state;
	stage_open(&s);
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	u = user_new(s.juliet.w);
	assert_int_equal(user_hello(u), 0);
	assert_true(user_restrict(u, RIGHT_INFO, name, NULL) < 0);
	user_free(u);
	u = user_new(s.juliet.w);
	assert_int_equal(user_hello(u), 0);
	name[LIMIT_CLIENT_NAME] = '\0';
	assert_int_equal(user_restrict(u, RIGHT_INFO, name, NULL), 0);
	user_free(u);
	stage_close(&s);
}

static int
setup(void **state)
{
	(void)state;
	world_setup();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_own_list),
		cmocka_unit_test(test_list_race),
		cmocka_unit_test(test_list_echo),
		cmocka_unit_test(test_work_moves),
		cmocka_unit_test(test_bundles),
		cmocka_unit_test(test_changed_key),
		cmocka_unit_test(test_returned),
		cmocka_unit_test(test_verified),
		cmocka_unit_test(test_elements),
		cmocka_unit_test(test_raw_elements),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_many_devices),
		cmocka_unit_test(test_kept_full),
		cmocka_unit_test(test_peers_full),
		cmocka_unit_test(test_waiting_full),
		cmocka_unit_test(test_compose_limits),
		cmocka_unit_test(test_accounts_full),
		cmocka_unit_test(test_names_full),
		cmocka_unit_test(test_long_name),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
