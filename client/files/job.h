/* SPDX-License-Identifier: ISC */
/*
 * One file's way, driven from the upper end of both links.
 */
#ifndef CLIENT_FILES_JOB_H
#define CLIENT_FILES_JOB_H

#include "../../ipc/loop.h"
#include "../common/aesgcm.h"

struct job_handler {
	/* octets that have passed through the transfer, of how many (0: not
	 * known); also once when job_size has come to be known */
	void (*progress)(void *arg, uint64_t octets, uint64_t of);
	/* reason NULL: all has arrived, and if it was fetched its tag is good.
	 * The last call; reason lives as long as the job. */
	void (*ended)(void *arg, const char *reason);
};

struct job_headers {
	size_t n;

	struct {
		char name[32];
		const char *value;
	} v[URL_HEADERS];
};

struct job;

/* Takes both descriptors over. NULL: out of memory. */
struct job *job_new(struct loop *, int cipher, int transfer,
    const struct job_handler *, void *arg);
/* Ends both processes: they see the end of their links. NULL allowed. */
void job_free(struct job *);
/* 1, and the size: of the file that is to be sent, once its starter has said
 * it (before anything else). */
int job_size(const struct job *, uint64_t *size);
/* Encrypt under link's key and IV and upload to where it can be put. */
void job_put(struct job *, const struct aesgcm *link, const struct url *put,
    const struct job_headers *);
/* Fetch, at most max octets of the file, and decrypt. */
void job_get(struct job *, const struct aesgcm *link, uint64_t max);

#endif
