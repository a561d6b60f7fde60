/* SPDX-License-Identifier: ISC */
/*
 * The five protobuf messages of OMEMO, read and written by hand. Runs in the
 * keeper, on octets from the network. Stricter than protobuf, since the key
 * exchange's wrapper is under no MAC: no unknown and no repeated field, one
 * octet to a tag, shortest varints, nothing left over.
 *
 *   legacy   33 SignalMessage{1 ratchet 2 counter 3 previous 4 cipher} mac
 *            33 PreKeySignalMessage{1 prekey 2 base 3 identity 4 message
 *               5 registration 6 signed prekey}
 *   2        OMEMOAuthenticatedMessage{1 mac
 *               2 OMEMOMessage{1 counter 2 previous 3 ratchet 4 cipher}}
 *            OMEMOKeyExchange{1 prekey 2 signed prekey 3 identity 4 base
 *               5 OMEMOAuthenticatedMessage}
 */
#include <string.h>

#include "../../ipc/err.h"
#include "internal.h"

enum { VARINT = 0, BYTES = 2 }; /* wire types */

enum { MAYBE, MUST };

struct field {
	uint8_t type, must;
	uint8_t present;
	uint32_t value;	  /* VARINT */
	const uint8_t *p; /* BYTES, borrowed */
	size_t len;
};

static int
read_varint(const uint8_t **p, const uint8_t *end, uint32_t *v)
{
	uint64_t x = 0;

	for (unsigned i = 0; i < 5 && *p < end; i++) {
		uint8_t c = *(*p)++;

		x |= (uint64_t)(c & 0x7f) << (7 * i);
		if (c & 0x80)
			continue;
		if ((c == 0 && i > 0) || x > UINT32_MAX)
			return ERR_BAD_MESSAGE; /* not the shortest; too big */
		*v = (uint32_t)x;
		return 0;
	}
	return ERR_BAD_MESSAGE;
}

/* Read a message of fields 1 to n, f[0] being unused. */
static int
read_fields(const uint8_t *p, size_t len, struct field *f, unsigned n)
{
	const uint8_t *end = p + len;
	uint32_t v;

	while (p < end) {
		unsigned number = *p >> 3, type = *p & 7;
		struct field *to;

		if ((*p++ & 0x80) != 0 || number < 1 || number > n)
			return ERR_BAD_MESSAGE;
		to = &f[number];
		if (to->present || to->type != type ||
		    read_varint(&p, end, &v) != 0)
			return ERR_BAD_MESSAGE;
		to->present = 1;
		if (type == VARINT) {
			to->value = v;
			continue;
		}
		if (v > (size_t)(end - p))
			return ERR_BAD_MESSAGE;
		to->p = p;
		to->len = v;
		p += v;
	}
	for (unsigned i = 1; i <= n; i++)
		if (f[i].must && !f[i].present)
			return ERR_BAD_MESSAGE;
	return 0;
}

/* Fields 1 to 4 of a ratchet message, wherever the profile puts them. */
static int
take_message(const struct omemo_profile *profile, const struct field *ratchet,
    const struct field *counter, const struct field *previous,
    const struct field *cipher, struct wire_message *m)
{
	if (cipher->len == 0 || cipher->len % 16 != 0 ||
	    cipher->len > CIPHER_MAX)
		return ERR_BAD_MESSAGE;
	if (counter->value >= COUNTER_MAX) /* the chain could not go on */
		return ERR_BAD_MESSAGE;
	m->counter = counter->value;
	m->previous = previous->value;
	m->cipher = cipher->p;
	m->cipherlen = cipher->len;
	return omemo_key_decode(profile, ratchet->p, ratchet->len, m->ratchet);
}

