/* SPDX-License-Identifier: GPL-2.0 */
/* Users: what one user may have of what all share. */
#ifndef THEMIS_USER_H
#define THEMIS_USER_H

#include <linux/atomic.h>
#include <linux/refcount.h>
#include <linux/uidgid.h>

struct themis_net;

#define THEMIS_USER_SOCKETS	65536
#define THEMIS_USER_ACQUIRES	64
#define THEMIS_USER_QUEUED	(4 << 20)

/**
 * struct themis_user - a user with sockets in a namespace
 * @hash: in themis_net.users; under themis_net.users_lock
 * @tn: the namespace
 * @uid: who
 * @refs: one for each socket and each session that it asks for
 * @sockets: how many it has
 * @acquires: sessions that it asks for; under themis_net.lock
 * @queued: bytes of memory of its packets that wait for a session
 */
struct themis_user {
	struct hlist_node	hash;
	struct themis_net	*tn;
	kuid_t			uid;
	refcount_t		refs;
	atomic_t		sockets;
	unsigned int		acquires;
	atomic_t		queued;
};

struct themis_user *themis_user_get(struct themis_net *tn, kuid_t uid);
void themis_user_put(struct themis_user *user);

#endif /* THEMIS_USER_H */
