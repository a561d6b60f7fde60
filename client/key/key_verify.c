/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key verify: the user has compared keys over another channel, by a
 * fingerprint, by an address from a QR code, or one by one on the terminal.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../common/text.h"
#include "../common/words.h"
#include "decide.h"

struct asking {
	struct decisions *all;
	size_t keys; /* that there was something to ask about */
	int stopped;
};

/* 1: yes, 0: no, -1: stop. Only a word of the user's own is a yes. */
static int
ask(void)
{
	char line[64];

	for (;;) {
		fputs("Is this what the contact's device shows? [y/n/q] ",
		    stdout);
		fflush(stdout);
		if (fgets(line, sizeof(line), stdin) == NULL)
			return -1;
		line[strcspn(line, "\r\n")] = '\0';
		if (strcmp(line, "y") == 0 || strcmp(line, "yes") == 0)
			return 1;
		if (strcmp(line, "n") == 0 || strcmp(line, "no") == 0)
			return 0;
		if (strcmp(line, "q") == 0)
			return -1;
	}
}

static void
ask_row(void *arg, const struct key_row *row)
{
	struct asking *asking = arg;
	struct decisions *all = asking->all;
	int answer;

	if (row->device == 0 || row->retired || row->trust == TRUST_VERIFIED ||
	    row->trust == TRUST_DISTRUSTED || asking->stopped ||
	    all->n == URI_KEYS)
		return;
	asking->keys++;
	text_print(stdout, row->peer);
	printf(" device %u: %s%s\n", row->device, words_trust(row->trust),
	    row->listed ? "" : ", not on the list now");
	fingerprint_show(stdout, row->fingerprint);
	putchar('\n');
	answer = ask();
	if (answer == -1)
		asking->stopped = 1;
	if (answer != 1)
		return;
	all->v[all->n].device = row->device;
	all->v[all->n].trust = TRUST_VERIFIED;
	memcpy(all->v[all->n].fingerprint, row->fingerprint, FINGERPRINT_SIZE);
	all->n++;
}

static int
verify_each(struct key *key)
{
	struct decisions all = { .n = 0 };
	struct asking asking = { .all = &all };
	int code;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return fail_usage("verify",
		    "without a terminal a fingerprint, an xmpp: address, or - "
		    "for one on standard input is wanted");
	code = key_each_row(key, key->peer, ask_row, &asking);
	if (code != DONE)
		return code;
	if (asking.keys == 0)
		return fail(key->peer,
		    "no key is known here that waits to be "
		    "verified");
	if (asking.stopped || all.n == 0) {
		puts("nothing was changed");
		return asking.stopped ? REFUSED : DONE;
	}
	return decide_all(key, &all);
}

int
key_verify(struct key *key)
{
	struct uri uri;
	struct decisions all;
	int given, code = decide_read(key, &uri, &given);

	if (code == DONE && !given)
		return verify_each(key);
	if (code == DONE)
		code = decide_match(key, &uri, TRUST_VERIFIED, &all);
	return code == DONE ? decide_all(key, &all) : code;
}
