/* SPDX-License-Identifier: ISC */
/* A set of addresses. Runs in xmpp-net; holds what a room says. */
#include "members.h"

#include <stdlib.h>
#include <string.h>

#include "../../ipc/err.h"

static size_t
find(const struct members *m, const char *jid)
{
	size_t i = 0;

	while (i < m->n && strcmp(m->v[i], jid) != 0)
		i++;
	return i;
}

int
members_has(const struct members *m, const char *jid)
{
	return find(m, jid) < m->n;
}

int
members_add(struct members *m, const char *jid)
{
	if (members_has(m, jid))
		return 0;
	if (m->n == LIMIT_ROOM_MEMBERS)
		return ERR_FULL;
	if ((m->v[m->n] = strdup(jid)) == NULL)
		abort(); /* out of memory: this process is expendable */
	m->n++;
	return 0;
}

int
members_remove(struct members *m, const char *jid)
{
	size_t i = find(m, jid);

	if (i == m->n)
		return 0;
	free(m->v[i]);
	m->v[i] = m->v[--m->n];
	return 1;
}

void
members_clear(struct members *m)
{
	while (m->n > 0)
		free(m->v[--m->n]);
}

void
members_move(struct members *to, struct members *from)
{
	members_clear(to);
	*to = *from;
	from->n = 0;
}
