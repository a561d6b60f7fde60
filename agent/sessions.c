/* SPDX-License-Identifier: ISC */
/*
 * Session records, and the engine's questions answered from records: prekeys,
 * key exchanges seen, kept message keys in blocks, ratchet keys seen. Runs in
 * the keeper; everything opened here lies in the secure heap and is wiped.
 */
#include "sessions.h"

#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "crypto/crypto.h"

#define SESSION_ROOM 32768 /* a session with all its states, packed */
#define RATCHET_PART 16	   /* octets kept of a ratchet key */

static uint8_t *
put_u32(uint8_t *p, uint32_t v)
{
	for (int i = 24; i >= 0; i -= 8)
		*p++ = (uint8_t)(v >> i);
	return p;
}

size_t
session_name(const struct session_key *k, const uint8_t *block, uint8_t *name)
{
	size_t len = strlen(k->peer);
	uint8_t *p = put_u32(name, k->self);

	*p++ = k->ns;
	p = put_u32(p, k->device);
	memcpy(p, k->peer, len);
	p += len;
	if (block != NULL) {
		memcpy(p, block, SESSION_BLOCK);
		p += SESSION_BLOCK;
	}
	return (size_t)(p - name);
}

int
session_open(
    struct txn *t, const struct session_key *k, struct omemo_session **out)
{
	const struct omemo_profile *profile = &omemo_profiles[k->ns];
	uint8_t name[SESSION_NAME];
	struct secret s = { 0 };
	int err;

	*out = NULL;
	err = txn_get(t, RECORD_SESSION, k->account, name,
	    session_name(k, NULL, name), &s);
	if (err == 0)
		err = omemo_session_unpack(profile, s.data, s.len, out);
	else if (err == ERR_NOT_FOUND) {
		*out = omemo_session_new(profile);
		err = *out == NULL ? ERR_BUSY : 0;
	}
	secret_free(&s);
	return err;
}

int
session_put(struct txn *t, const struct session_key *k,
    const struct omemo_session *session)
{
	uint8_t name[SESSION_NAME];
	struct secret s = { 0 };
	struct buffer b;
	int err;

	if ((err = secret_new(&s, SESSION_ROOM)) != 0)
		return err;
	buffer_over(&b, &s);
	if ((err = omemo_session_pack(session, &b)) == 0)
		err = txn_put(t, RECORD_SESSION, k->account, name,
		    session_name(k, NULL, name), b.data, b.len);
	secret_free(&s);
	return err;
}

/* --- the engine's questions --------------------------------------------------- */

static int
open_prekeys(struct session_ops *o)
{
	if (o->prekeys != NULL)
		return 0;
	return o->err = prekeys_open_retired(o->txn, o->key.account,
		   o->key.self == o->account->device ? 0 : o->key.self,
		   o->key.ns, &o->prekeys);
}

static int
ops_prekey(void *arg, uint32_t id, struct omemo_key *out)
{
	struct session_ops *o = arg;
	struct prekey *p;

	if (open_prekeys(o) != 0)
		return o->err;
	if ((p = prekeys_find(o->prekeys, id)) == NULL)
		return ERR_UNKNOWN_PREKEY;
	*out = p->key;
	return 0;
}

static int
ops_signed_prekey(void *arg, uint32_t id, struct omemo_key *out)
{
	struct session_ops *o = arg;
	struct signed_prekey *p;

	if (open_prekeys(o) != 0)
		return o->err;
	if ((p = prekeys_find_signed(o->prekeys, id)) == NULL)
		return ERR_UNKNOWN_PREKEY;
	*out = p->key;
	return 0;
}

static int
ops_kex_seen(void *arg, uint32_t spk_id, const uint8_t digest[16])
{
	struct session_ops *o = arg;
	int seen = kex_seen(o->txn, o->key.account, o->key.ns, spk_id, digest);

	if (seen < 0)
		o->err = seen;
	return seen;
}

/* A block record: u32 base, u16 present, the keys that are present. */
static int
ops_block_get(void *arg, const uint8_t id[16], struct omemo_block *out)
{
	struct session_ops *o = arg;
	uint8_t name[SESSION_NAME];
	struct secret s = { 0 };
	struct reader r;
	size_t i;
	int err;

	err = txn_get(o->txn, RECORD_SKIPPED, o->key.account, name,
	    session_name(&o->key, id, name), &s);
	if (err == ERR_NOT_FOUND)
		return err;
	if (err != 0)
		return o->err = err;
	reader_init(&r, s.data, s.len);
	out->base = reader_u32(&r);
	out->present = (uint16_t)(reader_u8(&r) << 8);
	out->present = (uint16_t)(out->present | reader_u8(&r));
	for (i = 0; i < OMEMO_BLOCK; i++) {
		if (out->present & (1U << i))
			reader_fixed(&r, out->keys[i], 32);
		else
			memset(out->keys[i], 0, 32);
	}
	if (reader_end(&r) != 0)
		err = o->err = ERR_CORRUPT;
	secret_free(&s);
	return err;
}

