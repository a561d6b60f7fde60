/* SPDX-License-Identifier: ISC */
/*
 * The texts of the one list of errors. Linked into every process; holds
 * nothing.
 */
#include "err.h"

#include <stddef.h>

static const struct {
	const char *name, *text;
} errors[] = {
	/* clang-format off */
	[-ERR_OK] = { "ok", "no error" },
	[-ERR_MALFORMED] = { "malformed", "a message does not have its layout" },
	[-ERR_TOO_LONG] = { "too-long", "a frame or a field is over its maximum" },
	[-ERR_UNKNOWN_MESSAGE] = { "unknown-message", "no such message here" },
	[-ERR_HELLO_FIRST] = { "hello-first", "HELLO comes first, and once" },
	[-ERR_VERSION] = { "version", "no protocol version in common" },
	[-ERR_FEATURE] = { "feature", "an unknown feature was asked for" },
	[-ERR_RIGHT] = { "right", "this connection does not have the right" },
	[-ERR_LOCKED] = { "locked", "the vault is locked" },
	[-ERR_ACCOUNT] = { "account", "not an account of this connection" },
	[-ERR_ARGUMENT] = { "argument", "a value is not allowed" },
	[-ERR_BUSY] = { "busy", "no room just now, ask again" },
	[-ERR_FULL] = { "full", "a maximum is reached, nothing was changed" },
	[-ERR_RETRY] = { "retry", "the commit was refused, nothing was changed" },
	[-ERR_STORE] = { "store", "the store failed" },
	[-ERR_CORRUPT] = { "corrupt", "a record is not what was stored" },
	[-ERR_NOT_FOUND] = { "not-found", "there is no such thing" },
	[-ERR_EXISTS] = { "exists", "it is there already" },
	[-ERR_MEMORY] = { "memory", "out of memory" },
	[-ERR_SYSTEM] = { "system", "a system call failed" },
	[-ERR_EOF] = { "eof", "the other side has closed" },
	[-ERR_PASSPHRASE] = { "passphrase", "wrong passphrase or recovery code" },
	[-ERR_NO_VAULT] = { "no-vault", "there is no vault yet" },
	[-ERR_CANCELLED] = { "cancelled", "the user said no" },
	[-ERR_UNSUPPORTED] = { "unsupported", "not in this version" },
	[-ERR_BAD_KEY] = { "bad-key", "not a valid public key" },
	[-ERR_BAD_SIGNATURE] = { "bad-signature", "a signature does not verify" },
	[-ERR_KEY_CHANGED] = { "key-changed", "another identity key for a known device" },
	[-ERR_UNTRUSTED] = { "untrusted", "no key that the policy lets us encrypt to" },
	[-ERR_UNACKNOWLEDGED] = { "unacknowledged", "a new key has not been shown yet" },
	[-ERR_DUPLICATE] = { "duplicate", "this message was decrypted before" },
	[-ERR_NOT_FOR_US] = { "not-for-us", "no key element for this device" },
	[-ERR_NO_SESSION] = { "no-session", "no session can open it" },
	[-ERR_UNKNOWN_PREKEY] = { "unknown-prekey", "a key exchange names an unknown prekey" },
	[-ERR_BAD_MAC] = { "bad-mac", "a message's authentication fails" },
	[-ERR_TOO_FAR] = { "too-far", "too many messages were skipped" },
	[-ERR_BAD_MESSAGE] = { "bad-message", "an element does not have its format" },
	[-ERR_CRYPTO] = { "crypto", "the cryptographic library failed" },
	[-ERR_CONTAINED] = { "contained", "the sandbox could not be put up" },
	[-ERR_CROWDED] = { "crowded", "no room for more from this sender" },
	[-ERR_DOUBT] = { "doubt", "the agent's state may be an old one or a copy (xmpp-key status says more)" },
	[-ERR_ROOM] = { "room", "nothing can be encrypted in this room" },
	/* clang-format on */
};

_Static_assert(
    sizeof(errors) / sizeof(errors[0]) == -ERR_LAST, "one row for each error");

static size_t
error_row(int err)
{
	if (err > 0)
		err = -err;
	return err <= ERR_LAST || err > 0 ? (size_t)-ERR_LAST : (size_t)-err;
}

const char *
err_text(int err)
{
	size_t i = error_row(err);

	return i < (size_t)-ERR_LAST ? errors[i].text : "unknown error";
}

const char *
err_name(int err)
{
	size_t i = error_row(err);

	return i < (size_t)-ERR_LAST ? errors[i].name : "unknown";
}
