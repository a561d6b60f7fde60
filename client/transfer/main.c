/* SPDX-License-Identifier: ISC */
/*
 * xmpp-transfer: moves ciphertext to or from a server by one HTTPS request,
 * and ends. Started by xmpp-send's starter or by xmpp-get with two
 * descriptors: the link, over which the request comes, and a pipe to or from
 * xmpp-cipher. It never has a key: the URL that it gets has no fragment.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/unistd.h>

#include "../../ipc/err.h"
#include "../../ipc/messages.h"
#include "../../sandbox/sandbox.h"
#include "../files/say.h"
#include "transfer.h"

/* Beside what there is of these: the file that was named. */
static int
enter_walls(const struct transfer *t)
{
	const char *read[] = { "/etc/ssl", "/usr/lib/ssl",
		"/usr/share/ca-certificates",
		"/usr/local/share/ca-certificates", "/etc/resolv.conf",
		"/run/systemd/resolve", "/run/NetworkManager", "/etc/hosts",
		"/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf",
		t->ca_file, NULL };
	struct sandbox_paths paths = { .read = read, .tcp_port = t->url.port };

	return sandbox_enter(ROLE_TRANSFER, &paths);
}

static int
read_headers(struct transfer *t, struct reader *r)
{
	char value[URL_HEADER];
	char name[32];

	t->n = reader_count(r, URL_HEADERS);
	for (size_t i = 0; i < t->n && r->err == 0; i++) {
		reader_cstring(r, name, sizeof(name));
		reader_cstring(r, value, sizeof(value));
		if (r->err == 0 && !url_header_ok(name, value))
			return ERR_ARGUMENT;
		snprintf(t->headers[i], sizeof(t->headers[i]), "%s: %s", name,
		    value);
	}
	return r->err;
}

/* The request; nothing but its parts is looked at before the walls, which
 * need the port. */
static int
read_request(struct transfer *t, struct frame *f)
{
	char text[URL_SIZE];
	const char *why;
	int err = 0;

	reader_cstring(&f->body, text, sizeof(text));
	t->size = reader_u64(&f->body);
	t->put = f->type == M_FILE_PUT;
	if (t->put)
		err = read_headers(t, &f->body);
	else if (f->type != M_FILE_GET)
		err = ERR_UNKNOWN_MESSAGE;
	if (err == 0)
		err = reader_end(&f->body);
	if (err == 0)
		err = url_read(text, &t->url, &why);
	return t->size > INT64_MAX ? ERR_ARGUMENT : err;
}

static void
on_progress(void *arg, uint64_t octets, uint64_t of)
{
	say_progress(arg, octets, of);
}

static int
work(struct transfer *t, struct say *say)
{
	struct frame f;
	int err = say_hear(say, &f);

	if (err == ERR_EOF) /* nothing is wanted after all */
		return err;
	if (err != 0 || (err = read_request(t, &f)) != 0) {
		say_failed(say, "xmpp-transfer does not take this address");
		return err;
	}
	if ((err = enter_walls(t)) != 0) {
		say_failed(say, "xmpp-transfer cannot put up its walls here");
		return err;
	}
	err = transfer_run(t);
	close(FILE_FD_DATA); /* the cipher sees the end */
	if (err != 0)
		say_failed(say, t->why);
	else
		say_done(say, t->done);
	return err;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "ca-file", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	struct transfer t = { .data = FILE_FD_DATA };
	struct say say;
	int c, err;

	t.ca_file = getenv("SSL_CERT_FILE"); /* as OpenSSL itself has it */
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'c')
			t.ca_file = optarg;
		else
			return 64;
	}
	if (sandbox_early() != 0 || optind != argc)
		return 64;
	closefrom(FILE_FD_DATA + 1);
	say_init(&say);
	t.progress = on_progress;
	t.arg = &say;
	err = transfer_init(&t);
	if (err != 0)
		say_failed(&say, "libcurl does not start");
	else
		err = work(&t, &say);
	_exit(err == 0 ? 0 : 1);
}
