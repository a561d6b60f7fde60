/* SPDX-License-Identifier: ISC */
/*
 * Who is behind a nickname, as a room that shows addresses says. Runs in
 * xmpp-net. Where it is not known nothing is guessed: a text of such an
 * occupant is refused.
 */
#include <stdlib.h>
#include <string.h>

#include "room.h"

static struct occupant *
find(const struct occupants *o, const char *nick)
{
	for (size_t i = 0; i < o->n; i++)
		if (strcmp(o->v[i].nick, nick) == 0)
			return &o->v[i];
	return NULL;
}

const char *
occupants_find(const struct occupants *o, const char *nick)
{
	const struct occupant *who = find(o, nick);

	return who != NULL ? who->jid : NULL;
}

void
occupants_remove(struct occupants *o, const char *nick)
{
	struct occupant *who = find(o, nick);

	if (who == NULL)
		return;
	free(who->nick);
	free(who->jid);
	*who = o->v[--o->n];
}

int
occupants_set(struct occupants *o, const char *nick, const char *jid)
{
	int is_new = 1;

	occupants_remove(o, nick);
	for (size_t i = 0; i < o->n; i++)
		if (strcmp(o->v[i].jid, jid) == 0)
			is_new = 0;
	if (o->v == NULL &&
	    (o->v = calloc(NET_OCCUPANTS, sizeof(*o->v))) == NULL)
		abort();
	if (o->n == NET_OCCUPANTS)
		return 0;
	if ((o->v[o->n].nick = strdup(nick)) == NULL ||
	    (o->v[o->n].jid = strdup(jid)) == NULL)
		abort();
	o->n++;
	return is_new;
}

void
occupants_clear(struct occupants *o)
{
	while (o->n > 0)
		occupants_remove(o, o->v[0].nick);
	free(o->v);
	o->v = NULL;
}
