/* SPDX-License-Identifier: ISC */
/*
 * The one kind of address that a file is put to and got from: https, a host,
 * a path, no user, no fragment. And the headers that an upload may carry.
 */
#ifndef CLIENT_COMMON_URL_H
#define CLIENT_COMMON_URL_H

#include <stddef.h>
#include <stdint.h>

#define URL_SIZE 2049 /* octets of an address, with its NUL */
#define URL_HOST 254  /* of its host, the same */

/* XEP-0363 asks for 8,192 octets of headers in all. */
#define URL_HEADERS 8
#define URL_HEADER  8192 /* octets of a value, with its NUL */

struct url {
	char text[URL_SIZE];
	char host[URL_HOST]; /* without the brackets of an IPv6 address */
	uint16_t port;
};

/* 0, or ERR_ARGUMENT: *why says what is wrong (nothing of the text is in it). */
int url_read(const char *text, struct url *, const char **why);
/* 1: an upload may carry it: one of the three names that XEP-0363 allows,
 * and nothing in the value that ends a line. */
int url_header_ok(const char *name, const char *value);

#endif
