/* SPDX-License-Identifier: ISC */
/*
 * peer_omemo VERSION(3|4) ROW [DATABASE]: the bench's peer, Debian's libomemo-c
 * in this very process. Records are in memory, as fast as can be; with
 * DATABASE each changed session is committed to SQLite first (WAL, FULL), as
 * chat clients do. Its crypto is OpenSSL's, contexts and algorithms kept.
 * Prints names and figures like ours.c.
 */
#include <curve.h>
#include <key_helper.h>
#include <protocol.h>
#include <ratchet.h>
#include <session_builder.h>
#include <session_cipher.h>
#include <session_pre_key.h>
#include <signal_protocol.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#define MOST 1100

struct party { /* one user, with a session for each device of the other */
	signal_buffer *ikpub, *ikpriv, *sessions[MOST], *prekeys[MOST], *spk;
	signal_protocol_store_context *store;
	ratchet_identity_key_pair *identity;
	session_signed_pre_key *signed_prekey;
	session_pre_key *keys[MOST];
	session_cipher *ciphers[MOST];
	session_builder *builders[MOST];
	signal_protocol_address addresses[MOST];
	sqlite3_stmt *put;
};

static signal_context *ctx;
static const EVP_MD *sha256;
static const EVP_CIPHER *cbc256;
static HMAC_CTX *spare[8];
static int nspare;
static EVP_CIPHER_CTX *cipher;
static uint32_t version;

static void
must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "peer_omemo: %s\n", what);
	exit(1);
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* --- crypto ------------------------------------------------------------------ */

static int
random_octets(uint8_t *d, size_t n, void *u)
{
	return RAND_bytes(d, n) == 1 ? 0 : -1;
}

static int
hmac_init(void **c, const uint8_t *k, size_t n, void *u)
{
	HMAC_CTX *h = nspare > 0 ? spare[--nspare] : HMAC_CTX_new();

	*c = h;
	return HMAC_Init_ex(h, k, n, sha256, NULL) == 1 ? 0 : -1;
}

static int
hmac_update(void *c, const uint8_t *d, size_t n, void *u)
{
	return HMAC_Update(c, d, n) == 1 ? 0 : -1;
}

static int
hmac_final(void *c, signal_buffer **o, void *u)
{
	uint8_t m[64];
	unsigned l;

	if (HMAC_Final(c, m, &l) != 1)
		return -1;
	*o = signal_buffer_create(m, l);
	return 0;
}

static void
hmac_cleanup(void *c, void *u)
{
	if (nspare < 8)
		spare[nspare++] = c;
	else
		HMAC_CTX_free(c);
}

static int
aes(int enc, signal_buffer **o, const uint8_t *k, const uint8_t *iv,
    const uint8_t *p, size_t n)
{
	uint8_t small[1024],
	    *b = n + 32 > sizeof small ? malloc(n + 32) : small;
	int l = 0, f = 0,
	    ok = EVP_CipherInit_ex2(cipher, cbc256, k, iv, enc, NULL) &&
	    EVP_CipherUpdate(cipher, b, &l, p, n) &&
	    EVP_CipherFinal_ex(cipher, b + l, &f);

	if (ok)
		*o = signal_buffer_create(b, l + f);
	if (b != small)
		free(b);
	return ok ? 0 : -1;
}

static int
aes_encrypt(signal_buffer **o, int c, const uint8_t *k, size_t kl,
    const uint8_t *iv, size_t il, const uint8_t *p, size_t n, void *u)
{
	return aes(1, o, k, iv, p, n);
}

static int
aes_decrypt(signal_buffer **o, int c, const uint8_t *k, size_t kl,
    const uint8_t *iv, size_t il, const uint8_t *p, size_t n, void *u)
{
	return aes(0, o, k, iv, p, n);
}

/* --- records ------------------------------------------------------------------ */

static int
ik_get(signal_buffer **a, signal_buffer **b, void *u)
{
	struct party *p = u;

	*a = signal_buffer_copy(p->ikpub);
	*b = signal_buffer_copy(p->ikpriv);
	return 0;
}

static int
ik_reg(void *u, uint32_t *r)
{
	*r = 4242;
	return 0;
}

static int
ik_save(const signal_protocol_address *a, uint8_t *k, size_t n, void *u)
{
	return 0;
}

static int
ik_trust(const signal_protocol_address *a, uint8_t *k, size_t n, void *u)
{
	return 1;
}

