/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key: one verb on a connection of its own. Not filtered: it may run a
 * password command and, for publish, an xmpp-net. Holds a passphrase for the
 * moment that it hands it over; trusts the agent.
 */
#include <string.h>

#include "../../sandbox/sandbox.h"
#include "../common/reach.h"
#include "completion.h"
#include "help.h"
#include "key.h"

static const struct verb verbs[] = {
	{ "create", key_create, "JID [--others trust|ignore]",
	    "make an identity, and on an empty state the vault", 1, 1, 1,
	    RIGHT_ADMIN },
	{ "list", key_list, "", "the accounts of this agent", 0, 0, 0, 0 },
	{ "show", key_show, "JID", "what is known of an account", 1, 1, 1, 0 },
	{ "fingerprint", key_fingerprint, "JID [--qr|--uri]",
	    "the account's own fingerprint", 1, 1, 1, 0 },
	{ "lock", key_lock, "", "forget every key until unlock", 0, 0, 0, 0 },
	{ "unlock", key_unlock, "[--recovery]", "unlock the vault", 0, 0, 0,
	    0 },
	{ "passwd", key_passwd, "[--slot N] [--new-passphrase-file F]",
	    "change the vault's passphrase", 0, 0, 0, RIGHT_ADMIN },
	{ "slots", key_slots,
	    "[add [--new-passphrase-file F|--new-key-file FILE|"
	    "--new-recovery] | remove N]",
	    "what opens the vault", 0, 0, 2, RIGHT_ADMIN },
	{ "status", key_status, "", "locked or not, clients, walls", 0, 0, 0,
	    0 },
	{ "peers", key_peers, "JID [PEER]", "known keys of contacts", 2, 1, 2,
	    0 },
	{ "policy", key_policy,
	    "JID PEER blind|first-use|manual [require|optional]",
	    "what becomes of a contact's new keys", 2, 3, 4, RIGHT_TRUST },
	{ "verify", key_verify, "JID {[PEER] URI|- | PEER [FINGERPRINT]}",
	    "say that a key was compared, or compare all", 1, 2, 66,
	    RIGHT_TRUST },
	{ "trust", key_trust, "JID {[PEER] URI|- | PEER FINGERPRINT}",
	    "trust a key that was not compared", 1, 2, 66, RIGHT_TRUST },
	{ "distrust", key_distrust, "JID {[PEER] URI|- | PEER FINGERPRINT}",
	    "never use a key again", 1, 2, 66, RIGHT_TRUST },
	{ "reset", key_reset, "JID {[PEER] URI|- | PEER FINGERPRINT}",
	    "begin new sessions with a device", 1, 2, 66, RIGHT_TRUST },
	{ "label", key_label, "JID [TEXT]",
	    "what this device calls itself to other clients", 1, 1, 2,
	    RIGHT_ADMIN },
	{ "constrain", key_constrain,
	    "JID [--window T] [--lifetime T] "
	    "[--confirm|--confirm-once|--no-confirm] [--open-rate N/T] "
	    "[--decrypt-rate N/T] [--stale T] [--trust-messages on|off]",
	    "limit what an identity may be used for", 1, 1, 1, RIGHT_ADMIN },
	{ "rotate", key_rotate, "JID [--identity]",
	    "a new signed prekey, or a new identity key and device", 1, 1, 1,
	    RIGHT_ADMIN },
	{ "revoke", key_revoke, "JID [PEER] [--device N] [--yes]",
	    "destroy this device, or give up another one", 2, 1, 2,
	    RIGHT_ADMIN | RIGHT_TRUST },
	{ "adopt", key_adopt, "--moved|--copied",
	    "say what became of a state that is in doubt", 0, 0, 0,
	    RIGHT_ADMIN },
	{ "log", key_log, "[JID] [--verify]",
	    "what was done, when, and by which process", 1, 0, 1, 0 },
	{ "export", key_export, "JID FILE [--force]",
	    "an identity and its decisions, sealed, to move or keep", 1, 2, 2,
	    RIGHT_ADMIN },
	{ "import", key_import,
	    "FILE [--export-passphrase-file F] [--export-recovery]",
	    "take in what export has written", 0, 1, 1, RIGHT_ADMIN },
	{ "publish", key_publish, "JID", "publish device list and bundle", 1, 1,
	    1, 0 },
	{ "doctor", key_doctor, "JID [--fix]",
	    "compare what the server publishes with what the agent holds", 1, 1,
	    1, 0 },
	{ "help", key_help, "[VERB]", "what each verb does, or this one", 0, 0,
	    1, VERB_ALONE },
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static int
read_operands(struct key *key, const struct verb *verb)
{
	char *to[2] = { key->jid, key->peer };
	const char *why;

	if (key->argc < verb->least || key->argc > verb->most)
		return fail_usage(
		    "usage", "xmpp-key %s %s", verb->name, verb->usage);
	for (int i = 0; i < 2 && i < verb->jids && i < key->argc; i++)
		if (jid_read(key->argv[i], to[i], &why) != 0)
			return fail_usage(key->argv[i], "%s", why);
	return DONE;
}

int
main(int argc, char **argv)
{
	struct key key = { 0 };
	const struct verb *verb;
	char usage[HELP_SIZE];
	int first, code;

	if (sandbox_early() != 0)
		return fail("sandbox", "the walls could not be put up");
	if (argc == 3 && strcmp(argv[1], "--completion") == 0)
		return completion_print(argv[2], verbs, VERBS);
	help_usage(usage, sizeof(usage), verbs, VERBS);
	first = options_parse(&key.options, OPTIONS_KEY, argc, argv, usage);
	if (first == -1)
		return USAGE;
	if (first == argc)
		return fail_usage("usage",
		    "xmpp-key VERB …; xmpp-key --help "
		    "lists the verbs");
	verb = help_find(argv[first], verbs, VERBS);
	if (verb == NULL)
		return fail_usage(argv[first], "no such verb");
	key.argc = argc - first - 1;
	key.argv = argv + first + 1;
	key.verbs = verbs;
	key.nverbs = VERBS;
	code = read_operands(&key, verb);
	if (code != DONE)
		return code;
	if (verb->rights & VERB_ALONE)
		return verb->run(&key);
	options_name(&key.options, "xmpp-key");
	/* No account is named: publish and status look beyond one, and a
	 * right that is not asked for is not had. */
	key.agent = reach_agent(
	    RIGHT_INFO | verb->rights, key.options.name, NULL, &code);
	if (key.agent == NULL)
		return code;
	code = verb->run(&key);
	password_free(&key.password);
	agent_free(key.agent);
	return code;
}
