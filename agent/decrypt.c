/* SPDX-License-Identifier: ISC */
/*
 * DECRYPT: an encrypted element as net found it. Runs in the keeper. The
 * ratchet and the waiting message become durable in one transaction, before
 * the handle is answered; at any error nothing has changed and the archive
 * still has it. Trusts nobody: what is said of sender and conversation comes
 * from net, who wrote it from the key that authenticated it.
 */
#include "decrypt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach.h"
#include "cursor.h"
#include "handlers.h"
#include "methods.h"
#include "refusal.h"
#include "retired.h"
#include "siblings.h"
#include "text.h"
#include "told.h"

#define HEARTBEAT 53 /* XEP-0384: answer the first message at this counter */

static int
read_element(struct reader *b, struct decrypting *d)
{
	uint32_t i;

	reader_cstring(b, d->jid, sizeof d->jid);
	d->ns = reader_u8(b);
	reader_cstring(b, d->sender, sizeof d->sender);
	d->device = reader_u32(b);
	d->path = reader_u8(b);
	reader_cstring(b, d->conversation, sizeof d->conversation);
	d->kind = reader_u8(b);
	reader_cstring(b, d->id, sizeof d->id);
	d->stamp = reader_u64(b);
	d->nkeys = reader_count(b, LIMIT_KEY_ELEMENTS);
	for (i = 0; i < d->nkeys && b->err == 0; i++) {
		d->keys[i].kex = reader_u8(b);
		d->keys[i].p =
		    reader_string(b, &d->keys[i].len, LIMIT_KEY_ELEMENT);
	}
	d->iv = reader_string(b, &d->ivlen, 64);
	d->has_payload = reader_u8(b);
	d->payload = reader_string(b, &d->payloadlen, LIMIT_ENVELOPE + 64);
	reader_cstring(b, d->archive, sizeof d->archive);
	return reader_end(b);
}

static int
check_element(const struct decrypting *d)
{
	if (d->ns >= OMEMO_PROFILES || d->path > PATH_ROOM ||
	    d->kind > KIND_ROOM || d->has_payload > 1 || d->device == 0 ||
	    d->device > 0x7fffffff || !text_is_bare_jid(d->sender) ||
	    !text_is_bare_jid(d->conversation) ||
	    (d->id[0] != '\0' && !text_is_plain(d->id)) ||
	    (d->archive[0] != '\0' && !text_is_plain(d->archive)))
		return ERR_ARGUMENT;
	if (!method_receives(d->ns) || d->kind != KIND_CHAT ||
	    d->path == PATH_ROOM)
		return ERR_UNSUPPORTED;
	return 0;
}

/* --- before any ratchet: is it known? ------------------------------------------- */

static int
key_handle(const struct decrypting *d, size_t i, uint8_t handle[HANDLE_SIZE])
{
	uint8_t digest[32],
	    sid[4] = { (uint8_t)(d->device >> 24), (uint8_t)(d->device >> 16),
		    (uint8_t)(d->device >> 8), (uint8_t)d->device };
	struct iovec_const v[] = {
		{ &d->ns, 1 },
		{ d->sender, strlen(d->sender) },
		{ sid, sizeof sid },
		{ digest, sizeof digest },
	};
	int err;

	err = omemo_message_digest(&omemo_profiles[d->ns], d->keys[i].kex,
	    d->keys[i].p, d->keys[i].len, digest);
	return err != 0 ? err : account_handle(d->rec, "message", v, 4, handle);
}

static int
is_known(struct decrypting *d)
{
	uint8_t handle[HANDLE_SIZE];
	size_t i;

	for (i = 0; i < d->nkeys; i++) {
		if (key_handle(d, i, handle) != 0 ||
		    index_find(&d->account->messages, handle) == NULL)
			continue;
		memcpy(d->handle, handle, HANDLE_SIZE);
		return 1;
	}
	return 0;
}

/* --- the ratchet ------------------------------------------------------------------ */