/* How many keys the stored block of this name has. */
static int
stored_keys(struct session_ops *o, const uint8_t id[16])
{
	uint8_t name[SESSION_NAME];
	struct secret s = { 0 };
	int n = 0;

	if (txn_get(o->txn, RECORD_SKIPPED, o->key.account, name,
		session_name(&o->key, id, name), &s) == 0 &&
	    s.len >= 6)
		n = __builtin_popcount((unsigned)(s.data[4] << 8 | s.data[5]));
	secret_free(&s);
	return n;
}

static int
ops_block_put(void *arg, const uint8_t id[16], const struct omemo_block *b)
{
	struct session_ops *o = arg;
	uint8_t name[SESSION_NAME];
	struct secret s = { 0 };
	struct buffer out;
	size_t i;
	int err, n = __builtin_popcount(b->present);

	o->kept += n - stored_keys(o, id);
	if ((int64_t)o->account->kept + o->kept > o->most)
		return o->err = ERR_CROWDED;
	if ((err = secret_new(&s, 6 + OMEMO_BLOCK * 32)) != 0)
		return o->err = err;
	buffer_over(&out, &s);
	buffer_put_u32(&out, b->base);
	buffer_put_u8(&out, (uint8_t)(b->present >> 8));
	buffer_put_u8(&out, (uint8_t)b->present);
	for (i = 0; i < OMEMO_BLOCK; i++)
		if (b->present & (1U << i))
			buffer_put(&out, b->keys[i], 32);
	err = txn_put(o->txn, RECORD_SKIPPED, o->key.account, name,
	    session_name(&o->key, id, name), out.data, out.len);
	secret_free(&s);
	return err != 0 ? (o->err = err) : 0;
}

static int
ops_block_delete(void *arg, const uint8_t id[16])
{
	struct session_ops *o = arg;
	uint8_t name[SESSION_NAME];
	int err;

	o->kept -= stored_keys(o, id);
	err = txn_delete(o->txn, RECORD_SKIPPED, o->key.account, name,
	    session_name(&o->key, id, name));
	if (err == ERR_NOT_FOUND)
		return 0;
	return err != 0 ? (o->err = err) : 0;
}

static int
open_ratchets(struct session_ops *o, struct secret *s)
{
	uint8_t name[SESSION_NAME];
	int err = txn_get(o->txn, RECORD_RATCHETS, o->key.account, name,
	    session_name(&o->key, NULL, name), s);

	if (err == ERR_NOT_FOUND)
		err = secret_new(s, 0);
	return err != 0 ? (o->err = err) : 0;
}

static int
ops_ratchet_seen(void *arg, const uint8_t pub[32])
{
	struct secret s = { 0 };
	size_t i;
	int found = 0;

	if (open_ratchets(arg, &s) != 0)
		return 0; /* o->err says that nothing may come of this */
	for (i = 0; i + RATCHET_PART <= s.len && !found; i += RATCHET_PART)
		found = memcmp(s.data + i, pub, RATCHET_PART) == 0;
	secret_free(&s);
	return found;
}

static int
ops_ratchet_add(void *arg, const uint8_t pub[32])
{
	struct session_ops *o = arg;
	const size_t most = (LIMIT_RATCHET_KEYS - 1) * RATCHET_PART;
	struct secret s = { 0 }, more = { 0 };
	uint8_t name[SESSION_NAME];
	size_t from = 0;
	int err;

	if ((err = open_ratchets(o, &s)) != 0)
		return err;
	if (s.len > most)
		from = s.len - most;
	if ((err = secret_new(&more, s.len - from + RATCHET_PART)) == 0) {
		memcpy(more.data, s.data + from, s.len - from);
		memcpy(more.data + s.len - from, pub, RATCHET_PART);
		err = txn_put(o->txn, RECORD_RATCHETS, o->key.account, name,
		    session_name(&o->key, NULL, name), more.data, more.len);
	}
	secret_free(&s);
	secret_free(&more);
	return err != 0 ? (o->err = err) : 0;
}

void
session_ops_init(struct session_ops *o, struct txn *t, struct account *a,
    const char *peer, uint8_t ns, uint32_t device)
{
	memset(o, 0, sizeof *o);
	o->txn = t;
	o->account = a;
	o->most = LIMIT_SKIP_ACCOUNT;
	o->key = (struct session_key){ a->jid, peer, ns, device, a->device };
	o->ops = (struct omemo_ops){
		.arg = o,
		.prekey = ops_prekey,
		.signed_prekey = ops_signed_prekey,
		.kex_seen = ops_kex_seen,
		.block_get = ops_block_get,
		.block_put = ops_block_put,
		.block_delete = ops_block_delete,
		.ratchet_seen = ops_ratchet_seen,
		.ratchet_add = ops_ratchet_add,
	};
}

void
session_ops_as(struct session_ops *o, uint32_t self)
{
	session_ops_end(o);
	o->key.self = self;
	o->err = 0;
}

void
session_ops_end(struct session_ops *o)
{
	prekeys_release(o->prekeys);
	o->prekeys = NULL;
}
