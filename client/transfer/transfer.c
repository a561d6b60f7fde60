/* SPDX-License-Identifier: ISC */
/*
 * libcurl, held short: https alone, one HTTP/1.1 request to one address, no
 * redirect, no proxy, no cookie, no compression, the certificate checked
 * against the name. Runs in xmpp-transfer; sees ciphertext only; trusts the
 * server no further than to be the one that the certificate names.
 */
#include "transfer.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../ipc/err.h"

#define ADDRESSES 4	/* of a host, that are tried */
#define WAIT_MS	  1000	/* between looks at the clock */
#define PIECE	  65536 /* octets that libcurl moves at once */

/* The first reason counts. */
static void __attribute__((format(printf, 2, 3)))
because(struct transfer *t, const char *fmt, ...)
{
	va_list ap;

	if (t->why[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(t->why, sizeof(t->why), fmt, ap);
	va_end(ap);
}

static long
status(const struct transfer *t)
{
	long code = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &code);
	return code;
}

static void
moved(struct transfer *t, size_t n)
{
	curl_off_t of = (curl_off_t)t->size;

	if (!t->put)
		curl_easy_getinfo(
		    t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &of);
	t->done += n;
	t->progress(t->arg, t->done, of > 0 ? (uint64_t)of : 0);
}

/* --- up ------------------------------------------------------------------- */

static size_t
on_wanted(char *p, size_t one, size_t max, void *arg)
{
	struct transfer *t = arg;
	ssize_t n;

	do
		n = read(t->data, p, one * max);
	while (n == -1 && errno == EINTR);
	if (n > 0)
		moved(t, (size_t)n);
	else if (t->done < t->size) {
		t->other_gone = 1;
		return CURL_READFUNC_ABORT;
	}
	return n > 0 ? (size_t)n : 0;
}

/* What the server says of an upload is not wanted, and not for ever. */
static size_t
on_answer(char *p, size_t one, size_t n, void *arg)
{
	struct transfer *t = arg;

	(void)p;
	t->answer += one * n;
	if (t->answer <= TRANSFER_ANSWER)
		return one * n;
	because(t, "%s: it answers without end", t->url.host);
	return 0;
}

/* --- down ----------------------------------------------------------------- */

static int
write_all(int fd, const char *p, size_t len)
{
	ssize_t n;

	for (; len > 0; p += n, len -= (size_t)n) {
		do
			n = write(fd, p, len);
		while (n == -1 && errno == EINTR);
		if (n <= 0)
			return ERR_SYSTEM;
	}
	return 0;
}

static size_t
on_body(char *p, size_t one, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = one * n;

	if (status(t) != 200)
		return 0;
	if (len > t->size - t->done) {
		because(t, "longer than the %llu octets that are allowed",
		    (unsigned long long)t->size);
		return 0;
	}
	if (write_all(t->data, p, len) != 0) {
		t->other_gone = 1;
		return 0;
	}
	moved(t, len);
	return len;
}

/* --- the request ---------------------------------------------------------- */

/*
 * libcurl's own resolver is a thread, which the walls do not allow: the name
 * is resolved here, and libcurl told. A numeric address needs nothing.
 */
static struct curl_slist *
resolved(struct transfer *t)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	char entry[URL_HOST + 16 + ADDRESSES * (INET6_ADDRSTRLEN + 3)];
	char address[INET6_ADDRSTRLEN];
	int err = getaddrinfo(t->url.host, NULL, &hints, &list), n;
	size_t count = 0;

	if (err != 0) {
		because(t, "%s: cannot be resolved: %s", t->url.host,
		    gai_strerror(err));
		return NULL;
	}
	n = snprintf(entry, sizeof(entry), "%s:%u:", t->url.host, t->url.port);
	for (struct addrinfo *a = list; a != NULL && count < ADDRESSES;
	     a = a->ai_next) {
		if (getnameinfo(a->ai_addr, a->ai_addrlen, address,
			sizeof(address), NULL, 0, NI_NUMERICHOST) != 0)
			continue;
		n += snprintf(entry + n, sizeof(entry) - (size_t)n,
		    a->ai_family == AF_INET6 ? "%s[%s]" : "%s%s",
		    count++ > 0 ? "," : "", address);
	}
	freeaddrinfo(list);
	return curl_slist_append(NULL, entry);
}

static int
is_numeric(const char *host)
{
	unsigned char address[16];

	return inet_pton(AF_INET, host, address) == 1 ||
	    inet_pton(AF_INET6, host, address) == 1;
}

/* Set an option; one that this libcurl does not know is a failure. */
#define SET(option, value)                                                     \
	(ok &= curl_easy_setopt(t->easy, option, value) == CURLE_OK)

