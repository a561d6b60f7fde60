/* SPDX-License-Identifier: ISC */
/*
 * A received message as a record, as the keeper knows it. Runs in the keeper.
 */
#ifndef AGENT_MESSAGE_H
#define AGENT_MESSAGE_H

#include "account.h"

enum seen {	      /* of a message's entry, bits */
	SEEN = 1,     /* somebody has shown it */
	RECEIPTED = 2 /* and a receipt was given */
};

struct message_record {
	struct indexed entry; /* handle, seq, time received, len */
	char sender[LIMIT_JID + 1];
	char conversation[LIMIT_JID + 1];
	char id[LIMIT_STANZA_ID + 1];
	uint8_t kind, format, trust, bound, copy, ns;
	uint32_t device;
	uint8_t fingerprint[FINGERPRINT_SIZE];
	uint64_t stamp;	     /* as the stanza or archive said; seconds */
	const uint8_t *text; /* entry.len octets, in the record or borrowed */
	struct secret record;
};

int message_record_open(struct txn *, const struct account *,
    const uint8_t *handle, struct message_record **out);
int message_record_put(
    struct txn *, const struct account *, const struct message_record *);
void message_record_release(struct message_record *);

/*
 * What a named client was offered and has shown (RECORD_CLIENT): everything
 * up to mark was shown; above it, one row for each handle.
 */
enum offer { OFFERED = 1, SHOWN = 2 };

struct offers {
	uint64_t seen; /* real time: the client was here */
	uint64_t mark; /* seq */
	size_t n, room;

	struct {
		uint8_t handle[HANDLE_SIZE];
		uint8_t state;
	} v[]; /* room of them: one more than there were */
};

/* On the ordinary heap; free(). A new one if there is none. ERR_FULL: over
 * LIMIT_CLIENT_NAMES. */
int offers_open(struct keeper *, struct txn *, const struct account *,
    const char *client, struct offers **out);
int offers_put(struct txn *, const struct account *, const char *client,
    const struct offers *);
/* enum offer, or 0 */
int offers_state(const struct offers *, const struct indexed *);
void offers_set(struct offers *, const struct account *, const struct indexed *,
    enum offer);

#endif
