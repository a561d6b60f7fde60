/* SPDX-License-Identifier: ISC */
/*
 * A test's counterpart: one device of Debian's libomemo-c with one peer,
 * driven by lines on stdin, answering a line each.
 *
 *   omemo_oracle VERSION(3|4) SEED      deterministic: SHA256(seed/counter)
 *   bundle                              its keys, the private ones too; first
 *   process PKID PK SPKID SPK SIG IK    begin a session     -> ok | err N
 *   enc HEX                             -> prekey WIRE | msg WIRE
 *   dec WIRE | decpk WIRE               -> pt HEX | err N (-1001 duplicate)
 *
 * Keys are 33 octets (05…); in version 4 the signature is over 32 and IK the
 * Ed25519 form. It trusts whatever its driver sends.
 */
#include <curve.h>
#include <key_helper.h>
#include <protocol.h>
#include <ratchet.h>
#include <session_builder.h>
#include <session_cipher.h>
#include <session_pre_key.h>
#include <signal_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
static const char *seedstr;
static uint32_t ctr;

static int
rnd(uint8_t *d, size_t n, void *u)
{
	(void)u;
	while (n) {
		char b[200];
		uint8_t h[32];
		int l = snprintf(b, sizeof b, "%s/%u", seedstr, ctr++);
		SHA256((uint8_t *)b, l, h);
		size_t k = n < 32 ? n : 32;
		memcpy(d, h, k);
		d += k;
		n -= k;
	}
	return 0;
}

static int
hi(void **c, const uint8_t *k, size_t n, void *u)
{
	(void)u;
	HMAC_CTX *h = HMAC_CTX_new();
	*c = h;
	return HMAC_Init_ex(h, k, (int)n, EVP_sha256(), 0) == 1 ? 0 : -1;
}

static int
hu(void *c, const uint8_t *d, size_t n, void *u)
{
	(void)u;
	return HMAC_Update(c, d, n) == 1 ? 0 : -1;
}

static int
hf(void *c, signal_buffer **o, void *u)
{
	(void)u;
	uint8_t m[64];
	unsigned l;
	if (HMAC_Final(c, m, &l) != 1)
		return -1;
	*o = signal_buffer_create(m, l);
	return 0;
}

static void
hc(void *c, void *u)
{
	(void)u;
	HMAC_CTX_free(c);
}

static int
aes(int enc, signal_buffer **o, const uint8_t *k, const uint8_t *iv,
    const uint8_t *p, size_t n)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t *b = malloc(n + 32);
	int l = 0, f = 0,
	    ok = EVP_CipherInit_ex(c, EVP_aes_256_cbc(), 0, k, iv, enc) &&
	    EVP_CipherUpdate(c, b, &l, p, (int)n) &&
	    EVP_CipherFinal_ex(c, b + l, &f);
	EVP_CIPHER_CTX_free(c);
	if (ok)
		*o = signal_buffer_create(b, l + f);
	free(b);
	return ok ? 0 : -1;
}

static int
en(signal_buffer **o, int ci, const uint8_t *k, size_t kl, const uint8_t *iv,
    size_t il, const uint8_t *p, size_t n, void *u)
{
	(void)ci;
	(void)kl;
	(void)il;
	(void)u;
	return aes(1, o, k, iv, p, n);
}

static int
de(signal_buffer **o, int ci, const uint8_t *k, size_t kl, const uint8_t *iv,
    size_t il, const uint8_t *p, size_t n, void *u)
{
	(void)ci;
	(void)kl;
	(void)il;
	(void)u;
	return aes(0, o, k, iv, p, n);
}

static signal_buffer *ikpub, *ikpriv, *sess, *pkrec[64], *spkrec;
static uint32_t pkid0 = 100, spkid = 7;
static uint32_t regid = 4242;

static int
ik_get(signal_buffer **a, signal_buffer **b, void *u)
{
	(void)u;
	*a = signal_buffer_copy(ikpub);
	*b = signal_buffer_copy(ikpriv);
	return 0;
}

static int
ik_reg(void *u, uint32_t *r)
{
	(void)u;
	*r = regid;
	return 0;
}

static int
ik_save(const signal_protocol_address *a, uint8_t *k, size_t n, void *u)
{
	(void)a;
	(void)k;
	(void)n;
	(void)u;
	return 0;
}

static int
ik_trust(const signal_protocol_address *a, uint8_t *k, size_t n, void *u)
{
	(void)a;
	(void)k;
	(void)n;
	(void)u;
	return 1;
}

static void
nop(void *u)
{
	(void)u;
}

static int
s_load(signal_buffer **r, signal_buffer **ur, const signal_protocol_address *a,
    void *u)
{
	(void)a;
	(void)u;
	*ur = 0;
	if (!sess)
		return 0;
	*r = signal_buffer_copy(sess);
	return 1;
}

