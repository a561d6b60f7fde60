/* SPDX-License-Identifier: ISC */
/*
 * A live session under attack. First octet: bit 0 the version, bit 1 what
 * follows:
 *   0  steps of three octets (which, where, xor): a recorded message is
 *      delivered with one octet changed. A changed one must be refused and
 *      leave all as it was (device_receive aborts otherwise), a whole one
 *      must be read once.
 *   1  a packed session: unpacked, packed again to the same octets, and used.
 */
#include "../unit/omemo_device.h"
#include "leaks.h"
#include "shapes.h"

#define WIRES 12
#define STEPS 8

struct scene {
	struct device *from, *to;
	struct wire wires[WIRES];
	struct buffer packed;
};

static struct scene *
scene_make(int version)
{
	struct scene *sc = calloc(1, sizeof *sc);
	uint8_t plain[32] = { 0 };

	if (sc == NULL)
		abort();
	draws.state = 42 + (uint64_t)version;
	sc->from = device_new(&omemo_profiles[version], 77);
	sc->to = device_new(&omemo_profiles[version], 78);
	if (device_begin(sc->from, sc->to, 0) != 0)
		abort();
	for (uint8_t i = 0; i < WIRES; i++) {
		plain[0] = i;
		if (device_send(sc->from, plain, 32, &sc->wires[i]) != 0)
			abort();
	}
	buffer_init(&sc->packed, 4096);
	if (omemo_session_pack(sc->to->session, &sc->packed) != 0)
		abort();
	return sc;
}

/* registrationId, 77, one octet between 28 and 30 09: the one exemption. */
static int
exempt(const struct device *d, const struct wire *w, size_t at)
{
	return d->profile->version == 3 && at == w->len - 3;
}

static void
step(struct scene *sc, const uint8_t *p, unsigned *read)
{
	unsigned which = p[0] % WIRES;
	struct wire w = sc->wires[which];
	size_t at = p[1] % w.len;
	struct omemo_result r;
	int whole, err;

	w.p[at] ^= p[2];
	whole = p[2] == 0 || exempt(sc->to, &w, at);
	err = device_receive(sc->to, &w, &r);
	if (err == 0 && (!whole || (*read >> which & 1) != 0))
		abort();
	if (err != 0 && p[2] == 0 && (*read >> which & 1) == 0)
		abort();
	if (err == 0)
		*read |= 1u << which;
}

/* The scene as it was before any delivery. */
static void
reset(struct scene *sc)
{
	omemo_session_free(sc->to->session);
	if (omemo_session_unpack(sc->to->profile, sc->packed.data,
		sc->packed.len, &sc->to->session) != 0)
		abort();
	sc->to->nblocks = sc->to->nratchets = sc->to->ndigests = 0;
}

static void
steps(struct scene *sc, const uint8_t *p, size_t size)
{
	unsigned read = 0;

	reset(sc);
	for (unsigned i = 0; i < STEPS && size >= 3; i++, p += 3, size -= 3)
		step(sc, p, &read);
}

static void
packed(struct scene *sc, const uint8_t *p, size_t size)
{
	struct omemo_ops ops = device_ops(sc->to);
	struct omemo_session *s;
	struct omemo_result r;
	struct buffer b;
	int kex;

	reset(sc);
	if (omemo_session_unpack(sc->to->profile, p, size, &s) != 0)
		return;
	buffer_init(&b, 1 << 20);
	if (omemo_session_pack(s, &b) != 0 || b.len != size ||
	    memcmp(b.data, p, size) != 0)
		abort();
	buffer_clear(&b);
	(void)omemo_encrypt(s, &sc->to->id, p, 32, &b, &kex);
	(void)omemo_decrypt(s, &sc->to->id, &ops, NULL, 1, sc->wires[0].p,
	    sc->wires[0].len, &r);
	buffer_free(&b);
	omemo_session_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct scene *scenes[OMEMO_PROFILES];
	struct scene **sc;

	if (size < 1)
		return 0;
	leaks_off();
	if (scenes[0] == NULL && scenes[1] == NULL &&
	    (secret_heap_init(1 << 20) != 0 || crypto_init() != 0))
		abort();
	leaks_on();
	sc = &scenes[data[0] & 1];
	if (*sc == NULL)
		*sc = scene_make(data[0] & 1);
	if ((data[0] & 2) == 0)
		steps(*sc, data + 1, size - 1);
	else
		packed(*sc, data + 1, size - 1);
	return 0;
}