static int
read_message_legacy(const struct omemo_profile *profile, const uint8_t *p,
    size_t len, struct wire_message *m)
{
	struct field f[] = { { 0 }, { .type = BYTES, .must = MUST },
		{ .type = VARINT, .must = MUST },
		{ .type = VARINT, .must = MAYBE },
		{ .type = BYTES, .must = MUST } };

	/* the low half is the sender's own newest version, and under the MAC */
	if (len < 1 + profile->mac_size || p[0] >> 4 != profile->version)
		return ERR_BAD_MESSAGE;
	m->body = p;
	m->bodylen = len - profile->mac_size;
	m->mac = p + m->bodylen;
	if (read_fields(p + 1, m->bodylen - 1, f, 4) != 0)
		return ERR_BAD_MESSAGE;
	return take_message(profile, &f[1], &f[2], &f[3], &f[4], m);
}

static int
read_message_2(const struct omemo_profile *profile, const uint8_t *p,
    size_t len, struct wire_message *m)
{
	struct field outer[] = { { 0 }, { .type = BYTES, .must = MUST },
		{ .type = BYTES, .must = MUST } };
	struct field f[] = { { 0 }, { .type = VARINT, .must = MUST },
		{ .type = VARINT, .must = MUST },
		{ .type = BYTES, .must = MUST },
		{ .type = BYTES, .must = MUST } };

	if (read_fields(p, len, outer, 2) != 0 ||
	    outer[1].len != profile->mac_size)
		return ERR_BAD_MESSAGE;
	m->mac = outer[1].p;
	m->body = outer[2].p;
	m->bodylen = outer[2].len;
	if (read_fields(m->body, m->bodylen, f, 4) != 0)
		return ERR_BAD_MESSAGE;
	return take_message(profile, &f[3], &f[1], &f[2], &f[4], m);
}

int
wire_read_message(const struct omemo_profile *profile, const uint8_t *p,
    size_t len, struct wire_message *m)
{
	memset(m, 0, sizeof *m);
	if (len > LIMIT_KEY_ELEMENT)
		return ERR_BAD_MESSAGE;
	if (profile->version != 0)
		return read_message_legacy(profile, p, len, m);
	return read_message_2(profile, p, len, m);
}

static int
take_kex(const struct omemo_profile *profile, const struct field *prekey,
    const struct field *signed_prekey, const struct field *identity,
    const struct field *base, const struct field *inner, struct wire_kex *k)
{
	int err;

	k->prekey = prekey->value;
	k->signed_prekey = signed_prekey->value;
	k->inner = inner->p;
	k->innerlen = inner->len;
	if ((err = omemo_key_decode(profile, base->p, base->len, k->base)) != 0)
		return err;
	return omemo_identity_decode(
	    profile, identity->p, identity->len, &k->identity);
}

int
wire_read_kex(const struct omemo_profile *profile, const uint8_t *p, size_t len,
    struct wire_kex *k)
{
	/* no prekey id: no protection from replay, refused in both versions */
	struct field legacy[] = { { 0 }, { .type = VARINT, .must = MUST },
		{ .type = BYTES, .must = MUST },
		{ .type = BYTES, .must = MUST },
		{ .type = BYTES, .must = MUST },
		{ .type = VARINT, .must = MAYBE },
		{ .type = VARINT, .must = MUST } };
	struct field f[] = { { 0 }, { .type = VARINT, .must = MUST },
		{ .type = VARINT, .must = MUST },
		{ .type = BYTES, .must = MUST },
		{ .type = BYTES, .must = MUST },
		{ .type = BYTES, .must = MUST } };

	memset(k, 0, sizeof *k);
	if (len < 1 || len > LIMIT_KEY_ELEMENT)
		return ERR_BAD_MESSAGE;
	if (profile->version == 0) {
		if (read_fields(p, len, f, 5) != 0)
			return ERR_BAD_MESSAGE;
		return take_kex(profile, &f[1], &f[2], &f[3], &f[4], &f[5], k);
	}
	if (p[0] != (profile->version << 4 | profile->version) ||
	    read_fields(p + 1, len - 1, legacy, 6) != 0)
		return ERR_BAD_MESSAGE;
	return take_kex(profile, &legacy[1], &legacy[6], &legacy[3], &legacy[2],
	    &legacy[4], k);
}

/* --- writing ---------------------------------------------------------------- */

