/* SPDX-License-Identifier: ISC */
/*
 * The slots row, its form and its wrapping. Runs in the keeper; holds
 * nothing. The row comes from the store before anything can vouch for it:
 * every field is bounded (the root record counts it in at unlock).
 */
#include "slots.h"

#include <string.h>

#include "../ipc/err.h"
#include "account.h" /* clock_real */
#include "crypto/crypto.h"

#define SCRYPT_R 8
#define SCRYPT_P 1

static int
slot_good(const struct slot *s)
{
	if (s->id == 0)
		return 0;
	if (s->kind == SLOT_RECOVERY || s->kind == SLOT_KEY_FILE)
		return s->log2n == 0 && s->r == 0 && s->p == 0;
	return s->kind == SLOT_PASSPHRASE &&
	    s->log2n >= LIMIT_SCRYPT_LOG2N_MIN &&
	    s->log2n <= LIMIT_SCRYPT_LOG2N_MAX && s->r == SCRYPT_R &&
	    s->p == SCRYPT_P;
}

int
slots_read(struct slots *slots, const uint8_t *p, size_t len)
{
	struct reader in;
	size_t n;

	*slots = (struct slots){ 0 };
	reader_init(&in, p, len);
	if (reader_u8(&in) != SLOT_FORMAT)
		return ERR_CORRUPT;
	n = reader_u8(&in);
	if (n == 0 || n > LIMIT_SLOTS)
		return ERR_CORRUPT;
	for (size_t i = 0; i < n; i++) {
		struct slot *s = &slots->v[i];
		s->kind = reader_u8(&in);
		s->id = reader_u8(&in);
		s->made = reader_u64(&in);
		s->log2n = reader_u8(&in);
		s->r = reader_u32(&in);
		s->p = reader_u32(&in);
		reader_fixed(&in, s->salt, sizeof(s->salt));
		reader_fixed(&in, s->nonce, sizeof(s->nonce));
		reader_fixed(&in, s->wrapped, sizeof(s->wrapped));
		reader_fixed(&in, s->tag, sizeof(s->tag));
		if (in.err != 0 || !slot_good(s) ||
		    slots_find(slots, s->id) != NULL)
			return ERR_CORRUPT;
		slots->n = i + 1;
	}
	return reader_end(&in) != 0 ? ERR_CORRUPT : 0;
}

static void
slot_write_head(const struct slot *s, struct buffer *out)
{
	buffer_put_u8(out, s->kind);
	buffer_put_u8(out, s->id);
	buffer_put_u64(out, s->made);
	buffer_put_u8(out, s->log2n);
	buffer_put_u32(out, s->r);
	buffer_put_u32(out, s->p);
	buffer_put(out, s->salt, sizeof(s->salt));
}

void
slots_write(const struct slots *slots, struct buffer *out)
{
	buffer_put_u8(out, SLOT_FORMAT);
	buffer_put_u8(out, (uint8_t)slots->n);
	for (size_t i = 0; i < slots->n; i++) {
		const struct slot *s = &slots->v[i];
		slot_write_head(s, out);
		buffer_put(out, s->nonce, sizeof(s->nonce));
		buffer_put(out, s->wrapped, sizeof(s->wrapped));
		buffer_put(out, s->tag, sizeof(s->tag));
	}
}

struct slot *
slots_find(struct slots *slots, uint8_t id)
{
	for (size_t i = 0; i < slots->n; i++)
		if (slots->v[i].id == id)
			return &slots->v[i];
	return NULL;
}

const struct slot *
slots_next(const struct slots *slots, enum slot_kind kind, size_t *i)
{
	while (*i < slots->n)
		if (slots->v[(*i)++].kind == kind)
			return &slots->v[*i - 1];
	return NULL;
}

struct slot *
slots_add(struct slots *slots)
{
	struct slot *s;
	uint8_t id = 1;

	if (slots->n == LIMIT_SLOTS)
		return NULL;
	while (slots_find(slots, id) != NULL)
		id++; /* there are fewer slots than ids */
	s = &slots->v[slots->n++];
	*s = (struct slot){ .id = id };
	return s;
}

void
slots_remove(struct slots *slots, struct slot *s)
{
	size_t at = (size_t)(s - slots->v);

	slots->n--;
	memmove(s, s + 1, (slots->n - at) * sizeof(*s));
	slots->v[slots->n] = (struct slot){ 0 };
}

