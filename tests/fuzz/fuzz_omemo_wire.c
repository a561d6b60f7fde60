/* SPDX-License-Identifier: ISC */
/*
 * The decoder of OMEMO's messages. First octet: bit 0 the version, bit 1 a
 * key exchange; the rest is the wire's.
 */
#include <stdlib.h>

#include "../../agent/omemo/internal.h"
#include "../../ipc/err.h"
#include "leaks.h"

static int
init(void)
{
	leaks_off();
	if (secret_heap_init(1 << 20) != 0 || crypto_init() != 0)
		abort();
	leaks_on();
	return 1;
}

/* What was read lies within what was given. */
static void
within(const uint8_t *p, size_t len, const uint8_t *q, size_t n)
{
	if (q < p || n > len || (size_t)(q - p) > len - n)
		abort();
}

static void
read_message(const struct omemo_profile *profile, const uint8_t *p, size_t len)
{
	struct wire_message m;

	if (wire_read_message(profile, p, len, &m) != 0)
		return;
	within(p, len, m.body, m.bodylen);
	within(m.body, m.bodylen, m.cipher, m.cipherlen);
	within(p, len, m.mac, profile->mac_size);
	if (m.cipherlen > CIPHER_MAX || crypto_key_check(m.ratchet) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int ready;
	const struct omemo_profile *profile;
	struct wire_kex k;
	uint8_t digest[32];

	if (!ready)
		ready = init();
	if (size < 1)
		return 0;
	profile = &omemo_profiles[data[0] & 1];
	if ((data[0] & 2) == 0)
		read_message(profile, data + 1, size - 1);
	else if (wire_read_kex(profile, data + 1, size - 1, &k) == 0) {
		within(data + 1, size - 1, k.inner, k.innerlen);
		if (crypto_key_check(k.base) != 0 ||
		    crypto_key_check(k.identity.u) != 0)
			abort();
		read_message(profile, k.inner, k.innerlen);
	}
	(void)omemo_message_digest(
	    profile, data[0] >> 1 & 1, data + 1, size - 1, digest);
	return 0;
}