static int
try_key(struct decrypting *d, size_t i, const uint8_t *expected)
{
	struct session_ops *o = &d->ops;
	int err;

	if ((err = session_open(d->txn, &o->key, &d->session)) != 0)
		return err;
	o->err = 0;
	err = omemo_decrypt(d->session, d->self, &o->ops, expected,
	    d->keys[i].kex, d->keys[i].p, d->keys[i].len, d->result);
	if (o->err != 0)
		err = o->err;
	if (err == 0)
		err = key_handle(d, i, d->handle);
	if (err != 0) {
		omemo_session_free(d->session);
		d->session = NULL;
	}
	return err;
}

/*
 * Several keys may name our id (a rid carries no JID): the first that opens
 * is ours. A duplicate says more than a key that was never for us; what the
 * agent itself lacks (room, memory, disk) ends the search.
 */
static int
try_keys(struct decrypting *d, int *answer)
{
	const struct device *row = peer_find(&d->peer, d->device);
	const uint8_t *expected = NULL;
	int err;
	size_t i;

	if (row != NULL && row->has_key && row->trust != TRUST_DISTRUSTED)
		expected = row->u;
	for (i = 0; i < d->nkeys; i++) {
		if ((err = try_key(d, i, expected)) == 0)
			return 0;
		if (d->ops.err != 0 || err == ERR_BUSY || err == ERR_FULL ||
		    err == ERR_MEMORY || err == ERR_CRYPTO)
			return err;
		if (*answer != ERR_DUPLICATE)
			*answer = err;
	}
	return ERR_NOT_FOR_US;
}

/*
 * As the present device, then as each that it has replaced, the last first.
 * What a key exchange or session was made for decides; a failed try leaves no
 * trace. The present device's error is the one that is told.
 */
static int
try_devices(struct decrypting *d)
{
	struct account *a = d->account;
	int err, answer = ERR_NOT_FOR_US, other = ERR_NOT_FOR_US;

	d->self = &d->rec->identity;
	err = try_keys(d, &answer);
	for (uint32_t i = a->nretired; i-- > 0 && err == ERR_NOT_FOR_US;) {
		session_ops_as(&d->ops, a->retired[i].id);
		retired_release(d->retired);
		d->retired = NULL;
		err =
		    retired_identity(d->txn, a, a->retired[i].id, &d->retired);
		if (err != 0)
			return err;
		d->self = d->retired;
		err = try_keys(d, &other);
	}
	if (err != ERR_NOT_FOR_US)
		return err;
	return other == ERR_DUPLICATE ? other : answer;
}

static int
is_for_retired(const struct decrypting *d)
{
	return d->ops.key.self != d->account->device;
}

static size_t
text_max(uint8_t ns)
{
	return methods[ns].format == FORMAT_BODY ? LIMIT_TEXT : LIMIT_ENVELOPE;
}

static int
open_payload(struct decrypting *d)
{
	const struct omemo_profile *profile = &omemo_profiles[d->ns];
	int err;

	if (!d->has_payload)
		return 0;
	if ((err = secret_new(&d->text, d->payloadlen + 1)) != 0)
		return err;
	err = omemo_payload_decrypt(profile, d->result->plain,
	    d->result->plainlen, d->iv, d->ivlen, d->payload, d->payloadlen,
	    d->text.data, &d->textlen);
	if (err != 0)
		return err;
	if (d->textlen > text_max(d->ns))
		return ERR_TOO_LONG;
	return text_is_utf8(d->text.data, d->textlen) ? 0 : ERR_BAD_MESSAGE;
}

/* --- what is remembered ------------------------------------------------------------ */

/* One whom the user has neither written to nor decided about. */
static int
is_stranger(const struct decrypting *d)
{
	return !d->peer.own && !d->peer.written;
}

/*
 * A stranger who gets a session must find room among the strangers, and none
 * of what they all share is theirs alone. FULL makes net wait with all that
 * comes after, until the user has read; at the sender's own limits, which no
 * time changes, the message is refused for good (CROWDED): whoever can write
 * to us could otherwise silence everybody else.
 */
