/* SPDX-License-Identifier: ISC */
/*
 * LIST and STATUS, read. Runs in xmpp-key.
 */
#include <string.h>

#include "key.h"

int
key_each_account(struct key *key,
    void (*fn)(void *arg, const struct key_account *), void *arg)
{
	struct key_account a;
	struct reader r;
	uint32_t n;
	int code = key_call(key, M_LIST, NULL, &r, "list");

	if (code != DONE)
		return code;
	n = reader_count(&r, LIMIT_ACCOUNTS);
	for (uint32_t i = 0; i < n; i++) {
		reader_cstring(&r, a.jid, sizeof(a.jid));
		reader_fixed(&r, a.fingerprint, sizeof(a.fingerprint));
		a.device = reader_u32(&r);
		a.due = reader_u8(&r);
		a.nets = reader_u32(&r);
		a.window = reader_u32(&r);
		a.lifetime = reader_u32(&r);
		a.left = reader_u32(&r);
		a.over = reader_u8(&r);
		a.confirm = reader_u8(&r);
		a.open_rate = reader_u64(&r);
		a.decrypt_rate = reader_u64(&r);
		a.stale = reader_u32(&r);
		a.trust_messages = reader_u8(&r);
		if (r.err != 0)
			break;
		fn(arg, &a);
	}
	if (reader_end(&r) != 0)
		return fail_agent("list", ERR_MALFORMED, "");
	return DONE;
}

struct search {
	const char *jid;
	struct key_account *found;
	int hit;
};

static void
compare(void *arg, const struct key_account *a)
{
	struct search *search = arg;

	if (strcmp(a->jid, search->jid) != 0)
		return;
	*search->found = *a;
	search->hit = 1;
}

int
key_find_account(struct key *key, struct key_account *found)
{
	struct search search = { .jid = key->jid, .found = found };
	int code = key_each_account(key, compare, &search);

	if (code == DONE && !search.hit)
		return fail(key->jid,
		    "no such account; make it with: "
		    "xmpp-key create %s",
		    key->jid);
	return code;
}

int
key_get_status(struct key *key, struct key_status *status, struct reader *rest)
{
	int code = key_call(key, M_STATUS, NULL, rest, "status");

	memset(status, 0, sizeof(*status));
	if (code != DONE)
		return code;
	status->locked = reader_u8(rest);
	status->vault = reader_u8(rest);
	status->doubt = reader_u8(rest);
	status->accounts = reader_u32(rest);
	status->records = reader_u64(rest);
	return DONE;
}
