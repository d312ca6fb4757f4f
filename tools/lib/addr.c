// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses between text and memory.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"

/* Digits of a port, 0 included; no sign, no blank, no octal. */
static int parse_port(const char *text, uint16_t *port)
{
	size_t len = strlen(text);
	unsigned int n = 0;

	if (!len || len > 5 || strspn(text, "0123456789") != len)
		return -EINVAL;
	while (*text)
		n = n * 10 + (unsigned int)(*text++ - '0');
	if (n > UINT16_MAX)
		return -EINVAL;
	*port = (uint16_t)n;
	return 0;
}

int themis_port_parse(const char *text, uint16_t *port)
{
	uint16_t n;
	int err;

	err = parse_port(text, &n);
	if (err || !n)
		return -EINVAL;
	*port = n;
	return 0;
}

/* Splits "host:port" or "[host]:port"; @bracket tells which it was. */
static int split(const char *text, char host[THEMIS_HOST_MAX], bool *bracket,
		 uint16_t *port)
{
	const char *begin = text, *end;

	*bracket = *text == '[';
	if (*bracket) {
		begin++;
		end = strchr(begin, ']');
		if (!end || end[1] != ':' ||
		    themis_port_parse(end + 2, port))
			return -EINVAL;
	} else {
		end = strchr(begin, ':');
		if (!end || themis_port_parse(end + 1, port))
			return -EINVAL;
	}
	if (end == begin || end - begin >= THEMIS_HOST_MAX)
		return -EINVAL;
	memcpy(host, begin, (size_t)(end - begin));
	host[end - begin] = '\0';
	return 0;
}

static int resolve_host(const char *host, int family, int flags,
			struct sockaddr_storage *ep)
{
	struct addrinfo hints = {
		.ai_family = family,
		.ai_socktype = SOCK_DGRAM,
		.ai_flags = flags,
	};
	struct addrinfo *list;
	int ret;

	ret = getaddrinfo(host, NULL, &hints, &list);
	if (ret == EAI_AGAIN)
		return -EAGAIN;
	if (ret)
		return -ENOENT;
	memset(ep, 0, sizeof(*ep));
	memcpy(ep, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
	return 0;
}

/* Undo the mapping: ::ffff:192.0.2.1 is where 192.0.2.1 is. */
static void unmap(struct sockaddr_storage *ep)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ep;
	struct sockaddr_in in = { .sin_family = AF_INET };

	if (ep->ss_family != AF_INET6 ||
	    !IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
		return;
	memcpy(&in.sin_addr, &in6->sin6_addr.s6_addr[12], 4);
	memset(ep, 0, sizeof(*ep));
	memcpy(ep, &in, sizeof(in));
}

/* One peer can be there: no wildcard, no group. */
static bool unicast(const struct sockaddr_storage *ep)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ep;
	const struct sockaddr_in *in = (const struct sockaddr_in *)ep;

	if (ep->ss_family == AF_INET) {
		uint32_t addr = ntohl(in->sin_addr.s_addr);

		return addr != INADDR_ANY && addr != INADDR_BROADCAST &&
		       !IN_MULTICAST(addr);
	}
	return !IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr) &&
	       !IN6_IS_ADDR_MULTICAST(&in6->sin6_addr);
}

int themis_endpoint_parse(const char *text, bool resolve,
			  struct sockaddr_storage *ep)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_storage ss = { 0 };
	char host[THEMIS_HOST_MAX];
	uint16_t port;
	bool bracket;
	int err;

	err = split(text, host, &bracket, &port);
	if (err)
		return err;

	if (bracket) {
		/* getaddrinfo() knows scopes, inet_pton() does not. */
		if (resolve_host(host, AF_INET6, AI_NUMERICHOST, &ss))
			return -EINVAL;
	} else if (inet_pton(AF_INET, host, &in.sin_addr) == 1) {
		memcpy(&ss, &in, sizeof(in));
	} else if (resolve) {
		err = resolve_host(host, AF_UNSPEC, AI_ADDRCONFIG, &ss);
		if (err)
			return err;
	} else {
		return -EINVAL;
	}

	unmap(&ss);
	if (!unicast(&ss))
		return -EINVAL;
	if (ss.ss_family == AF_INET)
		((struct sockaddr_in *)&ss)->sin_port = htons(port);
	else
		((struct sockaddr_in6 *)&ss)->sin6_port = htons(port);
	*ep = ss;
	return 0;
}

