// SPDX-License-Identifier: GPL-2.0
/* Nodes: the identities that live on this machine. */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/jhash.h>
#include <linux/netlink.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "link.h"
#include "net.h"
#include "netlink.h"
#include "node.h"
#include "session.h"
#include "sock.h"

/* Ports that bind() gives away when asked for port 0. */
#define EPHEMERAL_FIRST	49152
#define EPHEMERAL_COUNT	(65536 - EPHEMERAL_FIRST)

/* An id is a hash already. */
static u32 node_hash(const u8 *id)
{
	u32 hash;

	memcpy(&hash, id, sizeof(hash));

	return hash;
}

/**
 * themis_node_find() - the node with an id
 * @tn: where
 * @id: THEMIS_ID_LEN bytes
 *
 * Context: themis_net.lock or the RCU read lock held.
 * Return: the node or NULL.
 */
struct themis_node *themis_node_find(struct themis_net *tn, const u8 *id)
{
	struct themis_node *node;

	hash_for_each_possible_rcu(tn->nodes, node, hash, node_hash(id))
		if (!memcmp(node->config.id, id, THEMIS_ID_LEN))
			return node;

	return NULL;
}

/* May the calling process speak as this node? */
static bool may_use(const struct themis_node *node)
{
	const struct themis_node_config *config = &node->config;

	switch (config->owner) {
	case THEMIS_OWNER_ANY:
		return true;
	case THEMIS_OWNER_UID:
		if (uid_eq(current_euid(), config->uid))
			return true;
		break;
	case THEMIS_OWNER_GID:
		if (in_egroup_p(config->gid))
			return true;
		break;
	}

	return ns_capable(node->tn->net->user_ns, CAP_NET_ADMIN);
}

/* How close a node is to the caller: his own, his group's, everybody's. */
static int rank(const struct themis_node *node)
{
	const struct themis_node_config *config = &node->config;

	switch (config->owner) {
	case THEMIS_OWNER_UID:
		return uid_eq(current_euid(), config->uid) ? 3 : 0;
	case THEMIS_OWNER_GID:
		return in_egroup_p(config->gid) ? 2 : 0;
	case THEMIS_OWNER_ANY:
		return 1;
	}

	return 0;
}

/* The caller's default: the only node among the closest that he may use. */
static struct themis_node *find_default(struct themis_net *tn)
{
	struct themis_node *node, *found = NULL;
	int best = -1;
	bool unique;
	int bucket;

	hash_for_each_rcu(tn->nodes, bucket, node, hash) {
		int r = rank(node);

		if (r < best || !may_use(node))
			continue;
		unique = r > best;
		best = r;
		found = node;
	}
	if (!found)
		return ERR_PTR(-EADDRNOTAVAIL);

	return unique ? found : ERR_PTR(-ENOTUNIQ);
}

/**
 * themis_node_use() - a node to speak as
 * @tn: where
 * @id: THEMIS_ID_LEN bytes, all zero for the caller's default: the only one of
 *	his own, else of his groups', else of everybody's
 *
 * Context: process, as the user who asks.
 * Return: the node with a reference, -EADDRNOTAVAIL if there is none, -EACCES
 * if it belongs to somebody else, -ENOTUNIQ if @id is zero and several would
 * do.
 */
struct themis_node *themis_node_use(struct themis_net *tn, const u8 *id)
{
	struct themis_node *node;

	rcu_read_lock();
	if (!memchr_inv(id, 0, THEMIS_ID_LEN)) {
		node = find_default(tn);
	} else {
		node = themis_node_find(tn, id);
		if (!node)
			node = ERR_PTR(-EADDRNOTAVAIL);
		else if (!may_use(node))
			node = ERR_PTR(-EACCES);
	}
	if (!IS_ERR(node) && !refcount_inc_not_zero(&node->refs))
		node = ERR_PTR(-EADDRNOTAVAIL);
	rcu_read_unlock();

	return node;
}

/**
 * themis_node_put() - drop a reference
 * @node: the node
 *
 * Context: any.
 */
