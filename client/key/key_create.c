/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key create: an identity; on an empty state the vault before it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../common/json.h"
#include "key.h"

int
key_make_vault(struct key *key, uint8_t method, const struct password *p,
    char recovery[static RECOVERY_MAX])
{
	struct buffer b;
	struct reader r;
	int code;

	buffer_init(&b, FRAME_MAX);
	key_put_secret(&b, method, p);
	code = key_call(key, M_VAULT_CREATE, &b, &r, "vault");
	if (code == DONE)
		reader_cstring(&r, recovery, RECOVERY_MAX);
	return code;
}

static int
create_vault(struct key *key, char recovery[static RECOVERY_MAX])
{
	struct password p = { 0 };
	uint8_t method;
	int code;

	if (key->options.recovery)
		return fail_usage("--recovery", "there is no vault yet");
	if (key_secret(key, 1, &method, &p) != 0)
		return REFUSED;
	code = key_make_vault(key, method, &p, recovery);
	password_free(&p);
	return code;
}

/* Before anything else can fail: it is shown once. */
void
key_print_recovery(const struct key *key, const char *recovery)
{
	if (recovery[0] == '\0' || key->options.json)
		return;
	printf("recovery code: %s\n", recovery);
	fflush(stdout);
	if (isatty(STDOUT_FILENO))
		puts("(It opens the vault when the passphrase is lost. It is "
		     "shown this once: write it down.)");
}

int
key_create(struct key *key)
{
	char recovery[RECOVERY_MAX] = "", text[FINGERPRINT_TEXT];
	uint8_t fingerprint[FINGERPRINT_SIZE];
	struct key_status status;
	struct buffer b;
	struct reader r;
	uint32_t device;
	int code = key_get_status(key, &status, &r);

	if (code != DONE)
		return code;
	code = status.vault ? key_elevate(key, RIGHT_ADMIN)
			    : create_vault(key, recovery);
	if (code != DONE)
		return code;
	key_print_recovery(key, recovery);
	key_body(key, &b);
	buffer_put_u8(&b,
	    (uint8_t)(key->options.others == -1 ? OTHERS_IGNORE
						: key->options.others));
	code = key_call(key, M_CREATE, &b, &r, key->jid);
	if (code != DONE && recovery[0] != '\0' && key->options.json)
		json_line(json_pack("{s:s}", "recovery", recovery));
	if (code != DONE)
		return code;
	reader_fixed(&r, fingerprint, sizeof(fingerprint));
	device = reader_u32(&r);
	fingerprint_print(fingerprint, text);
	if (key->options.json)
		json_line(json_pack("{s:s, s:s, s:I, s:s*}", "jid", key->jid,
		    "fingerprint", text, "device", (json_int_t)device,
		    "recovery", recovery[0] != '\0' ? recovery : NULL));
	else {
		fputs("fingerprint: ", stdout);
		fingerprint_show(stdout, fingerprint);
		putchar('\n');
	}
	explicit_bzero(recovery, sizeof(recovery));
	return DONE;
}
