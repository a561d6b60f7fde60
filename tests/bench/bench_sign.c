/* SPDX-License-Identifier: ISC */
/*
 * The bench's own agent, which is not installed: OPEN answers with a signature
 * of 32 octets of the keeper's by the account's identity, as it is made for a
 * bundle, in the place of a text. The product signs nothing when asked; this
 * is what it would cost if it did: one record opened, one signature, nothing
 * stored. All else is the product's.
 */
#define message_open bench_sign
#include "../../agent/handlers.h"
/* after it: the table of handlers, with ours in it */
/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "../../agent/dispatch.c"
#undef message_open

#include "../../agent/account.h"

static void
put_signature(struct buffer *b, const uint8_t sig[64])
{
	static const uint8_t nothing[FINGERPRINT_SIZE];

	buffer_put_u8(b, 0);
	buffer_put_string(b, sig, 64);
	buffer_put_cstring(b, "");
	buffer_put_cstring(b, "");
	buffer_put_u8(b, 0);
	buffer_put_u32(b, 0);
	buffer_put(b, nothing, sizeof(nothing));
	for (int i = 0; i < 4; i++) /* trust, bound, copy, namespace */
		buffer_put_u8(b, 0);
	buffer_put_u64(b, 0);
	buffer_put_cstring(b, "");
	buffer_put_u8(b, 0);
}

void
bench_sign(struct request *r)
{
	char jid[LIMIT_JID + 1];
	struct account_record *rec = NULL;
	struct account *a;
	struct txn *t;
	uint8_t sig[64];
	int err;

	reader_cstring(&r->body, jid, sizeof(jid));
	if ((a = request_account(r, jid)) == NULL)
		return;
	t = txn_begin(r->keeper->records);
	if ((err = account_open(t, a->jid, &rec)) == 0)
		err = omemo_bundle_sign(&omemo_profiles[OMEMO_LEGACY],
		    &rec->identity, rec->identity.u, sig);
	account_release(rec);
	txn_abort(t);
	if (err != 0) {
		request_fail(r, err, "sign");
		return;
	}
	put_signature(&r->reply, sig);
	request_durable(r);
}
