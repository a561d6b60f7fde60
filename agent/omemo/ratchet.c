/* SPDX-License-Identifier: ISC */
/*
 * The double ratchet's steps on one state. Runs in the keeper. Every secret
 * is in the state (secure heap) or on the stack for the call, and wiped.
 */
#include <assert.h>
#include <string.h>

#include "../../ipc/err.h"
#include "internal.h"

struct message_keys {
	uint8_t enc[32], mac[32], iv[16];
};

static_assert(sizeof(struct message_keys) == 80, "HKDF writes it whole");

int
ratchet_step_root(const struct omemo_profile *profile, struct state *st,
    const uint8_t remote[32], uint8_t chain[32])
{
	uint8_t dh[32], out[64];
	int err;

	if ((err = crypto_x25519(st->own_priv, st->own_pub, remote, dh)) == 0 &&
	    (err = crypto_hkdf(dh, sizeof dh, st->root, profile->info_root, out,
		 sizeof out)) == 0) {
		memcpy(st->root, out, 32);
		memcpy(chain, out + 32, 32);
	}
	secret_wipe(dh, sizeof dh);
	secret_wipe(out, sizeof out);
	return err;
}

int
ratchet_turn(const struct omemo_profile *profile, struct state *st,
    const uint8_t remote[32])
{
	int err;

	st->send_previous = st->send_next;
	st->send_next = 0;
	if ((err = crypto_x25519_generate(st->own_priv, st->own_pub)) != 0)
		return err;
	return ratchet_step_root(profile, st, remote, st->send_key);
}

int
ratchet_chain(uint8_t chain[32], uint8_t mk[32])
{
	static const uint8_t one = 1, two = 2;
	const struct iovec_const message = { &one, 1 }, next = { &two, 1 };
	int err = 0;

	if (mk != NULL)
		err = crypto_hmac(chain, 32, &message, 1, mk);
	if (err == 0)
		err = crypto_hmac(chain, 32, &next, 1, chain);
	return err;
}

static int
message_keys(const struct omemo_profile *profile, const uint8_t mk[32],
    struct message_keys *keys)
{
	return crypto_hkdf(
	    mk, 32, NULL, profile->info_message, keys->enc, sizeof *keys);
}

/* HMAC(key, one identity ‖ other identity ‖ body), whole. */
static int
message_mac(const struct omemo_profile *profile, const struct state *st,
    const struct omemo_identity *self, int sending, const uint8_t key[32],
    const uint8_t *body, size_t len, uint8_t mac[32])
{
	static const uint8_t djb = 5;
	int legacy = profile->mac_per_direction;
	int we_first = legacy ? sending : st->initiator;
	const uint8_t *mine = legacy ? self->u : self->ed;
	const uint8_t *theirs = legacy ? st->peer.u : st->peer.ed;
	const struct iovec_const v[] = {
		{ &djb, legacy ? 1 : 0 },
		{ we_first ? mine : theirs, 32 },
		{ &djb, legacy ? 1 : 0 },
		{ we_first ? theirs : mine, 32 },
		{ body, len },
	};

	return crypto_hmac(key, 32, v, 5, mac);
}

int
ratchet_seal(const struct omemo_profile *profile, const struct state *st,
    const struct omemo_identity *self, const uint8_t mk[32],
    const uint8_t *plain, size_t len, struct buffer *out)
{
	struct message_keys keys;
	uint8_t cipher[CIPHER_MAX], mac[32];
	size_t cipherlen = sizeof cipher;
	struct buffer body;
	int err;

	buffer_init(&body, WIRE_MAX);
	if ((err = message_keys(profile, mk, &keys)) != 0 ||
	    (err = crypto_cbc_encrypt(
		 keys.enc, keys.iv, plain, len, cipher, &cipherlen)) != 0)
		goto out;
	wire_write_body(profile, st->own_pub, st->send_next, st->send_previous,
	    cipher, cipherlen, &body);
	if ((err = body.err) != 0 ||
	    (err = message_mac(profile, st, self, 1, keys.mac, body.data,
		 body.len, mac)) != 0)
		goto out;
	wire_write_message(profile, &body, mac, out);
	err = out->err;
out:
	secret_wipe(&keys, sizeof keys);
	secret_wipe(mac, sizeof mac);
	buffer_free(&body);
	return err;
}

int
ratchet_open(const struct omemo_profile *profile, const struct state *st,
    const struct omemo_identity *self, const uint8_t mk[32],
    const struct wire_message *m, struct omemo_result *result)
{
	struct message_keys keys;
	uint8_t plain[CIPHER_MAX], mac[32];
	size_t len = sizeof plain;
	int err;

	if ((err = message_keys(profile, mk, &keys)) != 0 ||
	    (err = message_mac(profile, st, self, 0, keys.mac, m->body,
		 m->bodylen, mac)) != 0)
		goto out;
	err = ERR_BAD_MAC;
	if (!secret_equal(mac, m->mac, profile->mac_size))
		goto out;
	if ((err = crypto_cbc_decrypt(
		 keys.enc, keys.iv, m->cipher, m->cipherlen, plain, &len)) != 0)
		goto out;
	err = ERR_BAD_MESSAGE;
	if (len > PLAIN_MAX)
		goto out;
	memcpy(result->plain, plain, len);
	result->plainlen = len;
	err = 0;
out:
	secret_wipe(&keys, sizeof keys);
	secret_wipe(plain, sizeof plain);
	secret_wipe(mac, sizeof mac);
	return err;
}

struct chain *
ratchet_find(struct state *st, const uint8_t pub[32])
{
	for (size_t i = 0; i < st->nchains; i++)
		if (memcmp(st->chains[i].pub, pub, 32) == 0)
			return &st->chains[i];
	return NULL;
}