void themis_node_put(struct themis_node *node)
{
	if (refcount_dec_and_test(&node->refs))
		kfree_rcu(node, rcu);
}

/**
 * themis_node_add() - make a node
 * @tn: where
 * @config: checked, but for the link and the id's being new
 * @extack: says what is wrong
 *
 * Context: process; themis_net.lock held.
 * Return: 0, -EEXIST, -ENOENT if there is no such link, -ENOSPC at
 * THEMIS_MAX_NODES, -ENOMEM.
 */
int themis_node_add(struct themis_net *tn,
		    const struct themis_node_config *config,
		    struct netlink_ext_ack *extack)
{
	struct themis_link *link;
	struct themis_node *node;

	lockdep_assert_held(&tn->lock);

	if (themis_node_find(tn, config->id)) {
		NL_SET_ERR_MSG(extack, "a node with this id exists");
		return -EEXIST;
	}
	link = themis_link_find(tn, config->link);
	if (!link) {
		NL_SET_ERR_MSG(extack, "no link with this port");
		return -ENOENT;
	}
	if (tn->n_nodes >= THEMIS_MAX_NODES) {
		NL_SET_ERR_MSG(extack, "too many nodes in this namespace");
		return -ENOSPC;
	}

	node = kzalloc(sizeof(*node), GFP_KERNEL_ACCOUNT);
	if (!node)
		return -ENOMEM;
	node->tn = tn;
	node->link = link;
	node->config = *config;
	INIT_LIST_HEAD(&node->sessions);
	spin_lock_init(&node->lock);
	refcount_set(&node->refs, 1);

	link->n_nodes++;
	tn->n_nodes++;
	hash_add_rcu(tn->nodes, &node->hash, node_hash(node->config.id));
	themis_netlink_node_event(tn, node, THEMIS_EVENT_NEW);

	return 0;
}

static void node_destroy(struct themis_net *tn, struct themis_node *node)
{
	struct themis_session *session, *next;
	struct themis_sock *sock;
	struct hlist_node *tmp;
	int i;

	hash_del_rcu(&node->hash);
	tn->n_nodes--;
	node->link->n_nodes--;

	/* Under the node's lock, so that no socket binds past this point. */
	spin_lock_bh(&node->lock);
	WRITE_ONCE(node->dead, true);
	for (i = 0; i < THEMIS_PORT_BUCKETS; i++)
		hlist_for_each_entry_safe(sock, tmp, &node->ports[i], bound) {
			hlist_del_init_rcu(&sock->bound);
			node->n_sockets--;
			themis_sock_error(&sock->sk, ENETDOWN);
		}
	spin_unlock_bh(&node->lock);

	list_for_each_entry_safe(session, next, &node->sessions, list)
		themis_session_del(session);
	themis_netlink_node_event(tn, node, THEMIS_EVENT_DEL);

	/*
	 * A sender that looked the node up before still needs its link: that
	 * waits for a grace period before it closes its sockets.
	 */
	themis_node_put(node);
}

/**
 * themis_node_del() - take a node away, with its sessions
 * @tn: where
 * @id: THEMIS_ID_LEN bytes
 * @extack: says what is wrong
 *
 * Sockets bound to it report ENETDOWN and stay useless.
 *
 * Context: process; themis_net.lock held.
 * Return: 0 or -ENOENT.
 */
int themis_node_del(struct themis_net *tn, const u8 *id,
		    struct netlink_ext_ack *extack)
{
	struct themis_node *node;

	lockdep_assert_held(&tn->lock);

	node = themis_node_find(tn, id);
	if (!node) {
		NL_SET_ERR_MSG(extack, "no node with this id");
		return -ENOENT;
	}
	node_destroy(tn, node);

	return 0;
}

/**
 * themis_node_flush() - take all nodes of a namespace away
 * @tn: where
 *
 * Context: process; themis_net.lock held.
 */
void themis_node_flush(struct themis_net *tn)
{
	struct themis_node *node;
	struct hlist_node *next;
	int bucket;

	lockdep_assert_held(&tn->lock);

	hash_for_each_safe(tn->nodes, bucket, next, node, hash)
		node_destroy(tn, node);
}