static void
nop(void *u)
{
}

static int
s_load(signal_buffer **r, signal_buffer **ur, const signal_protocol_address *a,
    void *u)
{
	struct party *p = u;

	*ur = NULL;
	if (p->sessions[a->device_id] == NULL)
		return 0;
	*r = signal_buffer_copy(p->sessions[a->device_id]);
	return 1;
}

static int
s_store(const signal_protocol_address *a, uint8_t *r, size_t n, uint8_t *ur,
    size_t un, void *u)
{
	struct party *p = u;

	if (p->put != NULL) {
		sqlite3_bind_int(p->put, 1, a->device_id);
		sqlite3_bind_blob(p->put, 2, r, n, SQLITE_STATIC);
		must(sqlite3_step(p->put) == SQLITE_DONE, "commit");
		sqlite3_reset(p->put);
	}
	signal_buffer_free(p->sessions[a->device_id]);
	p->sessions[a->device_id] = signal_buffer_create(r, n);
	return 0;
}

static int
s_has(const signal_protocol_address *a, void *u)
{
	return ((struct party *)u)->sessions[a->device_id] != NULL;
}

static int
s_sub(signal_int_list **s, const char *n, size_t l, void *u)
{
	return 0;
}

static int
s_del(const signal_protocol_address *a, void *u)
{
	return 0;
}

static int
s_delall(const char *n, size_t l, void *u)
{
	return 0;
}

static int
p_load(signal_buffer **r, uint32_t id, void *u)
{
	struct party *p = u;

	if (id >= MOST || p->prekeys[id] == NULL)
		return SG_ERR_INVALID_KEY_ID;
	*r = signal_buffer_copy(p->prekeys[id]);
	return SG_SUCCESS;
}

static int
p_store(uint32_t id, uint8_t *r, size_t n, void *u)
{
	((struct party *)u)->prekeys[id] = signal_buffer_create(r, n);
	return 0;
}

static int
p_has(uint32_t id, void *u)
{
	return ((struct party *)u)->prekeys[id] != NULL;
}

static int
p_remove(uint32_t id, void *u)
{
	((struct party *)u)->prekeys[id] = NULL;
	return 0;
}

static int
sp_load(signal_buffer **r, uint32_t id, void *u)
{
	*r = signal_buffer_copy(((struct party *)u)->spk);
	return SG_SUCCESS;
}

static int
sp_store(uint32_t id, uint8_t *r, size_t n, void *u)
{
	((struct party *)u)->spk = signal_buffer_create(r, n);
	return 0;
}

static int
sp_has(uint32_t id, void *u)
{
	return 1;
}

static int
sp_remove(uint32_t id, void *u)
{
	return 0;
}

static struct party *
party_new(size_t n, const char *peer)
{
	struct party *p = calloc(1, sizeof *p);
	signal_protocol_session_store ss = { s_load, s_sub, s_store, s_has,
		s_del, s_delall, nop, p };
	signal_protocol_pre_key_store ps = { p_load, p_store, p_has, p_remove,
		nop, p };
	signal_protocol_signed_pre_key_store sps = { sp_load, sp_store, sp_has,
		sp_remove, nop, p };
	signal_protocol_identity_key_store is = { ik_get, ik_reg, ik_save,
		ik_trust, nop, p };
	signal_protocol_key_helper_pre_key_list_node *list;

	signal_protocol_store_context_create(&p->store, ctx);
	signal_protocol_store_context_set_session_store(p->store, &ss);
	signal_protocol_store_context_set_pre_key_store(p->store, &ps);
	signal_protocol_store_context_set_signed_pre_key_store(p->store, &sps);
	signal_protocol_store_context_set_identity_key_store(p->store, &is);
	signal_protocol_key_helper_generate_identity_key_pair(
	    &p->identity, ctx);
	ec_public_key_serialize(
	    &p->ikpub, ratchet_identity_key_pair_get_public(p->identity));
	ec_private_key_serialize(
	    &p->ikpriv, ratchet_identity_key_pair_get_private(p->identity));
	signal_protocol_key_helper_generate_signed_pre_key(
	    &p->signed_prekey, p->identity, 7, 1000, ctx);
	signal_protocol_signed_pre_key_store_key(p->store, p->signed_prekey);
	signal_protocol_key_helper_generate_pre_keys(&list, 1, n, ctx);
	for (size_t i = 1; i <= n; i++) {
		p->keys[i] = signal_protocol_key_helper_key_list_element(list);
		signal_protocol_pre_key_store_key(p->store, p->keys[i]);
		list = signal_protocol_key_helper_key_list_next(list);
	}
	for (size_t i = 1; i <= n; i++) {
		p->addresses[i] =
		    (signal_protocol_address){ peer, strlen(peer), i };
		session_builder_create(
		    &p->builders[i], p->store, &p->addresses[i], ctx);
		session_builder_set_version(p->builders[i], version);
		session_cipher_create(
		    &p->ciphers[i], p->store, &p->addresses[i], ctx);
		session_cipher_set_version(p->ciphers[i], version);
	}
	return p;
}

