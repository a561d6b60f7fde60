/* SPDX-License-Identifier: ISC */
/*
 * What the engine's files share: a session's states, the wire's messages.
 */
#ifndef AGENT_OMEMO_INTERNAL_H
#define AGENT_OMEMO_INTERNAL_H

#include "../crypto/crypto.h"
#include "../crypto/secret.h"
#include "omemo.h"

#define PLAIN_MAX  64		    /* key and tag of version 2 are 48 */
#define CIPHER_MAX (PLAIN_MAX + 16) /* after PKCS#7 */
/* Counters end here: blocks of kept keys are reckoned in 32 bits. */
#define COUNTER_MAX (UINT32_MAX - 2 * OMEMO_BLOCK)
#define DOUBTS_MAX  7	/* chains that may leave a key too many (receive.c) */
#define WIRE_MAX    512 /* octets of the longest that we write */

/* --- wire.c: bounded protobuf ----------------------------------------------- */
struct wire_message {
	uint8_t ratchet[32]; /* the sender's ratchet key */
	uint32_t counter, previous;
	const uint8_t *cipher; /* borrowed, as all below */
	size_t cipherlen;
	const uint8_t *mac;  /* mac_size octets */
	const uint8_t *body; /* what the MAC covers, after the identities */
	size_t bodylen;
};

struct wire_kex {
	uint32_t prekey, signed_prekey;
	struct omemo_peer identity;
	uint8_t base[32]; /* the ephemeral key */
	const uint8_t *inner;
	size_t innerlen;
};

/* ERR_BAD_MESSAGE, ERR_BAD_KEY */
int wire_read_message(const struct omemo_profile *, const uint8_t *p,
    size_t len, struct wire_message *);
int wire_read_kex(const struct omemo_profile *, const uint8_t *p, size_t len,
    struct wire_kex *);
/* The part that the MAC covers. */
void wire_write_body(const struct omemo_profile *, const uint8_t ratchet[32],
    uint32_t counter, uint32_t previous, const uint8_t *cipher, size_t len,
    struct buffer *out);
/* Body and MAC to a message. */
void wire_write_message(const struct omemo_profile *, const struct buffer *body,
    const uint8_t *mac, struct buffer *out);

/* 33 octets (sign bit of ed 0) or 32. ERR_BAD_KEY */
int omemo_identity_decode(const struct omemo_profile *, const uint8_t *p,
    size_t len, struct omemo_peer *);

/* --- ratchet.c: one state --------------------------------------------------- */
struct chain {		 /* receiving */
	uint8_t pub[32]; /* the peer's ratchet key */
	uint8_t key[32]; /* chain key for message next */
	uint32_t next;
};

struct state { /* secure heap; packed by session_pack.c, field by field */
	uint32_t serial;	/* within the session; ties kept keys to it */
	uint8_t initiator;	/* we began it */
	uint8_t pending;	/* our messages are wrapped in a key exchange */
	uint8_t answered;	/* the peer has read one of ours */
	uint8_t one_less;	/* the peer's previous counter is libsignal's */
	uint8_t doubts;		/* chains of which that was not known */
	struct omemo_peer peer; /* identity */
	uint8_t base[32];	/* ephemeral key of the key exchange */
	uint32_t prekey, signed_prekey, device; /* of the key exchange */
	uint8_t digest[16];			/* of its secret */
	uint8_t root[32];
	uint8_t own_priv[32], own_pub[32]; /* our ratchet key */
	uint8_t send_key[32];		   /* sending chain */
	uint32_t send_next, send_previous;
	uint8_t nchains;
	struct chain chains[LIMIT_CHAINS]; /* oldest first */
};

/* wire.c again: a message in st's key exchange. */
void wire_write_kex(const struct omemo_profile *, const struct state *st,
    const struct omemo_identity *self, const struct buffer *inner,
    struct buffer *out);

/* (root, X25519(own, remote)) -> root, chain key */
int ratchet_step_root(const struct omemo_profile *, struct state *,
    const uint8_t remote[32], uint8_t chain[32]);
/* A new ratchet key of ours and its sending chain. */
int ratchet_turn(
    const struct omemo_profile *, struct state *, const uint8_t remote[32]);
/* Chain key -> message key (NULL: not wanted) and next chain key. */
int ratchet_chain(uint8_t chain[32], uint8_t mk[32]);
/* Encrypt with a message key; body and its MAC. */
int ratchet_seal(const struct omemo_profile *, const struct state *,
    const struct omemo_identity *self, const uint8_t mk[32],
    const uint8_t *plain, size_t len, struct buffer *out);
/* ERR_BAD_MAC, ERR_BAD_MESSAGE */
int ratchet_open(const struct omemo_profile *, const struct state *,
    const struct omemo_identity *self, const uint8_t mk[32],
    const struct wire_message *, struct omemo_result *);
/* NULL: not among those kept. */
struct chain *ratchet_find(struct state *, const uint8_t pub[32]);

/* --- x3dh.c ----------------------------------------------------------------- */
/* Shared secret of the one who begins; opk NULL: none. Draws nothing. */
int x3dh_initiate(const struct omemo_profile *,
    const struct omemo_identity *self, const uint8_t base_priv[32],
    const uint8_t base_pub[32], const uint8_t peer_u[32], const uint8_t spk[32],
    const uint8_t *opk, uint8_t sk[32]);
int
x3dh_respond(const struct omemo_profile *, const struct omemo_identity *self,
    const struct omemo_key *spk, const struct omemo_key *opk,
    const uint8_t peer_u[32], const uint8_t base[32], uint8_t sk[32]);
/* Names a shared secret without giving it away. */
int x3dh_digest(const uint8_t sk[32], uint8_t digest[16]);

/* --- session.c -------------------------------------------------------------- */
struct kept { /* one block of kept message keys; oldest first */
	uint8_t id[16];
	uint32_t serial; /* of its state */
	uint8_t count;	 /* keys in it */
};

#define STATES (1 + LIMIT_STATES)

struct omemo_session {
	const struct omemo_profile *profile;
	uint32_t next_serial;
	size_t nstates;
	struct state *states[STATES]; /* [0] is current; newest first */
	size_t nkept;
	struct kept *kept; /* names only, ordinary memory; LIMIT_SKIP of them */
};

struct state *state_new(void);
void state_free(struct state *);
/* s takes st as its current state; the oldest beyond the limit is freed. */
void session_add_state(struct omemo_session *, struct state *st);
void session_promote(struct omemo_session *, size_t i);

/* --- kept.c: message keys skipped and kept ---------------------------------- */
/* The block of a message, NULL if there is none. */
struct kept *kept_find(struct omemo_session *, const struct state *,
    const uint8_t pub[32], uint32_t counter);
/* Its key. ERR_DUPLICATE: used already. */
int kept_get(const struct omemo_ops *, const struct kept *, uint32_t counter,
    struct omemo_block *block, const uint8_t **mk);
/* Take the key out of the block just read; delete an empty one. */
int kept_remove(struct omemo_session *, const struct omemo_ops *, struct kept *,
    uint32_t counter, struct omemo_block *block);
/* Move the chain to counter, keeping the keys up to it. */
int kept_advance(struct omemo_session *, const struct omemo_ops *,
    const struct state *, struct chain *, uint32_t counter);
/* Delete the blocks of states that are no more. */
int kept_sweep(struct omemo_session *, const struct omemo_ops *);

#endif
