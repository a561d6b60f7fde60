/* SPDX-License-Identifier: ISC */
/*
 * What CONSTRAIN has said of an identity, in force: its life since the unlock,
 * and how often it opens and decrypts. Runs in the keeper; holds no secret.
 * What is counted is forgotten by lock: who can unlock needs no limit to.
 */
#include <stdio.h>

#include "../ipc/duration.h"
#include "account.h"
#include "client.h"

/* --- the lifetime --------------------------------------------------------------- */

int
use_is_over(const struct account *a)
{
	return a->until != 0 && loop_now() >= a->until;
}

int
use_any_over(const struct keeper *k)
{
	const struct account *a;

	if (k->accounts == NULL)
		return 0;
	TAILQ_FOREACH(a, &k->accounts->list, entry)
		if (use_is_over(a))
			return 1;
	return 0;
}

/* Attached to it, or restricted to it alone (who starts nets, for instance). */
static int
is_its(const struct client *c, const struct account *a)
{
	return client_is_attached(c, a->jid) ||
	    (c->naccounts == 1 && client_has_account(c, a->jid));
}

/* Its clients are told what they are told by lock; what they ask is refused. */
static void
life_over(void *arg)
{
	struct life *life = arg;
	struct keeper *k = life->keeper;
	struct account *a = life->account;
	struct client *c;

	life->timer = NULL;
	TAILQ_FOREACH(c, &k->clients, entry)
		if (is_its(c, a)) {
			client_event(c, M_EVENT_LOCKED, NULL);
			client_gone(c);
		}
}

static void
life_begin(struct keeper *k, struct account *a, uint64_t from)
{
	uint64_t ms = (uint64_t)a->limits.lifetime * 1000, now = loop_now();

	timer_cancel(a->life.timer);
	a->life = (struct life){ .keeper = k, .account = a };
	a->until = ms != 0 ? from + ms : 0;
	if (ms == 0)
		return;
	a->life.timer = loop_timer(
	    k->loop, a->until > now ? a->until - now : 0, life_over, &a->life);
	if (a->life.timer == NULL)
		a->until = now; /* no memory: it ends now */
}

void
use_limit(
    struct keeper *k, struct account *a, const struct limits *l, uint64_t from)
{
	int other = l->lifetime != a->limits.lifetime;

	for (int i = 0; i < RATES; i++)
		if (l->rate[i].uses != a->limits.rate[i].uses ||
		    l->rate[i].seconds != a->limits.rate[i].seconds)
			a->used[i] = (struct used){ 0, loop_now() };
	a->limits = *l;
	if (other && !use_is_over(a))
		life_begin(k, a, from);
}

void
use_renew(struct keeper *k)
{
	struct account *a;

	if (k->accounts == NULL || !use_any_over(k))
		return;
	TAILQ_FOREACH(a, &k->accounts->list, entry) {
		a->unlocked = loop_now();
		life_begin(k, a, a->unlocked);
	}
	clients_event(k, M_EVENT_UNLOCKED);
}

/* --- rates ---------------------------------------------------------------------- */

/*
 * A bucket: each use puts in as many drops as the limit's time has
 * milliseconds, and in each millisecond as many drops leak as uses are
 * allowed; it holds all the uses at once. No division, nothing is rounded.
 */
static uint64_t
drops(const struct rate *rate)
{
	return (uint64_t)rate->seconds * 1000;
}

static uint64_t
level(const struct account *a, enum rates i)
{
	const struct used *u = &a->used[i];
	uint64_t leaked = (loop_now() - u->at) * a->limits.rate[i].uses;

	return u->level > leaked ? u->level - leaked : 0;
}

int
use_check(const struct account *a, enum rates i, char *why, size_t size)
{
	const struct rate *rate = &a->limits.rate[i];
	char time[DURATION_TEXT], wait[DURATION_TEXT];
	uint64_t over, ms;

	if (rate->uses == 0)
		return 0;
	over = level(a, i) + drops(rate);
	if (over <= drops(rate) * rate->uses)
		return 0;
	ms = (over - drops(rate) * rate->uses + rate->uses - 1) / rate->uses;
	duration_text(rate->seconds, time, sizeof time);
	duration_text((ms + 999) / 1000, wait, sizeof wait);
	snprintf(why, size, "%s only %u times in %s; come again in %s",
	    i == RATE_OPEN ? "opened" : "decrypted", rate->uses, time, wait);
	return ERR_BUSY;
}

void
use_count(struct account *a, enum rates i)
{
	const struct rate *rate = &a->limits.rate[i];

	if (rate->uses == 0)
		return;
	a->used[i].level = level(a, i) + drops(rate);
	a->used[i].at = loop_now();
}
