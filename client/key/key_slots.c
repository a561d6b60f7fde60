/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key slots and passwd: what opens the vault.
 */
#include <sys/random.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "../common/json.h"
#include "key.h"

#define KEY_FILE_OCTETS 32 /* in hex, one line */

static const char *const kinds[] = { "unknown", "passphrase", "recovery code",
	"key file" };

static const char *
kind_name(uint8_t kind)
{
	return kinds[kind < sizeof(kinds) / sizeof(kinds[0]) ? kind : 0];
}

struct slot_row {
	uint8_t id, kind;
	uint64_t made;
};

/* fn for each; 0, or the exit code after an error line. */
static int
each_slot(
    struct key *key, void (*fn)(void *arg, const struct slot_row *), void *arg)
{
	struct slot_row row;
	struct reader r;
	uint32_t n;
	int code = key_call(key, M_SLOTS, NULL, &r, "slots");

	if (code != DONE)
		return code;
	for (n = reader_count(&r, 255); n > 0; n--) {
		row.id = reader_u8(&r);
		row.kind = reader_u8(&r);
		row.made = reader_u64(&r);
		fn(arg, &row);
	}
	return DONE;
}

static void
print(void *arg, const struct slot_row *row)
{
	const struct key *key = arg;
	time_t t = (time_t)row->made;
	char when[64] = "";
	struct tm tm;

	if (gmtime_r(&t, &tm) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (key->options.json)
		json_line(json_pack("{s:i, s:s, s:s}", "slot", row->id, "kind",
		    kind_name(row->kind), "made", when));
	else
		printf("%u  %-13s  made %s\n", row->id, kind_name(row->kind),
		    when);
}

/* --- the new secret ------------------------------------------------------- */

/* 32 random octets in hex, in a file that is not there yet. */
static int
key_file_make(const char *path)
{
	uint8_t octets[KEY_FILE_OCTETS];
	char line[2 * KEY_FILE_OCTETS + 2];
	int fd, code = DONE;

	if (getentropy(octets, sizeof(octets)) != 0)
		return fail(path, "%s", strerror(errno));
	for (size_t i = 0; i < sizeof(octets); i++)
		snprintf(line + 2 * i, 3, "%02x", octets[i]);
	line[2 * KEY_FILE_OCTETS] = '\n';
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, line, sizeof(line) - 1) != sizeof(line) - 1 ||
	    fsync(fd) != 0)
		code = fail(path, "%s", strerror(errno));
	if (fd != -1)
		close(fd);
	explicit_bzero(octets, sizeof(octets));
	explicit_bzero(line, sizeof(line));
	return code;
}

/* 0, or the exit code after an error line. */
static int
new_secret(struct key *key, uint8_t *kind, uint8_t *method, struct password *p)
{
	const struct options *o = &key->options;
	int code;

	*kind = 1;
	*method = SECRET_PASSPHRASE;
	if (o->new_recovery) {
		*kind = 2;
		*method = SECRET_ASK;
		return DONE;
	}
	if (o->new_key_file != NULL) {
		*kind = 3;
		if ((code = key_file_make(o->new_key_file)) != DONE)
			return code;
		return password_from_file(p, o->new_key_file) == 0 ? DONE
								   : REFUSED;
	}
	if (o->new_passphrase_file != NULL)
		return password_from_file(p, o->new_passphrase_file) == 0
		    ? DONE
		    : REFUSED;
	if (password_has_terminal())
		return password_from_terminal_twice(p, "new passphrase: ") == 0
		    ? DONE
		    : REFUSED;
	*method = SECRET_ASK;
	return DONE;
}

static void
print_made(const struct key *key, uint8_t slot, const char *recovery)
{
	if (key->options.json)
		json_line(json_pack("{s:i, s:s*}", "slot", slot, "recovery",
		    recovery[0] != '\0' ? recovery : NULL));
	else if (recovery[0] != '\0')
		printf("recovery code: %s\n", recovery);
	else
		printf("slot %u\n", slot);
}

static int
set_slot(struct key *key, uint8_t replace)
{
	char recovery[RECOVERY_MAX] = "";
	struct password p = { 0 };
	uint8_t kind, method, slot;
	struct buffer b;
	struct reader r;
	int code = new_secret(key, &kind, &method, &p);

	if (code != DONE)
		return code;
	buffer_init(&b, FRAME_MAX);
	buffer_put_u8(&b, replace);
	buffer_put_u8(&b, kind);
	key_put_secret(&b, method, &p);
	password_free(&p);
	code = key_call(key, M_SLOT_SET, &b, &r, "slot");
	if (code == DONE) {
		slot = reader_u8(&r);
		reader_cstring(&r, recovery, sizeof(recovery));
		print_made(key, slot, recovery);
	} else if (kind == 3)
		unlink(key->options.new_key_file); /* it opens nothing */
	explicit_bzero(recovery, sizeof(recovery));
	return code;
}

/* --- the verbs ------------------------------------------------------------ */

static int
slot_number(const char *text, uint8_t *slot)
{
	const char *why;

	*slot = (uint8_t)strtonum(text, 1, 255, &why);
	return why == NULL ? DONE
			   : fail_usage(text, "a slot's number is wanted");
}

int
key_slots(struct key *key)
{
	struct buffer b;
	uint8_t slot;
	int code;

	if (key->argc == 0)
		return each_slot(key, print, key);
	if (strcmp(key->argv[0], "add") == 0 && key->argc == 1) {
		if ((code = key_elevate(key, RIGHT_ADMIN)) != DONE)
			return code;
		return set_slot(key, 0);
	}
	if (strcmp(key->argv[0], "remove") != 0 || key->argc != 2)
		return fail_usage("usage", "xmpp-key slots [add | remove N]");
	if ((code = slot_number(key->argv[1], &slot)) != DONE ||
	    (code = key_elevate(key, RIGHT_ADMIN)) != DONE)
		return code;
	buffer_init(&b, 16);
	buffer_put_u8(&b, slot);
	return key_call(key, M_SLOT_REMOVE, &b, NULL, key->argv[1]);
}

struct only { /* the one passphrase slot */
	unsigned n;
	uint8_t id;
};

static void
count_passphrases(void *arg, const struct slot_row *row)
{
	struct only *only = arg;

	if (row->kind != 1)
		return;
	only->n++;
	only->id = row->id;
}

int
key_passwd(struct key *key)
{
	struct only only = { .id = (uint8_t)key->options.slot, .n = 1 };
	int code;

	if (key->options.new_recovery || key->options.new_key_file != NULL)
		return fail_usage("passwd", "for these there is: slots add");
	if (key->options.slot == 0) {
		only.n = 0;
		code = each_slot(key, count_passphrases, &only);
		if (code != DONE)
			return code;
	}
	if (only.n != 1)
		return fail("passwd",
		    "there are %u passphrases: give --slot N "
		    "(xmpp-key slots)",
		    only.n);
	if ((code = key_elevate(key, RIGHT_ADMIN)) != DONE)
		return code;
	return set_slot(key, only.id);
}
