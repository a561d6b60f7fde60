/* SPDX-License-Identifier: ISC */
/* The messages sent last. Runs in xmpp-net; holds ids and addresses. */
#include "recent.h"

#include <stdlib.h>
#include <string.h>

#include "stanza.h"

static void
row_free(struct recent_row *row)
{
	free(row->id);
	free(row->to);
	memset(row, 0, sizeof(*row));
}

void
recent_add(struct recent *r, const char *id, const char *to,
    const uint8_t handle[HANDLE_SIZE])
{
	struct recent_row *row = &r->rows[r->next++ % NET_RECENT];
	char bare[LIMIT_JID + 1];

	row_free(row);
	if (!jid_bare(to, bare, sizeof(bare)))
		return;
	row->id = strdup(id);
	row->to = strdup(bare);
	memcpy(row->handle, handle, HANDLE_SIZE);
	if (row->id == NULL || row->to == NULL)
		row_free(row);
}

const struct recent_row *
recent_find(const struct recent *r, const char *id, const char *from)
{
	char bare[LIMIT_JID + 1];
	size_t i;

	if (id == NULL || !jid_bare(from, bare, sizeof(bare)))
		return NULL;
	for (i = 0; i < NET_RECENT; i++)
		if (r->rows[i].id != NULL && strcmp(r->rows[i].id, id) == 0 &&
		    strcmp(r->rows[i].to, bare) == 0)
			return &r->rows[i];
	return NULL;
}
