/* SPDX-License-Identifier: ISC */
/*
 * Bodies for every request of the table, well-formed and made of what hurts:
 * true accounts and handles, other people's names, each small number. And a
 * look at all that a connection was told.
 */
#ifndef TESTS_HOSTILE_BODY_H
#define TESTS_HOSTILE_BODY_H

#include "keeper_flow.h"

struct hostile {
	const char *account, *peer;
	const uint8_t *handle; /* HANDLE_SIZE octets */
	const uint8_t *key;    /* 32 octets */
	uint32_t device;
	unsigned turn; /* numbers and lengths of lists follow it */
};

static void
hostile_fields(const struct hostile *h, const char **layout, struct buffer *b);

static void
hostile_string(const struct hostile *h, const char *name, struct buffer *b)
{
	if (strcmp(name, "account") == 0)
		buffer_put_cstring(b, h->account);
	else if (strcmp(name, "peer") == 0 || strcmp(name, "sender") == 0 ||
	    strcmp(name, "conversation") == 0 || strcmp(name, "jid") == 0)
		buffer_put_cstring(b, h->peer);
	else if (strcmp(name, "secret") == 0)
		buffer_put_cstring(b, "a wrong guess");
	else if (strcmp(name, "iv") == 0)
		buffer_put_cstring(b, "twelve octet");
	else
		buffer_put_cstring(b, h->turn % 2 ? "x" : "");
}

/* One field "name:type", or a list. */
static void
hostile_field(const struct hostile *h, const char *name, const char **at,
    struct buffer *b)
{
	const char *p = *at, *inner;
	uint32_t n = h->turn % 3;

	if (*p == '[') {
		p += 2;
		buffer_put_u32(b, n);
		for (uint32_t i = 0; i < n; i++) {
			inner = p;
			hostile_fields(h, &inner, b);
		}
		for (int depth = 1; depth > 0; p++)
			depth += (*p == '[') - (*p == ']');
	} else if (*p == 's') {
		hostile_string(h, name, b);
		p++;
	} else if (strncmp(p, "u8", 2) == 0) {
		buffer_put_u8(b, (uint8_t)(h->turn % 6));
		p += 2;
	} else if (strncmp(p, "u32", 3) == 0) {
		buffer_put_u32(
		    b, strcmp(name, "device") == 0 ? h->device : h->turn);
		p += 3;
	} else if (strncmp(p, "u64", 3) == 0) {
		buffer_put_u64(b, h->turn);
		p += 3;
	} else if (strncmp(p, "f16", 3) == 0) {
		buffer_put(b, h->handle, HANDLE_SIZE);
		p += 3;
	} else {
		must(strncmp(p, "f32", 3) == 0);
		buffer_put(b, h->key, 32);
		p += 3;
	}
	*at = p;
}

/* Up to the layout's, or the list's, end. */
static void
hostile_fields(const struct hostile *h, const char **layout, struct buffer *b)
{
	char name[32];
	const char *p = *layout, *colon;

	while (*p != '\0' && *p != ']') {
		colon = strchr(p, ':');
		must(colon != NULL && (size_t)(colon - p) < sizeof name);
		memcpy(name, p, (size_t)(colon - p));
		name[colon - p] = '\0';
		p = colon + 1;
		hostile_field(h, name, &p, b);
		while (*p == ' ')
			p++;
	}
	*layout = p;
}

static inline struct buffer *
hostile_body(const struct hostile *h, const struct message *m, struct buffer *b)
{
	const char *layout = m->request;

	buffer_init(b, FRAME_MAX);
	hostile_fields(h, &layout, b);
	must(message_check(m->request, b->data, b->len) == 0);
	return b;
}

static inline int
octets_have(const uint8_t *p, size_t len, const void *needle, size_t needlelen)
{
	return len > 0 && memmem(p, len, needle, needlelen) != NULL;
}

/* Is it in the last answer, or in an event that nobody has taken off? */
static inline int
user_heard(const struct user *u, const void *needle, size_t len)
{
	if (octets_have(u->reply.data, u->reply.len, needle, len))
		return 1;
	for (size_t i = 0; i < u->nevents; i++)
		if (octets_have(u->events[i].body.data, u->events[i].body.len,
			needle, len))
			return 1;
	return 0;
}

#endif
