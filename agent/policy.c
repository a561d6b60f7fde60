/* SPDX-License-Identifier: ISC */
/*
 * What becomes of keys: pure decisions over a contact's record. Runs in the
 * keeper. Only the user's decisions and standing policy count; what a net
 * hands in can name keys, never raise them.
 */
#include "peer.h"

static int
anything_shown(const struct peer *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->v[i].shown_reader || p->v[i].shown_writer)
			return 1;
	return 0;
}

uint8_t
policy_new_key(const struct peer *p, const struct device *d, uint8_t others)
{
	if (p->own)
		return d->first && others == OTHERS_TRUST ? TRUST_TRUSTED
							  : TRUST_UNDECIDED;
	if (p->policy == POLICY_BLIND)
		return TRUST_BLIND;
	if (p->policy == POLICY_FIRST_USE && !anything_shown(p))
		return TRUST_BLIND;
	return TRUST_UNDECIDED;
}

int
device_is_reader(const struct device *d)
{
	return d->has_key && !d->retired &&
	    (d->trust == TRUST_BLIND || d->trust == TRUST_TRUSTED ||
		d->trust == TRUST_VERIFIED);
}

static int
reads(const struct device *d)
{
	return device_is_reader(d) && d->listed != 0;
}

/* More was written than it can have lost, and a week has passed. */
static int
is_silent(const struct device *d, uint64_t now)
{
	return (d->beat & BEAT_SILENT) &&
	    (d->heard == 0 ||
		(now > d->heard && now - d->heard > UNANSWERED_AGE));
}

int
device_is_stale(
    const struct peer *p, const struct device *d, uint64_t now, uint32_t after)
{
	const struct device *o;
	uint64_t last = 0;   /* heard of those that are not silent */
	int others = p->own; /* for the account's own, this device is one */

	if (after == 0 || !reads(d))
		return 0;
	for (size_t i = 0; i < p->n; i++) {
		o = &p->v[i];
		if (!reads(o) || is_silent(o, now))
			continue;
		others |= o->heard != 0 || o->sessions != 0;
		last = o->heard > last ? o->heard : last;
	}
	if (is_silent(d, now))
		return others;
	if (p->own)
		last = now;
	return d->heard != 0 && last > d->heard && last - d->heard > after;
}

int
device_note_stale(struct device *d, int stale)
{
	if (stale == (d->why == WHY_STALE))
		return 0;
	d->why = stale ? WHY_STALE : WHY_RETURNED;
	d->shown_reader = 0;
	return 1;
}

int
device_is_unshown(const struct device *d)
{
	return d->has_key && !d->retired && d->listed != 0 &&
	    !d->shown_reader && d->trust != TRUST_DISTRUSTED;
}

int
policy_may_answer(const struct peer *p, const struct device *d)
{
	if (d->retired || d->trust == TRUST_DISTRUSTED)
		return 0;
	if (d->trust == TRUST_TRUSTED || d->trust == TRUST_VERIFIED)
		return 1;
	return !p->own && p->written;
}
