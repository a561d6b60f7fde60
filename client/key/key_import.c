/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key import: what export has written, here or on another machine. The
 * file's secret is tried first; then, on an empty state, the vault is made,
 * with the same passphrase if it was one; then all of the file is handed in.
 */
#include <stdio.h>
#include <string.h>

#include "../common/json.h"
#include "export_file.h"
#include "key.h"

struct import {
	struct buffer file;
	struct reader parts;
	uint8_t method; /* how the file was opened, and with what */
	struct password secret;
	char recovery[RECOVERY_MAX]; /* of a vault that was made */
};

static int
read_secret(struct key *key, struct import *i)
{
	const struct options *o = &key->options;

	i->method = o->export_recovery ? SECRET_RECOVERY : SECRET_PASSPHRASE;
	if (o->export_passphrase_file != NULL)
		return password_from_file(
		    &i->secret, o->export_passphrase_file);
	if (password_has_terminal())
		return password_from_terminal(&i->secret,
		    o->export_recovery ? "Recovery code of the export: "
				       : "Passphrase of the export: ");
	if (o->export_recovery)
		return fail("recovery code",
		    "no terminal to ask for it; use "
		    "--export-passphrase-file");
	i->method = SECRET_ASK;
	return 0;
}

static int
open_export(struct key *key, struct import *i)
{
	struct export_piece head = export_file_head(&i->file, &i->parts);
	struct buffer b;

	if (read_secret(key, i) != 0)
		return REFUSED;
	buffer_init(&b, FRAME_MAX);
	buffer_put_string(&b, head.p, head.len);
	key_put_secret(&b, i->method, &i->secret);
	return key_call(key, M_IMPORT_OPEN, &b, NULL, key->argv[0]);
}

static int
make_vault(struct key *key, struct import *i)
{
	const struct options *o = &key->options;
	struct password p = { 0 };
	uint8_t method;
	int code;

	if (o->recovery)
		return fail_usage("--recovery",
		    "there is no vault yet (--export-recovery: the code opens "
		    "the export)");
	if (i->method != SECRET_RECOVERY && o->passphrase_file == NULL &&
	    o->passphrase_command == NULL)
		return key_make_vault(key, i->method, &i->secret, i->recovery);
	if (key_secret(key, 1, &method, &p) != 0)
		return REFUSED;
	code = key_make_vault(key, method, &p, i->recovery);
	password_free(&p);
	return code;
}

static int
hand_in(struct key *key, struct import *i, struct reader *reply)
{
	struct export_piece part;
	struct buffer b;
	int code = DONE;

	while (code == DONE && i->parts.left > 0) {
		part = export_file_next(&i->parts);
		buffer_init(&b, FRAME_MAX);
		buffer_put_string(&b, part.p, part.len);
		buffer_put_u8(&b, i->parts.left == 0);
		code = key_call(key, M_IMPORT, &b, reply, key->argv[0]);
	}
	return code;
}

static int
print(const struct key *key, const struct import *i, struct reader *r)
{
	uint8_t fingerprint[FINGERPRINT_SIZE];
	char jid[JID_SIZE], text[FINGERPRINT_TEXT];
	uint32_t device;

	reader_cstring(r, jid, sizeof(jid));
	reader_fixed(r, fingerprint, sizeof(fingerprint));
	device = reader_u32(r);
	if (reader_end(r) != 0)
		return fail_agent("import", ERR_MALFORMED, "");
	fingerprint_print(fingerprint, text);
	if (key->options.json)
		json_line(json_pack("{s:o, s:s, s:I, s:s*}", "jid",
		    json_cstring(jid), "fingerprint", text, "device",
		    (json_int_t)device, "recovery",
		    i->recovery[0] != '\0' ? i->recovery : NULL));
	else
		printf("fingerprint: %s\n", text);
	return DONE;
}

static int
import(struct key *key, struct import *i)
{
	struct key_status status;
	struct reader r;
	int code = key_get_status(key, &status, &r);

	if (code != DONE)
		return code;
	if (status.vault && status.locked)
		return fail_agent("vault", ERR_LOCKED, "");
	if ((code = open_export(key, i)) != DONE)
		return code;
	code =
	    status.vault ? key_elevate(key, RIGHT_ADMIN) : make_vault(key, i);
	if (code != DONE)
		return code;
	key_print_recovery(key, i->recovery);
	code = hand_in(key, i, &r);
	if (code == DONE)
		return print(key, i, &r);
	if (i->recovery[0] != '\0' && key->options.json)
		json_line(json_pack("{s:s}", "recovery", i->recovery));
	return code;
}

int
key_import(struct key *key)
{
	struct import i = { .method = 0 };
	int code = export_file_read(key->argv[0], &i.file);

	if (code == DONE)
		code = import(key, &i);
	password_free(&i.secret);
	buffer_free(&i.file);
	explicit_bzero(i.recovery, sizeof(i.recovery));
	return code;
}