static int
check_room(struct decrypting *d, const struct device *row)
{
	const unsigned part = STRANGERS_SHARE;
	struct account *a = d->account;
	struct peer_counts counts;
	int err;

	if (d->has_payload && is_stranger(d) &&
	    (a->messages.n >= LIMIT_WAITING / part ||
		a->messages.octets + d->textlen > LIMIT_WAITING_BYTES / part))
		return ERR_CROWDED;
	if (d->has_payload &&
	    (err = siblings_make_room(d->txn, a, d->textlen)) != 0)
		return err;
	if (d->peer.own || row->sessions != 0 ||
	    (d->peer.written && !d->peer_is_new))
		return 0;
	if ((err = peer_count(d->r->keeper, a->jid, &counts)) != 0)
		return err;
	if ((d->peer_is_new && counts.peers >= LIMIT_PEERS) ||
	    counts.strangers >= LIMIT_STRANGERS)
		return ERR_CROWDED;
	return 0;
}

/*
 * Whoever writes to a device that we have replaced has not heard of it: an
 * empty message of the present one tells, unless there was one before.
 */
static int
tell_of_present(struct decrypting *d, const struct device *row)
{
	struct session_key key = { d->account->jid, d->sender, d->ns, d->device,
		d->account->device };
	struct omemo_session *s;
	int err, knows;

	if (!policy_may_answer(&d->peer, row))
		return 0;
	if ((err = session_open(d->txn, &key, &s)) != 0)
		return err;
	knows = omemo_session_ready(s);
	omemo_session_free(s);
	if (knows)
		return 0;
	return work_add_empty(
	    d->r->keeper, d->txn, d->account, d->sender, d->device, d->ns);
}

/* Session completion and heartbeat; strangers get none (policy.c). */
static int
answer(struct decrypting *d, struct device *row)
{
	const struct omemo_result *res = d->result;
	uint8_t bit = (uint8_t)(1U << d->ns);

	if (is_for_retired(d))
		return tell_of_present(d, row);
	if (res->new_chain)
		row->beat &= (uint8_t)~bit;
	if (!policy_may_answer(&d->peer, row))
		return 0;
	if (!res->new_session &&
	    (res->counter < HEARTBEAT || (row->beat & bit)))
		return 0;
	if (res->counter >= HEARTBEAT)
		row->beat |= bit;
	return work_add_empty(
	    d->r->keeper, d->txn, d->account, d->sender, d->device, d->ns);
}

/* A used prekey is hidden, the key exchange remembered. */
static int
note_kex(struct decrypting *d)
{
	const struct omemo_result *res = d->result;
	struct prekeys *p = d->ops.prekeys;
	int err;

	if (!res->new_session)
		return 0;
	err = kex_add(d->txn, d->account->jid, d->ns, res->signed_prekey,
	    res->kex_digest);
	if (err != 0 || res->prekey == 0 || p == NULL)
		return err;
	if (is_for_retired(d)) { /* it publishes nothing any more */
		prekeys_hide(p, res->prekey);
		return prekeys_put_retired(
		    d->txn, d->account->jid, d->ops.key.self, d->ns, p);
	}
	if ((err = prekeys_use(p, res->prekey)) != 0 ||
	    (err = prekeys_put(d->txn, d->account->jid, d->ns, p)) != 0)
		return err;
	d->rec->due |= (uint8_t)(DUE_BUNDLE & DUE_IN(d->ns));
	d->bundle_due = 1;
	return account_put(d->txn, d->account->jid, d->rec);
}

static int
note_peer(struct decrypting *d, struct device **row)
{
	struct device gone = { 0 };
	struct word said;
	int err;

	*row = peer_find_key(&d->peer, d->device, d->result->peer);
	if (*row == NULL) {
		if (d->account->silent)
			d->peer.nwords = 0;
		err = peer_learn(&d->peer, d->device, d->result->peer, 1,
		    d->rec->others, row, &gone, &said);
		if (err != 0)
			return err == ERR_FULL ? ERR_CROWDED : err;
		err = told_log_said(d->txn, d->account, &d->peer, *row, &said);
		if (err != 0)
			return err;
		err = session_delete_all(
		    d->r->keeper, d->txn, d->account, d->sender, &gone);
		if (err != 0)
			return err;
	}
	if ((err = check_room(d, *row)) != 0)
		return err;
	(*row)->heard = clock_real();
	(*row)->sessions |= (uint8_t)(1U << d->ns);
	if ((err = answer(d, *row)) != 0)
		return err;
	return peer_put(d->txn, d->account->jid, &d->peer);
}

