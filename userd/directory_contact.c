// SPDX-License-Identifier: GPL-2.0
/*
 * Where peers are, between the directory, the core and the kernel.
 */
#include <errno.h>
#include <string.h>

#include "addr.h"
#include "directory_state.h"

static const uint8_t mapped[12] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff,
};

/**
 * contact_to_endpoint() - the transport address of a contact
 * @contact: the contact
 * @endpoint: result
 *
 * Return: true, or false if nobody can be there.
 */
bool contact_to_endpoint(const struct dht_contact *contact,
			 union themis_endpoint *endpoint)
{
	memset(endpoint, 0, sizeof(*endpoint));
	if (!contact->port)
		return false;
	if (!memcmp(contact->addr, mapped, sizeof(mapped))) {
		endpoint->in.sin_family = AF_INET;
		endpoint->in.sin_port = htons(contact->port);
		memcpy(&endpoint->in.sin_addr, contact->addr + sizeof(mapped),
		       sizeof(endpoint->in.sin_addr));
		return endpoint->in.sin_addr.s_addr != INADDR_ANY &&
		       endpoint->in.sin_addr.s_addr != INADDR_BROADCAST &&
		       !IN_MULTICAST(ntohl(endpoint->in.sin_addr.s_addr));
	}
	endpoint->in6.sin6_family = AF_INET6;
	endpoint->in6.sin6_port = htons(contact->port);
	memcpy(&endpoint->in6.sin6_addr, contact->addr,
	       sizeof(endpoint->in6.sin6_addr));
	return !IN6_IS_ADDR_UNSPECIFIED(&endpoint->in6.sin6_addr) &&
	       !IN6_IS_ADDR_MULTICAST(&endpoint->in6.sin6_addr);
}

/**
 * contact_from_endpoint() - a contact's address and port
 * @contact: result; its id and work stay as they are
 * @endpoint: the transport address
 *
 * Return: true, or false if it is none.
 */
bool contact_from_endpoint(struct dht_contact *contact,
			   const union themis_endpoint *endpoint)
{
	switch (endpoint->sa.sa_family) {
	case AF_INET:
		memcpy(contact->addr, mapped, sizeof(mapped));
		memcpy(contact->addr + sizeof(mapped), &endpoint->in.sin_addr,
		       sizeof(endpoint->in.sin_addr));
		contact->port = ntohs(endpoint->in.sin_port);
		return true;
	case AF_INET6:
		memcpy(contact->addr, &endpoint->in6.sin6_addr,
		       sizeof(contact->addr));
		contact->port = ntohs(endpoint->in6.sin6_port);
		return true;
	default:
		return false;
	}
}

/**
 * contact_of() - where somebody is with whom there is a session
 * @member: ours
 * @peer: theirs
 * @contact: result, without its proof of work
 *
 * Return: true, or false if that is not known.
 */
bool contact_of(struct member *member, const struct themis_id *peer,
		struct dht_contact *contact)
{
	struct daemon *d = member->dir->d;
	struct themis_nl_session session;
	union themis_endpoint endpoint;
	struct themis_peer_info info;

	memset(contact, 0, sizeof(*contact));
	contact->id = *peer;
	if (!themis_core_peer_get(d->core, &member->id, peer, &info) &&
	    contact_from_endpoint(contact, &info.endpoint))
		return true;
	/* The core's table may have lost whom the kernel still has. */
	if (themis_nl_session_get(d->nl, &member->id, peer, &session))
		return false;
	memset(&endpoint, 0, sizeof(endpoint));
	memcpy(&endpoint, &session.endpoint,
	       themis_endpoint_len(&session.endpoint));
	return contact_from_endpoint(contact, &endpoint);
}

void directory_expired(struct daemon *d, const struct themis_id *node,
		       const struct themis_id *peer)
{
	struct themis_nl_session session;
	struct themis_peer_info info;
	int err;

	if (!directory_member(d, node) ||
	    themis_core_peer_get(d->core, node, peer, &info) ||
	    info.configured || info.state != THEMIS_PEER_IDLE)
		return;
	/* Something may have been sent meanwhile; else it has gone. */
	err = themis_nl_session_get(d->nl, node, peer, &session);
	if (err ? err != -ENOENT : session.state != THEMIS_SESSION_IDLE)
		return;
	themis_core_peer_del(d->core, daemon_now(), node, peer);
	if (!err)
		themis_nl_session_del(d->nl, node, peer);
}
