/* SPDX-License-Identifier: ISC */
/*
 * Links to encrypted files (XEP-0454):
 *
 *   aesgcm://host/path#IV KEY     hexadecimal, without the blank
 *
 * The IV has 12 octets, or 16 from older senders, the key 32. Whoever has the
 * link has the file.
 */
#ifndef CLIENT_COMMON_AESGCM_H
#define CLIENT_COMMON_AESGCM_H

#include "url.h"

#define AESGCM_KEY    32
#define AESGCM_IV     12 /* that we make */
#define AESGCM_IV_MAX 16
#define AESGCM_TAG    16
/* What one key and IV can encrypt (NIST SP 800-38D, 5.2.1.1). */
#define AESGCM_MAX  ((UINT64_C(1) << 36) - 32)
#define AESGCM_SIZE (URL_SIZE + 2 * (AESGCM_IV_MAX + AESGCM_KEY) + 2)
#define AESGCM_NAME 129 /* octets of a file's name, with its NUL */

struct aesgcm {
	struct url url; /* where the ciphertext lies */
	size_t ivlen;
	uint8_t iv[AESGCM_IV_MAX];
	uint8_t key[AESGCM_KEY];
};

/* 0, or ERR_ARGUMENT: *why says what is wrong (nothing of the link is in it,
 * and no key in the structure). */
int aesgcm_read(const char *text, struct aesgcm *, const char **why);
/* The link to a file at url, with an IV of 12 octets. */
void aesgcm_write(const struct url *url, const uint8_t iv[static AESGCM_IV],
    const uint8_t key[static AESGCM_KEY], char text[static AESGCM_SIZE]);
/* 1: a message's body that is such a link, a thumbnail behind it or not. */
int aesgcm_is_body(const uint8_t *body, size_t len);
/*
 * What a fetched file is to be called: the last part of the path, made
 * harmless: no directory, no dot or hyphen in front, nothing that does more on
 * a terminal than print. Never empty.
 */
void aesgcm_name(const struct url *url, char name[static AESGCM_NAME]);

#endif