static uint8_t
copy_of(uint8_t path)
{
	if (path == PATH_CARBON_RECEIVED || path == PATH_CARBON_SENT)
		return COPY_CARBON;
	return path == PATH_ARCHIVE ? COPY_ARCHIVE : COPY_NONE;
}

static int
keep_message(struct decrypting *d, const struct device *row)
{
	struct message_record *m = &d->message;
	struct account *a = d->account;
	int err;

	if ((err = index_reserve(&a->messages)) != 0)
		return err;
	memcpy(m->entry.handle, d->handle, HANDLE_SIZE);
	m->entry.seq = account_seq(d->r->keeper);
	m->entry.time = clock_real();
	m->entry.len = (uint32_t)d->textlen;
	memcpy(m->sender, d->sender, sizeof m->sender);
	/* a contact speaks to us; only our own device names a conversation */
	memcpy(m->conversation, d->peer.own ? d->conversation : d->sender,
	    sizeof m->conversation);
	memcpy(m->id, d->id, sizeof m->id);
	m->kind = d->kind;
	m->format = methods[d->ns].format;
	m->bound = methods[d->ns].bound;
	m->trust = row->trust;
	m->copy = copy_of(d->path);
	m->ns = d->ns;
	m->device = d->device;
	memcpy(m->fingerprint, row->u, sizeof m->fingerprint);
	m->stamp = d->stamp != 0 && d->stamp < m->entry.time ? d->stamp
							     : m->entry.time;
	m->text = d->text.data;
	return message_record_put(d->txn, a, m);
}

/* A trust message, perhaps: it waits until its writer's key is verified. */
static int
keep_told(struct decrypting *d, const struct device *row)
{
	const struct told_from from = { d->sender,
		d->peer.own ? d->conversation : d->jid, d->device, row->u,
		(uint8_t)is_stranger(d) };

	if (!told_is_wanted(d->account, d->ns, d->text.data, d->textlen))
		return 0;
	return told_keep(
	    d->r->keeper, d->txn, d->account, &from, d->text.data, d->textlen);
}

/* All that a decrypted message changes, staged. */
static int
remember(struct decrypting *d)
{
	struct device *row;
	int err;

	if ((err = note_peer(d, &row)) != 0 || (err = note_kex(d)) != 0 ||
	    (err = session_put(d->txn, &d->ops.key, d->session)) != 0 ||
	    (err = cursor_put(d->txn, d->account->jid, d->archive)) != 0)
		return err;
	if (!d->has_payload)
		return 0;
	if ((err = keep_told(d, row)) != 0)
		return err;
	return keep_message(d, row);
}

/* --- the request -------------------------------------------------------------------- */

static int
decrypt(struct decrypting *d)
{
	int err = peer_open(d->txn, d->jid, d->sender, &d->peer);

	d->peer_is_new = err == ERR_NOT_FOUND;
	if (err != 0 && !d->peer_is_new)
		return err;
	session_ops_init(
	    &d->ops, d->txn, d->account, d->sender, d->ns, d->device);
	if (is_stranger(d))
		d->ops.most /= STRANGERS_SHARE;
	if ((err = try_devices(d)) != 0 || (err = open_payload(d)) != 0)
		return err;
	if ((err = remember(d)) != 0)
		d->r->keeper->accounts->stale = 1; /* it was told already */
	return err;
}

