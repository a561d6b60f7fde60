/* SPDX-License-Identifier: ISC */
/*
 * The memory of bundles handed in. Runs in the keeper; holds no secret.
 */
#include "bundles.h"

#include <stdlib.h>
#include <string.h>

#define FAILED_MS (60 * 1000)	     /* then a missing one is asked for again */
#define GOOD_MS	  (60 * 60 * 1000UL) /* then its prekey may be used up */

TAILQ_HEAD(bundle_list, bundle);

struct bundles {
	struct bundle_list list;
	size_t n;
};

struct bundles *
bundles_new(void)
{
	struct bundles *all = calloc(1, sizeof *all);

	if (all != NULL)
		TAILQ_INIT(&all->list);
	return all;
}

void
bundles_drop(struct bundles *all, struct bundle *b)
{
	TAILQ_REMOVE(&all->list, b, entry);
	all->n--;
	free(b->account);
	free(b->peer);
	free(b);
}

void
bundles_free(struct bundles *all)
{
	struct bundle *b;

	if (all == NULL)
		return;
	while ((b = TAILQ_FIRST(&all->list)) != NULL)
		bundles_drop(all, b);
	free(all);
}

static int
is_old(const struct bundle *b)
{
	return loop_now() - b->since >
	    (b->state == BUNDLE_GOOD ? GOOD_MS : FAILED_MS);
}

struct bundle *
bundles_find(struct bundles *all, const char *account, const char *peer,
    uint8_t ns, uint32_t device)
{
	struct bundle *b;

	TAILQ_FOREACH(b, &all->list, entry)
		if (b->device == device && b->ns == ns &&
		    strcmp(b->peer, peer) == 0 &&
		    strcmp(b->account, account) == 0)
			break;
	if (b != NULL && is_old(b)) {
		bundles_drop(all, b);
		b = NULL;
	}
	return b;
}

struct bundle *
bundles_make(struct bundles *all, const char *account, const char *peer,
    uint8_t ns, uint32_t device)
{
	struct bundle *b = bundles_find(all, account, peer, ns, device);

	if (b != NULL)
		bundles_drop(all, b);
	if (all->n == LIMIT_BUNDLES)
		bundles_drop(all, TAILQ_FIRST(&all->list));
	if ((b = calloc(1, sizeof *b)) == NULL)
		return NULL;
	b->account = strdup(account);
	b->peer = strdup(peer);
	b->ns = ns;
	b->device = device;
	b->since = loop_now();
	TAILQ_INSERT_TAIL(&all->list, b, entry);
	all->n++;
	if (b->account == NULL || b->peer == NULL) {
		bundles_drop(all, b);
		return NULL;
	}
	return b;
}

void
bundles_retry(struct bundles *all, const char *account, const char *peer)
{
	struct bundle *b = TAILQ_FIRST(&all->list), *next;

	for (; b != NULL; b = next) {
		next = TAILQ_NEXT(b, entry);
		if (b->state != BUNDLE_GOOD && strcmp(b->peer, peer) == 0 &&
		    strcmp(b->account, account) == 0)
			bundles_drop(all, b);
	}
}
