/* SPDX-License-Identifier: ISC */
/*
 * A valid conversation, retold wrongly to a live keeper that has sessions,
 * waiting messages and an outbox: every request of two accounts that write to
 * each other is recorded once; an input is which of them are made again, in
 * what order, by whom and what is wrong with each. First octet: bit 0, a net or
 * a front; bit 1, not attached. Then steps of four octets: how, which, where,
 * what.
 * The connection may be ended, the keeper not; a net is never told a text; the
 * decision about Romeo's key stays.
 */
#include "../unit/check.h"
/* cmocka first */
#include "../unit/keeper_world.h"
#include "leaks.h"

#define RECORDED 256
#define STEPS	 12
#define RUNS	 256 /* then all begins anew */
#define SECRET	 "no net is told these words"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct recorded {
	uint8_t type, *p;
	size_t len;
};

static struct {
	struct recorded v[RECORDED];
	size_t n;
} told;

static int
tell(struct user *u, uint8_t type, struct buffer *b)
{
	struct recorded *r = &told.v[told.n];

	if (told.n < RECORDED && b != NULL && b->len > 0) {
		r->type = type;
		r->len = b->len;
		r->p = malloc(b->len);
		must(r->p != NULL);
		memcpy(r->p, b->data, b->len);
		told.n++;
	}
	return user_call(u, type, b);
}

#define user_call tell
#include "../unit/keeper_flow.h"
#undef user_call

static struct stage *
stage_new(void)
{
	struct stage *s = calloc(1, sizeof *s);
	uint8_t h[HANDLE_SIZE];

	must(s != NULL);
	while (told.n > 0)
		free(told.v[--told.n].p);
	stage_open(s);
	send_text(&s->juliet, &s->romeo, "j1", SECRET, h);
	send_text(&s->romeo, &s->juliet, "r1", SECRET, h);
	expect_message(&s->juliet, h, SECRET, ROMEO, 1);
	send_text(&s->juliet, &s->romeo, "j2", SECRET, h);
	send_text(&s->romeo, &s->juliet, "r2", SECRET, h);
	(void)waiting(&s->juliet);
	(void)outbox_rows(&s->juliet);
	compose(&s->juliet, ROMEO, "j3", SECRET, h);
	return s;
}

/* What ends the keeper's use, or takes scrypt's time, is another target's. */
static int
is_told(uint8_t type)
{
	static const uint8_t not [] = { M_LOCK, M_UNLOCK, M_QUIT, M_ELEVATE,
		M_CREATE, M_VAULT_CREATE, M_REVOKE, M_HELLO };

	for (size_t i = 0; i < sizeof not ; i++)
		if (not [i] == type)
			return 0;
	return 1;
}

/* One request with one thing wrong with it. */
static void
put_wrong(struct buffer *b, const struct recorded *r, const uint8_t *step)
{
	const struct recorded *other = &told.v[step[3] % told.n];
	size_t at = (step[2] * 257U + step[3]) % r->len;

	switch (step[0] % 7) {
	case 1: /* another octet */
		buffer_put(b, r->p, r->len);
		b->data[step[2] % r->len] ^= step[3];
		return;
	case 2: /* anywhere in it */
		buffer_put(b, r->p, r->len);
		b->data[at] ^= (uint8_t)(1 << step[3] % 8);
		return;
	case 3: /* cut */
		buffer_put(b, r->p, at);
		return;
	case 4: /* too long */
		buffer_put(b, r->p, r->len);
		for (unsigned i = 0; i <= step[3]; i++)
			buffer_put_u8(b, step[2]);
		return;
	case 5: /* one's head and another's end */
		buffer_put(b, r->p, at);
		if (other->len > at)
			buffer_put(b, other->p + at, other->len - at);
		return;
	case 6: /* a count or a length that is not so */
		buffer_put(b, r->p, r->len);
		for (size_t i = step[2] % r->len; i < r->len && i % 4 != 3; i++)
			b->data[i] = step[3];
		return;
	default:
		buffer_put(b, r->p, r->len);
	}
}

static void
must_not_tell(const struct user *u)
{
	if (memmem(u->reply.data, u->reply.len, SECRET, strlen(SECRET)) != NULL)
		abort();
}

static void
step_make(struct user *u, const uint8_t *step, int net)
{
	const struct recorded *r = &told.v[step[1] % told.n];
	struct buffer b;

	/* the same layout as another request's, too */
	uint8_t type = step[0] & 0x80 ? told.v[step[2] % told.n].type : r->type;

	if (!is_told(type))
		return;
	buffer_init(&b, FRAME_MAX);
	put_wrong(&b, r, step);
	if (b.err != 0) {
		buffer_free(&b);
		return;
	}
	if (user_call(u, type, &b) == 0 && net)
		must_not_tell(u);
}

/* Romeo's key is as it was decided: blindly, by the first message. */
static void
must_be_decided(struct side *s, const uint8_t u[32])
{
	struct user *who = user_new(s->w);
	const uint8_t *at;
	struct buffer b;

	must(user_hello(who) == 0);
	must(user_call(who, M_LIST, NULL) == 0);
	must(reader_u32(&who->r) == 1);
	must(user_call(who, M_PEERS, body(&b, "ss", JULIET, "")) == 0);
	at = memmem(who->reply.data, who->reply.len, u, 32);
	must(at != NULL && at[32] == TRUST_BLIND);
	user_free(who);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stage *stage;
	static unsigned runs;
	struct user *u;
	int net;

	if (size < 1)
		return 0;
	if (stage != NULL && ++runs % RUNS == 0) {
		stage_close(stage);
		free(stage);
		stage = NULL;
	}
	if (stage == NULL) {
		if (runs == 0) {
			leaks_off();
			world_setup();
			leaks_on();
			runs = 1;
		}
		stage = stage_new();
	}
	net = (data[0] & 3) == 1;
	if (data[0] & 2) {
		u = user_new(stage->juliet.w);
		must(user_hello(u) == 0);
	} else
		u = user_attached(stage->juliet.w, net, "teller", JULIET);
	data++, size--;
	for (int i = 0; i < STEPS && size >= 4 && u->c != NULL; i++) {
		step_make(u, data, net);
		data += 4;
		size -= 4;
	}
	user_free(u);
	must_be_decided(&stage->juliet, stage->romeo.u);
	return 0;
}
