/* SPDX-License-Identifier: ISC */
/*
 * Options of the commands. Runs in chat, send and key; holds no secret.
 */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "../../ipc/duration.h"
#include "../../ipc/err.h"
#include "../../ipc/messages.h"
#include "fail.h"
#include "text.h"

enum {
	ALL = OPTIONS_CHAT | OPTIONS_SEND | OPTIONS_KEY,
	OPT_BASE = 256, /* + index in rows */
};

static int
take_port(struct options *o, const char *value)
{
	return port_read(value, &o->port);
}

static int
take_name(struct options *o, const char *value)
{
	size_t n = strlen(value);

	if (n == 0 || n >= sizeof(o->name) || !text_valid(value, n))
		return ERR_ARGUMENT;
	strlcpy(o->name, value, sizeof(o->name));
	return 0;
}

static int
take_timeout(struct options *o, const char *value)
{
	const char *err;

	o->timeout = (int)strtonum(value, 1, 86400, &err);
	return err != NULL ? ERR_ARGUMENT : 0;
}

static int
take_others(struct options *o, const char *value)
{
	if (strcmp(value, "trust") == 0)
		o->others = OTHERS_TRUST;
	else if (strcmp(value, "ignore") == 0)
		o->others = OTHERS_IGNORE;
	else
		return ERR_ARGUMENT;
	return 0;
}

static int
take_window(struct options *o, const char *value)
{
	return duration_read(value, &o->window);
}

static int
take_lifetime(struct options *o, const char *value)
{
	return duration_read(value, &o->lifetime);
}

static int
take_confirm(struct options *o, const char *value)
{
	(void)value;
	o->confirm = CONFIRM_EACH;
	return 0;
}

static int
take_confirm_once(struct options *o, const char *value)
{
	(void)value;
	o->confirm = CONFIRM_ONCE;
	return 0;
}

static int
take_no_confirm(struct options *o, const char *value)
{
	(void)value;
	o->confirm = CONFIRM_NEVER;
	return 0;
}

/* "100/1h", or 0: no limit. */
static int
read_rate(const char *value, uint64_t *rate)
{
	const char *slash = strchr(value, '/'), *why;
	char uses[16];
	uint64_t seconds;
	long long n;

	if (strcmp(value, "0") == 0) {
		*rate = 0;
		return 0;
	}
	if (slash == NULL || (size_t)(slash - value) >= sizeof(uses) ||
	    value[0] < '0' || value[0] > '9')
		return ERR_ARGUMENT;
	memcpy(uses, value, (size_t)(slash - value));
	uses[slash - value] = '\0';
	n = strtonum(uses, 1, LIMIT_RATE_USES, &why);
	if (why != NULL || duration_read(slash + 1, &seconds) != 0 ||
	    seconds == 0 || seconds > LIMIT_RATE_TIME)
		return ERR_ARGUMENT;
	*rate = (uint64_t)n << 32 | seconds;
	return 0;
}

static int
take_open_rate(struct options *o, const char *value)
{
	return read_rate(value, &o->open_rate);
}

static int
take_decrypt_rate(struct options *o, const char *value)
{
	return read_rate(value, &o->decrypt_rate);
}

static int
take_stale(struct options *o, const char *value)
{
	return duration_read(value, &o->stale);
}

static int
take_trust_messages(struct options *o, const char *value)
{
	o->trust_messages = strcmp(value, "on") == 0;
	return o->trust_messages || strcmp(value, "off") == 0 ? 0
							      : ERR_ARGUMENT;
}

static int
take_json(struct options *o, const char *value)
{
	(void)value;
	o->json = 1;
	return 0;
}

static int
take_no_receipts(struct options *o, const char *value)
{
	(void)value;
	o->no_receipts = 1;
	return 0;
}

static int
take_no_typing(struct options *o, const char *value)
{
	(void)value;
	o->no_typing = 1;
	return 0;
}

static int
take_recovery(struct options *o, const char *value)
{
	(void)value;
	o->recovery = 1;
	return 0;
}

static int
take_new_recovery(struct options *o, const char *value)
{
	(void)value;
	o->new_recovery = 1;
	return 0;
}

static int
take_qr(struct options *o, const char *value)
{
	(void)value;
	o->qr = 1;
	return 0;
}

static int
take_uri(struct options *o, const char *value)
{
	(void)value;
	o->uri = 1;
	return 0;
}

static int
take_slot(struct options *o, const char *value)
{
	const char *err;

	o->slot = (int)strtonum(value, 1, 255, &err);
	return err != NULL ? ERR_ARGUMENT : 0;
}