/* Sockets of one user share a port if all of them want to. */
static bool may_share(const struct themis_sock *a, const struct themis_sock *b)
{
	return a->sk.sk_reuseport && b->sk.sk_reuseport && a->user == b->user;
}

static bool port_taken(struct themis_node *node, u16 port,
		       const struct themis_sock *by)
{
	struct themis_sock *sock;

	hlist_for_each_entry(sock, &node->ports[port % THEMIS_PORT_BUCKETS],
			     bound)
		if (sock->port == port && !(by && may_share(sock, by)))
			return true;

	return false;
}

static u16 port_free(struct themis_node *node)
{
	u32 first = get_random_u32();
	u32 i;
	u16 port;

	for (i = 0; i < EPHEMERAL_COUNT; i++) {
		port = EPHEMERAL_FIRST + (first + i) % EPHEMERAL_COUNT;
		if (!port_taken(node, port, NULL))
			return port;
	}

	return 0;
}

/**
 * themis_node_bind() - give a socket a port of a node
 * @node: the node
 * @sock: not bound; its @port is set
 * @port: host order, 0 for a free one
 *
 * Context: process; the socket's lock held.
 * Return: 0, -EADDRINUSE, -EADDRNOTAVAIL if the node has just gone.
 */
int themis_node_bind(struct themis_node *node, struct themis_sock *sock,
		     u16 port)
{
	int err = -EADDRINUSE;

	spin_lock_bh(&node->lock);
	if (node->dead) {
		err = -EADDRNOTAVAIL;
		goto out;
	}
	if (!port)
		port = port_free(node);
	else if (port_taken(node, port, sock))
		goto out;
	if (!port)
		goto out;
	sock->port = port;
	hlist_add_head_rcu(&sock->bound,
			   &node->ports[port % THEMIS_PORT_BUCKETS]);
	node->n_sockets++;
	err = 0;
out:
	spin_unlock_bh(&node->lock);

	return err;
}

/**
 * themis_node_unbind() - take a socket's port back
 * @node: the node
 * @sock: bound to it, though the node may have let it go already
 *
 * Context: process.
 */
void themis_node_unbind(struct themis_node *node, struct themis_sock *sock)
{
	spin_lock_bh(&node->lock);
	if (!hlist_unhashed(&sock->bound)) {
		hlist_del_init_rcu(&sock->bound);
		node->n_sockets--;
	}
	spin_unlock_bh(&node->lock);
}

/**
 * themis_node_port() - the socket that takes a message
 * @node: to which node
 * @port: to which port, host order
 * @peer: from whom, THEMIS_ID_LEN bytes
 * @peer_port: from which port, host order
 *
 * A connected socket takes messages of its peer, and those alone. Among several
 * others on a port (THEMIS_REUSEPORT) the sender decides, so that what one sender
 * says stays in one place.
 *
 * Context: RCU read lock held, which is what keeps the socket.
 * Return: the socket or NULL.
 */
struct themis_sock *themis_node_port(struct themis_node *node, u16 port,
				     const u8 *peer, u16 peer_port)
{
	struct hlist_head *head = &node->ports[port % THEMIS_PORT_BUCKETS];
	struct themis_sock *sock, *found = NULL;
	u32 n = 0, pick;

	hlist_for_each_entry_rcu(sock, head, bound) {
		if (sock->port != port ||
		    !themis_sock_accepts(sock, peer, peer_port))
			continue;
		if (rcu_access_pointer(sock->remote))
			return sock;
		found = sock;
		n++;
	}
	if (likely(n <= 1))
		return found;

	pick = reciprocal_scale(jhash(peer, THEMIS_ID_LEN, peer_port), n);
	hlist_for_each_entry_rcu(sock, head, bound) {
		if (sock->port != port || rcu_access_pointer(sock->remote))
			continue;
		found = sock;
		if (!pick--)
			break;
	}

	return found;
}