int themis_endpoint_name(const char *text, char host[THEMIS_HOST_MAX],
			 uint16_t *port)
{
	bool bracket;
	size_t i;
	int err;

	err = split(text, host, &bracket, port);
	if (err)
		return err;
	for (i = 0; host[i]; i++)
		if (!isalnum((unsigned char)host[i]) && !strchr(".-_", host[i]))
			return -EINVAL;
	/* What looks like an address and is none is no name either. */
	return bracket || strspn(host, "0123456789.") == i ? -EINVAL : 0;
}

char *themis_endpoint_format(const void *sa, char *text)
{
	const struct sockaddr_in6 *in6 = sa;
	const struct sockaddr_in *in = sa;
	char host[INET6_ADDRSTRLEN];
	char scope[16] = "";

	switch (sa ? in->sin_family : AF_UNSPEC) {
	case AF_INET:
		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		snprintf(text, THEMIS_ENDPOINT_TEXT, "%s:%u", host,
			 ntohs(in->sin_port));
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		if (in6->sin6_scope_id)
			snprintf(scope, sizeof(scope), "%%%u",
				 in6->sin6_scope_id);
		snprintf(text, THEMIS_ENDPOINT_TEXT, "[%s%s]:%u", host, scope,
			 ntohs(in6->sin6_port));
		break;
	default:
		snprintf(text, THEMIS_ENDPOINT_TEXT, "-");
	}
	return text;
}

socklen_t themis_endpoint_len(const void *sa)
{
	switch (((const struct sockaddr *)sa)->sa_family) {
	case AF_INET:
		return sizeof(struct sockaddr_in);
	case AF_INET6:
		return sizeof(struct sockaddr_in6);
	default:
		return 0;
	}
}

bool themis_endpoint_equal(const void *a, const void *b)
{
	const struct sockaddr_in6 *a6 = a, *b6 = b;
	const struct sockaddr_in *a4 = a, *b4 = b;

	if (themis_endpoint_len(a) != themis_endpoint_len(b))
		return false;
	switch (a4->sin_family) {
	case AF_INET:
		return a4->sin_addr.s_addr == b4->sin_addr.s_addr &&
		       a4->sin_port == b4->sin_port;
	case AF_INET6:
		return IN6_ARE_ADDR_EQUAL(&a6->sin6_addr, &b6->sin6_addr) &&
		       a6->sin6_port == b6->sin6_port &&
		       a6->sin6_scope_id == b6->sin6_scope_id;
	default:
		return true;
	}
}

void themis_addr_node(struct sockaddr_themis *sth, const struct themis_id *id,
		      uint16_t port)
{
	memset(sth, 0, sizeof(*sth));
	sth->sth_family = AF_THEMIS;
	sth->sth_kind = THEMIS_KIND_NODE;
	sth->sth_port = htons(port);
	if (id)
		memcpy(sth->sth_id, id->b, sizeof(sth->sth_id));
}

void themis_addr_link(struct sockaddr_themis *sth, uint16_t port)
{
	memset(sth, 0, sizeof(*sth));
	sth->sth_family = AF_THEMIS;
	sth->sth_kind = THEMIS_KIND_LINK;
	sth->sth_port = htons(port);
}

int themis_addr_parse(struct sockaddr_themis *sth, const char *text)
{
	const char *colon = strchr(text, ':');
	char hex[THEMIS_ID_TEXT];
	struct themis_id id;
	uint16_t port;

	if (!colon || parse_port(colon + 1, &port))
		return -EINVAL;
	if (colon == text + 1 && *text == '*') {
		themis_addr_node(sth, NULL, port);
		return 0;
	}
	if (colon - text != THEMIS_ID_TEXT - 1)
		return -EINVAL;
	memcpy(hex, text, THEMIS_ID_TEXT - 1);
	hex[THEMIS_ID_TEXT - 1] = '\0';
	if (themis_id_parse(&id, hex))
		return -EINVAL;
	themis_addr_node(sth, &id, port);
	return 0;
}

char *themis_addr_format(const struct sockaddr_themis *sth, char *text)
{
	char hex[THEMIS_ID_TEXT];
	struct themis_id id;

	memcpy(id.b, sth->sth_id, sizeof(id.b));
	snprintf(text, THEMIS_ADDR_TEXT, "%s:%u", themis_id_format(&id, hex),
		 ntohs(sth->sth_port));
	return text;
}
