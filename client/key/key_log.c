/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key log: what was done, when, by which process; and whether the
 * agent's log is whole. Needs the info right; the chain is computed here.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../common/json.h"
#include "../common/text.h"
#include "key.h"
#include "log_chain.h"

#define WHEN 32 /* 2026-11-25T19:07:05Z */

static const char *const words[] = {
	[ACT_UNLOCK] = "unlock",
	[ACT_LOCK] = "lock",
	[ACT_WRONG] = "wrong",
	[ACT_VAULT] = "vault",
	[ACT_CREATE] = "create",
	[ACT_CONSTRAIN] = "constrain",
	[ACT_ADOPT] = "adopt",
	[ACT_SLOT_SET] = "slot",
	[ACT_SLOT_REMOVE] = "slot-remove",
	[ACT_TRUST] = "trust",
	[ACT_POLICY] = "policy",
	[ACT_USE] = "use",
	[ACT_MORE] = "more",
	[ACT_ROTATE] = "rotate",
	[ACT_REVOKE] = "revoke",
	[ACT_IMPORT] = "import",
	[ACT_EXPORT] = "export",
	[ACT_RESET] = "reset",
	[ACT_LABEL] = "label",
	[ACT_TOLD] = "told",
};

static const char *
act_word(uint8_t act)
{
	const char *word =
	    act < sizeof(words) / sizeof(words[0]) ? words[act] : NULL;

	return word != NULL ? word : "unknown";
}

static void
print_when(uint64_t seconds, char when[static WHEN])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	when[0] = '\0';
	if (gmtime_r(&t, &tm) != NULL)
		strftime(when, WHEN, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static void
print_hex(const uint8_t digest[static 32], char hex[static 65])
{
	for (size_t i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static void
print_json(const struct log_row *row)
{
	char when[WHEN], hex[65];

	print_when(row->time, when);
	print_hex(row->digest, hex);
	json_line(json_pack("{s:I, s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:s}",
	    "seq", (json_int_t)row->seq, "time", when, "act",
	    act_word(row->act), "count", (json_int_t)row->count, "pid",
	    (json_int_t)row->pid, "account", json_cstring(row->account),
	    "client", json_cstring(row->client), "detail",
	    json_cstring(row->detail), "digest", hex));
}

static void
print_line(const struct log_row *row)
{
	char when[WHEN];

	print_when(row->time, when);
	printf("%s  %-11s  ", when, act_word(row->act));
	text_print(stdout, row->account[0] != '\0' ? row->account : "-");
	if (row->pid != 0) {
		printf("  ");
		text_print(stdout, row->client);
		printf("[%" PRIu32 "]", row->pid);
	} else
		printf("  the agent");
	if (row->count > 1)
		printf("  %" PRIu32 " times", row->count);
	if (row->detail[0] != '\0') {
		printf("  ");
		text_print(stdout, row->detail);
	}
	putchar('\n');
}

static void
print(void *arg, const struct log_row *row)
{
	const struct key *key = arg;

	if (key->options.verify ||
	    (key->jid[0] != '\0' && strcmp(key->jid, row->account) != 0))
		return;
	if (key->options.json)
		print_json(row);
	else
		print_line(row);
}

static void
print_whole(const struct key *key, const struct log_chain *chain)
{
	char when[WHEN], hex[65];

	print_when(chain->since, when);
	print_hex(chain->digest, hex);
	if (key->options.json)
		json_line(json_pack("{s:I, s:b, s:s, s:I, s:s}", "entries",
		    (json_int_t)chain->n, "whole", 1, "since", when, "last",
		    (json_int_t)chain->seq, "digest", hex));
	else
		printf("log: %" PRIu64 " entries, chain whole, since %s\n"
		       "log: entry %" PRIu64 " is %s\n",
		    chain->n, when, chain->seq, hex);
}

int
key_log(struct key *key)
{
	struct log_chain chain = { 0 };
	struct buffer b;
	struct reader r;
	int code, more;

	do {
		buffer_init(&b, 16);
		buffer_put_u64(&b, chain.next);
		code = key_call(key, M_LOG, &b, &r, "log");
		if (code != DONE)
			return code;
		more = log_chain_page(&chain, &r, print, key);
	} while (more > 0);
	if (more < 0)
		return fail_agent("log", more, "");
	if (chain.why != NULL)
		return fail("log",
		    "entry %" PRIu64 ": %s; the log was "
		    "changed by somebody who has the vault's key",
		    chain.broken, chain.why);
	if (key->options.verify)
		print_whole(key, &chain);
	return DONE;
}