static int
s_store(const signal_protocol_address *a, uint8_t *r, size_t n, uint8_t *ur,
    size_t un, void *u)
{
	(void)a;
	(void)ur;
	(void)un;
	(void)u;
	if (sess)
		signal_buffer_free(sess);
	sess = signal_buffer_create(r, n);
	return 0;
}

static int
s_has(const signal_protocol_address *a, void *u)
{
	(void)a;
	(void)u;
	return sess != 0;
}

static int
s_sub(signal_int_list **s, const char *n, size_t l, void *u)
{
	(void)s;
	(void)n;
	(void)l;
	(void)u;
	return 0;
}

static int
s_del(const signal_protocol_address *a, void *u)
{
	(void)a;
	(void)u;
	return 0;
}

static int
s_dall(const char *n, size_t l, void *u)
{
	(void)n;
	(void)l;
	(void)u;
	return 0;
}

static int
p_load(signal_buffer **r, uint32_t id, void *u)
{
	(void)u;
	if (id < pkid0 || id >= pkid0 + 64 || !pkrec[id - pkid0])
		return SG_ERR_INVALID_KEY_ID;
	*r = signal_buffer_copy(pkrec[id - pkid0]);
	return SG_SUCCESS;
}

static int
p_store(uint32_t id, uint8_t *r, size_t n, void *u)
{
	(void)u;
	pkrec[id - pkid0] = signal_buffer_create(r, n);
	return 0;
}

static int
p_has(uint32_t id, void *u)
{
	(void)u;
	return pkrec[id - pkid0] != 0;
}

static int
p_rm(uint32_t id, void *u)
{
	(void)u;
	pkrec[id - pkid0] = 0;
	return 0;
}

static int
sp_load(signal_buffer **r, uint32_t id, void *u)
{
	(void)u;
	if (id != spkid)
		return SG_ERR_INVALID_KEY_ID;
	*r = signal_buffer_copy(spkrec);
	return SG_SUCCESS;
}

static int
sp_store(uint32_t id, uint8_t *r, size_t n, void *u)
{
	(void)id;
	(void)u;
	spkrec = signal_buffer_create(r, n);
	return 0;
}

static int
sp_has(uint32_t id, void *u)
{
	(void)u;
	return id == spkid;
}

static int
sp_rm(uint32_t id, void *u)
{
	(void)id;
	(void)u;
	return 0;
}

static void
hex(const char *k, const uint8_t *d, size_t n)
{
	printf("%s ", k);
	for (size_t i = 0; i < n; i++)
		printf("%02x", d[i]);
	printf("\n");
}

static size_t
unhex(uint8_t *o, const char *s)
{
	size_t n = 0;
	unsigned v;
	while (s[0] && s[1] && sscanf(s, "%2x", &v) == 1) {
		o[n++] = v;
		s += 2;
	}
	return n;
}

#define HB(k, b) hex(k, signal_buffer_data(b), signal_buffer_len(b))

