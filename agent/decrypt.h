/* SPDX-License-Identifier: ISC */
/* One DECRYPT while it runs. Keeper only. */
#ifndef AGENT_DECRYPT_H
#define AGENT_DECRYPT_H

#include "crypto/crypto.h"
#include "message.h"
#include "sessions.h"
#include "work.h"

struct decrypting {
	struct request *r;
	struct account *account;
	struct txn *txn;
	struct account_record *rec;
	/* the request's fields; octets are borrowed */
	char jid[LIMIT_JID + 1], sender[LIMIT_JID + 1];
	char conversation[LIMIT_JID + 1];
	char id[LIMIT_STANZA_ID + 1], archive[LIMIT_STANZA_ID + 1];
	uint8_t ns, path, kind, has_payload;
	uint32_t device, nkeys;
	uint64_t stamp;

	struct {
		uint8_t kex;
		const uint8_t *p;
		size_t len;
	} keys[LIMIT_KEY_ELEMENTS];

	const uint8_t *iv, *payload;
	size_t ivlen, payloadlen;
	/* what becomes of it */
	struct peer peer;
	int peer_is_new, bundle_due;
	struct session_ops ops; /* ops.key.self: for which device of ours */
	const struct omemo_identity *self; /* the account's, or: */
	struct omemo_identity *retired;	   /* secure heap; NULL: not asked */
	struct omemo_session *session;
	struct omemo_result *result; /* secure heap */
	struct secret text;
	size_t textlen;
	uint8_t handle[HANDLE_SIZE];
	struct message_record message;
};

#endif