static int
take_fix(struct options *o, const char *value)
{
	(void)value;
	o->fix = 1;
	return 0;
}

static int
take_identity(struct options *o, const char *value)
{
	(void)value;
	o->identity = 1;
	return 0;
}

static int
take_yes(struct options *o, const char *value)
{
	(void)value;
	o->yes = 1;
	return 0;
}

static int
take_device(struct options *o, const char *value)
{
	const char *err;

	o->device = (uint32_t)strtonum(value, 1, INT32_MAX, &err);
	return err != NULL ? ERR_ARGUMENT : 0;
}

static int
take_moved(struct options *o, const char *value)
{
	(void)value;
	o->adopt = ADOPT_MOVED;
	return 0;
}

static int
take_verify(struct options *o, const char *value)
{
	(void)value;
	o->verify = 1;
	return 0;
}

static int
take_copied(struct options *o, const char *value)
{
	(void)value;
	o->adopt = ADOPT_COPIED;
	return 0;
}

static int
take_force(struct options *o, const char *value)
{
	(void)value;
	o->force = 1;
	return 0;
}

static int
take_export_recovery(struct options *o, const char *value)
{
	(void)value;
	o->export_recovery = 1;
	return 0;
}

#define STRING(field)                                                          \
	static int take_##field(struct options *o, const char *value)          \
	{                                                                      \
		o->field = value;                                              \
		return value[0] == '\0' ? ERR_ARGUMENT : 0;                    \
	}
STRING(host)
STRING(ca_file)
STRING(password_file)
STRING(password_command)
STRING(passphrase_file)
STRING(passphrase_command)
STRING(new_passphrase_file)
STRING(new_key_file)
STRING(to_file)
STRING(export_passphrase_file)
STRING(file)

static const struct row {
	const char *name;
	unsigned who;
	int has_value;
	int (*take)(struct options *, const char *value);
	const char *wanted; /* what a good value is */
} rows[] = {
	{ "host", ALL, 1, take_host, "a host name or address" },
	{ "port", ALL, 1, take_port, "a port number" },
	{ "ca-file", ALL, 1, take_ca_file, "a file" },
	{ "password-file", ALL, 1, take_password_file, "a file" },
	{ "password-command", ALL, 1, take_password_command, "a command" },
	{ "name", ALL, 1, take_name, "1 to 64 octets of UTF-8" },
	{ "json", ALL, 0, take_json, NULL },
	{ "no-receipts", OPTIONS_CHAT, 0, take_no_receipts, NULL },
	{ "no-typing", OPTIONS_CHAT, 0, take_no_typing, NULL },
	{ "timeout", OPTIONS_SEND | OPTIONS_KEY, 1, take_timeout,
	    "seconds, 1 to 86400" },
	{ "to-file", OPTIONS_SEND, 1, take_to_file, "a file" },
	{ "file", OPTIONS_SEND, 1, take_file, "a file" },
	{ "passphrase-file", OPTIONS_KEY, 1, take_passphrase_file, "a file" },
	{ "passphrase-command", OPTIONS_KEY, 1, take_passphrase_command,
	    "a command" },
	{ "new-passphrase-file", OPTIONS_KEY, 1, take_new_passphrase_file,
	    "a file" },
	{ "new-key-file", OPTIONS_KEY, 1, take_new_key_file, "a file" },
	{ "new-recovery", OPTIONS_KEY, 0, take_new_recovery, NULL },
	{ "slot", OPTIONS_KEY, 1, take_slot, "a slot's number" },
	{ "others", OPTIONS_KEY, 1, take_others, "trust or ignore" },
	{ "recovery", OPTIONS_KEY, 0, take_recovery, NULL },
	{ "qr", OPTIONS_KEY, 0, take_qr, NULL },
	{ "uri", OPTIONS_KEY, 0, take_uri, NULL },
	{ "window", OPTIONS_KEY, 1, take_window,
	    "a time such as 90s, 15m, 8h, 2d, or 0" },
	{ "lifetime", OPTIONS_KEY, 1, take_lifetime,
	    "a time such as 90s, 15m, 8h, 2d, or 0" },
	{ "confirm", OPTIONS_KEY, 0, take_confirm, NULL },
	{ "confirm-once", OPTIONS_KEY, 0, take_confirm_once, NULL },
	{ "no-confirm", OPTIONS_KEY, 0, take_no_confirm, NULL },
	{ "open-rate", OPTIONS_KEY, 1, take_open_rate,
	    "uses and a time, such as 100/1h, or 0" },
	{ "decrypt-rate", OPTIONS_KEY, 1, take_decrypt_rate,
	    "uses and a time, such as 1000/1h, or 0" },
	{ "stale", OPTIONS_KEY, 1, take_stale,
	    "a time such as 90s, 15m, 8h, 2d, or 0" },
	{ "trust-messages", OPTIONS_KEY, 1, take_trust_messages, "on or off" },
	{ "fix", OPTIONS_KEY, 0, take_fix, NULL },
	{ "moved", OPTIONS_KEY, 0, take_moved, NULL },
	{ "copied", OPTIONS_KEY, 0, take_copied, NULL },
	{ "verify", OPTIONS_KEY, 0, take_verify, NULL },
	{ "force", OPTIONS_KEY, 0, take_force, NULL },
	{ "export-passphrase-file", OPTIONS_KEY, 1, take_export_passphrase_file,
	    "a file" },
	{ "export-recovery", OPTIONS_KEY, 0, take_export_recovery, NULL },
	{ "identity", OPTIONS_KEY, 0, take_identity, NULL },
	{ "yes", OPTIONS_KEY, 0, take_yes, NULL },
	{ "device", OPTIONS_KEY, 1, take_device, "a device id" },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* One option that getopt_long has found. */
static int
take(struct options *o, int c, const char *usage, char **argv)
{
	const struct row *row;

	if (c == 'h') {
		fputs(usage, stdout);
		exit(DONE);
	}
	if (c == 'V') {
		puts("xmpp-agent " VERSION);
		exit(DONE);
	}
	if (c < OPT_BASE || c >= OPT_BASE + (int)ROWS) {
		fail_usage(argv[optind - 1], "%s",
		    c == ':' ? "a value is missing" : "no such option");
		return -1;
	}
	row = &rows[c - OPT_BASE];
	if (row->take(o, optarg) == 0)
		return 0;
	fail_usage(row->name, "wanted: %s", row->wanted);
	return -1;
}

int
options_parse(struct options *o, enum options_who who, int argc, char **argv,
    const char *usage)
{
	struct option table[ROWS + 3] = { 0 };
	size_t n = 0;
	int c;

	memset(o, 0, sizeof(*o));
	o->timeout = TIMEOUT_DEFAULT;
	o->others = o->adopt = -1;
	o->window = o->lifetime = o->confirm = OPTION_UNSET;
	o->open_rate = o->decrypt_rate = o->stale = OPTION_UNSET;
	o->trust_messages = OPTION_UNSET;
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].who & who)
			table[n++] = (struct option){ rows[i].name,
				rows[i].has_value, NULL, OPT_BASE + (int)i };
	table[n++] = (struct option){ "help", 0, NULL, 'h' };
	table[n++] = (struct option){ "version", 0, NULL, 'V' };
	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":h", table, NULL)) != -1)
		if (take(o, c, usage, argv) != 0)
			return -1;
	return optind;
}

