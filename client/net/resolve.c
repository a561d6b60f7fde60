/* SPDX-License-Identifier: ISC */
/*
 * From a name to a numeric address. Runs in xmpp-net before the connection,
 * inside its walls; the DNS is trusted for reachability only: the certificate
 * is checked against the JID's domain whatever it says.
 */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>

#include "net.h"

static unsigned
get16(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/*
 * The best SRV record of an answer: lowest priority, then highest weight.
 * 1: found. A target of "." says that there is no such service: 0.
 */
static int
srv_best(const unsigned char *answer, int len, char target[static NS_MAXDNAME],
    uint16_t *port)
{
	unsigned best = 0x10000, weight = 0;
	ns_msg msg;
	ns_rr rr;
	int i;

	if (ns_initparse(answer, len, &msg) != 0)
		return 0;
	for (i = 0; i < ns_msg_count(msg, ns_s_an); i++) {
		const unsigned char *p;
		char name[NS_MAXDNAME];
		unsigned prio, w;

		if (ns_parserr(&msg, ns_s_an, i, &rr) != 0 ||
		    ns_rr_type(rr) != ns_t_srv || ns_rr_rdlen(rr) < 7)
			continue;
		p = ns_rr_rdata(rr);
		prio = get16(p);
		w = get16(p + 2);
		if (prio > best || (prio == best && w <= weight))
			continue;
		if (dn_expand(answer, answer + len, p + 6, name, sizeof(name)) <
			0 ||
		    *name == '\0' || strcmp(name, ".") == 0)
			continue;
		best = prio;
		weight = w;
		*port = (uint16_t)get16(p + 4);
		snprintf(target, NS_MAXDNAME, "%s", name);
	}
	return best != 0x10000;
}

static int
srv_find(const char *domain, char target[static NS_MAXDNAME], uint16_t *port)
{
	unsigned char answer[NS_PACKETSZ * 8];
	char name[NS_MAXDNAME];
	struct __res_state res;
	int len, n, found = 0;

	n = snprintf(name, sizeof(name), "_xmpp-client._tcp.%s", domain);
	if (n < 0 || (size_t)n >= sizeof(name))
		return 0;
	memset(&res, 0, sizeof(res));
	if (res_ninit(&res) != 0)
		return 0;
	len = res_nquery(&res, name, ns_c_in, ns_t_srv, answer, sizeof(answer));
	if (len > 0 && len <= (int)sizeof(answer))
		found = srv_best(answer, len, target, port);
	res_nclose(&res);
	return found;
}

int
resolve(const char *domain, const char *host, uint16_t *port,
    char address[static 64], char *why, size_t whysize)
{
	struct addrinfo hints, *res = NULL;
	char target[NS_MAXDNAME];
	int rc;

	if (host == NULL && *port == 0 && srv_find(domain, target, port))
		host = target;
	if (host == target && *port != NET_PORT) {
		snprintf(why, whysize,
		    "%s: its SRV record names %s, port %u: give --host and --port",
		    domain, target, *port);
		return ERR_NOT_FOUND;
	}
	if (host == NULL)
		host = domain;
	if (*port == 0)
		*port = NET_PORT;
	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	rc = getaddrinfo(host, NULL, &hints, &res);
	if (rc == 0)
		rc = getnameinfo(res->ai_addr, res->ai_addrlen, address, 64,
		    NULL, 0, NI_NUMERICHOST);
	if (res != NULL)
		freeaddrinfo(res);
	if (rc == 0)
		return 0;
	snprintf(
	    why, whysize, "%s: cannot be resolved: %s", host, gai_strerror(rc));
	return ERR_NOT_FOUND;
}
