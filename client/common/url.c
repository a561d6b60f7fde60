/* SPDX-License-Identifier: ISC */
/*
 * Addresses of files, read strictly: what is not as RFC 3986 writes it is
 * refused, never mended, so that no two programs can read it differently.
 * Runs in xmpp-net, the front, xmpp-get and xmpp-transfer; the addresses come
 * from the server or, in a link, from a contact.
 */
#include "url.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "../../ipc/err.h"

#define SCHEME	   "https://"
#define HTTPS_PORT 443

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS	"0123456789"
#define HEX	DIGITS "abcdefABCDEF"
/* of a path and query: unreserved, sub-delims, and : @ / ? */
#define PATH LETTERS DIGITS "-._~!$&'()*+,;=:@/?"

/* A decimal port without a sign or zeros in front. */
static int
read_port(const char *p, size_t n, uint16_t *port)
{
	char digits[6];
	const char *bad;

	if (n == 0 || n >= sizeof(digits) || *p == '0' || strspn(p, DIGITS) < n)
		return ERR_ARGUMENT;
	memcpy(digits, p, n);
	digits[n] = '\0';
	*port = (uint16_t)strtonum(digits, 1, 65535, &bad);
	return bad == NULL ? 0 : ERR_ARGUMENT;
}

/* The host in p[0..n): [an IPv6 address], or a name or IPv4 address. */
static int
read_host(const char *p, size_t n, char host[static URL_HOST])
{
	struct in6_addr address;

	if (n > 2 && p[0] == '[' && p[n - 1] == ']') {
		if (n - 2 >= URL_HOST)
			return ERR_ARGUMENT;
		memcpy(host, p + 1, n - 2);
		host[n - 2] = '\0';
		return inet_pton(AF_INET6, host, &address) == 1 ? 0
								: ERR_ARGUMENT;
	}
	if (n == 0 || n >= URL_HOST || p[0] == '-' || p[0] == '.' ||
	    strspn(p, LETTERS DIGITS "-.") < n)
		return ERR_ARGUMENT;
	memcpy(host, p, n);
	host[n] = '\0';
	return 0;
}

static int
path_is_good(const char *p)
{
	for (;;) {
		p += strspn(p, PATH);
		if (*p == '\0')
			return 1;
		if (*p != '%' || strspn(p + 1, HEX) < 2)
			return 0;
		p += 3;
	}
}

static int
read_authority(const char *p, size_t n, struct url *url)
{
	size_t host = n;

	while (host > 0 && strchr(DIGITS, p[host - 1]) != NULL)
		host--;
	url->port = HTTPS_PORT;
	if (host == 0 || p[host - 1] != ':')
		return read_host(p, n, url->host);
	if (read_port(p + host, n - host, &url->port) != 0)
		return ERR_ARGUMENT;
	return read_host(p, host - 1, url->host);
}

int
url_read(const char *text, struct url *url, const char **why)
{
	size_t n;

	memset(url, 0, sizeof(*url));
	*why = NULL;
	if (strlen(text) >= sizeof(url->text)) {
		*why = "the address is too long";
	} else if (strncmp(text, SCHEME, strlen(SCHEME)) != 0) {
		*why = "the address is not https";
	} else {
		text += strlen(SCHEME);
		n = strcspn(text, "/?#");
		if (read_authority(text, n, url) != 0)
			*why = "the address has no valid host and port";
		else if (text[n] != '/' || !path_is_good(text + n))
			*why = "the address has no valid path";
		text -= strlen(SCHEME);
	}
	if (*why != NULL) {
		memset(url, 0, sizeof(*url));
		return ERR_ARGUMENT;
	}
	strlcpy(url->text, text, sizeof(url->text));
	return 0;
}

int
url_header_ok(const char *name, const char *value)
{
	static const char *const names[] = { "Authorization", "Cookie",
		"Expires" };
	int known = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		known |= strcasecmp(name, names[i]) == 0;
	if (!known || *value == '\0' || strlen(value) >= URL_HEADER)
		return 0;
	for (; *value != '\0'; value++)
		if ((unsigned char)*value < 0x20 || *value == 0x7f)
			return 0;
	return 1;
}
