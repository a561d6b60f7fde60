/* SPDX-License-Identifier: ISC */
/*
 * One HTTPS request: a body up or down.
 */
#ifndef CLIENT_TRANSFER_TRANSFER_H
#define CLIENT_TRANSFER_TRANSFER_H

#include <curl/curl.h>

#include "../common/url.h"

#define TRANSFER_WHY	   512
#define TRANSFER_CONNECT_S 30 /* until the connection and its TLS stand */
/* A server that is slower than so many octets a second, for so long, has
 * stopped: nobody waits for a drop an hour. */
#define TRANSFER_SLOW	256
#define TRANSFER_SLOW_S 60
#define TRANSFER_ANSWER 65536 /* octets of an answer to an upload, at most */

struct transfer {
	struct url url;
	int put;
	uint64_t size; /* put: exactly; get: at most */
	char headers[URL_HEADERS][URL_HEADER + 40]; /* put: "Name: value" */
	size_t n;
	int data; /* the descriptor that it is read from or written to */
	const char *ca_file; /* NULL: the system's */
	void (*progress)(void *arg, uint64_t octets, uint64_t of);
	void *arg;
	/* while it runs */
	CURLM *multi;
	CURL *easy;
	char error[CURL_ERROR_SIZE];
	uint64_t done;
	size_t answer;		/* octets of an answer to an upload */
	int other_gone;		/* the pipe's other end is closed */
	char why[TRANSFER_WHY]; /* what ended it; "": other_gone */
};

/* Before the walls: libcurl makes what it wants of descriptors and files. */
int transfer_init(struct transfer *);
/* 0, or ERR_…; t->why is the reason. */
int transfer_run(struct transfer *t);

#endif