int
options_account(struct options *o, const char *jid)
{
	char path[PATH_MAX];
	int err = accounts_path(path, sizeof(path));

	if (err == 0)
		err = accounts_read(path, jid, &o->account);
	else if (err == ERR_NOT_FOUND)
		err = 0; /* nowhere to look: none */
	if (err != 0)
		return err;
	if (o->host == NULL && o->account.host[0] != '\0')
		o->host = o->account.host;
	if (o->port == 0)
		o->port = o->account.port;
	if (o->ca_file == NULL && o->account.ca_file[0] != '\0')
		o->ca_file = o->account.ca_file;
	o->no_receipts |= o->account.no_receipts;
	o->no_typing |= o->account.no_typing;
	return 0;
}

int
options_password(const struct options *o, const char *jid, struct password *p)
{
	char prompt[128];

	if (o->password_file != NULL)
		return password_from_file(p, o->password_file);
	if (o->password_command != NULL)
		return password_from_command(p, o->password_command);
	if (o->account.password_command[0] != '\0')
		return password_from_command(p, o->account.password_command);
	if (!password_has_terminal()) {
		fail(jid,
		    "no password: use --password-file, "
		    "--password-command or the accounts file");
		return ERR_NOT_FOUND;
	}
	snprintf(prompt, sizeof(prompt), "Password of %.100s: ", jid);
	return password_from_terminal(p, prompt);
}

void
options_name(struct options *o, const char *fallback)
{
	const char *tty = NULL;

	if (o->name[0] != '\0')
		return;
	if (!o->json)
		tty = ttyname(STDIN_FILENO);
	if (tty != NULL && strncmp(tty, "/dev/", 5) == 0)
		tty += 5;
	strlcpy(o->name, tty != NULL ? tty : fallback, sizeof(o->name));
}
