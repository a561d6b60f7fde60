/* SPDX-License-Identifier: ISC */
/*
 * The OMEMO engine: X3DH, double ratchet, wire format, payload. Pure: it
 * knows no records, no sockets, no clock; what it needs from outside comes
 * by struct omemo_ops. Both versions are one engine and two rows of
 * constants (profile.c). Sources: XEP-0384 0.3.0 and 0.9.1.
 *
 * The caller keeps the old octets of a session and stores the new ones only
 * after success: no function leaves a half-changed session in storage.
 */
#ifndef AGENT_OMEMO_OMEMO_H
#define AGENT_OMEMO_OMEMO_H

#include <stddef.h>
#include <stdint.h>

#include "../../ipc/buffer.h"
#include "../limits.h"

/* Indices of omemo_profiles, equal to enum namespace_id. */
enum { OMEMO_LEGACY = 0, OMEMO_2 = 1, OMEMO_PROFILES };

struct omemo_profile {
	const char *name;  /* "omemo:1", "omemo:2" */
	const char *xmlns; /* the XML namespace */
	const char *info_x3dh, *info_root, *info_message;
	uint8_t version;       /* 3: octet 0x33 leads; 0: none */
	size_t key_size;       /* 33: 05 and u; 32: u */
	size_t identity_size;  /* 33: 05 and u; 32: Ed25519 */
	size_t mac_size;       /* 8, 16 */
	int mac_per_direction; /* 1: sender, receiver; 0: initiator, responder */
	int prekey_required;   /* a key exchange without one is refused */
	size_t payload_key_size; /* 16 (AES-128-GCM), 32 (HKDF, CBC, HMAC) */
};
extern const struct omemo_profile omemo_profiles[OMEMO_PROFILES];

struct omemo_identity {	  /* lives in the secure heap */
	uint8_t seed[32]; /* Ed25519 */
	uint8_t ed[32];	  /* public, sign bit 0 for those we make */
	uint8_t priv[32]; /* X25519, derived */
	uint8_t u[32];	  /* public; the fingerprint */
};

struct omemo_key { /* one-time or signed prekey, secure heap */
	uint32_t id;
	uint8_t priv[32], pub[32];
};

/* A peer's public identity, both forms. */
struct omemo_peer {
	uint8_t u[32], ed[32];
};

/* Draw seeds until the public key's sign bit is 0. */
int omemo_identity_create(struct omemo_identity *);
int omemo_identity_from_seed(struct omemo_identity *, const uint8_t seed[32]);

/* --- bundles ---------------------------------------------------------------- */
/*
 * Sign our signed prekey for a profile (over 33 or 32 octets; bit 7 of
 * sig[63] carries A's sign in the legacy profile).
 */
int omemo_bundle_sign(const struct omemo_profile *,
    const struct omemo_identity *, const uint8_t spk[32], uint8_t sig[64]);
/*
 * Decode and verify a bundle's identity, signed prekey, signature. ERR_BAD_KEY
 * (length, 05, bit 255, not canonical, small order) or ERR_BAD_SIGNATURE.
 */
int omemo_bundle_check(const struct omemo_profile *, const uint8_t *identity,
    size_t identitylen, const uint8_t *spk, size_t spklen, const uint8_t *sig,
    size_t siglen, struct omemo_peer *peer, uint8_t spk_out[32]);
/*
 * A device's name, signed by its identity key with nothing that says so. Of 32
 * or 33 octets it would be what a signed prekey is, so that none is signed, or
 * believed, that is so long: ERR_ARGUMENT; ERR_TOO_LONG: over LIMIT_LABEL.
 */
int omemo_label_check(size_t len);
int omemo_label_sign(const struct omemo_identity *, const void *label,
    size_t len, uint8_t sig[64]);
/* By this identity's u. 0 or ERR_BAD_SIGNATURE, ERR_BAD_KEY. */
int omemo_label_verify(const uint8_t u[32], const void *label, size_t len,
    const uint8_t *sig, size_t siglen);
/* A one-time prekey's public octets. 0 or ERR_BAD_KEY. */
int omemo_key_decode(const struct omemo_profile *, const uint8_t *p, size_t len,
    uint8_t pub[32]);
/* key_size octets. */
void omemo_key_encode(
    const struct omemo_profile *, const uint8_t pub[32], struct buffer *out);
void omemo_identity_encode(const struct omemo_profile *,
    const struct omemo_identity *, struct buffer *out);

/* --- sessions --------------------------------------------------------------- */
struct omemo_session; /* opaque; secure heap: current and archived states */

struct omemo_session *omemo_session_new(const struct omemo_profile *);
void omemo_session_free(struct omemo_session *); /* wipes; NULL allowed */
#define OMEMO_SESSION_MAX 32768 /* octets of a packed session, at most */
/* Octets for a record and back (ERR_CORRUPT). */
int omemo_session_pack(const struct omemo_session *, struct buffer *out);
int omemo_session_unpack(const struct omemo_profile *, const uint8_t *p,
    size_t len, struct omemo_session **out);
/* Has it a state that can encrypt? */
int omemo_session_ready(const struct omemo_session *);
/* The identity key (u) that the current state was made with. */
const uint8_t *omemo_session_peer(const struct omemo_session *);

/* Messages written since the peer's last: nothing of it says they came. */
uint32_t omemo_session_unanswered(const struct omemo_session *);

