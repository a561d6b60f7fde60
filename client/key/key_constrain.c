/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key constrain: limit what an identity may be used for.
 */
#include "key.h"

/* All that was given goes into one request: it is taken whole or not. */
static uint32_t
put_settings(struct buffer *b, const struct options *o)
{
	const struct {
		uint8_t what;
		uint64_t value;
	} all[] = {
		{ CONSTRAIN_WINDOW, o->window },
		{ CONSTRAIN_LIFETIME, o->lifetime },
		{ CONSTRAIN_CONFIRM, o->confirm },
		{ CONSTRAIN_OPEN_RATE, o->open_rate },
		{ CONSTRAIN_DECRYPT_RATE, o->decrypt_rate },
		{ CONSTRAIN_STALE, o->stale },
		{ CONSTRAIN_TRUST_MESSAGES, o->trust_messages },
	};

	size_t at = b->len;
	uint32_t n = 0;

	buffer_put_u32(b, 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i].value == OPTION_UNSET)
			continue;
		buffer_put_u8(b, all[i].what);
		buffer_put_u64(b, all[i].value);
		n++;
	}
	buffer_patch_u32(b, at, n);
	return n;
}

static int
check(const struct options *o)
{
	if (o->window != OPTION_UNSET && o->window > LIMIT_WINDOW)
		return fail_usage(
		    "--window", "at most %d days", LIMIT_WINDOW / 86400);
	if (o->lifetime != OPTION_UNSET && o->lifetime > LIMIT_LIFETIME)
		return fail_usage(
		    "--lifetime", "at most %d days", LIMIT_LIFETIME / 86400);
	if (o->stale != OPTION_UNSET && o->stale > LIMIT_STALE)
		return fail_usage(
		    "--stale", "at most %d days", LIMIT_STALE / 86400);
	return DONE;
}

int
key_constrain(struct key *key)
{
	struct buffer b;
	int code = check(&key->options);

	if (code != DONE)
		return code;
	key_body(key, &b);
	if (put_settings(&b, &key->options) == 0)
		code = fail_usage("constrain",
		    "nothing to set (--window, --lifetime, --confirm, "
		    "--confirm-once, --no-confirm, --open-rate, "
		    "--decrypt-rate, --stale, --trust-messages)");
	if (code == DONE)
		code = key_elevate(key, RIGHT_ADMIN);
	if (code == DONE)
		return key_call(key, M_CONSTRAIN, &b, NULL, key->jid);
	buffer_free(&b);
	return code;
}
