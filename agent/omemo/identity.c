/* SPDX-License-Identifier: ISC */
/*
 * Our identity: one Ed25519 seed, whose X25519 half is derived. Runs in the
 * keeper and holds the identity in the caller's secure memory.
 */
#include <string.h>

#include "../../ipc/err.h"
#include "internal.h"

int
omemo_identity_from_seed(struct omemo_identity *id, const uint8_t seed[32])
{
	int err;

	memcpy(id->seed, seed, 32);
	if ((err = crypto_ed25519_public(seed, id->ed)) == 0 &&
	    (err = crypto_ed25519_scalar(seed, id->priv)) == 0)
		err = crypto_x25519_public(id->priv, id->u);
	secret_burn_stack();
	if (err != 0)
		secret_wipe(id, sizeof *id);
	return err;
}

int
omemo_identity_create(struct omemo_identity *id)
{
	uint8_t seed[32];
	int err;

	/*
	 * A sign bit of 0, so that those who derive our Edwards form from u
	 * (as XEdDSA does) get this one; two draws on average.
	 */
	do {
		if ((err = random_secret(seed, sizeof seed)) == 0)
			err = omemo_identity_from_seed(id, seed);
	} while (err == 0 && (id->ed[31] & 0x80) != 0);
	secret_wipe(seed, sizeof seed);
	return err;
}
