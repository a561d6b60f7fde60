/* SPDX-License-Identifier: ISC */
/*
 * What each named client was offered and has shown. Runs in the keeper; holds
 * handles, no text.
 */
#include <stdlib.h>
#include <string.h>

#include "message.h"

/* With room for n rows and one more. */
static struct offers *
make(size_t n)
{
	struct offers *o = calloc(1, sizeof *o + (n + 1) * sizeof o->v[0]);

	if (o != NULL)
		o->room = n + 1;
	return o;
}

static int
unpack(const struct secret *s, struct offers **out)
{
	uint64_t mark;
	struct offers *o;
	struct reader r;
	size_t i, n;
	int err;

	reader_init(&r, s->data, s->len);
	(void)reader_u64(&r); /* seen */
	mark = reader_u64(&r);
	n = reader_count(&r, LIMIT_WAITING);
	if ((o = make(n)) == NULL)
		return ERR_MEMORY;
	o->mark = mark;
	o->n = n;
	for (i = 0; i < n && r.err == 0; i++) {
		reader_fixed(&r, o->v[i].handle, HANDLE_SIZE);
		o->v[i].state = reader_u8(&r);
	}
	err = reader_end(&r) != 0 ? ERR_CORRUPT : 0;
	if (err != 0)
		free(o);
	else
		*out = o;
	return err;
}

static int
count(void *arg, const char *account, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len)
{
	(void)account;
	(void)name;
	(void)namelen;
	(void)p;
	(void)len;
	return ++*(size_t *)arg > LIMIT_CLIENT_NAMES;
}

static int
new_name(struct keeper *k, const struct account *a)
{
	size_t names = 1;

	return records_each(k->records, RECORD_CLIENT, a->jid, count, &names) !=
		0
	    ? ERR_FULL
	    : 0;
}

int
offers_open(struct keeper *k, struct txn *t, const struct account *a,
    const char *client, struct offers **out)
{
	struct offers *o = NULL;
	struct secret s = { 0 };
	int err;

	*out = NULL;
	err = txn_get(t, RECORD_CLIENT, a->jid, client, strlen(client), &s);
	if (err == 0)
		err = unpack(&s, &o);
	else if (err == ERR_NOT_FOUND && (err = new_name(k, a)) == 0 &&
	    (o = make(0)) == NULL)
		err = ERR_MEMORY;
	secret_free(&s);
	if (err != 0)
		return err;
	o->seen = clock_real();
	*out = o;
	return 0;
}

int
offers_put(struct txn *t, const struct account *a, const char *client,
    const struct offers *o)
{
	struct buffer b;
	size_t i;
	int err;

	buffer_init(&b, RECORD_MAX);
	buffer_put_u64(&b, o->seen);
	buffer_put_u64(&b, o->mark);
	buffer_put_u32(&b, (uint32_t)o->n);
	for (i = 0; i < o->n; i++) {
		buffer_put(&b, o->v[i].handle, HANDLE_SIZE);
		buffer_put_u8(&b, o->v[i].state);
	}
	err = b.err != 0 ? b.err
			 : txn_put(t, RECORD_CLIENT, a->jid, client,
			       strlen(client), b.data, b.len);
	buffer_free(&b);
	return err;
}

static size_t
find(const struct offers *o, const uint8_t *handle)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		if (memcmp(o->v[i].handle, handle, HANDLE_SIZE) == 0)
			break;
	return i;
}

int
offers_state(const struct offers *o, const struct indexed *e)
{
	size_t i;

	if (e->seq <= o->mark)
		return SHOWN;
	i = find(o, e->handle);
	return i < o->n ? o->v[i].state : 0;
}

static void
remove_at(struct offers *o, size_t i)
{
	o->n--;
	memmove(&o->v[i], &o->v[i + 1], (o->n - i) * sizeof o->v[0]);
}

/* Rows of messages that are gone. */
static void
drop_gone(struct offers *o, const struct index *x)
{
	for (size_t i = 0; i < o->n;) {
		if (index_find(x, o->v[i].handle) == NULL)
			remove_at(o, i);
		else
			i++;
	}
}

/* The mark goes as far up as all is shown. */
static void
advance(struct offers *o, const struct index *x)
{
	size_t i, at;

	for (i = index_above(x, o->mark); i < x->n; i++) {
		at = find(o, x->v[i].handle);
		if (at == o->n || o->v[at].state != SHOWN)
			break;
		o->mark = x->v[i].seq;
		remove_at(o, at);
	}
}

void
offers_set(struct offers *o, const struct account *a, const struct indexed *e,
    enum offer state)
{
	size_t i;

	if (e->seq <= o->mark)
		return;
	i = find(o, e->handle);
	if (i == o->n) {
		/* more rows than messages: of some the message is gone */
		if (o->n >= a->messages.n)
			drop_gone(o, &a->messages);
		if (o->n == LIMIT_WAITING || o->n == o->room)
			return;
		i = o->n++;
		memcpy(o->v[i].handle, e->handle, HANDLE_SIZE);
	}
	o->v[i].state = (uint8_t)state;
	advance(o, &a->messages);
}
