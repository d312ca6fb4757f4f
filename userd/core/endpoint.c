// SPDX-License-Identifier: GPL-2.0
/*
 * Transport addresses, and the cookies that prove them.
 */
#include <string.h>

#include <sodium.h>

#include "state.h"

/**
 * core_endpoint_known() - whether there is an address at all
 * @endpoint: the endpoint
 *
 * Return: true for IPv4 or IPv6.
 */
bool core_endpoint_known(const union themis_endpoint *endpoint)
{
	return endpoint->sa.sa_family == AF_INET ||
	       endpoint->sa.sa_family == AF_INET6;
}

/**
 * core_endpoint_equal() - whether two endpoints are the same
 * @a: one
 * @b: the other
 *
 * Return: true if they are; flow labels do not count, scopes do.
 */
bool core_endpoint_equal(const union themis_endpoint *a,
			 const union themis_endpoint *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_port == b->in.sin_port &&
		       a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	if (a->sa.sa_family == AF_INET6)
		return a->in6.sin6_port == b->in6.sin6_port &&
		       a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
		       !memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr,
			       sizeof(a->in6.sin6_addr));
	return true;
}

/* Writes address and port as a cookie covers them. */
static size_t cookie_text(uint8_t text[18],
			  const union themis_endpoint *endpoint)
{
	if (endpoint->sa.sa_family == AF_INET6) {
		memcpy(text, &endpoint->in6.sin6_addr, 16);
		memcpy(text + 16, &endpoint->in6.sin6_port, 2);
		return 18;
	}
	memcpy(text, &endpoint->in.sin_addr, 4);
	memcpy(text + 4, &endpoint->in.sin_port, 2);
	return 6;
}

static void rotate(struct themis_core *core, uint64_t now)
{
	uint64_t age = now - core->cookie_born;
	int i, n;

	if (core->cookie_born && age < CORE_COOKIE_AGE)
		return;

	n = core->cookie_born && age < 2 * CORE_COOKIE_AGE ? 1 : 2;
	for (i = 0; i < n; i++) {
		memcpy(core->cookie_key[1], core->cookie_key[0],
		       sizeof(core->cookie_key[1]));
		core_random(core, core->cookie_key[0],
			    sizeof(core->cookie_key[0]));
	}
	/* Time may be zero, and zero means that there are no secrets yet. */
	core->cookie_born = now ? now : 1;
}

/**
 * core_cookie_current() - the cookie of an address
 * @core: the core
 * @now: microseconds
 * @from: the address
 * @cookie: result
 */
void core_cookie_current(struct themis_core *core, uint64_t now,
			 const union themis_endpoint *from, uint8_t cookie[16])
{
	uint8_t text[18];
	size_t len;

	rotate(core, now);
	len = cookie_text(text, from);
	themis_cookie_make(cookie, core->cookie_key[0], text, len);
}

/**
 * core_cookie_valid() - whether a cookie is ours and of an address
 * @core: the core
 * @now: microseconds
 * @from: the address
 * @cookie: as it came
 *
 * Return: true for one of this generation of secrets or the one before.
 */
bool core_cookie_valid(struct themis_core *core, uint64_t now,
		       const union themis_endpoint *from,
		       const uint8_t cookie[16])
{
	uint8_t text[18], ours[16];
	size_t len;
	int i;

	rotate(core, now);
	len = cookie_text(text, from);
	for (i = 0; i < 2; i++) {
		themis_cookie_make(ours, core->cookie_key[i], text, len);
		if (!sodium_memcmp(ours, cookie, sizeof(ours)))
			return true;
	}
	return false;
}
