/* SPDX-License-Identifier: ISC */
/*
 * Contacts of the bench: see contact.h. Their devices are those of the unit
 * tests, which the same engine runs.
 */
#include "contact.h"

#include <err.h>
#include <stdio.h>
#include <unistd.h>

#include "../unit/omemo_device.h"

#define FIRST_DEVICE 1000

static const uint8_t text[TEXT + 1] =
    "a text of forty-eight octets, as good as any ...";

static void
must(int error, const char *what)
{
	if (error != 0)
		errx(1, "%s: %s", what, err_text(error));
}

struct cast *
cast_new(
    struct client *c, size_t n, const char *prefix, size_t devices, int same)
{
	struct cast *cast = calloc(1, sizeof(*cast));
	struct device *one = NULL;
	struct contact *to;

	if (cast == NULL || (cast->v = calloc(n, sizeof(*cast->v))) == NULL)
		errx(1, "out of memory");
	must(getentropy(&draws.state, sizeof(draws.state)), "getentropy");
	cast->client = c;
	cast->n = n;
	for (size_t i = 0; i < n; i++) {
		to = &cast->v[i];
		/* nobody of an earlier row's */
		snprintf(to->jid, sizeof(to->jid), "%s%d-%zu@bench.example",
		    prefix, getpid(), i);
		to->first = FIRST_DEVICE;
		to->n = devices;
		to->devices = calloc(devices, sizeof(*to->devices));
		if (to->devices == NULL)
			errx(1, "out of memory");
		buffer_init(&to->elements, FRAME_MAX);
		for (size_t j = 0; j < devices; j++) {
			if (one == NULL || !same)
				one = device_new(&omemo_profiles[c->ns],
				    to->first + (uint32_t)j);
			to->devices[j] = one;
		}
	}
	return cast;
}

void
cast_compose(struct cast *cast)
{
	struct client *c = cast->client;
	struct run run;
	struct buffer *b;
	struct reader r;
	char id[96];

	run_init(&run, c, M_COMPOSE);
	for (size_t i = 0; i < cast->n; i++) {
		b = run_add(&run);
		snprintf(
		    id, sizeof(id), "%s-%u", cast->v[i].jid, cast->composed);
		buffer_put_cstring(b, c->account);
		buffer_put_cstring(b, cast->v[i].jid);
		buffer_put_u8(b, KIND_CHAT);
		buffer_put_cstring(b, id);
		buffer_put_u32(b, 1);
		buffer_put_u8(b, FORMAT_BODY);
		buffer_put_string(b, text, TEXT);
	}
	cast->composed++;
	cast->composing = run_good(&run, IN_FLIGHT);
	for (size_t i = 0; i < cast->n; i++) {
		r = run_reply(&run, i);
		reader_fixed(&r, cast->v[i].handle, HANDLE_SIZE);
		cast->v[i].done = 0;
	}
	run_free(&run);
}

/* --- what ENCRYPT needs ----------------------------------------------------- */

static void
put_bundle(struct client *c, const struct contact *to, uint32_t device,
    struct buffer *b)
{
	const struct device *d = to->devices[device - to->first];
	const struct omemo_profile *p = d->profile;
	struct buffer key;
	uint8_t sig[64];

	must(omemo_bundle_sign(p, &d->id, d->spk.pub, sig), "sign");
	buffer_init(&key, 64);
	buffer_put_cstring(b, c->account);
	buffer_put_u8(b, c->ns);
	buffer_put_cstring(b, to->jid);
	buffer_put_u32(b, device);
	buffer_put_u8(b, BUNDLE_HERE);
	omemo_identity_encode(p, &d->id, &key);
	buffer_put_string(b, key.data, key.len);
	buffer_put_u32(b, d->spk.id);
	buffer_clear(&key);
	omemo_key_encode(p, d->spk.pub, &key);
	buffer_put_string(b, key.data, key.len);
	buffer_put_string(b, sig, sizeof(sig));
	buffer_put_u32(b, PREKEYS);
	for (size_t i = 0; i < PREKEYS; i++) {
		buffer_put_u32(b, d->pk[i].id);
		buffer_clear(&key);
		omemo_key_encode(p, d->pk[i].pub, &key);
		buffer_put_string(b, key.data, key.len);
	}
	buffer_free(&key);
}

