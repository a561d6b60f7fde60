/* SPDX-License-Identifier: ISC */
/*
 * Frames of a client with every right into a live, unlocked keeper that has
 * an account: u8 type, u8 length, body, again and again. A body that begins
 * with '*' is made to fit: the layout's fields are taken from what follows.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/keeper_world.h"
#include "leaks.h"
#define SHAPE_DISPATCH
#include "shapes.h"

#define JULIET	 "juliet@capulet.lit"
#define REQUESTS 24 /* in one input */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world *world;

static void
start(void)
{
	struct loop *loop;
	struct user *u;
	struct buffer b;

	leaks_off();
	world_setup();
	leaks_on();
	loop = loop_new();
	must(loop != NULL);
	world = world_new(loop);
	u = user_creator(world);
	must(user_create(u, JULIET, OTHERS_TRUST) == 0);
	must(user_call(u, M_ATTACH_FRONT, body(&b, "s", JULIET)) == 0);
	must(user_call(u, M_COMPOSE,
		 body(&b, "ss1s41s", JULIET, "romeo@montague.lit", KIND_CHAT,
		     "id", 1U, FORMAT_BODY, "text")) == 0);
	user_free(u);
}

/* One field of a layout from the input; the first string is the account. */
static const char *
put_field(struct buffer *b, const char *type, struct reader *in, int *first)
{
	size_t n = 0;

	if (strncmp(type, "u8", 2) == 0) {
		buffer_put_u8(b, reader_u8(in) % 8);
	} else if (strncmp(type, "u32", 3) == 0) {
		buffer_put_u32(b, reader_u8(in));
	} else if (strncmp(type, "u64", 3) == 0) {
		buffer_put_u64(b, reader_u8(in));
	} else if (*type == 's' && *first) {
		buffer_put_cstring(b, JULIET);
		*first = 0;
	} else if (*type == 's') {
		n = reader_u8(in) % 80;
		n = n < in->left ? n : in->left;
		buffer_put_string(b, reader_bytes(in, n), n);
	} else if (*type == 'f') {
		for (n = strtoul(type + 1, NULL, 10); n > 0; n--)
			buffer_put_u8(b, reader_u8(in));
	}
	return type;
}

/* A body with the row's layout; of a list, one row. */
static void
fit(const char *layout, struct reader *in, struct buffer *b)
{
	const char *p;
	int first = 1;

	for (p = layout; *p != '\0'; p++) {
		if (*p != ':')
			continue;
		if (p[1] == '[')
			buffer_put_u32(b, 1);
		else
			p = put_field(b, p + 1, in, &first);
	}
}

static int
request(struct user *u, struct reader *in)
{
	const struct message *m;
	const uint8_t *p;
	struct reader fields;
	struct buffer b;
	uint8_t type = reader_u8(in);
	size_t len = reader_u8(in);

	len = len < in->left ? len : in->left;
	p = reader_bytes(in, len);
	if (in->err != 0 || type == M_LOCK || type == M_UNLOCK ||
	    type == M_QUIT || type == M_ELEVATE || type == M_CREATE)
		return 0; /* scrypt, or the end, or many accounts */
	buffer_init(&b, FRAME_MAX);
	m = message_find(LINK_CLIENT, type);
	if (len > 0 && p[0] == '*' && m != NULL) {
		reader_init(&fields, p + 1, len - 1);
		fit(m->request, &fields, &b);
	} else
		buffer_put(&b, p, len);
	return user_call(u, type, &b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader in;
	struct user *u;
	struct buffer b;
	int i, net;

	if (world == NULL)
		start();
	reader_init(&in, data, size);
	net = reader_u8(&in) & 1;
	u = user_new(world);
	must(user_hello(u) == 0);
	must(user_call(u, net ? M_ATTACH_NET : M_ATTACH_FRONT,
		 body(&b, "s", JULIET)) == 0);
	for (i = 0; i < REQUESTS && in.left > 0 && u->c != NULL; i++)
		(void)request(u, &in);
	user_free(u);
	/* whatever it was, the next client is served */
	u = user_new(world);
	must(user_hello(u) == 0);
	must(user_call(u, M_LIST, NULL) == 0);
	must(reader_u32(&u->r) == 1);
	user_free(u);
	return 0;
}
