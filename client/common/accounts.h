/* SPDX-License-Identifier: ISC */
/*
 * The accounts file: ${XDG_CONFIG_HOME:-~/.config}/xmpp-agent/accounts, INI,
 * a section per JID with host=, port=, ca-file=, password-command=, receipts=,
 * typing=.
 */
#ifndef CLIENT_COMMON_ACCOUNTS_H
#define CLIENT_COMMON_ACCOUNTS_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#define ACCOUNTS_FILE_MAX (256 * 1024) /* octets of the whole file */
#define ACCOUNTS_LINE_MAX 4000	       /* octets of one line */
#define HOST_SIZE	  256	       /* a DNS name and NUL */

struct account { /* empty or 0: not given */
	char host[HOST_SIZE];
	uint16_t port;
	char ca_file[PATH_MAX];
	char password_command[ACCOUNTS_LINE_MAX];
	int no_receipts, no_typing;
};

/* The file's path. 0, or ERR_NOT_FOUND: neither XDG_CONFIG_HOME nor HOME. */
int accounts_path(char *path, size_t size);
/*
 * The section of a bare JID. No file, or no such section: 0 and all empty.
 * Errors are printed (with file and line) and returned: a file that is not
 * understood is never half used.
 */
int accounts_read(const char *path, const char *jid, struct account *);
/* "1" to "65535". 0 or ERR_ARGUMENT. */
int port_read(const char *text, uint16_t *port);

#endif
