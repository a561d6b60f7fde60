/* SPDX-License-Identifier: ISC */
/*
 * X3DH: the shared secret of two identities, a signed and a one-time prekey
 * and an ephemeral key. Runs in the keeper; secrets stay on the stack for the
 * call and are wiped.
 */
#include <string.h>

#include "../../ipc/err.h"
#include "internal.h"

struct dh {
	const uint8_t *priv, *pub, *peer;
};

/* HKDF(FF*32 ‖ DH1 ‖ … ) */
static int
agree(const struct omemo_profile *profile, const struct dh *dh, size_t n,
    uint8_t sk[32])
{
	uint8_t ikm[5 * 32];
	int err = 0;

	memset(ikm, 0xff, 32);
	for (size_t i = 0; err == 0 && i < n; i++)
		err = crypto_x25519(
		    dh[i].priv, dh[i].pub, dh[i].peer, ikm + 32 * (i + 1));
	if (err == 0)
		err = crypto_hkdf(
		    ikm, 32 * (n + 1), NULL, profile->info_x3dh, sk, 32);
	secret_wipe(ikm, sizeof ikm);
	return err;
}

int
x3dh_initiate(const struct omemo_profile *profile,
    const struct omemo_identity *self, const uint8_t base_priv[32],
    const uint8_t base_pub[32], const uint8_t peer_u[32], const uint8_t spk[32],
    const uint8_t *opk, uint8_t sk[32])
{
	struct dh dh[] = {
		{ self->priv, self->u, spk },
		{ base_priv, base_pub, peer_u },
		{ base_priv, base_pub, spk },
		{ base_priv, base_pub, opk },
	};

	return agree(profile, dh, opk != NULL ? 4 : 3, sk);
}

int
x3dh_respond(const struct omemo_profile *profile,
    const struct omemo_identity *self, const struct omemo_key *spk,
    const struct omemo_key *opk, const uint8_t peer_u[32],
    const uint8_t base[32], uint8_t sk[32])
{
	struct dh dh[] = {
		{ spk->priv, spk->pub, peer_u },
		{ self->priv, self->u, base },
		{ spk->priv, spk->pub, base },
		{ opk->priv, opk->pub, base },
	};

	return agree(profile, dh, 4, sk);
}

int
x3dh_digest(const uint8_t sk[32], uint8_t digest[16])
{
	return crypto_hkdf(sk, 32, NULL, "xmpp-agent key exchange", digest, 16);
}