/* The cursor alone moves: the message is known. */
static void
answer_known(struct decrypting *d, uint8_t verdict)
{
	struct request *r = d->r;
	int err;

	txn_abort(d->txn);
	d->txn = txn_begin(r->keeper->records);
	if ((err = cursor_put(d->txn, d->jid, d->archive)) != 0) {
		request_abort(r, d->txn, err, "decrypt");
		return;
	}
	buffer_put_u8(&r->reply, verdict);
	buffer_put(&r->reply, d->handle, HANDLE_SIZE);
	request_commit(r, d->txn);
}

/* The answer, while there is still a way back. */
static int
put_answer(struct decrypting *d)
{
	struct buffer *b = &d->r->reply;

	if (!d->has_payload)
		memset(d->handle, 0, HANDLE_SIZE);
	buffer_put_u8(b, d->has_payload ? VERDICT_NEW : VERDICT_EMPTY);
	buffer_put(b, d->handle, HANDLE_SIZE);
	if (b->err != 0)
		d->r->keeper->accounts->stale = 1;
	return b->err;
}

static void
answer_new(struct decrypting *d)
{
	struct keeper *k = d->r->keeper;
	struct account *a = d->account;

	use_count(a, RATE_DECRYPT);
	a->kept = (uint64_t)((int64_t)a->kept + d->ops.kept);
	if (d->has_payload)
		index_add(&a->messages, &d->message.entry);
	if (d->bundle_due)
		account_note_due(k, a, DUE_BUNDLE & DUE_IN(d->ns));
	keeper_commit(k, d->txn);
	if (d->has_payload)
		event_handle(k, TO_FRONTS, a->jid, M_EVENT_MESSAGE, d->handle);
	work_announce(k, a);
	told_run(k);
	request_durable(d->r);
}

/* The user is told which key, and what to do. why: of a limit, or "". */
static void
answer_error(struct decrypting *d, int err, const char *why)
{
	const struct device *known = peer_find(&d->peer, d->device);
	char text[REFUSAL_TEXT];

	txn_abort(d->txn);
	if (err == ERR_KEY_CHANGED && known != NULL && known->has_key)
		refusal_words(text, REFUSAL_CHANGED, d->jid, d->sender, known);
	else
		snprintf(text, sizeof text, "from %.100s device %u%s%s",
		    d->sender, d->device, why[0] != '\0' ? ": " : "", why);
	request_fail(d->r, err, "%s", text);
}

static void
run(struct decrypting *d)
{
	char why[128] = "";
	int err;

	d->txn = txn_begin(d->r->keeper->records);
	err = account_open(d->txn, d->jid, &d->rec);
	if (err == 0 && strcmp(d->sender, d->jid) == 0 &&
	    (d->device == d->account->device ||
		is_retired(d->account, d->device))) {
		answer_known(d, VERDICT_OWN);
		return;
	}
	if (err == 0 && is_known(d)) {
		answer_known(d, VERDICT_KNOWN);
		return;
	}
	if (err == 0)
		err = use_check(d->account, RATE_DECRYPT, why, sizeof why);
	if (err == 0)
		err = decrypt(d);
	if (err == 0)
		err = put_answer(d);
	if (err == ERR_DUPLICATE) {
		memset(d->handle, 0, HANDLE_SIZE);
		answer_known(d, VERDICT_DUPLICATE);
	} else if (err != 0)
		answer_error(d, err, why);
	else
		answer_new(d);
}

void
decrypt_message(struct request *r)
{
	struct decrypting *d = calloc(1, sizeof *d);
	int err;

	if (d == NULL)
		err = ERR_MEMORY;
	else if ((d->result = secret_alloc(sizeof *d->result)) == NULL)
		err = ERR_BUSY;
	else if ((err = read_element(&r->body, d)) == 0)
		err = check_element(d);
	if (err != 0) {
		request_fail(r, err, "decrypt");
	} else if ((d->account = request_net_sure(r, d->jid)) != NULL) {
		d->r = r;
		run(d);
		session_ops_end(&d->ops);
		omemo_session_free(d->session);
		secret_free(&d->text);
		account_release(d->rec);
		retired_release(d->retired);
	}
	if (d != NULL && d->result != NULL)
		secret_release(d->result, sizeof *d->result);
	free(d);
}
