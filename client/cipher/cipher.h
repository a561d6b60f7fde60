/* SPDX-License-Identifier: ISC */
/*
 * One file through AES-256-GCM, from one descriptor to another, in pieces of
 * 64 KiB.
 */
#ifndef CLIENT_CIPHER_CIPHER_H
#define CLIENT_CIPHER_CIPHER_H

#include <stddef.h>
#include <stdint.h>

struct cipher; /* what can be made before the walls */

struct cipher_job {
	int in, out;
	const uint8_t *key; /* AESGCM_KEY octets */
	const uint8_t *iv;
	size_t ivlen;
	/* May be NULL: so many octets of the file have passed. */
	void (*progress)(void *arg, uint64_t octets);
	void *arg;
};

/* Fetches and warms up the algorithm. NULL: OpenSSL does not start. */
struct cipher *cipher_new(void);
void cipher_free(struct cipher *);
/*
 * Encrypt exactly size octets of in, and put the tag behind. 0, or ERR_…:
 * *why is a reason for a person, "" if it was the reader of out that has gone.
 */
int cipher_seal(struct cipher *, const struct cipher_job *, uint64_t size,
    const char **why);
/*
 * Decrypt all that comes. What has been written to out is worth nothing
 * before 0 is returned: the tag is the last that comes. *octets: of the file.
 */
int cipher_open(struct cipher *, const struct cipher_job *, uint64_t *octets,
    const char **why);

#endif
