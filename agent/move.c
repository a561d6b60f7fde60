/* SPDX-License-Identifier: ISC */
/*
 * Keeping the parts of an export or import from request to request. Runs in
 * the keeper. One at a time for the whole agent, so that its memory is
 * bounded.
 */
#include "move.h"

#include <stdlib.h>

void
move_forget(struct keeper *k)
{
	struct move *m = k->move;

	if (m == NULL)
		return;
	k->move = NULL;
	secret_free(&m->key);
	buffer_free(&m->head);
	for (uint32_t i = 0; i < m->n; i++) {
		buffer_free(m->parts[i]);
		free(m->parts[i]);
	}
	free(m);
}

void
move_gone(struct client *c)
{
	if (c->keeper->move != NULL && c->keeper->move->client == c)
		move_forget(c->keeper);
}

/* To try a secret needs no right, and must not keep out who may import. */
static int
is_in_the_way(const struct move *m, const struct client *c)
{
	return m->client != c && loop_now() - m->used < MOVE_IDLE_MS &&
	    ((m->client->rights & RIGHT_ADMIN) != 0 ||
		(c->rights & RIGHT_ADMIN) == 0);
}

int
move_begin(struct client *c, int is_import, struct move **out)
{
	struct keeper *k = c->keeper;

	*out = NULL;
	if (k->move != NULL && is_in_the_way(k->move, c))
		return ERR_BUSY;
	move_forget(k);
	if ((k->move = calloc(1, sizeof *k->move)) == NULL)
		return ERR_MEMORY;
	k->move->client = c;
	k->move->used = loop_now();
	k->move->is_import = is_import;
	buffer_init(&k->move->head, EXPORT_HEAD_MAX);
	*out = k->move;
	return 0;
}

struct move *
move_of(const struct client *c, int is_import)
{
	struct move *m = c->keeper->move;

	if (m == NULL || m->client != c || m->is_import != is_import)
		return NULL;
	m->used = loop_now();
	return m;
}

uint8_t *
move_add(struct move *m, size_t len)
{
	struct buffer *b;
	uint8_t *p;

	if (m->n == LIMIT_EXPORT_PARTS || (b = malloc(sizeof *b)) == NULL)
		return NULL;
	buffer_init(b, EXPORT_PART + EXPORT_TAG);
	if ((p = buffer_extend(b, len)) == NULL) {
		free(b);
		return NULL;
	}
	m->parts[m->n++] = b;
	return p;
}
