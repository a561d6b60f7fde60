/* SPDX-License-Identifier: ISC */
/*
 * Three accounts in a room, each with a keeper, a front and a net that the test
 * plays: what they hand in, show, encrypt and deliver there.
 */
#ifndef TESTS_KEEPER_ROOMS_H
#define TESTS_KEEPER_ROOMS_H

#include <stdio.h>

#include "check.h"
#include "keeper_flow.h"
/* after it */
#include "../../agent/rooms.h"

#define ROOM	 "lounge@rooms.capulet.lit"
#define MERCUTIO "mercutio@verona.lit"
#define TYBALT	 "tybalt@verona.lit"

struct party { /* Juliet, who plays; Romeo and Mercutio, in the room too */
	struct stage s;
	struct side mercutio;
	struct side *j;
};

struct row { /* of READERS */
	char peer[256];
	uint32_t device;
	uint8_t u[32], trust, why;
};

static inline void
party_open(struct party *p, int both)
{
	stage_open(&p->s);
	side_open(&p->mercutio, p->s.loop, MERCUTIO);
	p->j = &p->s.juliet;
	p->s.juliet.both = p->s.romeo.both = p->mercutio.both = both;
}

static inline void
party_close(struct party *p)
{
	struct world *w = p->mercutio.w;

	side_close(&p->mercutio);
	free(w);
	stage_close(&p->s);
}

/* Joined by blanks. */
static inline int
hand_members(struct side *s, int status, const char *names)
{
	char copy[512], *at = copy, *name;
	struct buffer b, list;
	uint32_t n = 0;
	int err;

	buffer_init(&list, FRAME_MAX);
	snprintf(copy, sizeof copy, "%s", names);
	while ((name = strsep(&at, " ")) != NULL)
		if (*name != '\0') {
			buffer_put_cstring(&list, name);
			n++;
		}
	body(&b, "ss14", s->jid, ROOM, status, n);
	buffer_put(&b, list.data, list.len);
	buffer_free(&list);
	err = user_call(s->net, M_MEMBERS, &b);
	return err;
}

static inline int
try_say(struct side *s, const char *id, int format, const char *text,
    uint8_t handle[HANDLE_SIZE])
{
	struct buffer b;
	int err = user_call(s->front, M_COMPOSE,
	    body(&b, "ss1s41s", s->jid, ROOM, KIND_ROOM, id, 1U, format, text));

	reader_fixed(&s->front->r, handle, HANDLE_SIZE);
	return err;
}

static inline void
say(struct side *s, const char *id, uint8_t handle[HANDLE_SIZE])
{
	assert_int_equal(try_say(s, id, FORMAT_BODY, "to all", handle), 0);
}

static inline struct side *
side_of(struct party *p, const char *jid)
{
	if (strcmp(jid, ROMEO) == 0)
		return &p->s.romeo;
	if (strcmp(jid, MERCUTIO) == 0)
		return &p->mercutio;
	return strcmp(jid, JULIET) == 0 ? &p->s.juliet : NULL;
}

/* What NEED asks for, of each; tybalt has no list. */
static inline void
answer_all(struct party *p, struct side *s)
{
	struct reader r = s->net->r, rows;
	struct buffer copy;
	struct side *of;
	char jid[256];
	uint32_t n, device;
	uint8_t ns;

	buffer_init(&copy, FRAME_MAX);
	buffer_put(&copy, r.p, r.left);
	reader_init(&rows, copy.data, copy.len);
	for (n = reader_u32(&rows); n > 0; n--) {
		reader_cstring(&rows, jid, sizeof jid);
		ns = reader_u8(&rows);
		device = reader_u32(&rows);
		of = side_of(p, jid);
		if (device != 0)
			assert_int_equal(hand_bundle_in(s, ns, of), 0);
		else
			assert_int_equal(
			    hand_list_in(s, ns, jid, LIST_READ,
				of != NULL ? &of->device : NULL,
				of != NULL && (ns == NS_LEGACY || of->both)),
			    0);
	}
	buffer_free(&copy);
}

static inline uint32_t
readers(struct side *s, const uint8_t *handle, struct row *rows, uint32_t most)
{
	struct reader *r = &s->front->r;
	struct buffer b;
	uint32_t n, i;

	assert_int_equal(
	    user_call(s->front, M_READERS, body(&b, "sh", s->jid, handle)), 0);
	n = reader_count(r, most);
	for (i = 0; i < n; i++) {
		reader_cstring(r, rows[i].peer, sizeof rows[i].peer);
		rows[i].device = reader_u32(r);
		reader_fixed(r, rows[i].u, 32);
		rows[i].trust = reader_u8(r);
		rows[i].why = reader_u8(r);
	}
	assert_int_equal(reader_end(r), 0);
	return n;
}