static void
put_list(struct client *c, const struct contact *to, const char *jid,
    uint8_t ns, struct buffer *b)
{
	int own = strcmp(jid, c->account) == 0;
	size_t n = ns != c->ns ? 0 : own ? 1 : to->n;

	buffer_put_cstring(b, c->account);
	buffer_put_u8(b, ns);
	buffer_put_cstring(b, jid);
	buffer_put_u8(b, LIST_READ);
	buffer_put_u32(b, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		buffer_put_u32(b, own ? c->device : to->first + (uint32_t)i);
}

static void
take_needs(struct client *c, const struct contact *to, struct reader *r,
    struct run *lists, struct run *bundles)
{
	char jid[LIMIT_JID + 1];
	uint32_t n, device;
	uint8_t ns;

	for (n = reader_u32(r); n > 0 && r->err == 0; n--) {
		reader_cstring(r, jid, sizeof(jid));
		ns = reader_u8(r);
		device = reader_u32(r);
		if (device == 0)
			put_list(c, to, jid, ns, run_add(lists));
		else
			put_bundle(c, to, device, run_add(bundles));
	}
}

static void
take_elements(struct contact *to, struct reader *r)
{
	char s[LIMIT_JID + 1];

	(void)reader_u32(r);
	reader_cstring(r, s, sizeof(s));
	(void)reader_u8(r);
	reader_cstring(r, s, sizeof(s));
	must(r->err, "elements");
	buffer_clear(&to->elements);
	buffer_put(&to->elements, r->p, r->left);
	to->done = 1;
}

/* READERS of each that waits, and ACKNOWLEDGE. */
static void
show_readers(struct cast *cast, struct run *readers)
{
	struct client *c = cast->client;
	char jid[LIMIT_JID + 1];
	struct run shown;
	struct reader r;
	struct buffer *b;
	uint8_t u[32];

	run_init(&shown, c, M_ACKNOWLEDGE);
	run_good(readers, IN_FLIGHT);
	for (size_t i = 0; i < readers->n; i++) {
		r = run_reply(readers, i);
		for (uint32_t n = reader_u32(&r); n > 0 && r.err == 0; n--) {
			reader_cstring(&r, jid, sizeof(jid));
			(void)reader_u32(&r);
			reader_fixed(&r, u, sizeof(u));
			(void)reader_u8(&r);
			(void)reader_u8(&r);
			b = run_add(&shown);
			buffer_put_cstring(b, c->account);
			buffer_put_cstring(b, jid);
			buffer_put(b, u, sizeof(u));
			buffer_put_u8(b, ROLE_READER);
			buffer_put_cstring(b, "");
		}
	}
	run_good(&shown, IN_FLIGHT);
	run_free(&shown);
}

/* One ENCRYPT of each that is not done; how many still are not. */
static size_t
encrypt_round(struct cast *cast, size_t flight)
{
	struct client *c = cast->client;
	struct run encrypt, lists, bundles, readers;
	size_t left = 0, *who = calloc(cast->n, sizeof(*who)), n = 0;
	struct contact *to;
	struct reader r;
	uint8_t status;

	run_init(&encrypt, c, M_ENCRYPT);
	run_init(&lists, c, M_DEVICES);
	run_init(&bundles, c, M_BUNDLE);
	run_init(&readers, c, M_READERS);
	for (size_t i = 0; i < cast->n; i++)
		if (!cast->v[i].done) {
			run_add_handle(&encrypt, cast->v[i].handle);
			who[n++] = i;
		}
	cast->encrypted = run_good(&encrypt, flight);
	for (size_t i = 0; i < n; i++) {
		to = &cast->v[who[i]];
		r = run_reply(&encrypt, i);
		status = reader_u8(&r);
		if (status == ENCRYPT_DONE)
			take_elements(to, &r);
		else if (status == ENCRYPT_NEED)
			take_needs(c, to, &r, &lists, &bundles);
		else
			run_add_handle(&readers, to->handle);
		left += status != ENCRYPT_DONE;
	}
	run_good(&lists, IN_FLIGHT);
	if (bundles.n > 0)
		cast->bundles = run_good(&bundles, flight);
	if (readers.n > 0)
		show_readers(cast, &readers);
	run_free(&encrypt);
	run_free(&lists);
	run_free(&bundles);
	run_free(&readers);
	free(who);
	return left;
}

void
cast_encrypt(struct cast *cast, size_t flight)
{
	for (int i = 0; encrypt_round(cast, flight) > 0; i++)
		if (i == 10)
			errx(1, "never done");
}

void
cast_sent(struct cast *cast)
{
	struct run run;

	run_init(&run, cast->client, M_SENT);
	for (size_t i = 0; i < cast->n; i++)
		run_add_handle(&run, cast->v[i].handle);
	run_good(&run, IN_FLIGHT);
	run_free(&run);
}

/* --- the contacts' side ------------------------------------------------------ */

static void
read_key(
    struct contact *to, uint32_t device, int kex, const uint8_t *p, size_t len)
{
	struct omemo_result result;
	struct wire w = { .kex = kex, .len = len };

	if (device < to->first || device - to->first >= to->n ||
	    len > sizeof(w.p))
		errx(1, "a key for device %u", device);
	memcpy(w.p, p, len);
	must(device_receive(to->devices[device - to->first], &w, &result),
	    "a contact reads");
}

void
cast_read(struct cast *cast)
{
	char jid[LIMIT_JID + 1];
	const uint8_t *key;
	uint32_t elements, keys, device;
	struct reader r;
	size_t len;
	int kex;

	for (size_t i = 0; i < cast->n; i++) {
		reader_init(
		    &r, cast->v[i].elements.data, cast->v[i].elements.len);
		for (elements = reader_u32(&r); elements > 0; elements--) {
			(void)reader_u8(&r);
			(void)reader_u32(&r);
			(void)reader_string(&r, &len, FRAME_MAX);
			(void)reader_string(&r, &len, FRAME_MAX);
			for (keys = reader_u32(&r); keys > 0; keys--) {
				reader_cstring(&r, jid, sizeof(jid));
				device = reader_u32(&r);
				kex = reader_u8(&r);
				key = reader_string(&r, &len, FRAME_MAX);
				must(r.err, "elements");
				read_key(&cast->v[i], device, kex, key, len);
			}
		}
	}
}

void
contact_write(struct contact *from, size_t device, struct client *c,
    struct buffer *b, const char *archive)
{
	struct device *d = from->devices[device];
	uint8_t kt[64], iv[16];
	size_t ktlen = sizeof(kt), ivlen = sizeof(iv);
	struct buffer payload;
	struct wire w;

	buffer_init(&payload, 4096);
	must(omemo_payload_encrypt(
		 d->profile, text, TEXT, kt, &ktlen, iv, &ivlen, &payload),
	    "payload");
	must(device_send(d, kt, ktlen, &w), "a contact writes");
	buffer_put_cstring(b, c->account);
	buffer_put_u8(b, c->ns);
	buffer_put_cstring(b, from->jid);
	buffer_put_u32(b, from->first + (uint32_t)device);
	buffer_put_u8(b, PATH_DIRECT);
	buffer_put_cstring(b, from->jid);
	buffer_put_u8(b, KIND_CHAT);
	buffer_put_cstring(b, archive);
	buffer_put_u64(b, 0);
	buffer_put_u32(b, 1);
	buffer_put_u8(b, (uint8_t)w.kex);
	buffer_put_string(b, w.p, w.len);
	buffer_put_string(b, iv, ivlen);
	buffer_put_u8(b, 1);
	buffer_put_string(b, payload.data, payload.len);
	buffer_put_cstring(b, archive);
	buffer_free(&payload);
}

/* One request for each handle: its replies, for the caller to free. */
static void
of_handles(struct cast *cast, uint8_t type, const struct run *decrypted,
    struct run *out)
{
	uint8_t handle[HANDLE_SIZE];
	struct reader r;

	run_init(out, cast->client, type);
	for (size_t i = 0; i < decrypted->n; i++) {
		r = run_reply(decrypted, i);
		(void)reader_u8(&r);
		reader_fixed(&r, handle, sizeof(handle));
		run_add_handle(out, handle);
	}
	run_good(out, IN_FLIGHT);
}

/* As a front does: WRITER, ACKNOWLEDGE, OPEN, SHOWN. */
static void
show(struct cast *cast, const struct run *decrypted)
{
	struct run writers, shown, opened, done;
	char jid[LIMIT_JID + 1];
	struct reader r;
	struct buffer *b;
	uint8_t u[32];

	of_handles(cast, M_WRITER, decrypted, &writers);
	run_init(&shown, cast->client, M_ACKNOWLEDGE);
	for (size_t i = 0; i < writers.n; i++) {
		r = run_reply(&writers, i);
		reader_cstring(&r, jid, sizeof(jid));
		(void)reader_u32(&r);
		reader_fixed(&r, u, sizeof(u));
		b = run_add(&shown);
		buffer_put_cstring(b, cast->client->account);
		buffer_put_cstring(b, jid);
		buffer_put(b, u, sizeof(u));
		buffer_put_u8(b, ROLE_WRITER);
		buffer_put_cstring(b, "");
	}
	run_good(&shown, IN_FLIGHT);
	of_handles(cast, M_OPEN, decrypted, &opened);
	of_handles(cast, M_SHOWN, decrypted, &done);
	run_free(&writers);
	run_free(&shown);
	run_free(&opened);
	run_free(&done);
}

double
cast_answer(struct cast *cast, size_t flight)
{
	struct run run;
	char archive[64];
	double took;

	run_init(&run, cast->client, M_DECRYPT);
	for (size_t i = 0; i < cast->n; i++)
		for (size_t j = 0; j < cast->v[i].n; j++) {
			snprintf(archive, sizeof(archive), "%u-%zu-%zu",
			    cast->composed, i, j);
			contact_write(&cast->v[i], j, cast->client,
			    run_add(&run), archive);
		}
	took = run_good(&run, flight);
	show(cast, &run);
	run_free(&run);
	return took;
}

void
contact_begin(struct contact *from, struct client *c, size_t i)
{
	struct device *d = from->devices[0];
	const uint8_t *ik, *spk, *sig, *key;
	size_t iklen, spklen, siglen, keylen = 0;
	struct omemo_peer peer;
	struct reader r;
	uint32_t spk_id, n, id = 0;
	uint8_t spk_pub[32], pub[32];

	reader_init(&r, c->bundle.data, c->bundle.len);
	ik = reader_string(&r, &iklen, 64);
	spk_id = reader_u32(&r);
	spk = reader_string(&r, &spklen, 64);
	sig = reader_string(&r, &siglen, 64);
	n = reader_u32(&r);
	if (r.err != 0 || i >= n)
		errx(1, "the own bundle has %u prekeys", n);
	key = ik;
	for (n = 0; n <= i; n++) {
		id = reader_u32(&r);
		key = reader_string(&r, &keylen, 64);
	}
	must(omemo_bundle_check(d->profile, ik, iklen, spk, spklen, sig, siglen,
		 &peer, spk_pub),
	    "the own bundle");
	must(omemo_key_decode(d->profile, key, keylen, pub), "a prekey");
	must(omemo_session_initiate(d->session, &d->id, d->number, &peer,
		 spk_id, spk_pub, id, pub),
	    "begin");
	device_repack(d);
}
