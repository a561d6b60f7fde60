/* SPDX-License-Identifier: ISC */
/*
 * The vault's passphrase on its way to the agent, and calls of the agent with
 * their error lines. Runs in xmpp-key; the passphrase is in locked memory
 * here and in wiped buffers.
 */
#include "key.h"

int
key_secret(struct key *key, int twice, uint8_t *method, struct password *p)
{
	const struct options *o = &key->options;
	const char *prompt = o->recovery ? "Recovery code: "
	    : twice			 ? "new passphrase: "
					 : "Passphrase: ";

	*method = o->recovery ? SECRET_RECOVERY : SECRET_PASSPHRASE;
	if (o->passphrase_file != NULL)
		return password_from_file(p, o->passphrase_file);
	if (o->passphrase_command != NULL)
		return password_from_command(p, o->passphrase_command);
	if (password_has_terminal())
		return twice ? password_from_terminal_twice(p, prompt)
			     : password_from_terminal(p, prompt);
	if (o->recovery) {
		fail("recovery code",
		    "no terminal to ask for it; use "
		    "--passphrase-file");
		return ERR_CANCELLED;
	}
	*method = SECRET_ASK;
	return 0;
}

void
key_put_secret(struct buffer *b, uint8_t method, const struct password *p)
{
	buffer_put_u8(b, method);
	buffer_put_string(b, p->text != NULL ? p->text : "", p->len);
}

int
key_call(struct key *key, uint8_t type, struct buffer *body,
    struct reader *reply, const char *what)
{
	struct reader ignored;
	int err;

	err = agent_call(
	    key->agent, type, body, reply != NULL ? reply : &ignored);
	if (body != NULL)
		buffer_free(body);
	if (err == 0)
		return DONE;
	return fail_agent(what, err, agent_error(key->agent));
}

void
key_body(struct key *key, struct buffer *b)
{
	buffer_init(b, FRAME_MAX);
	buffer_put_cstring(b, key->jid);
}

int
key_elevate(struct key *key, uint32_t rights)
{
	struct key_status status;
	struct password p = { 0 };
	struct buffer b;
	struct reader reply;
	uint8_t method;
	int code = key_get_status(key, &status, &reply);

	if (code != DONE)
		return code;
	/* Ask a person only if the answer can be used. */
	if (!status.vault)
		return fail_agent("vault", ERR_NO_VAULT, "");
	if (status.locked)
		return fail_agent("vault", ERR_LOCKED, "");
	if (key_secret(key, 0, &method, &p) != 0)
		return REFUSED;
	buffer_init(&b, FRAME_MAX);
	buffer_put_u32(&b, rights);
	key_put_secret(&b, method, &p);
	password_free(&p);
	return key_call(key, M_ELEVATE, &b, &reply, "passphrase");
}
