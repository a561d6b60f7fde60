/* SPDX-License-Identifier: ISC */
/*
 * A file's two processes.
 */
#ifndef CLIENT_FILES_START_H
#define CLIENT_FILES_START_H

#include <sys/types.h>

#include <stdint.h>

struct files_started {
	int cipher, transfer; /* our ends of their links */
	pid_t pids[2];
};

/*
 * Start both, with a pipe between. file: the plaintext, not owned; it is sent
 * if size is given, else it is to be written. ca_file NULL: the system's. 0, or an error that
 * has been printed, and nothing runs.
 */
int files_start(int file, const uint64_t *size, const char *ca_file,
    struct files_started *);
/*
 * Open a file to be sent: a regular one, of no more than can be encrypted.
 * The descriptor, or -1 after an error line.
 */
int files_open(const char *path, uint64_t *size);

#endif