static void
write_varint(struct buffer *out, unsigned number, uint32_t v)
{
	buffer_put_u8(out, (uint8_t)(number << 3 | VARINT));
	for (; v > 0x7f; v >>= 7)
		buffer_put_u8(out, (uint8_t)(v | 0x80));
	buffer_put_u8(out, (uint8_t)v);
}

/* The head of a field of len octets (less than 2^14 here). */
static void
write_head(struct buffer *out, unsigned number, size_t len)
{
	buffer_put_u8(out, (uint8_t)(number << 3 | BYTES));
	if (len > 0x7f)
		buffer_put_u8(out, (uint8_t)(len | 0x80));
	buffer_put_u8(out, (uint8_t)(len > 0x7f ? len >> 7 : len));
}

static void
write_key(const struct omemo_profile *profile, struct buffer *out,
    unsigned number, const uint8_t pub[32])
{
	write_head(out, number, profile->key_size);
	omemo_key_encode(profile, pub, out);
}

static void
write_bytes(struct buffer *out, unsigned number, const uint8_t *p, size_t len)
{
	write_head(out, number, len);
	buffer_put(out, p, len);
}

void
wire_write_body(const struct omemo_profile *profile, const uint8_t ratchet[32],
    uint32_t counter, uint32_t previous, const uint8_t *cipher, size_t len,
    struct buffer *out)
{
	if (profile->version != 0) {
		buffer_put_u8(
		    out, (uint8_t)(profile->version << 4 | profile->version));
		write_key(profile, out, 1, ratchet);
		write_varint(out, 2, counter);
		write_varint(out, 3, previous);
	} else {
		write_varint(out, 1, counter);
		write_varint(out, 2, previous);
		write_key(profile, out, 3, ratchet);
	}
	write_bytes(out, 4, cipher, len);
}

void
wire_write_message(const struct omemo_profile *profile,
    const struct buffer *body, const uint8_t *mac, struct buffer *out)
{
	if (profile->version != 0) {
		buffer_put(out, body->data, body->len);
		buffer_put(out, mac, profile->mac_size);
		return;
	}
	write_bytes(out, 1, mac, profile->mac_size);
	write_bytes(out, 2, body->data, body->len);
}

void
wire_write_kex(const struct omemo_profile *profile, const struct state *st,
    const struct omemo_identity *self, const struct buffer *inner,
    struct buffer *out)
{
	unsigned identity = 3, base = profile->version != 0 ? 2 : 4;

	if (profile->version != 0) {
		buffer_put_u8(
		    out, (uint8_t)(profile->version << 4 | profile->version));
		if (st->prekey != 0)
			write_varint(out, 1, st->prekey);
		write_key(profile, out, base, st->base);
		write_head(out, identity, profile->identity_size);
		omemo_identity_encode(profile, self, out);
		write_bytes(out, 4, inner->data, inner->len);
		write_varint(out, 5, st->device);
		write_varint(out, 6, st->signed_prekey);
		return;
	}
	write_varint(out, 1, st->prekey);
	write_varint(out, 2, st->signed_prekey);
	write_head(out, identity, profile->identity_size);
	omemo_identity_encode(profile, self, out);
	write_key(profile, out, base, st->base);
	write_bytes(out, 5, inner->data, inner->len);
}

int
omemo_message_digest(const struct omemo_profile *profile, int kex,
    const uint8_t *wire, size_t len, uint8_t digest[32])
{
	struct wire_message m;
	struct wire_kex k;

	if (kex) {
		if (wire_read_kex(profile, wire, len, &k) != 0)
			return ERR_BAD_MESSAGE;
		wire = k.inner;
		len = k.innerlen;
	}
	if (wire_read_message(profile, wire, len, &m) != 0)
		return ERR_BAD_MESSAGE;
	/* not the octets themselves: in version 2 the outer framing is loose */
	return crypto_sha256((struct iovec_const[]){ { m.body, m.bodylen },
				 { m.mac, profile->mac_size } },
	    2, digest);
}