int
main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	uint32_t ver = atoi(argv[1]);
	seedstr = argv[2];
	signal_context *ctx;
	signal_context_create(&ctx, 0);
	signal_crypto_provider cp = { .random_func = rnd,
		.hmac_sha256_init_func = hi,
		.hmac_sha256_update_func = hu,
		.hmac_sha256_final_func = hf,
		.hmac_sha256_cleanup_func = hc,
		.encrypt_func = en,
		.decrypt_func = de };
	signal_context_set_crypto_provider(ctx, &cp);
	signal_protocol_store_context *st;
	signal_protocol_store_context_create(&st, ctx);
	signal_protocol_session_store ss = { s_load, s_sub, s_store, s_has,
		s_del, s_dall, nop, 0 };
	signal_protocol_store_context_set_session_store(st, &ss);
	signal_protocol_pre_key_store ps = { p_load, p_store, p_has, p_rm, nop,
		0 };
	signal_protocol_store_context_set_pre_key_store(st, &ps);
	signal_protocol_signed_pre_key_store sps = { sp_load, sp_store, sp_has,
		sp_rm, nop, 0 };
	signal_protocol_store_context_set_signed_pre_key_store(st, &sps);
	signal_protocol_identity_key_store is = { ik_get, ik_reg, ik_save,
		ik_trust, nop, 0 };
	signal_protocol_store_context_set_identity_key_store(st, &is);
	ratchet_identity_key_pair *ik;
	signal_protocol_key_helper_generate_identity_key_pair(&ik, ctx);
	ec_public_key_serialize(
	    &ikpub, ratchet_identity_key_pair_get_public(ik));
	ec_private_key_serialize(
	    &ikpriv, ratchet_identity_key_pair_get_private(ik));
	session_signed_pre_key *spk;
	signal_protocol_key_helper_generate_signed_pre_key(
	    &spk, ik, spkid, 1000, ctx);
	signal_protocol_signed_pre_key_store_key(st, spk);
	signal_protocol_key_helper_pre_key_list_node *h, *it;
	signal_protocol_key_helper_generate_pre_keys(&h, pkid0, 4, ctx);
	signal_protocol_address addr = { "peer", 4, 1 };
	session_builder *sb;
	session_builder_create(&sb, st, &addr, ctx);
	session_builder_set_version(sb, ver);
	session_cipher *sc;
	session_cipher_create(&sc, st, &addr, ctx);
	session_cipher_set_version(sc, ver);
	char *line = malloc(1 << 20);
	uint8_t *b = malloc(1 << 19);
	setvbuf(stdout, 0, _IOLBF, 0);
	while (fgets(line, 1 << 20, stdin)) {
		char *sp = strchr(line, ' ');
		char *nl = strchr(line, '\n');
		if (nl)
			*nl = 0;
		if (sp)
			*sp++ = 0;
		if (!strcmp(line, "bundle")) {
			signal_buffer *t;
			HB("ik_priv", ikpriv);
			HB("ik_mont", ikpub);
			t = ec_public_key_get_ed(
			    ratchet_identity_key_pair_get_public(ik));
			HB("ik_ed", t);
			printf("spk_id %u\n", spkid);
			ec_public_key_serialize(&t,
			    ec_key_pair_get_public(
				session_signed_pre_key_get_key_pair(spk)));
			HB("spk", t);
			ec_private_key_serialize(&t,
			    ec_key_pair_get_private(
				session_signed_pre_key_get_key_pair(spk)));
			HB("spk_priv", t);
			hex("spk_sig",
			    session_signed_pre_key_get_signature(spk), 64);
			hex("spk_sig_omemo",
			    session_signed_pre_key_get_signature_omemo(spk),
			    64);
			for (it = h; it;
			     it =
				 signal_protocol_key_helper_key_list_next(it)) {
				session_pre_key *p =
				    signal_protocol_key_helper_key_list_element(
					it);
				signal_protocol_pre_key_store_key(st, p);
				printf("pk_id %u\n", session_pre_key_get_id(p));
				ec_public_key_serialize(&t,
				    ec_key_pair_get_public(
					session_pre_key_get_key_pair(p)));
				HB("pk", t);
				ec_private_key_serialize(&t,
				    ec_key_pair_get_private(
					session_pre_key_get_key_pair(p)));
				HB("pk_priv", t);
			}
			printf("end\n");
		} else if (
		    !strcmp(line,
			"process")) { /* process pkid pkhex(05..) spkid spkhex sighex ikhex(33 or 32) */
			unsigned pi, si;
			static char a[300], c[300], d[300], e[300];
			if (sscanf(sp, "%u %299s %u %299s %299s %299s", &pi, a,
				&si, c, d, e) != 6) {
				printf("err parse\n");
				continue;
			}
			uint8_t x[80];
			size_t n;
			ec_public_key *pk, *sk, *id;
			n = unhex(x, a);
			curve_decode_point(&pk, x, n, ctx);
			n = unhex(x, c);
			curve_decode_point(&sk, x, n, ctx);
			n = unhex(x, e);
			curve_decode_point(&id, x, n, ctx);
			n = unhex(x, d);
			session_pre_key_bundle *bu;
			session_pre_key_bundle_create(
			    &bu, 1, 1, pi, pk, si, sk, x, n, id);
			int r = session_builder_process_pre_key_bundle(sb, bu);
			printf(r == 0 ? "ok\n" : "err %d\n", r);
		} else if (!strcmp(line, "enc")) {
			size_t n = unhex(b, sp);
			ciphertext_message *m;
			int r = session_cipher_encrypt(sc, b, n, &m);
			if (r) {
				printf("err %d\n", r);
				continue;
			}
			HB(ciphertext_message_get_type(m) ==
				    CIPHERTEXT_PREKEY_TYPE
				? "prekey"
				: "msg",
			    ciphertext_message_get_serialized(m));
		} else if (!strcmp(line, "dec") || !strcmp(line, "decpk")) {
			size_t n = unhex(b, sp);
			signal_buffer *pt = 0;
			int r;
			if (line[3]) {
				pre_key_signal_message *m = 0;
				r = ver == 4
				    ? pre_key_signal_message_deserialize_omemo(
					  &m, b, n, 1, ctx)
				    : pre_key_signal_message_deserialize(
					  &m, b, n, ctx);
				if (!r)
					r = session_cipher_decrypt_pre_key_signal_message(
					    sc, m, 0, &pt);
			} else {
				signal_message *m = 0;
				r = ver == 4
				    ? signal_message_deserialize_omemo(
					  &m, b, n, ctx)
				    : signal_message_deserialize(&m, b, n, ctx);
				if (!r)
					r = session_cipher_decrypt_signal_message(
					    sc, m, 0, &pt);
			}
			if (r)
				printf("err %d\n", r);
			else
				HB("pt", pt);
		} else
			printf("err cmd\n");
	}
	return 0;
}