/* --- messages ----------------------------------------------------------------- */

/* What one key of a message carries: 32 octets in 0.3.0, 48 in OMEMO 2. */
static signal_buffer *
encrypt(struct party *p, size_t i, int *kex)
{
	static const uint8_t text[48];
	ciphertext_message *m;
	signal_buffer *b;

	must(session_cipher_encrypt(
		 p->ciphers[i], text, version == 4 ? 48 : 32, &m) == 0,
	    "encrypt");
	if (kex != NULL)
		*kex = ciphertext_message_get_type(m) == CIPHERTEXT_PREKEY_TYPE;
	b = signal_buffer_copy(ciphertext_message_get_serialized(m));
	SIGNAL_UNREF(m);
	return b;
}

static void
decrypt(struct party *p, size_t i, signal_buffer *b, int kex)
{
	const uint8_t *d = signal_buffer_data(b);
	size_t n = signal_buffer_len(b);
	pre_key_signal_message *pm = NULL;
	signal_message *m = NULL;
	signal_buffer *plain = NULL;
	int r;

	if (kex) {
		r = version == 4
		    ? pre_key_signal_message_deserialize_omemo(
			  &pm, d, n, 1, ctx)
		    : pre_key_signal_message_deserialize(&pm, d, n, ctx);
		if (r == 0)
			r = session_cipher_decrypt_pre_key_signal_message(
			    p->ciphers[i], pm, NULL, &plain);
		SIGNAL_UNREF(pm);
	} else {
		r = version == 4
		    ? signal_message_deserialize_omemo(&m, d, n, ctx)
		    : signal_message_deserialize(&m, d, n, ctx);
		if (r == 0)
			r = session_cipher_decrypt_signal_message(
			    p->ciphers[i], m, NULL, &plain);
		SIGNAL_UNREF(m);
	}
	must(r == 0, "decrypt");
	signal_buffer_free(plain);
}

static void
begin(struct party *a, struct party *b, size_t i)
{
	session_pre_key_bundle *bundle;
	const uint8_t *sig = version == 4
	    ? session_signed_pre_key_get_signature_omemo(b->signed_prekey)
	    : session_signed_pre_key_get_signature(b->signed_prekey);

	session_pre_key_bundle_create(&bundle, 1, i, i,
	    ec_key_pair_get_public(session_pre_key_get_key_pair(b->keys[i])), 7,
	    ec_key_pair_get_public(
		session_signed_pre_key_get_key_pair(b->signed_prekey)),
	    sig, 64, ratchet_identity_key_pair_get_public(b->identity));
	must(
	    session_builder_process_pre_key_bundle(a->builders[i], bundle) == 0,
	    "bundle");
	SIGNAL_UNREF(bundle);
}

static struct party *us, *them;

/* n sessions, each answered once. */
static void
acquainted(size_t n)
{
	us = party_new(n, "them");
	them = party_new(n, "us");
	for (size_t i = 1; i <= n; i++) {
		begin(us, them, i);
		decrypt(them, i, encrypt(us, i, NULL), 1);
		decrypt(us, i, encrypt(them, i, NULL), 0);
	}
}

/* --- rows ----------------------------------------------------------------------- */

static void
row_encrypt(void)
{
	const size_t n = us != NULL && us->put != NULL ? 500 : 20000;
	double began = seconds();

	for (size_t i = 0; i < n; i++)
		signal_buffer_free(encrypt(us, 1, NULL));
	printf("encrypt\t%.6g\n", n / (seconds() - began));
}