static inline int
acknowledge_in(struct side *s, const char *peer, const uint8_t u[32], int role)
{
	struct buffer b;

	return user_call(s->front, M_ACKNOWLEDGE,
	    body(&b, "ssk1s", s->jid, peer, u, role, ROOM));
}

/* ENCRYPT until it is not NEED. */
static inline int
encrypt_on(struct party *p, struct side *s, const uint8_t *handle)
{
	int i, status = ENCRYPT_NEED;

	for (i = 0; i < 8 && status == ENCRYPT_NEED; i++)
		if ((status = try_encrypt(s, handle)) == ENCRYPT_NEED)
			answer_all(p, s);
	return status;
}

/* All READERS shown as in the room. How many. */
static inline uint32_t
show_all(struct side *s, const uint8_t *handle)
{
	struct row rows[16];
	uint32_t n = readers(s, handle, rows, 16);

	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(
		    acknowledge_in(s, rows[i].peer, rows[i].u, ROLE_READER), 0);
	return n;
}

static inline void
encrypt_shown(
    struct party *p, struct side *s, const uint8_t *handle, struct fixed *out)
{
	int status = encrypt_on(p, s, handle);

	if (status == ENCRYPT_WAIT) {
		assert_true(show_all(s, handle) > 0);
		user_event(s->net, M_EVENT_READY, NULL);
		status = encrypt_on(p, s, handle);
	}
	assert_int_equal(status, ENCRYPT_DONE);
	take_elements(s, out);
}

/* How many keys of an ENCRYPT's elements are for this one. */
static inline unsigned
keys_for(const struct fixed *f, const struct side *to)
{
	struct element e;
	struct reader r;
	unsigned n = 0;
	uint32_t i;

	reader_init(&r, f->p, f->len);
	for (i = reader_count(&r, OMEMO_PROFILES); i > 0; i--) {
		take_element(&r, to, &e);
		n += e.mine;
		buffer_free(&e.keys);
	}
	assert_int_equal(reader_end(&r), 0);
	return n;
}

/* DECRYPT in the room, of what from has sent. The verdict, or the error. */
static inline int
deliver_in(struct side *from, struct side *to, const struct fixed *f,
    const char *id, const char *archive, uint8_t handle[HANDLE_SIZE])
{
	struct element all[OMEMO_PROFILES], *e = &all[0];
	struct reader r;
	struct buffer b;
	uint32_t i, n;
	int err;

	reader_init(&r, f->p, f->len);
	n = reader_count(&r, OMEMO_PROFILES);
	for (i = 0; i < n; i++) {
		take_element(&r, to, &all[i]);
		if (all[i].mine > 0)
			e = &all[i];
	}
	body(&b, "s1s41s1s8", to->jid, e->ns, from->jid, e->sid, PATH_ROOM,
	    ROOM, KIND_ROOM, id, (uint64_t)0);
	buffer_put_u32(&b, e->mine);
	buffer_put(&b, e->keys.data, e->keys.len);
	buffer_put_string(&b, e->iv, e->ivlen);
	buffer_put_u8(&b, e->payloadlen > 0);
	buffer_put_string(&b, e->payload, e->payloadlen);
	buffer_put_cstring(&b, archive);
	for (i = 0; i < n; i++)
		buffer_free(&all[i].keys);
	if ((err = user_call(to->net, M_DECRYPT, &b)) != 0)
		return err;
	err = reader_u8(&to->net->r);
	reader_fixed(&to->net->r, handle, HANDLE_SIZE);
	return err;
}

static inline uint8_t
writer_why(struct side *s, const uint8_t *handle, uint8_t *shown)
{
	struct reader *r = &s->front->r;
	uint8_t u[32], why;
	struct buffer b;
	char jid[256];

	assert_int_equal(
	    user_call(s->front, M_WRITER, body(&b, "sh", s->jid, handle)), 0);
	reader_cstring(r, jid, sizeof jid);
	(void)reader_u32(r);
	reader_fixed(r, u, sizeof u);
	(void)reader_u8(r);
	why = reader_u8(r);
	*shown = reader_u8(r);
	assert_int_equal(r->err, 0);
	return why;
}

#endif
