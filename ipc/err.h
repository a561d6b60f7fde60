/* SPDX-License-Identifier: ISC */
/*
 * The one list of errors. Functions return 0 or a negative enum err; on the
 * wire an ERROR reply carries the positive number. err_text() has one
 * sentence for each; a place that knows more adds it after a colon.
 */
#ifndef IPC_ERR_H
#define IPC_ERR_H

enum err {
	ERR_OK = 0,
	/* the protocol */
	ERR_MALFORMED = -1,	  /* a message does not have its layout */
	ERR_TOO_LONG = -2,	  /* a frame or field is over its maximum */
	ERR_UNKNOWN_MESSAGE = -3, /* no such message type on this link */
	ERR_HELLO_FIRST = -4,	  /* any request before HELLO, or HELLO twice */
	ERR_VERSION = -5,	  /* no common protocol version */
	ERR_FEATURE = -6,	  /* an unknown feature was asked for */
	ERR_RIGHT = -7,		  /* this connection lacks the right */
	ERR_LOCKED = -8,	  /* the vault is locked */
	ERR_ACCOUNT = -9,	  /* not an account of this connection */
	ERR_ARGUMENT = -10,	  /* a field's value is not allowed */
	/* capacity and persistence */
	ERR_BUSY = -11,	     /* no room just now; ask again */
	ERR_FULL = -12,	     /* a maximum is reached; nothing changed */
	ERR_RETRY = -13,     /* the commit was refused; nothing changed */
	ERR_STORE = -14,     /* the store failed */
	ERR_CORRUPT = -15,   /* a record is not what was stored */
	ERR_NOT_FOUND = -16, /* no such account, peer, handle or key */
	ERR_EXISTS = -17,    /* it is there already */
	ERR_MEMORY = -18,    /* out of memory */
	ERR_SYSTEM = -19,    /* a system call failed; errno says how */
	ERR_EOF = -20,	     /* the other side has closed */
	/* the vault */
	ERR_PASSPHRASE = -21,  /* wrong passphrase or recovery code */
	ERR_NO_VAULT = -22,    /* there is no vault yet */
	ERR_CANCELLED = -23,   /* the user said no */
	ERR_UNSUPPORTED = -24, /* not in this version */
	/* keys and messages */
	ERR_BAD_KEY = -25,	  /* not a valid public key */
	ERR_BAD_SIGNATURE = -26,  /* a signature does not verify */
	ERR_KEY_CHANGED = -27,	  /* another identity key for a known device */
	ERR_UNTRUSTED = -28,	  /* no key that policy lets us encrypt to */
	ERR_UNACKNOWLEDGED = -29, /* a new key has not been shown yet */
	ERR_DUPLICATE = -30,	  /* this message was decrypted before */
	ERR_NOT_FOR_US = -31,	  /* no key element for this device */
	ERR_NO_SESSION = -32,	  /* no session can open it */
	ERR_UNKNOWN_PREKEY = -33, /* a key exchange names an unknown prekey */
	ERR_BAD_MAC = -34,	  /* a message's authentication fails */
	ERR_TOO_FAR = -35,	  /* too many messages skipped */
	ERR_BAD_MESSAGE = -36,	  /* an element is not of its format */
	ERR_CRYPTO = -37,	  /* OpenSSL failed where it must not */
	ERR_CONTAINED = -38,	  /* the sandbox could not be put up */
	ERR_CROWDED = -39,	  /* no room for more from this sender */
	ERR_DOUBT = -40,	  /* the state may be an old one or a copy */
	ERR_ROOM = -41,		  /* nothing can be encrypted in this room */
	ERR_LAST = -42
};

/* Text for an error (either sign); never NULL. */
const char *err_text(int err);
/* The name, "ERR_…" without the prefix in lower case: "bad-mac". */
const char *err_name(int err);

#endif