int
slot_init(struct slot *s, enum slot_kind kind, unsigned log2n)
{
	*s = (struct slot){ .kind = (uint8_t)kind, .id = s->id };
	s->made = clock_real();
	if (kind == SLOT_PASSPHRASE) {
		s->log2n = (uint8_t)log2n;
		s->r = SCRYPT_R;
		s->p = SCRYPT_P;
	}
	return random_public(s->salt, sizeof(s->salt));
}

int
slot_wrap(
    struct slot *s, const uint8_t key[SLOT_KEY], const struct secret *master)
{
	struct buffer aad;
	int err = random_public(s->nonce, sizeof(s->nonce));

	buffer_init(&aad, SLOT_AAD);
	slot_write_head(s, &aad);
	if (err == 0 && (err = aad.err) == 0)
		err = crypto_gcm_seal(key, SLOT_KEY, s->nonce, sizeof(s->nonce),
		    aad.data, aad.len, master->data, SLOT_KEY, s->wrapped,
		    s->tag);
	buffer_free(&aad);
	return err;
}

int
slot_unwrap(
    const struct slot *s, const uint8_t key[SLOT_KEY], struct secret *master)
{
	struct buffer aad;
	int err = secret_new(master, SLOT_KEY);

	if (err != 0)
		return err;
	buffer_init(&aad, SLOT_AAD);
	slot_write_head(s, &aad);
	if ((err = aad.err) == 0)
		err = crypto_gcm_open(key, SLOT_KEY, s->nonce, sizeof(s->nonce),
		    aad.data, aad.len, s->wrapped, SLOT_KEY, s->tag,
		    master->data);
	buffer_free(&aad);
	if (err != 0)
		secret_free(master);
	return err == ERR_BAD_MAC ? ERR_PASSPHRASE : err;
}

/* --- the recovery code ------------------------------------------------------ */

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Odd weights: every single wrong character is noticed. */
static uint8_t
recovery_check(const uint8_t code[RECOVERY_DATA])
{
	unsigned sum = 0;

	for (unsigned i = 0; i < RECOVERY_DATA; i++)
		sum += (2 * i + 1) * code[i];
	return sum & 31;
}

int
recovery_draw(uint8_t code[RECOVERY_DATA])
{
	int err = random_secret(code, RECOVERY_DATA);

	for (size_t i = 0; i < RECOVERY_DATA; i++)
		code[i] &= 31;
	return err;
}

void
recovery_text(const uint8_t code[RECOVERY_DATA], char text[RECOVERY_TEXT])
{
	char *p = text;

	for (size_t i = 0; i <= RECOVERY_DATA; i++) {
		if (i > 0 && i % 4 == 0)
			*p++ = '-';
		*p++ = alphabet[i < RECOVERY_DATA ? code[i]
						  : recovery_check(code)];
	}
	*p = '\0';
}

int
recovery_read(const void *text, size_t len, uint8_t code[RECOVERY_DATA])
{
	const char *p = text, *found;
	size_t n = 0;
	uint8_t check = 32;
	char c;

	for (size_t i = 0; i < len; i++) {
		c = p[i];
		if (strchr(" -\t\r\n", c) != NULL)
			continue; /* a NUL too */
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
		found = strchr(alphabet, c);
		if (found == NULL || n > RECOVERY_DATA)
			return ERR_PASSPHRASE;
		if (n == RECOVERY_DATA)
			check = (uint8_t)(found - alphabet);
		else
			code[n] = (uint8_t)(found - alphabet);
		n++;
	}
	if (n != RECOVERY_DATA + 1 || check != recovery_check(code))
		return ERR_PASSPHRASE;
	return 0;
}

int
recovery_key(const struct slot *s, const uint8_t code[RECOVERY_DATA],
    uint8_t key[SLOT_KEY])
{
	return crypto_hkdf(code, RECOVERY_DATA, s->salt,
	    "xmpp-agent 1 recovery", key, SLOT_KEY);
}

int
key_file_key(
    const struct slot *s, const void *octets, size_t len, uint8_t key[SLOT_KEY])
{
	return crypto_hkdf(
	    octets, len, s->salt, "xmpp-agent 1 key file", key, SLOT_KEY);
}
