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
