/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key revoke: this device of an account is destroyed, another one of it
 * leaves the list for good, or a contact's device is not used any more; then
 * the server is to drop what it has of ours. Runs in xmpp-key; the agent
 * destroys, and remembers what the server has not done yet.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../common/json.h"
#include "key.h"

/* --- the user says so --------------------------------------------------------- */

/* A yes on the terminal, after the question. */
static int
confirm(const struct key *key, const char *question)
{
	char line[16] = "";

	if (key->options.yes)
		return DONE;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return fail_usage(
		    key->jid, "no terminal to ask on; to go on use --yes");
	fprintf(stderr, "%s\nType yes to go on: ", question);
	if (fgets(line, sizeof(line), stdin) == NULL ||
	    strcmp(line, "yes\n") != 0)
		return fail(key->jid, "nothing was changed");
	return DONE;
}

/* --- the server --------------------------------------------------------------------- */

static int
left(struct key *key, int *n)
{
	return key_count_duties(key, n);
}

struct there {
	const char *jid;
	unsigned nets;
	int gone;
};

static void
look(void *arg, const struct key_duty *d)
{
	struct there *t = arg;

	if (strcmp(d->jid, t->jid) != 0)
		return;
	t->nets = d->nets;
	t->gone |= d->gone;
}

static int
nets(struct key *key, unsigned *n)
{
	struct there t = { .jid = key->jid };
	int code = key_each_duty(key, look, &t);

	*n = t.nets;
	return code;
}

static int
withdraw_now(struct key *key)
{
	static const struct serve_config config = { left, nets,
		"revoked here; the server still has it, until the next "
		"connection or the same command again",
		"the server has dropped it: read back" };

	return key_serve(key, &config);
}

/* --- a device of ours ------------------------------------------------------------------ */

static void
report(const struct key *key, uint32_t device)
{
	if (key->options.json)
		json_line(json_pack("{s:s, s:I, s:b}", "jid", key->jid,
		    "device", (json_int_t)device, "destroyed",
		    key->options.device == 0));
	else if (key->options.device == 0)
		printf("destroyed: device %u of %s\n", device, key->jid);
	else
		printf("revoked: device %u of %s\n", device, key->jid);
	fflush(stdout);
}

static int
revoke_ours(struct key *key, uint32_t device)
{
	struct buffer b;
	struct reader r;
	int code;

	if ((code = key_elevate(key, RIGHT_ADMIN)) != DONE)
		return code;
	key_body(key, &b);
	buffer_put_u32(&b, device);
	if ((code = key_call(key, M_REVOKE, &b, &r, key->jid)) != DONE)
		return code;
	report(key, reader_u32(&r));
	return withdraw_now(key);
}

static int
revoke_own(struct key *key)
{
	struct there t = { .jid = key->jid };
	struct key_account a;
	char question[JID_SIZE + 256];
	int code = key_each_duty(key, look, &t);

	if (code != DONE)
		return code;
	if (t.gone) /* destroyed before: what is left is the server's */
		return withdraw_now(key);
	if ((code = key_find_account(key, &a)) != DONE)
		return code;
	snprintf(question, sizeof(question),
	    "This destroys the identity of %s (device %u) for good: its keys, "
	    "its sessions, and every message that waits here.",
	    key->jid, a.device);
	if ((code = confirm(key, question)) != DONE)
		return code;
	return revoke_ours(key, 0);
}

static int
revoke_other(struct key *key)
{
	char question[JID_SIZE + 128];
	int code;

	snprintf(question, sizeof(question),
	    "This withdraws device %u of %s for good.", key->options.device,
	    key->jid);
	if ((code = confirm(key, question)) != DONE)
		return code;
	return revoke_ours(key, key->options.device);
}

/* --- a contact's device ------------------------------------------------------------------ */

struct wanted {
	uint32_t device;
	uint8_t fp[FINGERPRINT_SIZE];
	int found;
};

static void
take_row(void *arg, const struct key_row *row)
{
	static const uint8_t none[FINGERPRINT_SIZE];
	struct wanted *w = arg;

	if (row->device != w->device || row->retired ||
	    memcmp(row->fingerprint, none, sizeof(none)) == 0)
		return;
	memcpy(w->fp, row->fingerprint, sizeof(w->fp));
	w->found = 1;
}

static int
find_key(struct key *key, struct wanted *w)
{
	int code;

	w->device = key->options.device;
	code = key_each_row(key, key->peer, take_row, w);
	if (code == DONE && !w->found)
		return fail(key->peer,
		    "no key of a device %u is known; xmpp-key peers %s %s "
		    "lists them",
		    w->device, key->jid, key->peer);
	return code;
}

static int
revoke_contact(struct key *key)
{
	struct wanted w = { 0 };
	struct buffer b;
	int code;

	if ((code = find_key(key, &w)) != DONE ||
	    (code = key_elevate(key, RIGHT_TRUST)) != DONE)
		return code;
	key_body(key, &b);
	buffer_put_cstring(&b, key->peer);
	buffer_put_u32(&b, 1);
	buffer_put(&b, w.fp, sizeof(w.fp));
	buffer_put_u8(&b, TRUST_DISTRUSTED);
	code = key_call(key, M_TRUST, &b, NULL, key->peer);
	if (code == DONE && !key->options.json)
		printf("distrusted: device %u of %s\n", key->options.device,
		    key->peer);
	return code;
}

int
key_revoke(struct key *key)
{
	if (key->argc == 2 && key->options.device == 0)
		return fail_usage("revoke",
		    "which device of the contact? --device N (xmpp-key peers "
		    "%s %s)",
		    key->jid, key->peer);
	if (key->argc == 2 && strcmp(key->peer, key->jid) != 0)
		return revoke_contact(key);
	return key->options.device == 0 ? revoke_own(key) : revoke_other(key);
}
