/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key publish: have the device list and bundle published, and devices
 * that are gone withdrawn, by a net that is there or one started for it.
 */
#include "key.h"

static int
left(struct key *key, int *n)
{
	struct key_account a;
	int code = key_find_account(key, &a);

	if (code == DONE && a.due != 0)
		*n = 1;
	return code == DONE && *n == 0 ? key_count_duties(key, n) : code;
}

static int
nets(struct key *key, unsigned *n)
{
	struct key_account a;
	int code = key_find_account(key, &a);

	*n = a.nets;
	return code;
}

int
key_publish(struct key *key)
{
	static const struct serve_config config = { left, nets, "not published",
		"published" };
	struct key_account a;
	struct buffer b;
	int code = key_find_account(key, &a);

	if (code != DONE)
		return code;
	key_body(key, &b);
	code = key_call(key, M_PUBLISH, &b, NULL, key->jid);
	return code == DONE ? key_serve(key, &config) : code;
}
