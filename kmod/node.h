/* SPDX-License-Identifier: GPL-2.0 */
/* Nodes: the identities that live on this machine. */
#ifndef THEMIS_NODE_H
#define THEMIS_NODE_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>

#include <linux/themis.h>

struct netlink_ext_ack;
struct themis_link;
struct themis_net;
struct themis_sock;

#define THEMIS_PORT_BUCKETS	64

/**
 * struct themis_node_config - what makes a node
 * @id: its identity
 * @netid: name of its network
 * @netid_len: 1 to THEMIS_NETID_MAX
 * @link: UDP port of its link, host order
 * @owner: enum themis_owner
 * @uid: for THEMIS_OWNER_UID
 * @gid: for THEMIS_OWNER_GID
 */
struct themis_node_config {
	u8	id[THEMIS_ID_LEN];
	u8	netid[THEMIS_NETID_MAX];
	u8	netid_len;
	u16	link;
	u8	owner;
	kuid_t	uid;
	kgid_t	gid;
};

/**
 * struct themis_node - a local identity
 * @hash: in themis_net.nodes, RCU
 * @tn: its namespace
 * @link: the port that it speaks through; stays as long as the node is alive
 * @config: as it was made
 * @dead: taken out; no new socket, session or packet
 * @sessions: struct themis_session; under themis_net.lock
 * @n_sessions: how many; under themis_net.lock
 * @lock: changes to @ports
 * @ports: bound sockets by port, RCU
 * @n_sockets: how many; under @lock
 * @refs: sessions, sockets, and one for being in the table
 * @rcu: frees it
 */
struct themis_node {
	struct hlist_node		hash;
	struct themis_net		*tn;
	struct themis_link		*link;
	struct themis_node_config	config;
	bool				dead;
	struct list_head		sessions;
	unsigned int			n_sessions;
	spinlock_t			lock;	/* see above */
	struct hlist_head		ports[THEMIS_PORT_BUCKETS];
	unsigned int			n_sockets;
	refcount_t			refs;
	struct rcu_head			rcu;
};

int themis_node_add(struct themis_net *tn,
		    const struct themis_node_config *config,
		    struct netlink_ext_ack *extack);
int themis_node_del(struct themis_net *tn, const u8 *id,
		    struct netlink_ext_ack *extack);
void themis_node_flush(struct themis_net *tn);
struct themis_node *themis_node_find(struct themis_net *tn, const u8 *id);
struct themis_node *themis_node_use(struct themis_net *tn, const u8 *id);
void themis_node_put(struct themis_node *node);

int themis_node_bind(struct themis_node *node, struct themis_sock *sock,
		     u16 port);
void themis_node_unbind(struct themis_node *node, struct themis_sock *sock);
struct themis_sock *themis_node_port(struct themis_node *node, u16 port,
				     const u8 *peer, u16 peer_port);

#endif /* THEMIS_NODE_H */
