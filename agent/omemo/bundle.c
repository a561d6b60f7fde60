/* SPDX-License-Identifier: ISC */
/*
 * Public keys as the profiles write them, and the signatures on a signed
 * prekey and on a device's name. Runs in the keeper; what it decodes comes from the network and is
 * trusted only after the signature, and then only to belong together.
 */
#include <string.h>

#include "../../ipc/err.h"
#include "internal.h"

#define DJB 0x05 /* type octet of a legacy key */

int
omemo_key_decode(const struct omemo_profile *profile, const uint8_t *p,
    size_t len, uint8_t pub[32])
{
	if (len != profile->key_size || (len == 33 && p[0] != DJB))
		return ERR_BAD_KEY;
	memcpy(pub, p + (len - 32), 32);
	return crypto_key_check(pub);
}

void
omemo_key_encode(const struct omemo_profile *profile, const uint8_t pub[32],
    struct buffer *out)
{
	if (profile->key_size == 33)
		buffer_put_u8(out, DJB);
	buffer_put(out, pub, 32);
}

void
omemo_identity_encode(const struct omemo_profile *profile,
    const struct omemo_identity *id, struct buffer *out)
{
	if (profile->identity_size == 33)
		omemo_key_encode(profile, id->u, out);
	else
		buffer_put(out, id->ed, 32);
}

int
omemo_identity_decode(const struct omemo_profile *profile, const uint8_t *p,
    size_t len, struct omemo_peer *peer)
{
	int err;

	if (len != profile->identity_size)
		return ERR_BAD_KEY;
	if (profile->identity_size == 33) {
		if ((err = omemo_key_decode(profile, p, len, peer->u)) != 0)
			return err;
		/* the sign is not known here, and legacy does not use it */
		return crypto_mont_to_ed(peer->u, 0, peer->ed);
	}
	memcpy(peer->ed, p, 32);
	if ((err = crypto_ed_to_mont(p, peer->u)) != 0)
		return err;
	return crypto_key_check(peer->u);
}

int
omemo_bundle_sign(const struct omemo_profile *profile,
    const struct omemo_identity *id, const uint8_t spk[32], uint8_t sig[64])
{
	struct buffer m;
	int err;

	buffer_init(&m, 33);
	omemo_key_encode(profile, spk, &m);
	if ((err = m.err) == 0)
		err = crypto_ed25519_sign(id->seed, id->ed, m.data, m.len, sig);
	if (err == 0 && profile->identity_size == 33)
		sig[63] |= id->ed[31] & 0x80;
	buffer_free(&m);
	return err;
}

int
omemo_bundle_check(const struct omemo_profile *profile, const uint8_t *identity,
    size_t identitylen, const uint8_t *spk, size_t spklen, const uint8_t *sig,
    size_t siglen, struct omemo_peer *peer, uint8_t spk_out[32])
{
	uint8_t s[64];
	int err;

	if (siglen != sizeof s)
		return ERR_BAD_SIGNATURE;
	if ((err = omemo_identity_decode(
		 profile, identity, identitylen, peer)) != 0 ||
	    (err = omemo_key_decode(profile, spk, spklen, spk_out)) != 0)
		return err;
	memcpy(s, sig, sizeof s);
	if (profile->identity_size == 33) { /* the sign travels in S */
		peer->ed[31] |= s[63] & 0x80;
		s[63] &= 0x7f;
	}
	return crypto_ed25519_verify(peer->ed, spk, spklen, s);
}

int
omemo_label_check(size_t len)
{
	if (len > LIMIT_LABEL)
		return ERR_TOO_LONG;
	return len == 0 || len == 32 || len == 33 ? ERR_ARGUMENT : 0;
}

int
omemo_label_sign(const struct omemo_identity *id, const void *label, size_t len,
    uint8_t sig[64])
{
	int err = omemo_label_check(len);

	return err != 0
	    ? err
	    : crypto_ed25519_sign(id->seed, id->ed, label, len, sig);
}

int
omemo_label_verify(const uint8_t u[32], const void *label, size_t len,
    const uint8_t *sig, size_t siglen)
{
	uint8_t ed[32];
	int err = ERR_BAD_SIGNATURE, sign;

	if (siglen != 64 || len == 0 || len == 32 || len == 33)
		return ERR_BAD_SIGNATURE;
	/* which of the two it is, u does not say */
	for (sign = 0; sign < 2 && err == ERR_BAD_SIGNATURE; sign++)
		if ((err = crypto_mont_to_ed(u, sign, ed)) == 0)
			err = crypto_ed25519_verify(ed, label, len, sig);
	return err;
}