#define OMEMO_BLOCK 16 /* kept message keys in one record */

struct omemo_block {		       /* secure heap */
	uint32_t base;		       /* counter of keys[0], multiple of 16 */
	uint16_t present;	       /* bit i: keys[i] is kept */
	uint8_t keys[OMEMO_BLOCK][32]; /* message keys */
};

/* What the engine asks its caller. Puts and deletes happen only after the
 * message has been authenticated; the caller stages them. */
struct omemo_ops {
	void *arg;
	/* 0, ERR_UNKNOWN_PREKEY */
	int (*prekey)(void *arg, uint32_t id, struct omemo_key *out);
	int (*signed_prekey)(void *arg, uint32_t id, struct omemo_key *out);
	/* 1: a key exchange with this secret's digest was seen before; 0 no;
	 * negative: an error, which omemo_decrypt returns */
	int (*kex_seen)(void *arg, uint32_t spk_id, const uint8_t digest[16]);
	/* kept keys; id names a block within this session. get: ERR_NOT_FOUND */
	int (*block_get)(void *arg, const uint8_t id[16], struct omemo_block *);
	int (*block_put)(
	    void *arg, const uint8_t id[16], const struct omemo_block *);
	int (*block_delete)(void *arg, const uint8_t id[16]);
	/* 1: this remote ratchet key was used before in this session; 0 no */
	int (*ratchet_seen)(void *arg, const uint8_t pub[32]);
	int (*ratchet_add)(void *arg, const uint8_t pub[32]);
};

/*
 * Start a session from a checked bundle; opk_id 0: no one-time prekey (an
 * error where the profile requires one). Becomes the current state; what was
 * current is archived. self_device goes into registrationId.
 */
int omemo_session_initiate(struct omemo_session *,
    const struct omemo_identity *self, uint32_t self_device,
    const struct omemo_peer *peer, uint32_t spk_id, const uint8_t spk[32],
    uint32_t opk_id, const uint8_t opk[32]);

/*
 * Encrypt plain (at most 64 octets: payload key and tag) with the current
 * state; wire octets are appended to out, *kex says whether they are a key
 * exchange. ERR_NO_SESSION.
 */
int omemo_encrypt(struct omemo_session *, const struct omemo_identity *self,
    const uint8_t *plain, size_t len, struct buffer *out, int *kex);

struct omemo_result {
	uint8_t plain[64]; /* the caller wipes */
	size_t plainlen;
	uint8_t peer[32]; /* identity u that authenticated it */
	uint32_t counter; /* of the message in its chain */
	int new_session;  /* a state was built by this key exchange */
	uint32_t prekey, signed_prekey; /* used by it, 0: none */
	uint8_t kex_digest[16]; /* to be remembered with the signed prekey */
	int new_chain;		/* first message of a remote ratchet key */
	int answered;		/* the peer had read one of ours */
};

/*
 * Decrypt one <key>'s octets. expected: the identity u known for this device,
 * or NULL; a key exchange under another one is ERR_KEY_CHANGED. Errors leave
 * nothing to be stored: ERR_DUPLICATE, ERR_NO_SESSION, ERR_UNKNOWN_PREKEY,
 * ERR_BAD_MAC, ERR_TOO_FAR, ERR_BAD_MESSAGE, ERR_BAD_KEY, ERR_KEY_CHANGED,
 * ERR_BUSY, and what ops gave. Nothing is put or deleted before the message's
 * MAC and padding were right; on error *s must be thrown away by the caller.
 *
 * A key exchange without a one-time prekey is ERR_BAD_MESSAGE in both
 * versions: nothing would keep it from being replayed. One whose ephemeral
 * key, or whose secret, made a state that we have is read in that state only.
 */
int omemo_decrypt(struct omemo_session *s, const struct omemo_identity *self,
    const struct omemo_ops *, const uint8_t *expected, int kex,
    const uint8_t *wire, size_t len, struct omemo_result *);

/*
 * SHA-256 of the inner authenticated message with its MAC (never of the key
 * exchange's envelope), so that re-wrapped copies are the same message.
 * ERR_BAD_MESSAGE.
 */
int omemo_message_digest(const struct omemo_profile *, int kex,
    const uint8_t *wire, size_t len, uint8_t digest[32]);

/* --- payload ---------------------------------------------------------------- */
/*
 * Encrypt a payload under a fresh key: key_and_tag (32 or 48 octets, what
 * goes into each ratchet message), iv (12 octets, legacy; none in version 2),
 * ciphertext appended to out.
 */
int omemo_payload_encrypt(const struct omemo_profile *, const uint8_t *plain,
    size_t len, uint8_t *key_and_tag, size_t *ktlen, uint8_t *iv, size_t *ivlen,
    struct buffer *out);
/*
 * What an empty message carries (session completion, heartbeat): 16 random
 * octets and an IV (legacy) or 32 zero octets and none (version 2).
 */
int omemo_payload_empty(const struct omemo_profile *, uint8_t *key_and_tag,
    size_t *ktlen, uint8_t *iv, size_t *ivlen);
/* out has room for len octets; *outlen is set. ERR_BAD_MAC, ERR_BAD_MESSAGE */
int omemo_payload_decrypt(const struct omemo_profile *,
    const uint8_t *key_and_tag, size_t ktlen, const uint8_t *iv, size_t ivlen,
    const uint8_t *in, size_t len, uint8_t *out, size_t *outlen);

#endif
