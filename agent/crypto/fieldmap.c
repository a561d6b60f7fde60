/* SPDX-License-Identifier: ISC */
/*
 * The two forms of a public key: u of Curve25519 and y of Ed25519, modulo
 * p = 2^255 - 19 (RFC 7748, section 4.1). Runs in the keeper, on public data
 * alone, so that OpenSSL's big numbers will do.
 */
#include <string.h>

#include <openssl/bn.h>

#include "../../ipc/err.h"
#include "crypto.h"
#include "internal.h"

int
crypto_canonical(const uint8_t p[32])
{
	if (p[31] != 0x7f)
		return p[31] < 0x7f;
	for (int i = 30; i > 0; i--)
		if (p[i] != 0xff)
			return 1;
	return p[0] < 0xed;
}

/* out = (a x + b) / (c x + d) modulo p, each of a to d being 1 or -1. */
static int
fraction(const uint8_t in[32], int a, int b, int c, int d, uint8_t out[32])
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *p = BN_new(), *x = BN_lebin2bn(in, 32, NULL);
	BIGNUM *top = BN_new(), *bottom = BN_new();
	int err = ERR_MEMORY;

	if (ctx == NULL || p == NULL || x == NULL || top == NULL ||
	    bottom == NULL)
		goto out;
	if (!BN_set_bit(p, 255) || !BN_sub_word(p, 19) || !BN_copy(top, x) ||
	    !BN_copy(bottom, x))
		goto out;
	BN_set_negative(top, a < 0);
	BN_set_negative(bottom, c < 0);
	if (!(b > 0 ? BN_add_word(top, 1) : BN_sub_word(top, 1)) ||
	    !(d > 0 ? BN_add_word(bottom, 1) : BN_sub_word(bottom, 1)) ||
	    !BN_nnmod(bottom, bottom, p, ctx))
		goto out;
	err = ERR_BAD_KEY;
	if (BN_is_zero(bottom))
		goto out;
	err = ERR_CRYPTO;
	if (BN_mod_inverse(bottom, bottom, p, ctx) != NULL &&
	    BN_mod_mul(top, top, bottom, p, ctx) &&
	    BN_nnmod(top, top, p, ctx) && BN_bn2lebinpad(top, out, 32) == 32)
		err = 0;
out:
	BN_free(bottom);
	BN_free(top);
	BN_free(x);
	BN_free(p);
	BN_CTX_free(ctx);
	return err;
}

int
crypto_ed_to_mont(const uint8_t ed[32], uint8_t u[32])
{
	uint8_t y[32];

	memcpy(y, ed, 32);
	y[31] &= 0x7f;
	if (!crypto_canonical(y))
		return ERR_BAD_KEY;
	return fraction(y, 1, 1, -1, 1, u); /* (y + 1) / (-y + 1) */
}

int
crypto_mont_to_ed(const uint8_t u[32], int sign, uint8_t ed[32])
{
	int err;

	if (!crypto_canonical(u))
		return ERR_BAD_KEY;
	if ((err = fraction(u, 1, -1, 1, 1, ed)) == 0 && sign)
		ed[31] |= 0x80;
	return err;
}
