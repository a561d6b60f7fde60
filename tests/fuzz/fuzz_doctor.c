/* SPDX-License-Identifier: ISC */
/*
 * What a net that was taken over may tell xmpp-key doctor, and an agent's
 * reply: events one after another (type, u16 length, body), then the
 * comparison. Every limit must hold, whatever is told.
 */
#include <stdlib.h>
#include <string.h>

#include "../../client/key/doctor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int ok)
{
	if (!ok)
		abort();
}

static void
check_bundle(const struct doctor_bundle *b)
{
	check(b->n <= LIMIT_BUNDLE_PREKEYS);
	check(b->identity.len <= DOCTOR_KEY && b->spk.len <= DOCTOR_KEY &&
	    b->signature.len <= DOCTOR_KEY);
	for (size_t i = 0; i < b->n; i++)
		check(b->prekeys[i].len <= DOCTOR_KEY);
}

struct world {
	struct doctor_agent a;
	struct doctor_server s;
	struct report r;
};

static void
take(struct world *w, uint8_t type, const uint8_t *p, size_t len)
{
	const struct message *m = message_find(LINK_FRONT, type);
	struct reader r;

	reader_init(&r, p, len);
	if (type == M_OWN_BUNDLE) {
		memset(&w->a, 0, sizeof(w->a));
		w->a.vault = 1;
		w->a.read = doctor_read_own(&r, &w->a) == 0;
	} else if (m != NULL && message_check(m->request, p, len) == 0)
		w->s.asked |= doctor_read_event(type, &r, &w->s) == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *w = calloc(1, sizeof(*w));
	size_t len;

	check(w != NULL);
	w->r.jid = "juliet@capulet.lit";
	while (size >= 3) {
		len = (size_t)data[1] << 8 | data[2];
		if (len > size - 3)
			break;
		take(w, data[0], data + 3, len);
		data += 3 + len;
		size -= 3 + len;
	}
	check(w->s.nlisted <= DOCTOR_LISTED);
	check(w->a.ndevices <= LIMIT_DEVICES);
	check(w->a.nwithdrawn <= LIMIT_WITHDRAWN);
	check_bundle(&w->a.bundle);
	check_bundle(&w->s.bundle);
	doctor_compare(&w->r, &w->a, &w->s, 1700000000);
	check(w->r.n < DOCTOR_FINDINGS);
	free(w);
	return 0;
}
