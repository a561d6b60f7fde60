/* SPDX-License-Identifier: ISC */
/*
 * Addresses that carry fingerprints, as clients show them in QR codes:
 *
 *   xmpp:romeo@montague.lit?omemo-sid-27183=HEX;omemo-sid-5=HEX
 *   xmpp:romeo@montague.lit?trust-message;encryption=urn:xmpp:omemo:2;
 *       trust=HEX;distrust=HEX                         (XEP-0434, section 9.1)
 *   https://conversations.im/i/romeo@montague.lit?omemo-sid-27183=HEX&...
 */
#ifndef CLIENT_COMMON_URI_H
#define CLIENT_COMMON_URI_H

#include <stddef.h>
#include <stdint.h>

#include "../../ipc/messages.h"
#include "jid.h"

#define URI_TEXT 8192	       /* octets of an address, with its NUL */
#define URI_KEYS LIMIT_DEVICES /* as many as are kept of a contact */
#define URI_WHY	 160

struct uri_key {
	uint32_t device; /* 0: not said */
	uint8_t fingerprint[FINGERPRINT_SIZE];
	uint8_t distrust; /* it says that this key is not to be used */
};

struct uri {
	char jid[JID_SIZE];
	size_t n;
	struct uri_key v[URI_KEYS];
};

/* 1: it begins as such an address does. */
int uri_is(const char *text);
/*
 * Read one; blanks and line ends around it do not count. At least one key is
 * in it then, none twice. 0, or ERR_ARGUMENT: why says what is wrong (it may
 * quote what was read: through vis with it).
 */
int uri_read(const char *text, struct uri *, char why[static URI_WHY]);
/* The first form, of all keys that have a device. 0, or ERR_TOO_LONG. */
int uri_write(const struct uri *, char *text, size_t size);

#endif
