/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key export: an identity, the decisions about others' keys and the
 * account's settings, sealed by the agent, into a file.
 */
#include <stdio.h>
#include <string.h>

#include "../common/text.h"
#include "export_file.h"
#include "key.h"

/* Every part behind the other. 0, or the exit code after an error line. */
static int
collect(struct key *key, struct buffer *file)
{
	const uint8_t *p;
	uint32_t part = 0;
	struct buffer b;
	struct reader r;
	size_t len;
	uint8_t last;
	int code;

	do {
		key_body(key, &b);
		buffer_put_u32(&b, part++);
		code = key_call(key, M_EXPORT, &b, &r, key->jid);
		if (code != DONE)
			return code;
		p = reader_string(&r, &len, FRAME_MAX);
		last = reader_u8(&r);
		if (reader_end(&r) != 0)
			return fail_agent("export", ERR_MALFORMED, "");
		export_file_add(file, p, len);
	} while (!last && file->err == 0);
	return file->err == 0 ? DONE : fail_agent("export", file->err, "");
}

int
key_export(struct key *key)
{
	const char *path = key->argv[1];
	struct buffer file;
	int code = export_file_room(path, key->options.force);

	if (code != DONE || (code = key_elevate(key, RIGHT_ADMIN)) != DONE)
		return code;
	export_file_begin(&file);
	if ((code = collect(key, &file)) == DONE)
		code = export_file_write(path, key->options.force, &file);
	buffer_free(&file);
	if (code != DONE || key->options.json || strcmp(path, "-") == 0)
		return code;
	text_print(stdout, path);
	puts(": what opens the vault now opens this file, also later");
	return DONE;
}