static void
row_ratchet(void)
{
	static signal_buffer *b[MOST];
	const size_t n = 240;
	double took = 0, encrypted = 0, began;

	for (int round = 0; round < 3; round++) {
		began = seconds();
		for (size_t i = 1; i <= n; i++)
			b[i] = encrypt(us, i, NULL);
		encrypted += seconds() - began;
		for (size_t i = 1; i <= n; i++) {
			decrypt(them, i, b[i], 0);
			b[i] = encrypt(them, i, NULL);
		}
		began = seconds();
		for (size_t i = 1; i <= n; i++)
			decrypt(us, i, b[i], 0);
		took += seconds() - began;
	}
	printf("ratchet\t%.6g\n", 3 * n / took);
	printf("round\t%.6g\n", 3 * n / (took + encrypted));
}

static void
row_session(void)
{
	const size_t n = 240;
	double began;

	us = party_new(n, "them");
	them = party_new(n, "us");
	began = seconds();
	for (size_t i = 1; i <= n; i++) {
		begin(us, them, i);
		encrypt(us, i, NULL);
	}
	printf("session\t%.6g\n", n / (seconds() - began));
}

static void
row_first(void)
{
	static signal_buffer *b[MOST];
	const size_t n = 90;
	double began;

	us = party_new(n, "them");
	them = party_new(n, "us");
	for (size_t i = 1; i <= n; i++) {
		begin(them, us, i);
		b[i] = encrypt(them, i, NULL);
	}
	began = seconds();
	for (size_t i = 1; i <= n; i++)
		decrypt(us, i, b[i], 1);
	printf("first\t%.6g\n", n / (seconds() - began));
}

static void
row_reverse(void)
{
	static signal_buffer *b[MOST];
	const size_t n = 1000;
	double began;

	for (size_t i = 0; i < n; i++)
		b[i] = encrypt(them, 1, NULL);
	began = seconds();
	for (size_t i = n; i-- > 0;)
		decrypt(us, 1, b[i], 0);
	printf("reverse seconds\t%.6g\n", seconds() - began);
}

static void
row_fan(void)
{
	double times[5], t;

	for (size_t k = 0; k < 5; k++) {
		t = seconds();
		for (size_t i = 1; i <= 1000; i++)
			signal_buffer_free(encrypt(us, i, NULL));
		t = seconds() - t;
		size_t j = k;
		for (; j > 0 && times[j - 1] > t; j--)
			times[j] = times[j - 1];
		times[j] = t;
	}
	printf("fan seconds\t%.6g\n", times[2]);
}

static void
use_database(const char *path)
{
	sqlite3 *db;

	must(sqlite3_open(path, &db) == SQLITE_OK &&
		sqlite3_exec(db,
		    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		    "CREATE TABLE IF NOT EXISTS session (id INTEGER PRIMARY KEY,"
		    " record BLOB)",
		    NULL, NULL, NULL) == SQLITE_OK &&
		sqlite3_prepare_v2(db,
		    "INSERT OR REPLACE INTO session VALUES (?1, ?2)", -1,
		    &us->put, NULL) == SQLITE_OK,
	    "database");
}

static const struct {
	const char *name;
	size_t sessions; /* acquainted before */
	void (*measure)(void);
} rows[] = {
	{ "encrypt", 1, row_encrypt },
	{ "ratchet", 240, row_ratchet },
	{ "session", 0, row_session },
	{ "first", 0, row_first },
	{ "reverse", 1, row_reverse },
	{ "fan", 1000, row_fan },
};

int
main(int argc, char **argv)
{
	signal_crypto_provider cp = { .random_func = random_octets,
		.hmac_sha256_init_func = hmac_init,
		.hmac_sha256_update_func = hmac_update,
		.hmac_sha256_final_func = hmac_final,
		.hmac_sha256_cleanup_func = hmac_cleanup,
		.encrypt_func = aes_encrypt,
		.decrypt_func = aes_decrypt };

	must(argc >= 3, "usage: peer_omemo VERSION ROW [DATABASE]");
	version = atoi(argv[1]);
	sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	cbc256 = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	cipher = EVP_CIPHER_CTX_new();
	signal_context_create(&ctx, NULL);
	signal_context_set_crypto_provider(ctx, &cp);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strcmp(rows[i].name, argv[2]) == 0) {
			if (rows[i].sessions > 0)
				acquainted(rows[i].sessions);
			if (argc > 3)
				use_database(argv[3]);
			rows[i].measure();
			return 0;
		}
	must(0, "no such row");
}