static int
set_common(struct transfer *t)
{
	int ok = 1;

	SET(CURLOPT_URL, t->url.text);
	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	if (t->ca_file != NULL) {
		SET(CURLOPT_CAINFO, t->ca_file);
		SET(CURLOPT_CAPATH, NULL);
	}
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NETRC, CURL_NETRC_IGNORED);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT, (long)TRANSFER_CONNECT_S);
	SET(CURLOPT_LOW_SPEED_LIMIT, (long)TRANSFER_SLOW);
	SET(CURLOPT_LOW_SPEED_TIME, (long)TRANSFER_SLOW_S);
	SET(CURLOPT_ERRORBUFFER, t->error);
	SET(CURLOPT_FORBID_REUSE, 1L);
	return ok;
}

static int
set_put(struct transfer *t, const struct curl_slist *headers)
{
	int ok = 1;

	SET(CURLOPT_UPLOAD, 1L);
	SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->size);
	SET(CURLOPT_HTTPHEADER, headers);
	SET(CURLOPT_UPLOAD_BUFFERSIZE, (long)PIECE);
	SET(CURLOPT_READFUNCTION, on_wanted);
	SET(CURLOPT_READDATA, t);
	SET(CURLOPT_WRITEFUNCTION, on_answer);
	SET(CURLOPT_WRITEDATA, t);
	return ok;
}

static int
set_get(struct transfer *t)
{
	int ok = 1;

	SET(CURLOPT_BUFFERSIZE, (long)PIECE);
	SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->size);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	return ok;
}

static struct curl_slist *
header_list(const struct transfer *t)
{
	/* libcurl would ask whether it may, and wait; nobody answers that */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:"), *more;

	if (list != NULL)
		list = curl_slist_append(
		    list, "Content-Type: application/octet-stream");
	for (size_t i = 0; i < t->n && list != NULL; i++) {
		more = curl_slist_append(list, t->headers[i]);
		if (more == NULL)
			curl_slist_free_all(list);
		list = more;
	}
	return list;
}

int
transfer_init(struct transfer *t)
{
	if (curl_global_init(CURL_GLOBAL_SSL) != CURLE_OK)
		return ERR_MEMORY;
	t->multi = curl_multi_init();
	t->easy = curl_easy_init();
	return t->multi != NULL && t->easy != NULL ? 0 : ERR_MEMORY;
}

static CURLcode
perform(struct transfer *t)
{
	CURLMsg *message;
	int running = 1, left;

	if (curl_multi_add_handle(t->multi, t->easy) != CURLM_OK)
		return CURLE_FAILED_INIT;
	while (running > 0) {
		if (curl_multi_perform(t->multi, &running) != CURLM_OK ||
		    (running > 0 &&
			curl_multi_poll(t->multi, NULL, 0, WAIT_MS, NULL) !=
			    CURLM_OK))
			return CURLE_FAILED_INIT;
	}
	message = curl_multi_info_read(t->multi, &left);
	return message != NULL && message->msg == CURLMSG_DONE
	    ? message->data.result
	    : CURLE_FAILED_INIT;
}

/* An answer of the server says more than how the connection ended then. */
static int
verdict(struct transfer *t, CURLcode result)
{
	long code = status(t);
	int good = t->put ? code >= 200 && code < 300 : code == 200;

	if (code >= 300 && code < 400)
		because(t,
		    "%s: it sends elsewhere (HTTP %ld), and is not followed",
		    t->url.host, code);
	else if (code != 0 && !good)
		because(t, "%s: it answers with HTTP %ld", t->url.host, code);
	if (result == CURLE_OK && good && (!t->put || t->done == t->size))
		return 0;
	if (t->other_gone)
		return ERR_EOF; /* which has said why */
	if (result == CURLE_FILESIZE_EXCEEDED)
		because(t, "longer than the %llu octets that are allowed",
		    (unsigned long long)t->size);
	because(t, "%s: %s", t->url.host,
	    t->error[0] != '\0' ? t->error : curl_easy_strerror(result));
	return ERR_SYSTEM;
}

int
transfer_run(struct transfer *t)
{
	struct curl_slist *headers = header_list(t), *resolve = NULL;
	int ok = headers != NULL && set_common(t) &&
	    (t->put ? set_put(t, headers) : set_get(t));

	if (ok && !is_numeric(t->url.host)) {
		resolve = resolved(t);
		ok = resolve != NULL;
		SET(CURLOPT_RESOLVE, resolve);
	}
	if (ok)
		return verdict(t, perform(t));
	because(t, "libcurl cannot be set up as it must");
	return ERR_SYSTEM;
}
