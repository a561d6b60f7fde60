/* SPDX-License-Identifier: ISC */
/*
 * A composed message as a record: what the front gave, and once it is
 * encrypted the octets that are sent, the same for ever. Runs in the keeper.
 */
#ifndef AGENT_OUTBOX_H
#define AGENT_OUTBOX_H

#include "account.h"

struct outbox {
	uint8_t handle[HANDLE_SIZE];
	struct indexed entry; /* seq, time, len, fixed */
	char client[LIMIT_CLIENT_NAME + 1];
	char conversation[LIMIT_JID + 1];
	char id[LIMIT_STANZA_ID + 1];
	uint8_t kind, format;
	const uint8_t *text; /* entry.len octets, in the record */
	const uint8_t *elements;
	size_t elementslen; /* 0 until fixed */
	struct secret record;
};

/* Into a new one, in the ordinary heap but for the text; outbox_release. */
int outbox_open(
    struct txn *, struct account *, const uint8_t *handle, struct outbox **out);
/* ERR_TOO_LONG: with its elements it is more than a record takes. */
int outbox_put(struct txn *, const struct account *, const struct outbox *);
void outbox_release(struct outbox *);
/* The handle of what this client has composed under this id. */
int outbox_name(struct txn *, struct account *, struct outbox *);
/* Tell the fronts that the server has it. */
void outbox_event_sent(
    struct keeper *, const struct account *, const struct outbox *);
/* Tell the fronts that it will not be sent as things are. */
void outbox_event_failed(struct keeper *, const struct account *,
    const struct outbox *, int code, const char *reason);

#endif
