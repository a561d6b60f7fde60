/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key lock and unlock.
 */
#include "key.h"

int
key_lock(struct key *key)
{
	return key_call(key, M_LOCK, NULL, NULL, "lock");
}

static void
note_over(void *arg, const struct key_account *a)
{
	int *over = arg;

	*over |= a->over;
}

/* In an open vault the passphrase is for identities whose life is over. */
int
key_unlock(struct key *key)
{
	struct key_status status;
	struct password p = { 0 };
	struct buffer b;
	struct reader r;
	uint8_t method;
	int over = 0, code = key_get_status(key, &status, &r);

	if (code == DONE && !status.locked && status.vault)
		code = key_each_account(key, note_over, &over);
	if (code != DONE)
		return code;
	if (!status.vault)
		return fail_agent("unlock", ERR_NO_VAULT, "");
	if (!status.locked && !over)
		return DONE;
	if (key_secret(key, 0, &method, &p) != 0)
		return REFUSED;
	buffer_init(&b, FRAME_MAX);
	key_put_secret(&b, method, &p);
	password_free(&p);
	return key_call(key, M_UNLOCK, &b, NULL, "unlock");
}
